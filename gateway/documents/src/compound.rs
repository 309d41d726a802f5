//! A compound file (MS-CFB): the container of Office 97-2003, of Outlook messages and of
//! encrypted Office files, in memory and within bounds.
//!
//! It never follows a chain of sectors further than the file has sectors, so no loop holds it.

use crate::limits::STREAMS_MAX;
use crate::{Kind, Reason};

const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// MS-CFB §2.1: every sector number above this one is a mark, not a sector.
const SECTOR_MAX: u32 = 0xffff_fffa;
/// MS-CFB §2.6.1: no such directory entry.
const NO_STREAM: u32 = 0xffff_ffff;
const HEADER_DIFAT_ENTRIES: usize = 109;
const DIRECTORY_ENTRY_BYTES: usize = 128;
const MINI_SECTOR_BYTES: usize = 64;
/// MS-CFB §2.2: streams below this length live in the mini stream.
const MINI_STREAM_CUTOFF: u64 = 4096;
/// The class of a Windows installer's root, 000C1084-0000-0000-C000-000000000046.
const INSTALLER_CLASS: &[u8] = b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F";

/// One stream or storage.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    is_stream: bool,
    /// Stands directly in the root, not in an embedded object.
    is_top: bool,
    start: u32,
    siblings: [u32; 2],
    child: u32,
}

/// A compound file whose directory could be read.
#[derive(Debug)]
pub(crate) struct Compound<'a> {
    file: &'a [u8],
    sector_bytes: usize,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    mini_sectors: Vec<u32>,
    streams: Vec<Stream>,
    is_installer: bool,
}

impl<'a> Compound<'a> {
    /// True when the bytes begin like a compound file.
    pub(crate) fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(SIGNATURE)
    }

    /// Reads header, sector table and directory.
    pub(crate) fn open(file: &'a [u8]) -> Result<Self, Reason> {
        let shift = u16_at(file, 0x1e).ok_or(Reason::Damaged)?;
        if !Self::is_one(file) || !matches!(shift, 9 | 12) {
            return Err(Reason::Damaged);
        }
        let mut compound = Compound {
            file,
            sector_bytes: 1 << shift,
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini_sectors: Vec::new(),
            streams: Vec::new(),
            is_installer: false,
        };
        compound.fat = compound.read_fat()?;
        let header = |at| u32_at(file, at).ok_or(Reason::Damaged);
        compound.mini_fat = compound.numbers(&compound.chain(header(0x3c)?)?);
        compound.read_directory(header(0x30)?)?;
        compound.mark_top();
        Ok(compound)
    }

    pub(crate) fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The stream of that name in the root.
    pub(crate) fn top(&self, name: &str) -> Option<&Stream> {
        self.streams
            .iter()
            .find(|s| s.is_stream && s.is_top && s.name.eq_ignore_ascii_case(name))
    }

    /// What the file is, by the streams in its root.
    pub(crate) fn kind(&self) -> Kind {
        let signs = [
            ("EncryptedPackage", Kind::EncryptedOffice),
            ("WordDocument", Kind::Doc),
            ("Workbook", Kind::Xls),
            ("Book", Kind::Xls),
            ("PowerPoint Document", Kind::Ppt),
            ("__properties_version1.0", Kind::Msg),
        ];
        let found = signs.iter().find(|(name, _)| self.top(name).is_some());
        match found {
            Some((_, kind)) => *kind,
            None if self.is_installer => Kind::Msi,
            None => Kind::Compound,
        }
    }

    /// The first `bytes_max` bytes of a stream.
    pub(crate) fn read(&self, stream: &Stream, bytes_max: usize) -> Result<Vec<u8>, Reason> {
        let wanted = usize::try_from(stream.bytes).map_or(bytes_max, |len| len.min(bytes_max));
        let mut bytes = Vec::with_capacity(wanted.min(self.file.len()));
        if stream.bytes < MINI_STREAM_CUTOFF {
            let per_sector = self.sector_bytes / MINI_SECTOR_BYTES;
            for mini in follow(&self.mini_fat, stream.start)? {
                let mini = mini as usize;
                let sector = self
                    .mini_sectors
                    .get(mini / per_sector)
                    .ok_or(Reason::Damaged)?;
                let from = (mini % per_sector) * MINI_SECTOR_BYTES;
                let piece = self.sector(*sector)?.get(from..from + MINI_SECTOR_BYTES);
                bytes.extend_from_slice(piece.ok_or(Reason::Damaged)?);
                if bytes.len() >= wanted {
                    break;
                }
            }
        } else {
            for sector in self.chain(stream.start)? {
                bytes.extend_from_slice(self.sector(sector)?);
                if bytes.len() >= wanted {
                    break;
                }
            }
        }
        if bytes.len() < wanted {
            return Err(Reason::Damaged);
        }
        bytes.truncate(wanted);
        Ok(bytes)
    }

    /// MS-CFB §2.5: the sector table's own sectors are listed in the header, then in a chain.
    fn read_fat(&self) -> Result<Vec<u32>, Reason> {
        let sectors_max = self.file.len() / self.sector_bytes + 1;
        let mut list: Vec<u32> = (0..HEADER_DIFAT_ENTRIES)
            .filter_map(|i| u32_at(self.file, 0x4c + 4 * i))
            .collect();
        let mut next = u32_at(self.file, 0x44).ok_or(Reason::Damaged)?;
        let mut steps = 0;
        while next < SECTOR_MAX {
            steps += 1;
            if steps > sectors_max {
                return Err(Reason::Damaged);
            }
            let mut numbers = self.numbers(&[next]);
            next = numbers.pop().ok_or(Reason::Damaged)?;
            list.extend(numbers);
        }
        list.retain(|sector| *sector < SECTOR_MAX);
        if list.len() > sectors_max {
            return Err(Reason::Damaged);
        }
        Ok(self.numbers(&list))
    }

    fn read_directory(&mut self, first: u32) -> Result<(), Reason> {
        let sectors = self.chain(first)?;
        let per_sector = self.sector_bytes / DIRECTORY_ENTRY_BYTES;
        if sectors.len() > STREAMS_MAX / per_sector {
            return Err(Reason::TooManyEntries);
        }
        let mut streams = Vec::with_capacity(sectors.len() * per_sector);
        for sector in sectors {
            let bytes = self.sector(sector)?;
            streams.extend(bytes.chunks_exact(DIRECTORY_ENTRY_BYTES).filter_map(stream));
            if streams.len() == per_sector {
                self.is_installer = bytes.get(80..96) == Some(INSTALLER_CLASS);
            }
        }
        let root = streams.first().ok_or(Reason::Damaged)?;
        if root.start < SECTOR_MAX {
            self.mini_sectors = self.chain(root.start)?;
        }
        self.streams = streams;
        Ok(())
    }

    /// Marks what the root's tree of siblings reaches without entering a storage.
    fn mark_top(&mut self) {
        let mut open = vec![self.streams[0].child];
        while let Some(index) = open.pop() {
            if index == NO_STREAM {
                continue;
            }
            if let Some(stream) = self.streams.get_mut(index as usize)
                && !stream.is_top
            {
                stream.is_top = true;
                open.extend(stream.siblings);
            }
        }
    }

    fn sector(&self, number: u32) -> Result<&'a [u8], Reason> {
        let from = (number as usize + 1) * self.sector_bytes;
        // The last sector of a file may be cut short by writers that do not pad it.
        let to = (from + self.sector_bytes).min(self.file.len());
        self.file
            .get(from..to)
            .filter(|bytes| !bytes.is_empty())
            .ok_or(Reason::Damaged)
    }

    fn chain(&self, first: u32) -> Result<Vec<u32>, Reason> {
        follow(&self.fat, first)
    }

    fn numbers(&self, sectors: &[u32]) -> Vec<u32> {
        let bytes = sectors
            .iter()
            .filter_map(|sector| self.sector(*sector).ok());
        bytes
            .flat_map(|sector| sector.chunks_exact(4))
            .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            .collect()
    }
}

/// The sectors of a chain; a chain longer than its table is a loop.
fn follow(table: &[u32], first: u32) -> Result<Vec<u32>, Reason> {
    let mut sectors = Vec::new();
    let mut next = first;
    while next < SECTOR_MAX {
        if sectors.len() == table.len() {
            return Err(Reason::Damaged);
        }
        sectors.push(next);
        next = *table.get(next as usize).ok_or(Reason::Damaged)?;
    }
    Ok(sectors)
}

/// One directory entry, MS-CFB §2.6.1. An unused one still counts: entries name each other by
/// number.
fn stream(entry: &[u8]) -> Option<Stream> {
    let name_bytes = (usize::from(u16_at(entry, 64)?)).saturating_sub(2).min(62);
    let units: Vec<u16> = entry[..name_bytes]
        .chunks_exact(2)
        .map(|c| u16::from_le_bytes([c[0], c[1]]))
        .collect();
    let size = u64::from(u32_at(entry, 120)?);
    Some(Stream {
        name: String::from_utf16_lossy(&units),
        bytes: size,
        is_stream: entry[66] == 2,
        is_top: false,
        start: u32_at(entry, 116)?,
        siblings: [u32_at(entry, 68)?, u32_at(entry, 72)?],
        child: u32_at(entry, 76)?,
    })
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes([two[0], two[1]]))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}
