//! V22: what was revoked stays shut, also when a backup of the store comes back, and its key is
//! gone from the disk.

use std::path::Path;

use seal::GrantState;

use crate::common::World;

/// Every file below a folder, whole.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => bytes.extend(bytes_below(&path)),
            false => bytes.extend(std::fs::read(path).unwrap()),
        }
    }
    bytes
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(std::fs::copy(&path, &to).unwrap()),
        }
    }
}

fn is_backed_up(name: &str) -> bool {
    !name.starts_with("keys.db")
}

/// The closed shred key of a grant, as it stands in the keys database.
async fn closed_key(folder: &Path, grant: seal::GrantId) -> Option<Vec<u8>> {
    let location = format!("sqlite:{}", folder.join("keys.db").display());
    let keys = store::SqliteKeys::open(&location).await.unwrap();
    let row = store::Keys::key(&keys, grant).await.unwrap();
    store::Keys::close(&keys).await;
    row.and_then(|row| row.closed)
}

#[tokio::test]
async fn a_restored_backup_of_the_store_stays_shut() {
    for size in [100, 200_000, 400_000] {
        let mut world = World::new().await;
        let revoked = world.put(size, &["bob@partner.example"]).await;
        let expired = world.put(size, &["bob@partner.example"]).await;
        let kept = world.put(size, &["bob@partner.example"]).await;
        world.store.close().await;
        let backup = tempfile::tempdir().unwrap();
        copy(&world.folder, backup.path());
        world.reopen(seal::ServerKey::from_bytes(&[9; 32])).await;

        let at = world.now();
        world.store.revoke(revoked.id, "admin").await.unwrap();
        world
            .store
            .extend(kept.id, at.plus_seconds(90 * 86_400), "admin")
            .await
            .unwrap();
        world.clock.advance(31 * 86_400);
        world.store.purge(world.now()).await.unwrap();
        world.clock.advance(-31 * 86_400);
        assert!(world.read(&kept, 0).await.is_some());
        world.store.close().await;

        for entry in std::fs::read_dir(backup.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let to = world.folder.join(name);
            if !is_backed_up(name) {
                continue;
            }
            let _ = std::fs::remove_file(&to);
            match path.is_dir() {
                true => copy(&path, &to),
                false => drop(std::fs::copy(&path, &to).unwrap()),
            }
        }
        world.reopen(seal::ServerKey::from_bytes(&[9; 32])).await;
        assert!(
            world.store.blob(revoked.id).await.unwrap().is_some(),
            "the backup is back"
        );
        let record = world.store.grant(revoked.grant(0)).await.unwrap().unwrap();
        assert_eq!(
            record.state,
            GrantState::Revoked { at },
            "and the keys know better"
        );
        let record = world.store.grant(expired.grant(0)).await.unwrap().unwrap();
        assert!(matches!(record.state, GrantState::Expired { .. }));
        assert!(world.read(&revoked, 0).await.is_none());
        assert!(world.read(&expired, 0).await.is_none());
        assert!(
            world.read(&kept, 0).await.is_some(),
            "the control: what was not ended opens"
        );
    }
}

/// The negative control of the test above: with the keys in the backup, it does open again.
#[tokio::test]
async fn a_backup_with_the_keys_would_open() {
    let mut world = World::new().await;
    let letter = world.put(100, &["bob@partner.example"]).await;
    world.store.close().await;
    let backup = tempfile::tempdir().unwrap();
    copy(&world.folder, backup.path());
    world.reopen(seal::ServerKey::from_bytes(&[9; 32])).await;
    world.store.revoke(letter.id, "admin").await.unwrap();
    world.store.close().await;
    std::fs::remove_dir_all(&world.folder).unwrap();
    copy(backup.path(), &world.folder);
    world.reopen(seal::ServerKey::from_bytes(&[9; 32])).await;
    assert!(world.read(&letter, 0).await.is_some());
}

#[tokio::test]
async fn a_deleted_key_is_on_the_disk_no_more() {
    let world = World::new().await;
    let mut letters = Vec::new();
    for _ in 0..12 {
        letters.push(world.put(10, &["bob@partner.example"]).await);
    }
    for (number, letter) in letters.iter().enumerate() {
        let closed = closed_key(&world.folder, letter.grant(0)).await.unwrap();
        // Parts, since a page of the database may cut it anywhere but in the middle of a cell.
        let part = &closed[41..];
        assert!(
            contains(&bytes_below(&world.folder), part),
            "the control: it is there before"
        );
        match number % 3 {
            0 => drop(world.store.revoke(letter.id, "admin").await.unwrap()),
            1 => drop(world.store.revoke(letter.grant(0), "admin").await.unwrap()),
            _ => world.store.abandon(letter.id).await.unwrap(),
        }
        assert!(
            !contains(&bytes_below(&world.folder), part),
            "letter {number}"
        );
    }
}

#[tokio::test]
async fn what_waits_in_the_outbox_and_the_store_is_not_readable_on_the_disk() {
    let world = World::new().await;
    let canary = b"canary-7f3a9b";
    let item = store::OutboxItem {
        sender: "ann@corp.example".into(),
        recipients: vec!["bob@partner.example".into()],
        message: canary.to_vec(),
    };
    world.store.enqueue(&item).await.unwrap();
    let thread = ["bob@partner.example".to_owned()];
    let rights = mail::Rights::DO_NOT_FORWARD;
    world
        .store
        .remember_thread("<canary-7f3a9b@x>", &thread, rights)
        .await
        .unwrap();
    let letter = world.put(10, &["bob@partner.example"]).await;
    let disk = bytes_below(&world.folder);
    assert!(!contains(&disk, canary));
    assert!(!contains(&disk, b"a subject"), "the summary is closed");
    let secret = letter.readers[0].1.declassify();
    assert!(!contains(&disk, secret), "the link secret is nowhere");
    assert!(
        contains(&disk, b"bob@partner.example"),
        "the control: addresses are readable"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    world.put(10, &["bob@partner.example"]).await;
    world.put(200_000, &["bob@partner.example"]).await;
    world.put(400_000, &["bob@partner.example"]).await;
    for name in ["records.db", "records.db-wal", "keys.db", "keys.db-wal"] {
        let mode = std::fs::metadata(world.folder.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let mode = std::fs::metadata(world.folder.join("blobs"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}
