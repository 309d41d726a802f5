//! Removes from SQLite what has run out by itself: challenges, visits, memories, nonces.
//! Letters and keys are not its business.

use mail::Timestamp;
use sqlx::SqliteConnection;

use crate::challenge::{GUESSES_SECONDS, WINDOW_SECONDS};
use crate::error::{StoreError, database};
use crate::passing::SERVED_SECONDS;

/// What is removed, and how many seconds after the time in its column.
const STATEMENTS: [(&str, i64); 8] = [
    // A used or ended challenge still counts against its mailbox for one window.
    (
        "delete from challenges where ends <= $1 and asked <= $1",
        WINDOW_SECONDS,
    ),
    ("delete from guesses where since <= $1", GUESSES_SECONDS),
    ("delete from visits where until <= $1", 0),
    ("delete from browsers where until <= $1", 0),
    // What a release under way has served goes with its end, however long it takes; without held
    // mail nothing is under way.
    (
        "delete from served where at <= $1 \
         and (substr(sender, 1, 5) <> 'held ' or not exists (select 1 from held))",
        SERVED_SECONDS,
    ),
    ("delete from threads where until <= $1", 0),
    ("delete from thread_labels where until <= $1", 0),
    ("delete from nonces where until <= $1", 0),
];

pub(super) async fn sweep(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut swept = 0;
    for (statement, kept) in STATEMENTS {
        let deleted = sqlx::query(statement)
            .bind(now.unix() - kept)
            .execute(&mut *connection)
            .await
            .map_err(database("sweep out what has run out"))?;
        swept += deleted.rows_affected();
    }
    Ok(swept)
}
