//! Classification labels: what they are, and how mail carries them.
//!
//! It never trusts where a label came from: that is the policy's to judge.

pub mod msip;
mod reading;

use crate::edit::Edit;
use crate::marking::Marking;
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
    /// Text above the letter.
    pub header: Option<Marking>,
    /// Text below the letter.
    pub footer: Option<Marking>,
    /// Words put before the subject.
    pub subject_tag: Option<String>,
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

    /// Every label, by rising priority.
    pub fn iter(&self) -> std::slice::Iter<'_, Label> {
        self.0.iter()
    }
}

/// A label of another organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The label's id.
    pub id: LabelId,
    /// The other organisation's id.
    pub site: Option<String>,
    /// The name it gave.
    pub name: Option<String>,
}

/// What labels a message carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The highest known label of our site.
    pub own: Option<LabelId>,
    /// Labels of others, and labels of ours that no file defines.
    pub foreign: Vec<Foreign>,
    /// Where fields disagreed, one sentence each.
    pub conflicts: Vec<String>,
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

/// Reads `msip_labels`. `site` is our organisation's id.
pub fn read(message: &Message<'_>, site: Option<&str>, labels: &Labels) -> Reading {
    reading::read(message, site, labels)
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
