//! The user's own properties of a Rich Text file, as names and texts.
//!
//! It never reads the text of the document.

use memchr::memmem;

use crate::Reason;
use crate::limits::{PROPERTIES_MAX, RTF_DEPTH_MAX};

/// Rich Text Format 1.9.1: `{\*\userprops {\propname …}…{\staticval …}}`.
const NAME_WORD: &str = "propname";
const VALUE_WORD: &str = "staticval";

/// What the text of a group is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Elsewhere,
    Name,
    Value,
}

/// Every user property, in order.
///
/// # Errors
/// Groups nested deeper than [`RTF_DEPTH_MAX`], more than [`PROPERTIES_MAX`] properties.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<(String, String)>, Reason> {
    // A control word has no other spelling, so without it there is nothing to read.
    if memmem::find(bytes, b"\\propname").is_none() {
        return Ok(Vec::new());
    }
    let mut reader = Reader {
        rest: bytes,
        groups: Vec::new(),
        name: None,
        found: Vec::new(),
    };
    while !reader.rest.is_empty() {
        reader.step()?;
    }
    Ok(reader.found)
}

struct Reader<'a> {
    rest: &'a [u8],
    groups: Vec<(Place, String)>,
    name: Option<String>,
    found: Vec<(String, String)>,
}

impl Reader<'_> {
    fn step(&mut self) -> Result<(), Reason> {
        let byte = self.rest[0];
        self.rest = &self.rest[1..];
        match byte {
            b'{' if self.groups.len() == RTF_DEPTH_MAX => return Err(Reason::TooDeep),
            b'{' => {
                // A group inside a name still belongs to the name.
                let place = self
                    .groups
                    .last()
                    .map_or(Place::Elsewhere, |(place, _)| *place);
                self.groups.push((place, String::new()));
            }
            b'}' => return self.close(),
            b'\\' => self.control(),
            b'\r' | b'\n' => {}
            byte => self.text(char::from(byte)),
        }
        Ok(())
    }

    /// A control word, or a symbol that stands for a character.
    fn control(&mut self) {
        let letters = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        if letters == 0 {
            return self.symbol();
        }
        let (word, rest) = self.rest.split_at(letters);
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest[sign..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (number, rest) = rest.split_at(if digits == 0 { 0 } else { sign + digits });
        let number = std::str::from_utf8(number)
            .ok()
            .and_then(|text| text.parse::<i64>().ok());
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        match word {
            b"bin" => {
                let length = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
                self.rest = self.rest.get(length..).unwrap_or_default();
            }
            // A signed 16-bit code unit, then one character for older readers.
            b"u" => {
                let unit = number.map(|n| (n & 0xffff) as u32).and_then(char::from_u32);
                self.text(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
                self.skip_substitute();
            }
            _ if word == NAME_WORD.as_bytes() => self.begin(Place::Name),
            _ if word == VALUE_WORD.as_bytes() => self.begin(Place::Value),
            _ => {}
        }
    }

    fn symbol(&mut self) {
        match self.rest {
            [b'\'', high, low, rest @ ..] => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                if let (Some(high), Some(low)) = (digit(*high), digit(*low)) {
                    // Only ASCII matters in the name of a label; the rest may be any code page.
                    self.text(char::from_u32(high * 16 + low).unwrap_or(' '));
                }
                self.rest = rest;
            }
            [symbol, rest @ ..] => {
                let symbol = *symbol;
                self.rest = rest;
                match symbol {
                    b'\\' | b'{' | b'}' => self.text(char::from(symbol)),
                    b'_' => self.text('-'),
                    b'~' => self.text(' '),
                    _ => {}
                }
            }
            [] => {}
        }
    }

    fn skip_substitute(&mut self) {
        match self.rest {
            [b'\\', b'\'', _, _, rest @ ..] => self.rest = rest,
            [byte, rest @ ..] if !matches!(byte, b'\\' | b'{' | b'}') => self.rest = rest,
            _ => {}
        }
    }

    fn begin(&mut self, place: Place) {
        if let Some(group) = self.groups.last_mut() {
            *group = (place, String::new());
        }
    }

    fn text(&mut self, c: char) {
        if let Some((Place::Name | Place::Value, text)) = self.groups.last_mut() {
            text.push(c);
        }
    }

    fn close(&mut self) -> Result<(), Reason> {
        let Some((place, text)) = self.groups.pop() else {
            return Ok(());
        };
        if let Some((outer, whole)) = self.groups.last_mut()
            && *outer == place
        {
            whole.push_str(&text);
            return Ok(());
        }
        match place {
            Place::Elsewhere => {}
            Place::Name => self.name = Some(text),
            Place::Value => {
                if self.found.len() == PROPERTIES_MAX {
                    return Err(Reason::TooManyEntries);
                }
                self.found.extend(self.name.take().map(|name| (name, text)));
            }
        }
        Ok(())
    }
}
