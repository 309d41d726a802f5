//! P6: link scanners fetch, run scripts, press buttons and guess. They reveal nothing, send nothing
//! by fetching, spend no try of the reader's, and cannot lock the reader out.

use std::time::Duration;

use end_to_end::browser::Browser;
use end_to_end::canary::Canary;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading::{self, form};
use end_to_end::sink::Sink;
use end_to_end::visitor::{Page, Visitor};

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";
const WORD: &str = "only a typed code may show this";
const SEAL: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = \"encrypt-only\" }]\n";

fn sealed(sink: &Sink) -> (Gateway, String) {
    let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    let raw = letter::plain(FROM, TO, "scanned", WORD);
    assert_eq!(gateway.inside().send(FROM, &[TO], &raw).code, 250);
    let link = reading::link(sink, TO);
    (gateway, link)
}

/// Every page of the letter that an address leads to, got with every harmless method.
fn crawl(visitor: &mut Visitor, link: &str) -> Vec<(String, Page)> {
    let (grant, _) = link.rsplit_once('/').unwrap();
    let steps = [
        "",
        "/code",
        "/open",
        "/pictures",
        "/reply",
        "/reply-all",
        "/print",
        "/letter.eml",
        "/sign-out",
        "/body/1",
        "/body/0",
        "/body/1.1",
        "/attachment/1",
        "/attachment/2",
    ];
    let mut pages = Vec::new();
    for url in steps
        .iter()
        .map(|step| format!("{grant}{step}"))
        .chain([link.to_owned()])
    {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let page = visitor.request(method, &url, &[], b"");
            pages.push((format!("{method} {url}"), page));
        }
    }
    pages
}

fn reveals(pages: &[(String, Page)]) -> Vec<&str> {
    let canary = Canary::new(WORD);
    let shows = |page: &Page| !canary.found_in(&page.body).is_empty();
    pages
        .iter()
        .filter(|(_, page)| shows(page))
        .map(|(name, _)| name.as_str())
        .collect()
}

#[test]
fn fetching_reveals_sends_and_spends_nothing() {
    let sink = Sink::start();
    let (gateway, link) = sealed(&sink);
    let mails = sink.all().len();
    let mut scanner = Visitor::new(gateway.viewer);
    scanner.get(&link);
    for _ in 0..3 {
        let pages = crawl(&mut scanner, &link);
        assert_eq!(reveals(&pages), [""; 0]);
        assert!(
            pages
                .iter()
                .all(|(_, page)| page.status != 0 && page.status < 500),
            "{pages:?}"
        );
    }
    assert_eq!(sink.all().len(), mails, "fetching sent mail");

    // The same crawl by a reader who proved himself finds the content: the crawl can see it.
    let mut reader = Visitor::new(gateway.viewer);
    reading::read(&mut reader, &sink, &link, TO);
    assert!(
        !reveals(&crawl(&mut reader, &link)).is_empty(),
        "the crawl would see nothing"
    );
}

#[test]
fn a_robot_that_presses_everything_reveals_nothing() {
    let sink = Sink::start();
    let (gateway, link) = sealed(&sink);
    let robot = Browser::start();
    let canary = Canary::new(WORD);
    for which in 0..4 {
        robot.open(&link);
        for _ in 0..4 {
            assert!(
                canary.found_in(robot.source().as_bytes()).is_empty(),
                "{}",
                robot.url()
            );
            let buttons = robot.find_all("button, input[type=submit], a.button");
            let Some(button) = buttons.get(which % buttons.len().max(1)) else {
                break;
            };
            // A button that an empty field holds back leads nowhere.
            robot.follow_within(button, Duration::from_secs(2));
        }
    }
    // The reader comes with a browser of his own, and reads.
    let mut reader = Visitor::new(gateway.viewer);
    let page = reading::read(&mut reader, &sink, &link, TO);
    assert!(!canary.found_in(&page.body).is_empty(), "{}", page.text());
}

#[test]
fn guessing_locks_out_the_guesser_only() {
    let sink = Sink::start();
    let (gateway, link) = sealed(&sink);
    let mut known = Visitor::new(gateway.viewer);
    reading::read(&mut known, &sink, &link, TO);

    let canary = Canary::new(WORD);
    let mut locked = 0;
    for _ in 0..20 {
        let mut hostile = Visitor::new(gateway.viewer);
        let door = hostile.get(&link);
        let mut page = hostile.submit(&form(&door, "/code"), &[]);
        for guess in [
            "00000000", "12345678", "99999999", "1", "", "11111111", "22222222",
        ] {
            let Some(open) = page
                .forms()
                .into_iter()
                .find(|f| f.action.ends_with("/open"))
            else {
                locked += 1;
                break;
            };
            page = hostile.submit(&open, &[("code", guess)]);
            assert!(
                canary.found_in(&page.body).is_empty(),
                "a guess opened the letter"
            );
        }
    }
    assert!(locked >= 3, "only {locked} of 20 guessers were stopped");

    // A browser that proved itself before is not delayed by others.
    let page = known.get(&link);
    let page = match page
        .forms()
        .iter()
        .any(|form| form.action.ends_with("/code"))
    {
        true => reading::read(&mut known, &sink, &link, TO),
        false => page,
    };
    assert!(!canary.found_in(&page.body).is_empty(), "{}", page.text());
}
