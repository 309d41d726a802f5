//! Every message of a folder goes through every kind of edit; a table says what became of it:
//! `MAIL_CORPUS=FOLDER cargo test -p mail --test foreign -- --nocapture`. Without `MAIL_CORPUS` it
//! is the shared corpora.
//!
//! It never judges by our own reading: mail-parser and Python's email do, wherever they read the
//! message as it came as we do.

mod common;
#[path = "common/compare.rs"]
mod compare;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/readers.rs"]
mod readers;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use compare::MARK;
use mail::{Edit, EditError, Fallback, Message, OnDkim, Place, apply, milter_operations};
use readers::Python;

/// How many harms are printed.
const HARMS_SHOWN_MAX: usize = 200;

/// A kind of edit that the gateway makes.
struct Kind {
    name: &'static str,
    edits: fn(&Message<'_>) -> Vec<Edit>,
}

const KINDS: [Kind; 6] = [
    Kind {
        name: "footer",
        edits: |_| vec![text(Place::Bottom, Fallback::Leave)],
    },
    Kind {
        name: "header or wrap",
        edits: |_| vec![text(Place::Top, Fallback::Wrap)],
    },
    Kind {
        name: "above the quotation",
        edits: |_| vec![text(Place::AboveQuote, Fallback::Reject)],
    },
    Kind {
        name: "subject tag",
        edits: |message| vec![subject(message)],
    },
    Kind {
        name: "label",
        edits: |_| label(),
    },
    Kind {
        name: "all together",
        edits: |message| {
            let mut all = label();
            all.push(subject(message));
            all.push(text(Place::Top, Fallback::Leave));
            all.push(text(Place::Bottom, Fallback::Leave));
            all
        },
    },
];

fn text(place: Place, fallback: Fallback) -> Edit {
    let words = format!("{MARK} – “vertraulich” {place:?}");
    Edit::InsertText {
        place,
        html: format!("<p>{words}</p>"),
        plain: words,
        marker: format!("test-{place:?}").to_ascii_lowercase(),
        fallback,
        on_dkim: OnDkim::Break,
    }
}

fn subject(message: &Message<'_>) -> Edit {
    let old = message.field("subject");
    let old = old.map(|field| message.field_text(field));
    Edit::SetHeader {
        name: "Subject".to_owned(),
        value: format!("[{MARK}] {}", old.unwrap_or_default()),
    }
}

fn label() -> Vec<Edit> {
    let value = format!("SEC=OFFICIAL, NOTE={MARK} für alle");
    vec![
        Edit::SetHeader {
            name: "X-Test-Marking".to_owned(),
            value: value.clone(),
        },
        Edit::AddHeader {
            name: "X-Test-Label".to_owned(),
            value,
        },
    ]
}

/// What became of the messages of one kind of edit.
#[derive(Default)]
struct Row {
    marked: usize,
    wrapped: usize,
    by_mail_parser: usize,
    by_python: usize,
    left: BTreeMap<&'static str, usize>,
    refused: BTreeMap<String, usize>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} marked, {} wrapped, left {:?}, refused {:?}; judged: {} by mail-parser, {} by \
             Python",
            self.marked, self.wrapped, self.left, self.refused, self.by_mail_parser, self.by_python
        )
    }
}

/// The messages of the folder that is named, else of the corpora.
fn corpus() -> Vec<PathBuf> {
    match std::env::var_os("MAIL_CORPUS") {
        Some(named) => folder::messages(Path::new(&named)),
        None => folder::corpora(),
    }
}

fn ends_lines_alike(raw: &[u8]) -> bool {
    let all = raw.iter().filter(|byte| **byte == b'\n').count();
    let crlf = memchr::memmem::find_iter(raw, b"\r\n").count();
    crlf == 0 || crlf == all
}

/// Edits once; `Err` says what was harmed. What Python must still judge is asked.
fn check(
    name: &str,
    raw: &[u8],
    kind: &Kind,
    row: &mut Row,
    python: &mut Option<Python>,
) -> Result<(), String> {
    let message = Message::parse(raw);
    let edits = (kind.edits)(&message);
    let edited = match apply(&message, &edits) {
        Ok(edited) => edited,
        Err(EditError::Refused(reason)) => {
            *row.left.entry(reason.as_str()).or_default() += 1;
            return Ok(());
        }
        Err(error) => {
            *row.refused.entry(error.to_string()).or_default() += 1;
            return Ok(());
        }
    };
    let operations = milter_operations(&message, &edits).map_err(|error| error.to_string())?;
    // Mail servers hand over whole lines only, and end them all alike.
    let comes = raw.ends_with(b"\n") && ends_lines_alike(raw) && !operations.is_empty();
    if comes && common::postfix(raw, &operations) != edited.bytes {
        return Err("the milter's operations give another message".to_owned());
    }
    for skipped in &edited.skipped {
        *row.left.entry(skipped.reason.as_str()).or_default() += 1;
    }
    if edited.bytes == raw {
        return match edited.skipped.is_empty() {
            true => Err("neither marked nor said why not".to_owned()),
            false => Ok(()),
        };
    }
    if edited.is_wrapped {
        row.wrapped += 1;
        // A header that a line of text ended is ended by an empty line in it.
        let (header, body) = raw.split_at(message.body_start());
        let holds = |piece: &[u8]| memchr::memmem::find(&edited.bytes, piece).is_some();
        return match holds(header.trim_ascii_end()) && holds(body) {
            true => Ok(()),
            false => Err("the new letter does not hold the original".to_owned()),
        };
    }
    row.marked += 1;
    judge(
        &format!("{}: {name}", kind.name),
        &message,
        &edits,
        &edited.bytes,
        row,
        python,
    )
}

/// What is harmed for us, for mail-parser and for Python.
fn judge(
    name: &str,
    message: &Message<'_>,
    edits: &[Edit],
    edited: &[u8],
    row: &mut Row,
    python: &mut Option<Python>,
) -> Result<(), String> {
    let texts = edits
        .iter()
        .filter(|edit| matches!(edit, Edit::InsertText { .. }))
        .count();
    if texts == edits.len() {
        let again = apply(&Message::parse(edited), edits);
        if again.is_ok_and(|again| again.bytes != edited) {
            return Err("marked twice".to_owned());
        }
    }
    // They look for one text, and compare no subject in a body.
    let is_judged = edits.len() == 1 || texts == 0;
    let is_grown = Message::parse(edited).parts().len() > message.parts().len();
    if is_judged && !is_grown && compare::can_judge(message) {
        row.by_mail_parser += 1;
        compare::untouched(message.raw(), edited)?;
    }
    if let Some(python) = python
        && is_judged
        && !compare::readers_differ(message)
    {
        row.by_python += 1;
        let faults = python.ask(name, message.raw(), edited);
        return match faults.is_empty() {
            true => Ok(()),
            false => Err(format!("for Python: {}", faults.join("\n"))),
        };
    }
    Ok(())
}

#[test]
fn no_edit_harms_a_message() {
    let files = corpus();
    let mut python = Python::start(MARK, false);
    let mut harms = Vec::new();
    for kind in &KINDS {
        let mut row = Row::default();
        for path in &files {
            let raw = fs::read(path).unwrap();
            for raw in [common::to_crlf(&raw), raw] {
                let name = path.file_name().unwrap().to_string_lossy();
                let checked = catch_unwind(AssertUnwindSafe(|| {
                    check(&name, &raw, kind, &mut row, &mut python)
                }));
                match checked {
                    Ok(Ok(())) => {}
                    Ok(Err(harm)) => harms.push(format!("{}: {name}: {harm}", kind.name)),
                    Err(_) => harms.push(format!("{}: {name}: panicked", kind.name)),
                }
            }
        }
        harms.extend(python.iter_mut().flat_map(Python::faults));
        println!("{:<20} {row}", kind.name);
    }
    println!(
        "{} messages, each with LF and CRLF: {} harmed",
        files.len(),
        harms.len()
    );
    harms.sort();
    harms.dedup();
    harms.truncate(HARMS_SHOWN_MAX);
    assert!(harms.is_empty(), "{}", harms.join("\n"));
}
