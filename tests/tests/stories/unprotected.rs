//! P2: when protection was decided, or could not be decided, no plaintext leaves; what is broken on
//! our side is answered 4xx, and served again when it is mended.

use std::fs;

use end_to_end::canary::Canary;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::hop::{Hop, Sin, Sloppy};
use end_to_end::letter;
use end_to_end::sender::{Reply, Sender};
use end_to_end::sink::{Answer, Sink, Stage};

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";
const SEAL: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = \"encrypt-only\" }]\n";
const WORD: &str = "canary-that-must-stay-inside";

fn send(hop: &dyn Hop) -> Reply {
    let mut sender = Sender::connect(hop.entrance()).unwrap();
    // Long enough to stand among the blobs and not in the records.
    let body = format!("{WORD}\r\n").repeat(5000);
    sender.send(FROM, &[TO], &letter::plain(FROM, TO, "subject", &body))
}

/// What is wrong with an answer that must be a deferral with nothing sent.
fn not_held_back(sink: &Sink, reply: &Reply) -> Option<String> {
    let leaked = sink
        .all()
        .iter()
        .any(|each| !Canary::new(WORD).found_in(&each.raw).is_empty());
    if leaked {
        return Some("the plaintext left".to_owned());
    }
    (!(400..500).contains(&reply.code)).then(|| format!("answered `{reply}`"))
}

#[test]
fn a_store_that_is_down_defers() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    let (blobs, aside) = (gateway.path("data/blobs"), gateway.path("data/aside"));
    assert_eq!(send(&gateway).code, 250);
    sink.clear();

    fs::rename(&blobs, &aside).unwrap();
    fs::write(&blobs, "in the way").unwrap();
    let reply = send(&gateway);
    assert_eq!(not_held_back(&sink, &reply), None);
    fs::remove_file(&blobs).unwrap();
    fs::rename(&aside, &blobs).unwrap();
    assert_eq!(send(&gateway).code, 250, "mended, but not served");

    // The records: gone from under the next start.
    gateway.kill();
    let records = gateway.path("data/records.db");
    fs::write(&records, vec![7; 8192]).unwrap();
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(gateway.path(&format!("data/records.db{suffix}"))).ok();
    }
    assert!(gateway.try_serve().is_err(), "it serves without records");
}

#[test]
fn a_full_disk_defers() {
    let sink = Sink::start();
    let mut gateway = Gateway::prepare(&Site::new(sink.address(), SEAL));
    // The kernel refuses every write beyond this size, as a full disk does.
    gateway.serve_with_file_limit(4096);
    let big = letter::plain(FROM, TO, "subject", &format!("{WORD}\r\n").repeat(200_000));
    let reply = gateway.inside().send(FROM, &[TO], &big);
    assert_eq!(not_held_back(&sink, &reply), None);
    let small = send(&gateway);
    assert!(
        small.code == 250 || (400..500).contains(&small.code),
        "{small}"
    );
    assert_eq!(gateway.inside().greeting.code, 250, "it still stands");
}

#[test]
fn it_does_not_start_without_keys_or_rules() {
    let sink = Sink::start();
    type Break = fn(&Gateway);
    let breaks: [(&str, Break); 6] = [
        ("the key is missing", |g| {
            fs::remove_file(g.path("server.key")).unwrap()
        }),
        ("the key is no key", |g| {
            fs::write(g.path("server.key"), "nonsense\n").unwrap()
        }),
        ("the rules are gone", |g| {
            fs::remove_dir_all(g.path("rules")).unwrap()
        }),
        ("a rule is broken", |g| {
            fs::write(g.path("rules/a.toml"), "[[rule]]\nx = 1\n").unwrap()
        }),
        ("a word is unknown", |g| {
            let path = g.path("sealgate.toml");
            let text = fs::read_to_string(&path).unwrap() + "\n[surprise]\n";
            fs::write(path, text).unwrap();
        }),
        ("the store is a file", |g| {
            fs::remove_dir(g.path("data")).unwrap();
            fs::write(g.path("data"), "in the way").unwrap();
        }),
    ];
    for (why, break_it) in breaks {
        let mut gateway = Gateway::prepare(&Site::new(sink.address(), SEAL));
        break_it(&gateway);
        assert!(gateway.try_serve().is_err(), "it serves though {why}");
    }
    assert!(sink.all().is_empty());
}

#[test]
fn another_key_opens_no_store() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    assert_eq!(send(&gateway).code, 250);
    gateway.kill();
    sink.clear();
    fs::remove_file(gateway.path("server.key")).unwrap();
    let made = gateway
        .command("keys")
        .arg("generate")
        .arg(gateway.path("server.key"))
        .status();
    assert!(made.unwrap().success());
    // It may refuse to start, or serve new letters under the new key; the old link stays shut.
    if gateway.try_serve().is_ok() {
        let reply = send(&gateway);
        assert!(
            reply.code == 250 || not_held_back(&sink, &reply).is_none(),
            "{reply}"
        );
    }
    assert!(
        sink.all()
            .iter()
            .all(|each| Canary::new(WORD).found_in(&each.raw).is_empty())
    );
}

#[test]
fn a_next_hop_that_fails_defers_and_one_that_refuses_refuses() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    type At = fn(&Stage) -> bool;
    let stages: [At; 6] = [
        |stage| *stage == Stage::Banner,
        |stage| *stage == Stage::Hello,
        |stage| matches!(stage, Stage::Sender(_)),
        |stage| matches!(stage, Stage::Recipient(_)),
        |stage| *stage == Stage::Data,
        |stage| matches!(stage, Stage::End { .. }),
    ];
    for (number, at) in stages.into_iter().enumerate() {
        for answer in [
            Answer::Say("451 4.3.0 later"),
            Answer::Close,
            Answer::Say("garbage"),
        ] {
            sink.clear();
            let said = answer.clone();
            sink.rescript(move |stage| {
                if at(stage) {
                    said.clone()
                } else {
                    Answer::Accept
                }
            });
            let reply = send(&gateway);
            assert_eq!(
                not_held_back(&sink, &reply),
                None,
                "stage {number}, {answer:?}"
            );
        }
    }
    sink.rescript(|stage| match stage {
        Stage::Recipient(_) => Answer::Say("550 5.1.1 no such user"),
        _ => Answer::Accept,
    });
    let reply = send(&gateway);
    assert!(reply.code == 550 && reply.is_enhanced("5.1.1"), "{reply}");
}

#[test]
fn a_relay_that_passes_is_seen() {
    let sink = Sink::start();
    let relay = Sloppy::start(sink.address(), Sin::Tidies);
    let reply = send(&relay);
    assert_eq!(
        not_held_back(&sink, &reply).as_deref(),
        Some("the plaintext left")
    );
    sink.clear();
    let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    let reply = send(&gateway);
    assert_eq!(
        not_held_back(&sink, &reply),
        Some(format!("answered `{reply}`"))
    );
}
