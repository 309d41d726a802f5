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
