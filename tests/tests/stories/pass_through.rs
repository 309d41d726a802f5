//! P3: what has nothing to change leaves as it came, below one block of ours. Every message of the
//! corpora goes through the running gateway; nothing is compared but bytes.

use end_to_end::corpus;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::hop::{Hop, Sin, Sloppy};
use end_to_end::letter::below_our_block;
use end_to_end::sender::Sender;
use end_to_end::sink::Sink;

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";

/// Messages that may not pass, and why; anything else that is refused fails the test.
fn exception(raw: &[u8]) -> Option<(u16, &'static str)> {
    raw.contains(&0).then_some((550, "5.6.0"))
}

#[test]
fn every_message_of_the_corpora_arrives_as_it_came() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), ""));
    let samples = corpus::mail();
    let (mut passed, mut refused, mut complaints) = (0, 0, Vec::new());
    for sample in &samples {
        sink.clear();
        let reply = gateway.inside().send(FROM, &[TO], &sample.raw);
        match exception(&sample.raw) {
            Some((code, enhanced)) => {
                refused += 1;
                if reply.code != code || !reply.is_enhanced(enhanced) || !sink.all().is_empty() {
                    complaints.push(format!("{}: not refused but `{reply}`", sample.name));
                }
            }
            None => {
                passed += 1;
                complaints.extend(
                    differs(&sink, &sample.raw, reply.code)
                        .map(|why| format!("{}: {why} (`{reply}`)", sample.name)),
                );
            }
        }
    }
    println!("pass-through: {passed} arrived as they came, {refused} refused for a NUL");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(
        samples.is_empty() || passed > 100,
        "only {passed} messages were tried"
    );
}

/// What is wrong with how one message arrived.
fn differs(sink: &Sink, raw: &[u8], code: u16) -> Option<String> {
    let received = sink.mailbox(TO);
    if code != 250 || received.len() != 1 {
        return Some(format!("answered {code}, arrived {} times", received.len()));
    }
    let got = &received[0].raw;
    let Some(block) = got.strip_suffix(raw) else {
        return Some("the bytes of the message changed".to_owned());
    };
    let (names, rest) = below_our_block(block);
    let traces = names.iter().filter(|name| *name == "Received").count();
    (!rest.is_empty() || traces != 1)
        .then(|| format!("the block above is not ours alone: {names:?}"))
}

#[test]
fn a_relay_that_tidies_is_seen() {
    let sink = Sink::start();
    let relay = Sloppy::start(sink.address(), Sin::Tidies);
    let raw = b"Received: by relay\r\nSubject: x \r\n\r\nbody\r\n";
    let mut sender = Sender::connect(relay.entrance()).unwrap();
    let reply = sender.send(FROM, &[TO], raw);
    assert_eq!(
        differs(&sink, raw, reply.code).unwrap(),
        "the bytes of the message changed"
    );
}

#[test]
fn odd_bytes_pass_and_line_end_tricks_do_not() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), ""));
    let head = b"Subject: odd\r\n\r\n".to_vec();
    for body in [
        &b"\xff\xfe\x80 8-bit\r\n"[..],
        b".\r\n..\r\n...\r\n",
        b"\r\n\r\n\r\n",
        b"",
        b"\t \r\n",
    ] {
        sink.clear();
        let raw = [&head[..], body].concat();
        let reply = gateway.inside().send(FROM, &[TO], &raw);
        assert_eq!(differs(&sink, &raw, reply.code), None, "{reply}");
    }
    for body in [
        &b"bare\rcr\r\n"[..],
        b"bare\nlf\r\n",
        b"nul\0\r\n",
        b"x\n.\nMAIL FROM:<a@b>\r\n",
    ] {
        sink.clear();
        let reply = gateway
            .inside()
            .send(FROM, &[TO], &[&head[..], body].concat());
        assert!(
            reply.code == 550 && reply.is_enhanced("5.6.0"),
            "{body:?}: {reply}"
        );
        assert!(sink.all().is_empty(), "{body:?} was passed on");
    }
}
