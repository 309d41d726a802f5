//! `kill -9` at random: whatever was answered as kept is there afterwards, and nothing is there
//! by half. The child is this test binary itself.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mail::Timestamp;
use seal::{Entropy, GrantId, LinkSecret, SealedMessage, ServerKey};
use sha2::{Digest, Sha256};
use store::{
    AuditEvent, AuditFilter, Blobs, Clock, Durability, Files, ServedKey, ServedState, Store,
    SystemEntropy,
};

use crate::common::{START, World, open, packed, sample};

const FOLDER: &str = "STORE_CRASH_FOLDER";
const LIES: &str = "STORE_CRASH_LIES";
/// How many kills at least, and at most on a machine so slow that little is kept between them.
const ROUNDS: usize = 6;
const ROUNDS_MAX: usize = 60;
const KEPT_MIN: usize = 20;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(START)
    }
}

async fn store(folder: &Path) -> Store {
    let key = Arc::new(ServerKey::from_bytes(&[9; 32]));
    open(folder, key, Arc::new(Still)).await.unwrap()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Run by [`run_and_kill`] only: writes without end, and says what was begun and what is kept.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the child of the tests beside it"]
async fn child() {
    let folder = std::env::var_os(FOLDER).expect("run by the tests beside it");
    let lies = std::env::var_os(LIES).is_some();
    let store = Arc::new(store(Path::new(&folder)).await);
    let number = Arc::new(AtomicU64::new(0));
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, number) = (store.clone(), number.clone());
        writers.spawn(async move {
            loop {
                let number = number.fetch_add(1, Ordering::SeqCst);
                write_one(&store, number, lies).await;
            }
        });
    }
    writers.join_next().await;
}

async fn write_one(store: &Store, number: u64, lies: bool) {
    let size = match number % 4 {
        0 => 400_000,
        1 => 100_000,
        _ => 2_000,
    };
    let (letter, made) = sample(size, &["bob@partner.example"], Timestamp::from_unix(START));
    let (grant, link) = &made.readers[0];
    let digest: String = Sha256::digest(&made.plain)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let link = link.to_link_text();
    say(&format!("begun {grant} {} {digest}", *link));
    if lies {
        say(&format!("kept {grant}"));
    }
    store.put(letter).await.unwrap();
    if !lies {
        say(&format!("kept {grant}"));
    }
    let event = AuditEvent::new("passed").detail("grant", grant);
    store.audit(event, Durability::Within).await.unwrap();
    say(&format!("audited {grant}"));
    let key = ServedKey {
        sender: grant.to_string(),
        digest: [1; 32],
    };
    let bob = ["bob@partner.example".to_owned()];
    store
        .remember_served(&key, &bob, ServedState::Served)
        .await
        .unwrap();
    say(&format!("served {grant}"));
}

/// What a killed child said.
#[derive(Default)]
struct Said {
    begun: HashMap<String, (String, String)>,
    kept: Vec<String>,
    audited: Vec<String>,
    served: Vec<String>,
}

fn run_and_kill(folder: &Path, lies: bool, said: &mut Said) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "crash::child",
            "--exact",
            "--ignored",
            "--nocapture",
            "--quiet",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped());
    if lies {
        command.env(LIES, "1");
    }
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The time runs from the first letter on, so that opening does not eat it up.
    let first = lines
        .by_ref()
        .map_while(Result::ok)
        .find(|line| line.starts_with("begun"));
    let reader = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    let mut random = [0; 2];
    SystemEntropy.fill(&mut random);
    std::thread::sleep(Duration::from_millis(
        50 + u64::from(u16::from_be_bytes(random)) % 400,
    ));
    child.kill().unwrap();
    child.wait().unwrap();
    for line in first.into_iter().chain(reader.join().unwrap()) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["begun", grant, link, digest] => {
                said.begun
                    .insert(grant.to_owned(), (link.to_owned(), digest.to_owned()));
            }
            ["kept", grant] => said.kept.push(grant.to_owned()),
            ["audited", grant] => said.audited.push(grant.to_owned()),
            ["served", grant] => said.served.push(grant.to_owned()),
            _ => {}
        }
    }
}

/// Whether a letter opens, and then to what was put. Of one that was not kept a part may be there:
/// it opens nothing.
async fn whole(store: &Store, grant: &str, said: &Said) -> bool {
    let (link, digest) = &said.begun[grant];
    let Some(record) = store.grant(GrantId::parse(grant).unwrap()).await.unwrap() else {
        return false;
    };
    let link = LinkSecret::parse(link).unwrap();
    let wrap = record.wrap.expect("its wrap, which stands in the same row");
    let Some(shred) = record.shred_key else {
        return false;
    };
    let key = seal::unwrap(&wrap, &link, &shred, &record.grant).expect("a wrap that opens");
    let Some(sealed) = store.blob(record.grant.letter).await.unwrap() else {
        return false;
    };
    let plain = SealedMessage::parse(&sealed)
        .unwrap()
        .open(&key)
        .expect("a seal that fits");
    let found: String = Sha256::digest(plain)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(&found, digest);
    true
}

#[tokio::test]
async fn what_was_kept_survives_kill_9_and_the_rest_opens_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    let mut rounds = 0;
    while rounds < ROUNDS || (said.kept.len() < KEPT_MIN && rounds < ROUNDS_MAX) {
        run_and_kill(folder.path(), false, &mut said);
        rounds += 1;
        let store = store(folder.path()).await;
        for grant in &said.kept {
            assert!(
                whole(&store, grant, &said).await,
                "{grant} was lost in round {rounds}"
            );
        }
        for grant in said.begun.keys() {
            whole(&store, grant, &said).await;
        }
        let mut after = None;
        let mut audited = Vec::new();
        loop {
            let filter = AuditFilter {
                after,
                ..AuditFilter::default()
            };
            let rows = store.audit_events(&filter).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = Some(last.seq);
            audited.extend(rows.iter().map(|row| row.event.detail["grant"].clone()));
        }
        for grant in &said.audited {
            assert!(
                audited.contains(grant),
                "the event of {grant} was lost in round {rounds}"
            );
        }
        for grant in &said.served {
            let key = ServedKey {
                sender: grant.clone(),
                digest: [1; 32],
            };
            assert_eq!(store.served(&key).await.unwrap().len(), 1);
        }
        store.check_audit().await.unwrap();
        store.close().await;
    }
    assert!(
        said.kept.len() >= KEPT_MIN,
        "only {} were kept at all",
        said.kept.len()
    );
    println!(
        "{} kept, {} begun, {rounds} kills",
        said.kept.len(),
        said.begun.len()
    );
}

#[tokio::test]
async fn left_overs_of_a_crash_are_swept_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    for _ in 0..3 {
        run_and_kill(folder.path(), false, &mut said);
    }
    let store = store(folder.path()).await;
    store
        .purge(Timestamp::from_unix(START + 2 * 3_600))
        .await
        .unwrap();
    let again = store
        .purge(Timestamp::from_unix(START + 2 * 3_600))
        .await
        .unwrap();
    assert_eq!(again.orphans, 0);
    for grant in &said.kept {
        assert!(whole(&store, grant, &said).await, "{grant} was swept out");
    }
}

/// A letter in a pack that no record names goes when it is an hour old, and not before; one that a
/// record names stays, whatever else its pack holds.
#[tokio::test]
async fn a_letter_in_a_pack_without_a_record_is_swept_out_in_an_hour() {
    let world = World::new().await;
    let named = world.put(100_000, &["bob@partner.example"]).await;
    let files = Files::open(&format!("file:{}", world.folder.join("blobs").display())).unwrap();
    let (stray, _) = sample(100_000, &["bob@partner.example"], world.now());
    for id in [stray.id, named.id] {
        let sealed = stray.sealed.clone().into();
        let packed = files.pack(id, sealed, world.now()).await.unwrap().unwrap();
        packed.settle().await.unwrap();
    }
    let purge = async |minutes: i64| {
        let now = world.now().plus_seconds(60 * minutes);
        world.store.purge(now).await.unwrap().orphans
    };
    assert_eq!(purge(59).await, 0, "it may be under way");
    assert_eq!(packed(&world.folder).await.len(), 3);
    assert_eq!(purge(61).await, 2);
    assert_eq!(packed(&world.folder).await.len(), 1);
    assert_eq!(world.read(&named, 0).await, Some(named.plain.clone()));
    assert_eq!(purge(62).await, 0);
}

/// A clock that says an hour more each time it is asked, as to a process that was stopped.
struct Leaping(AtomicU64);

impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        let hours = self.0.fetch_add(1, Ordering::SeqCst);
        Timestamp::from_unix(START).plus_seconds(hours as i64 * 3_600)
    }
}

/// What took longer to keep than strays are left alone may have been swept out meanwhile.
#[tokio::test]
async fn a_letter_that_took_too_long_to_keep_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Leaping(AtomicU64::new(0)));
    let key = Arc::new(ServerKey::from_bytes(&[9; 32]));
    let store = open(folder.path(), key, clock).await.unwrap();
    let (letter, made) = sample(
        100_000,
        &["bob@partner.example"],
        Timestamp::from_unix(START),
    );
    assert!(store.put(letter).await.unwrap_err().is_transient());
    assert!(store.grant(made.grant(0)).await.unwrap().is_none());
    assert_eq!(packed(folder.path()).await, []);
}

/// The negative control: a child that says "kept" before it is, is found out.
#[tokio::test]
async fn a_store_that_answers_too_early_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    let mut lost = 0;
    for _ in 0..10 {
        run_and_kill(folder.path(), true, &mut said);
        let store = store(folder.path()).await;
        for grant in &said.kept {
            lost += u32::from(!whole(&store, grant, &said).await);
        }
        store.close().await;
        if lost > 0 {
            return;
        }
    }
    panic!("ten kills in the middle of writing lost nothing: the kill test cannot fail");
}
