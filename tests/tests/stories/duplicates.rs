//! P7: a retry repeats nobody who was served, a lost final reply costs one extra copy at most, and
//! two equal messages arrive twice. A relay that forgets must fail the same checks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use end_to_end::gateway::{Gateway, Site};
use end_to_end::hop::{Hop, Sin, Sloppy};
use end_to_end::letter;
use end_to_end::sender::Sender;
use end_to_end::sink::{Answer, Sink, Stage};

const FROM: &str = "ann@corp.example";
const INSIDE: &str = "eve@corp.example";
const OUTSIDE: &str = "bob@partner.example";
const SPLIT: &str = "[[rule]]\nname = \"mark\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ prepend_subject = \"[outside] \" }]\n";

/// A sink that refuses the outside copy `times` times.
fn reluctant(times: usize, answer: Answer) -> Sink {
    let refused = Arc::new(AtomicUsize::new(0));
    Sink::scripted(move |stage| match stage {
        Stage::End { recipients, .. } if recipients.iter().any(|to| to == OUTSIDE) => {
            match refused.fetch_add(1, Ordering::SeqCst) < times {
                true => answer.clone(),
                false => Answer::Accept,
            }
        }
        _ => Answer::Accept,
    })
}

/// Sends as a mail server does: all recipients again until 250. The replies.
fn send_until_accepted(hop: &dyn Hop, raw: &[u8]) -> Vec<u16> {
    let mut codes = Vec::new();
    while codes.last() != Some(&250) && codes.len() < 5 {
        let mut sender = Sender::connect(hop.entrance()).unwrap();
        codes.push(sender.send(FROM, &[INSIDE, OUTSIDE], raw).code);
    }
    codes
}

#[test]
fn a_retry_repeats_nobody_who_was_served() {
    let sink = reluctant(2, Answer::Say("451 4.3.0 later"));
    let mut gateway = Gateway::start(&Site::new(sink.address(), SPLIT));
    let raw = letter::plain(FROM, INSIDE, "once", "text");
    assert_eq!(send_until_accepted(&gateway, &raw), [451, 451, 250]);
    assert_eq!(sink.mailbox(INSIDE).len(), 1);
    assert_eq!(sink.mailbox(OUTSIDE).len(), 1);

    // After 250 the memory is gone: the same message again is a new message.
    assert_eq!(send_until_accepted(&gateway, &raw), [250]);
    assert_eq!(sink.mailbox(INSIDE).len(), 2);
    assert_eq!(sink.mailbox(OUTSIDE).len(), 2);

    // The memory of the served survives a crash.
    let sink_again = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sink_again);
    sink.rescript(move |stage| match stage {
        Stage::End { recipients, .. } if recipients.iter().any(|to| to == OUTSIDE) => {
            match counter.fetch_add(1, Ordering::SeqCst) {
                0 => Answer::Say("451 4.3.0 later"),
                _ => Answer::Accept,
            }
        }
        _ => Answer::Accept,
    });
    sink.clear();
    let first = gateway.inside().send(FROM, &[INSIDE, OUTSIDE], &raw);
    assert_eq!(first.code, 451, "{first}");
    gateway.kill();
    gateway.serve();
    assert_eq!(send_until_accepted(&gateway, &raw), [250]);
    assert_eq!(
        (sink.mailbox(INSIDE).len(), sink.mailbox(OUTSIDE).len()),
        (1, 1)
    );
}

/// A mail server sends a message for many recipients in several transactions: the end of one takes
/// nothing from the memory of another, nor of other messages.
#[test]
fn a_transaction_forgets_only_its_own_recipients() {
    let refused = AtomicUsize::new(0);
    let sink = Sink::scripted(move |stage| match stage {
        Stage::Recipient(to) if to == OUTSIDE && refused.fetch_add(1, Ordering::SeqCst) < 4 => {
            Answer::Say("451 4.3.0 later")
        }
        _ => Answer::Accept,
    });
    let gateway = Gateway::start(&Site::new(sink.address(), ""));
    let [raw, other] = ["once", "other"].map(|subject| letter::plain(FROM, INSIDE, subject, "x"));
    let send = |to: &[&str], raw: &[u8]| gateway.inside().send(FROM, to, raw).code;
    assert_eq!(send(&[INSIDE, OUTSIDE], &raw), 451);
    assert_eq!(send(&[INSIDE, OUTSIDE], &other), 451);
    assert_eq!(
        send(&["carl@corp.example", "zoe@partner.example"], &raw),
        250
    );
    assert_eq!(
        send(&["carl@corp.example", "zoe@partner.example"], &other),
        250
    );
    assert_eq!(sink.mailbox(INSIDE).len(), 2);
    assert_eq!(send_until_accepted(&gateway, &raw), [250]);
    assert_eq!(send_until_accepted(&gateway, &other), [250]);
    assert_eq!(sink.mailbox(INSIDE).len(), 2, "served twice");
    assert_eq!(sink.mailbox(OUTSIDE).len(), 2);
}

#[test]
fn a_relay_that_forgets_is_seen() {
    let sink = reluctant(2, Answer::Say("451 4.3.0 later"));
    let relay = Sloppy::start(sink.address(), Sin::ForgetsTheServed);
    let raw = letter::plain(FROM, INSIDE, "once", "text");
    assert_eq!(send_until_accepted(&relay, &raw), [451, 451, 250]);
    assert_eq!(
        sink.mailbox(INSIDE).len(),
        3,
        "this relay repeats the served"
    );
}

#[test]
fn a_lost_final_reply_costs_one_copy_and_no_more() {
    let sink = reluctant(1, Answer::KeepAndClose);
    let gateway = Gateway::start(&Site::new(sink.address(), SPLIT));
    let raw = letter::plain(FROM, INSIDE, "lost reply", "text");
    let codes = send_until_accepted(&gateway, &raw);
    assert_eq!(codes.last(), Some(&250), "{codes:?}");
    assert_eq!(sink.mailbox(INSIDE).len(), 1);
    let copies = sink.mailbox(OUTSIDE).len();
    assert!((1..=2).contains(&copies), "{copies} copies");
}

#[test]
fn refused_for_good_and_served_in_one_message_gives_a_report() {
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == OUTSIDE => Answer::Say("550 5.1.1 no such user"),
        _ => Answer::Accept,
    });
    let gateway = Gateway::start(&Site::new(sink.address(), SPLIT));
    let raw = letter::plain(FROM, INSIDE, "half", "text");
    assert_eq!(send_until_accepted(&gateway, &raw), [250]);
    let reports = sink.wait_for(FROM, 1);
    assert_eq!(reports.len(), 1, "no delivery report for the refused one");
    let report = String::from_utf8_lossy(&reports[0].raw).into_owned();
    assert_eq!(reports[0].sender, "", "a report has the null sender");
    assert!(
        report.contains(OUTSIDE) && report.contains("5.1.1"),
        "{report}"
    );
    assert!(report.contains("message/delivery-status"), "{report}");

    // Everybody refused: that code, and no report.
    let reply = gateway.inside().send(FROM, &[OUTSIDE], &raw);
    assert!(reply.code == 550 && reply.is_enhanced("5.1.1"), "{reply}");
    // None for the null sender.
    sink.clear();
    assert_eq!(
        gateway.inside().send("", &[INSIDE, OUTSIDE], &raw).code,
        250
    );
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(
        sink.all().iter().all(|each| each.recipients == [INSIDE]),
        "{:?}",
        sink.all().len()
    );
}
