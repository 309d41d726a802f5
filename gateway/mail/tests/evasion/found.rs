//! What a review of the readings found: messages in which some reader saw the payload, and we did
//! not. One function for each finding.

use super::templates::{Add, BASE64, MIXED, TEXT, code, payload, uuencoded, whole};

/// The payload in base64 without padding, and no bits missing: all decode it alike.
fn coded() -> String {
    code(&[&payload()[..], b"."].concat(), "")
}

/// A message with one more part, of the given header and body.
fn with_part(header: &str, body: &str) -> Vec<u8> {
    whole(
        MIXED,
        &format!("{TEXT}--b\r\n{header}\r\n\r\n{body}\r\n--b--\r\n"),
    )
}

/// A header, and the payload behind it: after an empty line, and after none.
fn bodies(header: &str) -> [(&'static str, String); 2] {
    let code = coded();
    [
        ("", format!("{header}\r\n\r\n{code}")),
        (" and no empty line", format!("{header}\r\n{code}")),
    ]
}

/// Behind the header that only describes what is kept elsewhere stands the file itself.
pub fn external_bodies(add: Add<'_>) {
    const WAYS: [&str; 4] = [
        "access-type=url; url=\"http://x/\"",
        "access-type=anon-ftp; site=x; name=y",
        "access-type=mail-server; server=\"a@x\"",
        "access-type=content-id",
    ];
    let inner = format!("Content-Type: application/octet-stream\r\n{BASE64}");
    for way in WAYS {
        for (how, body) in bodies(&inner) {
            let header = format!("Content-Type: message/external-body; {way}");
            add(format!("{way}{how}"), with_part(&header, &body));
        }
    }
}

/// The code of the container joins two lines of the header, for who undoes it first.
pub fn quoted_containers(add: Add<'_>) {
    for kind in ["message/rfc822", "message/global"] {
        let header = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: quoted-printable");
        for (how, body) in bodies(&format!("Subject: x\r\nX-A: b=\r\n{BASE64}")) {
            add(format!("{kind}{how}"), with_part(&header, &body));
        }
        let code = coded();
        let coded = format!("Subject: x\r\nContent-Transfer-Encoding: b=\r\nase64\r\n\r\n{code}");
        add(
            format!("{kind} with a code in the encoding"),
            with_part(&header, &coded),
        );
        let parts = format!(
            "Content-Type: multipart/mixed; boundary=\"i\"\r\n\r\n--i\r\nX-A: b=\r\n{BASE64}\r\n\
             \r\n{code}\r\n--i--"
        );
        add(format!("{kind} with parts"), with_part(&header, &parts));
    }
}

/// Reports and requests that hold a part as messages do.
pub fn other_messages(add: Add<'_>) {
    const KINDS: [&str; 10] = [
        "delivery-status",
        "disposition-notification",
        "http",
        "sip",
        "feedback-report",
        "global-headers",
        "global-delivery-status",
        "global-disposition-notification",
        "tracking-status",
        "news",
    ];
    let inner = format!("X-A: b\r\nContent-Type: application/octet-stream\r\n{BASE64}");
    let second = format!("Reporting-MTA: dns; x\r\n\r\n{inner}");
    for kind in KINDS {
        for (which, inner) in [("", &inner), (" in a second block", &second)] {
            for (how, body) in bodies(inner) {
                let header = format!("Content-Type: message/{kind}");
                add(format!("{kind}{which}{how}"), with_part(&header, &body));
            }
        }
    }
}

/// A delimiter behind a `>`, and the header of its part on the same line.
pub fn quoted_delimiters(add: Add<'_>) {
    let code = coded();
    for quote in ["> ", ">", ">> "] {
        for rest in [
            BASE64.to_owned(),
            format!("X-A: b\r\n{BASE64}"),
            format!("-- {BASE64}"),
        ] {
            for first in ["", TEXT] {
                let body = format!("{first}{quote}--b {rest}\r\n\r\n{code}\r\n--b--\r\n");
                let place = match first {
                    "" => "",
                    _ => " behind a text",
                };
                add(format!("`{quote}--b {rest:?}{place}"), whole(MIXED, &body));
            }
        }
    }
}

/// Two boundaries that differ in their blanks alone.
pub fn blanks_in_boundaries(add: Add<'_>) {
    let part = format!("{BASE64}\r\n\r\n{}", coded());
    for (one, two) in [("a b", "a  b"), ("a  b", "a b"), ("a b", "a\tb")] {
        let kind =
            |boundary: &str| format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"");
        for cut in ["", "x ", "> "] {
            let body = format!(
                "--{one}\r\n\r\nhello\r\n{cut}--{two}\r\n{part}\r\n{cut}--{two}--\r\n--{one}--\r\n"
            );
            let types = format!("{}\r\n{}", kind(one), kind(two));
            add(format!("`{one}`, `{cut}{two}`"), whole(&types, &body));
        }
    }
}

/// Boundaries and charsets that are folded inside their quotes, and what readers make of the fold.
pub fn folded_parameters(add: Add<'_>) {
    let part = format!("{BASE64}\r\n\r\n{}", coded());
    for fold in ["\r\n ", "\r\n  ", "\r\n\t", " \r\n ", "\r\n \t", "  \r\n "] {
        for met in ["ab", "a b", "a  b", "a\tb", "a   b"] {
            let kind = format!("Content-Type: multipart/mixed; boundary=\"a{fold}b\"");
            let body = format!("--{met}\r\n{part}\r\n--{met}--\r\n");
            add(
                format!("boundary `{fold:?}`, `{met:?}`"),
                whole(&kind, &body),
            );
        }
        for kind in ["text/plain", "text/html"] {
            let header = format!("Content-Type: {kind}; charset=\"utf-{fold}16le\"\r\n{BASE64}");
            add(
                format!("{kind}, charset `{fold:?}`"),
                with_part(&header, &wide_code()),
            );
        }
    }
}

/// The payload in UTF-16, in base64.
fn wide_code() -> String {
    let wide: Vec<u8> = payload().iter().flat_map(|byte| [*byte, 0]).collect();
    code(&wide, "")
}

/// Texts whose charset only some readers find.
pub fn charsets(add: Add<'_>) {
    const NAMED: [&str; 16] = [
        "charset=utf-16le",
        "charset=\"utf-16le\"",
        "charset='utf-16le'",
        "charset=utf_16",
        "charset=u16",
        "charset=UTF16",
        "charset=us-ascii; charset=utf-16le",
        "charset=utf-16le; charset=us-ascii",
        "charset*=us-ascii''utf-16le",
        "charset*0=utf; charset*1=-16le",
        "x=\\\"; charset=utf-16le",
        "x=\"\\\\\"; charset=utf-16le",
        "x=\"; charset=utf-16le",
        "x=y charset=utf-16le",
        "charset=\"utf-16le\"x",
        "charset=utf-16le, x=y",
    ];
    for named in NAMED {
        let header = format!("Content-Type: text/plain; {named}\r\n{BASE64}");
        add(named.to_owned(), with_part(&header, &wide_code()));
    }
    let wider: Vec<u8> = payload().iter().flat_map(|byte| [*byte, 0, 0, 0]).collect();
    let header = format!("Content-Type: text/plain; charset=utf-32le\r\n{BASE64}");
    add("UTF-32".to_owned(), with_part(&header, &code(&wider, "")));
    let text = String::from_utf8(payload()).unwrap();
    let units = text.replace('+', "+-").replace("EICAR", "+AEUASQBDAEEAUg-");
    let shifted = text.replace("EICAR", "EI\u{1b}(BCAR");
    let tilde = text.replace("EICAR", "EI~\nCAR");
    for (charset, text) in [
        ("utf-7", &units),
        ("u7", &units),
        ("unicode-1-1-utf-7", &units),
        ("iso-2022-jp", &shifted),
        ("iso-2022-jp-2004", &shifted),
        ("iso-2022-kr", &shifted),
        ("hz-gb-2312", &tilde),
    ] {
        let header = format!("Content-Type: text/plain; charset={charset}");
        add(format!("text in {charset}"), with_part(&header, text));
    }
}

/// Lines that are no fields for most, and for some say what the part is.
pub fn careless_names(add: Add<'_>) {
    const LINES: [&str; 12] = [
        "Content-Transfer -Encoding: base64",
        "Content-Trans fer-Encoding: base64",
        ":Content-Transfer-Encoding: base64",
        "::Content-Transfer-Encoding: base64",
        "\u{feff}Content-Transfer-Encoding: base64",
        "\u{c}Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding\u{c}: base64",
        " Content-Transfer-Encoding: base64",
        "\tContent-Transfer-Encoding: base64",
        "Content-Transfer-Enc\roding: base64",
        "Content-Transfer-\tEncoding: base64",
        ": Content-Transfer-Encoding: base64",
    ];
    let code = coded();
    for line in LINES {
        add(format!("{line:?} alone"), with_part(line, &code));
        let header = format!("Content-Type: application/octet-stream\r\n{line}");
        add(format!("{line:?} at the end"), with_part(&header, &code));
        let top = format!("{line}\r\nSubject: t\r\n\r\n{code}\r\n");
        add(format!("{line:?} on top"), top.into_bytes());
    }
    let text = String::from_utf8(payload()).unwrap();
    for blank in [" ", "\t", " \t "] {
        add(
            format!("{blank:?} before a field"),
            with_part(&format!("{blank}\r\n{BASE64}"), &text),
        );
    }
}

/// Quoted-printable with a CR that ends no line.
pub fn bare_returns(add: Add<'_>) {
    let text = String::from_utf8(payload()).unwrap();
    let whole: String = payload()
        .iter()
        .map(|byte| format!("={byte:02X}"))
        .collect();
    let header = "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable";
    let split = |text: &str, at: usize, by: &str| format!("{}{by}{}", &text[..at], &text[at..]);
    for by in ["\r", "=\r", "=\r\r\n", "=\rX\r\n", "=\r\n\r", "= \r\r\n"] {
        add(
            format!("text with {by:?}"),
            with_part(header, &split(&text, 20, by)),
        );
        add(
            format!("code with {by:?}"),
            with_part(header, &split(&whole, 30, by)),
        );
    }
    add(
        "a CR in a code".to_owned(),
        with_part(header, &split(&whole, 31, "\r")),
    );
    add(
        "a CR in each code".to_owned(),
        with_part(header, &whole.replace('=', "=\r")),
    );
}

/// Lines in uuencode that some decoders pass over, and an end that is none for all.
pub fn uuencoded_lines(add: Add<'_>) {
    let whole = uuencoded();
    let lines: Vec<&str> = whole.lines().collect();
    for between in ["`", " ", "", "MABC", "M", "#!!!!", "hello", "A"] {
        let mut lines = lines.clone();
        lines.insert(2, between);
        let text = lines.join("\r\n");
        for header in [
            "Content-Type: text/plain",
            "Content-Transfer-Encoding: x-uuencode",
        ] {
            add(format!("{between:?}, {header}"), with_part(header, &text));
        }
    }
}

/// The payload as a Macintosh would post it.
pub fn binhex(add: Add<'_>) {
    const ALPHABET: &[u8; 64] =
        b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    let sum = [0, 0];
    let length = (payload().len() as u32).to_be_bytes();
    let header = [&b"\x05x.com\0TEXTttxt\0\0"[..], &length, &[0; 4], &sum].concat();
    let bytes = [&header[..], &payload(), &sum, &sum].concat();
    let mut code = String::from(":");
    for three in bytes.chunks(3) {
        let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let signs = [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize]);
        code.extend(signs[..=three.len()].iter().map(|sign| char::from(*sign)));
    }
    code.push(':');
    let lines: Vec<String> = code
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let notice = "(This file must be converted with BinHex 4.0)";
    for kind in ["text/plain", "application/mac-binhex40"] {
        for between in ["", "\r\n"] {
            let text = format!("{notice}\r\n{between}{}\r\n", lines.join("\r\n"));
            let header = format!("Content-Type: {kind}");
            add(format!("{kind}, {between:?}"), with_part(&header, &text));
        }
    }
}
