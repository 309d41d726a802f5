//! Everything but the label's parts goes over as compressed bytes, in its order.

use super::build::{self, CONFIDENTIAL, whole_docx};
use super::{LABEL_PARTS, set};

/// An entry as it stands: name, compressed bytes, and all that its headers say but the offset.
#[derive(Debug, PartialEq, Eq)]
pub struct Raw {
    pub name: String,
    pub header: Vec<u8>,
    pub data: Vec<u8>,
    pub record: Vec<u8>,
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

/// Takes an archive apart without any library, in the directory's order.
pub fn entries(bytes: &[u8]) -> Vec<Raw> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).unwrap();
        let start = file.header_start() as usize;
        let packed = file.compressed_size() as usize;
        let record = file.central_header_start() as usize;
        let head = &bytes[start..];
        let data = start + 30 + u16_at(head, 26) + u16_at(head, 28);
        let tail = &bytes[record..];
        let length = 46 + u16_at(tail, 28) + u16_at(tail, 30) + u16_at(tail, 32);
        let mut record = tail[..length].to_vec();
        record[42..46].fill(0);
        found.push(Raw {
            name: file.name().unwrap().into_owned(),
            header: bytes[start..data].to_vec(),
            data: bytes[data..data + packed].to_vec(),
            record,
        });
    }
    found
}

/// Asserts that two archives differ in the label's parts alone.
pub fn assert_rest_is_raw(name: &str, before: &[u8], after: &[u8]) {
    let (before, after) = (entries(before), entries(after));
    let is_ours = |raw: &&Raw| LABEL_PARTS.contains(&raw.name.as_str());
    let rest = |all: &[Raw]| all.iter().filter(|raw| !is_ours(raw)).count();
    assert!(rest(&before) > 0, "{name}: nothing to compare");
    assert_eq!(rest(&before), rest(&after), "{name}");
    let names = |all: &[Raw]| all.iter().map(|raw| raw.name.clone()).collect::<Vec<_>>();
    let (names_before, names_after) = (names(&before), names(&after));
    assert_eq!(
        names_after[..names_before.len()],
        names_before,
        "{name}: order"
    );
    for (old, new) in before.iter().zip(&after).filter(|(old, _)| !is_ours(old)) {
        assert_eq!(old, new, "{name}: {} differs", old.name);
    }
}

#[test]
fn other_entries_are_copied_as_they_stand() {
    let labelled = build::labelled(CONFIDENTIAL);
    for properties in [None, Some(&labelled[..])] {
        let before = whole_docx(properties, None);
        let after = set(&before).unwrap();
        assert_ne!(before, after);
        assert_rest_is_raw("docx", &before, &after);
    }
}

#[test]
#[should_panic(expected = "word/document.xml differs")]
fn a_changed_entry_would_be_seen() {
    let before = whole_docx(None, None);
    let mut after = set(&before).unwrap();
    let at = memchr::memmem::find(&after, b"word/document.xml").unwrap();
    // One bit of the compressed document.
    after[at + "word/document.xml".len()] ^= 0x40;
    assert_rest_is_raw("docx", &before, &after);
}

#[test]
fn the_archive_comment_and_descriptors_stay() {
    let plain = whole_docx(None, None);
    let mut writer = zip::ZipWriter::new_append(std::io::Cursor::new(plain)).unwrap();
    writer.set_comment("made by hand").unwrap();
    let commented = writer.finish().unwrap().into_inner();
    let after = set(&commented).unwrap();
    assert!(after.ends_with(b"made by hand"));
    assert_rest_is_raw("commented", &commented, &after);

    let streamed = streamed_docx();
    let after = set(&streamed).unwrap();
    let descriptors = |bytes: &[u8]| memchr::memmem::find_iter(bytes, b"PK\x07\x08").count();
    assert_eq!(descriptors(&streamed), 3);
    // Two of the three parts are written anew, and need none.
    assert_eq!(descriptors(&after), 1);
    assert_rest_is_raw("streamed", &streamed, &after);
}

/// A document whose sizes stand behind the data, as streaming writers leave them.
fn streamed_docx() -> Vec<u8> {
    let main = "word/document.xml";
    let types = build::content_types(main, "x", false);
    let relations = build::relations(build::TRANSITIONAL, main, &[]);
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    for (name, content) in [
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        (main, b"<main/>"),
    ] {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut writer, content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
