//! Challenges in SQLite: each rule of `crate::challenge` is one statement or one transaction, so
//! that it holds for many browsers and many nodes at once.

use std::sync::Arc;

use async_trait::async_trait;
use mail::Timestamp;
use seal::GrantId;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::rows::{bytes, count, get, maybe_time, time};
use super::{SqliteRecords, crowd, guesses, visits};
use crate::challenge::{
    ASKS_MAX, ASKS_WAITED_MAX, Asked, CHALLENGE_SECONDS, CHALLENGES_FREE, CHALLENGES_FREE_KNOWN,
    CHALLENGES_SHORT_MAX, Challenge, ChallengeId, DELAY_SECONDS_MAX, TRIES_MAX, Ticket, Try, Visit,
    WINDOW_SECONDS, delay_seconds,
};
use crate::error::{StoreError, database};
use crate::records::{Asking, Challenges, NewVisit};

type Result<T> = std::result::Result<T, StoreError>;

#[async_trait]
impl Challenges for SqliteRecords {
    async fn ask(&self, asking: Asking) -> Result<Asked> {
        let asking = Arc::new(asking);
        self.write(move |connection| Box::pin(ask(connection, asking.clone())))
            .await
    }

    async fn bring_back(&self, asking: Asking, starts: Timestamp) -> Result<()> {
        let asking = Arc::new(asking);
        self.write(move |connection| {
            let asking = asking.clone();
            Box::pin(async move { crowd::bring_back(connection, &asking, starts).await })
        })
        .await
    }

    async fn current(
        &self,
        grant: GrantId,
        browser: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = sqlx::query(
            "select * from challenges where grant_id = $1 and browser = $2 \
             and created is not null and used is null and ends > $3 and tries < $4 \
             order by created desc limit 1",
        )
        .bind(&grant.as_bytes()[..])
        .bind(&browser[..])
        .bind(now.unix())
        .bind(i64::from(TRIES_MAX))
        .fetch_optional(self.readers())
        .await
        .map_err(database("read a challenge"))?;
        row.as_ref().map(challenge).transpose()
    }

    async fn count_try(&self, id: ChallengeId, browser: [u8; 32], now: Timestamp) -> Result<Try> {
        self.write(move |connection| Box::pin(count_try(connection, id, browser, now)))
            .await
    }

    async fn use_up(&self, id: ChallengeId, browser: [u8; 32], now: Timestamp) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                let used = sqlx::query(
                    "update challenges set used = $3 where id = $1 and browser = $2 \
                     and created is not null and used is null and ends > $3 and tries > 0 \
                     returning grant_id, known",
                )
                .bind(&id.0[..])
                .bind(&browser[..])
                .bind(now.unix())
                .fetch_optional(&mut *connection)
                .await
                .map_err(database("use a challenge up"))?;
                let Some(row) = used else { return Ok(false) };
                if count(&row, "known")? == 0 {
                    guesses::take_back(connection, &bytes(&row, "grant_id")?).await?;
                }
                Ok(true)
            })
        })
        .await
    }

    async fn withdraw(&self, id: ChallengeId) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                // Only what was asked for once and never tried: nothing that counts is undone.
                sqlx::query(
                    "delete from challenges where id = $1 and asks = 1 and tries = 0 \
                     and used is null",
                )
                .bind(&id.0[..])
                .execute(&mut *connection)
                .await
                .map_err(database("withdraw a challenge"))?;
                // Of one that was mailed before, only the repeat that was not.
                sqlx::query("update challenges set asks = asks - 1 where id = $1 and asks > 1")
                    .bind(&id.0[..])
                    .execute(connection)
                    .await
                    .map_err(database("withdraw a repeat"))?;
                Ok(())
            })
        })
        .await
    }

    async fn open_visit(&self, visit: NewVisit) -> Result<()> {
        let visit = Arc::new(visit);
        self.write(move |connection| Box::pin(visits::open(connection, visit.clone())))
            .await
    }

    async fn visit(&self, token: [u8; 32], now: Timestamp) -> Result<Option<Visit>> {
        visits::find(self.readers(), token, now).await
    }

    async fn close_visit(&self, token: [u8; 32], now: Timestamp) -> Result<()> {
        self.write(move |connection| Box::pin(visits::close(connection, token, now)))
            .await
    }

    async fn known(&self, mailbox: &str, browser: [u8; 32], now: Timestamp) -> Result<bool> {
        visits::known(self.readers(), mailbox, browser, now).await
    }
}

async fn ask(connection: &mut SqliteConnection, asking: Arc<Asking>) -> Result<Asked> {
    // What the browser has: an open challenge, or one whose time to start has not come or has.
    let present = sqlx::query(
        "select * from challenges where grant_id = $1 and browser = $2 and used is null \
         and ends > $3 and tries < $4 order by asked desc limit 1",
    )
    .bind(&asking.grant.as_bytes()[..])
    .bind(&asking.browser[..])
    .bind(asking.now.unix())
    .bind(i64::from(TRIES_MAX))
    .fetch_optional(&mut *connection)
    .await
    .map_err(database("look for a challenge"))?;
    if let Some(row) = present {
        return ask_again(connection, &row, &asking).await;
    }
    crowd::make_room(connection, &asking.mailbox, asking.now).await?;
    let known = visits::known(
        &mut *connection,
        &asking.mailbox,
        asking.browser,
        asking.now,
    )
    .await?;
    let earlier = earlier(connection, &asking, known).await?;
    let free = if known {
        CHALLENGES_FREE_KNOWN
    } else {
        CHALLENGES_FREE
    };
    insert(connection, &asking, known, delay_seconds(earlier, free)).await
}

/// How many challenges count against this one: strangers' for a stranger, its own for a browser
/// that is known to the mailbox, so that no stranger can keep the reader waiting there.
async fn earlier(connection: &mut SqliteConnection, asking: &Asking, known: bool) -> Result<u64> {
    let row = sqlx::query(
        "select count(*) as earlier from challenges where mailbox = $1 and asked > $2 \
         and known = $3 and ($3 = 0 or browser = $4)",
    )
    .bind(&asking.mailbox)
    .bind(asking.now.unix() - WINDOW_SECONDS)
    .bind(i64::from(known))
    .bind(&asking.browser[..])
    .fetch_one(connection)
    .await
    .map_err(database("count challenges"))?;
    count(&row, "earlier")
}

async fn insert(
    connection: &mut SqliteConnection,
    asking: &Asking,
    known: bool,
    delay: i64,
) -> Result<Asked> {
    let starts = asking.now.plus_seconds(delay);
    let open = delay == 0;
    let long = !known && guesses::are_many(connection, asking.grant.as_bytes(), asking.now).await?;
    // One that waits is kept long enough for its browser to come back.
    let lasts = if open {
        CHALLENGE_SECONDS
    } else {
        delay + DELAY_SECONDS_MAX
    };
    let row = sqlx::query(
        "insert into challenges \
         (id, grant_id, mailbox, browser, known, asked, starts, created, ends, asks, tries, long) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11) returning *",
    )
    .bind(&asking.id.0[..])
    .bind(&asking.grant.as_bytes()[..])
    .bind(&asking.mailbox)
    .bind(&asking.browser[..])
    .bind(i64::from(known))
    .bind(asking.now.unix())
    .bind(starts.unix())
    .bind(open.then_some(asking.now.unix()))
    .bind(asking.now.plus_seconds(lasts).unix())
    .bind(i64::from(open))
    .bind(i64::from(long))
    .fetch_one(connection)
    .await
    .map_err(database("open a challenge"))?;
    if open {
        Ok(Asked::Open(challenge(&row)?))
    } else {
        Ok(wait(asking.id, starts, asking.now))
    }
}

/// The same challenge again; its life is not lengthened. One that waited starts when it may.
async fn ask_again(
    connection: &mut SqliteConnection,
    row: &SqliteRow,
    asking: &Asking,
) -> Result<Asked> {
    let now = asking.now;
    let starts = time(row, "starts")?;
    let created = maybe_time(row, "created")?;
    if created.is_none() && starts > now {
        return Ok(wait(ChallengeId(bytes(row, "id")?), starts, now));
    }
    // One that opens in a crowd has a code that bears to be guessed at more often.
    let many = guesses::are_many(connection, asking.grant.as_bytes(), now).await?
        || created.is_none()
            && crowd::held(connection, &asking.mailbox).await? > CHALLENGES_SHORT_MAX;
    let row = sqlx::query(
        "update challenges set created = coalesce(created, $2), \
         asks = case when known = 0 and long < $4 then 1 else asks + 1 end, \
         ends = case when created is null then $3 else ends end, \
         tries = case when known = 0 and long < $4 then 0 else tries end, \
         long = case when known = 0 and long < $4 then $4 else long end \
         where id = $1 returning *",
    )
    .bind(get::<&[u8]>(row, "id")?)
    .bind(now.unix())
    .bind(now.plus_seconds(CHALLENGE_SECONDS).unix())
    .bind(i64::from(many))
    .fetch_one(connection)
    .await
    .map_err(database("give a challenge again"))?;
    Ok(Asked::Open(challenge(&row)?))
}

async fn count_try(
    connection: &mut SqliteConnection,
    id: ChallengeId,
    browser: [u8; 32],
    now: Timestamp,
) -> Result<Try> {
    let row = sqlx::query(
        "select grant_id, known, long, tries from challenges where id = $1 and browser = $2 \
         and used is null and created is not null and ends > $3",
    )
    .bind(&id.0[..])
    .bind(&browser[..])
    .bind(now.unix())
    .fetch_optional(&mut *connection)
    .await
    .map_err(database("count a try"))?;
    let Some(row) = row else { return Ok(Try::Over) };
    let tries = count(&row, "tries")? + 1;
    let Some(left) = u64::from(TRIES_MAX).checked_sub(tries) else {
        return Ok(Try::Spent);
    };
    if count(&row, "known")? == 0 {
        let grant = bytes(&row, "grant_id")?;
        if count(&row, "long")? == 0 && guesses::are_many(connection, &grant, now).await? {
            lengthen(connection, id).await?;
            return Ok(Try::Longer);
        }
        guesses::count(connection, &grant, now).await?;
    }
    sqlx::query("update challenges set tries = $2 where id = $1")
        .bind(&id.0[..])
        .bind(tries as i64)
        .execute(connection)
        .await
        .map_err(database("count a try"))?;
    Ok(Try::Counted {
        // At most TRIES_MAX, which is a byte.
        left: left as u8,
        long: count(&row, "long")? != 0,
    })
}

/// From now on the challenge has a long code, which nobody has guessed at yet.
async fn lengthen(connection: &mut SqliteConnection, id: ChallengeId) -> Result<()> {
    sqlx::query("update challenges set long = 1, tries = 0, asks = 0 where id = $1")
        .bind(&id.0[..])
        .execute(connection)
        .await
        .map_err(database("lengthen a code"))?;
    Ok(())
}

fn wait(id: ChallengeId, starts: Timestamp, now: Timestamp) -> Asked {
    // The caller found that `starts` lies ahead.
    Asked::Wait {
        seconds: (starts.unix() - now.unix()).max(1) as u64,
        ticket: Ticket { id, starts },
    }
}

fn challenge(row: &SqliteRow) -> Result<Challenge> {
    let tries = u8::try_from(count(row, "tries")?).unwrap_or(TRIES_MAX);
    let waited = time(row, "asked")? < time(row, "starts")?;
    Ok(Challenge {
        id: ChallengeId(bytes(row, "id")?),
        grant: GrantId::from_bytes(bytes(row, "grant_id")?),
        created: time(row, "created")?,
        expires: time(row, "ends")?,
        tries_left: TRIES_MAX.saturating_sub(tries),
        asks: u32::try_from(count(row, "asks")?).unwrap_or(u32::MAX),
        asks_max: match waited && count(row, "known")? == 0 {
            true => ASKS_WAITED_MAX,
            false => ASKS_MAX,
        },
        long: count(row, "long")? != 0,
    })
}
