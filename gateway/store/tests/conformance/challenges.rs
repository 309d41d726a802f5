//! The rules of challenges and visits (DESIGN section 7, V16, V17).

use seal::GrantId;
use store::challenge::{
    BROWSER_SECONDS, CHALLENGE_SECONDS, CHALLENGES_FREE, CHALLENGES_FREE_KNOWN, DELAY_SECONDS_MAX,
    GUESSES_FREE, GUESSES_SECONDS, TRIES_MAX, delay_seconds,
};
use store::{Asked, Challenge, Try};

use crate::common::World;

async fn ask(world: &World, grant: GrantId, browser: u8) -> Asked {
    world
        .store
        .open_challenge(grant, [browser; 32])
        .await
        .unwrap()
}

async fn open(world: &World, grant: GrantId, browser: u8) -> Challenge {
    match ask(world, grant, browser).await {
        Asked::Open(challenge) => challenge,
        Asked::Wait { seconds, .. } => panic!("made to wait for {seconds} s"),
    }
}

async fn a_grant(world: &World) -> GrantId {
    world.put(10, &["bob@partner.example"]).await.grant(0)
}

#[tokio::test]
async fn asking_again_gives_the_same_challenge_and_no_longer_life() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    assert_eq!(world.store.challenge(grant, [1; 32]).await.unwrap(), None);
    let first = open(&world, grant, 1).await;
    assert_eq!(first.expires, world.now().plus_seconds(CHALLENGE_SECONDS));
    assert_eq!((first.tries_left, first.asks), (TRIES_MAX, 1));
    world.clock.advance(CHALLENGE_SECONDS - 1);
    let again = open(&world, grant, 1).await;
    assert_eq!(
        (again.id, again.expires, again.asks),
        (first.id, first.expires, 2)
    );
    assert_eq!(
        world.store.challenge(grant, [1; 32]).await.unwrap(),
        Some(again)
    );
    world.clock.advance(1);
    assert_eq!(world.store.challenge(grant, [1; 32]).await.unwrap(), None);
    assert_ne!(open(&world, grant, 1).await.id, first.id);
}

#[tokio::test]
async fn a_challenge_belongs_to_the_browser_that_asked() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    let mine = open(&world, grant, 1).await;
    let other = open(&world, grant, 2).await;
    assert_ne!(mine.id, other.id);
    assert_eq!(
        world.store.count_try(mine.id, [2; 32]).await.unwrap(),
        Try::Over
    );
    assert!(!world.store.use_challenge(mine.id, [2; 32]).await.unwrap());
    assert_eq!(
        open(&world, grant, 1).await.tries_left,
        TRIES_MAX,
        "nothing was spent"
    );
}

#[tokio::test]
async fn five_tries_and_no_more_even_all_at_once() {
    let world = std::sync::Arc::new(World::new().await);
    let grant = a_grant(&world).await;
    let challenge = open(&world, grant, 1).await;
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let (world, id) = (world.clone(), challenge.id);
        tasks.push(tokio::spawn(async move {
            world.store.count_try(id, [1; 32]).await.unwrap()
        }));
    }
    let mut counted = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Try::Counted { left, .. } => counted.push(left),
            other => assert_eq!(other, Try::Spent),
        }
    }
    counted.sort_unstable();
    assert_eq!(counted, [0, 1, 2, 3, 4]);
    assert_ne!(
        open(&world, grant, 1).await.id,
        challenge.id,
        "a new one may be asked for"
    );
}

#[tokio::test]
async fn a_challenge_is_used_up_once_and_only_after_a_counted_try() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    let challenge = open(&world, grant, 1).await;
    assert!(
        !world
            .store
            .use_challenge(challenge.id, [1; 32])
            .await
            .unwrap(),
        "no try was counted"
    );
    assert_eq!(
        world.store.count_try(challenge.id, [1; 32]).await.unwrap(),
        Try::Counted {
            left: TRIES_MAX - 1,
            long: false
        }
    );
    assert!(
        world
            .store
            .use_challenge(challenge.id, [1; 32])
            .await
            .unwrap()
    );
    assert!(
        !world
            .store
            .use_challenge(challenge.id, [1; 32])
            .await
            .unwrap()
    );
    assert_eq!(
        world.store.count_try(challenge.id, [1; 32]).await.unwrap(),
        Try::Over
    );
}

#[tokio::test]
async fn nothing_is_taken_after_a_quarter_of_an_hour() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    let challenge = open(&world, grant, 1).await;
    world.store.count_try(challenge.id, [1; 32]).await.unwrap();
    world.clock.advance(CHALLENGE_SECONDS);
    assert_eq!(
        world.store.count_try(challenge.id, [1; 32]).await.unwrap(),
        Try::Over
    );
    assert!(
        !world
            .store
            .use_challenge(challenge.id, [1; 32])
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_challenge_that_was_never_mailed_uses_nothing_up() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    for _ in 0..3 * CHALLENGES_FREE {
        let challenge = open(&world, grant, 1).await;
        world.store.withdraw_challenge(challenge.id).await.unwrap();
    }
    let challenge = open(&world, grant, 1).await;
    world.store.count_try(challenge.id, [1; 32]).await.unwrap();
    world.store.withdraw_challenge(challenge.id).await.unwrap();
    assert_eq!(
        open(&world, grant, 1).await.tries_left,
        TRIES_MAX - 1,
        "a tried one stays"
    );
}

#[test]
fn a_delay_doubles_up_to_its_limit() {
    let delays: Vec<i64> = (0..12).map(|earlier| delay_seconds(earlier, 3)).collect();
    assert_eq!(delays, [0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900, 900]);
    assert_eq!(delay_seconds(u64::MAX, 3), DELAY_SECONDS_MAX);
}

/// A thousand hostile browsers ask first; the reader, in a new browser, waits at most a quarter
/// of an hour from his own first asking, and what comes after him does not push him back.
#[tokio::test]
async fn a_thousand_hostile_challenges_do_not_lock_the_reader_out() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    let hostile = async |count: u16, from: u16| {
        for number in from..from + count {
            let mut browser = [0xee; 32];
            browser[..2].copy_from_slice(&number.to_be_bytes());
            world.store.open_challenge(grant, browser).await.unwrap();
        }
    };
    hostile(1_000, 0).await;
    let Asked::Wait { seconds, .. } = ask(&world, grant, 1).await else {
        panic!("no delay at all")
    };
    assert!(seconds as i64 <= DELAY_SECONDS_MAX, "{seconds}");
    hostile(200, 1_000).await;
    world.clock.advance(seconds as i64 - 1);
    let on = ask(&world, grant, 1).await;
    assert!(matches!(on, Asked::Wait { seconds: 1, .. }));
    world.clock.advance(1);
    let challenge = open(&world, grant, 1).await;
    assert_eq!(
        challenge.expires,
        world.now().plus_seconds(CHALLENGE_SECONDS),
        "his full time"
    );
    assert_eq!(
        world.store.count_try(challenge.id, [1; 32]).await.unwrap(),
        Try::Counted {
            left: TRIES_MAX - 1,
            long: true
        }
    );
    assert!(
        world
            .store
            .use_challenge(challenge.id, [1; 32])
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_browser_that_proved_itself_has_a_budget_of_its_own() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    let until = world.now().plus_seconds(3_600);
    assert!(!world.store.known_browser(grant, [1; 32]).await.unwrap());
    world
        .store
        .open_visit(grant, [7; 32], [[1; 32]; 2], until)
        .await
        .unwrap();
    assert!(world.store.known_browser(grant, [1; 32]).await.unwrap());
    for hostile in 100..150 {
        ask(&world, grant, hostile).await;
    }
    assert!(
        matches!(ask(&world, grant, 150).await, Asked::Wait { .. }),
        "the control"
    );
    for _ in 0..CHALLENGES_FREE_KNOWN {
        let challenge = open(&world, grant, 1).await;
        for _ in 0..TRIES_MAX {
            world.store.count_try(challenge.id, [1; 32]).await.unwrap();
        }
    }
    let Asked::Wait { seconds, .. } = ask(&world, grant, 1).await else {
        panic!("no limit at all")
    };
    assert!(seconds as i64 <= DELAY_SECONDS_MAX);
    world.clock.advance(BROWSER_SECONDS);
    assert!(!world.store.known_browser(grant, [1; 32]).await.unwrap());
}

/// A browser of its own for every number.
fn hostile(number: u16) -> [u8; 32] {
    let mut browser = [0xee; 32];
    browser[..2].copy_from_slice(&number.to_be_bytes());
    browser
}

/// Guesses, from as many browsers as it takes, until a longer code is asked for. Says how many
/// were compared with the short one.
async fn guess(world: &World, grant: GrantId, browsers: u16) -> u64 {
    let mut compared = 0;
    for number in 0..browsers {
        let browser = hostile(number);
        while let Asked::Wait { seconds, .. } =
            world.store.open_challenge(grant, browser).await.unwrap()
        {
            world.clock.advance(seconds as i64);
        }
        let challenge = world
            .store
            .challenge(grant, browser)
            .await
            .unwrap()
            .unwrap();
        for _ in 0..TRIES_MAX {
            let tried = world.store.count_try(challenge.id, browser).await.unwrap();
            compared += u64::from(matches!(tried, Try::Counted { long: false, .. }));
        }
    }
    compared
}

/// However many browsers guess, the short code is compared with GUESSES_FREE of a day's guesses.
#[tokio::test]
async fn many_browsers_together_have_few_guesses_at_the_short_code() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    assert_eq!(guess(&world, grant, 12).await, GUESSES_FREE);
    world.clock.advance(GUESSES_SECONDS);
    assert_eq!(guess(&world, grant, 12).await, GUESSES_FREE, "the next day");
}

/// Challenges that were opened before the limit was reached do not get round it, nor do tries
/// that come all at once.
#[tokio::test]
async fn challenges_kept_ready_do_not_get_round_the_limit() {
    let world = std::sync::Arc::new(World::new().await);
    let grant = a_grant(&world).await;
    let mut ready = Vec::new();
    // Three at once, the others after 30, 60 and 120 seconds: all are still open at the end.
    for number in 0..6 {
        let asked = world.store.open_challenge(grant, hostile(number)).await;
        if let Asked::Wait { seconds, .. } = asked.unwrap() {
            world.clock.advance(seconds as i64);
            let asked = world.store.open_challenge(grant, hostile(number)).await;
            assert!(matches!(asked.unwrap(), Asked::Open(_)));
        }
        let challenge = world.store.challenge(grant, hostile(number)).await;
        ready.push(challenge.unwrap().unwrap().id);
    }
    let mut tasks = Vec::new();
    for (number, id) in ready.into_iter().enumerate() {
        for _ in 0..TRIES_MAX {
            let world = world.clone();
            let browser = hostile(number as u16);
            tasks.push(tokio::spawn(async move {
                world.store.count_try(id, browser).await.unwrap()
            }));
        }
    }
    let mut short = 0;
    for task in tasks {
        short += u64::from(matches!(
            task.await.unwrap(),
            Try::Counted { long: false, .. }
        ));
    }
    assert_eq!(short, GUESSES_FREE);
}

/// P6: the reader, in a browser nobody knows, waits for nothing of it. The code in his hands is
/// answered with a longer one, for which he has all his tries.
#[tokio::test]
async fn guessing_does_not_lock_the_reader_out() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    let mine = open(&world, grant, 1).await;
    assert!(!mine.long);
    assert_eq!(guess(&world, grant, 4).await, GUESSES_FREE);
    let tried = world.store.count_try(mine.id, [1; 32]).await.unwrap();
    assert_eq!(tried, Try::Longer);
    let longer = open(&world, grant, 1).await;
    assert_eq!((longer.id, longer.long, longer.asks), (mine.id, true, 1));
    for left in (0..TRIES_MAX).rev() {
        let tried = world.store.count_try(mine.id, [1; 32]).await.unwrap();
        assert_eq!(tried, Try::Counted { left, long: true });
    }
}

/// Browsers that proved the mailbox keep the short code, and right codes are no guesses.
#[tokio::test]
async fn known_browsers_and_right_codes_do_not_count_as_guesses() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    for browser in 0..2 * GUESSES_FREE as u16 {
        let browser = hostile(browser);
        world.clock.advance(DELAY_SECONDS_MAX);
        let Asked::Open(challenge) = world.store.open_challenge(grant, browser).await.unwrap()
        else {
            panic!("it waits")
        };
        assert!(!challenge.long);
        world.store.count_try(challenge.id, browser).await.unwrap();
        assert!(
            world
                .store
                .use_challenge(challenge.id, browser)
                .await
                .unwrap()
        );
    }
    let until = world.now().plus_seconds(3_600);
    world
        .store
        .open_visit(grant, [7; 32], [[1; 32]; 2], until)
        .await
        .unwrap();
    assert_eq!(guess(&world, grant, 6).await, GUESSES_FREE, "the control");
    let challenge = open(&world, grant, 1).await;
    assert!(!challenge.long);
    let tried = world.store.count_try(challenge.id, [1; 32]).await.unwrap();
    assert!(matches!(tried, Try::Counted { long: false, .. }));
}

#[tokio::test]
async fn limits_are_the_mailbox_s_over_all_its_letters() {
    let world = World::new().await;
    let letter = world.put(10, &["bob@partner.example"]).await;
    let other = world.put(10, &["BOB@partner.example"]).await;
    let eve = world.put(10, &["eve@partner.example"]).await;
    for browser in 0..CHALLENGES_FREE as u8 {
        open(&world, letter.grant(0), browser).await;
    }
    assert!(matches!(
        ask(&world, other.grant(0), 50).await,
        Asked::Wait { .. }
    ));
    open(&world, eve.grant(0), 50).await;
    world.clock.advance(DELAY_SECONDS_MAX);
    open(&world, other.grant(0), 51).await;
}

#[tokio::test]
async fn a_visit_lasts_until_it_is_over_or_closed() {
    let world = World::new().await;
    let grant = a_grant(&world).await;
    let (opened, until) = (world.now(), world.now().plus_seconds(100));
    world
        .store
        .open_visit(grant, [7; 32], [[1; 32]; 2], until)
        .await
        .unwrap();
    world
        .store
        .open_visit(grant, [8; 32], [[1; 32]; 2], until)
        .await
        .unwrap();
    let visit = world.store.visit([7; 32]).await.unwrap().unwrap();
    assert_eq!(
        (visit.grant, visit.opened, visit.until),
        (grant, opened, until)
    );
    assert!(world.store.visit([9; 32]).await.unwrap().is_none());
    world.store.close_visit([8; 32]).await.unwrap();
    assert!(world.store.visit([8; 32]).await.unwrap().is_none());
    world.clock.advance(100);
    assert!(world.store.visit([7; 32]).await.unwrap().is_none());
}
