//! What becomes of mail that was held: released, it goes its way; rejected or too old, its sender
//! gets a report. A task beside the outbox does it, one message after the other, at least once. It
//! never lets a message go before its outcome is safe.

mod approvers;
mod released;

pub use released::Released;

use crate::answer::{EndFate, Outcome, Stop};
use crate::own_mail::dsn::{REPORTED_MAX, Report, Why};
use crate::pipeline;
use crate::record;
use crate::served::Memory;
use crate::site::Site;
use approvers::Approvers;
use mail::{Address, Message, Timestamp};
use rules::Source;
use std::collections::HashSet;
use std::time::Duration;
use store::held::HELD_LEASE_SECONDS;
use store::{Decision, Held, HeldCopy, HeldVerdict, OutboxItem, Store, StoreError};
use tokio::sync::watch;
use wire::Reply;

/// How often it is looked for decisions and for what is too old. A look is one query to an index.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often it is said that a message is still on its way: two chances before its lease ends.
const STILL_EVERY: Duration = Duration::from_secs(HELD_LEASE_SECONDS.unsigned_abs() / 3);

/// How long a released message is tried before it is given up (RFC 5321 §4.5.4.1).
const GIVE_UP_SECONDS: i64 = 5 * 24 * 3600;

/// The waits between tries, in seconds; the last one repeats.
const WAITS_SECONDS: [i64; 6] = [30, 120, 600, 1800, 3600, 4 * 3600];

/// Carries decisions out, and ends what is too old, until it is told to stop.
pub async fn run(site: &Site, mut stopped: watch::Receiver<bool>) {
    let mut approvers = Approvers::default();
    // An error means that nobody is left to tell it.
    while !*stopped.borrow() && stopped.has_changed().is_ok() {
        approvers.look_after(site).await;
        match site.store.take_held().await {
            Ok(Some(held)) => {
                settle(site, &held).await;
                continue;
            }
            Ok(None) => {}
            Err(error) => {
                let error = crate::cli::chain(&error);
                tracing::error!(error, "held mail cannot be read; somebody must act");
            }
        }
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Brings one message to its end, or puts it off.
async fn settle(site: &Site, held: &Held) {
    let work = async {
        match &held.decision {
            Some(decision) if decision.verdict == HeldVerdict::Release => {
                release(site, held, decision).await
            }
            Some(decision) if decision.verdict == HeldVerdict::Drop => {
                let memory = site.served.recall_released(site, held.id).await?;
                end(site, held, &[], memory, "dropped").await
            }
            Some(decision) => {
                let why = Why::NotApproved(decision.reason.clone());
                refuse(site, held, why, "rejected").await
            }
            None => {
                let why = Why::NobodyDecided(held.mail.expires);
                refuse(site, held, why, "expired").await
            }
        }
    };
    let Err(stop) = still_at_it(site, held, work).await else {
        return;
    };
    let error = crate::cli::chain(&stop);
    let id = &held.mail.message;
    if !is_hopeless(site.now(), held, &stop) {
        tracing::error!(held = %held.id, id, error,
            "held mail could not be dealt with; it is tried again");
        return put_off(site, held).await;
    }
    tracing::error!(held = %held.id, id, error,
        "held mail could not be dealt with and is given up; its sender gets a report");
    if let Err(stop) = give_up(site, held).await {
        let error = crate::cli::chain(&stop);
        tracing::error!(held = %held.id, id, error, "held mail could not be given up");
        put_off(site, held).await;
    }
}

/// Whether what went wrong goes wrong again however often it is tried, and was tried for long: a
/// disk that failed may come back with all that is on it.
fn is_hopeless(now: Timestamp, held: &Held, stop: &Stop) -> bool {
    let since = held.decision.as_ref().map(|decision| decision.at);
    let tried = now.unix() - since.unwrap_or(held.mail.expires).unix();
    let for_good = match stop {
        Stop::Store(error) => !error.is_transient(),
        Stop::Loop { .. } | Stop::Edit(_) => true,
    };
    for_good && tried > GIVE_UP_SECONDS
}

/// Ends what a fault of ours lets go neither on nor back, with what of it can still be read.
async fn give_up(site: &Site, held: &Held) -> Result<(), Stop> {
    let raw = site.store.held_message(held).await.unwrap_or_default();
    let memory = site.served.recall_released(site, held.id).await?;
    let reply = Reply::new(554, "5.3.0", "the message could not be dealt with");
    let refused = left(held, |one| memory.has_served(one), &reply);
    let reports = match &held.decision {
        Some(decision) if decision.verdict == HeldVerdict::Drop => Vec::new(),
        _ => reports(
            site,
            held,
            &Message::parse(&raw),
            Why::NotDealtWith,
            &refused,
        ),
    };
    end(site, held, &reports, memory, "failed").await
}

/// Does the work, and says from time to time that it is being done.
async fn still_at_it<T>(site: &Site, held: &Held, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(STILL_EVERY) => {}
        }
        if let Err(error) = site.store.keep_held(held).await {
            let error = crate::cli::chain(&error);
            tracing::warn!(held = %held.id, error, "a lease on held mail was not renewed");
        }
    }
}

async fn release(site: &Site, held: &Held, decision: &Decision) -> Result<(), Stop> {
    let mut raw = site.store.held_message(held).await?;
    let changed = || StoreError::Changed {
        what: "a held message",
    };
    let released = Released::read(held, std::mem::take(&mut *raw)).ok_or_else(changed)?;
    let (outcome, memory) = match pipeline::release(site, &released).await {
        Ok(gone) => gone,
        // The same edit of the same message fails the same way for ever.
        Err(Stop::Edit(error)) => {
            let text = format!("not deliverable: {error}");
            let memory = site.served.recall_released(site, held.id).await?;
            let outcome = released.refused(&memory, &Reply::new(554, "5.6.0", text));
            (outcome, memory)
        }
        Err(stop) => return Err(stop),
    };
    let outcome = match outcome.deferred() {
        Some(reply) if is_worth_another_try(site.now(), decision) => {
            record::held_line(site, held, "put off", &outcome);
            tracing::debug!(held = %held.id, reply = reply.code, "the next hop said");
            put_off(site, held).await;
            return Ok(());
        }
        Some(_) => given_up(outcome),
        None => outcome,
    };
    let refused = released.to_report(&outcome);
    let message = Message::parse(&released.arrival.raw);
    let reports = reports(site, held, &message, Why::RefusedAfterApproval, &refused);
    finish(site, held, &reports, memory, "released").await?;
    record::held_line(site, held, "released", &outcome);
    Ok(())
}

fn is_worth_another_try(now: Timestamp, decision: &Decision) -> bool {
    now.unix() - decision.at.unix() <= GIVE_UP_SECONDS
}

/// Whoever still waited is refused now.
fn given_up(mut outcome: Outcome) -> Outcome {
    for end in &mut outcome.ends {
        if let EndFate::Deferred(reply) = &end.fate {
            let text = format!("not delivered in time; the last answer was: {reply}");
            end.fate = EndFate::Refused(Reply::new(550, "5.4.7", text));
        }
    }
    outcome
}

async fn refuse(site: &Site, held: &Held, why: Why, what: &str) -> Result<(), Stop> {
    let raw = site.store.held_message(held).await?;
    let message = Message::parse(&raw);
    let text = match &why {
        _ if !is_from_inside(held) => "not accepted",
        Why::NobodyDecided(_) => "nobody approved it in time",
        _ => "not approved",
    };
    let memory = site.served.recall_released(site, held.id).await?;
    let reply = Reply::new(550, "5.7.1", text);
    let refused = left(held, |one| memory.has_served(one), &reply);
    let reports = reports(site, held, &message, why, &refused);
    end(site, held, &reports, memory, what).await
}

/// Ends what was not released.
async fn end(
    site: &Site,
    held: &Held,
    reports: &[OutboxItem],
    memory: Memory,
    what: &str,
) -> Result<(), Stop> {
    if finish(site, held, reports, memory, what).await? {
        record::held_line(site, held, what, &Outcome::default());
    }
    Ok(())
}

/// That everyone whom the sender named is refused, unless an earlier try served them, or somebody
/// to whom rules sent their copy instead. That somebody is named to nobody.
fn left(
    held: &Held,
    was_served: impl Fn(&Address) -> bool,
    reply: &Reply,
) -> Vec<(Address, Reply)> {
    let is_served = |copy: &HeldCopy| {
        Address::parse(&copy.recipient).is_ok_and(|recipient| was_served(&recipient))
    };
    let served: HashSet<&str> = held
        .mail
        .missed()
        .filter(|(_, copy)| is_served(copy))
        .map(|(one, _)| one)
        .collect();
    let mut left: Vec<(Address, Reply)> = Vec::new();
    let missed = held.mail.missed().map(|(one, _)| one);
    for one in missed.filter(|one| !served.contains(one)) {
        match Address::parse(one) {
            Ok(one) if !left.iter().any(|(before, _)| *before == one) => {
                left.push((one, reply.clone()));
            }
            _ => {}
        }
    }
    left
}

/// What a report may say. A sender outside may be forged, and that their mail waited, for whom and
/// why is none of their business.
fn as_told(held: &Held, why: Why) -> Why {
    match is_from_inside(held) {
        true => why,
        false => Why::NotAccepted,
    }
}

fn is_from_inside(held: &Held) -> bool {
    held.mail.came.source == Source::Inside.as_str()
}

/// The reports for the sender; none for a null sender.
fn reports(
    site: &Site,
    held: &Held,
    original: &Message<'_>,
    why: Why,
    refused: &[(Address, Reply)],
) -> Vec<OutboxItem> {
    let Ok(to) = Address::parse(&held.mail.sender) else {
        return Vec::new();
    };
    let why = as_told(held, why);
    let write = |refused: &[(Address, Reply)]| {
        let report = Report {
            hostname: &site.hostname,
            from: &site.sealing.sender,
            to: &to,
            original,
            why: &why,
            refused,
            arrived: held.mail.arrived,
        };
        report.write(site.now()).for_outbox(&to)
    };
    refused.chunks(REPORTED_MAX).map(write).collect()
}

/// Writes the end down: message, memory, reports and audit in one piece. False where somebody
/// decided meanwhile; then that is carried out next.
async fn finish(
    site: &Site,
    held: &Held,
    reports: &[OutboxItem],
    memory: Memory,
    what: &str,
) -> Result<bool, Stop> {
    let events = match what {
        "failed" => vec![Store::failed_event(held)],
        "expired" => vec![Store::expired_event(held)],
        _ => Vec::new(),
    };
    let key = memory.key().clone();
    let finished = site.store.finish_held(held, reports, events, key).await?;
    if finished {
        memory.ended(site);
        site.outbox.ring();
    }
    Ok(finished)
}

async fn put_off(site: &Site, held: &Held) {
    let at = WAITS_SECONDS.get(held.attempts as usize);
    let wait = at.unwrap_or(&WAITS_SECONDS[WAITS_SECONDS.len() - 1]);
    let until = site.now().plus_seconds(*wait);
    let attempts = held.attempts.saturating_add(1);
    if let Err(error) = site.store.postpone_held(held, until, attempts).await {
        // Its lease ends by itself, and it is tried then.
        let error = crate::cli::chain(&error);
        tracing::error!(held = %held.id, error, "held mail could not be put off");
    }
}

#[cfg(test)]
mod tests;
