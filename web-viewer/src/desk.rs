//! What every page works with: the viewer's parts, its settings worked out, its turns.
//!
//! It keeps no state of readers; that is in the store, since there may be many nodes.

use std::sync::{Arc, Mutex, PoisonError};

use mail::Timestamp;
use seal::{Entropy, ServerKey};
use store::{Clock, Store};
use tokio::sync::Semaphore;

use crate::mailer::Mailer;
use crate::settings::{DOWNLOADS_KIB_MAX, OPENINGS_MAX, REPLIES_AT_ONCE_MAX, ViewerSettings};
use crate::texts::{ENGLISH, Texts};

/// The parts a viewer is made of.
pub struct Viewer {
    /// Where letters, challenges and visits are.
    pub store: Arc<Store>,
    /// The server key: passcodes and form marks come from it.
    pub key: Arc<ServerKey>,
    /// Sends passcodes and replies.
    pub mailer: Arc<dyn Mailer>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Where visit ids and the like come from.
    pub entropy: Arc<Mutex<dyn Entropy>>,
    /// What the site says.
    pub settings: ViewerSettings,
}

/// A [`Viewer`] at work.
pub(crate) struct Desk {
    pub viewer: Viewer,
    pub origins: Vec<String>,
    pub texts: &'static Texts,
    pub openings: Semaphore,
    pub replies: Semaphore,
    /// One permit a KiB of download.
    pub downloads: Arc<Semaphore>,
}

pub(crate) type Shared = Arc<Desk>;

impl Desk {
    pub fn new(viewer: Viewer) -> Self {
        Self {
            origins: viewer.settings.origins(),
            viewer,
            texts: &ENGLISH,
            openings: Semaphore::new(OPENINGS_MAX),
            replies: Semaphore::new(REPLIES_AT_ONCE_MAX),
            downloads: Arc::new(Semaphore::new(DOWNLOADS_KIB_MAX)),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.viewer.clock.now()
    }

    pub fn settings(&self) -> &ViewerSettings {
        &self.viewer.settings
    }

    /// Fresh random bytes; a thread that died while it held the source leaves it usable.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        let mut entropy = self
            .viewer
            .entropy
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        entropy.fill(&mut bytes);
        bytes
    }
}
