//! What less careful readers make of a field that is not written as RFC 2045 §5.1 asks: where they
//! let a parameter end, and what they take for its quotes.
//!
//! It never chooses: it lists all that any of them may find. A field as it should be is passed
//! over.

use std::cell::Cell;
use std::ops::Range;

use super::{Charset, Cursor, PARAMETERS_MAX, Parameterised};
use crate::work;

/// The parameters that say what a part is or holds.
const NAMES: [&str; 5] = ["boundary", "charset", "filename", "name", "smime-type"];
/// How often each byte of a field may stand in a value before the field is ambiguous. It bounds
/// the time where values stand in values.
const DEPTH_MAX: usize = 16;
/// How far back the beginning of a comment is looked for that ends before a `=`.
const COMMENT_BYTES_MAX: usize = 256;

/// What less careful readers find.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Names and values, each pair once.
    pub found: Vec<(String, String)>,
    /// There is more than is read.
    pub too_many: bool,
}

impl Others {
    fn add(&mut self, name: &str, value: String) {
        if self.found.len() >= PARAMETERS_MAX {
            self.too_many = true;
            return;
        }
        let mut found = self.found.iter();
        if !value.is_empty() && !found.any(|(known, other)| known == name && *other == value) {
            self.found.push((name.to_owned(), value));
        }
    }
}

/// Reads the raw value of a field as all the others do, with so many bytes of values at most.
pub(super) fn read(raw: &[u8], left: &Cell<usize>) -> Others {
    let text = text(raw);
    let mut others = Others::default();
    if is_plain(&text) {
        return others;
    }
    let mut seen: Vec<Vec<Claim<'_>>> = Vec::new();
    for splitter in Splitter::ALL {
        work::looked_at(text.len());
        let (claims, is_whole) = claims(&text, splitter, left);
        others.too_many |= !is_whole;
        if seen.contains(&claims) {
            continue;
        }
        for (name, value) in claims.iter().filter(|(name, _)| is_boundary(name)) {
            let value = value.trim_matches([' ', '\t']);
            others.add("boundary", value.to_owned());
            if name.ends_with('*') {
                // Some keep the controls that they find in a coded one.
                let mut bytes = Vec::with_capacity(value.len());
                super::decode_percent(value, &mut bytes);
                others.add("boundary", Charset::Unknown.decode(&bytes).into_owned());
            }
        }
        for unquote in UNQUOTES {
            let unquoted = claims.iter();
            let unquoted = unquoted.map(|(name, value)| (name.clone(), unquote(strip(value))));
            let pairs: Vec<(String, String)> = unquoted.collect();
            // Some find the controls of a boundary in its delimiters, and decode nothing.
            let boundaries = pairs.iter().filter(|(name, _)| is_boundary(name));
            let values = boundaries.map(|(_, value)| value.as_str());
            values
                .clone()
                .for_each(|value| others.add("boundary", value.to_owned()));
            others.add("boundary", values.collect());
            let parsed = Parameterised::from_pairs(pairs);
            for name in NAMES {
                for value in parsed.candidates(name) {
                    others.add(name, value);
                }
            }
        }
        seen.push(claims);
    }
    others
}

/// The raw value of a field on one line.
pub(super) fn text(raw: &[u8]) -> String {
    let unfolded = raw.iter().copied();
    let unfolded: Vec<u8> = unfolded.filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    Charset::Unknown.decode(&unfolded).into_owned()
}

/// Whether all readers take the field alike: tokens and closed quotes, no comment, no escape.
pub(super) fn is_plain(text: &str) -> bool {
    let mut pieces = text.splitn(2, ';');
    let word = pieces.next().unwrap_or_default();
    let odd = |c: char| c.is_control() && c != '\t' || matches!(c, '"' | '(' | '\\' | '=');
    if word.contains(odd) {
        return false;
    }
    let mut rest = pieces.next().unwrap_or_default().trim_start();
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else {
            return false;
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
        let Some(after) = after_plain_value(value).filter(|_| name.chars().all(is_name)) else {
            return false;
        };
        let value = &value[..value.len() - after.len()];
        // Some take an encoded word in a boundary for what it says, some for what it is.
        let is_word = is_boundary(&name.to_ascii_lowercase()) && value.contains("=?");
        if is_word || !name.ends_with('*') && coded(value).is_some() {
            return false;
        }
        rest = match after.trim_start().strip_prefix(';') {
            Some(next) => next.trim_start(),
            None if after.trim_start().is_empty() => "",
            None => return false,
        };
    }
    true
}

/// What follows a value that all readers take alike.
fn after_plain_value(value: &str) -> Option<&str> {
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find([';', ' ', '\t']).unwrap_or(value.len());
        let token = &value[..end];
        let odd = |c: char| c == '*' || is_beyond_ascii(c) || c.is_whitespace() || ends_token(c);
        return (!token.starts_with('\'') && !token.contains(odd)).then(|| &value[end..]);
    };
    let (inside, after) = quoted.split_once('"')?;
    // A tab in a boundary is no blank for all.
    let odd = |c: char| c == '\\' || c.is_control();
    (!inside.contains(odd) && !inside.starts_with(['<', '\''])).then_some(after)
}

/// What follows `charset'language'` in a value without quotes: some take that for the form of
/// RFC 2231 §4 in every parameter.
fn coded(value: &str) -> Option<&str> {
    let mut pieces = value.splitn(3, '\'');
    let (charset, language, rest) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let is_word = |word: &str| !word.contains([';', '"']);
    (is_word(charset) && is_word(language)).then_some(rest)
}

/// Where a careful reader ends a token; the signs of an encoded word and of RFC 2231 do not.
fn ends_token(c: char) -> bool {
    " \t()<>@,;:\\\"/[]?=".contains(c)
}

/// Where a reader takes a semicolon for the end of a parameter.
#[derive(Clone, Copy)]
enum Splitter {
    /// Everywhere.
    All,
    /// Outside quotes; `\"` is never one. It knows no comments.
    Escapes,
    /// Outside quotes; `\` counts inside them only. It knows no comments.
    Quotes,
    /// Outside quotes and comments.
    Comments,
}

impl Splitter {
    const ALL: [Self; 4] = [Self::All, Self::Escapes, Self::Quotes, Self::Comments];

    /// Where the pieces between semicolons stand.
    fn split(self, text: &str) -> Vec<Range<usize>> {
        let (mut quoted, mut escaped, mut depth) = (false, false, 0usize);
        let (mut pieces, mut start) = (Vec::new(), 0);
        for (at, byte) in text.bytes().enumerate() {
            match (self, byte) {
                (Self::All, b';') => {}
                (Self::All, _) => continue,
                (Self::Escapes, b'"') if text[..at].ends_with('\\') => continue,
                _ if escaped => {
                    escaped = false;
                    continue;
                }
                (Self::Quotes | Self::Comments, b'\\') => escaped = quoted || depth > 0,
                (_, b'"') if depth == 0 => quoted = !quoted,
                (Self::Comments, b'(') if !quoted => depth += 1,
                (Self::Comments, b')') if !quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
            if byte == b';' && !quoted && depth == 0 {
                pieces.push(start..at);
                start = at + 1;
            }
        }
        pieces.push(start..text.len());
        pieces
    }
}

/// A name in lower case, with the `*` of RFC 2231, and the raw value behind it.
type Claim<'a> = (String, &'a str);

/// Every `name=` of a piece, whatever stands before it, with the rest of the piece for its value;
/// and whether these are all.
fn claims<'a>(text: &'a str, splitter: Splitter, left: &Cell<usize>) -> (Vec<Claim<'a>>, bool) {
    let mut found = Vec::new();
    let mut own_left = text.len() * DEPTH_MAX;
    for piece in splitter.split(text) {
        let piece = &text[piece];
        for (at, _) in piece.match_indices('=') {
            let name = name_before(&piece[..at]);
            let base = name.split('*').next().unwrap_or_default();
            if !NAMES.iter().any(|known| base.eq_ignore_ascii_case(known)) {
                continue;
            }
            let value = &piece[at + 1..];
            if found.len() >= PARAMETERS_MAX || value.len() > own_left.min(left.get()) {
                return (found, false);
            }
            own_left -= value.len();
            left.set(left.get() - value.len());
            let name = name.to_ascii_lowercase();
            let mut bare = Cursor { rest: value };
            bare.skip_blanks();
            let is_commented = bare.rest.len() < value.trim_start().len();
            let less = [coded(bare.rest), Some(bare.rest).filter(|_| is_commented)];
            found.extend(
                less.into_iter()
                    .flatten()
                    .map(|value| (name.clone(), value)),
            );
            found.push((name, value));
        }
    }
    (found, true)
}

/// The word that ends a text, comments and a quote behind it passed over.
fn name_before(text: &str) -> &str {
    let mut text = text.trim_end_matches(|c| is_blank(c) || c == '"');
    while text.ends_with(')') {
        let start = text.len().saturating_sub(COMMENT_BYTES_MAX);
        let Some(open) = memchr::memrchr(b'(', &text.as_bytes()[start..]) else {
            break;
        };
        text = text[..start + open].trim_end_matches(is_blank);
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
    let word = text.trim_end_matches(is_name);
    &text[word.len()..]
}

fn is_boundary(name: &str) -> bool {
    name.split('*').next() == Some("boundary")
}

fn is_beyond_ascii(c: char) -> bool {
    !c.is_ascii() || c.is_control()
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn strip(value: &str) -> &str {
    value.trim_matches(is_blank)
}

/// What readers make of the quotes of a value.
const UNQUOTES: [fn(&str) -> String; 9] = [
    str::to_owned,
    |value| ends_unquoted(value),
    |value| ends_unquoted(&ends_unquoted(value)),
    first_word,
    |value| first_word(value.split(['*', '\'']).next().unwrap_or_default()),
    |value| encoded_word(value).unwrap_or_else(|| first_word(ascii(value))),
    |value| first_word(value.find('"').map_or("", |at| &value[at..])),
    |value| value.replace(['"', '\\'], ""),
    |value| value.trim_matches(['"', '\'', '<', '>', ' ']).to_owned(),
];

/// The encoded word that a value without quotes begins with.
fn encoded_word(value: &str) -> Option<String> {
    let rest = value.strip_prefix("=?")?;
    let (charset, rest) = rest.split_once('?')?;
    let (code, rest) = rest.split_once('?')?;
    let (text, _) = rest.split_once("?=")?;
    Some(format!("=?{charset}?{code}?{text}?="))
}

/// What stands before the first control, or byte beyond ASCII.
fn ascii(value: &str) -> &str {
    value.split(is_beyond_ascii).next().unwrap_or_default()
}

/// One pair of signs around the whole is taken off, whatever stands between.
fn ends_unquoted(value: &str) -> String {
    let between = |open, close| value.strip_prefix(open)?.strip_suffix(close);
    match (between('"', '"'), between('<', '>')) {
        (Some(inside), _) => inside.replace("\\\\", "\\").replace("\\\"", "\""),
        (None, Some(inside)) => inside.to_owned(),
        (None, None) => value.to_owned(),
    }
}

/// The first quoted text, or the first token; whatever follows it is passed over.
fn first_word(value: &str) -> String {
    let Some(quoted) = value.strip_prefix('"') else {
        return value
            .split(ends_token)
            .next()
            .unwrap_or_default()
            .to_owned();
    };
    let (mut inside, mut escaped) = (String::new(), false);
    for c in quoted.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            '"' => break,
            _ => {}
        }
        inside.push(c);
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_fields_have_no_other_readings() {
        let left = Cell::new(usize::MAX);
        for plain in [
            "text/plain",
            "text/plain; charset=utf-8; format=flowed",
            "application/pdf; name=\"a; filename=b (1) c=d.pdf\";",
            "attachment; filename*=utf-8''caf%C3%A9.pdf; size=12",
            "multipart/mixed;\r\n\tboundary=\"----=_Next(a)/b\"",
        ] {
            let others = read(plain.as_bytes(), &left);
            assert!(others.found.is_empty() && !others.too_many, "{plain}");
        }
    }

    #[test]
    fn values_in_values_are_bounded() {
        let nested = format!("a; {}", "name=\"".repeat(5_000));
        let left = Cell::new(usize::MAX);
        let others = read(nested.as_bytes(), &left);
        assert!(others.too_many && others.found.len() <= PARAMETERS_MAX);
        assert!(!read(b"a; name=\"b\"c name=d", &left).too_many);
        assert!(read(b"a; name=\"b\"c name=d", &Cell::new(9)).too_many);
    }
}
