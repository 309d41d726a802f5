//! A next hop that can go wrong at every stage in every way, and remembers what it took.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::client::Bytes;

/// Where a next hop goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Connect,
    Banner,
    Hello,
    StartTls,
    Handshake,
    HelloAgain,
    Mail,
    FirstRecipient,
    LaterRecipient,
    DataReply,
    MidBody,
    FinalDot,
    Quit,
}

/// How it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Transient,
    Permanent,
    Close,
    Reset,
    Hang,
    Drip,
    Garbage,
}

pub const STAGES: [Stage; 13] = [
    Stage::Connect,
    Stage::Banner,
    Stage::Hello,
    Stage::StartTls,
    Stage::Handshake,
    Stage::HelloAgain,
    Stage::Mail,
    Stage::FirstRecipient,
    Stage::LaterRecipient,
    Stage::DataReply,
    Stage::MidBody,
    Stage::FinalDot,
    Stage::Quit,
];

pub const BEHAVIOURS: [Behaviour; 7] = [
    Behaviour::Transient,
    Behaviour::Permanent,
    Behaviour::Close,
    Behaviour::Reset,
    Behaviour::Hang,
    Behaviour::Drip,
    Behaviour::Garbage,
];

/// How a next hop behaves.
#[derive(Clone, Default)]
pub struct Script {
    pub fault: Option<(Stage, Behaviour)>,
    /// Offers STARTTLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Sent in clear together with the 220 to STARTTLS.
    pub injected: &'static str,
    /// A recipient that begins with this is refused.
    pub refuses: Option<(&'static str, &'static str)>,
    /// Closes after so many messages on one connection, saying nothing.
    pub messages_per_connection: Option<usize>,
    /// Does not say so, but closes when the next MAIL was answered.
    pub closes_after_second_mail: bool,
}

/// One message it answered 250 for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub recipients: Vec<String>,
    pub message: Vec<u8>,
    pub encrypted: bool,
}

#[derive(Default)]
pub struct Record {
    pub taken: Mutex<Vec<Taken>>,
    pub connections: AtomicUsize,
    pub mails: AtomicUsize,
    pub mails_in_clear: AtomicUsize,
    pub quits: AtomicUsize,
}

pub struct Hop {
    pub address: SocketAddr,
    pub record: Arc<Record>,
    running: AbortHandle,
}

impl Drop for Hop {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Hop {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let record = Arc::new(Record::default());
        let shared = Arc::clone(&record);
        let running = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (script, record) = (script.clone(), Arc::clone(&shared));
                tokio::spawn(async move { converse(tcp, script, &record).await });
            }
        });
        Self {
            address,
            record,
            running: running.abort_handle(),
        }
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.record.taken.lock().unwrap().clone()
    }
}

/// The connection is to be closed.
struct Closed;

impl From<std::io::Error> for Closed {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

struct Conversation<'r> {
    stream: BufReader<Box<dyn Bytes>>,
    script: Script,
    record: &'r Record,
    encrypted: bool,
    messages: usize,
    mails: usize,
    recipients: Vec<String>,
    named: usize,
}

async fn converse(tcp: TcpStream, script: Script, record: &Record) {
    tcp.set_nodelay(true).unwrap();
    if matches!(script.fault, Some((_, Behaviour::Reset))) {
        tcp.set_zero_linger().unwrap();
    }
    let stream: Box<dyn Bytes> = Box::new(tcp);
    let mut conversation = Conversation {
        stream: BufReader::with_capacity(1 << 16, stream),
        script,
        record,
        encrypted: false,
        messages: 0,
        mails: 0,
        recipients: Vec::new(),
        named: 0,
    };
    let _ = conversation.run().await;
}

impl Conversation<'_> {
    async fn run(&mut self) -> Result<(), Closed> {
        if self
            .script
            .fault
            .is_some_and(|(stage, _)| stage == Stage::Connect)
        {
            self.at(Stage::Connect, "").await?;
        }
        self.at(Stage::Banner, "220 hop.example ESMTP\r\n").await?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(Closed);
            }
            self.command(&line.to_ascii_uppercase(), &line).await?;
        }
    }

    async fn command(&mut self, verb: &str, line: &str) -> Result<(), Closed> {
        match verb.get(..4).unwrap_or_default() {
            "EHLO" => self.hello().await,
            "STAR" => self.start_tls().await,
            "MAIL" => self.mail().await,
            "RCPT" => self.recipient(line).await,
            "DATA" => self.data().await,
            "QUIT" => {
                self.record.quits.fetch_add(1, Ordering::SeqCst);
                self.at(Stage::Quit, "221 2.0.0 bye\r\n").await?;
                Err(Closed)
            }
            _ => self.say("250 2.0.0 OK\r\n").await,
        }
    }

    async fn hello(&mut self) -> Result<(), Closed> {
        let offers_tls = self.script.tls.is_some() && !self.encrypted;
        let starttls = if offers_tls { "250-STARTTLS\r\n" } else { "" };
        let reply = format!("250-hop.example\r\n{starttls}250-PIPELINING\r\n250 8BITMIME\r\n");
        let stage = if self.encrypted {
            Stage::HelloAgain
        } else {
            Stage::Hello
        };
        self.at(stage, &reply).await
    }

    async fn start_tls(&mut self) -> Result<(), Closed> {
        let reply = format!("220 2.0.0 go ahead\r\n{}", self.script.injected);
        self.at(Stage::StartTls, &reply).await?;
        if self.refuses_at(Stage::StartTls) {
            return Ok(());
        }
        if self
            .script
            .fault
            .is_some_and(|(stage, _)| stage == Stage::Handshake)
        {
            self.at(Stage::Handshake, "").await?;
        }
        let config = self.script.tls.clone().ok_or(Closed)?;
        let empty: Box<dyn Bytes> = Box::new(tokio::io::empty());
        let clear = std::mem::replace(&mut self.stream, BufReader::new(empty)).into_inner();
        let encrypted = tokio_rustls::TlsAcceptor::from(config)
            .accept(clear)
            .await?;
        self.stream = BufReader::with_capacity(1 << 16, Box::new(encrypted));
        self.encrypted = true;
        Ok(())
    }

    async fn mail(&mut self) -> Result<(), Closed> {
        self.record.mails.fetch_add(1, Ordering::SeqCst);
        if !self.encrypted {
            self.record.mails_in_clear.fetch_add(1, Ordering::SeqCst);
        }
        self.mails += 1;
        (self.recipients, self.named) = (Vec::new(), 0);
        self.at(Stage::Mail, "250 2.1.0 OK\r\n").await?;
        match self.script.closes_after_second_mail && self.mails == 2 {
            true => Err(Closed),
            false => Ok(()),
        }
    }

    /// Whether it refuses at `stage`, and the dialogue goes on.
    fn refuses_at(&self, stage: Stage) -> bool {
        self.script.fault.is_some_and(|(at, how)| {
            at == stage && matches!(how, Behaviour::Transient | Behaviour::Permanent)
        })
    }

    async fn recipient(&mut self, line: &str) -> Result<(), Closed> {
        if self.refuses_at(Stage::Mail) {
            return self.say("503 5.5.1 no sender\r\n").await;
        }
        let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let stage = if self.named == 0 {
            Stage::FirstRecipient
        } else {
            Stage::LaterRecipient
        };
        self.named += 1;
        if let Some((prefix, reply)) = self.script.refuses
            && address.starts_with(prefix)
        {
            return self.say(reply).await;
        }
        if !self.refuses_at(stage) {
            self.recipients.push(address);
        }
        self.at(stage, "250 2.1.5 OK\r\n").await
    }

    async fn data(&mut self) -> Result<(), Closed> {
        if self.recipients.is_empty() {
            return self.say("503 5.5.1 no recipients\r\n").await;
        }
        self.at(Stage::DataReply, "354 go\r\n").await?;
        if self.refuses_at(Stage::DataReply) {
            return Ok(());
        }
        let mut message = Vec::new();
        while !message.ends_with(b"\r\n.\r\n") {
            let block = self.stream.fill_buf().await?;
            if block.is_empty() {
                return Err(Closed);
            }
            message.extend_from_slice(block);
            let octets = block.len();
            self.stream.consume(octets);
            if message.len() > 10_000
                && self
                    .script
                    .fault
                    .is_some_and(|(stage, _)| stage == Stage::MidBody)
            {
                self.at(Stage::MidBody, "").await?;
                return Err(Closed);
            }
        }
        message.truncate(message.len() - 3);
        self.final_dot(message).await
    }

    async fn final_dot(&mut self, message: Vec<u8>) -> Result<(), Closed> {
        if !self
            .script
            .fault
            .is_some_and(|(stage, _)| stage == Stage::FinalDot)
        {
            let recipients = std::mem::take(&mut self.recipients);
            let taken = Taken {
                recipients,
                message,
                encrypted: self.encrypted,
            };
            self.record.taken.lock().unwrap().push(taken);
        }
        self.at(Stage::FinalDot, "250 2.0.0 taken\r\n").await?;
        self.messages += 1;
        match self.script.messages_per_connection == Some(self.messages) {
            true => Err(Closed),
            false => Ok(()),
        }
    }

    /// Says `reply`, unless this is where it goes wrong.
    async fn at(&mut self, stage: Stage, reply: &str) -> Result<(), Closed> {
        let Some((_, behaviour)) = self.script.fault.filter(|(at, _)| *at == stage) else {
            return self.say(reply).await;
        };
        match behaviour {
            Behaviour::Transient => self.say("451 4.3.0 not now\r\n").await,
            Behaviour::Permanent => self.say("550 5.0.0 never\r\n").await,
            Behaviour::Close | Behaviour::Reset => Err(Closed),
            Behaviour::Hang => std::future::pending().await,
            Behaviour::Drip => {
                let reply = if reply.is_empty() {
                    "250 2.0.0 slow\r\n"
                } else {
                    reply
                };
                for octet in reply.as_bytes() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    self.stream.write_all(&[*octet]).await?;
                    self.stream.flush().await?;
                }
                Ok(())
            }
            Behaviour::Garbage => self.say("%\u{1}\u{ff} what?\r\n\r\n\r\n").await,
        }
    }

    async fn say(&mut self, reply: &str) -> Result<(), Closed> {
        self.stream.write_all(reply.as_bytes()).await?;
        self.stream.flush().await?;
        Ok(())
    }
}

/// A port on which connections are never made: its queue is full and nobody empties it.
pub struct BlackHole {
    pub address: SocketAddr,
    _listener: socket2::Socket,
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    pub async fn open() -> Self {
        let listener =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let mut waiting = Vec::new();
        let short = Duration::from_millis(200);
        while let Ok(stream) = tokio::time::timeout(short, TcpStream::connect(address)).await {
            waiting.push(stream.unwrap());
            assert!(waiting.len() < 64, "the queue does not fill");
        }
        Self {
            address,
            _listener: listener,
            _waiting: waiting,
        }
    }
}
