//! SQLite as records and keys: write-ahead log, full sync, one writer, several readers.
//! The same SQL text, with `$N`, serves PostgreSQL later.

mod approvers;
mod audit;
mod challenges;
mod crowd;
mod guesses;
mod holding;
mod journal;
mod keys;
mod letters;
mod lists;
mod passing;
mod rows;
mod sweep;
mod tellings;
mod visits;
mod writer;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlSafeStr, SqliteConnection, SqlitePool};

use crate::error::{StoreError, database};
use journal::Journal;
use writer::{Step, Writer};

pub use keys::SqliteKeys;

/// How many readers a database has.
const READERS: u32 = 4;
/// How long a statement waits for another process before it fails for now.
const BUSY_SECONDS: u64 = 5;
/// The size of a page in a database made from now on: a letter in its row takes few of them, and
/// each costs two writes and a checksum.
const PAGE_BYTES: u32 = 8_192;
/// Pages in the log before they are moved into the database; large, since it stops the writer.
const CHECKPOINT_PAGES: &str = "2000";

/// Records in SQLite.
pub struct SqliteRecords {
    database: Database,
    journal: Arc<Journal>,
    /// How many items the outbox holds; those of other processes count from the next sweep on.
    outbox_items: AtomicU64,
}

impl SqliteRecords {
    /// Opens the database at `location` (`sqlite:PATH`), making it if it is not there.
    pub async fn open(location: &str) -> Result<Self, StoreError> {
        let form = Form {
            name: "records",
            migrations: &[
                (
                    1,
                    "ground",
                    include_str!("../../migrations/records/0001_ground.sql"),
                ),
                (
                    2,
                    "thread labels",
                    include_str!("../../migrations/records/0002_thread_labels.sql"),
                ),
                (
                    3,
                    "guesses",
                    include_str!("../../migrations/records/0003_guesses.sql"),
                ),
                (
                    4,
                    "journals",
                    include_str!("../../migrations/records/0004_journals.sql"),
                ),
                (
                    5,
                    "browser names",
                    include_str!("../../migrations/records/0005_browser_names.sql"),
                ),
                (
                    6,
                    "held",
                    include_str!("../../migrations/records/0006_held.sql"),
                ),
                (
                    7,
                    "tellings",
                    include_str!("../../migrations/records/0007_tellings.sql"),
                ),
                (
                    8,
                    "approvers",
                    include_str!("../../migrations/records/0008_approvers.sql"),
                ),
            ],
            secure_delete: "fast",
        };
        let database = Database::open(location, form).await?;
        let journal = Journal::open(&path_of(location)?, database.writer.clone()).await?;
        let outbox_items = passing::outbox_items(&database.readers).await?;
        Ok(Self {
            database,
            journal,
            outbox_items: AtomicU64::new(outbox_items),
        })
    }

    fn readers(&self) -> &SqlitePool {
        &self.database.readers
    }

    /// Runs `step` in a transaction shared with others; returns when it is on the disk.
    async fn write<T, F>(&self, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnMut(&'c mut SqliteConnection) -> Step<'c, T> + Send + 'static,
    {
        self.database.writer.write(step).await
    }
}

#[async_trait::async_trait]
impl crate::records::Records for SqliteRecords {
    async fn health(&self) -> Result<(), StoreError> {
        self.database.health().await
    }

    async fn close(&self) {
        if let Err(error) = self.journal.close().await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the audit journal is taken up at the next start");
        }
        self.database.close().await;
    }
}

/// Changes one row, in either database.
const ALIVE: &str = "update alive set at = at + 1";

/// What kind of database it is to be.
struct Form {
    name: &'static str,
    migrations: &'static [(i64, &'static str, &'static str)],
    secure_delete: &'static str,
}

/// One SQLite database: a writer and readers.
struct Database {
    readers: SqlitePool,
    writer: Writer,
}

impl Database {
    async fn open(location: &str, form: Form) -> Result<Self, StoreError> {
        let path = path_of(location)?;
        prepare(&path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(BUSY_SECONDS))
            .pragma("secure_delete", form.secure_delete)
            .page_size(PAGE_BYTES)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("trusted_schema", "off")
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        let opening = database("open a database");
        let mut connection = options.connect().await.map_err(opening)?;
        migrate(&mut connection, &form).await?;
        check_durable(&mut connection, location).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_secs(BUSY_SECONDS))
            .connect_lazy_with(options.pragma("query_only", "on"));
        let writer = Writer::start(connection, form.name).map_err(|source| StoreError::File {
            doing: "start the writer of a database",
            source,
        })?;
        Ok(Self { readers, writer })
    }

    /// Reads, and commits a write with full sync: a full or broken disk shows here.
    async fn health(&self) -> Result<(), StoreError> {
        let alive = sqlx::query("select at from alive")
            .execute(&self.readers)
            .await;
        alive.map_err(database("read from a database"))?;
        self.writer
            .write(|connection| {
                Box::pin(async move {
                    let written = sqlx::query(ALIVE).execute(connection).await;
                    written.map_err(database("write to a database"))?;
                    Ok(())
                })
            })
            .await
    }

    async fn close(&self) {
        // Everything sent to the writer before is committed before this is run.
        let _ = self.writer.pragma("pragma wal_checkpoint(truncate)").await;
        self.readers.close().await;
    }
}

/// The path in `sqlite:PATH`.
pub(crate) fn path_of(location: &str) -> Result<PathBuf, StoreError> {
    let wrong = |why| StoreError::Location {
        location: location.to_owned(),
        why,
    };
    let path = location
        .strip_prefix("sqlite:")
        .ok_or_else(|| wrong("it must be sqlite:PATH"))?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(':') || path.contains(['?', '#']) {
        return Err(wrong(
            "the path of the database file is missing or has parameters",
        ));
    }
    Ok(PathBuf::from(path))
}

/// Makes folder and file before SQLite does, so that nobody else may read them, and syncs the
/// folder, so that a new database is still there after a power cut.
fn prepare(path: &Path) -> Result<(), StoreError> {
    let file = |doing| move |source| StoreError::File { doing, source };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    crate::files::make_folder(folder).map_err(file("make the folder of a database"))?;
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(made) => made.sync_all().map_err(file("make a database file"))?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(file("make a database file")(error)),
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(file("sync the folder of a database"))
}

async fn migrate(connection: &mut SqliteConnection, form: &Form) -> Result<(), StoreError> {
    let migrations = form.migrations.iter().map(|&(version, name, sql)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
        .run_direct(None, connection, false)
        .await
        .map_err(|source| StoreError::Migration {
            database: form.name,
            source: Box::new(source),
        })
}

/// P1 rests on these two; a build or file system that does not give them is refused.
async fn check_durable(
    connection: &mut SqliteConnection,
    location: &str,
) -> Result<(), StoreError> {
    let reading = "read how a database is synced";
    let journal: String = sqlx::query_scalar("pragma journal_mode")
        .fetch_one(&mut *connection)
        .await
        .map_err(database(reading))?;
    let synchronous: i64 = sqlx::query_scalar("pragma synchronous")
        .fetch_one(&mut *connection)
        .await
        .map_err(database(reading))?;
    if journal == "wal" && synchronous == 2 {
        return Ok(());
    }
    let why = "it cannot keep a write-ahead log with full sync";
    Err(StoreError::Location {
        location: location.to_owned(),
        why,
    })
}
