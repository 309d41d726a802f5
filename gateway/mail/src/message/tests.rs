//! The view over raw bytes: fields, parts, bodies and what is odd about them.

use super::*;

const NESTED: &[u8] = b"Subject: =?utf-8?q?caf=C3=A9?=\r\n x\r\nFrom: \"A, B\" <a@x.example>\r\n\
In-Reply-To: <1@x>\r\nReferences: <0@x>\r\n <1@x>\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\
Content-Type: multipart/alternative; boundary=\"c d\"\r\n\r\n--c d\r\n\r\nplain\r\n--c d\r\n\
Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=3D\r\n--c d--\r\n\
--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner body\r\n--b\r\n\
Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n\
--b--\r\nepilogue\r\n";

fn outline(raw: &[u8]) -> Vec<(String, String, String)> {
    let message = Message::parse(raw);
    let row = |part: &Part| {
        let body = String::from_utf8_lossy(message.body_raw(part)).into_owned();
        let shown = if part.is_multipart() || part.is_message() {
            String::new()
        } else {
            body
        };
        (part.path.to_string(), part.media_type.clone(), shown)
    };
    message.parts().iter().map(row).collect()
}

#[test]
fn the_tree_of_a_nested_message() {
    let row = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    let expected = vec![
        row("", "multipart/mixed", ""),
        row("1", "multipart/alternative", ""),
        row("1.1", "text/plain", "plain"),
        row("1.2", "text/html", "<p>=3D"),
        row("2", "message/rfc822", ""),
        row("2.1", "text/plain", "inner body"),
        row("3", "application/pdf", "aGk="),
    ];
    assert_eq!(outline(NESTED), expected);
    let lf: Vec<u8> = NESTED
        .iter()
        .copied()
        .filter(|byte| *byte != b'\r')
        .collect();
    assert_eq!(outline(&lf), expected);
}

#[test]
fn what_a_person_sees() {
    let message = Message::parse(NESTED);
    let paths = |parts: Vec<&Part>| parts.iter().map(|p| p.path.to_string()).collect::<Vec<_>>();
    assert_eq!(paths(message.bodies()), ["1.1", "1.2"]);
    assert_eq!(paths(message.attachments()), ["2", "3"]);
    assert_eq!(message.subject().as_deref(), Some("café x"));
    assert_eq!(message.thread_ids(), ["1@x", "0@x"]);
    let raw = b"References: <0@x> <1@x>\r\n <2@x>\r\nIn-Reply-To: <1@x>\r\n\r\n";
    assert_eq!(Message::parse(raw).ancestors(), ["1@x", "2@x", "0@x"]);
    let from = message.mailboxes("from");
    assert_eq!(
        (from[0].name.as_deref(), from[0].address.as_str()),
        (Some("A, B"), "a@x.example")
    );
    let pdf = message.part(&PartPath::parse("3").unwrap()).unwrap();
    assert_eq!(message.decoded(pdf).as_ref(), b"hi");
    assert_eq!(pdf.file_name(), Some("a.pdf"));
    let html = message.part(&PartPath::parse("1.2").unwrap()).unwrap();
    assert_eq!(message.text(html), "<p>=");
    assert_eq!(message.children(message.root()).count(), 3);
    assert_eq!(message.parent(html).unwrap().path.to_string(), "1");
    assert!(message.ambiguities().is_empty() && message.warnings().is_empty());
}

#[test]
fn a_message_is_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Message<'static>>();
}

#[test]
fn empty_and_odd_messages_are_messages() {
    for raw in [
        &b""[..],
        b"\r\n",
        b"\n",
        b"x",
        b": x\r\n",
        b"A",
        b"A:",
        b" \r\n",
        b"\r",
    ] {
        let message = Message::parse(raw);
        assert_eq!(message.parts().len(), 1, "{raw:?}");
        assert_eq!(message.raw(), raw);
    }
}
