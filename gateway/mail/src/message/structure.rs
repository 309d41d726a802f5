//! The tree of parts, found by header fields and boundaries.
//!
//! It never looks into encoded bodies, and never goes deeper or wider than the limits here.

use std::ops::Range;

use memchr::memmem;

use super::field::{self, Block, FIELDS_MAX, without_line_break};
use super::parameters::Parameterised;
use super::part::{Disposition, Part, PartPath, Shield};
use super::transfer::TransferEncoding;
use super::{Warning, WarningKind, words};
use crate::ambiguity::{Ambiguity, AmbiguityKind};

/// How deep parts may nest before the message is ambiguous and what is deeper stays opaque.
pub const DEPTH_MAX: usize = 20;
/// How many parts a message may have before it is ambiguous and the rest stays opaque.
pub const PARTS_MAX: usize = 1_000;

/// All that is known of the inside of a message.
#[derive(Debug)]
pub(crate) struct Structure {
    pub parts: Vec<Part>,
    pub ambiguities: Vec<Ambiguity>,
    pub warnings: Vec<Warning>,
}

/// What a part takes over from where it stands.
#[derive(Clone)]
struct Place {
    path: PartPath,
    parent: Option<usize>,
    depth: usize,
    default_type: &'static str,
    shield: Shield,
    inside_message: bool,
}

struct Scanner<'raw> {
    raw: &'raw [u8],
    fields_left: usize,
    boundaries: Vec<Vec<u8>>,
    out: Structure,
}

/// Scans the whole message, whose own header block is known already.
pub(crate) fn scan(raw: &[u8], top: Block) -> Structure {
    let out = Structure {
        parts: Vec::new(),
        ambiguities: Vec::new(),
        warnings: Vec::new(),
    };
    let fields_left = FIELDS_MAX.saturating_sub(top.fields.len());
    let mut scanner = Scanner {
        raw,
        fields_left,
        boundaries: Vec::new(),
        out,
    };
    let place = Place {
        path: PartPath::root(),
        parent: None,
        depth: 0,
        default_type: "text/plain",
        shield: Shield::None,
        inside_message: false,
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
        self.judge_header(&block, &place.path);
        let index = self.out.parts.len();
        let part = self.describe(block, end, &place, index);
        let body = part.body.clone();
        let boundary = part
            .parameter("boundary")
            .map(|b| b.trim_end().as_bytes().to_vec());
        let place = Place {
            parent: Some(index),
            depth: place.depth + 1,
            shield: part.shield,
            ..place
        };
        let (is_multipart, is_message) = (part.is_multipart(), part.is_message());
        let identity = part.encoding.is_identity();
        let digest = part.media_type == "multipart/digest";
        self.out.parts.push(part);
        if !is_multipart && !is_message {
            return;
        }
        if !identity {
            self.ambiguous(AmbiguityKind::EncodedContainer, &place.path);
        }
        if place.depth > DEPTH_MAX {
            self.ambiguous(AmbiguityKind::TooDeep, &place.path);
        } else if is_multipart {
            let default_type = if digest {
                "message/rfc822"
            } else {
                "text/plain"
            };
            self.multipart(
                body,
                boundary,
                Place {
                    default_type,
                    ..place
                },
            );
        } else if identity {
            let path = place.path.child(1);
            let place = Place {
                path,
                default_type: "text/plain",
                inside_message: true,
                ..place
            };
            self.child(body, place);
        }
    }

    fn child(&mut self, range: Range<usize>, place: Place) {
        let end = range.end;
        let block = field::scan(self.raw, range, self.fields_left);
        self.fields_left -= block.fields.len();
        if cuts_header(self.raw, &block, end) {
            self.ambiguous(AmbiguityKind::CutHeader, &place.path);
        }
        self.entity(block, end, place);
    }

    fn multipart(&mut self, body: Range<usize>, boundary: Option<Vec<u8>>, place: Place) {
        let path = place.path.clone();
        let Some(boundary) = boundary.filter(|boundary| !boundary.is_empty()) else {
            return self.ambiguous(AmbiguityKind::MissingBoundary, &path);
        };
        let clashes = |open: &Vec<u8>| open.starts_with(&boundary) || boundary.starts_with(open);
        if self.boundaries.iter().any(clashes) {
            self.ambiguous(AmbiguityKind::BoundaryClash, &path);
        }
        let left = PARTS_MAX.saturating_sub(self.out.parts.len());
        let cuts = Delimiters::find(self.raw, body.clone(), &boundary, left);
        if cuts.lines.is_empty() {
            return self.ambiguous(AmbiguityKind::MissingBoundary, &path);
        }
        if cuts.lookalike {
            self.ambiguous(AmbiguityKind::BoundaryClash, &path);
        }
        if cuts.after_close {
            self.ambiguous(AmbiguityKind::PartAfterClose, &path);
        }
        if !cuts.closed && !cuts.too_many {
            // At the root it is a cut-off end; inside, readers differ about what follows.
            match path.is_root() {
                true => self.warn(WarningKind::MissingClose, &path),
                false => self.ambiguous(AmbiguityKind::MissingClose, &path),
            }
        }
        self.boundaries.push(boundary);
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
        self.boundaries.pop();
        if too_many {
            self.ambiguous(AmbiguityKind::TooManyParts, &path);
        }
    }

    fn judge_header(&mut self, block: &Block, path: &PartPath) {
        let odd = block.oddities;
        if odd.too_many {
            self.ambiguous(AmbiguityKind::TooManyFields, path);
        }
        if odd.no_empty_line {
            self.ambiguous(AmbiguityKind::OddHeaderLine, path);
        }
        if odd.orphan_fold {
            self.warn(WarningKind::OrphanFold, path);
        }
        if odd.blank_before_colon {
            self.ambiguous(AmbiguityKind::BlankBeforeColon, path);
        }
        let duplicates = [
            ("content-type", AmbiguityKind::DuplicateContentType),
            (
                "content-transfer-encoding",
                AmbiguityKind::DuplicateTransferEncoding,
            ),
            ("content-disposition", AmbiguityKind::DuplicateDisposition),
        ];
        for (name, kind) in duplicates {
            let is_named = |field: &&field::Field| {
                self.raw[field.name.clone()].eq_ignore_ascii_case(name.as_bytes())
            };
            if block.fields.iter().filter(is_named).nth(1).is_some() {
                self.ambiguous(kind, path);
            }
        }
    }

    fn describe(&mut self, block: Block, end: usize, place: &Place, index: usize) -> Part {
        let raw = self.raw;
        let value = |name: &str| {
            let named = |field: &&field::Field| {
                raw[field.name.clone()].eq_ignore_ascii_case(name.as_bytes())
            };
            block
                .fields
                .iter()
                .find(named)
                .map(|field| &raw[field.value.clone()])
        };
        let kind = Parameterised::parse(value("content-type").unwrap_or_default());
        let shown = Parameterised::parse(value("content-disposition").unwrap_or_default());
        let encoding = value("content-transfer-encoding").unwrap_or_default();
        let encoding = words::decode(encoding);
        let content_id = value("content-id").map(words::decode);
        self.judge_parameters(&kind, &shown, &encoding, &place.path);
        let media_type = match kind.value.split_once('/') {
            Some((main, sub)) if !main.is_empty() && !sub.is_empty() => kind.value.clone(),
            _ => place.default_type.to_owned(),
        };
        if is_odd_type(value("content-type").unwrap_or_default(), &kind) {
            self.ambiguous(AmbiguityKind::OddContentType, &place.path);
        }
        let file_names = file_names(&kind, &shown);
        if file_names.len() > 1 {
            self.ambiguous(AmbiguityKind::SeveralFileNames, &place.path);
        }
        let shield = shield(&media_type, &kind, place.shield);
        let body = block.body.min(end)..end;
        Part {
            path: place.path.clone(),
            fields: block.fields,
            header: block.range,
            body,
            media_type,
            parameters: kind.parameters,
            encoding: TransferEncoding::parse(&encoding),
            disposition: disposition(&shown.value),
            shield,
            file_names,
            content_id: content_id.map(|id| id.trim_matches(['<', '>', ' ']).to_owned()),
            index,
            parent: place.parent,
            inside_message: place.inside_message,
        }
    }

    fn judge_parameters(
        &mut self,
        kind: &Parameterised,
        shown: &Parameterised,
        encoding: &str,
        path: &PartPath,
    ) {
        if kind.too_many || shown.too_many {
            self.ambiguous(AmbiguityKind::TooManyParameters, path);
        }
        if kind.folds_quoted || shown.folds_quoted {
            self.ambiguous(AmbiguityKind::FoldedParameter, path);
        }
        if kind.all("boundary").nth(1).is_some() {
            self.ambiguous(AmbiguityKind::DuplicateBoundary, path);
        }
        if kind.all("charset").nth(1).is_some() {
            self.warn(WarningKind::DuplicateCharset, path);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !encoding.bytes().all(plain) {
            self.ambiguous(AmbiguityKind::OddTransferEncoding, path);
        } else if TransferEncoding::parse(encoding) == TransferEncoding::Unknown {
            self.ambiguous(AmbiguityKind::UnknownTransferEncoding, path);
        }
    }
}

/// Whether a header runs into the delimiter after it, without so much as an empty body between.
fn cuts_header(raw: &[u8], block: &Block, end: usize) -> bool {
    let header = &raw[block.range.clone()];
    match header {
        _ if block.range.end < end || end == raw.len() => false,
        [] => raw[end..].starts_with(b"--"),
        header => !header.ends_with(b"\n"),
    }
}

/// Whether a type that may hold parts is written so that some readers find it and others do not:
/// in quotes, as an encoded word, or without its second half.
fn is_odd_type(raw: &[u8], kind: &Parameterised) -> bool {
    let token = |word: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !word.is_empty() && word.bytes().all(plain)
    };
    let is_type = kind
        .value
        .split_once('/')
        .is_some_and(|(main, sub)| token(main) && token(sub));
    let lower = raw.to_ascii_lowercase();
    let may_hold_parts = ["multipart", "message", "=?"]
        .iter()
        .any(|word| memmem::find(&lower, word.as_bytes()).is_some());
    !is_type && may_hold_parts
}

fn disposition(word: &str) -> Disposition {
    match word {
        "" => Disposition::Unstated,
        "inline" => Disposition::Inline,
        _ => Disposition::Attachment,
    }
}

fn shield(media_type: &str, kind: &Parameterised, outer: Shield) -> Shield {
    match media_type {
        _ if outer != Shield::None => outer,
        "multipart/signed" => Shield::Signed,
        "multipart/encrypted" => Shield::Encrypted,
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => match kind.get("smime-type") {
            Some("signed-data" | "certs-only") => Shield::Signed,
            _ => Shield::Encrypted,
        },
        _ => Shield::None,
    }
}

fn file_names(kind: &Parameterised, shown: &Parameterised) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let first = [shown.get("filename"), kind.get("name")]
        .into_iter()
        .flatten();
    let rest = shown
        .all("filename")
        .chain(kind.all("name"))
        .map(|p| p.value.as_str());
    for name in first.chain(rest) {
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The lines that cut a multipart body into parts.
struct Delimiters {
    lines: Vec<Range<usize>>,
    close_start: Option<usize>,
    closed: bool,
    after_close: bool,
    lookalike: bool,
    too_many: bool,
}

impl Delimiters {
    /// RFC 2046 §5.1.1: a delimiter is at the start of a line, `--` and the boundary, then only
    /// blanks; a closing one has `--` before the blanks.
    fn find(raw: &[u8], body: Range<usize>, boundary: &[u8], parts_max: usize) -> Self {
        let needle = [b"--", boundary].concat();
        let mut found = Self {
            lines: Vec::new(),
            close_start: None,
            closed: false,
            after_close: false,
            lookalike: false,
            too_many: false,
        };
        for at in memmem::find_iter(&raw[body.clone()], &needle) {
            let start = body.start + at;
            // Some readers take it for a delimiter even in the middle of a line.
            if start > body.start && raw[start - 1] != b'\n' {
                found.lookalike = true;
                continue;
            }
            let after = start + needle.len();
            let next =
                memchr::memchr(b'\n', &raw[after..body.end]).map_or(body.end, |n| after + n + 1);
            let rest = &raw[without_line_break(raw, after..next)];
            let blank = |bytes: &[u8]| bytes.iter().all(|byte| matches!(byte, b' ' | b'\t'));
            let closes = rest.strip_prefix(b"--").is_some_and(blank);
            match () {
                () if !closes && !blank(rest) => found.lookalike = true,
                () if found.closed => found.after_close = true,
                () if closes => {
                    found.closed = true;
                    found.close_start = Some(start);
                }
                () if found.lines.len() > parts_max => {
                    found.too_many = true;
                    break;
                }
                () => found.lines.push(start..next),
            }
        }
        found
    }

    /// The range of each part, without the line break before the next delimiter.
    fn parts<'a>(&'a self, raw: &'a [u8], end: usize) -> impl Iterator<Item = Range<usize>> + 'a {
        let last = self.close_start.unwrap_or(end);
        let ends = self
            .lines
            .iter()
            .skip(1)
            .map(|line| line.start)
            .chain([last]);
        let closed = self.closed;
        self.lines.iter().zip(ends).map(move |(line, next)| {
            let start = line.end;
            if next == end && !closed {
                return start.min(next)..next;
            }
            let end = without_line_break(raw, start.min(next)..next).end;
            start.min(end)..end
        })
    }
}
