//! The parts of a package that hold labels: Office Open XML and OpenDocument.
//!
//! It never relies on one place: the parts that relationships name and the parts of the well-known
//! names are all read.

use mail::label::LabelId;
use mail::label::msip::{self, LABELS_MAX, MsipLabels};
use memchr::memmem;

use crate::archive::{Archive, Budget};
use crate::labels::{DocumentLabel, Reason, Source, from_pairs};
use crate::limits::{MEMBER_BYTES_MAX, PART_BYTES_MAX};
use crate::xml::{self, Node};

/// Where Office puts custom properties and the label list.
const PROPERTIES_PART: &str = "docProps/custom.xml";
const LABEL_INFO_PART: &str = "docMetadata/LabelInfo.xml";
/// The relationship types end so, in the transitional and in the strict form of the standard.
const PROPERTIES_RELATION: &str = "/relationships/custom-properties";
const LABEL_INFO_RELATION: &str = "/relationships/classificationlabels";

/// The labels of an Office Open XML package.
pub(crate) fn read_office(
    archive: &mut Archive<'_>,
    budget: &mut Budget,
) -> Result<Vec<DocumentLabel>, Reason> {
    let mut properties = vec![PROPERTIES_PART.to_owned()];
    let mut label_infos = vec![LABEL_INFO_PART.to_owned()];
    if let Some(relations) = part(archive, "_rels/.rels", budget)? {
        collect_targets(&relations, &mut properties, &mut label_infos)?;
    }
    let mut labels = Vec::new();
    for name in distinct(label_infos) {
        if let Some(bytes) = part(archive, &name, budget)? {
            labels.extend(read_label_info(&bytes)?);
        }
    }
    let mut pairs = MsipLabels::default();
    for name in distinct(properties) {
        if let Some(bytes) = part(archive, &name, budget)? {
            read_properties(&bytes, "property", &mut pairs)?;
        }
    }
    labels.extend(from_pairs(&pairs)?);
    Ok(labels)
}

/// The labels of an OpenDocument file, which keeps the same pairs as user-defined metadata.
pub(crate) fn read_open_document(
    archive: &mut Archive<'_>,
    budget: &mut Budget,
) -> Result<Vec<DocumentLabel>, Reason> {
    if let Some(manifest) = part(archive, "META-INF/manifest.xml", budget)? {
        let mut encrypted = false;
        xml::walk(&manifest, |node| {
            encrypted |= matches!(
                node,
                Node::Start {
                    name: "encryption-data",
                    ..
                }
            );
        })?;
        if encrypted {
            return Err(Reason::Encrypted);
        }
    }
    let mut pairs = MsipLabels::default();
    if let Some(meta) = part(archive, "meta.xml", budget)? {
        read_properties(&meta, "user-defined", &mut pairs)?;
    }
    from_pairs(&pairs)
}

/// How far a text is looked at for the sign of a document in one XML file.
pub(crate) const FLAT_LOOK_BYTES: usize = 4096;

/// Namespaces of documents in one XML file, in lower case: flat OPC, Word and Excel 2003, flat
/// OpenDocument.
const FLAT_SIGNS: [&[u8]; 3] = [
    b"http://schemas.microsoft.com/office/2006/xmlpackage",
    b"urn:schemas-microsoft-com:office:",
    b"urn:oasis:names:tc:opendocument:",
];

/// Whether a text is a document in one XML file. Such a file begins with `<`.
pub(crate) fn is_flat(bytes: &[u8]) -> bool {
    let looked = bytes
        .iter()
        .take(FLAT_LOOK_BYTES)
        .filter(|byte| **byte != 0);
    let head: Vec<u8> = looked.map(u8::to_ascii_lowercase).collect();
    let start = head
        .iter()
        .position(|byte| byte.is_ascii_graphic())
        .unwrap_or(0);
    let is_xml = head.get(start) == Some(&b'<');
    // A web page saved by Word has the same namespaces, but is no document that opens as one.
    is_xml
        && memmem::find(&head, b"<html").is_none()
        && FLAT_SIGNS
            .iter()
            .any(|sign| memmem::find(&head, sign).is_some())
}

/// The labels of a document in one XML file: the parts of a package in line, OpenDocument's
/// metadata, or the elements in which Word and Excel 2003 keep a property each.
pub(crate) fn read_flat(bytes: &[u8]) -> Result<Vec<DocumentLabel>, Reason> {
    if bytes.len() as u64 > MEMBER_BYTES_MAX {
        return Err(Reason::EntryTooLarge);
    }
    let mut labels = Vec::new();
    let mut pairs = MsipLabels::default();
    let mut open: Option<(String, String)> = None;
    xml::walk(bytes, |node| match node {
        Node::Start {
            name: "property" | "user-defined",
            attributes,
        } => {
            open = value(&attributes, "name").map(|name| (name.to_owned(), String::new()));
        }
        Node::Start {
            name: "label",
            attributes,
        } => {
            labels.extend(label_info(&attributes));
        }
        Node::Start { name, .. } if msip::is_attribute(name) => {
            open = Some((name.to_owned(), String::new()));
        }
        Node::Text(text) => {
            if let Some((_, value)) = &mut open {
                value.push_str(text);
            }
        }
        Node::End { name } => {
            let ends = matches!(name, "property" | "user-defined") || msip::is_attribute(name);
            if let Some((name, value)) = open.take_if(|_| ends) {
                pairs.add(&name, &value);
            }
        }
        Node::Start { .. } => {}
    })?;
    if labels.len() > LABELS_MAX {
        return Err(Reason::TooManyEntries);
    }
    labels.extend(from_pairs(&pairs)?);
    Ok(labels)
}

fn part(
    archive: &mut Archive<'_>,
    name: &str,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>, Reason> {
    match archive.find(name).cloned() {
        Some(entry) => archive.read(&entry, PART_BYTES_MAX, budget).map(Some),
        None => Ok(None),
    }
}

/// Part names are compared without regard to case, so each is read once.
fn distinct(mut names: Vec<String>) -> Vec<String> {
    names
        .iter_mut()
        .for_each(|name| name.make_ascii_lowercase());
    names.sort_unstable();
    names.dedup();
    names
}

/// ECMA-376 part 2, §9.3: the package's relationships name the parts by type.
fn collect_targets(
    relations: &[u8],
    properties: &mut Vec<String>,
    label_infos: &mut Vec<String>,
) -> Result<(), Reason> {
    xml::walk(relations, |node| {
        let Node::Start {
            name: "Relationship",
            attributes,
        } = node
        else {
            return;
        };
        let (Some(kind), Some(target)) = (value(&attributes, "Type"), value(&attributes, "Target"))
        else {
            return;
        };
        let target = target
            .trim_start_matches("./")
            .trim_start_matches('/')
            .to_owned();
        if kind.ends_with(PROPERTIES_RELATION) {
            properties.push(target);
        } else if kind.ends_with(LABEL_INFO_RELATION) {
            label_infos.push(target);
        }
    })
}

/// `<property name="MSIP_Label_…"><vt:lpwstr>true</vt:lpwstr></property>`, and the same with
/// OpenDocument's element.
fn read_properties(bytes: &[u8], element: &str, pairs: &mut MsipLabels) -> Result<(), Reason> {
    let mut open: Option<(String, String)> = None;
    xml::walk(bytes, |node| match node {
        Node::Start { name, attributes } if name == element => {
            open = value(&attributes, "name").map(|name| (name.to_owned(), String::new()));
        }
        Node::Text(text) => {
            if let Some((_, value)) = &mut open {
                value.push_str(text);
            }
        }
        Node::End { name } if name == element => {
            if let Some((name, value)) = open.take() {
                pairs.add(&name, &value);
            }
        }
        _ => {}
    })
}

/// MS-OFFCRYPTO §2.6.4.4: `<clbl:labelList><clbl:label id enabled method siteId … removed/>`.
pub(crate) fn read_label_info(bytes: &[u8]) -> Result<Vec<DocumentLabel>, Reason> {
    let mut labels = Vec::new();
    let mut sound = true;
    xml::walk(bytes, |node| {
        let Node::Start {
            name: "label",
            attributes,
        } = node
        else {
            return;
        };
        match label_info(&attributes) {
            Some(label) if labels.len() < LABELS_MAX => labels.push(label),
            _ => sound = false,
        }
    })?;
    if sound { Ok(labels) } else { Err(Reason::Xml) }
}

fn label_info(attributes: &[(String, String)]) -> Option<DocumentLabel> {
    let yes = |name| value(attributes, name).is_some_and(|text| matches!(text, "1" | "true"));
    let no = |name| value(attributes, name).is_some_and(|text| matches!(text, "0" | "false"));
    let site = value(attributes, "siteId").map(|site| {
        LabelId::parse(site).map_or_else(|| site.to_ascii_lowercase(), |id| id.as_str().to_owned())
    });
    Some(DocumentLabel {
        id: LabelId::parse(value(attributes, "id")?)?,
        site,
        enabled: !no("enabled"),
        removed: yes("removed"),
        name: value(attributes, "name").map(str::to_owned),
        source: Source::LabelInfo,
        superseded: false,
    })
}

fn value<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
