//! Work that only so many requests do at once: further ones wait their turn, but not for ever.

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Duration, timeout};

use crate::refusal::Refusal;

/// So many turns, and how long one waits for a free one.
pub(crate) struct Turns {
    free: Semaphore,
    wait: Duration,
}

impl Turns {
    pub fn new(at_once: usize, wait: Duration) -> Self {
        Self {
            free: Semaphore::new(at_once),
            wait,
        }
    }

    /// A turn; who waits too long for one is told to come again.
    pub async fn take(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        match timeout(self.wait, self.free.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Refusal::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::OPENINGS_MAX;

    #[tokio::test]
    async fn who_comes_when_all_turns_are_taken_waits_and_is_then_told() {
        let turns = Turns::new(OPENINGS_MAX, Duration::from_millis(50));
        let mut taken = Vec::new();
        for _ in 0..OPENINGS_MAX {
            taken.push(turns.take().await.expect("a turn is free"));
        }
        assert_eq!(turns.take().await.err(), Some(Refusal::Busy));
        let (waiting, ()) = tokio::join!(turns.take(), async {
            taken.pop();
        });
        assert!(waiting.is_ok(), "one was given back while it waited");
    }
}
