//! Revoking, expiring, extending, purging.

use mail::Timestamp;
use seal::GrantState;
use store::letter::TOMBSTONE_SECONDS;
use store::{AuditFilter, Purged};

use crate::common::World;

const DAY: i64 = 24 * 3_600;

#[tokio::test]
async fn a_revoked_letter_is_a_tombstone_for_all_its_readers() {
    let world = World::new().await;
    for size in [10, 200_000, 400_000] {
        let letter = world
            .put(size, &["bob@partner.example", "eve@partner.example"])
            .await;
        let at = world.now();
        assert_eq!(world.store.revoke(letter.id, "admin").await.unwrap(), 2);
        for reader in 0..2 {
            let record = world
                .store
                .grant(letter.grant(reader))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(record.state, GrantState::Revoked { at });
            assert!(
                letter.readers[reader].1.fits(&record.verifier),
                "the holder is told"
            );
            assert!(record.wrap.is_none() && record.shred_key.is_none());
            assert!(record.summary.is_none(), "subject and names go");
            assert!(world.read(&letter, reader).await.is_none());
        }
        assert!(world.store.blob(letter.id).await.unwrap().is_none());
        assert_eq!(world.store.revoke(letter.id, "admin").await.unwrap(), 0);
    }
}

#[tokio::test]
async fn one_grant_is_revoked_without_the_others() {
    let world = World::new().await;
    let letter = world
        .put(10, &["bob@partner.example", "eve@partner.example"])
        .await;
    assert_eq!(
        world
            .store
            .revoke(letter.grant(0), "ann@corp.example")
            .await
            .unwrap(),
        1
    );
    assert!(world.read(&letter, 0).await.is_none());
    assert_eq!(world.read(&letter, 1).await, Some(letter.plain.clone()));
    let filter = AuditFilter {
        letter: Some(letter.id),
        ..AuditFilter::default()
    };
    let events = world.store.audit_events(&filter).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event.kind, "revoked");
    assert_eq!(events[0].event.actor.as_deref(), Some("ann@corp.example"));
    assert_eq!(
        events[0].event.recipient.as_deref(),
        Some("bob@partner.example")
    );
}

#[tokio::test]
async fn a_grant_expires_by_the_clock_before_any_purge() {
    let world = World::new().await;
    let letter = world.put(10, &["bob@partner.example"]).await;
    let expires = world.now().plus_seconds(30 * DAY);
    world.clock.advance(30 * DAY - 1);
    assert!(world.read(&letter, 0).await.is_some(), "the last second");
    world.clock.advance(1);
    let record = world.store.grant(letter.grant(0)).await.unwrap().unwrap();
    assert_eq!(record.state, GrantState::Expired { at: expires });
    assert!(record.wrap.is_none() && record.shred_key.is_none());
    let listed = world.store.letter(letter.id).await.unwrap().unwrap();
    assert_eq!(listed.grants[0].state, GrantState::Expired { at: expires });
}

#[tokio::test]
async fn a_purge_ends_what_ran_out_and_nothing_else() {
    let world = World::new().await;
    let old = world
        .put(200_000, &["bob@partner.example", "eve@partner.example"])
        .await;
    world.clock.advance(DAY);
    let young = world.put(10, &["bob@partner.example"]).await;
    world.clock.advance(29 * DAY);
    let purged = world.store.purge(world.now()).await.unwrap();
    assert_eq!(
        purged,
        Purged {
            expired: 2,
            letters: 1,
            ..Purged::default()
        }
    );
    assert_eq!(
        world.store.purge(world.now()).await.unwrap(),
        Purged::default()
    );
    assert!(world.store.blob(old.id).await.unwrap().is_none());
    assert_eq!(world.read(&young, 0).await, Some(young.plain.clone()));
    let record = world.store.grant(old.grant(0)).await.unwrap().unwrap();
    assert!(matches!(record.state, GrantState::Expired { .. }));
}

#[tokio::test]
async fn a_tombstone_goes_after_its_time() {
    let world = World::new().await;
    let letter = world.put(10, &["bob@partner.example"]).await;
    world.store.revoke(letter.id, "admin").await.unwrap();
    world.clock.advance(TOMBSTONE_SECONDS - 1);
    world.store.purge(world.now()).await.unwrap();
    assert!(world.store.grant(letter.grant(0)).await.unwrap().is_some());
    world.clock.advance(1);
    assert_eq!(world.store.purge(world.now()).await.unwrap().tombstones, 1);
    assert!(world.store.grant(letter.grant(0)).await.unwrap().is_none());
    assert!(world.store.letter(letter.id).await.unwrap().is_none());
}

#[tokio::test]
async fn extending_moves_only_what_is_active_and_only_later() {
    let world = World::new().await;
    let letter = world
        .put(10, &["bob@partner.example", "eve@partner.example"])
        .await;
    world.store.revoke(letter.grant(1), "admin").await.unwrap();
    let extend =
        async |until: Timestamp| world.store.extend(letter.id, until, "admin").await.unwrap();
    assert_eq!(
        extend(world.now().plus_seconds(DAY)).await,
        0,
        "earlier is no extension"
    );
    let until = world.now().plus_seconds(60 * DAY);
    assert_eq!(extend(until).await, 1);
    world.clock.advance(59 * DAY);
    assert!(world.read(&letter, 0).await.is_some());
    assert!(
        world.read(&letter, 1).await.is_none(),
        "revoked stays revoked"
    );
    assert_eq!(
        world
            .store
            .letter(letter.id)
            .await
            .unwrap()
            .unwrap()
            .expires,
        until
    );
    world.clock.advance(2 * DAY);
    assert_eq!(
        extend(world.now().plus_seconds(DAY)).await,
        0,
        "what ran out stays shut"
    );
    assert!(world.read(&letter, 0).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_wins_over_extending_at_the_same_time() {
    let world = World::new().await;
    for _ in 0..20 {
        let letter = world.put(10, &["bob@partner.example"]).await;
        let until = world.now().plus_seconds(60 * DAY);
        let (revoked, extended) = tokio::join!(
            world.store.revoke(letter.id, "admin"),
            world.store.extend(letter.id, until, "ann@corp.example"),
        );
        assert_eq!(revoked.unwrap(), 1);
        extended.unwrap();
        let record = world.store.grant(letter.grant(0)).await.unwrap().unwrap();
        assert!(
            matches!(record.state, GrantState::Revoked { .. }),
            "{:?}",
            record.state
        );
        assert!(world.read(&letter, 0).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_does_not_take_the_key_of_what_was_extended_meanwhile() {
    let world = World::new().await;
    let (mut open, mut shut) = (0, 0);
    for _ in 0..20 {
        let letter = world.put(10, &["bob@partner.example"]).await;
        let later = world.now().plus_seconds(31 * DAY);
        let until = world.now().plus_seconds(60 * DAY);
        let (purged, extended) = tokio::join!(
            world.store.purge(later),
            world.store.extend(letter.id, until, "ann@corp.example"),
        );
        let extended = extended.unwrap();
        assert_eq!(purged.unwrap().expired + extended, 1, "one of them had it");
        assert_eq!(world.read(&letter, 0).await.is_some(), extended == 1);
        open += extended;
        shut += 1 - extended;
        world.store.abandon(letter.id).await.unwrap();
    }
    println!("{open} stayed open, {shut} were shut");
}
