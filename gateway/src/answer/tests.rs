//! What one reply says of several outcomes (DESIGN, "No queue of its own").

use super::*;
use crate::receive::ArrivalId;
use mail::{BodyType, Recipients, Sender, Timestamp};
use rules::{Capabilities, Source};
use std::net::{Ipv4Addr, SocketAddr};

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

fn arrival(recipients: &[&str]) -> Arrival {
    let recipients = recipients.iter().map(|text| address(text)).collect();
    Arrival {
        id: ArrivalId::next(),
        arrived: Timestamp::from_unix(0),
        envelope: Envelope {
            sender: Sender::Null,
            recipients: Recipients::new(recipients).expect("recipients"),
            body: BodyType::EightBitMime,
            smtputf8: false,
        },
        raw: Vec::new(),
        peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 25)),
        client: None,
        source: Source::Inside,
        capabilities: Capabilities::SMTP,
        tls: false,
        protocol: "ESMTP",
        helo: "test".to_owned(),
        authenticated: None,
    }
}

fn ok() -> EndFate {
    EndFate::Delivered(Reply::new(250, "2.0.0", "taken"))
}

fn refused() -> EndFate {
    EndFate::Refused(Reply::new(550, "5.1.1", "nobody here"))
}

fn later() -> EndFate {
    EndFate::Deferred(Reply::new(452, "4.2.2", "mailbox full"))
}

/// The code for recipients a, b, … that came to these ends.
fn code(ends: &[EndFate]) -> u16 {
    let names: Vec<String> = (0..ends.len())
        .map(|n| format!("r{n}@corp.example"))
        .collect();
    let arrival = arrival(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut outcome = Outcome::new(&arrival.envelope);
    for (name, end) in names.iter().zip(ends) {
        outcome.end(&address(name), end.clone());
    }
    reply(&arrival, &Ok(outcome)).code
}

#[test]
fn one_reply_for_every_mixture() {
    assert_eq!(code(&[ok(), ok()]), 250);
    assert_eq!(code(&[refused(), refused()]), 550);
    assert_eq!(
        code(&[ok(), refused()]),
        250,
        "the refused one gets a report"
    );
    assert_eq!(code(&[ok(), later()]), 452, "the served one is remembered");
    assert_eq!(code(&[refused(), later()]), 452);
    assert_eq!(code(&[EndFate::Dropped, EndFate::Redirected]), 250);
    assert_eq!(code(&[EndFate::ServedBefore, ok()]), 250);
}

#[test]
fn a_recipient_of_whom_nothing_is_known_is_never_answered_250() {
    let arrival = arrival(&["a@corp.example", "b@corp.example"]);
    let mut outcome = Outcome::new(&arrival.envelope);
    outcome.end(&address("a@corp.example"), ok());
    assert!(reply(&arrival, &Ok(outcome)).is_transient());
}

#[test]
fn a_copy_that_a_rule_added_does_not_turn_a_refusal_into_a_250() {
    let arrival = arrival(&["a@corp.example"]);
    let mut outcome = Outcome::new(&arrival.envelope);
    outcome.end(&address("a@corp.example"), refused());
    outcome.end(&address("archive@corp.example"), ok());
    assert_eq!(reply(&arrival, &Ok(outcome)).code, 550);
}

#[test]
fn faults_of_ours_are_never_250_and_never_5xx() {
    let arrival = arrival(&["a@corp.example"]);
    let stop = Stop::Store(store::StoreError::Stopped);
    assert_eq!(reply(&arrival, &Err(stop)).code, 451);
    let edit = Stop::Edit(mail::EditError::FieldName("x y".to_owned()));
    assert_eq!(reply(&arrival, &Err(edit)).code, 554);
    assert_eq!(reply(&arrival, &Err(Stop::Loop { hops: 101 })).code, 554);
}
