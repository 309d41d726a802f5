//! The rules of challenges and visits (DESIGN section 7, V16, V17).

use seal::GrantId;
use store::challenge::{
    BROWSER_SECONDS, CHALLENGE_SECONDS, CHALLENGES_FREE, CHALLENGES_FREE_KNOWN, DELAY_SECONDS_MAX,
    TRIES_MAX, delay_seconds,
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
        Asked::Wait { seconds } => panic!("made to wait for {seconds} s"),
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
            Try::Counted { left } => counted.push(left),
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
            left: TRIES_MAX - 1
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
    let Asked::Wait { seconds } = ask(&world, grant, 1).await else {
        panic!("no delay at all")
    };
    assert!(seconds as i64 <= DELAY_SECONDS_MAX, "{seconds}");
    hostile(200, 1_000).await;
    world.clock.advance(seconds as i64 - 1);
    assert_eq!(ask(&world, grant, 1).await, Asked::Wait { seconds: 1 });
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
            left: TRIES_MAX - 1
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
        .open_visit(grant, [7; 32], [1; 32], until)
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
    let Asked::Wait { seconds } = ask(&world, grant, 1).await else {
        panic!("no limit at all")
    };
    assert!(seconds as i64 <= DELAY_SECONDS_MAX);
    world.clock.advance(BROWSER_SECONDS);
    assert!(!world.store.known_browser(grant, [1; 32]).await.unwrap());
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
        .open_visit(grant, [7; 32], [1; 32], until)
        .await
        .unwrap();
    world
        .store
        .open_visit(grant, [8; 32], [1; 32], until)
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
