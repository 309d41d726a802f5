//! The audit log: append-only rows, each bound to the one before by its hash.
//! It holds no message text, subject, code, link or key.

use mail::Timestamp;
use seal::{GrantId, LetterId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest event, as JSON in bytes.
pub const EVENT_BYTES_MAX: usize = 16 * 1024;
/// The most events one reading gives.
pub const EVENTS_MAX: u32 = 1_000;
/// A `Within` event is on the disk within this time.
pub const SYNC_SECONDS_MAX: f32 = 1.0;

/// When an event must be safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// On the disk before the call returns: protection events.
    Before,
    /// Written before the call returns (a killed process loses nothing), on the disk within
    /// [`SYNC_SECONDS_MAX`] (a power cut may lose it): "passed unchanged".
    Within,
}

/// Something an auditor may ask about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// What happened, in one word or two (`sealed`, `code verified`).
    pub kind: String,
    /// Our id of the message, as in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
    /// The grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Who did it: an address, an administrator, `clock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Whose copy it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// The rule that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Anything further, by name.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub detail: std::collections::BTreeMap<String, String>,
}

impl AuditEvent {
    /// An event of this kind, about nothing yet.
    pub fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            ..Self::default()
        }
    }

    /// About this letter.
    pub fn letter(mut self, letter: LetterId) -> Self {
        self.letter = Some(letter.to_string());
        self
    }

    /// About this grant.
    pub fn grant(mut self, grant: GrantId) -> Self {
        self.grant = Some(grant.to_string());
        self
    }

    /// Done by this one.
    pub fn actor(mut self, actor: &str) -> Self {
        self.actor = Some(actor.to_owned());
        self
    }

    /// About this one's copy.
    pub fn recipient(mut self, recipient: &str) -> Self {
        self.recipient = Some(recipient.to_owned());
        self
    }

    /// With a further fact.
    pub fn detail(mut self, name: &str, value: impl ToString) -> Self {
        self.detail.insert(name.to_owned(), value.to_string());
        self
    }
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place, counted from 1 without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub event: AuditEvent,
    /// The hash of the row before; zeros for the first.
    pub previous: [u8; 32],
    /// The hash of this row.
    pub hash: [u8; 32],
}

/// Which events to read, in their order. What is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Behind this place.
    pub after: Option<u64>,
    /// Of this kind.
    pub kind: Option<String>,
    /// About this letter.
    pub letter: Option<LetterId>,
    /// Later than this.
    pub since: Option<Timestamp>,
    /// How many at most; never more than [`EVENTS_MAX`], which `None` means.
    pub limit: Option<u32>,
}

/// The hash of a row: over its place, its time, its event as stored, and the hash before it.
pub fn row_hash(seq: u64, at: Timestamp, body: &str, previous: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"sealgate audit 1")
        .chain_update(seq.to_be_bytes())
        .chain_update(at.unix().to_be_bytes())
        .chain_update((body.len() as u64).to_be_bytes())
        .chain_update(body)
        .chain_update(previous)
        .finalize()
        .into()
}
