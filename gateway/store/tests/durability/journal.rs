//! The audit journal: what a process left behind is told once, and nothing is told twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mail::Timestamp;
use seal::ServerKey;
use sqlx::Connection;
use store::{AuditEvent, Durability, Store, StoreError};

use crate::common::{START, World, open, still};
use crate::tamper::behind;

/// The journals in a folder.
fn journals(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let journal = |path: &PathBuf| path.to_string_lossy().contains("-audit-");
    entries.map(|entry| entry.path()).filter(journal).collect()
}

async fn append(store: &Store, events: usize, octets: usize) {
    for number in 0..events {
        let event = AuditEvent::new("passed")
            .detail("number", number)
            .detail("text", "x".repeat(octets));
        store.audit(event, Durability::Within).await.unwrap();
    }
}

/// What is on the disk when a process is killed: a copy, which nobody holds locked.
fn killed(world: &World) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&world.folder).unwrap().flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}

async fn count(folder: &Path) -> u64 {
    let key = Arc::new(ServerKey::from_bytes(&[9; 32]));
    let store = open(folder, key, still()).await.unwrap();
    let counted = store.check_audit().await.unwrap();
    store.close().await;
    counted
}

#[tokio::test]
async fn what_a_killed_process_left_is_taken_up_at_the_next_start() {
    let world = World::new().await;
    append(&world.store, 5, 0).await;
    let left = killed(&world);
    assert_eq!(journals(left.path()).len(), 1);
    assert_eq!(count(left.path()).await, 5);
    assert_eq!(journals(left.path()), [""; 0].map(PathBuf::from));
    assert_eq!(count(left.path()).await, 5, "once");
}

#[tokio::test]
async fn what_was_taken_up_before_the_kill_is_not_told_again() {
    let world = World::new().await;
    append(&world.store, 5, 0).await;
    assert_eq!(world.store.check_audit().await.unwrap(), 5);
    append(&world.store, 2, 0).await;
    let left = killed(&world);
    assert_eq!(count(left.path()).await, 7);

    // The control: without the mark in the database the five are told twice.
    let left = killed(&world);
    let location = format!("sqlite:{}", left.path().join("records.db").display());
    let mut records = sqlx::SqliteConnection::connect(&location).await.unwrap();
    let forget = sqlx::query("delete from journals");
    forget.execute(&mut records).await.unwrap();
    records.close().await.unwrap();
    assert_eq!(count(left.path()).await, 12);
}

#[tokio::test]
async fn a_torn_end_is_left_out_and_the_rest_is_told() {
    for torn in ["1796083200 {\"kind\":\"pas", "\0\0\0\0\n", "soon {}\n"] {
        let world = World::new().await;
        append(&world.store, 3, 0).await;
        let left = killed(&world);
        let journal = journals(left.path()).remove(0);
        let whole = fs::read_to_string(&journal).unwrap();
        fs::write(&journal, format!("{whole}{torn}")).unwrap();
        assert_eq!(count(left.path()).await, 3, "{torn:?}");
        let aside = format!("{}.torn", journal.display());
        assert_eq!(journals(left.path()), [PathBuf::from(aside)], "{torn:?}");
        assert_eq!(count(left.path()).await, 3, "{torn:?}: once");
    }
}

#[tokio::test]
async fn the_journal_of_a_living_process_is_its_own() {
    let world = World::new().await;
    append(&world.store, 5, 0).await;
    let other = open(&world.folder, world.key.clone(), still()).await;
    let other = other.unwrap();
    assert_eq!(journals(&world.folder).len(), 1, "it is still there");
    append(&other, 2, 0).await;
    other.close().await;
    assert_eq!(world.store.check_audit().await.unwrap(), 7);
    world.store.close().await;
    assert!(journals(&world.folder).is_empty(), "nothing is left");
}

#[tokio::test]
async fn a_long_journal_is_replaced() {
    let world = World::new().await;
    append(&world.store, 300, 15_000).await;
    assert_eq!(world.store.check_audit().await.unwrap(), 300);
    assert!(journals(&world.folder).is_empty());
    append(&world.store, 1, 0).await;
    assert_eq!(journals(&world.folder).len(), 1);
    assert_eq!(world.store.check_audit().await.unwrap(), 301);
}

#[tokio::test]
async fn when_nothing_is_taken_up_events_are_refused_at_a_limit_and_none_is_lost() {
    let world = World::new().await;
    let location = format!("sqlite:{}", world.folder.join("records.db").display());
    let mut blocker = sqlx::SqliteConnection::connect(&location).await.unwrap();
    let block = sqlx::query("begin immediate");
    block.execute(&mut blocker).await.unwrap();

    let mut written = 0;
    let refused = loop {
        let event = AuditEvent::new("passed").detail("text", "x".repeat(16_000));
        match world.store.audit(event, Durability::Within).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 5_000, "64 MiB are 4,194 such events");
    };
    assert!(matches!(refused, StoreError::Limit { .. }), "{refused}");
    blocker.close().await.unwrap();
    assert_eq!(world.store.check_audit().await.unwrap(), written);
    append(&world.store, 1, 0).await;
    // With a row that says what the log lacks.
    assert_eq!(world.store.check_audit().await.unwrap(), written + 2);
}

#[tokio::test]
async fn an_event_keeps_the_time_at_which_it_happened() {
    let world = World::new().await;
    append(&world.store, 1, 0).await;
    world.clock.advance(60);
    append(&world.store, 1, 0).await;
    let rows = world.store.audit_events(&Default::default()).await.unwrap();
    let times: Vec<Timestamp> = rows.iter().map(|row| row.at).collect();
    assert_eq!(times, [START, START + 60].map(Timestamp::from_unix));
    // The control: a journal is only as good as the chain it ends in.
    behind(&world, "records.db", "update audit set at = at + 1").await;
    assert!(world.store.check_audit().await.is_err());
}

/// Asks until it is so, for as long as several turns take.
async fn becomes(store: &Store, stuck: bool) -> bool {
    for _ in 0..100 {
        if store.audit_is_stuck() == stuck {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test]
async fn a_database_that_takes_nothing_up_is_told_until_it_does() {
    let world = World::new().await;
    append(&world.store, 1, 0).await;
    assert!(
        becomes(&world.store, false).await,
        "the control: it takes up"
    );
    let fail = "create trigger fail before insert on audit \
        begin select raise(abort, 'no room'); end";
    behind(&world, "records.db", fail).await;
    append(&world.store, 2, 0).await;
    assert!(becomes(&world.store, true).await, "nobody heard of it");
    assert!(
        !world.store.audit_alarm().is_ringing(),
        "the events are safe"
    );
    behind(&world, "records.db", "drop trigger fail").await;
    assert!(becomes(&world.store, false).await, "it takes up again");
    assert_eq!(world.store.check_audit().await.unwrap(), 3);
}
