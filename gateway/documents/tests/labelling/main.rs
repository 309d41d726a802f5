//! Labels set in documents and taken off, part by part, byte by byte.

#[path = "../build/mod.rs"]
#[allow(unused, reason = "shared with other tests")]
mod build;
mod corpus;
mod golden;
mod left;
mod open_document;
mod pdf;
mod pdf_left;
mod properties;
mod raw;
mod readers;

use std::collections::BTreeMap;

use documents::{DocumentLabels, NewLabel, Tenant, read_labels};
use mail::Timestamp;
use mail::label::{LabelId, Method};

use build::{CONFIDENTIAL, SECRET, SITE};

/// 2024-06-11T19:38:43Z.
const MOMENT: i64 = 1_718_134_723;

fn id(text: &str) -> LabelId {
    LabelId::parse(text).unwrap()
}

/// Sets `Secret`, as an organisation that knows it and `Confidential`.
fn set(bytes: &[u8]) -> Result<Vec<u8>, documents::Left> {
    set_one(bytes, SECRET, "Secret & <grave>")
}

fn set_one(bytes: &[u8], label: &str, name: &str) -> Result<Vec<u8>, documents::Left> {
    let labels = [id(CONFIDENTIAL), id(SECRET)];
    let tenant = Tenant {
        site: SITE,
        labels: &labels,
    };
    let label = NewLabel {
        id: &id(label),
        name,
        method: Method::Standard,
        set_at: Timestamp::from_unix(MOMENT),
        action_id: "88124cf5-1340-457d-90e1-0000a9427c99",
    };
    documents::set_label(bytes, &tenant, &label)
}

fn remove(bytes: &[u8]) -> Result<Option<Vec<u8>>, documents::Left> {
    let labels = [id(CONFIDENTIAL), id(SECRET)];
    let tenant = Tenant {
        site: SITE,
        labels: &labels,
    };
    documents::remove_label(bytes, &tenant)
}

/// The ids in effect.
fn in_effect(bytes: &[u8]) -> Vec<String> {
    let found: DocumentLabels = read_labels(bytes);
    let ids = found.in_effect().map(|label| label.id.to_string());
    ids.collect()
}

/// Every member of an archive, inflated, by name.
fn members(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut found = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut content).unwrap();
        found.insert(file.name().unwrap().into_owned(), content);
    }
    found
}

/// The parts that may differ after a label was set.
const LABEL_PARTS: [&str; 6] = [
    "[Content_Types].xml",
    "_rels/.rels",
    "docProps/custom.xml",
    "docMetadata/LabelInfo.xml",
    "META-INF/manifest.xml",
    "meta.xml",
];
