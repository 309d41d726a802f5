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
