//! Mail that a message causes besides itself: delivery reports, receipts, notifications. Each goes
//! to the outbox, durable, before the answer. It never speaks to a null sender.

use crate::answer::{Outcome, Stop};
use crate::own_mail::dsn::{REPORTED_MAX, Report, Why};
use crate::own_mail::letter::{OwnLetter, Paragraph};
use crate::receipt::{self, Receipt, Settled};
use crate::receive::Arrival;
use crate::record;
use crate::site::Site;
use mail::{Address, Message};
use rules::{Judgement, Notification};
use store::OutboxItem;
use wire::Reply;

/// Puts what has to be told into the outbox. While somebody waits only those who were served are
/// told of: the retry comes here again.
pub async fn tell(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    judgement: &Judgement,
    outcome: &Outcome,
    planned: Option<Receipt>,
) -> Result<(), Stop> {
    receipt(site, arrival, message, judgement, outcome, planned).await;
    if outcome.deferred().is_some() {
        return Ok(());
    }
    for notification in &judgement.notifications {
        notify(site, notification).await?;
    }
    match arrival.envelope.sender.address() {
        Some(sender) => report(site, arrival, message, sender, outcome).await,
        None => Ok(()),
    }
}

/// Lets the receipt for what was sealed in this try leave. The mail itself is safe: a receipt that
/// cannot be kept must not have it sent again.
pub async fn receipt(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    judgement: &Judgement,
    outcome: &Outcome,
    planned: Option<Receipt>,
) {
    let Some(sender) = arrival.envelope.sender.address() else {
        return;
    };
    let settled = receipt::settle(site, message, sender, judgement, outcome, planned).await;
    if let Settled::ToTell(item) = settled
        && let Err(stop) = put(site, &item).await
    {
        let why = crate::cli::chain(&stop);
        tracing::error!(id = %arrival.id, why, "a receipt was lost");
        record::receipt_lost(site, arrival, sender).await;
    }
}

/// One reply cannot say that some were served and others refused: a report says it (RFC 3464).
async fn report(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    sender: &Address,
    outcome: &Outcome,
) -> Result<(), Stop> {
    let refused: Vec<(Address, Reply)> = outcome
        .refused()
        .map(|(address, reply)| (address.clone(), reply.clone()))
        .collect();
    if refused.is_empty() || outcome.all_refused() {
        return Ok(());
    }
    for refused in refused.chunks(REPORTED_MAX) {
        let report = Report {
            hostname: &site.hostname,
            from: &site.sealing.sender,
            to: sender,
            original: message,
            why: &Why::RefusedBesideOthers,
            refused,
            arrived: arrival.arrived,
        };
        let report = report.write(site.now());
        put(site, &report.for_outbox(sender)).await?;
    }
    Ok(())
}

async fn notify(site: &Site, notification: &Notification) -> Result<(), Stop> {
    let paragraphs: Vec<_> = notification
        .text
        .split("\n\n")
        .map(|paragraph| Paragraph::Text(paragraph.trim().to_owned()))
        .collect();
    for to in &notification.to {
        let letter = OwnLetter {
            from: &site.sealing.sender,
            from_name: site.organisation(),
            to,
            subject: &notification.subject,
            paragraphs: &paragraphs,
            in_reply_to: None,
            organisation: site.organisation(),
        };
        let letter = letter.write(&site.hostname, site.now());
        put(site, &letter.for_outbox(to)).await?;
    }
    Ok(())
}

async fn put(site: &Site, item: &OutboxItem) -> Result<(), Stop> {
    site.store.enqueue(item).await?;
    site.outbox.ring();
    Ok(())
}
