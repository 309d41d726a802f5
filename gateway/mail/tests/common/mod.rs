//! What the tests of this crate share: edit lists as text, and a model of Postfix.
//!
//! It never judges; the tests do.

#![allow(dead_code)] // Each test file uses its own share.

use mail::marking::{Template, Values};
use mail::{Edit, Fallback, MilterOperation, NewPart, OnDkim, PartPath, Place};

/// Reads a list of edits, one a line; `plain` and `html` lines belong to the `insert` above.
pub fn read_edits(text: &str) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let pair = || {
            rest.split_once(": ")
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .unwrap()
        };
        match word {
            "add" => {
                let (name, value) = pair();
                edits.push(Edit::AddHeader { name, value });
            }
            "set" => {
                let (name, value) = pair();
                edits.push(Edit::SetHeader { name, value });
            }
            "remove" => edits.push(Edit::RemoveHeader {
                name: rest.to_owned(),
            }),
            "insert" => edits.push(read_insert(rest)),
            "plain" | "html" => extend_insert(&mut edits, word, rest),
            "speak" => edits.push(Edit::SpeakOfOriginal {
                language: rest.to_owned(),
            }),
            "untext" => {
                let template = Template::parse(rest).unwrap();
                let pattern = template.pattern(&Values::new()).unwrap();
                edits.push(Edit::RemoveText {
                    patterns: vec![pattern],
                });
            }
            "attach" => {
                let (name, content) = pair();
                edits.push(Edit::AddPart {
                    content: part(&name, &content),
                });
            }
            "replace" => {
                let (path, rest) = rest.split_once(' ').unwrap();
                let (name, content) = rest.split_once(": ").unwrap();
                let path = PartPath::parse(path).unwrap();
                edits.push(Edit::ReplacePart {
                    path,
                    content: part(name, content),
                });
            }
            "refill" => {
                let (path, content) = pair();
                edits.push(Edit::ReplaceContent {
                    path: PartPath::parse(&path).unwrap(),
                    content: content.into_bytes(),
                });
            }
            "drop" => edits.push(Edit::RemovePart {
                path: PartPath::parse(rest).unwrap(),
            }),
            other => panic!("unknown word `{other}`"),
        }
    }
    edits
}

fn part(name: &str, content: &str) -> NewPart {
    NewPart {
        media_type: "application/octet-stream".to_owned(),
        file_name: Some(name.to_owned()),
        content: content.as_bytes().to_vec(),
    }
}

fn read_insert(rest: &str) -> Edit {
    let mut words = rest.split(' ');
    let place = match words.next() {
        Some("top") => Place::Top,
        Some("bottom") => Place::Bottom,
        Some("above-quote") => Place::AboveQuote,
        other => panic!("unknown place {other:?}"),
    };
    let marker = words.next().unwrap().to_owned();
    let fallback = match words.next() {
        None | Some("leave") => Fallback::Leave,
        Some("wrap") => Fallback::Wrap,
        Some("reject") => Fallback::Reject,
        other => panic!("unknown fallback {other:?}"),
    };
    let on_dkim = match words.next() {
        None => OnDkim::Break,
        Some("shield") => OnDkim::Shield,
        other => panic!("unknown word {other:?}"),
    };
    Edit::InsertText {
        place,
        plain: String::new(),
        html: String::new(),
        marker,
        fallback,
        on_dkim,
    }
}

fn extend_insert(edits: &mut [Edit], word: &str, text: &str) {
    let Some(Edit::InsertText { plain, html, .. }) = edits.last_mut() else {
        panic!("`{word}` must follow `insert`");
    };
    let target = if word == "plain" { plain } else { html };
    if !target.is_empty() {
        target.push('\n');
    }
    target.push_str(text);
}

/// What Postfix does to a message for these operations, as its cleanup daemon documents it: fields
/// are counted by name among those that stand, an empty value removes, added ones go last.
pub fn postfix(raw: &[u8], operations: &[MilterOperation]) -> Vec<u8> {
    let crlf = !memchr_lf_first(raw);
    let line_break: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let message = mail::Message::parse(raw);
    let named = |name: &str, bytes: &[u8]| (name.to_ascii_lowercase(), bytes.to_vec());
    let mut fields: Vec<(String, Vec<u8>)> = message
        .fields()
        .iter()
        .map(|field| named(message.field_name(field), message.field_raw(field)))
        .collect();
    // Lines of an mbox file may stand above a header that has no fields.
    let head = &raw[..message.body_start()];
    let empty_line = [&b"\r\n"[..], b"\n"].into_iter().find(|end| {
        let rest = head.strip_suffix(*end);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(b"\n"))
    });
    let lines = head.len() - empty_line.map_or(0, <[u8]>::len);
    let first = message.fields().first();
    let before = first.map_or(lines, |field| field.range.start);
    let preamble = &raw[..before];
    let mut body = raw[message.body_start()..].to_vec();
    let write = |name: &str, value: &[u8]| {
        let mut bytes = [name.as_bytes(), b": "].concat();
        for byte in value {
            match byte {
                b'\n' => bytes.extend_from_slice(line_break),
                byte => bytes.push(*byte),
            }
        }
        bytes.extend_from_slice(line_break);
        bytes
    };
    for operation in operations {
        match operation {
            MilterOperation::AddHeader { name, value } => {
                fields.push((name.to_ascii_lowercase(), write(name, value)));
            }
            MilterOperation::ChangeHeader {
                name,
                occurrence,
                value,
            } => {
                let key = name.to_ascii_lowercase();
                let mut same = fields
                    .iter()
                    .enumerate()
                    .filter(|(_, field)| field.0 == key);
                let at = same
                    .nth(occurrence - 1)
                    .expect("the field to change is there")
                    .0;
                match value.is_empty() {
                    true => drop(fields.remove(at)),
                    false => fields[at].1 = write(name, value),
                }
            }
            MilterOperation::ReplaceBody(new) => body = new.clone(),
        }
    }
    let header: Vec<u8> = fields.into_iter().flat_map(|(_, bytes)| bytes).collect();
    // A header that a line of text ended got its empty line, if any, before there was an operation.
    let ended = empty_line.is_some();
    let by_text = !ended && message.body_start() < raw.len();
    let as_came = body == raw[message.body_start()..];
    let empty_line = match by_text && as_came {
        true => &b""[..],
        false => line_break,
    };
    [preamble, &header[..], empty_line, &body[..]].concat()
}

fn memchr_lf_first(raw: &[u8]) -> bool {
    raw.iter()
        .position(|byte| *byte == b'\n')
        .is_some_and(|at| at == 0 || raw[at - 1] != b'\r')
}

/// Every line break as CRLF.
pub fn to_crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 20);
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'\n' && (at == 0 || text[at - 1] != b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
