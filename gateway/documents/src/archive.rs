//! A zip archive, in memory, read within bounds.
//!
//! It never inflates an entry that nobody asked for, and never trusts a size the archive states:
//! what comes out is counted. An archive that two readers could read differently (double names,
//! overlapping entries, local headers that contradict the directory) is refused as a whole.

use std::io::{Cursor, Read};

use memchr::memmem;
use zip::read::ZipArchive;
use zip::result::ZipError;

use crate::limits::{DEPTH_MAX, ENTRIES_MAX, INFLATED_BYTES_MAX, RATIO_MAX};
use crate::{Kind, Reason};

/// What may still be inflated for one file, over all archives inside it.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes_left: u64,
    depth: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Budget {
            bytes_left: INFLATED_BYTES_MAX,
            depth: 0,
        }
    }

    /// Goes into an archive inside this one; [`Budget::leave`] comes back.
    pub(crate) fn enter(&mut self) -> Result<(), Reason> {
        if self.depth == DEPTH_MAX {
            return Err(Reason::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(crate) fn spend(&mut self, bytes: u64) -> Result<(), Reason> {
        self.bytes_left = self
            .bytes_left
            .checked_sub(bytes)
            .ok_or(Reason::InflatesTooMuch)?;
        Ok(())
    }
}

/// One entry of an archive.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// As it stands in the archive; a name, never a path to open.
    pub(crate) name: String,
    pub(crate) encrypted: bool,
    pub(crate) compressed_bytes: u64,
    /// Where its local header begins.
    pub(crate) header_at: u64,
    /// Where its record in the directory begins.
    pub(crate) record_at: u64,
    index: usize,
}

/// An archive whose directory is sound.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    entries: Vec<Entry>,
}

impl<'a> Archive<'a> {
    /// Reads the directory, and refuses an archive that readers could read differently.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Reason> {
        // A directory entry costs us some hundred bytes, so they are counted before the
        // directory is read. Signatures inside stored data count too, which only errs towards
        // "unknown".
        let signatures = memmem::find_iter(bytes, b"PK\x01\x02").take(ENTRIES_MAX + 1);
        if signatures.count() > ENTRIES_MAX {
            return Err(Reason::TooManyEntries);
        }
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| reason(&error))?;
        if zip.len() > ENTRIES_MAX {
            return Err(Reason::TooManyEntries);
        }
        zip.validate_header_consistency()
            .map_err(|_| Reason::Inconsistent)?;
        let entries = (0..zip.len())
            .map(|index| entry(&mut zip, index))
            .collect::<Result<_, _>>()?;
        let archive = Archive { zip, entries };
        archive.refuse_twin_names()?;
        Ok(archive)
    }

    /// OPC, §6.2.2.3: part names are compared without regard to ASCII case.
    fn refuse_twin_names(&self) -> Result<(), Reason> {
        let mut names: Vec<String> = self
            .entries
            .iter()
            .map(|entry| entry.name.to_ascii_lowercase())
            .collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Reason::Inconsistent);
        }
        Ok(())
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that name, without regard to ASCII case.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// Whether a name begins so, without regard to ASCII case.
    pub(crate) fn has(&self, start: &str) -> bool {
        self.entries.iter().any(|entry| {
            entry
                .name
                .get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start))
        })
    }

    /// What the archive is, by the names of its members.
    pub(crate) fn kind(&self) -> Kind {
        if self.has("[Content_Types].xml") {
            return match () {
                () if self.has("word/") => Kind::Docx,
                () if self.has("xl/") => Kind::Xlsx,
                () if self.has("ppt/") => Kind::Pptx,
                () if self.has("visio/") => Kind::Vsdx,
                () => Kind::Package,
            };
        }
        match () {
            () if self.has("META-INF/container.xml") => Kind::Epub,
            () if self.has("META-INF/manifest.xml") || self.has("content.xml") => {
                Kind::OpenDocument
            }
            () if self.has("META-INF/MANIFEST.MF") || self.has("classes.dex") => Kind::Jar,
            () => Kind::Zip,
        }
    }

    /// Inflates one entry, up to `bytes_max` and what the budget still holds.
    pub(crate) fn read(
        &mut self,
        entry: &Entry,
        bytes_max: u64,
        budget: &mut Budget,
    ) -> Result<Vec<u8>, Reason> {
        let bytes = self.inflate(entry, bytes_max + 1)?;
        let length = bytes.len() as u64;
        if length > bytes_max {
            return Err(Reason::EntryTooLarge);
        }
        budget.spend(length)?;
        Ok(bytes)
    }

    /// As [`Archive::read`], and refuses what grew more than [`RATIO_MAX`] times.
    pub(crate) fn read_member(
        &mut self,
        entry: &Entry,
        bytes_max: u64,
        budget: &mut Budget,
    ) -> Result<Vec<u8>, Reason> {
        let bytes = self.read(entry, bytes_max, budget)?;
        check_ratio(entry.compressed_bytes, bytes.len() as u64)?;
        Ok(bytes)
    }

    /// The first bytes of an entry; fewer when it is shorter.
    pub(crate) fn peek(&mut self, entry: &Entry, bytes_max: u64) -> Result<Vec<u8>, Reason> {
        self.inflate(entry, bytes_max)
    }

    fn inflate(&mut self, entry: &Entry, bytes_max: u64) -> Result<Vec<u8>, Reason> {
        if entry.encrypted {
            return Err(Reason::Encrypted);
        }
        let file = self
            .zip
            .by_index(entry.index)
            .map_err(|error| reason(&error))?;
        let mut bytes = Vec::new();
        file.take(bytes_max)
            .read_to_end(&mut bytes)
            .map_err(|_| Reason::Damaged)?;
        Ok(bytes)
    }
}

/// Refuses what grew more than [`RATIO_MAX`] times.
pub(crate) fn check_ratio(compressed_bytes: u64, bytes: u64) -> Result<(), Reason> {
    if bytes > compressed_bytes.max(64).saturating_mul(RATIO_MAX) {
        return Err(Reason::InflatesTooMuch);
    }
    Ok(())
}

fn entry(zip: &mut ZipArchive<Cursor<&[u8]>>, index: usize) -> Result<Entry, Reason> {
    let file = zip.by_index_raw(index).map_err(|error| reason(&error))?;
    Ok(Entry {
        name: String::from_utf8_lossy(file.name_raw()).replace('\\', "/"),
        encrypted: file.encrypted(),
        compressed_bytes: file.compressed_size(),
        header_at: file.header_start(),
        record_at: file.central_header_start(),
        index,
    })
}

fn reason(error: &ZipError) -> Reason {
    match error {
        ZipError::UnsupportedArchive(text) if text.contains("assword") => Reason::Encrypted,
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            Reason::Unsupported
        }
        _ => Reason::Damaged,
    }
}
