//! The session's state, and how its driver moves it: bytes in, events, answers, bytes out.
//! What a command means stands in `dialogue`.

use super::{Event, Forwarded, Options, Waiting};
use crate::Protocol;
use crate::data::{Fault, Progress, Receiver};
use crate::reply::Reply;
use std::collections::HashMap;
use std::fmt;

use mail::{Address, BodyType, Envelope, Recipients, Sender};

/// One client's session, from the greeting to the end of the connection.
///
/// The driver feeds what it reads, takes events until there are none, answers them, and writes
/// the output. It reads again only when [`next`](Session::next) gave nothing and no answer is
/// owed: so what waits in here is never more than the last bytes fed and one command line.
pub struct Session {
    pub(super) options: Options,
    pub(super) input: Vec<u8>,
    /// How much of `input` is dealt with.
    pub(super) taken: usize,
    pub(super) output: Vec<u8>,
    pub(super) state: State,
    pub(super) hello: Option<Hello>,
    pub(super) encrypted: bool,
    pub(super) forwarded: Forwarded,
    pub(super) transaction: Option<Transaction>,
    /// The last `MAIL` was refused: what a client sent behind it on trust is no error of its.
    pub(super) mail_refused: bool,
    pub(super) counts: Counts,
    /// Octets dropped of a command line that is too long; zero when none is being dropped.
    pub(super) dropped_octets: usize,
}

pub(super) enum State {
    Command,
    /// An event waits for its answer.
    Asked(Asked),
    Data(Receiver),
    /// The end of data has come, and nothing was said yet.
    Received(Result<Vec<u8>, Fault>),
    Handshake,
    /// The last event has yet to be told.
    Closing,
    Closed,
}

pub(super) enum Asked {
    Sender(Transaction),
    Recipient(Address),
    /// With those who are answered one by one, in the order of their `RCPT`; for SMTP nobody is.
    Message(Vec<Address>),
}

pub(super) struct Hello {
    pub(super) extended: bool,
    pub(super) name: String,
}

pub(super) struct Transaction {
    pub(super) sender: Sender,
    pub(super) recipients: Vec<Address>,
    pub(super) size: Option<u64>,
    pub(super) body: BodyType,
    pub(super) smtputf8: bool,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) errors: usize,
    pub(super) refusals: usize,
    pub(super) unknown: usize,
    pub(super) idle: usize,
}

/// Without what the client sent: message text never comes into a log by way of `{:?}`.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A new session; the greeting is in its output.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let protocol = match options.protocol {
            Protocol::Smtp => "ESMTP",
            Protocol::Lmtp => "LMTP",
        };
        let greeting = format!("{} {protocol} Sealgate", options.hostname);
        let greeting = Reply::plain(220, greeting);
        Self {
            options,
            input: Vec::new(),
            taken: 0,
            output: greeting.to_bytes(),
            state: State::Command,
            hello: None,
            encrypted: false,
            forwarded: Forwarded::default(),
            transaction: None,
            mail_refused: false,
            counts: Counts::default(),
            dropped_octets: 0,
        }
    }

    /// Takes bytes from the client. What comes during a handshake or after the end is dropped.
    pub fn feed(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Handshake | State::Closing | State::Closed => {}
            // A message's bytes go where they belong at once, without a stay in between.
            State::Data(receiver) if self.taken == self.input.len() => {
                let progress = receiver.take(bytes);
                self.input.clear();
                self.taken = 0;
                if let Some(taken) = self.note(progress) {
                    self.input.extend_from_slice(&bytes[taken..]);
                }
            }
            _ => self.input.extend_from_slice(bytes),
        }
    }

    /// The next thing the driver has to know. `None`: bytes are needed, or an answer is owed.
    #[allow(clippy::should_implement_trait)] // It may give events again after `None`.
    pub fn next(&mut self) -> Option<Event> {
        loop {
            match &mut self.state {
                State::Command => {
                    if let Some(event) = self.next_command()? {
                        return Some(event);
                    }
                }
                State::Data(receiver) => {
                    let progress = receiver.take(&self.input[self.taken..]);
                    let taken = self.note(progress);
                    self.skip(taken.unwrap_or(self.input.len() - self.taken));
                    if matches!(self.state, State::Data(_)) {
                        return None;
                    }
                }
                State::Received(_) => {
                    if let Some(event) = self.received() {
                        return Some(event);
                    }
                }
                State::Closing => {
                    self.state = State::Closed;
                    return Some(Event::Closed);
                }
                State::Asked(_) | State::Handshake | State::Closed => return None,
            }
        }
    }

    /// Answers the event just given. A 421 also ends the session.
    ///
    /// Anything but 2xx, 4xx and 5xx is a mistake of the driver's and becomes 451.
    ///
    /// # Panics
    /// When no event waits for an answer: a driver out of step must not go on.
    pub fn answer(&mut self, reply: Reply) {
        let State::Asked(asked) = std::mem::replace(&mut self.state, State::Command) else {
            panic!("an answer to no event");
        };
        let reply = if reply.code / 100 == 3 {
            reply.deferred()
        } else {
            reply
        };
        match asked {
            Asked::Sender(transaction) if reply.is_positive() => {
                self.transaction = Some(transaction);
            }
            Asked::Recipient(address) if reply.is_positive() => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.recipients.push(address);
                }
            }
            Asked::Sender(_) => {
                self.mail_refused = true;
                return self.tolerate(&reply);
            }
            Asked::Recipient(_) => return self.tolerate(&reply),
            Asked::Message(named) => {
                self.end_message();
                // RFC 2033 §4.2: as many replies as recipients were accepted.
                for _ in 1..named.len() {
                    self.end_with(&reply);
                }
            }
        }
        self.end_with(&reply);
    }

    /// Answers [`Event::Message`] in LMTP: one reply for each of the envelope's recipients, in
    /// its order. A 421 among them becomes 451, since the others are still answered.
    ///
    /// # Panics
    /// When no message waits for an answer, when this is SMTP, or when the replies are not as
    /// many as the recipients.
    pub fn answer_each(&mut self, replies: &[Reply]) {
        let state = std::mem::replace(&mut self.state, State::Command);
        let State::Asked(Asked::Message(named)) = state else {
            panic!("an answer to no message");
        };
        self.end_message();
        // A client may have named someone twice, and waits for two replies.
        let mut places: HashMap<&str, usize> = HashMap::new();
        for address in &named {
            let next = places.len();
            let place = *places.entry(address.key()).or_insert(next);
            let reply = &replies[place];
            if matches!(reply.code, 200..=299 | 400..=420 | 422..=599) {
                self.say(reply);
            } else {
                self.say(&Reply::new(451, "4.3.0", reply.text.clone()));
            }
        }
        assert!(
            places.len() == replies.len(),
            "one reply for each recipient"
        );
    }

    /// What has to be written to the client; taken once.
    #[must_use]
    pub fn output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// The handshake after [`Event::StartTls`] is done. RFC 3207 §4.2: nothing that was said
    /// before it counts.
    pub fn tls_started(&mut self) {
        assert!(
            matches!(self.state, State::Handshake),
            "TLS that nobody asked for"
        );
        self.state = State::Command;
        self.encrypted = true;
        self.hello = None;
        self.end_transaction();
    }

    /// Ends the session at the driver's wish, such as 421 4.4.2 after a timeout or 421 4.3.2 when
    /// it shuts down. A message that is not ended yet is forgotten.
    pub fn close(&mut self, reply: &Reply) {
        if matches!(self.state, State::Closing | State::Closed) {
            return;
        }
        // During a handshake the client would not understand what is said in clear.
        if !matches!(self.state, State::Handshake) {
            self.say(reply);
        }
        self.state = State::Closing;
        self.input = Vec::new();
        self.taken = 0;
    }

    /// Nothing more will be read; write the output and close.
    #[must_use]
    pub fn closing(&self) -> bool {
        matches!(self.state, State::Closing | State::Closed)
    }

    /// What the session needs next.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        match self.state {
            State::Command => Waiting::Command,
            State::Data(_) => Waiting::Data,
            State::Asked(_) | State::Received(_) | State::Handshake => Waiting::Driver,
            State::Closing | State::Closed => Waiting::Nothing,
        }
    }

    /// The name the client gave itself.
    #[must_use]
    pub fn hello(&self) -> Option<&str> {
        self.hello.as_ref().map(|hello| hello.name.as_str())
    }

    /// What the client said of the client before it; empty unless that was permitted.
    #[must_use]
    pub fn forwarded(&self) -> &Forwarded {
        &self.forwarded
    }

    /// The `with` word of a `Received:` field (RFC 3848, RFC 6531 §4.3).
    #[must_use]
    pub fn protocol(&self, smtputf8: bool) -> &'static str {
        let extended = self.hello.as_ref().is_some_and(|hello| hello.extended);
        if self.options.protocol == Protocol::Lmtp {
            return match (smtputf8, self.encrypted) {
                (true, true) => "UTF8LMTPS",
                (true, false) => "UTF8LMTP",
                (false, true) => "LMTPS",
                (false, false) => "LMTP",
            };
        }
        match (smtputf8, extended, self.encrypted) {
            (true, _, true) => "UTF8SMTPS",
            (true, _, false) => "UTF8SMTP",
            (false, true, true) => "ESMTPS",
            (false, true, false) => "ESMTP",
            (false, false, _) => "SMTP",
        }
    }

    pub(super) fn say(&mut self, reply: &Reply) {
        reply.write(&mut self.output);
    }

    /// Says a reply of the driver's, which ends the session if it is a 421.
    fn end_with(&mut self, reply: &Reply) {
        if reply.code == 421 {
            self.close(reply);
        } else {
            self.say(reply);
        }
    }

    pub(super) fn skip(&mut self, octets: usize) {
        self.taken += octets;
        if self.taken == self.input.len() {
            self.input.clear();
            self.taken = 0;
        }
    }

    /// Notes what the receiver made of the bytes it was given. How many it took, if not all.
    fn note(&mut self, progress: Progress) -> Option<usize> {
        match progress {
            Progress::More => None,
            Progress::End(taken) => {
                let state = std::mem::replace(&mut self.state, State::Command);
                if let State::Data(receiver) = state {
                    self.state = State::Received(receiver.finish());
                }
                Some(taken)
            }
            Progress::Endless => {
                let text = "message refused, and its end does not come; closing";
                self.close(&Reply::new(421, "4.3.4", text));
                None
            }
        }
    }

    /// What is said to the end of data: the event of a good message, or the fault of another.
    fn received(&mut self) -> Option<Event> {
        let State::Received(result) = std::mem::replace(&mut self.state, State::Command) else {
            return None;
        };
        let Some(transaction) = self.transaction.take() else {
            self.say(&Reply::new(451, "4.3.0", "message without a transaction"));
            return None;
        };
        let named = match self.options.protocol {
            Protocol::Smtp => Vec::new(),
            Protocol::Lmtp => transaction.recipients.clone(),
        };
        let reply = match (result, Recipients::new(transaction.recipients)) {
            (Ok(raw), Some(recipients)) => {
                self.state = State::Asked(Asked::Message(named));
                let Transaction {
                    sender,
                    body,
                    smtputf8,
                    ..
                } = transaction;
                let envelope = Envelope {
                    sender,
                    recipients,
                    body,
                    smtputf8,
                };
                return Some(Event::Message { envelope, raw });
            }
            // Data is only asked for where there are recipients.
            (Ok(_), None) => Reply::new(451, "4.3.0", "message without recipients"),
            (Err(fault), _) => self.fault(fault),
        };
        for _ in 1..named.len() {
            self.say(&reply);
        }
        self.fail(&reply);
        self.end_transaction();
        None
    }

    fn fault(&self, fault: Fault) -> Reply {
        let limits = &self.options.limits;
        match fault {
            Fault::BareNewline => {
                Reply::new(550, "5.6.0", "message refused: it contains a bare CR or LF")
            }
            Fault::Nul => Reply::new(550, "5.6.0", "message refused: it contains a NUL"),
            Fault::LongLine => {
                let max = limits.data_line_octets;
                Reply::new(
                    550,
                    "5.6.0",
                    format!("message refused: a line over {max} octets"),
                )
            }
            Fault::TooBig => self.too_big(),
        }
    }

    pub(super) fn too_big(&self) -> Reply {
        let max = self.options.size_max;
        Reply::new(
            552,
            "5.3.4",
            format!("message refused: larger than {max} octets"),
        )
    }

    /// A message was answered: what was counted against the client is forgiven.
    fn end_message(&mut self) {
        self.end_transaction();
        let unknown = self.counts.unknown;
        self.counts = Counts {
            unknown,
            ..Counts::default()
        };
    }

    pub(super) fn end_transaction(&mut self) {
        self.transaction = None;
        self.mail_refused = false;
        self.forwarded = Forwarded::default();
    }

    /// Says a refusal that is no fault of the client's; even so it gets only so many.
    pub(super) fn tolerate(&mut self, reply: &Reply) {
        self.end_with(reply);
        self.counts.refusals += 1;
        if self.counts.refusals > self.options.limits.refusals {
            self.close(&Reply::new(421, "4.7.0", "too many refusals"));
        }
    }

    /// Says an error of the client's, and ends the session when there were too many.
    pub(super) fn fail(&mut self, reply: &Reply) {
        self.say(reply);
        self.counts.errors += 1;
        if self.counts.errors > self.options.limits.errors {
            self.close(&Reply::new(421, "4.7.0", "too many errors"));
        }
    }
}
