//! The lines that cut a multipart body into parts.
//!
//! It never decides whether a multipart is sound: it says what it found.

use std::ops::Range;

use memchr::memmem;

use super::field::without_line_break;
use super::reader::Reader;
use super::structure::PARTS_MAX;
use crate::work;

/// Within how many bytes from the start of its line the `>` of a quotation must stand.
const QUOTE_INDENT_MAX: usize = 8;

/// How many lines that begin like a delimiter and go on are kept.
const LONGER_MAX: usize = 2 * PARTS_MAX;

/// The lines that cut a multipart body into parts.
#[derive(Default)]
pub(super) struct Delimiters {
    pub lines: Vec<Range<usize>>,
    close_start: Option<usize>,
    pub closed: bool,
    pub after_close: bool,
    pub lookalike: bool,
    /// Lines that begin like a delimiter and go on: those of another boundary, perhaps. More than
    /// two for each part there may be ([`LONGER_MAX`]) are no such lines.
    pub longer: Vec<Range<usize>>,
    /// One stands in a line that begins with `>`, as in a quoted message.
    pub quoted: bool,
    /// It was closed twice, or the close is cut off: all read the same parts.
    pub odd_close: bool,
    pub too_many: bool,
}

impl Delimiters {
    /// RFC 2046 §5.1.1: a delimiter is at the start of a line, `--` and the boundary, then only
    /// blanks; a closing one has `--` before the blanks.
    ///
    /// A greedy reader takes every line that begins so for a delimiter, the closing one as well.
    pub fn find(
        raw: &[u8],
        body: Range<usize>,
        boundary: &[u8],
        parts_max: usize,
        reader: Reader,
    ) -> Self {
        let needle = [b"--", boundary].concat();
        let mut found = Self::default();
        let (mut line_start, mut searched, mut line_end) = (body.start, body.start, body.start);
        work::looked_at(body.len());
        for at in memmem::find_iter(&raw[body.clone()], &needle) {
            let (start, after) = (body.start + at, body.start + at + needle.len());
            let begins = start == body.start || raw[start - 1] == b'\n';
            if begins && found.has_enough_of(&raw[after..body.end], reader) {
                found.lookalike = true;
                (line_start, searched) = (start, start);
                continue;
            }
            // Some readers take it for a delimiter even in the middle of a line.
            line_start = memchr::memrchr(b'\n', &raw[searched..start])
                .map_or(line_start, |n| searched + n + 1);
            searched = start;
            let head = &raw[line_start..start.min(line_start + QUOTE_INDENT_MAX)];
            let is_quoted = head.trim_ascii_start().starts_with(b">");
            found.quoted |= is_quoted;
            let is_first = start >= line_end;
            if line_start < start && !(is_quoted && is_first) {
                found.lookalike = true;
                continue;
            }
            let sighting = Sighting::at(raw, start, after, body.end);
            line_end = sighting.line.end;
            if line_start < start && !reader.is_greedy() {
                // Who cuts there reads on behind it: what stands there may be a header.
                found.lookalike |= !sighting.is_open() && !sighting.closes;
                continue;
            }
            if !found.take(raw, &sighting, parts_max, reader) {
                break;
            }
        }
        found
    }

    /// Whether what follows the boundary makes a line that goes on, of which there are enough: one
    /// more says nothing new.
    fn has_enough_of(&self, rest: &[u8], reader: Reader) -> bool {
        let goes_on = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'-');
        let is_full = self.longer.len() == LONGER_MAX && !reader.is_greedy();
        is_full && rest.first().is_some_and(goes_on)
    }

    /// Enters one line that begins with a delimiter; false where there are too many.
    fn take(
        &mut self,
        raw: &[u8],
        sighting: &Sighting<'_>,
        parts_max: usize,
        reader: Reader,
    ) -> bool {
        let Range { start, end: next } = sighting.line;
        let is_greedy = reader.is_greedy();
        match () {
            () if is_greedy && self.lines.len() <= parts_max => self.lines.push(start..next),
            () if !is_greedy && !sighting.closes && !sighting.is_open() => {
                // A CR ends the line for some, and is a part of it for others.
                let is_cut = sighting.rest.contains(&b'\r');
                match !is_cut && self.longer.len() < LONGER_MAX {
                    true => self.longer.push(without_line_break(raw, start..next)),
                    false => self.lookalike = true,
                }
            }
            () if self.closed && sighting.closes && sighting.is_last => self.odd_close = true,
            () if self.closed => self.after_close = true,
            () if !is_greedy && sighting.closes => {
                self.closed = true;
                self.odd_close = sighting.is_cut;
                self.close_start = Some(start);
            }
            () if self.lines.len() > parts_max => {
                self.too_many = true;
                return false;
            }
            () => self.lines.push(start..next),
        }
        true
    }

    /// The range of each part, without the line break before the next delimiter.
    pub fn parts<'a>(
        &'a self,
        raw: &'a [u8],
        end: usize,
    ) -> impl Iterator<Item = Range<usize>> + 'a {
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

/// A line on which a delimiter was seen.
struct Sighting<'raw> {
    /// From the delimiter to the end of its line.
    line: Range<usize>,
    /// What follows the boundary on it.
    rest: &'raw [u8],
    /// It is a closing one.
    closes: bool,
    /// It closes but for its last sign, which is cut off.
    is_cut: bool,
    /// Nothing but blanks and empty lines follow.
    is_last: bool,
}

impl<'raw> Sighting<'raw> {
    fn at(raw: &'raw [u8], start: usize, after: usize, end: usize) -> Self {
        let next = memchr::memchr(b'\n', &raw[after..end]).map_or(end, |n| after + n + 1);
        work::looked_at(next - after);
        let rest = &raw[without_line_break(raw, after..next)];
        let is_close = rest.strip_prefix(b"--").is_some_and(is_blank);
        let is_last =
            (is_close || rest == b"-") && raw[next..end].iter().all(u8::is_ascii_whitespace);
        let is_cut = rest == b"-" && is_last;
        Self {
            line: start..next,
            rest,
            closes: is_close || is_cut,
            is_cut,
            is_last,
        }
    }

    /// Whether nothing but blanks follow the boundary.
    fn is_open(&self) -> bool {
        is_blank(self.rest)
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}
