//! Those who approve: what they have not been told of, when they were told, what goes back soon.
//! Who they are is not kept here.

use std::sync::Arc;

use mail::Timestamp;
use seal::HeldId;
use sqlx::{SqliteConnection, SqlitePool};

use super::holding::held_row;
use super::passing;
use super::rows::{bytes, count, time};
use crate::error::{StoreError, database};
use crate::held::{HeldExpiring, HeldNews};
use crate::records::{ApproversNews, HeldRow};

type Result<T> = std::result::Result<T, StoreError>;

/// Values of the column `told`.
const TO_TELL: i64 = 0;
const NOTHING_TO_TELL: i64 = 1;

/// The one row of the table.
const ONE: i64 = 1;

/// What the column says of a new message.
pub(super) fn state(news: HeldNews) -> i64 {
    match news {
        HeldNews::ToTell => TO_TELL,
        HeldNews::Nothing => NOTHING_TO_TELL,
    }
}

pub(super) async fn untold(readers: &SqlitePool, limit: u32) -> Result<Vec<HeldRow>> {
    let rows = sqlx::query(
        "select * from held where told = $1 and decided = 0 order by created, id limit $2",
    )
    .bind(TO_TELL)
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await
    .map_err(database("look for held mail that nobody was told of"))?;
    rows.iter().map(held_row).collect()
}

pub(super) async fn told(readers: &SqlitePool) -> Result<Option<Timestamp>> {
    let row = sqlx::query("select at from approvers_told where one = $1")
        .bind(ONE)
        .fetch_optional(readers)
        .await
        .map_err(database("read when approvers were told"))?;
    row.as_ref().map(|row| time(row, "at")).transpose()
}

/// False when somebody told them meanwhile. A time that lies ahead of us is no reason to be silent.
pub(super) async fn tell(
    connection: &mut SqliteConnection,
    news: Arc<ApproversNews>,
    now: Timestamp,
) -> Result<bool> {
    let taken = sqlx::query(
        "insert into approvers_told (one, at) values ($1, $2) on conflict (one) \
         do update set at = $2 where at <= $3 or at > $2",
    )
    .bind(ONE)
    .bind(now.unix())
    .bind(news.not_since.unix())
    .execute(&mut *connection)
    .await
    .map_err(database("write down that approvers are told"))?;
    if taken.rows_affected() == 0 {
        return Ok(false);
    }
    for id in &news.ids {
        sqlx::query("update held set told = $2 where id = $1")
            .bind(&id.as_bytes()[..])
            .bind(NOTHING_TO_TELL)
            .execute(&mut *connection)
            .await
            .map_err(database("write down what approvers are told of"))?;
    }
    for mail in &news.mails {
        passing::put_item(connection, mail).await?;
    }
    Ok(true)
}

pub(super) async fn expiring(
    readers: &SqlitePool,
    after: Timestamp,
    until: Timestamp,
) -> Result<Option<HeldExpiring>> {
    let row = sqlx::query(
        "select id, due, count(*) over () as messages from held \
         where decided = 0 and due > $1 and due <= $2 order by due limit 1",
    )
    .bind(after.unix())
    .bind(until.unix())
    .fetch_optional(readers)
    .await
    .map_err(database("look for held mail that goes back soon"))?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(HeldExpiring {
        messages: count(&row, "messages")?,
        first: HeldId::from_bytes(bytes(&row, "id")?),
        expires: time(&row, "due")?,
    }))
}
