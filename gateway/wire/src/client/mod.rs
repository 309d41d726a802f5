//! The client's side of SMTP and LMTP (RFC 5321, RFC 2033) as state machines: a
//! [`Connection`] to one next hop, and on it one [`Delivery`] after the other.
//!
//! They know no socket and no clock. They never send a message in clear where TLS is required,
//! and never believe a reply that came before its command.

mod connection;
mod delivery;
mod extensions;
mod outcome;

pub use crate::Protocol;
pub use connection::Connection;
pub use delivery::{Delivery, PIPELINED_COMMANDS_MAX};
pub use extensions::Extensions;
pub use outcome::{End, Outcome};

use crate::reply::Reply;
use crate::timeouts;
use core::time::Duration;
use mail::Envelope;
use std::fmt;

/// How a [`Connection`] speaks.
#[derive(Clone, Debug)]
pub struct Options {
    /// Our name, in `EHLO`.
    pub hostname: String,
    /// Whether the connection is encrypted with `STARTTLS`.
    pub tls: TlsPolicy,
    /// What the next hop speaks.
    pub protocol: Protocol,
}

/// When a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsPolicy {
    /// Never by `STARTTLS`: a loopback hop, or TLS from the first byte.
    None,
    /// If it is offered and works. Who stands in the middle can take it away.
    Opportunistic,
    /// Always: without it nothing is sent, and the message is deferred.
    Required,
}

/// What a connection asks or tells its driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The next hop is ready for the handshake. Do it, then call [`Connection::tls_started`];
    /// when it fails, drop the connection.
    StartTls,
    /// Messages can be delivered.
    Ready,
    /// The connection cannot be used; close it.
    Failed(Failure),
    /// The next hop has answered `QUIT`, or said 421 to an idle connection; close it.
    Closed,
}

/// Why a connection came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("connecting to the next hop, at {stage}: {reply}")]
pub struct Failure {
    /// What was waited for.
    pub stage: Stage,
    /// The next hop's own words, or ours where it said nothing that can be used.
    pub reply: Reply,
}

impl Failure {
    /// What to answer for a message that could not be sent: always 4xx, since nothing was said
    /// about the message.
    #[must_use]
    pub fn deferral(&self) -> Reply {
        self.reply.clone().deferred()
    }
}

/// What the next hop has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Greet.
    Greeting,
    /// Answer `EHLO`, `HELO` or `LHLO`.
    Hello,
    /// Answer `STARTTLS`, and do the handshake.
    StartTls,
    /// Nothing: the connection is idle.
    Idle,
    /// Answer `MAIL`, or the `RSET` before it.
    Mail,
    /// Answer `RCPT`.
    Recipient,
    /// Answer `DATA`.
    DataStart,
    /// Take the message.
    DataBlock,
    /// Answer the final dot. When the connection breaks here, nobody knows whether the message
    /// was taken (RFC 1047).
    DataEnd,
    /// Answer `QUIT`.
    Quit,
}

impl Stage {
    /// How long to wait (RFC 5321 §4.5.3.2).
    #[must_use]
    pub fn timeout(self) -> Duration {
        match self {
            Self::Greeting => timeouts::GREETING,
            Self::Hello | Self::StartTls | Self::Idle | Self::Quit => timeouts::COMMAND,
            Self::Mail => timeouts::MAIL,
            Self::Recipient => timeouts::RECIPIENT,
            Self::DataStart => timeouts::DATA_START,
            Self::DataBlock => timeouts::DATA_BLOCK,
            Self::DataEnd => timeouts::DATA_END,
        }
    }

    /// One stable word, for logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Idle => "idle",
            Self::Mail => "MAIL",
            Self::Recipient => "RCPT",
            Self::DataStart => "DATA",
            Self::DataBlock => "data",
            Self::DataEnd => "end of data",
            Self::Quit => "QUIT",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One message to deliver: an envelope, and slices that together are the message. Usually our
/// trace fields, then the octets as they came; nothing is copied before it is sent.
#[derive(Clone, Copy)]
pub struct Transaction<'m> {
    /// Who from and who for.
    pub envelope: &'m Envelope,
    /// The message in order. Lines end in CRLF; dots are not doubled yet.
    pub parts: &'m [&'m [u8]],
}

/// Without the message, whose text never comes into a log by way of `{:?}`.
impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("envelope", self.envelope)
            .finish_non_exhaustive()
    }
}
