//! The cross-references of a PDF: where each object stands (ISO 32000-1 §7.5.4 and §7.5.8).
//!
//! It never repairs: where a table and the file do not agree, readers go different ways.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::stream::{Stream, numbers};
use super::syntax::{Cursor, Dictionary, number};
use crate::Reason;
use crate::archive::Budget;
use crate::limits::{PDF_NUMBER_MAX, PDF_OBJECTS_MAX, PDF_SECTIONS_MAX};

const END: &[u8] = b"%%EOF";
/// Widths of the fields of an entry; no number needs more bytes.
const WIDTH_MAX: usize = 8;

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere.
    Free,
    /// At this offset, in this generation.
    At(usize, u16),
    /// In this stream of packed objects.
    Packed(u32),
}

/// One section, with what its trailer says.
#[derive(Debug)]
pub(super) struct Section {
    /// Where it begins.
    pub at: usize,
    /// Whether it is a stream, not a table.
    pub is_stream: bool,
    /// The trailer, or the dictionary of the stream.
    pub trailer: Dictionary,
}

/// Every object of a file, and its newest section.
#[derive(Debug)]
pub(super) struct References {
    places: BTreeMap<u32, Place>,
    /// The newest section, to which the file's last line leads.
    pub newest: Section,
    /// One more than the highest number of an object.
    pub size: u32,
}

impl References {
    /// Reads all sections, and looks at the place of each object.
    ///
    /// # Errors
    /// [`Reason::Damaged`] where anything is not where it should be, [`Reason::Inconsistent`] where
    /// readers may differ, [`Reason::Encrypted`]; [`Reason::TooManyEntries`] beyond the limits.
    pub fn read(bytes: &[u8], budget: &mut Budget) -> Result<Self, Reason> {
        let mut chain = Chain {
            bytes,
            budget,
            places: BTreeMap::new(),
            entries_left: PDF_OBJECTS_MAX,
        };
        let newest = chain.all(last_section(bytes)?)?;
        let size = newest.trailer.number(bytes, "Size")?;
        let size = size.ok_or(Reason::Damaged)?;
        // Beyond that readers look for objects by themselves.
        let size = u32::try_from(size)
            .ok()
            .filter(|size| *size <= PDF_NUMBER_MAX);
        let size = size.ok_or(Reason::Inconsistent)?;
        let own = Self {
            places: chain.places,
            newest,
            size,
        };
        own.check(bytes)?;
        Ok(own)
    }

    /// Where an object stands.
    pub fn place(&self, number: u32) -> Place {
        self.places.get(&number).copied().unwrap_or(Place::Free)
    }

    /// ISO 32000-1 §7.5.5: what is not below the size is no object; a reader that mends the size
    /// would see it.
    fn check(&self, bytes: &[u8]) -> Result<(), Reason> {
        for (number, place) in &self.places {
            let stands = match place {
                Place::Free => continue,
                Place::At(at, generation) => {
                    let head = Cursor::new(bytes, *at).head();
                    head == Some((*number, *generation))
                }
                Place::Packed(stream) => matches!(self.place(*stream), Place::At(..)),
            };
            match (stands, *number < self.size) {
                (false, _) => return Err(Reason::Damaged),
                (true, false) => return Err(Reason::Inconsistent),
                (true, true) => {}
            }
        }
        Ok(())
    }
}

/// ISO 32000-1 §7.5.5: the last lines say where the newest section begins.
fn last_section(bytes: &[u8]) -> Result<usize, Reason> {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let blank = bytes.iter().rev().take_while(|b| is_blank(b)).count();
    let Some(before) = bytes[..bytes.len() - blank].strip_suffix(END) else {
        // Behind the mark stands what some readers take for the file's end, and some do not.
        return Err(match memchr::memmem::find(bytes, END) {
            Some(_) => Reason::Inconsistent,
            None => Reason::Damaged,
        });
    };
    let before = before.trim_ascii_end();
    let digits = before
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let (before, digits) = before.split_at(before.len() - digits);
    let word = before.trim_ascii_end().ends_with(b"startxref");
    number(digits).filter(|_| word).ok_or(Reason::Damaged)
}

/// The walk from section to section.
struct Chain<'b> {
    bytes: &'b [u8],
    budget: &'b mut Budget,
    places: BTreeMap<u32, Place>,
    entries_left: usize,
}

type Entries = Vec<(u32, Place)>;

impl Chain<'_> {
    /// All sections, from the newest on, which it gives back.
    fn all(&mut self, start: usize) -> Result<Section, Reason> {
        let mut seen = BTreeSet::from([start]);
        let newest = self.one(start)?;
        let mut next = newest.trailer.number(self.bytes, "Prev")?;
        while let Some(at) = next {
            if !seen.insert(at) {
                return Err(Reason::Damaged);
            }
            if seen.len() > PDF_SECTIONS_MAX {
                return Err(Reason::TooManyEntries);
            }
            next = self.one(at)?.trailer.number(self.bytes, "Prev")?;
        }
        Ok(newest)
    }

    /// One section. What a newer one said of an object stands.
    fn one(&mut self, at: usize) -> Result<Section, Reason> {
        let mut cursor = Cursor::new(self.bytes, at);
        cursor.skip_little_space();
        let is_stream = !cursor.take(b"xref");
        let (trailer, entries) = match is_stream {
            true => self.stream(at)?,
            false => self.table(cursor)?,
        };
        if trailer.get("Encrypt")?.is_some() {
            return Err(Reason::Encrypted);
        }
        let hidden = match trailer.number(self.bytes, "XRefStm")? {
            Some(at) if !is_stream => self.stream(at)?.1,
            _ => Vec::new(),
        };
        // ISO 32000-1 §7.5.8.4: what the table calls free may stand in the stream beside it.
        let is_free = |(_, place): &(u32, Place)| *place == Place::Free;
        let (free, used): (Entries, Entries) = entries.into_iter().partition(is_free);
        for (number, place) in used.into_iter().chain(hidden).chain(free) {
            self.places.entry(number).or_insert(place);
        }
        Ok(Section {
            at,
            is_stream,
            trailer,
        })
    }

    fn count(&mut self, entries: usize) -> Result<(), Reason> {
        let left = self.entries_left.checked_sub(entries);
        self.entries_left = left.ok_or(Reason::TooManyEntries)?;
        Ok(())
    }

    /// Runs of entries behind the word `xref`, then the trailer.
    fn table(&mut self, mut cursor: Cursor<'_>) -> Result<(Dictionary, Entries), Reason> {
        let mut entries = Vec::new();
        loop {
            cursor.skip_space();
            let Some(first) = cursor.number() else { break };
            cursor.skip_space();
            let count = cursor.number().ok_or(Reason::Damaged)?;
            self.count(count)?;
            for number in first..first.saturating_add(count) {
                let number = u32::try_from(number).map_err(|_| Reason::Damaged)?;
                entries.push((number, table_entry(&mut cursor).ok_or(Reason::Damaged)?));
            }
        }
        match cursor.take(b"trailer") {
            true => Ok((cursor.dictionary()?, entries)),
            false => Err(Reason::Damaged),
        }
    }

    /// A stream of entries of three numbers.
    fn stream(&mut self, at: usize) -> Result<(Dictionary, Entries), Reason> {
        let mut cursor = Cursor::new(self.bytes, at);
        cursor.head().ok_or(Reason::Damaged)?;
        let trailer = cursor.dictionary()?;
        if !trailer.is(self.bytes, "Type", b"XRef")? {
            return Err(Reason::Damaged);
        }
        let length = trailer
            .number(self.bytes, "Length")?
            .ok_or(Reason::Damaged)?;
        let size = trailer.number(self.bytes, "Size")?.ok_or(Reason::Damaged)?;
        let array = |value: Range<usize>| numbers(&self.bytes[value]);
        let widths = trailer.get("W")?.map(array).ok_or(Reason::Damaged)??;
        let runs = trailer
            .get("Index")?
            .map(array)
            .unwrap_or(Ok(vec![0, size]))?;
        let is_sound = widths.len() == 3 && widths.iter().all(|width| *width <= WIDTH_MAX);
        let row: usize = widths.iter().sum();
        if !is_sound || row == 0 || !runs.len().is_multiple_of(2) {
            return Err(Reason::Damaged);
        }
        let mut rows = 0usize;
        for run in runs.chunks_exact(2) {
            self.count(run[1])?;
            rows += run[1];
        }
        let stream = Stream::read(self.bytes, trailer, length, self.budget)?;
        let content = stream.content(rows * row, self.budget)?;
        let mut lines = content.chunks_exact(row);
        let mut entries = Vec::new();
        for run in runs.chunks_exact(2) {
            for number in run[0]..run[0].saturating_add(run[1]) {
                let number = u32::try_from(number).map_err(|_| Reason::Damaged)?;
                let line = lines.next().ok_or(Reason::Damaged)?;
                entries.push((number, stream_entry(line, &widths)?));
            }
        }
        Ok((stream.dictionary, entries))
    }
}

/// `0000000016 00000 n`, as strict or as loose as writers put it.
fn table_entry(cursor: &mut Cursor<'_>) -> Option<Place> {
    cursor.skip_space();
    let at = cursor.number()?;
    cursor.skip_space();
    let generation = cursor.number()?;
    cursor.skip_space();
    match cursor.word() {
        b"f" => Some(Place::Free),
        // The header stands there, so every reader makes nothing of it.
        b"n" if at == 0 => Some(Place::Free),
        b"n" => Some(Place::At(at, u16::try_from(generation).ok()?)),
        _ => None,
    }
}

/// ISO 32000-1 §7.5.8.3, table 18.
fn stream_entry(line: &[u8], widths: &[usize]) -> Result<Place, Reason> {
    let (kind, rest) = line.split_at(widths[0]);
    let (second, third) = rest.split_at(widths[1]);
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let kind = if kind.is_empty() { 1 } else { number(kind) };
    let fits = |value: u64| usize::try_from(value).map_err(|_| Reason::Damaged);
    match kind {
        1 => {
            let generation = u16::try_from(number(third)).map_err(|_| Reason::Damaged)?;
            Ok(Place::At(fits(number(second))?, generation))
        }
        2 => Ok(Place::Packed(
            u32::try_from(number(second)).map_err(|_| Reason::Damaged)?,
        )),
        // Of kinds to come a reader makes nothing.
        _ => Ok(Place::Free),
    }
}
