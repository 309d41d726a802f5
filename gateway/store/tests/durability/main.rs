//! What "kept" means: killed processes, synced files, shredded keys, changed records, full tables.

#[path = "../common/mod.rs"]
mod common;

mod crash;
mod faults;
mod held;
mod journal;
mod limits;
mod shred;
mod sync;
mod tamper;
