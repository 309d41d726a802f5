//! End to end: one story per file, each against the real binary. None looks inside the gateway.

mod bounds;
mod duplicates;
mod kill;
mod live;
mod pass_through;
mod rig;
mod unprotected;
