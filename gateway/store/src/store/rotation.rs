//! Rotating the server key: everything closed or marked under an older key is done again under
//! the first one of the key file. Links and wraps are not touched.

use mail::Timestamp;
use seal::{GrantId, HeldId, ServerKey};

use super::holding::{DECISION, HEAD, PART, place};
use super::{OUTBOX, Result, SHRED_KEY, Store};
use crate::error::StoreError;
use crate::passing::OutboxId;
use crate::records::{HeldAgain, HeldPart, HeldRow};

/// How many rows are read at a time.
const ROWS: u32 = 500;

/// How many parts of held messages are read at a time; they are large.
const PARTS: u32 = 4;
/// How often a held message is closed again against somebody who decides about it.
const ATTEMPTS: u32 = 4;

/// What a rotation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Shred keys closed again.
    pub keys: u64,
    /// Grants marked again.
    pub grants: u64,
    /// Outbox items closed again.
    pub items: u64,
    /// Held messages closed again.
    pub held: u64,
}

impl Store {
    /// Moves everything to the closing key. It may be interrupted and run again; when it has run
    /// through, the older keys may leave the key file.
    pub async fn rotate(&self) -> Result<Rotated> {
        Ok(Rotated {
            keys: self.rotate_keys().await?,
            grants: self.rotate_grants().await?,
            items: self.rotate_outbox().await?,
            held: self.rotate_held().await?,
        })
    }

    async fn rotate_keys(&self) -> Result<u64> {
        let mut rotated = 0;
        let mut after: Option<GrantId> = None;
        loop {
            let rows = self.keys.keys(after, ROWS).await?;
            let Some(last) = rows.last() else {
                return Ok(rotated);
            };
            after = Some(last.grant);
            let mut again = Vec::new();
            for row in &rows {
                let Some(closed) = &row.closed else { continue };
                let closed = self
                    .server_key
                    .reclose(SHRED_KEY, row.grant.as_bytes(), closed, &mut self.entropy())
                    .map_err(|source| StoreError::Closed {
                        what: "a shred key",
                        source,
                    })?;
                again.extend(closed.map(|closed| (row.grant, closed)));
            }
            rotated += again.len() as u64;
            if !again.is_empty() {
                self.keys.reclose_keys(again).await?;
            }
        }
    }

    async fn rotate_grants(&self) -> Result<u64> {
        let mut rotated = 0;
        let mut after: Option<GrantId> = None;
        loop {
            let rows = self.records.all_grants(after, ROWS).await?;
            let Some(last) = rows.last() else {
                return Ok(rotated);
            };
            after = Some(last.grant.grant);
            let mut changes = Vec::new();
            for row in &rows {
                let mark = self
                    .server_key
                    .mark_standing(&row.grant, &row.standing)
                    .to_vec();
                if mark == row.mark {
                    continue;
                }
                // A changed record must not be made good by a new mark.
                self.check_mark(row)?;
                changes.push(self.change(row, row.standing.state));
            }
            rotated += self.records.change(changes, self.now()).await?.len() as u64;
        }
    }

    async fn rotate_outbox(&self) -> Result<u64> {
        let mut rotated = 0;
        let mut after: Option<OutboxId> = None;
        loop {
            let rows = self.records.outbox(after, ROWS).await?;
            let Some(last) = rows.last() else {
                return Ok(rotated);
            };
            after = Some(last.id);
            for row in &rows {
                let key: &ServerKey = &self.server_key;
                let closed = key
                    .reclose(OUTBOX, &row.id.0, &row.item, &mut self.entropy())
                    .map_err(|source| StoreError::Closed {
                        what: "an outbox item",
                        source,
                    })?;
                if let Some(item) = closed {
                    self.records.reclose(row.id, item).await?;
                    rotated += 1;
                }
            }
        }
    }

    async fn rotate_held(&self) -> Result<u64> {
        self.rotate_held_parts().await?;
        let mut rotated = 0;
        let mut after: Option<(Timestamp, HeldId)> = None;
        loop {
            let rows = self.records.held(after, ROWS).await?;
            let Some(last) = rows.last() else {
                return Ok(rotated);
            };
            after = Some((last.created, last.id));
            for row in rows {
                rotated += u64::from(self.rotate_held_row(row).await?);
            }
        }
    }

    /// Whether there was something to do.
    async fn rotate_held_row(&self, mut row: HeldRow) -> Result<bool> {
        for _ in 0..ATTEMPTS {
            let id = row.id.as_bytes();
            let head = self.closed_again(HEAD, id, &row.head)?;
            let decision = match &row.decision {
                Some(closed) => self.closed_again(DECISION, id, closed)?,
                None => None,
            };
            if head.is_none() && decision.is_none() {
                return Ok(false);
            }
            let again = HeldAgain {
                id: row.id,
                sender: self.share_of(&self.open_held(&row)?.mail),
                head: head.unwrap_or(row.head),
                decision: decision.or(row.decision),
            };
            if self.records.reclose_held(again).await? {
                return Ok(true);
            }
            match self.records.held_one(row.id).await? {
                Some(again) => row = again,
                None => return Ok(false),
            }
        }
        let what = "a held message";
        Err(StoreError::Raced { what })
    }

    async fn rotate_held_parts(&self) -> Result<()> {
        let mut after: Option<(HeldId, u32)> = None;
        loop {
            let parts = self.records.held_parts(after, PARTS).await?;
            let Some(last) = parts.last() else {
                return Ok(());
            };
            after = Some((last.id, last.number));
            for HeldPart { id, number, part } in parts {
                if let Some(part) = self.closed_again(PART, &place(id, number), &part)? {
                    let part = HeldPart { id, number, part };
                    self.records.reclose_held_part(part).await?;
                }
            }
        }
    }

    fn closed_again(&self, purpose: &str, place: &[u8], closed: &[u8]) -> Result<Option<Vec<u8>>> {
        let again = self
            .server_key
            .reclose(purpose, place, closed, &mut self.entropy());
        again.map_err(|source| StoreError::Closed {
            what: "a held message",
            source,
        })
    }
}
