//! Faults of the disk and of the configuration: a put that fails leaves nothing that opens, and
//! takes no neighbour in its commit along.

use std::sync::Arc;

use seal::ServerKey;
use store::{Filter, OutboxItem, Store, StoreError, StoreOptions};

use crate::common::{World, open, packed, sample, still};
use crate::tamper::{behind, count};

/// Makes writes for `eve` fail inside the database, as a full disk would.
const RECORDS_FAIL: &str = "create trigger fail before insert on grants \
     when new.recipient like 'eve%' begin select raise(abort, 'no room'); end";
const KEYS_FAIL: &str = "create trigger fail before insert on shred_keys \
     begin select raise(abort, 'no room'); end";

fn mail() -> OutboxItem {
    OutboxItem {
        sender: String::new(),
        recipients: vec!["ann@corp.example".to_owned()],
        message: b"Subject: a receipt\r\n\r\n".to_vec(),
    }
}

#[tokio::test]
async fn a_failed_put_leaves_nothing_that_opens() {
    for (database, trigger) in [("records.db", RECORDS_FAIL), ("keys.db", KEYS_FAIL)] {
        for size in [10, 200_000, 400_000] {
            let world = World::new().await;
            behind(&world, database, trigger).await;
            let (letter, sample) = sample(size, &["eve@partner.example"], world.now());
            let mail = world.store.close_item(&mail()).unwrap();
            let put = world
                .store
                .put_with(letter.clone(), Some((mail, world.now())))
                .await;
            let error = put.unwrap_err();
            assert!(
                error.is_transient(),
                "the sender is asked to come again: {error}"
            );
            assert!(world.store.grant(sample.grant(0)).await.unwrap().is_none());
            assert!(world.store.blob(sample.id).await.unwrap().is_none());
            assert_eq!(
                count(&world, "keys.db", "select count(*) from shred_keys").await,
                0
            );
            assert_eq!(
                count(&world, "records.db", "select count(*) from letters").await,
                0
            );
            assert_eq!(
                count(&world, "records.db", "select count(*) from outbox").await,
                0,
                "nobody is told of a letter that is not there"
            );
            assert_eq!(packed(&world.folder).await, []);
            behind(&world, database, "drop trigger fail").await;
            world.store.put(letter).await.unwrap();
            assert_eq!(
                world.read(&sample, 0).await,
                Some(sample.plain.clone()),
                "and then it does"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_takes_no_neighbour_along() {
    let world = Arc::new(World::new().await);
    behind(&world, "records.db", RECORDS_FAIL).await;
    let mut puts = tokio::task::JoinSet::new();
    for number in 0..60 {
        let world = world.clone();
        puts.spawn(async move {
            let recipient = if number % 5 == 0 {
                "eve@x.example"
            } else {
                "bob@x.example"
            };
            let (letter, sample) = sample(10, &[recipient], world.now());
            (recipient, world.store.put(letter).await, sample)
        });
    }
    let mut kept = 0;
    while let Some(put) = puts.join_next().await {
        let (recipient, put, sample) = put.unwrap();
        assert_eq!(put.is_ok(), recipient.starts_with("bob"), "{put:?}");
        assert_eq!(world.read(&sample, 0).await.is_some(), put.is_ok());
        kept += usize::from(put.is_ok());
    }
    assert_eq!(kept, 48);
    assert_eq!(
        world.store.letters(&Filter::default()).await.unwrap().len(),
        48
    );
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_not_healthy() {
    let world = World::new().await;
    world.store.health().await.unwrap();
    for database in ["records.db", "keys.db"] {
        let fail = "create trigger fail before update on alive \
                    begin select raise(abort, 'no room'); end";
        behind(&world, database, fail).await;
        assert!(
            world.store.health().await.unwrap_err().is_transient(),
            "{database}"
        );
        behind(&world, database, "drop trigger fail").await;
        world.store.health().await.unwrap();
    }
    let blobs = world.folder.join("blobs");
    std::fs::remove_dir_all(&blobs).unwrap();
    std::fs::write(&blobs, b"not a folder").unwrap();
    assert!(
        world.store.health().await.is_err(),
        "the folder of blobs is gone"
    );
}

#[tokio::test]
async fn a_location_that_cannot_serve_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let good = StoreOptions {
        records: format!("sqlite:{}", at("records.db")),
        blobs: format!("file:{}", at("deep/down/blobs")),
        shred_keys: format!("sqlite:{}", at("deep/keys.db")),
    };
    let open = async |options: StoreOptions| {
        let world = crate::common::still();
        let opened = Store::open(&options, ServerKey::from_bytes(&[1; 32]), world).await;
        opened.map(|_| ())
    };
    for options in wrong_locations(&good) {
        let refused = open(options.clone()).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::Location { .. }),
            "{options:?}: {refused}"
        );
        assert!(!refused.is_transient());
    }
    open(good).await.unwrap();
    std::fs::write(
        at("other.db"),
        b"this is no database, whatever its name says",
    )
    .unwrap();
    let foreign = format!("sqlite:{}", at("other.db"));
    let blobs = format!("file:{}", at("b"));
    let keys = format!("sqlite:{}", at("k.db"));
    assert!(
        open(StoreOptions {
            records: foreign,
            blobs,
            shred_keys: keys
        })
        .await
        .is_err()
    );
}

/// Locations that no build of this store can use.
fn wrong_locations(good: &StoreOptions) -> [StoreOptions; 7] {
    let aliased = good.records.replace("sqlite:", "sqlite://");
    [
        StoreOptions {
            shred_keys: aliased,
            ..good.clone()
        },
        StoreOptions {
            records: "postgres://db".into(),
            ..good.clone()
        },
        StoreOptions {
            records: "sqlite:".into(),
            ..good.clone()
        },
        StoreOptions {
            records: "sqlite::memory:".into(),
            ..good.clone()
        },
        StoreOptions {
            blobs: "s3://bucket".into(),
            ..good.clone()
        },
        StoreOptions {
            blobs: "file:".into(),
            ..good.clone()
        },
        StoreOptions {
            shred_keys: good.records.clone(),
            ..good.clone()
        },
    ]
}

const FULL: &str = "STORE_FULL_FOLDER";

/// Run by the test below only: no file of this process grows beyond a size until it is let.
#[tokio::test]
#[ignore = "the child of the test below"]
async fn child_whose_disk_is_full_for_a_while() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let folder = std::path::PathBuf::from(std::env::var_os(FULL).expect("run by the test below"));
    let key = Arc::new(ServerKey::from_bytes(&[9; 32]));
    let store = open(&folder, key, still()).await.unwrap();
    let remember = async |number: u32| {
        let id = format!("<{number}@corp.example>");
        let people = vec!["bob@partner.example".to_owned(); 20];
        let rights = mail::Rights::DO_NOT_FORWARD;
        store.remember_thread(&id, &people, rights).await
    };
    remember(0).await.unwrap();
    let log = std::fs::metadata(folder.join("records.db-wal")).unwrap();
    let before = getrlimit(Resource::Fsize);
    let current = Some(log.len() + 20_000);
    setrlimit(Resource::Fsize, Rlimit { current, ..before }).unwrap();
    let mut refused = 0;
    for number in 1..50 {
        refused += u32::from(remember(number).await.is_err());
    }
    assert!(refused > 10, "the control: {refused} of 49 found no room");
    setrlimit(Resource::Fsize, before).unwrap();
    remember(50).await.expect("there is room again");
    store.health().await.unwrap();
}

#[test]
fn a_commit_that_found_no_room_spoils_no_later_one() {
    let folder = tempfile::tempdir().unwrap();
    // What is ignored in the shell is ignored in the child: too large a write is then an error.
    let child = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["faults::child_whose_disk_is_full_for_a_while", "--exact"])
        .args(["--ignored", "--nocapture"])
        .env(FULL, folder.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
}

/// What cannot be deleted, or cannot even be found, holds nobody else up.
#[tokio::test]
async fn one_spoilt_record_stops_no_other_ending() {
    let world = World::new().await;
    let spoilt = world.put(100_000, &["bob@partner.example"]).await;
    let other = world.put(100_000, &["bob@partner.example"]).await;
    let spoil = "update letters set sealed = x'00' where place = 3 and rowid = 1";
    behind(&world, "records.db", spoil).await;
    assert_eq!(world.store.revoke(spoilt.id, "test").await.unwrap(), 1);
    assert_eq!(world.store.revoke(other.id, "test").await.unwrap(), 1);
    assert!(world.store.blob(other.id).await.unwrap().is_none());
    let left = packed(&world.folder).await;
    assert_eq!(left.len(), 1, "the one whose place nobody knows");
    let later = world.now().plus_seconds(2 * 3_600);
    assert_eq!(world.store.purge(later).await.unwrap().orphans, 1);
    assert_eq!(packed(&world.folder).await, []);
}
