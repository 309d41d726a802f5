//! The 70 bytes before a letter's chunks: what it is, how long, and which key opens it.
//! It is associated data of every chunk, so no field of it can change unseen.

use std::ops::Range;

use crate::OpenError;
use crate::ids::LetterId;
use crate::stream::{CHUNK_BYTES, TAG_BYTES};

/// The length of a header.
pub const HEADER_BYTES: usize = 70;

const MAGIC: &[u8; 8] = b"SEALGATE";
const VERSION: u16 = 1;
/// The counter of chunks has 32 bits and its last value is never used.
const CHUNKS_MAX: u64 = u32::MAX as u64;
const CHUNK: u64 = CHUNK_BYTES as u64;
const CLOSED_CHUNK: u64 = (CHUNK_BYTES + TAG_BYTES) as u64;

/// A letter's header, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub(crate) bytes: [u8; HEADER_BYTES],
    letter: LetterId,
    length: u64,
    commitment: [u8; 32],
}

impl Header {
    /// A header of format version 1.
    ///
    /// # Panics
    /// If `length` exceeds 2^32 - 1 chunks of 64 KiB (281 TB), which no memory holds.
    pub(crate) fn new(letter: LetterId, length: u64, commitment: [u8; 32]) -> Self {
        assert!(
            length.div_ceil(CHUNK) <= CHUNKS_MAX,
            "a letter has at most 2^32 - 1 chunks"
        );
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_be_bytes());
        bytes[10..26].copy_from_slice(letter.as_bytes());
        bytes[26..34].copy_from_slice(&length.to_be_bytes());
        bytes[34..38].copy_from_slice(&(CHUNK_BYTES as u32).to_be_bytes());
        bytes[38..].copy_from_slice(&commitment);
        Self {
            bytes,
            letter,
            length,
            commitment,
        }
    }

    /// Reads the header at the start of `sealed`; what follows it is not looked at.
    pub fn parse(sealed: &[u8]) -> Result<Self, OpenError> {
        let (bytes, _) = sealed
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(OpenError::Foreign)?;
        let mut rest = &bytes[..];
        if take::<8>(&mut rest) != *MAGIC {
            return Err(OpenError::Foreign);
        }
        let version = u16::from_be_bytes(take(&mut rest));
        let letter = LetterId::from_bytes(take(&mut rest));
        let length = u64::from_be_bytes(take(&mut rest));
        let chunk_size = u32::from_be_bytes(take(&mut rest));
        let commitment = take(&mut rest);
        if version != VERSION || u64::from(chunk_size) != CHUNK {
            return Err(OpenError::UnknownForm);
        }
        if length.div_ceil(CHUNK) > CHUNKS_MAX {
            return Err(OpenError::Length);
        }
        Ok(Self {
            bytes: *bytes,
            letter,
            length,
            commitment,
        })
    }

    /// The letter it names.
    pub fn letter(&self) -> LetterId {
        self.letter
    }

    /// The length of the open letter in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What the content key must derive to.
    pub fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }

    /// The length of the whole sealed letter in bytes, header included.
    pub fn sealed_length(&self) -> u64 {
        HEADER_BYTES as u64 + self.length + self.chunks() * TAG_BYTES as u64
    }

    /// Which bytes of the sealed letter must be fetched to open `range` of the open one.
    pub fn sealed_range(&self, range: &Range<u64>) -> Result<Range<u64>, OpenError> {
        let chunks = self.chunks_of(range)?;
        let start = HEADER_BYTES as u64 + u64::from(chunks.start) * CLOSED_CHUNK;
        let end = HEADER_BYTES as u64 + u64::from(chunks.end) * CLOSED_CHUNK;
        Ok(start..end.min(self.sealed_length()))
    }

    /// How many chunks: at least one, since an empty letter is one empty last chunk.
    pub(crate) fn chunks(&self) -> u64 {
        self.length.div_ceil(CHUNK).max(1)
    }

    /// Whether chunk `number` ends the letter.
    pub(crate) fn is_last(&self, number: u32) -> bool {
        u64::from(number) + 1 == self.chunks()
    }

    /// How many open bytes chunk `number` holds; zero past the end.
    pub(crate) fn chunk_length(&self, number: u32) -> usize {
        let start = u64::from(number) * CHUNK;
        self.length.saturating_sub(start).min(CHUNK) as usize
    }

    /// The chunks that `range` touches; never none.
    pub(crate) fn chunks_of(&self, range: &Range<u64>) -> Result<Range<u32>, OpenError> {
        if range.start > range.end || range.end > self.length {
            return Err(OpenError::Range);
        }
        let first = (range.start / CHUNK).min(self.chunks() - 1);
        let end = range.end.div_ceil(CHUNK).max(first + 1);
        // At most 2^32 - 1 chunks, checked where the header was made or parsed.
        Ok(first as u32..end as u32)
    }
}

/// Takes `N` bytes off the front of a header, whose length was checked.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let mut field = [0; N];
    let (front, back) = rest.split_at(N);
    field.copy_from_slice(front);
    *rest = back;
    field
}
