//! A recipient reads a sealed letter in a real browser, on a telephone and at a desk: link, code,
//! letter, attachment, reply, sign out. Pictures of every page are kept in `target/screenshots`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use end_to_end::browser::Browser;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading;
use end_to_end::sink::Sink;

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";
const RULES: &str = r##"
[[label]]
id = "2096f6a2-d2f7-48be-b329-b73aaa526e5d"
name = "Confidential"
priority = 30
color = "#b00020"
tooltip = "Business data that could harm us if it leaked."
seal_outside = "do-not-forward"

[[rule]]
name = "mail tagged [confidential] is confidential"
when = { subject_contains = ["[confidential]"] }
then = [{ apply_label = "Confidential" }, { rewrite_subject = { remove = "[confidential]" } }]
"##;

/// A letter with everything a page must deal with: HTML with an inline and a remote picture, a
/// script, a plain part, an attachment.
fn rich_letter() -> Vec<u8> {
    let dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA\
        AABJRU5ErkJggg==";
    let plan = STANDARD.encode("item,amount\r\nharbour,1200000\r\nrails,450000\r\n");
    format!(
        "From: Ann Archer <{FROM}>\r\nTo: Bob Baker <{TO}>\r\nCc: Eve <eve@corp.example>\r\n\
         Subject: [confidential] The harbour plan\r\nDate: Thu, 3 Dec 2026 14:05:00 +0000\r\n\
         Message-ID: <harbour@corp.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=m\r\n\r\n\
         --m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
         --a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Dear Bob,\r\n\r\nthe plan is attached.\r\n\r\nAnn\r\n\
         --a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
         --r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <html><body><h2>Dear Bob,</h2><p>the <b>plan</b> is attached. Three things matter:</p>\
         <ol><li>the quay is finished in June,</li><li>rails follow in autumn,</li>\
         <li>nobody outside knows yet.</li></ol><table border=1><tr><th>part</th><th>cost</th></tr>\
         <tr><td>harbour</td><td>1,200,000</td></tr></table>\
         <img src=\"cid:dot\" width=40 height=40>\
         <img src=\"http://tracker.example/pixel.gif\"><script>document.title='owned'</script>\
         <p onclick=\"alert(1)\">Ann</p></body></html>\r\n\
         --r\r\nContent-Type: image/png\r\nContent-ID: <dot>\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{dot}\r\n--r--\r\n--a--\r\n\
         --m\r\nContent-Type: text/csv; name=plan.csv\r\n\
         Content-Disposition: attachment; filename=plan.csv\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{plan}\r\n--m--\r\n"
    )
    .into_bytes()
}

#[test]
fn a_letter_is_read_answered_and_left() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), RULES));
    let reply = gateway.inside().send(FROM, &[TO], &rich_letter());
    assert_eq!(reply.code, 250, "{reply}");
    let notice = sink.mailbox(TO).remove(0).raw;
    assert_eq!(letter::header(&notice, "Subject"), ["The harbour plan"]);
    let link = reading::link(&sink, TO);

    let browser = Browser::start();
    browser.open(&link);
    assert!(
        !browser.url().contains(link.rsplit('/').next().unwrap()),
        "the secret stays in view"
    );
    let text = browser.visible_text();
    assert!(
        text.contains("Ann Archer") && text.contains("The harbour plan"),
        "{text}"
    );
    assert!(
        !text.contains(TO),
        "the address is masked until it is proved"
    );
    browser.pictures("1-door");

    browser.follow(&browser.find("main form button"));
    let input = browser.find("input[autocomplete=one-time-code]");
    assert_eq!(browser.attribute(&input, "inputmode"), "numeric");
    assert!(
        !browser.accessible_name(&input).is_empty(),
        "the input has a label"
    );
    browser.pictures("2-code");
    browser.write(&input, "00000000");
    browser.follow(&browser.find("form[action$='/open'] button"));
    assert!(
        !browser.find_all("[role=alert]").is_empty(),
        "a wrong code is said to be wrong"
    );
    browser.pictures("3-wrong-code");

    let code = sink
        .wait_for(TO, 2)
        .last()
        .and_then(|mail| letter::code(&mail.raw))
        .unwrap();
    let spaced = format!(" {} {} ", &code[..4], &code[4..]);
    browser.write(&browser.find("input[autocomplete=one-time-code]"), &spaced);
    browser.follow(&browser.find("form[action$='/open'] button"));
    reads_the_letter(&browser);
    answers(&browser, &sink);
    leaves(&browser, &link);
}

fn reads_the_letter(browser: &Browser) {
    let frame = browser.find("iframe");
    let text = browser.visible_text();
    assert!(
        text.contains("The harbour plan") && text.contains("Confidential"),
        "{text}"
    );
    assert!(text.contains("plan.csv"), "{text}");
    assert!(!text.contains("Print"), "do not forward gives no print");
    browser.enter_frame(&frame);
    let body = browser.visible_text();
    assert!(body.contains("the quay is finished in June"), "{body}");
    let pictures = browser.find_all("img");
    let sources: Vec<String> = pictures
        .iter()
        .map(|picture| browser.attribute(picture, "src"))
        .collect();
    assert!(
        !sources
            .iter()
            .any(|source| source.contains("tracker.example")),
        "{sources:?}"
    );
    assert!(browser.find_all("script").is_empty());
    browser.leave_frame();
    assert_ne!(browser.title(), "owned");
    browser.pictures("4-letter");
    browser.click(&browser.find("a[href*='/attachment/']"));
    let plan = browser.downloaded("plan.csv");
    assert_eq!(plan, b"item,amount\r\nharbour,1200000\r\nrails,450000\r\n");
}

fn answers(browser: &Browser, sink: &Sink) {
    browser.follow(&browser.find("a[href$='/reply']"));
    browser.write(
        &browser.find("textarea"),
        "Dear Ann,\nthe harbour is a fine idea.\n",
    );
    browser.pictures("5-reply");
    browser.follow(&browser.find("main form button[type=submit]"));
    let replies = sink.wait_for(FROM, 1);
    assert_eq!(
        replies.len(),
        1,
        "no reply came; the page says:\n{}",
        browser.visible_text()
    );
    let reply = &replies[0].raw;
    assert!(
        letter::text(reply)
            .unwrap()
            .contains("the harbour is a fine idea")
    );
    assert!(
        letter::header(reply, "Reply-To")
            .iter()
            .any(|to| to.contains(TO)),
        "no Reply-To"
    );
    assert!(letter::header(reply, "From")[0].contains("secure-mail@corp.example"));
    assert_eq!(
        letter::header(reply, "In-Reply-To"),
        ["<harbour@corp.example>"]
    );
    browser.pictures("6-sent");
}

fn leaves(browser: &Browser, link: &str) {
    let (clean, _) = link.rsplit_once('/').unwrap();
    browser.open(clean);
    browser.follow(&browser.find("form.sign-out button, form[action$='/sign-out'] button"));
    browser.pictures("7-signed-out");
    browser.back();
    assert!(
        !browser.source().contains("plan.csv"),
        "back after signing out shows the letter"
    );
    browser.open(clean);
    assert!(
        !browser.source().contains("plan.csv"),
        "signing out leaves the letter open"
    );
    browser.pictures("8-without-link");
}

#[test]
fn the_whole_way_works_without_scripts() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), RULES));
    assert_eq!(gateway.inside().send(FROM, &[TO], &rich_letter()).code, 250);
    let link = reading::link(&sink, TO);
    let browser = Browser::start();
    browser.allow_scripts(false);
    browser.open(&link);
    browser.follow(&browser.find("main form button"));
    let code = sink
        .wait_for(TO, 2)
        .last()
        .and_then(|mail| letter::code(&mail.raw))
        .unwrap();
    browser.write(&browser.find("input[autocomplete=one-time-code]"), &code);
    browser.follow(&browser.find("form[action$='/open'] button"));
    assert!(
        browser.visible_text().contains("plan.csv"),
        "{}",
        browser.visible_text()
    );
}
