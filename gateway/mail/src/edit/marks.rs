//! Markings that stand in a body already: in text that came with it, quoted or new.
//!
//! It never takes words inside a sentence for a marking: a marking fills its lines.

use std::cell::OnceCell;
use std::ops::Range;

use memchr::memmem;

use super::canvas::Canvas;
use super::html::{Name, Names, Token, Tokens, attribute, decode_entities, names};
use super::outline::Quoted;
use super::pattern::{Pattern, normal};
use super::{plain, quotation};

/// One line as it is seen.
pub(super) struct Line {
    /// Its words, parted by single blanks; never empty.
    pub text: String,
    pub quoted: bool,
    pub segments: Vec<Range<usize>>,
}

/// A marking that was found.
pub(crate) struct Found {
    /// Where it stands, in pieces.
    pub ranges: Vec<Range<usize>>,
    /// Whether it stands in quoted text.
    pub quoted: bool,
}

/// A body and its lines as they are seen, which are read when first asked for, and once.
pub(crate) struct Sheet<'m> {
    pub canvas: Canvas<'m>,
    lines: OnceCell<Vec<Line>>,
}

impl<'m> Sheet<'m> {
    /// A body of which no line was read.
    pub fn new(canvas: Canvas<'m>) -> Self {
        let lines = OnceCell::new();
        Self { canvas, lines }
    }

    fn lines(&self) -> &[Line] {
        self.lines.get_or_init(|| match self.canvas.is_html() {
            true => html_lines(&self.canvas),
            false => plain_lines(&self.canvas),
        })
    }

    /// Every place where the pattern fills its lines.
    pub fn find(&self, pattern: &Pattern) -> Vec<Found> {
        if !pattern.may_occur(self.canvas.scan()) {
            return Vec::new();
        }
        find_in(self.lines(), pattern)
    }

    /// The lines that the letter's writer wrote: none that are quoted, none that are empty.
    pub fn new_lines(&self) -> impl Iterator<Item = &str> {
        let new = self.lines().iter().filter(|line| !line.quoted);
        new.map(|line| line.text.as_str())
    }
}

fn find_in(lines: &[Line], pattern: &Pattern) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let length = pattern.fills(&lines[at..]);
        if length > 0 {
            let taken = &lines[at..at + length];
            let ranges = taken
                .iter()
                .flat_map(|line| line.segments.iter().cloned())
                .collect();
            found.push(Found {
                ranges,
                quoted: taken.iter().any(|line| line.quoted),
            });
        }
        at += length.max(1);
    }
    found
}

/// Text as a plain body's lines are read: without what looks like a quotation's prefix.
pub(crate) fn unquoted_text(text: &str) -> String {
    let lines = text.lines().map(|line| &line[prefix(line.as_bytes())..]);
    normal(&lines.collect::<Vec<_>>().join(" "))
}

/// How many bytes of a line are quotation signs and blanks.
fn prefix(line: &[u8]) -> usize {
    line.iter()
        .take_while(|byte| matches!(byte, b'>' | b'|' | b' ' | b'\t'))
        .count()
}

/// The text that an HTML fragment shows.
pub(crate) fn shown_text(html: &str) -> String {
    let texts = Tokens::new(html.as_bytes()).filter_map(|token| match token {
        Token::Text(range) => Some(decode_entities(&html[range])),
        Token::Open { name, .. } | Token::Close { name, .. } if breaks_line(name) => {
            Some(" ".to_owned())
        }
        _ => None,
    });
    normal(&texts.collect::<String>())
}

fn plain_lines(canvas: &Canvas<'_>) -> Vec<Line> {
    let separator = quotation::separator(canvas.words());
    let mut lines = Vec::new();
    for (offset, line) in plain::lines(canvas.scan()) {
        let below_separator = separator.is_some_and(|at| at <= offset);
        let prefix = prefix(line);
        let quoted = below_separator || line[..prefix].contains(&b'>');
        let text = normal(&canvas.text(offset + prefix..offset + line.len()));
        if !text.is_empty() {
            let segments = std::iter::once(offset..offset + line.len()).collect();
            lines.push(Line {
                text,
                quoted,
                segments,
            });
        }
    }
    lines
}

fn html_lines(canvas: &Canvas<'_>) -> Vec<Line> {
    let html = canvas.scan();
    let quoted = Quoted::find(canvas.words());
    let mut lines = Vec::new();
    let mut segments: Vec<Range<usize>> = Vec::new();
    let mut end_line = |segments: &mut Vec<Range<usize>>| {
        let segments = std::mem::take(segments);
        let texts = segments
            .iter()
            .map(|range| decode_entities(&canvas.text(range.clone())));
        let text = normal(&texts.collect::<String>());
        if let Some(first) = segments.first().filter(|_| !text.is_empty()) {
            lines.push(Line {
                text,
                quoted: quoted.holds(first.start),
                segments,
            });
        }
    };
    for token in Tokens::new(html) {
        match token {
            Token::Text(range) => segments.push(range),
            Token::Open { name, .. } | Token::Close { name, .. } if breaks_line(name) => {
                end_line(&mut segments);
            }
            _ => {}
        }
    }
    end_line(&mut segments);
    lines
}

pub(crate) fn breaks_line(name: Name) -> bool {
    const INLINE: Names = names!["a" "b" "i" "u" "s" "em" "strong" "font" "span" "small" "big"
        "sub" "sup" "code" "tt" "abbr" "del" "ins" "mark" "o:p" "wbr" "img" "label"];
    !name.is_one_of(INLINE)
}

/// The elements that we wrote for this slot outside quoted text.
pub(crate) fn own_elements(canvas: &Canvas<'_>, class: &str) -> Vec<Range<usize>> {
    const DIV: Name = Name::new(b"div");
    let html = canvas.scan();
    if memmem::find(html, class.as_bytes()).is_none() {
        return Vec::new();
    }
    let quoted = Quoted::find(canvas.words());
    let mut found = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for token in Tokens::new(html) {
        open = match (token, open) {
            (Token::Open { name: DIV, range }, None) => {
                let classes = attribute(&html[range.clone()], "class").unwrap_or_default();
                let is_ours = classes
                    .split(u8::is_ascii_whitespace)
                    .any(|own| own == class.as_bytes());
                (is_ours && !quoted.holds(range.start)).then_some((range.start, 1))
            }
            (Token::Open { name: DIV, .. }, Some((start, depth))) => Some((start, depth + 1)),
            (Token::Close { name: DIV, range }, Some((start, 1))) => {
                found.push(start..range.end);
                None
            }
            (Token::Close { name: DIV, .. }, Some((start, depth))) => Some((start, depth - 1)),
            (_, open) => open,
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    fn count(media_type: &str, body: &str, pattern: &Pattern) -> Vec<bool> {
        let raw = format!("Content-Type: {media_type}; charset=utf-8\n\n{body}");
        let message = Message::parse(raw.as_bytes());
        let canvas = Canvas::open(&message, message.root()).unwrap();
        Sheet::new(canvas)
            .find(pattern)
            .iter()
            .map(|found| found.quoted)
            .collect()
    }

    #[test]
    fn a_marking_fills_its_lines() {
        let mark = Pattern::exact("Classified as\nInternal");
        assert_eq!(
            count("text/plain", "a\nClassified as Internal\nb", &mark),
            [false]
        );
        assert_eq!(
            count("text/plain", "a\n> Classified as\n> Internal\nb", &mark),
            [true]
        );
        assert_eq!(
            count("text/plain", "is Classified as Internal\n", &mark),
            [false; 0]
        );
        assert_eq!(
            count("text/plain", "Classified as Internal, too\n", &mark),
            [false; 0]
        );
        let html = "<p>x</p><p class=MsoNormal><b>Classified</b> as<br>Internal<o:p></o:p></p>";
        assert_eq!(count("text/html", html, &mark), [false]);
        let quoted = "x<blockquote type=cite><div>Classified as Internal</div></blockquote>";
        assert_eq!(count("text/html", quoted, &mark), [true]);
    }

    #[test]
    fn entities_are_text() {
        let mark = Pattern::exact("Übung & Test");
        assert_eq!(
            count("text/html", "<p>&Uuml;bung &amp; Test</p>", &mark),
            [false]
        );
        assert_eq!(shown_text("<p>a<b>b</b>&nbsp;c</p>d"), "ab c d");
    }
}
