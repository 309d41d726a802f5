//! Mail that comes round again (V25): our own is known by its mark, once; a mark that is forged,
//! replayed or copied is taken off and the mail judged; a ring ends with 554 5.4.6.

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading::Opener;
use end_to_end::sink::{Answer, Sink, Stage};

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const ORIGIN: &str = "X-Sealgate-Origin";
const SEAL: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = \"encrypt-only\" }]\n";

#[test]
fn our_own_mail_passes_once_and_a_copied_mark_never() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    let raw = letter::plain(ANN, BOB, "first", "text");
    assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
    let notice = sink.mailbox(BOB).remove(0);
    let mark = letter::header(&notice.raw, ORIGIN);
    assert_eq!(mark.len(), 1, "our own mail bears one mark");
    let link = letter::link(&notice.raw).unwrap();

    // The notice comes round: the same link goes out, so it was not sealed again.
    sink.clear();
    let reply = gateway.inside().send(&notice.sender, &[BOB], &notice.raw);
    assert_eq!(reply.code, 250, "{reply}");
    assert_eq!(letter::link(&sink.mailbox(BOB)[0].raw), Some(link.clone()));
    // Replayed: judged like any mail, so that it is sealed, and its link does not show.
    sink.clear();
    let reply = gateway.inside().send(&notice.sender, &[BOB], &notice.raw);
    assert_eq!(reply.code, 250, "{reply}");
    assert_ne!(letter::link(&sink.mailbox(BOB)[0].raw), Some(link));

    // Copied into other mail, forged, or empty: removed, and judged.
    for value in [mark[0].as_str(), "v1; forged", "", "AAAA"] {
        sink.clear();
        let other = letter::plain(ANN, BOB, "other", "text of the other mail");
        let other = [format!("{ORIGIN}: {value}\r\n").as_bytes(), &other].concat();
        assert_eq!(gateway.inside().send(ANN, &[BOB], &other).code, 250);
        let got = &sink.mailbox(BOB)[0].raw;
        assert!(
            letter::link(got).is_some(),
            "`{value}` excused a mail from the rules"
        );
        assert!(!letter::header(got, ORIGIN).iter().any(|each| each == value) || value.is_empty());
    }
}

/// Who gets a notice has its mark, not spent by anybody, and its Message-ID is the sender's own:
/// together they pass what the notice says, and no other words.
#[test]
fn a_fresh_mark_passes_no_other_words() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    let raw = letter::plain(ANN, BOB, "first", "text");
    assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
    let notice = sink.mailbox(BOB).remove(0);
    let field = |name| format!("{name}: {}\r\n", letter::header(&notice.raw, name)[0]);
    let (mark, id) = (field(ORIGIN), field("Message-ID"));

    let secret = format!("{mark}{id}From: {ANN}\r\nTo: {BOB}\r\nSubject: plans\r\n\r\nSECRET\r\n");
    let notice_text = String::from_utf8(notice.raw.clone()).unwrap();
    let around = notice_text.replacen("\r\n\r\n", "\r\n\r\nSECRET\r\n", 1);
    let above = format!("Subject: SECRET\r\n{notice_text}");
    for words in [secret, around, above] {
        sink.clear();
        let reply = gateway.inside().send(ANN, &[BOB], words.as_bytes());
        assert_eq!(reply.code, 250, "{reply}");
        // Judged, so sealed: a link of its own stands there in place of the words.
        let link = letter::link(&sink.mailbox(BOB)[0].raw);
        assert!(
            link.is_some() && link != letter::link(&notice.raw),
            "{words}"
        );
    }
    // The control: the mark was good all the while.
    sink.clear();
    assert_eq!(gateway.inside().send(ANN, &[BOB], &notice.raw).code, 250);
    let again = &sink.mailbox(BOB)[0].raw;
    assert_eq!(letter::link(again), letter::link(&notice.raw));
}

/// A mark is spent when our mail has passed, not when it is tried: a passcode that was put off once
/// is not sealed behind another passcode.
#[test]
fn our_own_mail_that_is_put_off_passes_when_it_is_tried_again() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    let raw = letter::plain(ANN, BOB, "first", "text");
    assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
    let notice = sink.mailbox(BOB).remove(0);
    sink.clear();
    sink.rescript(|stage| match stage {
        Stage::Recipient(_) => Answer::Say("451 4.3.0 later"),
        _ => Answer::Accept,
    });
    let send = || {
        gateway
            .inside()
            .send(&notice.sender, &[BOB], &notice.raw)
            .code
    };
    assert_eq!(send(), 451);
    sink.rescript(|_| Answer::Accept);
    assert_eq!(send(), 250);
    let passed = &sink.mailbox(BOB)[0].raw;
    assert_eq!(letter::link(passed), letter::link(&notice.raw), "sealed");
}

#[test]
fn a_ring_ends() {
    let sink = Sink::start();
    let site = Site::new(sink.address(), "").with("[limits]\nreceived = 20\n");
    let mut gateway = Gateway::prepare(&site);
    // Its next hop is itself: the tightest ring there is.
    let path = gateway.path("sealgate.toml");
    let ring = std::fs::read_to_string(&path).unwrap();
    let ring = ring.replace(&sink.address().to_string(), &gateway.inside.to_string());
    std::fs::write(&path, ring).unwrap();
    gateway.serve();
    let reply = gateway
        .inside()
        .send(ANN, &[BOB], &letter::plain(ANN, BOB, "ring", "text"));
    assert!(reply.code == 554 && reply.is_enhanced("5.4.6"), "{reply}");
    assert!(sink.all().is_empty());
    // It is said what was done, and an auditor finds it.
    assert!(gateway.log_says("could not be handled; refused"));
    let log = gateway.log();
    assert!(!log.contains("handled; deferred"), "{log}");
    gateway.kill();
    let mut rejected = Opener::new(&gateway).events("rejected");
    rejected.retain(|event| event.detail.contains_key("reason"));
    assert_eq!(rejected.len(), 1, "{rejected:?}");
    assert_eq!(rejected[0].actor.as_deref(), Some(ANN));
    assert_eq!(rejected[0].detail["answer"], "5.4.6");
}

#[test]
fn the_log_tells_a_refusal_by_rule_from_one_by_the_next_hop() {
    const CAROL: &str = "carol@partner.example";
    let rules = "[[rule]]\nname = \"no plans\"\nwhen = { subject_contains = \"plan\" }\n\
        then = [{ reject = { code = \"5.7.1\", text = \"no plans leave\" } }]\n";
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == BOB => Answer::Say("550 5.1.1 nobody of that name"),
        _ => Answer::Accept,
    });
    let gateway = Gateway::start(&Site::new(sink.address(), rules));
    let send = |to: &str, subject: &str| {
        let raw = letter::plain(ANN, to, subject, "text");
        gateway.inside().send(ANN, &[to], &raw).code
    };
    let codes = (send(CAROL, "the plan"), send(BOB, "hi"), send(CAROL, "hi"));
    assert_eq!(codes, (550, 550, 250));
    assert!(gateway.log_says("status=250"));
    let log = gateway.log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("status="))
        .collect();
    let says = |line: usize, words: &str| lines[line].contains(words);
    assert!(says(0, "rule=\"no plans\"") && !says(0, "relay="), "{log}");
    assert!(says(1, "relay=\"550\" ") && !says(1, "rule="), "{log}");
    assert!(says(2, "relay=\"250\" "), "{log}");
    assert!(
        says(0, "dsn=\"5.7.1\"") && says(1, "dsn=\"5.1.1\""),
        "{log}"
    );
    let named = |line: &&str| line.contains("message_id=") && line.contains("@corp.example\"");
    assert!(lines.iter().all(named), "{log}");
}
