//! The header of another letter among lines: what mail programs put above what they quote.
//!
//! It never takes one line for it: a sender's line and then others, as programs write them; nor a
//! form, which has no address, and no hour beside its date.

use super::attribution::has_hour;

/// How many underscores Outlook's rule has at least.
const RULE_BYTES_MIN: usize = 30;
/// How many bytes of a line are looked at: the word before the colon is shorter.
const LOOKED_AT_BYTES: usize = 60;
/// How many lines a header may have until its subject.
const LINES_MAX: usize = 8;
/// How many words before a colon are looked up in one body.
const LOOKS_MAX: usize = 20_000;

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

const LANGUAGES: [Words; 38] = words![
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
    "Від" ["Відправлено", "Надіслано", "Дата"] ["Кому"] ["Тема"]
    "От" ["Изпратено", "Дата"] ["До"] ["Относно", "Тема"]
    "Od" ["Poslano", "Datum"] ["Za", "Prima"] ["Predmet", "Zadeva"]
    "De" ["Enviat", "Data"] ["Per a"] ["Assumpte", "Tema"]
    "Saatja" ["Saadetud", "Kuupäev"] ["Adressaat"] ["Teema"]
    "No" ["Nosūtīts", "Datums"] ["Kam"] ["Temats", "Tēma"]
    "Nuo" ["Išsiųsta", "Data"] ["Kam"] ["Tema"]
    "Từ" ["Đã gửi", "Ngày"] ["Đến"] ["Chủ đề", "Tiêu đề"]
    "Dari" ["Terkirim", "Dikirim", "Tanggal"] ["Kepada"] ["Perihal", "Subjek"]
    "จาก" ["ส่ง", "วันที่"] ["ถึง"] ["เรื่อง"]
    "מאת" ["נשלח", "תאריך"] ["אל"] ["נושא"]
    "من" ["تاريخ الإرسال", "التاريخ"] ["إلى"] ["الموضوع"]
    "از" ["ارسال شده", "ارسال", "تاریخ"] ["به"] ["موضوع"]
    "发件人" ["发送时间", "发送日期", "日期", "时间"] ["收件人"] ["主题"]
    "寄件者" ["寄件日期", "日期"] ["收件者"] ["主旨"]
    "寄件人" ["寄件日期", "日期"] ["收件人"] ["主旨", "主題"]
    "差出人" ["送信日時", "日付"] ["宛先"] ["件名"]
    "送信者" ["送信日時", "日時"] ["宛先"] ["件名"]
    "보낸 사람" ["보낸 날짜", "날짜"] ["받는 사람"] ["제목"]
    "보낸사람" ["보낸날짜", "날짜"] ["받는사람"] ["제목"]
];

/// What Apple Mail says above a letter that it forwards.
const BEGINNINGS: [&str; 7] = [
    "Begin forwarded message",
    "Forwarded message",
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
    /// Whether the value of the line above goes on in this one.
    goes_on: bool,
    /// Whether its sender has an address, or a rule or dashes stand above it.
    is_known: bool,
    /// What a header has of which neither can be said.
    seen: Seen,
}

/// The lines that were seen of a header.
#[derive(Default)]
struct Seen {
    sent: bool,
    to: bool,
    subject: bool,
    /// An hour when it was sent, or an address to which.
    precise: bool,
}

impl<P> Run<P> {
    /// Reads a line below the sender's; whether the header is shown to be one.
    fn shows(&mut self, word: &str, value: &str) -> bool {
        self.lines += 1;
        self.goes_on = goes_on(value);
        let mut begins = false;
        for words in LANGUAGES.iter().filter(|words| words.from == self.from) {
            let (sent, to) = (words.sent.contains(&word), words.to.contains(&word));
            begins |= sent && self.lines == 2 || words.subject.contains(&word);
            self.seen.sent |= sent;
            self.seen.to |= to;
            self.seen.subject |= words.subject.contains(&word);
            self.seen.precise |= sent && has_hour(value) || to && value.contains('@');
        }
        let Seen {
            sent,
            to,
            subject,
            precise,
        } = self.seen;
        self.is_known && begins || sent && to && subject && precise
    }
}

/// Reads lines in their order, until one of them shows that a quoted letter's header began.
pub(crate) struct Heading<P> {
    run: Option<Run<P>>,
    /// Where a rule, or dashes around words, stood, with no text since.
    dashes: Option<P>,
    /// The line before was of a header that did not begin with its sender, such as a memorandum's.
    within: bool,
    /// How many words before a colon were looked up.
    looks: usize,
}

impl<P> Default for Heading<P> {
    fn default() -> Self {
        Self {
            run: None,
            dashes: None,
            within: false,
            looks: 0,
        }
    }
}

impl<P: Copy> Heading<P> {
    /// Reads a line that stands at `offset`; where the header began, once that is known.
    pub fn read(&mut self, offset: P, line: &str) -> Option<P> {
        let line = line.trim();
        if line.is_empty() || self.looks >= LOOKS_MAX {
            (self.run, self.within) = (None, false);
            return None;
        }
        let is_rule = line.len() >= RULE_BYTES_MIN && line.bytes().all(|byte| byte == b'_');
        if is_rule || is_dashed(line) {
            *self = Self {
                dashes: Some(offset),
                looks: self.looks,
                ..Self::default()
            };
            return None;
        }
        let dashes = self.dashes.take();
        let Some((word, value)) = split(line) else {
            self.run = self.run.take().filter(|run| run.goes_on);
            if let Some(run) = &mut self.run {
                run.goes_on = false;
                run.is_known |= run.lines == 1 && line.contains('@');
            }
            self.within = false;
            return None;
        };
        self.looks += 1;
        if value.is_empty() && BEGINNINGS.contains(&word) {
            return Some(dashes.unwrap_or(offset));
        }
        if let Some(run) = &mut self.run {
            if run.shows(word, value) {
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
                from: word.to_owned(),
                lines: 1,
                goes_on: goes_on(value),
                is_known: dashes.is_some() || value.contains('@'),
                seen: Seen::default(),
            });
            return None;
        }
        self.within = begins && self.within
            || LANGUAGES.iter().any(|words| {
                let others = [words.sent, words.to, words.subject];
                others.iter().any(|others| others.contains(&word))
            });
        None
    }
}

/// The word before a line's colon, and what stands behind it; programs that turn HTML into text
/// set stars around what was bold.
fn split(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix('*').unwrap_or(line);
    let end = line.floor_char_boundary(LOOKED_AT_BYTES.min(line.len()));
    let (at, colon) = line[..end].char_indices().find(|(_, c)| is_colon(*c))?;
    let value = line[at + colon.len_utf8()..].trim();
    let value = value.strip_prefix('*').unwrap_or(value).trim();
    Some((line[..at].trim().trim_end_matches('*').trim_end(), value))
}

/// Whether a value is cut: within an address, or between two.
fn goes_on(value: &str) -> bool {
    let is_open = |open, close| value.rfind(open) > value.rfind(close);
    is_open('<', '>') || is_open('[', ']') || value.ends_with([',', ';'])
}

/// Whether dashes begin and end a line.
pub(crate) fn is_dashed(line: &str) -> bool {
    line.len() > 12 && line.starts_with("-----") && line.ends_with("-----")
}

/// A colon, or the wide one of East Asian texts.
pub(crate) fn is_colon(c: char) -> bool {
    matches!(c, ':' | '\u{ff1a}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_words_are_looked_up() {
        for (lines, is_found) in [(LOOKS_MAX - 2, true), (LOOKS_MAX - 1, false)] {
            let mut heading = Heading::default();
            for at in 0..lines {
                assert_eq!(heading.read(at, "a: b"), None);
            }
            assert_eq!(heading.read(lines, "From: ann@x.example"), None);
            let found = heading.read(lines + 1, "Sent: Monday");
            assert_eq!(found.is_some(), is_found, "{lines}");
        }
    }
}
