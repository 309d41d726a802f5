//! A label in an OpenDocument package: user-defined metadata in `meta.xml`, and the manifest's line
//! for that part where it is new.
//!
//! It never changes a package that is signed or encrypted, or any other entry, `mimetype` above
//! all: that stays the first, and stored.

use mail::label::msip;

use super::outline::{Element, Outline};
use super::script::escape;
use super::volume::{Found, Part, Volume};
use super::{Left, NewLabel, Tenant};
use crate::Reason;
use crate::archive::{Archive, Budget};

/// OpenDocument 1.3 part 2, §2.2.2 and §3: the parts that every package may have.
const TYPE_PART: &str = "mimetype";
const MANIFEST_PART: &str = "META-INF/manifest.xml";
const META_PART: &str = "meta.xml";
/// OpenDocument 1.3 part 2, §2.3: a file of this folder with this word in its name is a signature.
const SIGNATURES_FOLDER: &str = "meta-inf/";
const SIGNATURES_WORD: &str = "signatures";
/// OpenDocument 1.3 part 3, appendix A.4: the types of documents, each also as a template.
const TYPES_BEGIN: &str = "application/vnd.oasis.opendocument.";
const TYPES: [&str; 9] = [
    "text",
    "text-master",
    "text-web",
    "spreadsheet",
    "presentation",
    "graphics",
    "chart",
    "formula",
    "image",
];
const TYPE_BYTES_MAX: u64 = 128;
const OFFICE_SPACE: &str = "urn:oasis:names:tc:opendocument:xmlns:office:1.0";
const META_SPACE: &str = "urn:oasis:names:tc:opendocument:xmlns:meta:1.0";
const MANIFEST_SPACE: &str = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0";
const ENTRY: &str = "user-defined";

/// A package that may be changed.
#[derive(Debug)]
pub(super) struct Package<'a> {
    volume: Volume<'a>,
    manifest: Found,
    meta: Option<Found>,
}

impl<'a> Package<'a> {
    /// Opens a package whose labels were read.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Left> {
        let mut archive = Archive::open(bytes)?;
        if archive
            .entries()
            .iter()
            .any(|entry| is_signature(&entry.name))
        {
            return Err(Left::Signed);
        }
        if !is_document(&mut archive)? {
            return Err(Left::Kind);
        }
        let volume = Volume::open(bytes, &archive)?;
        let mut budget = Budget::new();
        let mut part = |name: &str| part(&mut archive, name, &mut budget);
        let manifest = part(MANIFEST_PART)?.ok_or(Reason::Damaged)?;
        let meta = part(META_PART)?;
        let is_listed = Manifest::read(&manifest.content)?.lists_meta()?;
        match (is_listed, &meta) {
            (true, None) => Err(Left::Unread(Reason::Damaged)),
            // Some readers take a part that the manifest does not name, and some do not.
            (false, Some(_)) => Err(Left::Misplaced),
            _ => Ok(Self {
                volume,
                manifest,
                meta,
            }),
        }
    }

    /// The package with this label in the place of the tenant's own, or without; none when there
    /// is nothing to change.
    pub fn changed(
        &self,
        tenant: &Tenant<'_>,
        label: Option<&NewLabel<'_>>,
    ) -> Result<Option<Vec<u8>>, Left> {
        let parts = match (&self.meta, label) {
            (Some(found), _) => {
                let changed = metadata(&found.content, tenant, label)?;
                Vec::from_iter(changed.map(|content| found.becomes(content)))
            }
            (None, Some(label)) => {
                let manifest = Manifest::read(&self.manifest.content)?;
                let content = new_metadata(manifest.version(), tenant, label)?;
                let listed = self.manifest.becomes(manifest.with_meta());
                vec![listed, Part::new(META_PART, content)]
            }
            (None, None) => Vec::new(),
        };
        match parts.is_empty() {
            true => Ok(None),
            false => Ok(Some(self.volume.write(&parts)?)),
        }
    }
}

fn is_signature(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let file = name.strip_prefix(SIGNATURES_FOLDER);
    file.is_some_and(|file| file.contains(SIGNATURES_WORD))
}

/// Whether the package says that it is a document of a kind that has metadata.
fn is_document(archive: &mut Archive<'_>) -> Result<bool, Reason> {
    let mut entries = archive.entries().iter();
    let Some(entry) = entries.find(|entry| entry.name == TYPE_PART).cloned() else {
        return Ok(false);
    };
    let content = archive.peek(&entry, TYPE_BYTES_MAX)?;
    let text = String::from_utf8_lossy(&content);
    let kind = text.trim().strip_prefix(TYPES_BEGIN).unwrap_or_default();
    Ok(TYPES.contains(&kind.strip_suffix("-template").unwrap_or(kind)))
}

/// The part of this name. One that differs in its letters is the part for some readers alone.
fn part(archive: &mut Archive<'_>, name: &str, budget: &mut Budget) -> Result<Option<Found>, Left> {
    match archive.find(name) {
        Some(entry) if entry.name != name => Err(Left::Misplaced),
        _ => Ok(Found::read(archive, name, budget)?),
    }
}

/// What the manifest says (OpenDocument 1.3 part 2, §4).
struct Manifest {
    outline: Outline,
    /// The prefix of its names; attributes need one.
    prefix: String,
}

impl Manifest {
    fn read(bytes: &[u8]) -> Result<Self, Reason> {
        let outline = Outline::read(bytes)?;
        if outline.root.namespace() != Some(MANIFEST_SPACE) {
            return Err(Reason::Xml);
        }
        let prefix = outline.prefix(MANIFEST_SPACE).ok_or(Reason::Xml)?;
        let prefix = prefix.to_owned();
        Ok(Self { outline, prefix })
    }

    /// Whether it names the metadata, once and as everybody does.
    fn lists_meta(&self) -> Result<bool, Left> {
        let path = format!("{}:full-path", self.prefix);
        let paths = self.outline.children.iter();
        let paths = paths.filter_map(|entry| entry.attribute(&path));
        let is_meta = |path: &&str| {
            let path = path.trim_start_matches(['.', '/']);
            path.eq_ignore_ascii_case(META_PART)
        };
        match paths.filter(is_meta).collect::<Vec<_>>()[..] {
            [] => Ok(false),
            [META_PART] => Ok(true),
            _ => Err(Left::Misplaced),
        }
    }

    /// The version of the format, where it names one.
    fn version(&self) -> Option<&str> {
        let name = format!("{}:version", self.prefix);
        self.outline.root.attribute(&name)
    }

    fn with_meta(mut self) -> Vec<u8> {
        let prefix = &self.prefix;
        let entry = self.outline.root.qualified("file-entry");
        let markup = format!(
            "<{entry} {prefix}:full-path=\"{META_PART}\" {prefix}:media-type=\"text/xml\"/>"
        );
        self.outline.put_last(&markup);
        self.outline.write()
    }
}

/// Metadata with this label in the place of the tenant's own, or without.
fn metadata(
    bytes: &[u8],
    tenant: &Tenant<'_>,
    label: Option<&NewLabel<'_>>,
) -> Result<Option<Vec<u8>>, Left> {
    let mut outline = Outline::read_within(bytes, "meta")?;
    let around = outline.around.as_ref().unwrap_or(&outline.root);
    let is_metadata = around.name == "document-meta" && around.namespace() == Some(OFFICE_SPACE);
    if !is_metadata || outline.namespace(&outline.root.prefix) != Some(OFFICE_SPACE) {
        return Err(Left::Unread(Reason::Xml));
    }
    remove_own(&mut outline, tenant, label)?;
    if let Some(label) = label {
        let entries = markup(&outline, tenant, label);
        match outline.around.is_some() {
            true => outline.put_last(&entries),
            // OpenDocument 1.3 part 3, §3.1.3.3: a document may have no metadata in the part.
            false => {
                let meta = outline.root.qualified("meta");
                outline.put_last(&format!("<{meta}>{entries}</{meta}>"));
            }
        }
    }
    Ok(outline.is_changed().then(|| outline.write()))
}

/// A new part for metadata.
fn new_metadata(
    version: Option<&str>,
    tenant: &Tenant<'_>,
    label: &NewLabel<'_>,
) -> Result<Vec<u8>, Left> {
    let version = version.map(|version| format!(" office:version=\"{}\"", escape(version)));
    let empty = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-meta \
         xmlns:office=\"{OFFICE_SPACE}\" xmlns:meta=\"{META_SPACE}\"{}><office:meta>\
         </office:meta></office:document-meta>",
        version.unwrap_or_default()
    );
    let made = metadata(empty.as_bytes(), tenant, Some(label))?;
    Ok(made.unwrap_or_default())
}

/// Takes out the entries of the tenant's labels, and of the one that is set.
fn remove_own(
    outline: &mut Outline,
    tenant: &Tenant<'_>,
    label: Option<&NewLabel<'_>>,
) -> Result<(), Left> {
    let mut named = Vec::new();
    for (at, child) in outline.children.iter().enumerate() {
        if child.name == ENTRY {
            named.extend(name(child)?.map(|name| (at, name)));
        }
    }
    let pairs = named.iter();
    let pairs = pairs.map(|(at, name)| (*name, outline.children[*at].text.as_str()));
    let own = tenant.own_among(pairs, label);
    let is_own = |name: &str| msip::key_id(name).is_some_and(|id| own.contains(&id));
    let gone = named.iter().filter(|(_, name)| is_own(name));
    let gone: Vec<usize> = gone.map(|(at, _)| *at).collect();
    gone.into_iter().for_each(|child| outline.remove(child));
    Ok(())
}

/// The name of an entry, in whatever prefix. With two of them it has two names.
fn name(entry: &Element) -> Result<Option<&str>, Left> {
    let is_name = |(key, _): &&(String, String)| key.rsplit(':').next() == Some("name");
    let mut names = entry.attributes.iter().filter(is_name);
    match (names.next(), names.next()) {
        (_, Some(_)) => Err(Left::Misplaced),
        (first, None) => Ok(first.map(|(_, value)| value.as_str())),
    }
}

/// OpenDocument 1.3 part 3, §4.3.3: one entry for each attribute; without a type it is a text.
fn markup(outline: &Outline, tenant: &Tenant<'_>, label: &NewLabel<'_>) -> String {
    let (prefix, bound) = match outline.prefix(META_SPACE) {
        Some(prefix) => (prefix, String::new()),
        None => ("meta", format!(" xmlns:meta=\"{META_SPACE}\"")),
    };
    let entries = label.pairs(tenant.site).map(|(attribute, text)| {
        let (id, text) = (label.id, escape(&text));
        format!(
            "<{prefix}:{ENTRY}{bound} {prefix}:name=\"MSIP_Label_{id}_{attribute}\">{text}\
             </{prefix}:{ENTRY}>"
        )
    });
    entries.concat()
}
