//! Every word of the language has a line in the manual, and every condition and action has cases.

mod support;

use std::path::Path;

use support::{files_in, read_text};

/// The words of one place that may be used, from the schema: it is written from the same table as
/// all else. What is reserved for later allows no value.
fn words(place: &str) -> Vec<String> {
    let schema: serde_json::Value = serde_json::from_str(&rules::schema()).unwrap();
    let words = schema["$defs"][place]["properties"].as_object();
    let usable = words
        .unwrap()
        .iter()
        .filter(|(_, word)| word.get("not").is_none());
    usable.map(|(name, _)| name.clone()).collect()
}

fn all_cases() -> String {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    ["shipped", "language"]
        .iter()
        .flat_map(|folder| files_in(&cases.join(folder), "toml"))
        .map(|path| read_text(&path))
        .collect()
}

fn without_a_case<'w>(words: &'w [String], cases: &str) -> Vec<&'w str> {
    let used = |word: &str| {
        let mut found = cases.match_indices(word);
        found.any(|(at, _)| {
            let before = cases[..at].chars().next_back().unwrap_or(' ');
            let starts = !before.is_alphanumeric() && before != '_';
            starts && cases[at + word.len()..].trim_start().starts_with('=')
        })
    };
    words
        .iter()
        .map(String::as_str)
        .filter(|word| !used(word))
        .collect()
}

#[test]
fn every_condition_and_action_has_a_case() {
    let cases = all_cases();
    for place in [
        "Condition",
        "Action",
        "Rule",
        "Rewrite",
        "Seal",
        "Notify",
        "AddRecipient",
        "Labels",
        "Time",
        "ApplyLabel",
        "ForeignLabel",
        "Marking",
        "Wording",
        "Person",
        "AttributeWords",
        "AttributePattern",
        "Language",
    ] {
        let words = words(place);
        assert!(!words.is_empty(), "no words of {place}");
        assert_eq!(
            without_a_case(&words, &cases),
            Vec::<&str>::new(),
            "{place} without a case"
        );
    }
}

/// The negative control: a word that is only part of another is not used.
#[test]
fn a_word_without_a_case_is_found() {
    let words = ["sender".to_owned(), "any".to_owned()];
    assert_eq!(
        without_a_case(&words, "any_recipient = 1\nthe_sender = 2\nsender : 3"),
        words
    );
}

#[test]
fn every_word_stands_in_the_manual() {
    let manual = rules::manual();
    let schema: serde_json::Value = serde_json::from_str(&rules::schema()).unwrap();
    let mut count = 0;
    for place in schema["$defs"].as_object().unwrap().values() {
        for word in place["properties"].as_object().unwrap().keys() {
            assert!(
                manual.contains(&format!("- **`{word}`**")),
                "`{word}` is not in the manual"
            );
            count += 1;
        }
    }
    assert!(count > 120, "only {count} words");
}

/// The example of every condition and action is read without a mistake.
#[test]
fn every_example_in_the_manual_is_right() {
    let labels = "[[label]]\nid = '2096f6a2-d2f7-48be-b329-b73aaa526e5d'\nname = 'Confidential'\n\
                  priority = 1\n";
    let manual = rules::manual();
    let mut section = "";
    let mut count = 0;
    for line in manual.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading;
        }
        let Some((_, example)) = line.split_once(" Example: `") else {
            continue;
        };
        let example = example.trim_end_matches('`');
        let rule = match section {
            s if s.starts_with("Conditions") => format!("when = {{ {example} }}\nstop = true"),
            s if s.starts_with("Actions") => format!("then = [{{ {example} }}]"),
            _ => continue,
        };
        support::load_text(&format!("{labels}[[rule]]\nname = 'r'\n{rule}\n"));
        count += 1;
    }
    assert!(count > 60, "only {count} examples");
}
