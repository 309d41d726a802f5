//! The content key closed for one reader: link secret inside, shred key outside.
//! Neither the server nor the reader can open it without the other.

use zeroize::Zeroizing;

use crate::OpenError;
use crate::derive::Root;
use crate::entropy::{Entropy, fresh};
use crate::grant::Grant;
use crate::secrets::{ContentKey, LinkSecret, ShredKey};
use crate::stream::{TAG_BYTES, close_once, open_once};

/// The first byte of a wrap for one reader. Its neighbours are kept for *held* (server key) and
/// *recovery* (the organisation's key) wraps, which exist only where they are chosen.
const FORM_READER: u8 = 1;
const SALT_BYTES: usize = 32;

/// The length of a wrap: form, salt, key, two tags.
pub const WRAP_BYTES: usize = 1 + SALT_BYTES + 32 + 2 * TAG_BYTES;

/// A content key closed for one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrap(Vec<u8>);

impl Wrap {
    /// Takes stored bytes as they are; [`unwrap`] checks them.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Closes `content` for the reader who will hold `link`, while `shred` exists.
pub fn wrap(
    content: &ContentKey,
    link: &LinkSecret,
    shred: &ShredKey,
    grant: &Grant,
    entropy: &mut dyn Entropy,
) -> Wrap {
    let salt: [u8; SALT_BYTES] = fresh(entropy);
    let associated = grant.canonical();
    let keys = Keys::derive(link, shred, &salt);
    let inner = Zeroizing::new(close_once(&keys.inner, &associated, content.declassify()));
    let outer = close_once(&keys.outer, &associated, &inner);
    let mut bytes = Vec::with_capacity(WRAP_BYTES);
    bytes.push(FORM_READER);
    bytes.extend_from_slice(&salt);
    bytes.extend_from_slice(&outer);
    Wrap(bytes)
}

/// Opens a wrap. A changed wrap, key or field of the grant is refused alike.
pub fn unwrap(
    wrap: &Wrap,
    link: &LinkSecret,
    shred: &ShredKey,
    grant: &Grant,
) -> Result<ContentKey, OpenError> {
    let Some((&form, rest)) = wrap.0.split_first() else {
        return Err(OpenError::Length);
    };
    if form != FORM_READER {
        return Err(OpenError::UnknownForm);
    }
    if wrap.0.len() != WRAP_BYTES {
        return Err(OpenError::Length);
    }
    let (salt, outer) = rest.split_at(SALT_BYTES);
    let associated = grant.canonical();
    let keys = Keys::derive(link, shred, salt);
    let refused = |_| OpenError::Refused;
    let inner = Zeroizing::new(open_once(&keys.outer, &associated, outer).map_err(refused)?);
    let key = Zeroizing::new(open_once(&keys.inner, &associated, &inner).map_err(refused)?);
    let bytes: &[u8; 32] = key.as_slice().try_into().map_err(|_| OpenError::Length)?;
    let content = ContentKey::from_bytes(bytes);
    if content.commitment(&grant.letter) != grant.commitment {
        return Err(OpenError::Refused);
    }
    Ok(content)
}

/// The keys of both layers, each used for this wrap alone.
struct Keys {
    inner: Zeroizing<[u8; 32]>,
    outer: Zeroizing<[u8; 32]>,
}

impl Keys {
    fn derive(link: &LinkSecret, shred: &ShredKey, salt: &[u8]) -> Self {
        let layer = |root: Root, label| root.key(label, &[salt]);
        Self {
            inner: layer(link.root(), "wrap by link"),
            outer: layer(shred.root(), "wrap by shred key"),
        }
    }
}
