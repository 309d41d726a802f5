//! A label in an Office Open XML package: the parts that say what label the document has.
//!
//! It never changes a package that is signed or encrypted, or any part but those four.

use super::parts::{self, Relations};
use super::volume::{Found, Part, Volume};
use super::{Left, NewLabel, Tenant};
use crate::Reason;
use crate::archive::{Archive, Budget};

const TYPES_PART: &str = "[Content_Types].xml";
const RELATIONS_PART: &str = "_rels/.rels";
const PROPERTIES_PART: &str = "docProps/custom.xml";
const LABEL_INFO_PART: &str = "docMetadata/LabelInfo.xml";
/// ECMA-376 part 2, §10: where Office puts signatures over the parts of a package.
const SIGNATURES: &str = "_xmlsignatures/";

/// A package that may be changed.
#[derive(Debug)]
pub(super) struct Package<'a> {
    volume: Volume<'a>,
    types: Found,
    relations: Found,
    properties: Option<Found>,
    label_info: Option<Found>,
}

impl<'a> Package<'a> {
    /// Opens a package whose labels were read.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Left> {
        let mut archive = Archive::open(bytes)?;
        if archive.has(SIGNATURES) {
            return Err(Left::Signed);
        }
        let volume = Volume::open(bytes, &archive)?;
        let mut budget = Budget::new();
        let mut part = |name: &str| Found::read(&mut archive, name, &mut budget);
        let types = part(TYPES_PART)?.ok_or(Reason::Damaged)?;
        let relations = part(RELATIONS_PART)?.ok_or(Reason::Damaged)?;
        let known = Relations::read(&relations.content)?;
        if known.signed {
            return Err(Left::Signed);
        }
        let properties = one(&known.properties, PROPERTIES_PART, &mut part)?;
        let label_info = one(&known.label_infos, LABEL_INFO_PART, &mut part)?;
        Ok(Self {
            volume,
            types,
            relations,
            properties,
            label_info,
        })
    }

    /// The package with this label in the place of the tenant's own, or without; none when there
    /// is nothing to change.
    pub fn changed(
        &self,
        tenant: &Tenant<'_>,
        label: Option<&NewLabel<'_>>,
    ) -> Result<Option<Vec<u8>>, Left> {
        let mut parts = Vec::new();
        if let Some(found) = &self.label_info {
            let changed = parts::label_info(&found.content, tenant, label)?;
            parts.extend(changed.map(|content| found.becomes(content)));
        }
        match (&self.properties, label) {
            (Some(found), _) => {
                let changed = parts::properties(&found.content, tenant, label)?;
                parts.extend(changed.map(|content| found.becomes(content)));
            }
            (None, Some(label)) => parts.extend(self.first_properties(tenant, label)?),
            (None, None) => {}
        }
        match parts.is_empty() {
            true => Ok(None),
            false => Ok(Some(self.volume.write(&parts)?)),
        }
    }

    /// A new part for properties, and the parts that must name it.
    fn first_properties(
        &self,
        tenant: &Tenant<'_>,
        label: &NewLabel<'_>,
    ) -> Result<Vec<Part>, Left> {
        let relations = Relations::read(&self.relations.content)?;
        let content = parts::new_properties(relations.form, tenant, label);
        let mut parts = vec![Part::new(PROPERTIES_PART, content)];
        let content = relations.with_properties(PROPERTIES_PART);
        parts.push(self.relations.becomes(content));
        let types = parts::content_types(&self.types.content, PROPERTIES_PART)?;
        parts.extend(types.map(|content| self.types.becomes(content)));
        Ok(parts)
    }
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
