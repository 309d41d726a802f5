//! Every limit on the way to the next hop, one test each.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gateway::config::{HostPort, Limits};
use gateway::deliver::{Handover, HandoverEnd, Partial, Relay};

use super::gates::changed;
use super::hop::{Behaviour, BlackHole, Hop, Script, Stage};
use super::onward::{send, send_message, towards};

const SECOND: Duration = Duration::from_secs(1);
const BOB: &[&str] = &["bob@partner.example"];

/// Delivers to a hop that hangs at `stage`, with one limit changed; how long it took.
async fn hanging(stage: Stage, change: impl FnOnce(&mut Limits)) -> (Handover, Duration) {
    let fault = Some((stage, Behaviour::Hang));
    let hop = Hop::start(Script {
        fault,
        ..Script::default()
    })
    .await;
    let relay = Relay::new(&towards(&hop, |config| change(&mut config.limits))).unwrap();
    let begun = Instant::now();
    let handover = send(&relay, BOB, Partial::Proceed).await;
    assert!(handover.reply(0).is_transient(), "{handover:?}");
    (handover, begun.elapsed())
}

fn about_a_second(time: Duration) {
    assert!(time >= SECOND * 9 / 10 && time < SECOND * 5, "{time:?}");
}

#[tokio::test]
async fn limit_next_hop_greeting() {
    let (_, time) = hanging(Stage::Banner, |limits| limits.next_hop_greeting = SECOND).await;
    about_a_second(time);
}

#[tokio::test]
async fn limit_next_hop_command() {
    for stage in [
        Stage::Hello,
        Stage::Mail,
        Stage::FirstRecipient,
        Stage::DataReply,
    ] {
        let (handover, time) = hanging(stage, |limits| limits.next_hop_command = SECOND).await;
        about_a_second(time);
        assert_eq!(
            handover.end(),
            HandoverEnd::Known,
            "{stage:?}: nothing was sent"
        );
    }
}

#[tokio::test]
async fn limit_next_hop_final() {
    let (handover, time) = hanging(Stage::FinalDot, |limits| limits.next_hop_final = SECOND).await;
    about_a_second(time);
    assert_eq!(handover.end(), HandoverEnd::Unknown);
}

#[tokio::test]
async fn limit_next_hop_data() {
    let fault = Some((Stage::MidBody, Behaviour::Hang));
    let hop = Hop::start(Script {
        fault,
        ..Script::default()
    })
    .await;
    let relay = Relay::new(&towards(&hop, |config| {
        config.limits.next_hop_data = SECOND
    }))
    .unwrap();
    // More than the buffers between two sockets on this machine take.
    let message = format!("{}\r\n", "x".repeat(98)).repeat(300_000);
    let begun = Instant::now();
    let handover = send_message(&relay, BOB, Partial::Proceed, message.as_bytes()).await;
    // The other limits are minutes long.
    about_a_second(begun.elapsed());
    assert!(handover.reply(0).is_transient());
    assert_eq!(handover.end(), HandoverEnd::Known, "the dot was never sent");
}

#[tokio::test]
async fn limit_next_hop_connect() {
    let hole = BlackHole::open().await;
    let config = changed(|config| {
        config.relay.next_hop = HostPort {
            host: "127.0.0.1".to_owned(),
            port: hole.address.port(),
        };
        config.limits.next_hop_connect = SECOND;
    });
    let begun = Instant::now();
    let handover = send(&Relay::new(&config).unwrap(), BOB, Partial::Proceed).await;
    about_a_second(begun.elapsed());
    assert!(handover.reply(0).is_transient(), "{handover:?}");
}

#[tokio::test]
async fn limit_next_hop_idle() {
    let hop = Hop::start(Script::default()).await;
    let relay = Relay::new(&towards(&hop, |config| {
        config.limits.next_hop_idle = SECOND
    }))
    .unwrap();
    assert!(send(&relay, BOB, Partial::Proceed).await.is_positive());
    tokio::time::sleep(SECOND / 4).await;
    assert_eq!(
        hop.record.quits.load(Ordering::SeqCst),
        0,
        "it is kept for a while"
    );
    tokio::time::sleep(SECOND * 2).await;
    assert_eq!(
        hop.record.quits.load(Ordering::SeqCst),
        1,
        "then it is told goodbye"
    );
    assert!(send(&relay, BOB, Partial::Proceed).await.is_positive());
    assert_eq!(hop.record.connections.load(Ordering::SeqCst), 2);
}

/// Two deliveries at once over a pool of `connections` to a hop that hangs; the second's reply.
async fn second_of_two(connections: usize, wait: Duration) -> (Handover, Duration, usize) {
    let fault = Some((Stage::Mail, Behaviour::Hang));
    let hop = Hop::start(Script {
        fault,
        ..Script::default()
    })
    .await;
    let config = towards(&hop, |config| {
        config.limits.next_hop_connections = connections;
        config.limits.next_hop_wait = wait;
        config.limits.next_hop_command = SECOND * 3;
    });
    let relay = Arc::new(Relay::new(&config).unwrap());
    let first = tokio::spawn({
        let relay = Arc::clone(&relay);
        async move { send(&relay, BOB, Partial::Proceed).await }
    });
    tokio::time::sleep(SECOND / 5).await;
    let begun = Instant::now();
    let second = send(&relay, BOB, Partial::Proceed).await;
    let time = begun.elapsed();
    first.await.unwrap();
    (second, time, hop.record.connections.load(Ordering::SeqCst))
}

#[tokio::test]
async fn limit_next_hop_connections() {
    let (second, _, connections) = second_of_two(1, SECOND).await;
    assert_eq!(
        second.reply(0).to_string().get(..9),
        Some("451 4.4.5"),
        "{second:?}"
    );
    assert_eq!(connections, 1);
    let (second, _, connections) = second_of_two(2, SECOND).await;
    assert_ne!(
        second.reply(0).to_string().get(..9),
        Some("451 4.4.5"),
        "{second:?}"
    );
    assert_eq!(connections, 2);
}

#[tokio::test]
async fn limit_next_hop_wait() {
    let (_, time, _) = second_of_two(1, SECOND).await;
    about_a_second(time);
}
