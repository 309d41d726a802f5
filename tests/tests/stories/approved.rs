//! What was held and is released: the rules that count then decide about it, the next hop may put
//! it off, and nobody whom the sender did not name is named to them.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::canary::Canary;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter::{self, below_our_block};
use end_to_end::reading::{self, Opener};
use end_to_end::sink::{Answer, Sink, Stage};
use end_to_end::visitor::Visitor;

use store::AuditEvent;

use crate::held::{held, is_empty_soon, said, text, the_one, waiting};

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const EVE: &str = "eve@corp.example";
const DESK: &str = "secretdesk@corp.example";
const WORD: &str = "canary-under-seal";

const HOLD: &str = "[[rule]]\nname = \"hold\"\nthen = [{ hold = \"Four eyes.\" }]\n";

fn message(subject: &str) -> Vec<u8> {
    letter::plain(ANN, BOB, subject, WORD)
}

/// The events of one kind, which a gateway that runs may keep aside for a while before it puts them
/// into the log.
fn events(opener: &Opener, kind: &str) -> Vec<AuditEvent> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let events = opener.events(kind);
        if !events.is_empty() || Instant::now() > until {
            return events;
        }
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_rules_seal_is_sealed_after_its_approval() {
    let seal = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
        then = [{ seal = { rights = \"VIEW+EXPORT+REPLY\" } }]\n";
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), &[HOLD, seal].concat()));
    let raw = message("plans");
    let canary = Canary::new(WORD);
    let seen = || -> usize {
        let mails = sink.all();
        mails
            .iter()
            .map(|mail| canary.found_in(&mail.wire).len())
            .sum()
    };
    assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
    assert!(sink.mailbox(BOB).is_empty(), "it did not wait");
    said(&held(&gateway, &["release", &the_one(&gateway)]));
    let notice = &sink.wait_for(BOB, 1)[0];
    assert!(!text(notice).contains("plans\r\n\r\n"), "{}", text(notice));
    assert!(is_empty_soon(&gateway, 60));

    let is_same = |opened: &[u8]| {
        let block = opened.strip_suffix(&raw[..]);
        block.is_some_and(|block| below_our_block(block).1.is_empty())
    };
    let link = reading::link(&sink, BOB);
    let opener = Opener::new(&gateway);
    assert!(is_same(&opener.open(&link).unwrap()));
    let mut visitor = Visitor::new(gateway.viewer);
    let page = reading::read(&mut visitor, &sink, &link, BOB);
    assert!(page.text().contains(WORD), "{}", page.text());
    let whole = page.links("letter.eml");
    assert!(
        is_same(&visitor.get(&whole[0]).body),
        "the download has other bytes"
    );
    // Bob's notice and his code, Ann's notice: none of them says it, nor does the disk.
    assert_eq!(seen(), 0, "P2: it left in clear");
    assert_eq!(canary.found_below(&gateway.path("data")), [""; 0]);

    // The control: what nobody seals is seen.
    assert_eq!(gateway.inside().send(ANN, &[EVE], &raw).code, 250);
    said(&held(&gateway, &["release", &the_one(&gateway)]));
    assert_eq!(sink.wait_for(EVE, 1).len(), 1);
    assert!(seen() > 0, "the canary is blind");
    assert_eq!(events(&opener, "sealed").len(), 1);
}

#[test]
fn what_the_next_hop_puts_off_arrives_once_when_it_is_well_again() {
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == EVE => Answer::Say("451 4.3.0 later"),
        _ => Answer::Accept,
    });
    let gateway = Gateway::start(&Site::new(sink.address(), HOLD));
    let to = [BOB, EVE];
    assert_eq!(gateway.inside().send(ANN, &to, &message("x")).code, 250);
    let id = the_one(&gateway);
    said(&held(&gateway, &["release", &id]));
    assert!(gateway.log_says("put off"));
    assert!(sink.mailbox(EVE).is_empty());
    assert_eq!(the_one(&gateway), id, "it is lost");
    sink.rescript(|_| Answer::Accept);
    assert!(is_empty_soon(&gateway, 60), "{}", gateway.log());
    assert_eq!((sink.mailbox(BOB).len(), sink.mailbox(EVE).len()), (1, 1));
    // Ann hears that it waits, and no more.
    assert_eq!(sink.mailbox(ANN).len(), 1);
}

/// Writes these rules, and waits until mail from outside for a stranger is refused by them.
fn go_live(gateway: &Gateway, rules: &str) {
    gateway.write_rules("50-test.toml", rules);
    let until = Instant::now() + Duration::from_secs(40);
    while Instant::now() < until {
        let raw = message("probe");
        if gateway
            .inside()
            .send("", &["probe@partner.example"], &raw)
            .code
            == 550
        {
            return;
        }
        thread::sleep(Duration::from_millis(200));
    }
    panic!("the rules are not live:\n{}", gateway.log());
}

#[test]
fn rules_that_refuse_it_by_now_are_obeyed_and_reported() {
    let refuse = "[[rule]]\nname = \"no\"\nwhen = { recipient = \"outside\" }\n\
        then = [{ reject = \"Partners get nothing now.\" }]\n";
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), HOLD));
    let to = [BOB, EVE];
    assert_eq!(gateway.inside().send(ANN, &to, &message("x")).code, 250);
    let id = the_one(&gateway);
    // First, since the first of holding and refusing that is met counts.
    go_live(&gateway, &[refuse, HOLD].concat());
    for probe in waiting(&gateway).iter().filter(|one| **one != id) {
        said(&held(&gateway, &["reject", probe]));
    }
    said(&held(&gateway, &["release", &id]));
    // The control: Eve, of whom the new rule says nothing, has hers.
    assert_eq!(sink.wait_for(EVE, 1).len(), 1);
    assert!(is_empty_soon(&gateway, 60));
    let told: Vec<String> = sink.wait_for(ANN, 2).iter().map(text).collect();
    let reports = told.iter().filter(|mail| mail.contains("delivery-status"));
    let [report] = &reports.collect::<Vec<_>>()[..] else {
        panic!("{told:?}");
    };
    for word in [BOB, "Partners get nothing now.", "Action: failed"] {
        assert!(report.contains(word), "no `{word}` in\n{report}");
    }
    assert!(!report.contains(&format!("rfc822; {EVE}")), "{report}");
    assert!(!report.contains(WORD), "{report}");
    assert!(sink.mailbox(BOB).is_empty());
}

#[test]
fn whom_rules_redirect_to_is_not_named_to_the_sender() {
    let redirect = format!(
        "[[rule]]\nname = \"desk\"\nwhen = {{ recipient = \"outside\" }}\n\
         then = [{{ redirect = \"{DESK}\" }}]\n\
         [[rule]]\nname = \"hold\"\nwhen = {{ recipient = \"inside\" }}\n\
         then = [{{ hold = \"Four eyes.\" }}]\n"
    );
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == DESK => Answer::Say("550 5.1.1 no such user"),
        _ => Answer::Accept,
    });
    let gateway = Gateway::start(&Site::new(sink.address(), &redirect));
    let send = |subject| {
        let raw = message(subject);
        assert_eq!(gateway.inside().send(ANN, &[BOB, EVE], &raw).code, 250);
        the_one(&gateway)
    };
    let id = send("released");
    let shown = said(&held(&gateway, &["show", &id]));
    assert!(shown.contains(DESK), "its copy does not wait: {shown}");
    said(&held(&gateway, &["release", &id]));
    assert!(is_empty_soon(&gateway, 60));
    let told = sink.wait_for(ANN, 2);
    let report = told
        .iter()
        .map(text)
        .find(|mail| mail.contains("delivery-status"));
    let report = report.expect("a refused redirection is reported");
    assert!(report.contains(&format!("rfc822; {BOB}")), "{report}");
    said(&held(&gateway, &["reject", &send("rejected")]));
    let told: Vec<String> = sink.wait_for(ANN, 4).iter().map(text).collect();
    let is_rejection = |mail: &&String| mail.contains("your message was not approved");
    let report = told.iter().find(is_rejection).expect("a report");
    for one in [BOB, EVE] {
        assert!(report.contains(&format!("rfc822; {one}")), "{report}");
    }
    // That Bob's copy waits, too, is said of Bob.
    let is_notice = |mail: &&String| mail.contains("Your message waits for approval");
    assert!(told.iter().filter(is_notice).all(|mail| mail.contains(BOB)));
    // The control: Eve, whom Ann named, is named in the notices.
    assert!(told.iter().any(|mail| mail.contains(EVE)));
    assert!(
        !told.iter().any(|mail| mail.contains("secretdesk")),
        "{told:?}"
    );
}

/// What a terminal shows of a command; nothing where the system has no `script` to make one.
fn on_a_terminal(gateway: &Gateway, words: &[&str]) -> Option<String> {
    let line = format!(
        "'{}' held {} '--config={}'",
        end_to_end::place::sealgate().display(),
        words.join(" "),
        gateway.path("sealgate.toml").display()
    );
    let mut script = Command::new("script");
    match script.args(["-qec", &line, "/dev/null"]).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) => {
            println!("skipped: no terminal without `script`: {error}");
            None
        }
    }
}

#[test]
fn the_operator_is_told_what_is_there_and_can_end_it_silently() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), HOLD));
    let complaint = |words: &[&str]| {
        let output = held(&gateway, words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said.trim_end().to_owned())
    };
    let nothing = "nothing waits for approval".to_owned();
    assert_eq!(complaint(&["list"]), (Some(0), nothing));
    assert_eq!(gateway.outside().send(BOB, &[EVE], &message("x")).code, 250);
    let listed = said(&held(&gateway, &["list", "--from", BOB]));
    assert!(listed.contains("Four eyes."), "{listed}");
    let typo = "no held mail of that sender".to_owned();
    assert_eq!(
        complaint(&["list", "--from", "bop@x.example"]),
        (Some(0), typo)
    );

    let id = the_one(&gateway);
    if let Some(shown) = on_a_terminal(&gateway, &["export", &id]) {
        assert!(
            shown.contains("message.eml") && !shown.contains(WORD),
            "{shown}"
        );
        // The control: a terminal is where `show` belongs.
        let shown = on_a_terminal(&gateway, &["show", &id]);
        assert!(shown.is_some_and(|shown| shown.contains("Four eyes.")));
    }
    assert!(said(&held(&gateway, &["export", &id])).contains(WORD));
    let words = ["reject", &id, "--silent", "--reason", "-forged"];
    assert!(said(&held(&gateway, &words)).starts_with("dropped: "));
    assert!(is_empty_soon(&gateway, 60));
    let opener = Opener::new(&gateway);
    let [event] = &events(&opener, "held dropped")[..] else {
        panic!("not audited");
    };
    assert_eq!(event.detail["reason"], "-forged");
    // The control: one that is rejected aloud; its report is the only mail.
    assert_eq!(gateway.outside().send(BOB, &[EVE], &message("y")).code, 250);
    said(&held(&gateway, &["reject", &the_one(&gateway)]));
    assert_eq!(sink.wait_for(BOB, 1).len(), 1);
    assert!(is_empty_soon(&gateway, 60));
    assert_eq!((opener.waiting(), sink.all().len()), (0, 1));

    // A row that cannot be opened is no success.
    assert_eq!(gateway.outside().send(BOB, &[EVE], &message("z")).code, 250);
    assert_eq!(waiting(&gateway).len(), 1);
    gateway.change_records("update held set head = x'00'");
    let (code, why) = complaint(&["list"]);
    assert_eq!(code, Some(1), "{why}");
    assert!(why.contains("1 row of held mail cannot be opened"), "{why}");
}
