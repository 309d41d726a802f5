//! At least 100,000 random messages, each marked, compared and carried by milter, within minutes.
//!
//! It never runs whole in an ordinary test run:
//! `cargo test --release -p mail --test fuzz_short -- --ignored`.

mod common;
#[path = "common/compare.rs"]
mod compare;
#[path = "common/generator.rs"]
mod generator;
#[path = "common/readers.rs"]
mod readers;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use compare::MARK;
use generator::{Dice, Generator};
use mail::{
    Edit, EditError, Fallback, Message, NewPart, OnDkim, Pattern, Place, apply, milter_operations,
};
use readers::Python;

const MESSAGES: u64 = 120_000;
/// How many must be done in the time, and how many of them be judged by Python's email.
const MESSAGES_MIN: usize = 100_000;
const JUDGED_MIN: usize = 60_000;
const TIME_MAX: Duration = Duration::from_secs(600);

fn footer(seed: u64) -> Vec<Edit> {
    let mut dice = Dice::new(seed ^ 0xfeed);
    let place = [Place::Top, Place::Bottom, Place::AboveQuote][dice.below(3)];
    let words = dice.pick(&["", " – “vertraulich”", " 機密", "\n> second line "]);
    let fallback = Fallback::Leave;
    vec![Edit::InsertText {
        place,
        plain: format!("{MARK}{words}"),
        html: format!("<p>{MARK}{}</p>", words.replace('>', "&gt;")),
        marker: "test".to_owned(),
        fallback,
        on_dkim: OnDkim::Break,
    }]
}

/// Where the first attached file stands.
fn attached(message: &Message<'_>) -> Option<mail::PartPath> {
    let first = message.attachments().into_iter().next();
    first.map(|part| part.path.clone())
}

/// A random list of every kind of edit.
fn any_edits(seed: u64, message: &Message<'_>) -> Vec<Edit> {
    let mut dice = Dice::new(seed ^ 0xbeef);
    let content = |name: &str| NewPart {
        media_type: "application/octet-stream".to_owned(),
        file_name: Some(name.to_owned()),
        content: b"new content".to_vec(),
    };
    let mut edits = Vec::new();
    for _ in 0..dice.below(6) {
        let name = dice
            .pick(&["Subject", "X-New", "to", "msip_labels", "X-Empty"])
            .to_owned();
        let value = dice
            .pick(&["plain", "Grüße aus Köln", "", "a\r\nBcc: b"])
            .to_owned();
        let parts = message.parts();
        let path = parts[dice.below(parts.len())].path.clone();
        edits.push(match dice.below(10) {
            0 => Edit::AddHeader { name, value },
            1 => Edit::SetHeader { name, value },
            2 => Edit::RemoveHeader { name },
            3 => Edit::AddPart {
                content: content("ä.bin"),
            },
            4 => Edit::ReplacePart {
                path,
                content: content("b.bin"),
            },
            5 => Edit::RemovePart { path },
            6 => Edit::RemoveText {
                patterns: vec![Pattern::exact("Classified as Internal")],
            },
            7 => Edit::ReplaceContent {
                path: attached(message).unwrap_or(path),
                content: b"other content".to_vec(),
            },
            _ => {
                let fallback = [Fallback::Leave, Fallback::Wrap][dice.below(2)];
                let mut footer = footer(seed);
                let Some(Edit::InsertText { fallback: own, .. }) = footer.first_mut() else {
                    panic!("a footer is a text");
                };
                *own = fallback;
                footer.remove(0)
            }
        });
    }
    edits
}

/// Any list gives a message that both carriers agree on and that ends as it should, or an error.
fn check_list(seed: u64, counts: &Counts) {
    let raw = Generator::message(seed);
    let message = Message::parse(&raw);
    let edits = any_edits(seed, &message);
    let edited = match apply(&message, &edits) {
        Ok(edited) => edited,
        Err(EditError::Conflict) => return counts.lists_refused.add(),
        Err(error) => panic!("seed {seed}: {error}"),
    };
    let operations = milter_operations(&message, &edits).unwrap();
    if operations.is_empty() {
        assert!(edited.bytes == raw, "seed {seed}: the milter does nothing");
    } else {
        assert!(
            common::postfix(&raw, &operations) == edited.bytes,
            "seed {seed}: milter list"
        );
    }
    let after = Message::parse(&edited.bytes);
    assert!(
        after.field("bcc").is_none(),
        "seed {seed}: a value became a field"
    );
    counts.lists.add();
}

/// Everything that must hold for one message.
fn check(seed: u64, counts: &Counts, python: &mut Option<Python>) {
    let raw = Generator::message(seed);
    let message = Message::parse(&raw);
    assert_eq!(
        apply(&message, &[]).unwrap().bytes,
        raw,
        "seed {seed}: no edits"
    );
    let edits = footer(seed);
    let edited = match apply(&message, &edits) {
        Ok(edited) => edited,
        // A text that reads as a boundary of the message is refused, not sent.
        Err(EditError::Damaged(_)) => return counts.refused.add(),
        Err(error) => panic!("seed {seed}: {error}"),
    };
    let operations = milter_operations(&message, &edits).unwrap();
    if !operations.is_empty() {
        assert!(
            common::postfix(&raw, &operations) == edited.bytes,
            "seed {seed}: milter"
        );
    }
    if edited.bytes == raw {
        assert!(
            !edited.skipped.is_empty(),
            "seed {seed}: neither marked nor said why not"
        );
        return counts.skipped.add();
    }
    let again = apply(&Message::parse(&edited.bytes), &edits).unwrap();
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if again.bytes != edited.bytes {
        panic!(
            "seed {seed}: marked twice
{}
=====
{}",
            shown(&edited.bytes),
            shown(&again.bytes)
        );
    }
    let grown = Message::parse(&edited.bytes).parts().len() != message.parts().len();
    if grown {
        return counts.grown.add();
    }
    if !compare::can_judge(&message) {
        return counts.unjudged.add();
    }
    if let Some(python) = python {
        counts.judged.add();
        let faults = python.ask(&format!("seed-{seed}"), &raw, &edited.bytes);
        assert!(faults.is_empty(), "for Python: {faults:#?}");
    }
    match compare::untouched(&raw, &edited.bytes) {
        Ok(0) => panic!("seed {seed}: the marking is not seen"),
        Ok(_) => counts.marked.add(),
        Err(error) => panic!("seed {seed}: {error}"),
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
struct Counts {
    marked: Count,
    skipped: Count,
    grown: Count,
    refused: Count,
    unjudged: Count,
    judged: Count,
    lists: Count,
    lists_refused: Count,
}

#[test]
#[ignore = "runs for minutes: make fuzz-short"]
fn random_mail_is_edited_without_harm() {
    let first: u64 = std::env::var("SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(1);
    let messages: u64 = std::env::var("MESSAGES")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(MESSAGES);
    let counts = Counts::default();
    let started = Instant::now();
    let done = Count::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|worker| {
                let (counts, done) = (&counts, &done);
                scope.spawn(move || {
                    let mut python = Python::start(MARK, false);
                    for seed in (first..first + messages).filter(|seed| seed % 2 == worker) {
                        if started.elapsed() > TIME_MAX {
                            break;
                        }
                        check(seed, counts, &mut python);
                        check_list(seed, counts);
                        done.add();
                    }
                    let faults = python.iter_mut().flat_map(Python::faults);
                    assert_eq!(
                        faults.collect::<Vec<_>>(),
                        Vec::<String>::new(),
                        "for Python"
                    );
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
    });
    println!(
        "{} messages in {:.0?}: {} marked, {} given a part of their own, {} left, {} refused, \
         {} not read alike by mail-parser; {} judged by Python, none wrong",
        done.get(),
        started.elapsed(),
        counts.marked.get(),
        counts.grown.get(),
        counts.skipped.get(),
        counts.refused.get(),
        counts.unjudged.get(),
        counts.judged.get(),
    );
    println!(
        "lists: {} agreed, {} refused",
        counts.lists.get(),
        counts.lists_refused.get()
    );
    assert!(
        counts.marked.get() > done.get() / 4,
        "too few were marked to mean anything"
    );
    let least = MESSAGES_MIN.min(messages as usize);
    assert!(done.get() >= least, "only {} in {TIME_MAX:?}", done.get());
    let judged = counts.judged.get();
    let is_enough = judged == 0 || judged >= JUDGED_MIN || messages < MESSAGES;
    assert!(is_enough, "only {judged} were judged by Python");
}

#[test]
fn a_few_random_messages_in_every_run() {
    let counts = Counts::default();
    for seed in 1..2_000 {
        check(seed, &counts, &mut None);
        check_list(seed, &counts);
    }
    assert!(counts.lists.get() > 1_400);
    assert!(counts.marked.get() > 500);
}

#[test]
#[ignore = "prints one message: SEED"]
fn print_one() {
    let seed: u64 = std::env::var("SEED").unwrap().parse().unwrap();
    let raw = Generator::message(seed);
    println!("{}", String::from_utf8_lossy(&raw));
    let message = Message::parse(&raw);
    println!("{:?} {:?}", message.ambiguities(), message.warnings());
    println!("{:#?}", any_edits(seed, &message));
    if let Ok(edited) = apply(&message, &footer(seed)) {
        println!(
            "=====\n{}\n{:?}",
            String::from_utf8_lossy(&edited.bytes),
            edited.skipped
        );
    }
}
