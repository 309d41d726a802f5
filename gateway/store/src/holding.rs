//! Mail that waits for approval, as a database keeps it: closed, and found by time and state.

use std::sync::Arc;

use async_trait::async_trait;
use mail::Timestamp;
use seal::HeldId;

use crate::audit::AuditEvent;
use crate::error::StoreError;
use crate::held::{HeldCount, HeldExpiring, HeldNews, HeldPlace, HeldRoom};
use crate::passing::ServedKey;
use crate::records::NewOutboxRow;

type Result<T> = std::result::Result<T, StoreError>;

/// Mail that waits for approval.
#[async_trait]
pub trait Holding: Send + Sync {
    /// Writes a message, whom a retry must not have held again and what the sender is told,
    /// durably, all or nothing. Nothing is written when there is no room.
    async fn put_held(&self, held: NewHeldRow, now: Timestamp) -> Result<HeldPlace>;
    /// How much waits.
    async fn held_count(&self) -> Result<HeldCount>;
    /// Messages behind this one, by the time they were held and their ids.
    async fn held(&self, after: Option<(Timestamp, HeldId)>, limit: u32) -> Result<Vec<HeldRow>>;
    /// One message.
    async fn held_one(&self, id: HeldId) -> Result<Option<HeldRow>>;
    /// One part of its text.
    async fn held_part(&self, id: HeldId, number: u32) -> Result<Option<Vec<u8>>>;
    /// Writes a decision and its audit event, durably and in one piece, and makes the message due.
    /// False, and nothing is written, when there was one before or the message is gone.
    async fn decide_held(
        &self,
        id: HeldId,
        decision: Vec<u8>,
        event: AuditEvent,
        now: Timestamp,
    ) -> Result<bool>;
    /// Takes a decision back, with its audit event, durably and in one piece; the message is due at
    /// its expiry again. False, and nothing is written, when there is none, when it is leased, or
    /// when the message is gone.
    async fn undecide_held(
        &self,
        id: HeldId,
        expires: Timestamp,
        event: AuditEvent,
        now: Timestamp,
    ) -> Result<bool>;
    /// Takes one message that is due, and leases it until `lease`.
    async fn take_held(&self, now: Timestamp, lease: Timestamp) -> Result<Option<HeldRow>>;
    /// Puts a message off, unless it was decided about, or a decision was taken back, meanwhile.
    async fn postpone_held(&self, delay: HeldDelay) -> Result<()>;
    /// Removes a message, in one piece with all that its end says. False, and nothing is done, when
    /// it was decided about meanwhile or is gone.
    async fn finish_held(&self, end: HeldEnd, now: Timestamp) -> Result<bool>;
    /// All parts, in the order of ids and numbers.
    async fn held_parts(&self, after: Option<(HeldId, u32)>, limit: u32) -> Result<Vec<HeldPart>>;
    /// Replaces what is closed, for a new server key. False when it was decided about meanwhile or
    /// is gone.
    async fn reclose_held(&self, again: HeldAgain) -> Result<bool>;
    /// Replaces a closed part, if it is still there.
    async fn reclose_held_part(&self, part: HeldPart) -> Result<()>;
    /// Messages that wait and of which those who approve have not been told, oldest first.
    async fn held_untold(&self, limit: u32) -> Result<Vec<HeldRow>>;
    /// When they were told last.
    async fn approvers_told(&self) -> Result<Option<Timestamp>>;
    /// Writes down that they are told, durably and in one piece with the mail that does it. False,
    /// and nothing is written, when somebody told them after `news.not_since`.
    async fn tell_approvers(&self, news: ApproversNews, now: Timestamp) -> Result<bool>;
    /// What waits undecided and is due after the one time and not after the other.
    async fn held_expiring(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Option<HeldExpiring>>;
}

/// How long a message is left alone.
#[derive(Debug, Clone, Copy)]
pub struct HeldDelay {
    /// Which.
    pub id: HeldId,
    /// Whether there is a decision about it.
    pub decided: bool,
    /// Until when.
    pub until: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Until when somebody is at it, if anybody is.
    pub leased: Option<Timestamp>,
}

/// What of a message is closed under a newer key.
#[derive(Debug, Clone)]
pub struct HeldAgain {
    /// Which.
    pub id: HeldId,
    /// All but its text.
    pub head: Vec<u8>,
    /// What was decided.
    pub decision: Option<Vec<u8>>,
    /// Whose share it takes.
    pub sender: [u8; 32],
}

/// What those who approve are told.
#[derive(Debug)]
pub struct ApproversNews {
    /// Of which messages.
    pub ids: Vec<HeldId>,
    /// The mail that tells them.
    pub mails: Vec<NewOutboxRow>,
    /// They were not told after this.
    pub not_since: Timestamp,
}

/// A message to hold; all of it is closed under the server key.
#[derive(Debug)]
pub struct NewHeldRow {
    /// Its name.
    pub id: HeldId,
    /// Since when it waits.
    pub created: Timestamp,
    /// When it is too old.
    pub due: Timestamp,
    /// The octets of the open message.
    pub size: u64,
    /// All but its text.
    pub head: Vec<u8>,
    /// Its text, in pieces.
    pub parts: Arc<[Vec<u8>]>,
    /// Whom a retry must not have held again.
    pub served: (ServedKey, Vec<String>),
    /// What the sender is told.
    pub notice: Option<NewOutboxRow>,
    /// How much may wait.
    pub room: HeldRoom,
    /// Whose share it takes: a MAC of the name.
    pub sender: [u8; 32],
    /// Whether those who approve hear of it.
    pub news: HeldNews,
}

/// A held message as a row; its text stands elsewhere.
#[derive(Debug, Clone)]
pub struct HeldRow {
    /// Its name.
    pub id: HeldId,
    /// Since when it waits.
    pub created: Timestamp,
    /// When it is to be looked at.
    pub due: Timestamp,
    /// How often it was tried to carry the decision out.
    pub attempts: u32,
    /// Until when somebody is at it.
    pub leased: Timestamp,
    /// All but its text, closed.
    pub head: Vec<u8>,
    /// What was decided, closed.
    pub decision: Option<Vec<u8>>,
}

/// A piece of a held message's text.
#[derive(Debug, Clone)]
pub struct HeldPart {
    /// Whose.
    pub id: HeldId,
    /// Its place, from 0.
    pub number: u32,
    /// The piece, closed.
    pub part: Vec<u8>,
}

/// How a held message ends.
#[derive(Debug)]
pub struct HeldEnd {
    /// Which.
    pub id: HeldId,
    /// Whether its end is what somebody decided, or what the clock did.
    pub decided: bool,
    /// Mail that tells of it.
    pub mails: Vec<NewOutboxRow>,
    /// What the audit log is told.
    pub events: Vec<AuditEvent>,
    /// What was remembered of its delivery, to be forgotten.
    pub served: ServedKey,
}
