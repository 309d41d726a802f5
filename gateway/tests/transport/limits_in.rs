//! Every limit on what comes in, one test each: just within it goes through, just over it does not.

use std::time::Duration;

use gateway::config::{Config, LIMITS};

use super::certificates::Certificates;
use super::client::{Client, MESSAGE};
use super::gates::{Conduct, Front, Keeper};

/// Limits that are enforced elsewhere than in the front end and the relay: by the pipeline, and for
/// what waits for approval by the store (the stories and the conformance suite test them).
const ELSEWHERE: [&str; 4] = [
    "received",
    "held_messages",
    "held_bytes",
    "held_sender_percent",
];

#[test]
fn every_limit_has_a_test() {
    let sources = [include_str!("limits_in.rs"), include_str!("limits_out.rs")].concat();
    for limit in LIMITS
        .iter()
        .filter(|limit| !ELSEWHERE.contains(&limit.name))
    {
        let test = format!("async fn limit_{}()", limit.name);
        assert!(
            sources.contains(&test),
            "no test for the limit `{}`",
            limit.name
        );
    }
}

async fn front(change: impl FnOnce(&mut Config)) -> Front {
    Front::start(Keeper::new(Conduct::Accept), change).await
}

/// The code for a message whose body holds `octets`.
async fn sized(client: &mut Client, octets: usize) -> u16 {
    let lines = "x".repeat(70) + "\r\n";
    let message = format!("Subject: x\r\n\r\n{}", lines.repeat(octets / 72));
    client
        .transact("bob@corp.example", message.trim_end())
        .await
        .code
}

#[tokio::test]
async fn limit_message_size() {
    let front = front(|config| config.limits.message_size = 10_000).await;
    let mut client = Client::greeted(front.inside()).await;
    assert_eq!(sized(&mut client, 9_500).await, 250);
    assert_eq!(sized(&mut client, 10_500).await, 552);
    assert_eq!(client.say("MAIL FROM:<> SIZE=10001\r\n").await.code, 552);
    assert_eq!(client.say("MAIL FROM:<> SIZE=10000\r\n").await.code, 250);
}

#[tokio::test]
async fn limit_command_line() {
    let front = front(|config| config.limits.command_line = 1000).await;
    let mut client = Client::greeted(front.inside()).await;
    let line = |octets: usize| format!("NOOP {}\r\n", "x".repeat(octets - "NOOP \r\n".len()));
    assert_eq!(client.say(&line(1000)).await.code, 250);
    assert_eq!(client.say(&line(1001)).await.code, 500);
}

#[tokio::test]
async fn limit_data_line() {
    let front = front(|config| config.limits.data_line = 5000).await;
    let mut client = Client::greeted(front.inside()).await;
    let long = |octets: usize| format!("Subject: x\r\n\r\n{}", "x".repeat(octets));
    assert_eq!(
        client.transact("b@corp.example", &long(5000)).await.code,
        250
    );
    let reply = client.transact("b@corp.example", &long(5001)).await;
    assert!(reply.to_string().starts_with("550 5.6.0"), "{reply}");
}

#[tokio::test]
async fn limit_recipients() {
    let front = front(|config| config.limits.recipients = 3).await;
    let mut client = Client::greeted(front.inside()).await;
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.code, 250);
    for (place, code) in [250, 250, 250, 452].into_iter().enumerate() {
        let reply = client
            .say(&format!("RCPT TO:<r{place}@corp.example>\r\n"))
            .await;
        assert_eq!(reply.code, code, "{reply}");
    }
    assert_eq!(
        client.say("DATA\r\n").await.code,
        354,
        "the three are served"
    );
}

#[tokio::test]
async fn limit_errors() {
    let front = front(|config| config.limits.errors = 5).await;
    let mut client = Client::greeted(front.inside()).await;
    for _ in 0..5 {
        assert_eq!(client.say("MAIL FROM:nobody\r\n").await.code, 501);
    }
    assert_eq!(client.say("MAIL FROM:nobody\r\n").await.code, 501);
    assert_eq!(client.reply().await.code, 421);
    assert!(client.try_reply().await.is_none());
}

#[tokio::test]
async fn limit_connections() {
    let front = front(|config| config.limits.connections = 2).await;
    let first = Client::greeted(front.inside()).await;
    let _second = Client::greeted(front.outside()).await;
    assert_eq!(Client::connect(front.inside()).await.1, 421);
    drop(first);
    let mut codes = Vec::new();
    for _ in 0..50 {
        let (_client, code) = Client::connect(front.inside()).await;
        codes.push(code);
        if code == 220 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a place that was left is not taken again: {codes:?}");
}

#[tokio::test]
async fn limit_connections_per_peer() {
    let front = front(|config| config.limits.connections_per_peer = 1).await;
    let _first = Client::greeted(front.inside()).await;
    let (mut second, code) = Client::connect(front.inside()).await;
    assert_eq!(code, 421);
    assert!(second.try_reply().await.is_none());
}

#[tokio::test]
async fn limit_memory() {
    let front = front(|config| config.limits.memory = 200_000).await;
    let mut greedy = Client::greeted(front.inside()).await;
    let mut other = Client::greeted(front.inside()).await;
    assert_eq!(greedy.say("MAIL FROM:<> SIZE=150000\r\n").await.code, 250);
    let reply = other.say("MAIL FROM:<> SIZE=100000\r\n").await;
    assert!(reply.to_string().starts_with("452 4.3.1"), "{reply}");
    assert_eq!(other.say("MAIL FROM:<> SIZE=10000\r\n").await.code, 250);
    assert_eq!(other.say("RSET\r\n").await.code, 250);

    // Who announces nothing is stopped when it comes to that.
    assert_eq!(other.say("MAIL FROM:<>\r\n").await.code, 250);
    assert_eq!(other.say("RCPT TO:<b@corp.example>\r\n").await.code, 250);
    assert_eq!(other.say("DATA\r\n").await.code, 354);
    let line = format!("{}\r\n", "x".repeat(998));
    // The rest may find the connection closed already.
    let _ = other.try_send(line.repeat(100).as_bytes()).await;
    let reply = other.try_reply().await.expect("a reply before the close");
    assert!(reply.to_string().starts_with("421 4.3.1"), "{reply}");

    // What was held is free again.
    drop(greedy);
    let mut later = Client::greeted(front.inside()).await;
    assert_eq!(sized(&mut later, 150_000).await, 250);
    assert_eq!(sized(&mut later, 150_000).await, 250);
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn limit_command_timeout() {
    let front = front(|config| config.limits.command_timeout = SECOND).await;
    let mut silent = Client::greeted(front.inside()).await;
    assert_eq!(silent.reply().await.code, 421);
    assert!(silent.try_reply().await.is_none());

    // An octet now and then is no command.
    let mut slow = Client::greeted(front.inside()).await;
    for octet in b"NOOP and so on" {
        if slow.try_send(&[*octet]).await.is_err() {
            break;
        }
        tokio::time::sleep(SECOND / 5).await;
    }
    assert_eq!(slow.reply().await.code, 421);

    let mut steady = Client::greeted(front.inside()).await;
    for _ in 0..6 {
        tokio::time::sleep(SECOND / 4).await;
        assert_eq!(steady.say("NOOP\r\n").await.code, 250);
    }
}

async fn in_data(front: &Front) -> Client {
    let mut client = Client::greeted(front.inside()).await;
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.code, 250);
    assert_eq!(client.say("RCPT TO:<b@corp.example>\r\n").await.code, 250);
    assert_eq!(client.say("DATA\r\n").await.code, 354);
    client
}

#[tokio::test]
async fn limit_data_timeout() {
    let front = front(|config| config.limits.data_timeout = SECOND).await;
    let mut client = in_data(&front).await;
    for _ in 0..6 {
        tokio::time::sleep(SECOND / 4).await;
        client.send(b"a line now and then is enough\r\n").await;
    }
    let reply = client.reply().await;
    assert!(reply.to_string().starts_with("421 4.4.2"), "{reply}");
}

#[tokio::test]
async fn limit_message_timeout() {
    let front = front(|config| {
        (config.limits.message_timeout, config.limits.data_timeout) = (SECOND, SECOND);
    })
    .await;
    let mut client = in_data(&front).await;
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < SECOND * 2 {
        if client
            .try_send(b"never too slow, and never done\r\n")
            .await
            .is_err()
        {
            break;
        }
        tokio::time::sleep(SECOND / 10).await;
    }
    let reply = client.try_reply().await;
    assert!(reply.is_none_or(|reply| reply.code == 421));
    // The time is one message's, not the session's.
    let mut several = Client::greeted(front.inside()).await;
    for _ in 0..4 {
        tokio::time::sleep(SECOND / 2).await;
        assert_eq!(several.transact("b@corp.example", MESSAGE).await.code, 250);
    }
}

#[tokio::test]
async fn limit_tls_timeout() {
    let certificates = Certificates::new();
    let front = front(|config| {
        config.listen[0].certificate = Some(certificates.leaf());
        config.limits.tls_timeout = SECOND;
    })
    .await;
    let mut client = Client::greeted(front.inside()).await;
    assert_eq!(client.say("STARTTLS\r\n").await.code, 220);
    let begun = tokio::time::Instant::now();
    assert!(client.try_reply().await.is_none());
    assert!(begun.elapsed() < SECOND * 5);
}

#[tokio::test]
async fn limit_answer_timeout() {
    let slow = Keeper::new(Conduct::Wait(SECOND * 3));
    let front = Front::start(slow.clone(), |config| config.limits.answer_timeout = SECOND).await;
    let mut client = Client::greeted(front.inside()).await;
    let reply = client.transact("b@corp.example", MESSAGE).await;
    assert!(reply.to_string().starts_with("451 4.4.7"), "{reply}");
    assert_eq!(client.say("NOOP\r\n").await.code, 250);
    tokio::time::sleep(SECOND * 3).await;
    assert_eq!(
        slow.count(),
        0,
        "a message that was given up goes no further"
    );
}

#[tokio::test]
async fn limit_drain() {
    let endless = Keeper::new(Conduct::Wait(SECOND * 600));
    let mut front = Front::start(endless.clone(), |config| config.limits.drain = SECOND).await;
    let mut client = in_data(&front).await;
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    tokio::time::sleep(SECOND / 5).await;
    front.stop();
    front.stopped().await;
    assert!(client.try_reply().await.is_none(), "cut without an answer");
    assert_eq!(endless.count(), 0);
}
