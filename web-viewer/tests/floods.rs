//! What somebody with a link can cause and how often: mails with codes, and rows in the log.

mod support;

use axum::http::StatusCode;
use store::challenge::{ASKS_MAX, ASKS_WAITED_MAX, CHALLENGES_FREE};
use support::browser::Browser;
use support::samples;
use support::{Mood, Sealed, Terms, World};
use web_viewer::settings::{FETCHES_SECONDS, SETBACK_SECONDS};

async fn world() -> (World, Sealed) {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    (world, sealed)
}

/// One browser that asks on and on does not flood the mailbox.
#[tokio::test]
async fn a_code_is_mailed_so_often_and_no_more() {
    let (world, sealed) = world().await;
    let mut browser = Browser::new(&world);
    for _ in 0..ASKS_MAX {
        let page = browser.ask(&sealed).await;
        assert!(!page.has("send it no more"));
    }
    for _ in 0..3 {
        let page = browser.ask(&sealed).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.has("10 times, and send it no more"), "{}", page.text());
    }
    let codes = world.mailer.codes();
    assert_eq!(codes.len(), ASKS_MAX as usize);
    let page = browser.ask(&sealed).await;
    let moved = browser.type_code(&sealed, &page, &codes[0]).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "the code still opens");
}

/// Browsers are for nothing, so one that had to wait gets its code, one repeat, and no more.
#[tokio::test]
async fn a_browser_that_waited_gets_one_repeat() {
    let (world, sealed) = world().await;
    for _ in 0..CHALLENGES_FREE {
        Browser::new(&world).ask(&sealed).await;
    }
    let mut late = Browser::new(&world);
    let page = late.ask(&sealed).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    world.pass_seconds(page.field("retry-after").parse().unwrap());
    let before = world.mailer.codes().len();
    for _ in 0..ASKS_WAITED_MAX {
        assert!(!late.ask(&sealed).await.has("send it no more"));
    }
    for _ in 0..3 {
        let page = late.ask(&sealed).await;
        assert!(page.has("2 times, and send it no more"), "{}", page.text());
    }
    let codes = world.mailer.codes();
    assert_eq!(codes.len(), before + ASKS_WAITED_MAX as usize);
    let page = late.ask(&sealed).await;
    let moved = late.type_code(&sealed, &page, codes.last().unwrap()).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "the code still opens");
    // It is known from now on, so it has what a browser that need not wait has.
    for _ in 0..ASKS_MAX {
        assert!(!late.ask_anew(&sealed).await.has("send it no more"));
    }
    assert!(late.ask_anew(&sealed).await.has("send it no more"));
}

/// Where the mail is not taken, pressing the button on and on troubles no mail system.
#[tokio::test]
async fn after_a_setback_no_mail_is_tried_for_a_moment() {
    let (world, sealed) = world().await;
    world.mailer.set(Mood::Refuses);
    for _ in 0..30 {
        let page = Browser::new(&world).ask(&sealed).await;
        assert_eq!(page.status, StatusCode::BAD_GATEWAY);
        assert!(page.has("Nothing was used up"));
    }
    assert_eq!(world.mailer.tries(), 1);
    let told = world.audit_kinds().await;
    let tried = told.iter().filter(|kind| kind.starts_with("code "));
    assert_eq!(tried.count(), 2, "requested, and not sent: {told:?}");
    let other = world.seal(&samples::plain(), &Terms::default()).await;
    Browser::new(&world).ask(&other).await;
    assert_eq!(world.mailer.tries(), 2, "another letter is tried");
    world.pass_seconds(SETBACK_SECONDS);
    world.mailer.set(Mood::Takes);
    assert_eq!(
        Browser::new(&world).ask(&sealed).await.status,
        StatusCode::OK
    );
    assert_eq!(world.mailer.codes().len(), 1);
}

/// A link that is fetched without end makes a row a minute, which says how often.
#[tokio::test]
async fn fetching_a_link_does_not_fill_the_log() {
    let (world, sealed) = world().await;
    let other = world.seal(&samples::plain(), &Terms::default()).await;
    for _ in 0..50 {
        Browser::new(&world).open_link(&sealed).await;
    }
    Browser::new(&world).open_link(&other).await;
    world.pass_seconds(FETCHES_SECONDS);
    Browser::new(&world).open_link(&sealed).await;
    let rows = world.audit_events().await;
    for kind in ["link fetched", "page shown"] {
        let of = |sealed: &Sealed| -> Vec<String> {
            let grant = sealed.grant.to_string();
            let mine = rows.iter().filter(|event| {
                event.kind == kind && event.grant.as_deref() == Some(grant.as_str())
            });
            mine.map(|event| event.detail["times"].clone()).collect()
        };
        assert_eq!(of(&sealed), ["1", "50"], "{kind}");
        assert_eq!(of(&other), ["1"], "{kind}");
    }
}
