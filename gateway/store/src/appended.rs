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
    /// How far it is on the disk; held while it is brought there, by who does it: whoever waits may
    /// give up, and the system tells of a failed sync only once.
    synced: Arc<AsyncMutex<u64>>,
    /// A sync failed, so nothing behind `synced` is ever safe here; or what a failed write left
    /// could not be taken away.
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
        let named = file.lock().and_then(|()| std::fs::rename(&unlocked, &path));
        if let Err(error) = named {
            let _ = std::fs::remove_file(&unlocked);
            return Err(making(error));
        }
        Ok(Self {
            path,
            file,
            words,
            written: Mutex::new(0),
            synced: Arc::default(),
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
                // What a full disk left of them must not be told.
                if self.file.set_len(*written).is_err() {
                    self.broken.store(true, Ordering::Relaxed);
                }
                return Err(failed(self.words.write)(error));
            }
            end += piece.len() as u64;
        }
        *written = end;
        Ok((begin, end))
    }

    /// Waits until all up to `end` is on the disk; whoever comes first syncs for all.
    pub(crate) async fn sync(self: &Arc<Self>, end: u64) -> Result<()> {
        let mut synced = self.synced.clone().lock_owned().await;
        if *synced >= end {
            return Ok(());
        }
        let syncing = failed(self.words.sync);
        if self.is_broken() {
            return Err(syncing(std::io::Error::other("an earlier sync failed")));
        }
        let file = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let reached = file.sync_now(*synced == 0);
            let reached = reached.inspect_err(|_| file.broken.store(true, Ordering::Relaxed))?;
            *synced = reached;
            Ok(())
        });
        done.await
            .map_err(|_| StoreError::Stopped)?
            .map_err(syncing)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    const WORDS: Words = Words {
        make: "make a file",
        write: "write to it",
        sync: "sync it",
    };

    /// The system tells of a failed sync once: whoever was to hear it may have given up, and the
    /// next sync must not pass for a good one.
    #[tokio::test]
    async fn a_sync_that_fails_is_known_also_when_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = Appended::create(folder.path().join("a"), &WORDS).unwrap();
        // A device that takes writes and knows no sync.
        file.file = OpenOptions::new().write(true).open("/dev/null").unwrap();
        let file = Arc::new(file);
        let (_, end) = file.write(&[b"x"], 1).unwrap();
        {
            let mut sync = std::pin::pin!(file.sync(end));
            let mut context = Context::from_waker(Waker::noop());
            assert!(matches!(sync.as_mut().poll(&mut context), Poll::Pending));
        }
        for _ in 0..500 {
            if file.is_broken() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(file.is_broken());
        assert!(file.sync(end).await.is_err());
    }

    #[tokio::test]
    async fn one_sync_serves_all_who_wait_and_a_good_one_is_none_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let file = Arc::new(Appended::create(folder.path().join("a"), &WORDS).unwrap());
        let mut ends = Vec::new();
        for n in 0..20_u8 {
            let (begin, end) = file.write(&[&[n], b"rest"], 8).unwrap();
            assert_eq!((begin, end), (u64::from(n) * 8, u64::from(n) * 8 + 5));
            ends.push(end);
        }
        file.sync(ends[19]).await.unwrap();
        assert_eq!(*file.synced.lock().await, ends[19]);
        for end in ends {
            file.sync(end).await.unwrap();
        }
        assert!(!file.is_broken());
    }
}
