//! A view over the bytes of a message as they came.
//!
//! It never owns or rewrites them, never fails, and decodes only when asked.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

pub mod charset;
mod claims;
mod decoder;
mod delimiters;
mod enclosed;
mod field;
mod mailbox;
mod names;
pub mod parameters;
mod part;
mod reader;
pub(crate) mod readings;
mod structure;
pub mod transfer;
pub mod words;

pub use charset::Charset;
pub use decoder::Decoder;
pub use enclosed::{
    ENCLOSED_BYTES_MAX, ENCLOSED_DEPTH_MAX, ENCLOSED_MAX, Enclosed, EnclosedFile, EnclosedText,
    Packing, TNEF_ATTRIBUTES_MAX, TNEF_PROPERTIES_MAX, TNEF_TEXT_BYTES_MAX, TNEF_VALUES_MAX,
};
pub use field::{FIELDS_MAX, Field};
pub use mailbox::{MAILBOXES_MAX, Mailbox};
pub use names::FILE_NAMES_MAX;
pub use parameters::{ODD_VALUE_BYTES_MAX, PARAMETER_BYTES_MAX, PARAMETERS_MAX, Parameter};
pub use part::{Disposition, Part, PartPath, Shield};
pub use readings::CHARSETS_MAX;
pub(crate) use structure::outline;
pub use structure::{DEPTH_MAX, PARTS_MAX, UNCLOSED_MAX};
pub use transfer::TransferEncoding;

use crate::ambiguity::{self, Ambiguity, AmbiguityKind};
use field::Block;
use reader::Reader;
use structure::Structure;

/// How many message ids of one thread are read.
pub const THREAD_IDS_MAX: usize = 1_000;

/// A message: its raw bytes and where things stand in them. Only the top header block is scanned
/// when it is made; parts are found when first asked for.
#[derive(Debug)]
pub struct Message<'raw> {
    raw: &'raw [u8],
    top: Block,
    structure: OnceLock<Structure>,
    others: OnceLock<readings::Others>,
    enclosed: OnceLock<Enclosed>,
    ambiguities: OnceLock<Vec<Ambiguity>>,
}

/// Something odd that changes no reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What is odd.
    pub kind: WarningKind,
    /// Where.
    pub path: PartPath,
}

/// What a [`Warning`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningKind {
    /// A header block began with a folded line.
    OrphanFold,
    /// A multipart had no closing delimiter, and its boundary does not come again.
    MissingClose,
    /// A part named its charset twice.
    DuplicateCharset,
    /// A header ended at a line that is no field, without an empty line, and no field follows it.
    NoEmptyLine,
    /// A delimiter stood behind a `>` in its line.
    QuotedDelimiter,
    /// A multipart was closed twice with nothing after it, or its last delimiter was cut off.
    OddClose,
    /// A boundary inside begins like the one outside.
    LongerBoundary,
    /// Two delimiters followed each other, with nothing between.
    EmptyPart,
    /// A multipart that nothing cuts, which is read as a text, too.
    NoDelimiter,
    /// A boundary was folded, and only one of its two readings is met.
    FoldedBoundary,
    /// Blanks stood before a colon, in a field that does not say what a part is.
    BlankBeforeColon,
    /// The line that begins a message in an mbox stood behind a `>`.
    QuotedMboxLine,
    /// The transfer encoding is a word that nobody decodes, or has signs around it.
    OddTransferEncoding,
    /// A message or multipart was itself in base64 or quoted-printable; it is read both ways.
    EncodedContainer,
    /// A kind of message that some readers open and others do not; it is read both ways.
    OtherMessage,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            WarningKind::OrphanFold => "the header begins with a folded line",
            WarningKind::MissingClose => "a multipart is not closed",
            WarningKind::DuplicateCharset => "a part names its charset twice",
            WarningKind::NoEmptyLine => "no empty line ends the header",
            WarningKind::QuotedDelimiter => "a delimiter is quoted in a text",
            WarningKind::OddClose => "a multipart is closed twice, or its close is cut off",
            WarningKind::LongerBoundary => "a boundary begins like the one around it",
            WarningKind::EmptyPart => "two delimiters follow each other",
            WarningKind::NoDelimiter => "a multipart holds no delimiter",
            WarningKind::FoldedBoundary => "a boundary is folded",
            WarningKind::BlankBeforeColon => "a header name has blanks before its colon",
            WarningKind::QuotedMboxLine => "the header begins with a quoted line of an mbox",
            WarningKind::OddTransferEncoding => "the transfer encoding is not quite one",
            WarningKind::EncodedContainer => "a container of parts is itself encoded",
            WarningKind::OtherMessage => "a kind of message that not all readers open",
        })?;
        match self.path.is_root() {
            true => Ok(()),
            false => write!(f, " (part {})", self.path),
        }
    }
}

impl<'raw> Message<'raw> {
    /// Total: any bytes are a message, odd ones with warnings and ambiguities.
    pub fn parse(raw: &'raw [u8]) -> Self {
        let top = field::scan(raw, 0..raw.len(), FIELDS_MAX);
        Self {
            raw,
            top,
            structure: OnceLock::new(),
            others: OnceLock::new(),
            enclosed: OnceLock::new(),
            ambiguities: OnceLock::new(),
        }
    }

    /// The bytes as they came.
    pub fn raw(&self) -> &'raw [u8] {
        self.raw
    }

    /// The top header block, without the empty line that ends it.
    pub fn header_raw(&self) -> &'raw [u8] {
        &self.raw[self.top.range.clone()]
    }

    /// Where the body begins.
    pub fn body_start(&self) -> usize {
        self.top.body
    }

    /// Whether the header had more fields than [`FIELDS_MAX`], so that not all are listed.
    pub fn has_unlisted_fields(&self) -> bool {
        self.top.oddities.too_many
    }

    pub(crate) fn top(&self) -> &Block {
        &self.top
    }

    /// The line break this message uses: that of its first line.
    pub fn line_break(&self) -> &'static [u8] {
        match memchr::memchr(b'\n', self.raw) {
            Some(at) if at == 0 || self.raw[at - 1] != b'\r' => b"\n",
            _ => b"\r\n",
        }
    }

    /// The top header fields, in order.
    pub fn fields(&self) -> &[Field] {
        &self.top.fields
    }

    /// The top header fields of this name, in any case.
    pub fn fields_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields()
            .iter()
            .filter(move |field| self.is_named(field, name))
    }

    /// The first top header field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields()
            .iter()
            .find(|field| self.is_named(field, name))
    }

    /// Whether a field (of any part) has this name, in any case.
    pub fn is_named(&self, field: &Field, name: &str) -> bool {
        self.raw[field.name.clone()].eq_ignore_ascii_case(name.as_bytes())
    }

    /// A field's name as it was written; names are ASCII.
    pub fn field_name(&self, field: &Field) -> &'raw str {
        std::str::from_utf8(&self.raw[field.name.clone()]).unwrap_or_default()
    }

    /// The whole field with folding and line breaks.
    pub fn field_raw(&self, field: &Field) -> &'raw [u8] {
        &self.raw[field.range.clone()]
    }

    /// The value with its folding, as it was written.
    pub fn field_value(&self, field: &Field) -> &'raw [u8] {
        &self.raw[field.value.clone()]
    }

    /// The value as people read it: unfolded, RFC 2047 decoded, controls removed.
    pub fn field_text(&self, field: &Field) -> String {
        words::decode(self.field_value(field))
    }

    /// The subject as people read it.
    pub fn subject(&self) -> Option<String> {
        self.field("subject").map(|field| self.field_text(field))
    }

    /// Message-ID without angle brackets.
    pub fn message_id(&self) -> Option<String> {
        let text = self.field_text(self.field("message-id")?);
        ids(&text)
            .next()
            .or_else(|| Some(text.clone()).filter(|text| !text.is_empty()))
    }

    /// The ids in In-Reply-To and References, each once.
    pub fn thread_ids(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let named = self
            .fields_named("in-reply-to")
            .chain(self.fields_named("references"));
        for field in named {
            for id in ids(&self.field_text(field)).take(THREAD_IDS_MAX) {
                if found.len() < THREAD_IDS_MAX && !found.contains(&id) {
                    found.push(id);
                }
            }
        }
        found
    }

    /// The ids of messages that this one passes on: of those it holds, of the one that a mail
    /// program says it forwards (`X-Forwarded-Message-Id`), and its own where it was resent
    /// (RFC 5322 §3.6.6).
    pub fn forwarded_ids(&self) -> Vec<String> {
        let is_resent = |field: &Field| {
            let name = self.field_name(field).as_bytes();
            name.get(..7)
                .is_some_and(|start| start.eq_ignore_ascii_case(b"resent-"))
        };
        let own = self.fields().iter().any(is_resent);
        let own = self.fields_named("message-id").filter(|_| own);
        let said = self.fields_named("x-forwarded-message-id");
        let is_held = |part: &&Part| self.parent(part).is_some_and(Part::is_message);
        let held = self
            .parts()
            .iter()
            .filter(is_held)
            .flat_map(|part| &part.fields);
        let held = held.filter(|field| self.is_named(field, "message-id"));
        let fields = own.chain(said).chain(held);
        let named = fields.flat_map(|field| ids(&self.field_text(field)).collect::<Vec<_>>());
        named.take(THREAD_IDS_MAX).collect()
    }

    /// The messages that this one answers, nearest first: the ids in In-Reply-To, then those in
    /// References from the last one back, each once.
    pub fn ancestors(&self) -> Vec<String> {
        let named = |name: &str| -> Vec<String> {
            let texts = self.fields_named(name).map(|field| self.field_text(field));
            texts
                .flat_map(|text| ids(&text).collect::<Vec<_>>())
                .collect()
        };
        let references = named("references").into_iter().rev();
        let mut found: Vec<String> = Vec::new();
        for id in named("in-reply-to").into_iter().chain(references) {
            if found.len() == THREAD_IDS_MAX {
                break;
            }
            if !found.contains(&id) {
                found.push(id);
            }
        }
        found
    }

    /// The mailboxes in all fields of this name.
    pub fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        let values = self.fields_named(name).map(|field| self.field_value(field));
        values
            .flat_map(mailbox::parse)
            .take(MAILBOXES_MAX)
            .collect()
    }

    /// The addresses of a field about which readers cannot differ: it stands there once, and is
    /// written as RFC 5322 §3.4 has it, without groups or routes; none otherwise.
    pub fn strict_addresses(&self, name: &str) -> Option<Vec<crate::Address>> {
        let mut fields = self.fields_named(name);
        match (fields.next(), fields.next()) {
            (Some(field), None) => mailbox::parse_strictly(self.field_value(field)),
            _ => None,
        }
    }

    fn structure(&self) -> &Structure {
        self.structure
            .get_or_init(|| structure::scan(self.raw, self.top.clone(), Reader::Ours))
    }

    /// All parts in document order; the first is the root.
    pub fn parts(&self) -> &[Part] {
        &self.structure().parts
    }

    /// The root part.
    pub fn root(&self) -> &Part {
        // The scan always lists the root first.
        &self.parts()[0]
    }

    /// The part at this path.
    pub fn part(&self, path: &PartPath) -> Option<&Part> {
        self.parts().iter().find(|part| part.path == *path)
    }

    /// The parts directly inside `part`, in order.
    pub fn children<'a>(&'a self, part: &Part) -> impl Iterator<Item = &'a Part> {
        let index = part.index;
        self.parts()[index + 1..]
            .iter()
            .filter(move |child| child.parent == Some(index))
    }

    /// The part that `part` stands directly inside.
    pub fn parent(&self, part: &Part) -> Option<&Part> {
        part.parent.map(|index| &self.parts()[index])
    }

    /// The parts that other readers find and we do not: where fields or boundaries are stated
    /// twice, or delimiters and headers are not as they should be. Their paths are those of
    /// their readers; they have no parent and no children here.
    pub fn other_parts(&self) -> &[Part] {
        &self.others().parts
    }

    fn others(&self) -> &readings::Others {
        self.others.get_or_init(|| readings::others(self))
    }

    /// The ambiguities that only other readers meet.
    pub(crate) fn others_doubts(&self) -> &[Ambiguity] {
        &self.others().doubts
    }

    /// Every content that some decoder makes of a part's body, ours first.
    pub fn readings(&self, part: &Part) -> Vec<Cow<'raw, [u8]>> {
        readings::of(self, part)
    }

    /// Every text that some reader shows of a part, ours ([`Message::text`]) first.
    pub fn texts(&self, part: &Part) -> Vec<String> {
        readings::texts(self, part)
    }

    /// What stands inside the content of parts: files in a text, in Outlook's own container, in
    /// a container of parts that is itself encoded.
    pub fn enclosed(&self) -> &Enclosed {
        self.enclosed.get_or_init(|| enclosed::read(self))
    }

    /// The raw value of a part's first field of this name.
    fn field_of(&self, part: &Part, name: &str) -> Option<&'raw [u8]> {
        let mut fields = part.fields.iter();
        let field = fields.find(|field| self.is_named(field, name))?;
        Some(self.field_value(field))
    }

    /// A part's body as it stands, still encoded.
    pub fn body_raw(&self, part: &Part) -> &'raw [u8] {
        &self.raw[part.body.clone()]
    }

    /// A part's body with its transfer encoding undone.
    pub fn decoded(&self, part: &Part) -> Cow<'raw, [u8]> {
        let body = self.body_raw(part);
        match part.is_multipart() {
            true => Cow::Borrowed(body),
            false => decode(part.encoding, body),
        }
    }

    /// A part's body as text, by its charset; any bytes give some text.
    pub fn text(&self, part: &Part) -> String {
        Charset::parse(part.charset())
            .decode(&self.decoded(part))
            .into_owned()
    }

    /// What a person sees as the letter: text/plain and text/html that are no attachments.
    pub fn bodies(&self) -> Vec<&Part> {
        self.parts().iter().filter(|part| part.is_body()).collect()
    }

    /// What a person sees as attached: everything else that is no container, whole messages too.
    pub fn attachments(&self) -> Vec<&Part> {
        self.parts()
            .iter()
            .filter(|part| part.is_attachment())
            .collect()
    }

    /// Where readers may differ about what this message says.
    pub fn ambiguities(&self) -> &[Ambiguity] {
        self.ambiguities.get_or_init(|| {
            let in_content = ambiguity::in_content(self);
            let told = self.structure_ambiguities().iter();
            let told = told.chain(self.others_doubts()).cloned();
            told.chain(in_content).collect()
        })
    }

    /// The ambiguities of header fields and boundaries, which cost no look into bodies.
    pub(crate) fn structure_ambiguities(&self) -> &[Ambiguity] {
        &self.structure().ambiguities
    }

    /// Whether boundaries can be taken for each other, or a line for one by some readers alone.
    pub(crate) fn has_clashing_boundaries(&self) -> bool {
        let mut told = self.structure_ambiguities().iter();
        told.any(|doubt| doubt.kind == AmbiguityKind::BoundaryClash)
    }

    /// Whether the structure is such that other readers are asked, too.
    pub(crate) fn is_odd(&self) -> bool {
        let structure = self.structure();
        !structure.ambiguities.is_empty() || !structure.warnings.is_empty()
    }

    /// What is odd but read the same by all, or such that our reading holds all the others.
    pub fn warnings(&self) -> &[Warning] {
        &self.structure().warnings
    }
}

/// A body with its transfer encoding undone.
pub(crate) fn decode(encoding: TransferEncoding, body: &[u8]) -> Cow<'_, [u8]> {
    match encoding {
        TransferEncoding::Base64 => Cow::Owned(transfer::decode_base64(body)),
        TransferEncoding::QuotedPrintable => Cow::Owned(transfer::decode_quoted_printable(body)),
        _ => Cow::Borrowed(body),
    }
}

fn ids(text: &str) -> impl Iterator<Item = String> + '_ {
    let inside = text
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'));
    inside
        .map(|(id, _)| id.split_whitespace().collect())
        .filter(|id: &String| !id.is_empty())
}

#[cfg(test)]
mod tests;
