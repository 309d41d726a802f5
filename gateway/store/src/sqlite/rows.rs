//! Rows to types and back. What does not fit its type was changed by somebody, and is refused.

use mail::{Rights, Timestamp};
use seal::{Grant, GrantId, GrantState, LetterId, Standing};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::error::{StoreError, database};
use crate::records::GrantRow;

/// A query for grants as [`grant_row`] reads them, with this ending.
macro_rules! select_grants {
    ($ending:literal) => {
        concat!(
            "select id, letter, recipient, mailbox, rights, sender, template, download, ",
            "commitment, verifier, created, state, state_at, mark, opened, wrap, summary, ",
            "(select raw_download from letters where letters.id = grants.letter) as raw_download ",
            "from grants ",
            $ending
        )
    };
}
pub(super) use select_grants;

/// A column's value.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(database("read a record"))
}

/// A blob column of fixed length.
pub(super) fn bytes<const N: usize>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<[u8; N], StoreError> {
    let bytes: &[u8] = get(row, column)?;
    bytes
        .try_into()
        .map_err(|_| StoreError::Changed { what: "a record" })
}

/// A time column.
pub(super) fn time(row: &SqliteRow, column: &'static str) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_unix(get(row, column)?))
}

/// A time column that may be empty.
pub(super) fn maybe_time(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_unix))
}

/// A number column that is never negative.
pub(super) fn count(row: &SqliteRow, column: &'static str) -> Result<u64, StoreError> {
    u64::try_from(get::<i64>(row, column)?).map_err(|_| StoreError::Changed { what: "a record" })
}

/// A rights column.
pub(super) fn rights(row: &SqliteRow) -> Result<Rights, StoreError> {
    let bits = u16::try_from(count(row, "rights")?).ok();
    bits.and_then(Rights::from_bits).ok_or(StoreError::Changed {
        what: "a record of rights",
    })
}

/// A grant; its mark is for the caller to check.
pub(super) fn grant_row(row: &SqliteRow) -> Result<GrantRow, StoreError> {
    let grant = Grant {
        letter: LetterId::from_bytes(bytes(row, "letter")?),
        grant: GrantId::from_bytes(bytes(row, "id")?),
        recipient: get(row, "recipient")?,
        rights: rights(row)?,
        sender: get(row, "sender")?,
        template: get(row, "template")?,
        download: get::<i64>(row, "download")? != 0,
        commitment: bytes(row, "commitment")?,
    };
    let standing = Standing {
        verifier: bytes(row, "verifier")?,
        created: time(row, "created")?,
        raw_download: get::<Option<i64>>(row, "raw_download")?.unwrap_or(0) != 0,
        state: state(row)?,
    };
    Ok(GrantRow {
        grant,
        mailbox: get(row, "mailbox")?,
        standing,
        mark: get(row, "mark")?,
        opened: maybe_time(row, "opened")?,
        wrap: get(row, "wrap")?,
        summary: get(row, "summary")?,
    })
}

/// The state columns of a grant.
pub(super) fn state(row: &SqliteRow) -> Result<GrantState, StoreError> {
    let at = time(row, "state_at")?;
    match get::<i64>(row, "state")? {
        1 => Ok(GrantState::Active { expires: at }),
        2 => Ok(GrantState::Revoked { at }),
        3 => Ok(GrantState::Expired { at }),
        _ => Err(StoreError::Changed { what: "a grant" }),
    }
}

/// The state as its two columns.
pub(super) fn state_columns(state: &GrantState) -> (i64, i64) {
    match state {
        GrantState::Active { expires } => (1, expires.unix()),
        GrantState::Revoked { at } => (2, at.unix()),
        GrantState::Expired { at } => (3, at.unix()),
    }
}
