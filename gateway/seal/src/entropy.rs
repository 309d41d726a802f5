//! Where randomness comes from: the caller. This crate never asks the system for any.

/// A source of bytes that nobody can foretell.
///
/// The shell gives the system's generator; tests give a counted stream, so that vectors are stable.
pub trait Entropy: Send {
    /// Fills `out` whole.
    fn fill(&mut self, out: &mut [u8]);
}

impl<E: Entropy + ?Sized> Entropy for &mut E {
    fn fill(&mut self, out: &mut [u8]) {
        (**self).fill(out);
    }
}

impl<E: Entropy + ?Sized> Entropy for Box<E> {
    fn fill(&mut self, out: &mut [u8]) {
        (**self).fill(out);
    }
}

/// Fresh bytes of a fixed length.
pub(crate) fn fresh<const N: usize>(entropy: &mut dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}
