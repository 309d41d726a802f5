//! What cannot be dealt with for five days comes to an end of which its sender hears. Days pass at
//! once here: the gateway runs in the test's own process, by the test's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::sink::{Answer, Sink, Stage};
use gateway::assemble::{self, Running};
use gateway::config::Config;
use mail::Timestamp;
use store::{Clock, Decided, Held, HeldId, HeldVerdict};
use tokio::runtime::Runtime;

use crate::held::text;

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const HOLD: &str = "[[rule]]\nname = \"hold\"\nthen = [{ hold = \"Four eyes.\" }]\n";
const DAY: i64 = 86_400;

/// 1 December 2026, and whatever the test adds.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

struct Street {
    gateway: Gateway,
    sink: Sink,
    clock: Arc<Hand>,
    runtime: Runtime,
    running: Option<Running>,
}

impl Street {
    /// A message to Bob waits; nobody but its sender is told.
    fn start() -> (Self, HeldId) {
        let sink = Sink::scripted(|stage| match stage {
            Stage::Recipient(to) if to == BOB => Answer::Say("451 4.2.1 mailbox full"),
            _ => Answer::Accept,
        });
        let gateway = Gateway::prepare(&Site::new(sink.address(), HOLD));
        let config = Config::load(&gateway.path("sealgate.toml")).expect("a configuration");
        let clock = Arc::new(Hand(AtomicI64::new(1_796_083_200)));
        let runtime = Runtime::new().expect("a runtime");
        let key = assemble::read_key(&config.keys.server).expect("a key");
        let policies = assemble::policies(&config).expect("rules");
        let running = assemble::start_at(&config, key, policies, clock.clone());
        let running = runtime.block_on(running).expect("a gateway");
        let raw = letter::plain(ANN, BOB, "plans", "text");
        assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
        assert_eq!(sink.wait_for(ANN, 1).len(), 1);
        let street = Self {
            gateway,
            sink,
            clock,
            runtime,
            running: Some(running),
        };
        let rows = street.runtime.block_on(street.site().store.held(None, 9));
        let id = rows.expect("what waits")[0].1;
        (street, id)
    }

    fn site(&self) -> &gateway::site::Site {
        &self.running.as_ref().expect("it runs").site
    }

    fn one(&self, id: HeldId) -> Option<Held> {
        let held = self.runtime.block_on(self.site().store.held_one(id));
        held.expect("the store answers")
    }

    fn decide(&self, id: HeldId, verdict: HeldVerdict) {
        let decided = self.site().store.decide(id, verdict, None, "operator eve");
        let decided = self.runtime.block_on(decided);
        assert_eq!(decided.expect("the store answers"), Decided::Now);
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Waits until this is so of the message, or it is gone.
    #[track_caller]
    fn until(&self, id: HeldId, what: &str, is_so: impl Fn(Option<&Held>) -> bool) {
        let until = Instant::now() + Duration::from_secs(60);
        while !is_so(self.one(id).as_ref()) {
            assert!(Instant::now() < until, "never: {what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for the end of what fails ever since it was decided about; gives the report.
    fn give_up(&self, id: HeldId) -> String {
        self.until(id, "a first try", |held| tries(held) == Some(1));
        // The control: on the last second it is still tried, long after it could be approved.
        self.pass(5 * DAY);
        self.until(id, "a last try", |held| tries(held) == Some(2));
        assert_eq!(self.sink.mailbox(ANN).len(), 1, "given up too soon");
        self.pass(120);
        self.until(id, "the end", |held| held.is_none());
        self.report(2)
    }

    /// The report, where there is one among so many mails to its sender.
    fn report(&self, mails: usize) -> String {
        let told = self.sink.wait_for(ANN, mails);
        let mut told = told.iter().map(text);
        told.find(|mail| mail.contains("delivery-status"))
            .expect("a report")
    }
}

impl Drop for Street {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

fn tries(held: Option<&Held>) -> Option<u32> {
    held.map(|held| held.attempts)
}

#[test]
fn a_release_that_the_next_hop_puts_off_for_five_days_is_reported() {
    let (street, id) = Street::start();
    street.decide(id, HeldVerdict::Release);
    let report = street.give_up(id);
    for word in [
        "refused after it was approved",
        &format!("rfc822; {BOB}"),
        "Status: 5.4.7",
        "not delivered in time",
        "mailbox full",
    ] {
        assert!(report.contains(word), "no `{word}` in\n{report}");
    }
    assert!(street.sink.mailbox(BOB).is_empty());
}

#[test]
fn what_cannot_be_read_is_given_up_five_days_after_the_decision() {
    let (street, id) = Street::start();
    street
        .gateway
        .change_records("update held_parts set part = x'00'");
    street.pass(DAY);
    street.decide(id, HeldVerdict::Reject);
    let report = street.give_up(id);
    for word in [
        "your message could not be dealt with",
        &format!("rfc822; {BOB}"),
        "Status: 5.3.0",
    ] {
        assert!(report.contains(word), "no `{word}` in\n{report}");
    }
}
