//! Group commit: one task owns the writing connection and lets waiting writes share a commit.
//! A write is answered only after the commit it was part of; one that fails harms no neighbour.

use async_trait::async_trait;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Connection, Encode, Sqlite, SqliteConnection, Type};
use tokio::sync::{mpsc, oneshot};

use crate::error::{StoreError, database};

/// How many writes may wait; more of them wait for a place.
pub(crate) const WRITES_WAITING_MAX: usize = 1_024;
/// How many writes share one commit at most.
pub(crate) const WRITES_PER_COMMIT_MAX: usize = 256;

/// A future that borrows the connection it runs on.
pub(crate) type Step<'c, T> =
    std::pin::Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'c>>;

/// A text of so many insertions keeps its prepared statements.
const PREPARED_INSERTIONS_MAX: usize = 6;
/// How many insertions one text holds at most: each has a prepared statement while it runs.
const INSERTIONS_PER_TEXT: usize = 32;

const BEGIN: &str = "begin immediate; ";
const COMMIT: &str = "commit";

/// One `insert`, as text with `?` for its values, and these. It gives no answer, so that many of
/// them, of several writes, can be one text: one turn with the database's thread for all.
#[derive(Clone)]
pub(crate) struct Insertion {
    text: &'static str,
    values: Vec<Value>,
}

/// A value to insert.
#[derive(Clone)]
enum Value {
    Blob(Option<Vec<u8>>),
    Integer(Option<i64>),
    Text(String),
}

impl Insertion {
    /// An insertion that has no values yet.
    pub(crate) fn new(text: &'static str) -> Self {
        let values = Vec::with_capacity(text.bytes().filter(|octet| *octet == b'?').count());
        Self { text, values }
    }

    /// With these octets next.
    pub(crate) fn blob(mut self, octets: impl Into<Option<Vec<u8>>>) -> Self {
        self.values.push(Value::Blob(octets.into()));
        self
    }

    /// With this number next.
    pub(crate) fn integer(mut self, number: impl Into<Option<i64>>) -> Self {
        self.values.push(Value::Integer(number.into()));
        self
    }

    /// With this text next.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.values.push(Value::Text(text.to_owned()));
        self
    }
}

/// The way to the writing task.
#[derive(Clone)]
pub(crate) struct Writer {
    waiting: mpsc::Sender<Box<dyn Write>>,
}

impl Writer {
    /// Starts the task, on a thread of its own: a step takes several turns with the database's
    /// thread, and must not queue behind the sessions of the whole gateway for each of them.
    pub(crate) fn start(connection: SqliteConnection, name: &str) -> std::io::Result<Self> {
        let (waiting, writes) = mpsc::channel(WRITES_WAITING_MAX);
        let task = Task { connection };
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let thread = std::thread::Builder::new().name(format!("{name} writer"));
        thread.spawn(move || runtime.block_on(task.run(writes)))?;
        Ok(Self { waiting })
    }

    /// Runs `step` in a transaction; returns when it is on the disk. `step` may run again, from
    /// the start, if a neighbour in the same commit failed.
    pub(crate) async fn write<T, F>(&self, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnMut(&'c mut SqliteConnection) -> Step<'c, T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let write = OneWrite {
            step,
            outcome: None,
            answer,
        };
        self.waiting
            .send(Box::new(write))
            .await
            .map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Makes these insertions in a transaction; returns when they are on the disk.
    pub(crate) async fn insert(&self, insertions: Vec<Insertion>) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let inserting = Inserting { insertions, answer };
        self.waiting
            .send(Box::new(inserting))
            .await
            .map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Runs a statement outside any transaction, in turn with the writes.
    pub(crate) async fn pragma(&self, statement: &'static str) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let pragma = Pragma { statement, answer };
        self.waiting
            .send(Box::new(pragma))
            .await
            .map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }
}

/// One waiting write.
#[async_trait]
trait Write: Send {
    /// A statement to be run alone, outside a transaction.
    fn alone(&self) -> Option<&'static str> {
        None
    }
    /// What it inserts, if it does nothing else.
    fn insertions(&self) -> Option<&[Insertion]> {
        None
    }
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError>;
    fn settle(self: Box<Self>, committed: Result<(), StoreError>);
}

struct OneWrite<T, F> {
    step: F,
    outcome: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

#[async_trait]
impl<T, F> Write for OneWrite<T, F>
where
    T: Send + 'static,
    F: for<'c> FnMut(&'c mut SqliteConnection) -> Step<'c, T> + Send + 'static,
{
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        self.outcome = None;
        self.outcome = Some((self.step)(connection).await?);
        Ok(())
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => Ok(outcome),
            (Ok(()), None) => Err(StoreError::Stopped),
            (Err(error), _) => Err(error),
        };
        // Whoever asked may have gone; the write stands all the same.
        let _ = self.answer.send(outcome);
    }
}

struct Inserting {
    insertions: Vec<Insertion>,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

#[async_trait]
impl Write for Inserting {
    fn insertions(&self) -> Option<&[Insertion]> {
        Some(&self.insertions)
    }

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        for some in self.insertions.chunks(INSERTIONS_PER_TEXT) {
            let some: Vec<&Insertion> = some.iter().collect();
            insert(connection, "", &some, "").await?;
        }
        Ok(())
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>) {
        let _ = self.answer.send(committed);
    }
}

/// Runs all insertions between `first` and `last` as one text.
async fn insert(
    connection: &mut SqliteConnection,
    first: &str,
    insertions: &[&Insertion],
    last: &str,
) -> Result<(), StoreError> {
    let mut text = first.to_owned();
    let mut arguments = SqliteArguments::default();
    for insertion in insertions {
        text.push_str(insertion.text);
        text.push_str("; ");
        for value in &insertion.values {
            match value {
                Value::Blob(octets) => add(&mut arguments, octets.clone())?,
                Value::Integer(number) => add(&mut arguments, *number)?,
                Value::Text(text) => add(&mut arguments, text.clone())?,
            }
        }
    }
    text.push_str(last);
    // The text is made of constants of this program alone.
    sqlx::query_with(AssertSqlSafe(text), arguments)
        .persistent(insertions.len() <= PREPARED_INSERTIONS_MAX)
        .execute(connection)
        .await
        .map_err(database("insert into a database"))?;
    Ok(())
}

fn add<'v, V>(arguments: &mut SqliteArguments, value: V) -> Result<(), StoreError>
where
    V: Encode<'v, Sqlite> + Type<Sqlite>,
{
    let added = arguments.add(value).map_err(sqlx::Error::Encode);
    added.map_err(database("insert a value"))
}

struct Pragma {
    statement: &'static str,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

#[async_trait]
impl Write for Pragma {
    fn alone(&self) -> Option<&'static str> {
        Some(self.statement)
    }

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let ran = sqlx::query(self.statement).execute(connection).await;
        ran.map(|_| ()).map_err(database("run a statement"))
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>) {
        let _ = self.answer.send(committed);
    }
}

struct Task {
    connection: SqliteConnection,
}

impl Task {
    async fn run(mut self, mut writes: mpsc::Receiver<Box<dyn Write>>) {
        let mut batch = Vec::with_capacity(WRITES_PER_COMMIT_MAX);
        while writes.recv_many(&mut batch, WRITES_PER_COMMIT_MAX).await > 0 {
            self.take(&mut batch).await;
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "a database did not close cleanly; it recovers when opened");
        }
    }

    /// Writes out a batch in its order, splitting it where a statement must run alone.
    async fn take(&mut self, batch: &mut Vec<Box<dyn Write>>) {
        let mut together = Vec::with_capacity(batch.len());
        for mut write in batch.drain(..) {
            if write.alone().is_none() {
                together.push(write);
                continue;
            }
            self.commit_or_part(std::mem::take(&mut together)).await;
            let ran = write.run(&mut self.connection).await;
            write.settle(ran);
        }
        self.commit_or_part(together).await;
    }

    /// One commit for all; if one of them fails by itself, each gets a commit of its own.
    async fn commit_or_part(&mut self, mut writes: Vec<Box<dyn Write>>) {
        if writes.is_empty() {
            return;
        }
        match self.commit(&mut writes).await {
            Ok(()) => writes.into_iter().for_each(|write| write.settle(Ok(()))),
            // Alone they would meet the same, each after its own wait.
            Err(error) if is_everyones(&error) || writes.len() == 1 => {
                let others = writes.split_off(1);
                for write in others {
                    write.settle(Err(shared(&error)));
                }
                if let Some(write) = writes.pop() {
                    write.settle(Err(error));
                }
            }
            Err(_) => {
                for write in writes {
                    let mut alone = [write];
                    let committed = self.commit(&mut alone).await;
                    let [write] = alone;
                    write.settle(committed);
                }
            }
        }
    }

    /// Runs all of them in a transaction, which is over when this returns.
    async fn commit(&mut self, writes: &mut [Box<dyn Write>]) -> Result<(), StoreError> {
        let committed = self.try_commit(writes).await;
        if committed.is_err() {
            // Where the database has rolled back by itself this fails, and is as good.
            let _ = sqlx::query("rollback").execute(&mut self.connection).await;
        }
        committed
    }

    async fn try_commit(&mut self, writes: &mut [Box<dyn Write>]) -> Result<(), StoreError> {
        let insertions: Option<Vec<&[Insertion]>> =
            writes.iter().map(|write| write.insertions()).collect();
        if let Some(insertions) = insertions {
            let insertions: Vec<&Insertion> = insertions.into_iter().flatten().collect();
            if insertions.len() <= INSERTIONS_PER_TEXT {
                return insert(&mut self.connection, BEGIN, &insertions, COMMIT).await;
            }
        }
        // Not a transaction of sqlx: after a commit that failed it would not begin another.
        insert(&mut self.connection, BEGIN, &[], "").await?;
        for write in writes {
            write.run(&mut self.connection).await?;
        }
        insert(&mut self.connection, "", &[], COMMIT).await
    }
}

/// Whether an error is the database's and not that of one write: locked, full, broken.
fn is_everyones(error: &StoreError) -> bool {
    const OWN: [u32; 4] = [1, 18, 19, 20]; // error, too big, constraint, mismatch
    match error {
        StoreError::Database { source, .. } => match source {
            sqlx::Error::Database(why) => {
                let code = why.code().and_then(|code| code.parse::<u32>().ok());
                // The low byte is the primary result code (sqlite3.h).
                !code.is_some_and(|code| OWN.contains(&(code & 0xff)))
            }
            sqlx::Error::Encode(_) | sqlx::Error::RowNotFound => false,
            _ => true,
        },
        _ => false,
    }
}

/// The same error for a neighbour.
fn shared(error: &StoreError) -> StoreError {
    let why = match error {
        StoreError::Database { source, .. } => source.to_string(),
        _ => error.to_string(),
    };
    StoreError::Database {
        doing: "write with others",
        source: sqlx::Error::Protocol(why),
    }
}
