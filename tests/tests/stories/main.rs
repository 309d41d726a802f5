//! End to end: one story per file, each against the real binary. None looks inside the gateway.

mod rig;
