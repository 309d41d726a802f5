//! Text set into the letter's bodies, and taken out of them.
//!
//! It never writes into a signed or encrypted part, nor into an attachment.

use super::body::{self, Body};
use super::canvas::{Canvas, Splice, Written};
use super::draft::Draft;
use super::marks::Sheet;
use super::pattern::Pattern;
use super::targets::{self, Refusal};
use super::{Place, SkipReason, Skipped};
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
    pub fn class(&self) -> String {
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
pub(crate) const COLUMN_MAX: usize = 700;

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

/// All bodies that are written in.
#[derive(Default)]
pub(crate) struct Writer<'m> {
    open: Vec<Body<'m>>,
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
            let canvas = &self.open[*number].sheet.canvas;
            let unwritable = || (canvas.part.path.clone(), SkipReason::Unwritable);
            let plain = canvas.fit(new.plain).ok_or_else(unwritable)?;
            let shown = if canvas.is_html() { new.html } else { &plain };
            if canvas.would_harm(shown) {
                return Err((canvas.part.path.clone(), SkipReason::Ambiguous));
            }
            texts.push(plain.into_owned());
            let spot = body::spot(canvas.is_html(), canvas.words(), new.place);
            spots.push(spot.ok_or_else(unwritable)?);
        }
        for ((number, plain), spot) in numbers.into_iter().zip(texts).zip(spots) {
            self.count += 1;
            let open = &mut self.open[number];
            let plain = plain.as_str();
            if !open.insert(NewText { plain, ..new }, spot, self.count) {
                skipped.push(Skipped {
                    path: open.sheet.canvas.part.path.clone(),
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
        let (mut opened, mut refused) = (false, None);
        // A part in which nothing may be written does not keep a marking in another.
        for part in letter_parts(message)? {
            match self.open_all(message, &[part]) {
                Ok(numbers) => {
                    opened = true;
                    let remove = |number: usize| self.open[number].remove(patterns);
                    numbers.into_iter().for_each(remove);
                }
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        match refused.filter(|_| !opened) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
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
                .position(|open| open.sheet.canvas.part.path == part.path);
            if known.is_none() {
                if doubtful(part) {
                    return Err((part.path.clone(), SkipReason::Ambiguous));
                }
                let canvas =
                    Canvas::open(message, part).map_err(|reason| (part.path.clone(), reason))?;
                // Whatever is done to it writes it anew: in a charset that is only read decoded.
                if canvas.would_harm("") {
                    return Err((part.path.clone(), SkipReason::Ambiguous));
                }
                self.open.push(Body::new(canvas));
            }
            numbers.push(known.unwrap_or(self.open.len() - 1));
        }
        Ok(numbers)
    }

    /// Forgets what was written in a part that is replaced or removed.
    pub fn forget(&mut self, path: &PartPath) {
        self.open
            .retain(|open| !path.holds(&open.sheet.canvas.part.path));
    }

    /// Whether text was set into this part or a part inside it.
    pub fn is_writing(&self, path: &PartPath) -> bool {
        self.open
            .iter()
            .any(|open| path.holds(&open.sheet.canvas.part.path))
    }

    /// Puts all changes into the draft; `root_fields` are what the root's header must now say.
    pub fn finish(self, draft: &mut Draft<'m>, root_fields: &mut Vec<(&'static str, Vec<u8>)>) {
        for open in self.open {
            let changes = open.changes();
            if changes.is_empty() {
                continue;
            }
            let part = open.sheet.canvas.part;
            let written = open.sheet.canvas.write(&changes);
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

/// The letter's new text, opened once for many questions.
pub struct Letter<'m> {
    sheets: Vec<Sheet<'m>>,
}

impl<'m> Letter<'m> {
    /// Opens every body that a marking may be taken out of.
    pub fn open(message: &'m Message<'m>) -> Self {
        let parts = letter_parts(message).unwrap_or_default();
        let canvases = parts.into_iter().map(|part| Canvas::open(message, part));
        let sheets = canvases.flatten().map(Sheet::new).collect();
        Self { sheets }
    }

    /// Whether the pattern stands in it, so that [`super::Edit::RemoveText`] would take it out.
    pub fn holds(&self, pattern: &Pattern) -> bool {
        let mut found = self.sheets.iter().flat_map(|sheet| sheet.find(pattern));
        found.any(|found| !found.quoted)
    }
}

/// The first line of the letter's new text for which the function has an answer. Lines are as they
/// are seen: blanks between words are single, and HTML is text.
pub fn find_in_new_text<T>(
    message: &Message<'_>,
    mut read: impl FnMut(&str) -> Option<T>,
) -> Option<T> {
    let parts = letter_parts(message).unwrap_or_default().into_iter();
    let canvases = parts.filter_map(|part| Canvas::open(message, part).ok());
    let mut sheets = canvases.map(Sheet::new);
    sheets.find_map(|sheet| sheet.new_lines().find_map(&mut read))
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
