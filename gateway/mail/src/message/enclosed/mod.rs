//! What stands inside the content of parts: files that were written into a text, Outlook's own
//! container, containers of parts that are themselves encoded, pieces of other messages.
//!
//! It never edits, and never unpacks beyond the limits here; what it leaves out it says.

mod binhex;
mod posted;
mod rtf;
mod tnef;

pub use tnef::{TNEF_ATTRIBUTES_MAX, TNEF_PROPERTIES_MAX, TNEF_TEXT_BYTES_MAX, TNEF_VALUES_MAX};

use super::{Charset, Message, Part, PartPath, field, names, parameters::Parameterised, transfer};
use crate::ambiguity::{self, Ambiguity, AmbiguityKind};

/// How many files and texts inside the content of parts are listed.
pub const ENCLOSED_MAX: usize = 1_000;
/// How many bytes they may have together, once unpacked.
pub const ENCLOSED_BYTES_MAX: usize = 64 << 20;
/// How many containers may stand inside each other before the rest stays closed.
pub const ENCLOSED_DEPTH_MAX: usize = 4;

/// How a file stands inside a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Packing {
    /// `begin 644 name` … `end` in a text.
    Uuencode,
    /// `=ybegin … name=name` … `=yend` in a text.
    YEnc,
    /// `(This file must be converted with BinHex 4.0)` and code between colons in a text.
    BinHex,
    /// MS-OXTNEF: Outlook's `winmail.dat`.
    Tnef,
    /// A part of a message or multipart that is itself in base64 or quoted-printable.
    Container,
    /// RFC 2046 §5.2.2: in one piece of a message that was cut in pieces.
    Partial,
    /// RFC 2046 §5.2.3: named here, and kept elsewhere.
    External,
}

impl Packing {
    /// The stable word for logs and audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uuencode => "uuencode",
            Self::YEnc => "yenc",
            Self::BinHex => "binhex",
            Self::Tnef => "tnef",
            Self::Container => "container",
            Self::Partial => "partial",
            Self::External => "external",
        }
    }
}

/// A file inside the content of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnclosedFile {
    /// The part whose content holds it.
    pub path: PartPath,
    /// How it is packed there.
    pub packing: Packing,
    /// Every name some reader might show.
    pub names: Vec<String>,
    /// `type/subtype` in lower case, or empty where nothing says it.
    pub media_type: String,
    /// Its content.
    pub content: Vec<u8>,
    /// Whether `content` is all of it.
    pub is_whole: bool,
}

/// A text of the letter inside the content of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnclosedText {
    /// The part whose content holds it.
    pub path: PartPath,
    /// Whether it is HTML.
    pub is_html: bool,
    /// The text.
    pub text: String,
}

/// All that stands inside the content of the parts of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enclosed {
    /// What a reader would list as attached.
    pub files: Vec<EnclosedFile>,
    /// What a reader would show as the letter.
    pub texts: Vec<EnclosedText>,
    /// The parts of which not everything could be read: damaged, cut, kept elsewhere, or beyond
    /// a limit.
    pub unread: Vec<PartPath>,
    /// Where others may unpack something else than we did.
    pub(crate) doubts: Vec<Ambiguity>,
}

/// Reads what stands inside the parts of a message.
pub(crate) fn read(message: &Message<'_>) -> Enclosed {
    let mut unpacker = Unpacker {
        out: Enclosed::default(),
        bytes_left: ENCLOSED_BYTES_MAX,
        path: PartPath::root(),
    };
    for part in all_parts(message) {
        unpacker.path = part.path.clone();
        unpacker.part(message, part, 0);
    }
    unpacker.out
}

/// The parts as we read them, then as others do.
fn all_parts<'a>(message: &'a Message<'_>) -> impl Iterator<Item = &'a Part> {
    message.parts().iter().chain(message.other_parts())
}

/// What is being gathered, and how much more may be.
struct Unpacker {
    out: Enclosed,
    bytes_left: usize,
    path: PartPath,
}

impl Unpacker {
    fn unread(&mut self) {
        if self.out.unread.last() != Some(&self.path) {
            self.out.unread.push(self.path.clone());
        }
    }

    fn doubt(&mut self, kind: AmbiguityKind) {
        let path = self.path.clone();
        let doubt = Ambiguity { kind, path };
        if self.out.doubts.last() != Some(&doubt) {
            self.out.doubts.push(doubt);
        }
    }

    fn count(&self) -> usize {
        self.out.files.len() + self.out.texts.len()
    }

    /// Whether something of so many bytes may still be listed.
    fn admits(&mut self, bytes: usize) -> bool {
        if self.count() >= ENCLOSED_MAX || bytes > self.bytes_left {
            self.unread();
            return false;
        }
        self.bytes_left -= bytes;
        true
    }

    fn file(
        &mut self,
        packing: Packing,
        mut names: Vec<String>,
        media_type: &str,
        content: Vec<u8>,
    ) {
        names::add_saved(&mut names);
        let is_whole = self.admits(content.len());
        if self.count() < ENCLOSED_MAX {
            // What is too large for the rest of the room still has its names.
            self.out.files.push(EnclosedFile {
                path: self.path.clone(),
                packing,
                names,
                media_type: media_type.to_owned(),
                content: if is_whole { content } else { Vec::new() },
                is_whole,
            });
        }
    }

    fn text(&mut self, is_html: bool, text: String) {
        if !text.is_empty() && self.admits(text.len()) {
            let path = self.path.clone();
            self.out.texts.push(EnclosedText {
                path,
                is_html,
                text,
            });
        }
    }

    fn part(&mut self, message: &Message<'_>, part: &Part, depth: usize) {
        match part.media_type.as_str() {
            "message/partial" => return self.partial(message, part, depth),
            "message/external-body" => return self.external(message, part, depth),
            _ => {}
        }
        if part.is_message() || part.is_multipart() {
            if !part.encoding.is_identity() {
                self.container(message, part, depth);
            }
            return;
        }
        for content in message.readings(part) {
            self.content(part, &content, depth);
        }
    }

    /// Looks into the content of a part that holds no parts.
    fn content(&mut self, part: &Part, content: &[u8], depth: usize) {
        if tnef::is_one(content) {
            self.tnef(content, depth);
        } else if is_tnef_by_name(part) {
            self.unread();
        }
        if may_hold_posts(part) {
            for post in posted::find(content, self.bytes_left) {
                self.out_of_text(post, depth);
            }
            for file in binhex::find(content, self.bytes_left) {
                self.binhex(file);
            }
        }
    }

    fn out_of_text(&mut self, post: posted::Post, depth: usize) {
        if tnef::is_one(&post.content) {
            self.tnef(&post.content, depth);
        }
        let packing = post.packing;
        if !post.is_sound {
            self.doubt(AmbiguityKind::EmbeddedFile);
        }
        let strict = post.strict.filter(|strict| !strict.is_empty());
        for content in [Some(post.content), strict].into_iter().flatten() {
            self.file(packing, vec![post.name.clone()], "", content);
            if !post.is_whole {
                self.mark_cut();
            }
        }
    }

    fn binhex(&mut self, file: binhex::BinHex) {
        if !file.is_sound {
            self.doubt(AmbiguityKind::EmbeddedFile);
        }
        self.file(Packing::BinHex, vec![file.name], "", file.content);
        if !file.is_whole {
            self.mark_cut();
        }
    }

    /// The file that was listed last is not all there.
    fn mark_cut(&mut self) {
        if let Some(last) = self.out.files.last_mut() {
            last.is_whole = false;
        }
        self.unread();
    }

    fn tnef(&mut self, content: &[u8], depth: usize) {
        if depth >= ENCLOSED_DEPTH_MAX {
            return self.unread();
        }
        let found = tnef::read(content);
        if !found.is_whole {
            self.unread();
        }
        for text in found.texts {
            self.text(text.is_html, text.text);
        }
        for file in found.files {
            if tnef::is_one(&file.content) {
                self.tnef(&file.content, depth + 1);
            }
            self.file(Packing::Tnef, file.names, &file.media_type, file.content);
        }
    }

    /// RFC 2045 §6.4 forbids it, and some readers decode it all the same; the others take it as it
    /// stands: no message where it is all base64, and much the same where it is quoted-printable.
    fn container(&mut self, message: &Message<'_>, part: &Part, depth: usize) {
        let body = message.body_raw(part);
        let is_base64 = part.encoding == super::TransferEncoding::Base64;
        let mut header = Vec::new();
        if part.is_multipart() {
            let value = message.field_of(part, "content-type").unwrap_or_default();
            header = [b"Content-Type: ", value, b"\r\n\r\n"].concat();
        }
        let raw = [&header[..], &super::decode(part.encoding, body)].concat();
        let inner = Message::parse(&raw);
        let is_same = match is_base64 {
            true => !transfer::is_doubtful(body),
            false => has_headers_of(&inner, &[&header[..], body].concat()),
        };
        if !is_same || !ambiguity::is_sound(&inner) {
            self.doubt(AmbiguityKind::EncodedContainer);
        }
        self.message(Packing::Container, &raw, depth);
    }

    /// The parts of a message that stands inside, itself in some form that was undone.
    fn message(&mut self, packing: Packing, raw: &[u8], depth: usize) {
        if depth >= ENCLOSED_DEPTH_MAX {
            return self.unread();
        }
        let inner = Message::parse(raw);
        for part in all_parts(&inner) {
            self.part(&inner, part, depth + 1);
            if part.is_multipart() || part.is_message() {
                continue;
            }
            let is_text = matches!(part.media_type.as_str(), "text/plain" | "text/html");
            if is_text {
                for text in inner.texts(part) {
                    self.text(part.media_type == "text/html", text);
                }
            }
            if !is_text || !part.file_names().is_empty() {
                for content in inner.readings(part) {
                    let names = part.file_names().to_vec();
                    self.file(packing, names, &part.media_type, content.into_owned());
                }
            }
        }
    }

    /// RFC 2046 §5.2.2: the first piece begins like the whole message; of the others nothing can
    /// be said but that they are pieces.
    fn partial(&mut self, message: &Message<'_>, part: &Part, depth: usize) {
        let raw = super::decode(part.encoding, message.body_raw(part));
        let number = |name| part.parameter(name).map(str::trim);
        self.message(Packing::Partial, &raw, depth);
        if number("total") != Some("1") || number("number") != Some("1") {
            self.unread();
        }
    }

    /// RFC 2046 §5.2.3: the parameters name the file for the machine that keeps it, the header
    /// inside names it for the reader. What stands behind that header some take for the file.
    fn external(&mut self, message: &Message<'_>, part: &Part, depth: usize) {
        let raw = super::decode(part.encoding, message.body_raw(part));
        let block = field::scan(&raw, 0..raw.len(), super::FIELDS_MAX);
        let value = |name: &str| {
            let mut fields = block.fields.iter();
            let named = |field: &&super::Field| {
                raw[field.name.clone()].eq_ignore_ascii_case(name.as_bytes())
            };
            let field = fields.find(named);
            field.map_or(&b""[..], |field| &raw[field.value.clone()])
        };
        let kind = Parameterised::parse(value("content-type"));
        let shown = Parameterised::parse(value("content-disposition"));
        let mut names = names::file_names(std::slice::from_ref(&kind), &[shown]);
        names.extend(part.parameter("name").map(str::to_owned));
        names.extend(part.file_names().iter().cloned());
        names.dedup();
        // Some show what follows the header in there, and it is no header for all.
        let shown = Charset::Unknown.decode(&raw).into_owned();
        self.text(false, shown);
        let is_empty = raw[block.body..].iter().all(u8::is_ascii_whitespace);
        if !is_empty || !part.encoding.is_identity() || transfer::has_bare_cr(&raw) {
            let known = self.out.unread.len();
            self.message(Packing::External, &raw, depth);
            let is_order = part.encoding.is_identity() && is_order(part, &raw);
            if !is_order || self.out.unread.len() > known {
                self.doubt(AmbiguityKind::ExternalBody);
            }
        }
        self.file(Packing::External, names, &kind.value, Vec::new());
        self.mark_cut();
    }
}

/// Whether the container as it stands has the headers that it has once it is decoded: for who
/// undoes no code a soft line break ends a line, and may begin a field.
fn has_headers_of(decoded: &Message<'_>, raw: &[u8]) -> bool {
    let standing = Message::parse(raw);
    let headers = |message: &Message<'_>| -> Vec<Vec<u8>> {
        let header = |part: &Part| message.raw()[part.header.clone()].to_vec();
        message.parts().iter().map(header).collect()
    };
    ambiguity::is_sound(&standing) && headers(&standing) == headers(decoded)
}

/// Whether this is what one writes to a mail server to get the file (RFC 2046 §5.2.3.6): a text
/// as it stands, whoever reads it.
fn is_order(part: &Part, raw: &[u8]) -> bool {
    let way = part.parameter("access-type").unwrap_or_default().trim();
    let inner = Message::parse(raw);
    let is_text = |text: &Part| text.media_type == "text/plain" && text.encoding.is_identity();
    way.eq_ignore_ascii_case("mail-server")
        && all_parts(&inner).all(is_text)
        && ambiguity::is_sound(&inner)
}

/// Which parts are searched for uuencode, yEnc and BinHex: texts, and what nothing is known of.
fn may_hold_posts(part: &Part) -> bool {
    const OTHERS: [&str; 3] = [
        "application/mac-binhex",
        "application/mac-binhex40",
        "application/octet-stream",
    ];
    part.media_type.starts_with("text/")
        || part.encoding == super::TransferEncoding::Unknown
        || OTHERS.contains(&part.media_type.as_str())
}

fn is_tnef_by_name(part: &Part) -> bool {
    matches!(
        part.media_type.as_str(),
        "application/ms-tnef" | "application/vnd.ms-tnef"
    )
}
