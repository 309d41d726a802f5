//! Every page of a recipient by WCAG 2.2 AA: judged by axe-core on a telephone and at a desk, light
//! and dark; walked with the keyboard alone; and narrow enough for 400 % zoom.

use std::cell::RefCell;
use std::time::Duration;

use end_to_end::browser::{Browser, Scheme};
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading;
use end_to_end::sink::Sink;

use crate::sealing::letter_id;

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";
const SEAL: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = \"encrypt-only\" }]\n";
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// A letter that is hard to lay out: long subject without a break, a direction of its own, fifty
/// attachments with names that deceive, HTML with a picture from elsewhere.
fn hard_letter() -> Vec<u8> {
    let mut raw = format!(
        "From: =?utf-8?q?Ann_=E2=80=AEArcher_{}?= <{FROM}>\r\nTo: <{TO}>\r\n\
         Subject: =?utf-8?b?15TXoNeV16nXkCDXqdecINeU157Xm9eq15EgLSDlpZHntIQ=?= {}\r\n\
         Date: Thu, 3 Dec 2026 14:05:00 +0000\r\nMessage-ID: <hard@corp.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n\
         --m\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <p>the plan <img src=\"http://tracker.example/p.gif\"></p>\r\n",
        "x".repeat(40),
        "Rindfleischetikettierungs".repeat(8),
    );
    for number in 0..50 {
        raw += &format!(
            "--m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment;\r\n\
             \x20filename*=UTF-8''{number}%E2%80%AE{}%3Cb%3E%22fdp.exe\r\n\r\n%PDF\r\n",
            "name".repeat(20),
        );
    }
    (raw + "--m--\r\n").into_bytes()
}

/// A gateway that sealed one letter, and a browser for its reader.
struct Street {
    sink: Sink,
    gateway: Gateway,
    link: String,
    browser: Browser,
    complaints: RefCell<Vec<String>>,
}

impl Street {
    fn with(raw: &[u8]) -> Self {
        let sink = Sink::start();
        let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
        assert_eq!(gateway.inside().send(FROM, &[TO], raw).code, 250);
        Self {
            link: reading::link(&sink, TO),
            browser: Browser::start(),
            sink,
            gateway,
            complaints: RefCell::default(),
        }
    }

    /// Judges the page that is open, as every device and scheme shows it.
    fn judge(&self, name: &str) {
        for (width, height) in [(360, 740), (1280, 800)] {
            for scheme in [Scheme::Light, Scheme::Dark] {
                self.browser.appear(width, height, scheme);
                // Colours fade from one scheme to the other.
                std::thread::sleep(Duration::from_millis(300));
                let found = self.browser.violations();
                let said = found
                    .iter()
                    .map(|each| format!("{name} {width} {scheme:?}: {each}"));
                self.complaints.borrow_mut().extend(said);
            }
        }
        // WCAG 1.4.10: 400 % of a window of 1,280 px leaves 320 px, without scrolling sideways.
        self.browser.appear(320, 640, Scheme::Light);
        let wide = self
            .browser
            .run("return document.documentElement.scrollWidth");
        if wide.as_u64() > Some(320) {
            self.complaints
                .borrow_mut()
                .push(format!("{name}: {wide} px wide at 320"));
        }
        self.browser.appear(1280, 800, Scheme::Light);
    }

    fn code(&self) -> String {
        let mails = self.sink.wait_for(TO, 2);
        mails
            .last()
            .and_then(|mail| letter::code(&mail.raw))
            .expect("a code came")
    }

    fn follow(&self, selector: &str) {
        self.browser.follow(&self.browser.find(selector));
    }

    fn write(&self, selector: &str, text: &str) {
        self.browser.write(&self.browser.find(selector), text);
    }
}

#[test]
fn every_page_passes_wcag_2_2_aa() {
    let street = Street::with(&hard_letter());
    let (browser, clean) = (
        &street.browser,
        street.link.rsplit_once('/').unwrap().0.to_owned(),
    );
    browser.open(&street.link);
    street.judge("door");
    street.follow("main form button");
    street.judge("code");
    street.write("#code", "00000000");
    street.follow("form[action$='/open'] button");
    street.judge("wrong code");
    street.write("#code", &street.code());
    street.follow("form[action$='/open'] button");
    assert_eq!(browser.find_all(".attachments li").len(), 50);
    street.judge("letter");
    street.follow("form.remote button");
    street.judge("letter with pictures");
    browser.open(&format!("{clean}/print"));
    street.judge("print");
    browser.open(&format!("{clean}/reply"));
    street.judge("reply");
    street.follow("main form button[type=submit]");
    street.judge("reply refused");
    street.write("textarea", "Dear Ann");
    street.follow("main form button[type=submit]");
    street.judge("reply sent");
    browser.open(&clean);
    street.follow("form.sign-out button");
    street.judge("signed out");
    browser.open(&clean);
    street.judge("nothing here");
    browser.open(&street.link);
    street.follow("main form button");
    for _ in 0..5 {
        street.write("#code", "00000000");
        street.follow("form[action$='/open'] button");
    }
    street.judge("locked");
    let id = letter_id(&street.gateway);
    let ended = street
        .gateway
        .command("messages")
        .args(["revoke", &id])
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    browser.open(&street.link);
    street.judge("withdrawn");
    let complaints = street.complaints.borrow();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The judge sees what is wrong: a field without a name, faint words, a page without a language.
#[test]
fn a_page_that_is_not_accessible_is_seen() {
    let street = Street::with(&hard_letter());
    street.browser.open(&street.link);
    assert_eq!(street.browser.violations(), [""; 0], "as it is");
    street.browser.run(
        "document.documentElement.removeAttribute('lang');\
         document.querySelector('h1').style.color = '#ddd';\
         document.querySelector('main').append(document.createElement('input'))",
    );
    let found = street.browser.violations().join("\n");
    for rule in ["html-has-lang", "color-contrast", "label"] {
        assert!(
            found.contains(&format!("{rule}: ")),
            "{rule} is not in\n{found}"
        );
    }
}

/// From the link to the open letter without a mouse; what has the focus shows it.
#[test]
fn the_way_to_the_letter_needs_a_keyboard_only() {
    let street = Street::with(&hard_letter());
    let browser = &street.browser;
    browser.open(&street.link);
    let focus = || {
        let at = "const at = document.activeElement, look = getComputedStyle(at);\
            return [at.tagName, at.textContent.trim(), look.outlineStyle].join('|')";
        browser.run(at).as_str().unwrap_or_default().to_owned()
    };
    let tab_to = |wanted: &str| {
        for _ in 0..10 {
            browser.press(TAB);
            if focus().contains(wanted) {
                assert!(
                    focus().ends_with("|solid"),
                    "the focus does not show: {}",
                    focus()
                );
                return;
            }
        }
        panic!(
            "`{wanted}` is not reached by Tab; the focus is at {}",
            focus()
        );
    };
    browser.press(TAB);
    assert!(focus().contains("Skip to the content"), "{}", focus());
    tab_to("Send me a code");
    browser.press(ENTER);
    let input = browser.find("#code");
    assert!(
        focus().starts_with("INPUT"),
        "the code's field has the focus at once"
    );
    browser.write(&input, &street.code());
    browser.press(ENTER);
    browser.find("article.letter");
    tab_to("Sign out");
    tab_to("Reply");
}
