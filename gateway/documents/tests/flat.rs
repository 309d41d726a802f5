//! Documents that are one text: Rich Text, and documents in one XML file.

mod build;

use build::{SECRET, SITE, label_info, labelled, zip};
use documents::limits::{PROPERTIES_MAX, RTF_DEPTH_MAX};
use documents::{Kind, Reason, Source, State, kind, read_labels};
use proptest::prelude::*;

/// The label that holds, or nothing; the state must be known.
fn label(bytes: &[u8]) -> Option<(String, Option<String>)> {
    let answer = read_labels(bytes);
    assert_eq!(
        answer.state,
        State::Known,
        "{}",
        String::from_utf8_lossy(bytes)
    );
    let mut labels = answer.in_effect();
    let label = labels.next()?;
    assert!(labels.next().is_none());
    Some((label.id.as_str().to_owned(), label.site.clone()))
}

fn ours() -> Option<(String, Option<String>)> {
    Some((SECRET.to_owned(), Some(SITE.to_owned())))
}

fn rtf(properties: &str) -> Vec<u8> {
    format!(
        "{{\\rtf1\\ansi{{\\info{{\\title x}}}}{{\\*\\userprops {properties}}}\\pard Hello.\\par}}"
    )
    .into_bytes()
}

fn property(name: &str, value: &str) -> String {
    format!("{{\\propname {name}}}\\proptype30{{\\staticval {value}}}")
}

#[test]
fn rich_text() {
    let enabled = property(&format!("MSIP_Label_{SECRET}_Enabled"), "true");
    let site = property(&format!("MSIP_Label_{SECRET}_SiteId"), SITE);
    let file = rtf(&format!(
        "{}{enabled}\r\n{site}",
        property("Client", "Acme")
    ));
    assert_eq!(kind(&file), Kind::Rtf);
    assert_eq!(label(&file), ours());
    assert_eq!(read_labels(&file).labels[0].source, Source::Properties);
    assert_eq!(label(&rtf("")), None);
    assert_eq!(label(b"{\\rtf1 MSIP_Label_x}"), None);
    assert_eq!(label(&zip(&[("a.txt", &file)])), ours());
}

#[test]
fn rich_text_that_hides_the_name() {
    let hidden = format!("{{M\\'53}}\\u73?{{P}}\\r\nnothing _Label_{SECRET}_Enabled");
    let hidden = hidden.replace("\\r\nnothing ", "\r\n");
    let file = rtf(&format!("{{\\bin3 }}}}{}", property(&hidden, "\\'74rue")));
    let answer = read_labels(&file);
    assert_eq!(answer.in_effect().next().unwrap().id.as_str(), SECRET);
    let escaped = property(
        &format!("MSIP_Label_{}_Enabled", SECRET.replace('-', "\\_")),
        "true",
    );
    assert_eq!(read_labels(&rtf(&escaped)).in_effect().count(), 1);
}

#[test]
fn rich_text_limits() {
    let deep = |depth: usize| {
        let (open, close) = ("{".repeat(depth - 1), "}".repeat(depth - 1));
        let text = format!("{{\\rtf1\\propname x{open}{close}}}");
        read_labels(text.as_bytes()).state
    };
    assert_eq!(deep(RTF_DEPTH_MAX), State::Known);
    assert_eq!(deep(RTF_DEPTH_MAX + 1), State::Unknown(Reason::TooDeep));
    let many = |count: usize| read_labels(&rtf(&property("a", "b").repeat(count))).state;
    assert_eq!(many(PROPERTIES_MAX), State::Known);
    assert_eq!(
        many(PROPERTIES_MAX + 1),
        State::Unknown(Reason::TooManyEntries)
    );
}

fn part(name: &str, xml: &[u8]) -> String {
    let xml = String::from_utf8(xml.to_vec()).unwrap();
    let (_, body) = xml.split_once("?>").unwrap();
    format!("<pkg:part pkg:name=\"{name}\"><pkg:xmlData>{body}</pkg:xmlData></pkg:part>")
}

fn package(parts: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\"?><?mso-application progid=\"Word.Document\"?><pkg:package \
         xmlns:pkg=\"http://schemas.microsoft.com/office/2006/xmlPackage\">{parts}</pkg:package>"
    )
    .into_bytes()
}

#[test]
fn a_package_in_one_file() {
    let properties = part("/docProps/custom.xml", &labelled(SECRET));
    let info = part("/docMetadata/LabelInfo.xml", &label_info(SECRET, "1", "0"));
    assert_eq!(label(&package(&properties)), ours());
    assert_eq!(label(&package(&info)), ours());
    assert_eq!(label(&package("<pkg:part/>")), None);
    assert_eq!(label(&zip(&[("a.xml", &package(&properties))])), ours());
    let wide: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(
            String::from_utf8(package(&properties))
                .unwrap()
                .encode_utf16(),
        )
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(label(&wide), ours());
}

#[test]
fn word_2003_and_flat_open_document() {
    let key = format!("MSIP_Label_{SECRET}");
    let word = format!(
        "<?xml version=\"1.0\"?><w:wordDocument xmlns:w=\"http://schemas.microsoft.com/office/word/\
         2003/wordml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\">\
         <o:CustomDocumentProperties><o:{key}_Enabled dt:dt=\"string\">true</o:{key}_Enabled>\
         <o:{key}_SiteId>{SITE}</o:{key}_SiteId></o:CustomDocumentProperties></w:wordDocument>"
    );
    assert_eq!(label(word.as_bytes()), ours());
    let flat = format!(
        "<office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\">\
         <meta:user-defined meta:name=\"{key}_Enabled\">true</meta:user-defined>\
         <meta:user-defined meta:name=\"{key}_SiteId\">{SITE}</meta:user-defined></office:document>"
    );
    assert_eq!(label(flat.as_bytes()), ours());
}

#[test]
fn other_xml_is_no_document_and_a_torn_one_is_unknown() {
    for text in [
        "<?xml version=\"1.0\"?><a/>",
        "<html xmlns:o=\"urn:schemas-microsoft-com:office:x\">",
    ] {
        assert_eq!(
            read_labels(text.as_bytes()).state,
            State::NotADocument,
            "{text}"
        );
    }
    let whole = package("<pkg:part/>");
    assert_eq!(
        read_labels(&whole[..whole.len() - 3]).state,
        State::Unknown(Reason::Xml)
    );
}

proptest! {
    #[test]
    fn any_rich_text_is_read(text in "[\\\\{}a-z0-9' \\r\\n-]{0,200}") {
        let text = format!("{{\\rtf1\\propname {text}");
        let _ = read_labels(text.as_bytes());
    }
}
