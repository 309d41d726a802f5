//! The Traffic Light Protocol, FIRST's version 2.0, in a subject or a header field.
//!
//! It never reads a colour that does not follow `TLP:`.

use std::ops::Range;

/// The field that carries it, for want of a standard one.
pub const HEADER: &str = "X-TLP";

/// How far a letter may be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tlp {
    /// No limit. `TLP:WHITE` before 2022.
    Clear,
    /// The recipient's community.
    Green,
    /// The recipient's organisation and its clients.
    Amber,
    /// The recipient's organisation only.
    AmberStrict,
    /// The recipient only.
    Red,
}

impl Tlp {
    /// Reads `AMBER+STRICT` or `TLP:AMBER+STRICT`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let [(_, tlp)] = find(text)[..] {
            return Some(tlp);
        }
        match word(text) {
            Some((tlp, length)) if length == text.len() => Some(tlp),
            _ => None,
        }
    }

    /// As FIRST writes it after `TLP:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Tlp::Clear => "CLEAR",
            Tlp::Green => "GREEN",
            Tlp::Amber => "AMBER",
            Tlp::AmberStrict => "AMBER+STRICT",
            Tlp::Red => "RED",
        }
    }

    /// Every one that a text holds, in order.
    pub fn find(text: &str) -> Vec<Tlp> {
        find(text).into_iter().map(|(_, tlp)| tlp).collect()
    }

    /// The subject with this tag before it and no other in it.
    pub fn tag_subject(self, subject: &str) -> String {
        let rest = untag_subject(subject);
        let space = if rest.is_empty() { "" } else { " " };
        format!("TLP:{}{space}{rest}", self.as_str())
    }
}

/// The subject without any tag, and without the brackets that stood around one.
pub fn untag_subject(subject: &str) -> String {
    let mut rest = String::with_capacity(subject.len());
    let mut from = 0;
    for (range, _) in find(subject) {
        let before = subject[from..range.start].trim_end();
        let after = &subject[range.end..];
        let bracket = before.chars().next_back().and_then(closing);
        match bracket.filter(|close| after.trim_start().starts_with(*close)) {
            Some(_) => {
                rest.push_str(&before[..before.len() - 1]);
                from = range.end + after.len() - after.trim_start().len() + 1;
            }
            None => {
                rest.push_str(&subject[from..range.start]);
                from = range.end;
            }
        }
    }
    rest.push_str(&subject[from..]);
    rest.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn closing(open: char) -> Option<char> {
    match open {
        '[' => Some(']'),
        '(' => Some(')'),
        _ => None,
    }
}

/// Where tags stand. FIRST allows no space in them; people write one all the same.
fn find(text: &str) -> Vec<(Range<usize>, Tlp)> {
    const TAG: &str = "tlp";
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = lower[from..].find(TAG).map(|at| from + at) {
        from = at + TAG.len();
        if text[..at]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric)
        {
            continue;
        }
        let Some(rest) = text[from..].trim_start().strip_prefix(':') else {
            continue;
        };
        let rest = rest.trim_start();
        if let Some((tlp, length)) = word(rest) {
            let end = text.len() - rest.len() + length;
            found.push((at..end, tlp));
            from = end;
        }
    }
    found
}

/// The colour a text begins with, and its length.
fn word(text: &str) -> Option<(Tlp, usize)> {
    let letters = |text: &str| text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let length = letters(text);
    if text[length..]
        .chars()
        .next()
        .is_some_and(char::is_alphanumeric)
    {
        return None;
    }
    let tlp = match text[..length].to_ascii_uppercase().as_str() {
        "CLEAR" | "WHITE" => Tlp::Clear,
        "GREEN" => Tlp::Green,
        "AMBER" => Tlp::Amber,
        "RED" => Tlp::Red,
        _ => return None,
    };
    let strict = text[length..]
        .strip_prefix('+')
        .map(|rest| &rest[..letters(rest)]);
    match strict {
        Some(strict) if tlp == Tlp::Amber && strict.eq_ignore_ascii_case("strict") => {
            Some((Tlp::AmberStrict, length + 1 + strict.len()))
        }
        _ => Some((tlp, length)),
    }
}
