//! Which label of ours a statement in another scheme means, and how ours is written there.
//!
//! The table is text that the caller read from a file; nothing here opens one.
//!
//! ```text
//! # scheme [field]        value                                   -> label
//! tlp                     RED                                     -> Secret
//! protective-marking      PROTECTED                               -> Secret
//! protective-marking      SEC=OFFICIAL:Sensitive, ACCESS=Legal-Privilege -> Confidential
//! sio                     marking="EXAMPLE SECRET"; type=":ess"; label="MQYGASkCAQM=" -> Secret
//! sensitivity             Company-Confidential                    -> Confidential
//! header X-Classification Internal Only                           -> Internal
//! write protective-marking both
//! ```
//!
//! Any number of values may mean one label; the first of a scheme is the one that is written.

use std::fmt;
use std::ops::Range;

use super::epms::{self, ProtectiveMarking};
use super::sensitivity::{Importance, Sensitivity};
use super::sio::{self, SioLabel};
use super::tlp::{self, Tlp};
use super::{Label, LabelId, Labels};

/// A way to say in mail how sensitive it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Microsoft's `msip_labels`.
    Msip,
    /// The Australian `X-Protective-Marking`.
    ProtectiveMarking,
    /// `SIO-Label`, RFC 7444.
    Sio,
    /// The Traffic Light Protocol.
    Tlp,
    /// `Sensitivity`, RFC 2156.
    Sensitivity,
    /// `Importance`, RFC 2156.
    Importance,
    /// A field of another product, in lower case.
    Header(String),
}

impl Scheme {
    /// The field it stands in; `msip_labels` is read and written apart.
    pub fn field(&self) -> Option<&str> {
        match self {
            Scheme::Msip => None,
            Scheme::ProtectiveMarking => Some(epms::HEADER),
            Scheme::Sio => Some(sio::HEADER),
            Scheme::Tlp => Some(tlp::HEADER),
            Scheme::Sensitivity => Some(Sensitivity::HEADER),
            Scheme::Importance => Some(Importance::HEADER),
            Scheme::Header(name) => Some(name),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scheme::Msip => f.write_str("msip"),
            Scheme::ProtectiveMarking => f.write_str("protective-marking"),
            Scheme::Sio => f.write_str("sio"),
            Scheme::Tlp => f.write_str("tlp"),
            Scheme::Sensitivity => f.write_str("sensitivity"),
            Scheme::Importance => f.write_str("importance"),
            Scheme::Header(name) => write!(f, "header {name}"),
        }
    }
}

/// One statement in one scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A GUID.
    Msip(LabelId),
    /// A protective marking.
    ProtectiveMarking(ProtectiveMarking),
    /// A security label.
    Sio(SioLabel),
    /// A colour.
    Tlp(Tlp),
    /// Who should see it.
    Sensitivity(Sensitivity),
    /// How soon.
    Importance(Importance),
    /// A value of another product's field.
    Header {
        /// The field, in lower case.
        name: String,
        /// The value, or `name=value`.
        value: String,
    },
}

impl Meaning {
    /// The scheme it belongs to.
    pub fn scheme(&self) -> Scheme {
        match self {
            Meaning::Msip(_) => Scheme::Msip,
            Meaning::ProtectiveMarking(_) => Scheme::ProtectiveMarking,
            Meaning::Sio(_) => Scheme::Sio,
            Meaning::Tlp(_) => Scheme::Tlp,
            Meaning::Sensitivity(_) => Scheme::Sensitivity,
            Meaning::Importance(_) => Scheme::Importance,
            Meaning::Header { name, .. } => Scheme::Header(name.clone()),
        }
    }

    /// How well what was found fits what a table names: nothing, or the more, the more it names.
    fn fit(&self, found: &Meaning) -> Option<usize> {
        match (self, found) {
            (Meaning::ProtectiveMarking(wanted), Meaning::ProtectiveMarking(found)) => {
                found.satisfies(wanted).then(|| wanted.weight())
            }
            (Meaning::Sio(wanted), Meaning::Sio(found)) => found.matches(wanted).then_some(1),
            (
                Meaning::Header { name, value },
                Meaning::Header {
                    name: other,
                    value: found,
                },
            ) => {
                let same =
                    name.eq_ignore_ascii_case(other) && found.trim().eq_ignore_ascii_case(value);
                same.then_some(1)
            }
            _ => (self == found).then_some(1),
        }
    }
}

/// Where a scheme is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// Only read.
    Nowhere,
    /// In its field.
    Header,
    /// In the subject.
    Subject,
    /// In both.
    Both,
}

impl Places {
    /// Whether its field is written.
    pub fn header(self) -> bool {
        matches!(self, Places::Header | Places::Both)
    }

    /// Whether the subject is written.
    pub fn subject(self) -> bool {
        matches!(self, Places::Subject | Places::Both)
    }
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    entries: Vec<(Meaning, LabelId)>,
    places: Vec<(Scheme, Places)>,
}

/// One mistake in a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct MappingError {
    /// Counted from 1.
    pub line: usize,
    /// The words it is about, in bytes of the table.
    pub at: Range<usize>,
    /// What is wrong.
    pub fault: MappingFault,
}

/// What can be wrong with a line of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingFault {
    /// There is no `->`.
    #[error("this line names no label")]
    NoLabel,
    /// No label has this name or id.
    #[error("there is no label `{0}`")]
    UnknownLabel(String),
    /// A scheme stands alone.
    #[error("a value is missing")]
    NoValue,
    /// Not a scheme that is known.
    #[error("`{0}` is no scheme")]
    UnknownScheme(String),
    /// The scheme has no such value.
    #[error("`{value}` is no value of {scheme}")]
    NotAValue {
        /// The scheme.
        scheme: String,
        /// What was written.
        value: String,
    },
    /// Not a field that can stand in mail, or one whose own meaning a label would destroy.
    #[error("`{0}` is no header field that can carry a label")]
    NotAField(String),
    /// Two lines give one value different labels.
    #[error("`{0}` means two labels")]
    TwoLabels(String),
    /// `write SCHEME` says not where.
    #[error("a place is missing")]
    NoPlace,
    /// Not a place.
    #[error("`{0}` is no place to write in")]
    UnknownPlace(String),
    /// Only two schemes have a form for subjects.
    #[error("{0} has no form for a subject")]
    NoSubjectForm(Scheme),
}

/// The words in question, and what is wrong with them.
type Fault<'t> = (&'t str, MappingFault);

impl Mapping {
    /// Reads a table. Labels are named by name or GUID.
    ///
    /// # Errors
    /// Every mistake at once, each with its line.
    pub fn parse(text: &str, labels: &Labels) -> Result<Self, Vec<MappingError>> {
        let mut mapping = Self::default();
        let mut mistakes = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Err((words, fault)) = mapping.read_line(line, labels) {
                // The words are a slice of the text, so their places differ by what lies between.
                let start = words.as_ptr() as usize - text.as_ptr() as usize;
                mistakes.push(MappingError {
                    line: number + 1,
                    at: start..start + words.len(),
                    fault,
                });
            }
        }
        if mistakes.is_empty() {
            Ok(mapping)
        } else {
            Err(mistakes)
        }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn read_line<'t>(&mut self, line: &'t str, labels: &Labels) -> Result<(), Fault<'t>> {
        if let Some(rest) = line.strip_prefix("write ") {
            return self.read_places(rest.trim());
        }
        let (left, name) = line
            .rsplit_once("->")
            .ok_or((line, MappingFault::NoLabel))?;
        let (left, name) = (left.trim(), name.trim());
        let label = LabelId::parse(name)
            .and_then(|id| labels.get(&id))
            .or_else(|| labels.by_name(name))
            .ok_or_else(|| match name {
                "" => (line, MappingFault::NoLabel),
                name => (name, MappingFault::UnknownLabel(name.to_owned())),
            })?;
        let meaning = match left.split_once(char::is_whitespace) {
            Some((scheme, value)) => read_meaning(scheme, value.trim())?,
            None => {
                read_scheme(left)?;
                return Err((left, MappingFault::NoValue));
            }
        };
        let twin = self.entries.iter().find(|(known, _)| *known == meaning);
        if twin.is_some_and(|(_, other)| *other != label.id) {
            return Err((left, MappingFault::TwoLabels(one_blank(left))));
        }
        self.entries.push((meaning, label.id.clone()));
        Ok(())
    }

    fn read_places<'t>(&mut self, text: &'t str) -> Result<(), Fault<'t>> {
        let (scheme, places) = text
            .rsplit_once(char::is_whitespace)
            .ok_or((text, MappingFault::NoPlace))?;
        let scheme = read_scheme(scheme.trim())?;
        let read = match places {
            "nowhere" => Places::Nowhere,
            "header" => Places::Header,
            "subject" => Places::Subject,
            "both" => Places::Both,
            other => return Err((places, MappingFault::UnknownPlace(other.to_owned()))),
        };
        if read.subject() && !matches!(scheme, Scheme::ProtectiveMarking | Scheme::Tlp) {
            return Err((places, MappingFault::NoSubjectForm(scheme)));
        }
        self.places.push((scheme, read));
        Ok(())
    }

    /// Every label that a statement may mean: those of the entries that fit it best.
    pub fn labels_of<'a>(&'a self, found: &Meaning) -> Vec<&'a LabelId> {
        let fits: Vec<(usize, &LabelId)> = self
            .entries
            .iter()
            .filter_map(|(wanted, label)| Some((wanted.fit(found)?, label)))
            .collect();
        let best = fits.iter().map(|(weight, _)| *weight).max();
        fits.into_iter()
            .filter(|(weight, _)| Some(*weight) == best)
            .map(|(_, id)| id)
            .collect()
    }

    /// How a label is written in each scheme that knows it: the first value of each.
    pub fn meanings_of(&self, label: &Label) -> Vec<&Meaning> {
        let mut found: Vec<&Meaning> = Vec::new();
        for (meaning, id) in &self.entries {
            let scheme = meaning.scheme();
            if *id == label.id && !found.iter().any(|other| other.scheme() == scheme) {
                found.push(meaning);
            }
        }
        found
    }

    /// Where a scheme is written: in its field, unless the table says otherwise.
    pub fn places(&self, scheme: &Scheme) -> Places {
        let named = self.places.iter().rev().find(|(known, _)| known == scheme);
        named.map_or(Places::Header, |(_, places)| *places)
    }

    /// Every scheme of the table.
    pub fn schemes(&self) -> Vec<Scheme> {
        let mut found: Vec<Scheme> = Vec::new();
        for (meaning, _) in &self.entries {
            let scheme = meaning.scheme();
            if !found.contains(&scheme) {
                found.push(scheme);
            }
        }
        found
    }
}

fn read_scheme(text: &str) -> Result<Scheme, Fault<'_>> {
    match text {
        "protective-marking" => Ok(Scheme::ProtectiveMarking),
        "sio" => Ok(Scheme::Sio),
        "tlp" => Ok(Scheme::Tlp),
        "sensitivity" => Ok(Scheme::Sensitivity),
        "importance" => Ok(Scheme::Importance),
        _ => match text.strip_prefix("header ").map(str::trim) {
            Some(name) => read_field(name).map(Scheme::Header),
            None => Err((text, MappingFault::UnknownScheme(text.to_owned()))),
        },
    }
}

fn read_meaning<'t>(scheme: &'t str, value: &'t str) -> Result<Meaning, Fault<'t>> {
    let odd = || {
        let (scheme, text) = (scheme.to_owned(), value.to_owned());
        (
            value,
            MappingFault::NotAValue {
                scheme,
                value: text,
            },
        )
    };
    match scheme {
        "protective-marking" => {
            let plain = !value.contains('=');
            let text = if plain {
                format!("SEC={value}")
            } else {
                value.to_owned()
            };
            ProtectiveMarking::parse(&text)
                .map(Meaning::ProtectiveMarking)
                .ok_or_else(odd)
        }
        "sio" => SioLabel::parse(value.as_bytes())
            .filter(|label| label.label.is_some() || label.marking.is_some())
            .map(Meaning::Sio)
            .ok_or_else(odd),
        "tlp" => Tlp::parse(value).map(Meaning::Tlp).ok_or_else(odd),
        "sensitivity" => Sensitivity::parse(value)
            .map(Meaning::Sensitivity)
            .ok_or_else(odd),
        "importance" => Importance::parse(value)
            .map(Meaning::Importance)
            .ok_or_else(odd),
        "header" => {
            let (name, value) = value
                .split_once(char::is_whitespace)
                .ok_or((value, MappingFault::NoValue))?;
            let (name, value) = (read_field(name)?, value.trim().to_owned());
            Ok(Meaning::Header { name, value })
        }
        _ => Err((scheme, MappingFault::UnknownScheme(scheme.to_owned()))),
    }
}

/// Fields that say what a letter is, whence it comes and where it goes (RFC 5322 §3.6, RFC 2045,
/// RFC 8601), and those that are written by a scheme of their own. Writing a label there, or taking
/// it out of mail from outside, would destroy the field.
const TAKEN_FIELDS: [&str; 25] = [
    "apparently-to",
    "authentication-results",
    "bcc",
    "cc",
    "date",
    "delivered-to",
    "disposition-notification-to",
    "domainkey-signature",
    "errors-to",
    "from",
    "importance",
    "in-reply-to",
    "message-id",
    "mime-version",
    "msip_labels",
    "references",
    "reply-to",
    "return-path",
    "return-receipt-to",
    "sender",
    "sensitivity",
    "subject",
    "to",
    "x-protective-marking",
    "x-tlp",
];

/// Beginnings of such fields' names.
const TAKEN_BEGINNINGS: [&str; 10] = [
    "arc-",
    "content-",
    "dkim-",
    "list-",
    "msip_label_",
    "original-",
    "received",
    "resent-",
    "sio-label",
    "x-sealgate-",
];

fn read_field(name: &str) -> Result<String, Fault<'_>> {
    let lower = name.to_ascii_lowercase();
    let is_taken = TAKEN_FIELDS.contains(&lower.as_str())
        || TAKEN_BEGINNINGS.iter().any(|head| lower.starts_with(head));
    match crate::edit::is_writable_field(name) && !is_taken {
        true => Ok(lower),
        false => Err((name, MappingFault::NotAField(name.to_owned()))),
    }
}

fn one_blank(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
