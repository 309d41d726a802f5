//! Sends what nobody else holds: delivery reports, receipts, notifications. Items wait in the
//! store, closed under the server key, until the next hop takes them or refuses them for good.

use crate::deliver::{Delivery, Partial};
use crate::own_mail::origin;
use crate::site::Site;
use mail::{Address, BodyType, Sender, Timestamp};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::{Due, OutboxId, StoreError};
use tokio::sync::{Notify, watch};

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

/// The most bytes of mail that wait to be sent at once; more of it is read from the store again.
const READY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The way to what sends our own mail.
#[derive(Debug, Default)]
pub struct Outbox {
    bell: Notify,
    /// Whether something in the store may be due.
    look: AtomicBool,
    ready: Mutex<Ready>,
}

/// Mail that may leave; in the store it is leased to us.
#[derive(Debug, Default)]
struct Ready {
    /// Each until when it is leased: from then on the store hands it out.
    items: Vec<(Due, Timestamp)>,
    bytes: usize,
}

impl Outbox {
    /// Says that something was put into the store that is due.
    pub fn ring(&self) {
        self.look.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// Sends an item that is leased to us in the store, without reading it from there.
    pub async fn hand_over(&self, site: &Site, due: Due, lease_ends: Timestamp) {
        let id = due.id;
        if self.take(due, lease_ends) {
            self.bell.notify_one();
            return;
        }
        if let Err(error) = site.store.postpone(id, site.now(), 0).await {
            // Its lease ends by itself, and it is sent then.
            let error = crate::cli::chain(&error);
            tracing::error!(error, "mail of our own waits for the end of its lease");
        }
        self.ring();
    }

    /// False when too much waits already.
    fn take(&self, due: Due, lease_ends: Timestamp) -> bool {
        let mut ready = self.ready();
        let bytes = ready.bytes + due.item.message.len();
        if bytes > READY_BYTES_MAX {
            return false;
        }
        ready.bytes = bytes;
        ready.items.push((due, lease_ends));
        true
    }

    fn take_ready(&self, now: Timestamp) -> Vec<Due> {
        let ready = std::mem::take(&mut *self.ready());
        let leased = ready.items.into_iter().filter(|(_, ends)| now < *ends);
        leased.map(|(due, _)| due).collect()
    }

    fn ready(&self) -> MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Taken,
    Refused,
    Later,
}

/// Sends what is due, again and again, until it is told to stop.
pub async fn run(site: &Site, mut stopped: watch::Receiver<bool>) {
    let mut round = Round {
        site,
        done: Vec::new(),
        stopped: stopped.clone(),
    };
    let mut look = true;
    // An error means that nobody is left to tell it.
    while !*stopped.borrow() && stopped.has_changed().is_ok() {
        let pause = match round.send_due(look).await {
            Ok(items) if items == BATCH as usize => continue,
            Ok(_) => {
                let bell = site.outbox.bell.notified();
                let waited = tokio::time::timeout(LOOK_EVERY, bell);
                let rung = matches!(until(&mut stopped, waited).await, Some(Ok(())));
                look = site.outbox.look.swap(false, Ordering::Relaxed) || !rung;
                GATHER
            }
            Err(error) => {
                let error = crate::cli::chain(&error);
                tracing::error!(error, "the outbox cannot be read or written");
                look = true;
                LOOK_EVERY
            }
        };
        let _ = until(&mut stopped, tokio::time::sleep(pause)).await;
    }
    round.write_down_or_say().await;
}

/// Waits for this, but no longer than until it is told to stop.
async fn until<F: Future>(stopped: &mut watch::Receiver<bool>, waited: F) -> Option<F::Output> {
    tokio::select! {
        _ = stopped.wait_for(|stop| *stop) => None,
        output = waited => Some(output),
    }
}

/// Items on their way, and those of which it is not yet written that they are done.
struct Round<'s> {
    site: &'s Site,
    done: Vec<OutboxId>,
    stopped: watch::Receiver<bool>,
}

impl Round<'_> {
    /// Tries what was handed over, and what is due in the store, once; gives how many items the
    /// store had.
    async fn send_due(&mut self, look: bool) -> Result<usize, StoreError> {
        // What an earlier round could not write, before it would be due again.
        self.write_down().await?;
        let now = self.site.now();
        self.send_each(self.site.outbox.take_ready(now)).await?;
        if !look {
            return Ok(0);
        }
        let items = self.site.store.due(BATCH).await?;
        let count = items.len();
        self.send_each(items).await?;
        Ok(count)
    }

    async fn send_each(&mut self, items: Vec<Due>) -> Result<(), StoreError> {
        let mut written = Instant::now();
        for due in &items {
            if *self.stopped.borrow() {
                break;
            }
            let sent = self.send(due).await;
            self.note(due, sent).await;
            if written.elapsed() > UNWRITTEN_MAX {
                self.write_down().await?;
                written = Instant::now();
            }
        }
        self.write_down().await
    }

    /// While a slow hop is waited for, it is written down what went before.
    async fn send(&mut self, due: &Due) -> Sent {
        let mut sending = std::pin::pin!(send(self.site, due));
        match tokio::time::timeout(UNWRITTEN_MAX, &mut sending).await {
            Ok(sent) => sent,
            Err(_) => {
                self.write_down_or_say().await;
                sending.await
            }
        }
    }

    async fn note(&mut self, due: &Due, sent: Sent) {
        let (site, attempts) = (self.site, due.attempts);
        match sent {
            Sent::Taken => self.done.push(due.id),
            Sent::Refused => {
                tracing::error!(attempts, "mail of our own was refused for good");
                self.done.push(due.id);
            }
            Sent::Later if site.now().unix() - due.created.unix() > GIVE_UP_SECONDS => {
                tracing::error!(attempts, "mail of our own was given up");
                self.done.push(due.id);
            }
            Sent::Later => {
                let at = WAITS_SECONDS.get(attempts as usize);
                let wait = at.unwrap_or(&WAITS_SECONDS[WAITS_SECONDS.len() - 1]);
                let until = site.now().plus_seconds(*wait);
                if let Err(error) = site.store.postpone(due.id, until, attempts + 1).await {
                    // Its lease ends by itself, and it is tried then.
                    let error = crate::cli::chain(&error);
                    tracing::error!(error, "mail of our own could not be put off");
                }
            }
        }
    }

    async fn write_down(&mut self) -> Result<(), StoreError> {
        if !self.done.is_empty() {
            self.site.store.finish(&self.done).await?;
            self.done.clear();
        }
        Ok(())
    }

    async fn write_down_or_say(&mut self) {
        if let Err(error) = self.write_down().await {
            let error = crate::cli::chain(&error);
            tracing::error!(error, "mail of our own that was sent may be sent once more");
        }
    }
}

async fn send(site: &Site, due: &Due) -> Sent {
    let sender = match Address::parse(&due.item.sender) {
        Ok(address) => Sender::Mailbox(address),
        Err(_) => Sender::Null,
    };
    for recipient in &due.item.recipients {
        // What stands here we wrote ourselves; an address that no longer parses has no mailbox.
        let Ok(recipient) = Address::parse(recipient) else {
            return Sent::Refused;
        };
        let head = origin::mark(&site.key, &due.item.message, &recipient, site.now());
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

#[cfg(test)]
mod tests {
    use super::*;
    use store::OutboxItem;

    fn due(bytes: usize) -> Due {
        Due {
            id: OutboxId([0; 16]),
            created: Timestamp::from_unix(0),
            attempts: 0,
            item: OutboxItem {
                sender: String::new(),
                recipients: Vec::new(),
                message: vec![b'x'; bytes],
            },
        }
    }

    #[test]
    fn what_waits_to_be_sent_is_bounded_in_bytes() {
        let (outbox, now) = (Outbox::default(), Timestamp::from_unix(0));
        let take = |bytes| outbox.take(due(bytes), now.plus_seconds(1));
        assert!(take(READY_BYTES_MAX - 10));
        assert!(!take(11), "more than the limit");
        assert!(take(10));
        assert!(!take(1));
        assert_eq!(outbox.take_ready(now).len(), 2);
        assert!(take(READY_BYTES_MAX), "there is room again");
    }

    #[test]
    fn what_the_store_hands_out_again_is_not_sent_from_here_too() {
        let (outbox, now) = (Outbox::default(), Timestamp::from_unix(0));
        assert!(outbox.take(due(1), now.plus_seconds(5)));
        assert!(outbox.take(due(1), now.plus_seconds(6)));
        assert_eq!(outbox.take_ready(now.plus_seconds(5)).len(), 1);
    }
}
