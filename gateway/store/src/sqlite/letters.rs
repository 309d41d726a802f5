//! Letters and grants in SQLite.
//! It neither checks marks nor knows what a grant allows; it keeps rows.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bytes::Bytes;
use mail::Timestamp;
use seal::{GrantId, GrantState, LetterId};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::passing::insert_item;
use super::rows::{bytes, get, grant_row, select_grants, state_columns};
use super::writer::Insertion;
use super::{SqliteRecords, audit, lists};
use crate::error::{StoreError, database, taken};
use crate::letter::{Filter, Target};
use crate::packs::Berth;
use crate::records::{Change, GrantRow, LetterRow, Letters, Listed, NewOutboxRow, Place};

type Result<T> = std::result::Result<T, StoreError>;

/// Where sealed bytes stand, in the column `place`.
const IN_ROW: i64 = 0;
const AMONG_BLOBS: i64 = 1;
const GONE: i64 = 2;
/// Then the column `sealed` says which berth.
const IN_PACK: i64 = 3;

#[async_trait]
impl Letters for SqliteRecords {
    async fn put_letter(
        &self,
        letter: LetterRow,
        place: Place,
        grants: Vec<GrantRow>,
        mail: Option<NewOutboxRow>,
    ) -> Result<()> {
        let items = u64::from(mail.is_some());
        let insertions = std::iter::once(insert_letter(letter, place))
            .chain(grants.into_iter().map(insert_grant))
            .chain(mail.map(insert_item))
            .collect();
        let put = self.database.writer.insert(insertions).await;
        put.map_err(taken("a letter"))?;
        self.outbox_items.fetch_add(items, Ordering::Relaxed);
        Ok(())
    }

    async fn grant(&self, grant: GrantId) -> Result<Option<GrantRow>> {
        let row = sqlx::query(select_grants!("where id = $1"))
            .bind(&grant.as_bytes()[..])
            .fetch_optional(self.readers())
            .await
            .map_err(database("read a grant"))?;
        row.as_ref().map(grant_row).transpose()
    }

    async fn grants(&self, target: Target) -> Result<Vec<GrantRow>> {
        let (statement, id) = match &target {
            Target::Letter(id) => (
                select_grants!("where letter = $1 order by id"),
                id.as_bytes(),
            ),
            Target::Grant(id) => (select_grants!("where id = $1"), id.as_bytes()),
        };
        let rows = sqlx::query(statement)
            .bind(&id[..])
            .fetch_all(self.readers())
            .await;
        rows.map_err(database("read grants"))?
            .iter()
            .map(grant_row)
            .collect()
    }

    async fn place(&self, letter: LetterId, range: Option<Range<u64>>) -> Result<Option<Place>> {
        let (start, length) = match range {
            // SQLite counts from 1, and takes as much as there is.
            Some(range) => (
                range.start.saturating_add(1),
                range.end.saturating_sub(range.start),
            ),
            None => (1, i64::MAX as u64),
        };
        let row = sqlx::query(
            "select place, case place when $4 then sealed else substr(sealed, $2, $3) end \
             as sealed from letters where id = $1",
        )
        .bind(&letter.as_bytes()[..])
        .bind(i64::try_from(start).unwrap_or(i64::MAX))
        .bind(i64::try_from(length).unwrap_or(i64::MAX))
        .bind(IN_PACK)
        .fetch_optional(self.readers())
        .await
        .map_err(database("read a sealed letter"))?;
        row.as_ref().map(place).transpose()
    }

    async fn names_pack(&self, pack: u64) -> Result<bool> {
        // No index serves this: it is asked once for each pack, when it goes.
        let found = sqlx::query(
            "select 1 from letters where place = $1 and substr(sealed, 1, 8) = $2 limit 1",
        )
        .bind(IN_PACK)
        .bind(&pack.to_be_bytes()[..])
        .fetch_optional(self.readers())
        .await;
        Ok(found
            .map_err(database("look for the letters of a pack"))?
            .is_some())
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Listed>> {
        lists::list(self.readers(), filter).await
    }

    async fn letter(&self, letter: LetterId) -> Result<Option<Listed>> {
        lists::letter(self.readers(), letter).await
    }

    async fn change(&self, changes: Vec<Change>, now: Timestamp) -> Result<Vec<GrantId>> {
        // What happened before stands before it in the log; but nothing keeps a letter open.
        if let Err(error) = self.journal.take_up().await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "an ending is told before what happened before it");
        }
        let changes = Arc::new(changes);
        self.write(move |connection| Box::pin(change(connection, changes.clone(), now)))
            .await
    }

    async fn expire_letter_at(&self, letter: LetterId, until: Timestamp) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query("update letters set expires = max(expires, $2) where id = $1")
                    .bind(&letter.as_bytes()[..])
                    .bind(until.unix())
                    .execute(connection)
                    .await
                    .map_err(database("extend a letter"))?;
                Ok(())
            })
        })
        .await
    }

    async fn remember_opened(&self, grant: GrantId, now: Timestamp) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query("update grants set opened = $2 where id = $1 and opened is null")
                    .bind(&grant.as_bytes()[..])
                    .bind(now.unix())
                    .execute(connection)
                    .await
                    .map_err(database("remember a reading"))?;
                Ok(())
            })
        })
        .await
    }

    async fn forget(&self, target: Target) -> Result<Vec<LetterId>> {
        self.write(move |connection| Box::pin(forget(connection, target)))
            .await
    }

    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<GrantRow>> {
        let statement =
            select_grants!("where state = 1 and state_at <= $1 order by state_at limit $2");
        let rows = sqlx::query(statement)
            .bind(now.unix())
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await
            .map_err(database("look for grants that ran out"))?;
        rows.iter().map(grant_row).collect()
    }

    async fn unreadable(&self, limit: u32) -> Result<Vec<LetterId>> {
        let rows = sqlx::query(
            "select id from letters where place <> $1 and not exists \
             (select 1 from grants where grants.letter = letters.id and grants.state = 1) limit $2",
        )
        .bind(GONE)
        .bind(i64::from(limit))
        .fetch_all(self.readers())
        .await
        .map_err(database("look for letters that nobody can open"))?;
        rows.iter()
            .map(|row| Ok(LetterId::from_bytes(bytes(row, "id")?)))
            .collect()
    }

    async fn drop_sealed(&self, letters: Vec<LetterId>) -> Result<()> {
        let letters = Arc::new(letters);
        self.write(move |connection| Box::pin(drop_sealed(connection, letters.clone())))
            .await
    }

    async fn drop_tombstones(&self, before: Timestamp, limit: u32) -> Result<Vec<GrantId>> {
        self.write(move |connection| Box::pin(drop_tombstones(connection, before, limit)))
            .await
    }

    async fn existing(&self, grants: &[GrantId]) -> Result<Vec<GrantId>> {
        let mut existing = Vec::new();
        for grant in grants {
            let found = sqlx::query("select 1 from grants where id = $1")
                .bind(&grant.as_bytes()[..])
                .fetch_optional(self.readers())
                .await
                .map_err(database("look for a grant"))?;
            existing.extend(found.map(|_| *grant));
        }
        Ok(existing)
    }

    async fn all_grants(&self, after: Option<GrantId>, limit: u32) -> Result<Vec<GrantRow>> {
        let after = after
            .map(|after| after.as_bytes().to_vec())
            .unwrap_or_default();
        let rows = sqlx::query(select_grants!("where id > $1 order by id limit $2"))
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await
            .map_err(database("read all grants"))?;
        rows.iter().map(grant_row).collect()
    }
}

fn place(row: &SqliteRow) -> Result<Place> {
    match get::<i64>(row, "place")? {
        IN_ROW => Ok(Place::Row(Bytes::from(get::<Vec<u8>>(row, "sealed")?))),
        AMONG_BLOBS => Ok(Place::Blob),
        GONE => Ok(Place::Gone),
        IN_PACK => match Berth::from_bytes(&get::<Vec<u8>>(row, "sealed")?) {
            Some(berth) => Ok(Place::Pack(berth)),
            None => Err(StoreError::Changed { what: "a letter" }),
        },
        _ => Err(StoreError::Changed { what: "a letter" }),
    }
}

fn insert_letter(letter: LetterRow, place: Place) -> Insertion {
    let (place, sealed) = match place {
        Place::Row(sealed) => (IN_ROW, Some(Vec::from(sealed))),
        Place::Blob => (AMONG_BLOBS, None),
        Place::Pack(berth) => (IN_PACK, Some(berth.to_bytes().to_vec())),
        Place::Gone => (GONE, None),
    };
    Insertion::new(
        "insert into letters (id, sender, message_id_hash, created, expires, size, raw_download, \
         place, sealed) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .blob(letter.id.as_bytes().to_vec())
    .text(&letter.sender)
    .blob(letter.message_id_hash.map(|hash| hash.to_vec()))
    .integer(letter.created.unix())
    .integer(letter.expires.unix())
    .integer(letter.size as i64)
    .integer(i64::from(letter.raw_download))
    .integer(place)
    .blob(sealed)
}

fn insert_grant(row: GrantRow) -> Insertion {
    let (state, state_at) = state_columns(&row.standing.state);
    Insertion::new(
        "insert into grants (id, letter, recipient, mailbox, rights, sender, template, download, \
         commitment, verifier, created, state, state_at, mark, opened, wrap, summary) values \
         (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .blob(row.grant.grant.as_bytes().to_vec())
    .blob(row.grant.letter.as_bytes().to_vec())
    .text(&row.grant.recipient)
    .text(&row.mailbox)
    .integer(i64::from(row.grant.rights.bits()))
    .text(&row.grant.sender)
    .text(&row.grant.template)
    .integer(i64::from(row.grant.download))
    .blob(row.grant.commitment.to_vec())
    .blob(row.standing.verifier.to_vec())
    .integer(row.standing.created.unix())
    .integer(state)
    .integer(state_at)
    .blob(row.mark)
    .integer(row.opened.map(Timestamp::unix))
    .blob(row.wrap)
    .blob(row.summary)
}

async fn change(
    connection: &mut SqliteConnection,
    changes: Arc<Vec<Change>>,
    now: Timestamp,
) -> Result<Vec<GrantId>> {
    let mut applied = Vec::new();
    let mut entries = Vec::new();
    for change in changes.iter() {
        let (state, state_at) = state_columns(&change.standing.state);
        let ended = !matches!(change.standing.state, GrantState::Active { .. });
        let done = sqlx::query(
            "update grants set state = $3, state_at = $4, mark = $5, \
             wrap = case when $6 then null else wrap end, \
             summary = case when $6 then null else summary end where id = $1 and mark = $2",
        )
        .bind(&change.grant.as_bytes()[..])
        .bind(&change.from)
        .bind(state)
        .bind(state_at)
        .bind(&change.mark)
        .bind(ended)
        .execute(&mut *connection)
        .await
        .map_err(database("change a grant"))?;
        if done.rows_affected() > 0 {
            applied.push(change.grant);
            if let Some(event) = &change.event {
                entries.push(audit::Entry::new(event, now)?);
            }
        }
    }
    audit::append(connection, entries.iter()).await?;
    Ok(applied)
}

async fn forget(connection: &mut SqliteConnection, target: Target) -> Result<Vec<LetterId>> {
    let (statement, id) = match &target {
        Target::Letter(id) => (
            "delete from grants where letter = $1 returning letter",
            id.as_bytes(),
        ),
        Target::Grant(id) => (
            "delete from grants where id = $1 returning letter",
            id.as_bytes(),
        ),
    };
    let rows = sqlx::query(statement)
        .bind(&id[..])
        .fetch_all(&mut *connection)
        .await;
    let rows = rows.map_err(database("forget grants"))?;
    drop_empty_letters(connection, &rows).await
}

async fn drop_tombstones(
    connection: &mut SqliteConnection,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<GrantId>> {
    let rows = sqlx::query(
        "delete from grants where id in (select id from grants where state <> 1 \
         and state_at <= $1 limit $2) returning id, letter",
    )
    .bind(before.unix())
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await
    .map_err(database("drop tombstones"))?;
    drop_empty_letters(connection, &rows).await?;
    rows.iter()
        .map(|row| Ok(GrantId::from_bytes(bytes(row, "id")?)))
        .collect()
}

/// Deletes the letters of deleted grants where none is left, and says which.
async fn drop_empty_letters(
    connection: &mut SqliteConnection,
    grants: &[SqliteRow],
) -> Result<Vec<LetterId>> {
    let mut dropped = Vec::new();
    for row in grants {
        let letter: [u8; 16] = bytes(row, "letter")?;
        let deleted = sqlx::query(
            "delete from letters where id = $1 \
             and not exists (select 1 from grants where letter = $1)",
        )
        .bind(&letter[..])
        .execute(&mut *connection)
        .await
        .map_err(database("drop a letter"))?;
        dropped.extend((deleted.rows_affected() > 0).then_some(LetterId::from_bytes(letter)));
    }
    Ok(dropped)
}

async fn drop_sealed(connection: &mut SqliteConnection, letters: Arc<Vec<LetterId>>) -> Result<()> {
    for letter in letters.iter() {
        sqlx::query("update letters set place = $2, sealed = null where id = $1")
            .bind(&letter.as_bytes()[..])
            .bind(GONE)
            .execute(&mut *connection)
            .await
            .map_err(database("drop a sealed letter"))?;
    }
    Ok(())
}
