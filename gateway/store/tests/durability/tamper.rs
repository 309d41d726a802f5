//! V21 in the records: change any field of a grant, its expiry, its address, and it is refused.

use sqlx::Connection;
use store::StoreError;

use crate::common::World;

/// Runs a statement on a database behind the store's back.
pub async fn behind(world: &World, database: &str, statement: &'static str) -> u64 {
    let location = format!("sqlite:{}", world.folder.join(database).display());
    let mut connection = sqlx::SqliteConnection::connect(&location).await.unwrap();
    let changed = sqlx::query(statement)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    changed.rows_affected()
}

/// Counts something in a database.
pub async fn count(world: &World, database: &str, statement: &'static str) -> u64 {
    let location = format!("sqlite:{}", world.folder.join(database).display());
    let mut connection = sqlx::SqliteConnection::connect(&location).await.unwrap();
    let counted: i64 = sqlx::query_scalar(statement)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    u64::try_from(counted).unwrap()
}

#[tokio::test]
async fn a_changed_label_of_a_thread_is_refused() {
    let world = World::new().await;
    let label = mail::LabelId::parse("2096f6a2-d2f7-48be-b329-b73aaa526e5d");
    let ids = ["a@corp.example".to_owned()];
    let asked = || world.store.thread_label(&ids);
    world
        .store
        .remember_label("<a@corp.example>", label.clone())
        .await
        .unwrap();
    assert_eq!(asked().await.unwrap().unwrap().label, label, "the control");
    let statement = "update thread_labels set label = 'none'";
    assert_eq!(behind(&world, "records.db", statement).await, 1);
    let refused = asked().await;
    assert!(
        matches!(refused, Err(StoreError::Changed { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn every_changed_field_of_a_grant_is_refused() {
    let statements = [
        "update grants set recipient = 'eve@partner.example'",
        "update grants set rights = 255",
        "update grants set sender = 'bob@corp.example'",
        "update grants set template = 'other'",
        "update grants set download = 0",
        "update grants set commitment = zeroblob(32)",
        "update grants set verifier = zeroblob(32)",
        "update grants set created = created + 1",
        "update grants set state_at = state_at + 86400",
        "update grants set state = 2",
        "update grants set state = 9",
        "update grants set mark = zeroblob(32)",
        "update grants set mark = x''",
        "update grants set letter = zeroblob(16)",
        "update letters set raw_download = 0",
    ];
    for statement in statements {
        let world = World::new().await;
        let letter = world.put(10, &["bob@partner.example"]).await;
        assert!(
            world.store.grant(letter.grant(0)).await.is_ok(),
            "the control"
        );
        assert_eq!(behind(&world, "records.db", statement).await, 1);
        let refused = world.store.grant(letter.grant(0)).await;
        assert!(
            matches!(refused, Err(StoreError::Changed { .. })),
            "{statement}: {refused:?}"
        );
        assert!(!refused.unwrap_err().is_transient());
        let asked = world.store.open_challenge(letter.grant(0), [1; 32]).await;
        assert!(asked.is_err(), "{statement}: no code is mailed for it");
    }
}

#[tokio::test]
async fn a_list_says_which_grant_is_not_as_it_was_written() {
    let world = World::new().await;
    let letter = world
        .put(10, &["bob@partner.example", "eve@partner.example"])
        .await;
    let change = "update grants set state_at = state_at + 1 where recipient like 'eve%'";
    behind(&world, "records.db", change).await;
    for grant in world.store.letter(letter.id).await.unwrap().unwrap().grants {
        assert_eq!(grant.intact, grant.recipient.starts_with("bob"));
    }
}

#[tokio::test]
async fn an_expired_grant_is_not_brought_back_by_changing_its_expiry() {
    let world = World::new().await;
    let letter = world.put(10, &["bob@partner.example"]).await;
    world.clock.advance(31 * 86_400);
    behind(
        &world,
        "records.db",
        "update grants set state_at = state_at + 8640000",
    )
    .await;
    assert!(world.store.grant(letter.grant(0)).await.is_err());
}

#[tokio::test]
async fn a_changed_grant_can_still_be_revoked_but_not_extended() {
    let world = World::new().await;
    let letter = world.put(10, &["bob@partner.example"]).await;
    behind(&world, "records.db", "update grants set rights = 255").await;
    let later = world.now().plus_seconds(90 * 86_400);
    assert!(world.store.extend(letter.id, later, "admin").await.is_err());
    assert!(
        world.store.rotate().await.is_err(),
        "nor made good by a new mark"
    );
    world.store.revoke(letter.id, "admin").await.unwrap();
    assert!(world.read(&letter, 0).await.is_none());
}

#[tokio::test]
async fn a_shred_key_serves_its_own_grant_only() {
    let world = World::new().await;
    let letter = world
        .put(10, &["bob@partner.example", "eve@partner.example"])
        .await;
    let copy = "update shred_keys set closed = (select closed from shred_keys \
                order by grant_id limit 1)";
    assert_eq!(behind(&world, "keys.db", copy).await, 2);
    let (low, high) = match letter.grant(0) < letter.grant(1) {
        true => (0, 1),
        false => (1, 0),
    };
    assert!(
        world.read(&letter, low).await.is_some(),
        "the control: its own key"
    );
    let refused = world.store.grant(letter.grant(high)).await;
    assert!(
        matches!(refused, Err(StoreError::Closed { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn without_its_key_row_a_letter_stays_shut() {
    let world = World::new().await;
    let letter = world.put(10, &["bob@partner.example"]).await;
    behind(&world, "keys.db", "delete from shred_keys").await;
    let record = world.store.grant(letter.grant(0)).await.unwrap().unwrap();
    assert!(record.shred_key.is_none());
    assert!(world.read(&letter, 0).await.is_none());
}

#[tokio::test]
async fn a_changed_removed_or_reordered_audit_row_shows() {
    let statements = [
        "update audit set body = replace(body, 'number', 'anumber') where seq = 3",
        "update audit set at = at + 1 where seq = 3",
        "update audit set hash = zeroblob(32) where seq = 3",
        "delete from audit where seq = 3",
        "delete from audit where seq = 1",
        "update audit set seq = case seq when 2 then -3 else -2 end where seq in (2, 3)",
    ];
    for statement in statements {
        let world = World::new().await;
        for number in 0..5 {
            let event = store::AuditEvent::new("sealed").detail("number", number);
            world
                .store
                .audit(event, store::Durability::Before)
                .await
                .unwrap();
        }
        assert_eq!(world.store.check_audit().await.unwrap(), 5, "the control");
        assert!(behind(&world, "records.db", statement).await > 0);
        let negative = "update audit set seq = -seq where seq < 0";
        behind(&world, "records.db", negative).await;
        assert!(world.store.check_audit().await.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn a_changed_outbox_item_is_not_sent() {
    let world = World::new().await;
    let item = store::OutboxItem {
        sender: "a".into(),
        recipients: vec![],
        message: vec![1],
    };
    world.store.enqueue(&item).await.unwrap();
    behind(&world, "records.db", "update outbox set id = zeroblob(16)").await;
    assert!(world.store.due(1).await.is_err());
}
