//! The pool, the one retry, partial acceptance, and TLS towards the next hop.

use std::sync::atomic::Ordering;

use gateway::config::{Config, HostPort, TlsPolicy};
use gateway::deliver::{Delivery, Handover, HandoverEnd, NextHop, Partial, Relay};
use mail::{Address, BodyType, Sender};

use super::certificates::{Certificates, NAME};
use super::gates::changed;
use super::hop::{Behaviour, Hop, Script, Stage};

/// The configuration that leads to `hop`, further changed.
pub fn towards(hop: &Hop, change: impl FnOnce(&mut Config)) -> Config {
    changed(|config| {
        config.relay.next_hop = HostPort {
            host: "127.0.0.1".to_owned(),
            port: hop.address.port(),
        };
        change(config);
    })
}

pub async fn send(relay: &Relay, recipients: &[&str], partial: Partial) -> Handover {
    send_message(relay, recipients, partial, b"Subject: hi\r\n\r\nhello\r\n").await
}

pub async fn send_message(
    relay: &Relay,
    recipients: &[&str],
    partial: Partial,
    message: &[u8],
) -> Handover {
    let recipients: Vec<Address> = recipients
        .iter()
        .map(|address| Address::parse(address).unwrap())
        .collect();
    let delivery = Delivery {
        sender: &Sender::Null,
        recipients: &recipients,
        body: BodyType::SevenBit,
        smtputf8: false,
        content: &[message],
        partial,
    };
    relay.deliver(delivery).await
}

const BOB: &[&str] = &["bob@partner.example"];

#[tokio::test]
async fn a_connection_is_used_again() {
    let hop = Hop::start(Script::default()).await;
    let relay = Relay::new(&towards(&hop, |_| {})).unwrap();
    for _ in 0..5 {
        assert!(send(&relay, BOB, Partial::Proceed).await.is_positive());
    }
    assert_eq!(hop.record.connections.load(Ordering::SeqCst), 1);
    assert_eq!(hop.taken().len(), 5);
    relay.close().await;
    assert_eq!(hop.record.quits.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_stale_connection_costs_a_new_one_and_no_message() {
    let hop = Hop::start(Script {
        messages_per_connection: Some(1),
        ..Script::default()
    })
    .await;
    let relay = Relay::new(&towards(&hop, |_| {})).unwrap();
    for _ in 0..4 {
        let handover = send(&relay, BOB, Partial::Proceed).await;
        assert!(handover.is_positive(), "{handover:?}");
    }
    assert_eq!(
        (
            hop.taken().len(),
            hop.record.connections.load(Ordering::SeqCst)
        ),
        (4, 4)
    );
}

#[tokio::test]
async fn what_a_next_hop_had_begun_to_take_is_not_sent_again_at_once() {
    let hop = Hop::start(Script {
        closes_after_second_mail: true,
        ..Script::default()
    })
    .await;
    let relay = Relay::new(&towards(&hop, |_| {})).unwrap();
    assert!(send(&relay, BOB, Partial::Proceed).await.is_positive());
    let handover = send(&relay, BOB, Partial::Proceed).await;
    assert!(handover.reply(0).is_transient(), "{handover:?}");
    assert_eq!(hop.record.mails.load(Ordering::SeqCst), 2, "no third try");
}

#[tokio::test]
async fn a_next_hop_that_is_not_there_defers() {
    let hop = Hop::start(Script::default()).await;
    let config = towards(&hop, |_| {});
    drop(hop);
    tokio::task::yield_now().await;
    let handover = send(&Relay::new(&config).unwrap(), BOB, Partial::Proceed).await;
    assert!(handover.reply(0).is_transient(), "{handover:?}");
}

#[tokio::test]
async fn when_only_some_are_taken_the_caller_may_stop_before_the_data() {
    let refuses = Some(("cat@", "550 5.1.1 no cat here\r\n"));
    let hop = Hop::start(Script {
        refuses,
        ..Script::default()
    })
    .await;
    let relay = Relay::new(&towards(&hop, |_| {})).unwrap();
    let both = ["bob@partner.example", "cat@partner.example"];

    let stopped = send(&relay, &both, Partial::Stop).await;
    assert!(
        stopped.stopped_partial() && !stopped.reply(0).is_positive(),
        "{stopped:?}"
    );
    assert!(hop.taken().is_empty());

    let sent = send(&relay, &both, Partial::Proceed).await;
    assert_eq!(sent.end(), HandoverEnd::Known);
    assert!(sent.reply(0).is_positive());
    assert_eq!(sent.reply(1).to_string(), "550 5.1.1 no cat here");
    assert_eq!(sent.heard(), [550, 250]);
    assert_eq!(hop.taken()[0].recipients, ["bob@partner.example"]);

    let none = send(&relay, &both[1..], Partial::Stop).await;
    assert!(
        none.reply(0).is_permanent() && !none.stopped_partial(),
        "nobody is not some"
    );
    let all = send(&relay, BOB, Partial::Stop).await;
    assert!(all.is_positive(), "all is not some");
}

fn encrypted(hop: &Hop, certificates: &Certificates, policy: TlsPolicy) -> Config {
    towards(hop, |config| {
        config.relay.tls = policy;
        config.relay.tls_name = NAME.to_owned();
        config.relay.authority = Some(certificates.authority());
    })
}

/// Sends one message under a policy; its reply, and whether it went out encrypted.
async fn one(hop: &Hop, config: &Config) -> (wire::Reply, Option<bool>) {
    let handover = send(&Relay::new(config).unwrap(), BOB, Partial::Proceed).await;
    (
        handover.reply(0),
        hop.taken().pop().map(|taken| taken.encrypted),
    )
}

#[tokio::test]
async fn required_tls_is_used_when_the_certificate_is_right() {
    let certificates = Certificates::new();
    let hop = Hop::start(Script {
        tls: Some(certificates.server()),
        ..Script::default()
    })
    .await;
    let (reply, went) = one(&hop, &encrypted(&hop, &certificates, TlsPolicy::Required)).await;
    assert!(reply.is_positive() && went == Some(true), "{reply}");
}

/// V4: whoever stands in the middle may take STARTTLS away, answer for it, show another
/// certificate. Where TLS is required, nothing of a message is said then.
#[tokio::test]
async fn required_tls_never_says_a_word_in_clear() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let tls = || Some(ours.server());
    let scripts = [
        ("not offered", Script::default()),
        (
            "another authority",
            Script {
                tls: Some(theirs.server()),
                ..Script::default()
            },
        ),
        ("454", fault(tls(), Behaviour::Transient)),
        ("554", fault(tls(), Behaviour::Permanent)),
        (
            "injected",
            Script {
                tls: tls(),
                injected: "250 OK\r\n",
                ..Script::default()
            },
        ),
        ("no handshake", {
            let fault = Some((Stage::Handshake, Behaviour::Garbage));
            Script {
                tls: tls(),
                fault,
                ..Script::default()
            }
        }),
    ];
    for (name, script) in scripts {
        let hop = Hop::start(script).await;
        let (reply, went) = one(&hop, &encrypted(&hop, &ours, TlsPolicy::Required)).await;
        assert!(reply.is_transient(), "{name}: {reply}");
        assert_eq!(
            hop.record.mails.load(Ordering::SeqCst),
            0,
            "{name}: MAIL was said"
        );
        assert_eq!(went, None, "{name}");
    }
}

fn fault(tls: Option<std::sync::Arc<rustls::ServerConfig>>, behaviour: Behaviour) -> Script {
    Script {
        tls,
        fault: Some((Stage::StartTls, behaviour)),
        ..Script::default()
    }
}

#[tokio::test]
async fn required_tls_checks_the_name() {
    let certificates = Certificates::new();
    let hop = Hop::start(Script {
        tls: Some(certificates.server()),
        ..Script::default()
    })
    .await;
    let mut config = encrypted(&hop, &certificates, TlsPolicy::Required);
    config.relay.tls_name = "other.example".to_owned();
    let (reply, went) = one(&hop, &config).await;
    assert!(reply.is_transient() && went.is_none(), "{reply}");
}

#[tokio::test]
async fn opportunistic_tls_is_used_if_it_can_be_and_else_not() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let broken = Some((Stage::Handshake, Behaviour::Close));
    let scripts = [
        (
            Script {
                tls: Some(theirs.server()),
                ..Script::default()
            },
            true,
        ),
        (Script::default(), false),
        (fault(Some(ours.server()), Behaviour::Transient), false),
    ];
    for (script, encryption) in scripts {
        let hop = Hop::start(script).await;
        let (reply, went) = one(&hop, &encrypted(&hop, &ours, TlsPolicy::Opportunistic)).await;
        assert!(reply.is_positive(), "{reply}");
        assert_eq!(went, Some(encryption));
    }
    let script = Script {
        tls: Some(ours.server()),
        fault: broken,
        ..Script::default()
    };
    let hop = Hop::start(script).await;
    let (reply, went) = one(&hop, &encrypted(&hop, &ours, TlsPolicy::Opportunistic)).await;
    assert!(
        reply.is_positive() && went == Some(false),
        "a broken handshake: {reply}"
    );
}

#[tokio::test]
async fn a_fault_of_set_up_is_tried_again_and_the_hops_own_code_is_known() {
    let script = Script {
        refuses: Some(("bob@", "530 5.7.0 see https://mail.corp.example/l/a/b\r\n")),
        ..Script::default()
    };
    let hop = Hop::start(script).await;
    let relay = Relay::new(&towards(&hop, |_| {})).unwrap();
    let sent = send(&relay, BOB, Partial::Proceed).await;
    assert_eq!(
        sent.reply(0).to_string(),
        "451 4.3.5 next hop: 530 5.7.0 see https://mail.corp.example/l/..."
    );
    assert_eq!(sent.heard(), [530]);
    // The control: what was not reached gave no code, though the reply has one.
    let nobody = Relay::new(&towards(&hop, |config| config.relay.next_hop.port = 1)).unwrap();
    let sent = send(&nobody, BOB, Partial::Proceed).await;
    assert!(
        sent.reply(0).is_transient() && sent.heard().is_empty(),
        "{sent:?}"
    );
}
