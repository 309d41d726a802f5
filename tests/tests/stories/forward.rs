//! Do Not Forward among people inside only: the copy stays clear and labelled, its thread is
//! remembered, and an answer to it reaches nobody who was not on it, whoever sends it and however
//! often the gateway starts. A relay that remembers nothing must be caught.

use end_to_end::gateway::{Gateway, Site};
use end_to_end::hop::{Hop, Sin, Sloppy};
use end_to_end::letter;
use end_to_end::sender::Sender;
use end_to_end::sink::Sink;

const ANN: &str = "ann@corp.example";
const EVE: &str = "eve@corp.example";
const CARL: &str = "carl@corp.example";
const BOB: &str = "bob@partner.example";

const RULES: &str = "
[[label]]
id = \"00000000-0000-4000-8000-000000000030\"
name = \"Board only\"
priority = 30
[[rule]]
name = \"board\"
when = { subject_contains = [\"board\"] }
then = [{ apply_label = \"Board only\" }, { seal = \"do-not-forward\" }]
";

/// Sends; the code of the reply.
fn send(hop: &dyn Hop, fields: &str, from: &str, to: &[&str], subject: &str) -> u16 {
    let raw = letter::plain(from, &to.join(", "), subject, "the text");
    let raw = [fields.as_bytes(), &raw].concat();
    Sender::connect(hop.entrance())
        .unwrap()
        .send(from, to, &raw)
        .code
}

fn id_of(sink: &Sink, mailbox: &str, count: usize) -> String {
    let received = sink.wait_for(mailbox, count);
    letter::header(&received[count - 1].raw, "Message-ID").remove(0)
}

/// Which answers to the message with this id get through: each a field, a sender and recipients.
fn got_through(hop: &dyn Hop, id: &str) -> Vec<String> {
    let mut passed = Vec::new();
    for field in ["In-Reply-To", "References"] {
        for from in [ANN, EVE, CARL] {
            for to in [&[BOB][..], &[CARL], &[EVE, BOB]] {
                let fields = format!("{field}: {id}\r\n");
                if send(hop, &fields, from, to, "Fwd: plans") == 250 {
                    passed.push(format!("{field} from {from} to {to:?}"));
                }
            }
        }
    }
    passed
}

/// How many copies came to a mailbox, reports not counted.
fn copies(sink: &Sink, mailbox: &str) -> usize {
    let received = sink.mailbox(mailbox).into_iter();
    received.filter(|each| !each.sender.is_empty()).count()
}

#[test]
fn inside_the_copy_is_clear_and_its_thread_is_kept_among_its_people() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(&Site::new(sink.address(), RULES));
    assert_eq!(send(&gateway, "", ANN, &[EVE], "board plans"), 250);
    let copy = sink.wait_for(EVE, 1).remove(0).raw;
    let text = String::from_utf8_lossy(&copy);
    assert!(text.contains("the text"), "inside it stays clear:\n{text}");
    assert!(
        text.contains("Name=Board only"),
        "it bears its label:\n{text}"
    );
    let first = id_of(&sink, EVE, 1);

    // Among its people it goes on, and what they answer is of the thread as well.
    let answer = format!("In-Reply-To: {first}\r\n");
    assert_eq!(send(&gateway, &answer, EVE, &[ANN], "Re: plans"), 250);
    let second = id_of(&sink, ANN, 1);
    assert_ne!(first, second);
    gateway.kill();
    gateway.serve();
    sink.clear();
    for id in [&first, &second] {
        let passed = got_through(&gateway, id);
        let mixed = |one: &&String| one.ends_with(&format!("{:?}", [EVE, BOB]));
        // One reply for two fates: the one of the letter is served, and a report tells the rest.
        assert!(passed.iter().all(|one| mixed(&one)), "{passed:?}");
    }
    assert_eq!((copies(&sink, BOB), copies(&sink, CARL)), (0, 0));

    // The controls: the same mail that names no such thread, or another.
    assert_eq!(send(&gateway, "", EVE, &[BOB], "plans"), 250);
    let other = "In-Reply-To: <other@corp.example>\r\n";
    assert_eq!(send(&gateway, other, EVE, &[CARL], "Re: other"), 250);
    assert_eq!((copies(&sink, BOB), copies(&sink, CARL)), (1, 1));
}

/// A message with a text, and a message attached to it.
fn with_attached(from: &str, to: &str, attached: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: look\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nlook\r\n--b\r\n\
         Content-Type: message/rfc822\r\n\r\n"
    );
    [head.as_bytes(), attached, b"\r\n--b--\r\n"].concat()
}

/// Other ways to pass a message on than answering it, each with its recipient.
fn passed_on(sink: &Sink, to: &str) -> Vec<(&'static str, Vec<u8>)> {
    let copy = sink.wait_for(EVE, 1).remove(0).raw;
    let id = letter::header(&copy, "Message-ID").remove(0);
    let new = letter::plain(EVE, to, "look", "look");
    let with = |field: String| [field.as_bytes(), &new].concat();
    let long: String = (0..300)
        .map(|n| format!("\r\n <{n}@corp.example>"))
        .collect();
    vec![
        (
            "resent",
            [format!("Resent-To: {to}\r\n").as_bytes(), &copy].concat(),
        ),
        ("attached", with_attached(EVE, to, &copy)),
        ("said", with(format!("X-Forwarded-Message-Id: {id}\r\n"))),
        ("first of many", with(format!("References: {id}{long}\r\n"))),
        (
            "last of many",
            with(format!("References:{long}\r\n {id}\r\n")),
        ),
    ]
}

#[test]
fn what_is_resent_or_attached_is_of_the_thread_too() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), RULES));
    assert_eq!(send(&gateway, "", ANN, &[EVE], "board plans"), 250);
    for (how, raw) in passed_on(&sink, CARL) {
        let reply = gateway.inside().send(EVE, &[CARL], &raw);
        assert_eq!(reply.code, 550, "{how}: {reply}");
    }
    // The controls: to somebody who was on it, and a message of no such thread.
    for (how, raw) in passed_on(&sink, ANN) {
        let reply = gateway.inside().send(EVE, &[ANN], &raw);
        assert_eq!(reply.code, 250, "{how}: {reply}");
    }
    sink.clear();
    assert_eq!(send(&gateway, "", ANN, &[EVE], "plans"), 250);
    for (how, raw) in passed_on(&sink, CARL) {
        let reply = gateway.inside().send(EVE, &[CARL], &raw);
        assert_eq!(reply.code, 250, "{how}: {reply}");
    }
}

#[test]
fn whom_rules_put_on_a_message_is_no_stranger_to_its_thread() {
    let rules = format!(
        "{RULES}[[rule]]\nname = \"add\"\nwhen = {{ recipient = \"{EVE}\" }}\n\
         then = [{{ add_recipient = {{ address = \"{CARL}\", as = \"cc\" }} }}]\n"
    );
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), &rules));
    assert_eq!(send(&gateway, "", ANN, &[EVE], "board plans"), 250);
    let answer = format!("In-Reply-To: {}\r\n", id_of(&sink, CARL, 1));
    assert_eq!(send(&gateway, &answer, ANN, &[CARL], "Re: plans"), 250);
    // The control: somebody who has no copy.
    assert_eq!(send(&gateway, &answer, ANN, &[BOB], "Re: plans"), 550);
}

#[test]
fn a_relay_that_remembers_nothing_is_seen() {
    let sink = Sink::start();
    let relay = Sloppy::start(sink.address(), Sin::Tidies);
    assert_eq!(send(&relay, "", ANN, &[EVE], "board plans"), 250);
    let passed = got_through(&relay, &id_of(&sink, EVE, 1));
    assert_eq!(passed.len(), 18, "{passed:?}");
    assert_eq!(copies(&sink, BOB), 12);

    // Nor does a thread that came from outside bind anybody: only our own people's mail does.
    let gateway = Gateway::start(&Site::new(sink.address(), RULES));
    let raw = letter::plain(BOB, ANN, "board plans", "their text");
    assert_eq!(gateway.outside().send(BOB, &[ANN], &raw).code, 250);
    let theirs = id_of(&sink, ANN, 1);
    let answer = format!("In-Reply-To: {theirs}\r\n");
    assert_eq!(send(&gateway, &answer, ANN, &[CARL], "Re: theirs"), 250);
}
