//! A label in a PDF: appended as an update behind the file as it came (ISO 32000-1 §7.5.6).
//!
//! It never changes a byte of that file, nor takes one that is signed, encrypted, or that readers
//! would have to mend before they read it.

mod information;
mod metadata;
mod objects;
mod references;
mod revision;
mod stream;
mod syntax;

use self::objects::{Object, Objects};
use self::references::References;
use self::revision::Addition;
use self::syntax::Dictionary;
use super::{Left, NewLabel, Tenant};
use crate::Reason;
use crate::archive::Budget;
use crate::labels::DocumentLabel;
use crate::pdf::{has_escaped_name, has_name, xmp_labels};

const HEADER: &[u8] = b"%PDF-";
/// ISO 32000-1 §12.8.1: which bytes a signature covers.
const SIGNED_RANGE: &[u8] = b"/ByteRange";
/// What a stream's dictionary says of how its data are packed.
const OF_PACKING: [&str; 4] = ["Length", "Filter", "DecodeParms", "DL"];

/// A PDF to which a label may be appended.
#[derive(Debug)]
pub(super) struct Document<'a> {
    bytes: &'a [u8],
    references: References,
    info: Option<Object<'a>>,
    metadata: Option<Metadata>,
}

/// The XMP metadata of the document.
#[derive(Debug)]
struct Metadata {
    number: u32,
    generation: u16,
    dictionary: Dictionary,
    content: Vec<u8>,
}

impl<'a> Document<'a> {
    /// Opens a PDF whose labels were read.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Left> {
        if !bytes.starts_with(HEADER) {
            // Some readers count offsets from the file's first byte, some from the header's.
            return Err(Left::Unread(Reason::Inconsistent));
        }
        if has_name(bytes, SIGNED_RANGE) || has_escaped_name(bytes, SIGNED_RANGE) {
            return Err(Left::Signed);
        }
        let mut budget = Budget::new();
        let references = References::read(bytes, &mut budget)?;
        let mut objects = Objects {
            bytes,
            references: &references,
            budget: &mut budget,
        };
        let trailer = &references.newest.trailer;
        let root = trailer.reference(bytes, "Root")?.ok_or(Reason::Damaged)?;
        let root = objects.dictionary(root)?.ok_or(Reason::Damaged)?;
        // A reader that finds no pages looks for objects by itself.
        let pages = root.reference("Pages")?.ok_or(Reason::Damaged)?;
        let pages = objects.dictionary(pages)?.ok_or(Reason::Damaged)?;
        let is_root = root.dictionary.is(&root.text, "Type", b"Catalog")?;
        if !is_root || !pages.dictionary.is(&pages.text, "Type", b"Pages")? {
            return Err(Left::Unread(Reason::Damaged));
        }
        // ISO 32000-1 §12.8.4: what a signature permits and forbids.
        if root.dictionary.get("Perms")?.is_some() || objects.has_signatures(&root)? {
            return Err(Left::Signed);
        }
        let info = match trailer.reference(bytes, "Info")? {
            Some(info) => objects.dictionary(info)?,
            None => None,
        };
        let metadata = match root.reference("Metadata")? {
            Some(wanted) => Some(Metadata::read(wanted, &mut objects)?),
            None => None,
        };
        Ok(Self {
            bytes,
            references,
            info,
            metadata,
        })
    }

    /// The labels to which the cross-references lead.
    ///
    /// # Errors
    /// See [`Left`]: what speaks of them cannot be read.
    pub fn labels(&self) -> Result<Vec<DocumentLabel>, Left> {
        let mut labels = match &self.info {
            Some(info) => information::labels(info)?,
            None => Vec::new(),
        };
        if let Some(metadata) = &self.metadata {
            labels.extend(xmp_labels(&metadata.content)?);
        }
        Ok(labels)
    }

    /// The file with an update that says this label in the place of the tenant's own, or says none;
    /// none when there is nothing to say.
    pub fn changed(
        &self,
        tenant: &Tenant<'_>,
        label: Option<&NewLabel<'_>>,
    ) -> Result<Option<Vec<u8>>, Left> {
        let mut additions = Vec::new();
        if let Some(metadata) = &self.metadata {
            let content = metadata::changed(&metadata.content, tenant, label)?;
            additions.extend(content.map(|content| metadata.becomes(self.bytes, &content)));
        }
        let info = self.info.as_ref();
        let body = information::changed(info, tenant, label)?;
        let known = info.map(|info| (info.number, info.generation));
        let (number, generation) = known.unwrap_or((self.references.size, 0));
        let before = info.map_or(&b"<<>>"[..], Object::written);
        if body != before {
            additions.push(Addition {
                number,
                generation,
                body: body.clone(),
            });
        }
        if additions.is_empty() {
            return Ok(None);
        }
        let place = Some((number, generation))
            .filter(|_| body != before)
            .or(known);
        let out = revision::append(self.bytes, &self.references, additions, place)?;
        // The way by which readers go leads to what was written.
        let again = Document::open(&out).map_err(|_| Left::Unproved)?;
        match again.info.as_ref().map_or(&b"<<>>"[..], Object::written) == body {
            true => Ok(Some(out)),
            false => Err(Left::Unproved),
        }
    }
}

impl Metadata {
    fn read(
        (number, generation): (u32, u16),
        objects: &mut Objects<'_, '_>,
    ) -> Result<Self, Reason> {
        let (dictionary, content) = objects.stream((number, generation))?;
        Ok(Self {
            number,
            generation,
            dictionary,
            content,
        })
    }

    /// The stream with this content, in clear, so that every reader of XMP finds it.
    fn becomes(&self, bytes: &[u8], content: &[u8]) -> Addition {
        let mut body = b"<<".to_vec();
        let entries = self.dictionary.entries.iter();
        for entry in entries.filter(|entry| !OF_PACKING.contains(&&*entry.name)) {
            body.extend_from_slice(&bytes[entry.whole.clone()]);
        }
        body.extend(format!("/Length {}>>\nstream\n", content.len()).bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\nendstream");
        Addition {
            number: self.number,
            generation: self.generation,
            body,
        }
    }
}
