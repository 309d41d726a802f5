//! How many letters a second are kept, each on the disk before its put returns.
//! It prints; it judges nothing. `STORE_BENCH_FOLDER` says on which disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mail::{Rights, Timestamp};
use seal::{Grant, GrantId, LetterId, LinkSecret, ServerKey, ShredKey};
use store::{
    AuditEvent, Clock, Durability, NewGrant, NewLetter, Store, StoreOptions, SystemEntropy,
};

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(1_796_083_200)
    }
}

const SECONDS: u64 = 3;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return println!("no runtime");
    };
    println!(
        "{:>10} {:>8} {:>12} {:>14}",
        "bytes", "writers", "puts/s", "ms a put"
    );
    for (size, writers) in [
        (4_096, 1),
        (4_096, 8),
        (4_096, 64),
        (60_000, 8),
        (1 << 20, 8),
    ] {
        runtime.block_on(puts(size, writers));
    }
    for (durability, name) in [
        (Durability::Before, "before"),
        (Durability::Within, "within"),
    ] {
        runtime.block_on(audits(durability, name));
    }
}

async fn open() -> (Arc<Store>, tempfile::TempDir) {
    let folder = match std::env::var_os("STORE_BENCH_FOLDER") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")),
    };
    let folder = folder.expect("a folder for the bench");
    let at = |name| folder.path().join(name).display().to_string();
    let options = StoreOptions {
        records: format!("sqlite:{}", at("records.db")),
        blobs: format!("file:{}", at("blobs")),
        shred_keys: format!("sqlite:{}", at("keys.db")),
    };
    let key = ServerKey::from_bytes(&[1; 32]);
    let store = Store::open(&options, key, Arc::new(Standing))
        .await
        .expect("a store");
    (Arc::new(store), folder)
}

async fn puts(size: usize, writers: usize) {
    let (store, _folder) = open().await;
    let (begin, busy) = (Instant::now(), cpu_seconds());
    let until = begin + Duration::from_secs(SECONDS);
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let plain = vec![0x5a; size];
                let mut count = 0_u64;
                while Instant::now() < until {
                    store.put(letter(&plain)).await.expect("a put");
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await.expect("a writer");
    }
    let seconds = begin.elapsed().as_secs_f64();
    let rate = count as f64 / seconds;
    let each = seconds * 1e3 * writers as f64 / count as f64;
    let cpu = (cpu_seconds() - busy) * 1e6 / count as f64;
    println!("{size:>8} {writers:>8} {rate:>8.0} {each:>9.2} {cpu:>9.0}");
    store.close().await;
}

/// What this process has used so far; the kernel counts in hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields
        .split(' ')
        .skip(12)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

async fn audits(durability: Durability, name: &str) {
    let (store, _folder) = open().await;
    let begin = Instant::now();
    let until = begin + Duration::from_secs(SECONDS);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut count = 0_u64;
                while Instant::now() < until {
                    let event = AuditEvent::new("passed").actor("ann@corp.example");
                    store.audit(event, durability).await.expect("an event");
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await.expect("a writer");
    }
    println!(
        "audit {name}: {:.0}/s with 8 writers",
        count as f64 / begin.elapsed().as_secs_f64()
    );
    store.close().await;
}

/// Sealed here as well: that is what a message costs.
fn letter(plain: &[u8]) -> NewLetter {
    let mut entropy = SystemEntropy;
    let id = LetterId::generate(&mut entropy);
    let (sealed, content) = seal::seal(plain, id, &mut entropy);
    let (link, shred_key) = (
        LinkSecret::generate(&mut entropy),
        ShredKey::generate(&mut entropy),
    );
    let grant = Grant {
        letter: id,
        grant: GrantId::generate(&mut entropy),
        recipient: "bob@partner.example".to_owned(),
        rights: Rights::DO_NOT_FORWARD,
        sender: "ann@corp.example".to_owned(),
        template: String::new(),
        download: true,
        commitment: content.commitment(&id),
    };
    let now = Timestamp::from_unix(1_796_083_200);
    NewLetter {
        id,
        sender: "ann@corp.example".to_owned(),
        message_id_hash: None,
        created: now,
        expires: now.plus_seconds(30 * 24 * 3_600),
        sealed,
        size: plain.len() as u64,
        raw_download: true,
        grants: vec![NewGrant {
            wrap: seal::wrap(&content, &link, &shred_key, &grant, &mut entropy),
            summary: seal::close_summary(&link, &grant.grant, b"a subject", &mut entropy),
            verifier: link.verifier(),
            shred_key,
            grant,
        }],
    }
}
