//! What every page works with: the viewer's parts, its settings worked out, its turns.
//!
//! It keeps no state of readers; that is in the store, since there may be many nodes. Where the
//! parts of letters lie is remembered here, closed, and may be lost at any time.

use std::sync::{Arc, Mutex, PoisonError};

use mail::Timestamp;
use seal::{Entropy, ServerKey};
use store::{Clock, Store};
use tokio::time::{Duration, timeout};

use crate::answers::Answers;
use crate::budget::Budget;
use crate::fetches::Fetches;
use crate::mailbox::Mailbox;
use crate::mailer::Mailer;
use crate::refusal::Refusal;
use crate::remembered::Remembered;
use crate::rooms::Rooms;
use crate::setbacks::Setbacks;
use crate::settings::{
    DOWNLOADS_MAX, DOWNLOADS_OF_ONE_MAX, OPENING_WAIT_SECONDS, OPENINGS_MAX, OPENINGS_OF_ONE_MAX,
    REPLIES_AT_ONCE_MAX, REPLIES_OF_ONE_MAX, REPLIES_WHOLE_MAX, ViewerSettings,
};
use crate::tally::Tally;
use crate::texts::{ENGLISH, Texts};
use crate::turns::{Turn, Turns};

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
    /// Where it is counted what readers do.
    pub tally: Arc<Tally>,
    /// What the site says.
    pub settings: ViewerSettings,
}

/// A [`Viewer`] at work.
pub(crate) struct Desk {
    pub viewer: Viewer,
    pub origins: Vec<String>,
    pub texts: &'static Texts,
    openings: Turns,
    /// Replies that are coming in or on their way.
    pub replies: Rooms,
    /// What of them stands in memory.
    pub reply_bytes: Budget,
    pub downloads: Rooms,
    pub answers: Answers,
    pub fetches: Fetches,
    pub setbacks: Setbacks,
    pub outlines: Remembered,
}

pub(crate) type Shared = Arc<Desk>;

/// Does this to its end, also where the reader hangs up meanwhile and nobody waits for it.
pub(crate) async fn finish<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::spawn(work).await;
    done.map_err(|error| Refusal::trouble("finish what was begun", &error))
}

impl Desk {
    pub fn new(viewer: Viewer) -> Self {
        Self {
            origins: viewer.settings.origins(),
            texts: &ENGLISH,
            openings: Turns::new(
                OPENINGS_MAX,
                OPENINGS_OF_ONE_MAX,
                Duration::from_secs(OPENING_WAIT_SECONDS),
            ),
            replies: Rooms::new(REPLIES_AT_ONCE_MAX, REPLIES_OF_ONE_MAX),
            reply_bytes: Budget::new(REPLIES_WHOLE_MAX * viewer.settings.reply_bytes_max),
            downloads: Rooms::new(DOWNLOADS_MAX, DOWNLOADS_OF_ONE_MAX),
            answers: Answers::default(),
            fetches: Fetches::default(),
            setbacks: Setbacks::default(),
            viewer,
            outlines: Remembered::default(),
        }
    }

    /// A turn to open a letter and lay it out.
    pub async fn turn(&self, mailbox: Mailbox) -> Result<Turn, Refusal> {
        self.openings.take(mailbox).await
    }

    /// Work that takes a while, done where it holds nobody else up. What it does is counted and
    /// bounded; who waits too long all the same is told so, and the work's turn ends with it.
    pub async fn laid_out<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let limit = Duration::from_secs(self.settings().laying_out_seconds_max);
        match timeout(limit, tokio::task::spawn_blocking(work)).await {
            Ok(done) => done.map_err(|error| Refusal::trouble(doing, &error)),
            Err(_) => {
                tracing::warn!(doing, "a letter takes longer than anybody is let wait");
                Err(Refusal::Heavy)
            }
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
