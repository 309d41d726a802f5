//! The one-time code: what it opens, what locks, and that no scanner locks the reader out.

mod support;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::ChallengeId;
use store::challenge::{CHALLENGES_SHORT_MAX, GUESSES_FREE, TRIES_MAX};
use support::browser::{Browser, Page};
use support::samples::{self, CANARY};
use support::{Mood, READER, Sealed, Terms, World};
use web_viewer::settings::SETBACK_SECONDS;

async fn world() -> (World, Sealed) {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    (world, sealed)
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &code[..7])
}

#[tokio::test]
async fn the_page_and_the_mail_carry_the_same_words_and_a_pasted_code_opens() {
    let (world, sealed) = world().await;
    let mut browser = Browser::new(&world);
    let page = browser.ask(&sealed).await;
    let (code, reference) = {
        let sent = world.mailer.passcodes.lock().unwrap();
        assert_eq!(sent[0].to.as_str(), READER);
        assert_eq!(
            (sent[0].from_name.as_str(), sent[0].language.as_str()),
            ("Ann Meyer", "en")
        );
        (sent[0].code.clone(), sent[0].reference.clone())
    };
    let words = seal::reference_words(sealed.grant.as_bytes());
    assert_eq!(reference, words, "the words that the notice carries");
    assert!(page.has(&reference) && page.has("b•••r@partner.example"));
    assert!(browser.get(&sealed.path()).await.has(&reference));
    assert!(
        page.has("secure-mail@corp.example"),
        "the page says who the mail comes from"
    );
    for needed in [
        "autocomplete=\"one-time-code\"",
        "inputmode=\"numeric\"",
        "<label for=\"code\"",
    ] {
        assert!(page.has(needed), "{needed}");
    }
    assert!(!page.has(&code) && !page.has(READER) && !page.has(CANARY));
    assert!(page.has("good for 15 more minutes"), "{}", page.text());
    world.pass_seconds(14 * 60 + 1);
    let later = browser.get(&format!("{}/code", sealed.path())).await;
    assert!(later.has("good for one more minute."), "{}", later.text());
    let pasted = format!(" {}-{} ", &code[..4], &code[4..]);
    let moved = browser.type_code(&sealed, &page, &pasted).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER);
    let letter = browser.get(&sealed.path()).await;
    assert!(letter.has(CANARY) && letter.has(READER));
    let kinds = world.audit_kinds().await;
    for kind in [
        "link fetched",
        "page shown",
        "code requested",
        "code verified",
        "content revealed",
    ] {
        assert!(
            kinds.iter().any(|it| it == kind),
            "{kind} is not in {kinds:?}"
        );
    }
}

#[tokio::test]
async fn five_tries_then_locked_and_a_new_code_opens_again() {
    let (world, sealed) = world().await;
    let mut browser = Browser::new(&world);
    let page = browser.ask(&sealed).await;
    let code = world.mailer.codes()[0].clone();
    let wrong = other_than(&code);
    for left in [4, 3, 2] {
        let again = browser.type_code(&sealed, &page, &wrong).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.has(&format!("{left} more tries")), "{}", again.text());
        assert!(again.has("aria-invalid=\"true\"") && again.has("role=\"alert\""));
    }
    assert!(
        browser
            .type_code(&sealed, &page, &wrong)
            .await
            .has("one more try")
    );
    let locked = browser.type_code(&sealed, &page, &wrong).await;
    assert_eq!(locked.status, StatusCode::FORBIDDEN);
    assert!(locked.has("This code is locked"));
    // Even the right code opens a locked challenge no more.
    let right = browser.type_code(&sealed, &page, &code).await;
    assert_eq!(right.status, StatusCode::FORBIDDEN);
    let page = browser.ask(&sealed).await;
    let code = world.mailer.codes().last().unwrap().clone();
    let moved = browser.type_code(&sealed, &page, &code).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_is_no_code_costs_no_try() {
    let (world, sealed) = world().await;
    let mut browser = Browser::new(&world);
    let page = browser.ask(&sealed).await;
    for typed in [
        "",
        "1234567",
        "123456789",
        "abcdefgh",
        "1234 567x",
        "１２３４５６７８",
    ] {
        for _ in 0..3 {
            let again = browser.type_code(&sealed, &page, typed).await;
            assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
            assert!(again.has("This did not count as a try"));
        }
    }
    let code = world.mailer.codes()[0].clone();
    let moved = browser.type_code(&sealed, &page, &code).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn asking_again_sends_the_same_code_and_does_not_make_it_last_longer() {
    let (world, sealed) = world().await;
    let mut browser = Browser::new(&world);
    let page = browser.ask(&sealed).await;
    world.pass_seconds(14 * 60);
    let again = browser.ask(&sealed).await;
    assert!(again.has("once more"));
    {
        let sent = world.mailer.passcodes.lock().unwrap();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0].code, sent[1].code);
        assert_eq!(sent[0].expires, sent[1].expires);
    }
    world.pass_seconds(60);
    let code = world.mailer.codes()[0].clone();
    let expired = browser.type_code(&sealed, &page, &code).await;
    assert_eq!(expired.status, StatusCode::GONE);
    assert!(expired.has("This code has run out"));
    // A new one is another one, and opens.
    let page = browser.ask(&sealed).await;
    let new = world.mailer.codes().last().unwrap().clone();
    assert_ne!(new, code);
    let moved = browser.type_code(&sealed, &page, &new).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_code_opens_once_and_only_in_the_browser_that_asked() {
    let (world, sealed) = world().await;
    let (mut asked, mut other) = (Browser::new(&world), Browser::new(&world));
    let page = asked.ask(&sealed).await;
    let code = world.mailer.codes()[0].clone();
    other.open_link(&sealed).await;
    let stranger = other.type_code(&sealed, &page, &code).await;
    assert_eq!(stranger.status, StatusCode::GONE);
    let with_own = other.ask(&sealed).await;
    let stranger = other.type_code(&sealed, &with_own, &code).await;
    assert_eq!(stranger.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        asked.type_code(&sealed, &page, &code).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        asked.type_code(&sealed, &page, &code).await.status,
        StatusCode::GONE
    );
}

#[tokio::test]
async fn a_mail_that_is_not_taken_uses_nothing_up_and_the_page_says_so() {
    let (world, sealed) = world().await;
    let mut browser = Browser::new(&world);
    for (mood, status, title) in [
        (
            Mood::Refuses,
            StatusCode::BAD_GATEWAY,
            "The code could not be delivered",
        ),
        (
            Mood::Later,
            StatusCode::SERVICE_UNAVAILABLE,
            "The code could not be sent just now",
        ),
    ] {
        world.mailer.set(mood);
        for _ in 0..20 {
            world.pass_seconds(SETBACK_SECONDS);
            let page = browser.ask(&sealed).await;
            assert_eq!(page.status, status, "{}", page.text());
            assert!(page.has(title) && page.has("Nothing was used up"));
            assert!(
                !page.has("550"),
                "the next hop's words are not the reader's"
            );
        }
    }
    world.mailer.set(Mood::Takes);
    world.pass_seconds(SETBACK_SECONDS);
    assert!(browser.read(&world, &sealed).await.has(CANARY));
}

/// V17: whoever only presses buttons sees nothing, and the reader still gets in.
#[tokio::test]
async fn a_thousand_hostile_challenges_lock_nobody_out() {
    let (world, sealed) = world().await;
    let mut delayed = 0;
    for round in 0..1000 {
        let mut hostile = Browser::new(&world);
        let page = hostile.ask(&sealed).await;
        assert!(!page.has(CANARY));
        delayed += usize::from(page.status == StatusCode::TOO_MANY_REQUESTS);
        if round % 100 == 0 && page.status == StatusCode::OK {
            for _ in 0..7 {
                assert!(
                    !hostile
                        .type_code(&sealed, &page, "00000000")
                        .await
                        .has(CANARY)
                );
            }
        }
    }
    assert!(delayed > 900, "floods are slowed: {delayed}");
    let mut reader = Browser::new(&world);
    let page = reader.ask(&sealed).await;
    let page = match page.status {
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds: i64 = page.field("retry-after").parse().unwrap();
            assert!(
                (1..=900).contains(&seconds),
                "delayed, never denied: {seconds}"
            );
            assert!(page.has("Please wait a moment"));
            // The flood goes on while the reader waits, and does not push his turn away.
            for _ in 0..50 {
                Browser::new(&world).ask(&sealed).await;
            }
            world.pass_seconds(seconds);
            reader.ask(&sealed).await
        }
        _ => page,
    };
    enter(&world, &sealed, &mut reader, &page).await;
}

/// P6: what the store forgets in a crowd, the reader's own ticket brings back; nobody else's does.
#[tokio::test]
async fn a_code_that_was_forgotten_still_opens() {
    let (world, sealed) = world().await;
    for _ in 0..=CHALLENGES_SHORT_MAX {
        Browser::new(&world).ask(&sealed).await;
    }
    let mut reader = Browser::new(&world);
    let page = reader.ask(&sealed).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    world.pass_seconds(page.field("retry-after").parse().unwrap());
    let page = reader.ask(&sealed).await;
    assert!(page.has("a code of 16 digits"));
    let code = world.mailer.codes().last().unwrap().clone();
    let forget = async || {
        let id = URL_SAFE_NO_PAD.decode(page.hidden("challenge")).unwrap();
        let id = ChallengeId(id.try_into().unwrap());
        // As the store forgets it in a crowd: it has been asked for once at the most.
        world.store.withdraw_challenge(id).await.unwrap();
    };
    forget().await;
    let ticket = (sealed.path(), "__Secure-sealgate-ticket".to_owned());
    let mut without = reader.clone();
    without.cookies.remove(&ticket).expect("a ticket");
    let over = without.type_code(&sealed, &page, &code).await;
    assert_eq!(over.status, StatusCode::GONE, "the control");
    let mut stranger = Browser::new(&world);
    stranger.ask(&sealed).await;
    let stolen = reader.cookies[&ticket].clone();
    stranger.cookies.insert(ticket, stolen);
    let over = stranger.type_code(&sealed, &page, &code).await;
    assert_eq!(over.status, StatusCode::GONE, "another browser's ticket");
    let moved = reader.type_code(&sealed, &page, &code).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER);
    assert!(reader.get(&sealed.path()).await.has(CANARY));
}

async fn enter(world: &World, sealed: &Sealed, reader: &mut Browser, page: &Page) {
    let code = world.mailer.codes().last().unwrap().clone();
    let moved = reader.type_code(sealed, page, &code).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.text());
    assert!(reader.get(&sealed.path()).await.has(CANARY));
}

/// V17: a known browser has a budget of its own.
#[tokio::test]
async fn a_browser_that_proved_itself_before_is_not_slowed_by_strangers() {
    let (world, sealed) = world().await;
    let mut reader = Browser::new(&world);
    reader.read(&world, &sealed).await;
    let second = world.seal(&samples::plain(), &Terms::default()).await;
    for _ in 0..100 {
        Browser::new(&world).ask(&second).await;
    }
    assert!(reader.read(&world, &second).await.has(CANARY));
}

/// A name that another host of the site planted is worth nothing after the proof.
#[tokio::test]
async fn a_planted_browser_is_not_known_after_the_proof() {
    let (world, sealed) = world().await;
    let mut reader = Browser::new(&world);
    let key = ("/".to_owned(), "__Host-sealgate-browser".to_owned());
    let planted = URL_SAFE_NO_PAD.encode([7; 32]);
    reader.cookies.insert(key.clone(), planted.clone());
    reader.read(&world, &sealed).await;
    let known = reader.cookies[&key].clone();
    assert_ne!(known, planted);
    for _ in 0..100 {
        Browser::new(&world).ask(&sealed).await;
    }
    let mut other = Browser::new(&world);
    other.cookies.insert(key.clone(), planted);
    let waits = other.ask(&sealed).await;
    assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
    other.cookies.insert(key, known);
    assert_eq!(
        other.ask(&sealed).await.status,
        StatusCode::OK,
        "the control"
    );
}

/// V17: a robot that presses every button it sees, four clicks deep.
#[tokio::test]
async fn a_robot_that_presses_every_button_sees_no_content() {
    let (world, sealed) = world().await;
    let mut robot = Browser::new(&world);
    let mut pages = vec![robot.open_link(&sealed).await];
    for _ in 0..4 {
        let mut next = Vec::new();
        for page in &pages {
            for form in page.text().split("<form").skip(1) {
                let action = form
                    .split("action=\"")
                    .nth(1)
                    .unwrap()
                    .split('"')
                    .next()
                    .unwrap();
                let inputs = form.split("<input").skip(1).filter_map(|input| {
                    let name = input.split("name=\"").nth(1)?.split('"').next()?;
                    let value = input
                        .split("value=\"")
                        .nth(1)
                        .map_or("", |v| v.split('"').next().unwrap());
                    Some((name.to_owned(), value.to_owned()))
                });
                let fields: Vec<(String, String)> = inputs.collect();
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                let answer = robot.post(action, &fields).await;
                assert!(!answer.has(CANARY));
                let location = answer.field("location").to_owned();
                next.push(if location.is_empty() {
                    answer
                } else {
                    robot.get(&location).await
                });
            }
        }
        assert!(!next.is_empty(), "there were buttons to press");
        assert!(next.iter().all(|page| !page.has(CANARY)));
        pages = next;
    }
    assert!(Browser::new(&world).read(&world, &sealed).await.has(CANARY));
}

/// V16: what is not there takes as long as what is.
#[tokio::test]
async fn known_and_unknown_letters_take_the_same_time() {
    let (world, sealed) = world().await;
    let revoked = world.seal(&samples::plain(), &Terms::default()).await;
    world.store.revoke(revoked.grant, "admin").await.unwrap();
    let secret = "A".repeat(43);
    let paths = [
        format!("{}/{secret}", sealed.path()),
        format!("/l/AAAAAAAAAAAAAAAAAAAAAA/{secret}"),
        format!("{}/{secret}", revoked.path()),
        sealed.link(),
    ];
    let mut times = [const { Vec::new() }; 4];
    for round in 0..1600 {
        let start = std::time::Instant::now();
        Browser::new(&world).get(&paths[round % 4]).await;
        times[round % 4].push(start.elapsed().as_nanos());
    }
    let [known, unknown, revoked, control] = times;
    let told = [
        later(&known, &unknown),
        later(&known, &revoked),
        later(&known, &control),
    ];
    println!("how often known is slower than unknown, revoked, control: {told:.3?}");
    assert!(
        (0.4..0.6).contains(&told[0]) && (0.4..0.6).contains(&told[1]),
        "{told:?}"
    );
    // The control: the same measure tells an answered link from a refused one.
    assert!(!(0.3..0.7).contains(&told[2]), "{told:?}");
}

/// How often a time of `one` is longer than one of `other`: a half when nothing can be told.
fn later(one: &[u128], other: &[u128]) -> f64 {
    let pairs = one
        .iter()
        .flat_map(|a| other.iter().map(move |b| usize::from(a > b)));
    pairs.sum::<usize>() as f64 / (one.len() * other.len()) as f64
}

/// Guesses wrongly from as many browsers as use up the guesses at the short code.
async fn guess_on(world: &World, sealed: &Sealed) {
    for _ in 0..GUESSES_FREE / u64::from(TRIES_MAX) {
        let mut hostile = Browser::new(world);
        let mut page = hostile.ask(sealed).await;
        if page.status == StatusCode::TOO_MANY_REQUESTS {
            world.pass_seconds(page.field("retry-after").parse().unwrap());
            page = hostile.ask(sealed).await;
        }
        let wrong = other_than(world.mailer.codes().last().unwrap());
        for _ in 0..TRIES_MAX {
            hostile.type_code(sealed, &page, &wrong).await;
        }
    }
}

/// P6: many browsers guess; the reader is not kept waiting, and opens with a longer code.
#[tokio::test]
async fn after_many_wrong_codes_a_longer_one_opens_at_once() {
    let (world, sealed) = world().await;
    let mut reader = Browser::new(&world);
    let page = reader.ask(&sealed).await;
    let short = world.mailer.codes()[0].clone();
    assert!(page.has("a code of 8 digits") && !page.has("longer than usual"));
    guess_on(&world, &sealed).await;
    let told = reader.type_code(&sealed, &page, &short).await;
    assert_eq!(told.status, StatusCode::FORBIDDEN);
    assert!(told.has("A longer code is needed") && told.has("you need not wait"));
    let page = reader.ask(&sealed).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.has("a code of 16 digits") && page.has("longer than usual"));
    let long = world.mailer.codes().last().unwrap().clone();
    assert!(long.len() == 16 && !long.contains(&short), "{long}");
    let again = reader.type_code(&sealed, &page, &short).await;
    assert!(again.has("The code has 16 digits. This did not count as a try."));
    let wrong = format!("{}{}", &long[8..], &long[..8]);
    let again = reader.type_code(&sealed, &page, &wrong).await;
    assert!(
        again.has("4 more tries"),
        "all tries were left: {}",
        again.text()
    );
    let moved = reader.type_code(&sealed, &page, &long).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER);
    let kinds = world.audit_kinds().await;
    assert!(kinds.iter().any(|kind| kind == "longer code asked"));
}
