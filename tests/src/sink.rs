//! A recording next hop: it keeps every message byte for byte and answers as a test asks it to.
//! It shares no code with the gateway, and never repairs what it is sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::tls::Stream;

/// Where in a dialogue the sink asks its script what to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The connection is open and nothing was said.
    Banner,
    /// EHLO or HELO.
    Hello,
    /// MAIL, with the sender's address.
    Sender(String),
    /// RCPT, with the recipient's address.
    Recipient(String),
    /// DATA, before a byte of the message.
    Data,
    /// The message is here, its final dot read.
    End {
        /// The address in MAIL.
        sender: String,
        /// The recipients that were accepted.
        recipients: Vec<String>,
        /// The message, dot-stuffing undone.
        raw: Arc<Vec<u8>>,
    },
    /// QUIT.
    Quit,
}

/// What the sink does at a stage.
#[derive(Debug, Clone)]
pub enum Answer {
    /// As a willing server would.
    Accept,
    /// This line, without its line end.
    Say(&'static str),
    /// Wait, then go on as a willing server would.
    Wait(Duration),
    /// Close the connection without a word.
    Close,
    /// Keep the message as accepted, then close without a word: the lost final reply of RFC 1047.
    KeepAndClose,
}

/// A message as the sink got it.
#[derive(Debug, Clone)]
pub struct Received {
    /// The address in MAIL, empty for the null sender.
    pub sender: String,
    /// Everything after the address in MAIL.
    pub parameters: String,
    /// The accepted recipients, in order.
    pub recipients: Vec<String>,
    /// The message with dot-stuffing undone; its last line ends in CRLF.
    pub raw: Vec<u8>,
    /// The bytes as they came, from the first after 354 to the final dot and its CRLF.
    pub wire: Vec<u8>,
    /// Whether the sink answered 250 for it.
    pub accepted: bool,
    /// Whether it came in TLS.
    pub encrypted: bool,
}

type Script = dyn Fn(&Stage) -> Answer + Send + Sync;

/// A listening sink. It stops listening when dropped.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What a sink does of STARTTLS.
struct Tls {
    config: Arc<rustls::ServerConfig>,
    /// Whether it obeys inside what it had read in clear.
    keeps: bool,
}

struct Shared {
    tls: Option<Tls>,
    script: Mutex<Arc<Script>>,
    received: Mutex<Vec<Received>>,
    arrival: Condvar,
    closing: Mutex<bool>,
}

impl Sink {
    /// A sink that accepts everything.
    pub fn start() -> Self {
        Self::scripted(|_| Answer::Accept)
    }

    /// A sink that asks `script` at every stage.
    pub fn scripted(script: impl Fn(&Stage) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen(Box::new(script), None)
    }

    /// A sink that accepts everything and offers STARTTLS; one that `keeps` obeys inside what it
    /// had read in clear.
    pub fn offering_tls(config: Arc<rustls::ServerConfig>, keeps: bool) -> Self {
        let tls = Tls { config, keeps };
        Self::listen(Box::new(|_| Answer::Accept), Some(tls))
    }

    fn listen(script: Box<Script>, tls: Option<Tls>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            tls,
            script: Mutex::new(Arc::from(script)),
            received: Mutex::default(),
            arrival: Condvar::new(),
            closing: Mutex::new(false),
        });
        let listening = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if *listening.closing.lock().unwrap() {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&listening)) else {
                    continue;
                };
                // A peer that goes away in the middle is a test's doing, and no error of the sink.
                thread::spawn(move || drop(Dialogue::new(stream, shared).hold()));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it answers by another script.
    pub fn rescript(&self, script: impl Fn(&Stage) -> Answer + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap() = Arc::new(script);
    }

    /// All that came so far, refused messages included.
    pub fn all(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The accepted messages for one recipient, in order.
    pub fn mailbox(&self, recipient: &str) -> Vec<Received> {
        let is_for = |each: &Received| each.recipients.iter().any(|to| to == recipient);
        self.all()
            .into_iter()
            .filter(|each| each.accepted && is_for(each))
            .collect()
    }

    /// Waits until `recipient` has `count` messages; what it has after ten seconds otherwise.
    pub fn wait_for(&self, recipient: &str, count: usize) -> Vec<Received> {
        let until = Instant::now() + Duration::from_secs(10);
        let mut received = self.shared.received.lock().unwrap();
        loop {
            let is_for = |each: &&Received| {
                each.accepted && each.recipients.iter().any(|to| to == recipient)
            };
            let here: Vec<Received> = received.iter().filter(is_for).cloned().collect();
            let left = until.saturating_duration_since(Instant::now());
            if here.len() >= count || left.is_zero() {
                return here;
            }
            received = self.shared.arrival.wait_timeout(received, left).unwrap().0;
        }
    }

    /// Forgets what came so far.
    pub fn clear(&self) {
        self.shared.received.lock().unwrap().clear();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        *self.shared.closing.lock().unwrap() = true;
        drop(TcpStream::connect(self.address));
    }
}

struct Dialogue {
    stream: BufReader<Box<dyn Stream>>,
    socket: TcpStream,
    encrypted: bool,
    shared: Arc<Shared>,
    sender: Option<(String, String)>,
    recipients: Vec<String>,
}

/// Why a dialogue ended; a test never needs to know.
struct Ended;

impl From<std::io::Error> for Ended {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

impl Dialogue {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        stream.set_nodelay(true).ok();
        stream.set_read_timeout(Some(Duration::from_secs(120))).ok();
        let clear = stream.try_clone().expect("a socket can be cloned");
        Self {
            stream: BufReader::new(Box::new(clear)),
            socket: stream,
            encrypted: false,
            shared,
            sender: None,
            recipients: Vec::new(),
        }
    }

    fn hold(mut self) -> Result<(), Ended> {
        self.answer(&Stage::Banner, "220 sink.example ESMTP")?;
        loop {
            let line = self.line()?;
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb = text.split(' ').next().unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.hello()?,
                "HELO" => drop(self.answer(&Stage::Hello, "250 sink.example")?),
                "STARTTLS" if self.shared.tls.is_some() => self.encrypt()?,
                "MAIL" => self.mail(&text)?,
                "RCPT" => self.recipient(&text)?,
                "DATA" => self.data()?,
                "RSET" => {
                    self.reset();
                    self.say("250 2.0.0 reset")?;
                }
                "NOOP" => self.say("250 2.0.0 ok")?,
                "QUIT" => return self.answer(&Stage::Quit, "221 2.0.0 bye").map(drop),
                _ => self.say("502 5.5.1 the sink does not know this")?,
            }
        }
    }

    fn hello(&mut self) -> Result<(), Ended> {
        let offer = match self.shared.tls.is_some() && !self.encrypted {
            true => "250-STARTTLS\r\n",
            false => "",
        };
        let extensions = format!(
            "250-sink.example\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n{offer}\
             250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES"
        );
        self.answer(&Stage::Hello, &extensions).map(drop)
    }

    /// What follows is said in TLS; what had come before the handshake is forgotten, or not.
    fn encrypt(&mut self) -> Result<(), Ended> {
        self.say("220 2.0.0 go on")?;
        let shared = Arc::clone(&self.shared);
        let Some(tls) = &shared.tls else {
            return Ok(());
        };
        let kept = match tls.keeps {
            true => self.stream.buffer().to_vec(),
            false => Vec::new(),
        };
        let server = rustls::ServerConnection::new(Arc::clone(&tls.config)).map_err(|_| Ended)?;
        let inside = rustls::StreamOwned::new(server, self.socket.try_clone()?);
        self.stream = BufReader::new(Box::new(Remembering {
            kept: std::io::Cursor::new(kept),
            inside,
        }));
        self.encrypted = true;
        self.reset();
        Ok(())
    }

    fn mail(&mut self, text: &str) -> Result<(), Ended> {
        let (address, rest) = bracketed(text);
        if self.answer(&Stage::Sender(address.clone()), "250 2.1.0 ok")? {
            self.reset();
            self.sender = Some((address, rest));
        }
        Ok(())
    }

    fn recipient(&mut self, text: &str) -> Result<(), Ended> {
        if self.sender.is_none() {
            return self.say("503 5.5.1 MAIL first");
        }
        let (address, _) = bracketed(text);
        if self.answer(&Stage::Recipient(address.clone()), "250 2.1.5 ok")? {
            self.recipients.push(address);
        }
        Ok(())
    }

    fn data(&mut self) -> Result<(), Ended> {
        if self.recipients.is_empty() {
            return self.say("503 5.5.1 no valid recipients");
        }
        if !self.answer(&Stage::Data, "354 go on")? {
            return Ok(());
        }
        let (wire, raw) = self.message()?;
        let (sender, parameters) = self.sender.clone().unwrap_or_default();
        let recipients = self.recipients.clone();
        let answer = self.ask(&Stage::End {
            sender: sender.clone(),
            recipients: recipients.clone(),
            raw: Arc::new(raw.clone()),
        });
        let accepted = match &answer {
            Answer::Say(line) => line.starts_with('2'),
            Answer::Close => false,
            Answer::Accept | Answer::Wait(_) | Answer::KeepAndClose => true,
        };
        let message = Received {
            sender,
            parameters,
            recipients,
            raw,
            wire,
            accepted,
            encrypted: self.encrypted,
        };
        // Kept before it is answered: what was answered 250 is never missing here.
        self.shared.received.lock().unwrap().push(message);
        self.shared.arrival.notify_all();
        self.reset();
        self.carry_out(&answer, "250 2.0.0 kept").map(drop)
    }

    /// Reads to CRLF.CRLF and nothing else; gives the bytes as they came and with dots undone.
    fn message(&mut self) -> Result<(Vec<u8>, Vec<u8>), Ended> {
        let (mut wire, mut raw) = (Vec::new(), Vec::new());
        loop {
            let line = self.line()?;
            wire.extend_from_slice(&line);
            match line.as_slice() {
                b".\r\n" => return Ok((wire, raw)),
                [b'.', rest @ ..] => raw.extend_from_slice(rest),
                whole => raw.extend_from_slice(whole),
            }
        }
    }

    /// One line to CRLF; a bare CR or LF is part of the line.
    fn line(&mut self) -> Result<Vec<u8>, Ended> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            if self
                .stream
                .by_ref()
                .take(64 << 20)
                .read_until(b'\n', &mut line)?
                == 0
            {
                return Err(Ended);
            }
        }
        Ok(line)
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    fn ask(&self, stage: &Stage) -> Answer {
        let script = Arc::clone(&self.shared.script.lock().unwrap());
        script(stage)
    }

    /// Whether the answer was a positive one.
    fn answer(&mut self, stage: &Stage, willing: &str) -> Result<bool, Ended> {
        let answer = self.ask(stage);
        self.carry_out(&answer, willing)
    }

    fn carry_out(&mut self, answer: &Answer, willing: &str) -> Result<bool, Ended> {
        match answer {
            Answer::Accept => self.say(willing).map(|()| true),
            Answer::Wait(time) => {
                thread::sleep(*time);
                self.say(willing).map(|()| true)
            }
            Answer::Say(line) => self.say(line).map(|()| line.starts_with(['2', '3'])),
            Answer::Close | Answer::KeepAndClose => Err(Ended),
        }
    }

    fn say(&mut self, line: &str) -> Result<(), Ended> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{line}\r\n").as_bytes())?;
        stream.flush()?;
        Ok(())
    }
}

/// A stream that begins with what was read before it was there.
struct Remembering<S> {
    kept: std::io::Cursor<Vec<u8>>,
    inside: S,
}

impl<S: Read> Read for Remembering<S> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self.kept.read(out)? {
            0 => self.inside.read(out),
            length => Ok(length),
        }
    }
}

impl<S: Write> Write for Remembering<S> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.inside.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inside.flush()
    }
}

/// The address between the angle brackets, and what follows them.
fn bracketed(text: &str) -> (String, String) {
    let inner = text.split_once('<').map_or("", |(_, rest)| rest);
    let (address, rest) = inner.rsplit_once('>').unwrap_or((inner, ""));
    (address.to_owned(), rest.trim().to_owned())
}
