//! The mail that carries the link in place of the content. It keeps what holds a thread together
//! and names who wrote; it never carries text, attachment names or blind recipients of the letter.

use super::{escape_html, write_bodies};
use mail::{Address, Message, Timestamp};
use web_viewer::{shown, visible};

/// Fields of the letter that the notice keeps byte for byte, so that threads, filters and the
/// recipient's eye find them again.
const KEPT_FIELDS: [&str; 8] = [
    "From",
    "Sender",
    "To",
    "Cc",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
];

/// What one notice says.
#[derive(Debug)]
pub struct Notice<'a> {
    /// The letter as it will be read: its kept fields are copied from here.
    pub letter: &'a Message<'a>,
    /// The letter's `Message-ID` without angle brackets, or a new one where it has none: the mark
    /// of our own mail names it.
    pub message_id: &'a str,
    /// Who is named where the letter names no author: who sent it, or where nobody did, we.
    pub sender: &'a str,
    /// Now: the date where the letter has none.
    pub now: Timestamp,
    /// Whose link this is.
    pub recipient: &'a Address,
    /// The link, secret included.
    pub link: &'a str,
    /// Until when it opens.
    pub expires: Timestamp,
    /// Words that stand on the page and in the mail with the code too.
    pub reference: &'a str,
    /// Whether the subject shows.
    pub subject: NoticeSubject,
    /// Who runs this, and whom to ask.
    pub organisation: &'a str,
    /// A help contact, when one is configured.
    pub help: Option<&'a str>,
}

/// Whether a notice shows the letter's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeSubject {
    /// As the sender wrote it.
    Kept,
    /// In its place stands that a sealed letter came, and from whom.
    Hidden,
}

impl Notice<'_> {
    /// The whole message, CRLF lines, 7-bit.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(6 * 1024);
        for name in KEPT_FIELDS {
            for field in self.letter.fields_named(name) {
                push_field(&mut out, self.letter.field_raw(field));
            }
        }
        if self.letter.field("From").is_none() {
            super::push_plain_header(&mut out, "From", &format!("<{}>", self.sender));
        }
        if self.letter.field("Date").is_none() {
            super::push_plain_header(&mut out, "Date", &self.now.rfc5322());
        }
        if self.letter.message_id().is_none() {
            super::push_plain_header(&mut out, "Message-ID", &format!("<{}>", self.message_id));
        }
        self.write_subject(&mut out);
        out.extend_from_slice(b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
        write_bodies(&mut out, self.plain(), self.html());
        out
    }

    fn write_subject(&self, out: &mut Vec<u8>) {
        let kept = self.letter.field("Subject");
        match (self.subject, kept) {
            (NoticeSubject::Kept, Some(field)) => {
                let text = self.letter.subject().unwrap_or_default();
                match visible(&text) {
                    clean if clean == text => push_field(out, self.letter.field_raw(field)),
                    // A mail program would show it turned, or with words hidden.
                    clean => super::push_header(out, "Subject", &clean),
                }
            }
            (NoticeSubject::Kept, None) => {}
            (NoticeSubject::Hidden, _) => {
                let text = format!("A sealed letter from {}", self.sender_name());
                super::push_header(out, "Subject", &text);
            }
        }
    }

    fn sender_name(&self) -> String {
        let author = self.letter.mailboxes("From").into_iter().next();
        let Some(author) = author else {
            return self.organisation.to_owned();
        };
        let name = author.name.map(|name| shown(&name));
        name.filter(|name| !name.is_empty())
            .unwrap_or_else(|| shown(&author.address))
    }

    fn sender_address(&self) -> String {
        let author = self.letter.mailboxes("From").into_iter().next();
        author.map_or_else(|| shown(self.sender), |author| shown(&author.address))
    }

    fn shown_subject(&self) -> Option<String> {
        match self.subject {
            NoticeSubject::Kept => {
                let subject = self.letter.subject().map(|text| shown(&text));
                subject.filter(|text| !text.is_empty())
            }
            NoticeSubject::Hidden => None,
        }
    }

    fn plain(&self) -> String {
        let subject = self
            .shown_subject()
            .map(|s| format!("Subject: {s}\n"))
            .unwrap_or_default();
        let help = match self.help {
            Some(help) => format!("Questions about this mail: {help}\n"),
            None => String::new(),
        };
        format!(
            "{name} ({address}) has sent you a sealed letter.\n\n{subject}\
             Read it here, until {until}:\n\n{link}\n\n\
             How it opens:\n\
             1. Open the link.\n\
             2. Ask for a one-time code. It is mailed to {recipient}.\n\
             3. Type the code. No account is needed.\n\n\
             Reference: {reference}\n\
             The page and the mail with the code show the same words.\n\n\
             The link is yours alone: the code goes to your mailbox only.\n{help}\n\
             Sent for {organisation}.\n",
            name = self.sender_name(),
            address = self.sender_address(),
            until = self.expires.date_words(),
            link = self.link,
            recipient = self.recipient,
            reference = self.reference,
            organisation = self.organisation,
        )
    }

    /// Tables and inline styles only: the one HTML that Outlook and Gmail both show as written.
    fn html(&self) -> String {
        let subject = match self.shown_subject() {
            Some(text) => row("Subject", &text),
            None => String::new(),
        };
        let help = match self.help {
            Some(help) => format!("Questions about this mail: {}<br>", escape_html(help)),
            None => String::new(),
        };
        super::fill(
            include_str!("notice.html"),
            &[
                ("subject", &subject),
                ("help", &help),
                ("name", &escape_html(&self.sender_name())),
                ("address", &escape_html(&self.sender_address())),
                ("until", &escape_html(&self.expires.date_words())),
                ("recipient", &escape_html(self.recipient.as_str())),
                ("reference", &escape_html(self.reference)),
                ("organisation", &escape_html(self.organisation)),
                ("link", &escape_html(self.link)),
            ],
        )
    }
}

fn row(name: &str, value: &str) -> String {
    format!(
        "<p style=\"margin:0 0 16px;font-size:16px;line-height:24px\">\
         <span style=\"color:#5b6472\">{name}:</span> <strong>{}</strong></p>",
        escape_html(value)
    )
}

/// A field as it stood; LF-only mail is brought to CRLF here, since the notice is ours.
fn push_field(out: &mut Vec<u8>, raw: &[u8]) {
    for line in raw.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(letter: &str, subject: NoticeSubject) -> Vec<u8> {
        let letter = Message::parse(letter.as_bytes());
        let notice = Notice {
            letter: &letter,
            message_id: "plan@corp.example",
            sender: "ann@corp.example",
            now: Timestamp::from_unix(1_796_000_000),
            recipient: &Address::parse("bob@partner.example").unwrap(),
            link: "https://mail.corp.example/l/a/b",
            expires: Timestamp::from_unix(1_796_299_200),
            reference: "amber otter",
            subject,
            organisation: "Corp",
            help: None,
        };
        notice.write()
    }

    /// The subject, and both bodies decoded.
    fn read(raw: &[u8]) -> (String, Vec<String>) {
        let message = Message::parse(raw);
        let bodies = message.bodies();
        let texts = bodies.iter().map(|part| message.text(part)).collect();
        (message.subject().unwrap_or_default(), texts)
    }

    #[test]
    fn nothing_in_a_notice_turns_or_hides_the_text_around_it() {
        let letter = "From: \"An\u{202e}n\u{200b} Meyer\" <ann@corp.example>\r\n\
            Message-ID: <plan@corp.example>\r\n\
            Subject: Pay\u{202e}roll\u{2066} for June\r\n\r\nx\r\n";
        for subject in [NoticeSubject::Kept, NoticeSubject::Hidden] {
            let (line, bodies) = read(&notice(letter, subject));
            assert_eq!(bodies.len(), 2);
            for text in bodies.iter().chain([&line]) {
                assert!(
                    !text.contains(['\u{202e}', '\u{200b}', '\u{2066}']),
                    "{text}"
                );
            }
            assert!(bodies.iter().all(|text| text.contains("Ann Meyer")));
            // The page and the mail with the code use these words.
            for word in [
                "sealed letter",
                "one-time code",
                "Reference:",
                "amber otter",
            ] {
                assert!(bodies.iter().all(|text| text.contains(word)), "{word}");
            }
            assert!(!bodies.iter().any(|text| text.contains("passcode")));
            let kept = subject == NoticeSubject::Kept;
            assert!(
                bodies
                    .iter()
                    .all(|text| text.contains("Payroll for June") == kept)
            );
            assert!(!kept || line == "Payroll for June");
        }
    }

    #[test]
    fn a_letter_without_author_and_date_has_them_in_its_notice() {
        let raw = notice("Subject: x\r\n\r\nx\r\n", NoticeSubject::Kept);
        let (_, bodies) = read(&raw);
        assert!(bodies.iter().all(|text| text.contains("ann@corp.example")));
        let message = Message::parse(&raw);
        for (name, expected) in [("From", "<ann@corp.example>"), ("Date", " 2026 ")] {
            let fields: Vec<_> = message.fields_named(name).collect();
            let [field] = fields.as_slice() else {
                panic!("{name}: {fields:?}");
            };
            let value = String::from_utf8_lossy(message.field_raw(field)).into_owned();
            assert!(value.contains(expected), "{value}");
        }
    }

    #[test]
    fn an_ordinary_subject_stays_byte_for_byte_and_a_long_one_is_cut_in_the_text() {
        let field = "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n  from  Ann";
        let letter = format!("From: ann@corp.example\r\n{field}\r\n\r\nx\r\n");
        let raw = String::from_utf8(notice(&letter, NoticeSubject::Kept)).unwrap();
        assert!(raw.contains(field), "{raw}");
        let long = "lorem ".repeat(2_000);
        let letter = format!("From: ann@corp.example\r\nSubject: {long}\r\n\r\nx\r\n");
        let (_, bodies) = read(&notice(&letter, NoticeSubject::Kept));
        assert!(
            bodies
                .iter()
                .all(|text| text.matches("lorem").count() <= 100)
        );
    }

    /// A subject or an address without a blank must not make the mail wider than a telephone.
    #[test]
    fn what_has_no_blank_breaks_all_the_same() {
        let letter = "From: ann@corp.example\r\nSubject: x\r\n\r\nx\r\n";
        let (_, bodies) = read(&notice(letter, NoticeSubject::Kept));
        let html = bodies.iter().find(|text| text.contains("<table"));
        let (plain, html) = (&bodies[0], html.expect("an HTML form"));
        assert!(html.contains("overflow-wrap:anywhere;word-break:break-word"));
        assert!(!plain.contains("word-break"), "the control");
    }
}
