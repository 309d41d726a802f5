//! A checked rule set.
//!
//! It is made by [`crate::load`] and by nothing else, and never changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use mail::label::change::LabelPolicy;
use mail::label::{Mapping, Outside};
use mail::marking::{Stamp, Template};
use mail::time::Zone;
use mail::{Address, LabelId, Labels, Timestamp};

use crate::action::Action;
use crate::cases::Case;
use crate::condition::Condition;
use crate::diagnostic::Diagnostic;
use crate::matching::{Domains, Parties, Where};
use crate::people::People;
use crate::verdict::Severity;

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

impl Ambiguous {
    /// Reads the word of `[rules] ambiguous` in the configuration.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "reject" => Self::Reject,
            "seal" => Self::Seal,
            "hold" => Self::Hold,
            "defer" => Self::Defer,
            "pass" => Self::Pass,
            _ => return None,
        })
    }
}

/// What a policy can ask for beyond the envelope and the header fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The parts of the message: names, types, sizes.
    pub parts: bool,
    /// Decoded texts of the body.
    pub bodies: bool,
    /// What stands inside attached files: fill [`crate::Facts::documents`].
    pub documents: bool,
    /// Whether a label can be set in them: fill [`crate::DocumentFact::takes_label`].
    pub labelling: bool,
    /// The label that the message's thread had before: fill [`crate::Facts::thread_label`].
    pub thread_label: bool,
}

/// A policy and what its author should hear.
#[derive(Debug)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// What likely does something else than was meant.
    pub advice: Vec<Diagnostic>,
}

/// Whose mail it is, ready to be compared with.
#[derive(Debug, Default)]
pub(crate) struct Home {
    pub name: String,
    pub domains: Domains,
    pub site_id: Option<String>,
    pub labels: Labels,
    pub labelling: Labelling,
    /// In which texts tell the time.
    pub zone: Zone,
    pub people: People,
}

/// What holds for the labels of all mail.
#[derive(Debug, Default)]
pub(crate) struct Labelling {
    /// What other schemes mean, and where they are written.
    pub mapping: Mapping,
    /// Whether a label that stands already is written in all of them.
    pub translates: bool,
    /// What labels from outside count for.
    pub outside: Outside,
    pub policy: LabelPolicy,
    /// Whether attached files take the label of their message.
    pub passes_on: bool,
    /// The field in which a reason for a lower label stands.
    pub justification: String,
}

/// Whether a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Enforce,
    Test,
    TestAndNotify,
}

/// A rule, compiled.
#[derive(Debug)]
pub(crate) struct Rule {
    pub name: Arc<str>,
    pub file: Arc<str>,
    pub line: usize,
    pub when: Condition,
    pub unless: Option<Condition>,
    pub actions: Vec<Action>,
    pub stop: bool,
    pub mode: Mode,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub severity: Option<Severity>,
}

impl Rule {
    pub fn is_awake(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// How a label shows on mail that has it.
#[derive(Debug, Default)]
pub(crate) struct LabelEffects {
    pub header: Option<Stamp>,
    pub footer: Option<Stamp>,
    pub subject_tag: Option<Template>,
}

/// Who reads a language.
#[derive(Debug)]
pub(crate) struct Readers {
    /// RFC 5646.
    pub tag: String,
    pub who: Parties,
}

/// A checked rule set.
#[derive(Debug, Default)]
pub struct Policy {
    pub(crate) home: Home,
    pub(crate) rules: Vec<Rule>,
    pub(crate) effects: BTreeMap<LabelId, LabelEffects>,
    /// In the order they are asked; only languages that some marking speaks.
    pub(crate) languages: Vec<Readers>,
    pub(crate) cases: Vec<Case>,
    pub(crate) memos: usize,
    pub(crate) asks_labels: bool,
    pub(crate) needs: Needs,
    pub(crate) ambiguous: Ambiguous,
}

impl Policy {
    /// The labels it defines.
    pub fn labels(&self) -> &Labels {
        &self.home.labels
    }

    /// What it can ask for.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// The cases that stand in its files.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// What somebody reads: their own address counts before their domain or side.
    pub(crate) fn language_of(&self, recipient: &Address, side: Where) -> Option<&str> {
        let own = self
            .languages
            .iter()
            .find(|one| one.who.names_address(recipient));
        let any = || {
            self.languages
                .iter()
                .find(|one| one.who.contains(recipient, side))
        };
        own.or_else(any).map(|readers| readers.tag.as_str())
    }

    /// How many rules it has.
    pub fn rules_count(&self) -> usize {
        self.rules.len()
    }

    /// The name of each rule and the file it stands in, in order.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rules.iter().map(|rule| (&*rule.name, &*rule.file))
    }

    /// The addresses of its people, in the form that addresses are compared in, each with the file
    /// it stands in.
    pub fn people(&self) -> impl Iterator<Item = (&str, &str)> {
        self.home.people.addresses()
    }

    /// Whether it has no rules and no labels: it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.home.labels.iter().next().is_none()
    }

    /// The same policy with another answer to ambiguous messages.
    pub fn with_ambiguous(self, ambiguous: Ambiguous) -> Self {
        Self { ambiguous, ..self }
    }
}
