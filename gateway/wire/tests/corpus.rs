//! Real mail through the client machine into the server machine: the same octets at the far end.
//! It never fails where the corpora are absent: it prints that it was skipped.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::client::{drain_delivery, envelope, ready};
use support::server::Driver;
use wire::client::Transaction;
use wire::server::{BareNewline, Options};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}

/// Every message of the corpora, as it stands on disk.
fn corpora() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/mail");
    let mut found = Vec::new();
    files(&folder, &mut found);
    if found.is_empty() {
        println!("skipped: no corpora at ../shared/corpora/mail");
    }
    let read = |path: PathBuf| (path.display().to_string(), fs::read(&path).unwrap());
    found.into_iter().map(read).collect()
}

/// Each CR, LF or CRLF as CRLF, and one at the end.
fn repaired(raw: &[u8]) -> Vec<u8> {
    let mut repaired = Vec::with_capacity(raw.len() + raw.len() / 20);
    let mut last = 0;
    for &byte in raw {
        match byte {
            b'\n' if last == b'\r' => {}
            b'\r' | b'\n' => repaired.extend_from_slice(b"\r\n"),
            _ => repaired.push(byte),
        }
        last = byte;
    }
    if !repaired.is_empty() && !repaired.ends_with(b"\r\n") {
        repaired.extend_from_slice(b"\r\n");
    }
    repaired
}

#[test]
fn every_message_arrives_as_it_was_sent() {
    let (mut arrived, mut refused) = (0, 0);
    for (name, raw) in corpora() {
        let message = repaired(&raw);
        let mut server = Driver::greeted(Options::new("mx.example"));
        let mut connection = ready(&["PIPELINING"]);
        let envelope = envelope("ann@corp.example", &["bob@corp.example"]);
        let parts = [&message[..]];
        let mut delivery = connection.begin(Transaction {
            envelope: &envelope,
            parts: &parts,
        });
        let outcome = loop {
            let sent = drain_delivery(&mut delivery);
            if let Some(outcome) = delivery.next() {
                break outcome;
            }
            assert!(!sent.is_empty(), "{name}: both sides wait");
            server.feed(&sent);
            delivery.feed(server.said().as_bytes());
            if let Some(outcome) = delivery.next() {
                break outcome;
            }
        };
        if message.contains(&0) {
            assert!(
                !outcome.is_positive() && server.messages.is_empty(),
                "{name}"
            );
            refused += 1;
        } else {
            assert!(outcome.is_positive(), "{name}: {outcome:?}");
            assert_eq!(server.messages, [message], "{name}");
            arrived += 1;
        }
    }
    println!("{arrived} messages arrived as sent, {refused} with a NUL were refused");
}

#[test]
fn every_message_as_it_stands_is_repaired_or_refused() {
    let (mut good, mut refused) = (0, 0);
    for (name, raw) in corpora() {
        let (lines, repaired) = (stuffed(&raw), repaired(&raw));
        let mut options = Options::new("mx.example");
        for bare_newline in [BareNewline::Refuse, BareNewline::Normalise] {
            options.bare_newline = bare_newline;
            let mut server = Driver::greeted(options.clone());
            server.feed(b"MAIL FROM:<>\r\nRCPT TO:<ann@corp.example>\r\nDATA\r\n");
            server.feed(&lines);
            server.feed(b"\r\n.\r\n");
            let clean =
                !raw.contains(&0) && (bare_newline == BareNewline::Normalise || raw_is_crlf(&raw));
            assert_eq!(server.messages.len(), usize::from(clean), "{name}");
            for message in &server.messages {
                // The CRLF of the final dot ends a last line, or is an empty one of its own.
                let given = message.strip_suffix(b"\r\n").expect("it ends in CRLF");
                let whole = [given, b"\r\n"].concat();
                assert!(given == repaired || whole == repaired, "{name}");
            }
            good += usize::from(clean);
            refused += usize::from(!clean);
        }
    }
    println!("{good} were taken, {refused} refused");
}

fn raw_is_crlf(raw: &[u8]) -> bool {
    let pairs = raw.windows(2).filter(|pair| pair == b"\r\n").count();
    let count = |byte| raw.iter().filter(|&&found| found == byte).count();
    count(b'\r') == pairs && count(b'\n') == pairs
}

/// Dots doubled behind whatever their writer took for a line end.
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(raw.len() + 100);
    let mut last = b'\n';
    for &byte in raw {
        if byte == b'.' && matches!(last, b'\n' | b'\r') {
            stuffed.push(b'.');
        }
        stuffed.push(byte);
        last = byte;
    }
    stuffed
}
