//! The form of a vector file: `name: value` lines, an empty line, the payload in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vector {
    pub fields: Vec<(String, String)>,
    pub payload: Vec<u8>,
}

impl Vector {
    pub fn new(expect: &str, kind: &str, about: &str) -> Self {
        Self {
            fields: Vec::new(),
            payload: Vec::new(),
        }
        .with("expect", expect)
        .with("kind", kind)
        .with("about", about)
    }

    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.fields.push((name.to_owned(), value.to_string()));
        self
    }

    pub fn with_bytes(self, name: &str, bytes: &[u8]) -> Self {
        self.with(name, hex(bytes))
    }

    pub fn with_payload(mut self, payload: &[u8]) -> Self {
        self.payload = payload.to_vec();
        self
    }

    /// The same vector with one field replaced.
    pub fn replacing(mut self, name: &str, value: impl ToString) -> Self {
        let field = self
            .fields
            .iter_mut()
            .find(|(field, _)| field == name)
            .unwrap();
        field.1 = value.to_string();
        self
    }

    pub fn maybe(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value.as_str())
    }

    pub fn field(&self, name: &str) -> &str {
        self.maybe(name)
            .unwrap_or_else(|| panic!("the vector has no `{name}`"))
    }

    pub fn bytes<const N: usize>(&self, name: &str) -> [u8; N] {
        unhex(self.field(name)).try_into().unwrap()
    }

    pub fn parse(text: &str) -> Self {
        let (head, body) = text
            .split_once("\n\n")
            .expect("an empty line before the payload");
        let field = |line: &str| {
            let (name, value) = line.split_once(':').expect("`name: value`");
            (
                name.to_owned(),
                value.strip_prefix(' ').unwrap_or(value).to_owned(),
            )
        };
        let body: String = body.split_ascii_whitespace().collect();
        let payload = STANDARD.decode(body).expect("base64");
        Self {
            fields: head.lines().map(field).collect(),
            payload,
        }
    }

    pub fn to_text(&self) -> String {
        let mut text: String = self
            .fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        text.push('\n');
        let body = STANDARD.encode(&self.payload);
        for line in body.as_bytes().chunks(76) {
            text.push_str(std::str::from_utf8(line).unwrap());
            text.push('\n');
        }
        text
    }
}

/// Applies a change of bytes: `cut N`, `append HEX`, `set AT HEX`, `swap A..B C..D`,
/// `copy A..B to C`, several of them behind `; `.
pub fn change(mut bytes: Vec<u8>, changes: &str) -> Vec<u8> {
    for change in changes.split("; ") {
        let words: Vec<&str> = change.split(' ').collect();
        match words[..] {
            ["cut", length] => bytes.truncate(length.parse().unwrap()),
            ["append", more] => bytes.extend(unhex(more)),
            ["set", at, with] => {
                let (at, with) = (at.parse::<usize>().unwrap(), unhex(with));
                bytes[at..at + with.len()].copy_from_slice(&with);
            }
            ["swap", first, second] => {
                let (first, second) = (range(first), range(second));
                let kept = bytes[first.clone()].to_vec();
                bytes.copy_within(second.clone(), first.start);
                bytes[second].copy_from_slice(&kept);
            }
            ["copy", from, "to", at] => bytes.copy_within(range(from), at.parse().unwrap()),
            _ => panic!("unknown change `{change}`"),
        }
    }
    bytes
}

pub fn range(text: &str) -> std::ops::Range<usize> {
    let (start, end) = text.split_once("..").unwrap();
    start.parse().unwrap()..end.parse().unwrap()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
