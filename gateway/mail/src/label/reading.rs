//! The labels of a message, read from its top header in every scheme.
//!
//! It never reads the header of a part or of a message inside: a nested label is not this
//! message's.

use super::epms::{self, ProtectiveMarking};
use super::mapping::{Mapping, Meaning, Scheme};
use super::msip::{self, MsipLabel, MsipLabels};
use super::sensitivity::{Importance, Sensitivity};
use super::sio::{self, SioLabel};
use super::tlp::{self, Tlp};
use super::{LabelId, Labels, Method, vendor};
use crate::message::{Field, Message};

/// Statements of one message that are kept.
pub const STATEMENTS_MAX: usize = 256;

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

/// One thing a message says about itself, in one scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The field it stands in, in lower case.
    pub field: String,
    /// What it says.
    pub meaning: Meaning,
    /// The label of ours that it means, where a table says so.
    pub label: Option<LabelId>,
}

/// What labels a message carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The highest known label of our site that any statement means.
    pub own: Option<LabelId>,
    /// How it was set, where the message says so.
    pub method: Option<Method>,
    /// Labels of others, and labels of ours that no file defines.
    pub foreign: Vec<Foreign>,
    /// Labels that were read and must not count; see [`Outside`].
    pub ignored: Vec<Foreign>,
    /// Everything that was said, in order.
    pub statements: Vec<Statement>,
    /// Where statements disagreed, one sentence each; the strictest won. Meant for the audit.
    pub conflicts: Vec<String>,
    /// Fields that look like labels and are none.
    pub lookalikes: Vec<String>,
    /// There was more than a limit lets be read. What was not read might be anything, so `own` is
    /// then the highest label there is.
    pub truncated: bool,
}

/// What is done with labels that arrive on an outside listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// They stay in the message and count for nothing.
    #[default]
    Ignore,
    /// They count as labels of another organisation, also where they claim to be ours.
    Keep,
    /// They count as ours where they name one of ours or a table maps them.
    Map,
    /// They count for nothing and are taken out of the message, by
    /// [`removal`](super::writing::removal), once DKIM was verified.
    Remove,
}

impl Reading {
    /// This reading, for a message that came from outside.
    pub fn from_outside(mut self, treatment: Outside) -> Self {
        if treatment == Outside::Map {
            return self;
        }
        let claimed = self
            .statements
            .iter()
            .filter_map(|statement| statement.label.as_ref());
        let mut claimed: Vec<Foreign> = claimed
            .map(|id| Foreign {
                id: id.clone(),
                site: None,
                name: None,
            })
            .collect();
        claimed.dedup();
        self.foreign.append(&mut claimed);
        self.own = None;
        self.method = None;
        // What does not count cannot disagree.
        self.conflicts.clear();
        if treatment != Outside::Keep {
            self.ignored = std::mem::take(&mut self.foreign);
        }
        self
    }
}

/// What a reading needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// Our organisation's id, as `SiteId` has it.
    pub site: Option<&'a str>,
    /// Our labels.
    pub labels: &'a Labels,
    /// What other schemes mean.
    pub mapping: &'a Mapping,
}

impl Reader<'_> {
    /// Reads every scheme: the fields known here, those that the table names, and a subject for
    /// markings and colours.
    pub fn read(&self, message: &Message<'_>) -> Reading {
        let mut reading = Reading::default();
        self.read_msip(message, &mut reading);
        let schemes = self.mapping.schemes();
        for field in message.fields() {
            if reading.statements.len() >= STATEMENTS_MAX {
                reading
                    .conflicts
                    .push("too many statements to read all of them".to_owned());
                reading.truncated = true;
                break;
            }
            for meaning in meanings(message, field, &schemes) {
                self.state(message, field, meaning, &mut reading);
            }
        }
        if reading.truncated {
            reading.own = self.labels.iter().last().map(|label| label.id.clone());
            reading.method = None;
        }
        self.note_conflicts(&mut reading);
        reading
    }

    fn read_msip(&self, message: &Message<'_>, reading: &mut Reading) {
        let found = gather(message, &mut reading.lookalikes);
        if found.overflowed() {
            reading
                .conflicts
                .push("too many labels to read all of them".to_owned());
            reading.truncated = true;
        }
        let site = self.site.map(str::to_ascii_lowercase);
        for label in found.iter().filter(|label| label.in_effect()) {
            if label.contradicts {
                reading
                    .conflicts
                    .push(format!("label {} is described in two ways", label.id));
            }
            if !is_own(label, site.as_deref()) || self.labels.get(&label.id).is_none() {
                reading.foreign.push(Foreign {
                    id: label.id.clone(),
                    site: label.site().map(str::to_owned),
                    name: label.name.clone(),
                });
                continue;
            }
            reading.statements.push(Statement {
                field: msip::HEADER.to_owned(),
                meaning: Meaning::Msip(label.id.clone()),
                label: Some(label.id.clone()),
            });
            self.take(&label.id, label.method, reading);
        }
    }

    fn state(&self, message: &Message<'_>, field: &Field, meaning: Meaning, reading: &mut Reading) {
        let candidates = self.mapping.labels_of(&meaning);
        let label = candidates
            .into_iter()
            .reduce(|a, b| self.labels.higher(a, b))
            .cloned();
        if let Some(label) = &label {
            self.take(label, None, reading);
        }
        let field = message.field_name(field).to_ascii_lowercase();
        reading.statements.push(Statement {
            field,
            meaning,
            label,
        });
    }

    /// The strictest statement wins.
    fn take(&self, id: &LabelId, method: Option<Method>, reading: &mut Reading) {
        let higher = match &reading.own {
            Some(present) => self.labels.higher(present, id) == id && present != id,
            None => true,
        };
        if higher {
            reading.own = Some(id.clone());
            reading.method = method;
        }
    }

    fn note_conflicts(&self, reading: &mut Reading) {
        let Some(own) = &reading.own else { return };
        for statement in &reading.statements {
            let Some(label) = &statement.label else {
                continue;
            };
            if label != own {
                let scheme = statement.meaning.scheme();
                let (strict, mild) = (self.name(own), self.name(label));
                let sentence = format!("{scheme} says {mild}, another statement {strict}");
                if !reading.conflicts.contains(&sentence) {
                    reading.conflicts.push(sentence);
                }
            }
        }
    }

    fn name(&self, id: &LabelId) -> String {
        self.labels
            .get(id)
            .map_or_else(|| id.to_string(), |label| format!("`{}`", label.name))
    }
}

/// Whether anything in the header could be read as a label: cheap, and never wrong about "nothing".
pub fn may_be_labelled(message: &Message<'_>, mapping: &Mapping) -> bool {
    let schemes = mapping.schemes();
    message.fields().iter().any(|field| {
        let name = message.field_name(field);
        if name.eq_ignore_ascii_case("Subject") {
            return !meanings(message, field, &schemes).is_empty();
        }
        let standard = [msip::HEADER, epms::HEADER, sio::HEADER, tlp::HEADER];
        let mut fields = standard
            .into_iter()
            .chain(schemes.iter().filter_map(Scheme::field));
        fields.any(|label| name.eq_ignore_ascii_case(label)) || msip::is_attribute(name)
    })
}

/// What one field says, in whatever scheme it belongs to.
pub(super) fn meanings(message: &Message<'_>, field: &Field, schemes: &[Scheme]) -> Vec<Meaning> {
    let name = message.field_name(field);
    let text = || message.field_text(field);
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if is("Subject") {
        let subject = text();
        let tlps = Tlp::find(&subject).into_iter().map(Meaning::Tlp);
        let markings = ProtectiveMarking::find(&subject);
        return tlps
            .chain(markings.into_iter().map(Meaning::ProtectiveMarking))
            .collect();
    }
    let one = if is(epms::HEADER) {
        ProtectiveMarking::parse(&text()).map(Meaning::ProtectiveMarking)
    } else if is(sio::HEADER) {
        SioLabel::parse(message.field_value(field)).map(Meaning::Sio)
    } else if is(tlp::HEADER) {
        Tlp::parse(&text()).map(Meaning::Tlp)
    } else if is(Sensitivity::HEADER) {
        Sensitivity::parse(&text()).map(Meaning::Sensitivity)
    } else if is(Importance::HEADER) {
        Importance::parse(&text()).map(Meaning::Importance)
    } else {
        return vendor_meanings(name, text, schemes);
    };
    one.into_iter().collect()
}

/// Fields of other products are read only when the table names them.
fn vendor_meanings(name: &str, text: impl Fn() -> String, schemes: &[Scheme]) -> Vec<Meaning> {
    let is_named = |scheme: &Scheme| match scheme {
        Scheme::Header(field) => field.eq_ignore_ascii_case(name),
        _ => false,
    };
    if !schemes.iter().any(is_named) {
        return Vec::new();
    }
    let values = vendor::values(vendor::form(name), &text());
    let name = name.to_ascii_lowercase();
    values
        .into_iter()
        .map(|value| Meaning::Header {
            name: name.clone(),
            value,
        })
        .collect()
}

/// Every pair of the header: those of `msip_labels`, however many fields there are, and those that
/// stand in a field of their own.
pub(super) fn gather(message: &Message<'_>, lookalikes: &mut Vec<String>) -> MsipLabels {
    let mut found = MsipLabels::default();
    for field in message.fields() {
        let name = message.field_name(field);
        let whole = name.eq_ignore_ascii_case(msip::HEADER);
        if !whole && !msip::is_attribute(name) {
            continue;
        }
        let value = unfold(message.field_value(field));
        // RFC 5322 §4.5.8 lets blanks stand before the colon. No writer of labels does that, and
        // readers differ about it, so it is no label; nor is a list hidden in encoded words.
        if message.raw().get(field.name.end) != Some(&b':') {
            lookalikes.push(name.to_owned());
        } else if !whole {
            found.add(name, &value);
        } else if found.read_pairs(&value) == 0 && !value.trim().is_empty() {
            lookalikes.push(name.to_owned());
        }
    }
    found
}

/// RFC 5322 §2.2.3: unfolding removes the line break and nothing else. A key in an encoded word is
/// no key, so nothing is decoded; bytes that are not UTF-8 can only stand in a name.
pub(super) fn unfold(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect()
}

/// A label is ours when its site is. One that names no site counts as ours by its GUID alone: that
/// is the stricter reading, since a GUID of ours is nobody else's.
pub(super) fn is_own(label: &MsipLabel, site: Option<&str>) -> bool {
    match site {
        Some(site) if !label.sites.is_empty() => label.sites.iter().any(|other| other == site),
        _ => true,
    }
}
