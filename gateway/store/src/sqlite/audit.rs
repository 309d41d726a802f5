//! The audit log in SQLite: rows are only ever appended, each hashed over the one before.

use std::sync::Arc;

use async_trait::async_trait;
use mail::Timestamp;
use seal::LetterId;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection};

use super::rows::{bytes, count, get, time};
use super::{SqliteRecords, tellings};
use crate::audit::{
    AuditEvent, AuditFilter, AuditRow, Durability, EVENT_BYTES_MAX, EVENTS_MAX, row_hash,
};
use crate::error::{StoreError, database};
use crate::records::AuditLog;

/// Rows that one statement inserts.
const ROWS_PER_STATEMENT: usize = 64;

type Result<T> = std::result::Result<T, StoreError>;

#[async_trait]
impl AuditLog for SqliteRecords {
    async fn append(
        &self,
        events: Vec<AuditEvent>,
        durability: Durability,
        now: Timestamp,
    ) -> Result<()> {
        self.journal.append(&events, durability, now).await
    }

    async fn append_once(
        &self,
        visit: [u8; 32],
        event: AuditEvent,
        now: Timestamp,
    ) -> Result<bool> {
        let body: Arc<str> = body(&event)?.into();
        if !tellings::is_told(self.readers(), visit, &body).await? {
            // What came before it stands before it.
            self.journal.take_up().await?;
        }
        self.write(move |connection| {
            let body = body.clone();
            Box::pin(async move { tellings::tell(connection, visit, &body, now).await })
        })
        .await
    }

    fn is_stuck(&self) -> bool {
        self.journal.is_stuck()
    }

    async fn events(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        self.journal.take_up().await?;
        let rows = sqlx::query(
            "select seq, at, body, previous, hash from audit where seq > $1 \
             and ($2 is null or kind = $2) and ($3 is null or letter = $3) \
             and ($4 is null or at > $4) order by seq limit $5",
        )
        .bind(
            filter
                .after
                .map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX)),
        )
        .bind(filter.kind.as_deref())
        .bind(filter.letter.as_ref().map(|letter| &letter.as_bytes()[..]))
        .bind(filter.since.map(|since| since.unix()))
        .bind(i64::from(
            filter.limit.unwrap_or(EVENTS_MAX).min(EVENTS_MAX),
        ))
        .fetch_all(self.readers())
        .await
        .map_err(database("read the audit log"))?;
        rows.iter().map(audit_row).collect()
    }
}

/// An event as it goes into the table.
pub(super) struct Entry {
    at: Timestamp,
    kind: String,
    letter: Option<LetterId>,
    body: String,
}

impl Entry {
    /// The entry of an event that happened then.
    pub(super) fn new(event: &AuditEvent, at: Timestamp) -> Result<Self> {
        Ok(Self::of(event, at, body(event)?))
    }

    /// The entry of a stored event; `None` if it is none.
    pub(super) fn read(at: Timestamp, body: &str) -> Option<Self> {
        let event = serde_json::from_str(body).ok()?;
        Some(Self::of(&event, at, body.to_owned()))
    }

    fn of(event: &AuditEvent, at: Timestamp, body: String) -> Self {
        let letter = event.letter.as_deref();
        Self {
            at,
            kind: event.kind.clone(),
            letter: letter.and_then(|letter| LetterId::parse(letter).ok()),
            body,
        }
    }
}

/// Appends entries inside a transaction, so that they stand or fall with what they tell of.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    entries: impl Iterator<Item = &Entry>,
) -> Result<()> {
    let entries: Vec<&Entry> = entries.collect();
    if entries.is_empty() {
        return Ok(());
    }
    let last = sqlx::query("select seq, hash from audit order by seq desc limit 1")
        .fetch_optional(&mut *connection)
        .await
        .map_err(database("read the end of the audit log"))?;
    let (mut seq, mut previous): (u64, [u8; 32]) = match &last {
        Some(last) => (count(last, "seq")?, bytes(last, "hash")?),
        None => (0, [0; 32]),
    };
    for some in entries.chunks(ROWS_PER_STATEMENT) {
        let mut insert =
            QueryBuilder::new("insert into audit (seq, at, kind, letter, body, previous, hash) ");
        insert.push_values(some, |mut row, entry| {
            seq += 1;
            let hash = row_hash(seq, entry.at, &entry.body, &previous);
            row.push_bind(i64::try_from(seq).unwrap_or(i64::MAX))
                .push_bind(entry.at.unix())
                .push_bind(&entry.kind)
                .push_bind(
                    entry
                        .letter
                        .as_ref()
                        .map(|letter| letter.as_bytes().to_vec()),
                )
                .push_bind(&entry.body)
                .push_bind(previous.to_vec())
                .push_bind(hash.to_vec());
            previous = hash;
        });
        // Only full statements come again with the same text.
        let insert = insert
            .build()
            .persistent(some.len() == ROWS_PER_STATEMENT || some.len() == 1);
        insert
            .execute(&mut *connection)
            .await
            .map_err(database("append to the audit log"))?;
    }
    Ok(())
}

/// The event as it is stored and hashed.
pub(super) fn body(event: &AuditEvent) -> Result<String> {
    let limit = StoreError::Limit {
        what: "an audit event",
        limit: EVENT_BYTES_MAX as u64,
    };
    match serde_json::to_string(event) {
        Ok(body) if body.len() <= EVENT_BYTES_MAX => Ok(body),
        // Strings always become JSON; only the length can be wrong.
        Ok(_) | Err(_) => Err(limit),
    }
}

fn audit_row(row: &SqliteRow) -> Result<AuditRow> {
    let seq = count(row, "seq")?;
    let at = time(row, "at")?;
    let body: &str = get(row, "body")?;
    let previous = bytes(row, "previous")?;
    let hash = bytes(row, "hash")?;
    let changed = StoreError::Changed {
        what: "a row of the audit log",
    };
    if row_hash(seq, at, body, &previous) != hash {
        return Err(changed);
    }
    let event = serde_json::from_str(body).map_err(|_| changed)?;
    Ok(AuditRow {
        seq,
        at,
        event,
        previous,
        hash,
    })
}
