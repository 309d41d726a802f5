//! A plain letter of our own: passcodes, receipts, notifications. One sender, one recipient.
//! It never carries content of a sealed message.

use super::{escape_html, fill, push_header, push_mailbox, push_plain_header, write_bodies};
use crate::system;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use mail::{Address, Timestamp};
use store::OutboxItem;

/// A letter of ours before it is written.
#[derive(Debug, Clone)]
pub struct OwnLetter<'a> {
    /// The address it comes from.
    pub from: &'a Address,
    /// The name beside it.
    pub from_name: &'a str,
    /// Its one recipient.
    pub to: &'a Address,
    /// The subject, any text.
    pub subject: &'a str,
    /// Paragraphs, in order.
    pub paragraphs: &'a [Paragraph],
    /// The `Message-ID` it answers, without angle brackets.
    pub in_reply_to: Option<&'a str>,
    /// Who sends it, at its foot.
    pub organisation: &'a str,
}

/// One paragraph of a letter of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paragraph {
    /// Running text.
    Text(String),
    /// What the eye should find at once: a passcode.
    Display(String),
    /// A name and its value, on a line.
    Row(String, String),
}

/// A message as it is handed to the next hop, and the id it bears.
#[derive(Debug, Clone)]
pub struct Written {
    /// The message, CRLF lines.
    pub bytes: Vec<u8>,
    /// Its `Message-ID`, without angle brackets.
    pub message_id: String,
}

impl Written {
    /// As it goes into the outbox. It leaves with the null sender: nothing may answer it.
    pub fn for_outbox(self, to: &Address) -> OutboxItem {
        OutboxItem {
            sender: String::new(),
            recipients: vec![to.as_str().to_owned()],
            message: self.bytes,
        }
    }
}

/// A new `Message-ID` on this host, without angle brackets.
pub fn new_message_id(hostname: &str) -> String {
    format!("{}@{hostname}", BASE64.encode(system::random::<16>()))
}

impl OwnLetter<'_> {
    /// Writes the letter.
    pub fn write(&self, hostname: &str, now: Timestamp) -> Written {
        let message_id = new_message_id(hostname);
        let mut out = Vec::with_capacity(4 * 1024);
        push_mailbox(&mut out, "From", self.from_name, self.from);
        push_plain_header(&mut out, "To", &format!("<{}>", self.to));
        push_header(&mut out, "Subject", self.subject);
        push_plain_header(&mut out, "Date", &now.rfc5322());
        push_plain_header(&mut out, "Message-ID", &format!("<{message_id}>"));
        if let Some(answered) = self.in_reply_to.filter(|id| id.bytes().all(is_id_byte)) {
            push_plain_header(&mut out, "In-Reply-To", &format!("<{answered}>"));
            push_plain_header(&mut out, "References", &format!("<{answered}>"));
        }
        // RFC 3834 §5: so that no robot answers a robot.
        push_plain_header(&mut out, "Auto-Submitted", "auto-generated");
        push_plain_header(&mut out, "MIME-Version", "1.0");
        write_bodies(&mut out, self.plain(), self.html());
        Written {
            bytes: out,
            message_id,
        }
    }

    fn plain(&self) -> String {
        let mut out = String::new();
        for paragraph in self.paragraphs {
            match paragraph {
                Paragraph::Text(text) => out.push_str(&format!("{text}\n\n")),
                Paragraph::Display(text) => out.push_str(&format!("    {text}\n\n")),
                Paragraph::Row(name, value) => out.push_str(&format!("{name}: {value}\n")),
            }
        }
        out.push_str(&format!("\nSent for {}.\n", self.organisation));
        out
    }

    fn html(&self) -> String {
        let mut body = String::new();
        for paragraph in self.paragraphs {
            body.push_str(&match paragraph {
                Paragraph::Text(text) => format!(
                    "<p style=\"margin:0 0 16px;font-size:15px;line-height:22px\">{}</p>",
                    escape_html(text)
                ),
                Paragraph::Display(text) => format!(
                    "<p style=\"margin:0 0 16px;{};white-space:nowrap\"><strong>{}</strong></p>",
                    display_style(text),
                    escape_html(text)
                ),
                Paragraph::Row(name, value) => format!(
                    "<p style=\"margin:0 0 8px;font-size:15px;line-height:22px\">\
                     <span style=\"color:#5b6472\">{}:</span> {}</p>",
                    escape_html(name),
                    escape_html(value)
                ),
            });
        }
        let values = [
            ("title", escape_html(self.subject)),
            ("body", body),
            ("organisation", escape_html(self.organisation)),
        ];
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        fill(include_str!("letter.html"), &values)
    }
}

/// As large as fits the width of a telephone: a long passcode stands on one line too.
fn display_style(text: &str) -> &'static str {
    match text.len() {
        0..=10 => "font-size:30px;line-height:40px;letter-spacing:4px",
        _ => "font-size:22px;line-height:32px;letter-spacing:1px",
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'<' && byte != b'>'
}
