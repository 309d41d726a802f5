//! Real documents that nobody here wrote, when the corpora stand beside the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use documents::{Kind, Reason, State, kind, read_labels};

fn corpus() -> Option<Vec<(String, Vec<u8>)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/documents");
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return None;
    }
    let mut open: Vec<PathBuf> = vec![root];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                files.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(files.len() > 50, "the corpus holds {} files", files.len());
    Some(files)
}

/// Files whose content contradicts their name, or is finer than it.
const EXCEPTIONS: &[(&str, Kind)] = &[
    ("testODTnotaZipFile.odt", Kind::Text),
    ("test-documents-spanned.zip", Kind::Unknown),
    ("example_password.docx", Kind::EncryptedOffice),
    ("example_password.xlsx", Kind::EncryptedOffice),
    ("ecma376standard_password.docx", Kind::EncryptedOffice),
    ("testEXCEL_protected_passtika_2.xlsx", Kind::EncryptedOffice),
    ("protect.xlsx", Kind::EncryptedOffice),
];

fn expected(name: &str) -> Kind {
    if let Some((_, kind)) = EXCEPTIONS.iter().find(|(exception, _)| *exception == name) {
        return *kind;
    }
    match name.rsplit('.').next().unwrap() {
        "docx" | "docm" => Kind::Docx,
        "xlsx" | "xlsm" => Kind::Xlsx,
        "pptx" => Kind::Pptx,
        "odt" | "ods" | "odp" => Kind::OpenDocument,
        "doc" => Kind::Doc,
        "xls" => Kind::Xls,
        "ppt" => Kind::Ppt,
        "msg" => Kind::Msg,
        "pdf" => Kind::Pdf,
        "rtf" => Kind::Rtf,
        "zip" => Kind::Zip,
        "7z" => Kind::SevenZip,
        "rar" => Kind::Rar,
        other => panic!("no expectation for .{other}"),
    }
}

#[test]
fn every_file_is_known_for_what_it_is() {
    let Some(files) = corpus() else { return };
    for (name, bytes) in files {
        assert_eq!(kind(&bytes), expected(&name), "{name}");
    }
}

/// One of them is labelled, by its author's own tenant.
fn labels_of(name: &str) -> &'static [&'static str] {
    match name {
        "testWORD_docSecurity.docx" => &["03ef5274-90b8-4b3f-8a76-b4c36a43e904"],
        _ => &[],
    }
}

#[test]
fn labels_are_known_unless_a_password_stands_before_them() {
    let Some(files) = corpus() else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (name, bytes) in files {
        let answer = read_labels(&bytes);
        let ids: Vec<&str> = answer
            .labels
            .iter()
            .map(|label| label.id.as_str())
            .collect();
        assert_eq!(ids, labels_of(&name), "{name}");
        *counts.entry(format!("{:?}", answer.state)).or_default() += 1;
        let lower = name.to_ascii_lowercase();
        let closed = lower.contains("password")
            || lower.contains("encrypted.zip")
            || lower.contains("odtencrypted")
            || lower.contains("protect");
        if let State::Unknown(reason) = answer.state {
            println!("{name}: {reason}");
        }
        let zip_or_office = !lower.ends_with(".7z") && !lower.ends_with(".rar");
        if closed && zip_or_office {
            assert!(
                matches!(answer.state, State::Unknown(_)),
                "{name}: {:?}",
                answer.state
            );
        }
    }
    println!("{counts:?}");
    assert!(counts.len() > 2, "{counts:?}");
}

/// A zip that contains itself ends at the depth limit, not in the stack.
#[test]
fn the_zip_that_contains_itself() {
    let Some(files) = corpus() else { return };
    let (_, bytes) = files.iter().find(|(name, _)| name == "droste.zip").unwrap();
    assert_eq!(read_labels(bytes).state, State::Unknown(Reason::TooDeep));
}
