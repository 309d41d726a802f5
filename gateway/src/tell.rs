//! Mail that a message causes besides itself: delivery reports, receipts, notifications. Each goes
//! to the outbox, durable, before the answer. It never speaks to a null sender.

use crate::answer::{EndFate, Outcome, Stop};
use crate::own_mail::dsn::Report;
use crate::own_mail::letter::{OwnLetter, Paragraph, Written};
use crate::receive::Arrival;
use crate::record;
use crate::site::Site;
use mail::{Address, Message, Timestamp};
use rules::{Judgement, Notification};
use store::OutboxItem;
use wire::Reply;

/// Puts what has to be told into the outbox. While somebody waits nothing is told: the retry
/// comes here again.
pub async fn tell(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    judgement: &Judgement,
    outcome: &Outcome,
) -> Result<(), Stop> {
    if outcome.deferred().is_some() {
        return Ok(());
    }
    for notification in &judgement.notifications {
        notify(site, notification).await?;
    }
    let Some(sender) = arrival.envelope.sender.address() else {
        return Ok(());
    };
    report(site, arrival, message, sender, outcome).await?;
    // The mail itself is safe by now: a receipt that cannot be kept must not have it sent again.
    if let Err(stop) = receipt(site, message, sender, judgement, outcome).await {
        let why = crate::cli::chain(&stop);
        tracing::error!(id = %arrival.id, why, "a receipt was lost");
        record::receipt_lost(site, arrival, sender).await;
    }
    Ok(())
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
    let report = Report {
        hostname: &site.hostname,
        from: &site.sealing.sender,
        to: sender,
        original: message,
        refused: &refused,
        arrived: arrival.arrived,
    };
    put(site, sender, report.write(site.now())).await
}

/// Tells the sender for whom a letter was sealed and until when it opens.
async fn receipt(
    site: &Site,
    message: &Message<'_>,
    sender: &Address,
    judgement: &Judgement,
    outcome: &Outcome,
) -> Result<(), Stop> {
    let mut rows = Vec::new();
    for copy in judgement.copies.iter().filter(|copy| copy.verdict.receipt) {
        let sealed = outcome
            .ends
            .iter()
            .find(|end| end.recipient == copy.recipient);
        if let (Some(EndFate::Sealed(..)), Some(terms)) =
            (sealed.map(|end| &end.fate), &copy.verdict.seal)
        {
            let until = expiry(site, terms.expires_after_seconds).date_words();
            rows.push(Paragraph::Row(
                copy.recipient.to_string(),
                format!("until {until}"),
            ));
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let intro = "Your letter was sealed. These readers got a link in its place, and each can \
                 open it with a passcode:";
    let mut paragraphs = vec![Paragraph::Text(intro.to_owned())];
    paragraphs.extend(rows);
    let answered = message.message_id();
    let letter = OwnLetter {
        from: &site.sealing.sender,
        from_name: site.organisation(),
        to: sender,
        subject: "Receipt: your letter was sealed",
        paragraphs: &paragraphs,
        in_reply_to: answered.as_deref(),
        organisation: site.organisation(),
    };
    put(site, sender, letter.write(&site.hostname, site.now())).await
}

fn expiry(site: &Site, asked: Option<u64>) -> Timestamp {
    let asked = asked.and_then(|seconds| i64::try_from(seconds).ok());
    site.now()
        .plus_seconds(asked.unwrap_or(site.sealing.expires_after_seconds))
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
        put(site, to, letter.write(&site.hostname, site.now())).await?;
    }
    Ok(())
}

/// Our own mail leaves with the null sender: nothing may answer it.
async fn put(site: &Site, to: &Address, mail: Written) -> Result<(), Stop> {
    let recipients = vec![to.as_str().to_owned()];
    let item = OutboxItem {
        sender: String::new(),
        recipients,
        message: mail.bytes,
    };
    site.store.enqueue(&item).await?;
    site.outbox_bell.notify_one();
    Ok(())
}
