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
