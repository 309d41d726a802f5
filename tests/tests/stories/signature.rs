//! What a letter says of its sender, as the rule set knows them, and when it was sent, as clocks of
//! the site show it; nobody outside gets an insider's title by writing their address.

use std::time::{SystemTime, UNIX_EPOCH};

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::sink::Sink;
use mail::Timestamp;
use mail::time::Zone;

const ANNA: &str = "anna@corp.example";
const BOB: &str = "bob@corp.example";

const PEOPLE: &str = r#"
[time]
zone = "America/St_Johns"

[[person]]
address = ["anna@corp.example", "a.berg@corp.example"]
name = "Anna Berg"
title = "Head of Übersee"
phone = "+49 30 901820"
"#;

const RULES: &str = r#"
[[rule]]
name = "signature"
[[rule.then]]
footer = """
Corp Ltd, Port Example
${sender.name}
${sender.title}
${[Tel. ]sender.phone}
Sent ${time.date}"""
"#;

fn start() -> (Sink, Gateway) {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), &format!("{PEOPLE}{RULES}")));
    (sink, gateway)
}

fn local() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_unix(i64::try_from(now.as_secs()).unwrap());
    let zone = Zone::parse("America/St_Johns").unwrap();
    now.in_zone(zone).date_words()
}

/// The lines of the newest letter to somebody, empty ones left out.
fn arrived(sink: &Sink, to: &str) -> Vec<String> {
    let raw = sink.mailbox(to).pop().expect("it arrived").raw;
    let text = letter::text(&raw).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

/// The last line, which was written between two looks at the clock.
fn sent(before: &str) -> [String; 2] {
    [before.to_owned(), local()].map(|at| format!("Sent {at}"))
}

#[test]
fn a_letter_is_signed_with_what_is_known_and_the_time_of_the_site() {
    let (sink, gateway) = start();
    let before = local();
    let mail = letter::plain("a.berg@corp.example", BOB, "plans", "Hello.");
    let sender = "Anna@corp.example";
    assert_eq!(gateway.inside().send(sender, &[BOB], &mail).code, 250);
    let lines = arrived(&sink, BOB);
    let known = [
        "Hello.",
        "Corp Ltd, Port Example",
        "Anna Berg",
        "Head of Übersee",
        "Tel. +49 30 901820",
    ];
    assert_eq!(lines[..5], known);
    assert!(
        before.contains("UTC-0"),
        "a zone with daylight saving: {before}"
    );
    assert!(sent(&before).contains(&lines[5]), "{lines:?}");
    assert_eq!(lines.len(), 6);

    // Bob, of whom nothing is known, saves it as text and sends it on as his own.
    let before = local();
    let body = lines.join("\r\n");
    let mail = letter::plain(BOB, ANNA, "Re: plans", &format!("Thanks.\r\n\r\n{body}"));
    assert_eq!(gateway.inside().send(BOB, &[ANNA], &mail).code, 250);
    let lines = arrived(&sink, ANNA);
    let own = ["Thanks.", "Hello.", "Corp Ltd, Port Example", "Ann"];
    assert_eq!(lines[..4], own, "hers is gone, and From says who he is");
    assert!(sent(&before).contains(&lines[4]), "{lines:?}");
    assert_eq!(lines.len(), 5);
}

#[test]
fn whoever_writes_her_address_gets_no_title_by_it() {
    let (sink, gateway) = start();
    let mail = letter::plain(ANNA, BOB, "plans", "Hello.");
    assert_eq!(gateway.outside().send(ANNA, &[BOB], &mail).code, 250);
    let lines = arrived(&sink, BOB);
    assert_eq!(lines[2], "Ann", "as From says");
    assert!(lines[3].starts_with("Sent "), "{lines:?}");

    // From alone, or the envelope alone, is not enough inside either; both are.
    for (envelope, from, signed) in [(BOB, ANNA, false), (ANNA, BOB, false), (ANNA, ANNA, true)] {
        let mail = letter::plain(from, BOB, "plans", "Hello.");
        assert_eq!(gateway.inside().send(envelope, &[BOB], &mail).code, 250);
        let titled = arrived(&sink, BOB)
            .iter()
            .any(|line| line.starts_with("Head"));
        assert_eq!(titled, signed, "{envelope} {from}");
    }
}
