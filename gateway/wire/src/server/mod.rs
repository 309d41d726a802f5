//! The server's side of an SMTP or LMTP session (RFC 5321, RFC 2033) as a state machine.
//! It knows no socket and no clock, and never says 250 for a message by itself.

mod command;
mod dialogue;
mod options;
mod parameters;
mod session;
mod xforward;

pub use options::{BareNewline, Limits, Options, TlsOffer, Xforward};
pub use session::Session;
pub use xforward::Forwarded;

use std::fmt;

use mail::{Address, BodyType, Envelope, Sender};

/// What a session asks its driver. The first three are answered with [`Session::answer`];
/// in LMTP a message may be answered with [`Session::answer_each`] instead.
#[derive(PartialEq)]
pub enum Event {
    /// `MAIL`: may this sender send? A positive answer opens the transaction.
    Sender {
        /// Who sends.
        address: Sender,
        /// How large the message will be, by the client's word. Never over the limit here.
        size: Option<u64>,
        /// What octets it will hold, by the client's word.
        body: BodyType,
        /// It may hold UTF-8 in addresses and header fields.
        smtputf8: bool,
    },
    /// `RCPT`: is this recipient taken?
    Recipient {
        /// Who shall receive.
        address: Address,
    },
    /// The whole message, dots removed, every line ended in CRLF. A positive answer takes
    /// responsibility for it (RFC 5321 §4.2.5).
    Message {
        /// Who from, and those recipients that were answered positively.
        envelope: Envelope,
        /// Its octets.
        raw: Vec<u8>,
    },
    /// The 220 is in the output. Write it, do the handshake, then call
    /// [`Session::tls_started`]; when it fails, drop the connection.
    StartTls,
    /// Write what is in the output, then close.
    Closed,
}

/// Without the message's text, which never comes into a log by way of `{:?}`.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sender { address, size, .. } => write!(f, "Sender({address}, size {size:?})"),
            Self::Recipient { address } => write!(f, "Recipient({address})"),
            Self::Message { raw, .. } => write!(f, "Message({} octets)", raw.len()),
            Self::StartTls => f.write_str("StartTls"),
            Self::Closed => f.write_str("Closed"),
        }
    }
}

/// What the client must do next; it decides how long the driver waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The client's next command.
    Command,
    /// The client's next data.
    Data,
    /// The driver's own answer, or its handshake.
    Driver,
    /// Nothing: the session is over.
    Nothing,
}
