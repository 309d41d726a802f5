//! A message that was held, as it arrived, with the copies that were released. It is judged among
//! everyone its sender named, and goes only to those whose copies waited.

use crate::admit::Admission;
use crate::answer::{End, EndFate, Outcome};
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
    /// Those of them whom a rule had added: the sender is not told of these.
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
    /// go to. Whom rules added or notified then had their mail then.
    pub fn judge(&self, policy: &Policy, facts: &Facts<'_>, admission: Admission) -> Judgement {
        let mut judgement = admission.decide(policy, facts);
        judgement.notifications.clear();
        let waited = |copy: &Copy| self.waited.contains(&copy.recipient);
        let goes_to = judgement.copies.iter().filter(|copy| waited(copy));
        let goes_to: HashSet<String> = goes_to.flat_map(redirected_to).collect();
        judgement.copies.retain(|copy| {
            let redirected = matches!(copy.named, Named::RedirectedBy { .. });
            waited(copy) || redirected && goes_to.contains(copy.recipient.key())
        });
        for recipient in &self.waited {
            let judged = |copy: &Copy| copy.recipient == *recipient;
            if !judgement.copies.iter().any(judged) {
                judgement
                    .copies
                    .extend(judge_alone(policy, facts, admission, recipient));
            }
        }
        judgement
    }

    /// Takes those out of the outcome whose copies went their way before.
    pub fn leave_out_others(&self, judgement: &Judgement, outcome: &mut Outcome) {
        let judged = |end: &End| {
            let mut copies = judgement.copies.iter();
            copies.any(|copy| copy.recipient == end.recipient)
        };
        outcome.ends.retain(judged);
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

    /// Who was refused, and what was said, of those whom the sender is told of.
    pub fn to_report(&self, outcome: &Outcome) -> Vec<(Address, Reply)> {
        let told = outcome
            .ends
            .iter()
            .filter(|end| !self.added.contains(end.recipient.key()));
        let refused = told.filter_map(|end| match &end.fate {
            EndFate::Refused(reply) => Some((end.recipient.clone(), reply.clone())),
            _ => None,
        });
        refused.collect()
    }
}

fn redirected_to(copy: &Copy) -> Vec<String> {
    match &copy.verdict.fate {
        Fate::Redirect { to } => to.iter().map(|one| one.key().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// Somebody whom the rules no longer add or redirect to is judged as if the sender had named them
/// alone, as they were then.
fn judge_alone(
    policy: &Policy,
    facts: &Facts<'_>,
    admission: Admission,
    recipient: &Address,
) -> Vec<Copy> {
    let Some(recipients) = Recipients::new(vec![recipient.clone()]) else {
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
    let goes_to: Vec<String> = copies.iter().take(1).flat_map(redirected_to).collect();
    copies.retain(|copy| {
        copy.recipient == *recipient || goes_to.iter().any(|key| key == copy.recipient.key())
    });
    copies
}
