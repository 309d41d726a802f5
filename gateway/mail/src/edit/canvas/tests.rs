//! Rewriting by offsets: whatever the encoding, only what is named changes.

use super::*;
use proptest::prelude::*;

/// Writes `changes` into a one-part message and returns the new body, decoded.
fn rewrite(header: &str, body: &[u8], changes: &[Change]) -> (Vec<u8>, Written) {
    let raw = [header.as_bytes(), b"\r\n\r\n", body].concat();
    let message = Message::parse(&raw);
    let canvas = Canvas::open(&message, message.root()).unwrap();
    let written = canvas.write(changes);
    let mut out = Vec::new();
    let mut at = message.body_start();
    for splice in &written.splices {
        out.extend_from_slice(&raw[at..splice.range.start]);
        out.extend_from_slice(&splice.bytes);
        at = splice.range.end;
    }
    out.extend_from_slice(&raw[at..]);
    (out, written)
}

fn change(at: usize, text: &str) -> Change {
    Change {
        range: at..at,
        text: text.to_owned(),
    }
}

const QUOTED: &str = "Content-Transfer-Encoding: quoted-printable";

#[test]
fn quoted_printable_is_cut_between_codes() {
    let (body, _) = rewrite(QUOTED, b"a=3Db", &[change(2, "X")]);
    assert_eq!(body, b"a=3D=\r\nX=\r\nb");
    let (body, _) = rewrite(QUOTED, b"a\r\n", &[change(3, "X\r\n")]);
    assert_eq!(body, b"a\r\nX\r\n");
    let (body, _) = rewrite(QUOTED, b"a=", &[change(1, "\r\nX")]);
    assert_eq!(body, b"a=\r\n\r\nX");
    let (body, _) = rewrite(QUOTED, b"a ", &[change(2, "\r\nX")]);
    assert_eq!(body, b"a =\r\n\r\nX");
}

#[test]
fn seven_bit_becomes_quoted_only_when_it_must() {
    let (body, written) = rewrite("Content-Type: text/plain", b"a\r\n", &[change(3, "b\r\n")]);
    assert_eq!(
        (body.as_slice(), written.encoding),
        (&b"a\r\nb\r\n"[..], None)
    );
    let (body, written) = rewrite(
        "Content-Type: text/plain",
        b"abcdefgh\r\n",
        &[change(10, "é\r\n")],
    );
    assert_eq!(body, b"abcdefgh\r\n=C3=A9\r\n");
    assert!(written.widened);
    assert_eq!(written.encoding, Some(TransferEncoding::QuotedPrintable));
    let html = "Content-Type: text/html; charset=iso-8859-1";
    let (body, written) = rewrite(html, b"a", &[change(1, "é–")]);
    assert_eq!(
        (body.as_slice(), written.widened),
        (&b"a&#233;&#8211;"[..], false)
    );
}

#[test]
fn japanese_stays_japanese() {
    let header = "Content-Type: text/plain; charset=iso-2022-jp";
    let (body, written) = rewrite(header, b"\x1b$BF|K\\\x1b(B\r\n", &[change(12, "日本")]);
    assert_eq!(body, b"\x1b$BF|K\\\x1b(B\r\n\x1b$BF|K\\\x1b(B");
    assert!(!written.widened && written.encoding.is_none());
    let masked = mask_shifted(b"<\x1b$B<><>\x1b(B>");
    assert_eq!(masked, b"<xxxxxxxxxx>");
}

#[test]
fn what_must_not_be_written_in() {
    let open = |raw: &[u8]| {
        let message = Message::parse(raw);
        Canvas::open(&message, message.root()).err()
    };
    assert_eq!(
        open(b"Content-Type: text/plain; charset=utf-7\n\na"),
        Some(SkipReason::Unwritable)
    );
    assert_eq!(
        open(b"Content-Transfer-Encoding: x-uue\n\na"),
        Some(SkipReason::Unwritable)
    );
    let signed = b"A: b\n\n-----BEGIN PGP SIGNED MESSAGE-----\n";
    assert_eq!(open(signed), Some(SkipReason::Signed));
    let quoted = b"A: b\n\n> -----BEGIN PGP SIGNED MESSAGE-----\n";
    assert_eq!(open(quoted), None);
}

proptest! {
    /// Decoding what was written gives what was asked for, for any cut of any quoted-printable.
    #[test]
    fn quoted_printable_says_what_was_asked(
        body in "([a-z =\t]|=[0-9A-F]{2}|=\r\n|\r\n){0,40}",
        text in "[ -~éß\t]{0,20}(\r\n)?",
        cut: prop::sample::Index,
    ) {
        let header = format!("{QUOTED}\r\nContent-Type: text/plain; charset=utf-8");
        let decoded = transfer::decode_quoted_printable(body.as_bytes());
        let at = cut.index(decoded.len() + 1);
        prop_assume!(!decoded[at..].starts_with(b"\n") || !decoded[..at].ends_with(b"\r"));
        let (out, _) = rewrite(&header, body.as_bytes(), &[change(at, &text)]);
        let expected = [&decoded[..at], text.as_bytes(), &decoded[at..]].concat();
        prop_assert_eq!(transfer::decode_quoted_printable(&out), expected);
    }

    #[test]
    fn base64_says_what_was_asked(body: Vec<u8>, text in "[a-zé]{0,20}", cut: prop::sample::Index) {
        let header = "Content-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=utf-8";
        prop_assume!(memmem::find(&body, b"-----BEGIN").is_none());
        let at = cut.index(body.len() + 1);
        let coded = transfer::encode_base64(&body, b"\r\n");
        let (out, _) = rewrite(header, &coded, &[change(at, &text)]);
        let expected = [&body[..at], text.as_bytes(), &body[at..]].concat();
        prop_assert_eq!(transfer::decode_base64(&out), expected);
    }
}
