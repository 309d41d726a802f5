//! What log and audit tell of what was ignored, doubtful or could not be kept, and what the sender
//! is answered when the records fail under a message.

use std::fs;
use std::os::unix::fs::symlink;

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading::Opener;
use end_to_end::sender::Reply;
use end_to_end::sink::{Answer, Sink, Stage};

const ANN: &str = "ann@corp.example";
const EVE: &str = "eve@corp.example";
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
[labels]
mapping = '''
tlp GREEN -> General
tlp RED   -> Secret
'''
";

/// A message with more fields at its top.
fn with(fields: &str, from: &str, to: &str, subject: &str) -> Vec<u8> {
    [
        fields.as_bytes(),
        &letter::plain(from, to, subject, "hello"),
    ]
    .concat()
}

#[test]
fn a_label_that_counts_for_nothing_is_in_the_audit() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(&Site::new(sink.address(), LABELS));
    let raw = with("X-TLP: RED\r\n", BOB, EVE, "from outside");
    assert_eq!(gateway.outside().send(BOB, &[EVE], &raw).code, 250);
    // The controls: from inside the label counts; without one there is nothing to tell.
    let own = with("X-TLP: RED\r\n", ANN, EVE, "from inside");
    assert_eq!(gateway.inside().send(ANN, &[EVE], &own).code, 250);
    let none = with("", BOB, EVE, "unlabelled");
    assert_eq!(gateway.outside().send(BOB, &[EVE], &none).code, 250);
    gateway.kill();
    let told = Opener::new(&gateway).events("label ignored");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].detail["labels"].ends_with("30"), "{told:?}");
    assert_eq!(told[0].actor.as_deref(), Some(BOB));
}

#[test]
fn what_readers_differ_on_is_in_the_log_line_and_the_audit() {
    let rule = "[[rule]]\nname = \"secret\"\nwhen = { body_contains = \"plutonium\" }\n\
        then = [{ reject = \"no\" }]\n";
    let sink = Sink::start();
    let mut gateway = Gateway::start(&Site::new(sink.address(), rule));
    // Two types: some readers take the first, some the last.
    let doubtful = with("Content-Type: text/html\r\n", ANN, BOB, "doubtful");
    let refused = gateway.inside().send(ANN, &[BOB], &doubtful);
    assert!(
        refused.code == 550 && refused.is_enhanced("5.6.0"),
        "{refused}"
    );
    let line = |gateway: &Gateway| {
        let log = gateway.log();
        log.lines()
            .rfind(|line| line.contains("action="))
            .unwrap()
            .to_owned()
    };
    let first = line(&gateway);
    let kinds = first.split("ambiguous=\"").nth(1).unwrap_or_default();
    let kinds = kinds.split('"').next().unwrap_or_default();
    assert!(!kinds.is_empty(), "{first}");
    // The control: the same letter with one type.
    let clear = with("", ANN, BOB, "clear");
    assert_eq!(gateway.inside().send(ANN, &[BOB], &clear).code, 250);
    assert!(!line(&gateway).contains("ambiguous="), "{}", line(&gateway));
    gateway.kill();
    let opener = Opener::new(&gateway);
    let rejected = opener.events("rejected");
    assert_eq!(rejected[0].detail["ambiguous"], kinds);
    let passed = opener.events("passed");
    assert!(!passed[0].detail.contains_key("ambiguous"), "{passed:?}");
}

#[test]
fn a_thread_whose_label_cannot_be_read_waits() {
    let sink = Sink::start();
    let asks = format!("{LABELS}justify_downgrade = true\n");
    for (rules, while_broken) in [(asks.as_str(), 451), (LABELS, 250)] {
        let gateway = Gateway::start(&Site::new(sink.address(), rules));
        let fields = "X-TLP: GREEN\r\nIn-Reply-To: <first@corp.example>\r\n";
        let raw = with(fields, ANN, EVE, "Re: plans");
        let send = || gateway.inside().send(ANN, &[EVE], &raw).code;
        gateway.change_records("alter table thread_labels rename to aside");
        sink.clear();
        assert_eq!(send(), while_broken);
        assert_eq!(sink.all().is_empty(), while_broken == 451, "judged unread");
        gateway.change_records("alter table aside rename to thread_labels");
        assert_eq!(send(), 250, "mended, but not served");
    }
}

/// A sink that has nobody outside, so that a message to inside and outside needs a report.
fn half_willing() -> Sink {
    Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == BOB => Answer::Say("550 5.1.1 no such user"),
        _ => Answer::Accept,
    })
}

fn send_to_both(gateway: &Gateway) -> Reply {
    let raw = letter::plain(ANN, EVE, "half", "text");
    gateway.inside().send(ANN, &[EVE, BOB], &raw)
}

/// Report and audit are written side by side: where the report fails the sender comes again, to
/// whom nobody is served twice and the report is told once.
#[test]
fn a_report_that_cannot_be_kept_defers_and_is_told_once() {
    let sink = half_willing();
    let mut gateway = Gateway::start(&Site::new(sink.address(), ""));
    gateway.change_records(
        "create trigger fail before insert on outbox begin select raise(abort, 'no room'); end",
    );
    for _ in 0..2 {
        assert_eq!(send_to_both(&gateway).code, 451);
    }
    assert_eq!(
        sink.mailbox(EVE).len(),
        1,
        "the retry served somebody twice"
    );
    gateway.change_records("drop trigger fail");
    assert_eq!(send_to_both(&gateway).code, 250);
    assert_eq!(sink.wait_for(ANN, 1).len(), 1);
    assert_eq!(sink.mailbox(EVE).len(), 1);
    // The control: nothing fails, and the same message is a new one with a report of its own.
    assert_eq!(send_to_both(&gateway).code, 250);
    assert_eq!(sink.wait_for(ANN, 2).len(), 2);
    assert_eq!(sink.mailbox(EVE).len(), 2);
    gateway.kill();
    let refused = Opener::new(&gateway).events("rejected");
    assert_eq!(
        refused.len(),
        4,
        "each try stands in the audit: {refused:?}"
    );
}

/// The other way round: what could not be audited is answered 250, since it is safe.
#[test]
fn an_audit_that_cannot_be_written_does_not_repeat_the_report() {
    let sink = half_willing();
    let mut gateway = Gateway::prepare(&Site::new(sink.address(), ""));
    // The databases are opened where they are; a journal is made where the configuration says.
    let (data, real) = (gateway.path("data"), gateway.path("real"));
    fs::rename(&data, &real).unwrap();
    symlink(&real, &data).unwrap();
    gateway.serve();
    fs::remove_file(&data).unwrap();
    let answered = send_to_both(&gateway);
    symlink(&real, &data).unwrap();
    assert_eq!(answered.code, 250, "{answered}");
    assert!(
        gateway.log().contains("the audit log cannot be written"),
        "{}",
        gateway.log()
    );
    assert_eq!(sink.wait_for(ANN, 1).len(), 1);
    assert_eq!(sink.mailbox(EVE).len(), 1);
    // The next message says what the log lacks, and has its own events.
    assert_eq!(send_to_both(&gateway).code, 250);
    assert_eq!(sink.wait_for(ANN, 2).len(), 2);
    gateway.kill();
    let opener = Opener::new(&gateway);
    assert_eq!(opener.events("audit resumed")[0].detail["lost"], "2");
    assert_eq!(opener.events("rejected").len(), 1);
}

#[test]
fn a_redirection_that_nobody_takes_is_refused_and_names_nobody() {
    let desk = "secretdesk@corp.example";
    let redirect = format!(
        "[[rule]]\nname = \"desk\"\nwhen = {{ recipient = \"{BOB}\" }}\n\
         then = [{{ redirect = \"{desk}\" }}]\n"
    );
    let by_rule = format!(
        "{redirect}[[rule]]\nname = \"no\"\nwhen = {{ recipient = \"{desk}\" }}\n\
         then = [{{ reject = \"The desk is closed.\" }}]\n"
    );
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to.starts_with("secretdesk") => {
            Answer::Say("550 5.1.1 no secretdesk here")
        }
        _ => Answer::Accept,
    });
    for rules in [&redirect, &by_rule] {
        let gateway = Gateway::start(&Site::new(sink.address(), rules));
        let raw = with("", ANN, BOB, "lost");
        let alone = gateway.inside().send(ANN, &[BOB], &raw);
        assert_eq!(alone.code, 550, "{alone}: it is lost and nobody knows");
        assert!(!alone.to_string().contains("desk"), "{alone}");
    }
    let gateway = Gateway::start(&Site::new(sink.address(), &redirect));
    let raw = with("", ANN, BOB, "beside others");
    assert_eq!(gateway.inside().send(ANN, &[BOB, EVE], &raw).code, 250);
    let report = String::from_utf8_lossy(&sink.wait_for(ANN, 1)[0].raw).into_owned();
    assert!(report.contains(&format!("rfc822; {BOB}")), "{report}");
    assert!(!report.contains("secretdesk"), "{report}");
    // The control: a desk that takes it.
    sink.rescript(|_| Answer::Accept);
    assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
    assert_eq!(sink.wait_for(desk, 1).len(), 1);
    assert_eq!(sink.mailbox(ANN).len(), 1);
}

/// A rule excuses a sender only where somebody vouches for them: the server in front that binds
/// senders to logins.
#[test]
fn a_sender_is_excused_where_the_listener_vouches_for_senders() {
    let rules = format!(
        "[[rule]]\nname = \"block\"\nwhen = {{ recipient = \"outside\" }}\n\
         unless = {{ sender = \"{ANN}\" }}\nthen = [{{ reject = \"no\" }}]\n"
    );
    let sink = Sink::start();
    for (senders, codes) in [("verified", [250, 550, 550]), ("claimed", [550, 550, 550])] {
        let mut gateway = Gateway::prepare(&Site::new(sink.address(), &rules));
        let path = gateway.path("sealgate.toml");
        let inside = format!("source = \"inside\"\nsenders = \"{senders}\"");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("source = \"inside\"", &inside)).unwrap();
        gateway.serve();
        let send = |from: &str, shown: &str| {
            let raw = letter::plain(shown, BOB, "x", "x");
            gateway.inside().send(from, &[BOB], &raw).code
        };
        // Her own mail; of somebody who only shows her name; hers that shows another's.
        let answers = [send(ANN, ANN), send(EVE, ANN), send(ANN, EVE)];
        assert_eq!(answers, codes, "{senders}");
    }
}
