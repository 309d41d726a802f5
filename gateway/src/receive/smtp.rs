//! SMTP over TCP: moves bytes between a connection and its session machine, and asks the gate.
//! Nothing here says 250 for a message; the gate does, or nobody.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mail::{Address, Envelope, Timestamp};
use rules::Capabilities;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use wire::Reply;
use wire::server::{Event, Limits, Options, Session, TlsOffer, Waiting, Xforward};

use super::budget::Share;
use super::{Arrival, ArrivalId, Door};
use crate::config::BareNewline;
use crate::tls::{Deadline, Stream, TimedOut};

/// How long a peer that is sent away may take to hear why and to close.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a connection ended before its session did.
#[derive(Debug)]
enum Gone {
    /// The peer left, or the network did.
    Lost,
    /// The session is over and everything is said.
    Over,
}

impl From<std::io::Error> for Gone {
    fn from(_: std::io::Error) -> Self {
        Self::Lost
    }
}

impl From<TimedOut> for Gone {
    fn from(_: TimedOut) -> Self {
        Self::Lost
    }
}

/// Serves one connection to its end.
pub(super) async fn receive(
    tcp: TcpStream,
    peer: SocketAddr,
    door: &Door,
    drained: watch::Receiver<bool>,
) {
    let Ok(mut stream) = Stream::clear(tcp) else {
        return;
    };
    let address = peer.ip().to_canonical();
    let welcome = match door.allow.iter().any(|network| network.contains(address)) {
        true => door.house.guests.enter(address),
        false => Err(Reply::new(
            554,
            "5.7.1",
            "this service is not for your address",
        )),
    };
    let _guest = match welcome {
        Ok(guest) => guest,
        Err(reply) => {
            tracing::info!(peer = %address, %reply, "connection refused");
            let say = async {
                stream.write(&reply.to_bytes()).await?;
                part(&mut stream).await
            };
            let _ = tokio::time::timeout(FAREWELL, say).await;
            return;
        }
    };
    let mut visit = Visit::new(stream, peer, door, drained);
    // Both ends are told elsewhere: a session to its peer, a message in its own log line.
    while visit.turn().await.is_ok() {}
}

/// Says that nothing more will come, and reads on until the peer closes too: to close while bytes
/// are unread resets the connection, and the reset may overtake our last reply.
async fn part(stream: &mut Stream) -> std::io::Result<()> {
    stream.end().await?;
    while stream.read(|_| {}).await? > 0 {}
    Ok(())
}

/// One connection and its session.
struct Visit<'d> {
    stream: Option<Stream>,
    peer: SocketAddr,
    door: &'d Door,
    session: Session,
    share: Share,
    /// Octets read since the transaction began.
    octets: u64,
    deadline: Deadline,
    /// When the client was last told something. Single octets of a command do not move it, so
    /// that a client cannot hold a session by sending one now and then.
    spoken: Instant,
    /// When the message that is coming must be here.
    message_until: Option<Instant>,
    drained: watch::Receiver<bool>,
}

impl<'d> Visit<'d> {
    fn new(
        stream: Stream,
        peer: SocketAddr,
        door: &'d Door,
        drained: watch::Receiver<bool>,
    ) -> Self {
        Self {
            stream: Some(stream),
            peer,
            door,
            session: Session::new(options(door, peer)),
            share: door.house.budget.share(),
            octets: 0,
            deadline: Deadline::new(door.house.limits.command_timeout),
            spoken: Instant::now(),
            message_until: None,
            drained,
        }
    }

    /// One turn: settle what is asked, say what is to be said, hear more.
    async fn turn(&mut self) -> Result<(), Gone> {
        while let Some(event) = self.session.next() {
            self.settle(event).await?;
        }
        self.speak().await?;
        self.hear().await
    }

    async fn settle(&mut self, event: Event) -> Result<(), Gone> {
        match event {
            Event::Sender { size, .. } => {
                self.octets = 0;
                self.share.release();
                let room = self.share.reach(size.unwrap_or_default());
                self.session
                    .answer(if room { sender_ok() } else { no_room() });
            }
            Event::Recipient { address } => {
                let reply = self.recipient(&address);
                self.session.answer(reply);
            }
            Event::Message { envelope, raw } => {
                let reply = self.pass(envelope, raw).await;
                self.session.answer(reply);
                self.share.release();
                self.octets = 0;
                self.message_until = None;
            }
            Event::StartTls => self.start_tls().await?,
            Event::Closed => {
                self.speak().await?;
                let stream = self.stream.as_mut().ok_or(Gone::Lost)?;
                self.deadline.set(FAREWELL);
                // Whether the peer hears it changes nothing any more.
                let _ = self.deadline.guard(part(stream)).await;
                return Err(Gone::Over);
            }
        }
        Ok(())
    }

    fn recipient(&self, address: &Address) -> Reply {
        match self.door.takes(address) {
            true => Reply::new(250, "2.1.5", "recipient OK"),
            false => Reply::new(550, "5.7.1", "relaying denied: not a domain of ours"),
        }
    }

    /// Hands a message to the gate. A gate that panics or takes too long has not said 250.
    async fn pass(&mut self, envelope: Envelope, raw: Vec<u8>) -> Reply {
        let arrival = self.arrival(envelope, raw);
        let id = arrival.id;
        let gate = &self.door.house.gate;
        let limit = self.door.house.limits.answer_timeout;
        self.deadline.set(limit);
        match self.deadline.guard(unwinding(gate.pass(arrival))).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(Panicked)) => {
                tracing::error!(%id, "the gate panicked over a message; deferred");
                Reply::new(
                    421,
                    "4.3.0",
                    format!("internal error, try again later ({id})"),
                )
            }
            Err(TimedOut) => {
                tracing::error!(%id, "no answer in time for a message; deferred");
                Reply::new(
                    451,
                    "4.4.7",
                    format!("no answer in time, try again later ({id})"),
                )
            }
        }
    }

    fn arrival(&self, envelope: Envelope, raw: Vec<u8>) -> Arrival {
        let forwarded = self.session.forwarded();
        let client = forwarded.address.as_deref().and_then(|text| {
            text.strip_prefix("IPV6:")
                .unwrap_or(text)
                .parse::<std::net::IpAddr>()
                .ok()
        });
        // The server in front has checked it against the login.
        let sender = envelope.sender.address().map(ToString::to_string);
        let sender = sender.filter(|_| self.door.senders_verified);
        Arrival {
            id: ArrivalId::next(),
            arrived: now(),
            protocol: self.session.protocol(envelope.smtputf8),
            envelope,
            raw,
            peer: self.peer,
            client,
            source: self.door.source,
            capabilities: Capabilities::SMTP,
            tls: self.stream.as_ref().is_some_and(Stream::is_encrypted),
            helo: self.session.hello().unwrap_or_default().to_owned(),
            authenticated: forwarded.login.clone().or(sender),
        }
    }

    /// RFC 3207: 220 in clear, the handshake, and a session that remembers nothing.
    async fn start_tls(&mut self) -> Result<(), Gone> {
        self.speak().await?;
        let config = self.door.tls.as_ref().ok_or(Gone::Lost)?;
        let stream = self.stream.take().ok_or(Gone::Lost)?;
        self.deadline.set(self.door.house.limits.tls_timeout);
        match self.deadline.guard(stream.accept(config)).await {
            Ok(Ok(stream)) => self.stream = Some(stream),
            Ok(Err(error)) => {
                tracing::info!(peer = %self.peer.ip(), %error, "a TLS handshake failed");
                return Err(Gone::Lost);
            }
            Err(TimedOut) => return Err(Gone::Lost),
        }
        self.session.tls_started();
        Ok(())
    }

    /// Writes all replies that are due at once: a pipelining client gets one segment.
    async fn speak(&mut self) -> Result<(), Gone> {
        let output = self.session.output();
        if output.is_empty() {
            return Ok(());
        }
        let stream = self.stream.as_mut().ok_or(Gone::Lost)?;
        // A client that does not read is given as long as one that does not write.
        self.deadline.set(self.door.house.limits.command_timeout);
        self.deadline.guard(stream.write(&output)).await??;
        self.spoken = Instant::now();
        Ok(())
    }

    /// Reads once, for as long as this state of the session may take.
    async fn hear(&mut self) -> Result<(), Gone> {
        let limits = &self.door.house.limits;
        match self.session.waiting() {
            Waiting::Command => {
                self.message_until = None;
                self.deadline
                    .set_until(self.spoken + limits.command_timeout);
            }
            Waiting::Data => {
                let begun = Instant::now();
                let message = *self
                    .message_until
                    .get_or_insert(begun + limits.message_timeout);
                self.deadline
                    .set_until(message.min(begun + limits.data_timeout));
            }
            Waiting::Driver | Waiting::Nothing => return Ok(()),
        }
        match self.read().await {
            Heard::Octets(octets) => {
                self.octets += octets;
                if self.session.waiting() == Waiting::Data && !self.share.reach(self.octets) {
                    // Nothing can be answered in the middle of data but that we close.
                    self.session.close(&no_room_at_all());
                }
                Ok(())
            }
            Heard::Nothing => {
                let text = "nothing was heard in time, closing";
                self.session.close(&Reply::new(421, "4.4.2", text));
                Ok(())
            }
            Heard::Drain => {
                self.session
                    .close(&Reply::new(421, "4.3.2", "the service is stopping"));
                Ok(())
            }
            Heard::End => Err(Gone::Lost),
        }
    }

    async fn read(&mut self) -> Heard {
        let Some(stream) = &mut self.stream else {
            return Heard::End;
        };
        let (session, drained) = (&mut self.session, &mut self.drained);
        let between_messages = session.waiting() == Waiting::Command;
        let reading = async {
            tokio::select! {
                biased;
                _ = drained.wait_for(|draining| *draining), if between_messages => Heard::Drain,
                read = stream.read(|bytes| session.feed(bytes)) => match read {
                    Ok(0) | Err(_) => Heard::End,
                    Ok(octets) => Heard::Octets(octets as u64),
                },
            }
        };
        self.deadline.guard(reading).await.unwrap_or(Heard::Nothing)
    }
}

/// What one read brought.
enum Heard {
    Octets(u64),
    /// The time is over.
    Nothing,
    /// The gateway stops, and this session is between two messages.
    Drain,
    /// The peer is gone.
    End,
}

fn options(door: &Door, peer: SocketAddr) -> Options {
    let limits = &door.house.limits;
    Options {
        size_max: limits.message_size,
        tls: match (&door.tls, door.client_certificates) {
            (None, _) => TlsOffer::None,
            (Some(_), false) => TlsOffer::Offered,
            (Some(_), true) => TlsOffer::Required,
        },
        bare_newline: match door.bare_newline {
            BareNewline::Refuse => wire::server::BareNewline::Refuse,
            BareNewline::Normalise => wire::server::BareNewline::Normalise,
        },
        xforward: match door
            .xforward
            .iter()
            .any(|network| network.contains(peer.ip()))
        {
            true => Xforward::Permit,
            false => Xforward::Refuse,
        },
        limits: Limits {
            command_line_octets: limits.command_line,
            recipients: limits.recipients,
            errors: limits.errors,
            data_line_octets: limits.data_line,
            // What is refused is read to its end, so that the client hears why; but not for ever.
            discarded_octets: limits.message_size.saturating_mul(2),
            ..Limits::default()
        },
        postmaster_domain: door.house.postmaster_domain.clone(),
        ..Options::new(door.house.hostname.clone())
    }
}

fn sender_ok() -> Reply {
    Reply::new(250, "2.1.0", "sender OK")
}

fn no_room() -> Reply {
    Reply::new(
        452,
        "4.3.1",
        "no memory for a message of this size now, try again later",
    )
}

fn no_room_at_all() -> Reply {
    Reply::new(
        421,
        "4.3.1",
        "no memory for the rest of this message now, try again later",
    )
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The gate panicked.
struct Panicked;

/// Runs `work` so that a panic in it becomes a value.
async fn unwinding<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        // What the panic leaves half done is this message's alone, and it is dropped with it.
        let poll = AssertUnwindSafe(|| work.as_mut().poll(context));
        match std::panic::catch_unwind(poll) {
            Ok(poll) => poll.map(Ok),
            Err(_) => std::task::Poll::Ready(Err(Panicked)),
        }
    })
    .await
}
