//! What ordinary mailers write is not called ambiguous where every reader sees the same, or our
//! readings hold them all; what is one step further is. One file a case, in `ambiguity/`.

use std::fs;
use std::path::Path;

use mail::Message;

/// The messages of a case file: `plain` or the ambiguity that each must show, and its bytes.
fn messages(text: &str) -> Vec<(&str, &str)> {
    let mut pieces = text.split("==== ");
    assert!(
        pieces.next().is_some_and(|first| first.starts_with('#')),
        "a case file begins with what it is about"
    );
    pieces
        .map(|piece| piece.split_once('\n').expect("a message after its verdict"))
        .collect()
}

fn verdicts(raw: &[u8]) -> Vec<&'static str> {
    let message = Message::parse(raw);
    message
        .ambiguities()
        .iter()
        .map(|a| a.kind.as_str())
        .collect()
}

#[test]
fn only_what_readers_read_differently_is_ambiguous() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ambiguity");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (mut plain, mut doubtful) = (0, 0);
        for (expected, message) in messages(&text) {
            for raw in [message.to_owned(), message.replace('\n', "\r\n")] {
                let found = verdicts(raw.as_bytes());
                let name = path.display();
                match expected {
                    "plain" => assert!(found.is_empty(), "{name}: {found:?} in\n{message}"),
                    kind => assert!(found.contains(&kind), "{name}: {found:?} in\n{message}"),
                }
            }
            match expected {
                "plain" => plain += 1,
                _ => doubtful += 1,
            }
        }
        assert!(plain > 0 && doubtful > 0, "{}: no control", path.display());
        files += 1;
    }
    assert!(files >= 18, "only {files} case files");
}
