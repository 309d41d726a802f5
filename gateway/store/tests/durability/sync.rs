//! P1 against power loss: before a put is answered, the log of both databases, a long letter's file
//! and its folder were synced. A shim in front of `fsync` writes down what the store really does.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mail::Timestamp;
use seal::ServerKey;
use store::{AuditEvent, Clock, Durability};

use crate::common::{START, open, sample};

const LOG: &str = "SYNC_LOG";
const FOLDER: &str = "STORE_SYNC_FOLDER";

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(START)
    }
}

/// Run by [`logged`] only: three puts, one event, with marks in the log between them.
#[tokio::test]
#[ignore = "the child of the tests beside it"]
async fn child() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("run by the tests beside it"));
    let key = Arc::new(ServerKey::from_bytes(&[9; 32]));
    let store = open(&folder, key, Arc::new(Still)).await.unwrap();
    for (name, size) in [("short", 1_000), ("middle", 100_000), ("long", 400_000)] {
        let (letter, _) = sample(size, &["bob@partner.example"], Timestamp::from_unix(START));
        mark(&format!("put {name}"));
        store.put(letter).await.unwrap();
        mark(&format!("kept {name}"));
    }
    mark("event within");
    store
        .audit(AuditEvent::new("passed"), Durability::Within)
        .await
        .unwrap();
    mark("written within");
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    mark("a second later");
    mark("event before");
    store
        .audit(AuditEvent::new("sealed"), Durability::Before)
        .await
        .unwrap();
    mark("written before");
}

fn mark(line: &str) {
    use std::io::Write;
    let log = std::env::var_os(LOG).unwrap();
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(log)
        .unwrap();
    writeln!(log, "mark {line}").unwrap();
}

/// What the child synced, or `None` where there is no C compiler to build the shim.
fn logged(folder: &Path) -> Option<Vec<String>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/durability/sync_log.c");
    let shim = folder.join("sync_log.so");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(&shim)
        .arg(source)
        .arg("-ldl");
    let built = compiler.status();
    if !built.is_ok_and(|status| status.success()) {
        println!("skipped: no C compiler");
        return None;
    }
    let log = folder.join("log");
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["sync::child", "--exact", "--ignored", "--quiet"])
        .env("LD_PRELOAD", &shim)
        .env(LOG, &log)
        .env(FOLDER, folder.join("store"))
        .status();
    assert!(run.unwrap().success());
    let text = std::fs::read_to_string(log).unwrap();
    Some(text.lines().map(str::to_owned).collect())
}

/// What was synced between two marks, as file names, blobs and their folders by kind.
fn between(log: &[String], from: &str, to: &str) -> Vec<String> {
    let at = |mark: &str| {
        let mark = format!("mark {mark}");
        log.iter()
            .position(|line| *line == mark)
            .unwrap_or_else(|| panic!("no `{mark}`"))
    };
    let synced = log[at(from)..at(to)]
        .iter()
        .filter_map(|line| line.strip_prefix("sync "));
    synced.map(kind).collect()
}

fn kind(path: &str) -> String {
    let path = Path::new(path);
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let folder = path.parent().and_then(Path::file_name);
    match folder.is_some_and(|folder| folder == "blobs") {
        _ if folder.is_some_and(|folder| folder == "packs") => "pack".to_owned(),
        true if name == "packs" => "folder of the pack".to_owned(),
        true => "folder of the blob".to_owned(),
        false if name.contains(".sealed") => "blob".to_owned(),
        false if name.contains("-audit-") => "audit journal".to_owned(),
        false if name == "store" => "folder of the journal".to_owned(),
        false => name,
    }
}

/// What is missing before the answers, in words.
fn complaints(log: &[String]) -> Vec<String> {
    let needed: [(&str, &str, &[&str]); 5] = [
        (
            "put short",
            "kept short",
            &["keys.db-wal", "records.db-wal"],
        ),
        (
            "put middle",
            "kept middle",
            &[
                "pack",
                "folder of the pack",
                "blobs",
                "keys.db-wal",
                "records.db-wal",
            ],
        ),
        (
            "put long",
            "kept long",
            &[
                "blob",
                "folder of the blob",
                "keys.db-wal",
                "records.db-wal",
            ],
        ),
        ("written within", "a second later", &["records.db-wal"]),
        (
            "event before",
            "written before",
            &["audit journal", "folder of the journal"],
        ),
    ];
    let mut complaints = Vec::new();
    for (from, to, names) in needed {
        let synced = between(log, from, to);
        for name in names
            .iter()
            .filter(|name| !synced.iter().any(|synced| synced == *name))
        {
            complaints.push(format!("{name} is not synced before `{to}`"));
        }
    }
    complaints
}

#[test]
fn everything_is_synced_before_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let Some(log) = logged(folder.path()) else {
        return;
    };
    assert_eq!(complaints(&log), [""; 0], "{log:#?}");
    let free = between(&log, "event within", "written within");
    assert_eq!(free, [""; 0], "an event that need not wait does not");

    // The negative control: each sync that is left out is missed.
    for name in [
        "records.db-wal",
        "keys.db-wal",
        ".sealed",
        "/blobs/",
        ".pack\n",
        "/packs\n",
        "/blobs\n",
        "-audit-",
        "/store\n",
    ] {
        let kept = log
            .iter()
            .filter(|line| !(line.starts_with("sync") && format!("{line}\n").contains(name)));
        let without: Vec<String> = kept.cloned().collect();
        assert!(!complaints(&without).is_empty(), "without {name}");
    }
}
