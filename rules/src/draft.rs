//! One copy while rules work on it: what they set so far, and what was decided so far.
//!
//! Later rules see label, subject and header fields as earlier ones left them; what was decided
//! only ever grows stricter, but for the lowering actions.

use std::sync::Arc;

use mail::{Address, Edit, LabelId, Labels, SealTerms};

use crate::verdict::{Fate, LabelChange, Role, Severity};

/// A copy's state. Recipients that no condition can tell apart share one.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub label: Option<LabelId>,
    pub label_before: Option<LabelId>,
    pub label_rule: Option<Arc<str>>,
    /// How labels that were raised from here seal: a higher label never opens what a lower closed.
    pub label_seal: Option<SealTerms>,
    /// Fields that rules set (`Some`) or removed (`None`), the last word for each.
    fields: Vec<(String, Option<String>)>,
    pub fate: Fate,
    pub seal: Option<SealTerms>,
    /// Whether a lowering rule took sealing back: the label's is then not added.
    pub unsealed: bool,
    pub edits: Vec<Edit>,
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

impl Draft {
    pub fn new(label: Option<LabelId>) -> Self {
        Self {
            label_before: label.clone(),
            label,
            label_rule: None,
            label_seal: None,
            fields: Vec::new(),
            fate: Fate::Deliver,
            seal: None,
            unsealed: false,
            edits: Vec::new(),
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
        self.fields.is_empty() && self.label == self.label_before
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

    /// The stricter fate holds; of equals the first. Says whether this one is as strict.
    pub fn restrict(&mut self, fate: Fate) -> bool {
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

    /// A lower label than the present one does nothing. Says whether the label was raised.
    pub fn raise_label(&mut self, label: &LabelId, labels: &Labels, rule: &Arc<str>) -> bool {
        let priority = |id: &LabelId| labels.get(id).map(|label| label.priority);
        let raises = self
            .label
            .as_ref()
            .is_none_or(|at| priority(label) > priority(at));
        if raises {
            let present = self.label.as_ref().and_then(|at| labels.get(at));
            if let Some(terms) = present.and_then(|present| present.seal_outside.as_ref()) {
                merge(&mut self.label_seal, terms);
            }
            self.label = Some(label.clone());
            self.label_rule = Some(Arc::clone(rule));
        }
        raises
    }

    pub fn remove_label(&mut self, rule: &Arc<str>) -> bool {
        let had = self.label.take().is_some();
        if had {
            self.label_seal = None;
            self.label_rule = Some(Arc::clone(rule));
        }
        had
    }

    pub fn label_change(&self) -> Option<LabelChange> {
        let rule = self
            .label_rule
            .clone()
            .filter(|_| self.label != self.label_before)?;
        Some(LabelChange {
            before: self.label_before.clone(),
            after: self.label.clone(),
            rule,
        })
    }

    /// DESIGN: for somebody a rule added, the stricter of their own verdict and the adding one
    /// holds. Where the adding copy goes is its own affair.
    pub fn no_milder_than(&mut self, adding: &Draft, labels: &Labels) {
        if let Some(terms) = &adding.seal {
            self.seal(terms);
        }
        if let (Some(label), Some(rule)) = (&adding.label, &adding.label_rule) {
            self.raise_label(label, labels, rule);
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
