//! Messages whose letter some reader shows, whatever its type and disposition are called.

use super::templates::{Add, BASE64, MIXED, TEXT, code, payload, whole};

/// Types under which somebody shows a text.
const TYPES: [&str; 14] = [
    "text/plain",
    "text/rfc822-headers",
    "text/x-foo",
    "x-text/plain",
    "chemical/x",
    "unheard-of/type",
    "text",
    "plain",
    "*/*",
    "text/plain)",
    "message/rfc822",
    "message/global",
    "message/news",
    "message/x-foo",
];

fn text() -> String {
    format!("hello {}\r\n", String::from_utf8(payload()).unwrap())
}

/// The whole message is of this type: as it stands, in base64, behind a header of its own.
pub fn roots(add: Add<'_>) {
    for kind in TYPES {
        let kind_field = format!("Content-Type: {kind}");
        let text = text();
        let coded = format!("{kind_field}\r\n{BASE64}");
        add(kind.to_owned(), whole(&kind_field, &text));
        add(
            format!("{kind} in base64"),
            whole(&coded, &code(text.as_bytes(), "\r\n")),
        );
        add(
            format!("{kind} behind a header"),
            whole(&kind_field, &format!("Subject: x\r\n\r\n{text}")),
        );
        add(
            format!("{kind} with an odd line"),
            whole(&kind_field, &format!("odd\r\n\r\n{text}")),
        );
        let parts = format!("{MIXED}\r\n\r\n--b\r\n\r\n{text}\r\n--b--\r\n");
        add(format!("{kind} with parts"), whole(&kind_field, &parts));
    }
}

/// A part of this type in each kind of container.
pub fn parts(add: Add<'_>) {
    const CONTAINERS: [&str; 6] = [
        "mixed",
        "alternative",
        "digest",
        "related",
        "parallel",
        "form-data",
    ];
    for container in CONTAINERS {
        let top = MIXED.replace("mixed", container);
        for kind in TYPES.iter().take(11) {
            let part = format!("Content-Type: {kind}\r\n\r\n{}", text());
            let body = format!("{TEXT}--b\r\n{part}--b--\r\n");
            add(format!("{kind} in {container}"), whole(&top, &body));
        }
        let bare = format!("--b\r\n\r\n{}--b--\r\n", text());
        add(format!("no type in {container}"), whole(&top, &bare));
        let headed = format!("--b\r\n\r\nSubject: x\r\n\r\n{}--b--\r\n", text());
        add(format!("a message in {container}"), whole(&top, &headed));
    }
}

/// A text that asks to be shown in words of its own.
pub fn dispositions(add: Add<'_>) {
    const WORDS: [&str; 10] = [
        "inline",
        "INLINE",
        "\"inline\"",
        "=?utf-8?q?inline?=",
        "(c) inline",
        "inline;",
        "inline\u{0}",
        "foo",
        "",
        "x; filename=\"\"",
    ];
    for word in WORDS {
        let part = format!(
            "Content-Type: text/plain\r\nContent-Disposition: {word}\r\n\r\n{}",
            text()
        );
        let body = format!("{TEXT}--b\r\n{part}--b--\r\n");
        add(format!("disposition {word:?}"), whole(MIXED, &body));
    }
}
