//! Every message of the corpora gets a footer: what was not asked for stays as it was, for us, for
//! mail-parser and for Python's email.
//!
//! It never fails where the corpora are absent: it prints that it was skipped.

mod common;
#[path = "common/compare.rs"]
mod compare;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/generator.rs"]
mod generator;
#[path = "common/readers.rs"]
mod readers;

use std::collections::BTreeMap;
use std::fs;

use compare::MARK;
use mail::{Edit, Fallback, Message, OnDkim, Place, apply, milter_operations};
use readers::Python;

/// How many messages are generated for Python, and how many pairs it must judge.
const SEEDS_MAX: u64 = 14_000;
const PAIRS_MIN: usize = 10_000;

fn footer() -> Vec<Edit> {
    vec![Edit::InsertText {
        place: Place::Bottom,
        plain: format!("{MARK} – “vertraulich”"),
        html: format!("<p>{MARK} – “vertraulich”</p>"),
        marker: "test".to_owned(),
        fallback: Fallback::Leave,
        on_dkim: OnDkim::Break,
    }]
}

#[derive(Debug, Default)]
struct Counts {
    marked: usize,
    given_a_part: usize,
    left: usize,
    unjudged: usize,
    ambiguous: usize,
}

fn check(name: &str, raw: &[u8], counts: &mut Counts) -> Option<Vec<u8>> {
    let message = Message::parse(raw);
    assert!(
        apply(&message, &[]).unwrap().bytes == raw,
        "{name}: no edits"
    );
    counts.ambiguous += usize::from(!message.ambiguities().is_empty());
    if std::env::var_os("VERBOSE").is_some() {
        let kinds: Vec<_> = message
            .ambiguities()
            .iter()
            .map(|a| a.kind.as_str())
            .collect();
        println!("{name}: {kinds:?}");
    }
    let edits = footer();
    let edited = apply(&message, &edits).unwrap_or_else(|error| panic!("{name}: {error}"));
    let operations = milter_operations(&message, &edits).unwrap();
    if !operations.is_empty() {
        assert!(
            common::postfix(raw, &operations) == edited.bytes,
            "{name}: milter"
        );
    }
    if edited.bytes == raw {
        assert!(
            !edited.skipped.is_empty(),
            "{name}: neither marked nor said why not"
        );
        counts.left += 1;
        return None;
    }
    if Message::parse(&edited.bytes).parts().len() != message.parts().len() {
        counts.given_a_part += 1;
        return None;
    }
    if !compare::can_judge(&message) {
        counts.unjudged += 1;
        return Some(edited.bytes);
    }
    match compare::untouched(raw, &edited.bytes) {
        Ok(marked) => assert!(marked > 0, "{name}: the marking is not seen"),
        Err(error) => panic!("{name}: {error}"),
    }
    counts.marked += 1;
    Some(edited.bytes)
}

#[test]
fn a_footer_leaves_every_other_part_as_it_was() {
    let files = folder::corpora();
    if files.is_empty() {
        return;
    }
    let mut counts = Counts::default();
    for path in &files {
        let raw = fs::read(path).unwrap();
        check(&path.display().to_string(), &raw, &mut counts);
        check(
            &path.display().to_string(),
            &common::to_crlf(&raw),
            &mut counts,
        );
    }
    println!("{} files, with LF and CRLF: {counts:?}", files.len());
    assert!(counts.marked > files.len() / 2, "too few were marked");
}

/// How many messages of each folder readers would differ on, and why. Most of these corpora were
/// made to break parsers, so the numbers say little of honest mail; that they do not grow does.
#[test]
fn doubt_is_told_for_each_corpus() {
    /// Of how many messages in a hundred are called ambiguous.
    const PERCENT_MAX: usize = 25;
    let files = folder::corpora();
    if files.is_empty() {
        return;
    }
    let mut sets: BTreeMap<String, (usize, usize, BTreeMap<&str, usize>)> = BTreeMap::new();
    for path in &files {
        let folder = path.parent().unwrap().components().rev().take(2);
        let names: Vec<_> = folder
            .map(|name| name.as_os_str().to_string_lossy())
            .collect();
        let (all, doubtful, kinds) = sets
            .entry(format!("{}/{}", names[1], names[0]))
            .or_default();
        *all += 1;
        let raw = fs::read(path).unwrap();
        let message = Message::parse(&raw);
        let mut found: Vec<_> = message
            .ambiguities()
            .iter()
            .map(|a| a.kind.as_str())
            .collect();
        found.sort_unstable();
        found.dedup();
        *doubtful += usize::from(!found.is_empty());
        for kind in found {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    for (name, (all, doubtful, kinds)) in &sets {
        println!("{name}: {doubtful} of {all} ambiguous, {kinds:?}");
    }
    let doubtful: usize = sets.values().map(|(_, doubtful, _)| doubtful).sum();
    println!("{doubtful} of {} ambiguous", files.len());
    assert!(
        doubtful > 0,
        "none of the messages made to break parsers is in doubt"
    );
    assert!(
        doubtful * 100 <= files.len() * PERCENT_MAX,
        "{doubtful} of {}",
        files.len()
    );
}

/// Python's email, another reader that shares no code with ours, must see the same parts.
#[test]
fn python_sees_the_same_parts() {
    let Some(mut python) = Python::start(MARK, false) else {
        return;
    };
    let mut counts = Counts::default();
    let (mut pairs, mut faults) = (0, Vec::new());
    let mut last = None;
    let mut ask = |name: &str, raw: &[u8]| {
        if compare::readers_differ(&Message::parse(raw)) {
            return;
        }
        if let Some(edited) = check(name, raw, &mut counts) {
            pairs += 1;
            faults.extend(python.ask(name, raw, &edited));
            // Only a message of several parts can be spoiled.
            if raw.windows(3).any(|bytes| bytes == b"\n--") {
                last = Some((raw.to_vec(), edited));
            }
        }
    };
    for path in folder::corpora() {
        ask(&path.display().to_string(), &fs::read(&path).unwrap());
    }
    for seed in 1..SEEDS_MAX {
        ask(
            &format!("seed-{seed}"),
            &generator::Generator::message(seed),
        );
    }
    faults.extend(python.faults());
    println!("{pairs} pairs, {} wrong for Python", faults.len());
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(pairs >= PAIRS_MIN, "only {pairs} pairs were judged");
    // Negative control: a pair with one byte of another part changed must be seen.
    let (before, after) = last.unwrap();
    let mut spoiling = Python::start(MARK, true).unwrap();
    spoiling.ask("spoiled", &before, &after);
    assert_eq!(spoiling.faults().len(), 1, "the comparison sees nothing");
}
