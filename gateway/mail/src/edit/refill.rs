//! Other content in a part that keeps its header, its place and the form of its code.
//!
//! It never changes a part that is signed, encrypted or inside an attached message, nor one on
//! whose content readers differ.

use super::canvas::Splice;
use super::draft::Draft;
use super::shape::{may_change, require_whole_part};
use super::{EditError, SkipReason};
use crate::ambiguity::AmbiguityKind as Kind;
use crate::message::transfer::encode_base64;
use crate::message::{Message, Part, PartPath, Shield, TransferEncoding};

/// Characters of a line of code where the old lines have no length to follow: RFC 2045 §6.8.
const LINE_CHARS: usize = 76;
/// Shorter lines are not followed: they would make the part much longer.
const LINE_CHARS_MIN: usize = 40;
/// RFC 5322 §2.1.1.
const LINE_CHARS_MAX: usize = 998;

/// Why an edit would leave the content of a part as it is; none where it would be replaced.
pub fn why_kept(message: &Message<'_>, part: &Part) -> Option<SkipReason> {
    is_open(message, part).err()
}

/// Puts other content into a leaf.
pub(crate) fn refill<'m>(
    draft: &mut Draft<'m>,
    path: &PartPath,
    content: &'m [u8],
) -> Result<Result<(), SkipReason>, EditError> {
    let message = draft.message;
    let part = message
        .part(path)
        .ok_or_else(|| EditError::NoPart(path.clone()))?;
    require_whole_part(draft, path)?;
    if draft.refilled.iter().any(|(known, _)| known == path) {
        return Err(EditError::Conflict);
    }
    if let Err(reason) = is_open(message, part) {
        return Ok(Err(reason));
    }
    let bytes = code(message, message.body_raw(part), content);
    draft.splices.push(Splice {
        range: part.body.clone(),
        bytes,
    });
    draft.refilled.push((path.clone(), content));
    Ok(Ok(()))
}

/// Whether other content may stand in a part, and every reader would see it.
fn is_open(message: &Message<'_>, part: &Part) -> Result<(), SkipReason> {
    match part.shield {
        Shield::Signed => return Err(SkipReason::Signed),
        Shield::Encrypted | Shield::Either => return Err(SkipReason::Encrypted),
        Shield::None => {}
    }
    may_change(message, part)?;
    if part.is_inside_message() || part.is_message() {
        return Err(SkipReason::Enclosed);
    }
    let mut above = message.parent(part);
    while let Some(outer) = above {
        // RFC 6522: reports are evidence.
        if outer.media_type == "multipart/report" {
            return Err(SkipReason::Report);
        }
        above = message.parent(outer);
    }
    if part.media_type == "message/partial" {
        return Err(SkipReason::Fragment);
    }
    let doubtful = |ambiguity: &crate::ambiguity::Ambiguity| {
        let kinds = [Kind::DuplicateContentType, Kind::DuplicateTransferEncoding];
        ambiguity.path == part.path && kinds.contains(&ambiguity.kind)
    };
    if message.structure_ambiguities().iter().any(doubtful) {
        return Err(SkipReason::Ambiguous);
    }
    // RFC 1864: a digest of the content would no longer be true.
    let has_digest = part
        .fields
        .iter()
        .any(|field| message.is_named(field, "content-md5"));
    if part.is_multipart() || part.encoding != TransferEncoding::Base64 || has_digest {
        return Err(SkipReason::Unwritable);
    }
    match is_plain_code(message.body_raw(part)) {
        true => Ok(()),
        false => Err(SkipReason::Ambiguous),
    }
}

/// Whether a body is code and blanks alone, with padding only at its end.
fn is_plain_code(body: &[u8]) -> bool {
    let body = body.trim_ascii_end();
    let padding = body.iter().rev().take_while(|byte| **byte == b'=').count();
    let is_code = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b' ' | b'\t' | b'\r' | b'\n')
    };
    padding <= 2 && body[..body.len() - padding].iter().all(is_code)
}

/// The content in base64, in lines as long as the old ones, between the blanks that stood there.
fn code(message: &Message<'_>, old: &[u8], content: &[u8]) -> Vec<u8> {
    let core = old.trim_ascii();
    let lead = old.len() - old.trim_ascii_start().len();
    let (before, after) = (&old[..lead], &old[lead + core.len()..]);
    let first = memchr::memchr(b'\n', core);
    let line_break: &[u8] = match first {
        Some(at) if core[..at].ends_with(b"\r") => b"\r\n",
        Some(_) => b"\n",
        None => message.line_break(),
    };
    let length = core[..first.unwrap_or(core.len())].trim_ascii_end().len();
    let chars = match (LINE_CHARS_MIN..=LINE_CHARS_MAX).contains(&length) {
        true => length,
        false => LINE_CHARS,
    };
    let coded = encode_base64(content, b"");
    let lines = coded.len() / chars + 1;
    let mut out = Vec::with_capacity(old.len().max(coded.len() + lines * 2));
    out.extend_from_slice(before);
    for (at, line) in coded.chunks(chars).enumerate() {
        if at > 0 {
            out.extend_from_slice(line_break);
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(after);
    out
}
