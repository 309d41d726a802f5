//! Real documents that nobody here wrote, when the corpora stand beside the project.

use std::path::Path;
use std::process::Command;

use documents::{Kind, Left, Reason, kind};

use super::build::SECRET;
use super::raw::assert_rest_is_raw;
use super::{in_effect, remove, set};

fn files() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/documents");
    let mut files = Vec::new();
    for folder in ["tika", "msoffcrypto"] {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
            println!("skipped: {} is not there", root.join(folder).display());
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn real_documents_take_a_label_and_give_it_back() {
    let (mut labelled, mut pdfs, files) = (0, 0, files());
    for (name, bytes) in &files {
        let office = matches!(
            kind(bytes),
            Kind::Docx | Kind::Xlsx | Kind::Pptx | Kind::OpenDocument | Kind::Pdf
        );
        let written = match set(bytes) {
            Ok(written) => written,
            Err(left) => {
                let expected = match name.as_str() {
                    "testPPT_signed.pptx" => Left::Signed,
                    "testODTEncrypted.odt" => Left::Unread(Reason::Encrypted),
                    "testPDF_no_extract_no_accessibility_owner_empty.pdf" => {
                        Left::Unread(Reason::Encrypted)
                    }
                    // Readers look through it for objects, since nothing stands where it says.
                    "testPDF_bad_page_303226.pdf" => Left::Unread(Reason::Damaged),
                    _ if kind(bytes) == Kind::EncryptedOffice => Left::Unread(Reason::Encrypted),
                    _ => Left::Kind,
                };
                assert_eq!(left, expected, "{name}");
                continue;
            }
        };
        assert!(office, "{name}");
        let mut expected = in_effect(bytes);
        expected.push(SECRET.to_owned());
        assert_eq!(in_effect(&written), expected, "{name}");
        if kind(bytes) == Kind::Pdf {
            assert!(written.starts_with(bytes), "{name}");
            pdfs += 1;
        } else {
            assert_rest_is_raw(name, bytes, &written);
            python_reads(name, &written);
        }
        let without = remove(&written).unwrap().unwrap();
        assert_eq!(in_effect(&without), in_effect(bytes), "{name}");
        let same = set(&written).unwrap() == written;
        assert!(same, "{name}: the same label again is the same document");
        labelled += 1;
    }
    println!("{labelled} took a label, of them {pdfs} in PDF");
    assert!(
        files.is_empty() || (labelled >= 50 && pdfs >= 12),
        "only {labelled} were labelled, of them {pdfs} in PDF"
    );
}

/// A second reader, where there is one: every entry inflates and has its checksum.
fn python_reads(name: &str, bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let run = Command::new("python3")
        .args(["-m", "zipfile", "-t"])
        .arg(file.path())
        .output();
    let Ok(output) = run else { return };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("Done testing"),
        "{name}: {said}"
    );
    assert!(!said.contains("corrupt"), "{name}: {said}");
}
