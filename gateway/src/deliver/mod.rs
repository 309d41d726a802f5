//! The next hop: connections, and what it answered for each recipient.
//! Nothing here decides whether a message may leave, and nothing is said to be delivered that the
//! next hop has not answered 2xx for.

mod connection;
mod pool;
mod relay;

use async_trait::async_trait;
use mail::{Address, BodyType, Sender};
use wire::Reply;

pub use relay::{Relay, RelayError};

/// What to do when the next hop takes some recipients and refuses others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partial {
    /// Send the message to those it takes.
    Proceed,
    /// Send nothing: the caller has something to write down first.
    Stop,
}

/// One transaction for the next hop. The message is `content` joined; no copy is made of it
/// before it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'m> {
    /// Who from.
    pub sender: &'m Sender,
    /// Who for; never empty, each once.
    pub recipients: &'m [Address],
    /// What octets it holds.
    pub body: BodyType,
    /// It may hold UTF-8 in addresses and header fields.
    pub smtputf8: bool,
    /// The message in slices: usually our trace fields, then the octets as they came.
    pub content: &'m [&'m [u8]],
    /// What to do when only some recipients are taken.
    pub partial: Partial,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    replies: Vec<Reply>,
    heard: Vec<u16>,
    end: HandoverEnd,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoverEnd {
    /// What the replies say is what happened.
    Known,
    /// Only some recipients were taken, and [`Partial::Stop`] was asked for: nothing was sent.
    StoppedPartial,
    /// The final dot was sent and no answer understood. Those whose reply is not positive may
    /// have been served all the same (RFC 1047); a retry may double it, once.
    Unknown,
}

impl Handover {
    /// An outcome, one reply for each recipient in their order.
    pub fn new(replies: Vec<Reply>, end: HandoverEnd) -> Self {
        Self {
            replies,
            heard: Vec::new(),
            end,
        }
    }

    /// The same, with the codes that the next hop itself gave.
    #[must_use]
    pub fn hearing(self, heard: Vec<u16>) -> Self {
        Self { heard, ..self }
    }

    /// The same reply for every recipient.
    pub fn uniform(recipients: usize, reply: &Reply) -> Self {
        Self::new(vec![reply.clone(); recipients], HandoverEnd::Known)
    }

    /// The reply for the recipient in this place. A place there is none for was not served.
    pub fn reply(&self, place: usize) -> Reply {
        let none = || Reply::new(451, "4.3.0", "no answer for this recipient");
        self.replies.get(place).cloned().unwrap_or_else(none)
    }

    /// All replies, in the order of the recipients.
    pub fn replies(&self) -> &[Reply] {
        &self.replies
    }

    /// The codes that the next hop itself gave where it decided about somebody, each once. None
    /// where it was not reached; a reply may say another one, in words of ours.
    pub fn heard(&self) -> &[u16] {
        &self.heard
    }

    /// How it ended.
    pub fn end(&self) -> HandoverEnd {
        self.end
    }

    /// Nothing was sent, because only some recipients would have been served.
    pub fn stopped_partial(&self) -> bool {
        self.end == HandoverEnd::StoppedPartial
    }

    /// Every recipient was served.
    pub fn is_positive(&self) -> bool {
        self.replies.iter().all(Reply::is_positive)
    }
}

/// Where mail goes on to. A simulation may stand in for it.
#[async_trait]
pub trait NextHop: Send + Sync {
    /// Delivers one message. It always ends, and never claims what was not answered.
    async fn deliver(&self, delivery: Delivery<'_>) -> Handover;
}
