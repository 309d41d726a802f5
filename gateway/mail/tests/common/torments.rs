//! Mail made to make a reader slow: one message for each thing that could, of any size.
//!
//! It never judges; `torture.rs` measures time, `src/work.rs` counts work.
#![allow(dead_code, reason = "each test uses some of these")]

#[path = "packed.rs"]
mod packed;

use mail::message::transfer::encode_base64;
use packed::{tnef, tnef_file, tnef_properties, uuencode};

/// Each with the name of what is too much in it.
pub type Torments = Vec<(&'static str, Vec<u8>)>;

/// Every kind, each of about so many bytes.
pub fn all(bytes: usize) -> Torments {
    let kinds = [
        boundaries, nests, fields, parameters, names, bodies, texts, codes, replies,
    ];
    kinds.iter().flat_map(|kind| kind(bytes)).collect()
}

/// `piece` as often as it fits, `NUMBER` in it counted up.
fn fill(bytes: usize, head: &str, piece: &str) -> Vec<u8> {
    let mut raw = head.as_bytes().to_vec();
    raw.reserve(bytes);
    let Some((before, after)) = piece.split_once("NUMBER") else {
        let count = bytes.saturating_sub(raw.len()).div_ceil(piece.len());
        raw.extend_from_slice(&piece.as_bytes().repeat(count));
        return raw;
    };
    let mut number = 0;
    while raw.len() < bytes {
        raw.extend(format!("{before}{number}{after}").bytes());
        number += 1;
    }
    raw
}

fn boundaries(bytes: usize) -> Torments {
    let fill = |head: &str, piece: &str| fill(bytes, head, piece);
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
            fill(&format!("{mixed}\n{}", " ".repeat(bytes / 2)), "--b"),
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

fn fields(bytes: usize) -> Torments {
    let fill = |head: &str, piece: &str| fill(bytes, head, piece);
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

/// What readers look for in one field's parameters.
fn parameters(bytes: usize) -> Torments {
    let fill = |head: &str, piece: &str| fill(bytes, head, piece);
    let kind = "Content-Type: application/octet-stream";
    let value = format!("{kind}; name=");
    vec![
        ("values in values", fill(kind, "; name=\"a; name=\\\"b")),
        (
            "values in values, closed",
            fill(kind, "; x=\"; name=NUMBER\""),
        ),
        ("values in one value", fill(&value, "\"; name=")),
        (
            "charsets in values",
            fill(kind, "; name*=utf-8'en'%e2%82%acNUMBER"),
        ),
        (
            "charsets in one value",
            fill(&format!("{kind}; name*="), "utf-8'"),
        ),
        ("comments before values", fill(kind, "; name=(a) (b)NUMBER")),
        ("comments before one value", fill(&value, "(a) ")),
        ("open comments before one value", fill(&value, "(a ")),
        ("odd names", fill(kind, "; na\"me\tNUMBER (=) = a")),
        ("odd names of pieces", fill(kind, "; name *NUMBER * = a")),
        ("names without a value", fill(kind, "; nameNUMBER")),
        (
            "encoded words in values",
            fill(kind, "; name==?utf-8?q?aNUMBER?="),
        ),
        ("encoded words in one value", fill(&value, "=?utf-8?q?a?= ")),
    ]
}

/// What may begin a quotation.
fn replies(bytes: usize) -> Torments {
    let fill = |head: &str, piece: &str| fill(bytes, head, piece);
    let html = "Content-Type: text/html\n\n<p>a</p>";
    let koi8 = "Content-Type: text/plain; charset=koi8-r\n\n";
    vec![
        (
            "attributions begun",
            fill("A: b\n\n", "On 5 January 2026\n"),
        ),
        (
            "attributions of no day",
            fill("A: b\n\n", "a\nOn Monday, Ann <a@x> wrote:\n"),
        ),
        (
            "attributions, answered",
            fill("A: b\n\n", "On 5.1.2026 10:15 Ann wrote:\n> a\nb\n"),
        ),
        ("colons", fill(koi8, ":\n")),
        ("headers begun", fill(koi8, "From: a <\nb\n")),
        ("numbers", fill("A: b\n\n", "1:1:1.1/1-1:\n")),
        (
            "attributions in HTML",
            fill(html, "<p>On Monday 10:15 Ann wrote:<br>"),
        ),
        ("cells", fill(&format!("{html}<table><tr>"), "<td>From:")),
        (
            "headers in cells",
            fill(html, "<table><tr><td>From:<td>a</table>"),
        ),
    ]
}

fn bodies(bytes: usize) -> Torments {
    let fill = |head: &str, piece: &str| fill(bytes, head, piece);
    let base64 = "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n";
    let quoted = "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n";
    let html = "Content-Type: text/html\n\n";
    let packed = "Content-Type: application/ms-tnef\nContent-Transfer-Encoding: binary\n\n";
    let attributes = |one: Vec<u8>| {
        let count = bytes / one.len();
        [packed.as_bytes(), &tnef(&vec![one; count])].concat()
    };
    let property = (0x001f, 0x1000, &b"a\0b\0"[..]);
    let many = tnef_properties(0x9003, &vec![property; 4_000]);
    let named: Vec<Vec<u8>> = (0..bytes / 200)
        .map(|n| tnef_file(&format!("{n}.txt"), b"x", &[]))
        .collect();
    vec![
        (
            "base64",
            [
                base64.as_bytes(),
                &encode_base64(&vec![7; bytes / 2], b"\n"),
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
            let content = tnef(&vec![tnef_file("a", &[7; 1_000], &[]); bytes / 2_000]);
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

/// What stands inside each other.
fn nests(bytes: usize) -> Torments {
    let fill = |head: &str, piece: &str| fill(bytes, head, piece);
    let multipart = |boundary: &str| {
        format!("Content-Type: multipart/mixed; boundary={boundary}\n\n--{boundary}\n")
    };
    let prefixes: String = (1..20).map(|n| multipart(&"b".repeat(n))).collect();
    let folded = "--b\nContent-Type: multipart/mixed; boundary=\"c\n d\"\n\n--c d\n\nx\n";
    let mut coded = fill("", "text of no meaning\n");
    coded.truncate(bytes / 4);
    for _ in 0..6 {
        let head = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n";
        coded = [head.as_bytes(), &encode_base64(&coded, b"\n")].concat();
    }
    let quoted = "Content-Type: multipart/mixed; boundary=b\n\
                  Content-Transfer-Encoding: quoted-printable\n\n";
    vec![
        ("tiny parts", fill(&multipart("b"), "\n--b\nA:b\n\n")),
        (
            "multiparts in multiparts",
            fill(
                "",
                "Content-Type: multipart/mixed; boundary=cNUMBERx\n\n--cNUMBERx\n",
            ),
        ),
        (
            "boundaries that begin each other",
            fill(&prefixes, "--bbbbbbbbbb\n\nx\n"),
        ),
        ("boundaries that are folded", fill(&multipart("b"), folded)),
        (
            "multiparts that nothing cuts",
            fill(
                &multipart("b"),
                "--b\nContent-Type: multipart/mixed; boundary=c\n\nx\n",
            ),
        ),
        ("messages in base64 in messages", coded),
        ("a multipart in code", fill(quoted, "--b\n\n=41\n")),
        (
            "delimiters and nothing between",
            fill(&multipart("b"), "--b\n"),
        ),
        (
            "headers cut by delimiters",
            fill(&multipart("b"), "--b\nA: b"),
        ),
    ]
}

/// What stands in headers, in great numbers.
fn names(bytes: usize) -> Torments {
    let fill = |head: &str, piece: &str| fill(bytes, head, piece);
    let long = fill("Content-Type: text/plain; name=", "a ");
    let repeated = "\nContent-Type: text/plain; name=a".repeat(9_000);
    vec![
        ("fields", fill("", "A:b\n")),
        ("fields with blanks before the colon", fill("", "A : b\n")),
        ("lines of an mbox", fill("", ">From a b\n")),
        (
            "a long type among many",
            [&long, repeated.as_bytes(), b"\n\nx\n"].concat(),
        ),
        ("comments in comments", fill("To: ", "(((a) ")),
        ("groups in groups", fill("To: ", "a:b:c@x,;")),
        (
            "a boundary",
            fill("Content-Type: multipart/mixed; boundary=", "b"),
        ),
    ]
}

/// Letters of one sign.
fn texts(bytes: usize) -> Torments {
    let fill = |head: &str, piece: &str| fill(bytes, head, piece);
    let html = "Content-Type: text/html\n\n";
    let mixed = "Content-Type: multipart/mixed; boundary=b\n\n";
    vec![
        ("one line", fill("A: b\n\n", "x")),
        ("one line of HTML", fill(html, "x")),
        ("one line of header", fill("", "x")),
        ("line feeds", fill("A: b\n\n", "\n")),
        ("carriage returns", fill("A: b\n\n", "\r")),
        ("lines that end twice", fill("A: b\n\n", "x\r\r\n")),
        ("angle brackets in HTML", fill(html, "<")),
        ("closing brackets in HTML", fill(html, "</")),
        ("dashes", fill(mixed, "-")),
        ("lines of dashes", fill(mixed, "--\n")),
        (
            "attribution lines",
            fill("A: b\n\n", "On Monday, Ann wrote:\n"),
        ),
    ]
}

/// Bodies in code that is none.
fn codes(bytes: usize) -> Torments {
    let fill = |head: &str, piece: &str| fill(bytes, head, piece);
    let quoted = "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n";
    let base64 = "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n";
    vec![
        ("equals signs", fill(quoted, "=")),
        ("equals signs and blanks", fill(quoted, "=   \t   ")),
        ("equals signs before no code", fill(quoted, "1=2;")),
        (
            "text that is called base64",
            fill(base64, "This is no code.\n"),
        ),
        ("padding and code", fill(base64, "QQ==\n")),
        ("uuencode of nothing", fill("A: b\n\nbegin 644 x\n", "`\n")),
        (
            "uuencode in lines that lie",
            fill("A: b\n\nbegin 644 x\n", "MA\n"),
        ),
    ]
}
