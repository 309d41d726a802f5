//! One file of the audit journal: whole lines, and how far they are on the disk.
//! It knows neither events nor the database.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::error::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

/// What a file is called until it is locked.
pub(super) const UNLOCKED: &str = ".new";

/// One journal file, locked as long as its process lives.
pub(super) struct Pages {
    pub(super) path: PathBuf,
    pub(super) file: File,
    written: Mutex<u64>,
    /// How far it was taken up; changed by who has the turn.
    pub(super) taken: AtomicU64,
    /// How far it is on the disk; held while it is brought there.
    synced: AsyncMutex<u64>,
    /// A sync failed: the system tells that once, so nothing behind `synced` is ever safe here.
    broken: AtomicBool,
}

impl Pages {
    /// Makes a file. It gets its name only once it is locked, so that nobody takes it for one that
    /// was left behind.
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        let making = failed("make an audit journal");
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
            written: Mutex::new(0),
            taken: AtomicU64::new(0),
            synced: AsyncMutex::new(0),
            broken: AtomicBool::new(false),
        })
    }

    pub(super) fn written(&self) -> u64 {
        *self.lock_written()
    }

    fn lock_written(&self) -> MutexGuard<'_, u64> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Writes whole lines, and says where they end.
    pub(super) fn write(&self, lines: &[u8]) -> Result<u64> {
        let mut written = self.lock_written();
        if let Err(error) = self.file.write_all_at(lines, *written) {
            // What a full disk left of them must not be told. Where even this fails, the next
            // lines are written over it: the place is said.
            let _ = self.file.set_len(*written);
            return Err(failed("write to the audit journal")(error));
        }
        *written += lines.len() as u64;
        Ok(*written)
    }

    /// Waits until all up to `end` is on the disk; whoever comes first syncs for all.
    pub(super) async fn sync(self: &Arc<Self>, end: u64) -> Result<()> {
        let mut synced = self.synced.lock().await;
        if *synced >= end {
            return Ok(());
        }
        let syncing = failed("sync the audit journal");
        if self.is_broken() {
            return Err(syncing(std::io::Error::other("an earlier sync failed")));
        }
        let (pages, first) = (self.clone(), *synced == 0);
        let reached = tokio::task::spawn_blocking(move || pages.sync_now(first)).await;
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

pub(super) fn read(file: &File, from: u64, to: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
    file.read_exact_at(&mut bytes, from)
        .map_err(failed("read the audit journal"))?;
    Ok(bytes)
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

pub(super) fn failed(doing: &'static str) -> impl Fn(std::io::Error) -> StoreError {
    move |source| StoreError::File { doing, source }
}
