//! The facade: what the rest of Sealgate knows of the store.
//! It puts keys, marks and time to what the backends keep; they know none of these.

mod approvers;
mod audit;
mod challenges;
mod ending;
mod holding;
mod letters;
mod passing;
mod rotation;

use std::sync::Arc;

use mail::{Address, Timestamp};
use seal::ServerKey;
use sha2::{Digest, Sha256};

use crate::alarm::AuditAlarm;
use crate::blobs::Blobs;
use crate::clock::{Clock, SystemEntropy};
use crate::error::StoreError;
use crate::files::Files;
use crate::records::{Keys, Records};
use crate::sqlite::{SqliteKeys, SqliteRecords, path_of};

pub use rotation::Rotated;

type Result<T> = std::result::Result<T, StoreError>;

/// Purposes of records closed under the server key.
const SHRED_KEY: &str = "shred key";
const OUTBOX: &str = "outbox";

/// Where the store keeps what.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite:PATH`.
    pub records: String,
    /// `file:PATH`.
    pub blobs: String,
    /// `sqlite:PATH`, another one, outside the backups of the store.
    pub shred_keys: String,
}

/// The store.
pub struct Store {
    records: Arc<dyn Records>,
    blobs: Arc<dyn Blobs>,
    keys: Arc<dyn Keys>,
    server_key: Arc<ServerKey>,
    clock: Arc<dyn Clock>,
    audit_alarm: AuditAlarm,
}

impl Store {
    /// Opens the store, making what is not there yet.
    pub async fn open(
        options: &StoreOptions,
        server_key: impl Into<Arc<ServerKey>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        if path_of(&options.records)? == path_of(&options.shred_keys)? {
            // A backup of the records must not be a backup of the keys.
            let location = options.shred_keys.clone();
            let why = "the shred keys need a database of their own";
            return Err(StoreError::Location { location, why });
        }
        let records = SqliteRecords::open(&options.records).await?;
        let keys = SqliteKeys::open(&options.shred_keys).await?;
        let blobs = Files::open(&options.blobs)?;
        Ok(Self::new(
            Arc::new(records),
            Arc::new(blobs),
            Arc::new(keys),
            server_key,
            clock,
        ))
    }

    /// A store over these backends.
    pub fn new(
        records: Arc<dyn Records>,
        blobs: Arc<dyn Blobs>,
        keys: Arc<dyn Keys>,
        server_key: impl Into<Arc<ServerKey>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            records,
            blobs,
            keys,
            server_key: server_key.into(),
            clock,
            audit_alarm: AuditAlarm::default(),
        }
    }

    /// Whether everything can be written to now. An error means: not ready.
    pub async fn health(&self) -> Result<()> {
        self.records.health().await?;
        self.keys.health().await?;
        self.blobs.health().await
    }

    /// Waits for what is under way and closes the databases. Nothing is lost without it.
    pub async fn close(&self) {
        self.records.close().await;
        self.keys.close().await;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn entropy(&self) -> SystemEntropy {
        SystemEntropy
    }
}

/// What a Message-ID is found by: the store does not keep Message-IDs themselves.
/// Angle brackets and surrounding spaces do not count.
pub fn message_id_hash(message_id: &str) -> [u8; 32] {
    let bare = message_id
        .trim()
        .trim_start_matches('<')
        .trim_end_matches('>');
    Sha256::new()
        .chain_update(b"sealgate message id 1")
        .chain_update(bare)
        .finalize()
        .into()
}

/// One spelling for each mailbox, by which its challenges are counted.
fn mailbox(recipient: &str) -> String {
    match Address::parse(recipient) {
        Ok(address) => address.key().to_owned(),
        Err(_) => recipient.to_lowercase(),
    }
}

/// Refuses what is longer than `limit`.
fn within(what: &'static str, length: usize, limit: usize) -> Result<()> {
    if length <= limit {
        Ok(())
    } else {
        Err(StoreError::Limit {
            what,
            limit: limit as u64,
        })
    }
}
