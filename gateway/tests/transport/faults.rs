//! Thirteen stages of a next hop, seven ways to go wrong at each, over TLS that is required: no
//! recipient is reported as served whom the next hop did not take, nothing is sent twice, nothing
//! goes out in clear, and it always ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gateway::config::{HostPort, TlsPolicy};
use gateway::deliver::{Delivery, Handover, HandoverEnd, NextHop, Partial, Relay};
use mail::{Address, BodyType, Sender};

use super::certificates::{Certificates, NAME};
use super::gates::changed;
use super::hop::{BEHAVIOURS, Behaviour, Hop, STAGES, Script, Stage};

/// Who it is for: the first and a later one.
const RECIPIENTS: [&str; 2] = ["bob@partner.example", "cat@partner.example"];

/// What is expected for the two recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Served,
    Deferred,
    Refused,
    /// Deferred, and it must be known that this may be a duplicate when tried again.
    Unknown,
    /// Deferred or refused, as fast as the refusal was.
    NotServed,
}

/// The table, by the fault.
fn expected(stage: Stage, behaviour: Behaviour) -> [Verdict; 2] {
    use Verdict::{Deferred, NotServed, Refused, Served, Unknown};
    let refusal = match behaviour {
        Behaviour::Transient => Some(Deferred),
        Behaviour::Permanent => Some(Refused),
        _ => None,
    };
    match (stage, refusal) {
        // The message was answered before QUIT.
        (Stage::Quit, _) => [Served, Served],
        (Stage::Mail | Stage::DataReply | Stage::FinalDot, Some(verdict)) => [verdict, verdict],
        (Stage::FirstRecipient, Some(verdict)) => [verdict, Served],
        (Stage::LaterRecipient, Some(verdict)) => [Served, verdict],
        (Stage::MidBody, Some(Refused)) => [NotServed, NotServed],
        (Stage::FinalDot, None) => [Unknown, Unknown],
        // A 5xx that says nothing about the message may pass; so may all else.
        _ => [Deferred, Deferred],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_next_hop_is_told_as_what_it_is() {
    let certificates = Arc::new(Certificates::new());
    let mut cases = tokio::task::JoinSet::new();
    for stage in STAGES {
        for behaviour in BEHAVIOURS {
            cases.spawn(one_fault(Arc::clone(&certificates), stage, behaviour));
        }
    }
    let wrong: Vec<String> = cases.join_all().await.into_iter().flatten().collect();
    assert!(
        wrong.is_empty(),
        "{} of 91:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Whether the sender can know. What a kernel has taken of a message may be all of it, final dot
/// included, before the other side breaks in the middle.
fn certain(stage: Stage) -> Certain {
    if stage == Stage::MidBody {
        Certain::No
    } else {
        Certain::Yes
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Certain {
    Yes,
    No,
}

/// The negative control: the same without a fault is served, so the table can tell.
#[tokio::test]
async fn without_a_fault_everyone_is_served() {
    let certificates = Certificates::new();
    let (handover, hop) = deliver_to(&certificates, None).await;
    assert!(handover.is_positive(), "{handover:?}");
    let taken = hop.taken();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].encrypted && taken[0].recipients == RECIPIENTS);
    assert_eq!(taken[0].message, stuffed(&message()));
}

async fn one_fault(
    certificates: Arc<Certificates>,
    stage: Stage,
    behaviour: Behaviour,
) -> Option<String> {
    let begun = Instant::now();
    let (handover, hop) = deliver_to(&certificates, Some((stage, behaviour))).await;
    let complaint = judge(&handover, &hop, expected(stage, behaviour), certain(stage));
    let slow = (begun.elapsed() > Duration::from_secs(40)).then(|| "it took too long".to_owned());
    complaint
        .or(slow)
        .map(|why| format!("{stage:?} {behaviour:?}: {why}: {handover:?}"))
}

fn judge(
    handover: &Handover,
    hop: &Hop,
    expected: [Verdict; 2],
    certain: Certain,
) -> Option<String> {
    let taken = hop.taken();
    if taken.len() > 1 {
        return Some(format!("taken {} times", taken.len()));
    }
    if hop.record.mails_in_clear.load(Ordering::SeqCst) > 0 {
        return Some("mail in clear".to_owned());
    }
    let unknown = handover.end() == HandoverEnd::Unknown;
    if certain == Certain::Yes && unknown != (expected[0] == Verdict::Unknown) {
        return Some(format!(
            "it is not as known as it should be: {:?}",
            handover.end()
        ));
    }
    for (place, (recipient, verdict)) in RECIPIENTS.iter().zip(expected).enumerate() {
        let reply = handover.reply(place);
        let served = taken
            .iter()
            .any(|one| one.recipients.iter().any(|known| known == recipient));
        if reply.is_positive() != served {
            return Some(format!(
                "{recipient} was served: {served}, but it says {reply}"
            ));
        }
        let right = match verdict {
            Verdict::Served => reply.is_positive(),
            Verdict::Deferred | Verdict::Unknown => reply.is_transient(),
            Verdict::Refused => reply.is_permanent(),
            Verdict::NotServed => !reply.is_positive(),
        };
        if !right {
            return Some(format!("{recipient}: {verdict:?} is right"));
        }
    }
    None
}

async fn deliver_to(
    certificates: &Certificates,
    fault: Option<(Stage, Behaviour)>,
) -> (Handover, Hop) {
    let tls = Some(certificates.server());
    let hop = Hop::start(Script {
        fault,
        tls,
        ..Script::default()
    })
    .await;
    // Long enough for ninety-one conversations at once on a busy machine.
    let patience = Duration::from_secs(5);
    let config = changed(|config| {
        config.relay.next_hop = HostPort {
            host: "127.0.0.1".to_owned(),
            port: hop.address.port(),
        };
        config.relay.tls = TlsPolicy::Required;
        config.relay.tls_name = NAME.to_owned();
        config.relay.authority = Some(certificates.authority());
        let limits = &mut config.limits;
        (limits.next_hop_greeting, limits.next_hop_command) = (patience, patience);
        (limits.next_hop_data, limits.next_hop_final) = (patience, patience);
        limits.tls_timeout = patience;
    });
    let relay = Relay::new(&config).unwrap();
    let recipients = RECIPIENTS.map(|address| Address::parse(address).unwrap());
    let sender = Sender::Mailbox(Address::parse("ann@corp.example").unwrap());
    let message = message();
    let (top, rest) = message.split_at(20);
    let delivery = Delivery {
        sender: &sender,
        recipients: &recipients,
        body: BodyType::EightBitMime,
        smtputf8: false,
        content: &[top, rest],
        partial: Partial::Proceed,
    };
    let handover = relay.deliver(delivery).await;
    relay.close().await;
    (handover, hop)
}

/// Long enough to go wrong in the middle, with dots to double.
fn message() -> Vec<u8> {
    let mut message = b"Subject: the fault table\r\n\r\n".to_vec();
    for line in 0..1500 {
        let dot = if line % 100 == 0 { "." } else { "" };
        message.extend_from_slice(format!("{dot}line {line} of many\r\n").as_bytes());
    }
    message
}

fn stuffed(message: &[u8]) -> Vec<u8> {
    String::from_utf8(message.to_vec())
        .unwrap()
        .replace("\r\n.", "\r\n..")
        .into_bytes()
}
