//! The receipt that a sender is given for sealed letters. It goes into the outbox with the last of
//! them, in one commit, and leaves once the next hop has taken the notices. Where it came otherwise
//! than planned, that one never leaves, and another is written.

use crate::answer::{EndFate, Outcome};
use crate::apply::{Cargo, Dispatch};
use crate::own_mail::letter::{OwnLetter, Paragraph};
use crate::site::Site;
use mail::{Address, Message, Timestamp};
use rules::{Copy, Judgement};
use store::{ClosedItem, Due, OutboxId, OutboxItem};

/// A receipt that waits for what it says to be true.
#[derive(Debug)]
pub struct Receipt {
    /// Whom it names.
    readers: Vec<Address>,
    item: OutboxItem,
    /// Its name in the outbox, once it was closed for it.
    id: Option<OutboxId>,
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
            id: None,
        })
    }

    /// Closes it for the outbox. Where that takes no more, the letter goes without.
    pub fn close(&mut self, site: &Site) -> Option<ClosedItem> {
        match site.store.close_item(&self.item) {
            Ok(closed) => {
                self.id = Some(closed.id);
                Some(closed)
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

    /// Takes it out of the outbox again, unsent.
    pub async fn withdraw(&self, site: &Site) {
        let Some(id) = self.id else { return };
        if let Err(error) = site.store.finish(&[id]).await {
            let error = crate::cli::chain(&error);
            tracing::error!(error, "a receipt may be sent for what was not sealed");
        }
    }

    /// Lets it leave.
    async fn send(self, site: &Site, id: OutboxId) {
        let due = Due {
            id,
            created: site.now(),
            attempts: 0,
            item: self.item,
        };
        site.outbox.hand_over(site, due).await;
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
        let names = planned.readers.iter();
        match planned.id {
            Some(id) if names.eq(copies.iter().map(|copy| &copy.recipient)) => {
                planned.send(site, id).await;
                return Settled::Done;
            }
            _ => planned.withdraw(site).await,
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
                 open it with a passcode:";
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
