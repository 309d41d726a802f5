//! `SIO-Label` and `SIO-Label-History` of RFC 7444.
//!
//! It never looks inside the encoded label: it is compared as text, as its policy issued it.

use crate::message::parameters::Parameterised;
use crate::time::{LocalTime, Timestamp};

/// The field that carries the label.
pub const HEADER: &str = "SIO-Label";
/// The field that tells how it changed; one more for each change.
pub const HISTORY_HEADER: &str = "SIO-Label-History";
/// RFC 7444 §4: a marking has at most this many characters.
pub const MARKING_CHARS_MAX: usize = 128;
/// Characters of an encoded label that are read and written.
pub const LABEL_CHARS_MAX: usize = 16_384;
/// Characters of one section of a long value, so that a line stays below 78.
const SECTION_CHARS: usize = 60;

/// One security label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SioLabel {
    /// What people are shown.
    pub marking: Option<String>,
    /// Its colour, `#rrggbb` or a name.
    pub foreground: Option<String>,
    /// The colour behind it.
    pub background: Option<String>,
    /// How `label` is encoded: `:ess`, `:x411`, `:xml`, or a URI.
    pub kind: Option<String>,
    /// The encoded label, in base64 for the three kinds above.
    pub label: Option<String>,
}

impl SioLabel {
    /// Reads the raw value of a field; none when it says nothing.
    pub fn parse(raw: &[u8]) -> Option<Self> {
        let label = Self::from_parameters(&parameters(raw), "");
        (label != Self::default()).then_some(label)
    }

    /// The value of the field, folded by whoever writes it.
    pub fn to_header(&self) -> String {
        let mut fields = Vec::new();
        self.push_fields("", &mut fields);
        fields.join("; ")
    }

    /// True when both name the same encoded label, or, where one has none, the same marking.
    pub fn matches(&self, other: &Self) -> bool {
        match (&self.label, &other.label) {
            (Some(a), Some(b)) => without_blanks(a) == without_blanks(b) && self.kind == other.kind,
            _ => match (&self.marking, &other.marking) {
                (Some(a), Some(b)) => a.trim().eq_ignore_ascii_case(b.trim()),
                _ => false,
            },
        }
    }

    fn from_parameters(found: &Parameterised, prefix: &str) -> Self {
        let get = |name: &str, chars_max: usize| {
            let text = found.get(&format!("{prefix}{name}"))?;
            let text: String = text.chars().take(chars_max).collect();
            (!text.is_empty()).then_some(text)
        };
        SioLabel {
            marking: get("marking", MARKING_CHARS_MAX),
            foreground: get("fgcolor", MARKING_CHARS_MAX),
            background: get("bgcolor", MARKING_CHARS_MAX),
            kind: get("type", MARKING_CHARS_MAX),
            label: get("label", LABEL_CHARS_MAX).map(|text| without_blanks(&text)),
        }
    }

    fn push_fields(&self, prefix: &str, fields: &mut Vec<String>) {
        let named = [
            ("marking", &self.marking, MARKING_CHARS_MAX),
            ("fgcolor", &self.foreground, MARKING_CHARS_MAX),
            ("bgcolor", &self.background, MARKING_CHARS_MAX),
            ("type", &self.kind, MARKING_CHARS_MAX),
            ("label", &self.label, LABEL_CHARS_MAX),
        ];
        for (name, value, chars_max) in named {
            if let Some(value) = value {
                let value: String = value.chars().take(chars_max).collect();
                fields.extend(parameter(&format!("{prefix}{name}"), &value));
            }
        }
    }
}

/// One change of a label, RFC 7444 §3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SioChange {
    /// The label before, when there was one.
    pub before: Option<SioLabel>,
    /// The label after, when there is one.
    pub after: Option<SioLabel>,
    /// Who changed it: a host or a mailbox.
    pub changed_by: String,
    /// When.
    pub changed_at: Timestamp,
    /// Why.
    pub comment: Option<String>,
}

impl SioChange {
    /// Reads the raw value of a history field. Its time may be a date of mail (RFC 5322 §3.3) or of
    /// the Internet (RFC 3339); in any other form it stays unread.
    pub fn parse(raw: &[u8]) -> Option<Self> {
        let found = parameters(raw);
        let some = |label: SioLabel| (label != SioLabel::default()).then_some(label);
        let change = found.get("change")?.to_ascii_lowercase();
        let after = some(SioLabel::from_parameters(&found, "new-"));
        let before = some(SioLabel::from_parameters(&found, ""));
        Some(SioChange {
            before: before.filter(|_| change != "add"),
            after: after.filter(|_| change != "delete"),
            changed_by: found.get("changed-by").unwrap_or_default().to_owned(),
            changed_at: found
                .get("changed-at")
                .and_then(read_time)
                .unwrap_or_default(),
            comment: found.get("changed-comment").map(str::to_owned),
        })
    }

    /// The value of the field: the label before under its own names, the new one under `new-`.
    pub fn to_header(&self) -> String {
        let mut fields = Vec::new();
        if let Some(before) = &self.before {
            before.push_fields("", &mut fields);
        }
        let change = match (&self.before, &self.after) {
            (None, _) => "add",
            (Some(_), Some(_)) => "replace",
            (Some(_), None) => "delete",
        };
        fields.push(format!("change={change}"));
        fields.extend(parameter("changed-by", &self.changed_by));
        fields.extend(parameter("changed-at", &self.changed_at.rfc5322()));
        if let Some(comment) = &self.comment {
            fields.extend(parameter("changed-comment", comment));
        }
        if let Some(after) = &self.after {
            after.push_fields("new-", &mut fields);
        }
        fields.join("; ")
    }
}

fn read_time(text: &str) -> Option<Timestamp> {
    let mail = || LocalTime::parse_rfc5322(text).map(LocalTime::moment);
    Timestamp::parse_rfc3339(text).or_else(mail)
}

/// The field begins with its first parameter: there is no word before it.
fn parameters(raw: &[u8]) -> Parameterised {
    Parameterised::parse(&[b";", raw].concat())
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// One parameter: quoted, in sections when long, as RFC 2231 when it is not plain ASCII.
fn parameter(name: &str, value: &str) -> Vec<String> {
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    if !value.is_ascii() {
        return vec![extended(name, &value)];
    }
    if value.len() <= SECTION_CHARS {
        return vec![format!("{name}={}", quoted(&value))];
    }
    // The value is ASCII, so any cut falls between characters.
    let sections = value
        .as_bytes()
        .chunks(SECTION_CHARS)
        .map(String::from_utf8_lossy);
    sections
        .enumerate()
        .map(|(number, section)| format!("{name}*{number}={}", quoted(&section)))
        .collect()
}

fn quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out + "\""
}

/// RFC 2231 §4.
fn extended(name: &str, value: &str) -> String {
    let mut out = format!("{name}*=utf-8''");
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_tells_its_time_as_mail_does_and_is_read_in_both_forms() {
        let moment = Timestamp::from_unix(1_796_306_700);
        let change = SioChange {
            before: None,
            after: Some(SioLabel::default()),
            changed_by: "gate.example".into(),
            changed_at: moment,
            comment: None,
        };
        let written = "changed-at=\"Thu, 03 Dec 2026 14:05:00 +0000\"";
        assert!(change.to_header().contains(written));
        for (text, expected) in [
            ("03 Dec 2026 06:05 PST", moment),
            ("2026-12-03T15:05:00+01:00", moment),
            ("yesterday", Timestamp::default()),
        ] {
            let raw = format!("change=delete; changed-by=x; changed-at=\"{text}\"");
            let change = SioChange::parse(raw.as_bytes()).unwrap();
            assert_eq!(change.changed_at, expected, "{text}");
        }
    }
}
