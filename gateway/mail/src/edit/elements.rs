//! Which elements of HTML are open, told the way browsers build their tree.
//!
//! It never holds fewer elements than a browser has open; where it cannot know, it is lost and
//! says so.

mod kinds;

use super::html::{Name, VOID};
use kinds::*;

/// How many open elements are remembered, and how far a tag looks for another.
pub(crate) const STACK_MAX: usize = 512;
pub(crate) const LOOK_BACK_MAX: usize = 256;
/// How many blocks an end tag of formatting moves its element out of (HTML, "adoption agency").
const ADOPTIONS_MAX: usize = 7;
/// A longer name is not written again.
const NAME_BYTES_MAX: usize = 64;

/// The open elements, innermost last, and what else decides how a tag is read.
#[derive(Default)]
pub(crate) struct Elements<'a> {
    stack: Vec<Element<'a>>,
    /// A form was begun whose end tag is still awaited.
    form: bool,
    /// How many open paragraphs there are, so that every block need not look for one.
    paragraphs: usize,
    /// How many elements of SVG or MathML are open, and whether one of them may hold HTML.
    foreign: usize,
    html_within: bool,
    select: bool,
    noscript: bool,
    lost: bool,
    quote_ended: bool,
}

impl<'a> Elements<'a> {
    /// Whether what is open is not known.
    pub fn is_lost(&self) -> bool {
        // What is left open of these ends in ways that browsers differ on.
        self.lost || self.foreign > 0 || self.select || self.noscript
    }

    /// Gives up: something was read that readers differ on, or that never ends.
    pub fn lose(&mut self) {
        self.lost = true;
    }

    /// Whether nothing is open.
    pub fn is_empty(&self) -> bool {
        self.stack.is_empty() && !self.is_lost()
    }

    /// Whether text may be set where it stands, because only flowing elements are open, and none
    /// that hides what it holds.
    pub fn is_flowing(&self) -> bool {
        let bars = |e: &Element<'_>| e.hides || e.name.is_one_of(BOUNDS);
        !self.is_lost() && !self.stack.iter().any(bars)
    }

    /// Whether the element that [`Self::mark_quote`] marked was closed since the last call.
    pub fn take_quote_ended(&mut self) -> bool {
        std::mem::take(&mut self.quote_ended)
    }

    /// Marks the innermost element as the one that holds a quotation.
    pub fn mark_quote(&mut self) {
        if let Some(last) = self.stack.last_mut() {
            last.quote = true;
        }
    }

    /// Reads what is neither tag nor text: a comment, a declaration, the content of a script.
    pub fn hidden(&mut self, token: &[u8]) {
        let is_comment = token.starts_with(b"<!--");
        // In SVG and MathML these bytes are markup, and a section of characters ends elsewhere.
        let markup = self.foreign > 0 && !is_comment && token.contains(&b'<');
        self.lost |= markup;
        self.check_noscript(token);
    }

    /// Reads a start tag; whether it left an element open.
    pub fn open(&mut self, name: Name, tag: &'a [u8]) -> bool {
        self.check_noscript(tag);
        if self.lost {
            return false;
        }
        let element = Element::opened(name, tag);
        self.lost |= name.is_one_of(LOSING) || self.select && !name.is_one_of(IN_SELECT);
        if self.lost || self.select {
            return false;
        }
        if self.foreign > 0 || name.is_one_of(FOREIGN) {
            return self.open_foreign(element, tag);
        }
        if name.is_one_of(TABLE_PARTS) || name.is_one_of(CELLS) {
            return self.open_in_table(element);
        }
        self.end_before(name);
        match name {
            FORM if self.form => return false,
            FORM => {
                self.form = true;
                if self.table().is_some_and(|at| !self.in_cell(at)) {
                    return false;
                }
            }
            SELECT => self.select = true,
            NOSCRIPT => {
                self.lost |= self.noscript;
                self.noscript = true;
            }
            _ if name.is_one_of(VOID) || name.is_one_of(NEVER_OPEN) => return false,
            _ => {}
        }
        self.push(element)
    }

    /// What a start tag ends.
    fn end_before(&mut self, name: Name) {
        if name.is_one_of(HEADINGS)
            || name.is_one_of(ENDS_PARAGRAPH) && !(name == FORM && self.form)
        {
            match name {
                LI => self.end(|e| e.name == LI, stops_item),
                _ if name.is_one_of(ITEMS) => self.end(|e| e.name.is_one_of(ITEMS), stops_item),
                _ => {}
            }
            if self.paragraphs > 0 {
                self.end(|e| e.name == P, bounds_paragraph);
            }
        }
        if name.is_one_of(HEADINGS) {
            self.end_heading();
        }
        match name {
            BUTTON => self.end(|e| e.name == BUTTON, is_bound),
            A | NOBR => {
                self.end_formatting(name);
                // One that a table stands in is no longer open, but what is in it may be.
                if let Some(at) = self.seek(|n| n == name || n.is_one_of(MARKERS))
                    && self.stack[at].name == name
                {
                    self.stack[at].sure = false;
                }
            }
            TABLE => {
                if let Some(at) = self.table().filter(|at| !self.in_cell(*at)) {
                    self.pop(at);
                }
                // Whether a table ends a paragraph depends on the doctype.
                if self.paragraphs > 0
                    && let Some(at) = self.seek(|n| n == P || bounds_paragraph(n))
                    && self.stack[at].name == P
                {
                    self.doubt(at);
                }
            }
            _ => {}
        }
    }

    fn open_foreign(&mut self, element: Element<'a>, tag: &[u8]) -> bool {
        let within = self.foreign > 0;
        self.lost |= within && (self.html_within || element.name.is_one_of(ENDS_FOREIGN));
        // A slash closes an element of SVG and MathML only (HTML, "Self-closing start tag state").
        if self.lost || tag.ends_with(b"/>") {
            return false;
        }
        // The tokens close what holds no markup.
        if within && element.name.is_one_of(NEVER_OPEN) {
            return false;
        }
        self.foreign += 1;
        self.html_within |= element.name.is_one_of(HTML_WITHIN);
        self.push(element)
    }

    fn open_in_table(&mut self, element: Element<'a>) -> bool {
        let Some(at) = self.table() else { return false };
        self.pop_above(at);
        element.name.is_one_of(CELLS) && self.push(element)
    }

    /// A heading ends one that it stands in directly.
    fn end_heading(&mut self) {
        let doubtful = self.stack.iter().rev().take_while(|e| !e.sure).count();
        let at = (self.stack.len() - doubtful).saturating_sub(1);
        let heading = self.stack.get(at);
        if heading.is_some_and(|e| e.name.is_one_of(HEADINGS)) {
            // Formatting of earlier text may stand between the two.
            match self.stack.iter().all(|e| e.sure) {
                true => self.pop(at),
                false => self.doubt(at),
            }
        }
    }

    /// Reads an end tag.
    pub fn close(&mut self, name: Name, tag: &[u8]) {
        self.check_noscript(tag);
        if self.lost || name.is_one_of(NEVER_OPEN) {
            return;
        }
        let element = Element::named(name, written(tag, 2));
        if self.foreign > 0 {
            self.close_foreign(&element);
        } else if self.select {
            self.select = name != SELECT;
            match name {
                SELECT => self.end(|e| e.name == SELECT, is_bound),
                _ => self.lost |= !name.is_one_of(IN_SELECT),
            }
        } else if name == NOSCRIPT {
            // Where scripts run its content is no markup: both ways must end alike.
            let last = self.stack.last().is_some_and(|e| e.name == NOSCRIPT);
            self.lost |= self.noscript && !last;
            if std::mem::take(&mut self.noscript) {
                self.stack.pop();
            }
        } else if name.is_one_of(CELLS) || name.is_one_of(TABLE_PARTS) || name == TABLE {
            self.close_in_table(name);
        } else {
            self.close_flow(&element);
        }
    }

    fn close_flow(&mut self, element: &Element<'_>) {
        let name = element.name;
        match name {
            P if self.paragraphs == 0 => {}
            P => self.end(|e| e.name == P, bounds_paragraph),
            LI => self.end(|e| e.name == LI, |n| is_bound(n) || n.is_one_of(LISTS)),
            FORM => self.close_form(),
            _ if name.is_one_of(HEADINGS) => self.end(|e| e.name.is_one_of(HEADINGS), is_bound),
            _ if name.is_one_of(FORMATTING) => self.end_formatting(name),
            _ if name.is_one_of(BLOCKS) || name.is_one_of(NEW_BLOCKS) => {
                self.end(|e| e.name == name, is_bound)
            }
            _ => self.end(|e| e.is(element), is_special),
        }
    }

    fn close_foreign(&mut self, element: &Element<'_>) {
        match self.stack.last() {
            Some(last) if last.is(element) => {
                self.foreign -= 1;
                self.html_within &= !element.name.is_one_of(HTML_WITHIN);
                self.stack.pop();
            }
            _ => self.lost = true,
        }
    }

    fn close_in_table(&mut self, name: Name) {
        let Some(at) = self.table() else { return };
        let cell = self.seek(|n| n.is_one_of(CELLS) || n == TABLE);
        let cell = cell.filter(|cell| *cell > at);
        let is = |part: Name| cell.is_some_and(|cell| self.stack[cell].name == part);
        match name {
            TABLE => self.pop(at),
            TR if !is(CAPTION) => self.pop_above(at),
            _ if is(name) => self.pop(cell.unwrap_or(at)),
            // Whether it is this part of a table that is open was not kept.
            _ if name.is_one_of(TABLE_PARTS) => self.doubt(at + 1),
            _ => {}
        }
    }

    /// The innermost table that is open.
    fn table(&mut self) -> Option<usize> {
        let at = self.seek(|n| n == TABLE)?;
        // The cells of one that may be closed cannot be told from what stands beside it.
        let cells = self.stack[at..].iter().filter(|e| e.name.is_one_of(CELLS));
        self.lost |= !self.stack[at].sure || cells.clone().any(|cell| !cell.sure);
        (!self.lost).then_some(at)
    }

    fn in_cell(&self, table: usize) -> bool {
        self.stack[table..].iter().any(|e| e.name.is_one_of(CELLS))
    }

    /// The innermost element of these, as far as is looked.
    fn seek(&mut self, is: impl Fn(Name) -> bool) -> Option<usize> {
        let from = self.stack.len().saturating_sub(LOOK_BACK_MAX);
        let found = self.stack[from..].iter().rposition(|e| is(e.name));
        self.lost |= found.is_none() && from > 0;
        found.map(|at| from + at)
    }

    /// A form is taken from among the open elements; what it holds stays open.
    fn close_form(&mut self) {
        if !std::mem::take(&mut self.form) {
            return;
        }
        let Some(at) = self.seek(|n| n == FORM) else {
            return;
        };
        if self.stack[at..].iter().any(|e| is_bound(e.name)) {
            // It stays open, and no end tag of its own closes it any more.
            self.lost = true;
            return;
        }
        self.remove(at);
        let implied = |e: &&mut Element<'_>| e.name.is_one_of(IMPLIED);
        self.stack[at..]
            .iter_mut()
            .filter(implied)
            .for_each(|e| e.sure = false);
    }

    /// An end tag of formatting closes its element only, where blocks were begun in it.
    fn end_formatting(&mut self, name: Name) {
        let mut blocks = 0;
        let mut removed = false;
        for (steps, at) in (0..self.stack.len()).rev().enumerate() {
            let element = self.stack[at];
            match element.name == name {
                // Not the one that was taken away may have been meant, but this.
                true if removed => return self.doubt(at),
                true if blocks > ADOPTIONS_MAX || blocks > 0 && !element.listed => {
                    return self.doubt(at);
                }
                true if element.sure && blocks == 0 => return self.pop(at),
                true => {
                    self.remove(at);
                    self.doubt_inline(at);
                    removed = !element.sure;
                    if element.sure {
                        return;
                    }
                }
                false if is_bound(element.name) => {
                    self.lost |= !element.sure || element.name == NOSCRIPT;
                    return;
                }
                false => blocks += usize::from(is_special(element.name)),
            }
            if steps >= LOOK_BACK_MAX {
                self.lost = true;
                return;
            }
        }
    }

    /// Closes the innermost element that `is` it, unless one that `stops` the search stands within.
    fn end(&mut self, is: impl Fn(&Element<'_>) -> bool, stops: impl Fn(Name) -> bool) {
        let mut doubted = false;
        for (steps, at) in (0..self.stack.len()).rev().enumerate() {
            let element = self.stack[at];
            match is(&element) {
                true if element.sure && !doubted => return self.pop(at),
                true if element.sure => return self.doubt(at),
                // This one or one further out was closed.
                true if !doubted => {
                    self.remove(at);
                    self.doubt(at);
                    doubted = true;
                }
                false if element.name == NOSCRIPT => {
                    // Where scripts run, nothing in it ends what is outside.
                    self.lost |= self.stack[..at].iter().any(is);
                    return;
                }
                false if stops(element.name) && element.sure => return,
                false if stops(element.name) => doubted = true,
                _ => {}
            }
            if steps >= LOOK_BACK_MAX {
                self.lost = true;
                return;
            }
        }
    }

    /// Closes the element at `at` and all within; formatting within stays, as in later text.
    fn pop(&mut self, at: usize) {
        if at + 1 == self.stack.len() {
            return self.remove(at);
        }
        let closed = self.stack.split_off(at);
        // One that its own end tag did not end is still in the way of formatting.
        self.lost |= closed[1..].iter().any(|e| e.name.is_one_of(OBJECTS));
        // The end of a cell or an object ends the formatting begun in it.
        let marker = closed.iter().rposition(|e| e.name.is_one_of(MARKERS));
        self.quote_ended |= closed.iter().any(|e| e.quote);
        self.paragraphs -= closed.iter().filter(|e| e.name == P).count();
        let stays = closed[..marker.unwrap_or(closed.len())].iter().skip(1);
        let stays = stays.filter(|e| e.name.is_one_of(FORMATTING));
        self.stack
            .extend(stays.map(|e| Element { sure: false, ..*e }));
    }

    /// Closes all within the element at `at`.
    fn pop_above(&mut self, at: usize) {
        let Some(first) = self.stack.get(at + 1).copied() else {
            return;
        };
        self.lost |= first.name.is_one_of(OBJECTS);
        self.pop(at + 1);
        if first.name.is_one_of(FORMATTING) {
            self.stack.insert(
                at + 1,
                Element {
                    sure: false,
                    ..first
                },
            );
        }
    }

    fn remove(&mut self, at: usize) {
        let element = self.stack.remove(at);
        self.quote_ended |= element.quote;
        self.paragraphs -= usize::from(element.name == P);
    }

    fn push(&mut self, element: Element<'a>) -> bool {
        let known = element.written.is_ascii() && element.written.len() <= NAME_BYTES_MAX;
        if self.stack.len() >= STACK_MAX || !known {
            self.lost = true;
            return false;
        }
        self.paragraphs += usize::from(element.name == P);
        if element.name.is_one_of(FORMATTING) {
            self.forget_the_fourth(element.name);
        }
        self.stack.push(element);
        true
    }

    /// Of equal formatting only three are kept in mind, the latest.
    fn forget_the_fourth(&mut self, name: Name) {
        const KEPT: usize = 3;
        let from = self.stack.len().saturating_sub(LOOK_BACK_MAX);
        let same = self.stack[from..]
            .iter_mut()
            .rev()
            .filter(|e| e.name == name);
        if let Some(fourth) = same.skip(KEPT - 1).find(|e| e.listed) {
            fourth.listed = false;
        }
    }

    /// All from `at` inwards may have been closed.
    fn doubt(&mut self, at: usize) {
        self.stack[at..].iter_mut().for_each(|e| e.sure = false);
    }

    fn doubt_inline(&mut self, at: usize) {
        let inline = self.stack[at..].iter_mut().filter(|e| !is_special(e.name));
        inline.for_each(|e| e.sure = false);
    }

    /// Where scripts run, what a `noscript` holds is no markup and ends at the first end tag.
    fn check_noscript(&mut self, token: &[u8]) {
        self.lost |= self.noscript && token.get(1..).is_some_and(|rest| rest.contains(&b'<'));
    }

    /// The end tags that close all that is open, and all that may be.
    pub fn closers(&self) -> String {
        let mut tags = String::new();
        let mut write = |element: &Element<'_>| {
            let name = String::from_utf8_lossy(element.written);
            tags.push_str(&format!("</{}>", name.to_ascii_lowercase()));
        };
        for (at, element) in self.stack.iter().enumerate().rev() {
            let outer = at.checked_sub(1).map(|outer| self.stack[outer]);
            let name = element.name;
            // The end of the table, of what holds the item, or the start of a block is enough.
            let implied = match outer {
                None => name == P,
                Some(outer) => {
                    let ends_it = outer.sure && is_special(outer.name);
                    name.is_one_of(IMPLIED) && ends_it && !outer.name.is_one_of(ENDS_NO_ITEM)
                }
            };
            if !implied && !name.is_one_of(CELLS) {
                write(element);
            }
        }
        // What stays in later text may have been opened anew, further in.
        let again = |e: &&Element<'_>| !e.sure && e.name.is_one_of(FORMATTING);
        self.stack.iter().filter(again).for_each(&mut write);
        tags
    }
}
