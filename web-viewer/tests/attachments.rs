//! Attachments are downloads: whole or in ranges, under a safe name, and never active (V20).

mod support;

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, HttpBody};
use axum::http::{Method, StatusCode};
use support::browser::{Browser, Page};
use support::samples;
use support::{DAY, Sealed, Terms, World};
use web_viewer::settings::{DOWNLOADS_MAX, DOWNLOADS_OF_ONE_MAX};

async fn read(raw: &[u8], terms: Terms) -> (World, Sealed, Browser, Page) {
    let world = World::new().await;
    let sealed = world.seal(raw, &terms).await;
    let mut browser = Browser::new(&world);
    let page = browser.read(&world, &sealed).await;
    (world, sealed, browser, page)
}

/// The address of the attachment that is shown under this name.
fn address(page: &Page, name: &str) -> String {
    let text = page.text();
    let item = text
        .split("<li>")
        .find(|item| item.contains(&format!(">{name}<")));
    let item = item.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    item.split("href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

async fn range(browser: &mut Browser, path: &str, fields: &[(&'static str, &str)]) -> Page {
    browser.fields = fields
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    let page = browser.get(path).await;
    browser.fields.clear();
    page
}

#[tokio::test]
async fn attachments_are_listed_and_come_whole() {
    let (world, _, mut browser, page) = read(&samples::rich(), Terms::default()).await;
    assert!(page.has("3 attachments") && page.has("196 KB"));
    assert!(
        !page.has("chart.png"),
        "a picture that the body shows is not listed again"
    );
    let path = address(&page, "Q3 report.pdf");
    let file = browser.get(&path).await;
    assert_eq!(
        (file.status, &file.bytes),
        (StatusCode::OK, &samples::pdf())
    );
    assert_eq!(file.field("content-type"), "application/pdf");
    assert_eq!(
        file.field("content-disposition"),
        "attachment; filename=\"Q3 report.pdf\""
    );
    assert_eq!(file.field("accept-ranges"), "bytes");
    assert_eq!(
        file.field("content-length"),
        samples::pdf().len().to_string()
    );
    let head = browser.send(Method::HEAD, &path, "", Vec::new()).await;
    assert!(head.bytes.is_empty());
    assert_eq!(head.field("content-length"), file.field("content-length"));
    let path = address(&page, "Übersicht der Geschäftszahlen 2026 (endgültig).xlsx");
    assert_eq!(
        browser.get(&path).await.field("content-disposition"),
        "attachment; filename=\"_bersicht der Gesch_ftszahlen 2026 (endg_ltig).xlsx\"; \
         filename*=UTF-8''%C3%9Cbersicht%20der%20Gesch%C3%A4ftszahlen%202026%20\
         %28endg%C3%BCltig%29.xlsx"
    );
    assert!(
        world
            .audit_kinds()
            .await
            .iter()
            .any(|kind| kind == "attachment downloaded")
    );
}

/// RFC 9110 §14, and that a broken download resumes to the same bytes.
#[tokio::test]
async fn a_download_resumes_where_it_broke() {
    let (_world, _, mut browser, page) = read(&samples::rich(), Terms::default()).await;
    let (path, whole) = (address(&page, "Q3 report.pdf"), samples::pdf());
    let first = browser.get(&path).await;
    let etag = first.field("etag").to_owned();
    assert!(
        etag.starts_with('"') && etag.len() > 10,
        "a strong tag: {etag}"
    );
    let half = whole.len() / 2;
    let from_half = format!("bytes={half}-");
    let resume = [("range", &*from_half), ("if-range", &etag)];
    let rest = range(&mut browser, &path, &resume).await;
    assert_eq!(rest.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        rest.field("content-range"),
        format!("bytes {half}-{}/{}", whole.len() - 1, whole.len())
    );
    assert_eq!([&whole[..half], &rest.bytes].concat(), whole);
    assert_eq!(rest.field("etag"), etag);
    for (asked, expected) in [
        ("bytes=0-0", &whole[..1]),
        ("bytes=-3", &whole[whole.len() - 3..]),
    ] {
        let part = range(&mut browser, &path, &[("range", asked)]).await;
        assert_eq!(
            (part.status, &part.bytes[..]),
            (StatusCode::PARTIAL_CONTENT, expected)
        );
    }
    let beyond = range(&mut browser, &path, &[("range", "bytes=9999999-")]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(
        beyond.field("content-range"),
        format!("bytes */{}", whole.len())
    );
    assert!(beyond.bytes.is_empty());
    for ignored in [("range", "bytes=0-1,5-6"), ("range", "pages=1-2")] {
        assert_eq!(
            range(&mut browser, &path, &[ignored]).await.status,
            StatusCode::OK
        );
    }
    let stale = [("range", "bytes=5-"), ("if-range", "\"another\"")];
    assert_eq!(range(&mut browser, &path, &stale).await.bytes, whole);
}

/// V20: whatever a part claims to be, a browser saves it and runs nothing.
#[tokio::test]
async fn active_attachments_are_saved_and_never_run() {
    let kinds = [
        ("text/html", "page.html"),
        ("text/html; charset=utf-7", "seven.html"),
        ("image/svg+xml", "drawing.svg"),
        ("text/xml", "feed.xml"),
        ("application/xhtml+xml", "page.xhtml"),
        ("application/javascript", "script.js"),
        ("text/x-component", "x.htc"),
        ("application/x-shockwave-flash", "x.swf"),
        ("message/rfc822", "mail.eml"),
        ("application/pdf", "scripted.pdf"),
    ];
    let mut raw =
        "From: a@corp.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n".to_owned();
    for (kind, name) in kinds {
        raw += &format!(
            "--x\r\nContent-Type: {kind}\r\n\
             Content-Disposition: attachment; filename={name}\r\n\r\n\
             <script>alert(1)</script>\r\n"
        );
    }
    raw += "--x--\r\n";
    let (_world, _, mut browser, page) = read(raw.as_bytes(), Terms::default()).await;
    for (kind, name) in kinds {
        let file = browser.get(&address(&page, name)).await;
        assert_eq!(file.status, StatusCode::OK, "{name}");
        let expected = if kind == "application/pdf" {
            kind
        } else {
            "application/octet-stream"
        };
        assert_eq!(file.field("content-type"), expected, "{kind}");
        assert!(
            file.field("content-disposition")
                .starts_with("attachment; "),
            "{kind}"
        );
        assert_eq!(file.field("x-content-type-options"), "nosniff");
        assert!(
            file.field("content-security-policy")
                .starts_with("sandbox; default-src 'none'")
        );
        assert_eq!(file.field("cross-origin-resource-policy"), "same-origin");
    }
}

#[tokio::test]
async fn names_cannot_deceive_or_split_a_field() {
    let raw = "From: a@corp.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: application/pdf\r\n\
        Content-Disposition: attachment; filename*=UTF-8''invoice%E2%80%AEfdp.exe\r\n\r\n1\r\n\
        --x\r\nContent-Type: application/pdf\r\n\
        Content-Disposition: attachment;\r\n\
        \x20filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1.pdf\r\n\r\n2\r\n\
        --x\r\nContent-Type: application/pdf\r\n\
        Content-Disposition: attachment; filename=\"..\\\\..\\\\boot.ini\"\r\n\r\n3\r\n--x--\r\n";
    let (_world, sealed, mut browser, page) = read(raw.as_bytes(), Terms::default()).await;
    assert!(!page.has("\u{202e}"));
    for number in 1..=3 {
        let file = browser
            .get(&format!("{}/attachment/{number}", sealed.path()))
            .await;
        let field = file.field("content-disposition").to_owned();
        assert!(file.headers.get("set-cookie").is_none());
        assert!(
            !field.contains("..") && !field.contains('\\') && !field.contains("E2%80%AE"),
            "{field}"
        );
    }
}

#[tokio::test]
async fn where_download_is_not_granted_nothing_is_saved() {
    let terms = Terms {
        download: false,
        ..Terms::default()
    };
    let (_world, sealed, mut browser, page) = read(&samples::rich(), terms).await;
    assert!(page.has("has not allowed attachments to be saved") && page.has("Q3 report.pdf"));
    assert!(!page.has("/attachment/"));
    let refused = browser
        .get(&format!("{}/attachment/2", sealed.path()))
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!refused.has("%PDF"));
}

#[tokio::test]
async fn only_what_is_listed_can_be_asked_for() {
    let (_world, sealed, mut browser, _) = read(&samples::rich(), Terms::default()).await;
    for part in [
        "0", "1", "1.1", "99", "1.1.2.1", "a", "-1", "1.0", "..", "2.1",
    ] {
        let page = browser
            .get(&format!("{}/attachment/{part}", sealed.path()))
            .await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{part}");
    }
}

/// A letter whose one attachment is large, and the attachment's address.
async fn large() -> (World, Sealed, Browser, String) {
    let mut raw = b"From: a@corp.example\r\nContent-Type: application/pdf\r\n\r\n".to_vec();
    raw.resize(2 * 1024 * 1024, b'x');
    let (world, sealed, browser, _) = read(&raw, Terms::default()).await;
    let path = format!("{}/attachment/0", sealed.path());
    (world, sealed, browser, path)
}

/// What one reader takes at once is bounded; who asks for more is told when to come again.
#[tokio::test]
async fn downloads_of_one_reader_are_bounded_and_give_their_room_back() {
    let (world, _, mut browser, path) = large().await;
    let mut held = Vec::new();
    for _ in 0..DOWNLOADS_OF_ONE_MAX {
        let answer = browser.begin(&path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        held.push(answer);
    }
    let busy = browser.get(&path).await;
    assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(busy.field("retry-after").parse::<u32>().is_ok());
    assert!(busy.has("Wait for one of yours to finish"));
    let head = browser.send(Method::HEAD, &path, "", Vec::new()).await;
    assert_eq!(
        head.status,
        StatusCode::OK,
        "what takes nothing needs no room"
    );
    let (_, mut other, its) = read_by(&world, "carol@partner.example").await;
    assert_eq!(
        other.get(&its).await.status,
        StatusCode::OK,
        "others are served"
    );
    held.pop();
    let whole = browser.get(&path).await;
    assert_eq!(
        (whole.status, whole.bytes.len()),
        (StatusCode::OK, length(&whole))
    );
}

fn length(page: &Page) -> usize {
    page.field("content-length").parse().unwrap()
}

/// Another reader's letter in the same world, read, and the address of its report.
async fn read_by(world: &World, reader: &str) -> (Sealed, Browser, String) {
    let terms = Terms {
        reader: reader.into(),
        ..Terms::default()
    };
    let sealed = world.seal(&samples::rich(), &terms).await;
    let mut browser = Browser::new(world);
    let page = browser.read(world, &sealed).await;
    let path = address(&page, "Q3 report.pdf");
    (sealed, browser, path)
}

/// The bound over all readers: more letters than places.
#[tokio::test]
async fn downloads_of_all_readers_are_bounded_and_give_their_room_back() {
    let (world, _, mut last, last_path) = large().await;
    let mut held = Vec::new();
    for number in 0..DOWNLOADS_MAX / DOWNLOADS_OF_ONE_MAX {
        let (_, mut browser, path) = read_by(&world, &format!("r{number}@partner.example")).await;
        for _ in 0..DOWNLOADS_OF_ONE_MAX {
            held.push(browser.begin(&path).await);
        }
    }
    assert!(held.iter().all(|answer| answer.status() == StatusCode::OK));
    let busy = last.get(&last_path).await;
    assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(busy.has("Busy for a moment") && busy.has("Back to the letter"));
    held.pop();
    assert_eq!(last.get(&last_path).await.status, StatusCode::OK);
}

/// A letter that is withdrawn, or whose time is over, stops in the middle of a download, also
/// before any sweep.
#[tokio::test]
async fn the_end_of_a_letter_ends_a_download_under_way() {
    for (withdrawn, days) in [(false, 0), (true, 0), (false, 29), (false, 30)] {
        let (world, sealed, mut browser, path) = large().await;
        let mut body = browser.begin(&path).await.into_body();
        let first = next_piece(&mut body).await.unwrap().unwrap();
        assert!(first.len() < 2 * 1024 * 1024, "it comes in pieces");
        if withdrawn {
            let by = "ann.meyer@corp.example";
            world.store.revoke(sealed.grant, by).await.unwrap();
        }
        world.pass_seconds(days * DAY);
        let mut broken = false;
        while let Some(piece) = next_piece(&mut body).await {
            broken |= piece.is_err();
        }
        assert_eq!(broken, withdrawn || days == 30, "after {days} days");
    }
}

/// Looking is not taking: HEAD and a range beyond the end are no download in the log.
#[tokio::test]
async fn only_a_download_is_written_down_as_one() {
    let (world, _, mut browser, path) = large().await;
    let downloads = async |world: &World| {
        let kinds = world.audit_kinds().await;
        let of_kind = kinds.iter().filter(|kind| *kind == "attachment downloaded");
        of_kind.count()
    };
    browser.send(Method::HEAD, &path, "", Vec::new()).await;
    range(&mut browser, &path, &[("range", "bytes=99999999-")]).await;
    assert_eq!(downloads(&world).await, 0);
    range(&mut browser, &path, &[("range", "bytes=0-9")]).await;
    assert_eq!(downloads(&world).await, 1);
}

/// Ten megabytes of text: the page shows the beginning, and the whole is a file beside it.
#[tokio::test]
async fn a_text_too_long_to_show_can_be_had_whole() {
    let text = "a line of a very long letter\r\n".repeat(350_000);
    let raw = format!("From: a@corp.example\r\n\r\n{text}");
    let (_world, _, mut browser, page) = read(raw.as_bytes(), Terms::default()).await;
    assert!(page.has("a line of a very long letter") && page.bytes.len() < 2 * 1024 * 1024);
    assert!(page.has("The whole of it stands among the attachments"));
    let file = browser.get(&address(&page, "letter.txt")).await;
    assert_eq!(file.field("content-type"), "text/plain");
    assert!(file.bytes == text.as_bytes(), "{} bytes", file.bytes.len());
    let (_world, _, _, page) = read(&samples::plain(), Terms::default()).await;
    assert!(!page.has("letter.txt"), "what is shown whole is not listed");
}

/// The next piece of a body as it leaves.
async fn next_piece(body: &mut Body) -> Option<Result<bytes::Bytes, axum::Error>> {
    let next = poll_fn(|context| HttpBody::poll_frame(Pin::new(&mut *body), context));
    Some(
        next.await?
            .map(|frame| frame.into_data().unwrap_or_default()),
    )
}
