//! A receipt says what became true: it goes out with the letter's own commit when all came as
//! planned, names nobody who was refused or still waits, and names everybody in the end.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading::Opener;
use end_to_end::sink::{Answer, Sink, Stage};

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const EVE: &str = "eve@partner.example";
const SEALED: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = \"encrypt-only\" }, { receipt = true }]\n";

/// A sink that answers so to the first notice for Eve, and takes all else.
fn sink(to_eve: Answer) -> Sink {
    let seen = Arc::new(Mutex::new(HashSet::new()));
    Sink::scripted(move |stage| match stage {
        Stage::Recipient(to) if to == EVE && seen.lock().unwrap().insert(()) => to_eve.clone(),
        _ => Answer::Accept,
    })
}

/// Whom each receipt that came names.
fn receipts(sink: &Sink, expected: usize) -> Vec<Vec<&'static str>> {
    let is_receipt = |raw: &[u8]| String::from_utf8_lossy(raw).contains("Subject: Receipt:");
    let mut found = Vec::new();
    // One more than expected would come at about the same time.
    for _ in 0..40 {
        let mails = sink.mailbox(ANN);
        let mails = mails.iter().filter(|mail| is_receipt(&mail.raw));
        let named = mails.map(|mail| {
            let text = String::from_utf8_lossy(&mail.raw).into_owned();
            let named = [BOB, EVE].into_iter().filter(|one| text.contains(one));
            named.collect::<Vec<_>>()
        });
        found = named.collect();
        found.sort_unstable();
        if found.len() > expected {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    found
}

#[test]
fn it_names_all_who_got_a_letter() {
    let sink = sink(Answer::Accept);
    let gateway = Gateway::start(&Site::new(sink.address(), SEALED));
    let raw = letter::plain(ANN, BOB, "both", "text");
    assert_eq!(gateway.inside().send(ANN, &[BOB, EVE], &raw).code, 250);
    assert_eq!(receipts(&sink, 1), [[BOB, EVE]]);
}

#[test]
fn it_does_not_name_who_was_refused() {
    let sink = sink(Answer::Say("550 5.1.1 no such user"));
    let gateway = Gateway::start(&Site::new(sink.address(), SEALED));
    let raw = letter::plain(ANN, BOB, "one refused", "text");
    assert_eq!(gateway.inside().send(ANN, &[BOB, EVE], &raw).code, 250);
    assert_eq!(receipts(&sink, 1), [[BOB]]);
}

#[test]
fn nobody_sealed_means_no_receipt() {
    let sink = sink(Answer::Say("550 5.1.1 no such user"));
    let gateway = Gateway::start(&Site::new(sink.address(), SEALED));
    let raw = letter::plain(ANN, EVE, "all refused", "text");
    assert_eq!(gateway.inside().send(ANN, &[EVE], &raw).code, 550);
    assert_eq!(receipts(&sink, 0), [[""; 0]; 0]);
}

#[test]
fn each_is_named_once_by_the_try_that_served_them() {
    let sink = sink(Answer::Say("451 4.3.0 later"));
    let gateway = Gateway::start(&Site::new(sink.address(), SEALED));
    let raw = letter::plain(ANN, BOB, "one waits", "text");
    assert_eq!(gateway.inside().send(ANN, &[BOB, EVE], &raw).code, 451);
    assert_eq!(gateway.inside().send(ANN, &[BOB, EVE], &raw).code, 250);
    assert_eq!(receipts(&sink, 2), [[BOB], [EVE]]);
    assert_eq!(sink.mailbox(BOB).len(), 1, "and nobody got two notices");
}

#[test]
fn a_message_that_stops_takes_its_receipt_back() {
    let sink = sink(Answer::Accept);
    let rules = SEALED.replace("encrypt-only", "do-not-forward");
    let gateway = Gateway::start(&Site::new(sink.address(), &rules));
    // The letter and its receipt are kept by then.
    gateway.change_records(
        "create trigger fail before insert on threads begin select raise(abort, 'no room'); end",
    );
    let raw = letter::plain(ANN, BOB, "stopped", "text");
    assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 451);
    let opener = Opener::new(&gateway);
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        opener.waiting() == 0
    });
    assert!(gone, "a receipt waits for a letter that nobody got");
    gateway.change_records("drop trigger fail");
    assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
    assert_eq!(receipts(&sink, 1), [[BOB]]);
}
