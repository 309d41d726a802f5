//! Wrong codes for one grant, from browsers that never proved its mailbox, counted together.
//! A grant with many of them asks such browsers for the long code; nobody is kept waiting by it.

use mail::Timestamp;
use sqlx::SqliteConnection;

use crate::challenge::{GUESSES_FREE, GUESSES_SECONDS};
use crate::error::{StoreError, database};

type Result<T> = std::result::Result<T, StoreError>;

/// Whether the short code is no longer enough for this grant.
pub(super) async fn are_many(
    connection: &mut SqliteConnection,
    grant: &[u8; 16],
    now: Timestamp,
) -> Result<bool> {
    let found =
        sqlx::query("select 1 from guesses where grant_id = $1 and since > $2 and failed >= $3")
            .bind(&grant[..])
            .bind(now.unix() - GUESSES_SECONDS)
            .bind(GUESSES_FREE as i64)
            .fetch_optional(connection)
            .await
            .map_err(database("count wrong codes"))?;
    Ok(found.is_some())
}

/// Counts a code that may be wrong; [`take_back`] undoes it when it was right.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    grant: &[u8; 16],
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "insert into guesses (grant_id, since, failed) values ($1, $2, 1) \
         on conflict (grant_id) do update set \
         failed = case when guesses.since <= $3 then 1 else guesses.failed + 1 end, \
         since = case when guesses.since <= $3 then $2 else guesses.since end",
    )
    .bind(&grant[..])
    .bind(now.unix())
    .bind(now.unix() - GUESSES_SECONDS)
    .execute(connection)
    .await
    .map_err(database("count a wrong code"))?;
    Ok(())
}

/// A code that was counted was right.
pub(super) async fn take_back(connection: &mut SqliteConnection, grant: &[u8; 16]) -> Result<()> {
    sqlx::query("update guesses set failed = failed - 1 where grant_id = $1 and failed > 0")
        .bind(&grant[..])
        .execute(connection)
        .await
        .map_err(database("take a wrong code back"))?;
    Ok(())
}
