//! Group commit: one task owns the writing connection and lets waiting writes share a commit.
//! A write is answered only after the commit it was part of; one that fails harms no neighbour.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::audit::Durability;
use crate::error::{StoreError, database};

/// How many writes may wait; more of them wait for a place.
pub(crate) const WRITES_WAITING_MAX: usize = 1_024;
/// How many writes share one commit at most.
pub(crate) const WRITES_PER_COMMIT_MAX: usize = 256;
/// How long a commit may stay unsynced when nobody waits for it.
const UNSYNCED_MAX: Duration = Duration::from_millis(500);

/// A future that borrows the connection it runs on.
pub(crate) type Step<'c, T> =
    std::pin::Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'c>>;

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
        let task = Task {
            connection,
            full: true,
            unsynced_until: None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
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
        self.write_with(Durability::Before, step).await
    }

    /// The same, and says when it must be on the disk.
    pub(crate) async fn write_with<T, F>(
        &self,
        durability: Durability,
        step: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnMut(&'c mut SqliteConnection) -> Step<'c, T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let write = OneWrite {
            step,
            outcome: None,
            answer,
            durability,
        };
        self.waiting
            .send(Box::new(write))
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
    fn durability(&self) -> Durability;
    /// A statement to be run alone, outside a transaction.
    fn alone(&self) -> Option<&'static str>;
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError>;
    fn settle(self: Box<Self>, committed: Result<(), StoreError>);
}

struct OneWrite<T, F> {
    step: F,
    outcome: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
    durability: Durability,
}

#[async_trait]
impl<T, F> Write for OneWrite<T, F>
where
    T: Send + 'static,
    F: for<'c> FnMut(&'c mut SqliteConnection) -> Step<'c, T> + Send + 'static,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn alone(&self) -> Option<&'static str> {
        None
    }

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

struct Pragma {
    statement: &'static str,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

#[async_trait]
impl Write for Pragma {
    fn durability(&self) -> Durability {
        Durability::Before
    }

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
    /// Whether commits are synced now (`pragma synchronous`).
    full: bool,
    unsynced_until: Option<Instant>,
}

impl Task {
    async fn run(mut self, mut writes: mpsc::Receiver<Box<dyn Write>>) {
        let mut batch = Vec::with_capacity(WRITES_PER_COMMIT_MAX);
        loop {
            let next = writes.recv_many(&mut batch, WRITES_PER_COMMIT_MAX);
            let received = match self.unsynced_until {
                Some(until) => timeout_at(until, next).await.ok(),
                None => Some(next.await),
            };
            match received {
                None => self.sync_now().await,
                Some(0) => break,
                Some(_) => self.take(&mut batch).await,
            }
        }
        self.sync_now().await;
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

    /// One commit for all; if one of them fails, each gets a commit of its own.
    async fn commit_or_part(&mut self, mut writes: Vec<Box<dyn Write>>) {
        if writes.is_empty() {
            return;
        }
        match self.commit(&mut writes).await {
            Ok(()) => writes.into_iter().for_each(|write| write.settle(Ok(()))),
            Err(error) if writes.len() == 1 => {
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

    async fn commit(&mut self, writes: &mut [Box<dyn Write>]) -> Result<(), StoreError> {
        let durable = writes
            .iter()
            .any(|write| write.durability() == Durability::Before);
        self.set_synced(durable).await?;
        let mut transaction = self
            .connection
            .begin_with("begin immediate")
            .await
            .map_err(database("begin a transaction"))?;
        for write in writes {
            write.run(&mut transaction).await?;
        }
        transaction
            .commit()
            .await
            .map_err(database("commit a transaction"))?;
        self.unsynced_until = match (self.full, self.unsynced_until) {
            (true, _) => None,
            (false, None) => Some(Instant::now() + UNSYNCED_MAX),
            (false, until) => until,
        };
        Ok(())
    }

    /// With `synchronous = full` a commit syncs the whole log, earlier unsynced commits included.
    async fn set_synced(&mut self, full: bool) -> Result<(), StoreError> {
        if self.full != full {
            let statement = if full {
                "pragma synchronous = full"
            } else {
                "pragma synchronous = normal"
            };
            let set = sqlx::query(statement).execute(&mut self.connection).await;
            set.map_err(database("choose how a commit is synced"))?;
            self.full = full;
        }
        Ok(())
    }

    /// Brings unsynced commits to the disk with a small synced one.
    async fn sync_now(&mut self) {
        if self.unsynced_until.is_none() {
            return;
        }
        let synced = async {
            self.set_synced(true).await?;
            let ran = sqlx::query(super::ALIVE)
                .execute(&mut self.connection)
                .await;
            ran.map_err(database("sync the audit log"))
        };
        match synced.await {
            Ok(_) => self.unsynced_until = None,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "audit is not synced"
                );
                self.unsynced_until = Some(Instant::now() + UNSYNCED_MAX);
            }
        }
    }
}
