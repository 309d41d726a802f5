//! What became of a message at the next hop, recipient by recipient.

use super::Stage;
use crate::reply::Reply;
use mail::Address;

/// What the next hop said, or what we say where it could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// One reply for each recipient, in the envelope's order. 2xx only where the next hop took
    /// responsibility for that recipient.
    pub recipients: Vec<(Address, Reply)>,
    /// The reply to `DATA`, if it refused, or to the final dot. Absent when it never came to that,
    /// and for LMTP, which answers each recipient.
    pub data: Option<Reply>,
    /// The codes the next hop itself gave where it decided about somebody, each once, in the order
    /// they came: refusals of `MAIL`, `RCPT` and `DATA`, and answers to the final dot.
    pub heard: Vec<u16>,
    /// How it ended.
    pub end: End,
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order: the connection can be used again if it [is ready](super::Connection::is_ready).
    Complete,
    /// The connection broke or left the protocol while this was waited for.
    Broken(Stage),
    /// The next hop ended the session (421) or sent nothing before it closed. Nothing of this
    /// message was taken, so it may be sent again at once over a fresh connection.
    Untouched,
}

impl Outcome {
    /// Every recipient was taken.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.recipients.iter().all(|(_, reply)| reply.is_positive())
    }
}
