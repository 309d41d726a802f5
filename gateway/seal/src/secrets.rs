//! The three secrets of a letter. Each is wiped when dropped and never shows itself in `Debug`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::derive::Root;
use crate::entropy::Entropy;
use crate::ids::LetterId;

/// Text that is no secret of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is 43 characters of base64url")]
pub struct SecretError;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// A new one.
            pub fn generate(entropy: &mut dyn Entropy) -> Self {
                let mut secret = Self([0; 32]);
                entropy.fill(&mut secret.0);
                secret
            }

            /// The secret with these 32 bytes.
            pub fn from_bytes(bytes: &[u8; 32]) -> Self {
                Self(*bytes)
            }

            /// Its bytes, in the clear: never to be logged or stored open.
            pub fn declassify(&self) -> &[u8; 32] {
                &self.0
            }

            pub(crate) fn root(&self) -> Root {
                Root::new(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl Eq for $name {}
    };
}

secret! {
    /// Encrypts one letter, and only that one.
    ContentKey
}

secret! {
    /// Stands only in one reader's link; the server stores it nowhere.
    LinkSecret
}

secret! {
    /// Kept in the keys database under the server key; deleting it ends one grant for good.
    ShredKey
}

impl ContentKey {
    /// What the header states of this key, so that a letter opens with one key only.
    pub fn commitment(&self, letter: &LetterId) -> [u8; 32] {
        *self.root().key("commitment", &[letter.as_bytes()])
    }
}

impl LinkSecret {
    /// Reads the secret as it stands in a link: 43 characters of base64url.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let mut bytes = Zeroizing::new([0; 32]);
        match URL_SAFE_NO_PAD.decode_slice(text, &mut *bytes) {
            Ok(32) if text.len() == 43 => Ok(Self(*bytes)),
            _ => Err(SecretError),
        }
    }

    /// The secret as it stands in a link; whoever has it and the mailbox reads the letter.
    pub fn to_link_text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0))
    }

    /// What the store keeps to know the holder of the link again; it opens nothing.
    pub fn verifier(&self) -> [u8; 32] {
        *self.root().key("verify", &[])
    }

    /// Whether `verifier` is of this secret; takes the same time for every answer.
    pub fn fits(&self, verifier: &[u8; 32]) -> bool {
        self.verifier().ct_eq(verifier).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_out_of_debug_output() {
        let secret = LinkSecret::from_bytes(&[0x41; 32]);
        assert_eq!(format!("{secret:?}"), "LinkSecret(…)");
    }

    #[test]
    fn a_link_secret_reads_back_and_has_one_spelling() {
        let secret = LinkSecret::from_bytes(&[0xa7; 32]);
        let text = secret.to_link_text();
        assert_eq!(LinkSecret::parse(&text), Ok(secret.clone()));
        assert!(LinkSecret::parse(&text[1..]).is_err());
        assert!(LinkSecret::parse(&format!("{}=", *text)).is_err());
        assert!(secret.fits(&secret.verifier()));
        assert!(!LinkSecret::from_bytes(&[0xa8; 32]).fits(&secret.verifier()));
        assert_ne!(&secret.verifier(), secret.declassify());
    }
}
