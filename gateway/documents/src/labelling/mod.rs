//! Sets a label in an Office Open XML document, or takes it off.
//!
//! It never changes a document that it could not read whole, one that is signed or encrypted, or
//! any part but the four that say what label the document has.

mod outline;
mod parts;
mod volume;

use std::fmt;

use mail::Timestamp;
use mail::label::{LabelId, Method};

use crate::archive::{Archive, Budget};
use crate::limits::{MEMBER_BYTES_MAX, PART_BYTES_MAX};
use crate::{DocumentLabel, Kind, Reason, Source, State, read_labels};
use parts::Relations;
use volume::{Part, Volume};

const TYPES_PART: &str = "[Content_Types].xml";
const RELATIONS_PART: &str = "_rels/.rels";
const PROPERTIES_PART: &str = "docProps/custom.xml";
const LABEL_INFO_PART: &str = "docMetadata/LabelInfo.xml";
/// ECMA-376 part 2, §10: where Office puts signatures over the parts of a package.
const SIGNATURES: &str = "_xmlsignatures/";
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
    Package::open(bytes).map(drop)
}

/// The document with this label in the place of any other of the organisation's. Labels of other
/// organisations and all else stay; every part but those that hold labels goes over byte for byte.
///
/// # Errors
/// See [`Left`]: the document is to be left as it is.
pub fn set_label(bytes: &[u8], tenant: &Tenant<'_>, label: &NewLabel<'_>) -> Result<Vec<u8>, Left> {
    let package = Package::open(bytes)?;
    // Properties are named by the GUID alone: there is room for one organisation's.
    let is_taken = |found: &DocumentLabel| {
        found.source == Source::Properties
            && found.id == *label.id
            && found.site.is_some()
            && !tenant.owns(&found.id, found.site.as_slice())
    };
    if package.found.iter().any(is_taken) {
        return Err(Left::Foreign);
    }
    let parts = package.labelled(tenant, label)?;
    let out = package.volume.write(&parts)?;
    prove(bytes, &out, tenant, Some(label.id))?;
    Ok(out)
}

/// The document without the organisation's label; none when it has none.
///
/// # Errors
/// See [`Left`].
pub fn remove_label(bytes: &[u8], tenant: &Tenant<'_>) -> Result<Option<Vec<u8>>, Left> {
    let package = Package::open(bytes)?;
    let parts = package.unlabelled(tenant)?;
    if parts.is_empty() {
        return Ok(None);
    }
    let out = package.volume.write(&parts)?;
    prove(bytes, &out, tenant, None)?;
    Ok(Some(out))
}

/// A part that holds labels.
#[derive(Debug)]
struct Found {
    index: usize,
    content: Vec<u8>,
}

/// A document that may be changed.
#[derive(Debug)]
struct Package<'a> {
    found: Vec<DocumentLabel>,
    volume: Volume<'a>,
    types: Found,
    relations: Found,
    properties: Option<Found>,
    label_info: Option<Found>,
}

impl<'a> Package<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Left> {
        if bytes.len() as u64 > MEMBER_BYTES_MAX {
            return Err(Left::TooLarge);
        }
        let found = match crate::kind(bytes) {
            Kind::Docx | Kind::Xlsx | Kind::Pptx | Kind::Vsdx => read_labels(bytes),
            Kind::EncryptedOffice => return Err(Left::Unread(Reason::Encrypted)),
            _ => return Err(Left::Kind),
        };
        if let State::Unknown(reason) = found.state {
            return Err(Left::Unread(reason));
        }
        let mut archive = Archive::open(bytes)?;
        let is_signature = |name: &str| {
            name.get(..SIGNATURES.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(SIGNATURES))
        };
        if archive
            .entries()
            .iter()
            .any(|entry| is_signature(&entry.name))
        {
            return Err(Left::Signed);
        }
        let volume = Volume::open(bytes, &archive)?;
        let mut budget = Budget::new();
        let mut part = |name: &str| part(&mut archive, name, &mut budget);
        let types = part(TYPES_PART)?.ok_or(Reason::Damaged)?;
        let content = part(RELATIONS_PART)?.ok_or(Reason::Damaged)?;
        let known = Relations::read(&content.content)?;
        if known.signed {
            return Err(Left::Signed);
        }
        let properties = one(&known.properties, PROPERTIES_PART, &mut part)?;
        let label_info = one(&known.label_infos, LABEL_INFO_PART, &mut part)?;
        Ok(Self {
            found: found.labels,
            volume,
            types,
            relations: content,
            properties,
            label_info,
        })
    }

    fn labelled(&self, tenant: &Tenant<'_>, label: &NewLabel<'_>) -> Result<Vec<Part>, Left> {
        let mut parts = Vec::new();
        if let Some(found) = &self.label_info {
            let changed = parts::label_info(&found.content, tenant, Some(label))?;
            parts.extend(changed.map(|content| found.becomes(content)));
        }
        if let Some(found) = &self.properties {
            let changed = parts::properties(&found.content, tenant, Some(label))?;
            parts.extend(changed.map(|content| found.becomes(content)));
            return Ok(parts);
        }
        let relations = Relations::read(&self.relations.content)?;
        parts.push(Part {
            name: PROPERTIES_PART.to_owned(),
            content: parts::new_properties(relations.form, tenant, label),
            replaces: None,
        });
        let content = relations.with_properties(PROPERTIES_PART);
        parts.push(self.relations.becomes(content));
        let types = parts::content_types(&self.types.content, PROPERTIES_PART)?;
        parts.extend(types.map(|content| self.types.becomes(content)));
        Ok(parts)
    }

    fn unlabelled(&self, tenant: &Tenant<'_>) -> Result<Vec<Part>, Left> {
        let mut parts = Vec::new();
        if let Some(found) = &self.label_info {
            let changed = parts::label_info(&found.content, tenant, None)?;
            parts.extend(changed.map(|content| found.becomes(content)));
        }
        if let Some(found) = &self.properties {
            let changed = parts::properties(&found.content, tenant, None)?;
            parts.extend(changed.map(|content| found.becomes(content)));
        }
        Ok(parts)
    }
}

impl Found {
    fn becomes(&self, content: Vec<u8>) -> Part {
        Part {
            name: String::new(),
            content,
            replaces: Some(self.index),
        }
    }
}

fn part(
    archive: &mut Archive<'_>,
    name: &str,
    budget: &mut Budget,
) -> Result<Option<Found>, Reason> {
    let same = |name: &str, entry: &crate::archive::Entry| entry.name.eq_ignore_ascii_case(name);
    let index = archive.entries().iter().position(|entry| same(name, entry));
    let Some(index) = index else { return Ok(None) };
    let entry = archive.entries()[index].clone();
    let content = archive.read(&entry, PART_BYTES_MAX, budget)?;
    Ok(Some(Found { index, content }))
}

/// The one part of a kind: where a relationship says, or where Office puts it. A part that nothing
/// names, or a name without its part, is a document that readers take differently.
fn one(
    named: &[String],
    usual: &str,
    part: &mut impl FnMut(&str) -> Result<Option<Found>, Reason>,
) -> Result<Option<Found>, Left> {
    match named {
        [] if part(usual)?.is_none() => Ok(None),
        [name] if name.eq_ignore_ascii_case(usual) || part(usual)?.is_none() => {
            Ok(Some(part(name)?.ok_or(Reason::Damaged)?))
        }
        _ => Err(Left::Misplaced),
    }
}

/// Reads back what was written: the organisation's label is this one, and no other label changed.
fn prove(
    before: &[u8],
    after: &[u8],
    tenant: &Tenant<'_>,
    label: Option<&LabelId>,
) -> Result<(), Left> {
    let (before, after) = (read_labels(before), read_labels(after));
    if after.state != State::Known {
        return Err(Left::Unproved);
    }
    let is_own = |found: &&DocumentLabel| {
        let same = label == Some(&found.id);
        same || tenant.owns(&found.id, found.site.as_slice())
    };
    let own: Vec<&LabelId> = after
        .in_effect()
        .filter(is_own)
        .map(|found| &found.id)
        .collect();
    let others = |labels: &crate::DocumentLabels| {
        let others = labels.labels.iter().filter(|found| !is_own(found));
        others.cloned().collect::<Vec<_>>()
    };
    let stands = match label {
        Some(id) => !own.is_empty() && own.iter().all(|found| *found == id),
        None => own.is_empty(),
    };
    match stands && others(&before) == others(&after) {
        true => Ok(()),
        false => Err(Left::Unproved),
    }
}
