//! Documents that are left as they are, and why; each beside one that is not.

use documents::limits::{MEMBER_BYTES_MAX, PART_BYTES_MAX};
use documents::{Left, Reason, takes_label};

use super::build::{self, CONFIDENTIAL, SECRET, SITE, custom_xml, label_info, whole_docx, zip};
use super::{in_effect, members, remove, set};

fn with(changes: &[(&str, Option<&[u8]>)]) -> Vec<u8> {
    let mut all = members(&whole_docx(None, None));
    for (name, content) in changes {
        match content {
            Some(content) => drop(all.insert((*name).to_owned(), content.to_vec())),
            None => drop(all.remove(*name)),
        }
    }
    let all: Vec<(&str, &[u8])> = all.iter().map(|(n, c)| (n.as_str(), &c[..])).collect();
    zip(&all)
}

fn relations_to(more: &[(&str, &str)]) -> Vec<u8> {
    build::relations(build::TRANSITIONAL, "word/document.xml", more).into_bytes()
}

#[test]
fn the_document_that_the_others_are_made_of_takes_a_label() {
    assert_eq!(takes_label(&with(&[])), Ok(()));
    assert_eq!(in_effect(&set(&with(&[])).unwrap()), [SECRET]);
}

#[test]
fn signed_documents() {
    let origin = "http://schemas.openxmlformats.org/package/2006/relationships/\
                  digital-signature/origin";
    let relations = relations_to(&[(origin, "elsewhere/origin.sigs")]);
    let signed = [
        with(&[("_xmlsignatures/origin.sigs", Some(b""))]),
        with(&[("_rels/.rels", Some(&relations))]),
    ];
    for bytes in signed {
        assert_eq!(set(&bytes), Err(Left::Signed));
        assert_eq!(remove(&bytes), Err(Left::Signed));
    }
}

#[test]
fn other_kinds_of_file() {
    let archive = zip(&[("a.docx", &whole_docx(None, None))]);
    let package = build::zip(&[("[Content_Types].xml", b"<Types/>"), ("x/y", b"z")]);
    for bytes in [
        &b""[..],
        b"text",
        b"%FDF-1.2\n",
        b"\x89PNG\r\n\x1a\n",
        &archive,
        &package,
    ] {
        assert_eq!(set(bytes), Err(Left::Kind));
    }
}

#[test]
fn what_cannot_be_read_whole() {
    let whole = whole_docx(None, None);
    assert_eq!(
        set(&whole[..whole.len() - 9]),
        Err(Left::Kind),
        "no zip any more"
    );
    let torn = whole_docx(Some(b"<Properties>"), None);
    assert_eq!(set(&torn), Err(Left::Unread(Reason::Xml)));
    let doctype = whole_docx(Some(b"<!DOCTYPE x><Properties/>"), None);
    assert_eq!(set(&doctype), Err(Left::Unread(Reason::Xml)));
    let other = whole_docx(Some(b"<Properties xmlns=\"urn:other\"/>"), None);
    assert_eq!(set(&other), Err(Left::Unread(Reason::Xml)));
    let types = with(&[("[Content_Types].xml", Some(b"<Types>"))]);
    assert_eq!(set(&types), Err(Left::Unread(Reason::Xml)));
    let no_relations = with(&[("_rels/.rels", None)]);
    assert_eq!(set(&no_relations), Err(Left::Unread(Reason::Damaged)));
}

#[test]
fn archives_with_bytes_that_nothing_names() {
    let whole = whole_docx(None, None);
    let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
    let trailing = [&whole[..], b"x"].concat();
    assert_eq!(set(&trailing), Err(Left::Unread(Reason::Inconsistent)));
    // Between the last entry and the directory: copied, since the directory says where it is.
    let mut behind = [&whole[..directory], b"hidden", &whole[directory..]].concat();
    let end = behind.len() - 22;
    let moved = (directory as u32 + 6).to_le_bytes();
    behind[end + 16..end + 20].copy_from_slice(&moved);
    let written = set(&behind).unwrap();
    assert!(memchr::memmem::find(&written, b"hidden").is_some());
    // Between two entries: what one zip reader passes over another finds.
    let second = 1 + memchr::memmem::find(&whole[1..], b"PK\x03\x04").unwrap();
    let mut between = [&whole[..second], b"hidden", &whole[second..]].concat();
    let end = between.len() - 22;
    between[end + 16..end + 20].copy_from_slice(&moved);
    let mut at = directory + 6;
    for _ in 0..u16::from_le_bytes([between[end + 10], between[end + 11]]) {
        let number = |from: usize| u16::from_le_bytes([between[from], between[from + 1]]);
        let length = 46 + number(at + 28) + number(at + 30) + number(at + 32);
        let place = u32::from_le_bytes(between[at + 42..at + 46].try_into().unwrap());
        let place = place + if place == 0 { 0 } else { 6 };
        between[at + 42..at + 46].copy_from_slice(&place.to_le_bytes());
        at += usize::from(length);
    }
    assert_eq!(set(&between), Err(Left::Unread(Reason::Inconsistent)));
    // A directory that states a wrong length.
    let mut short = whole.clone();
    let end = short.len() - 22;
    short[end + 12] ^= 1;
    assert!(matches!(set(&short), Err(Left::Unread(_) | Left::Kind)));
    // A locator of 64 bits before the end.
    let locator = [b"PK\x06\x07", &[0; 16][..]].concat();
    let end = whole.len() - 22;
    let wide = [&whole[..end], &locator[..], &whole[end..]].concat();
    assert!(matches!(set(&wide), Err(Left::Unread(_) | Left::Kind)));
}

#[test]
fn parts_that_readers_look_for_in_different_places() {
    let properties = build::labelled(CONFIDENTIAL);
    let part = Some(&properties[..]);
    let orphan = with(&[("docProps/custom.xml", part)]);
    assert_eq!(set(&orphan), Err(Left::Misplaced));
    let elsewhere = relations_to(&[(build::PROPERTIES, "/docProps/own.xml")]);
    let changes = [
        ("docProps/own.xml", part),
        ("_rels/.rels", Some(&elsewhere[..])),
    ];
    let moved = with(&changes);
    assert_eq!(
        in_effect(&set(&moved).unwrap()),
        [SECRET],
        "one place, by its relationship"
    );
    let both = with(&[changes[0], changes[1], ("docProps/custom.xml", part)]);
    assert_eq!(set(&both), Err(Left::Misplaced));
    let two = relations_to(&[
        (build::PROPERTIES, "docProps/own.xml"),
        (build::PROPERTIES, "docProps/two.xml"),
    ]);
    let two = with(&[("docProps/own.xml", part), ("_rels/.rels", Some(&two))]);
    assert_eq!(set(&two), Err(Left::Misplaced));
    let nowhere = with(&[("_rels/.rels", Some(&elsewhere))]);
    assert_eq!(set(&nowhere), Err(Left::Unread(Reason::Damaged)));
    let outside = String::from_utf8(elsewhere.clone()).unwrap();
    let outside = outside.replace("Target=\"/doc", "TargetMode=\"External\" Target=\"/doc");
    let outside = with(&[("_rels/.rels", Some(outside.as_bytes()))]);
    assert_eq!(set(&outside), Err(Left::Unread(Reason::Unsupported)));
}

#[test]
fn another_organisations_label_of_the_same_guid() {
    let foreign = custom_xml(SECRET, &[("Enabled", "true"), ("SiteId", CONFIDENTIAL)]);
    assert_eq!(set(&whole_docx(Some(&foreign), None)), Err(Left::Foreign));
    // In the newer place both have room.
    let list = label_info(SECRET, "1", "0");
    let list = String::from_utf8(list).unwrap().replace(SITE, CONFIDENTIAL);
    let written = set(&whole_docx(None, Some(list.as_bytes()))).unwrap();
    let list = members(&written)["docMetadata/LabelInfo.xml"].clone();
    assert_eq!(memchr::memmem::find_iter(&list, b"<clbl:label ").count(), 2);
}

#[test]
fn utf_16_stays_utf_16() {
    let text = String::from_utf8(build::labelled(CONFIDENTIAL)).unwrap();
    let text = text.replace("utf-8", "utf-16").replace("UTF-8", "UTF-16");
    let mut little = vec![0xff, 0xfe];
    little.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let mut big = vec![0xfe, 0xff];
    big.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    for part in [
        little,
        big,
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ] {
        let written = set(&whole_docx(Some(&part), None)).unwrap();
        assert_eq!(in_effect(&written), [SECRET]);
        assert_eq!(members(&written)["docProps/custom.xml"][..4], part[..4]);
    }
}

/// Our text would be read as another one by whoever goes by the declaration.
#[test]
fn parts_that_declare_another_encoding_than_theirs() {
    let text = String::from_utf8(build::labelled(CONFIDENTIAL)).unwrap();
    let (_, root) = text.split_once("?>").unwrap();
    let declared = |encoding: &str| {
        let part = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{root}");
        set(&whole_docx(Some(part.as_bytes()), None))
    };
    for own in ["UTF-8", "utf-8"] {
        assert!(declared(own).is_ok(), "{own}");
    }
    for other in ["ISO-8859-1", "utf-7", "UTF-16", "us-ascii", ""] {
        assert_eq!(declared(other), Err(Left::Unread(Reason::Xml)), "{other}");
    }
}

#[test]
fn a_document_larger_than_the_limit_is_not_looked_at() {
    let mut bytes = whole_docx(None, None);
    bytes.resize(MEMBER_BYTES_MAX as usize + 1, 0);
    assert_eq!(set(&bytes), Err(Left::TooLarge));
    bytes.pop();
    assert_ne!(set(&bytes), Err(Left::TooLarge));
}

#[test]
fn a_part_that_would_grow_beyond_the_limit() {
    let padded = |bytes: usize| {
        let part = String::from_utf8(custom_xml(CONFIDENTIAL, &[])).unwrap();
        let padding = " ".repeat(bytes - part.len());
        let part = part.replace("</Properties>", &format!("{padding}</Properties>"));
        whole_docx(Some(part.as_bytes()), None)
    };
    let limit = PART_BYTES_MAX as usize;
    assert_eq!(in_effect(&set(&padded(limit - 2_000)).unwrap()), [SECRET]);
    assert_eq!(set(&padded(limit - 200)), Err(Left::Unproved));
    assert_eq!(
        set(&padded(limit + 1)),
        Err(Left::Unread(Reason::EntryTooLarge))
    );
}

#[test]
fn numbers_of_properties_end() {
    let part = |pid: i32| {
        let part = String::from_utf8(custom_xml(CONFIDENTIAL, &[("Tag", "x")])).unwrap();
        let part = part.replace("MSIP_Label_", "Other_");
        whole_docx(
            Some(
                part.replace("pid=\"2\"", &format!("pid=\"{pid}\""))
                    .as_bytes(),
            ),
            None,
        )
    };
    assert!(set(&part(i32::MAX - 7)).is_ok());
    assert_eq!(
        set(&part(i32::MAX - 6)),
        Err(Left::Unread(Reason::TooManyEntries))
    );
}
