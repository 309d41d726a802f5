//! What the audit log is told of a reader: who acted, once that is known, and what was revealed.

mod support;

use axum::http::StatusCode;
use support::browser::Browser;
use support::samples;
use support::{READER, Sealed, Terms, World};

async fn world() -> (World, Sealed) {
    let world = World::new().await;
    let sealed = world.seal(&samples::rich(), &Terms::default()).await;
    (world, sealed)
}

/// Whoever holds the link may be a scanner or a thief: the log does not say that it was the reader.
#[tokio::test]
async fn nobody_is_named_as_actor_before_the_proof() {
    let (world, sealed) = world().await;
    let mut browser = Browser::new(&world);
    let page = browser.ask(&sealed).await;
    browser.type_code(&sealed, &page, "00000000").await;
    let before = world.audit_events().await;
    for kind in ["link fetched", "page shown", "code requested", "code wrong"] {
        assert!(before.iter().any(|event| event.kind == kind), "{kind}");
    }
    for event in &before {
        assert_eq!(event.actor, None, "{}", event.kind);
        assert_eq!(event.recipient.as_deref(), Some(READER), "{}", event.kind);
    }
    let letter = browser.read(&world, &sealed).await;
    let token = letter.hidden("token");
    let path = format!("{}/sign-out", sealed.path());
    let left = browser.post(&path, &[("token", &token)]).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    for kind in ["code verified", "content revealed", "signed out"] {
        let events = world.audit_events().await;
        let event = events.iter().find(|event| event.kind == kind);
        let actor = event.expect(kind).actor.as_deref();
        assert_eq!(actor, Some(READER), "{kind}");
    }
}

/// A reply page shows subject and people, so it counts as content though nobody saw the letter.
#[tokio::test]
async fn a_reply_page_shown_first_is_content_revealed() {
    for page in ["reply", "reply-all"] {
        let (world, sealed) = world().await;
        let mut browser = Browser::new(&world);
        let asked = browser.ask(&sealed).await;
        let code = world.mailer.codes().last().unwrap().clone();
        browser.type_code(&sealed, &asked, &code).await;
        let revealed = async || {
            let kinds = world.audit_kinds().await;
            kinds
                .iter()
                .filter(|kind| *kind == "content revealed")
                .count()
        };
        let opened = async || {
            let grant = world.store.grant(sealed.grant).await.unwrap();
            grant.unwrap().opened.is_some()
        };
        assert!(revealed().await == 0 && !opened().await, "the control");
        let shown = browser.get(&format!("{}/{page}", sealed.path())).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.has("Re: ") && shown.has("ann.meyer@corp.example"));
        assert!(revealed().await == 1 && opened().await, "{page}");
    }
}

/// A proven reader may ask for ever: the log has the first time of each thing at once, and how
/// often and until when as soon as the visit is over.
#[tokio::test]
async fn a_reader_who_asks_for_ever_fills_no_log() {
    const TIMES: usize = 40;
    let (world, sealed) = world().await;
    let mut browser = Browser::new(&world);
    let letter = browser.read(&world, &sealed).await;
    let text = letter.text();
    let mut addresses = text.split('"').filter(|it| it.contains("/attachment/"));
    let file = addresses.next().expect("an attachment").to_owned();
    let before = world.audit_kinds().await.len();
    let begun = world.now().rfc3339();
    for time in 1..=TIMES {
        world.pass_seconds(1);
        for path in [sealed.path(), file.clone(), format!("{file}?{time}")] {
            assert_eq!(browser.get(&path).await.status, StatusCode::OK, "{path}");
        }
    }
    let kinds = world.audit_kinds().await;
    assert_eq!(
        kinds[before..],
        ["attachment downloaded"],
        "the page was told before"
    );
    let token = letter.hidden("token");
    let path = format!("{}/sign-out", sealed.path());
    browser.post(&path, &[("token", &token)]).await;
    let events = world.audit_events().await;
    let again: Vec<_> = events
        .iter()
        .filter(|event| event.kind.ends_with(" again"))
        .collect();
    assert_eq!(again.len(), 2, "{again:?}");
    let (page, downloads) = (again[0], again[1]);
    assert_eq!(page.kind, "content revealed again");
    assert_eq!(
        (page.detail["as"].as_str(), page.detail["first"].as_str()),
        ("page", &*begun)
    );
    assert_eq!(page.detail["last"], world.now().rfc3339());
    assert_eq!(page.detail["times"], (TIMES + 1).to_string());
    assert_eq!(downloads.kind, "attachment downloaded again");
    assert_eq!(downloads.detail["times"], (2 * TIMES).to_string());
    assert_eq!(downloads.actor.as_deref(), Some(READER));
}

/// The control: what is done in another visit is told anew, and what was done once is not told
/// a second time.
#[tokio::test]
async fn each_visit_is_told_by_itself() {
    let (world, sealed) = world().await;
    for visits in 1..=2 {
        let mut browser = Browser::new(&world);
        let letter = browser.read(&world, &sealed).await;
        let path = format!("{}/sign-out", sealed.path());
        browser
            .post(&path, &[("token", &letter.hidden("token"))])
            .await;
        let kinds = world.audit_kinds().await;
        let revealed = kinds.iter().filter(|kind| *kind == "content revealed");
        assert_eq!(revealed.count(), visits);
        assert!(kinds.iter().all(|kind| !kind.ends_with(" again")));
    }
}

/// A visit that nobody signs out of is told when its time is over.
#[tokio::test]
async fn a_visit_that_runs_out_is_told_by_the_sweep() {
    let (world, sealed) = world().await;
    let mut browser = Browser::new(&world);
    browser.read(&world, &sealed).await;
    browser.get(&sealed.path()).await;
    let again = async || {
        world.store.purge(world.now()).await.unwrap();
        let kinds = world.audit_kinds().await;
        kinds
            .iter()
            .filter(|kind| *kind == "content revealed again")
            .count()
    };
    world.pass_seconds(2 * 3600 - 1);
    assert_eq!(again().await, 0, "the visit lasts");
    world.pass_seconds(1);
    assert_eq!(again().await, 1);
    assert_eq!(again().await, 1, "once");
}
