//! Browsers that send slowly: each limit on time is run into, and has its page.

mod support;

use axum::body::Body;
use axum::http::StatusCode;
use futures_util::stream;
use support::browser::{Browser, Page};
use support::samples;
use support::{Sealed, Terms, World, settings};
use web_viewer::ViewerSettings;

const FORM: &str = "application/x-www-form-urlencoded";

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
    let page = browser.post_slowly(&path, FORM, stalled("token=")).await;
    says_too_long(&page);
    let back = format!("href=\"{}\">Back to the letter", sealed.path());
    assert!(page.has(&back), "nobody is left without a way on");
    let page = browser
        .post_slowly("/l/none/code", FORM, stalled("token="))
        .await;
    assert!(
        !page.has("Back to the letter"),
        "the control: that is no letter's address"
    );
    assert_eq!(world.mailer.codes().len(), sent);
}
