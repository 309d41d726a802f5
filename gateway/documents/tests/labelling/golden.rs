//! What is written into each kind of document, word for word. `UPDATE=1` rewrites the results.

use std::path::Path;

use super::build::{self, CONFIDENTIAL, SITE, content_types, custom_xml, label_info, relations};
use super::{LABEL_PARTS, in_effect, members, remove, set};

const OFFICE: &str = "openxmlformats-officedocument";
const FOREIGN: &str = "11111111-2222-3333-4444-555555555555";

/// A document of this kind without properties.
fn plain(main: &str, kind: &str, base: &str) -> Vec<u8> {
    let types = content_types(main, kind, false);
    let relations = relations(base, main, &[]);
    build::zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        (main, b"<main/>"),
    ])
}

fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let word = "word/document.xml";
    let kinds = [
        ("docx", word, "wordprocessingml.document"),
        ("dotx", word, "wordprocessingml.template"),
        ("xlsx", "xl/workbook.xml", "spreadsheetml.sheet"),
        ("xltx", "xl/workbook.xml", "spreadsheetml.template"),
        (
            "pptx",
            "ppt/presentation.xml",
            "presentationml.presentation",
        ),
        ("ppsx", "ppt/presentation.xml", "presentationml.slideshow"),
    ];
    let mut found: Vec<(&str, Vec<u8>)> = kinds
        .iter()
        .map(|(name, main, kind)| {
            let kind = format!("{OFFICE}.{kind}");
            (*name, plain(main, &kind, build::TRANSITIONAL))
        })
        .collect();
    let macros = "ms-word.document.macroEnabled";
    found.push(("docm", plain(word, macros, build::TRANSITIONAL)));
    let visio = "ms-visio.drawing";
    found.push((
        "vsdx",
        plain("visio/document.xml", visio, build::TRANSITIONAL),
    ));
    let strict = "http://purl.oclc.org/ooxml/officeDocument/relationships";
    let kind = format!("{OFFICE}.wordprocessingml.document");
    found.push(("strict", plain(word, &kind, strict)));
    let own = build::labelled(CONFIDENTIAL);
    found.push(("labelled", build::whole_docx(Some(&own), None)));
    let info = label_info(CONFIDENTIAL, "1", "0");
    found.push(("label-info", build::whole_docx(None, Some(&info))));
    found.push(("both", build::whole_docx(Some(&own), Some(&info))));
    found.push((
        "foreign",
        build::whole_docx(Some(&foreign_beside_ours()), None),
    ));
    found.extend(open_documents());
    found.push((
        "prefixes",
        build::whole_docx(Some(PREFIXES), Some(SHORT_LIST)),
    ));
    found
}

/// OpenDocument files: without metadata, with other metadata, with a label of ours and another's.
fn open_documents() -> Vec<(&'static str, Vec<u8>)> {
    let presentation = "application/vnd.oasis.opendocument.presentation-template";
    let table = "application/vnd.oasis.opendocument.spreadsheet";
    let text = |part: Vec<u8>| String::from_utf8(part).unwrap();
    let foreign = text(build::meta_label(FOREIGN, Some(FOREIGN)));
    let ours = text(build::meta_label(CONFIDENTIAL, None));
    let (_, ours) = ours.split_once("</meta:generator>").unwrap();
    let both = foreign.replace("</office:meta></office:document-meta>", ours);
    let person = build::meta_xml(&[("Project", "7 &lt; 8")]);
    vec![
        ("odt", build::open_document(build::ODF_TEXT, None)),
        ("otp", build::open_document(presentation, Some(&person))),
        ("ods", build::open_document(table, Some(ODF_PREFIXES))),
        (
            "odt-foreign",
            build::open_document(build::ODF_TEXT, Some(both.as_bytes())),
        ),
    ]
}

/// Other prefixes, nothing inside, comments and quotes of the other kind.
const ODF_PREFIXES: &[u8] = b"<?xml version='1.0'?><!-- by hand --><document-meta \
    xmlns='urn:oasis:names:tc:opendocument:xmlns:office:1.0' version='1.3' >\
    <!-- none --></document-meta>";

/// Ours, without a site but with a GUID of ours, between another's and a property of a person.
fn foreign_beside_ours() -> Vec<u8> {
    let text = |part: Vec<u8>| String::from_utf8(part).unwrap();
    let foreign = text(custom_xml(
        FOREIGN,
        &[("Enabled", "true"), ("SiteId", FOREIGN)],
    ));
    let ours = text(custom_xml(
        CONFIDENTIAL,
        &[("Enabled", "true"), ("Tag", "10, 3, 0, 1")],
    ));
    let ours = ours.split_once("<property").unwrap().1;
    let ours = ours.strip_suffix("</Properties>").unwrap();
    let person = "<property fmtid=\"{D5CDD505-2E9C-101B-9397-08002B2CF9AE}\" pid=\"9\" \
                  name=\"Project\"><vt:i4>7</vt:i4></property>";
    foreign
        .replace(
            "</Properties>",
            &format!("<property{ours}{person}</Properties>"),
        )
        .into_bytes()
}

/// Other prefixes than Office's, an empty list in short, comments and quotes of the other kind.
const PREFIXES: &[u8] = b"<?xml version='1.0'?><!-- by hand --><op:Properties \
    xmlns:op='http://schemas.openxmlformats.org/officeDocument/2006/custom-properties'>\
    <op:property fmtid='{x}' pid='7' name='Kept &amp; said'><t:lpwstr \
    xmlns:t='http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes'>a\
    </t:lpwstr></op:property> <!-- end --></op:Properties><!-- behind -->";
const SHORT_LIST: &[u8] =
    b"<labelList xmlns=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\" />";

/// The parts that hold labels, as text.
fn told(bytes: &[u8]) -> String {
    let members = members(bytes);
    let parts = LABEL_PARTS
        .iter()
        .filter_map(|name| Some((name, members.get(*name)?)));
    parts
        .map(|(name, content)| format!("== {name}\n{}\n", String::from_utf8_lossy(content)))
        .collect()
}

#[test]
fn every_kind_is_written_as_it_stands_in_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/labelling");
    let mut wrong = Vec::new();
    for (name, bytes) in cases() {
        let written = set(&bytes).unwrap_or_else(|left| panic!("{name}: {left}"));
        assert!(
            in_effect(&written).contains(&build::SECRET.to_owned()),
            "{name}"
        );
        let text = told(&written).replace("\r\n", "\n");
        let path = folder.join(format!("{name}.txt"));
        if std::fs::read_to_string(&path).unwrap_or_default() != text {
            match std::env::var_os("UPDATE") {
                Some(_) => std::fs::write(path, &text).unwrap(),
                None => wrong.push(format!("{name}:\n{text}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_label_is_taken_off_again() {
    for (name, bytes) in cases() {
        let without = remove(&set(&bytes).unwrap()).unwrap().unwrap();
        let left = in_effect(&without);
        let expected: &[&str] = if name.ends_with("foreign") {
            &[FOREIGN]
        } else {
            &[]
        };
        assert_eq!(left, expected, "{name}");
        assert_eq!(
            remove(&without),
            Ok(None),
            "{name}: nothing is left to take off"
        );
    }
}

#[test]
fn the_newer_place_gets_the_label_before_whatever_else_it_holds() {
    let foreign = "<l:label id=\"{11111111-2222-3333-4444-555555555555}\" enabled=\"1\" \
                   method=\"Standard\" siteId=\"{11111111-2222-3333-4444-555555555555}\" \
                   removed=\"0\"/>";
    let list = format!(
        "<l:labelList xmlns:l=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\">\
         {foreign}<l:label id=\"{{{CONFIDENTIAL}}}\" enabled=\"1\" siteId=\"{{{}}}\" \
         removed=\"0\"></l:label><l:extLst/></l:labelList>",
        SITE.to_uppercase()
    );
    let written = set(&build::whole_docx(None, Some(list.as_bytes()))).unwrap();
    let members = members(&written);
    let part = String::from_utf8_lossy(&members["docMetadata/LabelInfo.xml"]);
    let ours = format!(
        "mipLabelMetadata\"><l:label id=\"{{{}}}\" enabled=\"1\" method=\"Standard\" \
         siteId=\"{{{SITE}}}\" contentBits=\"0\" removed=\"0\"/>{foreign}<l:extLst/>",
        build::SECRET
    );
    assert!(part.contains(&ours), "{part}");
    assert!(!part.contains(CONFIDENTIAL));
}
