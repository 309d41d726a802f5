//! One log line a message, and the audit events it caused. Neither holds text, subjects, codes,
//! links or keys. A fault here never changes the answer: by now every part is safe.

mod attachments;
mod line;

pub use line::{held_line, line};

use crate::answer::{End, EndFate, Outcome, Stop};
use crate::hold;
use crate::policies::LivePolicy;
use crate::receive::Arrival;
use crate::site::Site;
use line::dsn;
use mail::Address;
use mail::label::LabelChange;
use rules::Judgement;
use store::{AuditEvent, Durability, HeldId};
use wire::Reply;

/// Conflicts of labels that one event tells of, and its characters: they are made of a message's
/// statements, and an event has a limit of its own.
const CONFLICTS_MAX: usize = 16;
const CONFLICT_CHARS_MAX: usize = 2_000;

/// Labels without effect that one event tells of.
const IGNORED_MAX: usize = 16;

/// The detail that holds the reason for a lower label.
const JUSTIFICATION: &str = "justification";

/// Each word once; nothing where there is none, so that the line stays short.
fn joined<'w>(words: impl Iterator<Item = &'w str>) -> Option<String> {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words.dedup();
    (!words.is_empty()).then(|| words.join(","))
}

/// Writes what an auditor may ask. Protection events are durable before the answer; that a
/// message passed unchanged is written before it and on disk within a second. What was held and
/// released says as what, so that it can be laid beside its approval.
pub async fn audit(
    site: &Site,
    arrival: &Arrival,
    live: &LivePolicy,
    judgement: &Judgement,
    outcome: &Outcome,
    released: Option<HeldId>,
) {
    let approved = |event: AuditEvent| match released {
        Some(id) => event.detail("held", id),
        None => event,
    };
    let mut labels = label_events(arrival, live, judgement, outcome);
    labels.extend(attachments::events(arrival, live, outcome));
    let untouched = judgement.is_untouched() && labels.is_empty();
    if untouched && outcome.ends.iter().all(|end| plain(&end.fate)) {
        let event = event("passed", arrival, live)
            .detail("recipients", outcome.ends.len())
            .detail("size", arrival.raw.len());
        return write(site, vec![approved(event)], Durability::Within).await;
    }
    let justified = labels.iter().any(is_justified);
    let protects = justified || outcome.ends.iter().any(|end| is_protection(&end.fate));
    let durability = if protects {
        Durability::Before
    } else {
        Durability::Within
    };
    let events = outcome.ends.iter().map(|end| {
        remarked(
            end_event(arrival, live, judgement, outcome, end),
            outcome,
            end,
        )
    });
    labels.extend(events);
    let events = labels.into_iter().map(approved).collect();
    write(site, events, durability).await;
}

fn plain(fate: &EndFate) -> bool {
    matches!(fate, EndFate::Delivered(_))
}

/// Whether an auditor must find this even after a power cut.
fn is_protection(fate: &EndFate) -> bool {
    match fate {
        EndFate::Delivered(_) | EndFate::ServedBefore | EndFate::Deferred(_) => false,
        EndFate::Sealed(..)
        | EndFate::Held(_)
        | EndFate::Dropped
        | EndFate::Redirected
        | EndFate::Refused(_) => true,
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

fn end_event(
    arrival: &Arrival,
    live: &LivePolicy,
    judgement: &Judgement,
    outcome: &Outcome,
    end: &End,
) -> AuditEvent {
    let kind = if plain(&end.fate) && is_changed(judgement, outcome, end) {
        "marked"
    } else {
        end.fate.as_str()
    };
    let mut event = event(kind, arrival, live).recipient(end.recipient.as_str());
    if let EndFate::Sealed(_, letter, grant) = &end.fate {
        event = event.letter(*letter).grant(*grant);
    }
    let Some(copy) = copy_of(judgement, end) else {
        return event;
    };
    if let (EndFate::Held(id), rules::Fate::Hold { reason }) = (&end.fate, &copy.verdict.fate) {
        event = event.detail("held", id).detail("reason", hold::cut(reason));
    }
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
    if copy.verdict.ambiguous {
        let kinds = judgement.ambiguities.iter().map(|one| one.kind.as_str());
        event = event.detail("ambiguous", joined(kinds).unwrap_or_default());
    }
    if let Some(severity) = copy.verdict.severity {
        event = event.detail("severity", severity.as_str());
    }
    event.rule = Some(copy.verdict.because.join("; ")).filter(|rules| !rules.is_empty());
    event
}

/// What was said of labels and disagreed, and every change of a label that left: once where all
/// copies have it, else for each.
fn label_events(
    arrival: &Arrival,
    live: &LivePolicy,
    judgement: &Judgement,
    outcome: &Outcome,
) -> Vec<AuditEvent> {
    let mut events = Vec::new();
    let conflicts = judgement
        .labels_read
        .iter()
        .flat_map(|read| &read.conflicts);
    let told: Vec<&str> = conflicts.take(CONFLICTS_MAX).map(String::as_str).collect();
    if !told.is_empty() {
        let told = told.join("; ");
        let told: String = told.chars().take(CONFLICT_CHARS_MAX).collect();
        events.push(event("label conflict", arrival, live).detail("conflicts", told));
    }
    events.extend(ignored_labels(arrival, live, judgement));
    let mut changes: Vec<(&LabelChange, Vec<&Address>)> = Vec::new();
    for end in outcome.ends.iter().filter(|end| leaves(&end.fate)) {
        let copy = copy_of(judgement, end);
        for change in copy.iter().flat_map(|copy| &copy.verdict.label_changes) {
            match changes.iter_mut().find(|(known, _)| *known == change) {
                Some((_, people)) => people.push(&end.recipient),
                None => changes.push((change, vec![&end.recipient])),
            }
        }
    }
    for (change, people) in changes {
        let event = label_event(event("label changed", arrival, live), change);
        match people.len() == outcome.ends.len() {
            true => events.push(event),
            false => {
                let each = people
                    .iter()
                    .map(|one| event.clone().recipient(one.as_str()));
                events.extend(each);
            }
        }
    }
    events
}

/// Labels that were read and count for nothing, and fields that look like labels and are none.
fn ignored_labels(
    arrival: &Arrival,
    live: &LivePolicy,
    judgement: &Judgement,
) -> Option<AuditEvent> {
    let read = judgement.labels_read.as_ref()?;
    let ids = read.ignored.iter().map(|label| label.id.as_str());
    let sites = read.ignored.iter();
    let sites = sites.filter_map(|label| label.site.as_deref());
    let lookalikes = read.lookalikes.iter().map(String::as_str);
    let told = [
        ("labels", joined(ids.take(IGNORED_MAX))),
        ("tenants", joined(sites.take(IGNORED_MAX))),
        ("lookalikes", joined(lookalikes.take(IGNORED_MAX))),
    ];
    let mut event = None;
    for (name, words) in told {
        if let Some(words) = words {
            let begun = event.unwrap_or_else(|| self::event("label ignored", arrival, live));
            let words: String = words.chars().take(CONFLICT_CHARS_MAX).collect();
            event = Some(begun.detail(name, words));
        }
    }
    event
}

fn label_event(event: AuditEvent, change: &LabelChange) -> AuditEvent {
    let mut event = event
        .detail("label_before", label_name(&change.before))
        .detail("label_after", label_name(&change.after))
        .detail("method", change.method.as_str());
    if let Some(reason) = &change.justification {
        event = event.detail(JUSTIFICATION, reason);
    }
    event.rule.clone_from(&change.rule);
    event
}

/// A lowered label and its reason must be found even after a power cut.
fn is_justified(event: &AuditEvent) -> bool {
    event.detail.contains_key(JUSTIFICATION)
}

/// Whether the copy went out in this try.
fn leaves(fate: &EndFate) -> bool {
    matches!(fate, EndFate::Delivered(_) | EndFate::Sealed(..))
}

fn copy_of<'j>(judgement: &'j Judgement, end: &End) -> Option<&'j rules::Copy> {
    let mut copies = judgement.copies.iter();
    copies.find(|copy| copy.recipient == end.recipient)
}

/// What the edits of this recipient's copy did not do, or did harm to.
fn remarked(event: AuditEvent, outcome: &Outcome, end: &End) -> AuditEvent {
    let mut remarks = outcome.remarks.iter();
    let Some(remark) = remarks.find(|remark| remark.recipients.contains(&end.recipient)) else {
        return event;
    };
    let unmarked = joined(remark.unmarked.iter().copied());
    let broken = joined(remark.dkim_broken.iter().map(String::as_str));
    let details = [("unmarked", unmarked), ("dkim_broken", broken)];
    details
        .into_iter()
        .fold(event, |event, (name, value)| match value {
            Some(value) => event.detail(name, value),
            None => event,
        })
}

fn label_name(id: &Option<mail::LabelId>) -> &str {
    id.as_ref().map_or("none", mail::LabelId::as_str)
}

/// Whether the copy was edited on its way.
fn is_changed(judgement: &Judgement, outcome: &Outcome, end: &End) -> bool {
    let relabelled = outcome.labelled.iter().any(|labelled| {
        let took = labelled.files.iter().any(|file| file.left.is_none());
        took && labelled.recipients.contains(&end.recipient)
    });
    let edited = copy_of(judgement, end).is_some_and(|copy| !copy.verdict.edits.is_empty());
    edited || relabelled
}

/// That a message ended before anything became of it. What is refused for good is durable before
/// the answer; what is deferred comes again and is told of then.
pub async fn stopped(site: &Site, arrival: &Arrival, stop: &Stop, reply: &Reply) {
    let error = crate::cli::chain(stop);
    if !reply.is_permanent() {
        return tracing::error!(id = %arrival.id, error, "a message could not be handled; deferred");
    }
    tracing::warn!(id = %arrival.id, error, "a message could not be handled; refused");
    let event = event("rejected", arrival, &site.policies.current())
        .detail("recipients", arrival.envelope.recipients.len())
        .detail("answer", dsn(reply).unwrap_or_default())
        .detail("reason", error);
    write(site, vec![event], Durability::Before).await;
}

/// Tries whether the audit log can be written again, for who must know before mail comes.
pub async fn resume(site: &Site) {
    write(site, Vec::new(), Durability::Before).await;
}

/// That the sender was not told of a sealing; the letter itself is safe.
pub async fn receipt_lost(site: &Site, arrival: &Arrival, sender: &Address) {
    let mut event = AuditEvent::new("receipt lost").recipient(sender.as_str());
    event.message = Some(arrival.id.to_string());
    write(site, vec![event], Durability::Within).await;
}

async fn write(site: &Site, events: Vec<AuditEvent>, durability: Durability) {
    if let Err(error) = site.store.audit_all(events, durability).await {
        let error = crate::cli::chain(&error);
        tracing::error!(error, "the audit log cannot be written; somebody must act");
    }
}
