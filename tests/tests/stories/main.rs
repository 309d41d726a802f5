//! End to end: one story per file, each against the real binary. None looks inside the gateway.

mod kill;
mod pass_through;
mod rig;
