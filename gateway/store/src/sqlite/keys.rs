//! Shred keys in SQLite, in a database of their own. What is deleted is overwritten, and the log
//! that carried it is emptied, before a call returns.

use std::sync::Arc;

use async_trait::async_trait;
use mail::Timestamp;
use seal::{GrantId, LetterId};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::rows::{bytes, get, time};
use super::writer::Insertion;
use super::{Database, Form};
use crate::error::{StoreError, database, taken};
use crate::records::{Ended, KeyRow, Keys};

type Result<T> = std::result::Result<T, StoreError>;

/// Why a key was ended, in the column `why`.
const REVOKED: i64 = 2;
const EXPIRED: i64 = 3;

/// Shred keys in SQLite.
pub struct SqliteKeys {
    database: Database,
}

impl SqliteKeys {
    /// Opens the database at `location` (`sqlite:PATH`), making it if it is not there.
    pub async fn open(location: &str) -> Result<Self> {
        let form = Form {
            name: "keys",
            migrations: &[(
                1,
                "ground",
                include_str!("../../migrations/keys/0001_ground.sql"),
            )],
            secure_delete: "on",
        };
        Ok(Self {
            database: Database::open(location, form).await?,
        })
    }

    /// Moves the log into the database and empties it: pages with deleted keys are gone from both.
    async fn empty_log(&self) -> Result<()> {
        self.database
            .writer
            .pragma("pragma wal_checkpoint(truncate)")
            .await
    }
}

#[async_trait]
impl Keys for SqliteKeys {
    async fn put_keys(&self, keys: Vec<KeyRow>) -> Result<()> {
        let insertions = keys.into_iter().map(insert_key).collect();
        let put = self.database.writer.insert(insertions).await;
        put.map_err(taken("a shred key"))
    }

    async fn key(&self, grant: GrantId) -> Result<Option<KeyRow>> {
        let row = sqlx::query("select * from shred_keys where grant_id = $1")
            .bind(&grant.as_bytes()[..])
            .fetch_optional(&self.database.readers)
            .await
            .map_err(database("read a shred key"))?;
        row.as_ref().map(key_row).transpose()
    }

    async fn shred(&self, grants: Vec<(GrantId, LetterId)>, ended: Ended) -> Result<()> {
        let grants = Arc::new(grants);
        self.database
            .writer
            .write(move |connection| Box::pin(shred(connection, grants.clone(), ended)))
            .await?;
        self.empty_log().await
    }

    async fn forget_keys(&self, grants: Vec<GrantId>) -> Result<()> {
        let grants = Arc::new(grants);
        self.database
            .writer
            .write(move |connection| Box::pin(forget(connection, grants.clone())))
            .await?;
        self.empty_log().await
    }

    async fn keys(&self, after: Option<GrantId>, limit: u32) -> Result<Vec<KeyRow>> {
        let after = after
            .map(|after| after.as_bytes().to_vec())
            .unwrap_or_default();
        let rows =
            sqlx::query("select * from shred_keys where grant_id > $1 order by grant_id limit $2")
                .bind(after)
                .bind(i64::from(limit))
                .fetch_all(&self.database.readers)
                .await
                .map_err(database("read all shred keys"))?;
        rows.iter().map(key_row).collect()
    }

    async fn reclose_keys(&self, keys: Vec<(GrantId, Vec<u8>)>) -> Result<()> {
        let keys = Arc::new(keys);
        self.database
            .writer
            .write(move |connection| Box::pin(reclose(connection, keys.clone())))
            .await?;
        self.empty_log().await
    }

    async fn health(&self) -> Result<()> {
        self.database.health().await
    }

    async fn close(&self) {
        self.database.close().await;
    }
}

/// Fails if the grant has a row, an ended one included.
fn insert_key(key: KeyRow) -> Insertion {
    Insertion::new("insert into shred_keys (grant_id, letter, created, closed) values (?, ?, ?, ?)")
        .blob(key.grant.as_bytes().to_vec())
        .blob(key.letter.as_bytes().to_vec())
        .integer(key.created.unix())
        .blob(key.closed)
}

async fn shred(
    connection: &mut SqliteConnection,
    grants: Arc<Vec<(GrantId, LetterId)>>,
    ended: Ended,
) -> Result<()> {
    let (at, why) = match ended {
        Ended::Revoked { at } => (at, REVOKED),
        Ended::Expired { at } => (at, EXPIRED),
    };
    for (grant, letter) in grants.iter() {
        // The first end of a key stands: an expired one cannot be revoked any more.
        sqlx::query(
            "insert into shred_keys (grant_id, letter, created, closed, ended, why) \
             values ($1, $2, $3, null, $3, $4) on conflict (grant_id) do update \
             set closed = null, ended = coalesce(ended, $3), why = coalesce(why, $4)",
        )
        .bind(&grant.as_bytes()[..])
        .bind(&letter.as_bytes()[..])
        .bind(at.unix())
        .bind(why)
        .execute(&mut *connection)
        .await
        .map_err(database("delete a shred key"))?;
    }
    Ok(())
}

async fn forget(connection: &mut SqliteConnection, grants: Arc<Vec<GrantId>>) -> Result<()> {
    for grant in grants.iter() {
        delete(connection, *grant).await?;
    }
    Ok(())
}

async fn delete(connection: &mut SqliteConnection, grant: GrantId) -> Result<()> {
    sqlx::query("delete from shred_keys where grant_id = $1")
        .bind(&grant.as_bytes()[..])
        .execute(connection)
        .await
        .map_err(database("forget a shred key"))?;
    Ok(())
}

async fn reclose(
    connection: &mut SqliteConnection,
    keys: Arc<Vec<(GrantId, Vec<u8>)>>,
) -> Result<()> {
    for (grant, closed) in keys.iter() {
        sqlx::query("update shred_keys set closed = $2 where grant_id = $1 and closed is not null")
            .bind(&grant.as_bytes()[..])
            .bind(closed)
            .execute(&mut *connection)
            .await
            .map_err(database("close a shred key again"))?;
    }
    Ok(())
}

fn key_row(row: &SqliteRow) -> Result<KeyRow> {
    let at = |why| {
        Ok((
            Timestamp::from_unix(get::<Option<i64>>(row, "ended")?.unwrap_or(0)),
            why,
        ))
    };
    let ended = match get::<Option<i64>>(row, "why")?.map(at).transpose()? {
        None => None,
        Some((at, REVOKED)) => Some(Ended::Revoked { at }),
        Some((at, EXPIRED)) => Some(Ended::Expired { at }),
        Some(_) => {
            return Err(StoreError::Changed {
                what: "a shred key",
            });
        }
    };
    Ok(KeyRow {
        grant: GrantId::from_bytes(bytes(row, "grant_id")?),
        letter: LetterId::from_bytes(bytes(row, "letter")?),
        created: time(row, "created")?,
        closed: get(row, "closed")?,
        ended,
    })
}
