//! The labels a file carries inside.
//!
//! It never says "no label" of a file it could not read: that is [`State::Unknown`].

use std::fmt;

use mail::label::LabelId;
use mail::label::msip::{MsipLabel, MsipLabels};

use crate::archive::Budget;
use crate::{Kind, inside, kind};

/// Where in a file a label stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// `docMetadata/LabelInfo.xml`, or the stream of that name in an encrypted file.
    LabelInfo,
    /// Custom properties: Office Open XML, OpenDocument, Office 97-2003, Rich Text; in PDF the
    /// Info dictionary and XMP.
    Properties,
}

/// One label found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLabel {
    /// The label's GUID.
    pub id: LabelId,
    /// The tenant that set it, in lower case.
    pub site: Option<String>,
    /// False when the file says that the label is switched off.
    pub enabled: bool,
    /// True when the file remembers that the label was taken off.
    pub removed: bool,
    /// The name the file gives it. Never compared with anything.
    pub name: Option<String>,
    /// Where it stood.
    pub source: Source,
    /// True when the file also has a label of the same site in the newer place, which counts.
    pub superseded: bool,
}

impl DocumentLabel {
    /// True when the file is labelled with it today.
    pub fn in_effect(&self) -> bool {
        self.enabled && !self.removed && !self.superseded
    }
}

/// Whether the labels of a file could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// All of them were.
    Known,
    /// There may be more than those listed.
    Unknown(Reason),
    /// Not a kind of file in which labels are looked for.
    NotADocument,
}

/// Why the labels of a file are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Closed with a password or by rights management.
    Encrypted,
    /// Its structure is broken.
    Damaged,
    /// Two readers could see two different files in it.
    Inconsistent,
    /// More entries or properties than a limit allows.
    TooManyEntries,
    /// A part is larger than a limit allows.
    EntryTooLarge,
    /// It grows beyond a limit when inflated.
    InflatesTooMuch,
    /// Archives inside archives, deeper than a limit allows.
    TooDeep,
    /// A part is not well-formed XML, or holds a document type.
    Xml,
    /// A part has more elements or attributes than a limit allows.
    XmlTooLarge,
    /// Compressed or split in a way that is not read here.
    Unsupported,
}

impl Reason {
    /// The stable word for rules, logs and the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Encrypted => "encrypted",
            Reason::Damaged => "damaged",
            Reason::Inconsistent => "inconsistent",
            Reason::TooManyEntries => "too-many-entries",
            Reason::EntryTooLarge => "entry-too-large",
            Reason::InflatesTooMuch => "inflates-too-much",
            Reason::TooDeep => "too-deep",
            Reason::Xml => "xml",
            Reason::XmlTooLarge => "xml-too-large",
            Reason::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Encrypted => "the file is encrypted",
            Reason::Damaged => "the file is damaged",
            Reason::Inconsistent => "the file can be read in two ways",
            Reason::TooManyEntries => "the file has too many entries",
            Reason::EntryTooLarge => "a part of the file is too large",
            Reason::InflatesTooMuch => "the file inflates too much",
            Reason::TooDeep => "archives are nested too deeply",
            Reason::Xml => "a part of the file is not sound XML",
            Reason::XmlTooLarge => "a part of the file has too many elements",
            Reason::Unsupported => "the file uses a method that is not read here",
        })
    }
}

/// The labels of a file and of the documents archived in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLabels {
    /// Every label found, those not in effect included.
    pub labels: Vec<DocumentLabel>,
    /// Whether these are all.
    pub state: State,
}

impl DocumentLabels {
    /// The labels that hold today.
    pub fn in_effect(&self) -> impl Iterator<Item = &DocumentLabel> {
        self.labels.iter().filter(|label| label.in_effect())
    }
}

/// Reads the labels inside a file. Total: any bytes give an answer, within the limits of
/// [`limits`](crate::limits).
///
/// ```
/// let answer = documents::read_labels(b"Dear Ann, ...");
/// assert_eq!(answer.state, documents::State::NotADocument);
/// ```
pub fn read_labels(bytes: &[u8]) -> DocumentLabels {
    let mut found = Findings::default();
    inside::read_file(bytes, &mut Budget::new(), &mut found);
    let state = found.state();
    DocumentLabels {
        labels: found.labels,
        state,
    }
}

/// As [`read_labels`], without the labels of files that are attached to a PDF; and whether the
/// file, although its label stands in clear, is closed.
pub(crate) fn read_own_labels(bytes: &[u8]) -> (DocumentLabels, bool) {
    if kind(bytes) != Kind::Pdf {
        return (read_labels(bytes), false);
    }
    let mut found = Findings::default();
    let own = inside::read_pdf(bytes, &mut Budget::new(), &mut found);
    let state = found.state();
    found.labels.truncate(own.labels);
    let labels = found.labels;
    (DocumentLabels { labels, state }, own.is_closed)
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Findings {
    labels: Vec<DocumentLabel>,
    reason: Option<Reason>,
    documents: usize,
}

impl Findings {
    fn state(&self) -> State {
        match (self.reason, self.documents) {
            (Some(reason), _) => State::Unknown(reason),
            (None, 0) => State::NotADocument,
            (None, _) => State::Known,
        }
    }

    /// The first reason stands: it is the one nearest to the file as it came.
    pub(crate) fn unknown(&mut self, reason: Reason) {
        self.reason.get_or_insert(reason);
    }

    /// Adds the labels of one document.
    pub(crate) fn document(&mut self, mut labels: Vec<DocumentLabel>) {
        supersede(&mut labels);
        self.labels.append(&mut labels);
        self.documents += 1;
    }
}

/// MIP SDK, "metadata": the new place is read first, the properties only for want of it. Office
/// leaves old properties behind, so they must not count beside the new label of the same site.
fn supersede(labels: &mut [DocumentLabel]) {
    let newer: Vec<Option<String>> = labels
        .iter()
        .filter(|label| label.source == Source::LabelInfo)
        .map(|label| label.site.clone())
        .collect();
    for label in labels
        .iter_mut()
        .filter(|label| label.source == Source::Properties)
    {
        label.superseded = newer.contains(&label.site);
    }
}

/// The labels that named texts speak of.
pub(crate) fn from_properties(
    properties: &[(String, String)],
) -> Result<Vec<DocumentLabel>, Reason> {
    let mut pairs = MsipLabels::default();
    for (name, value) in properties {
        pairs.add(name, value);
    }
    from_pairs(&pairs)
}

/// The labels that properties speak of.
pub(crate) fn from_pairs(pairs: &MsipLabels) -> Result<Vec<DocumentLabel>, Reason> {
    if pairs.overflowed() {
        return Err(Reason::TooManyEntries);
    }
    Ok(pairs.iter().map(from_msip).collect())
}

fn from_msip(label: &MsipLabel) -> DocumentLabel {
    DocumentLabel {
        id: label.id.clone(),
        site: label.site().map(str::to_owned),
        enabled: label.in_effect(),
        removed: false,
        name: label.name.clone(),
        source: Source::Properties,
        superseded: false,
    }
}
