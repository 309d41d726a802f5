//! One connection to the next hop: moves bytes between it and its machine, within time.
//! It never tries anything twice.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use wire::Reply;
use wire::client::{
    Connection as Machine, Event, Options, Outcome, Protocol, Stage, TlsPolicy, Transaction,
};

use super::Partial;
use crate::config::{HostPort, Limits};
use crate::tls::{Deadline, Stream, TimedOut};

/// The time to say goodbye. Whether it is heard changes nothing.
const FAREWELL: Duration = Duration::from_secs(5);

/// Where a connection leads, and how.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) hostname: String,
    pub(super) next_hop: HostPort,
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    pub(super) policy: TlsPolicy,
    pub(super) limits: Limits,
}

/// A connection that is ready for a message.
#[derive(Debug)]
pub(super) struct Connection {
    machine: Machine,
    stream: Stream,
    deadline: Deadline,
    chunk: Vec<u8>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum NotConnected {
    /// What to answer: always 4xx, for nothing was said about a message.
    Deferred(Reply),
    /// The handshake failed. Without TLS it might work, where the policy allows that.
    Handshake(Reply),
}

/// What came of sending one message.
#[derive(Debug)]
pub(super) enum Sent {
    /// The machine's account.
    Outcome(Outcome),
    /// Only some recipients were taken; the connection was dropped before the data.
    StoppedPartial,
}

impl Way {
    /// Connects, greets and, if asked to, encrypts.
    pub(super) async fn connect(&self, policy: TlsPolicy) -> Result<Connection, NotConnected> {
        let deferred = |text: String| NotConnected::Deferred(Reply::new(451, "4.4.1", text));
        let HostPort { host, port } = &self.next_hop;
        let connecting = TcpStream::connect((host.as_str(), *port));
        let tcp = tokio::time::timeout(self.limits.next_hop_connect, connecting).await;
        let stream = match tcp.map(|tcp| tcp.and_then(Stream::clear)) {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(deferred(format!("next hop not reached: {error}"))),
            Err(_) => return Err(deferred("next hop not reached in time".to_owned())),
        };
        let options = Options {
            hostname: self.hostname.clone(),
            tls: policy,
            protocol: Protocol::Smtp,
        };
        let opening = Opening {
            machine: Machine::new(options),
            stream: Some(stream),
            deadline: Deadline::new(self.limits.next_hop_greeting),
        };
        opening.finish(self).await
    }

    fn time_for(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Greeting => self.limits.next_hop_greeting,
            Stage::DataBlock => self.limits.next_hop_data,
            Stage::DataEnd => self.limits.next_hop_final,
            Stage::Quit => FAREWELL,
            Stage::Hello
            | Stage::StartTls
            | Stage::Idle
            | Stage::Mail
            | Stage::Recipient
            | Stage::DataStart => self.limits.next_hop_command,
        }
    }
}

/// Lets each stage have its time once: a next hop that sends a reply octet by octet gets no more.
#[derive(Default)]
struct Watch {
    stage: Option<Stage>,
}

impl Watch {
    fn set(&mut self, deadline: &mut Deadline, way: &Way, stage: Stage) {
        if self.stage.replace(stage) != Some(stage) {
            deadline.set(way.time_for(stage));
        }
    }
}

/// A connection that is not ready yet.
struct Opening {
    machine: Machine,
    stream: Option<Stream>,
    deadline: Deadline,
}

impl Opening {
    async fn finish(mut self, way: &Way) -> Result<Connection, NotConnected> {
        let mut chunk = Vec::new();
        let mut watch = Watch::default();
        loop {
            while let Some(event) = self.machine.next() {
                match event {
                    Event::Ready => return self.ready(chunk),
                    Event::StartTls => self.encrypt(way).await?,
                    Event::Failed(failure) => {
                        return Err(NotConnected::Deferred(failure.deferral()));
                    }
                    Event::Closed => return Err(closed()),
                }
            }
            let Some(stream) = &mut self.stream else {
                return Err(closed());
            };
            watch.set(&mut self.deadline, way, self.machine.stage());
            if self.machine.output(&mut chunk) {
                let written = self.deadline.guard(stream.write(&chunk)).await;
                if !matches!(written, Ok(Ok(()))) {
                    self.machine.lost();
                    continue;
                }
            }
            let machine = &mut self.machine;
            let read = stream.read(|bytes| machine.feed(bytes));
            if !heard(self.deadline.guard(read).await) {
                self.machine.lost();
            }
        }
    }

    fn ready(self, chunk: Vec<u8>) -> Result<Connection, NotConnected> {
        let Self {
            machine,
            stream,
            deadline,
        } = self;
        let stream = stream.ok_or_else(closed)?;
        Ok(Connection {
            machine,
            stream,
            deadline,
            chunk,
        })
    }

    async fn encrypt(&mut self, way: &Way) -> Result<(), NotConnected> {
        let refuse = |text: String| NotConnected::Handshake(Reply::new(451, "4.7.5", text));
        let (Some(stream), Some((config, name))) = (self.stream.take(), way.tls.as_ref()) else {
            return Err(refuse(
                "the next hop asks for TLS, which is not set up".to_owned(),
            ));
        };
        self.deadline.set(way.limits.tls_timeout);
        match self
            .deadline
            .guard(stream.connect(config, name.clone()))
            .await
        {
            Ok(Ok(stream)) => self.stream = Some(stream),
            Ok(Err(error)) => {
                return Err(refuse(format!("TLS handshake with the next hop: {error}")));
            }
            Err(TimedOut) => {
                return Err(refuse(
                    "TLS handshake with the next hop: not in time".to_owned(),
                ));
            }
        }
        self.machine.tls_started();
        Ok(())
    }
}

fn closed() -> NotConnected {
    NotConnected::Deferred(Reply::new(
        451,
        "4.4.2",
        "the next hop closed the connection",
    ))
}

/// Whether a read brought anything.
fn heard(read: Result<io::Result<usize>, TimedOut>) -> bool {
    matches!(read, Ok(Ok(octets)) if octets > 0)
}

impl Connection {
    /// Whether it can take another message.
    pub(super) fn is_ready(&self) -> bool {
        self.machine.is_ready()
    }

    /// Sends one message. A connection dropped midway is closed, and the message not taken
    /// unless the final dot had gone out.
    pub(super) async fn send(
        &mut self,
        way: &Way,
        transaction: Transaction<'_>,
        partial: Partial,
    ) -> Sent {
        let Self {
            machine,
            stream,
            deadline,
            chunk,
        } = self;
        let mut delivery = machine.begin(transaction);
        let mut watch = Watch::default();
        loop {
            if let Some(outcome) = delivery.next() {
                return Sent::Outcome(outcome);
            }
            if partial == Partial::Stop && delivery.is_partial() {
                return Sent::StoppedPartial;
            }
            while delivery.output(chunk) {
                deadline.set(way.time_for(delivery.stage()));
                let written = deadline.guard(stream.write(chunk)).await;
                if !matches!(written, Ok(Ok(()))) {
                    // It may have said why before it closed.
                    let _ = deadline
                        .guard(stream.read(|bytes| delivery.feed(bytes)))
                        .await;
                    if let Some(outcome) = delivery.next().or_else(|| delivery.lost()) {
                        return Sent::Outcome(outcome);
                    }
                }
            }
            // A message that must not be sent ends here, with nothing more to say or to hear.
            if let Some(outcome) = delivery.next() {
                return Sent::Outcome(outcome);
            }
            watch.set(deadline, way, delivery.stage());
            if !heard(
                deadline
                    .guard(stream.read(|bytes| delivery.feed(bytes)))
                    .await,
            ) && let Some(outcome) = delivery.lost()
            {
                return Sent::Outcome(outcome);
            }
        }
    }

    /// Says `QUIT`, waits a little for the answer, and closes.
    pub(super) async fn quit(mut self) {
        self.machine.quit();
        if !self.machine.output(&mut self.chunk) {
            return;
        }
        let Self { stream, chunk, .. } = &mut self;
        let farewell = async {
            stream.write(chunk).await?;
            stream.read(|_| {}).await
        };
        // The answer changes nothing: every message was answered before.
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }
}
