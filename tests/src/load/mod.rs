//! Load: a source that pipelines, a sink that swallows, a raw TCP splice, and a meter for CPU time
//! and memory.
//! Made to cost little beside what is measured; correctness is tested elsewhere.

mod meter;
mod sink;
mod source;
mod splice;

pub use meter::Meter;
pub use sink::Swallow;
pub use source::{Letter, Source, Tally, once_each};
pub use splice::splice;
