//! What keeps the challenges of one mailbox few, however many browsers ask.
//!
//! Forgotten is only what ended, or what its browser's ticket brings back: never the challenge of
//! one who would have to begin anew.

use mail::Timestamp;
use sqlx::SqliteConnection;

use super::rows::count;
use crate::challenge::{
    CHALLENGE_SECONDS, CHALLENGES_HELD_MAX, DELAY_SECONDS_MAX, TICKET_SECONDS, WINDOW_SECONDS,
};
use crate::error::{StoreError, database};
use crate::records::Asking;

type Result<T> = std::result::Result<T, StoreError>;

/// How many challenges of a mailbox are remembered.
pub(super) async fn held(connection: &mut SqliteConnection, mailbox: &str) -> Result<u64> {
    let row = sqlx::query("select count(*) as held from challenges where mailbox = $1")
        .bind(mailbox)
        .fetch_one(connection)
        .await
        .map_err(database("count challenges"))?;
    count(&row, "held")
}

/// Makes room for one more. What stays in any case is few: challenges that began at once (three
/// in a quarter of an hour), those that waited while there was no crowd, and those of browsers
/// that proved the mailbox. One that was used stays as long as a ticket could bring it back.
pub(super) async fn make_room(
    connection: &mut SqliteConnection,
    mailbox: &str,
    now: Timestamp,
) -> Result<()> {
    let held = held(connection, mailbox).await?;
    if held < CHALLENGES_HELD_MAX {
        return Ok(());
    }
    // A challenge waited if it was asked for before its start.
    sqlx::query(
        "delete from challenges where id in (select id from challenges where mailbox = $1 \
         and (ends <= $2 or (known = 0 and asked < starts and used is null \
         and (created is null or long = 1))) \
         order by coalesce(created, asked), starts limit $3)",
    )
    .bind(mailbox)
    .bind(now.unix() - WINDOW_SECONDS)
    .bind((held - CHALLENGES_HELD_MAX + 1) as i64)
    .execute(connection)
    .await
    .map_err(database("forget challenges"))?;
    Ok(())
}

/// Brings back what was forgotten: it waits on, or is open for what is left of its life. Tries
/// and mails are counted anew, so it has the long code.
pub(super) async fn bring_back(
    connection: &mut SqliteConnection,
    asking: &Asking,
    starts: Timestamp,
) -> Result<()> {
    let now = asking.now;
    let there = sqlx::query("select 1 from challenges where id = $1")
        .bind(&asking.id.0[..])
        .fetch_optional(&mut *connection)
        .await
        .map_err(database("look for a challenge"))?;
    if there.is_some() {
        return Ok(());
    }
    make_room(connection, &asking.mailbox, now).await?;
    let open = starts <= now;
    let ends = if open {
        let last = starts.plus_seconds(TICKET_SECONDS);
        last.min(now.plus_seconds(CHALLENGE_SECONDS))
    } else {
        starts.plus_seconds(DELAY_SECONDS_MAX)
    };
    sqlx::query(
        "insert into challenges \
         (id, grant_id, mailbox, browser, known, asked, starts, created, ends, asks, tries, long) \
         values ($1, $2, $3, $4, 0, $5, $6, $7, $8, 0, 0, 1)",
    )
    .bind(&asking.id.0[..])
    .bind(&asking.grant.as_bytes()[..])
    .bind(&asking.mailbox)
    .bind(&asking.browser[..])
    .bind(now.unix().min(starts.unix() - 1))
    .bind(starts.unix())
    .bind(open.then_some(now.unix()))
    .bind(ends.unix())
    .execute(connection)
    .await
    .map_err(database("bring a challenge back"))?;
    Ok(())
}
