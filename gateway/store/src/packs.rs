//! Packs: files in which sealed letters stand one behind the other. A letter costs two writes and a
//! share of one sync, where a file of its own costs a file, a name and the syncs of both.
//!
//! An entry begins at a multiple of [`STEP`]: a mark, the letter's id, when it was written, its
//! length, then the sealed bytes. Nothing is written over: a letter that goes leaves a hole, which
//! the file system has again. Whether a pack may go is not decided here. `SCHEMA.md` has the
//! layout.

use std::collections::HashSet;
use std::fs::{File, Metadata, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use mail::Timestamp;
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;
use seal::LetterId;

use crate::appended::{Appended, UNLOCKED, Words, failed, folder_of, fresh_number, name_of};
use crate::error::StoreError;
use crate::letter::PACKED_BYTES;

type Result<T> = std::result::Result<T, StoreError>;

/// From this size on no letter is added to a pack; the next one begins another.
pub(crate) const PACK_BYTES: u64 = 64 * 1024 * 1024;
/// Entries begin at multiples of this: blocks of a file system, which a hole gives back whole.
const STEP: u64 = 4_096;
/// The ending of a pack's name.
const ENDING: &str = "pack";
/// How an entry begins.
const MARK: [u8; 8] = *b"SGPACK01";
/// The mark, the id, the time and the length.
const HEAD: usize = 8 + 16 + 8 + 8;

/// A pack that was swept clean is looked at again when the disk holds less of it.
const LITTLE_BYTES: u64 = 64 * 1024;
/// A file that had no pack's name for so long was left by a crash.
const UNNAMED_FOR: Duration = Duration::from_secs(3_600);

const WORDS: Words = Words {
    make: "make a pack of sealed letters",
    write: "write a sealed letter",
    sync: "sync sealed letters",
};

/// Where in the packs a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Berth {
    /// The pack's number, which its name says.
    pack: u64,
    /// Where its entry begins.
    begin: u64,
    /// How long it is, sealed.
    length: u64,
}

impl Berth {
    /// As a record keeps it: three numbers of eight bytes, the highest byte first.
    pub fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        for (place, number) in [self.pack, self.begin, self.length].into_iter().enumerate() {
            bytes[8 * place..8 * place + 8].copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// The berth that a record names; `None` if these are no such bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 24] = bytes.try_into().ok()?;
        Some(Self {
            pack: number(bytes, 0)?,
            begin: number(bytes, 8)?,
            length: number(bytes, 16)?,
        })
    }

    /// The pack's number.
    pub fn pack(self) -> u64 {
        self.pack
    }

    /// Whether it begins where the other does, however long either is.
    pub fn begins_like(self, other: Self) -> bool {
        (self.pack, self.begin) == (other.pack, other.begin)
    }

    /// Where its sealed bytes begin.
    fn sealed(self) -> u64 {
        self.begin.saturating_add(HEAD as u64)
    }

    /// How many bytes are nobody else's.
    fn room(self) -> u64 {
        (HEAD as u64 + self.length).next_multiple_of(STEP)
    }
}

/// A letter that was written into a pack and may not be on the disk yet.
pub struct Packed {
    /// Where it stands.
    pub berth: Berth,
    pack: Arc<Appended>,
    end: u64,
}

impl Packed {
    /// Waits until it is on the disk.
    pub async fn settle(&self) -> Result<()> {
        self.pack.sync(self.end).await
    }
}

/// A letter that a pack holds, and when it was written.
pub type Entry = (LetterId, Berth, Timestamp);

/// The pack that is added to, and its number.
type Open = Option<(u64, Arc<Appended>)>;

/// The packs in one folder.
pub(crate) struct Packs {
    folder: PathBuf,
    /// The one that this process adds to; none before the first letter.
    open: Mutex<Open>,
    /// Packs that nothing is added to and in which every letter has its record: they are looked at
    /// again when they are empty.
    clean: Mutex<HashSet<u64>>,
}

impl Packs {
    pub(crate) fn open(folder: PathBuf) -> Self {
        Self {
            folder,
            open: Mutex::default(),
            clean: Mutex::default(),
        }
    }

    /// Writes a letter behind the others.
    pub(crate) fn add(&self, letter: LetterId, sealed: &[u8], now: Timestamp) -> Result<Packed> {
        let (number, pack) = self.with_room()?;
        let length = sealed.len() as u64;
        let (begin, end) = pack.write(&[&head(letter, now, length), sealed], STEP)?;
        let berth = Berth {
            pack: number,
            begin,
            length,
        };
        Ok(Packed { berth, pack, end })
    }

    fn with_room(&self) -> Result<(u64, Arc<Appended>)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, pack)) = &*open
            && pack.written() < PACK_BYTES
            && !pack.is_broken()
            && is_in_place(pack)
        {
            return Ok((*number, pack.clone()));
        }
        crate::files::make_folder(&self.folder)
            // Made before a crash, its own name may not be on the disk.
            .and_then(|()| File::open(folder_of(&self.folder))?.sync_all())
            .map_err(failed(WORDS.make))?;
        let number = fresh_number();
        let pack = Arc::new(Appended::create(self.path(number), &WORDS)?);
        *open = Some((number, pack.clone()));
        Ok((number, pack))
    }

    fn path(&self, pack: u64) -> PathBuf {
        self.folder.join(format!("{pack:016x}.{ENDING}"))
    }

    /// A letter's sealed bytes, whole or in part; `None` if it is gone.
    pub(crate) fn read(
        &self,
        letter: LetterId,
        berth: Berth,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>> {
        let reading = failed("read a sealed letter");
        let Some(file) = present(File::open(self.path(berth.pack))).map_err(&reading)? else {
            return Ok(None);
        };
        if !stands(&file, letter, berth).map_err(&reading)? {
            return Ok(None);
        }
        let range = range.unwrap_or(0..berth.length);
        let (start, end) = (range.start.min(berth.length), range.end.min(berth.length));
        let mut bytes = vec![0; usize::try_from(end.saturating_sub(start)).unwrap_or(0)];
        file.read_exact_at(&mut bytes, berth.sealed() + start)
            .map_err(&reading)?;
        // It may have gone while it was read, and then this is in part a hole.
        let is_there = stands(&file, letter, berth).map_err(&reading)?;
        Ok(is_there.then(|| bytes.into()))
    }

    /// Takes a letter out; it need not be there.
    pub(crate) fn remove(&self, letter: LetterId, berth: Berth) -> Result<()> {
        let removing = failed("delete a sealed letter");
        let path = self.path(berth.pack);
        let file = OpenOptions::new().read(true).write(true).open(path);
        let Some(file) = present(file).map_err(&removing)? else {
            return Ok(());
        };
        if !stands(&file, letter, berth).map_err(&removing)? {
            return Ok(());
        }
        let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        match fallocate(&file, hole, berth.begin, berth.room()) {
            Ok(()) => Ok(()),
            // A file system without holes: the room comes back with the pack.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => blank(&file, berth).map_err(&removing),
            Err(error) => Err(removing(error.into())),
        }
    }

    /// The packs that may hold what no record names, or nothing any more. A file that was never
    /// named is deleted here.
    pub(crate) fn list(&self) -> Result<Vec<u64>> {
        let listing = failed("list the packs of sealed letters");
        let Some(folder) = present(std::fs::read_dir(&self.folder)).map_err(&listing)? else {
            return Ok(Vec::new());
        };
        let mut packs = Vec::new();
        for file in folder {
            let path = file.map_err(&listing)?.path();
            match number_of(&path) {
                Some(number) => packs.push((number, path)),
                None => sweep_unnamed(&path),
            }
        }
        let mut clean = self.clean.lock().unwrap_or_else(PoisonError::into_inner);
        clean.retain(|number| packs.iter().any(|pack| pack.0 == *number));
        packs.retain(|(number, path)| {
            let has_little =
                || std::fs::metadata(path).is_ok_and(|found| found.blocks() * 512 < LITTLE_BYTES);
            !clean.contains(number) || has_little()
        });
        Ok(packs.into_iter().map(|pack| pack.0).collect())
    }

    /// The letters of one pack.
    pub(crate) fn entries(&self, pack: u64) -> Result<Vec<Entry>> {
        let listing = failed("list a pack of sealed letters");
        let file = present(File::open(self.path(pack))).map_err(&listing)?;
        let entries = file.map(|file| entries(&file, pack)).transpose();
        Ok(entries.map_err(&listing)?.unwrap_or_default())
    }

    /// Deletes a pack without letters; it may be gone. Nothing is done while somebody adds to it.
    pub(crate) fn delete(&self, pack: u64) -> Result<()> {
        let deleting = failed("delete a pack of sealed letters");
        let path = self.path(pack);
        let Some(file) = present(File::open(&path)).map_err(&deleting)? else {
            return Ok(());
        };
        // Locked first: a pack that had no letter a moment ago may have one by now.
        if file.try_lock().is_ok() && entries(&file, pack).map_err(&deleting)?.is_empty() {
            present(std::fs::remove_file(&path)).map_err(&deleting)?;
        }
        Ok(())
    }

    /// Remembers that every letter of a pack has its record, if nothing is added to it any more.
    pub(crate) fn remember_clean(&self, pack: u64) {
        let is_left = File::open(self.path(pack)).is_ok_and(|file| file.try_lock().is_ok());
        if is_left {
            let mut clean = self.clean.lock().unwrap_or_else(PoisonError::into_inner);
            clean.insert(pack);
        }
    }
}

/// Takes a letter out where a file can have no hole.
fn blank(file: &File, berth: Berth) -> std::io::Result<()> {
    file.write_all_at(&[0; HEAD], berth.begin)
}

/// Deletes a file that a crash left before it had a pack's name: one that is made now is young.
fn sweep_unnamed(path: &Path) {
    let is_ours = name_of(path).ends_with(&format!(".{ENDING}{UNLOCKED}"));
    let is_old = std::fs::metadata(path)
        .and_then(|found| found.modified())
        .is_ok_and(|made| made.elapsed().is_ok_and(|age| age > UNNAMED_FOR));
    if is_ours
        && is_old
        && let Err(error) = std::fs::remove_file(path)
    {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "a pack that was never named is left");
    }
}

/// Whether the file's name still names it: a folder may be moved away under us, and what is written
/// then would be nowhere to be found.
fn is_in_place(pack: &Appended) -> bool {
    let identity = |found: Metadata| (found.dev(), found.ino());
    let named = std::fs::metadata(&pack.path).map(identity);
    let open = pack.file.metadata().map(identity);
    matches!((named, open), (Ok(named), Ok(open)) if named == open)
}

fn head(letter: LetterId, now: Timestamp, length: u64) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MARK);
    head[8..24].copy_from_slice(letter.as_bytes());
    head[24..32].copy_from_slice(&now.unix().to_be_bytes());
    head[32..].copy_from_slice(&length.to_be_bytes());
    head
}

/// The letter, the time and the length that a head says.
fn said(head: &[u8; HEAD]) -> Option<(LetterId, Timestamp, u64)> {
    if head[..8] != MARK {
        return None;
    }
    let letter = LetterId::from_bytes(head[8..24].try_into().ok()?);
    let written = Timestamp::from_unix(number(head, 24)? as i64);
    Some((letter, written, number(head, 32)?))
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

fn number_of(path: &Path) -> Option<u64> {
    let (name, ending) = path.file_name()?.to_str()?.split_once('.')?;
    if ending != ENDING || name.len() != 16 {
        return None;
    }
    u64::from_str_radix(name, 16).ok()
}

/// Whether the letter is where the record says.
fn stands(file: &File, letter: LetterId, berth: Berth) -> std::io::Result<bool> {
    let found = head_at(file, berth.begin)?.as_ref().and_then(said);
    let is_it = |(found, _, length)| found == letter && length == berth.length;
    Ok(found.is_some_and(is_it))
}

/// What stands there; `None` behind the end.
fn head_at(file: &File, begin: u64) -> std::io::Result<Option<[u8; HEAD]>> {
    let mut head = [0; HEAD];
    match file.read_exact_at(&mut head, begin) {
        Ok(()) => Ok(Some(head)),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The letters of one pack. One whose writing was cut off is listed as long as it would have been:
/// no record names it, and it is taken out like any other.
fn entries(file: &File, pack: u64) -> std::io::Result<Vec<Entry>> {
    let end = file.metadata()?.len();
    let mut entries = Vec::new();
    let mut begin = 0;
    while begin < end {
        begin = match seek(file, SeekFrom::Data(begin)) {
            Ok(data) => data / STEP * STEP,
            // No more data behind it.
            Err(Errno::NXIO) => break,
            // A file system that knows no holes: they are read as zeros.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => begin,
            Err(error) => return Err(error.into()),
        };
        let said = head_at(file, begin)?.as_ref().and_then(said);
        let Some((letter, written, length)) = said.filter(|said| said.2 < PACKED_BYTES as u64)
        else {
            begin += STEP;
            continue;
        };
        let berth = Berth {
            pack,
            begin,
            length,
        };
        entries.push((letter, berth, written));
        begin += berth.room();
    }
    Ok(entries)
}

/// `None` for what is not there.
fn present<T>(opened: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
