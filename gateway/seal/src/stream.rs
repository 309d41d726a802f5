//! STREAM over AES-256-GCM: 64 KiB chunks, counter and last-chunk flag in the nonce.
//! It knows nothing of headers or readers, and never shows bytes of a chunk it could not check.

use aead_stream::aead::{self, Buffer, KeyInit};
use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use aes_gcm::Aes256Gcm;

use crate::OpenError;

/// Plaintext bytes in every chunk but the last.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// What a chunk grows by when it is closed.
pub const TAG_BYTES: usize = 16;

/// One key's stream. The key must never be used for a second letter: the nonce prefix is zero.
pub(crate) struct Stream(StreamBE32<Aes256Gcm>);

impl Stream {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(StreamBE32::from_aead(
            Aes256Gcm::new(key.into()),
            &[0; 7].into(),
        ))
    }

    /// Appends `chunk`, closed, to `out`.
    pub(crate) fn close(
        &self,
        at: u32,
        last: bool,
        header: &[u8],
        chunk: &[u8],
        out: &mut Vec<u8>,
    ) {
        assert!(chunk.len() <= CHUNK_BYTES, "a chunk has at most 64 KiB");
        let start = out.len();
        out.extend_from_slice(chunk);
        let closed = self
            .0
            .encrypt_in_place(at, last, header, &mut Tail { bytes: out, start });
        // AES-GCM refuses only over 64 GiB of text or 2^61 bytes of associated data.
        assert!(
            closed.is_ok(),
            "a chunk of 64 KiB is never too long for AES-GCM"
        );
    }

    /// Appends the open content of `chunk` to `out`, or leaves `out` as it was.
    pub(crate) fn open(
        &self,
        at: u32,
        last: bool,
        header: &[u8],
        chunk: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let start = out.len();
        out.extend_from_slice(chunk);
        let opened = self
            .0
            .decrypt_in_place(at, last, header, &mut Tail { bytes: out, start });
        opened.map_err(|_| {
            out.truncate(start);
            OpenError::Refused
        })
    }
}

/// The end of a vector as a buffer of its own, so that chunks are worked on where they will stay.
struct Tail<'v> {
    bytes: &'v mut Vec<u8>,
    start: usize,
}

impl AsRef<[u8]> for Tail<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

impl AsMut<[u8]> for Tail<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }
}

impl Buffer for Tail<'_> {
    fn extend_from_slice(&mut self, other: &[u8]) -> aead::Result<()> {
        self.bytes.extend_from_slice(other);
        Ok(())
    }

    fn truncate(&mut self, len: usize) {
        self.bytes.truncate(self.start.saturating_add(len));
    }
}

/// Closes one small record under a key that is used for nothing else, hence nonce zero.
pub(crate) fn close_once(key: &[u8; 32], associated: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() + TAG_BYTES);
    out.extend_from_slice(plain);
    let closed = aes_gcm::aead::AeadInOut::encrypt_in_place(
        &Aes256Gcm::new(key.into()),
        &[0; 12].into(),
        associated,
        &mut out,
    );
    // AES-GCM refuses only over 64 GiB of text or 2^61 bytes of associated data.
    assert!(
        closed.is_ok(),
        "a record in memory is never too long for AES-GCM"
    );
    out
}

/// Opens what [`close_once`] closed.
pub(crate) fn open_once(key: &[u8; 32], associated: &[u8], closed: &[u8]) -> aead::Result<Vec<u8>> {
    let mut out = closed.to_vec();
    aes_gcm::aead::AeadInOut::decrypt_in_place(
        &Aes256Gcm::new(key.into()),
        &[0; 12].into(),
        associated,
        &mut out,
    )?;
    Ok(out)
}
