//! Labels set in OpenDocument files: what is left alone and why, each beside one that is not; and
//! what never changes.

use documents::limits::PART_BYTES_MAX;
use documents::{Left, Reason, takes_label};

use super::build::{
    CONFIDENTIAL, ODF_TEXT, SECRET, SITE, manifest, meta_label, meta_xml, open_document,
    open_document_of,
};
use super::raw::{assert_rest_is_raw, entries};
use super::{in_effect, members, remove, set};

const FOREIGN: &str = "11111111-2222-3333-4444-555555555555";
const TEXT_PARTS: [&str; 2] = ["content.xml", "meta.xml"];

/// A text with these members instead of, or beside, those it has.
fn with(changes: &[(&str, Option<&[u8]>)]) -> Vec<u8> {
    let listed = manifest(ODF_TEXT, &TEXT_PARTS);
    let meta = meta_xml(&[("Project", "7")]);
    let mut all: Vec<(&str, &[u8])> = vec![
        ("content.xml", b"<office:document-content/>"),
        ("meta.xml", &meta),
        ("META-INF/manifest.xml", listed.as_bytes()),
    ];
    for (name, content) in changes {
        all.retain(|(known, _)| known != name);
        all.extend(content.map(|content| (*name, content)));
    }
    open_document_of(ODF_TEXT, &all)
}

fn with_meta(meta: &str) -> Vec<u8> {
    with(&[("meta.xml", Some(meta.as_bytes()))])
}

#[test]
fn the_file_that_the_others_are_made_of_takes_a_label() {
    assert_eq!(takes_label(&with(&[])), Ok(()));
    let written = set(&with(&[])).unwrap();
    assert_eq!(in_effect(&written), [SECRET]);
    let without = remove(&written).unwrap().unwrap();
    assert_eq!(members(&without), members(&with(&[])));
    assert_eq!(remove(&without), Ok(None));
}

#[test]
fn every_type_of_document_and_no_other() {
    let kind = |kind: &str| format!("application/vnd.oasis.opendocument.{kind}");
    for known in [
        "text",
        "spreadsheet",
        "presentation",
        "graphics",
        "chart",
        "formula",
        "image",
        "text-master",
        "text-web",
        "text-template",
        "spreadsheet-template",
        "presentation-template",
        "graphics-template",
        "text-master-template",
    ] {
        let written = set(&open_document(&kind(known), None)).unwrap();
        assert_eq!(in_effect(&written), [SECRET], "{known}");
        // The sign by which programs know the file stands where it did.
        assert_eq!(&written[30..38], b"mimetype");
        assert!(written[38..].starts_with(kind(known).as_bytes()), "{known}");
    }
    let others = [
        kind("base"),
        kind("text-templates"),
        kind(""),
        "application/vnd.sun.xml.writer".to_owned(),
        "application/zip".to_owned(),
    ];
    for other in others {
        assert_eq!(
            set(&open_document(&other, None)),
            Err(Left::Kind),
            "{other}"
        );
    }
    let nameless = super::build::zip(&[
        ("content.xml", b"<a/>"),
        (
            "META-INF/manifest.xml",
            manifest(ODF_TEXT, &["content.xml"]).as_bytes(),
        ),
    ]);
    assert_eq!(set(&nameless), Err(Left::Kind));
}

#[test]
fn all_else_goes_over_as_it_stands() {
    for meta in [
        None,
        Some(meta_xml(&[])),
        Some(meta_label(CONFIDENTIAL, Some(SITE))),
    ] {
        let before = open_document(ODF_TEXT, meta.as_deref());
        let after = set(&before).unwrap();
        assert_ne!(before, after);
        assert_rest_is_raw("odt", &before, &after);
        if meta.is_some() {
            let listed = |bytes: &[u8]| {
                let mut all = entries(bytes).into_iter();
                all.find(|raw| raw.name == "META-INF/manifest.xml").unwrap()
            };
            assert_eq!(listed(&before), listed(&after), "the manifest");
        }
    }
}

#[test]
#[should_panic(expected = "mimetype differs")]
fn a_changed_type_would_be_seen() {
    let before = with(&[]);
    let mut after = set(&before).unwrap();
    after[40] ^= 1;
    assert_rest_is_raw("odt", &before, &after);
}

#[test]
fn signed_and_encrypted_files() {
    for name in [
        "META-INF/documentsignatures.xml",
        "META-INF/macrosignatures.xml",
        "meta-inf/packagesignatures.xml",
    ] {
        let signed = with(&[(name, Some(b"<document-signatures/>"))]);
        assert_eq!(set(&signed), Err(Left::Signed), "{name}");
        assert_eq!(remove(&signed), Err(Left::Signed), "{name}");
    }
    let elsewhere = with(&[("Pictures/documentsignatures.xml", Some(b"<a/>"))]);
    assert!(set(&elsewhere).is_ok());
    let listed = manifest(ODF_TEXT, &TEXT_PARTS);
    let closed = listed.replacen(
        "text/xml\"/>",
        "text/xml\"><manifest:encryption-data/></manifest:file-entry>",
        1,
    );
    assert_ne!(listed, closed);
    let closed = with(&[("META-INF/manifest.xml", Some(closed.as_bytes()))]);
    assert_eq!(set(&closed), Err(Left::Unread(Reason::Encrypted)));
}

#[test]
fn metadata_that_readers_look_for_in_different_places() {
    let listed = |parts: &[&str]| {
        let listed = manifest(ODF_TEXT, parts);
        with(&[("META-INF/manifest.xml", Some(listed.as_bytes()))])
    };
    let misplaced = [
        listed(&["content.xml"]),
        listed(&["meta.xml", "meta.xml"]),
        listed(&["./meta.xml"]),
        listed(&["META.XML"]),
        with(&[("meta.xml", None), ("Meta.xml", Some(&meta_xml(&[])))]),
        with(&[
            ("META-INF/manifest.xml", None),
            (
                "Meta-Inf/Manifest.xml",
                Some(manifest(ODF_TEXT, &TEXT_PARTS).as_bytes()),
            ),
        ]),
        // Named by one reader `a`, by another as a label.
        with_meta(
            &text(meta_label(CONFIDENTIAL, None)).replace(" meta:name", " x:name='a' meta:name"),
        ),
    ];
    for (at, bytes) in misplaced.iter().enumerate() {
        assert_eq!(set(bytes), Err(Left::Misplaced), "{at}");
    }
    let gone = with(&[("meta.xml", None)]);
    assert_eq!(set(&gone), Err(Left::Unread(Reason::Damaged)));
    assert!(set(&listed(&["Object 1/meta.xml", "meta.xml"])).is_ok());
}

fn text(part: Vec<u8>) -> String {
    String::from_utf8(part).unwrap()
}

#[test]
fn what_cannot_be_read_whole() {
    let whole = text(meta_xml(&[]));
    let other = [
        whole.replace("opendocument:xmlns:office", "opendocument:xmlns:other"),
        whole.replace("document-meta", "document-data"),
        whole.replace("<office:meta>", "<office:meta/><office:meta>"),
        whole.replace("<office:meta>", "<!DOCTYPE x><office:meta>"),
        whole.replace("</office:meta>", ""),
        whole.replace("UTF-8", "ISO-8859-1"),
        String::new(),
    ];
    for meta in other {
        let left = set(&with_meta(&meta));
        assert_eq!(left, Err(Left::Unread(Reason::Xml)), "{meta}");
    }
    let listed = manifest(ODF_TEXT, &TEXT_PARTS);
    let unbound = listed.replace("manifest:1.0", "manifest:0.9");
    for listed in ["<a/>", "<a>", &unbound] {
        let bytes = with(&[("META-INF/manifest.xml", Some(listed.as_bytes()))]);
        assert_eq!(set(&bytes), Err(Left::Unread(Reason::Xml)), "{listed}");
    }
    let none = with(&[("META-INF/manifest.xml", None)]);
    assert_eq!(set(&none), Err(Left::Unread(Reason::Damaged)));
    let trailing = [&with(&[])[..], b"x"].concat();
    assert_eq!(set(&trailing), Err(Left::Unread(Reason::Inconsistent)));
    let padding = " ".repeat(PART_BYTES_MAX as usize);
    let large = with_meta(&whole.replace("</office:meta>", &format!("{padding}</office:meta>")));
    assert_eq!(set(&large), Err(Left::Unread(Reason::EntryTooLarge)));
}

#[test]
fn another_organisations_label_of_the_same_guid() {
    let foreign = meta_label(SECRET, Some(FOREIGN));
    assert_eq!(
        set(&open_document(ODF_TEXT, Some(&foreign))),
        Err(Left::Foreign)
    );
    let ours = meta_label(SECRET, Some(SITE));
    let written = set(&open_document(ODF_TEXT, Some(&ours))).unwrap();
    assert_eq!(in_effect(&written), [SECRET]);
}

/// Our reader counts what stands outside of the metadata; it is not cut, so it must not pass.
#[test]
fn a_label_of_ours_outside_of_the_metadata() {
    let entry = format!(
        "<meta:user-defined meta:name=\"MSIP_Label_{CONFIDENTIAL}_Enabled\">true\
         </meta:user-defined>"
    );
    let meta = text(meta_xml(&[]));
    let beside = meta.replace("<office:meta>", &format!("{entry}<office:meta>"));
    assert_eq!(set(&with_meta(&beside)), Err(Left::Unproved));
    let inside = meta.replace("<office:meta>", &format!("<office:meta>{entry}"));
    assert_eq!(in_effect(&set(&with_meta(&inside)).unwrap()), [SECRET]);
}
