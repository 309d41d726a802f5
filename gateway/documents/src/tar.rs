//! A tar archive, in memory: its members, one after the other.
//!
//! It never copies a member, and never trusts a size beyond the end of the file.

use crate::Reason;
use crate::limits::ENTRIES_MAX;

const BLOCK_BYTES: usize = 512;
const SIZE_AT: usize = 124;
const KIND_AT: usize = 156;
const MAGIC_AT: usize = 257;

/// Whether the bytes begin like an archive of POSIX (`ustar`) or GNU.
pub(crate) fn is_one(bytes: &[u8]) -> bool {
    bytes
        .get(MAGIC_AT..)
        .is_some_and(|rest| rest.starts_with(b"ustar"))
}

/// The content of every file in the archive.
///
/// # Errors
/// [`Reason::TooManyEntries`] above [`ENTRIES_MAX`]; [`Reason::Damaged`] for a member that is
/// longer than what is left, or a header that is none.
pub(crate) fn members(bytes: &[u8]) -> Result<Vec<&[u8]>, Reason> {
    let mut members = Vec::new();
    let mut rest = bytes;
    for _ in 0..=ENTRIES_MAX {
        // POSIX.1-2017, pax: blocks of zeros end the archive; some writers leave them out.
        let Some((header, after)) = rest.split_at_checked(BLOCK_BYTES) else {
            return Ok(members);
        };
        if header.iter().all(|byte| *byte == 0) {
            return Ok(members);
        }
        if !is_one(header) {
            return Err(Reason::Damaged);
        }
        let size = size(header).ok_or(Reason::Damaged)?;
        let content = after.get(..size).ok_or(Reason::Damaged)?;
        if matches!(header[KIND_AT], b'0' | b'7' | 0) {
            members.push(content);
        }
        rest = after
            .get(size.next_multiple_of(BLOCK_BYTES)..)
            .unwrap_or_default();
    }
    Err(Reason::TooManyEntries)
}

/// Octal digits, or GNU's binary form for what they cannot hold.
fn size(header: &[u8]) -> Option<usize> {
    let field = &header[SIZE_AT..SIZE_AT + 12];
    if field[0] & 0x80 != 0 {
        let (high, low) = field.split_at(4);
        let small = high == [0x80, 0, 0, 0];
        let low = u64::from_be_bytes(low.try_into().ok()?);
        return small
            .then_some(low)
            .and_then(|size| usize::try_from(size).ok());
    }
    let text = std::str::from_utf8(field).ok()?;
    usize::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}
