//! The receipt that a sender is given for sealed letters. It goes into the outbox with the last of
//! them, in one commit, and leaves once the next hop has taken the notices. Where it came otherwise
//! than planned, that one never leaves, and another is written.

use crate::answer::{EndFate, Outcome};
use crate::apply::{Cargo, Dispatch};
use crate::own_mail::letter::{OwnLetter, Paragraph};
use crate::site::Site;
use mail::{Address, Message, Timestamp};
use rules::{Copy, Judgement};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use store::{ClosedItem, Due, OutboxId, OutboxItem, Store};
use tokio::runtime::Handle;

/// How much longer a receipt is leased than the answer may take whose message it tells of.
const LEASE_MARGIN: Duration = Duration::from_secs(60);

/// A receipt that waits for what it says to be true.
#[derive(Debug)]
pub struct Receipt {
    /// Whom it names.
    readers: Vec<Address>,
    item: OutboxItem,
    /// Where it stands in the outbox, once it was closed for it.
    lease: Option<Lease>,
}

/// An item of the outbox that is ours alone until the lease ends. Whoever drops it, a message that
/// stopped, was cut off or came otherwise, takes it out again, unsent.
struct Lease {
    store: Arc<Store>,
    id: Option<OutboxId>,
    ends: Timestamp,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({:?})", self.id)
    }
}

impl Lease {
    /// The item is to stay; until when it is ours.
    fn keep(mut self) -> Option<(OutboxId, Timestamp)> {
        self.id.take().map(|id| (id, self.ends))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), Handle::try_current()) else {
            return;
        };
        let store = Arc::clone(&self.store);
        runtime.spawn(async move {
            if let Err(error) = store.finish(&[id]).await {
                let error = crate::cli::chain(&error);
                tracing::error!(error, "a receipt may be sent for what was not sealed");
            }
        });
    }
}

impl Receipt {
    /// The receipt for all of these dispatches; none where nobody asked for one.
    pub fn planned(
        site: &Site,
        message: &Message<'_>,
        sender: Option<&Address>,
        judgement: &Judgement,
        dispatches: &[Dispatch],
    ) -> Option<Self> {
        let sender = sender?;
        let notices = || {
            let is_notice = |dispatch: &&Dispatch| matches!(dispatch.cargo, Cargo::Notice(..));
            dispatches.iter().filter(is_notice)
        };
        let copies: Vec<&Copy> = asked(judgement)
            .filter(|copy| notices().any(|notice| notice.recipients.contains(&copy.recipient)))
            .collect();
        if copies.is_empty() {
            return None;
        }
        Some(Self {
            item: item(site, message, sender, &copies),
            readers: copies.iter().map(|copy| copy.recipient.clone()).collect(),
            lease: None,
        })
    }

    /// Closes it for the outbox, and says until when it is ours. Where the outbox takes no more,
    /// the letter goes without.
    pub fn close(&mut self, site: &Site) -> Option<(ClosedItem, Timestamp)> {
        match site.store.close_item(&self.item) {
            Ok(closed) => {
                let seconds = (site.answer_timeout + LEASE_MARGIN).as_secs();
                let ends = site.now().plus_seconds(seconds.cast_signed());
                self.lease = Some(Lease {
                    store: Arc::clone(&site.store),
                    id: Some(closed.id),
                    ends,
                });
                Some((closed, ends))
            }
            Err(error) => {
                let error = crate::cli::chain(&error);
                tracing::warn!(
                    error,
                    "a receipt did not go into the outbox with its letter"
                );
                None
            }
        }
    }

    /// Lets it leave, if it is in the outbox.
    async fn send(self, site: &Site) -> Settled {
        let item = self.item;
        let Some((id, ends)) = self.lease.and_then(Lease::keep) else {
            return Settled::ToTell(item);
        };
        let due = Due {
            id,
            created: site.now(),
            attempts: 0,
            item,
        };
        site.outbox.hand_over(site, due, ends).await;
        Settled::Done
    }
}

/// What of a receipt is left to be done.
pub enum Settled {
    /// Nothing: it leaves, or there is none.
    Done,
    /// This has to go into the outbox.
    ToTell(OutboxItem),
}

/// Lets the planned receipt leave if everything came as planned; else withdraws it and writes what
/// is true.
pub async fn settle(
    site: &Site,
    message: &Message<'_>,
    sender: &Address,
    judgement: &Judgement,
    outcome: &Outcome,
    planned: Option<Receipt>,
) -> Settled {
    let sealed = |copy: &&Copy| {
        let mut ends = outcome.ends.iter();
        let end = ends.find(|end| end.recipient == copy.recipient);
        matches!(end.map(|end| &end.fate), Some(EndFate::Sealed(..)))
    };
    let copies: Vec<&Copy> = asked(judgement).filter(sealed).collect();
    if let Some(planned) = planned {
        let named = planned.readers.iter();
        if named.eq(copies.iter().map(|copy| &copy.recipient)) {
            return planned.send(site).await;
        }
    }
    match copies.as_slice() {
        [] => Settled::Done,
        copies => Settled::ToTell(item(site, message, sender, copies)),
    }
}

/// The copies whose sealing the sender is to hear of.
fn asked(judgement: &Judgement) -> impl Iterator<Item = &Copy> {
    let copies = judgement.copies.iter();
    copies.filter(|copy| copy.verdict.receipt && copy.verdict.seal.is_some())
}

/// Says for whom a letter was sealed and until when it opens.
fn item(site: &Site, message: &Message<'_>, sender: &Address, copies: &[&Copy]) -> OutboxItem {
    let intro = "Your letter was sealed. These readers got a link in its place, and each can \
                 open it with a one-time code:";
    let mut paragraphs = vec![Paragraph::Text(intro.to_owned())];
    paragraphs.extend(copies.iter().map(|copy| {
        let terms = copy.verdict.seal.as_ref();
        let until = expiry(site, terms.and_then(|terms| terms.expires_after_seconds));
        let until = format!("until {}", until.date_words());
        Paragraph::Row(copy.recipient.to_string(), until)
    }));
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
    letter.write(&site.hostname, site.now()).for_outbox(sender)
}

fn expiry(site: &Site, asked: Option<u64>) -> Timestamp {
    let asked = asked.and_then(|seconds| i64::try_from(seconds).ok());
    site.now()
        .plus_seconds(asked.unwrap_or(site.sealing.expires_after_seconds))
}
