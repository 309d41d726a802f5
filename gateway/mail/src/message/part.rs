//! One part of a message: where it stands, what it says it is, and what shields it.
//!
//! It never holds content: only ranges into the raw message and what its own header said.

use std::fmt;
use std::ops::Range;

use super::field::Field;
use super::parameters::Parameter;
use super::transfer::TransferEncoding;

/// Where a part stands: the numbers of the children on the way from the root, counted from 1.
/// The root is empty. A `message/rfc822` part has one child, the root of the message inside.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartPath(Vec<u16>);

impl PartPath {
    /// The root part.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of the `number`th child, counted from 1.
    pub fn child(&self, number: u16) -> Self {
        let mut path = self.0.clone();
        path.push(number);
        Self(path)
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::root());
        }
        let numbers = text.split('.').map(|n| n.parse().ok().filter(|n| *n > 0));
        numbers.collect::<Option<Vec<u16>>>().map(Self)
    }

    /// The numbers.
    pub fn numbers(&self) -> &[u16] {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `other` stands inside the part at this path, or is it.
    pub fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl fmt::Display for PartPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, number) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{number}")?;
        }
        Ok(())
    }
}

/// RFC 2183: how a part asks to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Nothing was said.
    Unstated,
    /// `inline`.
    Inline,
    /// `attachment`, or a word nobody knows (RFC 2183 §2.8).
    Attachment,
}

/// What keeps a part from being edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shield {
    /// Nothing.
    None,
    /// It is, or stands inside, multipart/signed or signed S/MIME data.
    Signed,
    /// It is, or stands inside, S/MIME enveloped data, multipart/encrypted, or a multipart
    /// that holds application/pgp-encrypted.
    Encrypted,
    /// S/MIME data of which the header does not say whether it is signed or encrypted.
    Either,
}

impl Shield {
    /// Whether the part is signed, or may be.
    pub fn may_be_signed(self) -> bool {
        matches!(self, Self::Signed | Self::Either)
    }

    /// Whether the part is encrypted, or may be.
    pub fn may_be_encrypted(self) -> bool {
        matches!(self, Self::Encrypted | Self::Either)
    }
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it stands.
    pub path: PartPath,
    /// Its own header fields.
    pub fields: Vec<Field>,
    /// Its header block, without the empty line.
    pub header: Range<usize>,
    /// Its body, still encoded, without the line break that belongs to a boundary.
    pub body: Range<usize>,
    /// `type/subtype` in lower case; the default where none was stated.
    pub media_type: String,
    /// The parameters of Content-Type.
    pub parameters: Vec<Parameter>,
    /// How the body is encoded.
    pub encoding: TransferEncoding,
    /// How it asks to be shown.
    pub disposition: Disposition,
    /// What keeps it from being edited.
    pub shield: Shield,
    pub(crate) file_names: Vec<String>,
    pub(crate) charsets: Vec<String>,
    pub(crate) content_id: Option<String>,
    pub(crate) index: usize,
    pub(crate) parent: Option<usize>,
    pub(crate) inside_message: bool,
    /// It is of the letter: it stands in no message that is attached.
    pub(crate) of_letter: bool,
    /// Its disposition is `attachment` and no other word.
    pub(crate) is_set_aside: bool,
}

impl Part {
    /// A parameter of Content-Type, by lower-case name; the form of RFC 2231 first.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        super::parameters::get(&self.parameters, name)
    }

    /// The declared charset.
    pub fn charset(&self) -> Option<&str> {
        self.parameter("charset")
    }

    /// Every charset that some reader takes for the declared one, ours first.
    pub fn charsets(&self) -> impl Iterator<Item = &str> {
        let stated = self.parameters.iter().filter(|p| p.name == "charset");
        let stated = stated.map(|parameter| parameter.value.as_str());
        let others = self.charsets.iter().map(String::as_str);
        self.charset().into_iter().chain(stated).chain(others)
    }

    /// The file name a careful reader shows; see [`Part::file_names`] for all that were given.
    pub fn file_name(&self) -> Option<&str> {
        self.file_names.first().map(String::as_str)
    }

    /// Every file name some reader might show, the most proper first.
    pub fn file_names(&self) -> &[String] {
        &self.file_names
    }

    /// Content-ID without angle brackets.
    pub fn content_id(&self) -> Option<&str> {
        self.content_id.as_deref()
    }

    /// Whether it is `multipart/…`.
    pub fn is_multipart(&self) -> bool {
        self.media_type.starts_with("multipart/")
    }

    /// Whether it holds a whole message.
    pub fn is_message(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "message/rfc822" | "message/global"
        )
    }

    /// Whether it stands inside a message that this message holds.
    pub fn is_inside_message(&self) -> bool {
        self.inside_message
    }

    /// Whether a reader shows it as text of the letter: text/plain or text/html that is no
    /// attachment, has no file name, and is not inside an attached message.
    pub fn is_body(&self) -> bool {
        matches!(self.media_type.as_str(), "text/plain" | "text/html")
            && self.disposition != Disposition::Attachment
            && self.file_names.is_empty()
            && !self.inside_message
    }

    /// Whether some reader shows it as text of the letter: every kind of text, which readers show
    /// as a plain one if they know no better (RFC 2046 §4.1.4), what is no type at all (RFC 2045
    /// §5.2) or of a kind that nobody knows, a named text that asks to be shown in place, and the
    /// root whatever it is called; also in a message that is the root, or of a digest.
    pub fn is_shown_as_text(&self) -> bool {
        let in_place = match self.disposition {
            _ if self.path.is_root() => true,
            Disposition::Attachment if self.is_set_aside => false,
            Disposition::Attachment | Disposition::Inline => true,
            Disposition::Unstated => self.file_names.is_empty(),
        };
        // Who does not open a message that is all there is shows its source.
        let is_source = self.path.is_root() && self.media_type.starts_with("message/");
        let is_text = !self.is_multipart() && (is_source || is_some_text(&self.media_type));
        in_place && self.of_letter && is_text
    }

    /// Whether a reader lists it as an attachment: a leaf, or a whole message, that is no body.
    pub fn is_attachment(&self) -> bool {
        !self.is_multipart() && !self.is_body() && !self.inside_message
    }

    /// Whether it asks to be shown in place.
    pub fn is_inline(&self) -> bool {
        self.disposition == Disposition::Inline
    }
}

fn is_some_text(media_type: &str) -> bool {
    /// RFC 2046, RFC 2077, RFC 8081: what is not shown as a text.
    const OTHERS: [&str; 8] = [
        "application",
        "audio",
        "font",
        "image",
        "message",
        "model",
        "multipart",
        "video",
    ];
    let token = |word: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !word.is_empty() && word.bytes().all(plain)
    };
    let (main, sub) = media_type.split_once('/').unwrap_or((media_type, ""));
    media_type == "application/xhtml+xml" || !OTHERS.contains(&main) || !token(sub)
}

/// Whether some readers open it as a message, by the first half of its type alone.
pub(super) fn may_be_message(media_type: &str) -> bool {
    /// Messages for all, and what is no message for anybody.
    const OTHERS: [&str; 5] = [
        "delivery-status",
        "external-body",
        "global",
        "partial",
        "rfc822",
    ];
    let sub = media_type.strip_prefix("message/");
    sub.is_some_and(|sub| !OTHERS.contains(&sub))
}

/// RFC 3464: blocks of fields, each of which Python's email takes for a message.
pub(super) fn is_delivery_report(media_type: &str) -> bool {
    media_type == "message/delivery-status"
}

/// Whether a body that may be a message holds something for who opens it. Reports about messages
/// hold fields too, but none that says what follows.
pub(super) fn holds_a_message(media_type: &str, body: &[u8]) -> bool {
    const REPORTS: [&str; 9] = [
        "message/delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "message/global-delivery-status",
        "message/global-disposition-notification",
        "message/global-headers",
        "message/http",
        "message/sip",
        "message/tracking-status",
    ];
    let is_content = |line: &[u8]| {
        let name = line.get(..8).unwrap_or_default();
        name.eq_ignore_ascii_case(b"content-")
    };
    (may_be_message(media_type) || is_delivery_report(media_type))
        && (!REPORTS.contains(&media_type) || body.split(|byte| *byte == b'\n').any(is_content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back() {
        for text in ["", "1", "1.2.3"] {
            assert_eq!(PartPath::parse(text).unwrap().to_string(), text);
        }
        assert!(PartPath::parse("1.0").is_none() && PartPath::parse("x").is_none());
        assert!(PartPath::root().holds(&PartPath::parse("2").unwrap()));
        assert!(!PartPath::parse("2").unwrap().holds(&PartPath::root()));
    }
}
