//! What judging costs. Prints the figures; fails only when they are out of all proportion.
//!
//! `CARGO_PROFILE_DEV_OPT_LEVEL=3 cargo test -p rules --test speed -- --nocapture` gives the
//! figures of an optimised build.

mod support;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use mail::Message;
use rules::{Facts, Policy, Source};
use support::{corp, envelope, load_text, now};

fn letter(bytes: usize) -> String {
    let mut text = String::from(
        "Received: from a.example by b.example; Thu, 1 Jan 2026 12:00:00 +0000\r\n\
         From: Ann Example <ann@corp.example>\r\nTo: Bob <bob@partner.example>\r\n\
         Subject: Re: the minutes of our meeting on Tuesday\r\n\
         Date: Thu, 1 Jan 2026 12:00:00 +0000\r\nMessage-ID: <x@corp.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
    );
    while text.len() < bytes {
        text.push_str("The quick brown fox jumps over the lazy dog, again and again.\r\n");
    }
    text
}

/// The time of one judgement, the message read anew each time.
fn time(policy: &Policy, mail: &str, to: &[&str]) -> Duration {
    let envelope = envelope("ann@corp.example", to);
    let rounds: u32 = 300;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..rounds {
            let message = Message::parse(mail.as_bytes());
            let facts = Facts::new(now(), Source::Inside, &envelope, &message);
            std::hint::black_box(policy.judge(&facts));
        }
        best = best.min(start.elapsed() / rounds);
    }
    best
}

fn parse_only(mail: &str) -> Duration {
    let rounds: u32 = 300;
    let start = Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(Message::parse(std::hint::black_box(mail.as_bytes())));
    }
    start.elapsed() / rounds
}

#[test]
fn judging_a_letter_that_matches_nothing_is_quick() {
    let shipped = rules::load(&rules::shipped(), &corp()).unwrap().policy;
    let mail = letter(4 << 10);
    let one = ["bob@partner.example"];
    let parse = parse_only(&mail);
    let empty = time(&load_text("").policy, &mail, &one);
    let plain = time(&shipped, &mail, &one);
    let large = time(&shipped, &letter(1 << 20), &one);
    let many: Vec<String> = (0..100)
        .map(|at| format!("r{at}@partner.example"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let hundred = time(&shipped, &mail, &many);
    let body = load_text(
        "[[rule]]\nname = 'r'\nwhen = { body_contains = ['sesame', 'tahini'] }\n\
         then = [{ reject = 'no' }]\n",
    );
    let body = time(&body.policy, &mail, &one);
    let mut thousand = String::new();
    for at in 0..1_000 {
        let _ = writeln!(
            thousand,
            "[[rule]]\nname = 'r{at}'\n\
             when = {{ recipient = 'outside', subject_contains = 'w{at}' }}\n\
             then = [{{ reject = 'no' }}]"
        );
    }
    let thousand = time(&load_text(&thousand).policy, &mail, &one);
    println!("parse 4 KiB {parse:?}; with an empty policy {empty:?}; shipped {plain:?}");
    println!("shipped, 1 MiB {large:?}; shipped, 100 recipients {hundred:?}");
    println!("body words 4 KiB {body:?}; 1,000 subject rules {thousand:?}");
    assert!(plain < Duration::from_millis(5), "{plain:?}");
    assert!(
        large < plain * 20 + Duration::from_millis(5),
        "a large body is not read: {large:?}"
    );
    assert!(
        hundred < plain * 100,
        "recipients that look alike are judged once: {hundred:?}"
    );
}

#[test]
fn twenty_thousand_people_load_in_time_and_cost_a_judgement_little() {
    let rule = "[[rule]]\nname = 'r'\nthen = [{ footer = \"${sender.name}\\n${sender.title}\" }]\n";
    let mut text = rule.to_owned();
    for at in 0..20_000 {
        let _ = writeln!(
            text,
            "[[person]]\naddress = ['p{at}@corp.example', 'person.{at}@corp.example']\n\
             name = 'Person {at}'\ntitle = 'Head of {at}'\ndepartment = 'Sales'\n\
             phone = '+49 30 {at}'\ncity = 'Berlin'\ncustom = {{ cost_centre = '{at}' }}"
        );
    }
    text.push_str("[[person]]\naddress = 'ann@corp.example'\ntitle = 'Clerk'\n");
    let start = Instant::now();
    let policy = load_text(&text).policy;
    let loading = start.elapsed();
    let mail = letter(4 << 10);
    let one = ["bob@partner.example"];
    let known = time(&policy, &mail, &one);
    let nobody = time(&load_text(rule).policy, &mail, &one);
    println!("20,000 people load in {loading:?}; a footer with one {known:?}, without {nobody:?}");
    assert!(loading < Duration::from_secs(30), "{loading:?}");
    assert!(
        known < nobody * 20 + Duration::from_millis(5),
        "nobody walks through all people: {known:?} {nobody:?}"
    );
}

#[test]
fn ten_thousand_rules_load_in_time() {
    let mut text = String::new();
    for at in 0..10_000 {
        let _ = writeln!(
            text,
            "[[rule]]\nname = 'r{at}'\nwhen = {{ recipient_domain = 'd{at}.example' }}\n\
             then = [{{ seal = 'encrypt-only' }}]"
        );
    }
    let start = Instant::now();
    let policy = load_text(&text).policy;
    println!("10,000 rules load in {:?}", start.elapsed());
    assert_eq!(policy.rules_count(), 10_000);
    assert!(start.elapsed() < Duration::from_secs(30));
}
