//! Those who approve: they hear of what waits, in few mails and never of our own; programs read
//! what `held` and `messages` list; a decision is taken back.

use std::thread;
use std::time::{Duration, Instant};

use end_to_end::gateway::{Gateway, Site, free_addresses};
use end_to_end::letter;
use end_to_end::sink::{Answer, Received, Sink, Stage};
use end_to_end::visitor::Visitor;
use serde_json::Value;

use crate::held::{held, is_empty_soon, said, text, the_one, waiting};

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const BOSS: &str = "boss@corp.example";
const DESK: &str = "desk@corp.example";
const WORD: &str = "canary-that-waits";

const HOLD: &str = "[[rule]]\nname = \"four eyes\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ hold = \"It leaves for a partner.\" }]\n";

fn message(subject: &str) -> Vec<u8> {
    letter::plain(ANN, BOB, subject, WORD)
}

/// Mail to one who approves, without soft line breaks.
fn unfolded(mail: &Received) -> String {
    text(mail).replace("=\r\n", "")
}

#[test]
fn they_are_told_once_and_then_of_several_together() {
    let sink = Sink::start();
    let tell = format!("[held]\ntell = [\"{BOSS}\", \"{DESK}\"]\ntell_every = \"10s\"\n");
    let mut gateway = Gateway::start(&Site::new(sink.address(), HOLD).with(&tell));
    let send = |gateway: &Gateway, raw: &[u8]| {
        assert_eq!(gateway.inside().send(ANN, &[BOB], raw).code, 250);
    };
    send(&gateway, &message("plans"));
    let first = unfolded(&sink.wait_for(BOSS, 1)[0]);
    let told = Instant::now();
    let id = the_one(&gateway);
    for word in [
        "Subject: A message waits for approval",
        "Auto-Submitted: auto-generated",
        ANN,
        BOB,
        "plans",
        "It leaves for a partner.",
        "four eyes",
        &format!("sealgate held show {id}"),
        &format!("sealgate held release {id}"),
        &format!("sealgate held reject {id}"),
        "Waits until",
    ] {
        assert!(first.contains(word), "no `{word}` in\n{first}");
    }
    assert!(!first.contains(WORD), "it carries content: {first}");
    assert_eq!(sink.wait_for(DESK, 1).len(), 1, "everybody is told");

    // Neither of our own mail that comes round, nor of what their robots answer.
    for from in [ANN, BOSS, "secure-mail@corp.example"] {
        let robot = letter::plain(from, BOB, "robot", "away");
        let robot = [b"Auto-Submitted: auto-replied\r\n", &robot[..]].concat();
        let sender = if from == ANN { DESK } else { from };
        assert_eq!(gateway.inside().send(sender, &[BOB], &robot).code, 250);
    }
    for subject in ["second", "third"] {
        send(&gateway, &message(subject));
    }
    thread::sleep(Duration::from_secs(4));
    if told.elapsed() < Duration::from_secs(8) {
        assert_eq!(sink.mailbox(BOSS).len(), 1, "told too often");
    }
    let digest = unfolded(&sink.wait_for(BOSS, 2)[1]);
    assert!(
        digest.contains("Subject: 2 messages wait for approval"),
        "{digest}"
    );
    assert!(digest.contains("second") && digest.contains("third"));
    assert!(!digest.contains("plans") && !digest.contains("robot"));
    assert_eq!(waiting(&gateway).len(), 6);
    // Not told anew after a restart; the control: the next one is news.
    gateway.kill();
    gateway.serve();
    thread::sleep(Duration::from_secs(12));
    assert_eq!(sink.mailbox(BOSS).len(), 2);
    send(&gateway, &message("fourth"));
    assert!(unfolded(&sink.wait_for(BOSS, 3)[2]).contains("fourth"));
}

#[test]
fn what_goes_back_soon_is_warned_of_and_the_oldest_has_an_age() {
    let sink = Sink::start();
    let [monitor] = free_addresses();
    let more = format!("[held]\nlifetime = \"5d\"\n[monitor]\naddress = \"{monitor}\"\n");
    let mut gateway = Gateway::start(&Site::new(sink.address(), HOLD).with(&more));
    assert_eq!(gateway.inside().send(ANN, &[BOB], &message("x")).code, 250);
    let id = the_one(&gateway);
    let age = || -> u64 {
        let page = Visitor::new(monitor).get("/metrics").text();
        let line = page
            .lines()
            .find(|line| line.starts_with("sealgate_held_oldest_seconds "));
        let line = line.unwrap_or_else(|| panic!("no age in\n{page}"));
        line.split(' ').nth(1).unwrap().parse().unwrap()
    };
    assert!(age() < 60);
    let soon = "nobody has decided about held mail that goes back soon";
    // The control: five days are not soon.
    thread::sleep(Duration::from_secs(3));
    assert!(!gateway.log().contains(soon));
    gateway.kill();
    gateway.change_records("update held set due = created + 80000, created = created - 1000");
    gateway.serve();
    assert!(gateway.log_says(soon), "{}", gateway.log());
    assert!(gateway.log().contains(&id), "{}", gateway.log());
    assert!((1000..1100).contains(&age()));
}

#[test]
fn a_decision_is_taken_back_between_two_tries() {
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == BOB => Answer::Say("451 4.3.0 later"),
        _ => Answer::Accept,
    });
    let gateway = Gateway::start(&Site::new(sink.address(), HOLD));
    assert_eq!(gateway.inside().send(ANN, &[BOB], &message("x")).code, 250);
    let id = the_one(&gateway);
    let complaint = |words: &[&str]| {
        let output = held(&gateway, words);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let early = complaint(&["undo", &id]);
    assert!(early.contains("nobody has decided"), "{early}");
    said(&held(&gateway, &["release", &id]));
    assert!(gateway.log_says("put off"));
    let undone = said(&held(&gateway, &["undo", &id]));
    assert!(
        undone.contains("was released") && undone.contains("waits until"),
        "{undone}"
    );
    sink.rescript(|_| Answer::Accept);
    thread::sleep(Duration::from_secs(5));
    assert_eq!(the_one(&gateway), id);
    said(&held(&gateway, &["reject", &id]));
    assert!(is_empty_soon(&gateway, 60));
    assert!(sink.mailbox(BOB).is_empty(), "it went all the same");
    let told = sink.wait_for(ANN, 2);
    assert!(
        told.iter()
            .any(|mail| text(mail).contains("was not approved"))
    );
    let late = complaint(&["undo", &id]);
    assert!(late.contains("nothing that waits"), "{late}");
}

fn lines(output: &str) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
    output.lines().map(line).collect()
}

#[test]
fn programs_read_what_waits_and_what_is_sealed() {
    let seal = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"zoe@partner.example\" }\n\
        then = [{ seal = { rights = \"VIEW+REPLY\" } }]\n";
    let hold = HOLD.replace("outside", BOB);
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), &[seal, &hold].concat()));
    for to in [[BOB], ["zoe@partner.example"]] {
        assert_eq!(gateway.inside().send(ANN, &to, &message("x")).code, 250);
    }
    let id = the_one(&gateway);
    let listed = lines(&said(&held(&gateway, &["list", "--format", "json"])));
    let [one] = &listed[..] else {
        panic!("{listed:?}");
    };
    assert_eq!(one["id"], Value::from(&*id));
    assert_eq!(one["state"], "waits");
    assert_eq!(
        (&one["sender"], &one["source"]),
        (&Value::from(ANN), &Value::from("inside"))
    );
    let copy = &one["copies"][0];
    assert_eq!(
        (&copy["recipient"], &copy["rules"][0]),
        (&BOB.into(), &"four eyes".into())
    );
    assert_eq!(copy["reason"], "It leaves for a partner.");
    assert!(one["expires"].as_str() > one["since"].as_str() && one["decision"].is_null());
    let shown = lines(&said(&held(&gateway, &["show", &id, "--format", "json"])));
    assert_eq!(shown, listed);

    let messages = |words: &[&str]| {
        let output = gateway.command("messages").args(words).output().unwrap();
        lines(&said(&output))
    };
    let listed = messages(&["list", "--format", "json"]);
    let [letter] = &listed[..] else {
        panic!("{listed:?}");
    };
    assert_eq!(
        (&letter["state"], &letter["sender"]),
        (&"open".into(), &ANN.into())
    );
    let reader = &letter["readers"][0];
    assert_eq!(reader["recipient"], "zoe@partner.example");
    assert!(reader["read"].is_null() && reader["ends"] == letter["expires"]);
    let id = letter["id"].as_str().unwrap();
    assert_eq!(messages(&["show", id, "--format", "json"]), listed);
    let revoked = gateway.command("messages").args(["revoke", id]).output();
    said(&revoked.unwrap());
    let ended = &messages(&["list", "--format", "json"])[0];
    assert_eq!(
        (&ended["state"], &ended["readers"][0]["state"]),
        (&"ended".into(), &"revoked".into())
    );
}
