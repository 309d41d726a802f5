//! Targets over bytes from nowhere: nothing panics, and what is said stays in proportion.
//! `FUZZ_ROUNDS` sets how many inputs each target gets; the seed is fixed, so a failure comes back.

mod support;

use support::client::{drain, drain_delivery, envelope, options};
use support::server::Driver;
use wire::client::{Connection, Event, Protocol, TlsPolicy, Transaction};
use wire::reply::read_reply;
use wire::server::{BareNewline, Options, TlsOffer, Xforward};

/// Replies of a server are never longer than this for one line of input.
const OCTETS_SAID_FOR_A_LINE_MAX: usize = 1024;

/// A server session of any options meets these bytes.
pub fn server(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else {
        return;
    };
    let mut options = Options::new("mx.example");
    options.size_max = 1000;
    if choice & 1 != 0 {
        options.bare_newline = BareNewline::Normalise;
    }
    if choice & 2 != 0 {
        options.tls = TlsOffer::Offered;
    }
    if choice & 4 != 0 {
        options.xforward = Xforward::Permit;
    }
    let mut driver = Driver::new(options);
    let middle = bytes.len() * usize::from(choice) / 256;
    driver.feed(&bytes[..middle]);
    driver.feed(&bytes[middle..]);
    let lines = 2 + bytes.iter().filter(|&&byte| byte == b'\n').count();
    assert!(driver.output.len() <= lines * OCTETS_SAID_FOR_A_LINE_MAX);
    for message in &driver.messages {
        assert!(message.len() <= 1000 && !message.contains(&0));
        assert!(message.is_empty() || message.ends_with(b"\r\n"));
    }
}

/// A client meets these bytes, before and during a delivery.
pub fn client(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else {
        return;
    };
    let protocol = if choice & 1 == 0 {
        Protocol::Smtp
    } else {
        Protocol::Lmtp
    };
    let mut connection = Connection::new(options(TlsPolicy::Opportunistic, protocol));
    let mut pieces = bytes.chunks(1 + usize::from(choice / 4));
    let envelope = envelope("-", &["ann@corp.example", "bob@corp.example"]);
    let parts: [&[u8]; 1] = [b"hello\r\n"];
    for piece in pieces.by_ref() {
        connection.feed(piece);
        match connection.next() {
            Some(Event::StartTls) => connection.tls_started(),
            Some(Event::Ready) => break,
            _ => {}
        }
        drain(&mut connection);
    }
    if !connection.is_ready() {
        return connection.lost();
    }
    let mut delivery = connection.begin(Transaction {
        envelope: &envelope,
        parts: &parts,
    });
    for piece in pieces {
        drain_delivery(&mut delivery);
        delivery.feed(piece);
        if delivery.next().is_some() {
            return;
        }
    }
    assert!(delivery.lost().is_some());
}

/// A reply reader meets these bytes.
pub fn reply(bytes: &[u8]) {
    if let Ok(Some((reply, octets))) = read_reply(bytes) {
        assert!(octets <= bytes.len());
        assert!((200..600).contains(&reply.code));
    }
}

const WORDS: &[&[u8]] = &[
    b"EHLO a\r\n",
    b"HELO a\r\n",
    b"MAIL FROM:<",
    b"RCPT TO:<",
    b"ann@corp.example",
    b">",
    b"\r\n",
    b" SIZE=",
    b" SMTPUTF8",
    b" AUTH=",
    b"DATA\r\n",
    b"STARTTLS\r\n",
    b"XFORWARD NAME=",
    b"+0D",
    b"RSET\r\n",
    b"NOOP",
    b"BDAT 1\r\n",
    b"\r\n.\r\n",
    b".",
    b"\n",
    b"\r",
    b"\0",
    b"\"",
    b"\\",
    b"220 a\r\n",
    b"250-a\r\n",
    b"250 STARTTLS\r\n",
    b"250 PIPELINING\r\n",
    b"250 2.0.0 ok\r\n",
    b"354 go\r\n",
    b"421 x\r\n",
    b"550 5.1.1 x\r\n",
    b"451",
    b" ",
    b"-",
    b"\xc3\xbc",
    b"\xff",
];

/// A small generator that needs nothing of the system.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = vec![self.below(256) as u8];
        for _ in 0..self.below(60) {
            match self.below(8) {
                0 => bytes.push(self.below(256) as u8),
                1 => bytes.extend(std::iter::repeat_n(b'x', self.below(3000))),
                _ => bytes.extend_from_slice(WORDS[self.below(WORDS.len())]),
            }
        }
        bytes
    }
}

fn run(target: fn(&[u8])) {
    let rounds = std::env::var("FUZZ_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2000);
    let mut random = Random(0x5ea1_9a7e_0000_0001);
    for round in 0..rounds {
        let bytes = random.bytes();
        let caught = std::panic::catch_unwind(|| target(&bytes));
        assert!(caught.is_ok(), "round {round}: {}", support::show(&bytes));
    }
}

#[test]
fn server_meets_anything() {
    run(server);
}

#[test]
fn client_meets_anything() {
    run(client);
}

#[test]
fn reply_meets_anything() {
    run(reply);
}
