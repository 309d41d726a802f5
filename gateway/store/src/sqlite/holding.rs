//! Mail that waits for approval, in SQLite. It comes closed and leaves closed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use mail::Timestamp;
use seal::HeldId;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::rows::{bytes, count, get, maybe_time, time};
use super::{SqliteRecords, approvers, audit, passing};
use crate::audit::AuditEvent;
use crate::error::{StoreError, database};
use crate::held::{HeldCount, HeldExpiring, HeldPlace};
use crate::passing::ServedState;
use crate::records::{
    ApproversNews, HeldAgain, HeldDelay, HeldEnd, HeldPart, HeldRow, Holding, NewHeldRow,
};

type Result<T> = std::result::Result<T, StoreError>;

#[async_trait]
impl Holding for SqliteRecords {
    async fn put_held(&self, held: NewHeldRow, now: Timestamp) -> Result<HeldPlace> {
        let mails = u64::from(held.notice.is_some());
        let held = Arc::new(held);
        let place = self
            .write(move |connection| Box::pin(put(connection, held.clone(), now)))
            .await?;
        if place == HeldPlace::Kept {
            self.outbox_items.fetch_add(mails, Ordering::Relaxed);
        }
        Ok(place)
    }

    async fn held_count(&self) -> Result<HeldCount> {
        let row = sqlx::query(COUNT)
            .fetch_one(self.readers())
            .await
            .map_err(database("count held mail"))?;
        counted(&row)
    }

    async fn held(&self, after: Option<(Timestamp, HeldId)>, limit: u32) -> Result<Vec<HeldRow>> {
        let (created, id) = match after {
            Some((created, id)) => (created.unix(), id.as_bytes().to_vec()),
            None => (i64::MIN, Vec::new()),
        };
        let rows = sqlx::query(
            "select * from held where created > $1 or (created = $1 and id > $2) \
             order by created, id limit $3",
        )
        .bind(created)
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(self.readers())
        .await
        .map_err(database("list held mail"))?;
        rows.iter().map(held_row).collect()
    }

    async fn held_one(&self, id: HeldId) -> Result<Option<HeldRow>> {
        let row = sqlx::query("select * from held where id = $1")
            .bind(&id.as_bytes()[..])
            .fetch_optional(self.readers())
            .await
            .map_err(database("read held mail"))?;
        row.as_ref().map(held_row).transpose()
    }

    async fn held_part(&self, id: HeldId, number: u32) -> Result<Option<Vec<u8>>> {
        let row = sqlx::query("select part from held_parts where id = $1 and number = $2")
            .bind(&id.as_bytes()[..])
            .bind(i64::from(number))
            .fetch_optional(self.readers())
            .await
            .map_err(database("read a held message"))?;
        row.as_ref().map(|row| get(row, "part")).transpose()
    }

    async fn decide_held(
        &self,
        id: HeldId,
        decision: Vec<u8>,
        event: AuditEvent,
        now: Timestamp,
    ) -> Result<bool> {
        // What happened before stands before it in the log.
        self.journal.take_up().await?;
        let decision = Arc::new((decision, event));
        self.write(move |connection| Box::pin(decide(connection, id, decision.clone(), now)))
            .await
    }

    async fn undecide_held(
        &self,
        id: HeldId,
        expires: Timestamp,
        event: AuditEvent,
        now: Timestamp,
    ) -> Result<bool> {
        self.journal.take_up().await?;
        let event = Arc::new(event);
        self.write(move |connection| {
            Box::pin(undecide(connection, id, expires, event.clone(), now))
        })
        .await
    }

    async fn take_held(&self, now: Timestamp, lease: Timestamp) -> Result<Option<HeldRow>> {
        // Nothing is due most of the time, and looking needs no writer.
        let due = sqlx::query("select id from held where due <= $1 limit 1")
            .bind(now.unix())
            .fetch_optional(self.readers())
            .await
            .map_err(database("look for held mail that is due"))?;
        if due.is_none() {
            return Ok(None);
        }
        self.write(move |connection| Box::pin(take(connection, now, lease)))
            .await
    }

    async fn postpone_held(&self, delay: HeldDelay) -> Result<()> {
        self.write(move |connection| Box::pin(postpone(connection, delay)))
            .await
    }

    async fn finish_held(&self, end: HeldEnd, now: Timestamp) -> Result<bool> {
        if !end.events.is_empty() {
            self.journal.take_up().await?;
        }
        let mails = end.mails.len() as u64;
        let end = Arc::new(end);
        let done = self
            .write(move |connection| Box::pin(finish(connection, end.clone(), now)))
            .await?;
        if done {
            self.outbox_items.fetch_add(mails, Ordering::Relaxed);
        }
        Ok(done)
    }

    async fn held_parts(&self, after: Option<(HeldId, u32)>, limit: u32) -> Result<Vec<HeldPart>> {
        let (id, number) = match after {
            Some((id, number)) => (id.as_bytes().to_vec(), i64::from(number)),
            None => (Vec::new(), -1),
        };
        let rows = sqlx::query(
            "select * from held_parts where id > $1 or (id = $1 and number > $2) \
             order by id, number limit $3",
        )
        .bind(id)
        .bind(number)
        .bind(i64::from(limit))
        .fetch_all(self.readers())
        .await
        .map_err(database("read held messages"))?;
        rows.iter().map(part_row).collect()
    }

    async fn reclose_held(&self, again: HeldAgain) -> Result<bool> {
        let again = Arc::new(again);
        self.write(move |connection| Box::pin(reclose(connection, again.clone())))
            .await
    }

    async fn reclose_held_part(&self, part: HeldPart) -> Result<()> {
        let part = Arc::new(part);
        self.write(move |connection| {
            let part = part.clone();
            Box::pin(async move {
                sqlx::query("update held_parts set part = $3 where id = $1 and number = $2")
                    .bind(&part.id.as_bytes()[..])
                    .bind(i64::from(part.number))
                    .bind(&part.part)
                    .execute(connection)
                    .await
                    .map_err(database("close a held message again"))?;
                Ok(())
            })
        })
        .await
    }

    async fn held_untold(&self, limit: u32) -> Result<Vec<HeldRow>> {
        approvers::untold(self.readers(), limit).await
    }

    async fn approvers_told(&self) -> Result<Option<Timestamp>> {
        approvers::told(self.readers()).await
    }

    async fn tell_approvers(&self, news: ApproversNews, now: Timestamp) -> Result<bool> {
        let mails = news.mails.len() as u64;
        let news = Arc::new(news);
        let told = self
            .write(move |connection| Box::pin(approvers::tell(connection, news.clone(), now)))
            .await?;
        if told {
            self.outbox_items.fetch_add(mails, Ordering::Relaxed);
        }
        Ok(told)
    }

    async fn held_expiring(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Option<HeldExpiring>> {
        approvers::expiring(self.readers(), after, until).await
    }
}

const COUNT: &str = "select count(*) as messages, coalesce(sum(size), 0) as bytes, \
     (select min(created) from held) as oldest from held";

/// What one sender has waiting.
const SHARE: &str = "select count(*) as messages, coalesce(sum(size), 0) as bytes, \
     null as oldest from held where sender = $1";

fn counted(row: &SqliteRow) -> Result<HeldCount> {
    Ok(HeldCount {
        messages: count(row, "messages")?,
        bytes: count(row, "bytes")?,
        oldest: maybe_time(row, "oldest")?,
    })
}

async fn place(connection: &mut SqliteConnection, held: &NewHeldRow) -> Result<HeldPlace> {
    let all = sqlx::query(COUNT).fetch_one(&mut *connection).await;
    let all = counted(&all.map_err(database("count held mail"))?)?;
    let room = held.room;
    if all.messages >= room.messages_max || all.bytes + held.size > room.bytes_max {
        return Ok(HeldPlace::Full);
    }
    let own = sqlx::query(SHARE)
        .bind(&held.sender[..])
        .fetch_one(&mut *connection)
        .await;
    let own = counted(&own.map_err(database("count the held mail of a sender"))?)?;
    let (messages_max, bytes_max) = room.share();
    // One message is a share however large: else a small place would hold none.
    let is_over = own.messages >= messages_max || own.bytes + held.size > bytes_max;
    Ok(match own.messages > 0 && is_over {
        true => HeldPlace::ShareFull,
        false => HeldPlace::Kept,
    })
}

async fn put(
    connection: &mut SqliteConnection,
    held: Arc<NewHeldRow>,
    now: Timestamp,
) -> Result<HeldPlace> {
    match place(connection, &held).await? {
        HeldPlace::Kept => {}
        full => return Ok(full),
    }
    sqlx::query(
        "insert into held (id, created, size, due, attempts, decided, head, sender, told) \
         values ($1, $2, $3, $4, 0, 0, $5, $6, $7)",
    )
    .bind(&held.id.as_bytes()[..])
    .bind(held.created.unix())
    .bind(i64::try_from(held.size).unwrap_or(i64::MAX))
    .bind(held.due.unix())
    .bind(&held.head)
    .bind(&held.sender[..])
    .bind(approvers::state(held.news))
    .execute(&mut *connection)
    .await
    .map_err(database("hold mail"))?;
    for (part, number) in held.parts.iter().zip(0i64..) {
        sqlx::query("insert into held_parts (id, number, part) values ($1, $2, $3)")
            .bind(&held.id.as_bytes()[..])
            .bind(number)
            .bind(&part[..])
            .execute(&mut *connection)
            .await
            .map_err(database("hold a message"))?;
    }
    let served = Arc::new(held.served.clone());
    passing::remember(connection, served, ServedState::Served, now).await?;
    if let Some(notice) = &held.notice {
        passing::put_item(connection, notice).await?;
    }
    Ok(HeldPlace::Kept)
}

/// False when it was decided before, or is gone.
async fn decide(
    connection: &mut SqliteConnection,
    id: HeldId,
    decision: Arc<(Vec<u8>, AuditEvent)>,
    now: Timestamp,
) -> Result<bool> {
    let (closed, event) = &*decision;
    let written = sqlx::query(
        "update held set decided = 1, decision = $2, due = $3, attempts = 0 \
         where id = $1 and decided = 0",
    )
    .bind(&id.as_bytes()[..])
    .bind(closed)
    .bind(now.unix())
    .execute(&mut *connection)
    .await
    .map_err(database("decide about held mail"))?;
    if written.rows_affected() == 0 {
        return Ok(false);
    }
    let entry = audit::Entry::new(event, now)?;
    audit::append(connection, std::iter::once(&entry)).await?;
    Ok(true)
}

/// False when nobody had decided, when somebody carries it out now, or when it is gone.
async fn undecide(
    connection: &mut SqliteConnection,
    id: HeldId,
    expires: Timestamp,
    event: Arc<AuditEvent>,
    now: Timestamp,
) -> Result<bool> {
    let written = sqlx::query(
        "update held set decided = 0, decision = null, due = $2, attempts = 0 \
         where id = $1 and decided = 1 and leased <= $3",
    )
    .bind(&id.as_bytes()[..])
    .bind(expires.unix())
    .bind(now.unix())
    .execute(&mut *connection)
    .await
    .map_err(database("take back a decision about held mail"))?;
    if written.rows_affected() == 0 {
        return Ok(false);
    }
    let entry = audit::Entry::new(&event, now)?;
    audit::append(connection, std::iter::once(&entry)).await?;
    Ok(true)
}

/// A taker that lost its lease to somebody who decided otherwise puts nothing off.
async fn postpone(connection: &mut SqliteConnection, delay: HeldDelay) -> Result<()> {
    sqlx::query(
        "update held set due = $2, attempts = $3, leased = $4 where id = $1 and decided = $5",
    )
    .bind(&delay.id.as_bytes()[..])
    .bind(delay.until.unix())
    .bind(i64::from(delay.attempts))
    .bind(delay.leased.map_or(0, |until| until.unix()))
    .bind(i64::from(delay.decided))
    .execute(connection)
    .await
    .map_err(database("postpone held mail"))?;
    Ok(())
}

async fn take(
    connection: &mut SqliteConnection,
    now: Timestamp,
    lease: Timestamp,
) -> Result<Option<HeldRow>> {
    let row = sqlx::query(
        "update held set due = $2, leased = $2 where id = \
         (select id from held where due <= $1 order by due limit 1) returning *",
    )
    .bind(now.unix())
    .bind(lease.unix())
    .fetch_optional(connection)
    .await
    .map_err(database("take held mail that is due"))?;
    row.as_ref().map(held_row).transpose()
}

/// False when it was decided about meanwhile, or is gone.
async fn finish(
    connection: &mut SqliteConnection,
    end: Arc<HeldEnd>,
    now: Timestamp,
) -> Result<bool> {
    let id = &end.id.as_bytes()[..];
    let deleted = sqlx::query("delete from held where id = $1 and decided = $2")
        .bind(id)
        .bind(i64::from(end.decided))
        .execute(&mut *connection)
        .await
        .map_err(database("let held mail go"))?;
    if deleted.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("delete from held_parts where id = $1")
        .bind(id)
        .execute(&mut *connection)
        .await
        .map_err(database("let a held message go"))?;
    sqlx::query("delete from served where sender = $1 and digest = $2")
        .bind(&end.served.sender)
        .bind(&end.served.digest[..])
        .execute(&mut *connection)
        .await
        .map_err(database("forget what was served"))?;
    for mail in &end.mails {
        passing::put_item(connection, mail).await?;
    }
    let entries: Result<Vec<_>> = end
        .events
        .iter()
        .map(|event| audit::Entry::new(event, now))
        .collect();
    audit::append(connection, entries?.iter()).await?;
    Ok(true)
}

/// False when it was decided about meanwhile, or is gone.
async fn reclose(connection: &mut SqliteConnection, again: Arc<HeldAgain>) -> Result<bool> {
    let written = sqlx::query(
        "update held set head = $2, decision = $3, sender = $4 where id = $1 and decided = $5",
    )
    .bind(&again.id.as_bytes()[..])
    .bind(&again.head)
    .bind(&again.decision)
    .bind(&again.sender[..])
    .bind(i64::from(again.decision.is_some()))
    .execute(connection)
    .await
    .map_err(database("close held mail again"))?;
    Ok(written.rows_affected() > 0)
}

pub(super) fn held_row(row: &SqliteRow) -> Result<HeldRow> {
    Ok(HeldRow {
        id: HeldId::from_bytes(bytes(row, "id")?),
        created: time(row, "created")?,
        due: time(row, "due")?,
        attempts: u32::try_from(count(row, "attempts")?).unwrap_or(u32::MAX),
        leased: time(row, "leased")?,
        head: get(row, "head")?,
        decision: get(row, "decision")?,
    })
}

fn part_row(row: &SqliteRow) -> Result<HeldPart> {
    let changed = |_| StoreError::Changed { what: "a record" };
    Ok(HeldPart {
        id: HeldId::from_bytes(bytes(row, "id")?),
        number: u32::try_from(count(row, "number")?).map_err(changed)?,
        part: get(row, "part")?,
    })
}
