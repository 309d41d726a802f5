//! The open letter: what is shown, what is granted, what leaves the page and how.

mod support;

use axum::http::StatusCode;
use mail::{Right, Rights};
use support::browser::Browser;
use support::samples::{self, CANARY};
use support::{Terms, World};

async fn open(
    raw: &[u8],
    terms: Terms,
) -> (World, support::Sealed, Browser, support::browser::Page) {
    let world = World::new().await;
    let sealed = world.seal(raw, &terms).await;
    let mut browser = Browser::new(&world);
    let page = browser.read(&world, &sealed).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    (world, sealed, browser, page)
}

fn terms(rights: Rights) -> Terms {
    Terms {
        rights,
        ..Terms::default()
    }
}

/// The address of the first frame on a page.
fn frame_of(page: &support::browser::Page) -> String {
    let text = page.text();
    let frame = text.split("<iframe").nth(1).expect("a frame");
    frame
        .split("src=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_plain_letter_is_shown_with_its_headers_label_and_links() {
    let label = Some(("Confidential <b>".to_owned(), "#b00020".to_owned()));
    let (_world, _, _, page) = open(
        &samples::plain(),
        Terms {
            label,
            ..Terms::default()
        },
    )
    .await;
    for said in [
        "Contract for the harbour works",
        "Ann Meyer",
        "carl.ito@corp.example",
        "Dora Lind",
        "<time datetime=\"2026-12-03T09:15:00Z\">3 December 2026, 10:15 UTC+01:00</time>",
        "Confidential &#60;b&#62;",
        "fill=\"#b00020\"",
        "href=\"https://drawings.example/harbour?sheet=4&amp;v=2\"",
        "rel=\"noopener noreferrer nofollow\"",
        "class=\"quote\"",
        CANARY,
    ] {
        assert!(page.has(said), "{said} is not in\n{}", page.text());
    }
    assert!(!page.has("<iframe") && !page.has("<script") && !page.has("style=\""));
}

#[tokio::test]
async fn a_colour_that_is_none_colours_nothing() {
    let label = Some(("L".to_owned(), "red\"/><script>".to_owned()));
    let (_world, _, _, page) = open(
        &samples::plain(),
        Terms {
            label,
            ..Terms::default()
        },
    )
    .await;
    assert!(page.has(">L</strong>") && !page.has("<script") && !page.has("fill=\"red"));
}

#[tokio::test]
async fn html_stands_in_a_sandboxed_document_of_its_own_and_loads_nothing() {
    let (_world, _, mut browser, page) = open(&samples::rich(), Terms::default()).await;
    assert!(page.has("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""));
    assert!(
        !page.has("revenue grew"),
        "the HTML is not in the page itself"
    );
    assert!(page.has("2 pictures from other sites were not loaded"));
    let frame = browser.get(&frame_of(&page)).await;
    assert_eq!(frame.status, StatusCode::OK);
    assert!(frame.has("revenue grew by 12") && frame.has("src=\"data:image/png;base64,"));
    for gone in ["<script", "tracker.example", "cdn.example", "url(", "cid:"] {
        assert!(!frame.has(gone), "{gone} is in\n{}", frame.text());
    }
    let policy = frame.field("content-security-policy");
    for part in [
        "sandbox allow-popups",
        "default-src 'none'",
        "img-src data:;",
        "form-action 'none'",
    ] {
        assert!(policy.contains(part), "{part} is not in {policy}");
    }
    assert!(!policy.contains("allow-scripts") && !policy.contains("allow-same-origin"));
    assert_eq!(
        frame.field("cross-origin-opener-policy"),
        "",
        "it would not show when sandboxed"
    );
}

#[tokio::test]
async fn pictures_from_elsewhere_come_only_after_the_readers_own_choice() {
    let (_world, sealed, mut browser, page) = open(&samples::rich(), Terms::default()).await;
    let choose = format!("{}/pictures", sealed.path());
    // A link from elsewhere cannot choose for him.
    for mark in ["", "?pictures=1", "?pictures=AAAA"] {
        let refused = browser.get(&format!("{choose}{mark}")).await;
        assert_eq!(refused.status, StatusCode::SEE_OTHER);
        let frame = browser.get(&format!("{}{mark}", frame_of(&page))).await;
        assert!(!frame.has("cdn.example"), "{mark}");
    }
    let forged = browser.post(&choose, &[("token", "x")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let token = page.hidden("token");
    let moved = browser.post(&choose, &[("token", &token)]).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER);
    let page = browser.get(moved.field("location")).await;
    assert!(page.has("Pictures from other sites are loaded") && !page.has("Load pictures"));
    let frame = browser.get(&frame_of(&page)).await;
    assert!(frame.has("http://cdn.example/logo.png"));
    assert!(
        frame
            .field("content-security-policy")
            .contains("img-src data: https: http:")
    );
    assert!(!frame.has("url("), "backgrounds stay out");
}

/// V7: what one part opens, another cannot close.
#[tokio::test]
async fn each_part_is_a_document_of_its_own() {
    let raw = b"From: a@corp.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/html\r\n\r\n<img src=\"http://evil.example/?\r\n\
        --x\r\nContent-Type: text/html\r\n\r\nsecret-part\r\n\
        --x\r\nContent-Type: text/html\r\n\r\n\"></img>\r\n--x--\r\n";
    let (_world, sealed, mut browser, page) = open(raw, Terms::default()).await;
    assert_eq!(page.text().matches("<iframe").count(), 3);
    for number in 1..=3 {
        let frame = browser
            .get(&format!("{}/body/{number}", sealed.path()))
            .await;
        assert_eq!(frame.status, StatusCode::OK);
        assert_eq!(frame.has("secret-part"), number == 2);
        assert!(!frame.has("evil.example"));
    }
    let printed = browser.get(&format!("{}/print", sealed.path())).await;
    assert!(printed.has("secret-part") && !printed.has("evil.example"));
    assert_eq!(printed.text().matches("</template>").count(), 3);
    // White on white where the system is dark, had it only its first values.
    let readable = ":host{all:initial;color-scheme:light;display:block;color:#000;";
    assert_eq!(printed.text().matches(readable).count(), 3);
}

#[tokio::test]
async fn html_too_heavy_to_lay_out_is_shown_as_text() {
    let deep = "<div>".repeat(100_000);
    let raw =
        format!("From: a@corp.example\r\nContent-Type: text/html\r\n\r\n{deep}words {CANARY}");
    let started = std::time::Instant::now();
    let (_world, sealed, mut browser, page) = open(raw.as_bytes(), Terms::default()).await;
    assert!(page.has("too large to show") && page.has(CANARY) && !page.has("<iframe"));
    assert!(started.elapsed().as_secs() < 5);
    let frame = browser.get(&format!("{}/body/0", sealed.path())).await;
    assert_eq!(frame.status, StatusCode::NOT_FOUND);
}

/// Path, text, and whether it is granted.
type Action = (&'static str, &'static str, bool);

#[tokio::test]
async fn rights_decide_what_is_offered_and_what_is_done() {
    let view = Rights::of(&[Right::View]);
    let table: [(Rights, [Action; 4], bool); 4] = [
        (
            Rights::DO_NOT_FORWARD,
            [
                ("/print", "Print", false),
                ("/letter.eml", "Download letter", false),
                ("/reply", "Reply", true),
                ("/reply-all", "Reply to all", true),
            ],
            true,
        ),
        (
            Rights::ENCRYPT_ONLY,
            [
                ("/print", "Print", true),
                ("/letter.eml", "Download letter", false),
                ("/reply", "Reply", true),
                ("/reply-all", "Reply to all", true),
            ],
            false,
        ),
        (
            view,
            [
                ("/print", "Print", false),
                ("/letter.eml", "Download letter", false),
                ("/reply", "Reply", false),
                ("/reply-all", "Reply to all", false),
            ],
            true,
        ),
        (
            Rights::ALL,
            [
                ("/print", "Print", true),
                ("/letter.eml", "Download letter", true),
                ("/reply", "Reply", true),
                ("/reply-all", "Reply to all", true),
            ],
            false,
        ),
    ];
    for (rights, actions, do_not_forward) in table {
        let (_world, sealed, mut browser, page) = open(&samples::plain(), terms(rights)).await;
        for (path, text, granted) in actions {
            let offered = page.has(&format!("href=\"{}{path}\">{text}</a>", sealed.path()));
            assert_eq!(offered, granted, "{} {text}", rights.name());
            let done = browser.get(&format!("{}{path}", sealed.path())).await;
            let expected = if granted {
                StatusCode::OK
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(done.status, expected, "{} {path}", rights.name());
            assert!(granted || !done.has(CANARY));
        }
        assert_eq!(
            page.has("Please keep this letter to yourself"),
            do_not_forward
        );
        assert_eq!(page.has("No page can prevent a photograph"), do_not_forward);
    }
}

#[tokio::test]
async fn the_whole_letter_comes_as_it_was_sealed_and_never_when_ambiguous() {
    let (world, sealed, mut browser, _) = open(&samples::rich(), Terms::default()).await;
    let whole = browser.get(&format!("{}/letter.eml", sealed.path())).await;
    assert_eq!(whole.bytes, samples::rich());
    assert_eq!(
        whole.field("content-disposition"),
        "attachment; filename=\"letter.eml\""
    );
    let ambiguous = Terms {
        raw_download: false,
        ..Terms::default()
    };
    let sealed = world.seal(&samples::rich(), &ambiguous).await;
    let page = browser.read(&world, &sealed).await;
    assert!(!page.has("Download letter"));
    let refused = browser.get(&format!("{}/letter.eml", sealed.path())).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!refused.has(CANARY));
}

#[tokio::test]
async fn the_printed_page_holds_the_letter_and_nothing_that_runs() {
    let (_world, sealed, mut browser, _) = open(&samples::rich(), Terms::default()).await;
    let page = browser.get(&format!("{}/print", sealed.path())).await;
    assert!(page.has("revenue grew by 12") && page.has("Q3 report.pdf"));
    for gone in ["<script", "tracker.example", "<form"] {
        assert!(!page.has(gone), "{gone}");
    }
    let policy = page.field("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && policy.contains("img-src 'self' data:"));
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"));
}

#[tokio::test]
async fn a_letter_without_body_or_subject_still_has_a_page() {
    let (_world, _, _, page) = open(b"From: a@corp.example\r\n\r\n", Terms::default()).await;
    assert!(page.has("No subject"));
    let pdf = b"From: a@corp.example\r\nContent-Type: application/pdf\r\n\r\n%PDF";
    let (_world, sealed, mut browser, page) = open(pdf, Terms::default()).await;
    assert!(page.has("This letter has no text") && page.has("attachment-0"));
    let file = browser
        .get(&format!("{}/attachment/0", sealed.path()))
        .await;
    assert_eq!(file.bytes, b"%PDF");
}

#[tokio::test]
async fn a_visit_ends_by_itself_and_by_revocation() {
    let (world, sealed, mut browser, _) = open(&samples::plain(), Terms::default()).await;
    let mut second = browser.clone();
    world.pass_seconds(web_viewer::settings::VISIT_SECONDS - 1);
    assert!(browser.get(&sealed.path()).await.has(CANARY));
    world.pass_seconds(1);
    let page = browser.get(&sealed.path()).await;
    assert!(
        page.has("Send me a code") && !page.has(CANARY),
        "back to the door"
    );
    let part = second.get(&format!("{}/letter.eml", sealed.path())).await;
    assert_eq!(part.status, StatusCode::SEE_OTHER);
    let (world, sealed, mut browser, _) = open(&samples::plain(), Terms::default()).await;
    world.store.revoke(sealed.letter, "admin").await.unwrap();
    assert_eq!(browser.get(&sealed.path()).await.status, StatusCode::GONE);
}

/// Sixty people do not push the letter off a telephone's screen; on paper all of them stand.
#[tokio::test]
async fn many_people_are_folded_on_the_page_and_not_on_paper() {
    let (_world, sealed, mut browser, page) = open(&samples::awkward(), Terms::default()).await;
    let last = "person.number.60@a-rather-long-domain.corp.example";
    assert!(page.has("<summary>and 56 more</summary>") && page.has(last));
    let printed = browser.get(&format!("{}/print", sealed.path())).await;
    assert!(printed.has(last) && !printed.has("<details"));
    let form = browser.get(&format!("{}/reply-all", sealed.path())).await;
    assert!(form.has("Left out:") && form.has("<summary>and 55 more</summary>"));
}

/// A date is read and written anew; what is none stands as text, short and straight.
#[tokio::test]
async fn a_date_is_shown_in_our_words_and_what_is_none_cut_and_cleaned() {
    let with = |date: &str| format!("{date}From: a@corp.example\r\n\r\nx\r\n").into_bytes();
    let raw = format!(
        "Date: next\u{202e}\u{200b} <b>week\u{7} {}\r\n",
        "long ".repeat(40)
    );
    let (_world, _, _, page) = open(&with(&raw), Terms::default()).await;
    let kept = "long ".repeat(11);
    let shown = format!("<bdi>next &#60;b&#62;week {}…</bdi>", &kept[..64 - 13]);
    assert!(page.has(&shown), "{shown} is not in\n{}", page.text());
    assert!(!page.has("<b>") && !page.has("\u{202e}") && !page.has("<time datetime=\"\""));
    let (_world, _, _, page) =
        open(&with("Date: Sun, 6 Dec 26 00:00 EST\r\n"), Terms::default()).await;
    assert!(page.has("<time datetime=\"2026-12-06T05:00:00Z\">6 December 2026, 00:00 UTC-05:00<"));
    let (_world, _, _, page) = open(&with(""), Terms::default()).await;
    assert!(!page.has("<dt>Date</dt>"), "the control");
}

/// A browser that may break a word anywhere makes columns of a letter wide, and tears numbers.
#[tokio::test]
async fn a_table_in_a_frame_keeps_its_words_whole() {
    let (_world, _, mut browser, page) = open(&samples::rich(), Terms::default()).await;
    let frame = browser.get(&frame_of(&page)).await;
    assert!(frame.has("overflow-wrap:break-word") && !frame.has("overflow-wrap:anywhere"));
    // Without something to hold it the keyboard never comes into a frame, and cannot scroll it.
    assert!(frame.has("<body dir=\"auto\" tabindex=\"0\">") && frame.has("body:focus-visible"));
}

/// What does not fit on paper is not there: the sheet breaks words before it loses columns.
#[tokio::test]
async fn a_table_on_paper_is_as_wide_as_the_sheet() {
    let (_world, sealed, mut browser, _) = open(&samples::rich(), Terms::default()).await;
    let sheet = browser.get(&format!("{}/print", sealed.path())).await;
    assert!(sheet.has("table{max-width:100%}"));
    assert!(
        sheet.has("@media print{:host{font-size:11pt;overflow:hidden;overflow-wrap:anywhere}}")
    );
}
