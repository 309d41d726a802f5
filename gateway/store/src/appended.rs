//! A file that its process writes at the end only, and one sync of it for all who wait.
//! It knows nothing of what is written.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::error::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

/// What a file is called until it is locked.
pub(crate) const UNLOCKED: &str = ".new";

/// What an error says was being done.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) make: &'static str,
    pub(crate) write: &'static str,
    pub(crate) sync: &'static str,
}

/// One file, locked as long as its process lives.
pub(crate) struct Appended {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    words: &'static Words,
    written: Mutex<u64>,
    /// How far it is on the disk; held while it is brought there.
    synced: AsyncMutex<u64>,
    /// A sync failed: the system tells that once, so nothing behind `synced` is ever safe here.
    broken: AtomicBool,
}

impl Appended {
    /// Makes a file. It gets its name only once it is locked, so that nobody takes it for one that
    /// was left behind.
    pub(crate) fn create(path: PathBuf, words: &'static Words) -> Result<Self> {
        let making = failed(words.make);
        let unlocked = path.with_file_name(name_of(&path) + UNLOCKED);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unlocked);
        let file = file.map_err(&making)?;
        file.lock().map_err(&making)?;
        std::fs::rename(&unlocked, &path).map_err(&making)?;
        Ok(Self {
            path,
            file,
            words,
            written: Mutex::new(0),
            synced: AsyncMutex::new(0),
            broken: AtomicBool::new(false),
        })
    }

    pub(crate) fn written(&self) -> u64 {
        *self.lock_written()
    }

    fn lock_written(&self) -> MutexGuard<'_, u64> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Writes these pieces one behind the other, from the next multiple of `step` on, and says
    /// where they begin and end.
    pub(crate) fn write(&self, pieces: &[&[u8]], step: u64) -> Result<(u64, u64)> {
        let mut written = self.lock_written();
        let begin = written.next_multiple_of(step);
        let mut end = begin;
        for piece in pieces {
            if let Err(error) = self.file.write_all_at(piece, end) {
                // What a full disk left of them must not be told. Where even this fails, the next
                // ones are written over it: the place is said.
                let _ = self.file.set_len(*written);
                return Err(failed(self.words.write)(error));
            }
            end += piece.len() as u64;
        }
        *written = end;
        Ok((begin, end))
    }

    /// Waits until all up to `end` is on the disk; whoever comes first syncs for all.
    pub(crate) async fn sync(self: &Arc<Self>, end: u64) -> Result<()> {
        let mut synced = self.synced.lock().await;
        if *synced >= end {
            return Ok(());
        }
        let syncing = failed(self.words.sync);
        if self.is_broken() {
            return Err(syncing(std::io::Error::other("an earlier sync failed")));
        }
        let (file, first) = (self.clone(), *synced == 0);
        let reached = tokio::task::spawn_blocking(move || file.sync_now(first)).await;
        match reached.map_err(|_| StoreError::Stopped)? {
            Ok(reached) => {
                *synced = reached;
                Ok(())
            }
            Err(error) => {
                self.broken.store(true, Ordering::Relaxed);
                Err(syncing(error))
            }
        }
    }

    /// The first time the name is brought to the disk as well.
    fn sync_now(&self, first: bool) -> std::io::Result<u64> {
        let written = self.written();
        self.file.sync_data()?;
        if first {
            File::open(folder_of(&self.path))?.sync_all()?;
        }
        Ok(written)
    }
}

/// A name for a new file that no other has.
pub(crate) fn fresh_number() -> u64 {
    let mut random = [0; 8];
    seal::Entropy::fill(&mut crate::clock::SystemEntropy, &mut random);
    u64::from_be_bytes(random)
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

pub(crate) fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

pub(crate) fn failed(doing: &'static str) -> impl Fn(std::io::Error) -> StoreError {
    move |source| StoreError::File { doing, source }
}
