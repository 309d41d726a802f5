//! P3 where something is changed: with a footer on every message of the corpora, each part without
//! the footer is byte-identical, no part comes or goes, every header field stays, and signed mail
//! is not touched at all. Read by mail-parser: our own parser does not judge itself.

use end_to_end::corpus;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter::below_our_block;
use end_to_end::sink::Sink;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";
const MARK: &str = "Classified by Corp 7Q";
/// What letters and digits of a part with the mark alone are.
const OURS: &str = "ClassifiedbyCorp7Q";
const RULE: &str = "[[rule]]\nname = \"footer\"\nthen = [{ footer = \"Classified by Corp 7Q\" }]\n";

/// Fields that an edit of a body may have to change.
const BODY_FIELDS: [&str; 5] = [
    "content-type",
    "content-transfer-encoding",
    "mime-version",
    "content-length",
    "lines",
];

fn body<'a>(raw: &'a [u8], part: &MessagePart<'_>) -> &'a [u8] {
    raw.get(part.offset_body as usize..part.offset_end as usize)
        .unwrap_or(b"")
}

fn shown(part: &MessagePart<'_>) -> String {
    match &part.body {
        PartType::Text(text) => text.to_string(),
        PartType::Html(text) => text.to_string(),
        _ => String::new(),
    }
}

/// Letters and digits only: what an edit may not lose whatever it does to the encoding.
fn essence(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The parts that hold something themselves.
fn leaves<'m>(message: &'m Message<'m>) -> impl Iterator<Item = &'m MessagePart<'m>> {
    message.parts.iter().filter(|part| !matches!(part.body, PartType::Multipart(_)))
}

/// Whether `after` is `before` with one run put in, and the mark in that run.
fn is_insertion(before: &str, after: &str) -> bool {
    let same = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let rest = before.len() - same;
    let end = after.len().saturating_sub(rest);
    let run = after.as_bytes().get(same..end).unwrap_or(b"");
    let run = String::from_utf8_lossy(run);
    after.as_bytes().ends_with(&before.as_bytes()[same..]) && run.contains(&essence(MARK)[1..])
}

/// What an edit broke.
fn harm(before: &[u8], after: &[u8]) -> Vec<String> {
    let parse = |raw| MessageParser::default().parse(raw);
    let (Some(old), Some(new)) = (parse(before), parse(after)) else {
        return if before == after {
            Vec::new()
        } else {
            vec!["no message any more".to_owned()]
        };
    };
    let mut harm = Vec::new();
    let old_leaves: Vec<_> = leaves(&old).collect();
    // Where no text was there to mark, a part with the mark alone may be added.
    let new_leaves: Vec<_> = leaves(&new).filter(|part| essence(&shown(part)) != OURS).collect();
    if old_leaves.len() != new_leaves.len() {
        harm.push(format!("{} parts became {}", old_leaves.len(), new_leaves.len()));
        return harm;
    }
    for (number, (was, is)) in old_leaves.into_iter().zip(new_leaves).enumerate() {
        let is_marked = shown(is).contains(MARK) && !shown(was).contains(MARK);
        if is_marked {
            if !is_insertion(&essence(&shown(was)), &essence(&shown(is))) {
                harm.push(format!("part {number}: text changed beside the mark"));
            }
        } else if body(before, was) != body(after, is) {
            harm.push(format!("part {number}: bytes changed without a mark"));
        }
    }
    let kept = |message: &Message<'_>| -> Vec<(String, String)> {
        let fields = message
            .headers_raw()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        fields
            .filter(|(name, _)| !BODY_FIELDS.contains(&name.to_ascii_lowercase().as_str()))
            .collect()
    };
    if kept(&old) != kept(&new) {
        harm.push("header fields changed".to_owned());
    }
    if is_signed(&old) && before != after {
        harm.push("signed mail was edited".to_owned());
    }
    harm
}

fn is_signed(message: &Message<'_>) -> bool {
    let root = message.parts.first().and_then(|part| part.content_type());
    root.is_some_and(|found| {
        let subtype = found.subtype().unwrap_or("");
        found.ctype().eq_ignore_ascii_case("multipart") && subtype.eq_ignore_ascii_case("signed")
    })
}

#[test]
fn a_footer_on_every_message_of_the_corpora_harms_none() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), RULE));
    let samples: Vec<_> = corpus::mail()
        .into_iter()
        .filter(|sample| !sample.raw.contains(&0))
        .collect();
    let (mut marked, mut untouched, mut complaints) = (0, 0, Vec::new());
    for sample in &samples {
        sink.clear();
        let reply = gateway.inside().send(FROM, &[TO], &sample.raw);
        let Some(received) = sink.mailbox(TO).pop().filter(|_| reply.code == 250) else {
            complaints.push(format!("{}: `{reply}`", sample.name));
            continue;
        };
        let (_, after) = below_our_block(&received.raw);
        match after == sample.raw {
            true => untouched += 1,
            false => marked += 1,
        }
        let harm = harm(&sample.raw, after);
        if !harm.is_empty() {
            keep(&sample.name, after);
        }
        complaints.extend(
            harm.into_iter()
                .map(|harm| format!("{}: {harm}", sample.name)),
        );
    }
    println!(
        "footer: {marked} marked, {untouched} left as they were, of {}",
        samples.len()
    );
    assert!(
        complaints.is_empty(),
        "{} complaints\n{}",
        complaints.len(),
        complaints.join("\n")
    );
    assert!(
        marked * 4 >= samples.len() * 3,
        "only {marked} of {} were marked",
        samples.len()
    );
}

/// Keeps what came out, for somebody to look at.
fn keep(name: &str, after: &[u8]) {
    let folder = end_to_end::place::target().join("harmed");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name.replace('/', "-")), after).unwrap();
}

#[test]
fn harm_is_seen() {
    let before =
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n\
        --b\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4\r\n--b--\r\n";
    let whole = String::from_utf8(before.to_vec()).unwrap();
    let marked = whole.replace("text\r\n", "text\r\nClassified by Corp 7Q\r\n");
    assert_eq!(harm(before, marked.as_bytes()), [""; 0]);
    let flipped = marked.replace("%PDF-1.4", "%PDF-1.5");
    assert_eq!(
        harm(before, flipped.as_bytes()),
        ["part 1: bytes changed without a mark"]
    );
    let lost = marked.replace("text", "tex");
    assert_eq!(
        harm(before, lost.as_bytes()),
        ["part 0: text changed beside the mark"]
    );
    let renamed = marked.replace("Subject: x", "Subject: y");
    assert_eq!(harm(before, renamed.as_bytes()), ["header fields changed"]);
    let short = marked.replace(
        "--b\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4\r\n",
        "",
    );
    assert!(harm(before, short.as_bytes())[0].contains("parts became"));
}
