//! Whether mail can be taken now, and if not, why. It sends no mail and judges none; it writes to
//! the store to see whether that can be done.

use crate::record;
use crate::site::Site;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// How long what the store said is believed: looking writes to three places.
const BELIEVED: Duration = Duration::from_secs(3);

/// How long the store may take to say anything.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// Looks whether the gateway is ready.
pub(super) struct Readiness {
    site: Arc<Site>,
    draining: watch::Receiver<bool>,
    /// What was wrong with the store when it was last looked at. Held while looking, so that many
    /// who ask cause one look.
    store: Mutex<Option<(Instant, Option<String>)>>,
}

impl Readiness {
    pub(super) fn new(site: Arc<Site>, draining: watch::Receiver<bool>) -> Self {
        Self {
            site,
            draining,
            store: Mutex::new(None),
        }
    }

    /// Why no mail should come now, one line for each; empty when it may.
    pub(super) async fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        reasons.extend(self.store().await);
        if self.site.store.audit_alarm().is_ringing() {
            reasons.push("the audit log cannot be written".to_owned());
        }
        if self.site.store.audit_is_stuck() {
            reasons.push("the audit journal is not taken up into the records".to_owned());
        }
        if *self.draining.borrow() {
            reasons.push("draining".to_owned());
        }
        reasons
    }

    async fn store(&self) -> Option<String> {
        let mut seen = self.store.lock().await;
        if let Some((at, trouble)) = &*seen
            && at.elapsed() < BELIEVED
        {
            return trouble.clone();
        }
        let trouble = self.look().await;
        *seen = Some((Instant::now(), trouble.clone()));
        trouble
    }

    async fn look(&self) -> Option<String> {
        let store = &self.site.store;
        let trouble = match tokio::time::timeout(STORE_TIMEOUT, store.health()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(crate::cli::chain(&error).replace(['\r', '\n'], " ")),
            Err(_) => Some("no answer in time".to_owned()),
        };
        // Whoever is told "not ready" sends no mail, and without mail nothing else would write.
        if trouble.is_none() && store.audit_alarm().is_ringing() {
            let _ = tokio::time::timeout(STORE_TIMEOUT, record::resume(&self.site)).await;
        }
        trouble.map(|why| format!("the store is down: {why}"))
    }
}
