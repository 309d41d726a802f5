//! The audit log in SQLite: rows are only ever appended, each hashed over the one before.

use std::sync::Arc;

use async_trait::async_trait;
use mail::Timestamp;
use seal::LetterId;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::SqliteRecords;
use super::rows::{bytes, count, get, time};
use crate::audit::{
    AuditEvent, AuditFilter, AuditRow, Durability, EVENT_BYTES_MAX, EVENTS_MAX, row_hash,
};
use crate::error::{StoreError, database};
use crate::records::AuditLog;

type Result<T> = std::result::Result<T, StoreError>;

#[async_trait]
impl AuditLog for SqliteRecords {
    async fn append(
        &self,
        events: Vec<AuditEvent>,
        durability: Durability,
        now: Timestamp,
    ) -> Result<()> {
        let events = Arc::new(events);
        let writer = &self.database.writer;
        writer
            .write_with(durability, move |connection| {
                let events = events.clone();
                Box::pin(async move { append(connection, &events, now).await })
            })
            .await
    }

    async fn events(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        let rows = sqlx::query(
            "select seq, at, body, previous, hash from audit where seq > $1 \
             and ($2 is null or kind = $2) and ($3 is null or letter = $3) order by seq limit $4",
        )
        .bind(
            filter
                .after
                .map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX)),
        )
        .bind(filter.kind.as_deref())
        .bind(filter.letter.as_ref().map(|letter| &letter.as_bytes()[..]))
        .bind(i64::from(
            filter.limit.unwrap_or(EVENTS_MAX).min(EVENTS_MAX),
        ))
        .fetch_all(self.readers())
        .await
        .map_err(database("read the audit log"))?;
        rows.iter().map(audit_row).collect()
    }
}

/// Appends events inside a transaction, so that they stand or fall with what they tell of.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    events: &[AuditEvent],
    now: Timestamp,
) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let last = sqlx::query("select seq, hash from audit order by seq desc limit 1")
        .fetch_optional(&mut *connection)
        .await
        .map_err(database("read the end of the audit log"))?;
    let (mut seq, mut previous) = match &last {
        Some(last) => (count(last, "seq")?, bytes(last, "hash")?),
        None => (0, [0; 32]),
    };
    for event in events {
        seq += 1;
        let body = body(event)?;
        let hash = row_hash(seq, now, &body, &previous);
        let letter = event
            .letter
            .as_deref()
            .and_then(|letter| LetterId::parse(letter).ok());
        sqlx::query(
            "insert into audit (seq, at, kind, letter, body, previous, hash) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(seq as i64)
        .bind(now.unix())
        .bind(&event.kind)
        .bind(letter.as_ref().map(|letter| &letter.as_bytes()[..]))
        .bind(body)
        .bind(&previous[..])
        .bind(&hash[..])
        .execute(&mut *connection)
        .await
        .map_err(database("append to the audit log"))?;
        previous = hash;
    }
    Ok(())
}

/// The event as it is stored and hashed.
fn body(event: &AuditEvent) -> Result<String> {
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
