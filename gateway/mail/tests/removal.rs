//! What takes a marking out gives back what stood there before it was set, byte for byte.
//!
//! It never fails where the corpora are absent: it prints that they were skipped.

mod common;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/generator.rs"]
mod generator;

use std::fs;

use generator::Generator;
use mail::{Edit, Fallback, Message, OnDkim, Pattern, Place, apply};
use proptest::prelude::*;

const OLD: &str = "Marked zebra for the old readers";
const NEW: &str = "Marked okapi for the new readers";
const PLACES: [Place; 3] = [Place::Top, Place::Bottom, Place::AboveQuote];

fn set(words: &str, place: Place, slot: &str) -> Edit {
    Edit::InsertText {
        place,
        plain: words.to_owned(),
        html: format!("<p><b>{words}</b></p>"),
        marker: slot.to_owned(),
        fallback: Fallback::Leave,
        on_dkim: OnDkim::Break,
    }
}

fn remove(words: &str) -> Edit {
    Edit::RemoveText {
        patterns: vec![Pattern::exact(words)],
    }
}

fn edited(raw: &[u8], edits: &[Edit]) -> Vec<u8> {
    apply(&Message::parse(raw), edits).unwrap().bytes
}

fn shown(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).into_owned()
}

/// Each text of the letter's own bodies, as its part says it is read.
fn texts(raw: &[u8]) -> Vec<String> {
    let message = Message::parse(raw);
    let bodies = message.parts().iter().filter(|part| part.is_body());
    let texts = bodies.filter_map(|part| message.texts(part).into_iter().next());
    texts
        .map(|text| without_end_tags(&text.replace("\r\n", "\n")))
        .collect()
}

/// What the letter left open is closed before a footer, and stays closed.
fn without_end_tags(text: &str) -> String {
    let mut pieces = text.split("</");
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.map(|piece| piece.split_once('>').map_or("", |(_, rest)| rest));
    rest.fold(first, |text, rest| text + rest)
}

/// Set, removed, and replaced: nothing is left of what was there between.
fn check(raw: &[u8], place: Place, other: Place) -> Result<(), String> {
    let marked = edited(raw, &[set(OLD, place, "a")]);
    let same = |what: &str, left: &[u8], right: &[u8]| match left == right {
        true => Ok(()),
        false => Err(format!(
            "{what}\n{}\n---- is not\n{}",
            shown(left),
            shown(right)
        )),
    };
    same("set and removed", &edited(&marked, &[remove(OLD)]), raw)?;
    let replaced = edited(&marked, &[remove(OLD), set(NEW, other, "b")]);
    let direct = edited(raw, &[set(NEW, other, "b")]);
    same("set, removed and another set", &replaced, &direct)?;
    // Of two neighbours one goes.
    let both = edited(raw, &[set(OLD, place, "a"), set(NEW, other, "b")]);
    same("one of two", &edited(&both, &[remove(OLD)]), &direct)?;
    same(
        "two of two",
        &edited(&both, &[remove(OLD), remove(NEW)]),
        raw,
    )
}

/// A letter's text, with or without a quotation, blank lines and a line break at its end.
fn text() -> impl Strategy<Value = String> {
    let line = proptest::sample::select(
        &[
            "Hello",
            "Grüße = Dank",
            "-- ",
            "",
            "",
            "  ",
            "On Monday Ann wrote:",
            "> quoted",
            ">",
        ][..],
    );
    (proptest::collection::vec(line, 0..9), any::<bool>()).prop_map(|(lines, ends)| {
        let mut text = lines.join("\n");
        if ends {
            text.push('\n');
        }
        text
    })
}

fn quoted_printable(text: &str) -> String {
    let code = |byte: u8| match byte {
        b'=' | 0x80.. => format!("={byte:02X}"),
        byte => char::from(byte).to_string(),
    };
    let coded: String = text.bytes().map(code).collect();
    // A blank at a line's end stands for itself when it is coded.
    let mut lines: Vec<String> = coded.split('\n').map(str::to_owned).collect();
    for line in lines.iter_mut().filter(|line| line.ends_with(' ')) {
        line.pop();
        line.push_str("=20");
    }
    lines.join("\n")
}

/// The letter with LF, in this transfer encoding, alone or as one of two parts.
fn letter(text: &str, kind: &str, encoding: &str, alone: bool) -> Vec<u8> {
    let body = match encoding {
        "quoted-printable" => quoted_printable(text),
        "base64" => {
            use base64::Engine;
            let code = base64::engine::general_purpose::STANDARD.encode(text);
            let lines = code.as_bytes().chunks(76).map(String::from_utf8_lossy);
            let lines = lines.collect::<Vec<_>>().join("\n");
            format!("{lines}{}", if lines.is_empty() { "" } else { "\n" })
        }
        _ => text.to_owned(),
    };
    let fields = format!(
        "Content-Type: {kind}; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n{body}"
    );
    let head = "From: ann@corp.example\nMIME-Version: 1.0\n";
    match alone {
        true => format!("{head}{fields}"),
        false => format!(
            "{head}Content-Type: multipart/mixed; boundary=zz\n\n--zz\n{fields}\n--zz\n\
             Content-Type: application/pdf\n\nx\n--zz--\n"
        ),
    }
    .into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn plain_text_is_given_back(
        text in text(),
        encoding in proptest::sample::select(&["8bit", "binary", "quoted-printable", "base64"][..]),
        places in (0..3_usize, 0..3_usize),
        alone in any::<bool>(),
        crlf in any::<bool>(),
    ) {
        let mut raw = letter(&text, "text/plain", encoding, alone);
        if crlf {
            raw = common::to_crlf(&raw);
        }
        let held = check(&raw, PLACES[places.0], PLACES[places.1]);
        prop_assert!(held.is_ok(), "{}", held.unwrap_err());
    }

    #[test]
    fn html_is_given_back(
        text in text(),
        frame in 0..5_usize,
        encoding in proptest::sample::select(&["8bit", "quoted-printable", "base64"][..]),
        places in (0..3_usize, 0..3_usize),
        crlf in any::<bool>(),
    ) {
        let frames = [
            "@", "<html><body>\n@</body></html>\n", "<div>@</div>",
            "<body><p>@</p>\n<blockquote type=cite><p>old words</p></blockquote></body>",
            "<div><br></div><p>@<o:p></o:p></p>\n",
        ];
        let inner = text.replace('\n', "<br>\n").replace('>', "&gt;").replace("<br&gt;", "<br>");
        let mut raw = letter(&frames[frame].replace('@', &inner), "text/html", encoding, true);
        if crlf {
            raw = common::to_crlf(&raw);
        }
        let held = check(&raw, PLACES[places.0], PLACES[places.1]);
        prop_assert!(held.is_ok(), "{}", held.unwrap_err());
    }
}

#[test]
fn letters_of_the_corpora_are_given_back() {
    let found = folder::corpora();
    if found.is_empty() {
        return;
    }
    let mut counts = Counts::default();
    for path in &found {
        let raw = fs::read(path).unwrap();
        for place in PLACES {
            counts.add(&path.display().to_string(), &raw, place);
        }
    }
    println!("{counts:?}");
    assert!(counts.exact > found.len() && counts.exact > 4 * counts.read_alike);
    assert!(counts.quoted < 10);
}

/// Messages of every shape, charset and transfer encoding.
#[test]
fn generated_letters_are_given_back() {
    let mut counts = Counts::default();
    for seed in 0..1500 {
        let raw = Generator::message(seed);
        let place = PLACES[usize::try_from(seed % 3).unwrap()];
        counts.add(&format!("seed {seed}"), &raw, place);
    }
    println!("{counts:?}");
    assert!(counts.exact > 500 && counts.quoted < 100);
}

#[derive(Debug, Default)]
struct Counts {
    /// Given back byte for byte.
    exact: usize,
    /// Given back as the same text, since it had to be coded anew.
    read_alike: usize,
    /// Set, in one body at least, below a quotation that nothing ends: it may be a part of it.
    quoted: usize,
    /// Not set, or not as a part of the letter's own.
    left: usize,
}

impl Counts {
    fn add(&mut self, name: &str, raw: &[u8], place: Place) {
        let marked = edited(raw, &[set(OLD, place, "a")]);
        let (before, after) = (Message::parse(raw), Message::parse(&marked));
        if marked == raw || after.parts().len() != before.parts().len() {
            self.left += 1;
        } else {
            let back = edited(&marked, &[remove(OLD)]);
            let found = texts(&back);
            if back == raw {
                self.exact += 1;
            } else if found.iter().any(|text| text.contains(OLD)) {
                self.quoted += 1;
            } else {
                self.read_alike += 1;
                assert_eq!(found, texts(raw), "{name} {place:?}");
            }
        }
    }
}
