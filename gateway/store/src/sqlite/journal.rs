//! The audit journal: events are appended to a file, and taken up into the table in batches.
//! A line in a file costs a hundredth of a commit, and one sync of the file serves all who wait.
//!
//! It never loses an event that was answered and never tells one twice: how far a journal was
//! taken up stands in the database, written in the same transaction as the rows.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mail::Timestamp;
use sqlx::Row;
use tokio::sync::{Mutex as AsyncMutex, Notify};

use super::audit::{Entry, append, body};
use super::writer::Writer;
use crate::audit::{AuditEvent, Durability};
use crate::error::{StoreError, database};

type Result<T> = std::result::Result<T, StoreError>;

/// How long events may stay in the journal before they are taken up.
const TAKEN_UP_AFTER: Duration = Duration::from_millis(400);
/// How many bytes of a journal are taken up in one commit, so that others have their turn.
const BYTES_PER_COMMIT: u64 = 256 * 1024;
/// From this size on a journal that was taken up is replaced by a new one.
const JOURNAL_BYTES: u64 = 4 * 1024 * 1024;
/// The most that may wait when the database takes nothing up; then events are refused.
pub(crate) const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What stands between a database's name and a journal's own.
const INFIX: &str = "-audit-";
/// What a journal is called until it is locked.
const UNLOCKED: &str = ".new";

/// The journal of one process for one database.
pub(super) struct Journal {
    /// The database file, whose name a journal's begins with.
    database: PathBuf,
    writer: Writer,
    /// The file that is written to; none before the first event.
    current: Mutex<Option<Arc<Pages>>>,
    /// How far the current file was taken up; held while it is.
    taken: AsyncMutex<u64>,
    bell: Arc<Notify>,
}

/// One journal file, locked as long as its process lives.
struct Pages {
    path: PathBuf,
    file: File,
    written: Mutex<u64>,
    /// How far it is on the disk; held while it is brought there.
    synced: AsyncMutex<u64>,
}

impl Journal {
    /// Takes up what processes that are gone have left, and begins to take up its own.
    pub(super) async fn open(database: &Path, writer: Writer) -> Result<Arc<Self>> {
        let journal = Arc::new(Self {
            database: database.to_owned(),
            writer,
            current: Mutex::new(None),
            taken: AsyncMutex::new(0),
            bell: Arc::new(Notify::new()),
        });
        for path in journal.left_behind()? {
            journal.recover(&path).await?;
        }
        tokio::spawn(attend(Arc::downgrade(&journal), journal.bell.clone()));
        Ok(journal)
    }

    /// Appends events, all or none. [`Durability`] says what "returns" means.
    pub(super) async fn append(
        &self,
        events: &[AuditEvent],
        durability: Durability,
        now: Timestamp,
    ) -> Result<()> {
        let mut lines = String::new();
        for event in events {
            // JSON has no line breaks of its own.
            lines.push_str(&format!("{} {}\n", now.unix(), body(event)?));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let (pages, end) = self.write(lines.as_bytes())?;
        self.bell.notify_one();
        match durability {
            Durability::Before => pages.sync(end).await,
            Durability::Within => Ok(()),
        }
    }

    /// Brings all that was appended before into the table, on the disk.
    pub(super) async fn take_up(&self) -> Result<()> {
        self.take_up_and_replace(JOURNAL_BYTES).await
    }

    /// The same, and leaves no file behind if nothing more is appended.
    pub(super) async fn close(&self) -> Result<()> {
        self.take_up_and_replace(0).await
    }

    async fn take_up_and_replace(&self, from_size: u64) -> Result<()> {
        let mut taken = self.taken.lock().await;
        let current = self.current().clone();
        let Some(pages) = current else {
            return Ok(());
        };
        let name = pages.name();
        loop {
            let end = (*taken + BYTES_PER_COMMIT).min(pages.written());
            let lines = read(&pages.file, *taken, end)?;
            if lines.is_empty() {
                break;
            }
            *taken += self.take(&name, *taken, lines).await?;
        }
        if *taken >= from_size {
            self.replace(&mut taken).await?;
        }
        Ok(())
    }

    /// The file that is written to, if any.
    fn current(&self) -> MutexGuard<'_, Option<Arc<Pages>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, lines: &[u8]) -> Result<(Arc<Pages>, u64)> {
        let mut current = self.current();
        let pages = match &*current {
            Some(pages) => pages.clone(),
            None => current.insert(Arc::new(self.begin()?)).clone(),
        };
        let end = pages.write(lines)?;
        Ok((pages, end))
    }

    /// Makes a journal. It gets its name only once it is locked, so that nobody takes it for one
    /// that was left behind.
    fn begin(&self) -> Result<Pages> {
        let making = failed("make an audit journal");
        let mut random = [0; 8];
        seal::Entropy::fill(&mut crate::clock::SystemEntropy, &mut random);
        let name = format!("{}{:016x}", self.prefix(), u64::from_be_bytes(random));
        let path = self.database.with_file_name(&name);
        let unlocked = self.database.with_file_name(name + UNLOCKED);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unlocked);
        let file = file.map_err(&making)?;
        file.lock().map_err(&making)?;
        std::fs::rename(&unlocked, &path).map_err(&making)?;
        Ok(Pages {
            path,
            file,
            written: Mutex::new(0),
            synced: AsyncMutex::new(0),
        })
    }

    /// Gives up the journal if it was taken up whole; the next event begins a new one.
    async fn replace(&self, taken: &mut u64) -> Result<()> {
        let full = {
            let mut current = self.current();
            match &*current {
                Some(pages) if pages.written() == *taken => current.take(),
                _ => None,
            }
        };
        if let Some(pages) = full {
            *taken = 0;
            self.remove(&pages.path).await?;
        }
        Ok(())
    }

    /// The file goes first: rows without a file mean nothing, a file without its row would be
    /// taken up again.
    async fn remove(&self, path: &Path) -> Result<()> {
        std::fs::remove_file(path).map_err(failed("remove an audit journal"))?;
        let name = name_of(path);
        self.writer
            .write(move |connection| {
                let name = name.clone();
                Box::pin(async move {
                    let deleted = sqlx::query("delete from journals where name = $1")
                        .bind(name)
                        .execute(connection)
                        .await;
                    deleted.map_err(database("forget an audit journal"))?;
                    Ok(())
                })
            })
            .await
    }

    /// Appends these lines of a journal to the table, save those it has. Says how many bytes the
    /// whole lines are.
    async fn take(&self, name: &str, from: u64, lines: Vec<u8>) -> Result<u64> {
        let (entries, length) = entries(from, &lines);
        if length == 0 {
            // A line longer than a commit takes cannot have been written by us.
            return Err(StoreError::Changed {
                what: "an audit journal",
            });
        }
        let (name, entries) = (name.to_owned(), Arc::new(entries));
        self.writer
            .write(move |connection| {
                let (name, entries) = (name.clone(), entries.clone());
                Box::pin(async move { take(connection, &name, &entries, from + length).await })
            })
            .await?;
        Ok(length)
    }

    /// Takes up a journal whose process is gone.
    async fn recover(&self, path: &Path) -> Result<()> {
        let reading = failed("read an audit journal that was left behind");
        let file = match File::open(path) {
            Ok(file) => file,
            // Somebody else was quicker.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(reading(error)),
        };
        if file.try_lock().is_err() {
            return Ok(());
        }
        let length = file.metadata().map_err(reading)?.len();
        let mut taken = 0;
        while taken < length {
            let lines = read(&file, taken, length.min(taken + BYTES_PER_COMMIT))?;
            match self.take(&name_of(path), taken, lines).await {
                Ok(more) => taken += more,
                Err(StoreError::Changed { .. }) => {
                    // Only what was never synced can be torn: nobody was told that it is safe.
                    let torn = length - taken;
                    tracing::error!(torn, "the end of an audit journal cannot be read");
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        self.remove(path).await
    }

    /// The journals beside the database, ours and those of others.
    fn left_behind(&self) -> Result<Vec<PathBuf>> {
        let looking = failed("look for audit journals");
        let folder = match self.database.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(&looking)? {
            let path = entry.map_err(&looking)?.path();
            let name = name_of(&path);
            if name.starts_with(&self.prefix()) && !name.ends_with(UNLOCKED) {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn prefix(&self) -> String {
        name_of(&self.database) + INFIX
    }
}

impl Pages {
    fn name(&self) -> String {
        name_of(&self.path)
    }

    fn written(&self) -> u64 {
        *self.lock_written()
    }

    fn lock_written(&self) -> MutexGuard<'_, u64> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes whole lines, and says where they end.
    fn write(&self, lines: &[u8]) -> Result<u64> {
        let mut written = self.lock_written();
        let end = *written + lines.len() as u64;
        if end > JOURNAL_BYTES_MAX {
            return Err(StoreError::Limit {
                what: "the audit journal, which the database does not take up,",
                limit: JOURNAL_BYTES_MAX,
            });
        }
        // The place is said: half a line that a full disk left is written over by the next one.
        self.file
            .write_all_at(lines, *written)
            .map_err(failed("write to the audit journal"))?;
        *written = end;
        Ok(end)
    }

    /// Waits until all up to `end` is on the disk; whoever comes first syncs for all.
    async fn sync(self: &Arc<Self>, end: u64) -> Result<()> {
        let mut synced = self.synced.lock().await;
        if *synced >= end {
            return Ok(());
        }
        let (pages, first) = (self.clone(), *synced == 0);
        let reached = tokio::task::spawn_blocking(move || pages.sync_now(first)).await;
        *synced = reached.map_err(|_| StoreError::Stopped)??;
        Ok(())
    }

    /// The first time the name is brought to the disk as well.
    fn sync_now(&self, first: bool) -> Result<u64> {
        let syncing = failed("sync the audit journal");
        let written = self.written();
        self.file.sync_data().map_err(&syncing)?;
        if let (true, Some(folder)) = (first, self.path.parent()) {
            let folder = if folder == Path::new("") {
                Path::new(".")
            } else {
                folder
            };
            let folder = File::open(folder).map_err(&syncing)?;
            folder.sync_all().map_err(&syncing)?;
        }
        Ok(written)
    }
}

/// Takes events up a little after they came, as long as the journal is there.
async fn attend(journal: Weak<Journal>, bell: Arc<Notify>) {
    loop {
        bell.notified().await;
        tokio::time::sleep(TAKEN_UP_AFTER).await;
        let Some(journal) = journal.upgrade() else {
            return;
        };
        if let Err(error) = journal.take_up().await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the audit journal is not taken up");
            journal.bell.notify_one();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // So that who attends sees that it is gone.
        self.bell.notify_one();
    }
}

/// Inside a transaction: rows for all entries behind what was taken before, and how far it is now.
async fn take(
    connection: &mut sqlx::SqliteConnection,
    name: &str,
    entries: &[(u64, Entry)],
    end: u64,
) -> Result<()> {
    let marking = "mark an audit journal";
    let row = sqlx::query("select taken from journals where name = $1")
        .bind(name)
        .fetch_optional(&mut *connection)
        .await
        .map_err(database(marking))?;
    let taken: i64 = match row {
        Some(row) => row.try_get("taken").map_err(database(marking))?,
        None => 0,
    };
    let new = entries
        .iter()
        .filter(|(end, _)| i64::try_from(*end).is_ok_and(|end| end > taken));
    append(connection, new.map(|(_, entry)| entry)).await?;
    sqlx::query(
        "insert into journals (name, taken) values ($1, $2) \
         on conflict (name) do update set taken = max(taken, excluded.taken)",
    )
    .bind(name)
    .bind(i64::try_from(end).unwrap_or(i64::MAX))
    .execute(connection)
    .await
    .map_err(database(marking))?;
    Ok(())
}

/// The whole lines in `lines`, each with the place where it ends, and how long they are together.
/// What cannot be read ends it.
fn entries(from: u64, lines: &[u8]) -> (Vec<(u64, Entry)>, u64) {
    let mut entries = Vec::new();
    let mut length = 0;
    for line in lines.split_inclusive(|octet| *octet == b'\n') {
        let Some(entry) = entry(line) else {
            break;
        };
        length += line.len() as u64;
        entries.push((from + length, entry));
    }
    (entries, length)
}

/// `1790000000 {"kind":"passed",…}` and a line break.
fn entry(line: &[u8]) -> Option<Entry> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (at, body) = line.split_once(' ')?;
    Entry::read(Timestamp::from_unix(at.parse().ok()?), body)
}

fn read(file: &File, from: u64, to: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
    file.read_exact_at(&mut bytes, from)
        .map_err(failed("read the audit journal"))?;
    Ok(bytes)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn failed(doing: &'static str) -> impl Fn(std::io::Error) -> StoreError {
    move |source| StoreError::File { doing, source }
}
