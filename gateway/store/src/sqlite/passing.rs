//! What is remembered of mail that passes, in SQLite.
//! Outbox items come closed and leave closed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use mail::{LabelId, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection, SqlitePool};

use super::rows::{bytes, count, get, rights, time};
use super::writer::Insertion;
use super::{SqliteRecords, sweep, tellings};
use crate::error::{StoreError, database};
use crate::passing::{
    OUTBOX_ITEMS_MAX, OutboxId, Served, ServedKey, ServedState, Thread, ThreadLabel,
};
use crate::records::{NewOutboxRow, OutboxRow, Passing};

type Result<T> = std::result::Result<T, StoreError>;

/// How many transactions of one sweep end tellings; what is left waits for the next.
const FOLDS_MAX: u32 = 1_000;

/// How far a delivery came, in the column `state`; a greater one is never overwritten by a less.
const BEGUN: i64 = 1;
const SERVED: i64 = 2;

#[async_trait]
impl Passing for SqliteRecords {
    async fn served(&self, key: &ServedKey) -> Result<Vec<Served>> {
        let rows = sqlx::query(
            "select recipient, state from served where sender = $1 and digest = $2 \
             order by recipient",
        )
        .bind(&key.sender)
        .bind(&key.digest[..])
        .fetch_all(self.readers())
        .await
        .map_err(database("read what was served"))?;
        rows.iter().map(served).collect()
    }

    async fn remember_served(
        &self,
        key: ServedKey,
        recipients: Vec<String>,
        state: ServedState,
        now: Timestamp,
    ) -> Result<bool> {
        let memory = Arc::new((key, recipients));
        self.write(move |connection| Box::pin(remember(connection, memory.clone(), state, now)))
            .await
    }

    async fn forget_served(&self, key: ServedKey, recipients: Vec<String>) -> Result<bool> {
        let memory = Arc::new((key, recipients));
        self.write(move |connection| Box::pin(forget(connection, memory.clone())))
            .await
    }

    async fn served_count(&self) -> Result<u64> {
        // Released messages share a digest, and two senders may send the same message.
        let row = sqlx::query(
            "select count(*) as messages from (select distinct sender, digest from served)",
        )
        .fetch_one(self.readers())
        .await
        .map_err(database("count what was served"))?;
        count(&row, "messages")
    }

    fn is_outbox_full(&self) -> bool {
        self.outbox_items.load(Ordering::Relaxed) >= OUTBOX_ITEMS_MAX
    }

    async fn enqueue(&self, item: NewOutboxRow) -> Result<()> {
        self.database.writer.insert(vec![insert_item(item)]).await?;
        self.outbox_items.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn due(&self, now: Timestamp, lease: Timestamp, limit: u32) -> Result<Vec<OutboxRow>> {
        self.write(move |connection| Box::pin(due(connection, now, lease, limit)))
            .await
    }

    async fn finish(&self, ids: Vec<OutboxId>) -> Result<()> {
        let ids = Arc::new(ids);
        let deleted = self
            .write(move |connection| Box::pin(finish(connection, ids.clone())))
            .await?;
        let order = Ordering::Relaxed;
        let less = |held: u64| Some(held.saturating_sub(deleted));
        // It always gives a number.
        let _ = self.outbox_items.fetch_update(order, order, less);
        Ok(())
    }

    async fn postpone(&self, id: OutboxId, until: Timestamp, attempts: u32) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query("update outbox set due = $2, attempts = $3 where id = $1")
                    .bind(&id.0[..])
                    .bind(until.unix())
                    .bind(i64::from(attempts))
                    .execute(connection)
                    .await
                    .map_err(database("postpone an outbox item"))?;
                Ok(())
            })
        })
        .await
    }

    async fn reclose(&self, id: OutboxId, item: Vec<u8>) -> Result<()> {
        let item = Arc::new(item);
        self.write(move |connection| {
            let item = item.clone();
            Box::pin(async move {
                sqlx::query("update outbox set item = $2 where id = $1")
                    .bind(&id.0[..])
                    .bind(&**item)
                    .execute(connection)
                    .await
                    .map_err(database("close an outbox item again"))?;
                Ok(())
            })
        })
        .await
    }

    async fn outbox_count(&self) -> Result<u64> {
        let row = sqlx::query("select count(*) as items from outbox")
            .fetch_one(self.readers())
            .await
            .map_err(database("count the outbox"))?;
        count(&row, "items")
    }

    async fn outbox(&self, after: Option<OutboxId>, limit: u32) -> Result<Vec<OutboxRow>> {
        let after = after.map(|after| after.0.to_vec()).unwrap_or_default();
        let rows = sqlx::query("select * from outbox where id > $1 order by id limit $2")
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await
            .map_err(database("read the outbox"))?;
        rows.iter().map(outbox_row).collect()
    }

    async fn remember_thread(
        &self,
        message: [u8; 32],
        thread: Thread,
        now: Timestamp,
    ) -> Result<bool> {
        let thread = Arc::new(thread);
        self.write(move |connection| {
            Box::pin(remember_thread(connection, message, thread.clone(), now))
        })
        .await
    }

    async fn thread(&self, message: [u8; 32], now: Timestamp) -> Result<Option<Thread>> {
        let row = sqlx::query("select * from threads where message = $1 and until > $2")
            .bind(&message[..])
            .bind(now.unix())
            .fetch_optional(self.readers())
            .await
            .map_err(database("read a thread"))?;
        row.as_ref().map(thread).transpose()
    }

    async fn remember_label(
        &self,
        message: [u8; 32],
        label: ThreadLabel,
        now: Timestamp,
    ) -> Result<bool> {
        let label = Arc::new(label);
        self.write(move |connection| {
            Box::pin(remember_label(connection, message, label.clone(), now))
        })
        .await
    }

    async fn thread_labels(
        &self,
        messages: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<Vec<([u8; 32], ThreadLabel)>> {
        let mut query = QueryBuilder::new("select * from thread_labels where until > ");
        query.push_bind(now.unix()).push(" and message in (");
        let mut list = query.separated(", ");
        for message in messages {
            list.push_bind(&message[..]);
        }
        let rows = query
            .push(")")
            .build()
            .fetch_all(self.readers())
            .await
            .map_err(database("read the labels of a thread"))?;
        rows.iter().map(thread_label).collect()
    }

    async fn is_nonce_spent(&self, id: [u8; 16], now: Timestamp) -> Result<bool> {
        let row = sqlx::query("select 1 from nonces where id = $1 and until > $2")
            .bind(&id[..])
            .bind(now.unix())
            .fetch_optional(self.readers())
            .await
            .map_err(database("look for a nonce"))?;
        Ok(row.is_some())
    }

    async fn spend_nonce(&self, id: [u8; 16], until: Timestamp, now: Timestamp) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                let spent = sqlx::query(
                    "insert into nonces (id, until) values ($1, $2) on conflict (id) do update \
                     set until = $2 where until <= $3",
                )
                .bind(&id[..])
                .bind(until.unix())
                .bind(now.unix())
                .execute(connection)
                .await
                .map_err(database("spend a nonce"))?;
                Ok(spent.rows_affected() == 1)
            })
        })
        .await
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64> {
        for _ in 0..FOLDS_MAX {
            let fold = self.write(move |connection| Box::pin(tellings::fold_over(connection, now)));
            if fold.await? == 0 {
                break;
            }
        }
        let swept = self
            .write(move |connection| Box::pin(sweep::sweep(connection, now)))
            .await?;
        // What other processes put in or took out counts from now on.
        let items = outbox_items(self.readers()).await?;
        self.outbox_items.store(items, Ordering::Relaxed);
        Ok(swept)
    }
}

const INSERT_ITEM: &str =
    "insert into outbox (id, created, due, attempts, item) values (?, ?, ?, 0, ?)";

/// Puts an item into the outbox, inside a transaction.
pub(super) async fn put_item(connection: &mut SqliteConnection, item: &NewOutboxRow) -> Result<()> {
    sqlx::query(INSERT_ITEM)
        .bind(&item.id.0[..])
        .bind(item.created.unix())
        .bind(item.due.unix())
        .bind(&item.item)
        .execute(connection)
        .await
        .map_err(database("put a mail into the outbox"))?;
    Ok(())
}

pub(super) fn insert_item(item: NewOutboxRow) -> Insertion {
    Insertion::new(INSERT_ITEM)
        .blob(item.id.0.to_vec())
        .integer(item.created.unix())
        .integer(item.due.unix())
        .blob(item.item)
}

pub(super) async fn remember(
    connection: &mut SqliteConnection,
    memory: Arc<(ServedKey, Vec<String>)>,
    state: ServedState,
    now: Timestamp,
) -> Result<bool> {
    let (key, recipients) = &*memory;
    let first = !is_served(connection, key).await?;
    let state = match state {
        ServedState::Begun => BEGUN,
        ServedState::Served => SERVED,
    };
    for recipient in recipients {
        sqlx::query(
            "insert into served (sender, digest, recipient, state, at) \
             values ($1, $2, $3, $4, $5) on conflict (sender, digest, recipient) \
             do update set state = max(state, $4), at = $5",
        )
        .bind(&key.sender)
        .bind(&key.digest[..])
        .bind(recipient)
        .bind(state)
        .bind(now.unix())
        .execute(&mut *connection)
        .await
        .map_err(database("remember what was served"))?;
    }
    Ok(first && !recipients.is_empty())
}

/// Whether anything of this message is remembered.
async fn is_served(connection: &mut SqliteConnection, key: &ServedKey) -> Result<bool> {
    let row = sqlx::query("select 1 from served where sender = $1 and digest = $2 limit 1")
        .bind(&key.sender)
        .bind(&key.digest[..])
        .fetch_optional(connection)
        .await
        .map_err(database("read what was served"))?;
    Ok(row.is_some())
}

async fn forget(
    connection: &mut SqliteConnection,
    memory: Arc<(ServedKey, Vec<String>)>,
) -> Result<bool> {
    let (key, recipients) = &*memory;
    let mut forgotten = 0;
    for recipient in recipients {
        let delete = "delete from served where sender = $1 and digest = $2 and recipient = $3";
        let done = sqlx::query(delete)
            .bind(&key.sender)
            .bind(&key.digest[..])
            .bind(recipient)
            .execute(&mut *connection)
            .await
            .map_err(database("forget what was served"))?;
        forgotten += done.rows_affected();
    }
    Ok(forgotten > 0 && !is_served(connection, key).await?)
}

/// Says how many there were.
async fn finish(connection: &mut SqliteConnection, ids: Arc<Vec<OutboxId>>) -> Result<u64> {
    let mut deleted = 0;
    for id in ids.iter() {
        let done = sqlx::query("delete from outbox where id = $1")
            .bind(&id.0[..])
            .execute(&mut *connection)
            .await
            .map_err(database("finish an outbox item"))?;
        deleted += done.rows_affected();
    }
    Ok(deleted)
}

/// How many items the outbox holds.
pub(super) async fn outbox_items(readers: &SqlitePool) -> Result<u64> {
    let row = sqlx::query("select count(*) as items from outbox")
        .fetch_one(readers)
        .await
        .map_err(database("count the outbox"))?;
    count(&row, "items")
}

async fn due(
    connection: &mut SqliteConnection,
    now: Timestamp,
    lease: Timestamp,
    limit: u32,
) -> Result<Vec<OutboxRow>> {
    let rows = sqlx::query(
        "update outbox set due = $2 where id in \
         (select id from outbox where due <= $1 order by due limit $3) returning *",
    )
    .bind(now.unix())
    .bind(lease.unix())
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(database("take what is due from the outbox"))?;
    rows.iter().map(outbox_row).collect()
}

/// True if this call was the first; a memory that ran out does not count.
async fn remember_thread(
    connection: &mut SqliteConnection,
    message: [u8; 32],
    thread: Arc<Thread>,
    now: Timestamp,
) -> Result<bool> {
    let written = sqlx::query(
        "insert into threads (message, participants, rights, until) values ($1, $2, $3, $4) \
         on conflict (message) do update set participants = $2, rights = $3, until = $4 \
         where until <= $5",
    )
    .bind(&message[..])
    .bind(thread.participants.join("\n"))
    .bind(i64::from(thread.rights.bits()))
    .bind(thread.until.unix())
    .bind(now.unix())
    .execute(connection)
    .await
    .map_err(database("remember a thread"))?;
    Ok(written.rows_affected() == 1)
}

/// True if this call was the first; a memory that ran out does not count.
async fn remember_label(
    connection: &mut SqliteConnection,
    message: [u8; 32],
    label: Arc<ThreadLabel>,
    now: Timestamp,
) -> Result<bool> {
    let written = sqlx::query(
        "insert into thread_labels (message, label, until) values ($1, $2, $3) \
         on conflict (message) do update set label = $2, until = $3 where until <= $4",
    )
    .bind(&message[..])
    .bind(label.label.as_ref().map(LabelId::as_str))
    .bind(label.until.unix())
    .bind(now.unix())
    .execute(connection)
    .await
    .map_err(database("remember the label of a thread"))?;
    Ok(written.rows_affected() == 1)
}

fn served(row: &SqliteRow) -> Result<Served> {
    let state = match get::<i64>(row, "state")? {
        BEGUN => ServedState::Begun,
        SERVED => ServedState::Served,
        _ => {
            return Err(StoreError::Changed {
                what: "a memory of delivery",
            });
        }
    };
    Ok(Served {
        recipient: get(row, "recipient")?,
        state,
    })
}

fn outbox_row(row: &SqliteRow) -> Result<OutboxRow> {
    Ok(OutboxRow {
        id: OutboxId(bytes(row, "id")?),
        created: time(row, "created")?,
        attempts: u32::try_from(count(row, "attempts")?).unwrap_or(u32::MAX),
        item: get(row, "item")?,
    })
}

fn thread_label(row: &SqliteRow) -> Result<([u8; 32], ThreadLabel)> {
    let changed = || StoreError::Changed {
        what: "the label of a thread",
    };
    let label: Option<&str> = get(row, "label")?;
    let label = label.map(|text| LabelId::parse(text).ok_or_else(changed));
    let (label, until) = (label.transpose()?, time(row, "until")?);
    Ok((bytes(row, "message")?, ThreadLabel { label, until }))
}

fn thread(row: &SqliteRow) -> Result<Thread> {
    let participants: &str = get(row, "participants")?;
    Ok(Thread {
        participants: participants.lines().map(str::to_owned).collect(),
        rights: rights(row)?,
        until: time(row, "until")?,
    })
}
