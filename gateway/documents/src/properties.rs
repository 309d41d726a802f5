//! The user's own properties of an Office 97-2003 file (MS-OLEPS), as names and texts.
//!
//! It never reads a value that is neither text nor a yes or no.

use crate::Reason;
use crate::compound::{u16_at, u32_at};
use crate::limits::PROPERTIES_MAX;

/// MS-OLEPS §2.18.1, identifier 0 and 1: the names of the others, and the code page.
const DICTIONARY: u32 = 0;
const CODE_PAGE: u32 = 1;
const CODE_PAGE_UTF16: u16 = 1200;
const TYPE_BOOL: u32 = 0x0b;
const TYPE_TEXT: u32 = 0x1e;
const TYPE_WIDE_TEXT: u32 = 0x1f;

/// Named properties of every set in the stream.
///
/// # Errors
/// [`Reason::Damaged`] for a stream that does not hold what it states,
/// [`Reason::TooManyEntries`] above [`PROPERTIES_MAX`].
pub(crate) fn read(stream: &[u8]) -> Result<Vec<(String, String)>, Reason> {
    if u16_at(stream, 0) != Some(0xfffe) {
        return Err(Reason::Damaged);
    }
    // MS-OLEPS §2.21: a stream has one or two sets.
    let sets = u32_at(stream, 24).ok_or(Reason::Damaged)?.min(2) as usize;
    let mut found = Vec::new();
    for set in 0..sets {
        let offset = u32_at(stream, 28 + set * 20 + 16).ok_or(Reason::Damaged)? as usize;
        found.extend(read_set(stream.get(offset..).ok_or(Reason::Damaged)?)?);
    }
    Ok(found)
}

fn read_set(set: &[u8]) -> Result<Vec<(String, String)>, Reason> {
    let count = u32_at(set, 4).ok_or(Reason::Damaged)? as usize;
    if count > PROPERTIES_MAX {
        return Err(Reason::TooManyEntries);
    }
    let mut offsets = Vec::with_capacity(count);
    for index in 0..count {
        let id = u32_at(set, 8 + index * 8).ok_or(Reason::Damaged)?;
        let offset = u32_at(set, 12 + index * 8).ok_or(Reason::Damaged)? as usize;
        offsets.push((id, offset));
    }
    let place = |wanted| {
        offsets
            .iter()
            .find(|(id, _)| *id == wanted)
            .map(|(_, offset)| *offset)
    };
    let code_page = place(CODE_PAGE)
        .and_then(|at| u16_at(set, at + 4))
        .unwrap_or(0);
    let Some(dictionary) = place(DICTIONARY) else {
        return Ok(Vec::new());
    };
    let names = read_names(set, dictionary, code_page)?;
    let values = names.into_iter().filter_map(|(id, name)| {
        let (_, offset) = offsets.iter().find(|(known, _)| *known == id)?;
        Some((name, value(set, *offset, code_page)?))
    });
    Ok(values.collect())
}

/// MS-OLEPS §2.17: the dictionary, names by identifier.
fn read_names(set: &[u8], at: usize, code_page: u16) -> Result<Vec<(u32, String)>, Reason> {
    let count = u32_at(set, at).ok_or(Reason::Damaged)? as usize;
    if count > PROPERTIES_MAX {
        return Err(Reason::TooManyEntries);
    }
    let mut at = at + 4;
    let mut names = Vec::with_capacity(count);
    for _ in 0..count {
        let id = u32_at(set, at).ok_or(Reason::Damaged)?;
        let length = u32_at(set, at + 4).ok_or(Reason::Damaged)? as usize;
        let wide = code_page == CODE_PAGE_UTF16;
        // In UTF-16 the length counts characters, and the name is padded to four bytes.
        let bytes = if wide {
            length.saturating_mul(2)
        } else {
            length
        };
        let end = (at + 8).checked_add(bytes).ok_or(Reason::Damaged)?;
        let raw = set.get(at + 8..end).ok_or(Reason::Damaged)?;
        names.push((
            id,
            if wide {
                wide_text(raw)
            } else {
                narrow_text(raw)
            },
        ));
        at = if wide { end.next_multiple_of(4) } else { end };
    }
    Ok(names)
}

fn value(set: &[u8], at: usize, code_page: u16) -> Option<String> {
    let length = u32_at(set, at.checked_add(4)?)? as usize;
    let text_at = at + 8;
    match u32_at(set, at)? {
        TYPE_BOOL => Some(
            if length & 0xffff != 0 {
                "true"
            } else {
                "false"
            }
            .to_owned(),
        ),
        TYPE_TEXT => {
            let raw = set.get(text_at..text_at.checked_add(length)?)?;
            let wide = code_page == CODE_PAGE_UTF16;
            Some(if wide {
                wide_text(raw)
            } else {
                narrow_text(raw)
            })
        }
        TYPE_WIDE_TEXT => {
            let raw = set.get(text_at..text_at.checked_add(length.checked_mul(2)?)?)?;
            Some(wide_text(raw))
        }
        _ => None,
    }
}

/// Labels are ASCII by nature; other letters may come out as a replacement character.
fn narrow_text(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw)
        .trim_end_matches('\0')
        .to_owned()
}

fn wide_text(raw: &[u8]) -> String {
    let units: Vec<u16> = raw
        .chunks_exact(2)
        .map(|c| u16::from_le_bytes([c[0], c[1]]))
        .collect();
    String::from_utf16_lossy(&units)
        .trim_end_matches('\0')
        .to_owned()
}
