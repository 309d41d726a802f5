//! A policy that judges what it marked itself on another day leaves one marking of each rule in the
//! new text, whatever a mail program took away between; and no word of a person's is lost.
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
  { header = 'Classified for ${sender.name} on ${time.day}' },
  { footer = { text = 'This letter was sent by ${sender.address} on ${time.date}', \
               html = '<p>This letter was <b>sent</b> by ${sender.address} on ${time.date}</p>' } },
]
[[rule]]
name = 'kept'
then = [{ footer = { text = 'This letter was kept since ${time.date}', \
                     position = 'below-new-text' } }]
";

/// What each marking begins with, as it is seen.
const BEGINNINGS: [&str; 3] = [
    "Classified for ",
    "This letter was sent by ",
    "was kept since ",
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
        let ann = "Ann Lee <ann@corp.example>";
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
        let saved = stripped(&first, ann);
        let second = marked(&policy, &saved, "ann@corp.example", later(days));
        for words in BEGINNINGS {
            prop_assert_eq!(count(&second, words), bodies, "{}", String::from_utf8_lossy(&second));
        }
        prop_assert_eq!(count(&second, " 1 January 2026"), 0);
        prop_assert_eq!(count(&second, "2026-01-01"), 0);
        prop_assert_eq!(count(&second, &text), bodies);
    }

    /// Lines made of the markings' own words and of others: what was there is there again.
    #[test]
    fn no_line_that_is_not_a_marking_is_lost(
        lines in proptest::collection::vec(
            ("(Classified for |This letter was sent by |This letter was kept since |)",
             "(Ann Lee|ann@corp.example|3 May 2025|noon|me|)",
             "( on | since |, |)",
             "(Monday|2025-05-03|3 May 2025, 08:00|3 May 2025, 08:00 UTC|)",
             "(!|, please delete it|)"),
            1..8,
        ),
    ) {
        let policy = load_text(RULES).policy;
        let lines: Vec<String> = lines
            .into_iter()
            .map(|(a, b, c, d, e)| [a, b, c, d, e].concat())
            .filter(|line| !line.trim().is_empty())
            .collect();
        let is_marking = |line: &String| {
            [
                "Classified for Ann Lee on 2025-05-03",
                "This letter was sent by ann@corp.example on 3 May 2025, 08:00 UTC",
                "This letter was kept since 3 May 2025, 08:00 UTC",
            ]
            .contains(&line.as_str())
        };
        // A marking may be broken over lines, so that none stands whole in two of them.
        let text = format!("Zulu\r\n{}\r\nend", lines.join("\r\n--\r\n"));
        let ann = "Ann Lee <ann@corp.example>";
        let raw = letter("plain", ann, &text);
        let out = marked(&policy, &raw, "ann@corp.example", later(1));
        for line in lines.iter().filter(|line| !is_marking(line)) {
            let line = format!("\r\n{line}\r\n");
            prop_assert!(count(&out, &line) > 0, "{} in {}", line, String::from_utf8_lossy(&out));
        }
    }
}

/// The control: without its pattern an older marking stays beside the new one.
#[test]
fn words_that_could_be_any_stay_and_check_says_so() {
    let loaded = load_text("[[rule]]\nname = 'r'\nthen = [{ footer = 'At ${time.time}' }]\n");
    let advice = support::render(&loaded.advice);
    assert!(
        advice.contains("cannot be told from other text"),
        "{advice}"
    );
    let policy = loaded.policy;
    let hello = letter("plain", "ann@corp.example", "hello");
    let first = marked(&policy, &hello, "ann@corp.example", now());
    let hour_later = Timestamp::from_unix(now().unix() + 3_600);
    let second = marked(&policy, &first, "ann@corp.example", hour_later);
    assert_eq!(count(&second, "At 12:00"), 1);
    assert_eq!(count(&second, "At 13:00"), 1);
    assert_eq!(load_text(RULES).advice.len(), 0);
}
