//! What readers did, counted for whoever watches the site. It names nobody.

use std::sync::atomic::AtomicU64;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Tally {
    /// Wrong passcodes that cost a try.
    pub codes_wrong: AtomicU64,
}
