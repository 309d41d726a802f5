//! What goes with a marking that is taken out: the blank lines and the line break that were set
//! with it, and in HTML the elements that hold nothing else.
//!
//! It never takes what anybody could see, but the marking.

use std::ops::Range;

use super::Place;
use super::html::{Name, Names, Token, Tokens, names};
use super::marks::{Found, breaks_line};
use super::plain;
use super::quotation::Quotations;
use super::words::Words;

/// How many tags and blanks in a row are looked at around a marking.
const RUN_PIECES_MAX: usize = 1000;

/// Ranges in order, those that touch or overlap made one.
pub(crate) fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// The body without these ranges, which are in order and apart.
pub(crate) fn without(body: &[u8], removals: &[Range<usize>]) -> Vec<u8> {
    let mut left = Vec::with_capacity(body.len());
    let mut at = 0;
    for range in removals {
        left.extend_from_slice(&body[at..range.start]);
        at = range.end;
    }
    left.extend_from_slice(&body[at..]);
    left
}

/// Where an offset of the body without these ranges stood in the whole body: the range that was
/// there, if it is where one was, else an empty one.
pub(crate) fn origin(offset: usize, removals: &[Range<usize>]) -> (usize, usize) {
    let mut gone = 0;
    for range in removals {
        if range.start - gone > offset {
            break;
        }
        if range.start - gone == offset {
            return (range.start, range.end);
        }
        gone += range.len();
    }
    (offset + gone, offset + gone)
}

/// The same of an offset of the whole body.
pub(crate) fn outside(offset: usize, removals: &[Range<usize>]) -> (usize, usize) {
    let touches = |range: &&Range<usize>| range.start <= offset && offset <= range.end;
    let found = removals.iter().find(touches);
    found.map_or((offset, offset), |range| (range.start, range.end))
}

/// Where an offset that is in no range stands without them.
pub(crate) fn offset_without(offset: usize, removals: &[Range<usize>]) -> usize {
    let before = removals.iter().take_while(|range| range.end <= offset);
    offset - before.map(Range::len).sum::<usize>()
}

/// The line break behind an element goes with it: both were set together.
pub(crate) fn with_line_break(body: &[u8], range: Range<usize>) -> Range<usize> {
    let length = match &body[range.end..] {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    };
    range.start..range.end + length
}

/// What is taken out of a plain body: the reverse of [`plain::Frame::set`].
pub(crate) fn plain(words: Words<'_>, markings: &[&Found]) -> Vec<Range<usize>> {
    let body = words.scan();
    let is_blank = |range: Range<usize>| body[range].trim_ascii().is_empty();
    let mut blocks = Vec::new();
    for found in markings {
        let first = blocks.len();
        for range in &found.ranges {
            match blocks[first..].last_mut() {
                // Blank lines between the lines of one marking are its own.
                Some(Range { end, .. }) if is_blank(*end..range.start) => *end = range.end,
                _ => blocks.push(range.clone()),
            }
        }
    }
    if blocks.is_empty() {
        return blocks;
    }
    let blocks = joined(blocks);
    let quotations = Quotations::find(words.without(&blocks).words());
    let (mut at, mut is_begun) = (plain::spot(body, Place::Top), false);
    let mut removals = Vec::with_capacity(blocks.len());
    let mut gone = 0;
    for block in blocks {
        let Range { mut start, mut end } = block;
        is_begun |= at < start && !is_blank(at..start);
        at = end;
        gone += end - start;
        let below = blank_line_at(body, end);
        if !is_begun {
            end = below.unwrap_or(end);
        } else if below.is_some() || end == body.len() || quotations.begin_at(end - gone) {
            start = blank_line_before(body, start).unwrap_or(start);
        }
        removals.push(start..end);
    }
    let mut removals = joined(removals);
    // A body that ended without a line break got one for the marking's sake.
    if let Some(last) = removals.last_mut()
        && last.end == body.len()
        && is_begun
        && !body.ends_with(b"\n")
    {
        let before = &body[..last.start];
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        last.start = before.strip_suffix(b"\r").unwrap_or(before).len();
    }
    removals
}

/// Where the blank line ends that begins here, if one does.
fn blank_line_at(body: &[u8], start: usize) -> Option<usize> {
    let (_, line) = plain::lines(&body[start..]).next()?;
    line.trim_ascii().is_empty().then_some(start + line.len())
}

/// Where the blank line begins that ends here, if one does.
fn blank_line_before(body: &[u8], end: usize) -> Option<usize> {
    let text = body[..end].strip_suffix(b"\n")?;
    let start = memchr::memrchr(b'\n', text)? + 1;
    text[start..].trim_ascii().is_empty().then_some(start)
}

/// What stands around a marking and may go with it.
struct Piece {
    range: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Text of the marking with this number.
    Own(usize),
    /// Text that shows nothing.
    Blank,
    Open(Name),
    Close(Name),
    /// `<br>`.
    Break,
}

/// What is taken out of an HTML body: the words, and the elements that hold nothing else.
pub(crate) fn html(html: &[u8], markings: &[&Found]) -> Vec<Range<usize>> {
    let words = markings.iter().enumerate();
    let words = words.flat_map(|(number, found)| found.ranges.iter().map(move |r| (r, number)));
    let mut words: Vec<(&Range<usize>, usize)> = words.collect();
    words.sort_by_key(|(range, _)| range.start);
    let Some(begin) = words.first().map(|(range, _)| range.start) else {
        return Vec::new();
    };
    debug_assert!(begin < html.len());
    let mut words = words.into_iter().peekable();
    let mut removals = Vec::new();
    let mut run: Vec<Piece> = Vec::new();
    let mut is_own = false;
    for token in Tokens::new(html) {
        let piece = Piece::read(html, token, |start| {
            while words.next_if(|(range, _)| range.start < start).is_some() {}
            words
                .next_if(|(range, _)| range.start == start)
                .map(|(_, n)| n)
        });
        let ends = piece.is_none() || run.len() == RUN_PIECES_MAX;
        if ends && is_own {
            take_out(html, &run, &mut removals);
        }
        if ends {
            run.clear();
            is_own = false;
        }
        if let Some(piece) = piece {
            is_own |= matches!(piece.kind, Kind::Own(_));
            run.push(piece);
        }
    }
    if is_own {
        take_out(html, &run, &mut removals);
    }
    removals
}

impl Piece {
    /// The token as such a piece; `None` where it is anything else.
    fn read(
        html: &[u8],
        token: Token,
        mut number: impl FnMut(usize) -> Option<usize>,
    ) -> Option<Self> {
        const BREAK: Name = Name::new(b"br");
        const DRESS: Names = names!["div" "p" "span" "font" "b" "strong" "i" "em" "u" "small"
            "big" "center" "o:p" "h1" "h2" "h3" "h4" "h5" "h6"];
        let (range, kind) = match token {
            Token::Text(range) => match number(range.start) {
                Some(number) => (range, Kind::Own(number)),
                None => {
                    let text = &html[range.clone()];
                    let is_blank = text.trim_ascii().is_empty() || text == b"&nbsp;";
                    is_blank.then_some((range, Kind::Blank))?
                }
            },
            Token::Open { name: BREAK, range } => (range, Kind::Break),
            Token::Open { name, range } if name.is_one_of(DRESS) => (range, Kind::Open(name)),
            Token::Close { name, range } if name.is_one_of(DRESS) => (range, Kind::Close(name)),
            _ => return None,
        };
        Some(Self { range, kind })
    }
}

/// Takes the markings of a run out: each with its own elements, else all with those they share,
/// else their words alone.
fn take_out(html: &[u8], run: &[Piece], removals: &mut Vec<Range<usize>>) {
    let own = run
        .iter()
        .enumerate()
        .filter_map(|(at, piece)| match piece.kind {
            Kind::Own(number) => Some((at, number)),
            _ => None,
        });
    let own: Vec<(usize, usize)> = own.collect();
    let (Some(first), Some(last)) = (own.first(), own.last()) else {
        return;
    };
    let each = own.chunk_by(|a, b| a.1 == b.1);
    let each = each.map(|one| (one, whole(html, run, one[0].0, one[one.len() - 1].0)));
    let each: Vec<_> = each.collect();
    let is_block = |range: &Option<Taken>| range.as_ref().is_some_and(|taken| taken.is_block);
    if !each.iter().all(|(_, range)| is_block(range))
        && let Some(all) = whole(html, run, first.0, last.0)
    {
        removals.push(all.range);
        return;
    }
    for (one, taken) in each {
        match taken {
            Some(taken) => removals.push(taken.range),
            None => removals.extend(one.iter().map(|(at, _)| run[*at].range.clone())),
        }
    }
}

/// What goes with a marking.
struct Taken {
    range: Range<usize>,
    /// Whether it was a block, so that no empty line is left.
    is_block: bool,
}

/// The stretch from one piece to another with every element that holds nothing else; `None` where
/// elements reach out of it that hold more.
fn whole(html: &[u8], run: &[Piece], first: usize, last: usize) -> Option<Taken> {
    let mut open: Vec<Name> = Vec::new();
    let mut closed: Vec<Name> = Vec::new();
    for piece in &run[first..=last] {
        match piece.kind {
            Kind::Open(name) => open.push(name),
            Kind::Close(name) => match open.pop() {
                Some(known) if known == name => {}
                Some(_) => return None,
                None => closed.push(name),
            },
            _ => {}
        }
    }
    let (mut left, mut right) = (first, last);
    for name in closed {
        left = opened_before(run, left, name)?;
    }
    for name in open.into_iter().rev() {
        right = closed_after(run, right, name)?;
    }
    while let Some(at) = before(run, left)
        && let Kind::Open(name) = run[at].kind
        && let Some(end) = closed_after(run, right, name)
    {
        (left, right) = (at, end);
    }
    let is_block = |piece: &Piece| matches!(piece.kind, Kind::Open(name) if breaks_line(name));
    if run[left..=right].iter().any(is_block) {
        let range = run[left].range.start..run[right].range.end;
        return Some(Taken {
            range: with_line_break(html, range),
            is_block: true,
        });
    }
    // Words between two breaks would leave an empty line.
    let mut next = right + 1;
    while run.get(next).is_some_and(|piece| piece.kind == Kind::Blank) {
        next += 1;
    }
    if run.get(next).is_some_and(|piece| piece.kind == Kind::Break) {
        right = next;
    }
    Some(Taken {
        range: run[left].range.start..run[right].range.end,
        is_block: false,
    })
}

/// The piece before this one that is not blank.
fn before(run: &[Piece], at: usize) -> Option<usize> {
    run[..at]
        .iter()
        .rposition(|piece| piece.kind != Kind::Blank)
}

fn opened_before(run: &[Piece], at: usize, name: Name) -> Option<usize> {
    before(run, at).filter(|at| run[*at].kind == Kind::Open(name))
}

/// The end tag of this name behind a piece, where only what shows nothing stands between.
fn closed_after(run: &[Piece], at: usize, name: Name) -> Option<usize> {
    let mut open: Vec<Name> = Vec::new();
    for (at, piece) in run.iter().enumerate().skip(at + 1) {
        match piece.kind {
            Kind::Blank | Kind::Break => {}
            Kind::Open(inner) if !breaks_line(inner) => open.push(inner),
            Kind::Close(inner) => match open.pop() {
                Some(known) if known == inner => {}
                None if inner == name => return Some(at),
                _ => return None,
            },
            _ => return None,
        }
    }
    None
}
