//! Time and randomness as the store asks for them, so that a test can be the clock.

use mail::Timestamp;
use seal::Entropy;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// Now, in whole seconds.
    fn now(&self) -> Timestamp;
}

/// The system's generator of randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// # Panics
    /// If the system gives no randomness: then nothing may be sealed at all.
    fn fill(&mut self, out: &mut [u8]) {
        if let Err(error) = getrandom::fill(out) {
            panic!("the system gives no randomness: {error}");
        }
    }
}
