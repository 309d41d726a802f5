//! Between two Postfix instances' worth of listeners, wired as README's recipe says: mail of inside
//! and outside people passes, is marked, is refused with a bounce, is sealed and read.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use end_to_end::canary::Canary;
use end_to_end::gateway::{DOMAIN, Gateway, Site, free_addresses};
use end_to_end::letter;
use end_to_end::place::{project, sealgate};
use end_to_end::postfix::{Postfix, Wiring, recipe};
use end_to_end::reading;
use end_to_end::sender::Sender;
use end_to_end::sink::{Answer, Sink, Stage};
use end_to_end::visitor::Visitor;

const ANN: &str = "ann@corp.example";
const EVE: &str = "eve@corp.example";
const BOB: &str = "bob@partner.example";
const WORD: &str = "what only bob may read";
const RULES: &str = r#"
[[rule]]
name = "blocked stays inside"
when = { recipient = "outside", subject_contains = ["blocked"] }
then = [{ reject = { code = "5.7.1", text = "This may not leave the organisation." } }]

[[rule]]
name = "secret leaves sealed"
when = { recipient = "outside", subject_contains = ["secret"] }
then = [{ seal = "encrypt-only" }]

[[rule]]
name = "mail from outside is marked"
when = { sender = "outside" }
then = [{ prepend_subject = "[external] " }]
"#;

struct Street {
    world: Sink,
    postfix: Postfix,
    gateway: Gateway,
    public: std::net::SocketAddr,
    submission: std::net::SocketAddr,
}

fn build() -> Street {
    let world = Sink::start();
    let [public, submission, returned] = free_addresses();
    let gateway = Gateway::start(&Site::new(returned, RULES));
    let wiring = Wiring {
        sealgate_outside: gateway.outside,
        sealgate_inside: gateway.inside,
        world: world.address(),
        public,
        submission,
        returned,
    };
    let postfix = Postfix::start(&wiring);
    Street {
        world,
        postfix,
        gateway,
        public,
        submission,
    }
}

impl Street {
    fn submit(&self, to: &[&str], subject: &str) {
        let raw = letter::plain(ANN, &to.join(", "), subject, WORD);
        let reply = Sender::connect(self.submission)
            .unwrap()
            .send(ANN, to, &raw);
        assert_eq!(reply.code, 250, "{reply}");
    }

    fn empties(&self) -> bool {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if self.postfix.queued() == 0 {
                return true;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        false
    }
}

#[test]
fn postfix_in_front_and_behind() {
    let street = build();
    let world = &street.world;

    // Passed: what Postfix sends out ends as it was submitted.
    street.submit(&[BOB], "plain");
    let passed = world.wait_for(BOB, 1);
    assert_eq!(passed.len(), 1, "{}", street.postfix.log());
    assert!(
        passed[0]
            .raw
            .ends_with(format!("\r\n\r\n{WORD}\r\n").as_bytes())
    );

    // From outside: marked, through the other listener.
    let raw = letter::plain(BOB, EVE, "hello", "from the world");
    let reply = Sender::connect(street.public)
        .unwrap()
        .send(BOB, &[EVE], &raw);
    assert_eq!(reply.code, 250, "{reply}");
    let marked = world.wait_for(EVE, 1);
    assert_eq!(
        letter::header(&marked[0].raw, "Subject"),
        ["[external] hello"]
    );
    // An outside listener takes mail for own domains only.
    assert!(
        street
            .gateway
            .outside()
            .send(BOB, &["x@elsewhere.example"], &raw)
            .code
            >= 500
    );

    // Refused: Postfix tells the sender why; nothing leaves.
    street.submit(&[BOB], "blocked");
    let bounce = world.wait_for(ANN, 1);
    assert_eq!(bounce.len(), 1, "{}", street.postfix.log());
    let text = String::from_utf8_lossy(&bounce[0].raw).into_owned();
    assert!(
        text.contains("5.7.1") && text.contains("may not leave the organisation"),
        "{text}"
    );

    // Sealed for outside, in clear for inside: one message, two outcomes.
    world.clear();
    street.submit(&[EVE, BOB], "secret");
    let clear = world.wait_for(EVE, 1);
    let notice = world.wait_for(BOB, 1);
    assert_eq!(
        (clear.len(), notice.len()),
        (1, 1),
        "{}",
        street.postfix.log()
    );
    assert!(Canary::new(WORD).found_in(&notice[0].raw).is_empty());
    let mut visitor = Visitor::new(street.gateway.viewer);
    let page = reading::read(&mut visitor, world, &reading::link(world, BOB), BOB);
    assert!(page.text().contains(WORD), "{}", page.text());
    assert!(
        street.empties(),
        "Postfix keeps a rest:\n{}",
        street.postfix.log()
    );
    assert!(DOMAIN.ends_with("example"));
}

#[test]
fn what_cannot_pass_now_waits_in_postfix() {
    let mut street = build();
    street.gateway.kill();
    street.submit(&[BOB], "secret while it is down");
    std::thread::sleep(Duration::from_secs(1));
    assert!(street.world.all().is_empty() && street.postfix.queued() > 0);
    street.gateway.serve();
    // The world refuses for a while too.
    street.world.rescript(|stage| match stage {
        Stage::Banner => Answer::Say("421 4.3.2 not now"),
        _ => Answer::Accept,
    });
    street.postfix.flush();
    std::thread::sleep(Duration::from_secs(1));
    street.world.rescript(|_| Answer::Accept);
    let until = Instant::now() + Duration::from_secs(30);
    while street.world.mailbox(BOB).is_empty() && Instant::now() < until {
        street.postfix.flush();
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(
        street.world.mailbox(BOB).len(),
        1,
        "{}",
        street.postfix.log()
    );
    assert!(letter::link(&street.world.mailbox(BOB)[0].raw).is_some());
    assert!(
        street.empties(),
        "Postfix keeps a rest:\n{}",
        street.postfix.log()
    );
}

/// README's configuration as it stands there, in other folders, with the steps that follow it.
#[test]
fn the_configuration_of_the_recipe_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let moved = |path: &str| format!("{}{path}", folder.path().display());
    let config = recipe("sealgate.toml")
        .replace("/var/lib/sealgate", &moved("/lib"))
        .replace("/etc/sealgate", &moved("/etc"));
    for name in ["lib", "etc", "etc/rules"] {
        fs::create_dir(at(name)).unwrap();
    }
    for file in fs::read_dir(project().join("rules/policy")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            fs::copy(&path, at("etc/rules").join(path.file_name().unwrap())).unwrap();
        }
    }
    let run = |words: &[&str]| Command::new(sealgate()).args(words).output().unwrap();
    let key = moved("/etc/server.key");
    let made = run(&["keys", "generate", &key]);
    assert!(made.status.success(), "{made:?}");
    let file = moved("/etc/sealgate.toml");
    let check = |config: &str| {
        fs::write(&file, config).unwrap();
        run(&["check", "--config", &file])
    };
    let checked = check(&config);
    assert!(checked.status.success(), "{checked:?}");
    // The negative control: a recipe with a mistake is not right.
    let checked = check(&config.replace("next_hop", "next_hopp"));
    assert!(!checked.status.success(), "{checked:?}");
}
