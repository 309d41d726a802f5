//! What is to happen to a message: one verdict for each recipient's copy.
//!
//! Verdicts are values; nothing here decides.

use std::sync::Arc;

use mail::label::LabelChange;
use mail::{Address, Edit, LabelId, PartPath, SealTerms};
use serde::{Deserialize, Serialize};

/// Where one copy goes. The order is the order of strictness: the strictest wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// On to its recipient.
    Deliver,
    /// To others in its recipient's place; they have copies of their own.
    Redirect {
        /// Who gets it.
        to: Vec<Address>,
    },
    /// Kept until somebody approves.
    Hold {
        /// Why, for the approver.
        reason: String,
    },
    /// Not now: the sender's server is to try again.
    Defer {
        /// The text of the 4xx reply.
        text: String,
    },
    /// Dropped, and nobody is told.
    Delete,
    /// Refused.
    Reject {
        /// The enhanced status code, `5.x.y`.
        code: String,
        /// The text of the reply.
        text: String,
    },
}

impl Fate {
    /// The higher, the stricter.
    pub fn strictness(&self) -> u8 {
        match self {
            Self::Deliver => 0,
            Self::Redirect { .. } => 1,
            Self::Hold { .. } => 2,
            Self::Defer { .. } => 3,
            Self::Delete => 4,
            Self::Reject { .. } => 5,
        }
    }

    /// The word in cases, log and audit.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Redirect { .. } => "redirect",
            Self::Hold { .. } => "hold",
            Self::Defer { .. } => "defer",
            Self::Delete => "delete",
            Self::Reject { .. } => "reject",
        }
    }
}

/// How much a rule's firing matters to who watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For statistics.
    Low,
    /// For the weekly look.
    Medium,
    /// Somebody should look now.
    High,
}

impl Severity {
    /// The word in rule files, log and audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What happens to one recipient's copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Where it goes.
    pub fate: Fate,
    /// How it is sealed, when it is: copies for recipients outside only. It counts for delivered
    /// copies.
    pub seal: Option<SealTerms>,
    /// Whether its reader may not forward it. A copy for somebody inside stays clear; the thread
    /// is to be remembered.
    pub do_not_forward: bool,
    /// The label it leaves with, whoever set it.
    pub label: Option<LabelId>,
    /// How the label came to be what it is, in order; empty when it is what the message came with.
    pub label_changes: Vec<LabelChange>,
    /// What changes in it, in order; effects of the label come last.
    pub edits: Vec<Edit>,
    /// What becomes of the labels of attached files.
    pub attachments: Vec<AttachmentLabel>,
    /// Whether the sender gets a receipt.
    pub receipt: bool,
    /// The highest severity among the rules that took effect.
    pub severity: Option<Severity>,
    /// The rules that took effect, in order.
    pub because: Vec<Arc<str>>,
    /// The rules in test mode that would have fired, in order.
    pub would: Vec<Arc<str>>,
    /// Set when the message is ambiguous, a rule asked about its content, and that decided.
    pub ambiguous: bool,
}

/// An attached file whose label is lower than its message's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentLabel {
    /// The part it stands in.
    pub path: PartPath,
    /// The organisation's label it came with.
    pub before: Option<LabelId>,
    /// The label it is to have.
    pub after: LabelId,
    /// The rule that set the message's label last, where one did.
    pub rule: Option<Arc<str>>,
    /// Why it stays as it is, where it does: a stable word.
    pub left: Option<String>,
}

impl AttachmentLabel {
    /// The number of its part; `0` where that is the whole message.
    pub fn part(&self) -> String {
        match self.path.is_root() {
            true => "0".to_owned(),
            false => self.path.to_string(),
        }
    }
}

impl Verdict {
    /// The outcome as a case names it: the fate, but `seal` for a sealed delivery.
    pub fn outcome(&self) -> &'static str {
        match (&self.fate, &self.seal) {
            (Fate::Deliver, Some(_)) => "seal",
            (fate, _) => fate.as_str(),
        }
    }

    /// Whether the copy goes on exactly as it came.
    pub fn is_untouched(&self) -> bool {
        let relabels = self.attachments.iter().any(|file| file.left.is_none());
        self.fate == Fate::Deliver && self.seal.is_none() && self.edits.is_empty() && !relabels
    }
}

/// How an added recipient shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// In the To field.
    To,
    /// In the Cc field.
    Cc,
    /// Nowhere.
    Bcc,
}

/// How somebody came to get a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// The envelope named them.
    BySender,
    /// A rule added them.
    AddedBy {
        /// The rule.
        rule: Arc<str>,
        /// How they show.
        role: Role,
    },
    /// A rule sent another's copy to them.
    RedirectedBy {
        /// The rule.
        rule: Arc<str>,
    },
}

/// One recipient and what happens to their copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Who it is for.
    pub recipient: Address,
    /// Whether that is a recipient outside the organisation.
    pub outside: bool,
    /// How they came to get one.
    pub named: Named,
    /// What happens to it. Recipients judged alike share one verdict.
    pub verdict: Arc<Verdict>,
}

/// A mail that a rule asked us to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Who gets it.
    pub to: Vec<Address>,
    /// Its subject.
    pub subject: String,
    /// Its text, variables filled in.
    pub text: String,
    /// The rule that asked.
    pub rule: Arc<str>,
    /// That rule's severity.
    pub severity: Option<Severity>,
}

/// Everything decided about one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// One entry per recipient: the sender's in their order, then those that rules added.
    pub copies: Vec<Copy>,
    /// What rules asked us to send, each once.
    pub notifications: Vec<Notification>,
    /// What labels the message carries; `None` when no rule could ask, and a message from outside
    /// has nothing like a label. From outside it decides nothing.
    pub labels_read: Option<mail::label::Reading>,
    /// On what mail readers would differ, each kind once with the first part it was found in;
    /// empty where that decided about no copy.
    pub ambiguities: Vec<mail::Ambiguity>,
}

impl Judgement {
    /// Whether every copy goes on as it came, nobody was added and nobody is told.
    pub fn is_untouched(&self) -> bool {
        let plain = |copy: &Copy| copy.named == Named::BySender && copy.verdict.is_untouched();
        self.notifications.is_empty()
            && self
                .copies
                .iter()
                .all(|copy| plain(copy) && !copy.verdict.receipt)
    }
}
