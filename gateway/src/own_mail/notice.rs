//! The mail that carries the link in place of the content. It keeps what holds a thread together
//! and names who wrote; it never carries text, attachment names or blind recipients of the letter.

use super::{escape_html, write_bodies};
use mail::{Address, Message, Timestamp};

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
    /// Whose link this is.
    pub recipient: &'a Address,
    /// The link, secret included.
    pub link: &'a str,
    /// Until when it opens.
    pub expires: Timestamp,
    /// Words that stand on the page and in the passcode mail too.
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
    /// In its place stands that a protected letter came, and from whom.
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
            (NoticeSubject::Kept, Some(field)) => push_field(out, self.letter.field_raw(field)),
            (NoticeSubject::Kept, None) => {}
            (NoticeSubject::Hidden, _) => {
                let text = format!("A protected letter from {}", self.sender_name());
                super::push_header(out, "Subject", &text);
            }
        }
    }

    fn sender_name(&self) -> String {
        let author = self.letter.mailboxes("From").into_iter().next();
        match author {
            Some(author) => author
                .name
                .filter(|name| !name.is_empty())
                .unwrap_or(author.address),
            None => self.organisation.to_owned(),
        }
    }

    fn sender_address(&self) -> String {
        let author = self.letter.mailboxes("From").into_iter().next();
        author.map(|author| author.address).unwrap_or_default()
    }

    fn shown_subject(&self) -> Option<String> {
        match self.subject {
            NoticeSubject::Kept => self.letter.subject().filter(|text| !text.is_empty()),
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
            "{name} ({address}) has sent you a protected letter.\n\n{subject}\
             Read it here, until {until}:\n\n{link}\n\n\
             How it opens:\n\
             1. Open the link.\n\
             2. Ask for a passcode. It is mailed to {recipient}.\n\
             3. Type the passcode. No account is needed.\n\n\
             Reference: {reference}\n\
             The page and the mail with the passcode show the same words.\n\n\
             The link is yours alone: the passcode goes to your mailbox only.\n{help}\n\
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
