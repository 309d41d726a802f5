//! The path of a message, station by station: the file to open first.
//!
//! `pass` answers 250 only after every part of the outcome is safe, and 4xx for every fault of
//! ours. No branch here is anything but a station; what a station does stands in its own file.

use crate::admit::{self, Admission};
use crate::answer::{self, Outcome, Stop};
use crate::held::Released;
use crate::policies::LivePolicy;
use crate::receipt::Receipt;
use crate::receive::Arrival;
use crate::served::Memory;
use crate::site::Site;
use crate::{apply, carry, hold, inspect, keep, record, tell, thread, thread_label};
use mail::Message;
use rules::{Approval, Facts, Judgement};
use std::sync::Arc;
use std::time::Instant;
use wire::Reply;

/// Takes one message from its arrival to the answer its sender is given.
pub async fn pass(site: &Site, arrival: Arrival) -> Reply {
    pass_and_tell(site, arrival).await.0
}

/// The same, and what became of it.
pub(crate) async fn pass_and_tell(site: &Site, arrival: Arrival) -> (Reply, Result<Outcome, Stop>) {
    let begun = Instant::now();
    let message = Message::parse(&arrival.raw);
    let ended = walk(site, &arrival, &message).await;
    let reply = answer::reply(&arrival, &ended);
    record::line(site, &arrival, &message, &ended, &reply);
    if let Err(stop) = &ended {
        record::stopped(site, &arrival, stop, &reply).await;
    }
    site.metrics.message(&arrival, &ended, begun.elapsed());
    (reply, ended)
}

async fn walk(site: &Site, arrival: &Arrival, message: &Message<'_>) -> Result<Outcome, Stop> {
    // P8: one rule set from here to the answer, whatever goes live meanwhile.
    let live = site.policies.current();

    let admission = admit::admit(site, arrival, message).await?;
    let facts = inspect::facts(site, arrival, message, live.policy.needs()).await?;
    let judgement = admission.decide(&live.policy, &facts);
    let trip = Trip {
        site,
        arrival,
        message,
        live: &live,
        facts: &facts,
        admission,
    };
    let Gone {
        judgement,
        outcome,
        memory,
        receipt,
    } = trip.go(judgement, None).await?;

    // Side by side, so that the answer waits for one sync of the disk and not for two.
    let (told, ()) = tokio::join!(
        tell::tell(site, arrival, message, &judgement, &outcome, receipt),
        record::audit(site, arrival, &live, &judgement, &outcome, None),
    );
    told?;
    admission.close(site, &outcome).await;
    memory.close(site, &outcome).await;
    Ok(outcome)
}

/// Takes a message that was held and released on its way, by the rules that count now. Its end is
/// written down by the caller, together with what is told of it.
pub async fn release(site: &Site, released: &Released) -> Result<(Outcome, Memory), Stop> {
    let live = site.policies.current();
    let arrival = &released.arrival;
    let message = Message::parse(&arrival.raw);

    let admission = admit::admit_again(&message);
    let mut facts = inspect::facts(site, arrival, &message, live.policy.needs()).await?;
    facts.approval = Approval::Given;
    let (judgement, redirections) = released.judge(&live.policy, &facts, admission);
    let trip = Trip {
        site,
        arrival,
        message: &message,
        live: &live,
        facts: &facts,
        admission,
    };
    let mut gone = trip.go(judgement, Some(released)).await?;
    released.leave_out_others(&gone.judgement, &mut gone.outcome);
    gone.outcome.redirections = redirections;
    let (judgement, outcome) = (&gone.judgement, &gone.outcome);
    tokio::join!(
        tell::receipt(site, arrival, &message, judgement, outcome, gone.receipt),
        record::audit(site, arrival, &live, judgement, outcome, Some(released.id)),
    );
    Ok((gone.outcome, gone.memory))
}

/// A judged message on its way.
struct Trip<'a> {
    site: &'a Site,
    arrival: &'a Arrival,
    message: &'a Message<'a>,
    live: &'a LivePolicy,
    facts: &'a Facts<'a>,
    admission: Admission,
}

/// What a trip came to.
struct Gone {
    judgement: Judgement,
    outcome: Outcome,
    memory: Memory,
    receipt: Option<Receipt>,
}

impl Trip<'_> {
    /// The stations between deciding and telling: the same for what arrives and what is released.
    async fn go(&self, mut judgement: Judgement, from: Option<&Released>) -> Result<Gone, Stop> {
        let (site, arrival, message) = (self.site, self.arrival, self.message);
        let thread = thread::guard(site, message, &mut judgement).await?;
        let plan = rules::plan(&judgement, arrival.capabilities);
        let served = &site.served;
        let mut memory = match from {
            None => {
                served
                    .recall(site, arrival, message, &plan, &judgement)
                    .await?
            }
            Some(released) => served.recall_released(site, released.id).await?,
        };
        let desk = apply::Desk {
            site,
            arrival,
            message,
            labels: self.live.policy.labels(),
            facts: self.facts,
        };
        let mut work = desk.apply(self.admission, &plan, &memory)?;
        let sender = arrival.envelope.sender.address();
        work.receipt = Receipt::planned(site, message, sender, &judgement, &work.dispatches);

        keep::keep(site, &mut work).await?;
        thread::remember(site, arrival, message, &judgement, thread.as_ref()).await?;
        thread_label::remember(site, arrival, message, &self.live.policy, &judgement).await?;
        work.held = hold::hold(site, arrival, message, &plan, &judgement, &mut memory).await?;
        let mut outcome = carry::carry(site, arrival, message, &work, &plan, &mut memory).await?;
        if from.is_none() {
            outcome.redirections = answer::redirections(&judgement);
            outcome.refuse_redirected();
        }
        let ambiguities = judgement.ambiguities.iter();
        outcome.ambiguous = ambiguities.map(|one| one.kind.as_str()).collect();
        outcome.rules = decided(&judgement);
        let receipt = work.receipt;
        Ok(Gone {
            judgement,
            outcome,
            memory,
            receipt,
        })
    }
}

/// The rules that decided about some copy, in the order of the copies, each once.
fn decided(judgement: &Judgement) -> Vec<Arc<str>> {
    let mut rules: Vec<Arc<str>> = Vec::new();
    let copies = judgement.copies.iter();
    for rule in copies.flat_map(|copy| &copy.verdict.because) {
        if !rules.contains(rule) {
            rules.push(Arc::clone(rule));
        }
    }
    rules
}
