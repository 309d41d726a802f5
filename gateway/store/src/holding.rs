//! Mail that waits for approval, as a database keeps it: closed, and found by time and state.

use std::sync::Arc;

use async_trait::async_trait;
use mail::Timestamp;
use seal::HeldId;

use crate::audit::AuditEvent;
use crate::error::StoreError;
use crate::held::{HeldCount, HeldRoom};
use crate::passing::ServedKey;
use crate::records::NewOutboxRow;

type Result<T> = std::result::Result<T, StoreError>;

/// Mail that waits for approval.
#[async_trait]
pub trait Holding: Send + Sync {
    /// Writes a message, whom a retry must not have held again and what the sender is told,
    /// durably, all or nothing. False, and nothing is written, when there is no room.
    async fn put_held(&self, held: NewHeldRow, now: Timestamp) -> Result<bool>;
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
    /// Takes one message that is due, and leases it until `lease`.
    async fn take_held(&self, now: Timestamp, lease: Timestamp) -> Result<Option<HeldRow>>;
    /// Puts a message off.
    async fn postpone_held(&self, id: HeldId, until: Timestamp, attempts: u32) -> Result<()>;
    /// Removes a message, in one piece with all that its end says. False, and nothing is done, when
    /// it was decided about meanwhile or is gone.
    async fn finish_held(&self, end: HeldEnd, now: Timestamp) -> Result<bool>;
    /// All parts, in the order of ids and numbers.
    async fn held_parts(&self, after: Option<(HeldId, u32)>, limit: u32) -> Result<Vec<HeldPart>>;
    /// Replaces what is closed, for a new server key. False when it was decided about meanwhile or
    /// is gone.
    async fn reclose_held(
        &self,
        id: HeldId,
        head: Vec<u8>,
        decision: Option<Vec<u8>>,
    ) -> Result<bool>;
    /// Replaces a closed part, if it is still there.
    async fn reclose_held_part(&self, part: HeldPart) -> Result<()>;
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
