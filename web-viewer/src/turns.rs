//! Work that only so many requests do at once: further ones wait their turn, but not for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Duration, timeout};

use crate::mailbox::Mailbox;
use crate::refusal::Refusal;

/// So many turns, how many of them one mailbox may have, and how long one waits.
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    of_one: Arc<Mutex<HashMap<Mailbox, Own>>>,
    of_one_max: usize,
    wait: Duration,
}

/// The turns of one mailbox, kept while anybody has or awaits one.
struct Own {
    free: Arc<Semaphore>,
    askers: usize,
}

/// A turn. It goes along with the work, so that work whose asker went away still counts.
pub(crate) struct Turn {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _asker: Asker,
}

impl Turns {
    pub fn new(at_once: usize, of_one_max: usize, wait: Duration) -> Self {
        Self {
            all: Arc::new(Semaphore::new(at_once)),
            of_one: Arc::default(),
            of_one_max,
            wait,
        }
    }

    /// A turn; who waits too long for one is told to come again.
    pub async fn take(&self, mailbox: Mailbox) -> Result<Turn, Refusal> {
        let (asker, free) = self.ask(mailbox);
        let taking = async {
            // His own first: who waits for that keeps nobody else waiting.
            let own = free.acquire_owned().await.ok()?;
            let all = self.all.clone().acquire_owned().await.ok()?;
            Some((all, own))
        };
        match timeout(self.wait, taking).await {
            Ok(Some((all, own))) => Ok(Turn {
                _all: all,
                _own: own,
                _asker: asker,
            }),
            _ => Err(Refusal::Busy),
        }
    }

    fn ask(&self, mailbox: Mailbox) -> (Asker, Arc<Semaphore>) {
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        let own = of_one.entry(mailbox.clone()).or_insert_with(|| Own {
            free: Arc::new(Semaphore::new(self.of_one_max)),
            askers: 0,
        });
        own.askers += 1;
        let of_one = self.of_one.clone();
        (Asker { mailbox, of_one }, own.free.clone())
    }
}

/// Somebody who has or awaits a turn; the last one takes his mailbox's entry away.
struct Asker {
    mailbox: Mailbox,
    of_one: Arc<Mutex<HashMap<Mailbox, Own>>>,
}

impl Drop for Asker {
    fn drop(&mut self) {
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = of_one.get_mut(&self.mailbox) {
            own.askers -= 1;
            if own.askers == 0 {
                of_one.remove(&self.mailbox);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{OPENINGS_MAX, OPENINGS_OF_ONE_MAX};

    fn turns() -> Turns {
        Turns::new(OPENINGS_MAX, OPENINGS_OF_ONE_MAX, Duration::from_millis(50))
    }

    fn reader(n: usize) -> Mailbox {
        Mailbox::of(&n.to_string())
    }

    #[tokio::test]
    async fn who_comes_when_all_turns_are_taken_waits_and_is_then_told() {
        let turns = turns();
        let mut taken = Vec::new();
        for n in 0..OPENINGS_MAX {
            taken.push(turns.take(reader(n)).await.expect("a turn is free"));
        }
        let next = reader(OPENINGS_MAX);
        assert_eq!(turns.take(next.clone()).await.err(), Some(Refusal::Busy));
        let (waiting, ()) = tokio::join!(turns.take(next), async {
            taken.pop();
        });
        assert!(waiting.is_ok(), "one was given back while it waited");
    }

    #[tokio::test]
    async fn one_reader_cannot_take_all_turns() {
        let turns = turns();
        let mut taken = Vec::new();
        for _ in 0..OPENINGS_OF_ONE_MAX {
            taken.push(turns.take(reader(0)).await.expect("a turn is free"));
        }
        assert_eq!(turns.take(reader(0)).await.err(), Some(Refusal::Busy));
        assert!(turns.take(reader(1)).await.is_ok(), "another has his turn");
        taken.pop();
        assert!(turns.take(reader(0)).await.is_ok(), "and so has he again");
        taken.clear();
        assert!(
            turns.of_one.lock().unwrap().is_empty(),
            "nobody is kept in mind"
        );
    }
}
