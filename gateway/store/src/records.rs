//! The seams of the store: what a backend for records, sealed bytes or shred keys must do.
//! `conformance` says it in tests; a backend decides nothing about keys or time.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use mail::Timestamp;
use seal::{Grant, GrantId, LetterId, Standing};

use crate::audit::{AuditEvent, AuditFilter, AuditRow, Durability};
use crate::challenge::{Asked, Challenge, ChallengeId, Try, Visit};
use crate::error::StoreError;
use crate::letter::{Filter, Target};
use crate::packs::Berth;
use crate::passing::{OutboxId, Served, ServedKey, ServedState, Thread, ThreadLabel};

pub use crate::holding::{
    ApproversNews, HeldAgain, HeldDelay, HeldEnd, HeldPart, HeldRow, Holding, NewHeldRow,
};

type Result<T> = std::result::Result<T, StoreError>;

/// A letter as a row.
#[derive(Debug, Clone)]
pub struct LetterRow {
    /// Its id.
    pub id: LetterId,
    /// The envelope sender.
    pub sender: String,
    /// SHA-256 of its Message-ID.
    pub message_id_hash: Option<[u8; 32]>,
    /// When it was sealed.
    pub created: Timestamp,
    /// The latest expiry set for it.
    pub expires: Timestamp,
    /// The length of the open letter.
    pub size: u64,
    /// Whether the whole letter may be downloaded as it came.
    pub raw_download: bool,
}

/// A grant as a row.
#[derive(Debug, Clone)]
pub struct GrantRow {
    /// What the reader may do.
    pub grant: Grant,
    /// The mailbox's key, by which challenges are counted.
    pub mailbox: String,
    /// Where it stands.
    pub standing: Standing,
    /// The mark over `grant` and `standing`.
    pub mark: Vec<u8>,
    /// When it was first read.
    pub opened: Option<Timestamp>,
    /// The wrap, while it lasts.
    pub wrap: Option<Vec<u8>>,
    /// The closed summary, while it lasts.
    pub summary: Option<Vec<u8>>,
}

/// A letter with its grants, for a list; its sealed bytes are not read.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The letter.
    pub letter: LetterRow,
    /// Its grants, in the order of their ids.
    pub grants: Vec<GrantRow>,
}

/// A new standing for a grant, applied only if its mark is still the one that was read.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which grant.
    pub grant: GrantId,
    /// The mark that was read.
    pub from: Vec<u8>,
    /// Where it stands from now on.
    pub standing: Standing,
    /// The mark of that.
    pub mark: Vec<u8>,
    /// What the audit log is told if it is applied.
    pub event: Option<AuditEvent>,
}

/// Where sealed bytes stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the row: here they are.
    Row(Bytes),
    /// Among the blobs, under the letter's id.
    Blob,
    /// In a pack among the blobs.
    Pack(Berth),
    /// Deleted.
    Gone,
}

/// What asking for a code needs to know.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The name of a new challenge, if one is made.
    pub id: ChallengeId,
    /// The grant.
    pub grant: GrantId,
    /// Its mailbox's key.
    pub mailbox: String,
    /// The digest of the browser's cookie.
    pub browser: [u8; 32],
    /// Now.
    pub now: Timestamp,
}

/// Letters and grants.
#[async_trait]
pub trait Letters: Send + Sync {
    /// Writes a letter, where its sealed bytes stand, its grants and the mail that tells of it,
    /// durably, all or nothing.
    async fn put_letter(
        &self,
        letter: LetterRow,
        place: Place,
        grants: Vec<GrantRow>,
        mail: Option<NewOutboxRow>,
    ) -> Result<()>;
    /// One grant.
    async fn grant(&self, grant: GrantId) -> Result<Option<GrantRow>>;
    /// The grants of a target, in the order of their ids.
    async fn grants(&self, target: Target) -> Result<Vec<GrantRow>>;
    /// Where a letter's sealed bytes are, or the part of them if they are in the row.
    async fn place(&self, letter: LetterId, range: Option<Range<u64>>) -> Result<Option<Place>>;
    /// Whether a letter's record names this pack.
    async fn names_pack(&self, pack: u64) -> Result<bool>;
    /// Letters, newest first, with their grants.
    async fn list(&self, filter: &Filter) -> Result<Vec<Listed>>;
    /// One letter with its grants.
    async fn letter(&self, letter: LetterId) -> Result<Option<Listed>>;
    /// Applies the changes whose grants still have the mark that was read, with their audit events,
    /// durably and in one piece; an ended grant loses wrap and summary. Says which were applied.
    async fn change(&self, changes: Vec<Change>, now: Timestamp) -> Result<Vec<GrantId>>;
    /// Moves a letter's expiry later, if it is.
    async fn expire_letter_at(&self, letter: LetterId, until: Timestamp) -> Result<()>;
    /// Remembers the first reading.
    async fn remember_opened(&self, grant: GrantId, now: Timestamp) -> Result<()>;
    /// Removes a target without trace, durably; a letter goes with its last grant.
    /// Says which letters went.
    async fn forget(&self, target: Target) -> Result<Vec<LetterId>>;
    /// Active grants whose time ran out before `now`.
    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<GrantRow>>;
    /// Letters of which no grant is active but whose sealed bytes are still there.
    async fn unreadable(&self, limit: u32) -> Result<Vec<LetterId>>;
    /// Deletes the sealed bytes in the row, or notes that the blob is gone.
    async fn drop_sealed(&self, letters: Vec<LetterId>) -> Result<()>;
    /// Tombstones older than `before`, which go; a letter goes with its last grant.
    async fn drop_tombstones(&self, before: Timestamp, limit: u32) -> Result<Vec<GrantId>>;
    /// Which of these grants exist.
    async fn existing(&self, grants: &[GrantId]) -> Result<Vec<GrantId>>;
    /// Gives grants a new mark, for a new server key.
    async fn all_grants(&self, after: Option<GrantId>, limit: u32) -> Result<Vec<GrantRow>>;
}

/// Challenges and visits.
#[async_trait]
pub trait Challenges: Send + Sync {
    /// Gives the browser's open challenge again, or makes one, or says how long to wait.
    async fn ask(&self, asking: Asking) -> Result<Asked>;
    /// Brings back the challenge `asking.id` of a ticket that `starts` then, if it was forgotten.
    async fn bring_back(&self, asking: Asking, starts: Timestamp) -> Result<()>;
    /// The browser's open challenge, if it has one; changes nothing.
    async fn current(
        &self,
        grant: GrantId,
        browser: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Challenge>>;
    /// Counts a try, durably, before anything is compared.
    async fn count_try(&self, id: ChallengeId, browser: [u8; 32], now: Timestamp) -> Result<Try>;
    /// Uses a challenge up; true exactly once.
    async fn use_up(&self, id: ChallengeId, browser: [u8; 32], now: Timestamp) -> Result<bool>;
    /// Takes back a challenge whose code was never mailed, as if it had not been asked for; of one
    /// that was mailed before, the last repeat.
    async fn withdraw(&self, id: ChallengeId) -> Result<()>;
    /// Opens a visit, and makes the browser known to the mailbox until `known_until`. What it has
    /// under its old name, of this letter and all others, it has under the new one instead.
    async fn open_visit(&self, visit: NewVisit) -> Result<()>;
    /// The visit with this token, if it still lasts.
    async fn visit(&self, token: [u8; 32], now: Timestamp) -> Result<Option<Visit>>;
    /// Ends a visit, and tells the log what was only counted of it.
    async fn close_visit(&self, token: [u8; 32], now: Timestamp) -> Result<()>;
    /// Whether the browser proved the mailbox before.
    async fn known(&self, mailbox: &str, browser: [u8; 32], now: Timestamp) -> Result<bool>;
}

/// A visit to open.
#[derive(Debug, Clone)]
pub struct NewVisit {
    /// The digest of the visit's cookie.
    pub token: [u8; 32],
    /// The grant whose mailbox was proved.
    pub grant: GrantId,
    /// That mailbox's key.
    pub mailbox: String,
    /// The browser that proved it, by the name it asked under.
    pub asked_by: [u8; 32],
    /// The same, by the name it has from now on.
    pub browser: [u8; 32],
    /// Now.
    pub opened: Timestamp,
    /// The first second at which the visit is over.
    pub until: Timestamp,
    /// The first second at which the browser is no longer known.
    pub known_until: Timestamp,
}

/// What is remembered of mail that passes.
#[async_trait]
pub trait Passing: Send + Sync {
    /// What is remembered of a message, durably written before.
    async fn served(&self, key: &ServedKey) -> Result<Vec<Served>>;
    /// Remembers recipients, durably; `Served` is never taken back to `Begun`. True if nothing of
    /// the message was remembered before.
    async fn remember_served(
        &self,
        key: ServedKey,
        recipients: Vec<String>,
        state: ServedState,
        now: Timestamp,
    ) -> Result<bool>;
    /// Forgets these recipients of a message. True if they were the last of it.
    async fn forget_served(&self, key: ServedKey, recipients: Vec<String>) -> Result<bool>;
    /// How many messages are remembered.
    async fn served_count(&self) -> Result<u64>;
    /// Whether the outbox takes no more.
    fn is_outbox_full(&self) -> bool;
    /// Puts a closed item into the outbox, durably.
    async fn enqueue(&self, item: NewOutboxRow) -> Result<()>;
    /// Takes items whose time has come, and leases them until `lease`.
    async fn due(&self, now: Timestamp, lease: Timestamp, limit: u32) -> Result<Vec<OutboxRow>>;
    /// Removes items, all in one piece.
    async fn finish(&self, ids: Vec<OutboxId>) -> Result<()>;
    /// Puts an item off.
    async fn postpone(&self, id: OutboxId, until: Timestamp, attempts: u32) -> Result<()>;
    /// Replaces a closed item, for a new server key.
    async fn reclose(&self, id: OutboxId, item: Vec<u8>) -> Result<()>;
    /// How many items there are.
    async fn outbox_count(&self) -> Result<u64>;
    /// All items, in the order of their ids.
    async fn outbox(&self, after: Option<OutboxId>, limit: u32) -> Result<Vec<OutboxRow>>;
    /// Remembers a thread unless it is remembered; says whether this call was the first.
    async fn remember_thread(
        &self,
        message: [u8; 32],
        thread: Thread,
        now: Timestamp,
    ) -> Result<bool>;
    /// The thread of a message.
    async fn thread(&self, message: [u8; 32], now: Timestamp) -> Result<Option<Thread>>;
    /// Remembers the label of a message unless one is remembered; says whether this call was the
    /// first.
    async fn remember_label(
        &self,
        message: [u8; 32],
        label: ThreadLabel,
        now: Timestamp,
    ) -> Result<bool>;
    /// The labels of those of these messages that are remembered, in no order.
    async fn thread_labels(
        &self,
        messages: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<Vec<([u8; 32], ThreadLabel)>>;
    /// Whether a nonce is spent and did not run out.
    async fn is_nonce_spent(&self, id: [u8; 16], now: Timestamp) -> Result<bool>;
    /// Spends a nonce; true exactly once until it runs out.
    async fn spend_nonce(&self, id: [u8; 16], until: Timestamp, now: Timestamp) -> Result<bool>;
    /// Removes challenges, visits, browsers, served memory, threads, their labels and nonces that
    /// ran out; what was only counted of visits is told to the log.
    async fn sweep(&self, now: Timestamp) -> Result<u64>;
}

/// An outbox item to put in.
#[derive(Debug, Clone)]
pub struct NewOutboxRow {
    /// Its name.
    pub id: OutboxId,
    /// Now.
    pub created: Timestamp,
    /// When it is to be handed out.
    pub due: Timestamp,
    /// The item, closed under the server key.
    pub item: Vec<u8>,
}

/// An outbox item as a row.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    /// Its name.
    pub id: OutboxId,
    /// When it was put in.
    pub created: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// The item, closed under the server key.
    pub item: Vec<u8>,
}

/// The audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends events in this order.
    async fn append(
        &self,
        events: Vec<AuditEvent>,
        durability: Durability,
        now: Timestamp,
    ) -> Result<()>;
    /// Appends an event of a visit, durably, or only counts it if the log has it of this visit.
    /// False, and nothing is written, when the visit is over or its grant opens nothing any more.
    async fn append_once(&self, visit: [u8; 32], event: AuditEvent, now: Timestamp)
    -> Result<bool>;
    /// Reads events in their order.
    async fn events(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>>;
    /// Whether appended events wait because the log last took none of them.
    fn is_stuck(&self) -> bool {
        false
    }
}

/// A records backend.
#[async_trait]
pub trait Records: Letters + Challenges + Passing + Holding + AuditLog {
    /// Whether it can be written to now.
    async fn health(&self) -> Result<()>;
    /// Waits for what is under way, and closes.
    async fn close(&self);
}

/// Why a shred key was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody revoked the grant.
    Revoked {
        /// When.
        at: Timestamp,
    },
    /// Its time ran out.
    Expired {
        /// When.
        at: Timestamp,
    },
}

/// A shred key as a row.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// The grant it belongs to.
    pub grant: GrantId,
    /// That grant's letter.
    pub letter: LetterId,
    /// When it was written.
    pub created: Timestamp,
    /// The key, closed under the server key; `None` once ended.
    pub closed: Option<Vec<u8>>,
    /// When and why it was ended.
    pub ended: Option<Ended>,
}

/// A keys backend: a database of its own, outside the backups of the store.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Writes keys, durably, all or nothing.
    async fn put_keys(&self, keys: Vec<KeyRow>) -> Result<()>;
    /// One key.
    async fn key(&self, grant: GrantId) -> Result<Option<KeyRow>>;
    /// Deletes keys for good, overwriting them, and keeps when and why. Durable.
    /// A grant that has no row gets one, so that it can never be given a key again.
    async fn shred(&self, grants: Vec<(GrantId, LetterId)>, ended: Ended) -> Result<()>;
    /// Removes rows without trace; the keys in them are overwritten. Durable.
    async fn forget_keys(&self, grants: Vec<GrantId>) -> Result<()>;
    /// All rows, in the order of their grants.
    async fn keys(&self, after: Option<GrantId>, limit: u32) -> Result<Vec<KeyRow>>;
    /// Replaces closed keys that are still there, for a new server key. Durable.
    async fn reclose_keys(&self, keys: Vec<(GrantId, Vec<u8>)>) -> Result<()>;
    /// Whether it can be written to now.
    async fn health(&self) -> Result<()>;
    /// Waits for what is under way, and closes.
    async fn close(&self);
}
