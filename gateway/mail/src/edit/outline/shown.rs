//! The line of HTML that is being read, as far as it may begin a quoted letter's header or say who
//! wrote what follows.
//!
//! It never holds more of it than its beginning.

use crate::edit::attribution::{Attributed, Attribution, LOOKED_AT_BYTES};
use crate::edit::heading::Heading;
use crate::edit::html::{Name, Names, VOID, decode_entities, names};
use crate::edit::marks::breaks_line;

/// Where a line begins, and whether text may be set there.
pub(super) type Start = (usize, bool);

/// What a line shows once it has ended.
pub(super) enum Shows {
    /// The header of a quoted letter began here.
    Heading(Start),
    /// Who wrote what follows.
    Attribution(Attributed<Start>),
}

/// What stands in a paragraph of its own.
const PARAGRAPHS: Names = names!["p" "blockquote" "table" "ul" "ol" "pre" "hr" "h1" "h2" "h3" "h4"
    "h5" "h6"];
const BREAK: Name = Name::new(b"br");
/// The cells of a row stand on one line.
const CELLS: Names = names!["td" "th"];

/// A line that nothing has ended yet.
#[derive(Default)]
pub(super) struct ShownLine {
    heading: Heading<Start>,
    attribution: Attribution<Start>,
    beginning: String,
    has_text: bool,
    /// A blank of no line that has text: alone on its line, it parts paragraphs.
    has_blank: bool,
    /// The first of the tags that stand right before its text, else the text.
    start: Option<Start>,
}

impl ShownLine {
    /// Reads shown text.
    pub fn text(&mut self, offset: usize, text: &str, flows: bool) {
        let blank = text == "&nbsp;" || text.trim().is_empty();
        if blank && !self.has_text {
            self.has_blank |= text.contains(['\u{a0}', '&']);
            return;
        }
        self.has_text = true;
        self.start = self.start.or(Some((offset, flows)));
        let room = LOOKED_AT_BYTES.saturating_sub(self.beginning.len());
        let end = text.floor_char_boundary(room);
        self.beginning.push_str(&text[..end]);
    }

    /// Whether text of it would be looked at.
    pub fn has_room(&self) -> bool {
        self.beginning.len() < LOOKED_AT_BYTES
    }

    /// Reads a tag, and what the line shows that it ends.
    pub fn tag(&mut self, name: Name, opens: Option<Start>) -> Option<Shows> {
        let is_cell = name.is_one_of(CELLS) && self.has_text;
        if is_cell {
            self.beginning.push(' ');
        }
        let breaks = breaks_line(name) && !is_cell;
        let mut shows = None;
        if breaks && self.has_text {
            let line = decode_entities(&self.beginning);
            shows = self.start.take().and_then(|start| self.shows(start, &line));
            self.beginning.clear();
        }
        let is_blank_line = !self.has_text && (name == BREAK || self.has_blank);
        if name.is_one_of(PARAGRAPHS) || breaks && is_blank_line {
            self.attribution.end_paragraph();
        }
        if breaks {
            (self.has_text, self.has_blank) = (false, false);
        }
        match opens.filter(|_| !name.is_one_of(VOID)) {
            Some(start) => self.start = self.start.or(Some(start)),
            // What was closed before the text is no part of its line.
            None if breaks => self.start = None,
            None => {}
        }
        shows
    }

    fn shows(&mut self, start: Start, line: &str) -> Option<Shows> {
        if let Some(began) = self.heading.read(start, line) {
            return Some(Shows::Heading(began));
        }
        // Lines of the source end where they please.
        let line = line.replace(['\n', '\r', '\t'], " ");
        let began = self.attribution.read(start, &line);
        began.map(Shows::Attribution)
    }
}
