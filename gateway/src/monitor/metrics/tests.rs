//! Every message is counted once, under the word that its recipients' ends have in the log.

use super::*;
use crate::answer::End;
use crate::receive::ArrivalId;
use mail::{Address, BodyType, Envelope, Recipients, Sender, Timestamp};
use prometheus_client::encoding::text::encode;
use rules::Capabilities;
use seal::{GrantId, LetterId};
use std::net::{Ipv4Addr, SocketAddr};

fn address() -> Address {
    Address::parse("ann@corp.example").expect("an address")
}

fn arrival(source: Source, size: usize) -> Arrival {
    Arrival {
        id: ArrivalId::next(),
        arrived: Timestamp::from_unix(0),
        envelope: Envelope {
            sender: Sender::Null,
            recipients: Recipients::new(vec![address()]).expect("a recipient"),
            body: BodyType::EightBitMime,
            smtputf8: false,
        },
        raw: vec![b'x'; size],
        peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 25)),
        client: None,
        source,
        capabilities: Capabilities::SMTP,
        tls: false,
        protocol: "ESMTP",
        helo: "test".to_owned(),
        authenticated: None,
    }
}

fn ended(fates: Vec<EndFate>) -> Result<Outcome, Stop> {
    let end = |fate| End {
        recipient: address(),
        named: true,
        fate,
    };
    Ok(Outcome {
        ends: fates.into_iter().map(end).collect(),
        remarks: Vec::new(),
        labelled: Vec::new(),
        ambiguous: Vec::new(),
        ..Outcome::default()
    })
}

fn reply() -> Reply {
    Reply::new(250, "2.0.0", "taken")
}

fn sealed(letter: u8) -> EndFate {
    let letter = LetterId::from_bytes([letter; 16]);
    EndFate::Sealed(reply(), letter, GrantId::from_bytes([0; 16]))
}

fn page(metrics: &Metrics) -> String {
    let mut page = Registry::with_prefix("sealgate");
    metrics.register(&mut page);
    let mut text = String::new();
    encode(&mut text, &page).expect("a string takes everything");
    text
}

#[track_caller]
fn says(metrics: &Metrics, line: &str) {
    let text = page(metrics);
    assert!(
        text.lines().any(|each| each == line),
        "no `{line}` in:\n{text}"
    );
}

#[test]
fn every_end_has_its_counter_and_no_other_moves() {
    let fates = [
        EndFate::Delivered(reply()),
        sealed(1),
        EndFate::Held(seal::HeldId::from_bytes([0; 16])),
        EndFate::ServedBefore,
        EndFate::Dropped,
        EndFate::Redirected,
        EndFate::Refused(reply()),
        EndFate::Deferred(reply()),
    ];
    for fate in fates {
        let metrics = Metrics::default();
        let word = fate.as_str();
        let before = page(&metrics);
        let arrival = arrival(Source::Outside, 10);
        metrics.message(&arrival, &ended(vec![fate.clone(), fate]), Duration::ZERO);
        let line = format!("sealgate_messages_total{{source=\"outside\",action=\"{word}\"}} 1");
        says(&metrics, &line);
        let after = page(&metrics);
        let moved = before
            .lines()
            .filter(|line| line.starts_with("sealgate_messages_total"));
        let moved = moved.filter(|line| !after.contains(*line)).count();
        assert_eq!(moved, 1, "{word}");
    }
}

#[test]
fn several_ends_are_mixed_and_none_is_a_stop() {
    let metrics = Metrics::default();
    let arrival = arrival(Source::Viewer, 10);
    let mixed = ended(vec![
        EndFate::Delivered(reply()),
        sealed(1),
        sealed(1),
        sealed(2),
    ]);
    metrics.message(&arrival, &mixed, Duration::ZERO);
    metrics.message(&arrival, &Err(Stop::Loop { hops: 101 }), Duration::ZERO);
    says(
        &metrics,
        "sealgate_messages_total{source=\"viewer\",action=\"mixed\"} 1",
    );
    says(
        &metrics,
        "sealgate_messages_total{source=\"viewer\",action=\"stopped\"} 1",
    );
    says(&metrics, "sealgate_letters_sealed_total 2");
}

#[test]
fn sizes_and_times_fall_into_their_buckets_in_base_units() {
    let metrics = Metrics::default();
    for (size, milliseconds) in [(1024, 2), (1025, 3), (0, 600_000)] {
        let took = Duration::from_millis(milliseconds);
        metrics.message(&arrival(Source::Inside, size), &ended(Vec::new()), took);
    }
    says(
        &metrics,
        "sealgate_message_size_bytes_bucket{le=\"1024.0\"} 2",
    );
    says(
        &metrics,
        "sealgate_message_size_bytes_bucket{le=\"4096.0\"} 3",
    );
    says(&metrics, "sealgate_message_size_bytes_sum 2049.0");
    says(
        &metrics,
        "sealgate_message_duration_seconds_bucket{le=\"0.0005\"} 0",
    );
    says(
        &metrics,
        "sealgate_message_duration_seconds_bucket{le=\"0.002\"} 1",
    );
    says(
        &metrics,
        "sealgate_message_duration_seconds_bucket{le=\"300.0\"} 2",
    );
    says(
        &metrics,
        "sealgate_message_duration_seconds_bucket{le=\"+Inf\"} 3",
    );
    says(&metrics, "sealgate_message_duration_seconds_sum 600.005");
}

#[test]
fn replies_are_counted_by_their_class() {
    let metrics = Metrics::default();
    for code in [250, 251, 451, 550, 354] {
        metrics.reply(&Reply::new(code, "", "said"));
    }
    metrics.passcode();
    for (class, count) in [("2xx", 2), ("4xx", 1), ("5xx", 1)] {
        says(
            &metrics,
            &format!("sealgate_next_hop_replies_total{{class=\"{class}\"}} {count}"),
        );
    }
    says(&metrics, "sealgate_passcodes_sent_total 1");
}
