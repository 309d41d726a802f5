//! The audit log: ordered, whole, and safe when it says so.

use store::{AuditEvent, AuditFilter, Durability};

use crate::common::World;

#[tokio::test]
async fn events_stand_in_order_and_are_chained() {
    let world = World::new().await;
    let letter = seal::LetterId::from_bytes([4; 16]);
    for number in 0..10 {
        let event = AuditEvent::new(if number % 2 == 0 { "sealed" } else { "passed" })
            .letter(letter)
            .actor("ann@corp.example")
            .detail("number", number);
        let durability = if number % 3 == 0 {
            Durability::Before
        } else {
            Durability::Within
        };
        world.store.audit(event, durability).await.unwrap();
        world.clock.advance(1);
    }
    let rows = world
        .store
        .audit_events(&AuditFilter::default())
        .await
        .unwrap();
    let numbers: Vec<&str> = rows
        .iter()
        .map(|row| row.event.detail["number"].as_str())
        .collect();
    assert_eq!(numbers, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(world.store.check_audit().await.unwrap(), 10);
    let narrow = AuditFilter {
        after: Some(3),
        kind: Some("sealed".into()),
        letter: Some(letter),
        limit: Some(2),
        since: None,
    };
    let rows = world.store.audit_events(&narrow).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [5, 7]);
    let other = AuditFilter {
        letter: Some(seal::LetterId::from_bytes([5; 16])),
        ..AuditFilter::default()
    };
    assert_eq!(world.store.audit_events(&other).await.unwrap(), []);
}

#[tokio::test]
async fn writers_at_once_make_one_chain() {
    let world = std::sync::Arc::new(World::new().await);
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let world = world.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..25 {
                world
                    .store
                    .audit(AuditEvent::new("passed"), Durability::Within)
                    .await
                    .unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(world.store.check_audit().await.unwrap(), 200);
}

#[tokio::test]
async fn an_event_over_the_limit_is_refused_and_harms_no_other() {
    let world = World::new().await;
    let giant = AuditEvent::new("sealed").detail("text", "x".repeat(20_000));
    let (refused, written) = tokio::join!(
        world.store.audit(giant, Durability::Before),
        world
            .store
            .audit(AuditEvent::new("sealed"), Durability::Before),
    );
    assert!(refused.is_err());
    written.unwrap();
    // The log lacks an event, and whichever write came after the refusal says so in it.
    let resume = world.store.audit_all(Vec::new(), Durability::Before);
    resume.await.unwrap();
    assert!(!world.store.audit_alarm().is_ringing());
    assert_eq!(world.store.audit_alarm().failures(), 1);
    assert_eq!(world.store.check_audit().await.unwrap(), 2);
}
