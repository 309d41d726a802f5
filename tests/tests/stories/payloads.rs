//! V8: what the sanitiser lets through is read by a real browser. Soups of the pieces from which
//! bypasses are cooked, and every payload of the viewer's own tests, as a frame and as paper.
//!
//! The same judge is shown what went in: where it then finds little, it proves nothing.

use std::fs;
use std::sync::Arc;

use end_to_end::browser::Browser;
use end_to_end::place;
use serde_json::Value;
use web_viewer::sanitise::{Remote, sanitise};

/// How many soups are made; a number of the generator's own decides which.
const SOUPS: usize = 6_000;
const SEED: u64 = 0x5ea1_9a7e_0000_0008;
/// Soups for one script.
const AT_ONCE: usize = 1_000;
const PIECES_MAX: u64 = 14;

/// One piece a line: parsers disagree about what these open, close and hide.
const PIECES: &str = include_str!("pieces.txt");

#[test]
fn nothing_that_harms_comes_out_of_the_sanitiser() {
    let mut texts = soups();
    texts.extend(payloads());
    let none = Arc::default();
    let cleaned = texts.iter().filter_map(|text| {
        let clean = sanitise(text, Remote::Blocked, &none).ok()?;
        Some(clean.html)
    });
    let cleaned: Vec<String> = cleaned.collect();
    assert!(cleaned.len() > texts.len() * 9 / 10, "most of it is shown");
    let browser = Browser::start();
    browser.open("about:blank");
    for some in cleaned.chunks(AT_ONCE) {
        let harmful = judge(&browser, some);
        assert!(harmful.is_empty(), "{harmful:#?}");
    }
    assert!(!ran(&browser));
    let control = &texts[..AT_ONCE];
    let harmful = judge(&browser, control).len();
    assert!(
        harmful > AT_ONCE / 2,
        "the judge saw {harmful} of {AT_ONCE}"
    );
}

fn judge(browser: &Browser, texts: &[String]) -> Vec<Value> {
    let texts = serde_json::to_string(texts).expect("strings always serialise");
    let script = format!("const TEXTS = {texts};\n{}", include_str!("judge.js"));
    let found = browser.run(&script);
    found
        .as_array()
        .cloned()
        .unwrap_or_else(|| panic!("{found}"))
}

/// Whether any text ran a script of its own.
fn ran(browser: &Browser) -> bool {
    let waited = "return new Promise((done) => setTimeout(() => done(window.ran === true), 500))";
    browser.run(waited).as_bool().expect("yes or no")
}

fn soups() -> Vec<String> {
    let pieces: Vec<&str> = PIECES.lines().collect();
    let mut state = SEED;
    let mut below = |limit: u64| {
        // xorshift64: any sequence will do, as long as it is always the same.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit) as usize
    };
    let mut soup = || {
        let length = 1 + below(PIECES_MAX);
        let some = (0..length).map(|_| pieces[below(pieces.len() as u64)]);
        some.collect::<String>()
    };
    (0..SOUPS).map(|_| soup()).collect()
}

fn payloads() -> Vec<String> {
    let folder = place::project().join("web-viewer/tests/sanitise");
    let files = fs::read_dir(folder).expect("the folder of payloads is there");
    let paths = files.map(|file| file.expect("a file").path());
    let html = paths.filter(|path| path.extension().is_some_and(|kind| kind == "html"));
    let texts: Vec<String> = html
        .map(|path| fs::read_to_string(path).expect("a payload can be read"))
        .collect();
    assert!(texts.len() >= 40, "only {} payloads", texts.len());
    texts
}
