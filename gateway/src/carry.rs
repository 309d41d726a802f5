//! Carries the work to the next hop, one transaction after the other, and notes what became of
//! each recipient. It never sends to a recipient twice in one try.

use crate::answer::{EndFate, Outcome, Stop};
use crate::apply::{Body, Cargo, Dispatch, Work};
use crate::deliver::{Delivery, Handover, HandoverEnd, Partial};
use crate::keep;
use crate::receive::Arrival;
use crate::served::Memory;
use crate::site::Site;
use mail::{BodyType, Message};
use rules::{Group, Judgement, Plan, Source};
use wire::Reply;

/// Sends everything, and gives what became of each recipient.
pub async fn carry(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    work: &Work,
    plan: &Plan,
    memory: &mut Memory,
) -> Result<Outcome, Stop> {
    let mut outcome = planned(arrival, plan, memory);
    for (recipient, fate) in &work.held {
        outcome.end(recipient, fate.clone());
    }
    outcome.remarks.clone_from(&work.remarks);
    outcome.labelled.clone_from(&work.labelled);
    if memory.is_split() {
        memory.begin(site, message, &work.recipients()).await?;
    }
    for dispatch in &work.dispatches {
        let handover = hand_over(site, arrival, message, dispatch, memory).await?;
        note(site, dispatch, &handover, memory, &mut outcome).await?;
    }
    Ok(outcome)
}

/// Whether one reply has to speak of several outcomes: then a retry must not repeat any of them.
pub fn is_split(plan: &Plan, judgement: &Judgement) -> bool {
    let sealed = |group: &Group| group.verdict.seal.is_some();
    let transactions: usize = plan
        .groups
        .iter()
        .map(|g| if sealed(g) { g.recipients.len() } else { 1 })
        .sum();
    let others = plan.refused.len() + plan.deferred.len();
    // What is held is safe before the answer: a retry that never saw it must not hold it again.
    !plan.held.is_empty() || transactions + others + judgement.notifications.len() > 1
}

/// What the plan alone decided.
fn planned(arrival: &Arrival, plan: &Plan, memory: &Memory) -> Outcome {
    let mut outcome = Outcome::new(&arrival.envelope);
    for refused in &plan.refused {
        let reply = Reply::new(550, &refused.code, &*refused.text);
        outcome.end(&refused.recipient, EndFate::Refused(reply));
    }
    for (recipient, text) in &plan.deferred {
        outcome.end(
            recipient,
            EndFate::Deferred(Reply::new(451, "4.7.1", &**text)),
        );
    }
    for recipient in &plan.deleted {
        outcome.end(recipient, EndFate::Dropped);
    }
    for recipient in &plan.redirected {
        outcome.end(recipient, EndFate::Redirected);
    }
    let held = plan.held.iter().map(|(recipient, _)| recipient);
    for recipient in plan
        .groups
        .iter()
        .flat_map(|group| &group.recipients)
        .chain(held)
    {
        if memory.has_served(recipient) {
            outcome.end(recipient, EndFate::ServedBefore);
        }
    }
    outcome
}

/// One transaction. When the next hop takes only some of its recipients, the message splits after
/// all: that is written down before the final dot, and the transaction is made again.
async fn hand_over(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    dispatch: &Dispatch,
    memory: &mut Memory,
) -> Result<Handover, Stop> {
    let content = [dispatch.head.as_slice(), dispatch.body.bytes(&arrival.raw)];
    let mut delivery = Delivery {
        sender: &arrival.envelope.sender,
        recipients: &dispatch.recipients,
        body: body_type(arrival, dispatch),
        smtputf8: arrival.envelope.smtputf8,
        content: &content,
        partial: if memory.is_open() {
            Partial::Proceed
        } else {
            Partial::Stop
        },
    };
    let next_hop = match arrival.source {
        Source::Viewer => &site.replies_hop,
        Source::Inside | Source::Outside => &site.next_hop,
    };
    let first = next_hop.deliver(delivery).await;
    if !first.stopped_partial() {
        return Ok(first);
    }
    memory.begin(site, message, &dispatch.recipients).await?;
    delivery.partial = Partial::Proceed;
    Ok(next_hop.deliver(delivery).await)
}

/// RFC 6152 §3: what an edit or a notice brought in beyond ASCII has to be announced.
fn body_type(arrival: &Arrival, dispatch: &Dispatch) -> BodyType {
    match &dispatch.body {
        Body::Changed(bytes) if !bytes.is_ascii() => BodyType::EightBitMime,
        _ => arrival.envelope.body,
    }
}

/// Notes what became of one transaction's recipients; durably, when the message is split.
async fn note(
    site: &Site,
    dispatch: &Dispatch,
    handover: &Handover,
    memory: &Memory,
    outcome: &mut Outcome,
) -> Result<(), Stop> {
    for code in handover.heard() {
        if !outcome.heard.contains(code) {
            outcome.heard.push(*code);
        }
    }
    let mut served = Vec::new();
    for (place, recipient) in dispatch.recipients.iter().enumerate() {
        let reply = handover.reply(place);
        let fate = match dispatch.cargo {
            _ if reply.is_permanent() => EndFate::Refused(reply),
            _ if !reply.is_positive() => EndFate::Deferred(reply),
            Cargo::Message => EndFate::Delivered(reply),
            Cargo::Notice(letter, grant) => EndFate::Sealed(reply, letter, grant),
        };
        if fate.is_served() {
            served.push(recipient.clone());
        } else if let Cargo::Notice(_, grant) = dispatch.cargo
            && handover.end() != HandoverEnd::Unknown
        {
            keep::undo(site, grant).await;
        }
        outcome.end(recipient, fate);
    }
    if memory.is_open() && !served.is_empty() {
        memory.serve(site, &served).await?;
    }
    Ok(())
}
