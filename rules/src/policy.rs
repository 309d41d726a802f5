//! A checked rule set.
//!
//! It is made by [`crate::load`] and by nothing else, and never changes.

use std::sync::Arc;

use mail::Labels;

use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::verdict::{Copy, Fate, Judgement, Named, Verdict};

/// One file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Its name, as an admin knows it; files are read in byte order of it.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// Whose mail it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organisation {
    /// What people call it.
    pub name: String,
    /// Senders and recipients here are inside; `*.corp.example` is every subdomain.
    pub domains: Vec<String>,
    /// The GUID written as SiteId in `msip_labels`.
    pub site_id: Option<String>,
}

/// What happens to a copy whose verdict asked about content of an ambiguous message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ambiguous {
    /// To outside rejected with 5.6.0, to inside passed.
    #[default]
    RejectOutside,
    /// Rejected with 5.6.0.
    Reject,
    /// To outside sealed encrypt-only, to inside passed.
    Seal,
    /// Held for approval.
    Hold,
    /// Answered 4xx.
    Defer,
    /// Passed.
    Pass,
}

/// What a policy can ask for beyond the envelope and the header fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The parts of the message: names, types, sizes.
    pub parts: bool,
    /// Decoded texts of the body.
    pub bodies: bool,
    /// What stands inside attached files: fill [`Facts::documents`].
    pub documents: bool,
}

/// A policy and what its author should hear.
#[derive(Debug)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// What likely does something else than was meant.
    pub advice: Vec<Diagnostic>,
}

/// A checked rule set.
#[derive(Debug, Default)]
pub struct Policy {
    labels: Labels,
    ambiguous: Ambiguous,
    needs: Needs,
}

impl Policy {
    /// The labels it defines.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// What it can ask for.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// How many rules it has.
    pub fn rules_count(&self) -> usize {
        0
    }

    /// Whether it has no rules and no labels: it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.rules_count() == 0 && self.labels.iter().next().is_none()
    }

    /// The same policy with another answer to ambiguous messages.
    pub fn with_ambiguous(self, ambiguous: Ambiguous) -> Self {
        Self { ambiguous, ..self }
    }

    /// Decides about every recipient's copy. Total and pure.
    pub fn judge(&self, facts: &Facts<'_>) -> Judgement {
        let verdict = Arc::new(Verdict {
            fate: Fate::Deliver,
            seal: None,
            label: None,
            label_change: None,
            edits: Vec::new(),
            receipt: false,
            severity: None,
            because: Vec::new(),
            would: Vec::new(),
            ambiguous: false,
        });
        let copy = |recipient: &mail::Address| Copy {
            recipient: recipient.clone(),
            outside: true,
            named: Named::BySender,
            verdict: Arc::clone(&verdict),
        };
        let copies = facts.envelope.recipients.iter().map(copy).collect();
        Judgement {
            copies,
            notifications: Vec::new(),
            labels_read: None,
        }
    }
}

/// Checks a rule set. This first version knows no words yet: every file with content is refused.
pub fn load(files: &[RuleFile], _organisation: &Organisation) -> Result<Loaded, Vec<Diagnostic>> {
    let refused: Vec<Diagnostic> = files.iter().filter_map(Diagnostic::not_yet).collect();
    match refused.is_empty() {
        true => Ok(Loaded {
            policy: Policy::default(),
            advice: Vec::new(),
        }),
        false => Err(refused),
    }
}
