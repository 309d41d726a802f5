//! Limits too large to reach through the front door: the tables are filled behind the store.

use store::audit::EVENTS_MAX;
use store::challenge::{CHALLENGES_HELD_MAX, DELAY_SECONDS_MAX, TICKET_SECONDS};
use store::passing::{OUTBOX_ITEMS_MAX, PARTICIPANTS_MAX, SERVED_RECIPIENTS_MAX};
use store::{
    Asked, AuditEvent, AuditFilter, Durability, OutboxItem, ServedKey, ServedState, StoreError, Try,
};

use crate::common::{START, World};
use crate::tamper::{behind, count};

#[tokio::test]
async fn a_full_outbox_says_so_and_takes_more_later() {
    let mut world = World::new().await;
    let item = OutboxItem {
        sender: "a".into(),
        recipients: vec![],
        message: vec![1],
    };
    let fill = "insert into outbox (id, created, due, attempts, item) \
                with recursive number (n) as (select 1 union all select n + 1 from number \
                where n < 99999) select cast(n as blob), 0, 9e15, 0, x'00' from number";
    assert_eq!(
        behind(&world, "records.db", fill).await,
        OUTBOX_ITEMS_MAX - 1
    );
    world.reopen(seal::ServerKey::from_bytes(&[9; 32])).await;
    let last = world.store.enqueue(&item).await.unwrap();
    let refused = world.store.enqueue(&item).await;
    assert!(
        matches!(refused, Err(StoreError::Full { .. })),
        "{refused:?}"
    );
    assert!(refused.unwrap_err().is_transient());
    world.store.finish(&[last]).await.unwrap();
    world.store.enqueue(&item).await.unwrap();
}

/// Twelve thousand browsers that asked for the one grant at [`START`], and wait.
async fn crowd(world: &World) {
    let fill = "insert into challenges \
                (id, grant_id, mailbox, browser, known, asked, starts, ends, asks, tries) \
                with recursive number (n) as (select 1 union all select n + 1 from number \
                where n < 12000) select cast(n as blob), grants.id, grants.mailbox, \
                cast(n as blob), 0, 1796083200, 1796083200 + n % 900, 1796083200 + 1800, 0, 0 \
                from number, grants";
    assert_eq!(behind(world, "records.db", fill).await, 12_000);
}

#[tokio::test]
async fn ten_thousand_waiting_browsers_are_not_all_remembered() {
    let world = World::new().await;
    let grant = world.put(10, &["bob@partner.example"]).await.grant(0);
    crowd(&world).await;
    assert_eq!(START, 1_796_083_200);
    let held = async || count(&world, "records.db", "select count(*) from challenges").await;
    let Asked::Wait { seconds, .. } = world.store.open_challenge(grant, [1; 32]).await.unwrap()
    else {
        panic!("not made to wait behind {}", held().await);
    };
    assert_eq!(held().await, CHALLENGES_HELD_MAX);
    world.store.open_challenge(grant, [2; 32]).await.unwrap();
    assert_eq!(held().await, CHALLENGES_HELD_MAX);
    assert!(seconds as i64 <= DELAY_SECONDS_MAX);
    world.clock.advance(seconds as i64);
    let asked = world.store.open_challenge(grant, [1; 32]).await.unwrap();
    assert!(
        matches!(asked, Asked::Open(_)),
        "the reader was not pushed out"
    );
}

/// P6: who holds a code keeps it, however many others ask.
#[tokio::test]
async fn ten_thousand_browsers_do_not_take_the_reader_s_code_away() {
    let world = World::new().await;
    let grant = world.put(10, &["bob@partner.example"]).await.grant(0);
    let Asked::Open(mine) = world.store.open_challenge(grant, [1; 32]).await.unwrap() else {
        panic!("the first waits");
    };
    crowd(&world).await;
    for browser in 2..20 {
        let asked = world.store.open_challenge(grant, [browser; 32]).await;
        assert!(matches!(asked.unwrap(), Asked::Wait { .. }));
    }
    let held = count(&world, "records.db", "select count(*) from challenges").await;
    assert_eq!(held, CHALLENGES_HELD_MAX);
    let tried = world.store.count_try(mine.id, [1; 32]).await.unwrap();
    assert!(matches!(tried, Try::Counted { .. }), "{tried:?}");
    assert!(world.store.use_challenge(mine.id, [1; 32]).await.unwrap());
}

/// P6: who waits opens at his time, though he was forgotten while he waited, while he had the
/// code, and while he typed it.
#[tokio::test]
async fn who_was_forgotten_is_brought_back_by_his_ticket() {
    let world = World::new().await;
    let grant = world.put(10, &["bob@partner.example"]).await.grant(0);
    crowd(&world).await;
    let forget = async || {
        let forget = "delete from challenges where browser = \
                      x'0101010101010101010101010101010101010101010101010101010101010101'";
        assert_eq!(behind(&world, "records.db", forget).await, 1);
    };
    let me = [1; 32];
    let asked = world.store.open_challenge(grant, me).await.unwrap();
    let Asked::Wait { seconds, ticket } = asked else {
        panic!("not made to wait");
    };
    forget().await;
    world.clock.advance(seconds as i64 - 1);
    world.store.bring_back(grant, me, &ticket).await.unwrap();
    let asked = world.store.open_challenge(grant, me).await.unwrap();
    let on = Asked::Wait {
        seconds: 1,
        ticket: ticket.clone(),
    };
    assert_eq!(asked, on, "a ticket opens nothing early");
    forget().await;
    world.clock.advance(1);
    world.store.bring_back(grant, me, &ticket).await.unwrap();
    let asked = world.store.open_challenge(grant, me).await.unwrap();
    let Asked::Open(mine) = asked else {
        panic!("{asked:?}")
    };
    assert_eq!((mine.id, mine.long, mine.asks), (ticket.id, true, 1));
    forget().await;
    let tried = world.store.count_try(mine.id, me).await.unwrap();
    assert_eq!(tried, Try::Over, "the control");
    world.store.bring_back(grant, me, &ticket).await.unwrap();
    let tried = world.store.count_try(mine.id, me).await.unwrap();
    assert!(
        matches!(tried, Try::Counted { long: true, .. }),
        "{tried:?}"
    );
    assert!(world.store.use_challenge(mine.id, me).await.unwrap());
    // Used is used: no ticket brings it back, even in a crowd, until the ticket itself is over.
    crowd_again(&world).await;
    world.store.bring_back(grant, me, &ticket).await.unwrap();
    assert_eq!(world.store.count_try(mine.id, me).await.unwrap(), Try::Over);
    forget().await;
    world.clock.advance(TICKET_SECONDS);
    world.store.bring_back(grant, me, &ticket).await.unwrap();
    assert_eq!(world.store.count_try(mine.id, me).await.unwrap(), Try::Over);
}

/// What a crowd opened is forgotten before what is not to be forgotten.
async fn crowd_again(world: &World) {
    let open = "update challenges set created = asked, long = 1 where created is null";
    assert!(behind(world, "records.db", open).await > 9_000);
    let grant = world.put(10, &["bob@partner.example"]).await.grant(0);
    for browser in 2..20 {
        world
            .store
            .open_challenge(grant, [browser; 32])
            .await
            .unwrap();
    }
    let held = count(world, "records.db", "select count(*) from challenges").await;
    assert_eq!(held, CHALLENGES_HELD_MAX);
}

#[tokio::test]
async fn a_reading_of_the_audit_log_gives_a_page() {
    let world = World::new().await;
    let events = vec![AuditEvent::new("passed"); EVENTS_MAX as usize + 1];
    world
        .store
        .audit_all(events, Durability::Before)
        .await
        .unwrap();
    let page = async |limit| {
        let filter = AuditFilter {
            limit,
            ..AuditFilter::default()
        };
        world.store.audit_events(&filter).await.unwrap().len()
    };
    assert_eq!(page(None).await, EVENTS_MAX as usize);
    assert_eq!(page(Some(u32::MAX)).await, EVENTS_MAX as usize);
    assert_eq!(page(Some(3)).await, 3);
    assert_eq!(
        world.store.check_audit().await.unwrap(),
        u64::from(EVENTS_MAX) + 1
    );
}

#[tokio::test]
async fn long_lists_are_refused() {
    let world = World::new().await;
    let key = ServedKey {
        sender: String::new(),
        digest: [0; 32],
    };
    let many = vec!["bob@partner.example".to_owned(); SERVED_RECIPIENTS_MAX + 1];
    let refused = world
        .store
        .remember_served(&key, &many, ServedState::Begun)
        .await;
    assert!(matches!(refused, Err(StoreError::Limit { .. })));
    let most = &many[1..];
    world
        .store
        .remember_served(&key, most, ServedState::Begun)
        .await
        .unwrap();
    let rights = mail::Rights::DO_NOT_FORWARD;
    let many = vec!["bob@partner.example".to_owned(); PARTICIPANTS_MAX + 1];
    let refused = world.store.remember_thread("<a@b>", &many, rights).await;
    assert!(matches!(refused, Err(StoreError::Limit { .. })));
    assert!(
        world
            .store
            .remember_thread("<a@b>", &many[1..], rights)
            .await
            .unwrap()
    );
}
