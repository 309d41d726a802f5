//! The memory of partial delivery (P7): who was served while our last answer was not 250, so that
//! a retry repeats nobody. A message that does not split costs no digest and no write.

use crate::answer::{EndFate, Outcome, Stop};
use crate::carry;
use crate::receive::Arrival;
use crate::site::Site;
use crate::trace::TRACE_FIELDS;
use mail::{Address, Message};
use rules::{Judgement, Plan};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use store::{HeldId, ServedKey, ServedState, Store, StoreError};

/// Knows whether anything is remembered at all, so that a message need not ask.
#[derive(Debug)]
pub struct Served {
    /// Remembered messages; too high after entries ran out, which costs a look-up and no more.
    remembered: AtomicU64,
}

/// What is remembered of one message.
#[derive(Debug)]
pub struct Memory {
    key: ServedKey,
    served: HashSet<String>,
    /// Whether one reply has to speak of several outcomes.
    split: bool,
    /// Whether an entry stands on disk.
    open: AtomicBool,
}

impl Served {
    /// Asks the store how much it remembers from before.
    pub async fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            remembered: AtomicU64::new(store.served_count().await?),
        })
    }

    /// What an earlier try of this message achieved, if there can have been one.
    pub async fn recall(
        &self,
        site: &Site,
        arrival: &Arrival,
        message: &Message<'_>,
        plan: &Plan,
        judgement: &Judgement,
    ) -> Result<Memory, Stop> {
        let split = carry::is_split(plan, judgement);
        let sender = arrival
            .envelope
            .sender
            .address()
            .map_or("", Address::key)
            .to_owned();
        if !split && self.remembered.load(Ordering::Relaxed) == 0 {
            let key = ServedKey {
                sender,
                digest: [0; 32],
            };
            return Ok(Memory {
                key,
                served: HashSet::new(),
                split,
                open: AtomicBool::new(false),
            });
        }
        let key = ServedKey {
            sender,
            digest: digest(message),
        };
        let rows = site.store.served(&key).await?;
        Ok(Memory::of(key, rows, split))
    }

    /// One message less; never less than none, whoever else forgot it at the same time.
    fn forget_one(&self) {
        let less = |messages: u64| Some(messages.saturating_sub(1));
        // It always gives a number.
        let _ = self
            .remembered
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// What earlier tries of a message that was held and released achieved. Each such message has a
    /// memory of its own, since its sender may still be sending it for others.
    pub async fn recall_released(&self, site: &Site, id: HeldId) -> Result<Memory, Stop> {
        let key = released_key(id);
        let rows = site.store.served(&key).await?;
        Ok(Memory::of(key, rows, true))
    }
}

impl Memory {
    fn of(key: ServedKey, rows: Vec<store::Served>, split: bool) -> Self {
        let open = AtomicBool::new(!rows.is_empty());
        let served = rows
            .into_iter()
            .filter(|row| row.state == ServedState::Served);
        Self {
            key,
            served: served.map(|row| row.recipient).collect(),
            split,
            open,
        }
    }

    /// What it stands under.
    pub fn key(&self) -> &ServedKey {
        &self.key
    }

    /// Notes that the store no longer has it: what was held has come to its end.
    pub fn ended(self, site: &Site) {
        if self.is_open() {
            site.served.forget_one();
        }
    }

    /// Whether an earlier try served this recipient.
    pub fn has_served(&self, recipient: &Address) -> bool {
        self.served.contains(recipient.key())
    }

    /// Whether one reply has to speak of several outcomes.
    pub fn is_split(&self) -> bool {
        self.split
    }

    /// Whether an entry stands on disk.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Writes durably that delivery to these begins: before the first final dot of a split
    /// message, so that a store that fails is found out before anybody is served.
    pub async fn begin(
        &mut self,
        site: &Site,
        message: &Message<'_>,
        recipients: &[Address],
    ) -> Result<(), Stop> {
        if self.key.digest == [0; 32] {
            self.key.digest = digest(message);
        }
        let begun = keys(recipients);
        let is_first = site
            .store
            .remember_served(&self.key, &begun, ServedState::Begun)
            .await?;
        self.open.store(true, Ordering::Relaxed);
        // Another transaction of the same message may have begun before.
        if is_first {
            site.served.remembered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Writes durably that these were served.
    pub async fn serve(&self, site: &Site, recipients: &[Address]) -> Result<(), Stop> {
        let served = keys(recipients);
        let is_first = site
            .store
            .remember_served(&self.key, &served, ServedState::Served)
            .await?;
        if is_first {
            site.served.remembered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Forgets these recipients once the answer is final; a fault here costs a later retry
    /// nothing, since entries run out.
    pub async fn close(&self, site: &Site, outcome: &Outcome) {
        let waits = outcome
            .ends
            .iter()
            .any(|end| matches!(end.fate, EndFate::Deferred(_)));
        if !self.is_open() || waits {
            return;
        }
        let recipients: Vec<String> = outcome
            .ends
            .iter()
            .map(|end| end.recipient.key().to_owned())
            .collect();
        match site.store.forget_served(&self.key, &recipients).await {
            Ok(true) => site.served.forget_one(),
            // Another transaction of the same message still waits.
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "partial delivery could not be forgotten"),
        }
    }
}

/// What the delivery of a released message is remembered under: no address has a blank, and no
/// digest is this one.
fn released_key(id: HeldId) -> ServedKey {
    ServedKey {
        sender: format!("held {id}"),
        digest: [0xff; 32],
    }
}

pub(crate) fn keys(recipients: &[Address]) -> Vec<String> {
    recipients
        .iter()
        .map(|recipient| recipient.key().to_owned())
        .collect()
}

/// SHA-256 over the fields that do not change from try to try, and the body.
fn digest(message: &Message<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut body_start = 0;
    for field in message.fields() {
        body_start = field.range.end;
        let name = message.raw().get(field.name.clone()).unwrap_or_default();
        if !TRACE_FIELDS
            .iter()
            .any(|trace| name.eq_ignore_ascii_case(trace.as_bytes()))
        {
            hash.update(message.field_raw(field));
        }
    }
    hash.update(message.raw().get(body_start..).unwrap_or_default());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn of(raw: &str) -> [u8; 32] {
        digest(&Message::parse(raw.as_bytes()))
    }

    #[tokio::test]
    async fn what_ends_of_released_mail_is_not_taken_from_other_mail() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name| folder.path().join(name).display().to_string();
        let options = store::StoreOptions {
            records: format!("sqlite:{}", at("records.db")),
            blobs: format!("file:{}", at("blobs")),
            shred_keys: format!("sqlite:{}", at("keys.db")),
        };
        let key = Arc::new(seal::ServerKey::from_bytes(&[9; 32]));
        let clock = Arc::new(crate::system::SystemClock);
        let store = Store::open(&options, key, clock).await.expect("a store");
        let half_served = ServedKey {
            sender: "ann@corp.example".to_owned(),
            digest: of("Subject: a\r\n\r\nbody\r\n"),
        };
        let released = [1, 2].map(|id| released_key(HeldId::from_bytes([id; 16])));
        for key in released.iter().chain([&half_served]) {
            let bob = ["bob@partner.example".to_owned()];
            let remembered = store.remember_served(key, &bob, ServedState::Served);
            remembered.await.expect("it is remembered");
        }
        // As after a restart; then both releases come to their end.
        let served = Served::open(&store).await.expect("it is counted");
        for _ in &released {
            served.forget_one();
        }
        let left = || served.remembered.load(Ordering::Relaxed);
        assert_eq!(left(), 1, "the retry of the third would not be looked up");
        // The control: it is none when all have come to their end, and then never less.
        served.forget_one();
        served.forget_one();
        assert_eq!(left(), 0);
    }

    #[test]
    fn trace_fields_do_not_count_and_all_else_does() {
        let plain = of("Subject: a\r\n\r\nbody\r\n");
        let traced =
            of("Return-Path: <a@b.example>\r\nReceived: by x;\r\n y\r\nSubject: a\r\n\r\nbody\r\n");
        assert_eq!(plain, traced);
        assert_ne!(plain, of("Subject: a\r\n\r\nbody!\r\n"));
        assert_ne!(plain, of("Subject: b\r\n\r\nbody\r\n"));
    }
}
