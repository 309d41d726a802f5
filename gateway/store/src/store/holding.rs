//! Mail that waits for approval: put in, listed, decided about, taken out. What stands in the
//! records is closed; a decision too, so that nobody makes one with a database alone.

use std::sync::Arc;

use mail::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{Result, Store, mailbox, within};
use crate::audit::AuditEvent;
use crate::error::StoreError;
use crate::held::{
    Decided, Decision, HELD_BROKEN_SECONDS, HELD_LEASE_SECONDS, HELD_PAGE_MAX, HELD_PART_BYTES,
    HELD_REASON_CHARS_MAX, HELD_SUBJECT_CHARS_MAX, Held, HeldCount, HeldId, HeldMail, HeldPlace,
    HeldVerdict, NewHeld, Undone,
};
use crate::passing::{OutboxItem, SERVED_RECIPIENTS_MAX, ServedKey};
use crate::records::{HeldDelay, HeldEnd, HeldRow, NewHeldRow, NewOutboxRow};

/// Purposes of what is closed under the server key.
pub(super) const HEAD: &str = "held head";
pub(super) const PART: &str = "held part";
pub(super) const DECISION: &str = "held decision";
/// Whose share of the place a message takes.
const SHARE: &str = "held sender";

const WHAT: &str = "a held message";

impl Store {
    /// Holds a message: it is on the disk, closed, when this returns, and with it who is not to be
    /// held again and what the sender is told. [`StoreError::HeldFull`] where too much waits,
    /// [`StoreError::HeldShareFull`] where too much of this sender's does.
    pub async fn hold(&self, mut new: NewHeld<'_>) -> Result<HeldId> {
        let (served, recipients) = new.served;
        if let Some(subject) = &mut new.mail.subject {
            *subject = subject.chars().take(HELD_SUBJECT_CHARS_MAX).collect();
        }
        within(
            "the recipients to remember",
            recipients.len(),
            SERVED_RECIPIENTS_MAX,
        )?;
        let id = HeldId::generate(&mut self.entropy());
        let now = self.now();
        let row = NewHeldRow {
            id,
            created: new.mail.since,
            due: new.mail.expires,
            size: new.message.len() as u64,
            sender: self.share_of(&new.mail),
            news: new.news,
            head: self.close_text(HEAD, id, &new.mail),
            parts: self.close_parts(id, new.message),
            served: (served, recipients),
            notice: new.notice.map(|notice| notice.row(now, now)),
            room: new.room,
        };
        match self.records.put_held(row, now).await? {
            HeldPlace::Kept => Ok(id),
            HeldPlace::Full => Err(StoreError::HeldFull),
            HeldPlace::ShareFull => Err(StoreError::HeldShareFull),
        }
    }

    /// Whose share of the place it takes, so that the database alone does not say who that is.
    pub(super) fn share_of(&self, mail: &HeldMail) -> [u8; 32] {
        let name = mailbox(mail.counts_for());
        self.server_key.mac(SHARE, &[name.as_bytes()])
    }

    /// How much mail waits, decided about or not.
    pub async fn held_count(&self) -> Result<HeldCount> {
        self.records.held_count().await
    }

    /// Messages that are held, oldest first, at most `limit` after the last of the page before. One
    /// that the key does not open, or that was changed, is an error in its own place.
    pub async fn held(
        &self,
        after: Option<(Timestamp, HeldId)>,
        limit: u32,
    ) -> Result<Vec<(Timestamp, HeldId, Result<Held>)>> {
        let rows = self.records.held(after, limit.min(HELD_PAGE_MAX)).await?;
        let opened = rows
            .iter()
            .map(|row| (row.created, row.id, self.open_held(row)));
        Ok(opened.collect())
    }

    /// One of them.
    pub async fn held_one(&self, id: HeldId) -> Result<Option<Held>> {
        let row = self.records.held_one(id).await?;
        row.map(|row| self.open_held(&row)).transpose()
    }

    /// The message itself, as it came; wiped from memory when it is dropped.
    pub async fn held_message(&self, held: &Held) -> Result<Zeroizing<Vec<u8>>> {
        let changed = || StoreError::Changed { what: WHAT };
        let size = usize::try_from(held.mail.size).map_err(|_| changed())?;
        let mut message = Zeroizing::new(Vec::with_capacity(size));
        for number in 0..size.div_ceil(HELD_PART_BYTES) as u32 {
            let part = self.records.held_part(held.id, number).await?;
            let part = part.ok_or_else(changed)?;
            let place = place(held.id, number);
            let opened = self.server_key.open(PART, &place, &part);
            message.extend_from_slice(&Zeroizing::new(opened.map_err(closed)?));
        }
        match message.len() == size {
            true => Ok(message),
            false => Err(changed()),
        }
    }

    /// Writes down, with its audit event, what is to happen to a held message. The first who
    /// decides is heard.
    pub async fn decide(
        &self,
        id: HeldId,
        verdict: HeldVerdict,
        reason: Option<&str>,
        by: &str,
    ) -> Result<Decided> {
        let now = self.now();
        let Some(held) = self.held_one(id).await? else {
            return Ok(Decided::Unknown);
        };
        if let Some(decision) = held.decision {
            return Ok(Decided::Before(decision));
        }
        if held.mail.expires <= now {
            return Ok(Decided::Expired(held.mail.expires));
        }
        let decision = Decision {
            verdict,
            reason: reason.map(cut),
            by: by.to_owned(),
            at: now,
        };
        let mut event = event(&format!("held {verdict}"), &held).actor(by);
        if let Some(reason) = &decision.reason {
            event = event.detail("reason", reason);
        }
        let closed = self.close_text(DECISION, id, &decision);
        match self.records.decide_held(id, closed, event, now).await? {
            true => Ok(Decided::Now),
            false => self.decided_meanwhile(id).await,
        }
    }

    async fn decided_meanwhile(&self, id: HeldId) -> Result<Decided> {
        Ok(
            match self.held_one(id).await?.and_then(|held| held.decision) {
                Some(decision) => Decided::Before(decision),
                None => Decided::Unknown,
            },
        )
    }

    /// Takes back, with its audit event, what was decided about a message, unless it is being
    /// carried out: then it waits again, until its time.
    pub async fn undecide(&self, id: HeldId, by: &str) -> Result<Undone> {
        let now = self.now();
        let Some(row) = self.records.held_one(id).await? else {
            return Ok(Undone::Unknown);
        };
        let held = self.open_held(&row)?;
        let Some(decision) = &held.decision else {
            return Ok(Undone::Undecided);
        };
        if row.leased > now {
            return Ok(Undone::UnderWay(decision.clone()));
        }
        let event = event("held undone", &held)
            .actor(by)
            .detail("decision", decision.verdict)
            .detail("decided_by", &decision.by);
        let expires = held.mail.expires;
        let undone = self.records.undecide_held(id, expires, event, now).await?;
        Ok(match undone {
            true => Undone::Now(decision.clone()),
            false => match self.held_one(id).await? {
                None => Undone::Unknown,
                Some(held) => held.decision.map_or(Undone::Undecided, Undone::UnderWay),
            },
        })
    }

    /// Takes one message that is to be looked at: decided about, or too old. It is left to its
    /// taker for [`HELD_LEASE_SECONDS`]. Only what is closed says that it is too old: where the
    /// database alone says so, it waits on. That, and one that does not open, is
    /// [`StoreError::Held`].
    pub async fn take_held(&self) -> Result<Option<Held>> {
        let now = self.now();
        let lease = now.plus_seconds(HELD_LEASE_SECONDS);
        let Some(row) = self.records.take_held(now, lease).await? else {
            return Ok(None);
        };
        let (later, source) = match self.open_held(&row) {
            Ok(held) if held.decision.is_none() && held.mail.expires > now => {
                let what = "the time a held message is due";
                (held.mail.expires, StoreError::Changed { what })
            }
            Ok(held) => return Ok(Some(held)),
            Err(error) => (now.plus_seconds(HELD_BROKEN_SECONDS), error),
        };
        let delay = HeldDelay {
            id: row.id,
            decided: row.decision.is_some(),
            until: later,
            attempts: row.attempts,
            leased: None,
        };
        self.records.postpone_held(delay).await?;
        Err(StoreError::Held {
            id: row.id,
            source: Box::new(source),
        })
    }

    /// Says that its taker is still at it.
    pub async fn keep_held(&self, held: &Held) -> Result<()> {
        let lease = self.now().plus_seconds(HELD_LEASE_SECONDS);
        let delay = delay(held, lease, held.attempts, Some(lease));
        self.records.postpone_held(delay).await
    }

    /// Puts it off until then, after so many attempts; nobody is at it meanwhile.
    pub async fn postpone_held(&self, held: &Held, until: Timestamp, attempts: u32) -> Result<()> {
        let delay = delay(held, until, attempts, None);
        self.records.postpone_held(delay).await
    }

    /// Removes a held message, in one piece with the mail that tells of it, the audit events, and
    /// what was remembered under `served`. False where somebody decided meanwhile: nothing is done.
    pub async fn finish_held(
        &self,
        held: &Held,
        mails: &[OutboxItem],
        events: Vec<AuditEvent>,
        served: ServedKey,
    ) -> Result<bool> {
        let now = self.now();
        let mails: Result<Vec<NewOutboxRow>> = mails
            .iter()
            .map(|item| Ok(self.close_item(item)?.row(now, now)))
            .collect();
        let end = HeldEnd {
            id: held.id,
            decided: held.decision.is_some(),
            mails: mails?,
            events,
            served,
        };
        self.records.finish_held(end, now).await
    }

    /// Somebody reads a held message: in the audit log before they see it.
    pub async fn audit_held_read(&self, held: &Held, by: &str) -> Result<()> {
        let event = event("held read", held).actor(by);
        self.audit(event, crate::audit::Durability::Before).await
    }

    /// The event of a held message that nobody decided about in time.
    pub fn expired_event(held: &Held) -> AuditEvent {
        event("held expired", held).actor("clock")
    }

    /// The event of a held message that could not be dealt with for so long that it was given up.
    pub fn failed_event(held: &Held) -> AuditEvent {
        event("held failed", held).actor("clock")
    }

    pub(super) fn open_held(&self, row: &HeldRow) -> Result<Held> {
        let mail: HeldMail = self.open_text(HEAD, row.id, &row.head)?;
        let decision = match &row.decision {
            Some(closed) => Some(self.open_text(DECISION, row.id, closed)?),
            None => None,
        };
        Ok(Held {
            id: row.id,
            mail,
            decision,
            due: row.due,
            attempts: row.attempts,
        })
    }

    fn close_text<T: Serialize>(&self, purpose: &str, id: HeldId, text: &T) -> Vec<u8> {
        // Strings, numbers and lists of them always become JSON.
        let plain = Zeroizing::new(serde_json::to_vec(text).unwrap_or_default());
        let key = &self.server_key;
        key.close(purpose, id.as_bytes(), &plain, &mut self.entropy())
    }

    fn open_text<T: DeserializeOwned>(&self, purpose: &str, id: HeldId, text: &[u8]) -> Result<T> {
        let opened = self.server_key.open(purpose, id.as_bytes(), text);
        let plain = Zeroizing::new(opened.map_err(closed)?);
        serde_json::from_slice(&plain).map_err(|_| StoreError::Changed { what: WHAT })
    }

    fn close_parts(&self, id: HeldId, message: &[u8]) -> Arc<[Vec<u8>]> {
        let parts = message.chunks(HELD_PART_BYTES).zip(0..);
        let key = &self.server_key;
        let close = |(part, number): (&[u8], u32)| {
            key.close(PART, &place(id, number), part, &mut self.entropy())
        };
        parts.map(close).collect()
    }
}

fn delay(held: &Held, until: Timestamp, attempts: u32, leased: Option<Timestamp>) -> HeldDelay {
    HeldDelay {
        id: held.id,
        decided: held.decision.is_some(),
        until,
        attempts,
        leased,
    }
}

/// What a part is bound to, so that none can stand in for another.
pub(super) fn place(id: HeldId, number: u32) -> Vec<u8> {
    [&id.as_bytes()[..], &number.to_be_bytes()].concat()
}

fn closed(source: seal::OpenError) -> StoreError {
    StoreError::Closed { what: WHAT, source }
}

fn cut(reason: &str) -> String {
    reason.chars().take(HELD_REASON_CHARS_MAX).collect()
}

fn event(kind: &str, held: &Held) -> AuditEvent {
    let mut event = AuditEvent::new(kind).detail("held", held.id);
    event.message = Some(held.mail.message.clone());
    event
}
