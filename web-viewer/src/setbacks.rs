//! Of which letters a code could not be mailed just now. Within a few seconds it is not tried
//! again, so that who presses the button all the time troubles no mail system.
//!
//! What it forgets costs a try more; it never keeps a code back for longer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mail::Timestamp;
use seal::GrantId;

use crate::settings::{SETBACK_SECONDS, SETBACKS_HELD_MAX};

/// When the last try failed, and whether for good.
#[derive(Default)]
pub(crate) struct Setbacks(Mutex<HashMap<GrantId, (Timestamp, bool)>>);

impl Setbacks {
    /// A try failed.
    pub fn note(&self, grant: GrantId, for_good: bool, now: Timestamp) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= SETBACKS_HELD_MAX {
            held.clear();
        }
        held.insert(grant, (now, for_good));
    }

    /// Whether one failed just now, and if so, whether for good.
    pub fn last(&self, grant: GrantId, now: Timestamp) -> Option<bool> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, for_good) = *held.get(&grant)?;
        if (0..SETBACK_SECONDS).contains(&(now.unix() - at.unix())) {
            return Some(for_good);
        }
        held.remove(&grant);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setback_counts_for_a_moment_and_for_its_letter() {
        let setbacks = Setbacks::default();
        let [one, other] = [1, 2].map(|n| GrantId::from_bytes([n; 16]));
        let at = Timestamp::from_unix;
        setbacks.note(one, true, at(100));
        assert_eq!(
            setbacks.last(one, at(100 + SETBACK_SECONDS - 1)),
            Some(true)
        );
        assert_eq!(setbacks.last(other, at(100)), None);
        assert_eq!(setbacks.last(one, at(100 + SETBACK_SECONDS)), None);
        assert!(setbacks.0.lock().unwrap().is_empty());
        setbacks.note(one, false, at(100));
        assert_eq!(setbacks.last(one, at(99)), None, "a clock set back");
        for n in 0..=SETBACKS_HELD_MAX {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            setbacks.note(GrantId::from_bytes(bytes), false, at(0));
            assert!(setbacks.0.lock().unwrap().len() <= SETBACKS_HELD_MAX);
        }
    }
}
