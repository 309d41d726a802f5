//! Ending grants: by hand, by the clock; and cleaning up behind them.
//! The records say it first, then the key goes; a call that fails between is made good by the
//! next one, and by every purge.

use mail::Timestamp;
use seal::{GrantId, GrantState, LetterId, Standing};

use super::{Result, Store};
use crate::audit::AuditEvent;
use crate::error::StoreError;
use crate::letter::{Purged, TOMBSTONE_SECONDS, Target};
use crate::records::{Change, Ended, GrantRow, Place};

/// How many rows a purge takes at a time, and how many times at most.
const PURGE_ROWS: u32 = 500;
const PURGE_ROUNDS: u32 = 1_000;
/// Keys and files whose letter never came are left alone for this time: it may be under way.
pub(super) const ORPHAN_SECONDS: i64 = 3_600;
/// How often an ending is tried against others that change the same grant.
const ATTEMPTS: u32 = 4;

impl Store {
    /// Ends a letter's grants, or one grant, for good: on the disk and audited when this returns.
    /// Says how many were active. `by` is who did it, for the audit log.
    pub async fn revoke(&self, target: impl Into<Target>, by: &str) -> Result<u64> {
        let now = self.now();
        let rows = self.records.grants(target.into()).await?;
        let ended = self.end(rows, Ended::Revoked { at: now }, by).await?;
        self.drop_unreadable().await?;
        Ok(ended)
    }

    /// Lets a letter's active grants open until then, if that is later than now set.
    /// Says how many changed. What was revoked or ran out stays shut.
    pub async fn extend(&self, letter: LetterId, until: Timestamp, by: &str) -> Result<u64> {
        let now = self.now();
        let rows = self.records.grants(letter.into()).await?;
        let mut changes = Vec::new();
        for row in &rows {
            self.check_mark(row)?;
            let GrantState::Active { expires } = row.standing.state else {
                continue;
            };
            if expires > now && until > expires {
                let event = event("extended", row, by).detail("until", until.rfc3339());
                let change = self.change(row, GrantState::Active { expires: until });
                changes.push(Change {
                    event: Some(event),
                    ..change
                });
            }
        }
        let changed = self.records.change(changes, now).await?.len() as u64;
        if changed > 0 {
            self.records.expire_letter_at(letter, until).await?;
        }
        Ok(changed)
    }

    /// Ends what ran out before `now`, deletes what nobody can open, sweeps out what was left over.
    pub async fn purge(&self, now: Timestamp) -> Result<Purged> {
        let mut purged = Purged::default();
        for _ in 0..PURGE_ROUNDS {
            let rows = self.records.overdue(now, PURGE_ROWS).await?;
            if rows.is_empty() {
                break;
            }
            purged.expired += self.end(rows, Ended::Expired { at: now }, "clock").await?;
        }
        purged.letters = self.drop_unreadable().await?;
        let before = now.plus_seconds(-TOMBSTONE_SECONDS);
        for _ in 0..PURGE_ROUNDS {
            let dropped = self.records.drop_tombstones(before, PURGE_ROWS).await?;
            if dropped.is_empty() {
                break;
            }
            purged.tombstones += dropped.len() as u64;
            self.keys.forget_keys(dropped).await?;
        }
        purged.rows = self.records.sweep(now).await?;
        purged.orphans = self.drop_orphans(now).await?;
        Ok(purged)
    }

    /// Ends those of `rows` that are active, and makes sure that no ended one still has a key.
    async fn end(&self, rows: Vec<GrantRow>, ended: Ended, by: &str) -> Result<u64> {
        let (kind, state, at) = match ended {
            Ended::Revoked { at } => ("revoked", GrantState::Revoked { at }, at),
            Ended::Expired { at } => ("expired", GrantState::Expired { at }, at),
        };
        let mut count = 0;
        let mut shut = Vec::new();
        let mut open = rows;
        for _ in 0..ATTEMPTS {
            let (active, done) = open.into_iter().partition(|row| is_active(row, ended));
            open = active;
            shut.extend(done.into_iter().filter(|row| !stays_open(row, ended)));
            // A record that was changed is ended like any other: shut is always safe.
            let change = |row: &GrantRow| {
                let event = Some(event(kind, row, by));
                Change {
                    event,
                    ..self.change(row, state)
                }
            };
            let applied = self
                .records
                .change(open.iter().map(change).collect(), at)
                .await?;
            count += applied.len() as u64;
            let (done, raced) = open
                .into_iter()
                .partition(|row| applied.contains(&row.grant.grant));
            shut.extend::<Vec<GrantRow>>(done);
            open = self.again(raced).await?;
            if open.is_empty() {
                break;
            }
        }
        if !shut.is_empty() {
            let shut = shut.iter().map(|row| (row.grant.grant, row.grant.letter));
            self.keys.shred(shut.collect(), ended).await?;
        }
        match open.is_empty() {
            true => Ok(count),
            false => Err(StoreError::Raced { what: "a grant" }),
        }
    }

    /// The rows as they are now, after somebody else changed them.
    async fn again(&self, rows: Vec<GrantRow>) -> Result<Vec<GrantRow>> {
        let mut again = Vec::new();
        for row in rows {
            again.extend(self.records.grant(row.grant.grant).await?);
        }
        Ok(again)
    }

    pub(super) fn change(&self, row: &GrantRow, state: GrantState) -> Change {
        let standing = Standing {
            state,
            ..row.standing
        };
        Change {
            grant: row.grant.grant,
            from: row.mark.clone(),
            mark: self
                .server_key
                .mark_standing(&row.grant, &standing)
                .to_vec(),
            standing,
            event: None,
        }
    }

    /// Deletes the sealed bytes of letters that no active grant opens.
    async fn drop_unreadable(&self) -> Result<u64> {
        let mut dropped = 0;
        for _ in 0..PURGE_ROUNDS {
            let letters = self.records.unreadable(PURGE_ROWS).await?;
            if letters.is_empty() {
                break;
            }
            for letter in &letters {
                self.drop_one(*letter).await?;
            }
            dropped += letters.len() as u64;
            self.records.drop_sealed(letters).await?;
        }
        Ok(dropped)
    }

    /// Deletes the sealed bytes of one letter, where they do not stand in its row. What cannot be
    /// deleted now holds nobody else up: nothing opens it, and the sweep comes by again.
    async fn drop_one(&self, letter: LetterId) -> Result<()> {
        let dropped = match self.records.place(letter, Some(0..0)).await {
            Ok(Some(place)) => self.delete_sealed(letter, place).await,
            Ok(None) => Ok(()),
            Err(spoilt @ StoreError::Changed { .. }) => Err(spoilt),
            Err(error) => return Err(error),
        };
        if let Err(error) = dropped {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(%letter, error, "a letter that nobody can open is left to be swept out");
        }
        Ok(())
    }

    /// Removes keys and files of letters that were never completed.
    async fn drop_orphans(&self, now: Timestamp) -> Result<u64> {
        let old = now.plus_seconds(-ORPHAN_SECONDS);
        let mut dropped = 0;
        let mut after: Option<GrantId> = None;
        loop {
            let rows = self.keys.keys(after, PURGE_ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.grant);
            let grants: Vec<GrantId> = rows
                .iter()
                .filter(|row| row.closed.is_some() && row.created <= old)
                .map(|row| row.grant)
                .collect();
            let existing = self.records.existing(&grants).await?;
            let orphans: Vec<GrantId> = grants
                .into_iter()
                .filter(|grant| !existing.contains(grant))
                .collect();
            if !orphans.is_empty() {
                dropped += orphans.len() as u64;
                self.keys.forget_keys(orphans).await?;
            }
        }
        for (letter, written) in self.blobs.blobs().await? {
            let is_named = self.records.place(letter, Some(0..0)).await? == Some(Place::Blob);
            if written <= old && !is_named {
                self.blobs.delete_blob(letter).await?;
                dropped += 1;
            }
        }
        for pack in self.blobs.packs().await? {
            match self.sweep_pack(pack, old).await {
                Ok(orphans) => dropped += orphans,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(pack, error, "a pack of sealed letters could not be swept");
                }
            }
        }
        Ok(dropped)
    }

    /// Takes out of a pack what no record names, and deletes it once it holds nothing.
    async fn sweep_pack(&self, pack: u64, old: Timestamp) -> Result<u64> {
        let mut dropped = 0;
        let mut is_clean = true;
        let entries = self.blobs.in_pack(pack).await?;
        let is_empty = entries.is_empty();
        for (letter, berth, written) in entries {
            match self.records.place(letter, Some(0..0)).await? {
                Some(Place::Pack(named)) if named == berth => {}
                Some(Place::Pack(named)) if named.begins_like(berth) => {
                    tracing::error!(%letter, "a sealed letter is not as long as its record says");
                }
                _ if written > old => is_clean = false,
                _ => {
                    self.blobs.unpack(letter, berth).await?;
                    dropped += 1;
                }
            }
        }
        if !is_empty && is_clean && dropped == 0 {
            self.blobs.pack_is_clean(pack).await?;
        } else if is_empty && self.records.names_pack(pack).await? {
            tracing::error!(
                pack,
                "a pack that records name holds no letter; it is left as it is"
            );
        } else if is_empty {
            self.blobs.delete_pack(pack).await?;
        }
        Ok(dropped)
    }
}

/// Whether `ended` is still to be written for this row.
fn is_active(row: &GrantRow, ended: Ended) -> bool {
    let active = matches!(row.standing.state, GrantState::Active { .. });
    active && !stays_open(row, ended)
}

/// Whether the row is none of `ended`'s business: it was extended meanwhile.
fn stays_open(row: &GrantRow, ended: Ended) -> bool {
    match (row.standing.state, ended) {
        (GrantState::Active { expires }, Ended::Expired { at }) => expires > at,
        _ => false,
    }
}

fn event(kind: &str, row: &GrantRow, by: &str) -> AuditEvent {
    AuditEvent::new(kind)
        .letter(row.grant.letter)
        .grant(row.grant.grant)
        .recipient(&row.grant.recipient)
        .actor(by)
}
