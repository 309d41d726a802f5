//! Bytes of replies that may stand in memory at once. A small reply is free; a larger one takes as
//! it grows, and whoever finds nothing left is told so.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::settings::REPLY_BYTES_FREE;

/// So many bytes for all.
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// A share that is still empty.
    pub fn share(&self) -> Share {
        Share {
            all: self.0.clone(),
            used: 0,
            room: REPLY_BYTES_FREE,
            taken: Vec::new(),
        }
    }
}

/// What one reply takes of it, until it is dropped.
pub(crate) struct Share {
    all: Arc<Semaphore>,
    used: usize,
    room: usize,
    taken: Vec<OwnedSemaphorePermit>,
}

impl Share {
    /// So many bytes more; whether there was room for them. It grows in steps as large as what is
    /// free.
    pub fn grow(&mut self, bytes: usize) -> bool {
        self.used += bytes;
        while self.used > self.room {
            let step = self
                .all
                .clone()
                .try_acquire_many_owned(REPLY_BYTES_FREE as u32);
            let Ok(step) = step else { return false };
            self.taken.push(step);
            self.room += REPLY_BYTES_FREE;
        }
        true
    }
}

// A step is counted in 32 bits.
const _: () = assert!(REPLY_BYTES_FREE <= u32::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_replies_are_free_and_large_ones_give_back_what_they_took() {
        let budget = Budget::new(3 * REPLY_BYTES_FREE);
        let [mut one, mut other, mut small] = [budget.share(), budget.share(), budget.share()];
        assert!(one.grow(REPLY_BYTES_FREE) && one.grow(1) && one.grow(REPLY_BYTES_FREE));
        assert!(other.grow(2 * REPLY_BYTES_FREE));
        assert!(!other.grow(1), "all three steps are taken");
        assert!(small.grow(REPLY_BYTES_FREE), "a small one needs none");
        drop(one);
        assert!(other.grow(1));
    }
}
