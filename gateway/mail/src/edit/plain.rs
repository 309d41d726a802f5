//! Where in a plain body text is seen, and the form it takes there.
//!
//! It never changes a line that stands: text goes between lines.

use super::Place;
use super::quotation::Quotations;
use super::words::Words;
use crate::work;

/// Octets of one line that we write; RFC 5322 §2.1.1 allows 998.
const LINE_BYTES_MAX: usize = 900;

/// Where the text goes, as an offset at the start of a line or at the end of the body: below a
/// text, above the blank lines that follow it.
pub(crate) fn spot<'a>(body: impl Into<Words<'a>>, place: Place) -> usize {
    let words = body.into();
    let body = words.scan();
    let begin = body.strip_prefix(b"\xef\xbb\xbf").map_or(0, |_| 3);
    let below = match place {
        Place::Top => return begin,
        Place::Bottom => body.len(),
        Place::AboveQuote => Quotations::find(words).last().unwrap_or(body.len()),
    };
    let text = body[begin..below].trim_ascii_end();
    let line = begin + text.len();
    match memchr::memchr(b'\n', &body[line..below]) {
        _ if text.is_empty() => begin,
        Some(at) => line + at + 1,
        None => below,
    }
}

/// The lines of a body with their offsets; a line keeps its line break.
pub(crate) fn lines(body: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = body.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
        let line = (at, &rest[..length]);
        at += length;
        work::looked_at(length);
        Some(line)
    })
}

/// Text with `LF` alone for line breaks and without other controls.
pub(crate) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// How text is set into a plain body.
pub(crate) struct Frame<'a> {
    pub newline: &'a str,
    /// RFC 3676: lines of the body may flow.
    pub flowed: bool,
}

impl Frame<'_> {
    /// The text with the blank lines that part it from what is around `offset`. They are always as
    /// many, whatever stands there, so that it can be told which go when the text goes
    /// ([`super::removal`]).
    pub fn set(&self, body: &[u8], offset: usize, text: &str) -> String {
        let text = self.lines(text);
        let newline = self.newline;
        let before = &body[..offset];
        match before.is_empty() || before == b"\xef\xbb\xbf" {
            true => format!("{text}{newline}{newline}"),
            false if before.ends_with(b"\n") => format!("{newline}{text}{newline}"),
            // A body that ended without a line break ends without one again.
            false => format!("{newline}{newline}{text}"),
        }
    }

    fn lines(&self, text: &str) -> String {
        let text = clean(text);
        // Blank lines of its own around it could not be told from those of the letter.
        let is_blank = |line: &&str| line.trim().is_empty();
        let begin: usize = text
            .split_inclusive('\n')
            .take_while(is_blank)
            .map(str::len)
            .sum();
        let shown = text[begin..]
            .trim_end()
            .lines()
            .flat_map(|line| fold(line.trim_end()));
        let stuffed = shown.map(|line| {
            // RFC 3676 §4.4: such a line is stuffed; a blank at the end would make it flow.
            let stuffs = self.flowed && line.starts_with([' ', '>']) || line.starts_with("From ");
            format!("{}{line}", if stuffs { " " } else { "" })
        });
        stuffed.collect::<Vec<_>>().join(self.newline)
    }
}

/// Cuts a line that no mail line can hold, at blanks where there are any.
fn fold(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while rest.len() > LINE_BYTES_MAX {
        let mut end = LINE_BYTES_MAX;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let end = rest[..end].rfind(' ').filter(|at| *at > 0).unwrap_or(end);
        pieces.push(rest[..end].trim_end());
        rest = rest[end..].trim_start();
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str, place: Place) -> String {
        let frame = Frame {
            newline: "\n",
            flowed: false,
        };
        let offset = spot(body.as_bytes(), place);
        let text = frame.set(body.as_bytes(), offset, "M");
        format!("{}{text}{}", &body[..offset], &body[offset..])
    }

    #[test]
    fn places() {
        assert_eq!(shown("a\n", Place::Bottom), "a\n\nM\n");
        assert_eq!(shown("a", Place::Bottom), "a\n\nM");
        assert_eq!(shown("a\n\n", Place::Bottom), "a\n\nM\n\n");
        assert_eq!(shown("", Place::Bottom), "M\n\n");
        assert_eq!(shown("a\n", Place::Top), "M\n\na\n");
        assert_eq!(shown("\u{feff}a\n", Place::Top), "\u{feff}M\n\na\n");
        assert_eq!(
            shown("a\n\nOn x\nb wrote:\n> c\n", Place::AboveQuote),
            "a\n\nM\n\nOn x\nb wrote:\n> c\n"
        );
        assert_eq!(shown("> c\n\na\n", Place::AboveQuote), "> c\n\na\n\nM\n");
        assert_eq!(
            shown("a\n-----Original Message-----\nb\n", Place::AboveQuote),
            "a\n\nM\n-----Original Message-----\nb\n"
        );
    }

    #[test]
    fn flowed_text_is_stuffed_and_long_lines_are_cut() {
        let frame = Frame {
            newline: "\n",
            flowed: true,
        };
        assert_eq!(frame.set(b"", 0, "\n> a \nFrom b\n\n"), " > a\n From b\n\n");
        let long = "x y".repeat(1000);
        assert!(
            frame
                .set(b"", 0, &long)
                .lines()
                .all(|line| line.len() <= LINE_BYTES_MAX)
        );
        assert!(
            frame
                .set(b"", 0, &"é".repeat(2000))
                .lines()
                .all(|line| line.len() <= LINE_BYTES_MAX)
        );
    }
}
