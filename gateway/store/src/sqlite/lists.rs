//! Lists of letters in SQLite, for administrators and senders.
//! They show what stays readable of a letter, and nothing closed.

use seal::LetterId;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteRow;

use super::rows::{bytes, count, get, grant_row, select_grants, time};
use crate::error::{StoreError, database};
use crate::letter::Filter;
use crate::records::{LetterRow, Listed};

type Result<T> = std::result::Result<T, StoreError>;

/// Letters, newest first; each parameter that is null narrows nothing.
const LIST: &str = "\
    select id, sender, message_id_hash, created, expires, size, raw_download from letters \
    where ($1 is null or lower(sender) = lower($1)) \
    and ($2 is null or exists (select 1 from grants where grants.letter = letters.id \
    and lower(grants.recipient) = lower($2))) \
    and ($3 is null or message_id_hash = $3) \
    and ($4 is null or (created, id) < (select created, id from letters where id = $4)) \
    order by created desc, id desc limit $5";

pub(super) async fn list(readers: &SqlitePool, filter: &Filter) -> Result<Vec<Listed>> {
    let limit = filter.limit.unwrap_or(Filter::LIMIT_MAX);
    let rows = sqlx::query(LIST)
        .bind(filter.sender.as_deref())
        .bind(filter.recipient.as_deref())
        .bind(filter.message_id_hash.as_ref().map(|hash| &hash[..]))
        .bind(filter.after.as_ref().map(|after| &after.as_bytes()[..]))
        .bind(i64::from(limit.min(Filter::LIMIT_MAX)))
        .fetch_all(readers)
        .await
        .map_err(database("list letters"))?;
    let mut listed = Vec::with_capacity(rows.len());
    for row in &rows {
        listed.push(with_grants(readers, row).await?);
    }
    Ok(listed)
}

pub(super) async fn letter(readers: &SqlitePool, letter: LetterId) -> Result<Option<Listed>> {
    let row = sqlx::query(
        "select id, sender, message_id_hash, created, expires, size, raw_download \
         from letters where id = $1",
    )
    .bind(&letter.as_bytes()[..])
    .fetch_optional(readers)
    .await
    .map_err(database("read a letter"))?;
    match row {
        Some(row) => Ok(Some(with_grants(readers, &row).await?)),
        None => Ok(None),
    }
}

async fn with_grants(readers: &SqlitePool, row: &SqliteRow) -> Result<Listed> {
    let letter = letter_row(row)?;
    let rows = sqlx::query(select_grants!("where letter = $1 order by id"))
        .bind(&letter.id.as_bytes()[..])
        .fetch_all(readers)
        .await
        .map_err(database("read the grants of a letter"))?;
    let grants = rows.iter().map(grant_row).collect::<Result<_>>()?;
    Ok(Listed { letter, grants })
}

fn letter_row(row: &SqliteRow) -> Result<LetterRow> {
    let hash: Option<&[u8]> = get(row, "message_id_hash")?;
    let hash = hash.map(<[u8; 32]>::try_from).transpose();
    Ok(LetterRow {
        id: LetterId::from_bytes(bytes(row, "id")?),
        sender: get(row, "sender")?,
        message_id_hash: hash.map_err(|_| StoreError::Changed { what: "a letter" })?,
        created: time(row, "created")?,
        expires: time(row, "expires")?,
        size: count(row, "size")?,
        raw_download: get::<i64>(row, "raw_download")? != 0,
    })
}
