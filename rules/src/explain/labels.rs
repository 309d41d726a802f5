//! What a message says of its labels, and what became of them on each copy.

use mail::label::{Foreign, LabelChange, Reading, Setter};
use mail::{LabelId, Labels};
use serde::Serialize;

use crate::draft::LabelRefusal;
use crate::verdict::AttachmentLabel;

/// What a message says of its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LabelsExplanation {
    /// The label it counts as, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How that was set, where the message says so: `Standard` or `Privileged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    /// Everything it says, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementExplanation>,
    /// Labels of other organisations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<ForeignExplanation>,
    /// Labels that must not count, since they came from outside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<ForeignExplanation>,
    /// Where statements disagree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
    /// Fields that look like labels and are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lookalikes: Vec<String>,
}

/// One statement of a message about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementExplanation {
    /// The field it stands in.
    pub field: String,
    /// The scheme it is in.
    pub scheme: String,
    /// The label it means; none where `mapping` does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A label of another organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForeignExplanation {
    /// The label's GUID.
    pub id: String,
    /// The organisation's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// What becomes of the label of an attached file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttachmentStep {
    /// The number of its part; `0` where that is the whole message.
    pub part: String,
    /// The name of the label it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The name of the label it is to have.
    pub after: String,
    /// Why it stays as it is, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

/// One change of a copy's label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelStep {
    /// The name before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The name after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Who or what changed it: `rule`, `person`, `default`, `attachment`, `thread`, `mapped`.
    pub method: &'static str,
    /// The rule that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The reason given for a lower label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
}

/// A label that a rule could not set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelRefused {
    /// The rule.
    pub rule: String,
    /// The label, by name.
    pub label: String,
    /// Why not.
    pub why: String,
}

impl LabelsExplanation {
    pub(crate) fn of(reading: &Reading, labels: &Labels) -> Self {
        let statement = |said: &mail::label::Statement| StatementExplanation {
            field: said.field.clone(),
            scheme: said.meaning.scheme().to_string(),
            label: said.label.as_ref().map(|id| name(id, labels)),
        };
        let foreign = |label: &Foreign| ForeignExplanation {
            id: label.id.to_string(),
            site: label.site.clone(),
        };
        Self {
            label: reading.own.as_ref().map(|id| name(id, labels)),
            method: reading.method.map(mail::label::Method::as_str),
            statements: reading.statements.iter().map(statement).collect(),
            foreign: reading.foreign.iter().map(foreign).collect(),
            ignored: reading.ignored.iter().map(foreign).collect(),
            conflicts: reading.conflicts.clone(),
            lookalikes: reading.lookalikes.clone(),
        }
    }

    /// Whether the message says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn to_text(&self) -> String {
        let set = match (&self.label, self.method) {
            (None, _) => "none that counts".to_owned(),
            (Some(label), Some("Privileged")) => format!("{label}, set by a person"),
            (Some(label), _) => label.clone(),
        };
        let mut lines = vec![format!("the message says: label {set}")];
        for said in &self.statements {
            let label = said.label.as_deref();
            let label = label.unwrap_or("which `mapping` does not know");
            lines.push(format!("  {} ({}): {label}", said.field, said.scheme));
        }
        let other = |label: &ForeignExplanation| match &label.site {
            Some(site) => format!("{} of {site}", label.id),
            None => label.id.clone(),
        };
        let foreign = self.foreign.iter().map(other);
        lines.extend(foreign.map(|label| format!("  of another organisation: {label}")));
        let ignored = self.ignored.iter().map(other);
        lines
            .extend(ignored.map(|label| format!("  ignored, since it came from outside: {label}")));
        let conflicts = self.conflicts.iter();
        lines.extend(conflicts.map(|conflict| format!("  conflict: {conflict}")));
        let lookalikes = self.lookalikes.iter();
        lines.extend(lookalikes.map(|field| format!("  looks like a label and is none: {field}")));
        lines.join("\n") + "\n"
    }
}

impl LabelStep {
    pub(super) fn of(change: &LabelChange, labels: &Labels) -> Self {
        Self {
            before: change.before.as_ref().map(|id| name(id, labels)),
            after: change.after.as_ref().map(|id| name(id, labels)),
            method: change.method.as_str(),
            rule: change.rule.clone(),
            justification: change.justification.clone(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let label = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
        if self.method == Setter::Mapped.as_str() {
            let after = label(&self.after);
            return format!("  label    {after}, to be written in every scheme\n");
        }
        let (before, after) = (label(&self.before), label(&self.after));
        let by = match (&self.rule, self.method) {
            (Some(rule), "person") => format!("\"{rule}\", for a person"),
            (Some(rule), _) => format!("\"{rule}\""),
            (None, method) => method.to_owned(),
        };
        let why = match &self.justification {
            Some(reason) => format!(", because “{reason}”"),
            None => String::new(),
        };
        format!("  label    {before} -> {after}, by {by}{why}\n")
    }
}

impl AttachmentStep {
    pub(super) fn of(file: &AttachmentLabel, labels: &Labels) -> Self {
        Self {
            part: file.part(),
            before: file.before.as_ref().map(|id| name(id, labels)),
            after: name(&file.after, labels),
            left: file.left.clone(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let before = self.before.as_deref().unwrap_or("none");
        let part = &self.part;
        match &self.left {
            Some(why) => format!("  file     part {part}: {before}, left as it is: {why}\n"),
            None => format!("  file     part {part}: {before} -> {}\n", self.after),
        }
    }
}

impl LabelRefused {
    pub(super) fn of(refusal: &LabelRefusal, labels: &Labels) -> Self {
        Self {
            rule: refusal.rule.to_string(),
            label: name(&refusal.label, labels),
            why: refusal.why.to_string(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let Self { rule, label, why } = self;
        format!("  label    not {label}, as \"{rule}\" wished: {why}\n")
    }
}

fn name(id: &LabelId, labels: &Labels) -> String {
    labels
        .get(id)
        .map_or_else(|| id.to_string(), |label| label.name.clone())
}
