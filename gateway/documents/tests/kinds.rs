//! Every kind of file, by its first bytes; none by its name.

mod build;

use build::zip;
use documents::{Kind, kind};

#[test]
fn signs_at_the_start_and_further_in() {
    let at = |offset: usize, sign: &[u8]| [vec![0; offset], sign.to_vec(), vec![0; 64]].concat();
    let cases: &[(&[u8], Kind)] = &[
        (b"", Kind::Empty),
        (b"%PDF-1.7\n", Kind::Pdf),
        (b"junk before it\n%PDF-1.4\n", Kind::Pdf),
        (b"{\\rtf1 x}", Kind::Rtf),
        (b"7z\xbc\xaf\x27\x1c\0\x03", Kind::SevenZip),
        (b"Rar!\x1a\x07\x01\0", Kind::Rar),
        (b"\x1f\x8b\x08\0", Kind::Gzip),
        (b"MZ\x90\0\x03", Kind::Executable),
        (b"\x7fELF\x02", Kind::Executable),
        (b"\xca\xfe\xba\xbe\0", Kind::Executable),
        (b"#!/bin/sh\nid\n", Kind::Script),
        (b"L\0\0\0\x01\x14\x02\0", Kind::Shortcut),
        (b"\x78\x9f\x3e\x22\x01", Kind::Tnef),
        (b"\x89PNG\r\n\x1a\n", Kind::Png),
        (b"\xff\xd8\xff\xe0", Kind::Jpeg),
        (b"GIF89a", Kind::Gif),
        (b"BM are two letters, too", Kind::Text),
        (b"BM\x36\0\0\0\0", Kind::Bmp),
        (b"MZ is how this text begins", Kind::Text),
        (b"RIFF\0\0\0\0WEBPVP8 ", Kind::Webp),
        (b"RIFF\0\0\0\0WAVEfmt ", Kind::Audio),
        (b"\0\0\0\x18ftypmp42", Kind::Video),
        (b"BEGIN:VCALENDAR\r\n", Kind::Calendar),
        (b"begin:vcard\r\n", Kind::Card),
        (b"  <!DOCTYPE html><p>", Kind::Html),
        (b"\xef\xbb\xbf<html>", Kind::Html),
        (b"\xff\xfe<\0h\0t\0m\0l\0>\0", Kind::Html),
        (b"<!-- x --><script>1</script>", Kind::Html),
        (b"<?xml version=\"1.0\"?><svg onload=\"x\"/>", Kind::Svg),
        (b"<?xml version=\"1.0\"?><a/>", Kind::Xml),
        (b"Dear Ann,\r\n", Kind::Text),
        (b"\x01\x02\x03", Kind::Unknown),
    ];
    for (bytes, expected) in cases {
        assert_eq!(kind(bytes), *expected, "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(kind(&at(257, b"ustar\0")), Kind::Tar);
    assert_eq!(kind(&at(0x8001, b"CD001")), Kind::Iso);
}

#[test]
fn archives_are_what_they_hold() {
    let holding = |names: &[&str]| {
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"x"[..])).collect();
        kind(&zip(&members))
    };
    let types = "[Content_Types].xml";
    assert_eq!(holding(&[types, "word/document.xml"]), Kind::Docx);
    assert_eq!(holding(&["xl/workbook.xml", types]), Kind::Xlsx);
    assert_eq!(holding(&[types, "ppt/presentation.xml"]), Kind::Pptx);
    assert_eq!(holding(&[types, "visio/document.xml"]), Kind::Vsdx);
    assert_eq!(
        holding(&[types, "Documents/1/FixedDoc.fdoc"]),
        Kind::Package
    );
    assert_eq!(
        holding(&["mimetype", "META-INF/manifest.xml"]),
        Kind::OpenDocument
    );
    assert_eq!(holding(&["mimetype", "META-INF/container.xml"]), Kind::Epub);
    assert_eq!(holding(&["META-INF/MANIFEST.MF", "A.class"]), Kind::Jar);
    assert_eq!(holding(&["readme.txt"]), Kind::Zip);
    assert_eq!(kind(b"PK\x03\x04 and then nothing"), Kind::Zip);
}

#[test]
fn every_word_is_different() {
    let words: Vec<&str> = [kind(b""), kind(b"x"), kind(b"\x01"), kind(b"%PDF-")]
        .into_iter()
        .map(Kind::as_str)
        .collect();
    assert_eq!(words, ["empty", "text", "unknown", "pdf"]);
}
