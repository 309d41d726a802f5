//! `sealgate demo --once` does what README promises a newcomer: every outcome, walked through by
//! itself, within a minute, leaving nothing behind.

use std::process::Command;
use std::time::{Duration, Instant};

use end_to_end::place;

#[test]
fn the_demo_walks_every_outcome_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let output = Command::new(place::sealgate())
        .args(["demo", "--once"])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}");
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|words: &Vec<&str>| matches!(words.first(), Some(&"PASS" | &"FAIL")))
        .collect();
    assert!(lines.iter().all(|words| words[0] == "PASS"), "{text}");
    for outcome in ["deliver", "seal", "reject"] {
        let told = lines.iter().any(|words| words.get(1) == Some(&outcome));
        assert!(told, "the demo never shows `{outcome}`:\n{text}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .collect();
    assert!(left.is_empty(), "it leaves {left:?}");
}
