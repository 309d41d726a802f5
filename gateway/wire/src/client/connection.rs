//! One connection to a next hop: from its greeting to `QUIT`.
//! It never speaks in clear after TLS was required, nor believes what came before the handshake.

use super::{
    Delivery, Event, Extensions, Failure, Options, Protocol, Stage, TlsPolicy, Transaction,
};
use crate::reply::{Reply, read_reply};

/// A connection machine. The driver writes its output, takes its events, and feeds it what it
/// reads, until it is ready; then it delivers message after message with [`Connection::begin`].
#[derive(Debug)]
pub struct Connection {
    options: Options,
    input: Vec<u8>,
    output: Vec<u8>,
    state: State,
    extensions: Extensions,
    encrypted: bool,
    /// The last transaction was left open: `RSET` goes before the next.
    reset_owed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Greeting,
    Extended,
    Plain,
    StartTls,
    Handshake,
    Ready,
    /// A delivery has it. One that was dropped midway leaves it so.
    Lent,
    Quit,
    /// An event to be told, then nothing more.
    Over(Event),
    Closed,
}

impl Connection {
    /// A connection that waits for the greeting.
    ///
    /// # Panics
    /// When our own name could be read as more than a word of a command.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let plain = |byte: u8| matches!(byte, b'!'..=b'~');
        assert!(
            options.hostname.bytes().all(plain),
            "a host name is one word"
        );
        Self {
            options,
            input: Vec::new(),
            output: Vec::new(),
            state: State::Greeting,
            extensions: Extensions::default(),
            encrypted: false,
            reset_owed: false,
        }
    }

    /// Takes bytes from the next hop.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// Puts what has to be written into `chunk`, in place of what is there; false if there is
    /// nothing.
    pub fn output(&mut self, chunk: &mut Vec<u8>) -> bool {
        chunk.clear();
        chunk.append(&mut self.output);
        !chunk.is_empty()
    }

    /// The next thing the driver has to know. `None`: bytes are needed.
    #[allow(clippy::should_implement_trait)] // It may give events again after `None`.
    pub fn next(&mut self) -> Option<Event> {
        loop {
            match &self.state {
                State::Over(event) => {
                    let event = event.clone();
                    self.state = State::Closed;
                    return Some(event);
                }
                State::Handshake | State::Lent | State::Closed => return None,
                _ => {}
            }
            let reply = match self.read() {
                Ok(reply) => reply?,
                Err(failed) => {
                    self.fail(failed);
                    continue;
                }
            };
            if let Some(event) = self.heard(reply) {
                return Some(event);
            }
        }
    }

    /// The handshake after [`Event::StartTls`] is done. RFC 3207 §4.2: what was offered before it
    /// is forgotten, and `EHLO` said again. Bytes fed since then came in clear, and are not
    /// believed.
    pub fn tls_started(&mut self) {
        assert!(self.state == State::Handshake, "TLS that nobody asked for");
        self.encrypted = true;
        self.say_hello();
    }

    /// The next hop closed, or nothing came in time. What is waited for will not come.
    pub fn lost(&mut self) {
        let event = match self.state {
            State::Closed | State::Over(_) => return,
            State::Ready | State::Quit => Event::Closed,
            _ => Event::Failed(self.failure(Reply::new(451, "4.4.2", "connection lost"))),
        };
        self.state = State::Over(event);
    }

    /// Ready for a message.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state == State::Ready && self.input.is_empty()
    }

    /// The next hop has to do this next.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.state {
            State::Greeting => Stage::Greeting,
            State::Extended | State::Plain => Stage::Hello,
            State::StartTls | State::Handshake => Stage::StartTls,
            State::Quit => Stage::Quit,
            State::Ready | State::Lent | State::Over(_) | State::Closed => Stage::Idle,
        }
    }

    /// What the next hop offers, after TLS if there is any.
    #[must_use]
    pub fn extensions(&self) -> Extensions {
        self.extensions
    }

    /// Whether the connection was encrypted with `STARTTLS`.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Begins to deliver a message.
    ///
    /// # Panics
    /// When the connection is not [ready](Connection::is_ready).
    pub fn begin<'c, 'm>(&'c mut self, transaction: Transaction<'m>) -> Delivery<'c, 'm> {
        assert!(
            self.is_ready(),
            "a delivery on a connection that is not ready"
        );
        self.state = State::Lent;
        Delivery::new(self, transaction)
    }

    /// Says `QUIT` on an idle connection.
    pub fn quit(&mut self) {
        if self.state == State::Ready {
            self.output.extend_from_slice(b"QUIT\r\n");
            self.state = State::Quit;
        }
    }

    /// The next whole reply, if it is there.
    pub(super) fn read(&mut self) -> Result<Option<Reply>, Reply> {
        match read_reply(&self.input) {
            Ok(Some((reply, octets))) => {
                self.input.drain(..octets);
                Ok(Some(reply))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(Reply::new(451, "4.5.0", format!("next hop: {error}"))),
        }
    }

    /// Whether bytes wait that no command asked for.
    pub(super) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.options.protocol
    }

    pub(super) fn take_reset(&mut self) -> bool {
        std::mem::take(&mut self.reset_owed)
    }

    /// A delivery gives the connection back: in order, with a transaction left open, or closed.
    pub(super) fn give_back(&mut self, left: Left) {
        self.reset_owed = left == Left::Open;
        self.state = match left {
            Left::Done | Left::Open => State::Ready,
            Left::Broken => State::Closed,
        };
    }

    fn heard(&mut self, reply: Reply) -> Option<Event> {
        // RFC 5321 §3.8: 421 may come at any time.
        match (&self.state, reply.code) {
            (State::Greeting, 220) => self.say_hello(),
            (State::Extended, 250) => return self.offered(&reply),
            // RFC 5321 §3.2: a server that does not know EHLO is greeted with HELO; but it then
            // has no TLS, and is not trusted to have lost it on the way.
            (State::Extended, 500..=599) if self.may_fall_back() => {
                self.state = State::Plain;
                self.say(&format!("HELO {}\r\n", self.options.hostname));
            }
            (State::Plain, 250) => {
                self.state = State::Ready;
                return Some(Event::Ready);
            }
            (State::StartTls, 220) => return self.may_encrypt(),
            (State::StartTls, 400..=599) if reply.code != 421 => {
                if self.options.tls == TlsPolicy::Required {
                    self.fail(reply);
                } else {
                    self.state = State::Ready;
                    return Some(Event::Ready);
                }
            }
            (State::Quit, _) | (State::Ready, 421) => self.state = State::Over(Event::Closed),
            _ if reply.is_transient() || reply.is_permanent() => self.fail(reply),
            _ => self.fail(Reply::new(
                451,
                "4.5.0",
                format!("next hop: not expected: {reply}"),
            )),
        }
        None
    }

    fn may_fall_back(&self) -> bool {
        self.options.protocol == Protocol::Smtp
            && self.options.tls != TlsPolicy::Required
            && !self.encrypted
    }

    /// The answer to `EHLO`: TLS now, later, or never.
    fn offered(&mut self, reply: &Reply) -> Option<Event> {
        self.extensions = Extensions::read(&reply.text);
        let wanted = self.options.tls != TlsPolicy::None && !self.encrypted;
        if wanted && self.extensions.starttls {
            self.state = State::StartTls;
            self.say("STARTTLS\r\n");
            return None;
        }
        if wanted && self.options.tls == TlsPolicy::Required {
            self.fail(Reply::new(
                451,
                "4.7.4",
                "TLS is required, but the next hop offers none",
            ));
            return None;
        }
        self.state = State::Ready;
        Some(Event::Ready)
    }

    /// Whatever follows the 220 in clear was put there by someone in the middle, to be believed
    /// after the handshake.
    fn may_encrypt(&mut self) -> Option<Event> {
        if self.has_input() {
            let text = "the next hop answered more than STARTTLS before the handshake";
            self.fail(Reply::new(451, "4.7.5", text));
            return None;
        }
        self.state = State::Handshake;
        Some(Event::StartTls)
    }

    fn say_hello(&mut self) {
        let verb = match self.options.protocol {
            Protocol::Smtp => "EHLO",
            Protocol::Lmtp => "LHLO",
        };
        self.extensions = Extensions::default();
        self.state = State::Extended;
        self.say(&format!("{verb} {}\r\n", self.options.hostname));
    }

    /// Sends a command. What is here before it is no answer to it.
    fn say(&mut self, line: &str) {
        if self.has_input() {
            return self.fail(Reply::new(
                451,
                "4.5.0",
                "the next hop answered before it was asked",
            ));
        }
        self.output.extend_from_slice(line.as_bytes());
    }

    fn failure(&self, reply: Reply) -> Failure {
        Failure {
            stage: self.stage(),
            reply,
        }
    }

    fn fail(&mut self, reply: Reply) {
        let failure = self.failure(reply);
        self.state = State::Over(Event::Failed(failure));
    }
}

/// How a delivery leaves its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Done,
    Open,
    Broken,
}
