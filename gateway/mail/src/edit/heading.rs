//! The header of another letter among lines: what mail programs put above what they quote.
//!
//! It never takes one line for it: a sender's line and then others, as programs write them.

use super::html::decode_entities;

/// How many bytes of a line are looked at: the word before the colon is shorter.
pub(crate) const LOOKED_AT_BYTES: usize = 60;
/// How many lines a header may have until its subject.
const LINES_MAX: usize = 8;

/// The words of one language, as its mail programs write them.
struct Words {
    from: &'static str,
    sent: &'static [&'static str],
    to: &'static [&'static str],
    subject: &'static [&'static str],
}

macro_rules! words {
    ($($from:literal $sent:tt $to:tt $subject:tt)*) => {
        [$(Words { from: $from, sent: &$sent, to: &$to, subject: &$subject }),*]
    };
}

const LANGUAGES: [Words; 22] = words![
    "From" ["Sent", "Date"] ["To"] ["Subject"]
    "Von" ["Gesendet", "Datum"] ["An"] ["Betreff"]
    "De" ["Envoyé", "Date"] ["À"] ["Objet"]
    "De" ["Enviado", "Enviado el", "Fecha"] ["Para"] ["Asunto"]
    "De" ["Enviado", "Enviada", "Enviada em", "Data"] ["Para"] ["Assunto"]
    "Da" ["Inviato", "Data"] ["A"] ["Oggetto"]
    "Van" ["Verzonden", "Datum"] ["Aan"] ["Onderwerp"]
    "Från" ["Skickat", "Datum"] ["Till"] ["Ämne"]
    "Fra" ["Sendt", "Dato"] ["Til"] ["Emne"]
    "Lähettäjä" ["Lähetetty", "Päivämäärä"] ["Vastaanottaja"] ["Aihe"]
    "Od" ["Wysłano", "Wysłane", "Data"] ["Do"] ["Temat"]
    "Od" ["Odesláno", "Datum"] ["Komu"] ["Předmět"]
    "Od" ["Odoslané", "Dátum"] ["Komu"] ["Predmet"]
    "Feladó" ["Elküldve", "Dátum"] ["Címzett"] ["Tárgy"]
    "De la" ["Trimis", "Data"] ["Către"] ["Subiect"]
    "Kimden" ["Gönderildi", "Gönderilme", "Tarih"] ["Kime"] ["Konu"]
    "От" ["Отправлено", "Дата"] ["Кому"] ["Тема"]
    "Από" ["Στάλθηκε", "Ημερομηνία"] ["Προς"] ["Θέμα"]
    "发件人" ["发送时间", "日期"] ["收件人"] ["主题"]
    "寄件者" ["寄件日期", "日期"] ["收件者"] ["主旨"]
    "差出人" ["送信日時", "日付"] ["宛先"] ["件名"]
    "보낸 사람" ["보낸 날짜", "날짜"] ["받는 사람"] ["제목"]
];

/// What Apple Mail says above a letter that it forwards.
const BEGINNINGS: [&str; 6] = [
    "Begin forwarded message",
    "Anfang der weitergeleiteten Nachricht",
    "Début du message réexpédié",
    "Début du message transféré",
    "Inizio messaggio inoltrato",
    "Inicio del mensaje reenviado",
];

/// A header that may have begun.
struct Run<P> {
    start: P,
    from: String,
    lines: usize,
}

/// Reads lines in their order, until one of them shows that a quoted letter's header began.
pub(crate) struct Heading<P> {
    run: Option<Run<P>>,
    /// Where dashes around words stood, with no text since.
    dashes: Option<P>,
    /// The line before was of a header that did not begin with its sender, such as a memorandum's.
    within: bool,
}

impl<P> Default for Heading<P> {
    fn default() -> Self {
        Self {
            run: None,
            dashes: None,
            within: false,
        }
    }
}

impl<P: Copy> Heading<P> {
    /// Reads a line that stands at `offset`; where the header began, once that is known.
    pub fn read(&mut self, offset: P, line: &[u8]) -> Option<P> {
        let line = line.trim_ascii();
        if line.is_empty() {
            (self.run, self.within) = (None, false);
            return None;
        }
        if line.starts_with(b"-----") && line.ends_with(b"-----") {
            *self = Self {
                dashes: Some(offset),
                ..Self::default()
            };
            return None;
        }
        let dashes = self.dashes.take();
        let Some((word, value)) = split(line) else {
            (self.run, self.within) = (None, false);
            return None;
        };
        if value.is_empty() && BEGINNINGS.contains(&word.as_str()) {
            return Some(dashes.unwrap_or(offset));
        }
        if let Some(run) = &mut self.run {
            run.lines += 1;
            let mut own = LANGUAGES.iter().filter(|words| words.from == run.from);
            let shows = own.any(|words| {
                let sent = run.lines == 2 && words.sent.contains(&word.as_str());
                sent || words.subject.contains(&word.as_str())
            });
            if shows {
                return Some(run.start);
            }
            if run.lines == LINES_MAX {
                self.run = None;
            }
            return None;
        }
        let begins = LANGUAGES.iter().any(|words| words.from == word);
        if begins && !self.within && !value.is_empty() {
            let start = dashes.unwrap_or(offset);
            self.run = Some(Run {
                start,
                from: word,
                lines: 1,
            });
            return None;
        }
        self.within = begins && self.within
            || LANGUAGES.iter().any(|words| {
                let others = [words.sent, words.to, words.subject];
                others.iter().any(|others| others.contains(&word.as_str()))
            });
        None
    }
}

/// The word before a line's colon, and the bytes behind it; programs that turn HTML into text set
/// stars around what was bold.
fn split(line: &[u8]) -> Option<(String, &[u8])> {
    const WIDE: &[u8] = "：".as_bytes();
    let line = line.strip_prefix(b"*").unwrap_or(line);
    let looked_at = &line[..line.len().min(LOOKED_AT_BYTES)];
    let (at, length) = match memchr::memchr(b':', looked_at) {
        Some(at) => (at, 1),
        None if line.is_ascii() => return None,
        None => (memchr::memmem::find(looked_at, WIDE)?, WIDE.len()),
    };
    let word = match std::str::from_utf8(&line[..at]) {
        Ok(word) => word.to_owned(),
        // ISO-8859-1, or a charset near it; what it is not is no word of ours either.
        Err(_) => line[..at].iter().copied().map(char::from).collect(),
    };
    let word = decode_entities(&word);
    let value = line[at + length..].trim_ascii();
    let value = value.strip_prefix(b"*").unwrap_or(value).trim_ascii();
    Some((word.trim().trim_end_matches('*').to_owned(), value))
}
