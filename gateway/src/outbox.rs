//! Sends what nobody else holds: delivery reports, receipts, notifications. Items wait in the
//! store, closed under the server key, until the next hop takes them or refuses them for good.

use crate::deliver::{Delivery, Partial};
use crate::own_mail::origin;
use crate::site::Site;
use mail::{Address, BodyType, Message, Sender};
use std::time::{Duration, Instant};
use store::{Due, StoreError};

/// How many items are taken at once.
const BATCH: u32 = 100;

/// How long to wait, once something is due, for more that can be sent with it.
const GATHER: Duration = Duration::from_millis(50);

/// How long it may stay unwritten that items were sent: a crash sends those once more.
const UNWRITTEN_MAX: Duration = Duration::from_secs(1);

/// How often the outbox is looked into when nobody rings.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How long an item is tried before it is given up (RFC 5321 §4.5.4.1).
const GIVE_UP_SECONDS: i64 = 5 * 24 * 3600;

/// The waits between tries, in seconds; the last one repeats.
const WAITS_SECONDS: [i64; 6] = [30, 120, 600, 1800, 3600, 4 * 3600];

/// What became of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Taken,
    Refused,
    Later,
}

/// Sends what is due, again and again, until the process ends.
pub async fn run(site: &Site) {
    loop {
        match send_due(site).await {
            Ok(items) if items == BATCH as usize => {}
            Ok(_) => {
                let bell = site.outbox_bell.notified();
                let _ = tokio::time::timeout(LOOK_EVERY, bell).await;
                tokio::time::sleep(GATHER).await;
            }
            Err(error) => {
                let error = crate::cli::chain(&error);
                tracing::error!(error, "the outbox cannot be read");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

/// Tries what is due once; gives how many items there were.
pub async fn send_due(site: &Site) -> Result<usize, StoreError> {
    let items = site.store.due(BATCH).await?;
    let mut done = Vec::new();
    let mut written = Instant::now();
    for due in &items {
        match send(site, due).await {
            Sent::Taken => done.push(due.id),
            Sent::Refused => {
                tracing::error!(
                    attempts = due.attempts,
                    "mail of our own was refused for good"
                );
                done.push(due.id);
            }
            Sent::Later if site.now().unix() - due.created.unix() > GIVE_UP_SECONDS => {
                tracing::error!(attempts = due.attempts, "mail of our own was given up");
                done.push(due.id);
            }
            Sent::Later => {
                let at = WAITS_SECONDS.get(due.attempts as usize);
                let wait = at.unwrap_or(&WAITS_SECONDS[WAITS_SECONDS.len() - 1]);
                let until = site.now().plus_seconds(*wait);
                site.store.postpone(due.id, until, due.attempts + 1).await?;
            }
        }
        if written.elapsed() > UNWRITTEN_MAX {
            site.store.finish(&std::mem::take(&mut done)).await?;
            written = Instant::now();
        }
    }
    if !done.is_empty() {
        site.store.finish(&done).await?;
    }
    Ok(items.len())
}

async fn send(site: &Site, due: &Due) -> Sent {
    let message = Message::parse(&due.item.message);
    let message_id = message.message_id().unwrap_or_default();
    let sender = match Address::parse(&due.item.sender) {
        Ok(address) => Sender::Mailbox(address),
        Err(_) => Sender::Null,
    };
    for recipient in &due.item.recipients {
        // What stands here we wrote ourselves; an address that no longer parses has no mailbox.
        let Ok(recipient) = Address::parse(recipient) else {
            return Sent::Refused;
        };
        let head = origin::mark(&site.key, &message_id, &recipient, site.now());
        let recipients = [recipient];
        let handover = site
            .next_hop
            .deliver(Delivery {
                sender: &sender,
                recipients: &recipients,
                body: BodyType::EightBitMime,
                smtputf8: !recipients[0].as_str().is_ascii(),
                content: &[head.as_bytes(), &due.item.message],
                partial: Partial::Proceed,
            })
            .await;
        match handover.reply(0) {
            reply if reply.is_positive() => {}
            reply if reply.is_permanent() => return Sent::Refused,
            _ => return Sent::Later,
        }
    }
    Sent::Taken
}
