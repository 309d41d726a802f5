//! Header fields in which other products keep a classification.
//!
//! It never knows what a value means: a mapping says so, value by value.

use crate::message::transfer::decode_base64;

/// Values read from one field.
pub const VALUES_MAX: usize = 64;
/// Bytes of an encoded field that are looked at.
pub const ENCODED_BYTES_MAX: usize = 16_384;

/// How a field holds its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// The whole value is the classification.
    #[default]
    Text,
    /// `name=value` pairs with `;` or `,` between them.
    Pairs,
    /// JSON in base64 with `props` of `{"n": name, "vals": [{"value": value}]}`, as Titus writes.
    Json,
}

impl Form {
    /// The word for it in tables.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "text" => Some(Form::Text),
            "pairs" => Some(Form::Pairs),
            "json" => Some(Form::Json),
            _ => None,
        }
    }
}

/// The fields known to hold a classification in a form of their own, with that form.
const KNOWN: &str = include_str!("vendors.txt");

/// The form of a field; a field that nobody listed holds its value as text.
pub fn form(header: &str) -> Form {
    known()
        .find(|(name, _)| name.eq_ignore_ascii_case(header))
        .map_or(Form::Text, |(_, form)| form)
}

/// Every listed field.
pub fn known() -> impl Iterator<Item = (&'static str, Form)> {
    let lines = KNOWN.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| {
            let (name, form) = line.split_once(char::is_whitespace)?;
            Some((name, Form::parse(form.trim())?))
        })
}

/// The values of a field: a text, or `name=value` each.
pub fn values(form: Form, text: &str) -> Vec<String> {
    let mut values: Vec<String> = match form {
        Form::Text => vec![text.trim().to_owned()],
        Form::Pairs => text.split([';', ',']).map(pair).collect(),
        Form::Json => properties(text),
    };
    values.retain(|value| !value.is_empty());
    values.truncate(VALUES_MAX);
    values
}

fn pair(text: &str) -> String {
    match text.split_once('=') {
        Some((name, value)) => format!("{}={}", name.trim(), value.trim().trim_matches('"')),
        None => text.trim().to_owned(),
    }
}

/// The order of strings says what belongs together: `"n"`, a name, then `"value"` and a value, as
/// often as there are values.
fn properties(text: &str) -> Vec<String> {
    let text: String = text.split_whitespace().collect();
    if text.len() > ENCODED_BYTES_MAX {
        return Vec::new();
    }
    let json = decode_base64(text.as_bytes());
    let strings = strings(&String::from_utf8_lossy(&json));
    let mut found = Vec::new();
    let mut name = None;
    for two in strings.windows(2) {
        match two[0].as_str() {
            "n" => name = Some(two[1].clone()),
            "value" => {
                if let Some(name) = &name {
                    found.push(format!("{name}={}", two[1]));
                }
            }
            _ => {}
        }
    }
    found
}

/// RFC 8259 §7: the strings of a JSON text, in order, escapes undone.
fn strings(json: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    let mut chars = json.chars();
    while let Some(c) = chars.next() {
        match (&mut open, c) {
            (None, '"') => open = Some(String::new()),
            (None, _) => {}
            (Some(_), '"') => found.extend(open.take()),
            (Some(text), '\\') => match chars.next() {
                Some('n' | 'r' | 't' | 'b' | 'f') => text.push(' '),
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&digits, 16)
                        .ok()
                        .and_then(char::from_u32);
                    text.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Some(other) => text.push(other),
                None => return found,
            },
            (Some(text), c) => text.push(c),
        }
    }
    found
}
