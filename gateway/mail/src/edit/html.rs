//! HTML as tokens: enough to know what is text, what a tag, and what a browser would not show.
//!
//! It never builds a tree, never fails, and takes linear time; offsets are into the given bytes.

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::work;

mod name;

pub(crate) use name::{Name, Names, names};

/// Elements without content or end tag.
pub(crate) const VOID: Names = names!["area" "base" "br" "col" "embed" "hr" "img" "input" "link"
    "meta" "param" "source" "track" "wbr" "keygen" "frame" "bgsound" "basefont"];

/// Elements whose content is no markup.
pub(crate) const RAW: Names =
    names!["script" "style" "title" "textarea" "xmp" "iframe" "noembed" "noframes"];

/// What ends a tag that was cut, whether a value, quoted either way, was begun or not.
pub(crate) const CUT_TAG: &str = "x'\">";
const SCRIPT: Name = Name::new(b"script");

/// One token; ranges are into the scanned bytes.
#[derive(Clone)]
pub(crate) enum Token {
    /// Text that is shown, entities not yet undone.
    Text(Range<usize>),
    /// A start tag from `<` to `>`.
    Open { name: Name, range: Range<usize> },
    /// An end tag.
    Close { name: Name, range: Range<usize> },
    /// A comment, a declaration, or the content of a script, style or title: not shown.
    Hidden(Range<usize>),
    /// What a browser hides because something was never closed: what would close it.
    Unclosed {
        closer: &'static str,
        range: Range<usize>,
    },
}

/// The tokens of a document.
pub(crate) struct Tokens<'a> {
    html: &'a [u8],
    at: usize,
    raw: Option<Name>,
}

impl<'a> Tokens<'a> {
    /// Begins at the start.
    pub fn new(html: &'a [u8]) -> Self {
        Self {
            html,
            at: 0,
            raw: None,
        }
    }

    fn text(&mut self) -> Token {
        let start = self.at;
        let mut from = start + 1;
        // A `<` that no tag, comment or declaration follows is text.
        self.at = loop {
            match memchr(b'<', &self.html[from.min(self.html.len())..]) {
                None => break self.html.len(),
                Some(n) if begins_markup(&self.html[from + n..]) => break from + n,
                Some(n) => from += n + 1,
            }
        };
        Token::Text(start..self.at)
    }

    fn markup(&mut self) -> Token {
        let start = self.at;
        let rest = &self.html[start..];
        if rest.starts_with(b"<!--") {
            return self.comment();
        }
        let is_tag = |b: &u8| b.is_ascii_alphabetic() || *b == b'/';
        let is_end = rest.get(2).is_some_and(u8::is_ascii_alphabetic);
        if !rest.get(1).is_some_and(is_tag) || rest[1] == b'/' && !is_end {
            let end = memchr(b'>', rest).map(|n| start + n + 1);
            return self.hidden(end, ">");
        }
        let closes = rest.get(1) == Some(&b'/');
        let name_start = start + 1 + usize::from(closes);
        let (name, length) = Name::read(&self.html[name_start..]);
        let Some(end) = tag_end(self.html, name_start + length) else {
            return self.hidden(None, CUT_TAG);
        };
        self.at = end;
        if closes {
            return Token::Close {
                name,
                range: start..end,
            };
        }
        if name.is_one_of(RAW) {
            self.raw = Some(name);
        }
        Token::Open {
            name,
            range: start..end,
        }
    }

    fn comment(&mut self) -> Token {
        let rest = &self.html[self.at + 4..];
        let ends_at_once = [&b">"[..], b"->"]
            .into_iter()
            .find(|end| rest.starts_with(end));
        let length = match ends_at_once {
            Some(end) => Some(end.len()),
            None => memmem::find_iter(rest, b"--").find_map(|n| match &rest[n + 2..] {
                [b'>', ..] => Some(n + 3),
                [b'!', b'>', ..] => Some(n + 4),
                // Of three dashes in a row the last two may end it.
                [b'-', b'>', ..] => Some(n + 4),
                [b'-', b'!', b'>', ..] => Some(n + 5),
                _ => None,
            }),
        };
        self.hidden(length.map(|n| self.at + 4 + n), "-->")
    }

    fn hidden(&mut self, end: Option<usize>, closer: &'static str) -> Token {
        let start = self.at;
        self.at = end.unwrap_or(self.html.len());
        match end {
            Some(end) => Token::Hidden(start..end),
            None => Token::Unclosed {
                closer,
                range: start..self.html.len(),
            },
        }
    }

    fn raw_text(&mut self, name: Name) -> Token {
        if name == SCRIPT {
            return match script_end(&self.html[self.at..]) {
                Ok(length) => self.hidden(Some(self.at + length), ""),
                Err(closer) => self.hidden(None, closer),
            };
        }
        let text = name.text();
        let mut from = self.at;
        loop {
            let Some(n) = memmem::find(&self.html[from..], b"</") else {
                return self.hidden(None, raw_closer(&text));
            };
            let at = from + n;
            if is_named(&self.html[at + 2..], text.as_bytes()) {
                return self.hidden(Some(at), "");
            }
            from = at + 2;
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if self.at >= self.html.len() {
            return None;
        }
        if let Some(name) = self.raw.take() {
            return Some(self.raw_text(name));
        }
        let start = self.at;
        let token = match begins_markup(&self.html[self.at..]) {
            true => self.markup(),
            false => self.text(),
        };
        work::looked_at(self.at - start);
        Some(token)
    }
}

fn begins_markup(rest: &[u8]) -> bool {
    match rest {
        [b'<', b'!' | b'?', ..] => true,
        [b'<', b'/', ..] => true,
        [b'<', letter, ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}

fn raw_closer(name: &str) -> &'static str {
    match name {
        "style" => "</style>",
        "title" => "</title>",
        "textarea" => "</textarea>",
        "xmp" => "</xmp>",
        "iframe" => "</iframe>",
        "noembed" => "</noembed>",
        _ => "</noframes>",
    }
}

/// Whether what follows `<` or `</` is a tag of this name.
fn is_named(rest: &[u8], name: &[u8]) -> bool {
    let same = rest.get(..name.len());
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
    same.is_some_and(|found| found.eq_ignore_ascii_case(name))
        && rest.get(name.len()).is_none_or(ends)
}

/// How long a script is (HTML, "Script data double escaped state"), else what would end it.
fn script_end(script: &[u8]) -> Result<usize, &'static str> {
    let (mut at, mut escaped, mut within) = (0, false, false);
    while let Some(n) = memchr::memchr2(b'<', b'-', &script[at..]) {
        at += n;
        match &script[at..] {
            // Its dashes may be those that end it.
            rest if rest.starts_with(b"<!--") => {
                escaped = true;
                at += 1;
            }
            rest if rest.starts_with(b"-->") => (escaped, within) = (false, false),
            [b'<', b'/', rest @ ..] if is_named(rest, b"script") => match within {
                true => within = false,
                false => return Ok(at),
            },
            [b'<', rest @ ..] if is_named(rest, b"script") => within = escaped,
            _ => {}
        }
        at += 1;
    }
    Err(if within { "" } else { "</script>" })
}

/// Where the tag ends whose attributes begin at `at`: after a `>` outside quotes. Quotes count
/// only where a value begins (HTML, "Before attribute value state").
fn tag_end(html: &[u8], mut at: usize) -> Option<usize> {
    let blanks = |at: usize| {
        let rest = html[at..].iter();
        at + rest.take_while(|b| b.is_ascii_whitespace()).count()
    };
    loop {
        at = blanks(at);
        match html.get(at)? {
            b'>' => return Some(at + 1),
            b'/' => {
                at += 1;
                continue;
            }
            _ => {}
        }
        // The first letter of a name may be anything, also `=`.
        let stops = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'=' | b'>' | b'/');
        at += 1 + html[at + 1..].iter().position(stops)?;
        let value = blanks(at);
        if html.get(value) != Some(&b'=') {
            continue;
        }
        at = blanks(value + 1);
        match *html.get(at)? {
            quote @ (b'"' | b'\'') => at += 2 + memchr(quote, &html[at + 1..])?,
            _ => {
                let stops = |b: &u8| b.is_ascii_whitespace() || *b == b'>';
                at += html[at..].iter().position(stops)?;
            }
        }
    }
}

/// The value of an attribute of a start tag, quotes removed; the name in lower case.
pub(crate) fn attribute<'a>(tag: &'a [u8], name: &str) -> Option<&'a [u8]> {
    attribute_place(tag, name).map(|place| &tag[place])
}

/// Where that value stands in the tag.
fn attribute_place(tag: &[u8], name: &str) -> Option<Range<usize>> {
    attribute_of(tag, name).flatten()
}

/// Whether a start tag says that what its element holds is not shown.
pub(crate) fn hides(tag: &[u8]) -> bool {
    // Neither word is in it without one of its letters: most tags are settled so.
    let may_say_so = |byte: &u8| matches!(byte | 0x20, b'd' | b'y');
    if !tag.iter().any(may_say_so) {
        return false;
    }
    attribute_of(tag, "hidden").is_some()
        || attribute(tag, "style").is_some_and(|style| is_hiding(&String::from_utf8_lossy(style)))
}

fn is_hiding(style: &str) -> bool {
    let style = decode_entities(style).to_ascii_lowercase();
    let mut tight = String::with_capacity(style.len());
    let mut rest = style.as_str();
    while let Some((before, comment)) = rest.split_once("/*") {
        tight.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    tight.push_str(rest);
    tight.retain(|c| !c.is_whitespace());
    let ways = [
        "display:none",
        "visibility:hidden",
        "visibility:collapse",
        "mso-hide:all",
    ];
    ways.iter().any(|way| tight.contains(way))
}

/// The attribute of this lower-case name: where its value stands, if it has one.
fn attribute_of(tag: &[u8], name: &str) -> Option<Option<Range<usize>>> {
    let mut at = 1 + tag[1..]
        .iter()
        .take_while(|b| !b.is_ascii_whitespace())
        .count();
    while at < tag.len() {
        let blank = |b: &&u8| b.is_ascii_whitespace() || **b == b'/';
        at += tag[at..].iter().take_while(blank).count();
        let stops = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'=' | b'>' | b'/');
        let length = tag[at..].iter().position(stops)?;
        let found = &tag[at..at + length];
        at += length;
        at += tag[at..]
            .iter()
            .take_while(|b| b.is_ascii_whitespace())
            .count();
        if tag.get(at) != Some(&b'=') {
            if found.eq_ignore_ascii_case(name.as_bytes()) {
                return Some(None);
            }
            if length == 0 {
                at += 1;
            }
            continue;
        }
        at += 1;
        at += tag[at..]
            .iter()
            .take_while(|b| b.is_ascii_whitespace())
            .count();
        let value = match tag.get(at).copied()? {
            quote @ (b'"' | b'\'') => {
                let length = memchr(quote, &tag[at + 1..])?;
                at += length + 2;
                at - length - 1..at - 1
            }
            _ => {
                let ends = |b: &u8| b.is_ascii_whitespace() || *b == b'>';
                let length = tag[at..].iter().position(ends)?;
                at += length;
                at - length..at
            }
        };
        if found.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(Some(value));
        }
    }
    None
}

/// Where an escaped value is text and nothing else: text that is shown, and quoted attributes that
/// are only read or, behind a harmless scheme, followed.
pub(crate) fn text_places(html: &str) -> Vec<Range<usize>> {
    const READ: [&str; 3] = ["title", "alt", "aria-label"];
    const SCHEMES: [&str; 4] = ["https:", "http:", "mailto:", "tel:"];
    let bytes = html.as_bytes();
    let mut places = Vec::new();
    for token in Tokens::new(bytes) {
        match token {
            Token::Text(range) => places.push(range),
            Token::Open { range, .. } => {
                let place = |name: &str| {
                    let value = attribute_place(&bytes[range.clone()], name)?;
                    let value = range.start + value.start..range.start + value.end;
                    matches!(bytes[value.start - 1], b'"' | b'\'').then_some(value)
                };
                places.extend(READ.iter().filter_map(|name| place(name)));
                let followed = place("href").and_then(|place| {
                    let value = &html[place.clone()];
                    let scheme = SCHEMES.iter().find(|scheme| value.starts_with(*scheme))?;
                    Some(place.start + scheme.len()..place.end)
                });
                places.extend(followed);
            }
            _ => {}
        }
    }
    places
}

/// Names of the characters U+00A0 to U+00FF, in order.
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not \
shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 \
frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute \
Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times \
Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring \
aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute \
ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// Undoes the entities that mail programs write; others stay as they stand.
pub(crate) fn decode_entities(text: &str) -> String {
    const NAME_MAX: usize = 10;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.bytes().take(NAME_MAX).position(|byte| byte == b';');
        match end.and_then(|end| Some((entity(&rest[..end])?, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = match hex {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "hellip" => '…',
        "bull" => '•',
        "euro" => '€',
        "trade" => '™',
        _ => {
            let number = LATIN.split(' ').position(|known| known == name)?;
            char::from_u32(0xa0 + u32::try_from(number).ok()?)?
        }
    })
}

#[cfg(test)]
mod tests;
