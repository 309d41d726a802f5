//! What "kept" means: killed processes, synced files, shredded keys, changed records, lost files.

#[path = "../common/mod.rs"]
mod common;

mod crash;
mod shred;
mod sync;
mod tamper;
