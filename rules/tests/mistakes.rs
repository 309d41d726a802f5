//! Broken files and the whole diagnostic as text beside each: `NAME.toml`, `NAME.txt`.

mod support;

use std::path::Path;

use rules::{Loaded, RuleFile, load};
use support::{corp, files_in, read_text, render, updating};

#[test]
fn every_mistake_says_what_where_and_what_to_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let mut wrong = Vec::new();
    let paths = files_in(&folder, "toml");
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = RuleFile {
            name: name.clone(),
            text: read_text(path),
        };
        let found = match load(&[file], &corp()) {
            Err(found) => found,
            Ok(Loaded { advice, .. }) => advice,
        };
        assert!(!found.is_empty(), "{name}: nothing was found");
        let text = render(&found) + "\n";
        let beside = path.with_extension("txt");
        if updating() {
            std::fs::write(&beside, &text).unwrap();
        } else if std::fs::read_to_string(&beside).unwrap_or_default() != text {
            wrong.push(format!("{name}:\n{text}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "UPDATE=1 accepts these:\n{}",
        wrong.join("\n")
    );
    assert!(paths.len() >= 15, "only {} files", paths.len());
}

/// Every diagnostic names a line of the file and helps.
#[test]
fn every_diagnostic_has_a_place_and_help() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    for path in files_in(&folder, "txt") {
        let text = read_text(&path);
        for one in text.split("\n\n") {
            assert!(
                one.contains("--> "),
                "{}: no place in\n{one}",
                path.display()
            );
            let is_syntax = one.contains("this is not TOML");
            assert!(
                is_syntax || one.contains("help: "),
                "{}: no help in\n{one}",
                path.display()
            );
        }
    }
}

#[test]
fn names_are_unique_and_references_resolve_over_all_files() {
    let file = |name: &str, text: &str| RuleFile {
        name: name.into(),
        text: text.into(),
    };
    let rule = "[[rule]]\nname = 'r'\nthen = [{ apply_label = 'L' }]\n";
    let label =
        "[[label]]\nid = '2096f6a2-d2f7-48be-b329-b73aaa526e5d'\nname = 'L'\npriority = 1\n";
    assert!(load(&[file("a", rule), file("b", label)], &corp()).is_ok());
    let twice = load(
        &[file("a", rule), file("b", label), file("c", rule)],
        &corp(),
    )
    .unwrap_err();
    let text = render(&twice);
    assert!(text.contains("two rules are named `r`"), "{text}");
    assert!(
        text.contains("--> c:2") && text.contains("::: a:2"),
        "both places are shown:\n{text}"
    );
}

#[test]
fn tables_of_the_site_stand_once_over_all_files() {
    let file = |name: &str, text: &str| RuleFile {
        name: name.into(),
        text: text.into(),
    };
    for (title, text) in [
        ("time", "[time]\nzone = 'UTC'\n"),
        ("labels", "[labels]\ntranslate = true\n"),
    ] {
        assert!(load(&[file("a", text)], &corp()).is_ok());
        let twice = load(&[file("a", text), file("b", text)], &corp()).unwrap_err();
        let told = render(&twice);
        assert!(told.contains(&format!("a second `[{title}]`")), "{told}");
        assert!(
            told.contains("--> b:1") && told.contains("::: a:1"),
            "{told}"
        );
    }
}

#[test]
fn files_are_read_in_byte_order_of_their_names() {
    let file = |name: &str, rule: &str| RuleFile {
        name: name.into(),
        text: format!("[[rule]]\nname = '{rule}'\nthen = [{{ reject = '{rule}' }}]\n"),
    };
    let files = [file("b", "2"), file("a", "1"), file("B", "0")];
    let policy = load(&files, &corp()).unwrap().policy;
    let raw = b"Subject: x\r\n\r\nx\r\n";
    let message = mail::Message::parse(raw);
    let envelope = support::envelope("ann@corp.example", &["bob@x.example"]);
    let facts = rules::Facts::new(support::now(), rules::Source::Inside, &envelope, &message);
    let judgement = policy.judge(&facts);
    let names: Vec<&str> = judgement.copies[0]
        .verdict
        .because
        .iter()
        .map(|name| &**name)
        .collect();
    assert_eq!(names, ["0", "1", "2"]);
}

#[test]
fn no_files_and_empty_files_are_a_policy_that_changes_nothing() {
    for files in [
        vec![],
        vec![RuleFile {
            name: "a".into(),
            text: "# nothing\n".into(),
        }],
    ] {
        assert!(load(&files, &corp()).unwrap().policy.is_empty());
    }
}
