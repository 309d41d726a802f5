//! What is read of the labels in `tests/labels/*.eml`; what must come out stands beside each.
//!
//! `UPDATE=1` rewrites the expectations; read what changed before you commit it.

mod house;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use house::{SITE, labels, mapping};
use mail::Message;
use mail::label::{Foreign, Meaning, Outside, Reader, Reading};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/labels");
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 48, "only {} cases", cases.len());
    cases
}

fn read(raw: &[u8]) -> Reading {
    let (labels, mapping) = (labels(), mapping());
    let reader = Reader {
        site: Some(SITE),
        labels: &labels,
        mapping: &mapping,
    };
    reader.read(&Message::parse(raw))
}

fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in raw {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

fn name(id: &mail::LabelId) -> String {
    labels()
        .get(id)
        .map_or_else(|| id.to_string(), |label| label.name.clone())
}

fn foreign(word: &str, foreign: &Foreign) -> String {
    let site = foreign.site.as_deref().unwrap_or("no site");
    let given = foreign.name.as_deref().unwrap_or("no name");
    format!("{word}: {} of {site}, {given:?}\n", foreign.id)
}

fn describe(meaning: &Meaning) -> String {
    match meaning {
        Meaning::Msip(id) => id.to_string(),
        Meaning::ProtectiveMarking(marking) => marking.to_header(),
        Meaning::Sio(label) => label.to_header(),
        Meaning::Tlp(tlp) => tlp.as_str().to_owned(),
        Meaning::Sensitivity(sensitivity) => sensitivity.as_str().to_owned(),
        Meaning::Importance(importance) => importance.as_str().to_owned(),
        Meaning::Header { value, .. } => value.clone(),
    }
}

fn render(reading: &Reading) -> String {
    let mut text = String::new();
    let own = reading.own.as_ref().map_or("none".to_owned(), name);
    let method = reading
        .method
        .map(|method| format!(", {}", method.as_str()))
        .unwrap_or_default();
    writeln!(text, "label: {own}{method}").unwrap();
    for statement in &reading.statements {
        let label = statement.label.as_ref().map_or("-".to_owned(), name);
        let said = describe(&statement.meaning);
        writeln!(text, "{}: {said} -> {label}", statement.field).unwrap();
    }
    for label in &reading.foreign {
        text += &foreign("foreign", label);
    }
    for sentence in &reading.conflicts {
        writeln!(text, "conflict: {sentence}").unwrap();
    }
    for field in &reading.lookalikes {
        writeln!(text, "no label: {field}").unwrap();
    }
    text
}

#[test]
fn every_case_reads_as_expected_with_either_line_break() {
    let mut wrong = Vec::new();
    for case in cases() {
        let raw = std::fs::read(&case).unwrap();
        let reading = render(&read(&raw));
        assert_eq!(
            render(&read(&with_crlf(&raw))),
            reading,
            "{}",
            case.display()
        );
        let expectation = case.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expectation, &reading).unwrap();
        }
        let expected = std::fs::read_to_string(&expectation).unwrap_or_default();
        if expected != reading {
            wrong.push(format!(
                "{}\nexpected:\n{expected}got:\n{reading}",
                case.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn from_outside_nothing_counts_unless_mapped() {
    let mut labelled = 0;
    for case in cases() {
        let reading = read(&std::fs::read(&case).unwrap());
        labelled += usize::from(reading.own.is_some());
        let claimed = reading.own.clone();
        for treatment in [Outside::Ignore, Outside::Remove] {
            let outside = reading.clone().from_outside(treatment);
            assert_eq!(
                (outside.own, outside.method),
                (None, None),
                "{}",
                case.display()
            );
            assert_eq!(outside.foreign, []);
            assert!(
                claimed
                    .iter()
                    .all(|id| outside.ignored.iter().any(|other| other.id == *id))
            );
        }
        let kept = reading.clone().from_outside(Outside::Keep);
        assert_eq!(kept.own, None);
        assert!(
            claimed
                .iter()
                .all(|id| kept.foreign.iter().any(|other| other.id == *id))
        );
        assert_eq!(reading.clone().from_outside(Outside::Map), reading);
    }
    assert!(labelled > 20, "only {labelled} cases carry a label");
}
