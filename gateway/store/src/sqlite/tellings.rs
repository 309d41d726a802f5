//! What is told of a visit: each event once, and what came of it again as a number.
//!
//! Rows here are bounded by what one letter has to show; the log gets at most two for each.

use mail::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use super::audit::{Entry, append};
use super::rows::{count, get, time};
use crate::audit::AuditEvent;
use crate::error::{StoreError, database};

/// How many tellings one transaction of the sweep takes.
const FOLDED_AT_ONCE: i64 = 500;

type Result<T> = std::result::Result<T, StoreError>;

/// Whether the log was told of this before, so that it will only be counted.
pub(super) async fn is_told(readers: &SqlitePool, visit: [u8; 32], body: &str) -> Result<bool> {
    let told = sqlx::query("select 1 from tellings where visit = $1 and body = $2")
        .bind(&visit[..])
        .bind(body)
        .fetch_optional(readers)
        .await
        .map_err(database("look for a telling"))?;
    Ok(told.is_some())
}

/// Counts an event of a visit, and appends it to the log if it is the first. False, and nothing
/// is written, when the visit is over, or the letter ended: here both stand in one order.
pub(super) async fn tell(
    connection: &mut SqliteConnection,
    visit: [u8; 32],
    body: &str,
    now: Timestamp,
) -> Result<bool> {
    let told = sqlx::query(
        "insert into tellings (visit, body, first, last, times, until) \
         select token, $2, $3, $3, 1, until from visits \
         join grants on grants.id = visits.grant_id \
         where token = $1 and until > $3 and state = 1 and state_at > $3 \
         on conflict (visit, body) do update set last = max(last, $3), times = times + 1 \
         returning times",
    )
    .bind(&visit[..])
    .bind(body)
    .bind(now.unix())
    .fetch_optional(&mut *connection)
    .await
    .map_err(database("count an event of a visit"))?;
    let Some(row) = told else { return Ok(false) };
    if count(&row, "times")? == 1 {
        append(connection, Entry::read(now, body).iter()).await?;
    }
    Ok(true)
}

/// Tells the log how often each thing came again in a visit that ends.
pub(super) async fn fold_visit(
    connection: &mut SqliteConnection,
    visit: [u8; 32],
    now: Timestamp,
) -> Result<()> {
    let rows = sqlx::query("delete from tellings where visit = $1 returning *")
        .bind(&visit[..])
        .fetch_all(&mut *connection)
        .await
        .map_err(database("end the tellings of a visit"))?;
    tell_again(connection, &rows, now).await
}

/// The same for visits that are over, as many as one transaction takes; says how many went.
pub(super) async fn fold_over(connection: &mut SqliteConnection, now: Timestamp) -> Result<u64> {
    let rows = sqlx::query(
        "delete from tellings where rowid in \
         (select rowid from tellings where until <= $1 order by until limit $2) returning *",
    )
    .bind(now.unix())
    .bind(FOLDED_AT_ONCE)
    .fetch_all(&mut *connection)
    .await
    .map_err(database("end the tellings of visits"))?;
    tell_again(connection, &rows, now).await?;
    Ok(rows.len() as u64)
}

/// What happened once is told already.
async fn tell_again(
    connection: &mut SqliteConnection,
    rows: &[SqliteRow],
    now: Timestamp,
) -> Result<()> {
    let mut again = Vec::new();
    for row in rows {
        let times = count(row, "times")?;
        if times == 1 {
            continue;
        }
        let event: AuditEvent =
            serde_json::from_str(get(row, "body")?).map_err(|_| StoreError::Changed {
                what: "an event of a visit",
            })?;
        let (first, last) = (time(row, "first")?, time(row, "last")?);
        let kind = format!("{} again", event.kind);
        let event = AuditEvent { kind, ..event }
            .detail("first", first.rfc3339())
            .detail("last", last.rfc3339())
            .detail("times", times);
        again.push(((first, last), Entry::new(&event, now)?));
    }
    again.sort_by_key(|(when, _)| *when);
    append(connection, again.iter().map(|(_, entry)| entry)).await
}
