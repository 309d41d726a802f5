//! Several letters in one browser, and codes that are asked for again: what one step gives, no
//! other takes away.

mod support;

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::ChallengeId;
use store::challenge::{ASKS_MAX, CHALLENGES_FREE};
use support::browser::{Browser, Page};
use support::samples::{self, CANARY};
use support::{Mood, Sealed, Terms, World};
use web_viewer::settings::SETBACK_SECONDS;

async fn a_letter_for(world: &World, reader: &str) -> Sealed {
    let reader = reader.to_owned();
    let terms = Terms {
        reader,
        ..Terms::default()
    };
    world.seal(&samples::plain(), &terms).await
}

fn last_code(world: &World) -> String {
    world.mailer.codes().last().unwrap().clone()
}

async fn type_right(browser: &mut Browser, sealed: &Sealed, page: &Page, code: &str) {
    let moved = browser.type_code(sealed, page, code).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.text());
    assert!(browser.get(&sealed.path()).await.has(CANARY));
}

/// Two notices came, and the reader asked for both codes before he typed the first.
#[tokio::test]
async fn one_letter_s_proof_leaves_the_other_s_code_good() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let one = a_letter_for(&world, "bob.reader@partner.example").await;
    let other = a_letter_for(&world, "bob@second.example").await;
    let one_page = browser.ask(&one).await;
    let one_code = last_code(&world);
    let other_page = browser.ask(&other).await;
    let other_code = last_code(&world);
    type_right(&mut browser, &one, &one_page, &one_code).await;
    type_right(&mut browser, &other, &other_page, &other_code).await;
    // Both mailboxes know the browser by its last name: strangers do not keep it waiting.
    for sealed in [&one, &other] {
        for _ in 0..10 {
            Browser::new(&world).ask(sealed).await;
        }
        let stranger = Browser::new(&world).ask(sealed).await;
        assert_eq!(
            stranger.status,
            StatusCode::TOO_MANY_REQUESTS,
            "the control"
        );
        let page = browser.ask_anew(sealed).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    }
}

/// A ticket of one letter is good after the proof of another.
#[tokio::test]
async fn one_letter_s_proof_leaves_the_other_s_ticket_good() {
    let world = World::new().await;
    let one = a_letter_for(&world, "bob.reader@partner.example").await;
    let other = a_letter_for(&world, "bob@second.example").await;
    for _ in 0..CHALLENGES_FREE {
        Browser::new(&world).ask(&other).await;
    }
    let mut browser = Browser::new(&world);
    let waits = browser.ask(&other).await;
    assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
    let page = browser.ask(&one).await;
    type_right(&mut browser, &one, &page, &last_code(&world)).await;
    world.pass_seconds(waits.field("retry-after").parse().unwrap());
    let page = browser.ask(&other).await;
    assert_eq!(page.status, StatusCode::OK, "its turn was kept");
    // As the store forgets it in a crowd; the ticket was made out before the proof.
    let id = URL_SAFE_NO_PAD.decode(page.hidden("challenge")).unwrap();
    let id = ChallengeId(id.try_into().unwrap());
    world.store.withdraw_challenge(id).await.unwrap();
    let page = browser.ask(&other).await;
    assert!(page.has("a code of 16 digits"), "{}", page.text());
    let long = last_code(&world);
    type_right(&mut browser, &other, &page, &long).await;
}

/// A repeat that the next hop did not take, or that was not tried again yet, is not one of those
/// that a code has.
#[tokio::test]
async fn a_repeat_that_was_not_mailed_uses_nothing_up() {
    let world = World::new().await;
    let sealed = a_letter_for(&world, "bob.reader@partner.example").await;
    let mut browser = Browser::new(&world);
    browser.ask(&sealed).await;
    for mood in [Mood::Later, Mood::Refuses] {
        world.mailer.set(mood);
        for _ in 0..ASKS_MAX {
            let page = browser.ask(&sealed).await;
            assert!(page.has("Nothing was used up"), "{}", page.text());
        }
        world.pass_seconds(SETBACK_SECONDS);
    }
    world.mailer.set(Mood::Takes);
    for _ in 1..ASKS_MAX {
        let page = browser.ask(&sealed).await;
        assert!(page.has("once more"), "{}", page.text());
    }
    assert_eq!(world.mailer.codes().len(), ASKS_MAX as usize);
    browser.ask(&sealed).await;
    assert_eq!(world.mailer.codes().len(), ASKS_MAX as usize, "the limit");
}

/// A reader who hangs up while his reply is handed over: it goes out, and the log has it.
#[tokio::test]
async fn a_reply_under_way_is_finished_without_its_reader() {
    let world = World::new().await;
    let sealed = a_letter_for(&world, "bob.reader@partner.example").await;
    let mut browser = Browser::new(&world);
    browser.read(&world, &sealed).await;
    let path = format!("{}/reply", sealed.path());
    let form = browser.get(&path).await;
    world.mailer.take_milliseconds(3_000);
    let reply = tokio::spawn(async move {
        let (token, once) = (form.hidden("token"), form.hidden("once"));
        let form = [
            ("token", None, token.as_bytes()),
            ("once", None, once.as_bytes()),
            ("text", None, &b"yes"[..]),
        ];
        browser.post_files(&path, &form).await
    });
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    reply.abort();
    assert!(reply.await.is_err(), "it was under way");
    assert!(world.mailer.replies.lock().unwrap().is_empty());
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if world.audit_kinds().await.iter().any(|it| it == "replied") {
            assert_eq!(world.mailer.replies.lock().unwrap().len(), 1);
            return;
        }
    }
    panic!("it was dropped midway");
}
