//! Letters and grants as the store takes them and gives them back.
//! Nothing here is plaintext of a letter: subject and names come closed under the link secret.

use mail::{Rights, Timestamp};
use seal::{Grant, GrantId, GrantState, LetterId, ShredKey, Wrap};

/// The most grants one letter may have.
pub const GRANTS_MAX: usize = 1_000;
/// The longest closed summary, in bytes.
pub const SUMMARY_BYTES_MAX: usize = 16 * 1024;
/// Sealed letters shorter than this stand in the records database.
pub const INLINE_BYTES: usize = 16 * 1024;
/// Those from there on and shorter than this stand in packs, longer ones in files of their own.
pub const PACKED_BYTES: usize = 256 * 1024;
/// The longest text of one field: an address, a template's name.
pub const FIELD_BYTES_MAX: usize = 1_024;
/// How long an ended grant's tombstone tells the holder of its link what became of it.
pub const TOMBSTONE_SECONDS: i64 = 365 * 24 * 3_600;

/// A sealed letter to keep.
#[derive(Debug, Clone)]
pub struct NewLetter {
    /// Its id, as in the sealed header.
    pub id: LetterId,
    /// The envelope sender, empty for the null sender.
    pub sender: String,
    /// SHA-256 of its Message-ID, to find it by; the Message-ID itself is not kept.
    pub message_id_hash: Option<[u8; 32]>,
    /// When it was sealed.
    pub created: Timestamp,
    /// The first second at which it opens no more.
    pub expires: Timestamp,
    /// Header and chunks.
    pub sealed: Vec<u8>,
    /// The length of the open letter in bytes.
    pub size: u64,
    /// Whether the whole letter may be downloaded as it came (an ambiguous one may not).
    pub raw_download: bool,
    /// One per reader; at least one, at most [`GRANTS_MAX`].
    pub grants: Vec<NewGrant>,
}

/// One reader's part of a [`NewLetter`].
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// What the reader may do.
    pub grant: Grant,
    /// The content key closed for this reader.
    pub wrap: Wrap,
    /// The half of the wrap's lock that stays here; the store closes it under the server key.
    pub shred_key: ShredKey,
    /// Closed under the link secret ([`seal::close_summary`]).
    pub summary: Vec<u8>,
    /// [`seal::LinkSecret::verifier`].
    pub verifier: [u8; 32],
}

/// A grant as it stands now; every field was checked against its mark.
#[derive(Debug, Clone)]
pub struct GrantRecord {
    /// What the reader may do.
    pub grant: Grant,
    /// Whether it opens. Expiry is judged by the clock, not by whether the purge has run.
    pub state: GrantState,
    /// The content key closed for this reader; `None` once ended.
    pub wrap: Option<Wrap>,
    /// `None` once ended, and when the keys database has lost it: then nothing opens the letter.
    pub shred_key: Option<ShredKey>,
    /// Subject and names under the link secret; `None` once ended and purged.
    pub summary: Option<Vec<u8>>,
    /// Compare with [`seal::LinkSecret::fits`] before anything is told.
    pub verifier: [u8; 32],
    /// When the letter was sealed.
    pub created: Timestamp,
    /// Whether the whole letter may be downloaded as it came, if the rights allow it.
    pub raw_download: bool,
    /// When it was first read.
    pub opened: Option<Timestamp>,
}

/// What of a letter stays readable, for lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterSummary {
    /// Its id.
    pub id: LetterId,
    /// The envelope sender, empty for the null sender.
    pub sender: String,
    /// When it was sealed.
    pub created: Timestamp,
    /// The latest expiry that was set for it.
    pub expires: Timestamp,
    /// The length of the open letter in bytes.
    pub size: u64,
    /// Its grants, in the order of their ids.
    pub grants: Vec<GrantSummary>,
}

/// What of a grant stays readable, for lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantSummary {
    /// Its id.
    pub grant: GrantId,
    /// The mailbox.
    pub recipient: String,
    /// What the reader may do.
    pub rights: Rights,
    /// Whether it opens.
    pub state: GrantState,
    /// When it was first read.
    pub opened: Option<Timestamp>,
    /// False if the record is not as it was written: then nothing opens it, and what is shown here
    /// is what somebody made of it.
    pub intact: bool,
}

/// Which letters to list, newest first. What is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// From this envelope sender.
    pub sender: Option<String>,
    /// With a grant for this mailbox.
    pub recipient: Option<String>,
    /// With this Message-ID ([`crate::message_id_hash`]).
    pub message_id_hash: Option<[u8; 32]>,
    /// Go on behind this letter of the page before.
    pub after: Option<LetterId>,
    /// How many at most; never more than [`Filter::LIMIT_MAX`], which `None` means.
    pub limit: Option<u32>,
}

impl Filter {
    /// The longest page.
    pub const LIMIT_MAX: u32 = 1_000;
}

/// A letter with all its grants, or one grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// All grants of a letter.
    Letter(LetterId),
    /// One grant.
    Grant(GrantId),
}

impl From<LetterId> for Target {
    fn from(letter: LetterId) -> Self {
        Self::Letter(letter)
    }
}

impl From<GrantId> for Target {
    fn from(grant: GrantId) -> Self {
        Self::Grant(grant)
    }
}

/// What a purge did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Grants that had run out and were ended.
    pub expired: u64,
    /// Letters whose sealed bytes were deleted.
    pub letters: u64,
    /// Tombstones that had served their time.
    pub tombstones: u64,
    /// Challenges, visits, known browsers, served memory, threads and nonces that had run out.
    pub rows: u64,
    /// Keys and files of letters that were never completed.
    pub orphans: u64,
}
