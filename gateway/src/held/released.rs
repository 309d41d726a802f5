//! A message that was held, as it arrived, with the copies that were released. It is judged among
//! everyone its sender named, and goes only to those whose copies waited.

use crate::admit::Admission;
use crate::answer::{End, EndFate, Outcome, Redirections, redirections};
use crate::receive::{Arrival, ArrivalId};
use crate::served::Memory;
use mail::{Address, BodyType, Envelope, Recipients, Sender};
use rules::{Capabilities, Copy, Facts, Fate, Judgement, Named, Policy, Source};
use std::collections::HashSet;
use store::{Held, HeldId};
use wire::Reply;

/// The names of protocols that `Received:` may hold (RFC 3848, RFC 6531 §4.3).
const PROTOCOLS: [&str; 10] = [
    "SMTP",
    "ESMTP",
    "ESMTPS",
    "UTF8SMTP",
    "UTF8SMTPS",
    "LMTP",
    "LMTPS",
    "UTF8LMTP",
    "UTF8LMTPS",
    "HTTP",
];

/// A released message.
#[derive(Debug)]
pub struct Released {
    /// What it was held as.
    pub id: HeldId,
    /// The message as it came, its envelope whole.
    pub arrival: Arrival,
    /// Whose copies waited.
    waited: Vec<Address>,
    /// Those of them whom the sender had not named: the sender is not told of these.
    added: HashSet<String>,
}

impl Released {
    /// Reads what was kept; `None` where it cannot be what we wrote.
    pub fn read(held: &Held, raw: Vec<u8>) -> Option<Self> {
        let mail = &held.mail;
        let came = &mail.came;
        let address = |text: &String| Address::parse(text).ok();
        let sender = match mail.sender.as_str() {
            "" => Sender::Null,
            text => Sender::Mailbox(Address::parse(text).ok()?),
        };
        let named: Option<Vec<Address>> = mail.recipients.iter().map(address).collect();
        let waited = mail.copies.iter().map(|copy| address(&copy.recipient));
        let waited: Vec<Address> = waited.collect::<Option<_>>()?;
        let added = mail.copies.iter().zip(&waited);
        let added = added.filter(|(copy, _)| copy.added);
        let client = came.client.as_ref().map(|text| text.parse());
        Some(Self {
            id: held.id,
            added: added.map(|(_, one)| one.key().to_owned()).collect(),
            waited,
            arrival: Arrival {
                id: mail.message.parse::<ArrivalId>().ok()?,
                arrived: mail.arrived,
                envelope: Envelope {
                    sender,
                    recipients: Recipients::new(named?)?,
                    body: match came.eight_bit {
                        true => BodyType::EightBitMime,
                        false => BodyType::SevenBit,
                    },
                    smtputf8: came.smtputf8,
                },
                raw,
                peer: came.peer.parse().ok()?,
                client: client.transpose().ok()?,
                source: Source::parse(&came.source)?,
                capabilities: Capabilities::SMTP,
                tls: came.tls,
                protocol: PROTOCOLS.iter().find(|name| **name == came.protocol)?,
                helo: came.helo.clone(),
                authenticated: came.authenticated.clone(),
            },
        })
    }

    /// Judges the message among all its recipients, as when it came: rules that ask about all of
    /// them must see all of them. Only the copies that waited are left, and those of whom they now
    /// go to. Whom rules added or notified then had their mail then. Also gives to whom the rules
    /// redirect the copies of those whom the sender named.
    pub fn judge(
        &self,
        policy: &Policy,
        facts: &Facts<'_>,
        admission: Admission,
    ) -> (Judgement, Redirections) {
        let mut judgement = admission.decide(policy, facts);
        judgement.notifications.clear();
        let redirections = redirections(&judgement);
        let waited = |copy: &Copy| self.waited.contains(&copy.recipient);
        let goes_to = judgement.copies.iter().filter(|copy| waited(copy));
        let goes_to: HashSet<String> = goes_to.flat_map(redirected_to).collect();
        // A rule may also add whom another one redirects to: that is one copy.
        let is_target =
            |copy: &Copy| copy.named != Named::BySender && goes_to.contains(copy.recipient.key());
        judgement
            .copies
            .retain(|copy| waited(copy) || is_target(copy));
        for recipient in &self.waited {
            let judged =
                |copies: &[Copy], one: &Address| copies.iter().any(|copy| copy.recipient == *one);
            if judged(&judgement.copies, recipient) {
                continue;
            }
            for copy in judge_once_more(policy, facts, admission, recipient) {
                if !judged(&judgement.copies, &copy.recipient) {
                    judgement.copies.push(copy);
                }
            }
        }
        (judgement, redirections)
    }

    /// Takes those out of the outcome whose copies went their way before, and brings those in whom
    /// the rules add again and refuse: when mail arrives nobody misses these, but here somebody
    /// approved their copies.
    pub fn leave_out_others(&self, judgement: &Judgement, outcome: &mut Outcome) {
        let copies = &judgement.copies;
        outcome
            .ends
            .retain(|end| copies.iter().any(|copy| copy.recipient == end.recipient));
        for copy in copies {
            let ended = outcome
                .ends
                .iter()
                .any(|end| end.recipient == copy.recipient);
            if let (Fate::Reject { code, text }, false) = (&copy.verdict.fate, ended) {
                let reply = Reply::new(550, code, &**text);
                outcome.end(&copy.recipient, EndFate::Refused(reply));
            }
        }
    }

    /// That everyone who was not served by an earlier try is refused.
    pub fn refused(&self, memory: &Memory, reply: &Reply) -> Outcome {
        let left = self.waited.iter().filter(|one| !memory.has_served(one));
        let end = |recipient: &Address| End {
            recipient: recipient.clone(),
            named: self.arrival.envelope.recipients.contains(recipient),
            fate: EndFate::Refused(reply.clone()),
        };
        Outcome {
            ends: left.map(end).collect(),
            ..Outcome::default()
        }
    }

    /// Who was refused, and what was said, of those whom the sender named and whose copies waited.
    /// Where a copy was redirected and nobody took it, that is said under the name that the sender
    /// knows, and without the answer of the next hop, which may name the other.
    pub fn to_report(&self, outcome: &Outcome) -> Vec<(Address, Reply)> {
        let waited = |key: &str| self.waited.iter().any(|one| one.key() == key);
        let is_told = |key: &str| waited(key) && !self.added.contains(key);
        let told = outcome
            .ends
            .iter()
            .filter(|end| is_told(end.recipient.key()));
        let refused = told.filter_map(|end| match &end.fate {
            EndFate::Refused(reply) => Some((end.recipient.clone(), reply.clone())),
            _ => None,
        });
        let redirected = outcome.redirections.iter().filter(|(from, to)| {
            let is_ours = waited(from.key()) || to.iter().any(|key| waited(key));
            is_ours && to.iter().all(|key| outcome.is_refused(key))
        });
        let reply = Reply::new(550, "5.0.0", "the message could not be delivered");
        let redirected = redirected.map(|(from, _)| (from.clone(), reply.clone()));
        refused.chain(redirected).collect()
    }
}

fn redirected_to(copy: &Copy) -> Vec<String> {
    match &copy.verdict.fate {
        Fate::Redirect { to } => to.iter().map(|one| one.key().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// Somebody whom the rules no longer add or redirect to is judged as if the sender had named them
/// beside the others, who are there for rules that ask about all recipients.
fn judge_once_more(
    policy: &Policy,
    facts: &Facts<'_>,
    admission: Admission,
    recipient: &Address,
) -> Vec<Copy> {
    let named = facts.envelope.recipients.iter();
    let Some(recipients) = Recipients::new(named.chain([recipient]).cloned().collect()) else {
        return Vec::new();
    };
    let envelope = Envelope {
        recipients,
        ..facts.envelope.clone()
    };
    let facts = Facts {
        envelope: &envelope,
        ..facts.clone()
    };
    let mut copies = admission.decide(policy, &facts).copies;
    let own = copies.iter().filter(|copy| copy.recipient == *recipient);
    let goes_to: HashSet<String> = own.flat_map(redirected_to).collect();
    copies.retain(|copy| {
        let is_target = copy.named != Named::BySender && goes_to.contains(copy.recipient.key());
        copy.recipient == *recipient || is_target
    });
    copies
}
