//! A policy that judges what it marked itself, for another sender and on another day, leaves one
//! marking of each rule in the new text, whatever a mail program took away between.
//!
//! It never looks at what is quoted but to see that it stayed.

mod support;

use mail::{Message, Timestamp};
use proptest::prelude::*;
use rules::{Facts, Policy, Source};
use support::{envelope, load_text, now};

const RULES: &str = "
[[rule]]
name = 'sent'
then = [
  { header = 'Classified for ${sender.name} and their readers' },
  { footer = { text = 'This letter was sent by ${sender.address} on ${time.date}', \
               html = '<p>This letter was <b>sent</b> by ${sender.address} on ${time.date}</p>' } },
]
[[rule]]
name = 'kept'
then = [{ footer = { text = 'This letter was kept for ${sender.name}', \
                     position = 'below-new-text' } }]
";

/// What each marking begins with, as it is seen.
const BEGINNINGS: [&str; 3] = [
    "Classified for ",
    "This letter was sent by ",
    "was kept for ",
];

/// The letter as the policy marks it for this sender at this time.
fn marked(policy: &Policy, raw: &[u8], sender: &str, at: Timestamp) -> Vec<u8> {
    let message = Message::parse(raw);
    let envelope = envelope(sender, &["bob@corp.example"]);
    let facts = Facts::new(at, Source::Inside, &envelope, &message);
    let judgement = policy.judge(&facts);
    let edits = &judgement.copies[0].verdict.edits;
    mail::apply(&message, edits).unwrap().bytes
}

/// A letter of one text, or of both, all in clear.
fn letter(kind: &str, from: &str, text: &str) -> Vec<u8> {
    let html = format!("<html><body><p>{text}</p>\r\n</body></html>\r\n");
    let (fields, body) = match kind {
        "plain" => ("text/plain".to_owned(), format!("{text}\r\n")),
        "html" => ("text/html".to_owned(), html),
        _ => {
            let plain = format!("--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n");
            let html = format!("--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n");
            let kind = "multipart/alternative; boundary=b".to_owned();
            (kind, format!("{plain}{html}"))
        }
    };
    let head = format!("From: {from}\r\nSubject: x\r\nMIME-Version: 1.0\r\n");
    format!("{head}Content-Type: {fields}\r\n\r\n{body}").into_bytes()
}

/// What a mail program leaves that takes our element for its own text.
fn stripped(raw: &[u8], from: &str) -> Vec<u8> {
    let mut text = String::from_utf8(raw.to_vec()).unwrap();
    while let Some(at) = text.find(" class=\"sealgate") {
        let end = text[at..].find("\" ").unwrap() + at + 1;
        text.replace_range(at..end, "");
    }
    let end = text.find("\r\n").unwrap();
    text.replace_range(..end, &format!("From: {from}"));
    text.into_bytes()
}

fn count(raw: &[u8], words: &str) -> usize {
    let text = String::from_utf8_lossy(raw)
        .replace("<b>", "")
        .replace("</b>", "");
    text.matches(words).count()
}

fn later(days: i64) -> Timestamp {
    Timestamp::from_unix(now().unix() + days * 86_400)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn each_marking_stands_once_in_new_text(
        kind in proptest::sample::select(&["plain", "html", "both"][..]),
        text in "Zulu [a-z]{1,9}( [a-z]{1,9}){0,6}",
        days in 1_i64..1000,
        strips in any::<bool>(),
    ) {
        let policy = load_text(RULES).policy;
        let (ann, ben) = ("Ann Lee <ann@corp.example>", "Ben Roe <ben@corp.example>");
        let first = marked(&policy, &letter(kind, ann, &text), "ann@corp.example", now());
        let bodies = if kind == "both" { 2 } else { 1 };
        for words in BEGINNINGS {
            prop_assert_eq!(count(&first, words), bodies, "{}", words);
        }
        // The same again changes nothing at all, with our elements or without.
        let again = match strips {
            true => stripped(&first, ann),
            false => first.clone(),
        };
        let same = marked(&policy, &again, "ann@corp.example", now());
        prop_assert_eq!(String::from_utf8_lossy(&same), String::from_utf8_lossy(&again));
        let saved = stripped(&first, ben);
        let second = marked(&policy, &saved, "ben@corp.example", later(days));
        for words in BEGINNINGS {
            prop_assert_eq!(count(&second, words), bodies, "{}", String::from_utf8_lossy(&second));
        }
        prop_assert_eq!(count(&second, "ann@corp.example"), 0);
        prop_assert_eq!(count(&second, &text), bodies);
    }
}

/// The control: without its pattern an older marking stays beside the new one.
#[test]
fn words_that_could_be_any_stay_and_check_says_so() {
    let loaded = load_text("[[rule]]\nname = 'r'\nthen = [{ footer = 'By ${sender.address}' }]\n");
    let advice = support::render(&loaded.advice);
    assert!(
        advice.contains("cannot be told from other text"),
        "{advice}"
    );
    let policy = loaded.policy;
    let first = marked(
        &policy,
        &letter("plain", "ann@corp.example", "hello"),
        "ann@corp.example",
        now(),
    );
    let second = marked(&policy, &first, "ben@corp.example", now());
    assert_eq!(count(&second, "By ann@corp.example"), 1);
    assert_eq!(count(&second, "By ben@corp.example"), 1);
    assert_eq!(load_text(RULES).advice.len(), 0);
}
