//! Conditions: a tree of questions with three answers.
//!
//! Asking is pure; the order in which questions are asked goes by their cost, and no answer
//! depends on it.

mod ask;
mod kinds;
mod tricks;

pub(crate) use kinds::message_type;
pub(crate) use tricks::Tricks;

use core::net::IpAddr;

use mail::marking::Named;
use mail::{Address, AmbiguityKind, LabelId};

use crate::draft::Draft;
use crate::look::Look;
use crate::matching::{Domains, Networks, Parties, Patterns, Where, Words};

/// DESIGN: an unknown fact fires a rule, does not excuse, and its opposite is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    No,
    Unknown,
    Yes,
}

impl Truth {
    pub fn of(answer: bool) -> Self {
        if answer { Self::Yes } else { Self::No }
    }

    pub fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }

    /// Unknown when the answer is no and not all was seen.
    fn unless_hidden(self, hidden: impl FnOnce() -> bool) -> Self {
        match self {
            Self::No if hidden() => Self::Unknown,
            seen => seen,
        }
    }
}

/// A condition, compiled.
#[derive(Debug)]
pub(crate) enum Condition {
    All(Children),
    Any(Children),
    Not(Box<Condition>),
    Leaf(Leaf),
}

/// Conditions that stand together.
#[derive(Debug)]
pub(crate) struct Children {
    /// As they were written.
    pub written: Vec<Condition>,
    /// The order to ask in: cheap ones first.
    order: Vec<usize>,
}

impl Children {
    pub fn new(written: Vec<Condition>) -> Self {
        let mut order: Vec<usize> = (0..written.len()).collect();
        order.sort_by_key(|at| written[*at].cost());
        Self { written, order }
    }

    fn in_order(&self) -> impl Iterator<Item = &Condition> {
        self.order.iter().map(|at| &self.written[*at])
    }
}

/// One question.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub test: Test,
    /// As it was written: `recipient = "outside"`.
    pub shown: String,
    pub guard: Guard,
    /// Its place among remembered answers; `None` for one that depends on the recipient.
    pub memo: Option<usize>,
}

/// Whether a sender's identity must be verified to count here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// A claim is enough.
    Claim,
    /// It must be to count as a yes: a forged yes would be lenient.
    Yes,
    /// It must be to count at all.
    Both,
}

/// Which fields hold the addresses asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressFields {
    From,
    To,
    Cc,
    ToOrCc,
}

/// What a text is compared with.
#[derive(Debug)]
pub(crate) enum Matcher {
    Words(Words),
    Patterns(Patterns),
}

/// Which texts are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextOf {
    Sender,
    Recipient,
    AnyRecipient,
    Subject,
    Body,
    SubjectOrBody,
    Header(String),
    AttachmentName,
    SenderAttribute(Named),
    RecipientAttribute(Named),
    AnyRecipientAttribute(Named),
}

/// What a message can be by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageType {
    DeliveryReport,
    ReadReceipt,
    AutoReply,
    Calendar,
    Signed,
    Encrypted,
    MailingList,
}

/// Which labels of other organisations are asked for; an empty list is any.
#[derive(Debug, Default)]
pub(crate) struct ForeignLabels {
    pub sites: Vec<String>,
    pub ids: Vec<LabelId>,
    /// In lower case.
    pub names: Vec<String>,
}

/// The question itself.
#[derive(Debug)]
pub(crate) enum Test {
    Sender(Parties),
    SenderDomain(Domains),
    SenderVerified(bool),
    Header(AddressFields, Parties),
    SenderTricks(Tricks),
    RecipientTricks(Tricks),
    Recipient(Parties),
    RecipientDomain(Domains),
    AnyRecipient(Parties),
    AnyRecipientDomain(Domains),
    RecipientCountOver(u64),
    Source(Vec<crate::facts::Source>),
    Peer(Networks),
    Text(TextOf, Matcher),
    HeaderExists(Vec<String>),
    Sensitivity(Vec<String>),
    Importance(Vec<String>),
    HasLabel(Vec<LabelId>),
    LabelAtLeast(u32),
    Unlabelled(bool),
    ForeignLabel(ForeignLabels),
    AttachmentLabelAtLeast(u32),
    AttachmentUnreadable(bool),
    HasAttachment(bool),
    AttachmentExtension(Vec<String>),
    AttachmentType(Vec<String>),
    AttachmentSizeOver(u64),
    AttachmentCountOver(u64),
    MessageSizeOver(u64),
    MessageType(Vec<MessageType>),
    Charset(Vec<String>),
    Ambiguous(bool),
    AmbiguousKinds(Vec<AmbiguityKind>),
}

/// Who is asked about, on which copy.
pub(crate) struct Asker<'a> {
    pub look: &'a Look<'a>,
    pub draft: &'a Draft,
    pub recipient: &'a Address,
    pub side: Where,
    /// Everybody the message is for; for a recipient that a rule added, they alone.
    pub recipients: &'a [Address],
}

impl Condition {
    /// The answer.
    pub fn ask(&self, asker: &Asker<'_>) -> Truth {
        match self {
            Self::All(children) => {
                let mut all = Truth::Yes;
                for child in children.in_order() {
                    all = all.min(child.ask(asker));
                    if all == Truth::No {
                        break;
                    }
                }
                all
            }
            Self::Any(children) => {
                let mut any = Truth::No;
                for child in children.in_order() {
                    any = any.max(child.ask(asker));
                    if any == Truth::Yes {
                        break;
                    }
                }
                any
            }
            Self::Not(child) => child.ask(asker).not(),
            Self::Leaf(leaf) => leaf.ask(asker),
        }
    }

    /// How dear the dearest question in it is.
    fn cost(&self) -> u8 {
        match self {
            Self::All(children) | Self::Any(children) => {
                children.written.iter().map(Self::cost).max().unwrap_or(0)
            }
            Self::Not(child) => child.cost(),
            Self::Leaf(leaf) => leaf.test.cost(),
        }
    }

    /// Every question in it, as written.
    pub fn leaves<'c>(&'c self, found: &mut Vec<&'c Leaf>) {
        match self {
            Self::All(children) | Self::Any(children) => {
                children
                    .written
                    .iter()
                    .for_each(|child| child.leaves(found));
            }
            Self::Not(child) => child.leaves(found),
            Self::Leaf(leaf) => found.push(leaf),
        }
    }
}

impl Test {
    /// 0: the envelope. 1: header fields. 2: the structure. 3: texts of the body.
    pub fn cost(&self) -> u8 {
        match self {
            Self::Text(TextOf::Body | TextOf::SubjectOrBody, _) => 3,
            Self::Text(TextOf::Subject | TextOf::Header(_), _) => 1,
            Self::Text(TextOf::AttachmentName, _)
            | Self::AttachmentLabelAtLeast(_)
            | Self::AttachmentUnreadable(_)
            | Self::HasAttachment(_)
            | Self::AttachmentExtension(_)
            | Self::AttachmentType(_)
            | Self::AttachmentSizeOver(_)
            | Self::AttachmentCountOver(_)
            | Self::MessageType(_)
            | Self::Charset(_)
            | Self::Ambiguous(_)
            | Self::AmbiguousKinds(_) => 2,
            Self::Header(..)
            | Self::SenderTricks(_)
            | Self::RecipientTricks(_)
            | Self::SenderVerified(_)
            | Self::HeaderExists(_)
            | Self::Sensitivity(_)
            | Self::Importance(_)
            | Self::HasLabel(_)
            | Self::LabelAtLeast(_)
            | Self::Unlabelled(_)
            | Self::ForeignLabel(_) => 1,
            _ => 0,
        }
    }

    /// Whether the answer may differ between recipients of one message.
    pub fn is_per_recipient(&self) -> bool {
        matches!(
            self,
            Self::Recipient(_)
                | Self::RecipientDomain(_)
                | Self::Text(TextOf::Recipient | TextOf::RecipientAttribute(_), _)
        )
    }

    /// Whether it asks who the sender is, as anybody could claim.
    pub fn is_identity(&self) -> bool {
        match self {
            Self::Sender(parties) | Self::Header(AddressFields::From, parties) => {
                !parties.is_sides_only()
            }
            Self::SenderDomain(_) | Self::Text(TextOf::Sender | TextOf::SenderAttribute(_), _) => {
                true
            }
            Self::Text(TextOf::Header(name), _) => ["from", "sender", "reply-to"]
                .iter()
                .any(|own| name.eq_ignore_ascii_case(own)),
            _ => false,
        }
    }
}

/// Whether a peer stands in one of the networks.
fn peer(networks: &Networks, address: Option<IpAddr>) -> Truth {
    address.map_or(Truth::Unknown, |address| {
        Truth::of(networks.contains(address))
    })
}
