//! The lines that cut a multipart body into parts.
//!
//! It never decides whether a multipart is sound: it says what it found.

use std::ops::Range;

use memchr::memmem;

use super::field::without_line_break;
use super::structure::{PARTS_MAX, Reader};
use crate::work;

/// Within how many bytes from the start of its line the `>` of a quotation must stand.
const QUOTE_INDENT_MAX: usize = 8;

/// The lines that cut a multipart body into parts.
pub(super) struct Delimiters {
    pub lines: Vec<Range<usize>>,
    close_start: Option<usize>,
    pub closed: bool,
    pub after_close: bool,
    pub lookalike: bool,
    /// Lines that begin like a delimiter and go on: those of another boundary, perhaps. More than
    /// two for each part there may be are no such lines.
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
        let mut found = Self {
            lines: Vec::new(),
            close_start: None,
            closed: false,
            after_close: false,
            lookalike: false,
            longer: Vec::new(),
            quoted: false,
            odd_close: false,
            too_many: false,
        };
        let (mut line_start, mut searched, mut line_end) = (body.start, body.start, body.start);
        work::looked_at(body.len());
        for at in memmem::find_iter(&raw[body.clone()], &needle) {
            let start = body.start + at;
            // Some readers take it for a delimiter even in the middle of a line.
            line_start = memchr::memrchr(b'\n', &raw[searched..start])
                .map_or(line_start, |n| searched + n + 1);
            searched = start;
            let head = &raw[line_start..start.min(line_start + QUOTE_INDENT_MAX)];
            let is_quoted = head.trim_ascii_start().starts_with(b">");
            found.quoted |= is_quoted;
            let is_first = start >= line_end;
            if line_start < start && !(is_quoted && is_first && reader.is_greedy()) {
                found.lookalike |= !is_quoted;
                continue;
            }
            let after = start + needle.len();
            let next =
                memchr::memchr(b'\n', &raw[after..body.end]).map_or(body.end, |n| after + n + 1);
            line_end = next;
            work::looked_at(next - after);
            let rest = &raw[without_line_break(raw, after..next)];
            let blank = |bytes: &[u8]| bytes.iter().all(|byte| matches!(byte, b' ' | b'\t'));
            let ends = || raw[next..body.end].iter().all(u8::is_ascii_whitespace);
            let is_cut = rest == b"-" && ends();
            let closes = is_cut || rest.strip_prefix(b"--").is_some_and(blank);
            match () {
                () if reader.is_greedy() && found.lines.len() <= parts_max => {
                    found.lines.push(start..next);
                }
                () if !closes && !blank(rest) => match found.longer.len() < 2 * PARTS_MAX {
                    true => found.longer.push(without_line_break(raw, start..next)),
                    false => found.lookalike = true,
                },
                () if found.closed && closes && ends() => found.odd_close = true,
                () if found.closed => found.after_close = true,
                () if closes => {
                    found.closed = true;
                    found.odd_close = is_cut;
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
