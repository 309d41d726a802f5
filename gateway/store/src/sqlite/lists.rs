//! Lists of letters in SQLite, for administrators and senders.
//! They show what stays readable of a letter, and nothing closed.

use seal::{GrantId, LetterId};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteRow;

use super::rows::{bytes, count, get, maybe_time, rights, state, time};
use crate::error::{StoreError, database};
use crate::letter::{Filter, GrantSummary, LetterSummary};

type Result<T> = std::result::Result<T, StoreError>;

/// Letters with their grants in one query; each parameter that is null narrows nothing.
const LIST: &str = "\
    select letters.id as letter, letters.sender as letter_sender, letters.created, \
    letters.expires, letters.size, grants.id as grant_id, grants.recipient, grants.rights, \
    grants.state, grants.state_at, grants.opened \
    from letters left join grants on grants.letter = letters.id \
    where letters.id in (select id from letters where ($1 is null or lower(sender) = lower($1)) \
    and ($2 is null or exists (select 1 from grants where grants.letter = letters.id \
    and lower(grants.recipient) = lower($2))) \
    and ($3 is null or message_id_hash = $3) \
    and ($4 is null or (created, id) < (select created, id from letters where id = $4)) \
    and ($5 is null or id = $5) \
    order by created desc, id desc limit $6) \
    order by letters.created desc, letters.id desc, grants.id";

pub(super) async fn list(readers: &SqlitePool, filter: &Filter) -> Result<Vec<LetterSummary>> {
    let rows = sqlx::query(LIST)
        .bind(filter.sender.as_deref())
        .bind(filter.recipient.as_deref())
        .bind(filter.message_id_hash.as_ref().map(|hash| &hash[..]))
        .bind(filter.after.as_ref().map(|after| &after.as_bytes()[..]))
        .bind(None::<&[u8]>)
        .bind(i64::from(
            filter
                .limit
                .unwrap_or(Filter::LIMIT_MAX)
                .min(Filter::LIMIT_MAX),
        ))
        .fetch_all(readers)
        .await
        .map_err(database("list letters"))?;
    gather(&rows)
}

pub(super) async fn letter(
    readers: &SqlitePool,
    letter: LetterId,
) -> Result<Option<LetterSummary>> {
    let none = None::<&[u8]>;
    let rows = sqlx::query(LIST)
        .bind(None::<&str>)
        .bind(None::<&str>)
        .bind(none)
        .bind(none)
        .bind(&letter.as_bytes()[..])
        .bind(1)
        .fetch_all(readers)
        .await
        .map_err(database("read a letter"))?;
    Ok(gather(&rows)?.pop())
}

/// Rows of letters and grants to letters with grants; the order of the rows is kept.
fn gather(rows: &[SqliteRow]) -> Result<Vec<LetterSummary>> {
    let mut letters: Vec<LetterSummary> = Vec::new();
    for row in rows {
        let id = LetterId::from_bytes(bytes(row, "letter")?);
        if letters.last().is_none_or(|last| last.id != id) {
            letters.push(LetterSummary {
                id,
                sender: get(row, "letter_sender")?,
                created: time(row, "created")?,
                expires: time(row, "expires")?,
                size: count(row, "size")?,
                grants: Vec::new(),
            });
        }
        if let (Some(last), Some(grant)) = (letters.last_mut(), grant(row)?) {
            last.grants.push(grant);
        }
    }
    Ok(letters)
}

/// The grant in a row; a letter that has none stands alone.
fn grant(row: &SqliteRow) -> Result<Option<GrantSummary>> {
    if get::<Option<&[u8]>>(row, "grant_id")?.is_none() {
        return Ok(None);
    }
    Ok(Some(GrantSummary {
        grant: GrantId::from_bytes(bytes(row, "grant_id")?),
        recipient: get(row, "recipient")?,
        rights: rights(row)?,
        state: state(row)?,
        opened: maybe_time(row, "opened")?,
    }))
}
