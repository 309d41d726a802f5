//! What the gateway asks of the operating system: the time, randomness, and that secrets stay in
//! memory. It never falls back to a weaker source.

use mail::Timestamp;
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use std::time::{SystemTime, UNIX_EPOCH};

/// The system's clock, whole seconds UTC.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl store::Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock set before 1970 counts as 1970: every expiry then lies in the future and every
        // passcode is still bound to its tries.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }
}

/// The system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl seal::Entropy for SystemEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        if let Err(error) = getrandom::fill(out) {
            // Keys made without randomness are no keys. Nothing can be answered safely any more.
            let why = format!("sealgate: the system gives no randomness: {error}\n");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), why.as_bytes());
            std::process::abort();
        }
    }
}

/// A fresh random array, for ids and nonces.
pub fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    seal::Entropy::fill(&mut SystemEntropy, &mut out);
    out
}

/// How far [`harden`] got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hardened {
    /// Core dumps are off, for this process and for what it starts.
    pub no_core_dumps: bool,
    /// Memory is locked, so that swap never sees a key. Needs an unlimited `RLIMIT_MEMLOCK`.
    pub memory_locked: bool,
}

/// Turns core dumps off and locks memory where the system allows (P4).
pub fn harden() -> Hardened {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let limit = rustix::process::setrlimit(Resource::Core, none).is_ok();
    let dumpable = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok();
    Hardened {
        no_core_dumps: limit && dumpable,
        memory_locked: lock_memory(),
    }
}

/// With a small limit a later allocation would fail instead of the lock, so only an unlimited one
/// is used.
fn lock_memory() -> bool {
    use rustix::mm::{MlockAllFlags, mlockall};
    let limit = rustix::process::getrlimit(Resource::Memlock);
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    limit.current.is_none() && mlockall(flags).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_dumps_are_off_after_harden() {
        let before = rustix::process::getrlimit(Resource::Core);
        assert!(harden().no_core_dumps);
        assert_eq!(
            rustix::process::getrlimit(Resource::Core).current,
            Some(0),
            "was {before:?}"
        );
    }

    #[test]
    fn random_is_not_constant() {
        assert_ne!(random::<32>(), random::<32>());
    }
}
