//! Documents built in memory, for the tests of this crate.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod compound;

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
