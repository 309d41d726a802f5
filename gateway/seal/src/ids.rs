//! Names of letters, grants and held messages: 128 random bits, written in base64url.
//! An id is no secret: it opens nothing, and it never becomes a file path as it came from outside.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::entropy::{Entropy, fresh};

/// Text that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 22 characters of base64url")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new id.
            pub fn generate(entropy: &mut dyn Entropy) -> Self {
                Self(fresh(entropy))
            }

            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads 22 characters of base64url; only the one canonical spelling is taken.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let mut bytes = [0; 16];
                match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
                    Ok(16) if text.len() == 22 => Ok(Self(bytes)),
                    _ => Err(IdError),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }
    };
}

id! {
    /// One sealed letter.
    LetterId
}

id! {
    /// One reader's way into one letter; it stands in that reader's link.
    GrantId
}

id! {
    /// One message that waits for approval.
    HeldId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = GrantId::from_bytes([0xfb; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(GrantId::parse(&text), Ok(id));
        // The last character carries four spare bits; a second spelling would be a second link.
        let other = format!("{}x", &text[..21]);
        assert!(other != text && GrantId::parse(&other).is_err());
        for wrong in [
            "",
            "short",
            "../../../../etc/passwd",
            &format!("{text}=="),
            &text[1..],
        ] {
            assert_eq!(GrantId::parse(wrong), Err(IdError), "{wrong}");
        }
    }
}
