//! Where in an HTML body text is seen: top, bottom, and above what is quoted.
//!
//! It never places text inside a table, a comment, or an element that was left open.

use super::Place;
use super::attribution::{Attributed, Form, LOOKED_AT_BYTES};
use super::elements::Elements;
use super::html::{
    CUT_TAG, Name, Names, RAW, Token, Tokens, VOID, attribute, decode_entities, names,
};
use super::words::Words;

mod shown;

use shown::{ShownLine, Shows, Start};

/// Where to insert, and what must be closed there first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub offset: usize,
    pub closers: String,
}

const BODY: Name = Name::new(b"body");
const HTML: Name = Name::new(b"html");
const HEAD: Name = Name::new(b"head");
const BLOCKQUOTE: Name = Name::new(b"blockquote");
/// What is seen although it is no text.
const SEEN: Names = names!["img" "hr" "input" "video" "object" "embed" "iframe"];
/// What only says how the text in it looks.
const DRESS: Names = names!["a" "b" "br" "div" "em" "font" "i" "p" "small" "span" "strong" "u"];

/// Finds the spot for a place; `None` where browsers would not surely show what stands there.
pub(crate) fn find<'a>(html: impl Into<Words<'a>>, place: Place) -> Option<Spot> {
    let words = html.into();
    let html = words.scan();
    let mut scan = match place {
        Place::AboveQuote => Scan::of_quotations(words, Form::Likely),
        Place::Top | Place::Bottom => Scan::default(),
    };
    scan.run(html, usize::MAX);
    let open = |offset| Spot {
        offset,
        closers: String::new(),
    };
    match place {
        Place::Top => Some(open(scan.top())),
        Place::Bottom => scan.bottom(html),
        Place::AboveQuote => match scan.quote.filter(|_| !scan.text_after_quote) {
            Some(offset) => Some(open(offset)),
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

/// Whether a piece of HTML is whole in itself and shows nothing: blanks, and elements that only say
/// how text looks. Without it, what stands around it shows the same.
pub(crate) fn shows_nothing(html: &str) -> bool {
    let mut open: Vec<Name> = Vec::new();
    for token in Tokens::new(html.as_bytes()) {
        let nothing = match token {
            Token::Text(range) => decode_entities(&html[range]).trim().is_empty(),
            Token::Open { name, .. } => {
                open.extend((!name.is_one_of(VOID)).then_some(name));
                name.is_one_of(DRESS)
            }
            Token::Close { name, .. } => open.pop() == Some(name),
            Token::Hidden(_) | Token::Unclosed { .. } => false,
        };
        if !nothing {
            return false;
        }
    }
    open.is_empty()
}

/// Whether `offset` lies in what is surely quoted.
pub(crate) struct Quoted {
    regions: Vec<std::ops::Range<usize>>,
}

impl Quoted {
    /// Finds what is quoted.
    pub fn find(words: Words<'_>) -> Self {
        let html = words.scan();
        let mut scan = Scan::of_quotations(words, Form::Sure);
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
struct Scan<'a> {
    prologue_end: usize,
    html_open: Option<usize>,
    head_close: Option<usize>,
    body_open: Option<usize>,
    end_of_shown: Option<usize>,
    shown_after_end: bool,
    elements: Elements<'a>,
    clean_at_end: bool,
    /// The token before began an element whose content is no markup.
    raw: bool,
    closer: &'static str,
    quote: Option<usize>,
    /// Where the quotation began, and whether an element's end ends it.
    quote_open: Option<(usize, bool)>,
    regions: Vec<std::ops::Range<usize>>,
    text_after_quote: bool,
    begun: bool,
    /// The line that is read and its words, where it matters which one begins a quotation.
    line: Option<(ShownLine, Words<'a>)>,
    /// The form of attributions by which what no element holds is quoted.
    least: Option<Form>,
    /// Where it was said who wrote what follows, with nothing shown since.
    attributed: Option<Attributed<Start>>,
    first_text: Option<usize>,
}

impl<'a> Scan<'a> {
    fn of_quotations(words: Words<'a>, least: Form) -> Self {
        Self {
            least: Some(least),
            line: Some((ShownLine::default(), words)),
            ..Self::default()
        }
    }

    fn run(&mut self, html: &'a [u8], until: usize) {
        for token in Tokens::new(html) {
            match token {
                Token::Text(range) if range.start < until => self.text(html, range),
                Token::Open { name, range } if range.start < until => self.open(html, name, range),
                Token::Close { name, range } if range.start < until => {
                    self.close(html, name, range);
                }
                Token::Hidden(range) if range.start < until => {
                    self.elements.hidden(&html[range.clone()]);
                    // The content of a style is hidden too, but no place to stand after.
                    if !self.begun && self.elements.is_empty() && !self.raw {
                        self.prologue_end = range.end;
                    }
                }
                Token::Unclosed { closer, range } if range.start < until => {
                    self.unclosed(&html[range], closer);
                }
                _ => return,
            }
        }
    }

    /// Reads what the end cut off, as `closer` will close it.
    fn unclosed(&mut self, cut: &[u8], closer: &'static str) {
        self.closer = closer;
        if closer == CUT_TAG && cut.starts_with(b"</") {
            // What an end tag says of itself does not matter.
            let whole = [cut, closer.as_bytes()].concat();
            let (name, _) = Name::read(&whole[2..]);
            self.elements.close(name, &whole);
        } else if closer == CUT_TAG || closer.is_empty() {
            // The element may be any, and what it was to say of itself is not known.
            self.elements.lose();
        }
    }

    fn text(&mut self, html: &[u8], range: std::ops::Range<usize>) {
        let text = &html[range.clone()];
        if let Some((line, words)) = &mut self.line {
            let room = range.start..range.end.min(range.start + LOOKED_AT_BYTES);
            let text = match line.has_room() {
                true => words.text(room),
                false => "".into(),
            };
            line.text(range.start, &text, self.elements.is_flowing());
        }
        if text.iter().all(u8::is_ascii_whitespace) || text == b"&nbsp;" {
            return;
        }
        self.first_text = self.first_text.or(Some(range.start));
        if let Some(Attributed { start, form }) = self.attributed.take()
            && Some(form) >= self.least
        {
            let quotes = text.trim_ascii_start();
            if !quotes.starts_with(b">") && !quotes.starts_with(b"&gt;") {
                self.begin_quote(start);
            }
        }
        self.seen();
    }

    fn seen(&mut self) {
        self.begun = true;
        self.shown_after_end = true;
        self.text_after_quote |= self.quote.is_some() && self.quote_open.is_none();
    }

    /// Reads a tag as the end of a line, and begins the quotation whose header this line shows.
    fn line_tag(&mut self, name: Name, opens: Option<usize>) {
        let Some((line, _)) = &mut self.line else {
            return;
        };
        let opens = opens.filter(|_| ![HTML, HEAD, BODY].contains(&name));
        let opens = opens.map(|at| (at, self.elements.is_flowing()));
        match line.tag(name, opens).filter(|_| self.quote_open.is_none()) {
            Some(Shows::Heading(start)) => self.begin_quote(start),
            // Below an attribution that nothing stands above, new text may follow the quotation.
            Some(Shows::Attribution(read)) => {
                let stands_below = self.first_text.is_some_and(|at| at < read.start.0);
                self.attributed = stands_below.then_some(read);
            }
            None => {}
        }
    }

    /// All that follows is quoted.
    fn begin_quote(&mut self, (start, flows): Start) {
        self.text_after_quote = false;
        self.quote = self.quote.or(flows.then_some(start));
        self.quote_open = Some((start, false));
    }

    fn open(&mut self, html: &'a [u8], name: Name, range: std::ops::Range<usize>) {
        self.line_tag(name, Some(range.start));
        let top = || self.elements.is_empty().then_some(range.end);
        match name {
            HTML => self.html_open = self.html_open.or_else(top),
            BODY => self.body_open = self.body_open.or_else(top),
            _ if name.is_one_of(SEEN) => self.seen(),
            _ => {}
        }
        self.raw = name.is_one_of(RAW);
        let tag = &html[range.clone()];
        let quote = match self.quote_open {
            None if name == BLOCKQUOTE && self.attributed.is_some() => Some(QuoteKind::Element),
            None => quote_kind(name, tag),
            Some(_) => None,
        };
        if quote.is_some() {
            self.text_after_quote = false;
            let own = (range.start, self.elements.is_flowing());
            let (start, flows) = self.attributed.take().map_or(own, |read| read.start);
            if self.quote.is_none() && flows {
                self.quote = Some(start);
            }
        }
        let pushed = self.elements.open(name, tag);
        match quote {
            Some(QuoteKind::Element) => {
                self.quote_open = Some((range.start, pushed));
                if pushed {
                    self.elements.mark_quote();
                }
            }
            Some(QuoteKind::Separator) => self.quote_open = Some((range.start, false)),
            // The attribution stands before the quotation itself.
            Some(QuoteKind::Attribution) | None => {}
        }
        self.end_quote(range.start);
    }

    fn close(&mut self, html: &'a [u8], name: Name, range: std::ops::Range<usize>) {
        self.raw = false;
        self.line_tag(name, None);
        match name {
            HEAD => {
                let top = || self.elements.is_empty().then_some(range.end);
                self.head_close = self.head_close.or_else(top);
            }
            BODY | HTML => {
                if self.shown_after_end || self.end_of_shown.is_none() {
                    self.end_of_shown = Some(range.start);
                    self.clean_at_end = self.elements.is_empty();
                }
                self.shown_after_end = false;
                return;
            }
            _ => {}
        }
        self.elements.close(name, &html[range.clone()]);
        self.end_quote(range.end);
    }

    /// Notes that the element which held the quotation ended here.
    fn end_quote(&mut self, end: usize) {
        if self.elements.take_quote_ended()
            && let Some((start, true)) = self.quote_open
        {
            self.regions.push(start..end);
            self.quote_open = None;
        }
    }

    fn top(&self) -> usize {
        let known = self.body_open.or(self.head_close).or(self.html_open);
        known.unwrap_or(self.prologue_end)
    }

    fn bottom(&self, html: &[u8]) -> Option<Spot> {
        let end = self.end_of_shown.filter(|_| !self.shown_after_end);
        let Some(offset) = end.filter(|_| self.closer.is_empty()) else {
            return self.spot(html.len());
        };
        if self.clean_at_end {
            return Some(Spot {
                offset,
                closers: String::new(),
            });
        }
        let mut again = Scan::default();
        again.run(html, offset);
        again.spot(offset)
    }

    fn spot(&self, offset: usize) -> Option<Spot> {
        (!self.elements.is_lost()).then(|| Spot {
            offset,
            closers: self.closers(),
        })
    }

    fn closers(&self) -> String {
        format!("{}{}", self.closer, self.elements.closers())
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
    const DIV: Name = Name::new(b"div");
    const QUOTING: Names = names!["blockquote" "div" "hr" "table" "span" "section"];
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
    if name == BLOCKQUOTE && holds("type", &["cite"]) {
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
            "moz-forward-container",
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
    let style = || attribute(tag, "style").is_some_and(is_outlook_rule);
    let outlook_rule = name == DIV && style();
    (outlook_id || outlook_rule || holds("class", &["outlookmessageheader"]))
        .then_some(QuoteKind::Separator)
}

/// Whether a style draws the line that Outlook has above a quoted letter's header: as Word writes
/// it, or as browsers and mail programs write it again. Newsletters measure their lines in pixels.
fn is_outlook_rule(style: &[u8]) -> bool {
    const COLORS: [&str; 4] = ["#e1e1e1", "#b5c4df", "rgb(225,225,225)", "rgb(181,196,223)"];
    let bytes = style.iter().filter(|byte| !byte.is_ascii_whitespace());
    let tight: Vec<u8> = bytes.map(u8::to_ascii_lowercase).collect();
    let says = |words: &str| memchr::memmem::find(&tight, words.as_bytes()).is_some();
    let others = [
        "border-right:none",
        "border-bottom:none",
        "border-left:none",
    ];
    let top_alone = says("border:none;border-top:")
        || says("border-style:solidnonenone")
        || says("border-top:") && others.iter().all(|other| says(other));
    top_alone && !says("1px") && COLORS.iter().any(|color| says(color))
}

#[cfg(test)]
mod tests;
