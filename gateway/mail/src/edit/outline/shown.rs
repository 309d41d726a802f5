//! The line of HTML that is being read, as far as it may begin a quoted letter's header.
//!
//! It never holds more of it than its beginning.

use crate::edit::heading::{Heading, LOOKED_AT_BYTES};
use crate::edit::html::{Name, VOID};
use crate::edit::marks::breaks_line;

/// Where a line begins, and whether text may be set there.
pub(super) type Start = (usize, bool);

/// A line that nothing has ended yet.
#[derive(Default)]
pub(super) struct ShownLine {
    heading: Heading<Start>,
    beginning: Vec<u8>,
    has_text: bool,
    /// The first of the tags that stand right before its text, else the text.
    start: Option<Start>,
}

impl ShownLine {
    /// Reads shown text.
    pub fn text(&mut self, offset: usize, text: &[u8], flows: bool) {
        let blank = text == b"&nbsp;" || text.iter().all(u8::is_ascii_whitespace);
        if blank && !self.has_text {
            return;
        }
        self.has_text = true;
        self.start = self.start.or(Some((offset, flows)));
        let room = (2 * LOOKED_AT_BYTES).saturating_sub(self.beginning.len());
        self.beginning.extend(text.iter().take(room));
    }

    /// Reads a tag; where the header of a quoted letter began, if the line it ends shows one.
    pub fn tag(&mut self, name: Name, opens: Option<Start>) -> Option<Start> {
        let breaks = breaks_line(name);
        let mut begun = None;
        if breaks && self.has_text {
            let start = self.start.take();
            begun = start.and_then(|start| self.heading.read(start, &self.beginning));
            self.has_text = false;
            self.beginning.clear();
        }
        match opens.filter(|_| !name.is_one_of(VOID)) {
            Some(start) => self.start = self.start.or(Some(start)),
            // What was closed before the text is no part of its line.
            None if breaks => self.start = None,
            None => {}
        }
        begun
    }
}
