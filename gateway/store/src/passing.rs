//! What is remembered of mail that passes: partial delivery, the outbox, threads, spent nonces.
//! Message text is never here; the outbox holds whole items, closed under the server key.

use std::fmt;

use mail::{LabelId, Rights, Timestamp};

/// How long partial delivery is remembered at most.
pub const SERVED_SECONDS: i64 = 5 * 24 * 3_600;
/// The most recipients remembered in one call.
pub const SERVED_RECIPIENTS_MAX: usize = 10_000;
/// The largest outbox item, in bytes.
pub const OUTBOX_ITEM_BYTES_MAX: usize = 1024 * 1024;
/// The most items the outbox holds.
pub const OUTBOX_ITEMS_MAX: u64 = 100_000;
/// How long an item handed out as due is left to whoever took it.
pub const OUTBOX_LEASE_SECONDS: i64 = 5 * 60;
/// How long a do-not-forward thread is remembered.
pub const THREAD_SECONDS: i64 = 365 * 24 * 3_600;
/// How long the label of a thread is remembered.
pub const THREAD_LABEL_SECONDS: i64 = 365 * 24 * 3_600;
/// The most messages of a thread that are asked about at once.
pub const THREAD_LABELS_MAX: usize = 100;
/// The most participants of a remembered thread.
pub const PARTICIPANTS_MAX: usize = 10_000;

/// Which message a memory of partial delivery is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServedKey {
    /// The envelope sender, empty for the null sender.
    pub sender: String,
    /// The digest of the message without its trace fields.
    pub digest: [u8; 32],
}

/// How far the delivery to one recipient came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServedState {
    /// Written before the final dot; whether it arrived is not known.
    Begun,
    /// The next hop answered 250.
    Served,
}

/// One remembered recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The recipient, as given.
    pub recipient: String,
    /// How far it came.
    pub state: ServedState,
}

/// A mail that nobody else holds and that is still to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// The envelope sender, empty for the null sender.
    pub sender: String,
    /// The envelope recipients.
    pub recipients: Vec<String>,
    /// The whole message.
    pub message: Vec<u8>,
}

impl fmt::Debug for OutboxItem {
    /// Message text stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxItem")
            .field("sender", &self.sender)
            .field("recipients", &self.recipients)
            .field("message_bytes", &self.message.len())
            .finish()
    }
}

/// The name of an outbox item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutboxId(pub [u8; 16]);

/// A mail of ours, closed under the server key, that is to go into the outbox with a letter.
#[derive(Debug)]
pub struct ClosedItem {
    /// What it will be called there.
    pub id: OutboxId,
    pub(crate) closed: Vec<u8>,
}

/// An outbox item whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its name.
    pub id: OutboxId,
    /// When it was put in.
    pub created: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// The mail.
    pub item: OutboxItem,
}

/// The label that a message of a thread left with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadLabel {
    /// The label; none when it was taken off for a reason that was given.
    pub label: Option<LabelId>,
    /// Until when it is remembered.
    pub until: Timestamp,
}

/// A do-not-forward thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Everyone on the original (sender, To, Cc, envelope), lower-case, sorted.
    pub participants: Vec<String>,
    /// What they may do.
    pub rights: Rights,
    /// Until when it is remembered.
    pub until: Timestamp,
}
