//! What stands inside the content of parts is read, named and bounded.
//!
//! Each thing that is found has its control: the same without what makes it one.

#[path = "common/packed.rs"]
mod packed;

use mail::message::transfer::encode_base64;
use mail::message::{ENCLOSED_BYTES_MAX, ENCLOSED_DEPTH_MAX, ENCLOSED_MAX, Packing};
use mail::{AmbiguityKind, Message};
use packed::{tnef, tnef_file, tnef_properties, uuencode, yencode};

fn text(body: &str) -> Vec<u8> {
    format!("Content-Type: text/plain\r\n\r\n{body}").into_bytes()
}

fn kinds(message: &Message<'_>) -> Vec<AmbiguityKind> {
    message.ambiguities().iter().map(|a| a.kind).collect()
}

/// The names, packings and contents found inside a message.
fn files(raw: &[u8]) -> Vec<(String, Packing, Vec<u8>, bool)> {
    let message = Message::parse(raw);
    let files = message.enclosed().files.iter();
    files
        .map(|file| {
            let names = file.names.join("|");
            (names, file.packing, file.content.clone(), file.is_whole)
        })
        .collect()
}

#[test]
fn uuencode_in_a_text() {
    let content = b"What the rules must see, in more than one line of forty-five bytes.";
    let body = format!("hello\r\n{}bye\r\n", uuencode("plan b.xlsx", content));
    let raw = text(&body);
    let expected = (
        "plan b.xlsx".to_owned(),
        Packing::Uuencode,
        content.to_vec(),
        true,
    );
    assert_eq!(files(&raw), [expected]);
    assert_eq!(kinds(&Message::parse(&raw)), []);
    // Blanks at the end of a line stand for zeros and are cut by some servers.
    let zeros = uuencode("z.bin", &[0; 45]).replace('`', " ");
    let cut: Vec<&str> = zeros.lines().map(str::trim_end).collect();
    let found = files(&text(&(cut.join("\r\n") + "\r\n")));
    assert_eq!(
        found,
        [("z.bin".to_owned(), Packing::Uuencode, vec![0; 45], true)]
    );
    // Cut off before its end, it is said to be.
    let open = body.split("\r\n`").next().unwrap();
    assert!(matches!(&files(&text(open))[..], [(_, _, content, false)] if !content.is_empty()));
    let unread = kinds(&Message::parse(&text(open)));
    assert!(unread.contains(&AmbiguityKind::UnreadEnclosure));
    let in_base64 = format!("begin-base64 644 a.bin\n{}====\n", "aGVsbG8=\n");
    let found = files(&text(&in_base64));
    assert_eq!(
        found,
        [(
            "a.bin".to_owned(),
            Packing::Uuencode,
            b"hello".to_vec(),
            true
        )]
    );
}

#[test]
fn text_that_only_speaks_of_beginning_is_no_file() {
    for body in [
        "begin 644 things at once\r\nand go on\r\n",
        "begin at 9\r\nTHE END\r\n",
        "begin 644\r\n",
        "to begin 644 x\r\nM86%A86%A\r\n",
        "end\r\nbegin 644 x\r\nHELLO WORLD\r\n",
    ] {
        let raw = text(body);
        assert_eq!(files(&raw), [], "{body}");
        assert_eq!(kinds(&Message::parse(&raw)), [], "{body}");
    }
}

#[test]
fn yenc_in_a_text() {
    let content: Vec<u8> = (0..=255).collect();
    let mut raw = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".to_vec();
    raw.extend(yencode("all bytes.zip", &content));
    let expected = ("all bytes.zip".to_owned(), Packing::YEnc, content, true);
    assert_eq!(files(&raw), [expected]);
}

#[test]
fn outlooks_container() {
    let long: Vec<u8> = "Quartalszahlen.xlsx\0"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let file = tnef_file("QUARTA~1.XLS", b"content", &[(0x1f, 0x3707, &long)]);
    let html = (0x102, 0x1013, &b"<p>secret plan</p>"[..]);
    let content = tnef(&[
        tnef_properties(0x9003, &[html, (0x1e, 0x1000, b"plain plan\0")]),
        file,
    ]);
    let header = "Content-Type: application/ms-tnef; name=\"winmail.dat\"\r\n\
                  Content-Transfer-Encoding: base64\r\n\r\n";
    let coded = |bytes: &[u8]| [header.as_bytes(), &encode_base64(bytes, b"\r\n")].concat();
    let raw = coded(&content);
    let names = "QUARTA~1.XLS|Quartalszahlen.xlsx".to_owned();
    assert_eq!(
        files(&raw),
        [(names.clone(), Packing::Tnef, b"content".to_vec(), true)]
    );
    let message = Message::parse(&raw);
    let texts: Vec<_> = message
        .enclosed()
        .texts
        .iter()
        .map(|t| (t.is_html, &*t.text))
        .collect();
    assert_eq!(texts, [(true, "<p>secret plan</p>"), (false, "plain plan")]);
    assert_eq!(kinds(&message), [], "Outlook is an ordinary mailer");
    // Whatever the type says: readers go by the content.
    let other = String::from_utf8(raw.clone())
        .unwrap()
        .replace("application/ms-tnef", "image/png");
    assert_eq!(files(other.as_bytes()).len(), 1);
    for damaged in [&content[..content.len() - 3], b"no container"] {
        let raw = coded(damaged);
        assert_eq!(
            kinds(&Message::parse(&raw)),
            [AmbiguityKind::UnreadEnclosure]
        );
    }
    // A message attached in Outlook is a container in the container.
    let inner = [&[0; 16][..], &content].concat();
    let outer = tnef(&[tnef_file("letter", b"", &[(0x0d, 0x3701, &inner)])]);
    assert!(
        files(&coded(&outer))
            .iter()
            .any(|(name, ..)| *name == names)
    );
}

#[test]
fn a_container_that_is_encoded() {
    let inner = "Subject: x\r\nContent-Type: application/zip; name=\"a.zip\"\r\n\r\nPK";
    let coded = String::from_utf8(encode_base64(inner.as_bytes(), b"\r\n")).unwrap();
    let raw =
        format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{coded}");
    let expected = ("a.zip".to_owned(), Packing::Container, b"PK".to_vec(), true);
    assert_eq!(files(raw.as_bytes()), [expected]);
    let parts = "--i\r\nContent-Disposition: attachment; filename=b.exe\r\n\r\nMZ\r\n--i--\r\n";
    let coded = String::from_utf8(encode_base64(parts.as_bytes(), b"\r\n")).unwrap();
    let raw = format!(
        "Content-Type: multipart/mixed; boundary=i\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         {coded}"
    );
    assert_eq!(files(raw.as_bytes()).len(), 1);
    assert_eq!(files(raw.replace("base64", "7bit").as_bytes()), []);
}

#[test]
fn pieces_and_names_of_what_is_elsewhere() {
    let first = "Content-Type: message/partial; id=a; number=1; total=2\r\n\r\n\
                 Subject: x\r\nContent-Type: application/zip; name=\"a.zip\"\r\n\r\nPK";
    assert!(
        matches!(&files(first.as_bytes())[..], [(name, Packing::Partial, ..)] if name == "a.zip")
    );
    assert!(
        !Message::parse(first.as_bytes())
            .enclosed()
            .unread
            .is_empty()
    );
    let outside = "Content-Type: message/external-body; access-type=url; name=\"x.dat\"\r\n\r\n\
                   Content-Type: application/x-msdownload; name=\"setup.exe\"\r\n\r\n";
    let expected = (
        "setup.exe|x.dat".to_owned(),
        Packing::External,
        Vec::new(),
        false,
    );
    assert_eq!(files(outside.as_bytes()), [expected]);
}

#[test]
fn limits() {
    let many = |count: usize| text(&uuencode("a", b"x").repeat(count));
    let read = |raw: &[u8]| {
        let message = Message::parse(raw);
        (
            message.enclosed().files.len(),
            message.enclosed().unread.len(),
        )
    };
    assert_eq!(read(&many(ENCLOSED_MAX)), (ENCLOSED_MAX, 0));
    assert_eq!(read(&many(ENCLOSED_MAX + 1)), (ENCLOSED_MAX, 1));
    let nested = |depth: usize| {
        let mut content = tnef(&[tnef_file("inner.txt", b"x", &[])]);
        for _ in 1..depth {
            content = tnef(&[tnef_file("outer.dat", &content, &[])]);
        }
        [
            &b"Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: binary\r\n\r\n"[..],
            &content,
        ]
        .concat()
    };
    assert_eq!(read(&nested(ENCLOSED_DEPTH_MAX)), (ENCLOSED_DEPTH_MAX, 0));
    assert_eq!(
        read(&nested(ENCLOSED_DEPTH_MAX + 1)),
        (ENCLOSED_DEPTH_MAX, 1)
    );
    // Lines of 45 zeros that were cut to one sign grow most.
    let zeros = |bytes: usize| {
        let lines = bytes / 45;
        text(&format!("begin 644 z\n{}`\nend\n", "M\n".repeat(lines)))
    };
    assert_eq!(read(&zeros(ENCLOSED_BYTES_MAX - 45)).1, 0);
    assert_eq!(read(&zeros(ENCLOSED_BYTES_MAX + 90)), (1, 1));
}
