//! Sets a label in an Office Open XML, OpenDocument or PDF file, or takes it off.
//!
//! It never changes a document that it could not read whole, one that is signed or encrypted, or
//! anything in it but what says which label the document has.

mod office;
mod open_document;
mod outline;
mod parts;
mod pdf;
mod script;
mod volume;

use std::fmt;

use mail::Timestamp;
use mail::label::msip::MsipLabels;
use mail::label::{LabelId, Method};

use crate::labels::read_own_labels;
use crate::limits::MEMBER_BYTES_MAX;
use crate::{DocumentLabel, Kind, Reason, Source, State};

/// Characters of a name; Office's own limit for a property.
const NAME_CHARS_MAX: usize = 255;

/// Whose labels are set and taken off.
#[derive(Debug, Clone, Copy)]
pub struct Tenant<'a> {
    /// The organisation's id, written as SiteId.
    pub site: &'a str,
    /// Its labels: one that names no site is the organisation's when it is among these.
    pub labels: &'a [LabelId],
}

impl Tenant<'_> {
    /// Whether a label that names these sites is the organisation's own.
    fn owns(&self, id: &LabelId, sites: &[String]) -> bool {
        match sites.is_empty() {
            true => self.labels.contains(id),
            false => sites
                .iter()
                .any(|site| site.eq_ignore_ascii_case(self.site)),
        }
    }

    /// Of the labels that these properties speak of, the organisation's own and the one that is
    /// set: those that make room for it.
    fn own_among<'p>(
        &self,
        properties: impl Iterator<Item = (&'p str, &'p str)>,
        label: Option<&NewLabel<'_>>,
    ) -> Vec<LabelId> {
        let mut pairs = MsipLabels::default();
        for (name, value) in properties {
            pairs.add(name, value);
        }
        let own = pairs.iter().filter(|own| {
            let same = label.is_some_and(|label| *label.id == own.id);
            same || self.owns(&own.id, &own.sites)
        });
        own.map(|own| own.id.clone()).collect()
    }
}

/// A label to set.
#[derive(Debug, Clone, Copy)]
pub struct NewLabel<'a> {
    /// Its GUID.
    pub id: &'a LabelId,
    /// Its name.
    pub name: &'a str,
    /// Whether a person chose it for this document.
    pub method: Method,
    /// When it is set.
    pub set_at: Timestamp,
    /// A fresh GUID for this act.
    pub action_id: &'a str,
}

impl NewLabel<'_> {
    fn pairs(&self, site: &str) -> [(&'static str, String); 7] {
        [
            ("Enabled", "true".to_owned()),
            ("SetDate", self.set_at.rfc3339()),
            ("Method", self.method.as_str().to_owned()),
            ("Name", self.name.chars().take(NAME_CHARS_MAX).collect()),
            ("SiteId", site.to_owned()),
            ("ActionId", self.action_id.to_owned()),
            // Nothing is marked or encrypted in the document.
            ("ContentBits", "0".to_owned()),
        ]
    }
}

/// Why a document was left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Left {
    /// A kind of file in which no label is set here.
    Kind,
    /// It is signed, and a change would break that.
    Signed,
    /// It is larger than is rewritten here.
    TooLarge,
    /// It cannot be read whole.
    Unread(Reason),
    /// Its relationships do not name the one place where its labels stand.
    Misplaced,
    /// Another organisation's label of the same GUID stands in its properties.
    Foreign,
    /// What was written does not read as it should.
    Unproved,
}

impl Left {
    /// The stable word for log and audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Left::Kind => "kind",
            Left::Signed => "signed",
            Left::TooLarge => "too-large",
            Left::Unread(reason) => reason.as_str(),
            Left::Misplaced => "misplaced",
            Left::Foreign => "foreign",
            Left::Unproved => "unproved",
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Left::Kind => f.write_str("labels are not set in files of this kind"),
            Left::Signed => f.write_str("the document is signed"),
            Left::TooLarge => f.write_str("the document is too large"),
            Left::Unread(reason) => reason.fmt(f),
            Left::Misplaced => f.write_str("readers would look for its label in different places"),
            Left::Foreign => f.write_str("another organisation's label stands in its place"),
            Left::Unproved => f.write_str("the changed document does not read as it should"),
        }
    }
}

impl From<Reason> for Left {
    fn from(reason: Reason) -> Self {
        Left::Unread(reason)
    }
}

/// Whether a label can be set in a document.
///
/// # Errors
/// See [`Left`].
pub fn takes_label(bytes: &[u8]) -> Result<(), Left> {
    Document::open(bytes).map(drop)
}

/// The labels in effect of a document in which one can be set that its readers do not see: those
/// of a PDF to which its cross-references do not lead. Labels of attached files are not its own.
///
/// # Errors
/// See [`Left`]: none can be set.
pub fn unseen_labels(bytes: &[u8]) -> Result<Vec<DocumentLabel>, Left> {
    let Document { found, format } = Document::open(bytes)?;
    let Format::Pdf(document) = format else {
        return Ok(Vec::new());
    };
    let mut unseen: Vec<_> = found.into_iter().filter(DocumentLabel::in_effect).collect();
    if !unseen.is_empty() {
        let seen = document.labels()?;
        let is_seen =
            |own: &DocumentLabel| seen.iter().any(|one| one.in_effect() && one.id == own.id);
        unseen.retain(|own| !is_seen(own));
    }
    Ok(unseen)
}

/// The document with this label in the place of any other of the organisation's. Labels of other
/// organisations and all else stay; every part but those that hold labels goes over byte for byte.
///
/// # Errors
/// See [`Left`]: the document is to be left as it is.
pub fn set_label(bytes: &[u8], tenant: &Tenant<'_>, label: &NewLabel<'_>) -> Result<Vec<u8>, Left> {
    let document = Document::open(bytes)?;
    // Properties are named by the GUID alone: there is room for one organisation's.
    let is_taken = |found: &DocumentLabel| {
        found.source == Source::Properties
            && found.id == *label.id
            && found.site.is_some()
            && !tenant.owns(&found.id, found.site.as_slice())
    };
    if document.found.iter().any(is_taken) {
        return Err(Left::Foreign);
    }
    let out = document.changed(tenant, Some(label))?;
    let out = out.unwrap_or_else(|| bytes.to_vec());
    prove(&document.found, &out, tenant, Some(label.id))?;
    Ok(out)
}

/// The document without the organisation's label; none when it has none.
///
/// # Errors
/// See [`Left`].
pub fn remove_label(bytes: &[u8], tenant: &Tenant<'_>) -> Result<Option<Vec<u8>>, Left> {
    let document = Document::open(bytes)?;
    let Some(out) = document.changed(tenant, None)? else {
        return Ok(None);
    };
    prove(&document.found, &out, tenant, None)?;
    Ok(Some(out))
}

/// A document that may be changed.
#[derive(Debug)]
struct Document<'a> {
    found: Vec<DocumentLabel>,
    format: Format<'a>,
}

/// How a document is written.
#[derive(Debug)]
enum Format<'a> {
    Office(office::Package<'a>),
    OpenDocument(open_document::Package<'a>),
    Pdf(pdf::Document<'a>),
}

impl<'a> Document<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Left> {
        if bytes.len() as u64 > MEMBER_BYTES_MAX {
            return Err(Left::TooLarge);
        }
        let kind = crate::kind(bytes);
        match kind {
            Kind::Docx | Kind::Xlsx | Kind::Pptx | Kind::Vsdx => {}
            Kind::OpenDocument | Kind::Pdf => {}
            Kind::EncryptedOffice => return Err(Left::Unread(Reason::Encrypted)),
            _ => return Err(Left::Kind),
        }
        let found = own_labels(bytes)?;
        let format = match kind {
            Kind::Pdf => Format::Pdf(pdf::Document::open(bytes)?),
            Kind::OpenDocument => Format::OpenDocument(open_document::Package::open(bytes)?),
            _ => Format::Office(office::Package::open(bytes)?),
        };
        Ok(Self { found, format })
    }

    /// The document with this label, or without one of the tenant's; none when that is so already.
    fn changed(
        &self,
        tenant: &Tenant<'_>,
        label: Option<&NewLabel<'_>>,
    ) -> Result<Option<Vec<u8>>, Left> {
        match &self.format {
            Format::Office(package) => package.changed(tenant, label),
            Format::OpenDocument(package) => package.changed(tenant, label),
            Format::Pdf(document) => document.changed(tenant, label),
        }
    }
}

/// The labels of a document itself, not those of files attached to it.
///
/// # Errors
/// [`Left::Unread`] where there may be more, in whatever it holds.
fn own_labels(bytes: &[u8]) -> Result<Vec<DocumentLabel>, Left> {
    let (found, is_closed) = read_own_labels(bytes);
    match found.state {
        State::Unknown(reason) => Err(Left::Unread(reason)),
        _ if is_closed => Err(Left::Unread(Reason::Encrypted)),
        State::NotADocument => Err(Left::Kind),
        State::Known => Ok(found.labels),
    }
}

/// Reads back what was written: the organisation's label is this one, and no other label changed.
fn prove(
    before: &[DocumentLabel],
    after: &[u8],
    tenant: &Tenant<'_>,
    label: Option<&LabelId>,
) -> Result<(), Left> {
    let after = own_labels(after).map_err(|_| Left::Unproved)?;
    let is_own = |found: &&DocumentLabel| {
        let same = label == Some(&found.id);
        same || tenant.owns(&found.id, found.site.as_slice())
    };
    let mut own = after
        .iter()
        .filter(|found| found.in_effect())
        .filter(is_own);
    let stands = match label {
        Some(id) => own.clone().next().is_some() && own.all(|found| found.id == *id),
        None => own.next().is_none(),
    };
    let others = |labels: &[DocumentLabel]| {
        let others = labels.iter().filter(|found| !is_own(found));
        others.cloned().collect::<Vec<_>>()
    };
    match stands && others(before) == others(&after) {
        true => Ok(()),
        false => Err(Left::Unproved),
    }
}
