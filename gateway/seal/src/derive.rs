//! Keys from keys: HKDF-SHA-256 with a label and length-prefixed inputs.
//! No two purposes and no two lists of inputs can give the same bytes to HKDF.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The salt of every derivation, so that our keys differ from those of any other use of the secret.
const SALT: &[u8] = b"sealgate format 1";

/// A secret made ready to derive keys from.
#[derive(Clone)]
pub(crate) struct Root(Hkdf<Sha256>);

impl Root {
    /// Extracts; the secret must hold at least 256 bits of entropy.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self(Hkdf::new(Some(SALT), secret))
    }

    /// 32 bytes for one purpose and its inputs.
    pub(crate) fn key(&self, label: &str, inputs: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        // HKDF refuses only outputs over 255 blocks; this one is a single block.
        if self.0.expand(&encode(label, inputs), &mut *key).is_err() {
            unreachable!("one block is never too long for HKDF");
        }
        key
    }
}

/// `label` and `inputs`, each behind its length in four bytes, big endian.
pub(crate) fn encode(label: &str, inputs: &[&[u8]]) -> Vec<u8> {
    let length = inputs.iter().map(|input| input.len() + 4).sum::<usize>() + label.len() + 4;
    let mut bytes = Vec::with_capacity(length);
    push(&mut bytes, label.as_bytes());
    for input in inputs {
        push(&mut bytes, input);
    }
    bytes
}

/// Appends `field` behind its length.
fn push(bytes: &mut Vec<u8>, field: &[u8]) {
    // Inputs are ids, addresses and names, bounded far below 4 GiB by whoever parsed them.
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_byte_between_inputs_gives_another_key() {
        let root = Root::new(&[7; 32]);
        let key = |label: &str, inputs: &[&[u8]]| root.key(label, inputs).to_vec();
        assert_ne!(key("a", &[b"bc", b"d"]), key("a", &[b"b", b"cd"]));
        assert_ne!(key("a", &[b"b"]), key("ab", &[b""]));
        assert_ne!(key("a", &[b"b"]), key("a", &[b"b", b""]));
        assert_eq!(key("a", &[b"b"]), key("a", &[b"b"]));
    }
}
