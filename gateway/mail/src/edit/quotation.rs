//! Where in a plain body new text ends and quoted text begins.
//!
//! It never takes text for quoted that stands between quotations, but below a line that says so.
//! What is in doubt is quoted where a text is to be set, and new where one is read or taken out.

use super::attribution::{Attribution, Form, LOOKED_AT_BYTES};
use super::heading::{Heading, is_dashed};
use super::plain::lines;
use super::words::Words;

/// What programs on telephones set below a letter, in small letters: no text of its own.
const SENT_FROM: [&str; 16] = [
    "sent from ",
    "sent via ",
    "get outlook for ",
    "von meinem ",
    "gesendet mit ",
    "envoyé de ",
    "envoyé depuis ",
    "enviado desde ",
    "enviado do ",
    "inviato da ",
    "verzonden vanaf ",
    "skickat från ",
    "sendt fra ",
    "wysłane z ",
    "отправлено с ",
    "发自我的",
];

/// What a letter is called between the dashes above a quoted one, in small letters.
const MESSAGE: [&str; 36] = [
    "message",
    "nachricht",
    "mensaje",
    "mensagem",
    "messaggio",
    "missatge",
    "bericht",
    "meddelande",
    "meddelelse",
    "melding",
    "viesti",
    "wiadomość",
    "zpráva",
    "správa",
    "üzenet",
    "mesaj",
    "ileti",
    "poruka",
    "sporočilo",
    "сообщение",
    "повідомлення",
    "съобщение",
    "μήνυμα",
    "sõnum",
    "ziņojums",
    "laiškas",
    "thư",
    "pesan",
    "ข้อความ",
    "הודעה",
    "رسالة",
    "پیام",
    "邮件",
    "郵件",
    "メッセージ",
    "메시지",
];

/// Whether a line says that all below it is quoted, whatever follows: `-----Original Message-----`.
fn is_separator(line: &str) -> bool {
    let line = line.trim();
    let armour = line.starts_with("-----BEGIN ") || line.starts_with("-----END ");
    if !is_dashed(line) || armour || line.contains(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let small = line.to_lowercase();
    MESSAGE.iter().any(|word| small.contains(word))
}

/// The beginning of a line as text.
fn beginning<'a>(words: Words<'a>, offset: usize, line: &[u8]) -> std::borrow::Cow<'a, str> {
    match line {
        b"\n" | b"\r\n" => "".into(),
        _ => words.text(offset..offset + line.len().min(LOOKED_AT_BYTES)),
    }
}

/// Where a line stands below which all is surely quoted: a separator, another letter's header, or
/// what says who wrote the lines below it, where no `>` does.
pub(crate) fn separator(words: Words<'_>) -> Option<usize> {
    separator_by(words, Form::Sure)
}

/// The same by attributions that are at least of this form.
fn separator_by(words: Words<'_>, least: Form) -> Option<usize> {
    let mut heading = Heading::default();
    let mut attribution = Attribution::default();
    let mut attributed: Option<usize> = None;
    // Below an attribution that nothing stands above, new text may follow what it quotes.
    let mut begun = None;
    for (offset, line) in lines(words.scan()) {
        let text = beginning(words, offset, line);
        if is_separator(&text) {
            return attributed.or(Some(offset));
        }
        let content = line.trim_ascii();
        if content.starts_with(b">") {
            attributed = None;
        } else if attributed.is_some() && !content.is_empty() {
            return attributed;
        }
        if let Some(start) = heading.read(offset, &text) {
            return Some(start);
        }
        if !content.is_empty() {
            begun = begun.or(Some(offset));
        }
        let read = attribution.read(offset, &text);
        let read = read.filter(|read| read.form >= least && begun < Some(read.start));
        attributed = attributed.or(read.map(|read| read.start));
    }
    None
}

/// What a body quotes.
#[derive(Default)]
pub(crate) struct Quotations {
    /// Where the first line with a quotation sign stands, attribution line included.
    first: Option<usize>,
    /// Whether new text stands below it.
    answered: bool,
    /// Where a line stands below which all is quoted.
    separator: Option<usize>,
}

impl Quotations {
    /// Finds where they begin.
    pub fn find(words: Words<'_>) -> Self {
        let body = words.scan();
        let separator = separator_by(words, Form::Likely);
        let mut found = Self {
            separator,
            ..Self::default()
        };
        let mut attribution = None;
        let mut reader = Attribution::default();
        let mut signature = false;
        for (offset, line) in lines(&body[..separator.unwrap_or(body.len())]) {
            let content = line.trim_ascii();
            match content {
                [b'>', ..] => found.first = found.first.or(attribution).or(Some(offset)),
                b"" => {}
                b"--" => signature = true,
                _ if signature || found.first.is_none() => {}
                _ if is_sent_from(&beginning(words, offset, line)) => {}
                _ => {
                    found.answered = true;
                    return found;
                }
            }
            if found.first.is_none() {
                let ends = reader.read_loosely(offset, &beginning(words, offset, line));
                attribution = match content {
                    b"" => attribution,
                    _ => ends,
                };
            }
        }
        found
    }

    /// Where the quotation begins that no new text stands below.
    pub fn last(&self) -> Option<usize> {
        let first = self.first.filter(|_| !self.answered);
        first.or(self.separator)
    }

    /// Whether one begins at this offset.
    pub fn begin_at(&self, offset: usize) -> bool {
        [self.first, self.separator].contains(&Some(offset))
    }
}

fn is_sent_from(line: &str) -> bool {
    let line = line.trim_start().to_lowercase();
    SENT_FROM.iter().any(|words| line.starts_with(words))
}

#[cfg(test)]
mod tests;
