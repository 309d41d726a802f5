//! The words of a body, by the places of their bytes.
//!
//! It never looks for ASCII in bytes that are none: [`Words::scan`] hides them.

use std::borrow::Cow;
use std::ops::Range;

use super::removal::without;
use crate::message::Charset;

/// A body as bytes to look through and as text to read.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    scan: &'a [u8],
    bytes: &'a [u8],
    charset: Charset,
}

impl<'a> Words<'a> {
    /// `scan` is as long as `bytes`, which are in this charset.
    pub fn new(scan: &'a [u8], bytes: &'a [u8], charset: Charset) -> Self {
        Self {
            scan,
            bytes,
            charset,
        }
    }

    /// The bytes, those hidden that are no ASCII text although they look like it.
    pub fn scan(&self) -> &'a [u8] {
        self.scan
    }

    /// The text at a range.
    pub fn text(&self, range: Range<usize>) -> Cow<'a, str> {
        let bytes = &self.bytes[range];
        // Escapes of a charset that shifts are ASCII, and what they shift is not.
        match std::str::from_utf8(bytes) {
            Ok(text) if bytes.is_ascii() && !bytes.contains(&0x1b) => Cow::Borrowed(text),
            _ => self.charset.decode(bytes),
        }
    }

    /// What is left without these ranges.
    pub fn without(&self, removals: &[Range<usize>]) -> Rest {
        let is_one = std::ptr::eq(self.scan, self.bytes);
        Rest {
            scan: without(self.scan, removals),
            bytes: (!is_one).then(|| without(self.bytes, removals)),
            charset: self.charset,
        }
    }
}

/// What is left of a body from which something was taken.
pub(crate) struct Rest {
    scan: Vec<u8>,
    /// Where they differ from those looked through.
    bytes: Option<Vec<u8>>,
    charset: Charset,
}

impl Rest {
    /// Its words.
    pub fn words(&self) -> Words<'_> {
        let bytes = self.bytes.as_ref().unwrap_or(&self.scan);
        Words::new(&self.scan, bytes, self.charset)
    }
}

/// Bytes of no known charset.
impl<'a> From<&'a [u8]> for Words<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::new(bytes, bytes, Charset::Unknown)
    }
}
