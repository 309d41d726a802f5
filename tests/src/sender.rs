//! A mail client for tests: it speaks SMTP line by line and shows every reply. It never retries.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One reply: its code and its lines joined by spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits; 0 where the connection ended instead.
    pub code: u16,
    /// What follows them, the enhanced code included.
    pub text: String,
}

impl Reply {
    /// Whether the text begins with this enhanced code.
    pub fn is_enhanced(&self, code: &str) -> bool {
        self.text.split(' ').next() == Some(code)
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// An open connection, greeted.
pub struct Sender {
    input: BufReader<TcpStream>,
    output: TcpStream,
    /// What the server said to EHLO.
    pub greeting: Reply,
}

impl Sender {
    /// Connects, reads the banner and says EHLO.
    pub fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let output = TcpStream::connect(address)?;
        output.set_nodelay(true)?;
        output.set_read_timeout(Some(Duration::from_secs(60)))?;
        let input = BufReader::new(output.try_clone()?);
        let mut sender = Self {
            input,
            output,
            greeting: Reply {
                code: 0,
                text: String::new(),
            },
        };
        let banner = sender.reply();
        sender.greeting = match banner.code {
            220 => sender.command("EHLO client.corp.example"),
            _ => banner,
        };
        Ok(sender)
    }

    /// One command, one reply.
    pub fn command(&mut self, line: &str) -> Reply {
        self.write(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Bytes exactly as given.
    pub fn write(&mut self, bytes: &[u8]) {
        // A closed connection shows itself in the next reply.
        self.output.write_all(bytes).ok();
    }

    /// The next reply; code 0 where the server closed instead.
    pub fn reply(&mut self) -> Reply {
        let mut text = String::new();
        loop {
            let mut line = Vec::new();
            if self.input.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                return Reply {
                    code: 0,
                    text: "connection closed".to_owned(),
                };
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let code = line
                .get(..3)
                .and_then(|digits| digits.parse().ok())
                .unwrap_or(0);
            text.push_str(line.get(4..).unwrap_or(""));
            if line.as_bytes().get(3) != Some(&b'-') {
                return Reply { code, text };
            }
            text.push(' ');
        }
    }

    /// A whole transaction; the reply that decided: the first refusal of MAIL, of every recipient,
    /// of DATA, or the answer to the final dot.
    pub fn send(&mut self, from: &str, to: &[&str], raw: &[u8]) -> Reply {
        let is_ascii = raw.is_ascii() && from.is_ascii() && to.iter().all(|to| to.is_ascii());
        let body = if is_ascii {
            ""
        } else {
            " BODY=8BITMIME SMTPUTF8"
        };
        let mut last = self.command(&format!("MAIL FROM:<{from}>{body}"));
        if last.code != 250 {
            return last;
        }
        let mut accepted = 0;
        for recipient in to {
            let reply = self.command(&format!("RCPT TO:<{recipient}>"));
            match reply.code {
                250 | 251 => accepted += 1,
                _ => last = reply,
            }
        }
        if accepted == 0 {
            self.command("RSET");
            return last;
        }
        let reply = self.command("DATA");
        if reply.code != 354 {
            return reply;
        }
        self.write(&stuffed(raw));
        self.reply()
    }
}

/// The message as it goes over the wire: leading dots doubled, then the final dot.
pub fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(raw.len() + 64);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    if !wire.is_empty() && !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}
