//! An edit of a large message copies it once: no more memory is taken than the new message needs.
//!
//! It is alone in its file, since it asks the system about the whole process; where there is no
//! `/proc` it prints that it was skipped.

use std::fs;

use mail::message::transfer::encode_base64;
use mail::{Edit, Fallback, Message, OnDkim, Place, apply};

/// More than 25 MiB: from 32 MiB on the C library hands memory back as soon as it is free, so that
/// a copy made and thrown away before another is not served from what the first one left.
const BYTES: usize = 40 << 20;
/// What the rest of an edit may take: the list of parts, the texts.
const SLACK_BYTES: usize = 2 << 20;

/// How much more memory the process held at once while `work` ran than before it.
fn grown<T>(work: impl FnOnce() -> T) -> Option<(T, usize)> {
    let resident = |line: &str| -> Option<usize> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let found = status.lines().find_map(|text| text.strip_prefix(line))?;
        let kibibytes: usize = found.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes << 10)
    };
    // proc_pid_clear_refs(5): 5 sets the peak back to what is held now.
    fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = resident("VmRSS:")?;
    let made = work();
    Some((made, resident("VmHWM:")?.saturating_sub(before)))
}

fn message() -> Vec<u8> {
    let mut raw = b"From: ann@corp.example\r\nSubject: Plans\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n\
        Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    raw.extend(encode_base64(&vec![7; BYTES / 4 * 3], b"\r\n"));
    raw.extend_from_slice(b"--b--\r\n");
    raw
}

fn edits(fallback: Fallback) -> Vec<Edit> {
    let footer = Edit::InsertText {
        place: Place::Bottom,
        plain: "Confidential".to_owned(),
        html: "<b>Confidential</b>".to_owned(),
        marker: "test".to_owned(),
        fallback,
        on_dkim: OnDkim::Shield,
    };
    let set = |name: &str| Edit::SetHeader {
        name: name.to_owned(),
        value: "[SECRET] Plans".to_owned(),
    };
    vec![set("Subject"), footer, set("X-New")]
}

#[test]
fn a_large_message_is_copied_once() {
    let plain = message();
    let signed = [&b"DKIM-Signature: v=1; d=corp.example; b=x\r\n"[..], &plain].concat();
    for (raw, fallback) in [(&plain, Fallback::Leave), (&signed, Fallback::Wrap)] {
        let message = Message::parse(raw);
        message.parts();
        let edits = edits(fallback);
        let Some((edited, once)) = grown(|| apply(&message, &edits).unwrap()) else {
            return println!("skipped: the system does not tell how much memory is held");
        };
        assert!(edited.skipped.is_empty() && edited.bytes.len() > raw.len());
        assert_eq!(edited.is_wrapped, fallback == Fallback::Wrap);
        println!("{} bytes took {once} more", raw.len());
        let enough = raw.len() - SLACK_BYTES;
        assert!(once > enough, "{once} bytes are no copy of {}", raw.len());
        assert!(
            once < raw.len() + SLACK_BYTES,
            "{once} bytes for {}",
            raw.len()
        );
        // The control: a second copy is seen.
        let twice = grown(|| (apply(&message, &edits).unwrap(), raw.clone()));
        assert!(twice.unwrap().1 > 2 * raw.len() - SLACK_BYTES);
    }
}
