//! One body while a list of edits is read: what is set into it, what is taken out, what stays.
//!
//! It never changes the body: it says what is to change.

use std::collections::BTreeMap;
use std::ops::Range;

use super::canvas::{Canvas, Change};
use super::insert::{COLUMN_MAX, NewText};
use super::marks::{self, Found, Sheet};
use super::outline::{self, Spot};
use super::pattern::Pattern;
use super::plain::{self, Frame};
use super::words::{Rest, Words};
use super::{Place, removal};

/// A body while it is written in.
pub(crate) struct Body<'m> {
    pub sheet: Sheet<'m>,
    texts: Vec<Text>,
    /// Elements of ours that others take the place of.
    elements: Vec<Range<usize>>,
    /// Markings to be taken out.
    markings: Vec<Found>,
    /// Where a text stands already that the same list sets: it stays, whatever looks like it.
    kept: Vec<Range<usize>>,
}

/// A text that is to be set.
struct Text {
    place: Place,
    /// Where it goes when nothing is taken out.
    spot: Spot,
    /// The element in HTML, else the words.
    content: String,
    class: String,
    /// Its place among those at one spot: text for the top goes above what came before.
    rank: isize,
}

/// Where text goes; `None` where browsers would not surely show it.
pub(crate) fn spot(is_html: bool, body: Words<'_>, place: Place) -> Option<Spot> {
    match is_html {
        true => outline::find(body, place),
        false => Some(Spot {
            offset: plain::spot(body, place),
            closers: String::new(),
        }),
    }
}

impl<'m> Body<'m> {
    /// A body to which nothing was done.
    pub fn new(canvas: Canvas<'m>) -> Self {
        Self {
            sheet: Sheet::new(canvas),
            texts: Vec::new(),
            elements: Vec::new(),
            markings: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Takes these out of the new text.
    pub fn remove(&mut self, patterns: &[Pattern]) {
        let sheet = &self.sheet;
        let found = patterns.iter().flat_map(|pattern| sheet.find(pattern));
        self.markings.extend(found.filter(|found| !found.quoted));
    }

    /// Returns whether the text is set; it is not when it stands there already.
    pub fn insert(&mut self, new: NewText<'_>, spot: Spot, count: isize) -> bool {
        let canvas = &self.sheet.canvas;
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
        let present = self.sheet.find(&Pattern::exact(&shown));
        if !present.is_empty() {
            let mut own = present.into_iter().filter(|found| !found.quoted);
            let stays = match new.place {
                Place::Top => own.next(),
                Place::Bottom | Place::AboveQuote => own.next_back(),
            };
            self.kept
                .extend(stays.into_iter().flat_map(|found| found.ranges));
            return false;
        }
        let class = new.class();
        let content = match canvas.is_html() {
            true => {
                self.elements.extend(marks::own_elements(canvas, &class));
                new.element(canvas.newline())
            }
            false => new.plain.to_owned(),
        };
        let rank = match new.place {
            Place::Top => -count,
            Place::Bottom | Place::AboveQuote => count,
        };
        // The last text for a slot is the one that stands.
        self.texts.retain(|earlier| earlier.class != class);
        self.texts.push(Text {
            place: new.place,
            spot,
            content,
            class,
            rank,
        });
        true
    }

    /// What is taken out, in order and apart from each other.
    fn removals(&self) -> Vec<Range<usize>> {
        let stays = |range: &Range<usize>| {
            let mut kept = self.kept.iter();
            kept.any(|kept| kept.start < range.end && range.start < kept.end)
        };
        let gone = |found: &&Found| !found.ranges.iter().any(stays);
        let markings: Vec<&Found> = self.markings.iter().filter(gone).collect();
        let body = self.sheet.canvas.scan();
        if !self.sheet.canvas.is_html() {
            return removal::plain(self.sheet.canvas.words(), &markings);
        }
        let elements = self.elements.iter().filter(|element| !stays(element));
        let elements = elements.map(|element| removal::with_line_break(body, element.clone()));
        let mut removals = removal::html(body, &markings);
        removals.extend(elements);
        removal::joined(removals)
    }

    /// In order, without overlap.
    pub fn changes(&self) -> Vec<Change> {
        let removals = self.removals();
        // Text is set where it would be if what is taken out had never been there.
        let words = self.sheet.canvas.words();
        let rest = (!removals.is_empty()).then(|| words.without(&removals));
        let left = rest.as_ref().map_or(words, Rest::words);
        let mut changes: BTreeMap<(usize, usize), String> = BTreeMap::new();
        for range in &removals {
            changes.insert((range.start, range.end), String::new());
        }
        let mut texts: Vec<&Text> = self.texts.iter().collect();
        texts.sort_by_key(|text| text.rank);
        for text in texts {
            let found = match removals.is_empty() {
                true => None,
                false => spot(self.sheet.canvas.is_html(), left, text.place),
            };
            let (place, closers) = match &found {
                Some(spot) => (removal::origin(spot.offset, &removals), &spot.closers),
                None => (
                    removal::outside(text.spot.offset, &removals),
                    &text.spot.closers,
                ),
            };
            let offset = removal::offset_without(place.0, &removals);
            let framed = self.framed(text, left.scan(), offset, closers);
            changes.entry(place).or_default().push_str(&framed);
        }
        let changes = changes.into_iter();
        let changes = changes.map(|((start, end), text)| Change {
            range: start..end,
            text,
        });
        changes.collect()
    }

    /// The text with what parts it from the body around `offset`.
    fn framed(&self, text: &Text, body: &[u8], offset: usize, closers: &str) -> String {
        let canvas = &self.sheet.canvas;
        let newline = canvas.newline();
        if !canvas.is_html() {
            let flowed = canvas.part.parameter("format");
            let flowed = flowed.is_some_and(|format| format.eq_ignore_ascii_case("flowed"));
            let frame = Frame { newline, flowed };
            return frame.set(body, offset, &text.content);
        }
        let before = &body[..offset];
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        // The old line and the new one together may be too long for mail. It is broken within the
        // tag: a break before the element would stay behind when the element goes.
        let long = column + closers.len() > COLUMN_MAX - 100;
        let element = &text.content;
        match (long, closers.is_empty()) {
            (false, _) => format!("{closers}{element}{newline}"),
            (true, true) => {
                let element = element.replacen(' ', newline, 1);
                format!("{element}{newline}")
            }
            (true, false) => format!("{newline}{closers}{element}{newline}"),
        }
    }
}
