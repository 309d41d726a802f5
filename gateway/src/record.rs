//! One log line a message, and the audit events it caused. Neither holds text, subjects, codes,
//! links or keys. A fault here never changes the answer: by now every part is safe.

use crate::answer::{End, EndFate, Outcome, Stop};
use crate::config::LogAddresses;
use crate::policies::LivePolicy;
use crate::receive::Arrival;
use crate::site::Site;
use mail::Address;
use rules::Judgement;
use store::{AuditEvent, Durability};
use wire::Reply;

/// The line of one message, as an operator greps for it.
pub fn line(site: &Site, arrival: &Arrival, ended: &Result<Outcome, Stop>, reply: &Reply) {
    let show = |address: &Address| shown(site.log_addresses, address);
    let to: Vec<String> = arrival.envelope.recipients.iter().map(show).collect();
    let from = arrival
        .envelope
        .sender
        .address()
        .map_or_else(|| "<>".to_owned(), show);
    let (action, relay) = match ended {
        Ok(outcome) => (actions(outcome), relay(outcome)),
        Err(_) => ("stopped".to_owned(), None),
    };
    let delay = site.now().unix() - arrival.arrived.unix();
    tracing::info!(
        id = %arrival.id,
        from,
        to = to.join(","),
        size = arrival.raw.len(),
        source = arrival.source.as_str(),
        action,
        relay = relay.unwrap_or_default(),
        delay,
        status = reply.code,
        "message"
    );
    if let Err(stop) = ended {
        let error = crate::cli::chain(stop);
        tracing::error!(id = %arrival.id, error, "a message could not be handled; deferred");
    }
}

fn actions(outcome: &Outcome) -> String {
    let mut words: Vec<&str> = outcome.ends.iter().map(|end| end.fate.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    words.join(",")
}

/// The next hop's own code; its text stays out, since it may quote what we sent (P4).
fn relay(outcome: &Outcome) -> Option<u16> {
    outcome.ends.iter().find_map(|end| match &end.fate {
        EndFate::Delivered(reply) | EndFate::Sealed(reply, ..) => Some(reply.code),
        _ => None,
    })
}

/// Writes what an auditor may ask. Protection events are durable before the answer; that a
/// message passed unchanged is written before it and on disk within a second.
pub async fn audit(
    site: &Site,
    arrival: &Arrival,
    live: &LivePolicy,
    judgement: &Judgement,
    outcome: &Outcome,
) {
    if judgement.is_untouched() && outcome.ends.iter().all(|end| plain(&end.fate)) {
        let event = event("passed", arrival, live)
            .detail("recipients", outcome.ends.len())
            .detail("size", arrival.raw.len());
        return write(site, vec![event], Durability::Within).await;
    }
    let protects = outcome.ends.iter().any(|end| is_protection(&end.fate));
    let durability = if protects {
        Durability::Before
    } else {
        Durability::Within
    };
    let events = outcome
        .ends
        .iter()
        .map(|end| end_event(arrival, live, judgement, end));
    write(site, events.collect(), durability).await;
}

fn plain(fate: &EndFate) -> bool {
    matches!(fate, EndFate::Delivered(_))
}

/// Whether an auditor must find this even after a power cut.
fn is_protection(fate: &EndFate) -> bool {
    match fate {
        EndFate::Delivered(_) | EndFate::ServedBefore | EndFate::Deferred(_) => false,
        EndFate::Sealed(..) | EndFate::Dropped | EndFate::Redirected | EndFate::Refused(_) => true,
    }
}

fn event(kind: &str, arrival: &Arrival, live: &LivePolicy) -> AuditEvent {
    let mut event = AuditEvent::new(kind).detail("rules_generation", live.generation);
    event.message = Some(arrival.id.to_string());
    match arrival.envelope.sender.address() {
        Some(sender) => event.actor(sender.as_str()),
        None => event,
    }
}

fn end_event(arrival: &Arrival, live: &LivePolicy, judgement: &Judgement, end: &End) -> AuditEvent {
    let kind = if plain(&end.fate) && is_changed(judgement, end) {
        "marked"
    } else {
        end.fate.as_str()
    };
    let mut event = event(kind, arrival, live).recipient(end.recipient.as_str());
    if let EndFate::Sealed(_, letter, grant) = &end.fate {
        event = event.letter(*letter).grant(*grant);
    }
    let Some(copy) = judgement
        .copies
        .iter()
        .find(|copy| copy.recipient == end.recipient)
    else {
        return event;
    };
    if let [first, ..] = copy.verdict.label_changes.as_slice()
        && let Some(last) = copy.verdict.label_changes.last()
    {
        event = event
            .detail("label_before", label_name(&first.before))
            .detail("label_after", label_name(&last.after));
        if let Some(rule) = &last.rule {
            event = event.detail("label_rule", rule);
        }
    }
    if let Some(severity) = copy.verdict.severity {
        event = event.detail("severity", severity.as_str());
    }
    event.rule = Some(copy.verdict.because.join("; ")).filter(|rules| !rules.is_empty());
    event
}

fn label_name(id: &Option<mail::LabelId>) -> &str {
    id.as_ref().map_or("none", mail::LabelId::as_str)
}

/// Whether the copy was edited on its way.
fn is_changed(judgement: &Judgement, end: &End) -> bool {
    let copy = judgement
        .copies
        .iter()
        .find(|copy| copy.recipient == end.recipient);
    copy.is_some_and(|copy| !copy.verdict.edits.is_empty())
}

/// An address as the log shows it.
fn shown(addresses: LogAddresses, address: &Address) -> String {
    match addresses {
        LogAddresses::Full => address.to_string(),
        LogAddresses::Masked => {
            let first: String = address.local().chars().take(1).collect();
            format!("{first}***@{}", address.domain())
        }
    }
}

async fn write(site: &Site, events: Vec<AuditEvent>, durability: Durability) {
    if let Err(error) = site.store.audit_all(events, durability).await {
        let error = crate::cli::chain(&error);
        tracing::error!(error, "the audit log cannot be written; somebody must act");
    }
}
