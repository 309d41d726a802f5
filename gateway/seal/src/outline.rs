//! Where the parts of a letter lie, closed under its content key, for whoever remembers it between
//! two readings. It is no part of the stored format, and says nothing to the server alone.

use crate::OpenError;
use crate::entropy::{Entropy, fresh};
use crate::ids::LetterId;
use crate::secrets::ContentKey;
use crate::stream::{close_once, open_once};

const SALT_BYTES: usize = 32;

/// Closes an outline under the letter's content key.
pub fn close_outline(
    key: &ContentKey,
    letter: &LetterId,
    plain: &[u8],
    entropy: &mut dyn Entropy,
) -> Vec<u8> {
    let salt: [u8; SALT_BYTES] = fresh(entropy);
    let outline_key = key.root().key("outline", &[letter.as_bytes(), &salt]);
    let closed = close_once(&outline_key, letter.as_bytes(), plain);
    [&salt[..], &closed].concat()
}

/// Opens what [`close_outline`] closed.
pub fn open_outline(
    key: &ContentKey,
    letter: &LetterId,
    closed: &[u8],
) -> Result<Vec<u8>, OpenError> {
    let (salt, closed) = closed
        .split_at_checked(SALT_BYTES)
        .ok_or(OpenError::Length)?;
    let outline_key = key.root().key("outline", &[letter.as_bytes(), salt]);
    open_once(&outline_key, letter.as_bytes(), closed).map_err(|_| OpenError::Refused)
}
