//! One copy while rules work on it: what they set so far, and what was decided so far.
//!
//! Later rules see label, subject and header fields as earlier ones left them; what was decided
//! only ever grows stricter, but for the lowering actions.

use std::sync::Arc;

use mail::label::change::{LabelChange, Present, Refusal, Wish};
use mail::label::{Method, Setter};
use mail::{Address, Edit, LabelId, Labels, Pattern, SealTerms};

use crate::facts::Approval;
use crate::verdict::{Fate, Role, Severity};

/// A copy's state. Recipients that no condition can tell apart share one.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub label: Option<LabelId>,
    /// How the label was set, where that is known.
    pub label_method: Option<Method>,
    /// The label the message came with.
    pub label_before: Option<LabelId>,
    /// The label it had when the first rule looked at it.
    label_at_start: Option<LabelId>,
    /// The rule that last changed the label.
    pub label_rule: Option<Arc<str>>,
    /// How the label came to be what it is.
    pub label_changes: Vec<LabelChange>,
    /// Labels that rules could not set, and why.
    pub label_refusals: Vec<LabelRefusal>,
    /// How labels that were raised from here seal: a higher label never opens what a lower closed.
    pub label_seal: Option<SealTerms>,
    /// Fields that rules set (`Some`) or removed (`None`), the last word for each.
    fields: Vec<(String, Option<String>)>,
    pub fate: Fate,
    /// Whether the message was held before, and approved.
    pub approval: Approval,
    pub seal: Option<SealTerms>,
    /// Whether a lowering rule took sealing back: the label's is then not added.
    pub unsealed: bool,
    pub edits: Vec<Edit>,
    /// What markings in the new text look like whose place others of the same rule take.
    pub earlier: Vec<Pattern>,
    pub receipt: bool,
    pub severity: Option<Severity>,
    pub because: Vec<Arc<str>>,
    pub would: Vec<Arc<str>>,
    pub ambiguous: bool,
    /// Whom rules want to have a copy too.
    pub adds: Vec<Add>,
    /// The rule that redirected to each.
    pub redirects: Vec<(Address, Arc<str>)>,
}

/// Somebody whom a rule wants to have a copy too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Add {
    pub address: Address,
    pub role: Role,
    pub rule: Arc<str>,
}

/// A label that a rule could not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LabelRefusal {
    pub rule: Arc<str>,
    pub label: LabelId,
    pub why: Refusal,
}

impl Draft {
    /// A copy with the label it came with, and what it took up before any rule.
    pub fn new(label: Option<LabelId>, method: Option<Method>, taken_up: Vec<LabelChange>) -> Self {
        let (start, label_method) = match taken_up.last() {
            Some(change) => (change.after.clone(), Some(change.method.method())),
            None => (label.clone(), method),
        };
        Self {
            label_before: label,
            label_at_start: start.clone(),
            label: start,
            label_method,
            label_rule: None,
            label_changes: taken_up,
            label_refusals: Vec::new(),
            label_seal: None,
            fields: Vec::new(),
            fate: Fate::Deliver,
            approval: Approval::None,
            seal: None,
            unsealed: false,
            edits: Vec::new(),
            earlier: Vec::new(),
            receipt: false,
            severity: None,
            because: Vec::new(),
            would: Vec::new(),
            ambiguous: false,
            adds: Vec::new(),
            redirects: Vec::new(),
        }
    }

    /// Whether no rule has yet set anything that a later one could see.
    pub fn is_as_read(&self) -> bool {
        self.fields.is_empty() && self.label == self.label_at_start
    }

    /// What rules made of a field: `None` when they left it alone, else its value, if any.
    pub fn header(&self, name: &str) -> Option<Option<&str>> {
        let found = self
            .fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_deref())
    }

    /// Remembers what a rule made of a field.
    pub fn set_header(&mut self, name: &str, value: Option<String>) {
        match self
            .fields
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            Some((_, present)) => *present = value,
            None => self.fields.push((name.to_owned(), value)),
        }
    }

    /// Every field that rules touched, in the order they first did.
    pub fn fields(&self) -> &[(String, Option<String>)] {
        &self.fields
    }

    /// The stricter fate holds; of equals the first. Says whether this one is as strict. Nothing
    /// holds a message that was approved.
    pub fn restrict(&mut self, fate: Fate) -> bool {
        if self.approval == Approval::Given && matches!(fate, Fate::Hold { .. }) {
            return false;
        }
        let (new, present) = (fate.strictness(), self.fate.strictness());
        if new > present {
            self.fate = fate;
        } else if let (Fate::Redirect { to }, Fate::Redirect { to: more }) = (&mut self.fate, fate)
        {
            let fresh = more.into_iter().filter(|address| !to.contains(address));
            let fresh: Vec<Address> = fresh.collect();
            to.extend(fresh);
        }
        new >= present
    }

    /// Rights intersect, the earlier expiry counts.
    pub fn seal(&mut self, terms: &SealTerms) {
        merge(&mut self.seal, terms);
    }

    /// Sets a label that is higher than the present one and replaces no person's choice, unless it
    /// is one itself. Says whether the label was raised.
    pub fn raise_label(
        &mut self,
        label: &LabelId,
        labels: &Labels,
        rule: &Arc<str>,
        setter: Setter,
    ) -> bool {
        let higher = |at: &LabelId| labels.is_higher(label, at);
        let chosen = self.label_method == Some(Method::Privileged) && setter != Setter::Person;
        let why = match &self.label {
            Some(present) if present == label => return false,
            Some(present) if !higher(present) => Refusal::NotHigher,
            Some(_) if chosen => Refusal::SetByPerson,
            _ => {
                self.put_label(label, labels, rule, setter);
                return true;
            }
        };
        let (rule, label) = (Arc::clone(rule), label.clone());
        self.label_refusals.push(LabelRefusal { rule, label, why });
        false
    }

    fn put_label(&mut self, label: &LabelId, labels: &Labels, rule: &Arc<str>, setter: Setter) {
        let present = self.label.as_ref().and_then(|at| labels.get(at));
        if let Some(terms) = present.and_then(|present| present.seal_outside.as_ref()) {
            merge(&mut self.label_seal, terms);
        }
        self.change_label(Some(label.clone()), rule, setter);
    }

    pub fn remove_label(&mut self, rule: &Arc<str>) -> bool {
        let had = self.label.is_some();
        if had {
            self.label_seal = None;
            self.change_label(None, rule, Setter::Rule);
        }
        had
    }

    fn change_label(&mut self, after: Option<LabelId>, rule: &Arc<str>, setter: Setter) {
        let wish = Wish {
            rule: Some(rule),
            ..Wish::of(setter)
        };
        let before = self.label.as_ref().map(|id| Present { id, method: None });
        let change = wish.change(before, after.as_ref());
        self.label_changes.push(change);
        self.label_method = after.as_ref().map(|_| setter.method());
        self.label = after;
        self.label_rule = Some(Arc::clone(rule));
    }

    /// DESIGN: for somebody a rule added, the stricter of their own verdict and the adding one
    /// holds. Where the adding copy goes is its own affair.
    pub fn no_milder_than(&mut self, adding: &Draft, labels: &Labels) {
        if let Some(terms) = &adding.seal {
            self.seal(terms);
        }
        if let (Some(label), Some(rule)) = (&adding.label, &adding.label_rule)
            && self
                .label
                .as_ref()
                .is_none_or(|own| labels.is_higher(label, own))
        {
            self.put_label(label, labels, rule, Setter::Rule);
        }
        self.unsealed &= adding.unsealed;
        self.severity = self.severity.max(adding.severity);
    }
}

fn merge(present: &mut Option<SealTerms>, terms: &SealTerms) {
    *present = Some(match present {
        Some(present) => stricter(present, terms),
        None => terms.clone(),
    });
}

/// What both terms allow.
fn stricter(a: &SealTerms, b: &SealTerms) -> SealTerms {
    let expiry = match (a.expires_after_seconds, b.expires_after_seconds) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    SealTerms {
        rights: a.rights.intersect(b.rights),
        expires_after_seconds: expiry,
        download: a.download && b.download,
        template: a.template.clone().or_else(|| b.template.clone()),
    }
}
