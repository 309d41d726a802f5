//! Where each header field begins and ends.
//!
//! It never copies or decodes: a field is three ranges into the raw message.

use std::ops::Range;

use memchr::memchr;

use super::reader::Reader;
use crate::work;

/// How many header fields one message may have, over all its parts, before it is ambiguous and
/// the rest is not looked at. Real mail has at most a hundred.
pub const FIELDS_MAX: usize = 10_000;

/// One header field, as ranges into the raw message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, without the colon.
    pub name: Range<usize>,
    /// The value: without the blanks after the colon and without the last line break.
    pub value: Range<usize>,
    /// The whole field with folding and last line break.
    pub range: Range<usize>,
}

/// What was odd about a header block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Oddities {
    /// The block began with a folded line.
    pub orphan_fold: bool,
    /// A line that is no field ended the block, without an empty line.
    pub no_empty_line: bool,
    /// That line, one before the next empty one, or the folded line that the block began with, is
    /// a field for who reads carelessly.
    pub hides_fields: bool,
    /// The block began with a line of blanks, at which it ends for some.
    pub orphan_blank: bool,
    /// There were more than [`FIELDS_MAX`] fields.
    pub too_many: bool,
    /// Blanks stood between a name and its colon.
    pub blank_before_colon: bool,
    /// The block began with the `From ` line of an mbox, quoted with `>`.
    pub quoted_mbox_line: bool,
}

/// A header block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub fields: Vec<Field>,
    /// From the first field to the empty line, which is not part of it.
    pub range: Range<usize>,
    /// Where the body begins.
    pub body: usize,
    pub oddities: Oddities,
}

/// Scans the header block that begins where `within` begins, taking up to `fields_max` fields.
pub(crate) fn scan(raw: &[u8], within: Range<usize>, fields_max: usize) -> Block {
    scan_as(Reader::Ours, raw, within, fields_max)
}

/// The same, as this reader does it: a greedy one passes over lines that are no fields, a strict
/// one takes no blank before the colon.
pub(crate) fn scan_as(
    reader: Reader,
    raw: &[u8],
    within: Range<usize>,
    fields_max: usize,
) -> Block {
    let mut block = Block {
        fields: Vec::with_capacity(fields_max.min(24)),
        range: within.clone(),
        body: within.end,
        oddities: Oddities::default(),
    };
    let mut at = within.start;
    while at < within.end {
        let next = memchr(b'\n', &raw[at..within.end]).map_or(within.end, |n| at + n + 1);
        let line = without_line_break(raw, at..next);
        work::looked_at(next - at);
        if line.is_empty() {
            block.range.end = at;
            block.body = next;
            return block;
        }
        if matches!(raw[at], b' ' | b'\t') {
            if block.fields.is_empty() {
                let text = &raw[line.clone()];
                block.oddities.orphan_blank |= text.trim_ascii().is_empty();
                block.oddities.hides_fields |= says_content(text);
            }
            extend_last(&mut block, line.end, next);
        } else if let Some(name_end) = name_end(&raw[line.clone()], reader) {
            if block.fields.len() >= fields_max {
                block.oddities.too_many = true;
                return opaque_rest(raw, block, at..within.end);
            }
            push(&mut block, raw, line, name_end, next);
        } else if reader.is_greedy() {
            block.oddities.no_empty_line = true;
            block.oddities.hides_fields |= says_content(&raw[line]);
        } else if at == within.start && is_mbox_line(&raw[line.clone()], reader) {
            block.oddities.quoted_mbox_line = raw[at] == b'>';
        } else {
            // Postfix and Python read it so: the body begins at the line that is no field.
            block.oddities.no_empty_line = true;
            block.oddities.hides_fields |=
                says_content(&raw[line]) || holds_fields(&raw[next..within.end]);
            block.range.end = at;
            block.body = at;
            return block;
        }
        at = next;
    }
    block
}

/// Whether a line before the first empty one is a field.
fn holds_fields(lines: &[u8]) -> bool {
    let mut lines = lines.split_inclusive(|byte| *byte == b'\n');
    lines
        .by_ref()
        .inspect(|line| work::looked_at(line.len()))
        .map(|line| &line[without_line_break(line, 0..line.len())])
        .take_while(|line| !line.is_empty())
        .any(|line| name_end(line, Reader::Ours).is_some() || says_content(line))
}

/// Whether a line that is no field names one that says what a part is, for who passes over other
/// signs before, in and behind the name: blanks, controls, a byte order mark.
fn says_content(line: &[u8]) -> bool {
    const NAMES: [&[u8]; 3] = [
        b"content-type",
        b"content-transfer-encoding",
        b"content-disposition",
    ];
    /// Within how many bytes the name must stand.
    const NAME_BYTES_MAX: usize = 200;
    let line = &line[..line.len().min(NAME_BYTES_MAX)];
    let start = line
        .iter()
        .position(u8::is_ascii_alphabetic)
        .unwrap_or_default();
    let Some(colon) = memchr(b':', &line[start..]) else {
        return false;
    };
    // A quoted header is one for nobody.
    if line[..start + colon].contains(&b'>') {
        return false;
    }
    let name = line[start..start + colon].iter();
    let name = name.filter(|byte| byte.is_ascii_alphanumeric() || **byte == b'-');
    let name: Vec<u8> = name.map(u8::to_ascii_lowercase).collect();
    NAMES.iter().any(|known| name.ends_with(known))
}

/// The line that begins a message in an mbox. Postfix and sendmail pass over it with a `>` before
/// it, too; others take that one for the body.
fn is_mbox_line(line: &[u8], reader: Reader) -> bool {
    let bare = line.iter().take_while(|byte| **byte == b'>').count();
    line[bare..].starts_with(b"From ") && (bare == 0 || !reader.is_strict())
}

/// Finds only the end of a block whose fields were too many to list.
fn opaque_rest(raw: &[u8], mut block: Block, rest: Range<usize>) -> Block {
    let mut at = rest.start;
    while at < rest.end {
        let next = memchr(b'\n', &raw[at..rest.end]).map_or(rest.end, |n| at + n + 1);
        if without_line_break(raw, at..next).is_empty() {
            block.range.end = at;
            block.body = next;
            return block;
        }
        at = next;
    }
    block
}

fn extend_last(block: &mut Block, line_end: usize, next: usize) {
    match block.fields.last_mut() {
        Some(field) => {
            field.value.end = line_end;
            field.range.end = next;
        }
        None => block.oddities.orphan_fold = true,
    }
}

fn push(block: &mut Block, raw: &[u8], line: Range<usize>, name_length: usize, next: usize) {
    let name = line.start..line.start + name_length;
    // The line holds a colon, since `name_end` found one.
    let colon = memchr(b':', &raw[name.end..line.end]).map_or(line.end, |n| name.end + n);
    block.oddities.blank_before_colon |= colon != name.end;
    let mut value = (colon + 1).min(line.end)..line.end;
    while value.start < value.end && matches!(raw[value.start], b' ' | b'\t') {
        value.start += 1;
    }
    block.fields.push(Field {
        name,
        value,
        range: line.start..next,
    });
}

/// RFC 5322 §2.2: a name is printable ASCII without the colon; §4.5.8 lets blanks follow it.
fn name_end(line: &[u8], reader: Reader) -> Option<usize> {
    let end = line
        .iter()
        .position(|byte| !matches!(byte, 33..=57 | 59..=126))?;
    let colon = line[end..]
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t'))?
        + end;
    let is_strict = colon == end || !reader.is_strict();
    (end > 0 && line[colon] == b':' && is_strict).then_some(end)
}

/// The line `range` covers, without its `LF` or `CRLF`.
pub(crate) fn without_line_break(raw: &[u8], range: Range<usize>) -> Range<usize> {
    let mut end = range.end;
    if end > range.start && raw[end - 1] == b'\n' {
        end -= 1;
        if end > range.start && raw[end - 1] == b'\r' {
            end -= 1;
        }
    }
    range.start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(raw: &[u8]) -> Vec<(String, String)> {
        let block = scan(raw, 0..raw.len(), FIELDS_MAX);
        let text = |range: &Range<usize>| String::from_utf8_lossy(&raw[range.clone()]).into_owned();
        block
            .fields
            .iter()
            .map(|field| (text(&field.name), text(&field.value)))
            .collect()
    }

    #[test]
    fn folding_and_both_line_ends() {
        let expected = vec![
            ("A".to_owned(), "1".to_owned()),
            ("B".into(), "2\r\n 3".into()),
        ];
        assert_eq!(names(b"A: 1\r\nB: 2\r\n 3\r\n\r\nC: 4"), expected);
        let lf = scan(b"A: 1\nB: 2\n 3\n\nC: 4", 0..18, FIELDS_MAX);
        assert_eq!((lf.range, lf.body), (0..13, 14));
    }

    #[test]
    fn a_line_that_is_no_field_ends_the_block() {
        let block = scan(b"A: 1\r\nhello\r\n", 0..13, FIELDS_MAX);
        assert_eq!((block.range, block.body), (0..6, 6));
        assert!(block.oddities.no_empty_line);
    }

    #[test]
    fn an_mbox_line_is_passed_over() {
        assert_eq!(
            names(b"From ann Mon\nA: 1\n\n"),
            vec![("A".to_owned(), "1".to_owned())]
        );
    }

    #[test]
    fn too_many_fields_are_counted_and_the_body_still_found() {
        let raw = b"A: 1\nA: 2\nA: 3\n\nbody";
        let block = scan(raw, 0..raw.len(), 2);
        assert_eq!((block.fields.len(), block.body), (2, 16));
        assert!(block.oddities.too_many);
        assert!(!scan(raw, 0..raw.len(), 3).oddities.too_many);
    }
}
