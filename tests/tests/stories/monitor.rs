//! The monitor, as probes and Prometheus see it: ready while mail can be taken and audited, not
//! ready with the reason while it cannot, and counts that say what was done and to nobody whom.

use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::gateway::{Gateway, Site, free_addresses};
use end_to_end::letter;
use end_to_end::reading::{Opener, ask_code, form, link};
use end_to_end::sink::Sink;
use end_to_end::visitor::{Page, Visitor};

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";

/// A site with a monitor, and where that is.
fn site(sink: &Sink, rules: &str) -> (Site, SocketAddr) {
    let [monitor] = free_addresses();
    let table = format!("[monitor]\naddress = \"{monitor}\"\n");
    (Site::new(sink.address(), rules).with(&table), monitor)
}

fn ask(monitor: SocketAddr, path: &str) -> Page {
    Visitor::new(monitor).get(path)
}

/// What `/health/ready` says once it says `status`, within ten seconds.
#[track_caller]
fn becomes(monitor: SocketAddr, status: u16) -> String {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let page = ask(monitor, "/health/ready");
        if page.status == status {
            return page.text();
        }
        assert!(
            Instant::now() < until,
            "still {}: {}",
            page.status,
            page.text()
        );
        thread::sleep(Duration::from_millis(200));
    }
}

fn send(gateway: &Gateway) -> u16 {
    let raw = letter::plain(FROM, TO, "monitor", "text");
    gateway.inside().send(FROM, &[TO], &raw).code
}

#[test]
fn it_is_not_ready_while_the_store_is_down() {
    let sink = Sink::start();
    let (site, monitor) = site(&sink, "");
    let gateway = Gateway::start(&site);
    assert_eq!(becomes(monitor, 200), "ready\n");
    let (blobs, aside) = (gateway.path("data/blobs"), gateway.path("data/aside"));
    std::fs::rename(&blobs, &aside).unwrap();
    std::fs::write(&blobs, "in the way").unwrap();
    let why = becomes(monitor, 503);
    assert!(why.starts_with("the store is down: "), "{why}");
    assert_eq!(why.lines().count(), 1, "{why}");
    assert_eq!(
        ask(monitor, "/health/live").status,
        200,
        "it lives all the same"
    );
    std::fs::remove_file(&blobs).unwrap();
    std::fs::rename(&aside, &blobs).unwrap();
    assert_eq!(becomes(monitor, 200), "ready\n");
}

/// Lets no file grow at all, or as much as the start allowed.
fn let_files_grow(gateway: &Gateway, allowed: bool) {
    let limit = if allowed {
        "--fsize=1073741824:"
    } else {
        "--fsize=0:"
    };
    let id = gateway.process_id().unwrap().to_string();
    let done = Command::new("prlimit").args(["--pid", &id, limit]).status();
    assert!(done.unwrap().success(), "no limit could be set");
}

#[test]
fn mail_that_could_not_be_audited_is_answered_and_rings_until_the_log_says_so() {
    let sink = Sink::start();
    let (site, monitor) = site(&sink, "");
    let mut gateway = Gateway::prepare(&site);
    gateway.serve_with_file_limit(1 << 20);
    assert_eq!(send(&gateway), 250);
    assert_eq!(becomes(monitor, 200), "ready\n");
    let page = ask(monitor, "/metrics").text();
    assert!(says(&page, "sealgate_audit_failures_total 0"), "{page}");

    let_files_grow(&gateway, false);
    // The next hop has it: a 4xx now would double it.
    assert_eq!(send(&gateway), 250);
    assert_eq!(sink.mailbox(TO).len(), 2);
    let why = becomes(monitor, 503);
    assert!(why.contains("the audit log cannot be written\n"), "{why}");
    let page = ask(monitor, "/metrics").text();
    assert!(says(&page, "sealgate_audit_failures_total 1"), "{page}");

    let_files_grow(&gateway, true);
    assert_eq!(becomes(monitor, 200), "ready\n");
    gateway.kill();
    let store = Opener::new(&gateway);
    let resumed = store.events("audit resumed");
    assert_eq!(resumed.len(), 1, "{resumed:?}");
    assert_eq!(resumed[0].detail["lost"], "1");
    let passed = store.events("passed").len();
    assert_eq!(passed, 1, "one is lost, and that is said");
}

#[test]
fn a_reader_who_cannot_be_audited_sees_nothing_and_rings_too() {
    let sink = Sink::start();
    let (site, monitor) = site(&sink, RULES);
    let mut gateway = Gateway::prepare(&site);
    gateway.serve_with_file_limit(1 << 20);
    assert_eq!(send(&gateway), 250);
    let link = link(&sink, TO);
    assert_eq!(becomes(monitor, 200), "ready\n");

    let_files_grow(&gateway, false);
    let door = Visitor::new(gateway.viewer).get(&link);
    assert_eq!(door.status, 503, "{}", door.text());
    let why = becomes(monitor, 503);
    assert!(why.contains("the audit log cannot be written\n"), "{why}");

    let_files_grow(&gateway, true);
    assert_eq!(becomes(monitor, 200), "ready\n");
    assert_eq!(Visitor::new(gateway.viewer).get(&link).status, 200);
    gateway.kill();
    let resumed = Opener::new(&gateway).events("audit resumed");
    assert_eq!(resumed.len(), 1, "{resumed:?}");
}

#[test]
fn a_journal_that_is_not_taken_up_is_told_until_it_is() {
    let sink = Sink::start();
    let (site, monitor) = site(&sink, "");
    let gateway = Gateway::start(&site);
    assert_eq!(send(&gateway), 250);
    assert_eq!(becomes(monitor, 200), "ready\n");
    gateway.change_records("alter table audit rename to aside");
    assert_eq!(send(&gateway), 250, "its event is safe in the journal");
    let why = becomes(monitor, 503);
    assert_eq!(why, "the audit journal is not taken up into the records\n");
    gateway.change_records("alter table aside rename to audit");
    assert_eq!(becomes(monitor, 200), "ready\n");
    assert_eq!(Opener::new(&gateway).events("passed").len(), 2);
}

#[test]
fn it_says_that_it_drains_while_it_does() {
    let sink = Sink::start();
    let (site, monitor) = site(&sink, "");
    let mut gateway = Gateway::start(&site);
    let mut busy = gateway.inside();
    for command in [
        "MAIL FROM:<ann@corp.example>",
        "RCPT TO:<bob@partner.example>",
        "DATA",
    ] {
        assert!(busy.command(command).code < 400);
    }
    assert_eq!(becomes(monitor, 200), "ready\n");
    gateway.signal("TERM");
    assert_eq!(becomes(monitor, 503), "draining\n");
    assert_eq!(ask(monitor, "/health/live").status, 200);
    assert_eq!(busy.command("Subject: late\r\n\r\ntext\r\n.").code, 250);
    assert_eq!(gateway.wait(), Some(0));
    assert_eq!(
        ask(monitor, "/health/live").status,
        0,
        "the monitor outlived its gateway"
    );
}

const RULES: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = \"encrypt-only\" }]\n\
    [[rule]]\nname = \"no\"\nwhen = { subject_contains = [\"secret\"] }\n\
    then = [{ reject = { code = \"5.7.1\", text = \"no\" } }]\n";

fn says(page: &str, line: &str) -> bool {
    page.lines().any(|each| each == line)
}

/// The lines of the metrics page that count what these stories do.
#[derive(Default)]
struct Done {
    delivered: u64,
    sealed: u64,
    rejected: u64,
    replies: u64,
    codes: u64,
    wrong_codes: u64,
    refused_reloads: u64,
}

impl Done {
    fn lines(&self) -> [String; 11] {
        let action = |action: &str, count: u64| {
            format!("messages_total{{source=\"inside\",action=\"{action}\"}} {count}")
        };
        let all = self.delivered + self.sealed + self.rejected;
        [
            action("delivered", self.delivered),
            action("sealed", self.sealed),
            action("rejected", self.rejected),
            format!("message_size_bytes_count {all}"),
            format!("message_duration_seconds_count {all}"),
            format!("letters_sealed_total {}", self.sealed),
            format!("next_hop_replies_total{{class=\"2xx\"}} {}", self.replies),
            format!("passcodes_sent_total {}", self.codes),
            format!("passcodes_wrong_total {}", self.wrong_codes),
            format!("rules_reloads_refused_total {}", self.refused_reloads),
            "rules_generation 1".to_owned(),
        ]
    }

    /// Fails unless the page says just this, and names nobody; gives the page.
    #[track_caller]
    fn check(&self, monitor: SocketAddr) -> String {
        let page = ask(monitor, "/metrics");
        let kind = page.header("content-type");
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
        let text = page.text();
        for line in self.lines() {
            let line = format!("sealgate_{line}");
            assert!(says(&text, &line), "no `{line}` in:\n{text}");
        }
        for name in ["corp.example", "partner.example", "ann", "127.0.0.1"] {
            assert!(!text.contains(name), "it names {name}:\n{text}");
        }
        text
    }
}

#[test]
fn what_is_done_is_counted_and_nobody_is_named() {
    let sink = Sink::start();
    let (site, monitor) = site(&sink, RULES);
    let gateway = Gateway::start(&site);
    // Whoever looked whether it serves has just left.
    let until = Instant::now() + Duration::from_secs(10);
    while !says(
        &ask(monitor, "/metrics").text(),
        "sealgate_open_connections 0",
    ) {
        assert!(Instant::now() < until, "nobody is connected any more");
        thread::sleep(Duration::from_millis(20));
    }
    let before = Done::default().check(monitor);
    assert!(says(&before, "sealgate_outbox_items 0"), "{before}");

    let mut sender = gateway.inside();
    let mut to = |to: &str, subject: &str| {
        let raw = letter::plain(FROM, to, subject, "text");
        sender.send(FROM, &[to], &raw).code
    };
    assert_eq!(to("zoe@corp.example", "lunch"), 250);
    assert_eq!(to(TO, "contract"), 250);
    assert_eq!(to("zoe@corp.example", "secret"), 550);
    let mut reader = Visitor::new(gateway.viewer);
    let door = reader.get(&link(&sink, TO));
    let (page, code) = ask_code(&mut reader, &sink, &door, TO);
    let wrong = match code.as_str() {
        "00000000" => "00000001",
        _ => "00000000",
    };
    reader.submit(&form(&page, "/open"), &[("code", wrong)]);
    let broken = "[[rule]]\nname = \"broken\"\nwhen = { sendr = 1 }\n";
    gateway.write_rules("50-test.toml", broken);
    assert!(gateway.log_says("the old rule set stays in force"));
    let done = Done {
        delivered: 1,
        sealed: 1,
        rejected: 1,
        replies: 3,
        codes: 1,
        wrong_codes: 1,
        refused_reloads: 1,
    };
    let after = done.check(monitor);
    assert!(says(&after, "sealgate_open_connections 1"), "{after}");
    assert_eq!(ask(monitor, "/elsewhere").status, 404);
}
