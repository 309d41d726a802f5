//! P8: a message that is on its way when a new rule set goes live is judged, copy by copy, by one
//! of the two and never by both. A relay that looks into its rules at each copy must be caught.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::sender::{Sender, stuffed};
use end_to_end::sink::{Answer, Sink, Stage};

const ANN: &str = "ann@corp.example";
const EVE: &str = "eve@corp.example";
const BOB: &str = "bob@partner.example";
/// So long the next hop takes for the first copy, and a half-written message waits.
const LONG: Duration = Duration::from_secs(9);

/// Another field for people outside, so that a message to both goes in two copies.
fn generation(name: &str) -> String {
    let rule = |side: &str| {
        format!(
            "[[rule]]\nname = \"{side}\"\nwhen = {{ recipient = \"{side}\" }}\n\
             then = [{{ set_header = {{ name = \"X-{side}\", value = \"{name}\" }} }}]\n"
        )
    };
    rule("inside") + &rule("outside")
}

/// A sink that lets the first copy wait, and whether that has begun.
fn slow_sink() -> (Sink, Arc<AtomicBool>) {
    let begun = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&begun);
    let sink = Sink::scripted(move |stage| match stage {
        Stage::End { .. } if !seen.swap(true, Ordering::SeqCst) => Answer::Wait(LONG),
        _ => Answer::Accept,
    });
    (sink, begun)
}

/// Sends to both; once the first copy is at the next hop, another set is put in place by `change`.
fn send_while(entrance: SocketAddr, begun: &AtomicBool, change: impl FnOnce()) -> u16 {
    let raw = letter::plain(ANN, EVE, "midway", "text");
    thread::scope(|scope| {
        let sending = scope.spawn(|| {
            Sender::connect(entrance)
                .unwrap()
                .send(ANN, &[EVE, BOB], &raw)
                .code
        });
        while !begun.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
        change();
        sending.join().unwrap()
    })
}

/// The rule sets that the copies of one message speak of.
fn judged_by(sink: &Sink) -> Vec<String> {
    let value = |to: &str, field: &str| letter::header(&sink.mailbox(to)[0].raw, field).remove(0);
    let mut sets = vec![value(EVE, "X-inside"), value(BOB, "X-outside")];
    sets.dedup();
    sets
}

#[test]
fn a_message_midway_is_judged_by_one_set() {
    let (sink, begun) = slow_sink();
    let mut gateway = Gateway::start(&Site::new(sink.address(), &generation("old")));
    let code = send_while(gateway.inside, &begun, || {
        gateway.write_rules("50-test.toml", &generation("new"));
        let live = gateway.log_says("a new rule set is in force");
        assert!(live, "{}", gateway.log());
    });
    assert_eq!((code, judged_by(&sink)), (250, vec!["old".to_owned()]));

    // Half a message, then another set, then the rest: the set that is there at its end.
    sink.clear();
    let mut sender = gateway.inside();
    for command in [format!("MAIL FROM:<{ANN}>"), format!("RCPT TO:<{EVE}>")] {
        assert_eq!(sender.command(&command).code, 250);
    }
    assert_eq!(sender.command(&format!("RCPT TO:<{BOB}>")).code, 250);
    assert_eq!(sender.command("DATA").code, 354);
    let wire = stuffed(&letter::plain(ANN, EVE, "halved", "text"));
    let (first, rest) = wire.split_at(wire.len() / 2);
    sender.write(first);
    gateway.write_rules("50-test.toml", &generation("newest"));
    assert!(gateway.log_says("generation=3"), "{}", gateway.log());
    sender.write(rest);
    assert_eq!(sender.reply().code, 250);
    assert_eq!(judged_by(&sink), ["newest"]);
    gateway.kill();
    let audit = end_to_end::reading::Opener::new(&gateway);
    let generations = audit.events("marked").into_iter();
    let generations = generations.map(|event| event.detail["rules_generation"].clone());
    assert_eq!(generations.collect::<Vec<_>>(), ["1", "1", "3", "3"]);
}

/// Reads its rules anew for each copy.
fn fickle_relay(next_hop: SocketAddr, rules: &Path) -> Sink {
    let rules = rules.to_owned();
    let lock = Mutex::new(());
    Sink::scripted(move |stage| {
        let Stage::End {
            sender,
            recipients,
            raw,
        } = stage
        else {
            return Answer::Accept;
        };
        let _one_at_a_time = lock.lock().unwrap();
        for to in recipients {
            let side = if to.ends_with("@corp.example") {
                "inside"
            } else {
                "outside"
            };
            let name = fs::read_to_string(&rules).unwrap();
            let field = format!("X-{side}: {name}\r\n");
            let copy = [field.as_bytes(), raw].concat();
            Sender::connect(next_hop)
                .unwrap()
                .send(sender, &[to], &copy);
        }
        Answer::Accept
    })
}

#[test]
fn a_relay_that_looks_again_for_each_copy_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    fs::write(&rules, "old").unwrap();
    let (sink, begun) = slow_sink();
    let relay = fickle_relay(sink.address(), &rules);
    let change = || fs::write(&rules, "new").unwrap();
    let code = send_while(relay.address(), &begun, change);
    assert_eq!(
        (code, judged_by(&sink)),
        (250, vec!["old".to_owned(), "new".to_owned()])
    );
}
