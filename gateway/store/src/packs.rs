//! Packs: files in which sealed letters stand one behind the other. A letter costs one write and a
//! share of one sync, where a file of its own costs a file, a name and the syncs of both.
//!
//! An entry begins at a multiple of [`STEP`]: a mark, the letter's id, when it was written, its
//! length, then the sealed bytes. Nothing is written over: a letter that goes leaves a hole, which
//! the file system has again, and a pack without letters is deleted. `SCHEMA.md` has the layout.

use std::fs::{File, Metadata, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use mail::Timestamp;
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;
use seal::LetterId;

use crate::appended::{Appended, Words, failed, fresh_number};
use crate::error::StoreError;

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
}

impl Packs {
    pub(crate) fn open(folder: PathBuf) -> Self {
        Self {
            folder,
            open: Mutex::default(),
        }
    }

    /// Writes a letter behind the others.
    pub(crate) fn add(&self, letter: LetterId, sealed: &[u8], now: Timestamp) -> Result<Packed> {
        let (number, pack) = self.with_room()?;
        let length = sealed.len() as u64;
        let written = pack.write(&[&head(letter, now, length), sealed], STEP);
        let (begin, end) = written.inspect_err(|error| self.leave_if_too_large(error))?;
        let berth = Berth {
            pack: number,
            begin,
            length,
        };
        Ok(Packed { berth, pack, end })
    }

    fn with_room(&self) -> Result<(u64, Arc<Appended>)> {
        let mut open = self.lock();
        if let Some((number, pack)) = &*open
            && pack.written() < PACK_BYTES
            && !pack.is_broken()
            && is_in_place(pack)
        {
            return Ok((*number, pack.clone()));
        }
        crate::files::make_folder(&self.folder).map_err(failed(WORDS.make))?;
        let number = fresh_number();
        let pack = Arc::new(Appended::create(self.path(number), &WORDS)?);
        *open = Some((number, pack.clone()));
        Ok((number, pack))
    }

    /// Where files may not grow as far as a pack would, the next letter begins another.
    fn leave_if_too_large(&self, error: &StoreError) {
        let too_large = std::io::ErrorKind::FileTooLarge;
        if matches!(error, StoreError::File { source, .. } if source.kind() == too_large) {
            *self.lock() = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
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
        Ok(Some(bytes.into()))
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
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => file
                .write_all_at(&[0; HEAD], berth.begin)
                .map_err(&removing),
            Err(error) => Err(removing(error.into())),
        }
    }

    /// All letters in packs. A pack that holds none, and that nobody adds to, is deleted.
    pub(crate) fn list(&self) -> Result<Vec<Entry>> {
        let listing = failed("list the packs of sealed letters");
        let Some(folder) = present(std::fs::read_dir(&self.folder)).map_err(&listing)? else {
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for file in folder {
            let path = file.map_err(&listing)?.path();
            let Some(number) = number_of(&path) else {
                continue;
            };
            let Some(file) = present(File::open(&path)).map_err(&listing)? else {
                continue;
            };
            // Locked first: a pack that had no letter a moment ago may have one by now.
            let is_left = file.try_lock().is_ok();
            let entries = entries(&file, number).map_err(&listing)?;
            if is_left && entries.is_empty() {
                std::fs::remove_file(&path).map_err(&listing)?;
            }
            all.extend(entries);
        }
        Ok(all)
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
        let Some((letter, written, length)) = said.filter(|said| said.2 <= PACK_BYTES) else {
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
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_unix(1_796_083_200)
    }

    fn letter(number: u8) -> LetterId {
        LetterId::from_bytes([number; 16])
    }

    #[tokio::test]
    async fn letters_stand_side_by_side_and_go_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let packs = Packs::open(folder.path().join("packs"));
        assert_eq!(packs.list().unwrap(), []);
        let texts: Vec<Vec<u8>> = (0..5)
            .map(|n| vec![n + 1; 4_096 * usize::from(n) + 1])
            .collect();
        let berths: Vec<Berth> = (0..5)
            .map(|n| {
                packs
                    .add(letter(n), &texts[usize::from(n)], now())
                    .unwrap()
                    .berth
            })
            .collect();
        for n in 0..5 {
            let (text, berth) = (&texts[usize::from(n)], berths[usize::from(n)]);
            let whole = packs.read(letter(n), berth, None).unwrap().unwrap();
            assert_eq!(&whole, text);
            let end = text.len() as u64;
            let part = packs
                .read(letter(n), berth, Some(end - 1..end + 9))
                .unwrap();
            assert_eq!(part.unwrap(), text[text.len() - 1..]);
            assert_eq!(Berth::from_bytes(&berth.to_bytes()), Some(berth));
            let other = packs.read(letter(n + 1), berth, None).unwrap();
            assert_eq!(other, None, "another letter is not there");
        }
        packs.remove(letter(2), berths[2]).unwrap();
        packs.remove(letter(2), berths[2]).unwrap();
        packs.remove(letter(0), berths[3]).unwrap();
        assert_eq!(packs.read(letter(2), berths[2], None).unwrap(), None);
        let left: Vec<LetterId> = packs.list().unwrap().iter().map(|entry| entry.0).collect();
        assert_eq!(left, [0, 1, 3, 4].map(letter));
        let whole = packs.read(letter(3), berths[3], None).unwrap().unwrap();
        assert_eq!(&whole, &texts[3], "its neighbour is whole");
    }

    /// Room comes back at once, and the file when its process adds no more to it.
    #[tokio::test]
    async fn an_empty_pack_goes_when_nobody_adds_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let packs = Packs::open(folder.path().to_owned());
        let packed = packs.add(letter(1), &vec![7; 1 << 20], now()).unwrap();
        packed.settle().await.unwrap();
        let path = packs.path(packed.berth.pack);
        let blocks = || std::fs::metadata(&path).unwrap().blocks();
        assert!(blocks() >= 2_048);
        packs.remove(letter(1), packed.berth).unwrap();
        assert!(blocks() < 64, "{} blocks of 512 bytes", blocks());
        let other = Packs::open(folder.path().to_owned());
        assert_eq!(other.list().unwrap(), []);
        assert!(path.exists(), "its process may add to it");
        drop((packs, packed));
        assert_eq!(other.list().unwrap(), []);
        assert!(!path.exists());
    }

    /// What a crash left of a write is listed, so that it is swept out; nothing is read from it.
    #[test]
    fn a_letter_that_was_cut_off_is_listed_and_can_go() {
        let folder = tempfile::tempdir().unwrap();
        let packs = Packs::open(folder.path().to_owned());
        let whole = packs.add(letter(1), &[7; 5_000], now()).unwrap().berth;
        let cut = packs.add(letter(2), &[8; 9_000], now()).unwrap().berth;
        let file = OpenOptions::new().write(true).open(packs.path(cut.pack));
        file.unwrap().set_len(cut.sealed() + 10).unwrap();
        let listed: Vec<_> = packs.list().unwrap().iter().map(|entry| entry.1).collect();
        assert_eq!(listed, [whole, cut]);
        assert!(packs.read(letter(2), cut, None).is_err());
        packs.remove(letter(2), cut).unwrap();
        assert_eq!(packs.list().unwrap(), [(letter(1), whole, now())]);
    }

    #[test]
    fn a_full_pack_is_followed_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let packs = Packs::open(folder.path().to_owned());
        let big = vec![1; PACK_BYTES as usize];
        let first = packs.add(letter(1), &big, now()).unwrap().berth;
        let second = packs.add(letter(2), b"x", now()).unwrap().berth;
        assert!(first.pack != second.pack && second.begin == 0);
        assert_eq!(packs.list().unwrap().len(), 2);
    }
}
