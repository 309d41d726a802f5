//! Whether a compound file is closed with a password.
//!
//! It never tries to open one.

use crate::compound::{Compound, u16_at, u32_at};
use crate::{Kind, Reason};

/// MS-DOC §2.5.2: `fEncrypted` in the flags of the FIB.
const WORD_FLAGS_AT: usize = 0x0a;
const WORD_ENCRYPTED: u16 = 0x0100;
/// MS-XLS §2.4.117: this record says that all after it is encrypted; it stands near the start.
const EXCEL_FILE_PASS: u16 = 0x002f;
const EXCEL_RECORDS_LOOKED_AT: usize = 16;
/// MS-PPT §2.3.2: the header token of an encrypted presentation.
const POWERPOINT_ENCRYPTED: u32 = 0xf3d1_c4df;
const HEAD_BYTES: usize = 4096;

/// Why the file's content is closed, if it is.
pub(crate) fn lock(file: &Compound<'_>) -> Option<Reason> {
    let head = |name: &str| file.top(name).map(|stream| file.read(stream, HEAD_BYTES));
    let looked = match file.kind() {
        Kind::EncryptedOffice => return Some(Reason::Encrypted),
        Kind::Doc => (head("WordDocument"), word_is_encrypted as fn(&[u8]) -> bool),
        Kind::Xls => (
            head("Workbook").or_else(|| head("Book")),
            excel_is_encrypted as _,
        ),
        Kind::Ppt => (head("Current User"), powerpoint_is_encrypted as _),
        _ => return None,
    };
    match looked {
        (Some(Ok(bytes)), is_encrypted) => is_encrypted(&bytes).then_some(Reason::Encrypted),
        (Some(Err(reason)), _) => Some(reason),
        (None, _) => Some(Reason::Damaged),
    }
}

fn word_is_encrypted(head: &[u8]) -> bool {
    u16_at(head, WORD_FLAGS_AT).is_none_or(|flags| flags & WORD_ENCRYPTED != 0)
}

fn excel_is_encrypted(head: &[u8]) -> bool {
    let mut at = 0;
    for _ in 0..EXCEL_RECORDS_LOOKED_AT {
        let (Some(record), Some(length)) = (u16_at(head, at), u16_at(head, at + 2)) else {
            return false;
        };
        if record == EXCEL_FILE_PASS {
            return true;
        }
        at += 4 + usize::from(length);
    }
    false
}

fn powerpoint_is_encrypted(head: &[u8]) -> bool {
    u32_at(head, 12) == Some(POWERPOINT_ENCRYPTED)
}
