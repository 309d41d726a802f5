//! From verdicts to work: equal outcomes form one group, and every copy stands in exactly one
//! place.
//!
//! Planning decides nothing about anybody; it only sorts.

use std::sync::Arc;

use mail::Address;

use crate::verdict::{Copy, Fate, Judgement, Named, Verdict};

/// Whether a front end can give each recipient something of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    /// One for all.
    One,
    /// One per recipient.
    PerRecipient,
}

/// What a front end can carry. SMTP: bodies per recipient, one reply. LMTP: both per recipient.
/// Milter: one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Message bodies.
    pub bodies: Each,
    /// Replies after the message.
    pub replies: Each,
}

impl Capabilities {
    /// RFC 5321: any number of onward transactions, one reply.
    pub const SMTP: Self = Self {
        bodies: Each::PerRecipient,
        replies: Each::One,
    };
    /// RFC 2033: one reply per recipient.
    pub const LMTP: Self = Self {
        bodies: Each::PerRecipient,
        replies: Each::PerRecipient,
    };
    /// One message, changed in place, and one reply.
    pub const MILTER: Self = Self {
        bodies: Each::One,
        replies: Each::One,
    };
}

/// How a group's message travels on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The message at hand is changed where it is; only without [`Each::PerRecipient`] bodies.
    InPlace,
    /// A transaction of its own.
    Own,
}

/// Recipients whose copies are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Who; never empty. A sealed group still needs a notice and a link for each.
    pub recipients: Vec<Address>,
    /// What happens; its fate is always [`Fate::Deliver`].
    pub verdict: Arc<Verdict>,
    /// How it travels.
    pub carrier: Carrier,
}

/// One recipient refused by rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Who would have got it.
    pub recipient: Address,
    /// The enhanced status code, `5.x.y`.
    pub code: String,
    /// The text of the reply.
    pub text: String,
}

/// What to do, every copy in exactly one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is delivered.
    pub groups: Vec<Group>,
    /// Who is refused.
    pub refused: Vec<Refused>,
    /// Who is to be tried again later, with the text of the 4xx reply.
    pub deferred: Vec<(Address, String)>,
    /// Whose copy waits for approval, and why.
    pub held: Vec<(Address, String)>,
    /// Whose copy is dropped.
    pub deleted: Vec<Address>,
    /// Whose copy went to others; those stand elsewhere in the plan.
    pub redirected: Vec<Address>,
    /// Whom a rule wanted to add and another refused: the sender never named them and is not told.
    pub not_added: Vec<Refused>,
    /// Whom one reply cannot tell that they were refused: a delivery report goes to the sender.
    pub reports: Vec<Refused>,
}

impl Plan {
    /// The reply when nothing but refusals came out: the first one's code and text.
    pub fn refusal(&self) -> Option<&Refused> {
        let nothing_else = self.groups.is_empty()
            && self.deferred.is_empty()
            && self.held.is_empty()
            && self.deleted.is_empty()
            && self.redirected.is_empty();
        self.refused.first().filter(|_| nothing_else)
    }
}

/// Sorts a judgement into work for a front end of these capabilities.
pub fn plan(judgement: &Judgement, capabilities: Capabilities) -> Plan {
    let mut plan = Plan::default();
    for copy in &judgement.copies {
        place(&mut plan, copy);
    }
    if capabilities.bodies == Each::One {
        keep_one_in_place(&mut plan.groups);
    }
    if capabilities.replies == Each::One && plan.refusal().is_none() {
        plan.reports = plan.refused.clone();
    }
    plan
}

fn place(plan: &mut Plan, copy: &Copy) {
    let recipient = copy.recipient.clone();
    match &copy.verdict.fate {
        Fate::Deliver => group(&mut plan.groups, copy),
        Fate::Redirect { .. } => plan.redirected.push(recipient),
        Fate::Hold { reason } => plan.held.push((recipient, reason.clone())),
        Fate::Defer { text } => plan.deferred.push((recipient, text.clone())),
        Fate::Delete => plan.deleted.push(recipient),
        Fate::Reject { code, text } => {
            let (code, text) = (code.clone(), text.clone());
            let refused = Refused {
                recipient,
                code,
                text,
            };
            match copy.named {
                Named::AddedBy { .. } => plan.not_added.push(refused),
                Named::BySender | Named::RedirectedBy { .. } => plan.refused.push(refused),
            }
        }
    }
}

fn group(groups: &mut Vec<Group>, copy: &Copy) {
    let same = |group: &&mut Group| {
        Arc::ptr_eq(&group.verdict, &copy.verdict) || same_mail(&group.verdict, &copy.verdict)
    };
    match groups.iter_mut().find(same) {
        Some(group) => group.recipients.push(copy.recipient.clone()),
        None => groups.push(Group {
            recipients: vec![copy.recipient.clone()],
            verdict: Arc::clone(&copy.verdict),
            carrier: Carrier::Own,
        }),
    }
}

/// Whether two verdicts ask for the same bytes; why they do may differ.
fn same_mail(a: &Verdict, b: &Verdict) -> bool {
    a.seal == b.seal
        && a.label == b.label
        && a.edits == b.edits
        && a.attachments == b.attachments
        && a.receipt == b.receipt
}

/// The message at hand serves the largest group that is not sealed: sealed mail is always made
/// anew for each reader.
fn keep_one_in_place(groups: &mut [Group]) {
    let clear = groups
        .iter_mut()
        .filter(|group| group.verdict.seal.is_none());
    // The first of the largest: `max_by_key` would take the last.
    if let Some(group) = clear.reduce(|best, group| {
        if group.recipients.len() > best.recipients.len() {
            group
        } else {
            best
        }
    }) {
        group.carrier = Carrier::InPlace;
    }
}
