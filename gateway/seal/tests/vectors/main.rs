//! The committed vectors of format version 1, one failure per file, and proof that they bite.
//! `UPDATE=1` writes them anew; otherwise they are only checked.

mod cases;
mod file;
mod judge;
mod reference;

use std::collections::BTreeSet;
use std::path::PathBuf;

use file::Vector;
use reference::Flaw;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn committed(name: &str) -> Vector {
    let path = folder().join(name);
    let text = std::fs::read_to_string(&path);
    Vector::parse(&text.unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display())))
}

fn names() -> BTreeSet<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn every_vector_comes_out_as_it_says() {
    let mut ran = 0;
    for name in names() {
        let vector = committed(&name);
        let came = judge::outcome(&vector, &|base| committed(base));
        let expected = vector.field("expect");
        let matches = match &came {
            Ok(plain) => expected == "ok" && judge::is_plain(&vector, plain),
            Err(refusal) => expected == format!("refused {refusal:?}"),
        };
        assert!(matches, "{name}: expected `{expected}`, came {came:?}");
        ran += 1;
    }
    assert!(ran >= 40, "only {ran} vectors ran");
}

#[test]
fn the_vectors_are_what_this_code_writes() {
    let made = cases::all();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for name in names() {
            std::fs::remove_file(folder().join(name)).unwrap();
        }
        for (name, vector) in &made {
            std::fs::write(folder().join(name), vector.to_text()).unwrap();
        }
    }
    let listed: BTreeSet<String> = made.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names(), listed);
    for (name, vector) in &made {
        let text = std::fs::read_to_string(folder().join(name)).unwrap();
        assert_eq!(
            text,
            vector.to_text(),
            "{name} is not what this code writes"
        );
    }
}

#[test]
fn a_second_reading_of_the_specification_writes_the_same_bytes() {
    for name in [
        "letter-empty.txt",
        "letter-short.txt",
        "letter-three-chunks.txt",
    ] {
        let vector = committed(name);
        let plain = cases::plain_of(name);
        let sealed = reference::seal(
            &plain,
            &vector.bytes("letter"),
            &vector.bytes("content-key"),
            Flaw::None,
        );
        assert_eq!(sealed, vector.payload, "{name}");
    }
}

/// The negative control: each flaw, built into the reference, must be seen by the vectors.
#[test]
fn a_flawed_implementation_does_not_pass_the_vectors() {
    let vector = committed("letter-three-chunks.txt");
    let plain = cases::plain_of("letter-three-chunks.txt");
    let (letter, key) = (vector.bytes("letter"), vector.bytes("content-key"));
    for flaw in [Flaw::FrozenCounter, Flaw::NoLastFlag, Flaw::HeaderNotBound] {
        let sealed = reference::seal(&plain, &letter, &key, flaw);
        assert_ne!(sealed, vector.payload, "{flaw:?} writes other bytes");
        let mut flawed = vector.clone();
        flawed.payload = sealed;
        let came = judge::outcome(&flawed, &|base| committed(base));
        assert_eq!(
            came,
            Err(seal::OpenError::Refused),
            "{flaw:?} is refused by the opener"
        );
    }
    // Under a frozen counter swapped chunks would open: their vector is what sees it.
    let frozen = reference::seal(&plain, &letter, &key, Flaw::FrozenCounter);
    let swapped = file::change(
        frozen,
        committed("letter-chunks-swapped.txt").field("change"),
    );
    assert!(reference::open(&swapped, &key, Flaw::FrozenCounter).is_some());
    let swapped = file::change(
        vector.payload,
        committed("letter-chunks-swapped.txt").field("change"),
    );
    assert!(reference::open(&swapped, &key, Flaw::None).is_none());
}
