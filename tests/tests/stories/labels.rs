//! Labels of every standard through the running gateway: a marking seals, what comes from outside
//! counts as the organisation says, a thread is not lowered in silence, and every change is in the
//! audit.

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading::{self, Opener};
use end_to_end::sender::Reply;
use end_to_end::sink::Sink;

const ANN: &str = "ann@corp.example";
const CARL: &str = "carl@corp.example";
const BOB: &str = "bob@partner.example";

const LABELS: &str = "
[[label]]
id = \"00000000-0000-4000-8000-000000000010\"
name = \"General\"
priority = 10
[[label]]
id = \"00000000-0000-4000-8000-000000000030\"
name = \"Secret\"
priority = 30
seal_outside = \"encrypt-only\"
footer = \"Classified as ${label.name}\"
";
const MAPPING: &str = "mapping = '''
protective-marking  OFFICIAL   -> General
protective-marking  PROTECTED  -> Secret
tlp                 RED        -> Secret
'''\n";

fn rules(labels: &str) -> String {
    format!("{LABELS}\n[labels]\n{labels}\n")
}

/// A message with one more field at its top.
fn with(field: &str, raw: &[u8]) -> Vec<u8> {
    [field.as_bytes(), b"\r\n", raw].concat()
}

fn send(gateway: &Gateway, field: &str, to: &str, subject: &str) -> Reply {
    let raw = with(field, &letter::plain(ANN, to, subject, "hello"));
    gateway.inside().send(ANN, &[to], &raw)
}

/// What a gateway has on disk once it was killed: what it wrote aside is then in its place.
fn audit(gateway: &mut Gateway) -> Opener {
    gateway.kill();
    Opener::new(gateway)
}

/// The last message of a mailbox, as text.
fn last(sink: &Sink, mailbox: &str, count: usize) -> String {
    let received = sink.wait_for(mailbox, count);
    String::from_utf8_lossy(&received[count - 1].raw).into_owned()
}

#[test]
fn a_protective_marking_seals_and_all_schemes_come_to_say_it() {
    let sink = Sink::start();
    let site = Site::new(
        sink.address(),
        &rules(&format!("{MAPPING}translate = true")),
    );
    let mut gateway = Gateway::start(&site);
    let marking = "X-Protective-Marking: VER=2018.4, NS=gov.au, SEC=PROTECTED";
    assert_eq!(send(&gateway, marking, BOB, "plans").code, 250);
    let link = reading::link(&sink, BOB);
    let opened = Opener::new(&gateway).open(&link).unwrap();
    let opened = String::from_utf8_lossy(&opened).into_owned();
    for wanted in [
        marking,
        "X-TLP: RED",
        "_Name=Secret",
        "Classified as Secret",
        "hello",
    ] {
        assert!(opened.contains(wanted), "no `{wanted}` in:\n{opened}");
    }
    // The control: the same letter with the other marking goes in clear.
    assert_eq!(
        send(
            &gateway,
            &marking.replace("PROTECTED", "OFFICIAL"),
            BOB,
            "b"
        )
        .code,
        250
    );
    let clear = last(&sink, BOB, 2);
    assert!(
        clear.contains("hello") && clear.contains("_Name=General"),
        "{clear}"
    );
    let events = audit(&mut gateway).events("label changed");
    let methods: Vec<&str> = events
        .iter()
        .map(|event| &*event.detail["method"])
        .collect();
    assert_eq!(methods, ["mapped", "mapped"]);
}

#[test]
fn labels_from_outside_count_as_the_organisation_says() {
    let marking = "X-Protective-Marking: VER=2018.4, NS=gov.au, SEC=PROTECTED";
    for (treatment, counts, stays) in [
        ("ignore", false, true),
        ("keep", false, true),
        ("map", true, true),
        ("remove", false, false),
    ] {
        let sink = Sink::start();
        let text = rules(&format!("{MAPPING}from_outside = \"{treatment}\""));
        let gateway = Gateway::start(&Site::new(sink.address(), &text));
        let raw = with(marking, &letter::plain(BOB, CARL, "x", "hello"));
        assert_eq!(gateway.outside().send(BOB, &[CARL], &raw).code, 250);
        let arrived = last(&sink, CARL, 1);
        let marked = arrived.contains("Classified as Secret");
        assert_eq!(marked, counts, "{treatment}:\n{arrived}");
        assert_eq!(arrived.contains(marking), stays, "{treatment}:\n{arrived}");
    }
}

#[test]
fn a_thread_is_not_lowered_in_silence() {
    let sink = Sink::start();
    let site = Site::new(
        sink.address(),
        &rules(&format!("{MAPPING}justify_downgrade = true")),
    );
    let mut gateway = Gateway::start(&site);
    assert_eq!(send(&gateway, "X-TLP: RED", CARL, "plans").code, 250);
    let first = last(&sink, CARL, 1);
    let id = first.split("Message-ID: ").nth(1).unwrap();
    let id = id.split("\r\n").next().unwrap();

    let lower = "X-Protective-Marking: SEC=OFFICIAL";
    let reply = format!("{lower}\r\nIn-Reply-To: {id}");
    let refused = send(&gateway, &reply, CARL, "Re: plans");
    assert_eq!(refused.code, 550, "{refused}");
    assert!(
        refused.to_string().contains("msip_justification"),
        "{refused}"
    );
    // Controls: outside of the thread, with the same label, and with a reason.
    assert_eq!(send(&gateway, lower, CARL, "other plans").code, 250);
    let same = format!("X-TLP: RED\r\nIn-Reply-To: {id}");
    assert_eq!(send(&gateway, &same, CARL, "Re: plans, again").code, 250);
    let told = format!("{reply}\r\nmsip_justification: the names are gone");
    assert_eq!(
        send(&gateway, &told, CARL, "Re: plans, without names").code,
        250
    );
    let lowered = last(&sink, CARL, 4);
    // The answer to the lowered letter needs no second reason.
    let id = lowered.split("Message-ID: ").nth(1).unwrap();
    let id = id.split("\r\n").next().unwrap();
    let answer = format!("{lower}\r\nIn-Reply-To: {id}\r\nReferences: {id}");
    assert_eq!(send(&gateway, &answer, CARL, "Re: Re: plans").code, 250);

    let opener = audit(&mut gateway);
    let changes = opener.events("label changed");
    let [change] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!(change.detail["method"], "person");
    assert_eq!(change.detail["justification"], "the names are gone");
    assert!(change.detail["label_before"].ends_with("30"), "{change:?}");
    assert!(change.detail["label_after"].ends_with("10"), "{change:?}");
    let rejected = opener.events("rejected");
    assert_eq!(
        rejected[0].rule.as_deref(),
        Some("(label below its thread)")
    );
}

#[test]
fn a_label_is_demanded_and_disagreements_are_in_the_audit() {
    let sink = Sink::start();
    let site = Site::new(
        sink.address(),
        &rules(&format!("{MAPPING}mandatory = \"reject\"")),
    );
    let mut gateway = Gateway::start(&site);
    let refused = send(&gateway, "X-Other: x", CARL, "unlabelled");
    assert_eq!(refused.code, 550, "{refused}");
    assert!(refused.to_string().contains("label"), "{refused}");
    let two = "X-TLP: RED\r\nX-Protective-Marking: SEC=OFFICIAL";
    assert_eq!(send(&gateway, two, CARL, "labelled twice").code, 250);
    assert!(last(&sink, CARL, 1).contains("Classified as Secret"));
    let opener = audit(&mut gateway);
    let conflicts = opener.events("label conflict");
    assert_eq!(conflicts.len(), 1);
    let told = &conflicts[0].detail["conflicts"];
    assert!(
        told.contains("`General`") && told.contains("`Secret`"),
        "{told}"
    );
    assert_eq!(
        opener.events("rejected")[0].rule.as_deref(),
        Some("(mandatory label)")
    );
    // The control: a site that demands none.
    let site = Site::new(sink.address(), &rules(MAPPING));
    let mut lenient = Gateway::start(&site);
    assert_eq!(send(&lenient, "X-Other: x", CARL, "unlabelled").code, 250);
    assert_eq!(audit(&mut lenient).events("label conflict").len(), 0);
}
