//! How often a link is fetched and its door shown. The log gets a row a minute of each, with the
//! number of times, so that whoever holds a link cannot fill the log with it.
//!
//! What it forgets never hides that something happened, only how often within a minute: what was
//! counted since the last row is lost at a restart, when a row is not written, and when all is
//! forgotten because too many links are counted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mail::Timestamp;
use seal::GrantId;

use crate::settings::{FETCHES_HELD_MAX, FETCHES_SECONDS};

/// What a GET with the link alone can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fetch {
    Link,
    Door,
}

/// The last row of each, and how often it happened since.
#[derive(Default)]
pub(crate) struct Fetches(Mutex<HashMap<(GrantId, Fetch), Told>>);

struct Told {
    at: Timestamp,
    since: u64,
}

impl Fetches {
    /// Counts one more; if a row is due, how often it happened since the last, this time included.
    pub fn count(&self, grant: GrantId, fetch: Fetch, now: Timestamp) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut since = 0;
        if let Some(last) = told.get_mut(&(grant, fetch)) {
            if (0..FETCHES_SECONDS).contains(&(now.unix() - last.at.unix())) {
                last.since += 1;
                return None;
            }
            since = last.since;
        } else if told.len() >= FETCHES_HELD_MAX {
            told.clear();
        }
        told.insert((grant, fetch), Told { at: now, since: 0 });
        Some(since + 1)
    }

    /// The row could not be written, so the next is due at once.
    pub fn untold(&self, grant: GrantId, fetch: Fetch) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.remove(&(grant, fetch));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(n: usize) -> GrantId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
        GrantId::from_bytes(bytes)
    }

    #[test]
    fn a_row_a_minute_says_how_often() {
        let fetches = Fetches::default();
        let at = |second: i64| fetches.count(grant(1), Fetch::Link, Timestamp::from_unix(second));
        assert_eq!(at(0), Some(1));
        assert_eq!((at(0), at(30), at(FETCHES_SECONDS - 1)), (None, None, None));
        assert_eq!(at(FETCHES_SECONDS), Some(4));
        assert_eq!(at(5), Some(1), "a clock set back hides nothing");
        assert_eq!(at(6), None);
        fetches.untold(grant(1), Fetch::Link);
        assert_eq!(at(7), Some(1), "a row that was not written is due");
        let door = fetches.count(grant(1), Fetch::Door, Timestamp::from_unix(7));
        assert_eq!(door, Some(1), "the door counts by itself");
    }

    #[test]
    fn so_many_are_held() {
        let fetches = Fetches::default();
        for n in 0..3 * FETCHES_HELD_MAX {
            assert!(
                fetches
                    .count(grant(n), Fetch::Door, Timestamp::from_unix(0))
                    .is_some()
            );
            assert!(fetches.0.lock().unwrap().len() <= FETCHES_HELD_MAX);
        }
    }
}
