//! Documents built in memory, for the tests of this crate.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod compound;
pub mod pdf;

use std::io::{Cursor, Write};

use zip::write::{SimpleFileOptions, ZipWriter};

pub const CONFIDENTIAL: &str = "2096f6a2-d2f7-48be-b329-b73aaa526e5d";
pub const SECRET: &str = "7f1a9f2c-0d5e-4b8a-9c21-6f1f0e4b8a11";
pub const SITE: &str = "cb46c030-1825-4e81-a295-151c039dbf02";

/// A zip of these members, deflated.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A Word document of these parts beside the ones every document has.
pub fn docx(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut members: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", b"<?xml version=\"1.0\"?><Types/>"),
        ("word/document.xml", b"<document/>"),
    ];
    members.extend(parts);
    zip(&members)
}

/// docProps/custom.xml with the attributes of one label.
pub fn custom_xml(label: &str, attributes: &[(&str, &str)]) -> Vec<u8> {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Properties \
         xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" \
         xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">",
    );
    for (index, (attribute, value)) in attributes.iter().enumerate() {
        xml += &format!(
            "<property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"{}\" \
             name=\"MSIP_Label_{label}_{attribute}\"><vt:lpwstr>{value}</vt:lpwstr></property>",
            index + 2
        );
    }
    (xml + "</Properties>").into_bytes()
}

/// The properties Office wrote for one label before co-authoring.
pub fn labelled(label: &str) -> Vec<u8> {
    custom_xml(
        label,
        &[
            ("Enabled", "true"),
            ("SetDate", "2024-06-11T19:38:43Z"),
            ("Method", "Privileged"),
            ("Name", "R &amp; D&#32;only"),
            ("SiteId", SITE),
            ("ActionId", "88124cf5-1340-457d-90e1-0000a9427c99"),
            ("ContentBits", "2"),
        ],
    )
}

/// docMetadata/LabelInfo.xml as MS-OFFCRYPTO §2.6.4.4 describes it.
pub fn label_info(label: &str, enabled: &str, removed: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><clbl:labelList \
         xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><clbl:label \
         id=\"{{{label}}}\" enabled=\"{enabled}\" method=\"Privileged\" siteId=\"{{{SITE}}}\" \
         contentBits=\"0\" removed=\"{removed}\"/></clbl:labelList>"
    )
    .into_bytes()
}

/// The content types of a package whose main part has this type.
pub fn content_types(main: &str, kind: &str, properties: bool) -> String {
    let custom = match properties {
        true => {
            "<Override PartName=\"/docProps/custom.xml\" ContentType=\"application/vnd.\
             openxmlformats-officedocument.custom-properties+xml\"/>"
        }
        false => "",
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Types \
         xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default \
         Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.\
         relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Override PartName=\"/{main}\" ContentType=\"application/vnd.{kind}.main+xml\"/>{custom}\
         </Types>"
    )
}

/// The relationships of a package, those of the labels with their targets.
pub fn relations(base: &str, main: &str, more: &[(&str, &str)]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Relationships \
         xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship \
         Id=\"rId1\" Type=\"{base}/officeDocument\" Target=\"{main}\"/>"
    );
    for (number, (kind, target)) in more.iter().enumerate() {
        let number = number + 3;
        xml += &format!("<Relationship Id=\"rId{number}\" Type=\"{kind}\" Target=\"{target}\"/>");
    }
    xml + "</Relationships>"
}

/// Relationship types as Office writes them.
pub const TRANSITIONAL: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
pub const PROPERTIES: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties";
pub const LABEL_INFO: &str =
    "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels";

/// A whole Word document; what holds labels is named by relationships.
pub fn whole_docx(properties: Option<&[u8]>, labels: Option<&[u8]>) -> Vec<u8> {
    let main = "word/document.xml";
    let kind = "openxmlformats-officedocument.wordprocessingml.document";
    let types = content_types(main, kind, properties.is_some());
    let mut more = Vec::new();
    more.extend(properties.map(|_| (PROPERTIES, "docProps/custom.xml")));
    more.extend(labels.map(|_| (LABEL_INFO, "docMetadata/LabelInfo.xml")));
    let relations = relations(TRANSITIONAL, main, &more);
    let mut members: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        (main, b"<w:document xmlns:w=\"w\"/>"),
    ];
    members.extend(properties.map(|part| ("docProps/custom.xml", part)));
    members.extend(labels.map(|part| ("docMetadata/LabelInfo.xml", part)));
    members.push(("word/media/image1.png", b"\x89PNG\r\n\x1a\n picture"));
    zip(&members)
}

pub const ODF_TEXT: &str = "application/vnd.oasis.opendocument.text";

/// An OpenDocument manifest that names these parts.
pub fn manifest(kind: &str, parts: &[&str]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest \
         xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" \
         manifest:version=\"1.3\">\n <manifest:file-entry manifest:full-path=\"/\" \
         manifest:version=\"1.3\" manifest:media-type=\"{kind}\"/>\n"
    );
    for part in parts {
        xml += &format!(
            " <manifest:file-entry manifest:full-path=\"{part}\" \
             manifest:media-type=\"text/xml\"/>\n"
        );
    }
    xml + "</manifest:manifest>"
}

/// `meta.xml` with these user-defined entries, behind those that every program writes.
pub fn meta_xml(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-meta \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:meta=\"urn:oasis:names:tc:opendocument:xmlns:meta:1.0\" office:version=\"1.3\">\
         <office:meta><meta:generator>Writer &amp; Co</meta:generator>",
    );
    for (name, value) in entries {
        xml += &format!("<meta:user-defined meta:name=\"{name}\">{value}</meta:user-defined>");
    }
    (xml + "</office:meta></office:document-meta>").into_bytes()
}

/// The entries of one label.
pub fn meta_label(label: &str, site: Option<&str>) -> Vec<u8> {
    let name = |attribute: &str| format!("MSIP_Label_{label}_{attribute}");
    let (enabled, id) = (name("Enabled"), name("SiteId"));
    let mut entries = vec![(enabled.as_str(), "true")];
    entries.extend(site.map(|site| (id.as_str(), site)));
    meta_xml(&entries)
}

/// An OpenDocument file as programs write it: its type first and stored.
pub fn open_document(kind: &str, meta: Option<&[u8]>) -> Vec<u8> {
    let mut parts = vec!["content.xml"];
    parts.extend(meta.map(|_| "meta.xml"));
    let manifest = manifest(kind, &parts);
    let mut members: Vec<(&str, &[u8])> = vec![("content.xml", b"<office:document-content/>")];
    members.extend(meta.map(|meta| ("meta.xml", meta)));
    members.push(("META-INF/manifest.xml", manifest.as_bytes()));
    open_document_of(kind, &members)
}

/// An OpenDocument file of these members behind its type.
pub fn open_document_of(kind: &str, members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("mimetype", stored).unwrap();
    writer.write_all(kind.as_bytes()).unwrap();
    for (name, bytes) in members {
        let options = SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
