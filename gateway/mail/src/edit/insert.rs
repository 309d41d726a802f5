//! Text set into the letter's bodies, and taken out of them.
//!
//! It never writes into a signed or encrypted part, nor into an attachment.

use std::ops::Range;

use super::canvas::{Canvas, Change, Splice, Written};
use super::draft::Draft;
use super::marks::{self, Found, Pattern};
use super::outline::Spot;
use super::plain::Frame;
use super::targets::{self, Refusal};
use super::{Place, SkipReason, Skipped, outline, plain};
use crate::marking::guarded;
use crate::message::{Message, Part, PartPath, TransferEncoding, parameters};

/// The text of one edit.
#[derive(Clone, Copy)]
pub(crate) struct NewText<'a> {
    pub place: Place,
    pub plain: &'a str,
    pub html: &'a str,
    pub marker: &'a str,
}

impl NewText<'_> {
    /// The class that marks what we wrote in this slot.
    fn class(&self) -> String {
        let safe = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        format!(
            "sealgate-{}",
            self.marker.chars().filter(safe).collect::<String>()
        )
    }

    /// The element as it stands in HTML.
    pub fn element(&self, newline: &str) -> String {
        let (class, style, html) = (self.class(), guarded("block", &[]), self.html);
        let element = format!("<div class=\"sealgate {class}\" style=\"{style}\">{html}</div>");
        fold_html(&element)
            .replace("\r\n", "\n")
            .replace('\n', newline)
    }
}

/// Where a line of HTML is broken at the next blank.
const COLUMN_MAX: usize = 700;

/// Breaks lines that no mail line can hold, at blanks; controls are dropped.
fn fold_html(html: &str) -> String {
    let mut column = 0;
    let mut folded = String::with_capacity(html.len());
    for c in html
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
    {
        let breaks = c == ' ' && column > COLUMN_MAX;
        folded.push(if breaks { '\n' } else { c });
        column = if breaks || c == '\n' {
            0
        } else {
            column + c.len_utf8()
        };
    }
    folded
}

/// A change with its rank among those at one offset: text for the top goes above what came before.
struct Ranked {
    change: Change,
    rank: isize,
    class: String,
}

/// A body while it is written in.
struct Open<'m> {
    canvas: Canvas<'m>,
    insertions: Vec<Ranked>,
    /// Elements of ours that others take the place of.
    elements: Vec<Range<usize>>,
    /// Markings to be taken out.
    markings: Vec<Found>,
    /// Where a text stands already that the same list sets: it stays, whatever looks like it.
    kept: Vec<Range<usize>>,
}

/// All bodies that are written in.
#[derive(Default)]
pub(crate) struct Writer<'m> {
    open: Vec<Open<'m>>,
    count: isize,
}

impl<'m> Writer<'m> {
    /// Sets text into the letter, or says why it cannot be.
    pub fn insert(
        &mut self,
        message: &'m Message<'m>,
        new: NewText<'_>,
        skipped: &mut Vec<Skipped>,
    ) -> Result<(), Refusal> {
        let parts = targets::find(message, new.place)?;
        // All are opened before one is changed, so that a refusal changes nothing.
        let numbers = self.open_all(message, &parts)?;
        let mut texts = Vec::with_capacity(numbers.len());
        let mut spots = Vec::with_capacity(numbers.len());
        for number in &numbers {
            let canvas = &self.open[*number].canvas;
            let unwritable = || (canvas.part.path.clone(), SkipReason::Unwritable);
            texts.push(canvas.fit(new.plain).ok_or_else(unwritable)?);
            spots.push(match canvas.is_html() {
                true => outline::find(canvas.scan(), new.place).ok_or_else(unwritable)?,
                false => Spot {
                    offset: plain::spot(canvas.scan(), new.place),
                    closers: String::new(),
                },
            });
        }
        for ((number, plain), spot) in numbers.into_iter().zip(texts).zip(spots) {
            self.count += 1;
            let open = &mut self.open[number];
            if !open.insert(
                NewText {
                    plain: &plain,
                    ..new
                },
                spot,
                self.count,
            ) {
                let path = open.canvas.part.path.clone();
                skipped.push(Skipped {
                    path,
                    reason: SkipReason::AlreadyMarked,
                });
            }
        }
        Ok(())
    }

    /// Takes markings out of the letter's new text; what is quoted stays.
    pub fn remove(
        &mut self,
        message: &'m Message<'m>,
        patterns: &[Pattern],
    ) -> Result<(), Refusal> {
        let parts = letter_parts(message)?;
        for number in self.open_all(message, &parts)? {
            let open = &mut self.open[number];
            for found in patterns
                .iter()
                .flat_map(|pattern| marks::find(&open.canvas, pattern))
            {
                if !found.quoted {
                    open.markings.push(found);
                }
            }
        }
        Ok(())
    }

    fn open_all(
        &mut self,
        message: &'m Message<'m>,
        parts: &[&'m Part],
    ) -> Result<Vec<usize>, Refusal> {
        // One of two equal fields would be rewritten, and readers differ which one counts.
        let doubtful = |part: &Part| {
            ["content-type", "content-transfer-encoding"]
                .iter()
                .any(|name| {
                    let mut fields = part.fields.iter().filter(|f| message.is_named(f, name));
                    fields.nth(1).is_some()
                })
        };
        let mut numbers = Vec::new();
        for part in parts {
            let known = self
                .open
                .iter()
                .position(|open| open.canvas.part.path == part.path);
            if known.is_none() {
                if doubtful(part) {
                    return Err((part.path.clone(), SkipReason::Ambiguous));
                }
                let canvas =
                    Canvas::open(message, part).map_err(|reason| (part.path.clone(), reason))?;
                self.open.push(Open {
                    canvas,
                    insertions: Vec::new(),
                    elements: Vec::new(),
                    markings: Vec::new(),
                    kept: Vec::new(),
                });
            }
            numbers.push(known.unwrap_or(self.open.len() - 1));
        }
        Ok(numbers)
    }

    /// Forgets what was written in a part that is replaced or removed.
    pub fn forget(&mut self, path: &PartPath) {
        self.open.retain(|open| !path.holds(&open.canvas.part.path));
    }

    /// Whether text was set into this part or a part inside it.
    pub fn is_writing(&self, path: &PartPath) -> bool {
        self.open
            .iter()
            .any(|open| path.holds(&open.canvas.part.path))
    }

    /// Puts all changes into the draft; `root_fields` are what the root's header must now say.
    pub fn finish(self, draft: &mut Draft<'m>, root_fields: &mut Vec<(&'static str, Vec<u8>)>) {
        for open in self.open {
            let changes = open.changes();
            if changes.is_empty() {
                continue;
            }
            let part = open.canvas.part;
            let written = open.canvas.write(&changes);
            let fields = new_fields(draft.message, part, &written);
            if part.path.is_root() {
                root_fields.extend(fields);
            } else {
                draft
                    .splices
                    .extend(header_splices(draft.message, part, fields));
            }
            draft.splices.extend(written.splices);
            draft.touched.push(part.path.clone());
        }
    }
}

/// Every part that a marking may stand in.
fn letter_parts<'m>(message: &'m Message<'_>) -> Result<Vec<&'m Part>, Refusal> {
    let mut parts = targets::find(message, Place::Top)?;
    for part in targets::find(message, Place::Bottom)? {
        if !parts.iter().any(|known| known.path == part.path) {
            parts.push(part);
        }
    }
    Ok(parts)
}

/// Those of the patterns that stand in the letter's new text, and that [`super::Edit::RemoveText`]
/// would therefore take out.
pub fn standing(message: &Message<'_>, patterns: Vec<Pattern>) -> Vec<Pattern> {
    if patterns.is_empty() {
        return patterns;
    }
    let parts = letter_parts(message).unwrap_or_default();
    let canvases = parts.into_iter().map(|part| Canvas::open(message, part));
    let canvases: Vec<Canvas<'_>> = canvases.filter_map(Result::ok).collect();
    let stands = |pattern: &Pattern| {
        let mut found = canvases
            .iter()
            .flat_map(|canvas| marks::find(canvas, pattern));
        found.any(|found| !found.quoted)
    };
    patterns.into_iter().filter(stands).collect()
}

/// The first line of the letter's new text for which the function has an answer. Lines are as they
/// are seen: blanks between words are single, and HTML is text.
pub fn find_in_new_text<T>(
    message: &Message<'_>,
    mut read: impl FnMut(&str) -> Option<T>,
) -> Option<T> {
    let parts = letter_parts(message).unwrap_or_default().into_iter();
    let canvases = parts.filter_map(|part| Canvas::open(message, part).ok());
    let mut lines = canvases.flat_map(|canvas| marks::new_lines(&canvas).collect::<Vec<_>>());
    lines.find_map(|line| read(&line))
}

impl Open<'_> {
    /// Returns whether the text was set; it is not when it stands there already.
    fn insert(&mut self, new: NewText<'_>, spot: Spot, count: isize) -> bool {
        let canvas = &self.canvas;
        let shown = match canvas.is_html() {
            true => marks::shown_text(new.html),
            false => marks::unquoted_text(new.plain),
        };
        let written = match canvas.is_html() {
            true => new.html,
            false => new.plain,
        };
        // Its variables stood for nothing, and it held nothing else.
        if written.trim().is_empty() {
            return true;
        }
        let present = marks::find(canvas, &Pattern::exact(&shown));
        if !present.is_empty() {
            let mut own = present.into_iter().filter(|found| !found.quoted);
            let stays = match new.place {
                Place::Top => own.next(),
                Place::Bottom | Place::AboveQuote => own.last(),
            };
            self.kept
                .extend(stays.into_iter().flat_map(|found| found.ranges));
            return false;
        }
        let class = new.class();
        let (offset, text) = if canvas.is_html() {
            self.elements.extend(marks::own_elements(canvas, &class));
            let newline = canvas.newline();
            let element = new.element(newline);
            let before = &canvas.scan()[..spot.offset];
            let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
            // The old line and the new one together may be too long for mail.
            let long = column + spot.closers.len() > COLUMN_MAX - 100;
            let joint = if long { newline } else { "" };
            (
                spot.offset,
                format!("{joint}{}{element}{newline}", spot.closers),
            )
        } else {
            let body = canvas.scan();
            let flowed = canvas.part.parameter("format");
            let flowed = flowed.is_some_and(|format| format.eq_ignore_ascii_case("flowed"));
            let top = new.place == Place::Top;
            let frame = Frame {
                newline: canvas.newline(),
                flowed,
                top,
            };
            (spot.offset, frame.set(body, spot.offset, new.plain))
        };
        // The last text for a slot is the one that stands.
        self.insertions.retain(|earlier| earlier.class != class);
        let rank = if new.place == Place::Top {
            -count
        } else {
            count
        };
        let change = Change {
            range: offset..offset,
            text,
        };
        self.insertions.push(Ranked {
            change,
            rank,
            class,
        });
        true
    }

    /// What is taken out, in order.
    fn removals(&self) -> Vec<Range<usize>> {
        let stays = |range: &Range<usize>| {
            let mut kept = self.kept.iter();
            kept.any(|kept| kept.start < range.end && range.start < kept.end)
        };
        let gone = |found: &&Found| !found.ranges.iter().any(stays);
        let markings = self.markings.iter().filter(gone);
        let ranges = markings.flat_map(|found| &found.ranges);
        let elements = self.elements.iter().filter(|element| !stays(element));
        let mut removals: Vec<Range<usize>> = ranges.chain(elements).cloned().collect();
        removals.sort_by_key(|range| range.start);
        removals
    }

    /// In order, without overlap: removals joined, insertions moved out of them.
    fn changes(&self) -> Vec<Change> {
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in self.removals() {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        let mut changes: Vec<(usize, isize, Change)> = Vec::new();
        for ranked in &self.insertions {
            let offset = ranked.change.range.start;
            let inside = joined
                .iter()
                .find(|gone| gone.start < offset && offset < gone.end);
            let offset = inside.map_or(offset, |gone| gone.end);
            let change = Change {
                range: offset..offset,
                text: ranked.change.text.clone(),
            };
            changes.push((offset, ranked.rank, change));
        }
        for range in joined {
            changes.push((
                range.start,
                isize::MAX,
                Change {
                    range,
                    text: String::new(),
                },
            ));
        }
        changes.sort_by_key(|(offset, rank, _)| (*offset, *rank));
        changes.into_iter().map(|(_, _, change)| change).collect()
    }
}

/// The fields that must change with the body: charset, transfer encoding.
fn new_fields(
    message: &Message<'_>,
    part: &Part,
    written: &Written,
) -> Vec<(&'static str, Vec<u8>)> {
    let line_break = message.line_break();
    let mut fields = Vec::new();
    if written.widened {
        let named = part
            .fields
            .iter()
            .find(|field| message.is_named(field, "content-type"));
        let value = named.map(|field| message.field_value(field));
        let value = value
            .filter(|value| value.contains(&b'/'))
            .unwrap_or(b"text/plain");
        let value = parameters::replace(value, "charset", "utf-8");
        fields.push((
            "Content-Type",
            [b"Content-Type: ", &value[..], line_break].concat(),
        ));
    }
    if let Some(encoding) = written.encoding {
        let word = match encoding {
            TransferEncoding::Base64 => "base64",
            TransferEncoding::EightBit => "8bit",
            _ => "quoted-printable",
        };
        let line = format!("Content-Transfer-Encoding: {word}");
        fields.push((
            "Content-Transfer-Encoding",
            [line.as_bytes(), line_break].concat(),
        ));
    }
    fields
}

/// Changes of a part's header that is not the message's.
fn header_splices(
    message: &Message<'_>,
    part: &Part,
    fields: Vec<(&'static str, Vec<u8>)>,
) -> Vec<Splice> {
    let mut splices = Vec::new();
    let mut added = Vec::new();
    for (name, bytes) in fields {
        match part
            .fields
            .iter()
            .find(|field| message.is_named(field, name))
        {
            Some(field) => splices.push(Splice {
                range: field.range.clone(),
                bytes,
            }),
            None => added.extend(bytes),
        }
    }
    // A header that its delimiter cut off: the body that begins now needs an empty line before it.
    if part.header.end == part.body.start {
        let rewritten = splices
            .iter()
            .any(|splice| splice.range.end == part.header.end);
        let header = &message.raw()[part.header.clone()];
        if !header.is_empty() && !header.ends_with(b"\n") && !rewritten {
            added.splice(0..0, message.line_break().iter().copied());
        }
        added.extend_from_slice(message.line_break());
    }
    if !added.is_empty() {
        let end = part.header.end;
        splices.push(Splice {
            range: end..end,
            bytes: added,
        });
    }
    splices
}
