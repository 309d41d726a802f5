//! Every `edits/NAME.in.eml` with the edits in `NAME.edits.txt` gives `NAME.out.eml`, byte for
//! byte, with LF and with CRLF, by proxy and by milter. `UPDATE=1` rewrites the results.
//!
//! It never passes when it found no case.

mod common;

use std::fs;
use std::path::Path;

use mail::{Message, apply, milter_operations};

/// The result as it is stored: what was skipped or refused, then the message.
fn outcome(raw: &[u8], edits: &str) -> (String, Vec<u8>) {
    let message = Message::parse(raw);
    let edits = common::read_edits(edits);
    match apply(&message, &edits) {
        Ok(edited) => {
            let skipped = edited.skipped.iter();
            let skipped = skipped.map(|s| format!("skipped `{}` {}\n", s.path, s.reason.as_str()));
            let kept = edited.kept_contents.iter();
            let kept = kept.map(|s| format!("kept `{}` {}\n", s.path, s.reason.as_str()));
            let broken = edited
                .broken_signatures
                .iter()
                .map(|d| format!("breaks dkim {d}\n"));
            let notes: String = skipped.chain(kept).chain(broken).collect();
            let operations = milter_operations(&message, &edits).unwrap();
            if !operations.is_empty() {
                let by_milter = common::postfix(raw, &operations);
                assert_eq!(
                    String::from_utf8_lossy(&by_milter),
                    String::from_utf8_lossy(&edited.bytes),
                    "proxy and milter differ"
                );
            }
            (notes, edited.bytes)
        }
        Err(error) => (format!("error {error}\n"), Vec::new()),
    }
}

#[test]
fn every_case_gives_its_result() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edits");
    let update = std::env::var_os("UPDATE").is_some();
    let mut ran = 0;
    let mut wrong = Vec::new();
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    names.sort();
    for path in names {
        let Some(name) = path
            .to_str()
            .unwrap()
            .strip_suffix(".in.eml")
            .map(str::to_owned)
        else {
            continue;
        };
        let edits = fs::read_to_string(format!("{name}.edits.txt")).unwrap();
        let input = fs::read(&path).unwrap();
        assert!(!input.contains(&b'\r'), "{name}: cases are kept with LF");
        let (notes, bytes) = outcome(&input, &edits);
        let (crlf_notes, crlf_bytes) = outcome(&common::to_crlf(&input), &edits);
        assert_eq!(notes, crlf_notes, "{name}: LF and CRLF differ");
        assert_eq!(
            common::to_crlf(&bytes),
            crlf_bytes,
            "{name}: LF and CRLF differ"
        );
        let result = [notes.as_bytes(), b"====\n", &bytes].concat();
        let expected = fs::read(format!("{name}.out.eml")).unwrap_or_default();
        if result != expected {
            match update {
                true => fs::write(format!("{name}.out.eml"), &result).unwrap(),
                false => wrong.push(format!("{name}:\n{}", String::from_utf8_lossy(&result))),
            }
        }
        ran += 1;
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(ran > 30, "only {ran} cases were found");
}
