//! The elements of HTML by how browsers open and close them (HTML, "Parsing HTML documents").
//!
//! It never decides what is open: it only tells elements apart.

use crate::edit::html::{Name, Names, hides, names};

/// End tags of these look for their own and close all that was opened since (HTML, "in body").
pub(super) const BLOCKS: Names = names![
    "address" "article" "aside" "blockquote" "button" "center" "details"
    "dir" "div" "dl" "fieldset" "figcaption" "figure" "footer" "header" "hgroup" "listing" "main"
    "menu" "nav" "ol" "pre" "section" "ul" "applet" "marquee" "object" "dd" "dt" "li"];
pub(super) const HEADINGS: Names = names!["h1" "h2" "h3" "h4" "h5" "h6"];
/// These stand open in later text too, until they are closed themselves (HTML, "formatting").
pub(super) const FORMATTING: Names = names![
    "a" "b" "big" "code" "em" "font" "i" "nobr" "s" "small" "strike"
    "strong" "tt" "u"];
/// Besides blocks and headings, what an end tag of another element does not reach beyond.
pub(super) const OTHER_SPECIAL: Names =
    names!["form" "p" "table" "td" "th" "caption" "noscript" "search" "select" "summary"];
/// What no end tag but a table's reaches beyond (HTML, "have an element in scope").
pub(super) const BOUNDS: Names =
    names!["applet" "caption" "table" "td" "th" "marquee" "object" "noscript"];
/// Those of them beyond which formatting does not continue, and after whose end it ends.
pub(super) const MARKERS: Names = names!["applet" "caption" "td" "th" "marquee" "object"];
pub(super) const OBJECTS: Names = names!["applet" "marquee" "object"];
pub(super) const CELLS: Names = names!["td" "th" "caption"];
pub(super) const TABLE_PARTS: Names = names!["tr" "tbody" "thead" "tfoot" "colgroup" "col"];
/// Their start ends an open paragraph, as does that of every heading.
pub(super) const ENDS_PARAGRAPH: Names = names![
    "address" "article" "aside" "blockquote" "center" "details"
    "dialog" "dir" "div" "dl" "fieldset" "figcaption" "figure" "footer" "header" "hgroup" "main"
    "menu" "nav" "ol" "p" "search" "section" "summary" "ul" "pre" "listing" "form" "li" "dd" "dt"
    "hr" "xmp"];
/// Their ends are implied in ways that differ, or that are not followed here.
pub(super) const LOOSE: Names =
    names!["search" "dialog" "summary" "option" "optgroup" "rb" "rp" "rt" "rtc"];
/// Blocks to some browsers only.
pub(super) const NEW_BLOCKS: Names = names!["search" "dialog" "summary"];
/// Their end may be left out before the end of what holds them.
pub(super) const IMPLIED: Names =
    names!["p" "li" "dd" "dt" "option" "optgroup" "rb" "rp" "rt" "rtc"];
/// The end tags of these do not surely end an item within.
pub(super) const ENDS_NO_ITEM: Names = names!["form" "p" "li" "dd" "dt"];
pub(super) const ITEMS: Names = names!["dd" "dt"];
/// What an end tag looking for a list item, or its start, does pass.
pub(super) const PASSED_BY_ITEMS: Names = names!["address" "div" "p"];
pub(super) const LISTS: Names = names!["ol" "ul"];
/// What holds no markup, so that the tokens open and close it themselves; and the document.
pub(super) const NEVER_OPEN: Names = names![
    "script" "style" "title" "textarea" "xmp" "iframe" "noembed"
    "noframes" "html" "head" "body"];
/// After these nothing is certain: their content is no part of the letter, or never ends.
pub(super) const LOSING: Names = names!["template" "plaintext" "frameset"];
pub(super) const FOREIGN: Names = names!["svg" "math"];
/// What of HTML ends SVG and MathML, and where within them HTML stands.
pub(super) const ENDS_FOREIGN: Names = names![
    "b" "big" "blockquote" "body" "br" "center" "code" "dd" "div"
    "dl" "dt" "em" "embed" "h1" "h2" "h3" "h4" "h5" "h6" "head" "hr" "i" "img" "li" "listing"
    "menu" "meta" "nobr" "ol" "p" "pre" "ruby" "s" "small" "span" "strong" "strike" "sub" "sup"
    "table" "tt" "u" "ul" "var" "font" "svg" "math"];
pub(super) const HTML_WITHIN: Names =
    names!["foreignobject" "desc" "mi" "mo" "mn" "ms" "mtext" "annotation-xml"];
/// What these hold is shown at times only: when opened, or where nothing better can be.
const HIDING: Names = names![
 "details" "dialog" "audio" "video" "canvas" "object" "applet" "datalist" "meter" "progress"
];
pub(super) const IN_SELECT: Names = names!["option" "optgroup" "hr"];
pub(super) const A: Name = Name::new(b"a");
pub(super) const NOBR: Name = Name::new(b"nobr");
pub(super) const P: Name = Name::new(b"p");
pub(super) const LI: Name = Name::new(b"li");
pub(super) const FORM: Name = Name::new(b"form");
pub(super) const BUTTON: Name = Name::new(b"button");
pub(super) const SELECT: Name = Name::new(b"select");
pub(super) const NOSCRIPT: Name = Name::new(b"noscript");
pub(super) const TABLE: Name = Name::new(b"table");
pub(super) const CAPTION: Name = Name::new(b"caption");
pub(super) const TR: Name = Name::new(b"tr");

/// Whether an end tag looks no further.
pub(super) fn is_bound(name: Name) -> bool {
    name.is_one_of(BOUNDS)
}

/// Whether the end of a paragraph looks no further.
pub(super) fn bounds_paragraph(name: Name) -> bool {
    is_bound(name) || name == BUTTON
}

/// Whether the end tag of an element without rules of its own looks no further.
pub(super) fn is_special(name: Name) -> bool {
    const SPECIAL: Names = BLOCKS.and(HEADINGS).and(OTHER_SPECIAL);
    name.is_one_of(SPECIAL)
}

/// Whether the start of a list item looks no further.
pub(super) fn stops_item(name: Name) -> bool {
    is_special(name) && !name.is_one_of(PASSED_BY_ITEMS)
}

/// As many letters tell a [`Name`]; longer ones are compared in full.
const PACKED_MAX: usize = 16;

/// An element that is or may be open.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub name: Name,
    /// The name as its tag has it.
    pub written: &'a [u8],
    /// Certainly open; what is not may have been closed.
    pub sure: bool,
    /// Formatting that later text surely stands in (HTML, "Noah's Ark clause").
    pub listed: bool,
    /// It holds what is quoted.
    pub quote: bool,
    /// It does not show what it holds.
    pub hides: bool,
}

impl<'a> Element<'a> {
    /// The element that a start tag opens.
    pub fn opened(name: Name, tag: &'a [u8]) -> Self {
        Self {
            sure: !name.is_one_of(LOOSE),
            hides: name.is_one_of(HIDING) || hides(tag),
            ..Self::named(name, written(tag, 1))
        }
    }

    /// An element of which only the name is known.
    pub fn named(name: Name, written: &'a [u8]) -> Self {
        Self {
            name,
            written,
            sure: true,
            listed: true,
            quote: false,
            hides: false,
        }
    }

    /// Whether an end tag of the other's name closes it.
    pub fn is(&self, other: &Element<'_>) -> bool {
        let long = self.written.len() > PACKED_MAX;
        self.name == other.name && (!long || self.written.eq_ignore_ascii_case(other.written))
    }
}

/// The name as a tag has it.
pub(super) fn written(tag: &[u8], start: usize) -> &[u8] {
    let name = tag.get(start..).unwrap_or_default();
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
    &name[..name.iter().position(ends).unwrap_or(name.len())]
}
