//! A driver for a client connection that writes down everything it sees.

use mail::{Address, BodyType, Envelope, Recipients, Sender};
use wire::client::{Connection, Delivery, Event, Options, Outcome, Protocol, TlsPolicy};

/// Options for a next hop on loopback.
pub fn options(tls: TlsPolicy, protocol: Protocol) -> Options {
    Options {
        hostname: "gate.example".to_owned(),
        tls,
        protocol,
    }
}

/// An envelope; `-` is the null sender.
pub fn envelope(from: &str, to: &[&str]) -> Envelope {
    let address = |text: &str| Address::parse(text).expect("a good address");
    let sender = if from == "-" {
        Sender::Null
    } else {
        Sender::Mailbox(address(from))
    };
    let recipients = Recipients::new(to.iter().map(|to| address(to)).collect());
    Envelope {
        sender,
        recipients: recipients.expect("a recipient"),
        body: BodyType::SevenBit,
        smtputf8: false,
    }
}

/// A connection that is ready, to a next hop that offers these.
pub fn ready(offers: &[&str]) -> Connection {
    let mut connection = Connection::new(options(TlsPolicy::None, Protocol::Smtp));
    connection.feed(b"220 mx.example\r\n");
    assert_eq!(connection.next(), None);
    let mut hello = String::from("250-mx.example\r\n");
    for offer in offers {
        hello.push_str(&format!("250-{offer}\r\n"));
    }
    hello.push_str("250 HELP\r\n");
    connection.feed(hello.as_bytes());
    assert_eq!(connection.next(), Some(Event::Ready));
    drain(&mut connection);
    connection
}

/// All that a connection wants written.
pub fn drain(connection: &mut Connection) -> Vec<u8> {
    let mut chunk = Vec::new();
    connection.output(&mut chunk);
    chunk
}

/// All that a delivery wants written now.
pub fn drain_delivery(delivery: &mut Delivery<'_, '_>) -> Vec<u8> {
    let (mut all, mut chunk) = (Vec::new(), Vec::new());
    while delivery.output(&mut chunk) {
        all.extend_from_slice(&chunk);
    }
    all
}

/// An outcome as lines.
pub fn describe(outcome: &Outcome) -> Vec<String> {
    let mut lines: Vec<_> = outcome
        .recipients
        .iter()
        .map(|(to, reply)| format!("{to}: {reply}"))
        .collect();
    if let Some(data) = &outcome.data {
        lines.push(format!("data: {data}"));
    }
    lines.push(format!("end: {:?}", outcome.end));
    lines
}
