//! How fast a message is taken in and sent, in MB a second of processor time.
//! `cargo bench -p wire` (release profile).
//!
//! Receive: a whole transaction fed in reads of 64 KiB. Send: a whole transaction taken out in
//! chunks. Copy is the floor: one `memcpy` of the message into a fresh vector.

use std::hint::black_box;
use std::time::{Duration, Instant};

use mail::{Address, BodyType, Envelope, Recipients, Sender};
use wire::Reply;
use wire::client::{Connection, Event, Options, Protocol, TlsPolicy, Transaction};
use wire::server::{self, Session};

const READ_OCTETS: usize = 64 * 1024;
const TIME_EACH: Duration = Duration::from_millis(500);

fn main() {
    println!(
        "{:>10} {:>8} {:>10} {:>10} {:>10}",
        "size", "lines", "copy", "receive", "send"
    );
    for size in [4 * 1024, 64 * 1024, 1024 * 1024] {
        for line in [76, 998] {
            let message = message(size, line);
            let copy = measure(size, || drop(black_box(message.to_vec())));
            let received = receive(&message);
            let sent = send(&message);
            println!("{size:>10} {line:>8} {copy:>10.0} {received:>10.0} {sent:>10.0}");
        }
    }
}

/// Text of lines that long, one in fifty beginning with a dot.
fn message(size: usize, line: usize) -> Vec<u8> {
    let mut message = b"Subject: bench\r\n\r\n".to_vec();
    let mut count = 0;
    while message.len() + line + 2 < size {
        count += 1;
        message.push(if count % 50 == 0 { b'.' } else { b'x' });
        message.extend((1..line).map(|n| b'a' + (n % 26) as u8));
        message.extend_from_slice(b"\r\n");
    }
    message
}

/// Million octets a second of processor time, so that a busy machine tells the same.
fn measure(octets: usize, mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let begun = processor_time();
    let mut rounds = 0_u64;
    while start.elapsed() < TIME_EACH {
        for _ in 0..8 {
            work();
        }
        rounds += 8;
    }
    let spent = match (begun, processor_time()) {
        (Some(begun), Some(ended)) => ended.saturating_sub(begun),
        _ => start.elapsed(),
    };
    (rounds * octets as u64) as f64 / spent.as_secs_f64() / 1e6
}

/// What this thread has had of a processor; Linux only.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

fn receive(message: &[u8]) -> f64 {
    let mut session = Session::new(server::Options::new("mx.example"));
    let mut data = Vec::new();
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        data.extend(line.starts_with(b".").then_some(b'.'));
        data.extend_from_slice(line);
    }
    data.extend_from_slice(b".\r\n");
    feed(&mut session, b"EHLO client.example\r\n");
    let envelope = b"MAIL FROM:<ann@corp.example> SIZE=1000000\r\n\
        RCPT TO:<bob@partner.example>\r\nDATA\r\n";
    let size = String::from_utf8_lossy(envelope)
        .replace("1000000", &message.len().to_string())
        .into_bytes();
    measure(message.len(), || {
        feed(&mut session, &size);
        let taken: usize = data
            .chunks(READ_OCTETS)
            .map(|read| feed(&mut session, read))
            .sum();
        assert_eq!(taken, message.len());
    })
}

/// Feeds one read, answers what is asked; how many octets of messages came.
fn feed(session: &mut Session, read: &[u8]) -> usize {
    let mut octets = 0;
    session.feed(read);
    while let Some(event) = session.next() {
        if let server::Event::Message { raw, .. } = event {
            octets += black_box(raw).len();
        }
        session.answer(Reply::new(250, "2.0.0", "OK"));
    }
    black_box(session.output());
    octets
}

fn send(message: &[u8]) -> f64 {
    let options = Options {
        hostname: "gate.example".into(),
        tls: TlsPolicy::None,
        protocol: Protocol::Smtp,
    };
    let mut connection = Connection::new(options);
    let mut chunk = Vec::new();
    connection.feed(b"220 mx\r\n");
    assert_eq!(connection.next(), None);
    connection.output(&mut chunk);
    connection.feed(b"250-mx\r\n250-PIPELINING\r\n250 SIZE\r\n");
    assert_eq!(connection.next(), Some(Event::Ready));
    let address = |text| Address::parse(text).expect("an address");
    let envelope = Envelope {
        sender: Sender::Mailbox(address("ann@corp.example")),
        recipients: Recipients::new(vec![address("bob@partner.example")]).expect("a recipient"),
        body: BodyType::SevenBit,
        smtputf8: false,
    };
    let trace: &[u8] = b"Received: by gate.example\r\n";
    let parts = [trace, message];
    measure(message.len(), || {
        let mut delivery = connection.begin(Transaction {
            envelope: &envelope,
            parts: &parts,
        });
        delivery.output(&mut chunk);
        delivery.feed(b"250 OK\r\n250 OK\r\n354 go\r\n");
        assert!(delivery.next().is_none());
        while delivery.output(&mut chunk) {
            black_box(&chunk);
        }
        delivery.feed(b"250 OK\r\n");
        assert!(delivery.next().is_some_and(|outcome| outcome.is_positive()));
    })
}
