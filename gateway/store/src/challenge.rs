//! Challenges: one passcode asked for by one browser, and what keeps guessing and flooding slow.
//! The code itself is not here; it is derived each time and stored nowhere.

use std::fmt;

use mail::Timestamp;
use seal::GrantId;

/// How long a passcode is good; asking again does not lengthen it.
pub const CHALLENGE_SECONDS: i64 = 15 * 60;
/// How many codes may be typed for one challenge.
pub const TRIES_MAX: u8 = 5;
/// How many mails one challenge may cause: who asks more often gets no further one.
pub const ASKS_MAX: u32 = 10;
/// The same for one that had to wait, of a browser that is not known: one mail, and one repeat. Of
/// such browsers there may be any number.
pub const ASKS_WAITED_MAX: u32 = 2;
/// A mailbox's challenges are counted over this time.
pub const WINDOW_SECONDS: i64 = 15 * 60;
/// The longest a reader is ever made to wait for a code.
pub const DELAY_SECONDS_MAX: i64 = 15 * 60;
/// Challenges of one mailbox, from browsers not known, that start at once within the window.
pub const CHALLENGES_FREE: u64 = 3;
/// The same for one browser that proved this mailbox before; strangers do not use it up.
pub const CHALLENGES_FREE_KNOWN: u64 = 5;
/// The wait behind the first challenge that does not start at once; it doubles from there.
pub const DELAY_SECONDS_FIRST: i64 = 30;
/// How many challenges of one mailbox are remembered; beyond it those go first that their
/// browsers' [`Ticket`]s bring back.
pub const CHALLENGES_HELD_MAX: u64 = 10_000;
/// While more challenges of a mailbox are remembered, one that had to wait has the long code: it
/// may be forgotten and brought back, and its tries with it.
pub const CHALLENGES_SHORT_MAX: u64 = 100;
/// How long after its start a ticket brings a challenge back: time to return, and a code's life.
pub const TICKET_SECONDS: i64 = DELAY_SECONDS_MAX + CHALLENGE_SECONDS;
/// How long a browser counts as known after it proved a mailbox.
pub const BROWSER_SECONDS: i64 = 90 * 24 * 3_600;

/// Over this time the wrong codes for one letter and reader are counted together.
pub const GUESSES_SECONDS: i64 = 24 * 3_600;
/// How many wrong codes browsers that are not known may type for one letter and reader within
/// [`GUESSES_SECONDS`]; from then on such browsers need the long code.
pub const GUESSES_FREE: u64 = 20;

/// The name of a challenge; the passcode is derived from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChallengeId(pub [u8; 16]);

impl ChallengeId {
    /// Its bytes, for [`seal::passcode`] and [`seal::reference_words`].
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for ChallengeId {
    /// With the server key it gives the code, so it stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeId(…)")
    }
}

/// A challenge that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Its name.
    pub id: ChallengeId,
    /// The grant it was asked for.
    pub grant: GrantId,
    /// When its code was first made.
    pub created: Timestamp,
    /// The first second at which the code is no longer taken.
    pub expires: Timestamp,
    /// How many codes may still be typed.
    pub tries_left: u8,
    /// How often the browser asked for it; 1 means that the code is new.
    pub asks: u32,
    /// How often the code is mailed at most: [`ASKS_MAX`] or [`ASKS_WAITED_MAX`].
    pub asks_max: u32,
    /// Whether its code is the long one ([`seal::long_passcode`]).
    pub long: bool,
}

/// A place among those who wait. Its browser keeps it, so that nobody can push it out of the
/// store; whoever hands it out marks it for grant and browser, and checks the mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The challenge that waits.
    pub id: ChallengeId,
    /// The first second at which it opens.
    pub starts: Timestamp,
}

/// What came of asking for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Send the code (again).
    Open(Challenge),
    /// Too many were asked for this mailbox: ask again then. It is never longer than
    /// [`DELAY_SECONDS_MAX`] after the browser's first asking, whatever others do meanwhile.
    Wait {
        /// Seconds from now; at least one.
        seconds: u64,
        /// What the browser brings then.
        ticket: Ticket,
    },
}

/// What came of counting a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    /// Counted: now compare. This many remain after it.
    Counted {
        /// Tries that remain.
        left: u8,
        /// Which code to compare with: only the long one, or only the short one.
        long: bool,
    },
    /// All tries are spent; nothing may be compared.
    Spent,
    /// Too many wrong codes were typed for this letter and reader: nothing was counted, nothing
    /// may be compared, and from now on the challenge has a long code, to be asked for again.
    Longer,
    /// Run out, used, another browser's, or unknown; nothing may be compared.
    Over,
}

/// How long the next challenge has to wait when `earlier` came before it within the window.
pub fn delay_seconds(earlier: u64, free: u64) -> i64 {
    if earlier < free {
        return 0;
    }
    let doublings = (earlier - free).min(10) as u32;
    (DELAY_SECONDS_FIRST << doublings).min(DELAY_SECONDS_MAX)
}

/// A browser's session with one letter, after proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The grant whose mailbox was proved.
    pub grant: GrantId,
    /// Since when.
    pub opened: Timestamp,
    /// The first second at which it is over.
    pub until: Timestamp,
}
