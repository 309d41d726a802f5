//! Classification labels: what they are, and how mail carries them.
//!
//! It never trusts where a label came from: that is the policy's to judge.

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

/// Reads `msip_labels`. `site` is our organisation's id.
pub fn read(message: &Message<'_>, site: Option<&str>, labels: &Labels) -> Reading {
    let mut reading = Reading::default();
    for field in message.fields_named("msip_labels") {
        let text = message.field_text(field);
        for found in entries(&text) {
            let ours = site.is_none()
                || found.site.as_deref() == site.map(str::to_ascii_lowercase).as_deref();
            if !ours || labels.get(&found.id).is_none() {
                reading.foreign.push(found);
                continue;
            }
            if let Some(present) = reading.own.take().filter(|present| *present != found.id) {
                reading
                    .conflicts
                    .push(format!("labels {present} and {} both stand", found.id));
                reading.own = Some(labels.higher(&present, &found.id).clone());
            } else {
                reading.own = Some(found.id);
            }
        }
    }
    reading
}

fn entries(text: &str) -> Vec<Foreign> {
    let mut found: Vec<(Foreign, bool)> = Vec::new();
    for (name, value) in text.split(';').filter_map(|pair| pair.split_once('=')) {
        let name: String = name.split_whitespace().collect();
        let Some(rest) = name
            .get(..11)
            .filter(|p| p.eq_ignore_ascii_case("MSIP_Label_"))
            .map(|_| &name[11..])
        else {
            continue;
        };
        let Some((id, attribute)) = rest.split_once('_') else {
            continue;
        };
        let Some(id) = LabelId::parse(id) else {
            continue;
        };
        let at = found
            .iter()
            .position(|(entry, _)| entry.id == id)
            .unwrap_or_else(|| {
                found.push((
                    Foreign {
                        id,
                        site: None,
                        name: None,
                    },
                    false,
                ));
                found.len() - 1
            });
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        match attribute.to_ascii_lowercase().as_str() {
            "enabled" => found[at].1 = value.eq_ignore_ascii_case("true"),
            "siteid" => found[at].0.site = Some(value.to_ascii_lowercase()),
            "name" => found[at].0.name = Some(value),
            _ => {}
        }
    }
    found
        .into_iter()
        .filter(|(_, enabled)| *enabled)
        .map(|(entry, _)| entry)
        .collect()
}

/// The edits that put `label` on a message, in Exchange's form.
pub fn write(
    label: &Label,
    site: &str,
    set_at: Timestamp,
    action_id: &str,
    method: Method,
) -> Vec<Edit> {
    let method = match method {
        Method::Standard => "Standard",
        Method::Privileged => "Privileged",
    };
    let pairs = [
        ("Enabled", "true".to_owned()),
        ("SetDate", set_at.rfc3339()),
        ("Method", method.to_owned()),
        ("Name", label.name.clone()),
        ("SiteId", site.to_owned()),
        ("ActionId", action_id.to_owned()),
        ("ContentBits", "0".to_owned()),
    ];
    let pairs = pairs.map(|(key, value)| format!("MSIP_Label_{}_{key}={value};", label.id));
    vec![Edit::SetHeader {
        name: "msip_labels".into(),
        value: pairs.join(" "),
    }]
}
