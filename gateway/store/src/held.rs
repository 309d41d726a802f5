//! Mail that waits for somebody's approval, as the store takes it and gives it back.
//! On the disk all of it but times, sizes and states is closed under the server key.

use std::fmt;

use mail::Timestamp;
use serde::{Deserialize, Serialize};

pub use seal::HeldId;

use crate::passing::{ClosedItem, ServedKey};

/// Bytes of a held message that are closed together.
pub const HELD_PART_BYTES: usize = 1024 * 1024;
/// The longest reason for holding, releasing or rejecting, in characters; what is longer is cut.
pub const HELD_REASON_CHARS_MAX: usize = 400;
/// How long an item that was taken is left to whoever took it, unless they say that they are still
/// at it.
pub const HELD_LEASE_SECONDS: i64 = 30;
/// How long an item that cannot be opened is left alone, so that the log does not fill with it.
pub const HELD_BROKEN_SECONDS: i64 = 3_600;
/// The most items that one reading gives.
pub const HELD_PAGE_MAX: u32 = 1_000;
/// The most of a held message's subject that is kept for those who approve, in characters.
pub const HELD_SUBJECT_CHARS_MAX: usize = 200;

/// How much mail may wait at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldRoom {
    /// Messages.
    pub messages_max: u64,
    /// Octets of messages.
    pub bytes_max: u64,
    /// How much of either one sender may take, in percent; one message always.
    pub sender_percent: u64,
}

impl HeldRoom {
    /// What one sender may take.
    pub fn share(&self) -> (u64, u64) {
        let part = |whole: u64| {
            let part = u128::from(whole) * u128::from(self.sender_percent) / 100;
            u64::try_from(part).unwrap_or(u64::MAX)
        };
        (part(self.messages_max), part(self.bytes_max))
    }
}

/// Whether there was room for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldPlace {
    /// It is kept.
    Kept,
    /// As much waits as may.
    Full,
    /// As much of this sender's waits as may.
    ShareFull,
}

/// How much mail waits now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeldCount {
    /// Messages.
    pub messages: u64,
    /// Octets of messages.
    pub bytes: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

/// Mail that nobody has decided about and that goes back soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldExpiring {
    /// Messages.
    pub messages: u64,
    /// The first to go.
    pub first: HeldId,
    /// When it goes.
    pub expires: Timestamp,
}

/// All that is known of a held message but its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldMail {
    /// Our id of the message, as in the log.
    pub message: String,
    /// The envelope sender, empty for the null sender.
    pub sender: String,
    /// The copies that wait; never empty.
    pub copies: Vec<HeldCopy>,
    /// Everyone whom the sender named, also those whose copies went their way.
    pub recipients: Vec<String>,
    /// How the message came.
    pub came: HeldArrival,
    /// When it came.
    #[serde(with = "seconds")]
    pub arrived: Timestamp,
    /// Since when it waits.
    #[serde(with = "seconds")]
    pub since: Timestamp,
    /// The first second at which it is too late to approve it.
    #[serde(with = "seconds")]
    pub expires: Timestamp,
    /// The octets of the message.
    pub size: u64,
    /// Its subject, decoded, for those who approve; none where nobody is to be told of it.
    #[serde(default)]
    pub subject: Option<String>,
}

impl HeldMail {
    /// Whose share of the place it takes: the login that was proved, or else the sender as named.
    pub fn counts_for(&self) -> &str {
        self.came.authenticated.as_deref().unwrap_or(&self.sender)
    }

    /// Those whom the sender named and who miss their mail while it waits, with the copy that they
    /// miss; somebody whose mail rules sent to several people stands with each.
    pub fn missed(&self) -> impl Iterator<Item = (&str, &HeldCopy)> {
        let copies = self.copies.iter();
        copies.flat_map(|copy| copy.missed_by().map(move |one| (one, copy)))
    }
}

/// One copy that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCopy {
    /// Whose it is.
    pub recipient: String,
    /// Why it waits.
    pub reason: String,
    /// The rules that had a say in it, in order.
    pub rules: Vec<String>,
    /// Whether a rule added its recipient: the sender never named them and is not told.
    pub added: bool,
    /// Whom the sender named and a rule sent to this recipient instead, where nobody else has that
    /// copy: if this one goes nowhere, the sender is told of these.
    #[serde(default)]
    pub instead_of: Vec<String>,
}

impl HeldCopy {
    /// Those whom the sender named and who miss their mail while this copy waits.
    pub fn missed_by(&self) -> impl Iterator<Item = &str> {
        let own = (!self.added).then_some(self.recipient.as_str());
        own.into_iter()
            .chain(self.instead_of.iter().map(String::as_str))
    }
}

/// How a held message came: what a front end hands over beside envelope and text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldArrival {
    /// The side, in the word of rule files.
    pub source: String,
    /// The peer's address and port.
    pub peer: String,
    /// The address of the client that the peer speaks for.
    pub client: Option<String>,
    /// The name the peer gave itself.
    pub helo: String,
    /// The protocol, as `Received:` names it.
    pub protocol: String,
    /// Whether it came in TLS.
    pub tls: bool,
    /// The login a trusted peer vouches for.
    pub authenticated: Option<String>,
    /// Whether `BODY=8BITMIME` was said (RFC 6152).
    pub eight_bit: bool,
    /// Whether `SMTPUTF8` was said (RFC 6531).
    pub smtputf8: bool,
}

/// Whether those who approve are to hear of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldNews {
    /// They are told when the next mail to them goes.
    ToTell,
    /// They are not told.
    Nothing,
}

/// A message to hold, and what is to be written with it in one piece.
#[derive(Debug)]
pub struct NewHeld<'a> {
    /// All but its text.
    pub mail: HeldMail,
    /// The message as it came.
    pub message: &'a [u8],
    /// Whom a retry of the message must not have held again.
    pub served: (ServedKey, Vec<String>),
    /// What the sender is told.
    pub notice: Option<ClosedItem>,
    /// How much may wait.
    pub room: HeldRoom,
    /// Whether those who approve hear of it.
    pub news: HeldNews,
}

/// A held message as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub id: HeldId,
    /// All but its text.
    pub mail: HeldMail,
    /// What somebody decided about it.
    pub decision: Option<Decision>,
    /// When it is to be looked at next.
    pub due: Timestamp,
    /// How often it was tried to carry the decision out.
    pub attempts: u32,
}

/// What somebody decided about a held message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What is to happen.
    pub verdict: HeldVerdict,
    /// Why, where they said so.
    pub reason: Option<String>,
    /// Who decided.
    pub by: String,
    /// When.
    #[serde(with = "seconds")]
    pub at: Timestamp,
}

/// What is to happen to a held message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldVerdict {
    /// It is judged again with nothing to hold it, and goes its way.
    Release,
    /// It is refused, and its sender gets a report.
    Reject,
    /// It is refused, and nobody is told: a sender outside may be forged, and a report is mail to
    /// whomever they named.
    Drop,
}

impl HeldVerdict {
    /// The word for who asks what became of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "released",
            Self::Reject => "rejected",
            Self::Drop => "dropped",
        }
    }
}

impl fmt::Display for HeldVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What came of deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It is written down, and will be carried out.
    Now,
    /// Somebody had decided before.
    Before(Decision),
    /// It was too late.
    Expired(Timestamp),
    /// Nothing of this name waits.
    Unknown,
}

/// What came of taking a decision back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// It waits again, as before this decision.
    Now(Decision),
    /// Nobody had decided.
    Undecided,
    /// It is being carried out at this moment.
    UnderWay(Decision),
    /// Nothing of this name waits: what was decided was carried out, or it never was here.
    Unknown,
}

/// Times as whole seconds since 1970.
mod seconds {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.unix())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_unix)
    }
}
