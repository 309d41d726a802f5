//! Actions: what a rule that fires does to a copy.

use mail::label::Setter;
use mail::marking::{Stamp, Template};
use mail::{Address, LabelId, SealTerms};
use regex::Regex;

use crate::matching::composed;
use crate::verdict::{Fate, Role};

/// An action, compiled.
#[derive(Debug)]
pub(crate) struct Action {
    pub deed: Deed,
    /// As it was written.
    pub shown: String,
    /// Whether it makes an outcome milder.
    pub lowers: bool,
}

/// What it does.
#[derive(Debug)]
pub(crate) enum Deed {
    /// Reject, delete, hold.
    Restrict(Fate),
    Redirect(Vec<Address>),
    Seal {
        terms: SealTerms,
        receipt: bool,
    },
    Unseal,
    ApplyLabel {
        label: LabelId,
        setter: Setter,
    },
    RemoveLabel,
    Insert {
        stamp: Stamp,
        slot: String,
    },
    PrependSubject(Template),
    RewriteSubject(Rewrite),
    SetHeader {
        name: String,
        value: Template,
    },
    RemoveHeader(Vec<String>),
    AddRecipient {
        addresses: Vec<Address>,
        role: Role,
    },
    Notify(Notice),
    Receipt,
}

/// A mail that a rule wants sent.
#[derive(Debug)]
pub(crate) struct Notice {
    pub sender: bool,
    pub addresses: Vec<Address>,
    pub subject: Option<Template>,
    pub text: Template,
}

/// A change of the subject, in this order.
#[derive(Debug, Default)]
pub(crate) struct Rewrite {
    pub set: Option<Template>,
    /// Matches of each are taken out.
    pub remove: Vec<Regex>,
    pub replace: Option<(Regex, String)>,
}

impl Rewrite {
    /// The new subject; runs of blanks that a removal left are closed.
    pub fn apply(&self, subject: &str, set: Option<String>) -> String {
        let before = set.unwrap_or_else(|| subject.to_owned());
        let read = composed(&before);
        let after = self.replaced(&read);
        // A subject that is written another way and says the same stays as it is.
        if after == read { before } else { after }
    }

    fn replaced(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for tag in self.remove.iter().filter(|tag| tag.as_str() != "") {
            if tag.is_match(&text) {
                let without = tag.replace_all(&text, " ");
                text = without.split_whitespace().collect::<Vec<_>>().join(" ");
            }
        }
        if let Some((pattern, with)) = &self.replace {
            text = pattern.replace_all(&text, with.as_str()).trim().to_owned();
        }
        text
    }
}
