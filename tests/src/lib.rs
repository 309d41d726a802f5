//! The end-to-end harness: it starts the real `sealgate`, stands before and behind it, and
//! reads letters in a real browser. It never reaches beyond loopback or into the gateway's memory.

pub mod place;
pub mod tidy;
