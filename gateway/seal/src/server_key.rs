//! The server's key: one that closes, and older ones that still open while it is being rotated.
//! Reading and guarding the file (mode 0600) is the gateway's; this module knows only its text.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::derive::{Root, encode};
use crate::entropy::Entropy;

/// The most keys one file may hold.
pub const SERVER_KEYS_MAX: usize = 8;

const WORD: &str = "sealgate-server-key-1";
const PREFACE: &str = "\
# Sealgate server key. Whoever reads it can open what the server stores, together with the links.
# Keep a copy offline. The first key closes; the others open what they closed before.
";

/// The name of one server key, derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub(crate) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a key file cannot be used. It never repeats what stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// No key in it.
    #[error("the key file holds no key")]
    Empty,
    /// More keys than [`SERVER_KEYS_MAX`].
    #[error("the key file holds more than {SERVER_KEYS_MAX} keys")]
    TooMany,
    /// A line that is neither comment nor key.
    #[error("line {0} of the key file is not `sealgate-server-key-1 ID KEY`")]
    Line(usize),
    /// A key that does not belong to its id: damaged in copying.
    #[error("the key on line {0} of the key file does not fit its id")]
    Damaged(usize),
    /// The same key twice.
    #[error("the key on line {0} of the key file stands there twice")]
    Twice(usize),
}

/// The server's keys. Cloning copies secrets: share it behind an `Arc`.
#[derive(Clone)]
pub struct ServerKey {
    /// Never empty; the first one closes.
    keys: Vec<OneKey>,
}

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct OneKey([u8; 32]);

impl OneKey {
    pub(crate) fn root(&self) -> Root {
        Root::new(&self.0)
    }

    pub(crate) fn id(&self) -> KeyId {
        let name = self.root().key("key id", &[]);
        let mut id = [0; 8];
        id.copy_from_slice(&name[..8]);
        KeyId(id)
    }

    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let key = self.root().key("mac", &[purpose.as_bytes()]);
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&*key) else {
            unreachable!("HMAC takes a key of any length");
        };
        mac.update(&encode(purpose, parts));
        mac.finalize().into_bytes().into()
    }
}

impl ServerKey {
    /// A new key, alone.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes);
        Self::from_bytes(&bytes)
    }

    /// The key with these 32 bytes, alone.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self {
            keys: vec![OneKey(*bytes)],
        }
    }

    /// The same keys with a new one in front: what it opens stays open, what it closes is new.
    pub fn rotated(&self, entropy: &mut dyn Entropy) -> Self {
        let mut rotated = Self::generate(entropy);
        rotated
            .keys
            .extend(self.keys.iter().take(SERVER_KEYS_MAX - 1).cloned());
        rotated
    }

    /// Reads the text of a key file.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let mut keys: Vec<OneKey> = Vec::new();
        for (number, line) in text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
        {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let key = parse_line(line, number)?;
            if keys.iter().any(|other| other.id() == key.id()) {
                return Err(KeyFileError::Twice(number));
            }
            if keys.len() == SERVER_KEYS_MAX {
                return Err(KeyFileError::TooMany);
            }
            keys.push(key);
        }
        if keys.is_empty() {
            Err(KeyFileError::Empty)
        } else {
            Ok(Self { keys })
        }
    }

    /// The text of a key file; it must be written with mode 0600.
    pub fn to_text(&self) -> Zeroizing<String> {
        // One reservation, so that no half-grown copy of a key is left behind.
        let mut text = Zeroizing::new(String::with_capacity(PREFACE.len() + 96 * self.keys.len()));
        text.push_str(PREFACE);
        for key in &self.keys {
            let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.0));
            for part in [WORD, " ", &key.id().to_string(), " ", &secret, "\n"] {
                text.push_str(part);
            }
        }
        text
    }

    /// The id of the key that closes.
    pub fn id(&self) -> KeyId {
        self.first().id()
    }

    /// The ids of all keys, the closing one first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.iter().map(OneKey::id)
    }

    /// A mark over `parts` for one purpose, under the closing key.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        self.first().mac(purpose, parts)
    }

    /// Whether `mark` was made by any of the keys; takes the same time for every answer.
    pub fn verify(&self, purpose: &str, parts: &[&[u8]], mark: &[u8]) -> bool {
        let fits = |key: &OneKey| key.mac(purpose, parts).as_slice().ct_eq(mark);
        self.keys
            .iter()
            .fold(Choice::from(0), |found, key| found | fits(key))
            .into()
    }

    /// 32 secret bytes for one purpose, under the closing key.
    pub(crate) fn secret(&self, label: &str, inputs: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        self.first().root().key(label, inputs)
    }

    pub(crate) fn first(&self) -> &OneKey {
        &self.keys[0]
    }

    pub(crate) fn find(&self, id: &[u8]) -> Option<&OneKey> {
        self.keys.iter().find(|key| key.id().0 == id)
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerKey({}, …)", self.id())
    }
}

fn parse_line(line: &str, number: usize) -> Result<OneKey, KeyFileError> {
    let mut words = line.split_ascii_whitespace();
    let (Some(WORD), Some(id), Some(secret), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(KeyFileError::Line(number));
    };
    let mut key = OneKey([0; 32]);
    match URL_SAFE_NO_PAD.decode_slice(secret, &mut key.0) {
        Ok(32) if key.id().to_string() == id => Ok(key),
        Ok(32) => Err(KeyFileError::Damaged(number)),
        _ => Err(KeyFileError::Line(number)),
    }
}
