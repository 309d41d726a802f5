//! The path of a message, station by station: the file to open first.
//!
//! `pass` answers 250 only after every part of the outcome is safe, and 4xx for every fault of
//! ours. No branch here is anything but a station; what a station does stands in its own file.

use crate::answer::{self, Outcome, Stop};
use crate::receipt::Receipt;
use crate::receive::Arrival;
use crate::site::Site;
use crate::{admit, apply, carry, inspect, keep, record, tell, thread, thread_label};
use mail::Message;
use std::time::Instant;
use wire::Reply;

/// Takes one message from its arrival to the answer its sender is given.
pub async fn pass(site: &Site, arrival: Arrival) -> Reply {
    let begun = Instant::now();
    let ended = walk(site, &arrival).await;
    let reply = answer::reply(&arrival, &ended);
    record::line(site, &arrival, &ended, &reply);
    site.metrics.message(&arrival, &ended, begun.elapsed());
    reply
}

async fn walk(site: &Site, arrival: &Arrival) -> Result<Outcome, Stop> {
    // P8: one rule set from here to the answer, whatever goes live meanwhile.
    let live = site.policies.current();
    let message = Message::parse(&arrival.raw);

    let admission = admit::admit(site, arrival, &message).await?;
    let facts = inspect::facts(site, arrival, &message, live.policy.needs()).await?;
    let mut judgement = admission.decide(&live.policy, &facts);
    let thread = thread::guard(site, &message, &mut judgement).await?;

    let plan = rules::plan(&judgement, arrival.capabilities);
    let mut memory = site
        .served
        .recall(site, arrival, &message, &plan, &judgement)
        .await?;
    let desk = apply::Desk {
        site,
        arrival,
        message: &message,
        labels: live.policy.labels(),
        facts: &facts,
    };
    let mut work = desk.apply(admission, &plan, &memory)?;
    let sender = arrival.envelope.sender.address();
    work.receipt = Receipt::planned(site, &message, sender, &judgement, &work.dispatches);

    keep::keep(site, &mut work).await?;
    thread::remember(site, arrival, &message, &judgement, thread.as_ref()).await?;
    thread_label::remember(site, arrival, &message, &live.policy, &judgement).await?;
    let mut outcome = carry::carry(site, arrival, &message, &work, &plan, &mut memory).await?;
    let ambiguities = judgement.ambiguities.iter();
    outcome.ambiguous = ambiguities.map(|one| one.kind.as_str()).collect();

    // Side by side, so that the answer waits for one sync of the disk and not for two.
    let (told, ()) = tokio::join!(
        tell::tell(site, arrival, &message, &judgement, &outcome, work.receipt),
        record::audit(site, arrival, &live, &judgement, &outcome),
    );
    told?;
    memory.close(site, &outcome).await;
    Ok(outcome)
}
