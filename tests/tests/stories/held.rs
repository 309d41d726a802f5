//! Mail that rules hold waits, its sender is told, and it goes on, back, or stays until somebody
//! decides or time runs out; neither a crash nor a retry loses or doubles it.

use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::canary::Canary;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading::Opener;
use end_to_end::sink::{Answer, Received, Sink, Stage};

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const EVE: &str = "eve@corp.example";
const ZOE: &str = "zoe@partner.example";
const WORD: &str = "canary-that-waits";

const UNLABELLED: &str = "[labels]\nmandatory = \"hold\"\n";

/// Bob's copies wait, Zoe's are refused, all others go; marks are set where somebody is outside.
const MIXED: &str = "
[[rule]]
name = \"four eyes\"
when = { recipient = \"bob@partner.example\" }
then = [{ hold = \"It leaves for a partner.\" }]
[[rule]]
name = \"not to Zoe\"
when = { recipient = \"zoe@partner.example\" }
then = [{ reject = \"not to Zoe\" }]
[[rule]]
name = \"mark\"
when = { any_recipient = \"eve@corp.example\" }
then = [{ prepend_subject = \"[marked] \" }]
[[rule]]
name = \"tell\"
then = [{ notify = { to = [\"desk@corp.example\"], subject = \"seen\", text = \"A message.\" } }]
";

pub fn held(gateway: &Gateway, words: &[&str]) -> Output {
    gateway.command("held").args(words).output().unwrap()
}

pub fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The ids of what waits, oldest first.
pub fn waiting(gateway: &Gateway) -> Vec<String> {
    let listed = said(&held(gateway, &["list"]));
    let ids = listed.lines().filter_map(|line| line.split(' ').next());
    ids.map(str::to_owned).collect()
}

pub fn the_one(gateway: &Gateway) -> String {
    let ids = waiting(gateway);
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids[0].clone()
}

/// Whether nothing waits any more, within the seconds that carrying out may take.
pub fn is_empty_soon(gateway: &Gateway, seconds: u64) -> bool {
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        if waiting(gateway).is_empty() {
            return true;
        }
        thread::sleep(Duration::from_millis(200));
    }
    false
}

pub fn text(mail: &Received) -> String {
    String::from_utf8_lossy(&mail.raw).into_owned()
}

fn subjects(sink: &Sink, of: &str) -> Vec<String> {
    let mails = sink.mailbox(of);
    mails
        .iter()
        .flat_map(|mail| letter::header(&mail.raw, "Subject"))
        .collect()
}

fn message(subject: &str) -> Vec<u8> {
    letter::plain(ANN, BOB, subject, WORD)
}

#[test]
fn unlabelled_mail_waits_and_goes_on_when_it_is_released() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(&Site::new(sink.address(), UNLABELLED));
    let raw = message("plans");
    assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
    let told = text(&sink.wait_for(ANN, 1)[0]);
    for word in [
        "Subject: Your message waits for approval",
        "Auto-Submitted: auto-generated",
        "this message has no classification label",
        "plans",
        BOB,
    ] {
        assert!(told.contains(word), "no `{word}` in\n{told}");
    }
    assert!(sink.mailbox(BOB).is_empty(), "it did not wait");
    assert!(
        Canary::new(WORD)
            .found_below(&gateway.path("data"))
            .is_empty()
    );

    let id = the_one(&gateway);
    let shown = said(&held(&gateway, &["show", &id]));
    assert!(
        shown.contains("(mandatory label)") && shown.contains(BOB),
        "{shown}"
    );
    assert!(!shown.contains("plans") && !shown.contains(WORD), "{shown}");
    assert_eq!(held(&gateway, &["export", &id]).stdout, raw);
    said(&held(
        &gateway,
        &["release", &id, "--reason", "it is harmless"],
    ));
    let arrived = sink.wait_for(BOB, 1);
    // As judged: nothing changes in it, and our block stands at its top (P3).
    assert!(arrived[0].raw.ends_with(&raw), "{}", text(&arrived[0]));
    assert!(
        arrived[0].raw.starts_with(b"Received: "),
        "{}",
        text(&arrived[0])
    );
    assert!(is_empty_soon(&gateway, 60));
    let again = held(&gateway, &["release", &id]);
    assert!(!again.status.success(), "{again:?}");
    gateway.kill();
    let opener = Opener::new(&gateway);
    // What it did on its way can be laid beside the approval.
    for kind in ["held", "passed", "held read", "held released"] {
        let events = opener.events(kind);
        assert_eq!(events.len(), 1, "{kind}: {events:?}");
        assert_eq!(events[0].detail["held"], id, "{kind}");
        let actor = events[0].actor.as_deref().unwrap_or_default();
        assert!(
            ["held", "passed"].contains(&kind) || actor.starts_with("operator "),
            "{events:?}"
        );
    }
    assert_eq!(
        opener.events("held released")[0].detail["reason"],
        "it is harmless"
    );
    assert_eq!(sink.mailbox(BOB).len(), 1);
    assert_eq!(
        sink.mailbox(ANN).len(),
        1,
        "a released message is no news for its sender"
    );
}

#[test]
fn a_label_lets_it_pass_at_once() {
    let sink = Sink::start();
    let labelled = format!(
        "[[label]]\nid = \"00000000-0000-4000-8000-000000000010\"\nname = \"General\"\n\
         priority = 10\n{UNLABELLED}default = \"General\"\n"
    );
    let gateway = Gateway::start(&Site::new(sink.address(), &labelled));
    assert_eq!(gateway.inside().send(ANN, &[BOB], &message("x")).code, 250);
    assert_eq!(sink.mailbox(BOB).len(), 1);
    assert!(waiting(&gateway).is_empty());
}

#[test]
fn one_waits_one_is_served_one_is_refused() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), MIXED));
    let to = [BOB, EVE, ZOE];
    assert_eq!(gateway.inside().send(ANN, &to, &message("mixed")).code, 250);
    assert_eq!(subjects(&sink, EVE), ["[marked] mixed"]);
    assert_eq!(sink.wait_for("desk@corp.example", 1).len(), 1);
    // A notice about Bob, and a report about Zoe.
    let mut told: Vec<String> = sink.wait_for(ANN, 2).iter().map(text).collect();
    told.sort_by_key(|mail| mail.contains("delivery-status"));
    assert!(
        told[0].contains(BOB) && told[0].contains("It leaves for a partner."),
        "{}",
        told[0]
    );
    assert!(
        told[1].contains("not to Zoe") && !told[1].contains(&format!("rfc822; {BOB}")),
        "{}",
        told[1]
    );
    said(&held(&gateway, &["release", &the_one(&gateway)]));
    sink.wait_for(BOB, 1);
    assert!(is_empty_soon(&gateway, 60));
    // Rules that ask about all recipients still see all of them.
    assert_eq!(subjects(&sink, BOB), ["[marked] mixed"]);
    assert_eq!((sink.mailbox(EVE).len(), sink.mailbox(ZOE).len()), (1, 0));
    assert_eq!(
        sink.mailbox("desk@corp.example").len(),
        1,
        "told a second time"
    );
    assert_eq!(sink.mailbox(ANN).len(), 2);
}

#[test]
fn a_retry_holds_nothing_twice() {
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == EVE => Answer::Say("451 4.3.0 later"),
        _ => Answer::Accept,
    });
    let mut gateway = Gateway::start(&Site::new(sink.address(), MIXED));
    let send = |gateway: &Gateway| {
        gateway
            .inside()
            .send(ANN, &[BOB, EVE], &message("again"))
            .code
    };
    assert_eq!(send(&gateway), 451);
    the_one(&gateway);
    // The mail to its sender is out and written off: one that a kill cuts short waits for its
    // lease.
    sink.wait_for(ANN, 1);
    thread::sleep(Duration::from_secs(2));
    gateway.kill();
    gateway.serve();
    assert_eq!(send(&gateway), 451);
    let id = the_one(&gateway);
    // What waits can go while its sender is still trying for the others.
    said(&held(&gateway, &["release", &id]));
    assert_eq!(sink.wait_for(BOB, 1).len(), 1);
    assert!(is_empty_soon(&gateway, 60));
    sink.rescript(|_| Answer::Accept);
    assert_eq!(send(&gateway), 250);
    assert!(waiting(&gateway).is_empty(), "held again");
    assert_eq!((sink.mailbox(BOB).len(), sink.mailbox(EVE).len()), (1, 1));
    let notices = subjects(&sink, ANN);
    assert_eq!(notices, ["Your message waits for approval"], "told once");
    // The control: after 250 the same message is a new one, and is held.
    assert_eq!(send(&gateway), 250);
    assert_eq!(waiting(&gateway).len(), 1);
}

#[test]
fn what_is_rejected_or_too_old_is_reported() {
    for lifetime in ["6s", "1h"] {
        let sink = Sink::start();
        let site = Site::new(sink.address(), MIXED);
        let gateway = Gateway::start(&site.with(&format!("[held]\nlifetime = \"{lifetime}\"\n")));
        assert_eq!(gateway.inside().send(ANN, &[BOB], &message("no")).code, 250);
        let id = the_one(&gateway);
        let words = match lifetime {
            "1h" => {
                let reason = ["reject", &id, "--reason", "Ask Zoë first."];
                said(&held(&gateway, &reason));
                ["Ask Zo", "your message was not approved"]
            }
            _ => ["nobody approved it", "nobody approved your message in time"],
        };
        assert!(is_empty_soon(&gateway, 60));
        let told = sink.wait_for(ANN, 2);
        let report = told
            .iter()
            .find(|mail| text(mail).contains("delivery-status"));
        let report = report.unwrap_or_else(|| panic!("no report after {lifetime}"));
        assert_eq!(report.sender, "", "a report has the null sender");
        let report = text(report);
        for word in words
            .into_iter()
            .chain([BOB, "Status: 5.7.1", "Action: failed"])
        {
            assert!(
                report.contains(word),
                "{lifetime}: no `{word}` in\n{report}"
            );
        }
        assert!(
            !report.contains(WORD),
            "a report carries no content: {report}"
        );
        let late = held(&gateway, &["release", &id]);
        assert!(!late.status.success(), "{late:?}");
        assert!(sink.mailbox(BOB).is_empty());
        let kind = match lifetime {
            "1h" => "held rejected",
            _ => "held expired",
        };
        let opener = Opener::new(&gateway);
        assert_eq!(opener.events(kind).len(), 1);
        assert_eq!(opener.events("held released").len(), 0);
    }
}

#[test]
fn a_null_sender_and_the_world_outside_are_not_told() {
    let sink = Sink::start();
    let rule = "[[rule]]\nname = \"all\"\nthen = [{ hold = true }]\n";
    let gateway = Gateway::start(&Site::new(sink.address(), rule));
    assert_eq!(
        gateway.inside().send("", &[EVE], &message("null")).code,
        250
    );
    assert_eq!(
        gateway
            .outside()
            .send(BOB, &[EVE], &message("outside"))
            .code,
        250
    );
    let robot = [b"Auto-Submitted: auto-generated\r\n", &message("robot")[..]].concat();
    assert_eq!(gateway.inside().send(ANN, &[EVE], &robot).code, 250);
    for id in waiting(&gateway) {
        let reason = ["reject", &id, "--reason", "not for you"];
        said(&held(&gateway, &reason));
    }
    // Reports for those who have an address; no notice that it waits for anybody.
    assert!(is_empty_soon(&gateway, 60));
    assert_eq!(
        (sink.wait_for(BOB, 1).len(), sink.wait_for(ANN, 1).len()),
        (1, 1)
    );
    let of = |who| subjects(&sink, who);
    // The world outside does not hear that anybody had to approve it, nor why nobody did.
    assert_eq!(of(ANN), ["Undelivered mail: your message was not approved"]);
    assert_eq!(of(BOB), ["Undelivered mail"]);
    let outside = text(&sink.mailbox(BOB)[0]);
    assert!(outside.contains("550 5.7.1 not accepted"), "{outside}");
    for (mail, tells) in [(outside, false), (text(&sink.mailbox(ANN)[0]), true)] {
        assert_eq!(mail.contains("not for you"), tells, "{mail}");
        assert_eq!(mail.contains("waited"), tells, "{mail}");
    }
    assert_eq!(sink.all().len(), 2);
}

#[test]
fn ambiguous_mail_can_be_held() {
    let asks = "[[rule]]\nname = \"r\"\nwhen = { body_contains = \"zzz\" }\n\
        then = [{ reject = \"no\" }]\n";
    let sink = Sink::start();
    let mut gateway = Gateway::prepare(&Site::new(sink.address(), asks));
    let path = gateway.path("sealgate.toml");
    let configuration = std::fs::read_to_string(&path).unwrap();
    let rules = "[rules]\nambiguous = \"hold\"\n";
    std::fs::write(&path, configuration.replace("[rules]\n", rules)).unwrap();
    let checked = gateway.command("check").output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    gateway.serve();
    let doubtful = [b"Content-Type: text/html\r\n", &message("doubtful")[..]].concat();
    assert_eq!(gateway.inside().send(ANN, &[BOB], &doubtful).code, 250);
    // The control: the same letter with one type.
    assert_eq!(
        gateway.inside().send(ANN, &[BOB], &message("clear")).code,
        250
    );
    assert_eq!(subjects(&sink, BOB), ["clear"]);
    let id = the_one(&gateway);
    let shown = said(&held(&gateway, &["show", &id]));
    assert!(shown.contains("mail readers would not agree"), "{shown}");
    said(&held(&gateway, &["release", &id]));
    assert_eq!(sink.wait_for(BOB, 2).len(), 2);
}

#[test]
fn a_crash_between_release_and_delivery_loses_and_doubles_nothing() {
    // Bob's copy is taken at once, Zoe's only after the crash.
    let rule = "[[rule]]\nname = \"all\"\nthen = [{ hold = true }]\n\
        [[rule]]\nname = \"zoe\"\nwhen = { recipient = \"zoe@partner.example\" }\n\
        then = [{ prepend_subject = \"[z] \" }]\n";
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == ZOE => Answer::Wait(Duration::from_secs(60)),
        _ => Answer::Accept,
    });
    let mut gateway = Gateway::start(&Site::new(sink.address(), rule));
    assert_eq!(
        gateway
            .inside()
            .send(ANN, &[BOB, ZOE], &message("both"))
            .code,
        250
    );
    said(&held(&gateway, &["release", &the_one(&gateway)]));
    assert_eq!(sink.wait_for(BOB, 1).len(), 1);
    thread::sleep(Duration::from_secs(2));
    gateway.kill();
    assert_eq!(sink.mailbox(ZOE).len(), 0);
    sink.rescript(|_| Answer::Accept);
    assert_eq!(waiting(&gateway).len(), 1, "it is lost");
    gateway.serve();
    assert!(
        is_empty_soon(&gateway, 60),
        "it is never carried out:\n{}",
        gateway.log()
    );
    assert_eq!(subjects(&sink, BOB), ["both"]);
    assert_eq!(subjects(&sink, ZOE), ["[z] both"]);
}

#[test]
fn what_is_refused_after_its_release_is_reported_and_a_deferral_waits() {
    let rule = "[[rule]]\nname = \"all\"\nthen = [{ hold = true }]\n";
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == BOB => Answer::Say("550 5.1.1 no such user"),
        _ => Answer::Accept,
    });
    let gateway = Gateway::start(&Site::new(sink.address(), rule));
    assert_eq!(gateway.inside().send("", &[EVE], &message("a")).code, 250);
    assert_eq!(
        gateway.inside().send(ANN, &[BOB, EVE], &message("b")).code,
        250
    );
    for id in waiting(&gateway) {
        said(&held(&gateway, &["release", &id]));
    }
    assert_eq!(sink.wait_for(EVE, 2).len(), 2);
    assert!(is_empty_soon(&gateway, 60));
    let told = sink.wait_for(ANN, 2);
    let report = told
        .iter()
        .map(text)
        .find(|mail| mail.contains("delivery-status"));
    let report = report.expect("a report");
    for word in ["refused after it was approved", "5.1.1", "no such user"] {
        assert!(report.contains(word), "{report}");
    }
    sink.rescript(|stage| match stage {
        Stage::Recipient(_) => Answer::Say("451 4.3.0 later"),
        _ => Answer::Accept,
    });
    assert_eq!(gateway.inside().send(ANN, &[EVE], &message("c")).code, 250);
    let id = the_one(&gateway);
    said(&held(&gateway, &["release", &id]));
    assert!(gateway.log_says("put off"));
    let shown = said(&held(&gateway, &["show", &id]));
    assert!(shown.contains("tried 1 time"), "{shown}");
    assert_eq!(sink.mailbox(EVE).len(), 2);
}
