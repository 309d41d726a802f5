//! The store: records, sealed letters and shred keys, each behind a small trait, and one facade.
//! It never sees the plaintext of a letter, and what it answers as kept is on the disk.

mod alarm;
mod appended;
pub mod audit;
mod blobs;
pub mod challenge;
mod clock;
mod error;
mod files;
pub mod held;
mod holding;
pub mod letter;
mod packs;
pub mod passing;
pub mod records;
mod sqlite;
mod store;

pub use alarm::AuditAlarm;
pub use audit::{AuditEvent, AuditFilter, AuditRow, Durability};
pub use blobs::Blobs;
pub use challenge::{Asked, Challenge, ChallengeId, Ticket, Try, Visit};
pub use clock::{Clock, SystemEntropy};
pub use error::StoreError;
pub use files::Files;
pub use held::{
    Decided, Decision, Held, HeldArrival, HeldCopy, HeldCount, HeldExpiring, HeldId, HeldMail,
    HeldNews, HeldPlace, HeldRoom, HeldVerdict, NewHeld, Undone,
};
pub use letter::{
    Filter, GrantRecord, GrantSummary, LetterSummary, NewGrant, NewLetter, Purged, Target,
};
pub use packs::{Berth, Entry, Packed};
pub use passing::{
    ClosedItem, Due, OutboxId, OutboxItem, Served, ServedKey, ServedState, Thread, ThreadLabel,
};
pub use records::{Keys, Records};
pub use seal::GrantState;
pub use sqlite::{SqliteKeys, SqliteRecords};
pub use store::{Rotated, Store, StoreOptions, message_id_hash};
