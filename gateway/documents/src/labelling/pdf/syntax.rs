//! The syntax of PDF objects (ISO 32000-1 §7.2 and §7.3), taken apart without being changed.
//!
//! It never follows a reference, and never calls itself: what is nested is counted.

use std::ops::Range;

use crate::Reason;
use crate::limits::{PDF_DEPTH_MAX, PDF_DICTIONARY_BYTES_MAX, PDF_KEYS_MAX};
use crate::pdf::{is_regular, unescape_name};

/// Bytes in which the head of an object must fit: two numbers and a word.
const HEAD_BYTES_MAX: usize = 64;

/// A place in a text, from which it is read.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    text: &'t [u8],
    /// The place.
    pub at: usize,
}

/// An entry of a dictionary.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its key, without the slash, escapes undone.
    pub name: String,
    /// Key and value.
    pub whole: Range<usize>,
    /// Its value.
    pub value: Range<usize>,
}

/// A dictionary: where it stands, and its entries in order.
#[derive(Debug, Clone)]
pub(super) struct Dictionary {
    /// From the first bracket to the last.
    pub whole: Range<usize>,
    /// Its entries.
    pub entries: Vec<Entry>,
}

impl Dictionary {
    /// The value of a key. Of two values some readers take the first, and some the last.
    ///
    /// # Errors
    /// [`Reason::Inconsistent`] for two of them.
    pub fn get(&self, name: &str) -> Result<Option<Range<usize>>, Reason> {
        let mut found = self.entries.iter().filter(|entry| entry.name == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Reason::Inconsistent),
            (first, None) => Ok(first.map(|entry| entry.value.clone())),
        }
    }

    /// A whole number that stands there itself.
    ///
    /// # Errors
    /// As [`Dictionary::get`]; [`Reason::Damaged`] for anything else.
    pub fn number(&self, text: &[u8], name: &str) -> Result<Option<usize>, Reason> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        number(&text[value]).map(Some).ok_or(Reason::Damaged)
    }

    /// A reference, as number and generation.
    ///
    /// # Errors
    /// As [`Dictionary::get`]; [`Reason::Damaged`] for anything else.
    pub fn reference(&self, text: &[u8], name: &str) -> Result<Option<(u32, u16)>, Reason> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        let mut cursor = Cursor::new(text, value.start);
        let found = cursor.reference().filter(|_| cursor.at == value.end);
        found.map(Some).ok_or(Reason::Damaged)
    }

    /// Whether the value of a key is this name.
    pub fn is(&self, text: &[u8], key: &str, name: &[u8]) -> Result<bool, Reason> {
        let value = self.get(key)?;
        Ok(value.is_some_and(|value| text[value].strip_prefix(b"/") == Some(name)))
    }
}

/// A whole number without a sign, and nothing else.
pub(super) fn number(text: &[u8]) -> Option<usize> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(text).ok()?.parse().ok())?
}

impl<'t> Cursor<'t> {
    /// A cursor in a text.
    pub fn new(text: &'t [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// What is left of the text.
    pub fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes over white space.
    pub fn skip_space(&mut self) {
        self.at += self.rest().iter().take_while(|b| is_space(**b)).count();
    }

    /// Goes over white space where there is little of it, and none of it otherwise: many places
    /// may be read from, and one long gap must not count for each.
    pub fn skip_little_space(&mut self) {
        let rest = self.rest();
        let near = &rest[..rest.len().min(HEAD_BYTES_MAX)];
        let blank = near.iter().take_while(|b| is_space(**b)).count();
        self.at += if blank < near.len() { blank } else { 0 };
    }

    /// Goes over white space and comments.
    fn skip_blank(&mut self) {
        self.skip_space();
        while self.rest().starts_with(b"%") {
            let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
            let line = self.rest().iter().position(is_end);
            self.at += line.unwrap_or(self.rest().len());
            self.skip_space();
        }
    }

    /// Takes a word, a number included, where one stands.
    pub fn word(&mut self) -> &'t [u8] {
        let length = self.rest().iter().take_while(|b| is_regular(**b)).count();
        let word = &self.rest()[..length];
        self.at += length;
        word
    }

    /// Takes a whole number, where one stands.
    pub fn number(&mut self) -> Option<usize> {
        let start = self.at;
        let found = number(self.word());
        if found.is_none() {
            self.at = start;
        }
        found
    }

    /// Takes this, if it stands there.
    pub fn take(&mut self, wanted: &[u8]) -> bool {
        let stands = self.rest().starts_with(wanted);
        self.at += if stands { wanted.len() } else { 0 };
        stands
    }

    /// Takes `12 0 R`, or nothing.
    fn reference(&mut self) -> Option<(u32, u16)> {
        let start = self.at;
        let found = self.two_numbers_and(b"R");
        if found.is_none() {
            self.at = start;
        }
        found
    }

    /// Takes `12 0 obj`; white space may stand before it.
    pub fn head(&mut self) -> Option<(u32, u16)> {
        let rest = self.rest();
        let mut head = Cursor::new(&rest[..rest.len().min(HEAD_BYTES_MAX)], 0);
        head.skip_space();
        let found = head.two_numbers_and(b"obj");
        self.at += head.at;
        found
    }

    fn two_numbers_and(&mut self, word: &[u8]) -> Option<(u32, u16)> {
        let number = u32::try_from(self.number()?).ok()?;
        self.skip_space();
        let generation = u16::try_from(self.number()?).ok()?;
        self.skip_space();
        (self.word() == word).then_some((number, generation))
    }

    /// Takes a dictionary; blanks may stand before it.
    ///
    /// # Errors
    /// [`Reason::Damaged`] for anything else, [`Reason::EntryTooLarge`] and
    /// [`Reason::TooManyEntries`] beyond the limits.
    pub fn dictionary(&mut self) -> Result<Dictionary, Reason> {
        let end = self
            .text
            .len()
            .min(self.at.saturating_add(PDF_DICTIONARY_BYTES_MAX));
        let mut inside = Cursor::new(&self.text[..end], self.at);
        let found = inside.bounded_dictionary();
        self.at = inside.at;
        // What ends with the piece that may be read is not known to be damaged.
        let is_cut = end < self.text.len() && inside.rest().is_empty();
        found.map_err(|reason| {
            if is_cut {
                Reason::EntryTooLarge
            } else {
                reason
            }
        })
    }

    fn bounded_dictionary(&mut self) -> Result<Dictionary, Reason> {
        self.skip_blank();
        let start = self.at;
        if !self.take(b"<<") {
            return Err(Reason::Damaged);
        }
        let mut entries = Vec::new();
        loop {
            self.skip_blank();
            if self.take(b">>") {
                let whole = start..self.at;
                return Ok(Dictionary { whole, entries });
            }
            if entries.len() == PDF_KEYS_MAX {
                return Err(Reason::TooManyEntries);
            }
            let from = self.at;
            if !self.take(b"/") {
                return Err(Reason::Damaged);
            }
            let name = unescape_name(self.word());
            self.skip_blank();
            let value = self.value()?;
            let whole = from..value.end;
            entries.push(Entry { name, whole, value });
        }
    }

    /// Goes over one object; says where it stands.
    fn value(&mut self) -> Result<Range<usize>, Reason> {
        let start = self.at;
        if self.reference().is_some() {
            return Ok(start..self.at);
        }
        let mut open: Vec<&[u8]> = Vec::new();
        loop {
            self.skip_blank();
            if open.last().is_some_and(|end| self.rest().starts_with(end)) {
                self.at += open.pop().map_or(0, <[u8]>::len);
            } else if self.take(b"<<") {
                open.push(b">>");
            } else if self.take(b"[") {
                open.push(b"]");
            } else {
                self.simple()?;
            }
            if open.len() > PDF_DEPTH_MAX {
                return Err(Reason::TooDeep);
            }
            if open.is_empty() {
                return Ok(start..self.at);
            }
        }
    }

    /// Goes over a name, a text or a word.
    fn simple(&mut self) -> Result<(), Reason> {
        match self.rest().first() {
            Some(b'/') => {
                self.at += 1;
                self.word();
                Ok(())
            }
            Some(b'(') => self.text(),
            Some(b'<') => {
                let end = memchr::memchr(b'>', self.rest()).ok_or(Reason::Damaged)?;
                let digits = &self.rest()[1..end];
                self.at += end + 1;
                let is_sound = |byte: &u8| byte.is_ascii_hexdigit() || is_space(*byte);
                // One reader passes over anything else, another ends the object there.
                digits
                    .iter()
                    .all(is_sound)
                    .then_some(())
                    .ok_or(Reason::Damaged)
            }
            _ => {
                let word = self.word();
                let is_sound = match word {
                    b"true" | b"false" | b"null" | b"R" => true,
                    _ => is_number(word),
                };
                is_sound.then_some(()).ok_or(Reason::Damaged)
            }
        }
    }

    /// ISO 32000-1 §7.3.4.2: brackets nest, and a backslash takes what they are from the next byte.
    fn text(&mut self) -> Result<(), Reason> {
        let mut depth = 0usize;
        while let Some(byte) = self.rest().first() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'(' => depth += 1,
                b')' if depth == 1 => return Ok(()),
                b')' => depth -= 1,
                _ => {}
            }
        }
        self.at = self.text.len();
        Err(Reason::Damaged)
    }
}

/// ISO 32000-1 §7.3.3: digits, with a sign before and a point among them or not.
fn is_number(word: &[u8]) -> bool {
    let unsigned = word.strip_prefix(b"-").or(word.strip_prefix(b"+"));
    let digits = unsigned.unwrap_or(word);
    let points = digits.iter().filter(|byte| **byte == b'.').count();
    let sound = digits
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'.');
    sound && points <= 1 && digits.len() > points
}

/// ISO 32000-1 §7.2.2.
pub(super) fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0
}
