//! A whole letter: header and chunks, sealed in one pass, opened whole or by range.
//! It never gives out a byte before the chunk it stands in was checked.

use std::ops::Range;

use subtle::ConstantTimeEq;

use crate::OpenError;
use crate::entropy::Entropy;
use crate::header::{HEADER_BYTES, Header};
use crate::ids::LetterId;
use crate::secrets::ContentKey;
use crate::stream::{CHUNK_BYTES, Stream, TAG_BYTES};

/// Encrypts `plaintext` under a fresh content key: header and chunks, and the key.
pub fn seal(
    plaintext: &[u8],
    letter: LetterId,
    entropy: &mut dyn Entropy,
) -> (Vec<u8>, ContentKey) {
    let key = ContentKey::generate(entropy);
    let mut sealer = Sealer::new(plaintext.len() as u64, letter, &key);
    sealer.push(plaintext);
    (sealer.finish(), key)
}

/// Seals a letter piece by piece, when it is not held in one slice (an edited message, say).
pub struct Sealer {
    stream: Stream,
    header: Header,
    out: Vec<u8>,
    /// The start of a chunk whose rest has not come yet; never a full chunk.
    held: Vec<u8>,
    chunk: u32,
}

impl Sealer {
    /// A letter of exactly `length` bytes. `key` must be fresh and never seal another letter.
    pub fn new(length: u64, letter: LetterId, key: &ContentKey) -> Self {
        let header = Header::new(letter, length, key.commitment(&letter));
        let mut out = Vec::with_capacity(usize::try_from(header.sealed_length()).unwrap_or(0));
        out.extend_from_slice(&header.bytes);
        Self {
            stream: stream_of(key, &letter),
            header,
            out,
            held: Vec::new(),
            chunk: 0,
        }
    }

    /// Takes the next piece. Only what does not fill a chunk is copied aside.
    ///
    /// # Panics
    /// If more is pushed than the length that was promised.
    pub fn push(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let wanted = self.header.chunk_length(self.chunk) - self.held.len();
            assert!(wanted > 0, "more was pushed than promised");
            let (front, rest) = piece.split_at(piece.len().min(wanted));
            piece = rest;
            if front.len() < wanted {
                self.held.extend_from_slice(front);
            } else if self.held.is_empty() {
                self.close(front);
            } else {
                let mut chunk = std::mem::take(&mut self.held);
                chunk.extend_from_slice(front);
                self.close(&chunk);
            }
        }
    }

    /// The sealed letter.
    ///
    /// # Panics
    /// If less was pushed than the length that was promised.
    pub fn finish(mut self) -> Vec<u8> {
        if self.header.length() == 0 {
            self.close(&[]);
        }
        let sealed = self.out.len() as u64;
        assert_eq!(
            sealed,
            self.header.sealed_length(),
            "less was pushed than promised"
        );
        self.out
    }

    fn close(&mut self, chunk: &[u8]) {
        let last = self.header.is_last(self.chunk);
        self.stream
            .close(self.chunk, last, &self.header.bytes, chunk, &mut self.out);
        // At most 2^32 - 1 chunks, checked where the header was made.
        self.chunk += 1;
    }
}

/// A sealed letter in memory, its length checked against its header.
#[derive(Debug, Clone)]
pub struct SealedMessage<'a> {
    header: Header,
    chunks: &'a [u8],
}

impl<'a> SealedMessage<'a> {
    /// Reads the header and checks that the letter is as long as it says.
    pub fn parse(sealed: &'a [u8]) -> Result<Self, OpenError> {
        let header = Header::parse(sealed)?;
        if sealed.len() as u64 != header.sealed_length() {
            return Err(OpenError::Length);
        }
        Ok(Self {
            header,
            chunks: &sealed[HEADER_BYTES..],
        })
    }

    /// The letter's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The whole letter.
    pub fn open(&self, key: &ContentKey) -> Result<Vec<u8>, OpenError> {
        self.open_range(key, 0..self.header.length())
    }

    /// The bytes of `range`, which must lie within the letter; other chunks are not touched.
    pub fn open_range(&self, key: &ContentKey, range: Range<u64>) -> Result<Vec<u8>, OpenError> {
        let sealed = self.header.sealed_range(&range)?;
        // `parse` found these chunks to be as long as the header says, hence inside `usize`.
        let start = sealed.start as usize - HEADER_BYTES;
        let end = sealed.end as usize - HEADER_BYTES;
        self.header
            .open_chunks(key, range, &self.chunks[start..end])
    }
}

impl Header {
    /// Opens `range` from the bytes that [`Header::sealed_range`] asked for.
    pub fn open_chunks(
        &self,
        key: &ContentKey,
        range: Range<u64>,
        chunks: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let sealed = self.sealed_range(&range)?;
        if chunks.len() as u64 != sealed.end - sealed.start {
            return Err(OpenError::Length);
        }
        let committed = key.commitment(&self.letter());
        if !bool::from(committed.ct_eq(self.commitment())) {
            return Err(OpenError::Refused);
        }
        let stream = stream_of(key, &self.letter());
        let numbers = self.chunks_of(&range)?;
        let offset = u64::from(numbers.start) * CHUNK_BYTES as u64;
        let mut out = Vec::with_capacity(chunks.len());
        // Both sides have the same count, since the length was checked above.
        for (number, chunk) in numbers.zip(chunks.chunks(CHUNK_BYTES + TAG_BYTES)) {
            stream.open(number, self.is_last(number), &self.bytes, chunk, &mut out)?;
        }
        out.truncate((range.end - offset) as usize);
        out.drain(..(range.start - offset) as usize);
        Ok(out)
    }
}

/// The letter's stream; its key is derived, so that the content key itself encrypts nothing.
fn stream_of(key: &ContentKey, letter: &LetterId) -> Stream {
    Stream::new(&key.root().key("chunks", &[letter.as_bytes()]))
}
