//! Small records closed under the server key: shred keys, the outbox, whatever else must rest.
//! A record is bound to its purpose and its place, so that none can stand in for another.

use crate::OpenError;
use crate::derive::encode;
use crate::entropy::{Entropy, fresh};
use crate::server_key::{KeyId, OneKey, ServerKey};
use crate::stream::{TAG_BYTES, close_once, open_once};

const FORM: u8 = 1;
const ID_BYTES: usize = 8;
const SALT_BYTES: usize = 32;

impl ServerKey {
    /// Closes `plain` for one purpose, bound to `associated` (the row it stands in, say).
    pub fn close(
        &self,
        purpose: &str,
        associated: &[u8],
        plain: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Vec<u8> {
        let key = self.first();
        let salt: [u8; SALT_BYTES] = fresh(entropy);
        let closed = close_once(
            &key.root().key("record", &[purpose.as_bytes(), &salt]),
            &place(purpose, associated),
            plain,
        );
        let mut bytes = Vec::with_capacity(1 + ID_BYTES + SALT_BYTES + plain.len() + TAG_BYTES);
        bytes.push(FORM);
        bytes.extend_from_slice(&key.id().0);
        bytes.extend_from_slice(&salt);
        bytes.extend_from_slice(&closed);
        bytes
    }

    /// Opens what [`ServerKey::close`] closed for the same purpose and place.
    pub fn open(
        &self,
        purpose: &str,
        associated: &[u8],
        record: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let record = Record::parse(record)?;
        let key = self.find(record.id).ok_or(OpenError::UnknownKey)?;
        record.open(key, purpose, associated)
    }

    /// Closes a record again under the closing key, if an older one holds it. `None`: it is new.
    ///
    /// Rotation walks over all records with this; links and wraps are not touched by it.
    pub fn reclose(
        &self,
        purpose: &str,
        associated: &[u8],
        record: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Vec<u8>>, OpenError> {
        if Record::parse(record)?.id == self.id().0 {
            return Ok(None);
        }
        let plain = zeroize::Zeroizing::new(self.open(purpose, associated, record)?);
        Ok(Some(self.close(purpose, associated, &plain, entropy)))
    }

    /// The id of the key that holds a record.
    pub fn holder(record: &[u8]) -> Result<KeyId, OpenError> {
        let id = Record::parse(record)?.id;
        Ok(KeyId(id.try_into().map_err(|_| OpenError::Length)?))
    }
}

/// A closed record, taken apart.
struct Record<'a> {
    id: &'a [u8],
    salt: &'a [u8],
    closed: &'a [u8],
}

impl<'a> Record<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, OpenError> {
        let (&form, rest) = bytes.split_first().ok_or(OpenError::Length)?;
        if form != FORM {
            return Err(OpenError::UnknownForm);
        }
        let (id, rest) = rest.split_at_checked(ID_BYTES).ok_or(OpenError::Length)?;
        let (salt, closed) = rest.split_at_checked(SALT_BYTES).ok_or(OpenError::Length)?;
        Ok(Self { id, salt, closed })
    }

    fn open(&self, key: &OneKey, purpose: &str, associated: &[u8]) -> Result<Vec<u8>, OpenError> {
        let secret = key.root().key("record", &[purpose.as_bytes(), self.salt]);
        open_once(&secret, &place(purpose, associated), self.closed).map_err(|_| OpenError::Refused)
    }
}

/// The associated data of a record.
fn place(purpose: &str, associated: &[u8]) -> Vec<u8> {
    encode("sealgate record 1", &[purpose.as_bytes(), associated])
}
