//! The audit journal: events are appended to a file, and taken up into the table in batches.
//! A line in a file costs a hundredth of a commit, and one sync of the file serves all who wait.
//!
//! It never loses an event that was answered and never tells one twice: how far a journal was
//! taken up stands in the database, written in the same transaction as the rows.

mod pages;

use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mail::Timestamp;
use tokio::sync::{Mutex as AsyncMutex, Notify};

use self::pages::{Pages, read};
use super::audit::{Entry, append, body};
use super::rows::count;
use super::writer::Writer;
use crate::appended::{UNLOCKED, failed, folder_of, fresh_number, name_of};
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
/// What is added to the name of one whose end cannot be read.
const TORN: &str = ".torn";

/// The journal of one process for one database.
pub(super) struct Journal {
    /// The database file, whose name a journal's begins with.
    database: PathBuf,
    writer: Writer,
    desk: Mutex<Desk>,
    /// Held while the journal is taken up.
    turn: AsyncMutex<()>,
    bell: Arc<Notify>,
    /// Whether the database took nothing up when it was last asked to.
    stuck: AtomicBool,
}

/// The files of one process.
#[derive(Default)]
struct Desk {
    /// The one that is written to; none before the first event.
    open: Option<Arc<Pages>>,
    /// Those that are not written to any more, and not taken up whole; oldest first.
    full: VecDeque<Arc<Pages>>,
}

impl Journal {
    /// Takes up what processes that are gone have left, and begins to take up its own.
    pub(super) async fn open(database: &Path, writer: Writer) -> Result<Arc<Self>> {
        let journal = Arc::new(Self {
            database: database.to_owned(),
            writer,
            desk: Mutex::default(),
            turn: AsyncMutex::new(()),
            bell: Arc::new(Notify::new()),
            stuck: AtomicBool::new(false),
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
            Durability::Before => pages.log.sync(end).await,
            Durability::Within => Ok(()),
        }
    }

    /// Brings all that was appended before into the table, on the disk.
    pub(super) async fn take_up(&self) -> Result<()> {
        self.take_up_and_end(JOURNAL_BYTES).await
    }

    /// The same, and leaves no file behind if nothing more is appended.
    pub(super) async fn close(&self) -> Result<()> {
        self.take_up_and_end(1).await
    }

    async fn take_up_and_end(&self, from_size: u64) -> Result<()> {
        let _turn = self.turn.lock().await;
        let (full, open) = {
            let mut desk = self.desk();
            if desk
                .open
                .as_ref()
                .is_some_and(|pages| pages.log.written() >= from_size)
            {
                desk.end();
            }
            (desk.full.clone(), desk.open.clone())
        };
        for pages in full {
            self.drain(&pages).await?;
            self.desk().full.retain(|other| !Arc::ptr_eq(other, &pages));
            if let Err(error) = self.remove(&pages.log.path).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "an audit journal is removed at the next start");
            }
        }
        match open {
            Some(pages) => self.drain(&pages).await,
            None => Ok(()),
        }
    }

    /// Takes up what stands in the file now; what comes meanwhile waits for the next turn.
    async fn drain(&self, pages: &Pages) -> Result<()> {
        let (goal, name) = (pages.log.written(), name_of(&pages.log.path));
        let mut taken = pages.taken.load(Ordering::Relaxed);
        while taken < goal {
            let lines = read(&pages.log.file, taken, goal.min(taken + BYTES_PER_COMMIT))?;
            taken += self.take(&name, taken, lines).await?;
            pages.taken.store(taken, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether events wait that the database does not take up.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, lines: &[u8]) -> Result<(Arc<Pages>, u64)> {
        let mut desk = self.desk();
        if desk
            .open
            .as_ref()
            .is_some_and(|pages| pages.log.is_broken())
        {
            desk.end();
        }
        let waiting: u64 = desk.full.iter().map(|pages| pages.log.written()).sum();
        let pages = match &desk.open {
            Some(pages) => pages.clone(),
            None => desk.open.insert(Arc::new(self.begin()?)).clone(),
        };
        if waiting + pages.log.written() + lines.len() as u64 > JOURNAL_BYTES_MAX {
            return Err(StoreError::Limit {
                what: "the audit journal, which the database does not take up,",
                limit: JOURNAL_BYTES_MAX,
            });
        }
        let end = pages.write(lines)?;
        Ok((pages, end))
    }

    fn begin(&self) -> Result<Pages> {
        let name = format!("{}{:016x}", self.prefix(), fresh_number());
        Pages::create(self.database.with_file_name(name))
    }

    /// The file goes first, for good: a row without its file means nothing, a file without its row
    /// would be taken up again.
    async fn remove(&self, path: &Path) -> Result<()> {
        let (name, file) = (name_of(path), path.to_owned());
        let removed = tokio::task::spawn_blocking(move || {
            std::fs::remove_file(&file)?;
            File::open(folder_of(&file))?.sync_all()
        });
        let removed = removed.await.map_err(|_| StoreError::Stopped)?;
        removed.map_err(failed("remove an audit journal"))?;
        self.forget(name).await
    }

    async fn forget(&self, name: String) -> Result<()> {
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
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(reading(error)),
        }
        let facts = file.metadata().map_err(reading)?;
        if facts.nlink() == 0 {
            // Its process removed it between our opening and our locking.
            return Ok(());
        }
        let name = name_of(path);
        let mut taken = self.taken(name.clone()).await?;
        while taken < facts.len() {
            let lines = read(&file, taken, facts.len().min(taken + BYTES_PER_COMMIT))?;
            match self.take(&name, taken, lines).await {
                Ok(more) => taken += more,
                Err(StoreError::Changed { .. }) => return self.set_aside(path, taken).await,
                Err(error) => return Err(error),
            }
        }
        self.remove(path).await
    }

    /// Keeps what cannot be read. It was never synced, unless the disk or somebody spoiled it.
    async fn set_aside(&self, path: &Path, readable: u64) -> Result<()> {
        let name = name_of(path);
        let aside = path.with_file_name(name.clone() + TORN);
        std::fs::rename(path, &aside).map_err(failed("set a torn audit journal aside"))?;
        let aside = aside.display();
        tracing::error!(%aside, readable, "the end of an audit journal cannot be read; it is kept");
        self.forget(name).await
    }

    /// How many bytes of a journal stand in the table.
    async fn taken(&self, name: String) -> Result<u64> {
        self.writer
            .write(move |connection| {
                let name = name.clone();
                Box::pin(async move { taken(connection, &name).await })
            })
            .await
    }

    /// The journals beside the database, ours and those of others.
    fn left_behind(&self) -> Result<Vec<PathBuf>> {
        let looking = failed("look for audit journals");
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder_of(&self.database)).map_err(&looking)? {
            let path = entry.map_err(&looking)?.path();
            let name = name_of(&path);
            let finished = !name.ends_with(UNLOCKED) && !name.ends_with(TORN);
            if name.starts_with(&self.prefix()) && finished {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn prefix(&self) -> String {
        name_of(&self.database) + INFIX
    }

    /// Brings what was written to the disk, when the database is slow to take it up.
    async fn sync(&self) -> Result<()> {
        let open = self.desk().open.clone();
        match open {
            Some(pages) => pages.log.sync(pages.log.written()).await,
            None => Ok(()),
        }
    }
}

impl Desk {
    /// Writes no more to the open file; the next event begins a new one.
    fn end(&mut self) {
        self.full.extend(self.open.take());
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
        let mut taking = std::pin::pin!(journal.take_up());
        let mut taken = tokio::time::timeout(TAKEN_UP_AFTER, &mut taking).await;
        if !matches!(taken, Ok(Ok(()))) {
            // The database is slow or does not work: the events are safe in the file meanwhile.
            if let Err(error) = journal.sync().await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the audit journal is not on the disk");
            }
        }
        if taken.is_err() {
            taken = Ok(taking.await);
        }
        journal
            .stuck
            .store(!matches!(taken, Ok(Ok(()))), Ordering::Relaxed);
        if let Ok(Err(error)) = taken {
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
    let taken = taken(connection, name).await?;
    let new = entries.iter().filter(|(end, _)| *end > taken);
    append(connection, new.map(|(_, entry)| entry)).await?;
    sqlx::query(
        "insert into journals (name, taken) values ($1, $2) \
         on conflict (name) do update set taken = max(taken, excluded.taken)",
    )
    .bind(name)
    .bind(i64::try_from(end).unwrap_or(i64::MAX))
    .execute(connection)
    .await
    .map_err(database("mark an audit journal"))?;
    Ok(())
}

/// How many bytes of a journal stand in the table.
async fn taken(connection: &mut sqlx::SqliteConnection, name: &str) -> Result<u64> {
    let row = sqlx::query("select taken from journals where name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await
        .map_err(database("read how far an audit journal was taken up"))?;
    row.map_or(Ok(0), |row| count(&row, "taken"))
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
