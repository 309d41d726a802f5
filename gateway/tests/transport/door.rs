//! Who may speak here, for whom, and what is handed over.

use std::time::Duration;

use rules::Source;

use super::client::{Client, MESSAGE};
use super::gates::{Conduct, Front, Keeper, Onward};
use super::hop::{Behaviour, Hop, Script, Stage};
use super::onward::towards;

#[tokio::test]
async fn a_message_arrives_as_it_was_sent() {
    let keeper = Keeper::new(Conduct::Accept);
    let front = Front::start(keeper.clone(), |_| {}).await;
    let mut client = Client::greeted(front.inside()).await;
    assert!(
        client
            .transact("bob@partner.example", MESSAGE)
            .await
            .is_positive()
    );
    let arrived = keeper.arrived.lock().unwrap();
    let [arrival] = &arrived[..] else {
        panic!("one message")
    };
    let expected = format!("{}\r\n", MESSAGE.replace("\r\n..", "\r\n."));
    assert_eq!(String::from_utf8_lossy(&arrival.raw), expected);
    assert_eq!(arrival.envelope.sender.to_string(), "ann@corp.example");
    assert_eq!(
        arrival.envelope.recipients.first().as_str(),
        "bob@partner.example"
    );
    assert_eq!((arrival.source, arrival.tls), (Source::Inside, false));
    assert_eq!(
        (arrival.helo.as_str(), arrival.protocol),
        ("client.example", "ESMTP")
    );
    assert!(arrival.authenticated.is_none());
}

#[tokio::test]
async fn a_pipelining_client_is_answered_in_one_piece() {
    let keeper = Keeper::new(Conduct::Accept);
    let front = Front::start(keeper.clone(), |_| {}).await;
    let mut client = Client::greeted(front.inside()).await;
    let envelope = "MAIL FROM:<>\r\nRCPT TO:<bob@corp.example>\r\nDATA\r\n";
    for round in 1..=3 {
        client.send(envelope.as_bytes()).await;
        let codes = [client.reply().await.code, client.reply().await.code];
        assert_eq!((codes, client.reply().await.code), ([250, 250], 354));
        client.send(format!("{MESSAGE}\r\n.\r\n").as_bytes()).await;
        assert_eq!(client.reply().await.code, 250);
        assert_eq!(keeper.count(), round);
    }
}

#[tokio::test]
async fn strangers_are_turned_away_at_the_greeting() {
    let front = Front::start(Keeper::new(Conduct::Accept), |config| {
        config.listen[0].allow = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await;
    let (mut stranger, code) = Client::connect(front.inside()).await;
    assert_eq!(code, 554);
    assert!(
        stranger.try_reply().await.is_none(),
        "and nothing else is heard"
    );
    let (_, code) = Client::connect(front.outside()).await;
    assert_eq!(code, 220, "the other listener is for all of loopback");
}

#[tokio::test]
async fn an_outside_listener_is_no_relay() {
    let keeper = Keeper::new(Conduct::Accept);
    let front = Front::start(keeper.clone(), |config| {
        config
            .organisation
            .domains
            .push("bücher.example".to_owned());
    })
    .await;
    let mut client = Client::greeted(front.outside()).await;
    assert_eq!(
        client.say("MAIL FROM:<x@other.example>\r\n").await.code,
        250
    );
    for (recipient, code) in [
        ("bob@partner.example", 550),
        ("bob@sub.corp.example", 550),
        ("bob@corp.example.evil.example", 550),
        ("bob%partner.example@other.example", 550),
        ("bob@CORP.example", 250),
        ("bob@xn--bcher-kva.example", 250),
    ] {
        let reply = client.say(&format!("RCPT TO:<{recipient}>\r\n")).await;
        assert_eq!(reply.code, code, "{recipient}: {reply}");
    }
    assert_eq!(client.say("DATA\r\n").await.code, 354);
    assert_eq!(client.say("Subject: x\r\n\r\nx\r\n.\r\n").await.code, 250);
    let arrived = keeper.arrived.lock().unwrap();
    assert_eq!(arrived[0].envelope.recipients.len(), 2);
    assert_eq!(arrived[0].source, Source::Outside);
}

#[tokio::test]
async fn xforward_is_believed_from_those_only_who_may_say_it() {
    let keeper = Keeper::new(Conduct::Accept);
    let front = Front::start(keeper.clone(), |config| {
        config.listen[0].xforward = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let forward = "XFORWARD ADDR=192.0.2.7 LOGIN=ann\r\n";
    let mut trusted = Client::greeted(front.inside()).await;
    assert_eq!(trusted.say(forward).await.code, 250);
    assert!(
        trusted
            .transact("bob@corp.example", MESSAGE)
            .await
            .is_positive()
    );
    assert!(
        trusted
            .transact("bob@corp.example", MESSAGE)
            .await
            .is_positive()
    );
    let mut stranger = Client::greeted(front.outside()).await;
    assert_eq!(stranger.say(forward).await.code, 550);
    assert!(
        stranger
            .transact("bob@corp.example", MESSAGE)
            .await
            .is_positive()
    );
    let arrived = keeper.arrived.lock().unwrap();
    let told: Vec<_> = arrived
        .iter()
        .map(|arrival| {
            (
                arrival.authenticated.as_deref(),
                arrival.client.map(|ip| ip.to_string()),
            )
        })
        .collect();
    let once = (Some("ann"), Some("192.0.2.7".to_owned()));
    assert_eq!(told, [once, (None, None), (None, None)]);
}

#[tokio::test]
async fn a_gate_that_panics_says_no_250_and_harms_no_other_session() {
    let front = Front::start(Keeper::new(Conduct::Panic), |_| {}).await;
    let mut other = Client::greeted(front.inside()).await;
    let mut client = Client::greeted(front.inside()).await;
    assert_eq!(client.transact("bob@corp.example", MESSAGE).await.code, 421);
    assert!(client.try_reply().await.is_none());
    assert_eq!(other.say("NOOP\r\n").await.code, 250);
    Client::greeted(front.inside()).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_dot_leaves_nothing() {
    let keeper = Keeper::new(Conduct::Accept);
    let front = Front::start(keeper.clone(), |_| {}).await;
    let steps = [
        "MAIL FROM:<>\r\n",
        "MAIL FROM:<>\r\nRCPT TO:<b@corp.example>\r\n",
        "MAIL FROM:<>\r\nRCPT TO:<b@corp.example>\r\nDATA\r\n",
        "MAIL FROM:<>\r\nRCPT TO:<b@corp.example>\r\nDATA\r\nSubject: x\r\n\r\nhalf",
        "MAIL FROM:<>\r\nRCPT TO:<b@corp.example>\r\nDATA\r\nSubject: x\r\n\r\nhalf\r\n.",
    ];
    for step in steps {
        let mut client = Client::greeted(front.inside()).await;
        client.send(step.as_bytes()).await;
    }
    let mut client = Client::greeted(front.inside()).await;
    assert!(
        client
            .transact("b@corp.example", "Subject: whole")
            .await
            .is_positive()
    );
    let arrived = keeper.arrived.lock().unwrap();
    assert_eq!(arrived.len(), 1, "only the whole one");
    assert!(arrived[0].raw.starts_with(b"Subject: whole"));
}

#[tokio::test]
async fn through_both_ends_250_means_that_the_next_hop_took_it() {
    let faults = [
        None,
        Some((Stage::FinalDot, Behaviour::Close)),
        Some((Stage::Mail, Behaviour::Permanent)),
    ];
    for (fault, code) in faults.into_iter().zip([250, 451, 550]) {
        let hop = Hop::start(Script {
            fault,
            ..Script::default()
        })
        .await;
        let relay = gateway::deliver::Relay::new(&towards(&hop, |_| {})).unwrap();
        let gate = std::sync::Arc::new(Onward(std::sync::Arc::new(relay)));
        let front = Front::start(gate, |_| {}).await;
        let mut client = Client::greeted(front.inside()).await;
        assert_eq!(
            client.transact("bob@corp.example", MESSAGE).await.code,
            code,
            "{fault:?}"
        );
        assert_eq!(hop.taken().len(), usize::from(code == 250));
        for taken in hop.taken() {
            let expected = format!("X-Top: yes\r\n{MESSAGE}\r\n");
            assert_eq!(String::from_utf8_lossy(&taken.message), expected);
        }
    }
}

#[tokio::test]
async fn draining_ends_idle_sessions_and_lets_messages_finish() {
    let gate = Keeper::new(Conduct::Wait(Duration::from_millis(300)));
    let mut front = Front::start(gate.clone(), |_| {}).await;
    let mut idle = Client::greeted(front.inside()).await;
    let mut busy = Client::greeted(front.inside()).await;
    busy.send(b"MAIL FROM:<>\r\nRCPT TO:<b@corp.example>\r\nDATA\r\n")
        .await;
    for _ in 0..3 {
        busy.reply().await;
    }
    front.stop();
    assert_eq!(idle.reply().await.code, 421);
    assert_eq!(busy.say("Subject: the last\r\n\r\n.\r\n").await.code, 250);
    assert_eq!(busy.reply().await.code, 421);
    front.stopped().await;
    assert_eq!(gate.count(), 1);
}

#[tokio::test]
async fn postmaster_without_a_domain_is_ours_on_every_side() {
    let keeper = Keeper::new(Conduct::Accept);
    let front = Front::start(keeper.clone(), |_| {}).await;
    for entrance in [front.inside(), front.outside()] {
        let mut client = Client::greeted(entrance).await;
        assert!(client.transact("Postmaster", MESSAGE).await.is_positive());
        let arrived = keeper.arrived.lock().unwrap().pop().unwrap();
        let to = arrived.envelope.recipients.first();
        assert_eq!(to.as_str(), "Postmaster@corp.example");
    }
    // The control: of another domain he is nobody of ours.
    let mut client = Client::greeted(front.outside()).await;
    let reply = client.transact("postmaster@x.example", MESSAGE).await;
    assert!(reply.is_permanent(), "{reply}");
}
