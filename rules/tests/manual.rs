//! The manual page and the schema stand beside the code and are current.

mod support;

use std::path::Path;

use support::updating;

fn is_current(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if updating() {
        std::fs::write(&path, text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == text,
        "{name} is out of date: UPDATE=1 cargo test -p rules --test manual"
    );
}

#[test]
fn the_manual_is_current() {
    let page = rules::manual();
    assert!(page.lines().count() > 100 && page.contains("**`label_at_least`**"));
    is_current("MANUAL.md", &page);
}

#[test]
fn the_schema_is_current_and_is_json() {
    let schema = rules::schema();
    let value: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert!(value["$defs"]["Condition"]["properties"]["any_recipient"].is_object());
    is_current("rules.schema.json", &schema);
}

/// The page with pictures shows the policy that made them, every picture, and words that are right.
#[test]
fn the_page_of_markings_is_whole() {
    const PICTURE_BYTES_MAX: usize = 60 * 1024;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(folder.join("MARKINGS.md")).unwrap();
    let policy = std::fs::read_to_string(folder.join("pictures/policy.toml")).unwrap();
    assert!(
        page.ends_with(&format!("```toml\n{policy}```\n")),
        "the policy of the pictures"
    );
    assert_eq!(support::load_text(&policy).advice, []);
    let mut count = 0;
    for file in std::fs::read_dir(folder.join("pictures")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "png") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(
                page.contains(&format!("(pictures/{name})")),
                "{name} is shown nowhere"
            );
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                bytes.starts_with(b"\x89PNG") && bytes.len() <= PICTURE_BYTES_MAX,
                "{name}"
            );
            count += 1;
        }
    }
    assert_eq!(
        page.matches("](pictures/").count(),
        count,
        "every picture is there"
    );
    let signature = page.split("## A signature").nth(1).unwrap();
    let signature = signature.split("```").nth(1).unwrap();
    let signature = signature.strip_prefix("toml\n").unwrap();
    assert_eq!(support::load_text(signature).advice, []);
    let looks = page.split("## A look of your own").nth(1).unwrap();
    let looks = looks
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    for line in looks.unwrap().lines() {
        support::load_text(&format!("[[rule]]\nname = 'r'\nthen = [{{ {line} }}]\n"));
    }
}
