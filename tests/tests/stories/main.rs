//! End to end: one story per file, each against the real binary. None looks inside the gateway.

mod accessible;
mod bounds;
mod canary;
mod demo;
mod duplicates;
mod durable;
mod explained;
mod kill;
mod labels;
mod live;
mod marking;
mod memory;
mod monitor;
mod pass_through;
mod postfix;
mod reading;
mod receipts;
mod relabelled;
mod rig;
mod round;
mod scanner;
mod sealing;
mod shipped;
mod smuggling;
mod unprotected;
