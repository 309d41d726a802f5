//! Twenty-five MiB of each thing that could make a reader slow: every view of the message and an
//! edit, in two seconds. Run in release, with `--ignored --nocapture`.
//!
//! It never judges what was found; `limits.rs` does.

#[path = "common/packed.rs"]
mod packed;

use std::time::{Duration, Instant};

use mail::message::transfer::encode_base64;
use mail::{Edit, EditError, Fallback, Message, OnDkim, Place, apply};
use packed::{tnef, tnef_file, tnef_properties, uuencode};

const BYTES: usize = 25 << 20;
const TIME_MAX: Duration = Duration::from_secs(2);

fn footer() -> Edit {
    Edit::InsertText {
        place: Place::Bottom,
        plain: "Confidential".to_owned(),
        html: "<b>Confidential</b>".to_owned(),
        marker: "test".to_owned(),
        fallback: Fallback::Leave,
        on_dkim: OnDkim::Break,
    }
}

/// `piece` as often as it fits, `NUMBER` in it counted up.
fn fill(head: &str, piece: &str) -> Vec<u8> {
    let mut raw = head.as_bytes().to_vec();
    raw.reserve(BYTES);
    let mut number = 0;
    while raw.len() < BYTES {
        match piece.split_once("NUMBER") {
            Some((before, after)) => {
                raw.extend(format!("{before}{number}{after}").bytes());
                number += 1;
            }
            None => raw.extend_from_slice(piece.as_bytes()),
        }
    }
    raw
}

/// Takes every view that the gateway takes and edits once; how long each took.
fn look(raw: &[u8]) -> [(&'static str, Duration); 4] {
    let mut began = Instant::now();
    let mut lap = |name| {
        let took = began.elapsed();
        began = Instant::now();
        (name, took)
    };
    let message = Message::parse(raw);
    for name in ["to", "from", "subject", "references", "received"] {
        message.mailboxes(name);
        for field in message.fields_named(name) {
            message.field_text(field);
        }
    }
    message.thread_ids();
    message.ancestors();
    message.ambiguities();
    let structure = lap("read");
    for part in message.parts().iter().chain(message.other_parts()) {
        if part.is_body() {
            message.texts(part);
        } else {
            message.readings(part);
        }
    }
    let readings = lap("readings");
    message.enclosed();
    let enclosed = lap("enclosed");
    match apply(&message, &[footer()]) {
        Ok(_) | Err(EditError::TooManyFields | EditError::Damaged(_)) => {}
        Err(error) => panic!("{error}"),
    }
    [structure, readings, enclosed, lap("edit")]
}

fn boundaries() -> Vec<(&'static str, Vec<u8>)> {
    let mixed = "Content-Type: multipart/mixed; boundary=b\n";
    let nest = format!("{mixed}\n--b\n");
    let nested = |piece: &str| fill(&nest.repeat(10), piece);
    let distinct: String = (0..19)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=c{n}x\n\n--c{n}x\n"))
        .collect();
    vec![
        ("many boundaries", fill(&format!("{mixed}\n"), "--b\n\nx\n")),
        (
            "a boundary and no end of line",
            fill(&format!("{mixed}\n"), "--b"),
        ),
        (
            "blanks, then boundaries",
            fill(&format!("{mixed}\n{}", " ".repeat(BYTES / 2)), "--b"),
        ),
        ("closes", fill(&format!("{mixed}\n--b\n"), "\n--b--\n")),
        ("cut closes", fill(&format!("{mixed}\n--b\n"), "\n\n--b-\n")),
        (
            "quoted boundaries",
            fill(&format!("{mixed}\n--b\n\n"), "> --b\n"),
        ),
        ("identical boundaries, nested", nested("--b\n\nx\n")),
        ("identical headers, nested", fill("", &nest)),
        ("nested, none closed", fill(&distinct, "text\n")),
        (
            "unclosed side by side",
            fill(
                &format!("{mixed}\n"),
                "--b\nContent-Type: multipart/mixed; boundary=cNUMBERx\n\n--cNUMBERx\n\nx\n",
            ),
        ),
        ("a thousand unclosed, then text", {
            let piece = "--b\nContent-Type: multipart/mixed; boundary=c7x\n\n--c7x\n\nx\n";
            fill(
                &format!("{mixed}\n{}--b\n\n", piece.repeat(450)),
                "text of no meaning\n",
            )
        }),
        (
            "parts in base64",
            fill(
                &format!("{mixed}\n"),
                &format!(
                    "--b\nContent-Transfer-Encoding: base64\n\n{}\n",
                    "QUJD".repeat(8_000)
                ),
            ),
        ),
        (
            "empty boundary, dashes",
            fill("Content-Type: multipart/mixed\n\n", "--\n"),
        ),
        (
            "messages in messages",
            fill("", "Content-Type: message/rfc822\n\n"),
        ),
    ]
}

fn fields() -> Vec<(&'static str, Vec<u8>)> {
    let kind = "Content-Type: text/plain";
    vec![
        ("encoded words", fill("Subject: ", "=?utf-8?q?a=20b?= ")),
        ("encoded words begun", fill("Subject: ", "=?utf-8?q?")),
        (
            "encoded words in a shift charset",
            fill("Subject: ", "=?iso-2022-jp?b?GyRC?= "),
        ),
        ("comments", fill("To: ", "(")),
        ("comments closed", fill("To: ", "(a)")),
        ("quoted comments", fill("To: ", "\"(\\")),
        (
            "addresses",
            fill("To: a@x.example", ", Ann \"B\" <aNUMBER@x.example>"),
        ),
        ("groups", fill("To: ", "a:b@x;")),
        ("angle brackets", fill("To: ", "<")),
        ("routes", fill("To: <", "@a,")),
        ("ids", fill("References: ", "<NUMBER@x> ")),
        ("comments in a type", fill("Content-Type: ", "(a\\)")),
        ("pieces of RFC 2231", fill(kind, "; name*NUMBER*=a%20b")),
        ("equal pieces of RFC 2231", fill(kind, "; name*0=a")),
        (
            "a name of 25 MiB",
            fill(&format!("{kind}; name*0*=utf-8''"), "%20a"),
        ),
        (
            "folds in a quoted name",
            fill(&format!("{kind}; name=\""), "a\n b"),
        ),
        ("semicolons", fill(kind, ";")),
        (
            "duplicate types",
            fill("", "Content-Type: text/plain; name=aNUMBER\n"),
        ),
        (
            "duplicate encodings",
            fill("", "Content-Transfer-Encoding: base64\n"),
        ),
        ("duplicate fields", fill("", "To: a@x.example\n")),
        ("one field, folded", fill("Subject: a\n", " a\n")),
        ("lines that are no fields", fill("A: b\n", "no field\n")),
        (
            "parts without an empty line",
            fill(
                "Content-Type: multipart/mixed; boundary=b\n\n",
                "--b\nno field\n",
            ),
        ),
    ]
}

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let base64 = "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n";
    let quoted = "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n";
    let html = "Content-Type: text/html\n\n";
    let packed = "Content-Type: application/ms-tnef\nContent-Transfer-Encoding: binary\n\n";
    let attributes = |one: Vec<u8>| {
        let count = BYTES / one.len();
        [packed.as_bytes(), &tnef(&vec![one; count])].concat()
    };
    let property = (0x001f, 0x1000, &b"a\0b\0"[..]);
    let many = tnef_properties(0x9003, &vec![property; 4_000]);
    let named: Vec<Vec<u8>> = (0..BYTES / 200)
        .map(|n| tnef_file(&format!("{n}.txt"), b"x", &[]))
        .collect();
    vec![
        (
            "base64",
            [
                base64.as_bytes(),
                &encode_base64(&vec![7; BYTES / 2], b"\n"),
            ]
            .concat(),
        ),
        ("base64 with stray bytes", fill(base64, "QUJD!-_=\n")),
        ("base64 in lines of one", fill(base64, "Q\n")),
        ("base64, nothing but padding", fill(base64, "=")),
        ("base64 and footers", fill(base64, "QUJD\n__ x\n")),
        ("quoted-printable with blanks", fill(quoted, "= 41")),
        ("quoted-printable, soft breaks", fill(quoted, "=\n")),
        ("uuencode", fill("A: b\n\n", &uuencode("a", b"hello"))),
        ("uuencode begun", fill("A: b\n\n", "begin 644 x\n")),
        (
            "uuencode without end",
            fill("A: b\n\nbegin 644 x\n", "M86%A86%A86%A\n"),
        ),
        (
            "yEnc begun",
            fill("A: b\n\n", "=ybegin line=128 size=68 name=x\n"),
        ),
        ("TNEF properties", attributes(many)),
        ("TNEF files", attributes(tnef_file("a", b"x", &[property]))),
        ("TNEF names", [packed.as_bytes(), &tnef(&named)].concat()),
        ("TNEF in base64", {
            let content = tnef(&vec![tnef_file("a", &[7; 1_000], &[]); BYTES / 2_000]);
            let head = packed.replace("binary", "base64");
            [head.as_bytes(), &encode_base64(&content, b"\n")].concat()
        }),
        ("nulls", fill("A: b\n\n", "\0")),
        ("quotations", fill("A: b\n\n", "> Confidential\n")),
        ("HTML elements", fill(html, "<div>")),
        ("HTML comments", fill(html, "<!--")),
        ("HTML attributes", fill(html, "<a b='")),
        ("HTML entities", fill(html, "&amp")),
        (
            "shift charset",
            fill("Content-Type: text/plain; charset=utf-7\n\n", "+AGE-"),
        ),
        (
            "several charsets",
            fill(
                "Content-Type: text/plain; charset=utf-16; charset=gb18030; charset=big5\n\n",
                "\u{e9}a",
            ),
        ),
    ]
}

#[test]
#[ignore = "in release only: it measures time"]
fn nothing_takes_over_two_seconds() {
    let mut slow = Vec::new();
    let wanted = std::env::var("CASE").unwrap_or_default();
    for (name, raw) in boundaries().into_iter().chain(fields()).chain(bodies()) {
        if !name.contains(&wanted) {
            continue;
        }
        let laps = look(&raw);
        let all: Duration = laps.iter().map(|(_, took)| *took).sum();
        let laps = laps
            .map(|(lap, took)| format!("{lap} {took:.0?}"))
            .join(", ");
        println!("{name:<36} {all:>10.1?}   {laps}");
        if all > TIME_MAX {
            slow.push(name);
        }
    }
    assert!(slow.is_empty(), "over {TIME_MAX:?}: {slow:?}");
}
