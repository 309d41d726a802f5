//! The Email Protective Marking Standard of the Australian Government, 2018 and later, in the field
//! `X-Protective-Marking` and at the end of a subject.
//!
//! It never judges what a classification is worth: a mapping says which label it means.

use crate::time::Timestamp;

/// The field that carries it.
pub const HEADER: &str = "X-Protective-Marking";
/// The version of the standard that is written. Any is read.
pub const VERSION: &str = "2018.4";
/// The namespace that is meant when none is named.
pub const NAMESPACE: &str = "gov.au";
/// Fields of one marking that are read.
pub const FIELDS_MAX: usize = 64;
/// Markings of one subject that are read.
pub const SUBJECT_MARKINGS_MAX: usize = 8;
/// Characters of one value; the standard's own limit for text.
pub const VALUE_CHARS_MAX: usize = 128;

/// What `\` lets stand for itself: it ends a value, a key or a type, or is the `\`.
const ESCAPED: [char; 4] = ['\\', ',', ':', '='];

/// One protective marking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtectiveMarking {
    /// `VER`, header only.
    pub version: Option<String>,
    /// `NS`, header only: who defines the words. Products use it for organisations of their own.
    pub namespace: Option<String>,
    /// `SEC`: `UNOFFICIAL`, `OFFICIAL`, `OFFICIAL:Sensitive`, `PROTECTED`, `SECRET`, `TOP-SECRET`.
    pub classification: Option<String>,
    /// `CAVEAT`, as `type:value`, in order.
    pub caveats: Vec<String>,
    /// `EXPIRES`: a date, a moment or the name of an event.
    pub expires: Option<String>,
    /// `DOWNTO`: the classification after that.
    pub down_to: Option<String>,
    /// `ACCESS`: information management markers, such as `Legal-Privilege`.
    pub access: Vec<String>,
    /// `NOTE`, header only.
    pub note: Option<String>,
    /// `ORIGIN`, header only: who first marked it.
    pub origin: Option<String>,
}

impl ProtectiveMarking {
    /// Reads the value of the field, after unfolding.
    pub fn parse(text: &str) -> Option<Self> {
        let mut marking = Self::default();
        for field in split(text).take(FIELDS_MAX) {
            let Some((key, value)) = field.split_once('=') else {
                continue;
            };
            marking.set(key.trim(), value.trim());
        }
        let says_something = marking.classification.is_some() || !marking.caveats.is_empty();
        says_something.then_some(marking)
    }

    /// Every `[SEC=…]` of a subject, in order.
    pub fn find(subject: &str) -> Vec<Self> {
        brackets(subject)
            .into_iter()
            .map(|(_, marking)| marking)
            .collect()
    }

    /// The namespace, by default the government's.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(NAMESPACE)
    }

    /// The classification that holds at `now`: `DOWNTO` once `EXPIRES` names a day or moment that
    /// has passed. An event never passes by itself.
    pub fn classification_at(&self, now: Timestamp) -> Option<&str> {
        let passed = self
            .expires
            .as_deref()
            .and_then(moment)
            .is_some_and(|end| end <= now);
        match &self.down_to {
            Some(down_to) if passed => Some(down_to),
            _ => self.classification.as_deref(),
        }
    }

    /// True when this marking holds everything `wanted` names. Words are compared without case and
    /// blanks.
    pub fn satisfies(&self, wanted: &Self) -> bool {
        let holds = |present: &Option<String>, wanted: &Option<String>| match wanted {
            Some(wanted) => present
                .as_ref()
                .is_some_and(|present| alike(present, wanted)),
            None => true,
        };
        let holds_all = |present: &[String], wanted: &[String]| {
            wanted
                .iter()
                .all(|wanted| present.iter().any(|present| alike(present, wanted)))
        };
        alike(self.namespace(), wanted.namespace())
            && holds(&self.classification, &wanted.classification)
            && holds(&self.down_to, &wanted.down_to)
            && holds_all(&self.caveats, &wanted.caveats)
            && holds_all(&self.access, &wanted.access)
    }

    /// How many things it names: of two that fit, the one that names more is meant.
    pub fn weight(&self) -> usize {
        let single = [&self.classification, &self.down_to]
            .iter()
            .filter(|v| v.is_some())
            .count();
        single + self.caveats.len() + self.access.len()
    }

    /// The value of the field, in the standard's order.
    pub fn to_header(&self) -> String {
        let mut fields = vec![
            format!("VER={}", escape(self.version.as_deref().unwrap_or(VERSION))),
            format!("NS={}", escape(self.namespace())),
        ];
        fields.extend(self.shared_fields());
        fields.extend(
            self.note
                .iter()
                .map(|note| format!("NOTE={}", escape(note))),
        );
        fields.extend(
            self.origin
                .iter()
                .map(|origin| format!("ORIGIN={}", escape(origin))),
        );
        fields.join(", ")
    }

    /// The form for a subject, with its brackets. The standard has no way to write one inside.
    pub fn to_subject(&self) -> String {
        let fields = self.shared_fields().join(", ");
        format!("[{}]", fields.replace('[', "(").replace(']', ")"))
    }

    /// The subject with this marking at its end and no other in it.
    pub fn tag_subject(&self, subject: &str) -> String {
        let rest = untag_subject(subject);
        let space = if rest.is_empty() { "" } else { " " };
        format!("{rest}{space}{}", self.to_subject())
    }

    fn shared_fields(&self) -> Vec<String> {
        let mut fields = Vec::new();
        fields.extend(
            self.classification
                .iter()
                .map(|text| format!("SEC={}", escape(text))),
        );
        fields.extend(
            self.caveats
                .iter()
                .map(|text| format!("CAVEAT={}", escape(text))),
        );
        fields.extend(
            self.expires
                .iter()
                .map(|text| format!("EXPIRES={}", escape(text))),
        );
        fields.extend(
            self.down_to
                .iter()
                .map(|text| format!("DOWNTO={}", escape(text))),
        );
        fields.extend(
            self.access
                .iter()
                .map(|text| format!("ACCESS={}", escape(text))),
        );
        fields
    }

    /// The first of a field that may stand once is kept.
    fn set(&mut self, key: &str, value: &str) {
        let value: String = value.chars().take(VALUE_CHARS_MAX).collect();
        if value.is_empty() {
            return;
        }
        let single = match key.to_ascii_uppercase().as_str() {
            "VER" => &mut self.version,
            "NS" => &mut self.namespace,
            "SEC" => &mut self.classification,
            "EXPIRES" => &mut self.expires,
            "DOWNTO" => &mut self.down_to,
            "NOTE" => &mut self.note,
            "ORIGIN" => &mut self.origin,
            "CAVEAT" => return self.caveats.push(value),
            "ACCESS" => return self.access.push(value),
            _ => return,
        };
        single.get_or_insert(value);
    }
}

/// The subject without any marking.
pub fn untag_subject(subject: &str) -> String {
    let mut rest = String::with_capacity(subject.len());
    let mut from = 0;
    for (range, _) in brackets(subject) {
        rest.push_str(&subject[from..range.start]);
        from = range.end;
    }
    rest.push_str(&subject[from..]);
    rest.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Brackets that begin with `SEC=` or `CAVEAT=`.
fn brackets(subject: &str) -> Vec<(std::ops::Range<usize>, ProtectiveMarking)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = subject[from..].find('[').map(|at| from + at) {
        from = open + 1;
        let Some(close) = unescaped(&subject[from..], ']').map(|at| from + at) else {
            break;
        };
        let inside = &subject[from..close];
        let begins = |tag: &str| {
            let inside = inside.trim_start();
            inside
                .get(..tag.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(tag))
        };
        if (begins("SEC=") || begins("CAVEAT="))
            && let Some(marking) = ProtectiveMarking::parse(inside)
        {
            found.push((open..close + 1, marking));
            from = close + 1;
            if found.len() == SUBJECT_MARKINGS_MAX {
                break;
            }
        }
    }
    found
}

/// The parts between commas that no `\` stands before.
fn split(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = unescaped(text, ',');
        rest = end.map(|end| &text[end + 1..]);
        Some(unescape(&text[..end.unwrap_or(text.len())]))
    })
}

fn unescaped(text: &str, wanted: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let here = c == wanted && !escaped;
        escaped = c == '\\' && !escaped;
        here.then_some(at)
    })
}

/// A `\` before any other character stands for itself.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c) if ESCAPED.contains(&c) => out.push(c),
                rest => out.extend([Some('\\'), rest].into_iter().flatten()),
            },
            _ => out.push(c),
        }
    }
    out
}

fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value
        .chars()
        .filter(|c| !c.is_control())
        .take(VALUE_CHARS_MAX)
    {
        if matches!(c, ',' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn alike(a: &str, b: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| !c.is_whitespace())
            .flat_map(char::to_uppercase)
            .collect()
    };
    plain(a) == plain(b)
}

/// A day is over when the next one begins; a moment without a zone is taken as UTC.
fn moment(text: &str) -> Option<Timestamp> {
    const DAY_SECONDS: i64 = 86_400;
    let day = || Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"));
    Timestamp::parse_rfc3339(text)
        .or_else(|| Timestamp::parse_rfc3339(&format!("{text}Z")))
        .or_else(|| day().map(|begin| begin.plus_seconds(DAY_SECONDS)))
}
