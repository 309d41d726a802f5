//! The manual page of the language and its JSON Schema, both written from the table of words.
//!
//! Nothing here knows a word that the table does not.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::words::{self, Kind, Place, Word};
use mail::AmbiguityKind;
use mail::marking::{OWN_NAME_BYTES_MAX, Variable};

mod ambiguity;

const OPENING: &str = include_str!("manual/opening.md");
const VARIABLES: &str = include_str!("manual/variables.md");

/// The manual page, as Markdown.
pub fn manual() -> String {
    let mut page = OPENING.to_owned();
    for place in Place::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "\n## {}\n", heading(place));
        for word in words::of(place) {
            let _ = writeln!(page, "{}", paragraph(word));
        }
    }
    let _ = writeln!(page, "\n## Kinds of `ambiguous`\n\n{}", ambiguity::OPENING);
    for kind in AmbiguityKind::ALL {
        let (sentence, honest) = (kind.sentence(), ambiguity::in_honest_mail(*kind));
        let _ = writeln!(page, "- **`{kind}`**: {sentence}. {honest}");
    }
    let _ = writeln!(page, "\n## Variables\n\n{VARIABLES}");
    for variable in Variable::ALL {
        let _ = writeln!(page, "- `${{{}}}`: {}", variable.name(), variable.meaning());
    }
    page.push_str("- `${sender.custom.NAME}`: what `custom` in `[[person]]` says of the sender\n");
    page
}

fn heading(place: Place) -> String {
    match place {
        Place::File => "Tables of a file".to_owned(),
        Place::Condition => "Conditions: keys of `when` and `unless`".to_owned(),
        Place::Action => "Actions: keys of the tables in `then`".to_owned(),
        place => format!("Keys of {}", place.title()),
    }
}

fn paragraph(word: &Word) -> String {
    let must = if word.required { " Required." } else { "" };
    if word.kind == Kind::Reserved {
        return format!("- **`{}`** is reserved: {}.", word.name, word.doc);
    }
    let example = match word.example.contains('\n') {
        true => String::new(),
        false => format!(" Example: `{} = {}`", word.name, word.example),
    };
    format!(
        "- **`{}`** takes {}. {}{must}{example}",
        word.name,
        word.kind.takes(),
        word.doc
    )
}

/// The JSON Schema (2020-12) of a rule file, for editors.
pub fn schema() -> String {
    let definitions: Map<String, Value> = Place::ALL
        .into_iter()
        .map(|place| (definition(place), table(place)))
        .collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sealgate rules",
        "$ref": format!("#/$defs/{}", definition(Place::File)),
        "$defs": definitions,
    });
    format!("{schema:#}\n")
}

fn definition(place: Place) -> String {
    format!("{place:?}")
}

fn table(place: Place) -> Value {
    let properties: Map<String, Value> = words::of(place)
        .map(|word| {
            let mut value = kind(word.kind);
            if let Value::Object(object) = &mut value {
                object.insert("description".into(), word.doc.into());
            }
            (word.name.to_owned(), value)
        })
        .collect();
    let required: Vec<&str> = words::of(place)
        .filter(|word| word.required)
        .map(|word| word.name)
        .collect();
    let mut table = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if place == Place::Action {
        table["minProperties"] = 1.into();
        table["maxProperties"] = 1.into();
    }
    table
}

fn kind(kind: Kind) -> Value {
    let text = || json!({ "type": "string", "minLength": 1 });
    let many = |one: Value| json!({ "anyOf": [one, { "type": "array", "items": one }] });
    let list = || {
        let name = json!({ "list": { "type": "string" } });
        json!({ "type": "object", "properties": name, "required": ["list"],
                "additionalProperties": false })
    };
    let inner = |place: Place| json!({ "$ref": format!("#/$defs/{}", definition(place)) });
    let tables = |place: Place| json!({ "type": "array", "items": inner(place) });
    match kind {
        Kind::Text => text(),
        Kind::Texts => many(json!({ "anyOf": [text(), list()] })),
        Kind::Names => many(text()),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Choices(words) => many(json!({ "enum": words })),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::True => json!({ "const": true }),
        Kind::TrueOrText => json!({ "anyOf": [{ "const": true }, text()] }),
        Kind::FlagOrNames => json!({ "anyOf": [{ "type": "boolean" }, many(text())] }),
        Kind::Count => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        Kind::Size => json!({ "type": "string", "pattern": "^[0-9]+ *(B|[KMG]i?B)$" }),
        Kind::Duration => json!({ "type": "string", "pattern": "^[0-9]+ *[smhdw]$" }),
        // TOML's own dates; editors show them as texts.
        Kind::Moment => json!({ "type": "string" }),
        Kind::Table(place) => json!({ "anyOf": [inner(place)] }),
        Kind::TextOrTable(place) => json!({ "anyOf": [text(), inner(place)] }),
        Kind::NamedTexts => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z0-9_-]+$", "maxLength": OWN_NAME_BYTES_MAX },
            "additionalProperties": text(),
        }),
        Kind::Tables(place) => tables(place),
        Kind::OneOrMoreTables(place) => json!({ "anyOf": [inner(place), tables(place)] }),
        Kind::Reserved => json!({ "not": {} }),
    }
}
