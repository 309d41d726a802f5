//! The seam of the store for sealed letters that stand in no record.
//! A backend sees sealed bytes and ids; it decides nothing about keys or time.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use mail::Timestamp;
use seal::LetterId;

use crate::error::StoreError;
use crate::packs::{Berth, Entry, Packed};

type Result<T> = std::result::Result<T, StoreError>;

/// A place for sealed letters too long for a row.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Writes one, durably: bytes, name and folder are on the disk when this returns.
    async fn put_blob(&self, letter: LetterId, sealed: Bytes) -> Result<()>;
    /// Reads one, whole or in part.
    async fn blob(&self, letter: LetterId, range: Option<Range<u64>>) -> Result<Option<Bytes>>;
    /// Deletes one; it need not be there.
    async fn delete_blob(&self, letter: LetterId) -> Result<()>;
    /// The letters that have a blob, and when it was written.
    async fn blobs(&self) -> Result<Vec<(LetterId, Timestamp)>>;
    /// Writes one beside others in one file, where the backend has such: cheaper than a blob of its
    /// own. It is on the disk once [`Packed::settle`] has returned.
    async fn pack(&self, letter: LetterId, sealed: Bytes, now: Timestamp)
    -> Result<Option<Packed>>;
    /// Reads one of these, whole or in part; `None` when it is gone.
    async fn packed(
        &self,
        letter: LetterId,
        berth: Berth,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>>;
    /// Deletes one of these; it need not be there.
    async fn unpack(&self, letter: LetterId, berth: Berth) -> Result<()>;
    /// The files of these that may hold what no record names, or nothing any more.
    async fn packs(&self) -> Result<Vec<u64>>;
    /// The letters in one of them.
    async fn in_pack(&self, pack: u64) -> Result<Vec<Entry>>;
    /// Deletes one that holds nothing, unless something is being added to it.
    async fn delete_pack(&self, pack: u64) -> Result<()>;
    /// Every letter in it has its record: it need not be told of until it holds nothing.
    async fn pack_is_clean(&self, pack: u64) -> Result<()>;
    /// Whether it can be written to now.
    async fn health(&self) -> Result<()>;
}
