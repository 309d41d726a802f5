//! One file of the audit journal: whole lines, and how far they were taken up.
//! It knows neither events nor the database.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::appended::{Appended, Words, failed};
use crate::error::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

const WORDS: Words = Words {
    make: "make an audit journal",
    write: "write to the audit journal",
    sync: "sync the audit journal",
};

/// One journal file, locked as long as its process lives.
pub(super) struct Pages {
    pub(super) log: Arc<Appended>,
    /// How far it was taken up; changed by who has the turn.
    pub(super) taken: AtomicU64,
}

impl Pages {
    /// Makes a file.
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        Ok(Self {
            log: Arc::new(Appended::create(path, &WORDS)?),
            taken: AtomicU64::new(0),
        })
    }

    /// Writes whole lines, and says where they end.
    pub(super) fn write(&self, lines: &[u8]) -> Result<u64> {
        let (_, end) = self.log.write(&[lines], 1)?;
        Ok(end)
    }
}

pub(super) fn read(file: &File, from: u64, to: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
    file.read_exact_at(&mut bytes, from)
        .map_err(failed("read the audit journal"))?;
    Ok(bytes)
}
