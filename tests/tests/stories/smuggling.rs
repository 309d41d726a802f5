//! V1 and V2: false ends of a message, each followed by a second transaction, never become one at
//! the next hop, and nothing but CRLF ever goes out. The fifteenth of the published list,
//! NUL CRLF . CRLF, is a true end (RFC 5321 §4.1.1.4): there the first message is refused for its
//! NUL, and what follows is a transaction of the sender's own.

use end_to_end::gateway::{Gateway, Site};
use end_to_end::hop::{Hop, Sin, Sloppy};
use end_to_end::sender::Sender;
use end_to_end::sink::{Received, Sink};

const FALSE_ENDS: [&[u8]; 14] = [
    b"\n.\n",
    b"\n.\r",
    b"\r.\n",
    b"\r.\r",
    b"\n.\r\n",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\0\n.\r\n",
    b"\r\n.\r\0\n",
];

/// A message that holds a false end and then a whole transaction of a stranger.
fn smuggled(false_end: &[u8]) -> Vec<u8> {
    let second = b"MAIL FROM:<ceo@corp.example>\r\nRCPT TO:<victim@partner.example>\r\nDATA\r\n\
        Subject: smuggled\r\n\r\nhello\r\n";
    [b"Subject: first\r\n\r\ntext", false_end, second].concat()
}

/// What a next hop must never see.
fn wrong(received: &[Received]) -> Vec<String> {
    let mut wrong = Vec::new();
    if received.len() > 1 {
        wrong.push(format!("{} transactions", received.len()));
    }
    for message in received {
        if message.recipients.iter().any(|to| to.starts_with("victim")) {
            wrong.push("the smuggled recipient".to_owned());
        }
        let without_ends = message.wire.split(|byte| *byte == b'\n').all(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            !line.contains(&b'\r') && !line.contains(&0)
        });
        let bare_lf = message
            .wire
            .windows(2)
            .any(|pair| pair[1] == b'\n' && pair[0] != b'\r');
        if !without_ends || bare_lf || message.wire.starts_with(b"\n") {
            wrong.push("a bare CR, LF or NUL".to_owned());
        }
    }
    wrong
}

/// Sends the bytes as they are, in `step`-byte segments, then the real end.
fn send(hop: &dyn Hop, raw: &[u8], step: usize) {
    let mut sender = Sender::connect(hop.entrance()).unwrap();
    sender.command("MAIL FROM:<ann@corp.example>");
    sender.command("RCPT TO:<bob@partner.example>");
    sender.command("DATA");
    for segment in raw.chunks(step) {
        sender.write(segment);
    }
    sender.write(b".\r\n");
    sender.reply();
}

#[test]
fn a_false_end_ends_nothing() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), ""));
    let mut complaints = Vec::new();
    for false_end in FALSE_ENDS {
        for step in [1, 7, 4096] {
            sink.clear();
            send(&gateway, &smuggled(false_end), step);
            for wrong in wrong(&sink.all()) {
                complaints.push(format!("`{}` by {step}: {wrong}", false_end.escape_ascii()));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));

    // The true end with a NUL before it: the first message never arrives.
    sink.clear();
    send(&gateway, &smuggled(b"\0\r\n.\r\n"), 4096);
    assert!(sink.all().iter().all(|each| !each.raw.contains(&0)));
    assert!(sink.mailbox("bob@partner.example").is_empty());
}

#[test]
fn a_relay_that_passes_tricks_on_is_seen() {
    let sink = Sink::start();
    let relay = Sloppy::start(sink.address(), Sin::Tidies);
    send(&relay, &smuggled(b"\n.\n"), 4096);
    assert_eq!(wrong(&sink.all()), ["a bare CR, LF or NUL"]);
}
