//! Mailboxes in address fields (From, To, Cc, …), as tolerant readers read them.
//!
//! It never decides who somebody is: the envelope does. Groups are flattened, comments dropped.

use super::words;
use crate::work;

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

/// One entry of the list, its quotes and comments taken apart.
#[derive(Default)]
struct Entry {
    phrase: Vec<u8>,
    angle: Option<Vec<u8>>,
    bare: Vec<u8>,
}

impl Entry {
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
                let (content, used) = delimited(&raw[at..], b'"');
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
                at += delimited(&raw[at..], b')').1;
                continue;
            }
            b'<' => {
                let end = raw[at..]
                    .iter()
                    .position(|b| *b == b'>')
                    .unwrap_or(raw.len() - at);
                entry.angle = Some(raw[at + 1..at + end].to_vec());
                at += end + 1;
                continue;
            }
            b',' | b';' => entries.push(Entry::default()),
            b':' if entry.angle.is_none() => *entry = Entry::default(),
            byte => {
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

/// What stands between `input[0]` and `close`, `\` undone, and how many bytes that takes.
fn delimited(input: &[u8], close: u8) -> (Vec<u8>, usize) {
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
            _ if byte == close && depth <= 1 && at > 0 => return (content, at + 1),
            _ if byte == close && at > 0 => depth -= 1,
            _ if byte == open => depth += 1,
            _ => content.push(byte),
        }
        at += 1;
    }
    (content, input.len())
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
    fn a_million_addresses_are_bounded() {
        let text = "a@x.example,".repeat(1_000_000);
        assert_eq!(parse(text.as_bytes()).len(), MAILBOXES_MAX);
        assert_eq!(parse("((((((".repeat(100_000).as_bytes()).len(), 0);
    }
}
