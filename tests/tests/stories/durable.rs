//! P1 against power loss: the system calls of a running gateway, in their order. Before the 250 for
//! a sealed letter goes out, its blob, its keys and its records were synced, their directory too,
//! and the next hop has taken the notice.

use std::fs;
use std::thread;
use std::time::Duration;

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::sink::{Answer, Sink, Stage};

const FROM: &str = "ann@corp.example";
const INSIDE: &str = "eve@corp.example";
const OUTSIDE: &str = "bob@partner.example";
const SEAL: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = \"encrypt-only\" }]\n";

/// What must be seen between our 354 and our 250, each with how a line of the trace shows it.
type Sign = (&'static str, fn(&str) -> bool);

const SIGNS: [Sign; 5] = [
    ("the blob is synced", |line| {
        is_sync(line) && line.contains("/data/blobs/") && line.contains(".sealed")
    }),
    ("the blob's directory is synced", |line| {
        is_sync(line) && line.contains("/data/blobs") && is_directory(line)
    }),
    ("the shred key is synced", |line| {
        line.contains("fdatasync(") && line.contains("/data/keys.db")
    }),
    ("the records are synced", |line| {
        line.contains("fdatasync(") && line.contains("/data/records.db")
    }),
    ("the next hop answered 250", |line| {
        line.contains("250 2.0.0 kept")
    }),
];

const PACKED: Sign = ("the pack is synced", |line| {
    is_sync(line) && line.contains("/data/blobs/packs/")
});

fn is_sync(line: &str) -> bool {
    line.contains("fsync(") || line.contains("fdatasync(")
}

/// A path in angle brackets that is a directory of the blobs: a file's name there is longer.
fn is_directory(line: &str) -> bool {
    let path = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split('>').next())
        .unwrap_or("");
    path.rsplit('/').next().is_some_and(|name| name.len() <= 5)
}

/// The signs that are missing before the last `250` that a sender was given.
fn missing(trace: &str, signs: &[Sign]) -> Vec<String> {
    let lines: Vec<&str> = trace.lines().collect();
    let sent = |line: &str, word: &str| {
        ["write(", "sendto(", "sendmsg(", "writev("]
            .iter()
            .any(|call| line.contains(call))
            && line.contains(&format!("\"{word}"))
    };
    let Some(answer) = lines.iter().rposition(|line| sent(line, "250 2.0.0")) else {
        return vec!["no 250 was sent".to_owned()];
    };
    let start = lines[..answer]
        .iter()
        .rposition(|line| sent(line, "354"))
        .unwrap_or(0);
    let between = &lines[start..answer];
    let is_missing = |sign: &&Sign| !between.iter().any(|line| sign.1(line));
    signs
        .iter()
        .filter(is_missing)
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

#[test]
fn everything_is_on_disk_before_the_answer() {
    let sink = Sink::start();
    let mut gateway = Gateway::prepare(&Site::new(sink.address(), SEAL));
    let path = gateway.path("trace");
    let calls = "trace=fsync,fdatasync,write,writev,sendto,sendmsg,read,recvfrom";
    let file = path.display().to_string();
    gateway.serve_under(&[
        "strace", "-D", "-f", "-y", "-s", "48", "-e", calls, "-o", &file,
    ]);

    // Long enough to stand in a pack, and then in a file of its own.
    let letter = |lines: usize| {
        let text = "0123456789\r\n".repeat(lines);
        letter::plain(FROM, OUTSIDE, "sealed", &text)
    };
    let send = |raw: &[u8]| {
        assert_eq!(gateway.inside().send(FROM, &[OUTSIDE], raw).code, 250);
        thread::sleep(Duration::from_millis(500));
        fs::read_to_string(&path).unwrap()
    };
    let trace = send(&letter(10_000));
    let packed = [&[PACKED], &SIGNS[1..]].concat();
    assert_eq!(missing(&trace, &packed), [""; 0], "{trace}");
    assert_eq!(missing(&trace, &SIGNS), [SIGNS[0].0], "no file of its own");
    let raw = letter(30_000);
    let trace = send(&raw);
    assert_eq!(missing(&trace, &SIGNS), [""; 0], "{trace}");

    // Negative controls on this very trace: no syncs, no answer of the next hop.
    let without = |word: &str| -> String {
        trace
            .lines()
            .filter(|line| !line.contains(word))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    assert_eq!(missing(&without("sync("), &SIGNS).len(), 4);
    assert_eq!(
        missing(&without("250 2.0.0 kept"), &SIGNS),
        ["the next hop answered 250"]
    );

    // A split message: whom it served is on disk before the first final dot goes out.
    sink.rescript(|stage| match stage {
        Stage::End { recipients, .. } if recipients.iter().any(|to| to == OUTSIDE) => {
            Answer::Say("451 4.3.0 later")
        }
        _ => Answer::Accept,
    });
    fs::write(&path, "").unwrap();
    assert_eq!(
        gateway.inside().send(FROM, &[INSIDE, OUTSIDE], &raw).code,
        451
    );
    thread::sleep(Duration::from_millis(500));
    let trace = fs::read_to_string(&path).unwrap();
    let first = |sign: fn(&str) -> bool| trace.lines().position(sign);
    let synced = first(|line| is_sync(line) && line.contains("/data/records.db"));
    let served = first(|line| line.contains("250 2.0.0 kept"));
    assert!(
        synced.is_some() && synced < served,
        "{synced:?} {served:?}\n{trace}"
    );
}
