//! Limits too large to reach through the front door: the tables are filled behind the store.

use store::audit::EVENTS_MAX;
use store::challenge::{CHALLENGES_HELD_MAX, DELAY_SECONDS_MAX};
use store::passing::{OUTBOX_ITEMS_MAX, PARTICIPANTS_MAX, SERVED_RECIPIENTS_MAX};
use store::{
    Asked, AuditEvent, AuditFilter, Durability, OutboxItem, ServedKey, ServedState, StoreError,
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

#[tokio::test]
async fn ten_thousand_waiting_browsers_push_out_the_longest_forgotten() {
    let world = World::new().await;
    let grant = world.put(10, &["bob@partner.example"]).await.grant(0);
    let fill = "insert into challenges \
                (id, grant_id, mailbox, browser, known, asked, starts, ends, asks, tries) \
                with recursive number (n) as (select 1 union all select n + 1 from number \
                where n < 12000) select cast(n as blob), grants.id, grants.mailbox, \
                cast(n as blob), 0, 1796083200, 1796083200 + n % 900, 1796083200 + 1800, 0, 0 \
                from number, grants";
    assert_eq!(behind(&world, "records.db", fill).await, 12_000);
    assert_eq!(START, 1_796_083_200);
    let held = async || count(&world, "records.db", "select count(*) from challenges").await;
    let Asked::Wait { seconds } = world.store.open_challenge(grant, [1; 32]).await.unwrap() else {
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
