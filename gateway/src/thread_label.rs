//! The label of a thread, so that a reply with a lower one is noticed. Only where a rule set asks
//! is anything read or remembered, and only of mail from inside: what others write is no memory of
//! ours.

use crate::answer::Stop;
use crate::receive::Arrival;
use crate::site::Site;
use mail::{LabelId, Message};
use rules::{Fate, Judgement, Policy, Source};

/// The label that the nearest remembered message of the thread left with.
pub async fn recall(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
) -> Result<Option<LabelId>, Stop> {
    if arrival.source != Source::Inside {
        return Ok(None);
    }
    let found = site.store.thread_label(&message.ancestors()).await?;
    Ok(found.and_then(|found| found.label))
}

/// Remembers the label of a message before it leaves: of its copies, the highest. A message that
/// was unlabelled for a reason ends the memory of its thread.
pub async fn remember(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    policy: &Policy,
    judgement: &Judgement,
) -> Result<(), Stop> {
    if !policy.needs().thread_label || arrival.source != Source::Inside {
        return Ok(());
    }
    let Some(message_id) = message.message_id() else {
        return Ok(());
    };
    let leaving = || {
        let verdicts = judgement.copies.iter().map(|copy| &copy.verdict);
        verdicts.filter(|verdict| verdict.fate == Fate::Deliver)
    };
    let label = leaving()
        .filter_map(|verdict| verdict.label.as_ref())
        .reduce(|a, b| policy.labels().higher(a, b));
    let lowered = || {
        let mut changes = leaving().flat_map(|verdict| &verdict.label_changes);
        changes.any(|change| change.justification.is_some())
    };
    if label.is_some() || lowered() {
        let label = label.cloned();
        site.store.remember_label(&message_id, label).await?;
    }
    Ok(())
}
