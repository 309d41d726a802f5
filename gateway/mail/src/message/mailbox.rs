//! Mailboxes in address fields (From, To, Cc, …), as tolerant readers read them.
//!
//! It never decides who somebody is: the envelope does. Groups are flattened, comments dropped.

use super::words;
use crate::{Address, work};

/// How many mailboxes of one field are read.
pub const MAILBOXES_MAX: usize = 10_000;

/// A display name and an address as they were written; neither is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name, decoded.
    pub name: Option<String>,
    /// What stands between `<` and `>`, or the bare address.
    pub address: String,
}

/// Reads the raw value of an address field.
pub(crate) fn parse(raw: &[u8]) -> Vec<Mailbox> {
    work::looked_at(raw.len());
    let mut mailboxes = Vec::new();
    for item in split(raw) {
        if mailboxes.len() >= MAILBOXES_MAX {
            break;
        }
        if let Some(mailbox) = item.mailbox() {
            mailboxes.push(mailbox);
        }
    }
    mailboxes
}

/// Reads the raw value of an address field that every reader takes for the same addresses; none
/// where it is not written as RFC 5322 §3.4 has it, or is a group or a route.
pub(crate) fn parse_strictly(raw: &[u8]) -> Option<Vec<Address>> {
    work::looked_at(raw.len());
    let entries = split(raw);
    let is_whole = entries.len() <= MAILBOXES_MAX;
    let addresses = entries.into_iter().map(Entry::strict_address);
    addresses.collect::<Option<_>>().filter(|_| is_whole)
}

/// One entry of the list, its quotes and comments taken apart.
#[derive(Default)]
struct Entry {
    phrase: Vec<u8>,
    angle: Option<Vec<u8>>,
    bare: Vec<u8>,
    /// Something stands in it, or before it, that has no place there.
    is_loose: bool,
    /// The phrase has a character that only stands in quotes, as an address has.
    has_special: bool,
}

impl Entry {
    fn loose() -> Self {
        Self {
            is_loose: true,
            ..Self::default()
        }
    }

    fn mailbox(self) -> Option<Mailbox> {
        let text = |bytes: &[u8]| words::decode(bytes);
        let Some(angle) = self.angle else {
            let address: String = text(&self.bare).split_whitespace().collect();
            return (!address.is_empty()).then_some(Mailbox {
                name: None,
                address,
            });
        };
        let name = Some(text(&self.phrase)).filter(|name| !name.is_empty());
        let address = text(&angle);
        // RFC 5321 §4.1.1.3: a source route is accepted and passed over.
        let routed = address
            .strip_prefix('@')
            .and_then(|rest| rest.split_once(':'));
        let address = routed
            .map_or(address.as_str(), |(_, address)| address)
            .trim()
            .to_owned();
        Some(Mailbox { name, address })
    }

    /// The address as it is written: RFC 2047 §5 has no encoded word in it.
    fn strict_address(self) -> Option<Address> {
        let is_loose = self.is_loose || self.angle.is_some() && self.has_special;
        let written = self.angle.unwrap_or(self.bare);
        let written = std::str::from_utf8(&written).ok()?.trim_ascii();
        Address::parse(written).ok().filter(|_| !is_loose)
    }
}

fn split(raw: &[u8]) -> Vec<Entry> {
    let mut entries = vec![Entry::default()];
    let mut at = 0;
    while at < raw.len() {
        // The list never empties, since it starts with one entry and only grows.
        let last = entries.len() - 1;
        let entry = &mut entries[last];
        match raw[at] {
            b'"' => {
                let (content, used, is_closed) = delimited(&raw[at..], b'"');
                entry.is_loose |= !is_closed || entry.angle.is_some();
                match &mut entry.angle {
                    Some(angle) => angle.extend_from_slice(&raw[at..at + used]),
                    None => {
                        entry.phrase.extend_from_slice(&content);
                        entry.bare.extend_from_slice(&raw[at..at + used]);
                    }
                }
                at += used;
                continue;
            }
            b'(' => {
                let (_, used, is_closed) = delimited(&raw[at..], b')');
                entry.is_loose |= !is_closed;
                entry.bare.push(b' ');
                at += used;
                continue;
            }
            b'<' => {
                let end = raw[at..].iter().position(|b| *b == b'>');
                entry.is_loose |= end.is_none() || entry.angle.is_some();
                let end = end.unwrap_or(raw.len() - at);
                entry.angle = Some(raw[at + 1..at + end].to_vec());
                at += end + 1;
                continue;
            }
            b',' => entries.push(Entry::default()),
            b';' => entries.push(Entry::loose()),
            b':' if entry.angle.is_none() => *entry = Entry::loose(),
            byte => {
                entry.is_loose |= entry.angle.is_some() && !byte.is_ascii_whitespace();
                entry.has_special |= b"@[]\\>".contains(&byte);
                if entry.angle.is_none() {
                    entry.phrase.push(byte);
                    entry.bare.push(byte);
                }
            }
        }
        if entries.len() > MAILBOXES_MAX {
            break;
        }
        at += 1;
    }
    entries
}

/// What stands between `input[0]` and `close`, `\` undone, how many bytes that takes, and whether
/// it ends.
fn delimited(input: &[u8], close: u8) -> (Vec<u8>, usize, bool) {
    let open = input[0];
    let mut content = Vec::new();
    let mut depth = 0usize;
    let mut at = 0;
    while at < input.len() {
        let byte = input[at];
        match byte {
            b'\\' => {
                at += 1;
                content.extend(input.get(at));
            }
            _ if byte == close && depth <= 1 && at > 0 => return (content, at + 1, true),
            _ if byte == close && at > 0 => depth -= 1,
            _ if byte == open => depth += 1,
            _ => content.push(byte),
        }
        at += 1;
    }
    (content, input.len(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Option<String>, String)> {
        parse(text.as_bytes())
            .into_iter()
            .map(|m| (m.name, m.address))
            .collect()
    }

    #[test]
    fn forms_of_real_mail() {
        let one = |name: Option<&str>, address: &str| (name.map(str::to_owned), address.to_owned());
        assert_eq!(read("ann@x.example"), vec![one(None, "ann@x.example")]);
        assert_eq!(
            read("\"Ann, B\" <ann@x.example>, =?utf-8?q?J=C3=B6rg?= <j@y.example> (c, d)"),
            vec![
                one(Some("Ann, B"), "ann@x.example"),
                one(Some("Jörg"), "j@y.example")
            ]
        );
        assert_eq!(
            read("friends: a@x.example, b@x.example; c@x.example"),
            vec![
                one(None, "a@x.example"),
                one(None, "b@x.example"),
                one(None, "c@x.example")
            ]
        );
        assert_eq!(read("undisclosed-recipients:;"), vec![]);
        assert_eq!(
            read("<@r.example:a@x.example>"),
            vec![one(None, "a@x.example")]
        );
        assert_eq!(
            read("\"a b\"@x.example"),
            vec![one(None, "\"ab\"@x.example")]
        );
    }

    #[test]
    fn read_strictly_a_field_has_one_meaning_or_none() {
        let strictly = |text: &str| {
            let found = parse_strictly(text.as_bytes())?;
            let found: Vec<String> = found.iter().map(Address::to_string).collect();
            Some(found.join(" "))
        };
        let ann = Some("ann@x.example".to_owned());
        for text in [
            "ann@x.example",
            " ann@x.example (the one)",
            "(the one)ann@x.example",
            "<ann@x.example>",
            "Ann B. Lee <ann@x.example>\r\n (c (d))",
            "\"bob@x.example\" <ann@x.example>",
            "=?utf-8?q?J=C3=B6rg?= <ann@x.example>",
        ] {
            assert_eq!(strictly(text), ann, "{text}");
        }
        let two = Some("ann@x.example bob@x.example".to_owned());
        assert_eq!(strictly("Ann <ann@x.example>,\r\n\tbob@x.example"), two);
        for text in [
            "",
            "Bob <bob@x.example> <ann@x.example>",
            "<ann@x.example> bob@x.example",
            "<ann@x.example> \"Bob\"",
            "bob@x.example <ann@x.example>",
            "bob@x.example> <ann@x.example>",
            "Ann <ann@x.example",
            "\"Ann <ann@x.example>",
            "Ann <ann@x.example> (c",
            "<@r.example:ann@x.example>",
            "Staff: ann@x.example;",
            "ann@x.example; ann@x.example",
            "ann@x.example,",
            "an n@x.example",
            "an(c)n@x.example",
            "=?utf-8?q?ann=40x.example?=",
            "<=?utf-8?q?ann=40x.example?=>",
            "ann@x.example\0",
        ] {
            assert_eq!(strictly(text), None, "{text}");
        }
        let many = vec!["a@x.example"; MAILBOXES_MAX];
        assert!(parse_strictly(many.join(",").as_bytes()).is_some());
        assert!(parse_strictly([&many[..], &many[..1]].concat().join(",").as_bytes()).is_none());
    }

    #[test]
    fn a_million_addresses_are_bounded() {
        let text = "a@x.example,".repeat(1_000_000);
        assert_eq!(parse(text.as_bytes()).len(), MAILBOXES_MAX);
        assert_eq!(parse("((((((".repeat(100_000).as_bytes()).len(), 0);
    }
}
