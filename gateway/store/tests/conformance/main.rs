//! What every backend of the store must do. `World` opens SQLite and files; another backend runs
//! the same checks by opening another world.

#[path = "../common/mod.rs"]
mod common;

mod approvers;
mod audit;
mod challenges;
mod ending;
mod holding;
mod letters;
mod passing;
mod rotation;
