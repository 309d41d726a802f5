//! What became of each recipient, and what one reply says of all of them.
//! It never says 250 while anything is open.

use crate::apply::Remark;
use crate::attachments::Labelled;
use crate::receive::Arrival;
use mail::{Address, Envelope};
use rules::{Copy, Fate, Judgement, Named};
use seal::{GrantId, HeldId, LetterId};
use std::sync::Arc;
use wire::Reply;

/// What became of one message.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The sender's recipients and those that rules added.
    pub ends: Vec<End>,
    /// What edits did not do, or did harm to.
    pub remarks: Vec<Remark>,
    /// What became of attached files that were to take a label.
    pub labelled: Vec<Labelled>,
    /// The kinds of ambiguity that decided about some copy.
    pub ambiguous: Vec<&'static str>,
    /// The rules that decided about some copy, each once.
    pub rules: Vec<Arc<str>>,
    /// The codes that the next hop itself gave, each once.
    pub heard: Vec<u16>,
    /// Where the copies of those whom the sender named went instead.
    pub redirections: Redirections,
}

/// Whose copies were redirected, and the keys of the addresses they went to.
pub type Redirections = Vec<(Address, Vec<String>)>;

/// Where rules sent the copies of those whom the sender named instead.
pub fn redirections(judgement: &Judgement) -> Redirections {
    let named = judgement.copies.iter();
    let named = named.filter(|copy| copy.named == Named::BySender);
    let to = |copy: &Copy| match &copy.verdict.fate {
        Fate::Redirect { to } => to.iter().map(|one| one.key().to_owned()).collect(),
        _ => Vec::new(),
    };
    named
        .map(|copy| (copy.recipient.clone(), to(copy)))
        .filter(|(_, to)| !to.is_empty())
        .collect()
}

/// What became of one recipient.
#[derive(Debug, Clone)]
pub struct End {
    /// Who.
    pub recipient: Address,
    /// Whether the sender named them; the answer speaks of these alone.
    pub named: bool,
    /// What became of their copy.
    pub fate: EndFate,
}

/// What became of one recipient's copy.
#[derive(Debug, Clone)]
pub enum EndFate {
    /// The next hop took it.
    Delivered(Reply),
    /// The next hop took a notice in its place.
    Sealed(Reply, LetterId, GrantId),
    /// It waits for approval, safe in the store.
    Held(HeldId),
    /// An earlier try served them.
    ServedBefore,
    /// Dropped, by rule.
    Dropped,
    /// Sent to others, by rule.
    Redirected,
    /// Refused for good, by rule or by the next hop.
    Refused(Reply),
    /// To be tried again.
    Deferred(Reply),
}

impl EndFate {
    /// Whether this recipient needs nothing more.
    pub fn is_served(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::Deferred(_))
    }

    /// The word in the log.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Delivered(_) => "delivered",
            Self::Sealed(..) => "sealed",
            Self::Held(_) => "held",
            Self::ServedBefore => "served-before",
            Self::Dropped => "deleted",
            Self::Redirected => "redirected",
            Self::Refused(_) => "rejected",
            Self::Deferred(_) => "deferred",
        }
    }
}

/// Why a message stopped on its way. Each is answered so that nothing is lost.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// It has been round too often.
    #[error("the message passed {hops} hops: a loop")]
    Loop {
        /// How many.
        hops: usize,
    },
    /// Records, blobs or keys did not answer.
    #[error("the store failed")]
    Store(#[from] store::StoreError),
    /// A decided edit could not be made.
    #[error("an edit could not be made")]
    Edit(#[from] mail::EditError),
}

impl Outcome {
    /// Nothing has become of anybody yet: all wait.
    pub fn new(envelope: &Envelope) -> Self {
        let waiting = |recipient: &Address| End {
            recipient: recipient.clone(),
            named: true,
            fate: EndFate::Deferred(Reply::new(451, "4.3.0", "not delivered yet")),
        };
        Self {
            ends: envelope.recipients.iter().map(waiting).collect(),
            ..Self::default()
        }
    }

    /// Notes what became of a recipient; one whom the sender did not name was added by a rule.
    pub fn end(&mut self, recipient: &Address, fate: EndFate) {
        match self.ends.iter_mut().find(|end| end.recipient == *recipient) {
            Some(end) => end.fate = fate,
            None => self.ends.push(End {
                recipient: recipient.clone(),
                named: false,
                fate,
            }),
        }
    }

    /// The recipients who were refused for good, with what was said.
    pub fn refused(&self) -> impl Iterator<Item = (&Address, &Reply)> {
        self.named().filter_map(|end| match &end.fate {
            EndFate::Refused(reply) => Some((&end.recipient, reply)),
            _ => None,
        })
    }

    /// Whether the sender must try again for somebody.
    pub fn deferred(&self) -> Option<&Reply> {
        self.ends.iter().find_map(|end| match &end.fate {
            EndFate::Deferred(reply) => Some(reply),
            _ => None,
        })
    }

    /// Notes that those are refused whose copies rules sent to others who were all refused: nobody
    /// has them. The others' answers may name them, so they are not repeated.
    pub fn refuse_redirected(&mut self) {
        let lost: Vec<Address> = self
            .redirections
            .iter()
            .filter(|(_, to)| !to.is_empty() && to.iter().all(|key| self.is_refused(key)))
            .map(|(from, _)| from.clone())
            .collect();
        for one in &lost {
            let reply = Reply::new(550, "5.0.0", "the message could not be delivered");
            self.end(one, EndFate::Refused(reply));
        }
    }

    /// Whether this recipient, named by key, was refused for good.
    pub fn is_refused(&self, key: &str) -> bool {
        let mut ends = self.ends.iter();
        ends.any(|end| end.recipient.key() == key && matches!(end.fate, EndFate::Refused(_)))
    }

    /// Whether all whom the sender named were refused for good.
    pub fn all_refused(&self) -> bool {
        self.named()
            .all(|end| matches!(end.fate, EndFate::Refused(_)))
    }

    /// The ends of those whom the sender named.
    pub fn named(&self) -> impl Iterator<Item = &End> {
        self.ends.iter().filter(|end| end.named)
    }
}

/// The one reply for a message.
pub fn reply(arrival: &Arrival, ended: &Result<Outcome, Stop>) -> Reply {
    match ended {
        Ok(outcome) => outcome_reply(arrival, outcome),
        // A loop is no passing fault; everything else of ours is.
        Err(Stop::Loop { .. }) => Reply::new(554, "5.4.6", "too many hops, this is a loop"),
        // The same edit of the same message fails the same way for ever.
        Err(Stop::Edit(error)) => Reply::new(554, "5.6.0", format!("not deliverable: {error}")),
        Err(_) => Reply::new(
            451,
            "4.3.0",
            format!(
                "local problem, nothing was lost, try again later; id {}",
                arrival.id
            ),
        ),
    }
}

fn outcome_reply(arrival: &Arrival, outcome: &Outcome) -> Reply {
    if let Some(later) = outcome.deferred() {
        return as_transient(later);
    }
    if outcome.all_refused()
        && let Some((_, reply)) = outcome.refused().next()
    {
        return reply.clone();
    }
    Reply::new(250, "2.0.0", format!("Ok, id {}", arrival.id))
}

/// A next hop's 4xx is handed back as it came; what it should not have said becomes 451.
fn as_transient(reply: &Reply) -> Reply {
    if reply.is_transient() {
        reply.clone()
    } else {
        Reply::new(451, "4.4.0", &*reply.text)
    }
}

#[cfg(test)]
mod tests;
