//! The octets of messages that may be held at one time, over all sessions.
//! Who gets none is told to come back; nobody waits here, for those who hold may wait too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is left of the memory for messages.
#[derive(Debug)]
pub(super) struct Budget {
    free: AtomicU64,
}

/// One session's share; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    octets: u64,
}

impl Budget {
    pub(super) fn new(octets: u64) -> Self {
        Self {
            free: AtomicU64::new(octets),
        }
    }

    /// A share of nothing yet.
    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share {
            budget: Arc::clone(self),
            octets: 0,
        }
    }

    fn take(&self, octets: u64) -> bool {
        let order = Ordering::Relaxed;
        self.free
            .fetch_update(order, order, |free| free.checked_sub(octets))
            .is_ok()
    }

    fn give_back(&self, octets: u64) {
        self.free.fetch_add(octets, Ordering::Relaxed);
    }
}

impl Share {
    /// Lets the share be at least `octets`; false when there is no room for that.
    #[must_use]
    pub(super) fn reach(&mut self, octets: u64) -> bool {
        let more = octets.saturating_sub(self.octets);
        if more == 0 {
            return true;
        }
        let taken = self.budget.take(more);
        if taken {
            self.octets += more;
        }
        taken
    }

    /// Gives all of it back.
    pub(super) fn release(&mut self) {
        self.budget.give_back(std::mem::take(&mut self.octets));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_exceed_the_budget_and_come_back() {
        let budget = Arc::new(Budget::new(100));
        let (mut one, mut two) = (budget.share(), budget.share());
        assert!(one.reach(60) && one.reach(10), "a share only grows");
        assert!(!two.reach(41), "60 of 100 are gone");
        assert!(two.reach(40));
        assert!(!one.reach(61));
        drop(one);
        assert!(two.reach(100) && !two.reach(101));
        two.release();
        assert_eq!(budget.free.load(Ordering::Relaxed), 100);
    }
}
