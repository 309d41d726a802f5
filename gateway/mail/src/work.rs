//! How many bytes the readers of this crate look at: counted in its own tests, and nowhere else.
//!
//! It never counts time, which differs from machine to machine.

/// Says that so many bytes are about to be looked at.
#[cfg(not(test))]
#[inline]
pub(crate) fn looked_at(_bytes: usize) {}

#[cfg(test)]
pub(crate) use tests::looked_at;

#[cfg(test)]
mod tests;
