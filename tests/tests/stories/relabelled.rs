//! What a label sets on mail, over the life of a thread: markings follow the label, nothing is set
//! twice, each reader gets their language, and what could not be set or was harmed is said.

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::sink::Sink;

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@corp.example";
const HANS: &str = "hans@corp.example";

const RULES: &str = r#"
[[label]]
id = "00000000-0000-0000-0000-0000000000a1"
name = "Team"
priority = 10
subject_tag = "[Team]"
footer = "Classified as ${label.name} by ${sender.address}"

[[label]]
id = "00000000-0000-0000-0000-0000000000a2"
name = "Board"
priority = 20
subject_tag = "[Board]"
header = "${label.name} only"
[label.footer]
text = "Classified as ${label.name}"
languages = [{ tag = "de", text = "Eingestuft als ${label.name}" }]

[[language]]
tag = "de"
readers = "hans@corp.example"

[[rule]]
name = "team"
when = { subject_contains = "team" }
then = [{ apply_label = "Team" }]

[[rule]]
name = "board"
when = { subject_contains = "board" }
then = [{ apply_label = "Board" }]

[[rule]]
name = "must be marked"
when = { subject_contains = "must" }
then = [{ footer = { text = "Never without this line", fallback = "reject" } }]
"#;

fn start() -> (Sink, Gateway) {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), RULES));
    (sink, gateway)
}

fn newest(sink: &Sink, to: &str) -> Vec<u8> {
    sink.mailbox(to).pop().expect("it arrived").raw
}

/// How often the line stands in the letter, behind quotation signs or not.
fn lines(mail: &[u8], line: &str) -> usize {
    let text = letter::text(mail).unwrap_or_default();
    text.lines().filter(|own| *own == line).count()
}

#[test]
fn markings_follow_the_label_and_never_stack() {
    let (sink, gateway) = start();
    let first = letter::plain(ANN, BOB, "team plans", "Hello.");
    assert_eq!(gateway.inside().send(ANN, &[BOB], &first).code, 250);
    let arrived = newest(&sink, BOB);
    assert_eq!(letter::header(&arrived, "Subject"), ["[Team] team plans"]);
    let team = "Classified as Team by ann@corp.example";
    assert_eq!(lines(&arrived, team), 1);

    // Bob answers above it, sends the old footer along in his own text, and raises the label.
    let quoted: String = letter::text(&arrived)
        .unwrap()
        .lines()
        .map(|l| format!("> {l}\r\n"))
        .collect();
    let body = format!("For the board.\r\n\r\n{team}\r\n\r\nAnn wrote:\r\n{quoted}");
    let answer = letter::plain(BOB, ANN, "Re: [Team] team plans for the board", &body);
    assert_eq!(gateway.inside().send(BOB, &[ANN], &answer).code, 250);
    let arrived = newest(&sink, ANN);
    assert_eq!(
        letter::header(&arrived, "Subject"),
        ["[Board] Re: team plans for the board"]
    );
    assert_eq!(
        lines(&arrived, team),
        0,
        "the old marking is gone from the new text"
    );
    assert_eq!(
        lines(&arrived, &format!("> {team}")),
        1,
        "what is quoted stays"
    );
    assert_eq!(lines(&arrived, "Board only"), 1);
    assert_eq!(lines(&arrived, "Classified as Board"), 1);

    // The same letter once more, as a list or a second gateway would send it.
    assert_eq!(gateway.inside().send(BOB, &[ANN], &arrived).code, 250);
    let again = newest(&sink, ANN);
    assert_eq!(letter::text(&again), letter::text(&arrived));
    assert_eq!(letter::header(&again, "Subject").len(), 1);
}

#[test]
fn a_message_splits_by_language_only_where_the_words_differ() {
    let (sink, gateway) = start();
    let mail = letter::plain(ANN, BOB, "team matters", "Hello.");
    assert_eq!(gateway.inside().send(ANN, &[BOB, HANS], &mail).code, 250);
    assert_eq!(sink.all().len(), 1, "this label has one wording for all");
    sink.clear();
    let mail = letter::plain(ANN, BOB, "board matters", "Hello.");
    assert_eq!(gateway.inside().send(ANN, &[BOB, HANS], &mail).code, 250);
    assert_eq!(sink.all().len(), 2);
    assert_eq!(lines(&newest(&sink, HANS), "Eingestuft als Board"), 1);
    assert_eq!(lines(&newest(&sink, BOB), "Classified as Board"), 1);
}

#[test]
fn what_was_harmed_or_left_out_is_said() {
    let (sink, gateway) = start();
    let plain = letter::plain(ANN, BOB, "team", "Hello.");
    let dkim = b"DKIM-Signature: v=1; a=rsa-sha256; d=list.example; s=x; h=From; bh=y; b=z\r\n";
    let signed_by_list = [&dkim[..], &plain].concat();
    assert_eq!(
        gateway.inside().send(ANN, &[BOB], &signed_by_list).code,
        250
    );
    assert!(gateway.log_says("\"list.example\""), "{}", gateway.log());

    let signed = b"From: ann@corp.example\r\nSubject: team\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n--b\r\n\
        Content-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n";
    assert_eq!(gateway.inside().send(ANN, &[BOB], signed).code, 250);
    assert!(gateway.log_says("\"signed\""), "{}", gateway.log());
    assert_eq!(lines(&newest(&sink, BOB), "Hello."), 1);

    let must = String::from_utf8_lossy(signed).replace("Subject: team", "Subject: must");
    let before = sink.all().len();
    let reply = gateway.inside().send(ANN, &[BOB], must.as_bytes());
    assert_eq!(
        (reply.code, reply.is_enhanced("5.6.0")),
        (550, true),
        "{reply}"
    );
    assert_eq!(sink.all().len(), before, "it may not go without its line");
    let plain = letter::plain(ANN, BOB, "must", "Hello.");
    assert_eq!(gateway.inside().send(ANN, &[BOB], &plain).code, 250);
    assert_eq!(lines(&newest(&sink, BOB), "Never without this line"), 1);
}
