//! Every bound on what comes from outside: its name, default, range, and what the peer hears.
//! A limit that is not in this table does not exist.

use std::time::Duration;

use super::read::Section;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// Octets, written "25MiB".
    Size,
    /// Pieces, written 100.
    Count,
    /// Seconds, written "15m".
    Duration,
}

/// One limit: the row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The key under `[limits]`.
    pub name: &'static str,
    /// What it counts.
    pub kind: LimitKind,
    /// What holds when the file says nothing.
    pub default: u64,
    /// The smallest value a file may ask for.
    pub least: u64,
    /// The largest value a file may ask for.
    pub most: u64,
    /// What a peer that runs into it hears, or what happens.
    pub answer: &'static str,
}

/// How a number of the table becomes a field.
trait Bound {
    fn from_number(number: u64) -> Self;
}

impl Bound for u64 {
    fn from_number(number: u64) -> Self {
        number
    }
}

impl Bound for usize {
    fn from_number(number: u64) -> Self {
        usize::try_from(number).unwrap_or(usize::MAX)
    }
}

impl Bound for Duration {
    fn from_number(number: u64) -> Self {
        Duration::from_secs(number)
    }
}

/// One list makes the struct, the table and the reader, so that they cannot disagree.
macro_rules! limits {
    ($($(#[$about:meta])+
       $name:ident: $kind:ident $type:ty =
           $default:expr, $least:expr => $most:expr, $answer:literal;
    )+) => {
        /// `[limits]`
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $($(#[$about])+ pub $name: $type,)+
        }

        /// The table of limits.
        pub const LIMITS: &[Limit] = &[$(Limit {
            name: stringify!($name),
            kind: LimitKind::$kind,
            default: $default,
            least: $least,
            most: $most,
            answer: $answer,
        }),+];

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: <$type>::from_number($default),)+ }
            }
        }

        impl Limits {
            /// Reads the section; what it does not say keeps its default.
            pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
                let mut rows = LIMITS.iter();
                // The rows come in the order of the fields: both are this one list.
                Self { $($name: rows.next().map_or_else(
                    || <$type>::from_number($default),
                    |row| <$type>::from_number(section.limit(row)),
                ),)+ }
            }
        }
    };
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const MINUTE: u64 = 60;

limits! {
    /// The largest message, as announced by SIZE.
    message_size: Size u64 = 35 * MIB, 64 * KIB => 2 * GIB, "552 5.3.4";
    /// The longest command line. RFC 5321 §4.5.3.1.4 asks for 512, extensions for more.
    command_line: Size usize = 2 * KIB, 512 => 64 * KIB, "500 5.5.2";
    /// The longest line of a message. RFC 5321 §4.5.3.1.6 asks for 1000; real mail has more.
    data_line: Size usize = MIB, 1000 => GIB, "550 5.6.0";
    /// Recipients of one message. RFC 5321 §4.5.3.1.8 asks for 100.
    recipients: Count usize = 1000, 100 => 100_000, "452 4.5.3";
    /// Refused commands in one session.
    errors: Count usize = 50, 5 => 10_000, "421 4.7.0";
    /// Connections at one time, over all listeners.
    connections: Count usize = 1000, 1 => 100_000, "421 4.3.2";
    /// Connections at one time from one address.
    connections_per_peer: Count usize = 500, 1 => 100_000, "421 4.7.0";
    /// Octets of messages held at one time, over all sessions. While one is sealed, up to four
    /// copies of it exist: so the process stays under 512 MiB.
    memory: Size u64 = 128 * MIB, MIB => 64 * GIB, "452 4.3.1";
    /// Trace fields a message may already carry: RFC 5321 §6.3 asks for at least 100.
    received: Count usize = 100, 10 => 1000, "554 5.4.6";
    /// Messages that wait for approval at one time.
    held_messages: Count u64 = 10_000, 1 => 1_000_000, "452 4.3.1";
    /// Octets of messages that wait for approval at one time.
    held_bytes: Size u64 = GIB, 64 * KIB => 1024 * GIB, "452 4.3.1";
    /// Of these two, how many percent one sender may take; one message always.
    held_sender_percent: Count u64 = 25, 1 => 100, "452 4.3.1";
    /// The wait for the next command. RFC 5321 §4.5.3.2.7: at least 5 minutes.
    command_timeout: Duration Duration = 5 * MINUTE, 1 => 60 * MINUTE, "421 4.4.2";
    /// The wait for the next octets of a message. RFC 5321 §4.5.3.2.5: 3 minutes.
    data_timeout: Duration Duration = 3 * MINUTE, 1 => 60 * MINUTE, "421 4.4.2";
    /// The time one whole message may take to arrive.
    message_timeout: Duration Duration = 30 * MINUTE, 1 => 1440 * MINUTE, "421 4.4.2";
    /// The time a TLS handshake may take.
    tls_timeout: Duration Duration = 30, 1 => 10 * MINUTE, "the connection is closed";
    /// The time until a message is answered; RFC 5321 §4.5.3.2.6: clients wait 10 minutes.
    answer_timeout: Duration Duration = 9 * MINUTE, 1 => 60 * MINUTE, "451 4.4.7";
    /// The time open sessions get to end when the gateway stops.
    drain: Duration Duration = 30, 1 => 10 * MINUTE, "421 4.3.2";
    /// Connections to the next hop at one time.
    next_hop_connections: Count usize = 64, 1 => 10_000, "451 4.4.5";
    /// The wait for one of these connections.
    next_hop_wait: Duration Duration = MINUTE, 1 => 10 * MINUTE, "451 4.4.5";
    /// How long a connection without work is kept.
    next_hop_idle: Duration Duration = 30, 1 => 10 * MINUTE, "it is closed with QUIT";
    /// The time to reach the next hop.
    next_hop_connect: Duration Duration = 30, 1 => 10 * MINUTE, "451 4.4.1";
    /// The wait for its greeting. RFC 5321 §4.5.3.2.1: 5 minutes.
    next_hop_greeting: Duration Duration = 5 * MINUTE, 1 => 60 * MINUTE, "451 4.4.2";
    /// The wait for its answer to a command. RFC 5321 §4.5.3.2.2: 5 minutes.
    next_hop_command: Duration Duration = 5 * MINUTE, 1 => 60 * MINUTE, "451 4.4.2";
    /// The wait until it takes more of a message. RFC 5321 §4.5.3.2.5: 3 minutes.
    next_hop_data: Duration Duration = 3 * MINUTE, 1 => 60 * MINUTE, "451 4.4.2";
    /// The wait for its last answer. RFC 5321 §4.5.3.2.6: 10 minutes, less our own share.
    next_hop_final: Duration Duration = 8 * MINUTE, 1 => 60 * MINUTE, "451 4.4.2";
}
