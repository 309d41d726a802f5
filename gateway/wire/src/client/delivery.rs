//! One message over one connection: the envelope in one write, the data, the replies sorted
//! to their recipients. It never reports a recipient as served without the next hop's 2xx.

use super::connection::{Connection, Left};
use super::{End, Outcome, Protocol, Stage, Transaction};
use crate::data::{Fault, Stuffing};
use crate::reply::Reply;
use mail::{Address, BodyType, Envelope};
use std::collections::VecDeque;
use std::fmt;

/// Commands sent ahead of their replies. More could fill both sides' buffers, and each wait
/// for the other (RFC 2920 §3.1).
pub const PIPELINED_COMMANDS_MAX: usize = 100;

/// A message on its way. Write the output, feed what is read, until [`next`](Delivery::next)
/// gives the outcome. A connection whose delivery is dropped before that cannot be used again.
///
/// Eight-bit content goes to a next hop without `8BITMIME` as it is, which is what the trade
/// does: to convert it would change octets nobody asked to change, and break signatures.
pub struct Delivery<'c, 'm> {
    connection: &'c mut Connection,
    envelope: &'m Envelope,
    recipients: Vec<&'m Address>,
    replies: Vec<Option<Reply>>,
    /// Those that `RCPT` accepted, by their place.
    accepted: Vec<usize>,
    body: Stuffing<'m>,
    size: u64,
    smtputf8: bool,
    step: Step,
    expected: VecDeque<Expected>,
    transaction: Opened,
    data: Option<Reply>,
    /// See [`Outcome::heard`].
    heard: Vec<u16>,
    end: Option<End>,
    told: bool,
}

/// What is to be said next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Reset,
    Mail,
    Recipient(usize),
    Data,
    Body,
    LoneDot,
    /// Nothing, until what is expected has come.
    Listen,
}

/// A reply that will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Reset,
    Mail,
    Recipient(usize),
    Data,
    /// To the final dot, for all accepted recipients.
    End,
    /// To the final dot, for one recipient (RFC 2033 §4.2).
    EndFor(usize),
    /// To the final dot of a message to nobody.
    LoneDot,
}

/// The transaction as the next hop sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opened {
    /// No answer to `MAIL` yet.
    Unknown,
    Open,
    /// `MAIL` was refused, or the final dot answered.
    Closed,
}

/// Without the message, whose text never comes into a log by way of `{:?}`.
impl fmt::Debug for Delivery<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("stage", &self.stage())
            .finish_non_exhaustive()
    }
}

impl<'c, 'm> Delivery<'c, 'm> {
    pub(super) fn new(connection: &'c mut Connection, transaction: Transaction<'m>) -> Self {
        let Transaction { envelope, parts } = transaction;
        let recipients: Vec<&Address> = envelope.recipients.iter().collect();
        let step = if connection.take_reset() {
            Step::Reset
        } else {
            Step::Mail
        };
        let mut delivery = Self {
            connection,
            envelope,
            replies: vec![None; recipients.len()],
            recipients,
            accepted: Vec::new(),
            body: Stuffing::new(parts),
            size: parts.iter().map(|part| part.len() as u64).sum(),
            smtputf8: false,
            step,
            expected: VecDeque::new(),
            transaction: Opened::Unknown,
            data: None,
            heard: Vec::new(),
            end: None,
            told: false,
        };
        delivery.judge(parts);
        delivery
    }

    /// Takes bytes from the next hop.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.connection.feed(bytes);
    }

    /// Puts what has to be written into `chunk`, in place of what is there; false if there is
    /// nothing now. To be asked again until it says so.
    pub fn output(&mut self, chunk: &mut Vec<u8>) -> bool {
        chunk.clear();
        if self.end.is_some() {
            return false;
        }
        if self.step == Step::Body {
            self.send_body(chunk);
        } else {
            self.send_commands(chunk);
        }
        !chunk.is_empty()
    }

    /// What became of the message, once. `None`: bytes are needed.
    #[allow(clippy::should_implement_trait)] // No sequence: there is one outcome.
    pub fn next(&mut self) -> Option<Outcome> {
        while self.end.is_none() {
            if self.step == Step::Listen && self.expected.is_empty() {
                self.complete();
                break;
            }
            match self.connection.read() {
                Ok(Some(reply)) => self.hear(reply),
                Ok(None) => return None,
                Err(reply) => self.break_off(&reply),
            }
        }
        self.tell()
    }

    /// The next hop closed, or something did not come in time: what became of the message.
    pub fn lost(&mut self) -> Option<Outcome> {
        let stage = self.stage();
        if self.end.is_none() {
            let text = format!("connection to the next hop lost at {stage}");
            self.break_off(&Reply::new(451, "4.4.2", text));
        }
        self.tell()
    }

    /// The message would go out next, but only to some of its recipients. A driver that must not
    /// let that happen drops the connection instead of asking for the output.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.step == Step::Body && self.accepted.len() < self.recipients.len()
    }

    /// What the next hop has to do next.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match (self.expected.front(), self.step) {
            (Some(Expected::Reset | Expected::Mail), _) => Stage::Mail,
            (Some(Expected::Recipient(_)), _) => Stage::Recipient,
            (Some(Expected::Data), _) => Stage::DataStart,
            (Some(Expected::End | Expected::EndFor(_) | Expected::LoneDot), _) => Stage::DataEnd,
            (None, Step::Body | Step::LoneDot) => Stage::DataBlock,
            (None, Step::Data) => Stage::DataStart,
            (None, Step::Recipient(_)) => Stage::Recipient,
            (None, Step::Reset | Step::Mail | Step::Listen) => Stage::Mail,
        }
    }

    /// Settles before the first command what this next hop cannot take.
    fn judge(&mut self, parts: &[&[u8]]) {
        let offered = self.connection.extensions();
        if offered.size.is_some_and(|max| max > 0 && self.size > max) {
            // RFC 1870 §6.1: known to be refused, so not sent.
            self.settle(&Reply::new(552, "5.3.4", "larger than the next hop takes"));
        }
        let international = |address: &Address| !address.as_str().is_ascii();
        let sender = self.envelope.sender.address().is_some_and(international);
        let anyone = sender || self.recipients.iter().any(|address| international(address));
        if offered.smtputf8 {
            self.smtputf8 = anyone || self.envelope.smtputf8;
        } else if anyone || self.envelope.smtputf8 {
            // RFC 6531 §3.5: what needs the extension must not go where it is not offered.
            let reply = Reply::new(550, "5.6.7", "the next hop does not offer SMTPUTF8");
            if sender || (self.envelope.smtputf8 && header_is_international(parts)) {
                self.settle(&reply);
            }
            for (address, slot) in self.recipients.iter().zip(&mut self.replies) {
                if international(address) {
                    slot.get_or_insert_with(|| reply.clone());
                }
            }
        }
        if self.replies.iter().all(Option::is_some) {
            // A reset that is owed stays owed.
            self.transaction = if self.step == Step::Reset {
                Opened::Open
            } else {
                Opened::Closed
            };
            self.step = Step::Listen;
        }
    }

    /// Commands, as many as may be under way.
    fn send_commands(&mut self, chunk: &mut Vec<u8>) {
        let max = if self.connection.extensions().pipelining {
            PIPELINED_COMMANDS_MAX
        } else {
            1
        };
        while self.expected.len() < max {
            match self.step {
                Step::Reset => {
                    chunk.extend_from_slice(b"RSET\r\n");
                    self.expect(Expected::Reset, Step::Mail);
                }
                Step::Mail => {
                    chunk.extend_from_slice(self.mail().as_bytes());
                    self.expect(Expected::Mail, Step::Recipient(0));
                }
                Step::Recipient(place) if place == self.recipients.len() => self.step = Step::Data,
                Step::Recipient(place) => {
                    let next = Step::Recipient(place + 1);
                    if self.replies[place].is_some() {
                        self.step = next;
                        continue;
                    }
                    let line = format!("RCPT TO:<{}>\r\n", self.recipients[place]);
                    chunk.extend_from_slice(line.as_bytes());
                    self.expect(Expected::Recipient(place), next);
                }
                // All have answered, and nobody is left.
                Step::Data if self.expected.is_empty() && self.accepted.is_empty() => {
                    self.step = Step::Listen;
                }
                Step::Data => {
                    chunk.extend_from_slice(b"DATA\r\n");
                    self.expect(Expected::Data, Step::Listen);
                }
                Step::LoneDot => {
                    chunk.extend_from_slice(b".\r\n");
                    self.expect(Expected::LoneDot, Step::Listen);
                }
                Step::Body | Step::Listen => return,
            }
        }
    }

    fn expect(&mut self, reply: Expected, then: Step) {
        self.expected.push_back(reply);
        self.step = then;
    }

    fn mail(&self) -> String {
        let offered = self.connection.extensions();
        let sender = self.envelope.sender.address().map_or("", Address::as_str);
        let mut line = format!("MAIL FROM:<{sender}>");
        if offered.size.is_some() {
            line.push_str(&format!(" SIZE={}", self.size));
        }
        if offered.eight_bit_mime && self.envelope.body == BodyType::EightBitMime {
            line.push_str(" BODY=8BITMIME");
        }
        if self.smtputf8 {
            line.push_str(" SMTPUTF8");
        }
        line.push_str("\r\n");
        line
    }

    fn send_body(&mut self, chunk: &mut Vec<u8>) {
        if let Err(fault) = self.body.fill(chunk) {
            // Nothing of this chunk goes out, nor the final dot: a next hop that loses the
            // connection here has taken nothing.
            chunk.clear();
            return self.break_off(&unfit(fault));
        }
        if !self.body.is_ended() {
            return;
        }
        match self.connection.protocol() {
            Protocol::Smtp => self.expected.push_back(Expected::End),
            Protocol::Lmtp => {
                self.expected
                    .extend(self.accepted.iter().map(|&place| Expected::EndFor(place)));
            }
        }
        self.step = Step::Listen;
    }

    /// Sorts one reply to where it belongs.
    fn hear(&mut self, reply: Reply) {
        let Some(expected) = self.expected.pop_front() else {
            // In the middle of the data a refusal can be believed, and nothing else.
            let refused = self.step == Step::Body && reply.code >= 400;
            return self.break_off(&if refused { reply } else { unexpected(&reply) });
        };
        // RFC 5321 §3.8: 421 may come at any time, and ends all.
        self.note(expected, reply.code);
        if reply.code == 421 {
            self.expected.push_front(expected);
            return self.break_off(&reply);
        }
        let reply = about_message(expected, reply);
        match (expected, reply.code / 100) {
            (Expected::Reset, 2) | (Expected::LoneDot, 4 | 5) => {}
            (Expected::LoneDot, 2) => self.transaction = Opened::Closed,
            (Expected::Mail, 2) => self.transaction = Opened::Open,
            (Expected::Mail, 4 | 5) => {
                self.transaction = Opened::Closed;
                self.settle(&reply);
                self.step = Step::Listen;
            }
            (Expected::Recipient(place), 2) => {
                if self.replies[place].is_none() {
                    self.accepted.push(place);
                }
            }
            (Expected::Recipient(place), 4 | 5) => {
                self.replies[place].get_or_insert(reply);
            }
            (Expected::Data, 3) => self.begin_body(&reply),
            (Expected::Data, 4 | 5) => {
                // Where nobody was accepted this says nothing new.
                if !self.accepted.is_empty() {
                    self.settle(&reply);
                    self.data = Some(reply);
                }
            }
            (Expected::End, 2 | 4 | 5) => {
                self.transaction = Opened::Closed;
                self.settle(&reply);
                self.data = Some(reply);
            }
            (Expected::EndFor(place), 2 | 4 | 5) => {
                self.transaction = Opened::Closed;
                self.replies[place].get_or_insert(reply);
            }
            _ => {
                self.expected.push_front(expected);
                self.break_off(&unexpected(&reply));
            }
        }
    }

    /// Keeps the code of a reply that says what becomes of somebody.
    fn note(&mut self, expected: Expected, code: u16) {
        let decides = match expected {
            Expected::Mail => code >= 400,
            Expected::Recipient(place) => code >= 400 && self.replies[place].is_none(),
            Expected::Data => code >= 400 && !self.accepted.is_empty(),
            Expected::End | Expected::EndFor(_) => true,
            Expected::Reset | Expected::LoneDot => code == 421,
        };
        if decides && !self.heard.contains(&code) {
            self.heard.push(code);
        }
    }

    fn begin_body(&mut self, reply: &Reply) {
        let lmtp = self.connection.protocol() == Protocol::Lmtp;
        // An answer to data that was not sent yet; or, RFC 2033 §4.2, data for nobody, after
        // which nobody would answer the dot.
        if self.connection.has_input() || (lmtp && self.accepted.is_empty()) {
            self.expected.push_front(Expected::Data);
            return self.break_off(&unexpected(reply));
        }
        // RFC 2920 §3.1: 354 although everyone was refused is answered with a lone dot.
        self.step = if self.accepted.is_empty() {
            Step::LoneDot
        } else {
            Step::Body
        };
    }

    /// This reply is for all that have none yet.
    fn settle(&mut self, reply: &Reply) {
        for slot in &mut self.replies {
            slot.get_or_insert_with(|| reply.clone());
        }
    }

    /// All was said and answered.
    fn complete(&mut self) {
        self.end = Some(End::Complete);
        let left = match self.transaction {
            Opened::Open => Left::Open,
            Opened::Unknown | Opened::Closed => Left::Done,
        };
        let left = if self.connection.has_input() {
            Left::Broken
        } else {
            left
        };
        self.connection.give_back(left);
    }

    /// It cannot go on: this reply is for all that have none yet, and the connection is over.
    fn break_off(&mut self, reply: &Reply) {
        let untouched = self.transaction == Opened::Unknown && !reply.is_permanent();
        let end = if untouched {
            End::Untouched
        } else {
            End::Broken(self.stage())
        };
        self.end = Some(end);
        self.settle(reply);
        self.connection.give_back(Left::Broken);
    }

    fn tell(&mut self) -> Option<Outcome> {
        if std::mem::replace(&mut self.told, true) {
            return None;
        }
        let recipients = self.recipients.iter().map(|&address| address.clone());
        let replies = self.replies.iter().cloned().map(|reply| {
            // Every recipient is settled when a delivery ends; a mistake there is no success.
            reply.unwrap_or_else(|| Reply::new(451, "4.3.0", "no answer was recorded"))
        });
        let recipients = recipients.zip(replies).collect();
        let end = self.end.unwrap_or(End::Broken(Stage::Mail));
        Some(Outcome {
            recipients,
            data: self.data.clone(),
            heard: self.heard.clone(),
            end,
        })
    }
}

/// Codes that speak of the session or the server, not of the message: a command not known or out
/// of order, no mail here, authentication or TLS first (RFC 5321 §4.2.2, RFC 4954 §6, RFC 3207 §4,
/// RFC 7504). After the data they are a verdict like any other.
const SET_UP_CODES: [u16; 5] = [500, 502, 503, 521, 530];

/// The reply as far as it concerns the message: a fault of set-up passes when somebody mends it.
fn about_message(expected: Expected, reply: Reply) -> Reply {
    match expected {
        Expected::Mail | Expected::Recipient(_) | Expected::Data
            if SET_UP_CODES.contains(&reply.code) =>
        {
            Reply::new(451, "4.3.5", format!("next hop: {reply}"))
        }
        _ => reply,
    }
}

/// A message that must not be sent by anyone. It will not become better by waiting.
fn unfit(fault: Fault) -> Reply {
    let what = if fault == Fault::Nul {
        "a NUL"
    } else {
        "a bare CR or LF"
    };
    Reply::new(
        554,
        "5.6.0",
        format!("message not sent: it contains {what}"),
    )
}

fn unexpected(reply: &Reply) -> Reply {
    Reply::new(451, "4.5.0", format!("next hop: not expected: {reply}"))
}

/// Whether the header block holds an octet beyond ASCII.
fn header_is_international(parts: &[&[u8]]) -> bool {
    let mut octets = parts.iter().flat_map(|part| part.iter().copied());
    let mut last = [b'\r', b'\n', b'\r'];
    octets
        .by_ref()
        .take_while(|&octet| {
            let ended = last == [b'\r', b'\n', b'\r'] && octet == b'\n';
            last = [last[1], last[2], octet];
            !ended
        })
        .any(|octet| !octet.is_ascii())
}
