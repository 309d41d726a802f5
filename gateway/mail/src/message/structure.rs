//! The tree of parts, found by header fields and boundaries.
//!
//! It never looks into encoded bodies, and never goes deeper or wider than the limits here.

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;

use memchr::memmem;

use super::claims;
use super::delimiters::Delimiters;
use super::field::{self, Block, FIELDS_MAX};
use super::parameters::ODD_VALUE_BYTES_MAX;
use super::part::{Part, PartPath, Shield, holds_a_message, is_delivery_report};
use super::reader::Reader;
use super::{Warning, WarningKind};
use crate::ambiguity::{Ambiguity, AmbiguityKind};
use crate::work;

mod describe;

/// How deep parts may nest before the message is ambiguous and what is deeper stays opaque.
pub const DEPTH_MAX: usize = 20;
/// How many parts a message may have before it is ambiguous and the rest stays opaque.
pub const PARTS_MAX: usize = 1_000;

/// How many multiparts that are not closed are looked for again behind their end; one more is
/// ambiguous. It bounds the time.
pub const UNCLOSED_MAX: usize = 16;

/// All that is known of the inside of a message.
#[derive(Debug)]
pub(crate) struct Structure {
    pub parts: Vec<Part>,
    pub ambiguities: Vec<Ambiguity>,
    pub warnings: Vec<Warning>,
}

/// RFC 2046 §5.1.5: what the parts of a digest are, if they do not say it.
const DIGESTED: &str = "message/rfc822";

/// What a part takes over from where it stands.
#[derive(Clone)]
struct Place {
    path: PartPath,
    parent: Option<usize>,
    depth: usize,
    default_type: &'static str,
    shield: Shield,
    inside_message: bool,
    /// It stands in no message that is attached.
    of_letter: bool,
}

struct Scanner<'raw> {
    raw: &'raw [u8],
    reader: Reader,
    /// Whether it is asked what others may find.
    judges: bool,
    fields_left: usize,
    /// The boundaries that are open here, and all there were.
    boundaries: Vec<Vec<u8>>,
    known: Vec<Vec<u8>>,
    unclosed: usize,
    /// How many bytes of values careless readers may still look at.
    odd_left: Cell<usize>,
    out: Structure,
}

/// Scans the whole message, whose own header block is known already.
pub(crate) fn scan(raw: &[u8], top: Block, reader: Reader) -> Structure {
    scan_to(raw, top, reader, true)
}

/// The parts of a message as we read them, for who asks no more of it: none has names, and nothing
/// is said of what other readers may find.
pub(crate) fn outline(raw: &[u8]) -> Vec<Part> {
    let top = field::scan(raw, 0..raw.len(), FIELDS_MAX);
    scan_to(raw, top, Reader::Ours, false).parts
}

fn scan_to(raw: &[u8], top: Block, reader: Reader, judges: bool) -> Structure {
    let out = Structure {
        parts: Vec::new(),
        ambiguities: Vec::new(),
        warnings: Vec::new(),
    };
    let fields_left = FIELDS_MAX.saturating_sub(top.fields.len());
    let mut scanner = Scanner {
        raw,
        reader,
        judges,
        fields_left,
        boundaries: Vec::new(),
        known: Vec::new(),
        unclosed: 0,
        odd_left: Cell::new(ODD_VALUE_BYTES_MAX),
        out,
    };
    let place = Place {
        path: PartPath::root(),
        parent: None,
        depth: 0,
        default_type: "text/plain",
        shield: Shield::None,
        inside_message: false,
        of_letter: true,
    };
    scanner.entity(top, raw.len(), place);
    scanner.out
}

impl Scanner<'_> {
    fn ambiguous(&mut self, kind: AmbiguityKind, path: &PartPath) {
        self.out.ambiguities.push(Ambiguity {
            kind,
            path: path.clone(),
        });
    }

    fn warn(&mut self, kind: WarningKind, path: &PartPath) {
        self.out.warnings.push(Warning {
            kind,
            path: path.clone(),
        });
    }

    fn entity(&mut self, block: Block, end: usize, place: Place) {
        if self.judges {
            self.judge_header(&block, &place.path);
        }
        let index = self.out.parts.len();
        let odd = block.oddities;
        let part = self.describe(block, end, &place, index);
        let body = part.body.clone();
        let boundary = self.boundary(&part);
        let place = self.inside(place, &part);
        let (is_multipart, is_message) = (part.is_multipart(), part.is_message());
        let is_report = self.reader == Reader::Open && is_delivery_report(&part.media_type);
        let identity = part.encoding.is_identity();
        if self.judges && holds_a_message(&part.media_type, &self.raw[body.clone()]) {
            self.warn(WarningKind::OtherMessage, &place.path);
        }
        self.out.parts.push(part);
        if odd.no_empty_line || odd.hides_fields {
            // Without fields after it, and nothing to decode, all see the same and more or less.
            match odd.hides_fields || !identity {
                true => self.ambiguous(AmbiguityKind::OddHeaderLine, &place.path),
                false => self.warn(WarningKind::NoEmptyLine, &place.path),
            }
        }
        if is_report {
            return self.report(body, &place);
        }
        if !is_multipart && !is_message {
            return;
        }
        if !identity {
            // Whether that hides something is seen when it is unpacked.
            self.warn(WarningKind::EncodedContainer, &place.path);
        }
        if place.depth > DEPTH_MAX {
            self.ambiguous(AmbiguityKind::TooDeep, &place.path);
        } else if is_multipart {
            self.multipart(body, boundary, place);
            self.shield_pgp(index);
        } else if identity || self.reader.opens_more() {
            let path = place.path.child(1);
            self.child(body, Place { path, ..place });
        }
    }

    /// RFC 3156 §4: PGP/MIME stays encrypted when a mail server makes its multipart anew as another
    /// kind, as Exchange does. The multipart is the last one read, with all that it holds.
    fn shield_pgp(&mut self, multipart: usize) {
        let parts = &mut self.out.parts[multipart..];
        let is_control = |part: &Part| {
            part.parent == Some(multipart) && part.media_type == "application/pgp-encrypted"
        };
        if !parts.iter().any(is_control) {
            return;
        }
        for part in parts.iter_mut().filter(|part| part.shield == Shield::None) {
            part.shield = Shield::Encrypted;
        }
    }

    /// What the content of this part takes over, but for its path.
    fn inside(&self, place: Place, part: &Part) -> Place {
        // A message is read as the letter where it is all there is, or one of a digest.
        let is_attached = place.parent.is_some_and(|parent| {
            place.default_type != DIGESTED && !self.out.parts[parent].is_message()
        });
        let default_type = match part.media_type.as_str() {
            "multipart/digest" => DIGESTED,
            _ => "text/plain",
        };
        Place {
            parent: Some(part.index),
            depth: place.depth + 1,
            default_type,
            shield: part.shield,
            inside_message: place.inside_message || !part.is_multipart(),
            of_letter: place.of_letter && (part.is_multipart() || !is_attached),
            ..place
        }
    }

    /// RFC 3464 §2.1: blocks of fields with empty lines between; some take each for a message.
    fn report(&mut self, body: Range<usize>, place: &Place) {
        let (mut start, mut at, mut number) = (body.start, body.start, 0);
        while at < body.end {
            let next =
                memchr::memchr(b'\n', &self.raw[at..body.end]).map_or(body.end, |n| at + n + 1);
            let is_empty = field::without_line_break(self.raw, at..next).is_empty();
            if is_empty || next == body.end {
                if self.out.parts.len() >= PARTS_MAX || place.depth > DEPTH_MAX {
                    return self.ambiguous(AmbiguityKind::TooManyParts, &place.path);
                }
                number += 1;
                let place = Place {
                    path: place.path.child(number),
                    ..place.clone()
                };
                self.child(start..if is_empty { at } else { next }, place);
                start = next;
            }
            at = next;
        }
    }

    fn child(&mut self, range: Range<usize>, place: Place) {
        let end = range.end;
        let block = field::scan_as(self.reader, self.raw, range, self.fields_left);
        self.fields_left -= block.fields.len();
        if claims::is_no_part(self.raw, &block, end) {
            self.warn(WarningKind::EmptyPart, &place.path);
        } else if claims::cuts_header(self.raw, &block, end) {
            self.ambiguous(AmbiguityKind::CutHeader, &place.path);
        }
        self.entity(block, end, place);
    }

    fn multipart(&mut self, body: Range<usize>, boundary: Option<Vec<u8>>, place: Place) {
        let path = place.path.clone();
        let Some(boundary) = boundary.filter(|boundary| !boundary.is_empty()) else {
            return self.without_parts(body, None, &path);
        };
        if self.boundaries.contains(&boundary) {
            self.ambiguous(AmbiguityKind::BoundaryClash, &path);
        }
        let left = PARTS_MAX.saturating_sub(self.out.parts.len());
        let cuts = Delimiters::find(self.raw, body.clone(), &boundary, left, self.reader);
        if cuts.lines.is_empty() {
            return self.without_parts(body, Some(&boundary), &path);
        }
        if cuts.lookalike {
            self.ambiguous(AmbiguityKind::BoundaryClash, &path);
        }
        if cuts.after_close {
            self.ambiguous(AmbiguityKind::PartAfterClose, &path);
        }
        if cuts.quoted {
            self.warn(WarningKind::QuotedDelimiter, &path);
        }
        if cuts.odd_close {
            self.warn(WarningKind::OddClose, &path);
        }
        if self.judges && !cuts.closed && !cuts.too_many {
            match self.goes_on(&boundary, body.end) {
                true => self.ambiguous(AmbiguityKind::MissingClose, &path),
                false => self.warn(WarningKind::MissingClose, &path),
            }
        }
        self.boundaries.push(boundary);
        let inside = self.known.len();
        let mut too_many = cuts.too_many;
        for (number, range) in cuts.parts(self.raw, body.end).enumerate() {
            if self.out.parts.len() >= PARTS_MAX {
                too_many = true;
                break;
            }
            // At most PARTS_MAX children are listed, so their numbers fit.
            let path = path.child(number as u16 + 1);
            self.child(
                range,
                Place {
                    path,
                    ..place.clone()
                },
            );
        }
        self.known.extend(self.boundaries.pop());
        if self.judges {
            self.judge_longer(&cuts.longer, inside, &path);
        }
        if too_many {
            self.ambiguous(AmbiguityKind::TooManyParts, &path);
        }
    }

    /// Lines that begin like a delimiter and go on are the delimiters of a multipart inside, whose
    /// boundary some mailers make from the outer one; who cuts there finds the same parts.
    fn judge_longer(&mut self, longer: &[Range<usize>], inside: usize, path: &PartPath) {
        if longer.is_empty() {
            return;
        }
        let boundaries: HashSet<&[u8]> = self.known[inside..].iter().map(Vec::as_slice).collect();
        let is_delimiter = |line: &Range<usize>| {
            let text = self.raw[line.clone()].trim_ascii_end();
            let text = text.strip_prefix(b"--").unwrap_or(text);
            let open = text.strip_suffix(b"--");
            boundaries.contains(text) || open.is_some_and(|open| boundaries.contains(open))
        };
        match longer.iter().all(is_delimiter) {
            true => self.warn(WarningKind::LongerBoundary, path),
            false => self.ambiguous(AmbiguityKind::BoundaryClash, path),
        }
    }

    /// A multipart in which nothing cuts: a text, unless some reader guesses what should cut it.
    fn without_parts(&mut self, body: Range<usize>, boundary: Option<&[u8]>, path: &PartPath) {
        if !self.judges {
            return;
        }
        match claims::may_be_cut(&self.raw[body], boundary) {
            true => self.ambiguous(AmbiguityKind::MissingBoundary, path),
            false => self.warn(WarningKind::NoDelimiter, path),
        }
    }

    /// Whether a multipart that was left open may go on where ours ends: its boundary comes again.
    fn goes_on(&mut self, boundary: &[u8], end: usize) -> bool {
        self.unclosed += 1;
        if self.unclosed > UNCLOSED_MAX {
            return true;
        }
        work::looked_at(self.raw.len() - end);
        memmem::find(&self.raw[end..], boundary).is_some()
    }
}
