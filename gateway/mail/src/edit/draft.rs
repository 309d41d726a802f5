//! A message while it is edited: its header plan, its body as splices, and what must stay equal.
//!
//! It never touches the old bytes; it writes the new message once, at the end.

use std::collections::HashMap;

use super::canvas::Splice;
use super::header::HeaderPlan;
use super::{EditError, SkipReason};
use crate::message::{Message, Part, PartPath, decode, outline};

/// How every boundary of ours begins.
const BOUNDARY: &[u8] = b"=_sealgate_";

/// How the tree of parts changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As it was.
    Same,
    /// The root became the first child of a new root.
    Nested,
    /// The root became the message inside the second child of a new root.
    Wrapped,
}

/// A message while it is edited.
pub(crate) struct Draft<'m> {
    pub message: &'m Message<'m>,
    pub header: HeaderPlan<'m>,
    pub splices: Vec<Splice>,
    pub shape: Shape,
    /// Parts whose content changed.
    pub touched: Vec<PartPath>,
    /// Parts that are gone, with all inside them.
    pub removed: Vec<PartPath>,
    /// Parts in whose place something else stands.
    pub replaced: Vec<PartPath>,
    /// Leaves that hold other content under the same header.
    pub refilled: Vec<(PartPath, &'m [u8])>,
    /// Parts inside those that were added.
    pub added_inside: usize,
    /// Children put before the root's first.
    pub added_first: usize,
    /// Children put after the root's last.
    pub added_last: usize,
}

impl<'m> Draft<'m> {
    /// Nothing has changed yet.
    pub fn new(message: &'m Message<'m>) -> Self {
        Self {
            message,
            header: HeaderPlan::new(message),
            splices: Vec::new(),
            shape: Shape::Same,
            touched: Vec::new(),
            removed: Vec::new(),
            replaced: Vec::new(),
            refilled: Vec::new(),
            added_inside: 0,
            added_first: 0,
            added_last: 0,
        }
    }

    /// Whether any byte after the header changes.
    pub fn changes_body(&self) -> bool {
        !self.splices.is_empty()
    }

    /// Writes the new message in one copy and checks it.
    pub fn write(mut self) -> Result<Vec<u8>, EditError> {
        let raw = self.message.raw();
        self.order()?;
        let added: usize = self.splices.iter().map(|splice| splice.bytes.len()).sum();
        let mut out = Vec::with_capacity(raw.len() + added + 4096);
        self.header.write(&mut out, self.changes_body());
        let body_start = out.len();
        self.write_body(&mut out);
        if self.changes_body() {
            self.check(&out, body_start)?;
        }
        Ok(out)
    }

    /// The body alone, as a milter replaces it.
    pub fn body(&mut self) -> Result<Vec<u8>, EditError> {
        self.order()?;
        let mut out = Vec::with_capacity(self.message.raw().len());
        self.write_body(&mut out);
        Ok(out)
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        let raw = self.message.raw();
        let mut at = self.message.body_start();
        for splice in &self.splices {
            out.extend_from_slice(&raw[at..splice.range.start]);
            out.extend_from_slice(&splice.bytes);
            at = splice.range.end;
        }
        out.extend_from_slice(&raw[at..]);
    }

    fn order(&mut self) -> Result<(), EditError> {
        self.splices
            .sort_by_key(|splice| (splice.range.start, splice.range.end));
        let overlap = self
            .splices
            .windows(2)
            .any(|two| two[0].range.end > two[1].range.start);
        if overlap {
            Err(EditError::Conflict)
        } else {
            Ok(())
        }
    }

    /// Every part that no edit was about must be there again, byte for byte, and no other.
    fn check(&self, new: &[u8], body_start: usize) -> Result<(), EditError> {
        if self.shape == Shape::Wrapped {
            return self.check_wrapped(new, body_start);
        }
        let after = outline(new);
        let parts = self.message.parts();
        let is_gone = |part: &&Part| {
            self.removed
                .iter()
                .chain(&self.replaced)
                .any(|gone| gone.holds(&part.path))
        };
        let kept = parts.iter().filter(|part| !is_gone(part));
        let added = self.added_first + self.added_inside + self.added_last + self.replaced.len();
        let added = added + usize::from(self.shape == Shape::Nested);
        let by_path: HashMap<&PartPath, &Part> =
            after.iter().map(|part| (&part.path, part)).collect();
        let mut count = added;
        for part in kept {
            count += 1;
            let path = self.path_after(&part.path);
            let same = by_path
                .get(&path)
                .is_some_and(|now| self.is_same(part, new, now));
            if !same {
                return Err(EditError::Damaged(part.path.clone()));
            }
        }
        match count == after.len() {
            true => Ok(()),
            false => Err(EditError::Damaged(PartPath::root())),
        }
    }

    fn is_same(&self, part: &Part, new: &[u8], now: &Part) -> bool {
        let touched = self.touched.contains(&part.path);
        if part.is_multipart() || part.is_message() {
            return touched
                || (now.media_type == part.media_type
                    && now.parameter("boundary") == part.parameter("boundary"));
        }
        if touched {
            return now.media_type == part.media_type;
        }
        let header_stays = !part.path.is_root();
        let header = &self.message.raw()[part.header.clone()];
        let body = &new[now.body.clone()];
        let refilled = self.refilled.iter().find(|(path, _)| *path == part.path);
        let holds = match refilled {
            Some((_, content)) => *decode(now.encoding, body) == **content,
            None => self.message.body_raw(part) == body,
        };
        holds
            && now.media_type == part.media_type
            && now.encoding == part.encoding
            && (!header_stays || *header == new[now.header.clone()])
    }

    /// The original body must stand in the wrapper as it was.
    fn check_wrapped(&self, new: &[u8], body_start: usize) -> Result<(), EditError> {
        let original = &self.message.raw()[self.message.body_start()..];
        let stands = self.splices.first().is_some_and(|splice| {
            new.get(body_start + splice.bytes.len()..)
                .is_some_and(|rest| rest.starts_with(original))
        });
        if stands {
            Ok(())
        } else {
            Err(EditError::Damaged(PartPath::root()))
        }
    }

    /// Where a part that stays will stand.
    fn path_after(&self, path: &PartPath) -> PartPath {
        let mut now = match self.shape {
            Shape::Nested => PartPath::root().child(1),
            _ => PartPath::root(),
        };
        let mut before = PartPath::root();
        for (depth, number) in path.numbers().iter().enumerate() {
            let gone = |gone: &&PartPath| {
                let numbers = gone.numbers();
                numbers.len() == depth + 1
                    && numbers[..depth] == *before.numbers()
                    && numbers[depth] < *number
            };
            let gone = self.removed.iter().filter(gone).count();
            let first = if depth == 0 && self.shape == Shape::Same {
                self.added_first
            } else {
                0
            };
            // Both counts are bounded by the number of parts.
            now = now.child(number + first as u16 - gone as u16);
            before = before.child(*number);
        }
        now
    }

    /// Boundaries that occur nowhere in the message: one for a new root, one for our texts. Their
    /// number is above every one that stands there, found in one pass.
    pub fn boundaries(&self) -> (String, String) {
        const DIGITS_MAX: usize = 15;
        let raw = self.message.raw();
        let ours = memchr::memmem::find_iter(raw, BOUNDARY).map(|at| &raw[at + BOUNDARY.len()..]);
        let numbers = ours.map(|rest| {
            let digits = rest
                .strip_prefix(b"text_")
                .unwrap_or(rest)
                .iter()
                .take(DIGITS_MAX);
            let digits = digits.map_while(|byte| (*byte as char).to_digit(16));
            digits.fold(0u64, |number, digit| number << 4 | u64::from(digit)) + 1
        });
        let number = numbers.max().unwrap_or(0);
        (
            format!("=_sealgate_{number:x}"),
            format!("=_sealgate_text_{number:x}"),
        )
    }
}

/// Refuses a change of the tree where the tree was not read to its end.
pub(crate) fn require_whole_tree(message: &Message<'_>) -> Result<(), SkipReason> {
    use crate::ambiguity::AmbiguityKind::{BoundaryClash, MissingBoundary, TooDeep, TooManyParts};
    let broken = |ambiguity: &crate::ambiguity::Ambiguity| {
        matches!(
            ambiguity.kind,
            TooDeep | TooManyParts | MissingBoundary | BoundaryClash
        )
    };
    use crate::message::WarningKind::{FoldedBoundary, NoDelimiter};
    let uncut =
        |warning: &crate::message::Warning| matches!(warning.kind, NoDelimiter | FoldedBoundary);
    let is_broken =
        message.structure_ambiguities().iter().any(broken) || message.warnings().iter().any(uncut);
    match is_broken {
        true => Err(SkipReason::Ambiguous),
        false => Ok(()),
    }
}
