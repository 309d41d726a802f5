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

/// The text of a part as a person reads it, without tags.
fn shown(part: &MessagePart<'_>) -> String {
    match &part.body {
        PartType::Text(text) => text.to_string(),
        PartType::Html(html) => html
            .split('<')
            .map(|run| run.split_once('>').map_or(run, |(_, text)| text))
            .collect(),
        _ => String::new(),
    }
}

/// Letters and digits only: what an edit may not lose whatever it does to the encoding.
fn essence(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn is_ours(part: &MessagePart<'_>) -> bool {
    essence(&shown(part)) == OURS
}

fn differs(
    before: &[u8],
    was: &MessagePart<'_>,
    after: &[u8],
    is: Option<&MessagePart<'_>>,
    number: usize,
) -> Option<String> {
    let same = is.is_some_and(|is| body(before, was) == body(after, is));
    (!same).then(|| format!("part {number} changed beside the mark"))
}

/// Why a difference in parts is none of ours: readers disagree about where its parts are.
fn exception(raw: &[u8]) -> Option<&'static str> {
    let message = mail::Message::parse(raw);
    if !message.ambiguities().is_empty() {
        return Some("ambiguous");
    }
    let is_empty_part =
        |warning: &mail::Warning| warning.kind == mail::message::WarningKind::EmptyPart;
    if message.warnings().iter().any(is_empty_part) {
        return Some("readers count differently what two delimiters in a row hold");
    }
    // Every line up to the first empty one must be a field or go on with one.
    let is_field = |line: &&[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or(b"");
        line.starts_with(b" ")
            || line.starts_with(b"\t")
            || name.len() < line.len() && name.iter().all(u8::is_ascii_graphic)
    };
    let mut lines = raw.split(|byte| *byte == b'\n');
    let end = lines.find(|line| !is_field(line)).unwrap_or(b"");
    (end != b"\r").then_some("its header is not closed by an empty line")
}

/// The parts that hold something themselves.
fn leaves<'m>(message: &'m Message<'m>) -> impl Iterator<Item = &'m MessagePart<'m>> {
    message
        .parts
        .iter()
        .filter(|part| !matches!(part.body, PartType::Multipart(_)))
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
    let mut new_leaves = leaves(&new).peekable();
    for (number, was) in leaves(&old).enumerate() {
        // Where no text was there to mark, a part with the mark alone may be added.
        let may_be_marked = matches!(was.body, PartType::Text(_) | PartType::Html(_));
        while !may_be_marked && new_leaves.next_if(|part| is_ours(part)).is_some() {}
        let Some(is) = new_leaves.next() else {
            harm.push(format!("part {number} is gone"));
            return harm;
        };
        let is_marked = shown(is).contains(MARK) && !shown(was).contains(MARK);
        if is_marked && is_insertion(&essence(&shown(was)), &essence(&shown(is))) {
            continue;
        }
        if is_marked && is_ours(is) {
            harm.extend(differs(
                before,
                was,
                after,
                new_leaves.find(|part| !is_ours(part)),
                number,
            ));
        } else {
            harm.extend(differs(before, was, after, Some(is), number));
        }
    }
    if new_leaves.any(|part| !is_ours(part)) {
        harm.push("a part came".to_owned());
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
    let (mut marked, mut untouched, mut excepted, mut complaints) = (0, 0, 0, Vec::new());
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
        let Some(first) = harm.first() else { continue };
        keep(&sample.name, after);
        match exception(&sample.raw) {
            Some(why) => {
                excepted += 1;
                println!("excepted: {}: {first}, but {why}", sample.name);
            }
            None => complaints.push(format!("{}: {}", sample.name, harm.join("; "))),
        }
    }
    println!("footer: {marked} marked, {untouched} as they were, {excepted} excepted");
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
        ["part 1 changed beside the mark"]
    );
    let lost = marked.replace("text", "tex");
    assert_eq!(
        harm(before, lost.as_bytes()),
        ["part 0 changed beside the mark"]
    );
    let renamed = marked.replace("Subject: x", "Subject: y");
    assert_eq!(harm(before, renamed.as_bytes()), ["header fields changed"]);
    let short = marked.replace(
        "--b\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4\r\n",
        "",
    );
    assert_eq!(harm(before, short.as_bytes()), ["part 1 is gone"]);
}
