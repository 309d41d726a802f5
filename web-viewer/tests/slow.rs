//! Browsers that send slowly: each limit on time and number is run into, and has its page.

mod support;

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use futures_util::stream;
use support::browser::{Browser, Page};
use support::samples;
use support::{Sealed, Terms, World, settings};
use web_viewer::ViewerSettings;
use web_viewer::settings::REPLIES_AT_ONCE_MAX;

const FORM: &str = "application/x-www-form-urlencoded";
const FILES: &str = "multipart/form-data; boundary=XX";

/// A viewer that waits a second for forms, and a reader of a letter there.
async fn impatient() -> (World, Sealed, Browser) {
    let world = World::with(ViewerSettings {
        reply_seconds_max: 1,
        form_seconds_max: 1,
        ..settings()
    })
    .await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    browser.read(&world, &sealed).await;
    (world, sealed, browser)
}

/// These bytes, and then nothing for ever.
fn stalled(begin: &'static str) -> Body {
    Body::from_stream(stream::unfold(Some(begin), |left| async move {
        match left {
            Some(begin) => Some((Ok::<_, std::io::Error>(begin), None)),
            None => std::future::pending().await,
        }
    }))
}

fn says_too_long(page: &Page) {
    assert_eq!(page.status, StatusCode::REQUEST_TIMEOUT);
    assert!(
        page.has("That took too long") && page.has("<h1"),
        "{}",
        page.text()
    );
    assert!(
        page.field("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
}

#[tokio::test]
async fn a_form_that_stops_on_its_way_is_given_up() {
    let (world, sealed, browser) = impatient().await;
    let path = format!("{}/code", sealed.path());
    let sent = world.mailer.codes().len();
    says_too_long(&browser.post_slowly(&path, FORM, stalled("token=")).await);
    assert_eq!(world.mailer.codes().len(), sent);
}

#[tokio::test]
async fn a_reply_that_stops_on_its_way_is_given_up() {
    let (world, sealed, browser) = impatient().await;
    let path = format!("{}/reply", sealed.path());
    let begun = "--XX\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nDear";
    says_too_long(&browser.post_slowly(&path, FILES, stalled(begun)).await);
    assert!(world.mailer.replies.lock().unwrap().is_empty());
}

/// As many replies as may be under way; one more is told so, and goes through when one has ended.
#[tokio::test]
async fn so_many_replies_are_taken_in_at_once() {
    let (_world, sealed, mut browser) = impatient().await;
    let path = format!("{}/reply", sealed.path());
    let page = browser.get(&path).await;
    let (token, once) = (page.hidden("token"), page.hidden("once"));
    let mut under_way = Vec::new();
    for _ in 0..REPLIES_AT_ONCE_MAX {
        let (browser, path) = (browser.clone(), path.clone());
        under_way.push(tokio::spawn(async move {
            browser.post_slowly(&path, FILES, stalled("--XX\r\n")).await
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let form = [
        ("token", None, token.as_bytes()),
        ("once", None, once.as_bytes()),
        ("text", None, &b"yes"[..]),
    ];
    let busy = browser.post_files(&path, &form).await;
    assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(busy.has("Busy for a moment") && !busy.field("retry-after").is_empty());
    for reply in under_way {
        says_too_long(&reply.await.unwrap());
    }
    let sent = browser.post_files(&path, &form).await;
    assert!(sent.has("Your reply was sent"), "{}", sent.text());
}
