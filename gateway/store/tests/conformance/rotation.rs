//! Rotating the server key.

use seal::{Entropy, ServerKey};
use store::{HeldVerdict, OutboxItem, Rotated, SystemEntropy};

use crate::common::World;
use crate::holding::hold;

/// The newest key of a file alone, as when the older ones have left it.
fn newest(key: &ServerKey) -> ServerKey {
    let text = key.to_text();
    let newest = text.lines().find(|line| !line.starts_with('#')).unwrap();
    ServerKey::parse(newest).unwrap()
}

#[tokio::test]
async fn after_a_rotation_the_old_key_is_not_needed_and_links_still_open() {
    let mut world = World::new().await;
    let letter = world
        .put(100, &["bob@partner.example", "eve@partner.example"])
        .await;
    let revoked = world.put(100, &["bob@partner.example"]).await;
    world.store.revoke(revoked.id, "admin").await.unwrap();
    let item = OutboxItem {
        sender: "a".into(),
        recipients: vec![],
        message: vec![1, 2, 3],
    };
    world.store.enqueue(&item).await.unwrap();
    let held = hold(&world, b"waits").await;
    let decided = world.store.decide(held, HeldVerdict::Reject, None, "eve");
    decided.await.unwrap();

    let rotated = world.key.rotated(&mut SystemEntropy);
    let alone = newest(&rotated);
    world.reopen(rotated).await;
    assert_eq!(
        world.read(&letter, 0).await,
        Some(letter.plain.clone()),
        "before"
    );
    let first = world.store.rotate().await.unwrap();
    assert_eq!(
        first,
        Rotated {
            keys: 2,
            grants: 3,
            items: 1,
            held: 1
        }
    );
    assert_eq!(
        world.store.rotate().await.unwrap(),
        Rotated::default(),
        "once is enough"
    );

    world.reopen(alone).await;
    assert_eq!(
        world.read(&letter, 1).await,
        Some(letter.plain.clone()),
        "after"
    );
    assert!(world.store.grant(revoked.grant(0)).await.unwrap().is_some());
    assert_eq!(world.store.due(1).await.unwrap()[0].item, item);
    let held = world.store.held_one(held).await.unwrap().unwrap();
    assert_eq!(*world.store.held_message(&held).await.unwrap(), b"waits");
    assert!(held.decision.is_some());
}

#[tokio::test]
async fn under_a_foreign_key_nothing_opens() {
    let mut world = World::new().await;
    let letter = world.put(100, &["bob@partner.example"]).await;
    hold(&world, b"waits").await;
    let mut other = [0; 32];
    SystemEntropy.fill(&mut other);
    world.reopen(ServerKey::from_bytes(&other)).await;
    assert!(world.store.grant(letter.grant(0)).await.is_err());
    let listed = world.store.held(None, 9).await.unwrap();
    assert!(listed.len() == 1 && listed[0].2.is_err(), "{listed:?}");
    assert!(
        world
            .store
            .open_challenge(letter.grant(0), [1; 32])
            .await
            .is_err()
    );
}
