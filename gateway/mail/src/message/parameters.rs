//! `value; name=value; …` of Content-Type and Content-Disposition, as tolerant readers read it.
//!
//! It never drops a candidate: where two parameters claim one name, both are kept.

use std::cell::Cell;

use super::charset::Charset;
use super::words;
use crate::work;

mod cursor;
mod others;

use cursor::Cursor;

/// How many parameters one field may have before it is ambiguous and the rest is not read.
pub const PARAMETERS_MAX: usize = 100;
/// How many bytes of such a field are read before it is ambiguous and the rest is not looked at;
/// a field is read several times over, in several ways.
pub const PARAMETER_BYTES_MAX: usize = 64 << 10;

/// How many bytes of values, in all odd fields of a message, one reader takes anew for each way of
/// reading them; where there are more the message is ambiguous. It bounds the time.
pub const ODD_VALUE_BYTES_MAX: usize = 1 << 20;

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in lower case, without the `*` of RFC 2231.
    pub name: String,
    /// Its value, decoded.
    pub value: String,
    /// Whether it was written in the form of RFC 2231.
    pub extended: bool,
}

/// A parsed field: the word before the first `;`, then parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameterised {
    /// The first value, in lower case, without comments and blanks.
    pub value: String,
    /// Every parameter in order of appearance.
    pub parameters: Vec<Parameter>,
    /// There were more than [`PARAMETERS_MAX`], or the field is over [`PARAMETER_BYTES_MAX`].
    pub too_many: bool,
    /// A quoted value was folded, which some readers do not undo.
    pub folds_quoted: bool,
    /// The pieces of RFC 2231, by number.
    sections: Vec<Section>,
    /// Name and first word of each value that has blanks and no quotes: some readers end it there.
    cut: Vec<(String, String)>,
    /// Names and values that only less careful readers find; see [`others`].
    others: Vec<(String, String)>,
}

impl Parameterised {
    /// Parses the raw value of a field.
    pub fn parse(raw: &[u8]) -> Self {
        let is_too_long = raw.len() > PARAMETER_BYTES_MAX;
        let raw = beginning(raw);
        work::looked_at(raw.len());
        let unfolded: Vec<u8> = raw
            .iter()
            .copied()
            .filter(|b| !matches!(b, b'\r' | b'\n'))
            .collect();
        let text = Charset::Unknown.decode(&unfolded);
        let mut cursor = Cursor { rest: &text };
        let value = cursor.word().to_ascii_lowercase();
        let (mut pairs, mut cut) = (Vec::new(), Vec::new());
        let mut too_many = is_too_long;
        while cursor.skip_semicolon() {
            if pairs.len() >= PARAMETERS_MAX {
                too_many = true;
                break;
            }
            let name = cursor.name().to_ascii_lowercase();
            if let Some(word) = cursor.first_word() {
                cut.push((name.clone(), word));
            }
            let value = cursor.value().filter(|_| !name.is_empty());
            pairs.extend(value.map(|value| (name, value)));
        }
        Self {
            value,
            folds_quoted: folds_quoted(raw),
            too_many,
            cut,
            ..Self::from_pairs(pairs)
        }
    }

    /// Parses the raw value of a field, and asks less careful readers, too; `left` bounds how many
    /// bytes of values they may still look at.
    pub(super) fn parse_as_all(raw: &[u8], left: &Cell<usize>) -> Self {
        let mut parsed = Self::parse(raw);
        let others = others::read(beginning(raw), left);
        parsed.too_many |= others.too_many;
        parsed.others = others.found;
        parsed
    }

    /// Decodes and joins what stands as `name=value`.
    fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        let (mut parameters, mut sections) = (Vec::new(), Vec::new());
        for (name, value) in pairs {
            match Section::parse(&name, &value) {
                Some(section) => sections.push(section),
                None => parameters.push(Parameter {
                    name,
                    value: words::decode(value.as_bytes()),
                    extended: false,
                }),
            }
        }
        sections.sort_by_key(|section| section.number);
        parameters.extend(join_sections(&sections));
        Self {
            parameters,
            sections,
            ..Self::default()
        }
    }

    /// The parameter of this (lower-case) name, the extended form first.
    pub fn get(&self, name: &str) -> Option<&str> {
        get(&self.parameters, name)
    }

    /// Every value that some reader gives the parameter of this (lower-case) name.
    pub(crate) fn candidates(&self, name: &str) -> Vec<String> {
        let plain = self.all(name).map(|parameter| parameter.value.clone());
        let cut = self.cut.iter().filter(|(cut, _)| cut == name);
        let cut = cut.map(|(_, word)| word.clone());
        let joined: Vec<String> = plain.chain(self.other_joints(name)).collect();
        // What was joined without a charset some take for encoded words.
        let states_charset =
            |one: &Section| one.name == name && one.coded && one.value.contains('\'');
        let is_word =
            |value: &&String| value.contains("=?") && !self.sections.iter().any(states_charset);
        let coded = joined.iter().filter(is_word);
        let coded: Vec<String> = coded.map(|value| words::decode(value.as_bytes())).collect();
        joined.into_iter().chain(coded).chain(cut).collect()
    }

    /// Every value that only less careful readers give the parameter of this (lower-case) name.
    pub(super) fn others<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.others.iter().filter(move |(other, _)| other == name);
        own.map(|(_, value)| value.as_str())
    }

    /// RFC 2231 §3: pieces whose numbers come twice, or leave one out, are joined in several
    /// ways.
    fn other_joints(&self, name: &str) -> Vec<String> {
        let own: Vec<&Section> = self.sections.iter().filter(|s| s.name == name).collect();
        let numbers = || own.iter().map(|section| section.number);
        let is_sound = numbers()
            .enumerate()
            .all(|(at, number)| at as u32 == number);
        if is_sound {
            return Vec::new();
        }
        let mut first = own.clone();
        first.dedup_by_key(|section| section.number);
        // Sorting is stable, so that of equal numbers the last stands first.
        let mut last: Vec<&Section> = own.iter().rev().copied().collect();
        last.sort_by_key(|section| section.number);
        last.dedup_by_key(|section| section.number);
        let unbroken = |sections: &[&Section]| {
            let whole = sections.iter().enumerate();
            whole.take_while(|(at, s)| *at as u32 == s.number).count()
        };
        let mut joints = vec![join(first.iter().copied()), join(last.iter().copied())];
        for sections in [&first, &last] {
            joints.push(join(sections[..unbroken(sections)].iter().copied()));
        }
        joints
    }

    /// Every parameter of this (lower-case) name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Parameter> {
        self.parameters
            .iter()
            .filter(move |parameter| parameter.name == name)
    }
}

/// Whether all readers take the raw value of a field alike.
pub(super) fn is_plain(raw: &[u8]) -> bool {
    raw.len() <= PARAMETER_BYTES_MAX && others::is_plain(&others::text(raw))
}

/// As much of the raw value of a field as is read.
pub(super) fn beginning(raw: &[u8]) -> &[u8] {
    &raw[..raw.len().min(PARAMETER_BYTES_MAX)]
}

/// The value of a parameter, by lower-case name; the form of RFC 2231 first.
pub(crate) fn get<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    let named = |extended| move |p: &&Parameter| p.name == name && p.extended == extended;
    let extended = parameters.iter().find(named(true));
    let found = extended.or_else(|| parameters.iter().find(named(false)));
    found.map(|parameter| parameter.value.as_str())
}

/// The raw value with one parameter set, every other byte of it kept.
pub(crate) fn replace(raw: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + name.len() + value.len() + 4);
    for (at, segment) in segments(raw).enumerate() {
        let own = segment
            .split(|byte| matches!(byte, b'=' | b'*'))
            .next()
            .unwrap_or_default();
        if at > 0 && own.trim_ascii().eq_ignore_ascii_case(name.as_bytes()) {
            continue;
        }
        if at > 0 {
            out.push(b';');
        }
        out.extend_from_slice(segment);
    }
    while out
        .last()
        .is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b';')
    {
        out.pop();
    }
    out.extend_from_slice(format!("; {name}={value}").as_bytes());
    out
}

/// Whether a line break stands inside quotes.
fn folds_quoted(raw: &[u8]) -> bool {
    let Some(fold) = memchr::memrchr(b'\n', raw) else {
        return false;
    };
    let (mut quoted, mut escaped) = (false, false);
    raw[..=fold].iter().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'\n' => return quoted,
            _ => {}
        }
        false
    })
}

/// Whether quotes are still open where the value ends.
pub(crate) fn leaves_quote_open(raw: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for byte in raw {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}

/// The pieces between semicolons that stand outside quotes and comments.
fn segments(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped, mut depth) = (false, false, 0usize);
    raw.split(move |byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted || depth > 0,
            b'"' if depth == 0 => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            b';' => return !quoted && depth == 0,
            _ => {}
        }
        false
    })
}

/// Writes `; name=value` in the form that the value needs (RFC 2231 beyond ASCII), folded.
pub(crate) fn encode(name: &str, value: &str, line_break: &[u8]) -> Vec<u8> {
    const SECTION_BYTES_MAX: usize = 54;
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    let joint = |text: String| [b";", line_break, b" ", text.as_bytes()].concat();
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && !matches!(byte, b'"' | b'\\');
    if value.len() <= SECTION_BYTES_MAX && value.bytes().all(is_plain) && !value.contains("=?") {
        return joint(format!("{name}=\"{value}\""));
    }
    let mut sections = vec!["utf-8''".to_owned()];
    for byte in value.bytes() {
        let safe = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let code = if safe {
            (byte as char).to_string()
        } else {
            format!("%{byte:02X}")
        };
        match sections.last_mut() {
            Some(last) if last.len() + code.len() <= SECTION_BYTES_MAX => last.push_str(&code),
            _ => sections.push(code),
        }
    }
    if let [only] = &sections[..] {
        return joint(format!("{name}*={only}"));
    }
    let numbered = sections.iter().enumerate();
    numbered
        .flat_map(|(number, section)| joint(format!("{name}*{number}*={section}")))
        .collect()
}

/// The first word of a field such as Content-Transfer-Encoding, comments passed over.
pub(crate) fn first_word(value: &str) -> String {
    Cursor { rest: value }.until(';')
}

/// RFC 2231: one section of a parameter that was cut (`name*0*`), or coded (`name*`).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    name: String,
    number: u32,
    coded: bool,
    value: String,
}

impl Section {
    fn parse(name: &str, value: &str) -> Option<Self> {
        let (base, rest) = name.split_once('*')?;
        let (number, coded) = match rest.strip_suffix('*') {
            _ if rest.is_empty() => ("0", true),
            Some(number) => (number, true),
            None => (rest, false),
        };
        // Some pass over what follows the number, and take none for the first.
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        let number = match &number[..digits] {
            "" => 0,
            digits => digits.parse().unwrap_or(u32::MAX),
        };
        Some(Self {
            name: base.trim().to_owned(),
            number,
            coded,
            value: value.to_owned(),
        })
    }
}

/// Joins pieces that are in the order of their numbers.
fn join_sections(sections: &[Section]) -> Vec<Parameter> {
    let mut order: Vec<String> = Vec::new();
    for section in sections {
        if !order.contains(&section.name) {
            order.push(section.name.clone());
        }
    }
    let joined = order.into_iter().map(|name| {
        let own = sections.iter().filter(|section| section.name == name);
        Parameter {
            value: join(own),
            name,
            extended: true,
        }
    });
    joined.collect()
}

fn join<'a>(sections: impl Iterator<Item = &'a Section>) -> String {
    let mut charset = Charset::Unknown;
    let mut bytes = Vec::new();
    for (at, section) in sections.enumerate() {
        let mut value = section.value.as_str();
        if at == 0 && section.coded {
            let mut pieces = value.splitn(3, '\'');
            if let (Some(name), Some(_language), Some(rest)) =
                (pieces.next(), pieces.next(), pieces.next())
            {
                charset = match name {
                    "" => Charset::Unknown,
                    name => Charset::parse(Some(name)),
                };
                value = rest;
            }
        }
        match section.coded {
            true => decode_percent(value, &mut bytes),
            false => bytes.extend_from_slice(value.as_bytes()),
        }
    }
    words::without_controls(&charset.decode(&bytes))
}

fn decode_percent(value: &str, out: &mut Vec<u8>) {
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|&b| (b as char).to_digit(16));
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                rest = &after[2..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests;
