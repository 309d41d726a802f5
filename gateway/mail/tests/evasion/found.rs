//! What a review of the readings found: messages in which some reader saw the payload, and we did
//! not. One function for each finding.

use super::templates::{Add, BASE64, MIXED, TEXT, code, payload, whole};

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
