//! Audit events of labels set in attached files. They name parts by number, never by file name.

use super::{event, label_name, leaves};
use crate::answer::Outcome;
use crate::policies::LivePolicy;
use crate::receive::Arrival;
use mail::Address;
use rules::AttachmentLabel;
use store::AuditEvent;

/// Parts that one event names; the rest are counted.
const PARTS_MAX: usize = 50;

/// What happened to some files of some copies alike.
struct Lot<'o> {
    file: &'o AttachmentLabel,
    parts: Vec<String>,
    recipients: Vec<&'o Address>,
}

/// One event for each thing that happened, over all files it happened to; for each recipient,
/// where it did not happen on every copy.
pub(super) fn events(arrival: &Arrival, live: &LivePolicy, outcome: &Outcome) -> Vec<AuditEvent> {
    let mut events = Vec::new();
    for lot in lots(outcome) {
        let event = told(event(kind(lot.file), arrival, live), &lot);
        match lot.recipients.len() == outcome.ends.len() {
            true => events.push(event),
            false => {
                let each = lot.recipients.iter();
                events.extend(each.map(|one| event.clone().recipient(one.as_str())));
            }
        }
    }
    events
}

fn kind(file: &AttachmentLabel) -> &'static str {
    match file.left {
        None => "attachment labelled",
        Some(_) => "attachment left",
    }
}

/// Files with one fate, of recipients whose copies went out in this try.
fn lots(outcome: &Outcome) -> Vec<Lot<'_>> {
    let mut lots: Vec<Lot<'_>> = Vec::new();
    for labelled in &outcome.labelled {
        let left = |recipient: &&Address| {
            let mut ends = outcome.ends.iter();
            ends.any(|end| end.recipient == **recipient && leaves(&end.fate))
        };
        let recipients: Vec<&Address> = labelled.recipients.iter().filter(left).collect();
        if recipients.is_empty() {
            continue;
        }
        for file in &labelled.files {
            let same = |lot: &&mut Lot<'_>| {
                let alike = |file: &AttachmentLabel| {
                    let AttachmentLabel {
                        before,
                        after,
                        rule,
                        left,
                        ..
                    } = file.clone();
                    (before, after, rule, left)
                };
                lot.recipients == recipients && alike(lot.file) == alike(file)
            };
            match lots.iter_mut().find(same) {
                Some(lot) => lot.parts.push(file.part()),
                None => lots.push(Lot {
                    file,
                    parts: vec![file.part()],
                    recipients: recipients.clone(),
                }),
            }
        }
    }
    lots
}

fn told(event: AuditEvent, lot: &Lot<'_>) -> AuditEvent {
    let named = &lot.parts[..lot.parts.len().min(PARTS_MAX)];
    let after = Some(lot.file.after.clone());
    let mut event = event
        .detail("parts", named.join(","))
        .detail("label_before", label_name(&lot.file.before))
        .detail("label_after", label_name(&after))
        .detail("method", "message");
    if named.len() < lot.parts.len() {
        event = event.detail("more_parts", lot.parts.len() - named.len());
    }
    if let Some(why) = &lot.file.left {
        // What it would have been is not what it is.
        event = event
            .detail("reason", why)
            .detail("label_after", label_name(&lot.file.before));
    }
    event.rule = lot.file.rule.as_ref().map(ToString::to_string);
    event
}
