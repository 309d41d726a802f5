//! Why: which rules fired on each copy, which did not and on which condition.
//!
//! It listens while rules are judged and changes nothing; it holds no text of the message.

mod bytes;
mod labels;
mod sealed;
mod text;

pub use bytes::{BytesExplanation, BytesState};
pub use labels::{
    AttachmentStep, ForeignExplanation, LabelRefused, LabelStep, LabelsExplanation,
    StatementExplanation,
};

pub use sealed::SealExplanation;

use mail::{Labels, Message, Right, Rights};
use serde::Serialize;

use crate::condition::{Asker, Children, Condition, Truth};
use crate::draft::LabelRefusal;
use crate::policy::{Mode, Rule};
use crate::verdict::{Copy, Fate, Judgement, Named, Severity};

/// What is decided about one message, and why.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is decided.
    pub judgement: Judgement,
    /// What the message says of its labels, where a rule could ask.
    pub labels: LabelsExplanation,
    /// Why, one entry for each copy of the judgement.
    pub copies: Vec<CopyExplanation>,
}

/// Why one copy fares as it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopyExplanation {
    /// Who it is for.
    pub recipient: String,
    /// `inside` or `outside`.
    pub side: &'static str,
    /// The rule that added or redirected to them, if not the sender named them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_by: Option<String>,
    /// What happens: `deliver`, `seal`, `reject`, ….
    pub outcome: &'static str,
    /// The enhanced code of a reject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The reply's text, the reason, or where it is redirected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What the reader of a sealed copy may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rights: Option<String>,
    /// On what other terms it is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<SealExplanation>,
    /// Whether the sender gets a receipt.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub receipt: bool,
    /// The name of the label it leaves with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How its label came to be that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label_changes: Vec<LabelStep>,
    /// Labels that rules could not set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label_refusals: Vec<LabelRefused>,
    /// What becomes of the labels of its attached files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentStep>,
    /// How many edits it gets.
    pub edits: usize,
    /// What they make of its bytes; none where it is not delivered.
    pub bytes: Option<BytesExplanation>,
    /// Whether ambiguity decided.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ambiguous: bool,
    /// Every rule, in order.
    pub rules: Vec<RuleTrace>,
}

/// What one rule made of one copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleTrace {
    /// The rule's name.
    pub rule: String,
    /// The file it stands in.
    pub file: String,
    /// The line it begins on, counted from one.
    pub line: usize,
    /// Its severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What came of it.
    #[serde(flatten)]
    pub trace: Trace,
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Trace {
    /// It fired.
    Fired {
        /// Its conditions, with "and" and "or"; empty when it is for every message.
        when: String,
        /// Conditions that could not be known, and so counted.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        unknown: Vec<String>,
        /// What it does.
        then: Vec<String>,
        /// What came of that.
        effect: Effect,
    },
    /// A condition did not hold.
    NotFired {
        /// Those that did not.
        because: Vec<String>,
    },
    /// Its conditions held, and so did an excuse.
    Excused {
        /// The excuses that held.
        by: Vec<String>,
    },
    /// It is outside the time it is active.
    Asleep,
    /// An earlier rule with `stop` ended the walk.
    Stopped {
        /// That rule.
        by: String,
    },
    /// Nobody asked.
    #[serde(skip)]
    Unheard,
}

/// What came of a rule's actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// They took effect.
    Done,
    /// They changed nothing: a stricter outcome stood already.
    Nothing,
    /// They would only lower, and a condition is unknown.
    OnlyLowers,
    /// The rule is in test mode: it would have fired.
    Would,
}

impl Explanation {
    /// One line of JSON.
    pub fn to_json(&self) -> String {
        let notified: Vec<serde_json::Value> = self
            .judgement
            .notifications
            .iter()
            .map(|sent| {
                let to: Vec<&str> = sent.to.iter().map(mail::Address::as_str).collect();
                serde_json::json!({ "rule": &*sent.rule, "to": to })
            })
            .collect();
        let mut line = serde_json::json!({ "copies": self.copies, "notifications": notified });
        if !self.judgement.ambiguities.is_empty() {
            let ambiguities = self.judgement.ambiguities.iter().map(|one| {
                serde_json::json!({
                    "kind": one.kind.as_str(),
                    "sentence": one.kind.sentence(),
                    "part": one.path.to_string(),
                })
            });
            line["ambiguities"] = ambiguities.collect();
        }
        if !self.labels.is_empty() {
            line["labels"] = serde_json::json!(self.labels);
        }
        line.to_string()
    }
}

impl RuleTrace {
    pub(crate) fn new(rule: &Rule, trace: Trace) -> Self {
        let (name, file) = (rule.name.to_string(), rule.file.to_string());
        let (line, severity) = (rule.line, rule.severity);
        Self {
            rule: name,
            file,
            line,
            severity,
            trace,
        }
    }
}

impl Trace {
    pub(crate) fn with_effect(mut self, came: Effect) -> Self {
        if let Self::Fired { effect, .. } = &mut self {
            *effect = came;
        }
        self
    }
}

/// The trace of a rule whose truth is [`Truth::No`].
pub(crate) fn why_not(rule: &Rule, asker: &Asker<'_>) -> Trace {
    if rule.when.ask(asker) == Truth::No {
        return Trace::NotFired {
            because: failed(&rule.when, asker),
        };
    }
    let mut by = Vec::new();
    if let Some(unless) = &rule.unless {
        let excuses: &[Condition] = match unless {
            Condition::Any(Children { written, .. }) => written,
            one => std::slice::from_ref(one),
        };
        let held = excuses
            .iter()
            .filter(|excuse| excuse.ask(asker) == Truth::Yes);
        by.extend(held.map(Condition::describe));
    }
    Trace::Excused { by }
}

/// The trace of a rule that fires, its effect still to come.
pub(crate) fn why(rule: &Rule, asker: &Asker<'_>) -> Trace {
    let mut leaves = Vec::new();
    rule.when.leaves(&mut leaves);
    rule.unless
        .iter()
        .for_each(|unless| unless.leaves(&mut leaves));
    let unknown = leaves
        .into_iter()
        .filter(|leaf| leaf.ask(asker) == Truth::Unknown);
    let unknown = unknown.map(|leaf| leaf.shown.clone()).collect();
    let then = rule.actions.iter().map(|action| action.shown.clone());
    let stop = (rule.stop && rule.mode == Mode::Enforce).then(|| "stop".to_owned());
    let then = then.chain(stop).collect();
    let when = rule.when.describe();
    Trace::Fired {
        when,
        unknown,
        then,
        effect: Effect::Done,
    }
}

/// The conditions that keep a tree from holding, as they were written.
fn failed(condition: &Condition, asker: &Asker<'_>) -> Vec<String> {
    match condition {
        Condition::All(children) => {
            let failing = children
                .written
                .iter()
                .filter(|child| child.ask(asker) == Truth::No);
            failing.flat_map(|child| failed(child, asker)).collect()
        }
        other => vec![other.describe()],
    }
}

impl Condition {
    /// The tree in words, with "and", "or", "not".
    pub(crate) fn describe(&self) -> String {
        let joined = |children: &Children, word: &str| {
            let each = |child: &Condition| match child {
                Self::All(inner) | Self::Any(inner) if inner.written.len() > 1 => {
                    format!("({})", child.describe())
                }
                child => child.describe(),
            };
            children
                .written
                .iter()
                .map(each)
                .collect::<Vec<_>>()
                .join(word)
        };
        match self {
            Self::All(children) => joined(children, " and "),
            Self::Any(children) => joined(children, " or "),
            Self::Not(child) => format!("not ({})", child.describe()),
            Self::Leaf(leaf) => leaf.shown.clone(),
        }
    }
}

pub(crate) fn explain_copy(
    copy: &Copy,
    rules: &[RuleTrace],
    refusals: &[LabelRefusal],
    labels: &Labels,
    message: &Message<'_>,
) -> CopyExplanation {
    let verdict = &copy.verdict;
    let (code, text) = match &verdict.fate {
        Fate::Reject { code, text } => (Some(code.clone()), Some(text.clone())),
        Fate::Hold { reason } => (None, Some(reason.clone())),
        Fate::Defer { text } => (None, Some(text.clone())),
        Fate::Redirect { to } => {
            let to: Vec<&str> = to.iter().map(mail::Address::as_str).collect();
            (None, Some(format!("to {}", to.join(", "))))
        }
        Fate::Deliver | Fate::Delete => (None, None),
    };
    let added_by = match &copy.named {
        Named::BySender => None,
        Named::AddedBy { rule, .. } | Named::RedirectedBy { rule } => Some(rule.to_string()),
    };
    let label = verdict.label.as_ref().and_then(|label| labels.get(label));
    let may_leave = matches!(verdict.fate, Fate::Deliver | Fate::Hold { .. });
    let seal = verdict.seal.as_ref().filter(|_| may_leave);
    let changes = verdict.label_changes.iter();
    let refusals = refusals.iter();
    let files = verdict.attachments.iter();
    CopyExplanation {
        recipient: copy.recipient.to_string(),
        side: if copy.outside { "outside" } else { "inside" },
        added_by,
        outcome: verdict.outcome(),
        code,
        text,
        rights: seal.map(|terms| rights_name(terms.rights)),
        seal: seal.map(SealExplanation::of),
        receipt: verdict.receipt && may_leave,
        label: label.map(|label| label.name.clone()),
        label_changes: changes.map(|step| LabelStep::of(step, labels)).collect(),
        label_refusals: refusals.map(|one| LabelRefused::of(one, labels)).collect(),
        attachments: files.map(|file| AttachmentStep::of(file, labels)).collect(),
        edits: verdict.edits.len(),
        bytes: BytesExplanation::of(message, verdict),
        ambiguous: verdict.ambiguous,
        rules: rules.to_vec(),
    }
}

/// A named set, or the words in their own order.
fn rights_name(rights: Rights) -> String {
    debug_assert!(
        rights.contains(Right::View),
        "every sealed letter can be read"
    );
    rights.name()
}
