//! V13: through no value that we write can somebody add a line, a field or a part of his own.
//!
//! It never looks at how a value is coded, only at what the edited message says.

use mail::{Edit, Fallback, Message, NewPart, Place, apply};
use proptest::prelude::*;

const PLAIN: &[u8] = b"From: a@x.example\r\nSubject: a\r\nX-Gone: 1\r\n\r\nhello\r\n";
const MIXED: &[u8] = b"From: a@x.example\r\nSubject: a\r\nX-Gone: 1\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n\
Content-Type: text/html\r\n\r\n<p>hello\r\n--b--\r\n";

/// What a hostile sender would put into a value.
fn value() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec![
        "\r\nBcc: x@evil.example",
        "\nX: y\n\nbody",
        "\r",
        "\0",
        "\r\n.\r\n",
        "\r\n--b\r\n",
        "=?utf-8?q?=0D=0ABcc:_x?=",
        "\u{2028}",
        "\u{85}",
        "\u{b}\u{c}",
        "</div></body>",
        "\"; filename=\"b.exe",
        "%0d%0a",
        "\u{feff}",
        "a",
        " ",
        "é",
        "日本",
    ]);
    let piece = prop_oneof![hostile.prop_map(str::to_owned), "\\PC{0,80}", "(?s).{0,20}"];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn names(message: &Message<'_>) -> Vec<String> {
    message
        .fields()
        .iter()
        .map(|f| message.field_name(f).to_ascii_lowercase())
        .collect()
}

/// No CR without LF, no LF without CR, no NUL, no line that SMTP refuses, nothing beyond ASCII.
fn is_clean(bytes: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n');
    let whole = bytes.ends_with(b"\n");
    let count = lines.clone().count();
    bytes.is_ascii()
        && !bytes.contains(&0)
        && lines.enumerate().all(|(number, line)| {
            let last = number + 1 == count && (!whole || line.is_empty());
            let body = line.strip_suffix(b"\r");
            let content = body.unwrap_or(line);
            (last || body.is_some()) && !content.contains(&b'\r') && content.len() <= 998
        })
}

proptest! {
    #[test]
    fn header_values_stay_values(set in value(), add in value()) {
        let edits = [
            Edit::SetHeader { name: "Subject".to_owned(), value: set },
            Edit::AddHeader { name: "X-Added".to_owned(), value: add },
            Edit::RemoveHeader { name: "X-Gone".to_owned() },
        ];
        let edited = apply(&Message::parse(PLAIN), &edits).unwrap();
        let after = Message::parse(&edited.bytes);
        let names = names(&after);
        let kept = names.iter().map(String::as_str).filter(|name| *name != "subject");
        let kept: Vec<&str> = kept.collect();
        prop_assert_eq!(kept, ["from", "x-added"]);
        prop_assert_eq!(&edited.bytes[after.body_start()..], b"hello\r\n");
        prop_assert!(is_clean(&edited.bytes));
    }

    #[test]
    fn names_of_parts_stay_names(file_name in value(), content: Vec<u8>) {
        let content = NewPart {
            media_type: "application/octet-stream".to_owned(),
            file_name: Some(file_name.clone()),
            content,
        };
        for raw in [PLAIN, MIXED] {
            let before = Message::parse(raw);
            let edits = [Edit::AddPart { content: content.clone() }];
            let edited = apply(&before, &edits).unwrap();
            let after = Message::parse(&edited.bytes);
            let grown = after.parts().len() - before.parts().len();
            prop_assert_eq!(grown, if raw == MIXED { 1 } else { 2 });
            let last = after.parts().last().unwrap();
            let decoded = after.decoded(last).into_owned();
            prop_assert_eq!(&decoded, &content.content);
            // The one name, and what careless readers and Windows make of it: nothing else.
            let names = last.file_names();
            let letters = |name: &str| -> String {
                name.chars().filter(|c| c.is_alphanumeric()).collect()
            };
            let whole = letters(names.first().map_or("", String::as_str));
            let is_of_it = |name: &String| whole.contains(&letters(name));
            prop_assert!(names.iter().all(is_of_it), "{:?}", names);
            prop_assert!(last.fields.len() == 3, "{:?}", last.fields);
            prop_assert!(is_clean(&edited.bytes));
        }
    }

    #[test]
    fn text_stays_text(plain in value(), html in "[^<&\0]{0,60}", marker in value(), top: bool) {
        prop_assume!(!plain.lines().any(|line| line.trim_end() == "--b"));
        let edits = [Edit::InsertText {
            place: if top { Place::Top } else { Place::Bottom },
            plain,
            html,
            marker,
            fallback: Fallback::Leave,
            on_dkim: mail::OnDkim::Break,
        }];
        for raw in [PLAIN, MIXED] {
            let before = Message::parse(raw);
            let edited = apply(&before, &edits).unwrap();
            let after = Message::parse(&edited.bytes);
            prop_assert_eq!(after.parts().len(), before.parts().len());
            let ours = ["content-type", "content-transfer-encoding", "mime-version"];
            let others = |message: &Message<'_>| {
                let kept = names(message).into_iter().filter(|n| !ours.contains(&n.as_str()));
                kept.collect::<Vec<_>>()
            };
            prop_assert_eq!(others(&after), others(&before));
            prop_assert!(is_clean(&edited.bytes), "{}", String::from_utf8_lossy(&edited.bytes));
        }
    }
}

#[test]
fn names_that_break_the_structure_are_refused() {
    for name in [
        "",
        "a b",
        "a:b",
        "a\r\nb",
        "é",
        "Content-Type",
        "mime-version",
        "a\0",
    ] {
        let edit = Edit::AddHeader {
            name: name.to_owned(),
            value: "x".to_owned(),
        };
        assert!(apply(&Message::parse(PLAIN), &[edit]).is_err(), "{name:?}");
    }
    for media_type in ["", "text", "text/plain\r\nX: y", "a b/c", "text/é"] {
        let content = NewPart {
            media_type: media_type.to_owned(),
            file_name: None,
            content: Vec::new(),
        };
        assert!(
            apply(&Message::parse(PLAIN), &[Edit::AddPart { content }]).is_err(),
            "{media_type:?}"
        );
    }
}

/// The judge itself must see what it is there to see.
#[test]
fn the_judge_sees_dirt() {
    for dirty in [
        &b"a\rb\r\n"[..],
        b"a\nb\r\n",
        b"a\0\r\n",
        "é\r\n".as_bytes(),
        &[b'a'; 999],
    ] {
        assert!(!is_clean(dirty), "{dirty:?}");
    }
    assert!(is_clean(b"a\r\n\r\nb") && is_clean(b"a\r\n"));
}
