//! A store to test with: its own folder, its own clock, letters to put into it.
#![allow(dead_code, reason = "each test crate uses its own part of this")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use mail::{Rights, Timestamp};
use seal::{Entropy, Grant, GrantId, LetterId, LinkSecret, SealedMessage, ServerKey, ShredKey};
use store::{
    Blobs, Clock, Files, NewGrant, NewLetter, Store, StoreError, StoreOptions, SystemEntropy,
};

/// When every test begins: 1 December 2026.
pub const START: i64 = 1_796_083_200;

/// A clock that stands until it is moved.
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

/// A clock of its own that stands at the start.
pub fn still() -> Arc<dyn Clock> {
    Arc::new(TestClock(AtomicI64::new(START)))
}

/// A store over SQLite and files in a folder that goes with it.
pub struct World {
    pub store: Store,
    pub clock: Arc<TestClock>,
    pub key: Arc<ServerKey>,
    pub folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl World {
    pub async fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().to_owned();
        let key = Arc::new(ServerKey::from_bytes(&[9; 32]));
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let store = open(&folder, key.clone(), clock.clone()).await.unwrap();
        Self {
            store,
            clock,
            key,
            folder,
            _temporary: Some(temporary),
        }
    }

    /// Closes the store and opens it again, as after a restart, with this key.
    pub async fn reopen(&mut self, key: ServerKey) {
        self.store.close().await;
        self.key = Arc::new(key);
        self.store = open(&self.folder, self.key.clone(), self.clock.clone())
            .await
            .unwrap();
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Puts a letter of `size` bytes for these recipients.
    pub async fn put(&self, size: usize, recipients: &[&str]) -> Sample {
        let (letter, sample) = sample(size, recipients, self.now());
        self.store.put(letter).await.unwrap();
        sample
    }

    /// Reads a letter as a reader would: through grant, wrap and sealed bytes.
    pub async fn read(&self, sample: &Sample, reader: usize) -> Option<Vec<u8>> {
        let (grant, link) = &sample.readers[reader];
        let record = self.store.grant(*grant).await.unwrap()?;
        assert!(link.fits(&record.verifier), "the verifier is the link's");
        let (wrap, shred) = (record.wrap?, record.shred_key?);
        let key = seal::unwrap(&wrap, link, &shred, &record.grant).ok()?;
        let sealed = self.store.blob(record.grant.letter).await.unwrap()?;
        SealedMessage::parse(&sealed).unwrap().open(&key).ok()
    }
}

/// The letters in packs, whether a record names them or not.
pub async fn packed(folder: &std::path::Path) -> Vec<store::Entry> {
    let files = Files::open(&format!("file:{}", folder.join("blobs").display())).unwrap();
    let mut all = Vec::new();
    for pack in files.packs().await.unwrap() {
        all.extend(files.in_pack(pack).await.unwrap());
    }
    all
}

pub async fn open(
    folder: &std::path::Path,
    key: Arc<ServerKey>,
    clock: Arc<dyn Clock>,
) -> Result<Store, StoreError> {
    let at = |name| folder.join(name).display().to_string();
    let options = StoreOptions {
        records: format!("sqlite:{}", at("records.db")),
        blobs: format!("file:{}", at("blobs")),
        shred_keys: format!("sqlite:{}", at("keys.db")),
    };
    Store::open(&options, key, clock).await
}

/// What a test knows of a letter it put.
pub struct Sample {
    pub id: LetterId,
    pub plain: Vec<u8>,
    pub readers: Vec<(GrantId, LinkSecret)>,
}

impl Sample {
    pub fn grant(&self, reader: usize) -> GrantId {
        self.readers[reader].0
    }
}

/// A sealed letter of `size` bytes that expires thirty days after `now`.
pub fn sample(size: usize, recipients: &[&str], now: Timestamp) -> (NewLetter, Sample) {
    let mut entropy = SystemEntropy;
    let id = LetterId::generate(&mut entropy);
    let mut plain = vec![0; size];
    entropy.fill(&mut plain);
    let (sealed, content) = seal::seal(&plain, id, &mut entropy);
    let mut grants = Vec::new();
    let mut readers = Vec::new();
    for recipient in recipients {
        let link = LinkSecret::generate(&mut entropy);
        let shred_key = ShredKey::generate(&mut entropy);
        let grant = Grant {
            letter: id,
            grant: GrantId::generate(&mut entropy),
            recipient: (*recipient).to_owned(),
            rights: Rights::DO_NOT_FORWARD,
            sender: "ann@corp.example".to_owned(),
            template: String::new(),
            download: true,
            commitment: content.commitment(&id),
        };
        readers.push((grant.grant, link.clone()));
        grants.push(NewGrant {
            wrap: seal::wrap(&content, &link, &shred_key, &grant, &mut entropy),
            summary: seal::close_summary(&link, &grant.grant, b"a subject", &mut entropy),
            verifier: link.verifier(),
            shred_key,
            grant,
        });
    }
    let letter = NewLetter {
        id,
        sender: "ann@corp.example".to_owned(),
        message_id_hash: Some(store::message_id_hash(&format!("<{id}@corp.example>"))),
        created: now,
        expires: now.plus_seconds(30 * 24 * 3_600),
        sealed,
        size: size as u64,
        raw_download: true,
        grants,
    };
    (letter, Sample { id, plain, readers })
}
