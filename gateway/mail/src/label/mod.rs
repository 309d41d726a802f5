//! Classification labels: what they are, and how mail carries them.
//!
//! It never trusts where a label came from: that is the policy's to judge.

pub mod change;
pub mod epms;
pub mod mapping;
pub mod msip;
mod reading;
pub mod sensitivity;
pub mod sio;
pub mod tlp;
pub mod vendor;
pub mod writing;

pub use change::{LabelChange, Setter};
pub use mapping::{Mapping, Meaning, Scheme};
pub use reading::{Foreign, Outside, Reader, Reading, STATEMENTS_MAX, Statement, may_be_labelled};
pub use writing::Writer;

use crate::edit::Edit;
use crate::message::Message;
use crate::rights::SealTerms;
use crate::time::Timestamp;

/// A label's GUID, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelId(String);

impl LabelId {
    /// Reads `8-4-4-4-12` hex digits, in any case, with or without braces.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('{').trim_end_matches('}');
        let shape = |(at, byte): (usize, u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        let valid = text.len() == 36 && text.bytes().enumerate().all(shape);
        valid.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The GUID in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for LabelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A classification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its GUID.
    pub id: LabelId,
    /// Its unique name.
    pub name: String,
    /// The name of the label it stands under.
    pub parent: Option<String>,
    /// The higher, the more sensitive.
    pub priority: u32,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// What a person is told about it.
    pub tooltip: Option<String>,
    /// How mail with this label is sealed for readers outside.
    pub seal_outside: Option<SealTerms>,
}

/// All labels, by rising priority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Vec<Label>);

impl Labels {
    /// Orders the labels by priority; equal ones keep their order.
    pub fn new(mut labels: Vec<Label>) -> Self {
        labels.sort_by_key(|label| label.priority);
        Self(labels)
    }

    /// The label with this id.
    pub fn get(&self, id: &LabelId) -> Option<&Label> {
        self.0.iter().find(|label| label.id == *id)
    }

    /// The label with exactly this name.
    pub fn by_name(&self, name: &str) -> Option<&Label> {
        self.0.iter().find(|label| label.name == name)
    }

    /// The more sensitive of two; an unknown id loses.
    pub fn higher<'a>(&self, a: &'a LabelId, b: &'a LabelId) -> &'a LabelId {
        let priority = |id| self.get(id).map(|label| label.priority);
        if priority(b) > priority(a) { b } else { a }
    }

    /// Whether `a` is more sensitive than `b`; an unknown id is less than any.
    pub fn is_higher(&self, a: &LabelId, b: &LabelId) -> bool {
        let priority = |id| self.get(id).map(|label| label.priority);
        priority(a) > priority(b)
    }

    /// The label that `id` stands under.
    pub fn parent(&self, id: &LabelId) -> Option<&Label> {
        self.by_name(self.get(id)?.parent.as_deref()?)
    }

    /// The labels directly under `id`, by rising priority.
    pub fn sublabels<'a>(&'a self, id: &LabelId) -> impl Iterator<Item = &'a Label> {
        let name = self.get(id).map(|label| label.name.as_str());
        self.0
            .iter()
            .filter(move |label| name.is_some() && label.parent.as_deref() == name)
    }

    /// Whether `id` is a heading for others; such a label is not put on mail.
    pub fn has_sublabels(&self, id: &LabelId) -> bool {
        self.sublabels(id).next().is_some()
    }

    /// Whether two labels stand under the same parent.
    pub fn are_siblings(&self, a: &LabelId, b: &LabelId) -> bool {
        let parent = |id| self.get(id).and_then(|label| label.parent.as_deref());
        parent(a).is_some() && parent(a) == parent(b)
    }

    /// Every label, by rising priority.
    pub fn iter(&self) -> std::slice::Iter<'_, Label> {
        self.0.iter()
    }
}

/// How a label came to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By default or by a rule.
    Standard,
    /// By a person.
    Privileged,
}

impl Method {
    /// `Standard`, `Privileged`, and the `Auto` of newer writers, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "standard" | "auto" => Some(Self::Standard),
            "privileged" => Some(Self::Privileged),
            _ => None,
        }
    }

    /// As `msip_labels` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Privileged => "Privileged",
        }
    }
}

/// Reads the labels of a message; `site` is our organisation's id. Other schemes than `msip_labels`
/// are told as statements, and mean nothing without a table: see [`Reader`].
pub fn read(message: &Message<'_>, site: Option<&str>, labels: &Labels) -> Reading {
    let mapping = Mapping::default();
    let reader = Reader {
        site,
        labels,
        mapping: &mapping,
    };
    reader.read(message)
}

/// The edits that put `label` on a message, in Exchange's form.
pub fn write(
    label: &Label,
    site: &str,
    set_at: Timestamp,
    action_id: &str,
    method: Method,
) -> Vec<Edit> {
    let value = msip::value(label, site, set_at, action_id, method, 0);
    vec![Edit::SetHeader {
        name: msip::HEADER.into(),
        value,
    }]
}
