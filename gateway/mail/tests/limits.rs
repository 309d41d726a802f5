//! What comes from outside is bounded: each extreme is answered in seconds, on a small stack, and
//! is said to be ambiguous; what is just below the limit is not.
//!
//! It never measures speed; the bench does.

mod common;

use std::time::{Duration, Instant};

use mail::message::{
    CHARSETS_MAX, DEPTH_MAX, FIELDS_MAX, ODD_VALUE_BYTES_MAX, PARAMETER_BYTES_MAX, PARAMETERS_MAX,
    PARTS_MAX, UNCLOSED_MAX,
};
use mail::{AmbiguityKind, Edit, EditError, Fallback, Message, Place, SkipReason, apply};

/// V11 asks for two seconds; unoptimised tests on a busy machine get much more.
const TIME_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 2 });
const STACK_BYTES: usize = 256 * 1024;

fn footer() -> Edit {
    Edit::InsertText {
        place: Place::Bottom,
        plain: "Confidential".to_owned(),
        html: "<b>Confidential</b>".to_owned(),
        marker: "test".to_owned(),
        fallback: Fallback::Leave,
        on_dkim: mail::OnDkim::Break,
    }
}

/// Reads and edits a message in every way, on a small stack; returns what was ambiguous.
fn answer(raw: Vec<u8>) -> Vec<AmbiguityKind> {
    let started = Instant::now();
    let work = move || {
        let message = Message::parse(&raw);
        for field in message.fields().iter().take(20) {
            message.field_text(field);
        }
        message.mailboxes("to");
        message.thread_ids();
        message.forwarded_ids();
        message.ancestors();
        for part in message.bodies().into_iter().chain(message.attachments()) {
            message.text(part);
        }
        let kinds: Vec<_> = message.ambiguities().iter().map(|a| a.kind).collect();
        let add = Edit::AddHeader {
            name: "X-One".to_owned(),
            value: "1".to_owned(),
        };
        match apply(&message, &[add, footer()]) {
            Ok(_) | Err(EditError::TooManyFields) => {}
            Err(error) => panic!("{error}"),
        }
        kinds
    };
    let thread = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(work)
        .unwrap();
    let kinds = thread.join().unwrap();
    assert!(
        started.elapsed() < TIME_MAX,
        "it took {:?}",
        started.elapsed()
    );
    kinds
}

fn nested(depth: usize) -> Vec<u8> {
    let mut raw = Vec::new();
    for level in 0..depth {
        let head =
            format!("Content-Type: multipart/mixed; boundary=\"b{level}x\"\n\n--b{level}x\n");
        raw.extend(head.bytes());
    }
    raw.extend(b"\nhello\n");
    for level in (0..depth).rev() {
        raw.extend(format!("--b{level}x--\n\n").bytes());
    }
    raw
}

#[test]
fn depth() {
    assert!(answer(nested(10_000)).contains(&AmbiguityKind::TooDeep));
    assert!(!answer(nested(DEPTH_MAX)).contains(&AmbiguityKind::TooDeep));
    let messages = "Content-Type: message/rfc822\n\n".repeat(5_000);
    assert!(answer(messages.into_bytes()).contains(&AmbiguityKind::TooDeep));
}

fn wide(parts: usize) -> Vec<u8> {
    let head = "Content-Type: multipart/mixed; boundary=b\n\n".to_owned();
    (head + &"--b\n\nx\n".repeat(parts) + "--b--\n").into_bytes()
}

#[test]
fn parts() {
    assert!(answer(wide(1_000_000)).contains(&AmbiguityKind::TooManyParts));
    // The root is a part too.
    assert!(!answer(wide(PARTS_MAX - 1)).contains(&AmbiguityKind::TooManyParts));
    assert!(answer(wide(PARTS_MAX)).contains(&AmbiguityKind::TooManyParts));
}

/// Only who cuts at a quoted delimiter finds so many.
#[test]
fn parts_that_only_another_reader_finds() {
    let quoting = |lines: usize| {
        let head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n";
        format!("{head}{}--b--\r\n", "> --b\r\n".repeat(lines)).into_bytes()
    };
    assert!(answer(quoting(2 * PARTS_MAX)).contains(&AmbiguityKind::TooManyParts));
    assert!(answer(quoting(PARTS_MAX / 2)).is_empty());
}

#[test]
fn multiparts_that_are_not_closed() {
    let unclosed = |count: usize| {
        let one =
            |n| format!("--b\nContent-Type: multipart/mixed; boundary=c{n:04}\n\n--c{n:04}\n\nx\n");
        let inner: String = (0..count).map(one).collect();
        format!("Content-Type: multipart/mixed; boundary=b\n\n{inner}--b--\n").into_bytes()
    };
    assert!(!answer(unclosed(UNCLOSED_MAX)).contains(&AmbiguityKind::MissingClose));
    assert!(answer(unclosed(UNCLOSED_MAX + 1)).contains(&AmbiguityKind::MissingClose));
}

#[test]
fn fields() {
    let fields = |count: usize| ("A: b\n".repeat(count) + "\nbody\n").into_bytes();
    assert!(answer(fields(100_000)).contains(&AmbiguityKind::TooManyFields));
    assert!(!answer(fields(FIELDS_MAX)).contains(&AmbiguityKind::TooManyFields));
    let raw = fields(FIELDS_MAX + 1);
    let set = Edit::SetHeader {
        name: "A".to_owned(),
        value: "c".to_owned(),
    };
    // The fields that are not listed could hold another `A`, so nothing is changed at all.
    assert_eq!(
        apply(&Message::parse(&raw), &[set]),
        Err(EditError::TooManyFields)
    );
}

#[test]
fn one_field_of_fifty_megabytes() {
    answer(format!("Subject: {}\n\nbody\n", "word ".repeat(10_000_000)).into_bytes());
    answer(format!("Subject: {}\n\nbody\n", "=?utf-8?q?a?= ".repeat(1_000_000)).into_bytes());
    answer(format!("To: {}\n\nbody\n", "a@x.example, ".repeat(1_000_000)).into_bytes());
    answer(format!("References: {}\n\nbody\n", "<a@x> ".repeat(1_000_000)).into_bytes());
}

#[test]
fn parameters() {
    let extended = |count: usize| {
        let sections: String = (0..count).map(|n| format!("; name*{n}=a")).collect();
        format!("Content-Type: text/plain{sections}\n\nbody\n").into_bytes()
    };
    assert!(answer(extended(1_000_000)).contains(&AmbiguityKind::TooManyParameters));
    assert!(!answer(extended(PARAMETERS_MAX)).contains(&AmbiguityKind::TooManyParameters));
    let long = |bytes: usize| {
        let kind = "text/plain; name=";
        let name = "a".repeat(bytes - kind.len());
        format!("Content-Type: {kind}{name}\n\nbody\n").into_bytes()
    };
    let too_long = answer(long(PARAMETER_BYTES_MAX + 1));
    assert!(too_long.contains(&AmbiguityKind::TooManyParameters));
    assert!(answer(long(PARAMETER_BYTES_MAX)).is_empty());
    let open = format!("Content-Type: text/plain; a=\"{}", "(\\".repeat(1_000_000));
    answer(open.into_bytes());
}

#[test]
fn odd_values() {
    let odd = |bytes: usize| {
        let field = format!("Content-Type: a; name=\"{}\n", "b".repeat(999));
        format!("{}\nbody\n", field.repeat(bytes / 1_000 / 4)).into_bytes()
    };
    let too_many = AmbiguityKind::TooManyParameters;
    assert!(answer(odd(ODD_VALUE_BYTES_MAX + (8 << 10))).contains(&too_many));
    assert!(!answer(odd(ODD_VALUE_BYTES_MAX - (8 << 10))).contains(&too_many));
}

#[test]
fn charsets() {
    let stated = |count: usize| {
        let names = ["utf-8", "koi8-r", "big5", "gb18030", "utf-16le"];
        let stated: String = names[..count]
            .iter()
            .map(|n| format!("; charset={n}"))
            .collect();
        format!("Content-Type: text/plain{stated}\n\nbody\n").into_bytes()
    };
    assert!(answer(stated(CHARSETS_MAX + 1)).contains(&AmbiguityKind::DuplicateCharset));
    assert!(answer(stated(CHARSETS_MAX)).is_empty());
}

#[test]
fn hostile_bodies() {
    let html = |body: String| {
        answer(format!("Content-Type: text/html\n\n{body}").into_bytes());
    };
    html("<div>".repeat(500_000));
    html("<b><i></b>".repeat(200_000));
    html("<!--".repeat(500_000));
    html("</".repeat(500_000));
    html("<a b='".repeat(200_000));
    html("<blockquote type=cite>Confidential".repeat(20_000));
    html("&".repeat(1_000_000) + "Confidential");
    answer(
        [
            &b"A: b\n\n"[..],
            "> Confidential more\n".repeat(50_000).as_bytes(),
        ]
        .concat(),
    );
    answer([&b"A: b\n\n"[..], "Confidential\n".repeat(50_000).as_bytes()].concat());
}

#[test]
fn boundaries_that_look_like_ours() {
    let mut raw = b"Content-Type: application/pkcs7-mime\n\n".to_vec();
    for number in 0..200_000 {
        raw.extend(format!("=_sealgate_{number:x}\n").bytes());
    }
    raw.extend(b"=_sealgate_ffffffffffffffffffff\n");
    let started = Instant::now();
    let wrap = Edit::InsertText {
        place: Place::Top,
        plain: "a".to_owned(),
        html: "a".to_owned(),
        marker: "a".to_owned(),
        fallback: Fallback::Wrap,
        on_dkim: mail::OnDkim::Break,
    };
    let edited = apply(&Message::parse(&raw), &[wrap]).unwrap();
    let after = Message::parse(&edited.bytes);
    assert_eq!(after.children(after.root()).count(), 2);
    assert!(after.ambiguities().is_empty(), "{:?}", after.ambiguities());
    assert!(started.elapsed() < TIME_MAX);
}

#[test]
fn text_that_reads_as_a_boundary_is_refused() {
    let raw = b"Content-Type: multipart/mixed; boundary=\"b c\"\n\n--b c\n\nhello\n--b c--\n";
    let insert = |plain: &str| Edit::InsertText {
        place: Place::Bottom,
        plain: plain.to_owned(),
        html: String::new(),
        marker: "test".to_owned(),
        fallback: Fallback::Leave,
        on_dkim: mail::OnDkim::Break,
    };
    let message = Message::parse(raw);
    let refused = apply(&message, &[insert("a\n--b c\nContent-Type: text/html")]);
    assert!(matches!(refused, Err(EditError::Damaged(_))), "{refused:?}");
    let edited = apply(&message, &[insert("a\n--b d")]).unwrap();
    assert!(edited.skipped.is_empty());
    assert_eq!(SkipReason::NoBody.as_str(), "no-body");
}
