//! Labels in PDF (ISO 32000): the Info dictionary, XMP metadata, attached files; also in object
//! streams. One walk from the beginning to the end; of an object that was written again by a later
//! update the last counts.
//!
//! It never follows a reference, draws, runs or decrypts, so there is nothing to go round in.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

use flate2::read::ZlibDecoder;
use memchr::memmem;

use crate::Reason;
use crate::archive::{Budget, check_ratio};
use crate::labels::{DocumentLabel, from_properties};
use crate::limits::{MEMBER_BYTES_MAX, PDF_NAMES_MAX, PDF_STREAMS_MAX};
use crate::xml::{self, Node};

/// How the names of labels begin.
const SIGN: &[u8] = b"MSIP_Label_";
/// The same in XMP that is written in UTF-16, whichever byte comes first.
const SIGN_WIDE: &[u8] = b"M\0S\0I\0P\0_\0L\0a\0b\0e\0l";
/// Microsoft's supplement to ISO 32000: what wraps a PDF closed by rights management.
const WRAPPERS: [&[u8]; 2] = [b"/EncryptedPayload", b"MicrosoftIRMServices"];

/// What one PDF holds.
pub(crate) struct Pdf {
    /// Its own labels.
    pub labels: Vec<DocumentLabel>,
    /// Why there may be more.
    pub unknown: Option<Reason>,
    /// The files attached to it.
    pub attached: Vec<Vec<u8>>,
    /// Whether it is encrypted, or wraps what is.
    pub is_closed: bool,
}

/// Reads a PDF within the limits.
pub(crate) fn read(bytes: &[u8], budget: &mut Budget) -> Pdf {
    let mut walk = Walk {
        bytes,
        budget,
        objects: BTreeMap::new(),
        unknown: None,
        attached: Vec::new(),
        streams: 0,
        is_encrypted: false,
    };
    walk.all();
    walk.finish()
}

struct Walk<'b> {
    bytes: &'b [u8],
    budget: &'b mut Budget,
    /// What labels the objects of these numbers speak of.
    objects: BTreeMap<u32, Vec<DocumentLabel>>,
    unknown: Option<Reason>,
    attached: Vec<Vec<u8>>,
    streams: usize,
    is_encrypted: bool,
}

impl Walk<'_> {
    fn all(&mut self) {
        let bytes = self.bytes;
        let keyword = memmem::Finder::new(b"stream");
        let (mut start, mut look) = (0, 0);
        while let Some(found) = keyword.find(&bytes[look..]) {
            let at = look + found;
            look = at + b"stream".len();
            let Some(data) = data_start(bytes, start, at) else {
                continue;
            };
            let owner = self.objects_in(start..at);
            let dictionary = &bytes[owner.1..at];
            let Some(end) = data_end(bytes, data, dictionary) else {
                // The rest is one stream without an end.
                self.unknown_for(Reason::Damaged);
                return;
            };
            self.stream(owner.0, dictionary, &bytes[data..end]);
            (start, look) = (end, end + b"endstream".len());
            look = look.min(bytes.len());
        }
        self.objects_in(start..bytes.len());
    }

    /// The first reason stands.
    fn unknown_for(&mut self, reason: Reason) {
        self.unknown.get_or_insert(reason);
    }

    /// Takes the objects that stand in clear; gives the number and place of the last, to which a
    /// stream that follows belongs.
    fn objects_in(&mut self, range: Range<usize>) -> (u32, usize) {
        let text = &self.bytes[range.clone()];
        let (mut number, mut from) = (0, 0);
        for at in memmem::find_iter(text, b"obj") {
            let Some(next) = object_number(&text[from..at]) else {
                continue;
            };
            self.object(number, &text[from..at]);
            (number, from) = (next, at + b"obj".len());
        }
        self.object(number, &text[from..]);
        (number, range.start + from)
    }

    /// One object, or what stands before the first or in a trailer.
    fn object(&mut self, number: u32, text: &[u8]) {
        self.objects.remove(&number);
        self.is_encrypted |= has_name(text, b"/Encrypt");
        if WRAPPERS
            .iter()
            .any(|sign| memmem::find(text, sign).is_some())
        {
            self.unknown_for(Reason::Encrypted);
        }
        match names(text).and_then(|properties| from_properties(&properties)) {
            Ok(labels) if labels.is_empty() => {}
            Ok(labels) => drop(self.objects.insert(number, labels)),
            Err(reason) => self.unknown_for(reason),
        }
    }

    fn stream(&mut self, number: u32, dictionary: &[u8], data: &[u8]) {
        let is = |name: &[u8]| has_name(dictionary, name);
        let (packed, attached) = (is(b"/ObjStm"), is(b"/EmbeddedFile"));
        let metadata = is(b"/Metadata") || is(b"/XML");
        if !(packed || attached || metadata) {
            return;
        }
        self.streams += 1;
        if self.streams > PDF_STREAMS_MAX {
            self.unknown_for(Reason::TooManyEntries);
            return;
        }
        let content = match self.decode(dictionary, data) {
            Ok(content) => content,
            // What is encrypted is no sound stream either; that is the better word for it.
            Err(_) if self.is_encrypted => return,
            Err(reason) => return self.unknown_for(reason),
        };
        if packed {
            self.packed_objects(dictionary, &content);
        } else if attached {
            self.attached.push(content);
        } else {
            self.metadata(number, &content);
        }
    }

    /// Undoes the one filter that such streams have in practice.
    fn decode(&mut self, dictionary: &[u8], data: &[u8]) -> Result<Vec<u8>, Reason> {
        let is = |name: &[u8]| has_name(dictionary, name);
        let flate = is(b"/FlateDecode") || is(b"/Fl");
        let others: [&[u8]; 6] = [
            b"/LZWDecode",
            b"/ASCII85Decode",
            b"/ASCIIHexDecode",
            b"/RunLengthDecode",
            b"/Crypt",
            b"/Predictor",
        ];
        if others.iter().any(|name| is(name)) {
            return Err(Reason::Unsupported);
        }
        let mut content = Vec::new();
        if !flate {
            content.extend_from_slice(data);
        } else {
            let inflated = ZlibDecoder::new(data)
                .take(MEMBER_BYTES_MAX + 1)
                .read_to_end(&mut content);
            // Readers take what came before the damage.
            if inflated.is_err() && content.is_empty() {
                return Err(Reason::Damaged);
            }
        }
        let length = content.len() as u64;
        if length > MEMBER_BYTES_MAX {
            return Err(Reason::EntryTooLarge);
        }
        check_ratio(data.len() as u64, length)?;
        self.budget.spend(length)?;
        Ok(content)
    }

    /// ISO 32000 §7.5.7: pairs of number and place, then the objects.
    fn packed_objects(&mut self, dictionary: &[u8], content: &[u8]) {
        let first = integer(dictionary, b"/First")
            .unwrap_or(0)
            .min(content.len());
        let (index, body) = content.split_at(first);
        let index = String::from_utf8_lossy(index);
        let numbers: Vec<usize> = index
            .split_ascii_whitespace()
            .map_while(|word| word.parse().ok())
            .collect();
        let pairs: Vec<&[usize]> = numbers.chunks_exact(2).collect();
        if pairs.is_empty() {
            return self.object(0, content);
        }
        for (at, pair) in pairs.iter().enumerate() {
            let start = pair[1].min(body.len());
            let end = pairs.get(at + 1).map_or(body.len(), |next| next[1]);
            let end = end.clamp(start, body.len());
            self.object(u32::try_from(pair[0]).unwrap_or(0), &body[start..end]);
        }
    }

    /// XMP, of the document or of a picture in it.
    fn metadata(&mut self, number: u32, content: &[u8]) {
        self.objects.remove(&number);
        match xmp_labels(content) {
            Ok(labels) if labels.is_empty() => {}
            Ok(labels) => drop(self.objects.insert(number, labels)),
            Err(reason) => self.unknown_for(reason),
        }
    }

    fn finish(self) -> Pdf {
        let labels: Vec<DocumentLabel> = self.objects.into_values().flatten().collect();
        // Rights management leaves the label outside what it closes, so that one counts.
        let closed = |reason: &Reason| *reason == Reason::Encrypted && !labels.is_empty();
        let encrypted = self.is_encrypted.then_some(Reason::Encrypted);
        let is_closed = self.is_encrypted || self.unknown == Some(Reason::Encrypted);
        Pdf {
            is_closed,
            unknown: self.unknown.or(encrypted).filter(|reason| !closed(reason)),
            labels,
            attached: self.attached,
        }
    }
}

/// Where the data of a stream begin, if the keyword at `at` introduces one (ISO 32000 §7.3.8.1).
fn data_start(bytes: &[u8], start: usize, at: usize) -> Option<usize> {
    let before = bytes[start..at].trim_ascii_end();
    let after = at + b"stream".len();
    let introduced = before.ends_with(b">>");
    match &bytes[after..] {
        [b'\r', b'\n', ..] if introduced => Some(after + 2),
        [b'\r' | b'\n', ..] if introduced => Some(after + 1),
        _ => None,
    }
}

/// Where the data end: where the dictionary says, if the keyword stands there, or else before the
/// next keyword.
fn data_end(bytes: &[u8], start: usize, dictionary: &[u8]) -> Option<usize> {
    let stated = integer(dictionary, b"/Length")
        .and_then(|length| start.checked_add(length))
        .filter(|end| {
            let rest = bytes.get(*end..).unwrap_or_default();
            rest.trim_ascii_start().starts_with(b"endstream")
        });
    stated.or_else(|| memmem::find(&bytes[start..], b"endstream").map(|at| start + at))
}

/// The number in `12 0 obj`, read backwards from the keyword.
fn object_number(before: &[u8]) -> Option<u32> {
    let before = before.strip_suffix(b" ").unwrap_or(before).trim_ascii_end();
    let (before, generation) = digits(before);
    let (_, number) = digits(before.trim_ascii_end());
    let text = (!generation.is_empty()).then(|| std::str::from_utf8(number).ok())??;
    text.parse().ok()
}

/// The digits at the end, and what stands before them.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    text.split_at(text.len() - count)
}

/// Whether a name stands there whole, not as the beginning of a longer one.
pub(crate) fn has_name(text: &[u8], name: &[u8]) -> bool {
    memmem::find_iter(text, name).any(|at| {
        let next = text.get(at + name.len());
        next.is_none_or(|byte| !is_regular(*byte))
    })
}

/// Whether a name stands there whole with some of its bytes escaped (ISO 32000 §7.3.5).
pub(crate) fn has_escaped_name(text: &[u8], name: &[u8]) -> bool {
    let room = name.len() * 3;
    memchr::memchr_iter(b'#', text).any(|at| {
        let before = &text[at.saturating_sub(room)..at];
        let Some(slash) = memchr::memrchr(b'/', before) else {
            return false;
        };
        let start = at - (before.len() - slash);
        let rest = &text[start + 1..text.len().min(start + 1 + room)];
        let length = rest.iter().take_while(|byte| is_regular(**byte)).count();
        unescape_name(&rest[..length]).as_bytes() == &name[1..]
    })
}

/// ISO 32000 §7.2.3: what may go on a name.
pub(crate) fn is_regular(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && byte != 0 && !b"()<>[]{}/%".contains(&byte)
}

/// The whole number behind a name; a reference is none.
fn integer(dictionary: &[u8], name: &[u8]) -> Option<usize> {
    let at = memmem::find_iter(dictionary, name).find(|at| {
        dictionary
            .get(at + name.len())
            .is_some_and(|b| !is_regular(*b))
    })?;
    let rest = dictionary[at + name.len()..].trim_ascii_start();
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let after: Vec<&[u8]> = rest[count..]
        .splitn(4, u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .collect();
    if matches!(after[..], [_, b"R", ..]) {
        return None;
    }
    std::str::from_utf8(&rest[..count]).ok()?.parse().ok()
}

/// `/MSIP_Label_… (value)` in a dictionary.
fn names(text: &[u8]) -> Result<Vec<(String, String)>, Reason> {
    let mut found = Vec::new();
    for at in memmem::find_iter(text, SIGN) {
        if at == 0 || text[at - 1] != b'/' {
            continue;
        }
        if found.len() == PDF_NAMES_MAX {
            return Err(Reason::TooManyEntries);
        }
        let end = text[at..].iter().position(|b| !is_regular(*b));
        let end = end.map_or(text.len(), |length| at + length);
        let name = unescape_name(&text[at..end]);
        let value = value(text[end..].trim_ascii_start()).ok_or(Reason::Unsupported)?;
        found.push((name, value));
    }
    Ok(found)
}

/// ISO 32000 §7.3.5: `#5F` stands for a byte.
pub(crate) fn unescape_name(name: &[u8]) -> String {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (byte, hex(0), hex(1)) {
            (b'#', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                rest = &after[2..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A text: in brackets, or in hex. Anything else, a reference above all, is not read.
pub(crate) fn value(text: &[u8]) -> Option<String> {
    match text.first()? {
        b'(' => Some(as_text(&literal(&text[1..])?)),
        b'<' => {
            let end = memchr::memchr(b'>', text)?;
            let digits = text[1..end]
                .iter()
                .filter_map(|b| char::from(*b).to_digit(16));
            let digits: Vec<u32> = digits.collect();
            let byte = |two: &[u32]| (two[0] << 4 | two.get(1).copied().unwrap_or(0)) as u8;
            Some(as_text(&digits.chunks(2).map(byte).collect::<Vec<u8>>()))
        }
        _ => None,
    }
}

/// ISO 32000 §7.3.4.2: brackets nest, a backslash introduces what cannot stand there itself.
fn literal(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'\\' => {
                let (byte, used) = escaped(&text[at..])?;
                out.extend(byte);
                at += used;
            }
            b'(' => {
                depth += 1;
                out.push(byte);
            }
            b')' if depth == 0 => return Some(out),
            b')' => {
                depth -= 1;
                out.push(byte);
            }
            byte => out.push(byte),
        }
    }
}

/// What follows a backslash: the byte it stands for, and how many it takes.
fn escaped(text: &[u8]) -> Option<(Option<u8>, usize)> {
    let octal = text
        .iter()
        .take(3)
        .take_while(|b| (b'0'..=b'7').contains(b));
    let octal: Vec<u32> = octal.map(|b| u32::from(b - b'0')).collect();
    if !octal.is_empty() {
        let value = octal.iter().fold(0, |value, digit| value << 3 | digit);
        return Some((Some(value as u8), octal.len()));
    }
    let byte = match text.first()? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        b'\r' if text.get(1) == Some(&b'\n') => return Some((None, 2)),
        b'\r' | b'\n' => return Some((None, 1)),
        byte => *byte,
    };
    Some((Some(byte), 1))
}

/// ISO 32000 §7.9.2.2: UTF-16 or UTF-8 by its mark, or else PDFDocEncoding, whose letters are
/// those of Latin-1.
fn as_text(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], join: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|two| join([two[0], two[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The labels that XMP speaks of.
pub(crate) fn xmp_labels(content: &[u8]) -> Result<Vec<DocumentLabel>, Reason> {
    let says = |sign| memmem::find(content, sign).is_some();
    if !says(SIGN) && !says(SIGN_WIDE) {
        return Ok(Vec::new());
    }
    xmp(content).and_then(|properties| from_properties(&properties))
}

/// XMP writes a property as an element, or, in its short form, as an attribute.
fn xmp(content: &[u8]) -> Result<Vec<(String, String)>, Reason> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut open: Option<(String, String)> = None;
    xml::walk(content.trim_ascii(), |node| match node {
        Node::Start { name, attributes } => {
            let is_label = |name: &str| name.as_bytes().starts_with(SIGN);
            found.extend(attributes.into_iter().filter(|(name, _)| is_label(name)));
            if is_label(name) {
                open = Some((name.to_owned(), String::new()));
            }
        }
        Node::Text(piece) => {
            if let Some((_, value)) = &mut open {
                value.push_str(piece);
            }
        }
        Node::End { .. } => found.extend(open.take()),
    })?;
    match found.len() > PDF_NAMES_MAX {
        true => Err(Reason::TooManyEntries),
        false => Ok(found),
    }
}
