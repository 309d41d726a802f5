//! Visits and known browsers in SQLite. Tokens come as digests; a stolen database opens no visit.

use std::sync::Arc;

use mail::Timestamp;
use seal::GrantId;
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::rows::{bytes, time};
use super::tellings;
use crate::challenge::Visit;
use crate::error::{StoreError, database};
use crate::records::NewVisit;

type Result<T> = std::result::Result<T, StoreError>;

/// Opens a visit, and gives the browser its new name: what waits and what is known under the one
/// it asked by goes over to it, and none of that stays with whoever else may know the old one.
pub(super) async fn open(connection: &mut SqliteConnection, visit: Arc<NewVisit>) -> Result<()> {
    sqlx::query("insert into visits (token, grant_id, opened, until) values ($1, $2, $3, $4)")
        .bind(&visit.token[..])
        .bind(&visit.grant.as_bytes()[..])
        .bind(visit.opened.unix())
        .bind(visit.until.unix())
        .execute(&mut *connection)
        .await
        .map_err(database("open a visit"))?;
    for moved in [
        "update challenges set browser = $2 where browser = $1",
        "update browsers set browser = $2 where browser = $1",
    ] {
        sqlx::query(moved)
            .bind(&visit.asked_by[..])
            .bind(&visit.browser[..])
            .execute(&mut *connection)
            .await
            .map_err(database("rename a browser"))?;
    }
    sqlx::query(
        "insert into browsers (mailbox, browser, until) values ($1, $2, $3) \
         on conflict (mailbox, browser) do update set until = max(until, $3)",
    )
    .bind(&visit.mailbox)
    .bind(&visit.browser[..])
    .bind(visit.known_until.unix())
    .execute(connection)
    .await
    .map_err(database("remember a browser"))?;
    Ok(())
}

pub(super) async fn find(
    readers: &SqlitePool,
    token: [u8; 32],
    now: Timestamp,
) -> Result<Option<Visit>> {
    let row =
        sqlx::query("select grant_id, opened, until from visits where token = $1 and until > $2")
            .bind(&token[..])
            .bind(now.unix())
            .fetch_optional(readers)
            .await
            .map_err(database("read a visit"))?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Visit {
        grant: GrantId::from_bytes(bytes(&row, "grant_id")?),
        opened: time(&row, "opened")?,
        until: time(&row, "until")?,
    }))
}

pub(super) async fn close(
    connection: &mut SqliteConnection,
    token: [u8; 32],
    now: Timestamp,
) -> Result<()> {
    tellings::fold_visit(connection, token, now).await?;
    sqlx::query("delete from visits where token = $1")
        .bind(&token[..])
        .execute(connection)
        .await
        .map_err(database("close a visit"))?;
    Ok(())
}

pub(super) async fn known(
    executor: impl SqliteExecutor<'_>,
    mailbox: &str,
    browser: [u8; 32],
    now: Timestamp,
) -> Result<bool> {
    let found =
        sqlx::query("select 1 from browsers where mailbox = $1 and browser = $2 and until > $3")
            .bind(mailbox)
            .bind(&browser[..])
            .bind(now.unix())
            .fetch_optional(executor)
            .await
            .map_err(database("look for a browser"))?;
    Ok(found.is_some())
}
