//! What the page behind a link shows before the code: subject and names.
//! Only who holds the link reads it; the server alone cannot.

use crate::OpenError;
use crate::entropy::{Entropy, fresh};
use crate::ids::GrantId;
use crate::secrets::LinkSecret;
use crate::stream::{TAG_BYTES, close_once, open_once};

const FORM: u8 = 1;
const SALT_BYTES: usize = 32;

/// Closes a summary under the link secret, bound to its grant.
pub fn close_summary(
    link: &LinkSecret,
    grant: &GrantId,
    plain: &[u8],
    entropy: &mut dyn Entropy,
) -> Vec<u8> {
    let salt: [u8; SALT_BYTES] = fresh(entropy);
    let key = link.root().key("summary", &[grant.as_bytes(), &salt]);
    let mut bytes = Vec::with_capacity(1 + SALT_BYTES + plain.len() + TAG_BYTES);
    bytes.push(FORM);
    bytes.extend_from_slice(&salt);
    bytes.extend_from_slice(&close_once(&key, grant.as_bytes(), plain));
    bytes
}

/// Opens what [`close_summary`] closed.
pub fn open_summary(
    link: &LinkSecret,
    grant: &GrantId,
    closed: &[u8],
) -> Result<Vec<u8>, OpenError> {
    let (&form, rest) = closed.split_first().ok_or(OpenError::Length)?;
    if form != FORM {
        return Err(OpenError::UnknownForm);
    }
    let (salt, closed) = rest.split_at_checked(SALT_BYTES).ok_or(OpenError::Length)?;
    let key = link.root().key("summary", &[grant.as_bytes(), salt]);
    open_once(&key, grant.as_bytes(), closed).map_err(|_| OpenError::Refused)
}
