//! Labels in documents that the tests build, place by place.

mod build;

use build::{CONFIDENTIAL, SECRET, SITE, custom_xml, docx, label_info, labelled, zip};
use documents::{DocumentLabels, Kind, Reason, Source, State, kind, read_labels};

/// The ids in effect.
fn ids(answer: &DocumentLabels) -> Vec<&str> {
    answer.in_effect().map(|label| label.id.as_str()).collect()
}

#[test]
fn custom_properties() {
    let answer = read_labels(&docx(&[("docProps/custom.xml", &labelled(CONFIDENTIAL))]));
    assert_eq!(answer.state, State::Known);
    assert_eq!(ids(&answer), [CONFIDENTIAL]);
    let label = &answer.labels[0];
    assert_eq!(label.site.as_deref(), Some(SITE));
    assert_eq!(label.name.as_deref(), Some("R & D only"));
    assert_eq!(label.source, Source::Properties);
    assert!(label.enabled && !label.removed);
}

#[test]
fn label_info_part() {
    let answer = read_labels(&docx(&[(
        "docMetadata/LabelInfo.xml",
        &label_info(SECRET, "1", "0"),
    )]));
    assert_eq!(answer.state, State::Known);
    assert_eq!(ids(&answer), [SECRET]);
    assert_eq!(answer.labels[0].site.as_deref(), Some(SITE));
    assert_eq!(answer.labels[0].source, Source::LabelInfo);
}

#[test]
fn a_document_without_labels_is_known_to_have_none() {
    let answer = read_labels(&docx(&[]));
    assert_eq!((answer.labels.len(), answer.state), (0, State::Known));
}

#[test]
fn switched_off_and_removed_labels_do_not_hold() {
    let off = custom_xml(CONFIDENTIAL, &[("Enabled", "False"), ("SiteId", SITE)]);
    assert_eq!(
        ids(&read_labels(&docx(&[("docProps/custom.xml", &off)]))),
        [""; 0]
    );
    for (enabled, removed) in [("0", "0"), ("1", "1"), ("0", "1")] {
        let part = label_info(SECRET, enabled, removed);
        let answer = read_labels(&docx(&[("docMetadata/LabelInfo.xml", &part)]));
        assert_eq!(
            (ids(&answer).len(), answer.labels.len()),
            (0, 1),
            "{enabled} {removed}"
        );
        assert_eq!(answer.state, State::Known);
    }
}

#[test]
fn the_newer_place_counts_for_its_site() {
    let parts: [(&str, &[u8]); 2] = [
        ("docProps/custom.xml", &labelled(CONFIDENTIAL)),
        ("docMetadata/LabelInfo.xml", &label_info(SECRET, "1", "0")),
    ];
    let answer = read_labels(&docx(&parts));
    assert_eq!(ids(&answer), [SECRET]);
    assert_eq!(answer.labels.len(), 2, "the older one is still told");
}

#[test]
fn another_sites_properties_stay_in_effect_beside_it() {
    let foreign = custom_xml(
        CONFIDENTIAL,
        &[("Enabled", "true"), ("SiteId", CONFIDENTIAL)],
    );
    let parts: [(&str, &[u8]); 2] = [
        ("docProps/custom.xml", &foreign),
        ("docMetadata/LabelInfo.xml", &label_info(SECRET, "1", "0")),
    ];
    assert_eq!(ids(&read_labels(&docx(&parts))), [SECRET, CONFIDENTIAL]);
}

#[test]
fn parts_are_found_by_relationship_and_in_any_case() {
    let relations =
        br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
        <Relationship Id="r1" Target="/elsewhere/p.xml"
          Type="http://purl.oclc.org/ooxml/officeDocument/relationships/custom-properties"/>
        <Relationship Id="r2" Target="elsewhere/l.xml"
          Type="http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels"/>
        </Relationships>"#;
    let off_site = custom_xml(CONFIDENTIAL, &[("Enabled", "true")]);
    let parts: [(&str, &[u8]); 3] = [
        ("_rels/.rels", relations),
        ("Elsewhere/P.xml", &off_site),
        ("elsewhere/l.xml", &label_info(SECRET, "1", "0")),
    ];
    assert_eq!(ids(&read_labels(&docx(&parts))), [SECRET, CONFIDENTIAL]);
    // Without the relationships nobody would look there.
    assert_eq!(ids(&read_labels(&docx(&parts[1..]))), [""; 0]);
}

#[test]
fn parts_in_utf_16_are_read() {
    let text = String::from_utf8(labelled(CONFIDENTIAL)).unwrap();
    let little: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let big: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    for part in [little, big] {
        assert_eq!(
            ids(&read_labels(&docx(&[("docProps/custom.xml", &part)]))),
            [CONFIDENTIAL]
        );
    }
}

#[test]
fn open_document() {
    let meta = format!(
        "<office:document-meta xmlns:office=\"o\" xmlns:meta=\"m\"><office:meta>\
         <meta:user-defined meta:name=\"MSIP_Label_{SECRET}_Enabled\">true</meta:user-defined>\
         <meta:user-defined meta:name=\"MSIP_Label_{SECRET}_SiteId\">{SITE}</meta:user-defined>\
         </office:meta></office:document-meta>"
    );
    let parts: [(&str, &[u8]); 3] = [
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", b"<a/>"),
        ("meta.xml", meta.as_bytes()),
    ];
    let file = zip(&parts);
    assert_eq!(kind(&file), Kind::OpenDocument);
    assert_eq!(ids(&read_labels(&file)), [SECRET]);
}

#[test]
fn documents_inside_archives_count() {
    let labelled = docx(&[("docProps/custom.xml", &labelled(SECRET))]);
    let inner = zip(&[("readme.txt", b"hello"), ("renamed.dat", &labelled)]);
    assert_eq!(ids(&read_labels(&inner)), [SECRET]);
    assert_eq!(ids(&read_labels(&zip(&[("a.zip", &inner)]))), [SECRET]);
    let nothing = read_labels(&zip(&[("readme.txt", b"hello")]));
    assert_eq!(nothing.state, State::NotADocument);
}

#[test]
fn what_is_no_document_is_said_to_be_none() {
    let texts: [&[u8]; 5] = [
        b"",
        b"plain",
        b"MSIP_Label_2096f6a2-d2f7-48be-b329-b73aaa526e5d_Enabled=true",
        b"P",
        b"\0",
    ];
    for bytes in texts {
        assert_eq!(read_labels(bytes).state, State::NotADocument, "{bytes:?}");
    }
}

#[test]
fn a_broken_document_is_unknown_not_unlabelled() {
    let whole = docx(&[("docProps/custom.xml", &labelled(SECRET))]);
    let cut = &whole[..whole.len() - 30];
    assert_eq!(read_labels(cut).state, State::Unknown(Reason::Damaged));
    let torn = docx(&[("docProps/custom.xml", b"<Properties><property name=\"x\">")]);
    assert_eq!(read_labels(&torn).state, State::Unknown(Reason::Xml));
    let odd = docx(&[(
        "docMetadata/LabelInfo.xml",
        b"<labelList><label id=\"none\"/></labelList>",
    )]);
    assert_eq!(read_labels(&odd).state, State::Unknown(Reason::Xml));
}
