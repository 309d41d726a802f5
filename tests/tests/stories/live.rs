//! P8: rules go live by themselves, whole or not at all, and a transaction sees one rule set. The
//! changes are made as editors and careless copies make them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::sink::Sink;

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";

/// Two headers in one rule: a message that has one of them without the other saw half a rule set.
fn generation(name: &str) -> String {
    format!(
        "[[rule]]\nname = \"first {name}\"\n\
         then = [{{ set_header = {{ name = \"X-First\", value = \"{name}\" }} }}]\n\
         [[rule]]\nname = \"second {name}\"\n\
         then = [{{ set_header = {{ name = \"X-Second\", value = \"{name}\" }} }}]\n"
    )
}

/// Sends one message; the generation that judged it. Two of them in one message fail the test.
fn judged_by(gateway: &Gateway, sink: &Sink) -> Option<String> {
    sink.clear();
    let raw = letter::plain(FROM, TO, "live", "text");
    let reply = gateway.inside().send(FROM, &[TO], &raw);
    assert_eq!(reply.code, 250, "{reply}");
    let got = sink.mailbox(TO).remove(0).raw;
    let (first, second) = (
        letter::header(&got, "X-First"),
        letter::header(&got, "X-Second"),
    );
    assert_eq!(first, second, "one message was judged by two rule sets");
    first.into_iter().next()
}

fn becomes(gateway: &Gateway, sink: &Sink, wanted: Option<&str>) -> bool {
    let until = Instant::now() + Duration::from_secs(12);
    while Instant::now() < until {
        if judged_by(gateway, sink).as_deref() == wanted {
            return true;
        }
        thread::sleep(Duration::from_millis(100));
    }
    false
}

/// Whether `wanted` judges everything for longer than a change needs to go live.
fn stays(gateway: &Gateway, sink: &Sink, wanted: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        if judged_by(gateway, sink).as_deref() != Some(wanted) {
            return false;
        }
        thread::sleep(Duration::from_millis(200));
    }
    true
}

#[test]
fn a_good_set_goes_live_and_a_bad_one_does_not() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), &generation("one")));
    assert_eq!(judged_by(&gateway, &sink).as_deref(), Some("one"));

    gateway.write_rules("50-test.toml", &generation("two"));
    assert!(
        becomes(&gateway, &sink, Some("two")),
        "a good set did not go live"
    );

    gateway.write_rules(
        "50-test.toml",
        "[[rule]]\nname = \"broken\"\nwhen = { sendr = \"x\" }\n",
    );
    assert!(stays(&gateway, &sink, "two"), "a broken set went live");
    // It says so, with the place of the mistake.
    for words in [
        "the old rule set stays in force",
        "50-test.toml:3",
        "did you mean `sender`",
    ] {
        assert!(gateway.log_says(words), "no `{words}`:\n{}", gateway.log());
    }

    // A file truncated before it is rewritten must not switch rules off.
    fs::write(gateway.path("rules/50-test.toml"), "").unwrap();
    assert!(
        stays(&gateway, &sink, "two"),
        "an emptied set went live by itself"
    );

    // A lost file counts on SIGHUP only.
    fs::remove_file(gateway.path("rules/50-test.toml")).unwrap();
    assert!(
        stays(&gateway, &sink, "two"),
        "a set that lost its file went live by itself"
    );
    gateway.signal("HUP");
    assert!(
        becomes(&gateway, &sink, None),
        "SIGHUP did not take what is there"
    );

    gateway.write_rules("60-new.toml", &generation("three"));
    assert!(
        becomes(&gateway, &sink, Some("three")),
        "a new file did not go live"
    );
}

#[test]
fn every_message_is_judged_by_one_set_while_sets_change() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), &generation("0")));
    let mut seen = std::collections::BTreeSet::new();
    let began = Instant::now();
    let mut number = 0;
    while began.elapsed() < Duration::from_secs(12) {
        if began.elapsed() > Duration::from_secs(3 * number) {
            number += 1;
            gateway.write_rules("50-test.toml", &generation(&number.to_string()));
        }
        seen.extend(judged_by(&gateway, &sink));
    }
    assert!(seen.len() >= 3, "only {seen:?} went live");
}
