//! Sends the same message over several connections for a while, pipelined, and counts.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing on loopback takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message and its envelope, ready to be sent any number of times.
#[derive(Debug, Clone)]
pub struct Letter {
    envelope: Vec<u8>,
    data: Vec<u8>,
}

impl Letter {
    /// Plain text of about `octets`, from an inside person to `recipient`. `subject` is what
    /// the rules see.
    pub fn new(octets: usize, recipient: &str, subject: &str) -> Self {
        let sender = "ann@corp.example";
        let mut data = format!(
            "From: Ann <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n\
             Date: Thu, 03 Dec 2026 14:05:00 +0000\r\nMessage-ID: <load@corp.example>\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        )
        .into_bytes();
        let line = b"Nothing in this line is of interest, and there are many lines like it.\r\n";
        while data.len() + line.len() <= octets {
            data.extend_from_slice(line);
        }
        data.extend_from_slice(b".\r\n");
        // RFC 1870 §6: whoever has no room can say so before it is sent.
        let size = data.len();
        let envelope =
            format!("MAIL FROM:<{sender}> SIZE={size}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n");
        Self {
            envelope: envelope.into_bytes(),
            data,
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Messages answered 250.
    pub taken: u64,
    /// Messages answered otherwise, or not at all.
    pub refused: u64,
}

/// Several connections to one server, kept from run to run.
pub struct Source {
    connections: Vec<Connection>,
}

struct Connection {
    write: TcpStream,
    read: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Source {
    /// Connects and greets.
    pub fn connect(to: SocketAddr, connections: usize) -> io::Result<Self> {
        let connections = (0..connections).map(|_| Connection::open(to));
        Ok(Self {
            connections: connections.collect::<io::Result<_>>()?,
        })
    }

    /// Sends on all connections at once until the time is over; each ends the message it is at.
    pub fn run(&mut self, letter: &Letter, time: Duration) -> Tally {
        let until = Instant::now() + time;
        let tallies = thread::scope(|scope| {
            let one = |connection| scope.spawn(move || Connection::run(connection, letter, until));
            let threads: Vec<_> = self.connections.iter_mut().map(one).collect();
            threads
                .into_iter()
                .map(|thread| thread.join())
                .collect::<Vec<_>>()
        });
        tallies
            .into_iter()
            .flatten()
            .fold(Tally::default(), Tally::plus)
    }
}

/// Sends the message once over each of so many sessions, all at once. One that is told to come
/// again comes again, until the time is over. `refused` counts how often that was said.
pub fn once_each(to: SocketAddr, sessions: usize, letter: &Letter, time: Duration) -> Tally {
    let until = Instant::now() + time;
    let insist = || {
        let mut tally = Tally::default();
        while tally.taken == 0 && Instant::now() < until {
            match Connection::open(to).and_then(|mut connection| connection.send(letter)) {
                Ok(true) => tally.taken += 1,
                Ok(false) | Err(_) => {
                    tally.refused += 1;
                    thread::sleep(Duration::from_millis(200));
                }
            }
        }
        tally
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..sessions).map(|_| scope.spawn(insist)).collect();
        let tallies = threads.into_iter().filter_map(|thread| thread.join().ok());
        tallies.fold(Tally::default(), Tally::plus)
    })
}

impl Tally {
    fn plus(self, other: Self) -> Self {
        Self {
            taken: self.taken + other.taken,
            refused: self.refused + other.refused,
        }
    }
}

impl Connection {
    fn open(to: SocketAddr) -> io::Result<Self> {
        let write = TcpStream::connect(to)?;
        write.set_nodelay(true)?;
        write.set_read_timeout(Some(PATIENCE))?;
        let read = BufReader::new(write.try_clone()?);
        let mut connection = Self {
            write,
            read,
            line: Vec::new(),
        };
        connection.reply()?;
        connection.write.write_all(b"EHLO load.example\r\n")?;
        connection.reply()?;
        Ok(connection)
    }

    fn run(&mut self, letter: &Letter, until: Instant) -> Tally {
        let mut tally = Tally::default();
        while Instant::now() < until {
            match self.send(letter) {
                Ok(true) => tally.taken += 1,
                Ok(false) => tally.refused += 1,
                Err(_) => {
                    tally.refused += 1;
                    break;
                }
            }
        }
        tally
    }

    /// Two writes and two waits, as a good client does it.
    fn send(&mut self, letter: &Letter) -> io::Result<bool> {
        self.write.write_all(&letter.envelope)?;
        let codes = [self.reply()?, self.reply()?, self.reply()?];
        if codes != [250, 250, 354] {
            let said = String::from_utf8_lossy(&self.line).into_owned();
            return Err(io::Error::other(said));
        }
        self.write.write_all(&letter.data)?;
        Ok(self.reply()? == 250)
    }

    /// The code of the next reply.
    fn reply(&mut self) -> io::Result<u16> {
        loop {
            self.line.clear();
            if self.read.read_until(b'\n', &mut self.line)? < 4 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if self.line[3] != b'-' {
                let code = std::str::from_utf8(&self.line[..3]).ok();
                return Ok(code.and_then(|code| code.parse().ok()).unwrap_or(0));
            }
        }
    }
}
