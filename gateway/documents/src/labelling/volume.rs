//! A zip archive as bytes, rewritten where parts change and copied everywhere else.
//!
//! It never touches an entry nobody named: its header, compressed bytes and descriptor go over as
//! they stand, in their order. An archive whose bytes are not all accounted for is refused, but for
//! those between the last entry and the directory.

use std::io::Write;

use flate2::Crc;
use flate2::write::DeflateEncoder;

use crate::Reason;
use crate::archive::{Archive, Budget};
use crate::limits::PART_BYTES_MAX;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
/// APPNOTE 4.3.9.3: may stand before a descriptor.
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// APPNOTE 4.3.15: stands before the end where sizes need 64 bits.
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const LOCATOR_64_BYTES: usize = 20;
const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;
/// APPNOTE 4.4.4: the name is UTF-8. Of the other flags none holds for what we write.
const UTF8_FLAG: u16 = 1 << 11;
/// APPNOTE 4.4.4: checksum and sizes stand behind the data.
const DESCRIPTOR_FLAG: u16 = 1 << 3;
const DEFLATED: u16 = 8;
/// APPNOTE 4.4.2 and 4.4.3: version 2.0 of the format, which deflate needs.
const VERSION: u16 = 20;
/// The first day a zip can name; Office gives it to every part.
const FIRST_DAY: [u8; 4] = [0, 0, 0x21, 0];

/// An entry's bytes: from its local header to the next, and its record in the directory.
#[derive(Debug)]
struct Entry<'a> {
    at: usize,
    span: &'a [u8],
    record: &'a [u8],
}

/// A part to write: in the place of an entry, or as a new one.
#[derive(Debug)]
pub(super) struct Part {
    /// The name, where it is new.
    pub name: String,
    /// Its content.
    pub content: Vec<u8>,
    /// Which entry it replaces, in the directory's order.
    pub replaces: Option<usize>,
}

impl Part {
    /// A part that the archive does not have.
    pub fn new(name: &str, content: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            content,
            replaces: None,
        }
    }
}

/// A part as it stands in the archive.
#[derive(Debug)]
pub(super) struct Found {
    index: usize,
    /// Its content, inflated.
    pub content: Vec<u8>,
}

impl Found {
    /// Finds a part by name, without regard to ASCII case.
    ///
    /// # Errors
    /// As [`Archive::read`], up to [`PART_BYTES_MAX`].
    pub fn read(
        archive: &mut Archive<'_>,
        name: &str,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Reason> {
        let mut entries = archive.entries().iter();
        let index = entries.position(|entry| entry.name.eq_ignore_ascii_case(name));
        let Some(index) = index else { return Ok(None) };
        let entry = archive.entries()[index].clone();
        let content = archive.read(&entry, PART_BYTES_MAX, budget)?;
        Ok(Some(Self { index, content }))
    }

    /// What is written in its place.
    pub fn becomes(&self, content: Vec<u8>) -> Part {
        Part {
            name: String::new(),
            content,
            replaces: Some(self.index),
        }
    }
}

/// An archive all of whose bytes are accounted for.
#[derive(Debug)]
pub(super) struct Volume<'a> {
    entries: Vec<Entry<'a>>,
    end: &'a [u8],
}

impl<'a> Volume<'a> {
    /// Takes an archive apart; `archive` is the same bytes as our reader sees them.
    ///
    /// # Errors
    /// [`Reason::Inconsistent`] where bytes stand before, between or behind the entries that the
    /// directory names and itself, [`Reason::Unsupported`] for sizes of 64 bits.
    pub fn open(bytes: &'a [u8], archive: &Archive<'_>) -> Result<Self, Reason> {
        let end_at = bytes.len().checked_sub(END_BYTES).and_then(|last| {
            let first = last.saturating_sub(usize::from(u16::MAX));
            (first..=last).rev().find(|at| is_end(&bytes[*at..]))
        });
        let end_at = end_at.ok_or(Reason::Inconsistent)?;
        let end = &bytes[end_at..];
        let before = end_at.checked_sub(LOCATOR_64_BYTES);
        if before.is_some_and(|at| bytes[at..].starts_with(LOCATOR_64)) {
            return Err(Reason::Unsupported);
        }
        let directory = u32_at(end, 16)?;
        let mut records = bytes.get(directory..end_at).ok_or(Reason::Inconsistent)?;
        if u32_at(end, 12)? != records.len() {
            return Err(Reason::Inconsistent);
        }
        let mut entries = Vec::with_capacity(archive.entries().len());
        for known in archive.entries() {
            let at = directory_offset(bytes, records);
            let (record, rest) = split_record(records)?;
            let header = u32_at(record, 42)?;
            if known.record_at != at as u64 || known.header_at != header as u64 {
                return Err(Reason::Inconsistent);
            }
            entries.push(Entry {
                at: header,
                span: &[],
                record,
            });
            records = rest;
        }
        if !records.is_empty() {
            return Err(Reason::Inconsistent);
        }
        measure(bytes, directory, &mut entries)?;
        Ok(Self { entries, end })
    }

    /// The archive with these parts.
    ///
    /// # Errors
    /// [`Reason::Unsupported`] for what would need 64 bits, or more entries than a zip counts.
    pub fn write(&self, parts: &[Part]) -> Result<Vec<u8>, Reason> {
        let known: usize = self.entries.iter().map(|entry| entry.span.len()).sum();
        let mut out = Vec::with_capacity(known + 64 * 1024);
        let mut by_place: Vec<usize> = (0..self.entries.len()).collect();
        by_place.sort_by_key(|index| self.entries[*index].at);
        let mut records: Vec<Vec<u8>> = self
            .entries
            .iter()
            .map(|entry| entry.record.to_vec())
            .collect();
        for index in by_place {
            let entry = &self.entries[index];
            let record = &mut records[index];
            let at = out.len();
            match parts.iter().find(|part| part.replaces == Some(index)) {
                Some(part) => replace(record, entry.span, part, &mut out)?,
                None => out.extend_from_slice(entry.span),
            }
            put_u32(record, 42, at)?;
        }
        for part in parts.iter().filter(|part| part.replaces.is_none()) {
            let at = out.len();
            let mut record = add(part, &mut out)?;
            put_u32(&mut record, 42, at)?;
            records.push(record);
        }
        let directory = out.len();
        records.iter().for_each(|record| out.extend(record));
        let size = out.len() - directory;
        let mut end = self.end.to_vec();
        let count = u16::try_from(records.len()).map_err(|_| Reason::Unsupported)?;
        end[8..10].copy_from_slice(&count.to_le_bytes());
        end[10..12].copy_from_slice(&count.to_le_bytes());
        put_u32(&mut end, 12, size)?;
        put_u32(&mut end, 16, directory)?;
        out.extend(end);
        Ok(out)
    }
}

/// APPNOTE 4.3.16: the end record, whose comment must reach the end of the file.
fn is_end(bytes: &[u8]) -> bool {
    let comment = u16_at(bytes, 20).unwrap_or_default();
    bytes.starts_with(END) && bytes.len() == END_BYTES + usize::from(comment)
}

fn directory_offset(bytes: &[u8], rest: &[u8]) -> usize {
    rest.as_ptr() as usize - bytes.as_ptr() as usize
}

/// The first record of the directory, and those behind it.
fn split_record(records: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    if !records.starts_with(CENTRAL) {
        return Err(Reason::Inconsistent);
    }
    let lengths = [
        u16_at(records, 28)?,
        u16_at(records, 30)?,
        u16_at(records, 32)?,
    ];
    let length = CENTRAL_BYTES + lengths.map(usize::from).iter().sum::<usize>();
    records.split_at_checked(length).ok_or(Reason::Inconsistent)
}

/// Gives each entry its bytes: up to the next header, the last one's up to the directory.
fn measure<'a>(bytes: &'a [u8], directory: usize, entries: &mut [Entry<'a>]) -> Result<(), Reason> {
    let mut starts: Vec<usize> = entries.iter().map(|entry| entry.at).collect();
    starts.sort_unstable();
    if starts.first() != Some(&0) {
        return Err(Reason::Inconsistent);
    }
    starts.push(directory);
    for entry in entries {
        let next = starts.partition_point(|start| *start <= entry.at);
        let end = *starts.get(next).ok_or(Reason::Inconsistent)?;
        entry.span = bytes.get(entry.at..end).ok_or(Reason::Inconsistent)?;
        // Behind the last one programs that append leave the former directory.
        let is_sound = end == directory || is_accounted_for(entry)?;
        if !entry.span.starts_with(LOCAL) || !is_sound {
            return Err(Reason::Inconsistent);
        }
    }
    Ok(())
}

/// Whether an entry's bytes are its header, its data and what may stand behind that, and no more.
fn is_accounted_for(entry: &Entry<'_>) -> Result<bool, Reason> {
    let names = usize::from(u16_at(entry.span, 26)?) + usize::from(u16_at(entry.span, 28)?);
    let data = LOCAL_BYTES + names + u32_at(entry.record, 20)?;
    let behind = entry.span.get(data..).ok_or(Reason::Inconsistent)?;
    let has_descriptor = u16_at(entry.span, 6)? & DESCRIPTOR_FLAG != 0;
    if behind.is_empty() || !has_descriptor {
        return Ok(behind.is_empty());
    }
    let unsigned = behind.strip_prefix(DESCRIPTOR);
    let checksum = entry.record.get(16..20);
    // Of 32 bits each, or with sizes of 64.
    let is_one = |bytes: &[u8]| matches!(bytes.len(), 12 | 20) && bytes.get(..4) == checksum;
    Ok(is_one(behind) || unsigned.is_some_and(is_one))
}

/// Writes a part in an entry's place: name and time stay, fields beyond the format's own go.
fn replace(
    record: &mut Vec<u8>,
    span: &[u8],
    part: &Part,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    let name_bytes = usize::from(u16_at(span, 26)?);
    let name = span.get(LOCAL_BYTES..LOCAL_BYTES + name_bytes);
    let name = name.ok_or(Reason::Inconsistent)?;
    let flags = u16_at(record, 8)? & UTF8_FLAG;
    let sizes = Sizes::of(part)?;
    // A record holds its name right behind what is fixed; the comment is dropped with the fields.
    let record_name = usize::from(u16_at(record, 28)?);
    record.truncate(CENTRAL_BYTES + record_name);
    record[30..34].fill(0);
    record[6..8].copy_from_slice(&VERSION.to_le_bytes());
    record[8..10].copy_from_slice(&flags.to_le_bytes());
    record[10..12].copy_from_slice(&DEFLATED.to_le_bytes());
    record[16..28].copy_from_slice(&sizes.bytes());
    let time = [span[10], span[11], span[12], span[13]];
    write_local(name, flags, time, &sizes, out);
    Ok(())
}

/// Writes a part behind the last entry; gives its record.
fn add(part: &Part, out: &mut Vec<u8>) -> Result<Vec<u8>, Reason> {
    let sizes = Sizes::of(part)?;
    let name = part.name.as_bytes();
    let name_bytes = u16::try_from(name.len()).map_err(|_| Reason::Unsupported)?;
    let mut record = CENTRAL.to_vec();
    record.extend(VERSION.to_le_bytes());
    record.extend(VERSION.to_le_bytes());
    record.extend(0u16.to_le_bytes());
    record.extend(DEFLATED.to_le_bytes());
    record.extend(FIRST_DAY);
    record.extend(sizes.bytes());
    record.extend(name_bytes.to_le_bytes());
    record.resize(CENTRAL_BYTES, 0);
    record.extend(name);
    write_local(name, 0, FIRST_DAY, &sizes, out);
    Ok(record)
}

fn write_local(name: &[u8], flags: u16, time: [u8; 4], sizes: &Sizes, out: &mut Vec<u8>) {
    out.extend(LOCAL);
    out.extend(VERSION.to_le_bytes());
    out.extend(flags.to_le_bytes());
    out.extend(DEFLATED.to_le_bytes());
    out.extend(time);
    out.extend(sizes.bytes());
    // Names come from 16-bit fields, or were checked to fit one.
    out.extend((name.len() as u16).to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out.extend(name);
    out.extend(&sizes.packed);
}

/// A content as it is stored.
struct Sizes {
    checksum: u32,
    packed: Vec<u8>,
    packed_bytes: u32,
    bytes: u32,
}

impl Sizes {
    fn of(part: &Part) -> Result<Self, Reason> {
        let mut checksum = Crc::new();
        checksum.update(&part.content);
        let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        let packed = encoder
            .write_all(&part.content)
            .and_then(|()| encoder.finish());
        let packed = packed.map_err(|_| Reason::Unsupported)?;
        let fits = |length: usize| u32::try_from(length).map_err(|_| Reason::Unsupported);
        Ok(Self {
            checksum: checksum.sum(),
            packed_bytes: fits(packed.len())?,
            bytes: fits(part.content.len())?,
            packed,
        })
    }

    /// Checksum, packed and plain size, as both headers have them.
    fn bytes(&self) -> [u8; 12] {
        let mut out = [0; 12];
        out[..4].copy_from_slice(&self.checksum.to_le_bytes());
        out[4..8].copy_from_slice(&self.packed_bytes.to_le_bytes());
        out[8..].copy_from_slice(&self.bytes.to_le_bytes());
        out
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Reason> {
    let two = bytes.get(at..at + 2).ok_or(Reason::Inconsistent)?;
    Ok(u16::from_le_bytes([two[0], two[1]]))
}

/// A size or an offset; all bits set means that it stands elsewhere, in 64.
fn u32_at(bytes: &[u8], at: usize) -> Result<usize, Reason> {
    let four = bytes.get(at..at + 4).ok_or(Reason::Inconsistent)?;
    match u32::from_le_bytes([four[0], four[1], four[2], four[3]]) {
        u32::MAX => Err(Reason::Unsupported),
        value => Ok(value as usize),
    }
}

fn put_u32(bytes: &mut [u8], at: usize, value: usize) -> Result<(), Reason> {
    let value = u32::try_from(value).map_err(|_| Reason::Unsupported)?;
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    Ok(())
}
