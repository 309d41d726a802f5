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

/// A visit to a letter, as long as `seconds`.
async fn a_visit(world: &World, token: u8, seconds: i64) -> [u8; 32] {
    let grant = world.put(10, &["bob@partner.example"]).await.grant(0);
    let (token, until) = ([token; 32], world.now().plus_seconds(seconds));
    let names = [[1; 32], [2; 32]];
    let opened = world.store.open_visit(grant, token, names, until).await;
    opened.unwrap();
    token
}

async fn all(world: &World) -> Vec<AuditEvent> {
    let rows = world.store.audit_events(&AuditFilter::default()).await;
    rows.unwrap().into_iter().map(|row| row.event).collect()
}

#[tokio::test]
async fn what_happens_again_in_a_visit_is_counted_and_told_at_its_end() {
    let world = std::sync::Arc::new(World::new().await);
    let visit = a_visit(&world, 7, 100).await;
    let read = || AuditEvent::new("read").detail("part", 1);
    world
        .store
        .audit(AuditEvent::new("proved"), Durability::Within)
        .await
        .unwrap();
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let (world, read) = (world.clone(), read());
        tasks.push(tokio::spawn(async move {
            world.store.audit_once(visit, read).await
        }));
    }
    for task in tasks {
        assert!(task.await.unwrap().unwrap());
    }
    let other = AuditEvent::new("read").detail("part", 2);
    assert!(world.store.audit_once(visit, other.clone()).await.unwrap());
    assert_eq!(
        all(&world).await,
        [AuditEvent::new("proved"), read(), other.clone()]
    );
    let first = world.now().rfc3339();
    world.clock.advance(9);
    assert!(world.store.audit_once(visit, read()).await.unwrap());
    world.store.close_visit(visit).await.unwrap();
    let again = AuditEvent::new("read again")
        .detail("part", 1)
        .detail("times", 21)
        .detail("first", first)
        .detail("last", world.now().rfc3339());
    assert_eq!(all(&world).await[3..], [again]);
    assert!(
        !world.store.audit_once(visit, read()).await.unwrap(),
        "it is over"
    );
    assert_eq!(world.store.check_audit().await.unwrap(), 4);
}

/// What is revealed is told in the order in which letters end: behind the row that ends one, none
/// says that it was read.
#[tokio::test]
async fn nothing_is_told_of_a_letter_that_ended() {
    let world = World::new().await;
    let sample = world
        .put(10, &["bob@partner.example", "carl@partner.example"])
        .await;
    let read = || AuditEvent::new("read");
    let mut visits = Vec::new();
    for number in 0..2u8 {
        let (token, until) = ([number + 1; 32], world.now().plus_seconds(i64::MAX));
        let names = [[3; 32], [4; 32]];
        let grant = sample.grant(number.into());
        world
            .store
            .open_visit(grant, token, names, until)
            .await
            .unwrap();
        assert!(world.store.audit_once(token, read()).await.unwrap());
        visits.push(token);
    }
    world
        .store
        .revoke(sample.grant(0), "ann@corp.example")
        .await
        .unwrap();
    let told = all(&world).await.len();
    assert!(!world.store.audit_once(visits[0], read()).await.unwrap());
    let other = AuditEvent::new("printed");
    assert!(
        !world
            .store
            .audit_once(visits[0], other.clone())
            .await
            .unwrap()
    );
    assert_eq!(all(&world).await.len(), told);
    assert!(
        world.store.audit_once(visits[1], read()).await.unwrap(),
        "the control"
    );
    // Its time is over; no purge has come by.
    world.clock.advance(100 * 24 * 3600);
    assert!(!world.store.audit_once(visits[1], read()).await.unwrap());
}

/// Visits that nobody ends are told by the sweep, however many there are; a visit that lasts, the
/// control, is not.
#[tokio::test]
async fn the_sweep_tells_of_visits_that_ran_out() {
    let mut world = World::new().await;
    let lasting = a_visit(&world, 8, 101).await;
    let over = a_visit(&world, 9, 100).await;
    for number in 0..501 {
        let event = AuditEvent::new("read").detail("part", number);
        assert!(world.store.audit_once(over, event).await.unwrap());
    }
    for visit in [over, lasting] {
        for _ in 0..2 {
            let event = AuditEvent::new("printed");
            assert!(world.store.audit_once(visit, event).await.unwrap());
        }
    }
    world.reopen(seal::ServerKey::from_bytes(&[9; 32])).await;
    world.clock.advance(100);
    assert!(
        !world
            .store
            .audit_once(over, AuditEvent::new("printed"))
            .await
            .unwrap()
    );
    let told = all(&world).await.len();
    for _ in 0..2 {
        world.store.purge(world.now()).await.unwrap();
        let events = all(&world).await;
        assert_eq!(events.len(), told + 1, "once, and nothing that came once");
        assert_eq!(events[told].kind, "printed again");
    }
    world.clock.advance(1);
    world.store.purge(world.now()).await.unwrap();
    assert_eq!(all(&world).await.len(), told + 2);
}
