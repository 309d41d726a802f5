//! Streams of a PDF: their data, and the one filter that cross-references, packed objects and
//! metadata have in practice (ISO 32000-1 §7.3.8 and §7.4).
//!
//! It never inflates more than it is told may come out.

use std::io::Read;
use std::ops::Range;

use flate2::read::ZlibDecoder;

use super::syntax::{Cursor, Dictionary, number};
use crate::Reason;
use crate::archive::Budget;

/// ISO 32000-1 §7.4.4.4: with these each row says how it was predicted, as in PNG.
const PNG_PREDICTORS: std::ops::RangeInclusive<usize> = 10..=15;

/// A stream: its dictionary, and its data as they stand.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    pub dictionary: Dictionary,
    text: &'a [u8],
    data: &'a [u8],
}

impl<'a> Stream<'a> {
    /// The stream of a dictionary that ends at the cursor.
    ///
    /// # Errors
    /// [`Reason::Damaged`] where there is none of this length.
    pub fn read(
        text: &'a [u8],
        dictionary: Dictionary,
        length: usize,
        budget: &mut Budget,
    ) -> Result<Self, Reason> {
        let mut cursor = Cursor::new(text, dictionary.whole.end);
        cursor.skip_little_space();
        let begins = cursor.take(b"stream") && {
            cursor.take(b"\r");
            cursor.take(b"\n")
        };
        let end = cursor.at.checked_add(length).filter(|_| begins);
        let data = end.and_then(|end| text.get(cursor.at..end));
        let data = data.ok_or(Reason::Damaged)?;
        // Several streams may claim the same bytes.
        budget.spend(data.len() as u64)?;
        cursor.at += length;
        cursor.skip_little_space();
        match cursor.word() == b"endstream" {
            true => Ok(Self {
                dictionary,
                text,
                data,
            }),
            false => Err(Reason::Damaged),
        }
    }

    /// Its content, up to so many bytes.
    ///
    /// # Errors
    /// [`Reason::Unsupported`] for other filters, [`Reason::EntryTooLarge`] for more.
    pub fn content(&self, bytes_max: usize, budget: &mut Budget) -> Result<Vec<u8>, Reason> {
        let is_inflated = match self.filter()? {
            None => false,
            Some(name) if name == b"/FlateDecode" || name == b"/Fl" => true,
            Some(_) => return Err(Reason::Unsupported),
        };
        let columns = self.columns()?;
        // Each row has a byte more than comes out of it.
        let packed_max = columns.map_or(bytes_max, |row| bytes_max + bytes_max.div_ceil(row));
        let mut content = Vec::new();
        if is_inflated {
            let reader = ZlibDecoder::new(self.data);
            let mut reader = reader.take(packed_max as u64 + 1);
            let read = reader.read_to_end(&mut content);
            read.map_err(|_| Reason::Damaged)?;
        } else {
            content.extend_from_slice(self.data);
        }
        budget.spend(content.len() as u64)?;
        if content.len() > packed_max {
            return Err(Reason::EntryTooLarge);
        }
        match columns {
            Some(row) => unpredicted(&content, row),
            None => Ok(content),
        }
    }

    /// The one filter, also as an array of one.
    fn filter(&self) -> Result<Option<&'a [u8]>, Reason> {
        let Some(value) = self.dictionary.get("Filter")? else {
            return Ok(None);
        };
        let value = &self.text[self.single(value)?];
        Ok(Some(value).filter(|value| !value.is_empty() && *value != b"null"))
    }

    /// How many bytes make a row, where rows are predicted.
    fn columns(&self) -> Result<Option<usize>, Reason> {
        let Some(value) = self.dictionary.get("DecodeParms")? else {
            return Ok(None);
        };
        let value = self.single(value)?;
        if matches!(&self.text[value.clone()], b"null" | b"") {
            return Ok(None);
        }
        let parameters = Cursor::new(self.text, value.start).dictionary()?;
        let number = |name, usual| {
            let found = parameters.number(self.text, name);
            found.map(|found| found.unwrap_or(usual))
        };
        let columns = number("Columns", 1)?;
        let is_bytes = number("Colors", 1)? == 1 && number("BitsPerComponent", 8)? == 8;
        match number("Predictor", 1)? {
            1 => Ok(None),
            known if PNG_PREDICTORS.contains(&known) && is_bytes && columns > 0 => {
                Ok(Some(columns))
            }
            _ => Err(Reason::Unsupported),
        }
    }

    /// The only member of an array, or what is no array.
    fn single(&self, value: Range<usize>) -> Result<Range<usize>, Reason> {
        let text = &self.text[value.clone()];
        let Some(inside) = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]")) else {
            return Ok(value);
        };
        let start = value.start + 1 + (inside.len() - inside.trim_ascii_start().len());
        let length = inside.trim_ascii().len();
        let inside = &self.text[start..start + length];
        // A second name or dictionary would be a second filter.
        let is_one = memchr::memchr_iter(b'/', inside).count() <= 1 || inside.starts_with(b"<<");
        let is_one = is_one && memchr::memmem::find_iter(inside, b"<<").count() <= 1;
        match is_one {
            true => Ok(start..start + length),
            false => Err(Reason::Unsupported),
        }
    }
}

/// Undoes the prediction of rows of bytes (PNG, §9.2).
fn unpredicted(content: &[u8], row: usize) -> Result<Vec<u8>, Reason> {
    let mut out: Vec<u8> = Vec::with_capacity(content.len());
    for line in content.chunks(row.saturating_add(1)) {
        let (kind, line) = line.split_first().ok_or(Reason::Damaged)?;
        let start = out.len();
        for (at, byte) in line.iter().enumerate() {
            let above = |back: usize| match start.checked_sub(row) {
                Some(before) if at >= back => out[before + at - back],
                _ => 0,
            };
            let left = if at > 0 { out[start + at - 1] } else { 0 };
            let predicted = match kind {
                0 => 0,
                1 => left,
                2 => above(0),
                3 => ((u16::from(left) + u16::from(above(0))) / 2) as u8,
                4 => nearest(left, above(0), above(1)),
                _ => return Err(Reason::Damaged),
            };
            out.push(byte.wrapping_add(predicted));
        }
    }
    Ok(out)
}

/// PNG §9.4, Paeth: which of three bytes is nearest to what they let expect.
fn nearest(left: u8, above: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, above, corner].map(i16::from);
    let away = |byte: i16| (a + b - c - byte).abs();
    match () {
        () if away(a) <= away(b) && away(a) <= away(c) => left,
        () if away(b) <= away(c) => above,
        () => corner,
    }
}

/// The numbers of an array, and nothing else in it.
pub(super) fn numbers(text: &[u8]) -> Result<Vec<usize>, Reason> {
    let inside = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]"));
    let inside = inside.ok_or(Reason::Damaged)?;
    let words = inside.split(|byte| super::syntax::is_space(*byte));
    let words = words.filter(|word| !word.is_empty());
    words
        .map(|word| number(word).ok_or(Reason::Damaged))
        .collect()
}
