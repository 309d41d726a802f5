//! Readers who hang up midway: what was begun is finished, or wholly undone; the log has it either
//! way.

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::http::StatusCode;
use store::challenge::CHALLENGES_FREE;
use support::browser::Browser;
use support::{Mood, Sealed, Terms, World, samples};
use web_viewer::settings::SETBACK_SECONDS;

/// How long mail takes here: long enough to hang up meanwhile on the busiest machine.
const SLOW_MILLISECONDS: usize = 1_000;
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

async fn letter(world: &World) -> Sealed {
    world.seal(&samples::plain(), &Terms::default()).await
}

/// Waits until the log has so many rows of a kind.
async fn logged(world: &World, kind: &str, times: usize) {
    let rows = async {
        while world
            .audit_kinds()
            .await
            .iter()
            .filter(|it| *it == kind)
            .count()
            < times
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, rows).await;
    assert!(found.is_ok(), "no {times} rows of `{kind}` came");
}

/// Presses the button on the door and hangs up as soon as the mail system has the mail in hand.
async fn ask_and_hang_up(world: &World, browser: &Browser, sealed: &Sealed) {
    let mut browser = browser.clone();
    let token = browser.open_link(sealed).await.hidden("token");
    let path = format!("{}/code", sealed.path());
    let before = world
        .audit_kinds()
        .await
        .iter()
        .filter(|it| *it == "code requested")
        .count();
    let asking = tokio::spawn(async move { browser.post(&path, &[("token", &token)]).await });
    logged(world, "code requested", before + 1).await;
    asking.abort();
    assert!(asking.await.is_err(), "the mail was under way");
}

/// The code is mailed all the same, and opens the letter.
#[tokio::test]
async fn a_code_under_way_is_mailed_without_its_reader() {
    let world = World::new().await;
    let sealed = letter(&world).await;
    let mut browser = Browser::new(&world);
    browser.ask(&sealed).await;
    world.mailer.take_milliseconds(SLOW_MILLISECONDS);
    ask_and_hang_up(&world, &browser, &sealed).await;
    let mailed = async {
        while world.mailer.codes().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, mailed)
        .await
        .expect("a second mail");
    let page = browser.get(&format!("{}/code", sealed.path())).await;
    let moved = browser
        .type_code(&sealed, &page, &world.mailer.codes()[1])
        .await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER);
}

/// Where the mail is not taken, what the ask used up is given back, and the log says so: were it
/// not, the next browser would have to wait. That it would is the control.
#[tokio::test]
async fn a_code_that_is_not_taken_is_undone_without_its_reader() {
    for (mood, undone) in [
        (Mood::Refuses, true),
        (Mood::Later, true),
        (Mood::Takes, false),
    ] {
        let world = World::new().await;
        let sealed = letter(&world).await;
        world.mailer.set(mood);
        world.mailer.take_milliseconds(SLOW_MILLISECONDS);
        for times in 1..=CHALLENGES_FREE as usize {
            ask_and_hang_up(&world, &Browser::new(&world), &sealed).await;
            match undone {
                true => logged(&world, "code not sent", times).await,
                false => logged(&world, "code requested", times).await,
            }
            world.pass_seconds(SETBACK_SECONDS);
        }
        world.mailer.take_milliseconds(0);
        world.mailer.set(Mood::Takes);
        let next = Browser::new(&world).ask(&sealed).await;
        let expected = match undone {
            true => StatusCode::OK,
            false => StatusCode::TOO_MANY_REQUESTS,
        };
        assert_eq!(next.status, expected);
    }
}

/// Lets a request run so many steps, and drops it; whether it had an answer by then.
async fn dropped_after<T>(steps: usize, request: impl Future<Output = T>) -> bool {
    let (mut left, mut request) = (steps, pin!(request));
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        request.as_mut().poll(context).map(|_| true)
    })
    .await
}

/// A proof is made whole wherever its reader hangs up: the log has it, the code is used up, and the
/// visit is open: what this browser waits for elsewhere went over to its new name.
#[tokio::test]
async fn a_proof_that_was_begun_is_made_whole() {
    let world = World::new().await;
    let (mut begun, mut answered) = (0, false);
    for steps in 0.. {
        let terms = Terms {
            reader: format!("reader{steps}@partner.example"),
            ..Terms::default()
        };
        let sealed = world.seal(&samples::plain(), &terms).await;
        let other = world.seal(&samples::plain(), &terms).await;
        let mut browser = Browser::new(&world);
        browser.ask(&other).await;
        let page = browser.ask(&sealed).await;
        let code = world.mailer.codes().pop().unwrap();
        let mut hasty = browser.clone();
        answered = dropped_after(steps, hasty.type_code(&sealed, &page, &code)).await;
        if steps > 0 {
            begun += 1;
            logged(&world, "code verified", begun).await;
        }
        let waits = || async {
            let mut browser = browser.clone();
            let page = browser.get(&format!("{}/code", other.path())).await;
            page.status == StatusCode::OK
        };
        if steps == 0 {
            // The control: nothing was begun, so nothing is used up and nothing has moved.
            assert!(waits().await);
            let moved = browser.type_code(&sealed, &page, &code).await;
            assert_eq!(moved.status, StatusCode::SEE_OTHER);
            begun += 1;
            continue;
        }
        let opened = async {
            while waits().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let opened = tokio::time::timeout(PATIENCE, opened).await;
        assert!(opened.is_ok(), "no visit after {steps} steps");
        let again = browser.type_code(&sealed, &page, &code).await;
        assert_eq!(again.status, StatusCode::GONE, "after {steps} steps");
        if answered || steps == 20 {
            break;
        }
    }
    assert!(begun > 2 && answered, "both ends of the way were seen");
}
