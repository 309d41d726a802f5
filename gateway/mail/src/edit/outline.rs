//! Where in an HTML body text is seen: top, bottom, and above what is quoted.
//!
//! It never places text inside a table, a comment, or an element that was left open.

use super::Place;
use super::html::{Name, Token, Tokens, VOID, attribute, names};

/// Where to insert, and what must be closed there first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub offset: usize,
    pub closers: String,
}

/// End tags that HTML lets writers leave out, so that their absence means nothing.
const OPTIONAL_END: &[Name] = names!["html" "head" "body" "p" "li" "dt" "dd" "option" "optgroup"
    "td" "th" "tr" "tbody" "thead" "tfoot" "colgroup" "caption" "rp" "rt"];
const BODY: Name = Name::new(b"body");
const HTML: Name = Name::new(b"html");
const HEAD: Name = Name::new(b"head");
const TABLE: Name = Name::new(b"table");
const FOREIGN: &[Name] = names!["svg" "math"];
/// What is seen although it is no text.
const SEEN: &[Name] = names!["img" "hr" "input" "video" "object" "embed" "iframe"];

/// How many open elements are remembered, and how far an end tag looks for its own.
const STACK_MAX: usize = 512;
const LOOK_BACK_MAX: usize = 64;

/// Finds the spot for a place.
pub(crate) fn find(html: &[u8], place: Place) -> Spot {
    let mut scan = Scan::default();
    scan.run(html, usize::MAX);
    match place {
        Place::Top => Spot {
            offset: scan.top(),
            closers: String::new(),
        },
        Place::Bottom => scan.bottom(html),
        Place::AboveQuote => match scan.quote.filter(|_| !scan.text_after_quote) {
            Some(offset) => Spot {
                offset,
                closers: String::new(),
            },
            None => scan.bottom(html),
        },
    }
}

/// What closes all that a piece of HTML leaves open.
pub(crate) fn closers(html: &[u8]) -> String {
    let mut scan = Scan::default();
    scan.run(html, usize::MAX);
    scan.closers()
}

/// The first end tag whose element was not opened before it, or a tag of the document itself: set
/// into a letter, either would end something of the letter's own.
pub(crate) fn stray_end(html: &[u8]) -> Option<std::ops::Range<usize>> {
    let mut open: Vec<Name> = Vec::new();
    for token in Tokens::new(html) {
        match token {
            Token::Open { name, range } | Token::Close { name, range }
                if [BODY, HTML, HEAD].contains(&name) =>
            {
                return Some(range);
            }
            Token::Open { name, .. } if !name.is_one_of(VOID) => open.push(name),
            Token::Close { name, range } => match open.iter().rposition(|own| *own == name) {
                Some(at) => open.truncate(at),
                None => return Some(range),
            },
            _ => {}
        }
    }
    None
}

/// Whether `offset` lies in what is quoted.
pub(crate) struct Quoted {
    regions: Vec<std::ops::Range<usize>>,
}

impl Quoted {
    /// Finds what is quoted.
    pub fn find(html: &[u8]) -> Self {
        let mut scan = Scan::default();
        scan.run(html, usize::MAX);
        if let Some((start, _)) = scan.quote_open {
            scan.regions.push(start..html.len());
        }
        Self {
            regions: scan.regions,
        }
    }

    /// Whether this offset lies in it.
    pub fn holds(&self, offset: usize) -> bool {
        self.regions.iter().any(|region| region.contains(&offset))
    }
}

#[derive(Default)]
struct Scan {
    prologue_end: usize,
    html_open: Option<usize>,
    head_close: Option<usize>,
    body_open: Option<usize>,
    end_of_shown: Option<usize>,
    shown_after_end: bool,
    stack: Vec<Name>,
    clean_at_end: bool,
    closer: &'static str,
    quote: Option<usize>,
    quote_open: Option<(usize, Option<usize>)>,
    regions: Vec<std::ops::Range<usize>>,
    text_after_quote: bool,
    begun: bool,
}

impl Scan {
    fn run(&mut self, html: &[u8], until: usize) {
        for token in Tokens::new(html) {
            match token {
                Token::Text(range) if range.start < until => self.text(&html[range]),
                Token::Open { name, range } if range.start < until => self.open(html, name, range),
                Token::Close { name, range } if range.start < until => self.close(name, range),
                Token::Hidden(range) if range.start < until => {
                    // The content of a style is hidden too, but no place to stand after.
                    if !self.begun && self.stack.is_empty() {
                        self.prologue_end = range.end;
                    }
                }
                Token::Unclosed { closer, range } if range.start < until => {
                    // A script or style left open stands on the stack already.
                    if closer.starts_with("</") {
                        self.stack.pop();
                    }
                    self.closer = closer;
                }
                _ => return,
            }
        }
    }

    fn text(&mut self, text: &[u8]) {
        if text.iter().all(u8::is_ascii_whitespace) || text == b"&nbsp;" {
            return;
        }
        self.seen();
    }

    fn seen(&mut self) {
        self.begun = true;
        self.shown_after_end = true;
        self.text_after_quote |= self.quote.is_some() && self.quote_open.is_none();
    }

    fn open(&mut self, html: &[u8], name: Name, range: std::ops::Range<usize>) {
        match name {
            HTML => self.html_open = self.html_open.or(Some(range.end)),
            BODY => self.body_open = self.body_open.or(Some(range.end)),
            _ if name.is_one_of(SEEN) => self.seen(),
            _ => {}
        }
        let tag = &html[range.clone()];
        if self.quote_open.is_none()
            && let Some(quote) = quote_kind(name, tag)
        {
            self.text_after_quote = false;
            if !self.stack.contains(&TABLE) {
                self.quote = self.quote.or(Some(range.start));
            }
            match quote {
                // The attribution stands before the quotation itself.
                QuoteKind::Attribution => {}
                QuoteKind::Element => {
                    self.quote_open = Some((range.start, Some(self.stack.len())));
                }
                QuoteKind::Separator => self.quote_open = Some((range.start, None)),
            }
        }
        // A slash closes nothing but within SVG and MathML (HTML, "Self-closing start tag state").
        let foreign = || name.is_one_of(FOREIGN) || self.stack.iter().any(|n| n.is_one_of(FOREIGN));
        let closed = tag.ends_with(b"/>") && foreign();
        let pushed = !name.is_one_of(VOID) && !name.is_one_of(OPTIONAL_END) && !closed;
        if pushed && self.stack.len() < STACK_MAX {
            self.stack.push(name);
        }
    }

    fn close(&mut self, name: Name, range: std::ops::Range<usize>) {
        match name {
            HEAD => self.head_close = self.head_close.or(Some(range.end)),
            BODY | HTML => {
                if self.shown_after_end || self.end_of_shown.is_none() {
                    self.end_of_shown = Some(range.start);
                    self.clean_at_end = self.stack.is_empty();
                }
                self.shown_after_end = false;
                return;
            }
            _ => {}
        }
        let from = self.stack.len().saturating_sub(LOOK_BACK_MAX);
        if let Some(at) = self.stack[from..].iter().rposition(|open| *open == name) {
            self.stack.truncate(from + at);
        }
        if let Some((start, Some(depth))) = self.quote_open
            && self.stack.len() <= depth
        {
            self.regions.push(start..range.end);
            self.quote_open = None;
        }
    }

    fn top(&self) -> usize {
        let known = self.body_open.or(self.head_close).or(self.html_open);
        known.unwrap_or(self.prologue_end)
    }

    fn bottom(&self, html: &[u8]) -> Spot {
        let end = self.end_of_shown.filter(|_| !self.shown_after_end);
        let Some(offset) = end.filter(|_| self.closer.is_empty()) else {
            return Spot {
                offset: html.len(),
                closers: self.closers(),
            };
        };
        if self.clean_at_end {
            return Spot {
                offset,
                closers: String::new(),
            };
        }
        let mut again = Scan::default();
        again.run(html, offset);
        Spot {
            offset,
            closers: again.closers(),
        }
    }

    fn closers(&self) -> String {
        let tags = self
            .stack
            .iter()
            .rev()
            .map(|name| format!("</{}>", name.text()));
        std::iter::once(self.closer.to_owned())
            .chain(tags)
            .collect()
    }
}

enum QuoteKind {
    /// Stands before the quotation and belongs to it.
    Attribution,
    /// Holds the quotation.
    Element,
    /// All that follows is quotation.
    Separator,
}

/// How the mail programs of the world begin what they quote.
fn quote_kind(name: Name, tag: &[u8]) -> Option<QuoteKind> {
    const QUOTING: &[Name] = names!["blockquote" "div" "hr" "table" "span" "section"];
    if !name.is_one_of(QUOTING) {
        return None;
    }
    let holds = |attribute_name: &str, words: &[&str]| {
        attribute(tag, attribute_name).is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            words
                .iter()
                .any(|word| memchr::memmem::find(&value, word.as_bytes()).is_some())
        })
    };
    // Thunderbird and Apple Mail; Gmail, Yahoo, Proton, Zimbra; then Outlook's own ways.
    if name == Name::new(b"blockquote") && holds("type", &["cite"]) {
        return Some(QuoteKind::Element);
    }
    if holds("class", &["moz-cite-prefix", "gmail_attr"]) {
        return Some(QuoteKind::Attribution);
    }
    if holds(
        "class",
        &[
            "gmail_quote",
            "yahoo_quoted",
            "protonmail_quote",
            "zmail_extra",
        ],
    ) {
        return Some(QuoteKind::Element);
    }
    let outlook_id = holds("id", &["divrplyfwdmsg", "appendonsend", "stopspelling"])
        || holds(
            "id",
            &[
                "mail-editor-reference-message-container",
                "reply-intro",
                "olk_src_body",
            ],
        );
    let outlook_rule = holds("style", &["border:none;border-top:solid #e1e1e1"])
        || holds("style", &["border:none;border-top:solid #b5c4df"]);
    (outlook_id || outlook_rule || holds("class", &["outlookmessageheader"]))
        .then_some(QuoteKind::Separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `|` marks where the text goes; closers stand behind it.
    fn shown(html: &str, place: Place) -> String {
        let spot = find(html.as_bytes(), place);
        format!(
            "{}|{}{}",
            &html[..spot.offset],
            spot.closers,
            &html[spot.offset..]
        )
    }

    #[test]
    fn bottom() {
        for (html, expected) in [
            ("<p>a", "<p>a|"),
            (
                "<html><body><p>a</p></body></html>",
                "<html><body><p>a</p>|</body></html>",
            ),
            ("<BODY>a</BODY >\n", "<BODY>a|</BODY >\n"),
            ("a</body>b", "a</body>b|"),
            (
                "a</body></html>\n<img src=x>",
                "a</body></html>\n<img src=x>|",
            ),
            (
                "<div><table><tr><td>a</body>",
                "<div><table><tr><td>a|</table></div></body>",
            ),
            ("a<!-- </body> -->b", "a<!-- </body> -->b|"),
            ("a<!-- b", "a<!-- b|-->"),
            (
                "a</body><!--[if mso]></body><![endif]-->",
                "a|</body><!--[if mso]></body><![endif]-->",
            ),
            ("a<style>b", "a<style>b|</style>"),
            ("a</html>", "a|</html>"),
            // A slash closes no element of HTML, and hides nothing of ours.
            (
                "a<div style=\"display:none\"/></body>",
                "a<div style=\"display:none\"/>|</div></body>",
            ),
            ("<svg><g/></svg><br/>a", "<svg><g/></svg><br/>a|"),
            ("", "|"),
        ] {
            assert_eq!(shown(html, Place::Bottom), expected);
        }
    }

    #[test]
    fn top() {
        for (html, expected) in [
            ("<p>a", "|<p>a"),
            (
                "<html><head><title>t</title></head><body class=\"x\">a",
                "<html><head><title>t</title></head><body class=\"x\">|a",
            ),
            ("<!DOCTYPE html>\n<div>a", "<!DOCTYPE html>|\n<div>a"),
            ("<html>a", "<html>|a"),
            ("<head></head><table>", "<head></head>|<table>"),
        ] {
            assert_eq!(shown(html, Place::Top), expected);
        }
    }

    #[test]
    fn above_quote() {
        for (html, expected) in [
            (
                "<p>a</p><blockquote type=cite>b</blockquote>",
                "<p>a</p>|<blockquote type=cite>b</blockquote>",
            ),
            (
                "<blockquote type=\"cite\">b</blockquote><p>a</p>",
                "<blockquote type=\"cite\">b</blockquote><p>a</p>|",
            ),
            (
                "a<div class=\"gmail_quote x\"><p class=\"gmail_attr\">On</p>b</div><br>",
                "a|<div class=\"gmail_quote x\"><p class=\"gmail_attr\">On</p>b</div><br>",
            ),
            (
                "a<div class=\"moz-cite-prefix\">On</div><blockquote type=\"cite\">b</blockquote>",
                "a|<div class=\"moz-cite-prefix\">On</div><blockquote type=\"cite\">b</blockquote>",
            ),
            ("a<hr id=\"stopSpelling\">b", "a|<hr id=\"stopSpelling\">b"),
            (
                "<table><tr><td>a<blockquote type=cite>b</blockquote></table>",
                "<table><tr><td>a<blockquote type=cite>b</blockquote></table>|",
            ),
            ("a", "a|"),
        ] {
            assert_eq!(shown(html, Place::AboveQuote), expected);
        }
    }

    #[test]
    fn hostile_markup_is_linear() {
        let deep = "<div>".repeat(200_000) + &"</b>".repeat(200_000);
        assert!(find(deep.as_bytes(), Place::Bottom).closers.len() <= STACK_MAX * 6);
        let open = "<a href=\"".repeat(200_000);
        find(open.as_bytes(), Place::Bottom);
        let comments = "<!--".repeat(200_000);
        find(comments.as_bytes(), Place::Bottom);
    }
}
