//! Changes of the tree: a wrapper around a letter that must not be edited, a part put first or
//! last, a part replaced or removed.
//!
//! It never changes what is inside a part it moves: that goes over byte for byte.

use super::canvas::Splice;
use super::draft::{Draft, Shape, require_whole_tree};
use super::insert::NewText;
use super::plain;
use super::{EditError, NewPart, Place, SkipReason, words_of_part};
use crate::message::transfer::{encode_base64, encode_quoted_printable};
use crate::message::{Field, Message, Part, PartPath, Shield};

/// Signatures over the whole, which stay with the original.
const SEALS: [&str; 4] = [
    "dkim-signature",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
];

/// Fields that speak of a body and move with it.
fn is_content_field(message: &Message<'_>, field: &Field) -> bool {
    let name = message.field_name(field);
    let prefix = name.get(..8).unwrap_or_default();
    prefix.eq_ignore_ascii_case("content-") || name.eq_ignore_ascii_case("mime-version")
}

/// Makes the draft a new letter: the texts, then the original as an attached message.
pub(crate) fn wrap(draft: &mut Draft<'_>, texts: &[NewText<'_>]) -> Result<(), EditError> {
    if !draft.splices.is_empty() {
        return Err(EditError::Conflict);
    }
    let message = draft.message;
    let line_break = message.line_break();
    let (boundary, inner) = draft.boundaries();
    let mut start = delimiter(&boundary, line_break);
    start.extend(text_part(texts, &inner, line_break));
    start.extend_from_slice(line_break);
    start.extend(delimiter(&boundary, line_break));
    let bits = if message.raw().is_ascii() {
        "7bit"
    } else {
        "8bit"
    };
    let lines = [
        "Content-Type: message/rfc822".to_owned(),
        format!("Content-Transfer-Encoding: {bits}"),
        "Content-Disposition: attachment; filename=\"original.eml\"".to_owned(),
        String::new(),
    ];
    start.extend(
        lines
            .iter()
            .flat_map(|line| [line.as_bytes(), line_break].concat()),
    );
    // Header edits hold for the message inside as well: what was removed is gone from both.
    draft.header.write(&mut start, true);
    let body = message.body_start();
    let end = message.raw().len();
    let close = [line_break, b"--", boundary.as_bytes(), b"--", line_break].concat();
    draft.splices = vec![
        Splice {
            range: body..body,
            bytes: start,
        },
        Splice {
            range: end..end,
            bytes: close,
        },
    ];
    draft.shape = Shape::Wrapped;
    new_root_header(draft, &boundary);
    // RFC 6376: a signature over the original does not hold for the wrapper; it stands inside.
    draft
        .header
        .drop_fields(|message, field| SEALS.iter().any(|name| message.is_named(field, name)));
    Ok(())
}

fn new_root_header(draft: &mut Draft<'_>, boundary: &str) {
    let line_break = draft.message.line_break();
    draft.header.drop_fields(is_content_field);
    let line = |text: String| [text.as_bytes(), line_break].concat();
    draft
        .header
        .set_raw("MIME-Version", line("MIME-Version: 1.0".to_owned()));
    let kind = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"");
    draft.header.set_raw("Content-Type", line(kind));
}

fn delimiter(boundary: &str, line_break: &[u8]) -> Vec<u8> {
    [b"--", boundary.as_bytes(), line_break].concat()
}

/// The texts as a part of their own, plain and HTML, without a line break at its end.
fn text_part(texts: &[NewText<'_>], inner: &str, line_break: &[u8]) -> Vec<u8> {
    let top = texts.iter().rev().filter(|text| text.place == Place::Top);
    let ordered: Vec<_> = top
        .chain(texts.iter().filter(|text| text.place != Place::Top))
        .collect();
    let plain: Vec<String> = ordered
        .iter()
        .map(|text| plain::clean(text.plain))
        .collect();
    let html: Vec<String> = ordered.iter().map(|text| text.element("\n")).collect();
    let mut out = Vec::new();
    let mut line = |text: &str| {
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(line_break);
    };
    line(&format!(
        "Content-Type: multipart/alternative; boundary=\"{inner}\""
    ));
    line("");
    for (media_type, content) in [
        ("text/plain", format!("{}\n", plain.join("\n\n"))),
        (
            "text/html",
            format!("<html><body>{}</body></html>\n", html.join("\n")),
        ),
    ] {
        line(&format!("--{inner}"));
        line(&format!("Content-Type: {media_type}; charset=utf-8"));
        line("Content-Transfer-Encoding: quoted-printable");
        line("");
        let coded = encode_quoted_printable(content.as_bytes(), line_break);
        // Quoted-printable is ASCII.
        line(std::str::from_utf8(&coded).unwrap_or_default());
    }
    line(&format!("--{inner}--"));
    out
}

/// Puts the texts into a part of their own before the first child of a mixed root.
pub(crate) fn put_first(draft: &mut Draft<'_>, texts: &[NewText<'_>]) -> Result<(), SkipReason> {
    let message = draft.message;
    let root = message.root();
    require_whole_tree(message)?;
    let first = message
        .children(root)
        .next()
        .filter(|_| root.media_type == "multipart/mixed");
    let (Some(first), Some(boundary)) = (first, root.parameter("boundary")) else {
        return Err(SkipReason::NoBody);
    };
    let at = delimiter_start(message, first);
    let line_break = message.line_break();
    let (_, inner) = draft.boundaries();
    let mut bytes = delimiter(boundary.trim_end(), line_break);
    bytes.extend(text_part(texts, &inner, line_break));
    bytes.extend_from_slice(line_break);
    draft.splices.push(Splice {
        range: at..at,
        bytes,
    });
    // The alternative and its two texts are one child and two parts inside it.
    draft.added_first = 1;
    draft.added_inside += 2;
    Ok(())
}

/// Where the delimiter line before a child begins: the line before its header.
fn delimiter_start(message: &Message<'_>, child: &Part) -> usize {
    let raw = message.raw();
    let before = child.header.start.saturating_sub(1);
    memchr::memrchr(b'\n', &raw[..before]).map_or(0, |at| at + 1)
}

/// Adds an attachment at the end.
pub(crate) fn add(
    draft: &mut Draft<'_>,
    content: &NewPart,
    root_fields: &mut Vec<(&'static str, Vec<u8>)>,
) -> Result<Result<(), SkipReason>, EditError> {
    let message = draft.message;
    let root = message.root();
    let line_break = message.line_break();
    let part = write_part(content, line_break)?;
    match root.shield {
        Shield::Signed => return Ok(Err(SkipReason::Signed)),
        Shield::Encrypted | Shield::Either => return Ok(Err(SkipReason::Encrypted)),
        Shield::None => {}
    }
    if let Err(reason) = require_whole_tree(message) {
        return Ok(Err(reason));
    }
    if root.media_type == "multipart/mixed" && draft.shape == Shape::Same {
        let boundary = root.parameter("boundary").unwrap_or_default().trim_end();
        let last = message
            .children(root)
            .last()
            .map_or(root.body.end, |last| last.body.end);
        let bytes = [line_break, &delimiter(boundary, line_break), &part].concat();
        let closed = last < root.body.end;
        let close = [line_break, b"--", boundary.as_bytes(), b"--", line_break].concat();
        let bytes = match closed {
            true => bytes,
            // What was removed there left its own close, behind which nothing is read.
            false if draft.removed.iter().any(|gone| reaches_end(message, gone)) => {
                return Err(EditError::Conflict);
            }
            false => {
                reopen(draft, last, &close);
                [bytes, close].concat()
            }
        };
        draft.splices.push(Splice {
            range: last..last,
            bytes,
        });
        draft.added_last += 1;
        return Ok(Ok(()));
    }
    if draft.shape != Shape::Same {
        return Err(EditError::Conflict);
    }
    nest(draft, &part, root_fields);
    Ok(Ok(()))
}

/// Whether the part at this path is the last thing in the message.
fn reaches_end(message: &Message<'_>, path: &PartPath) -> bool {
    let end = message.root().body.end;
    message.part(path).is_some_and(|part| part.body.end == end)
}

/// Takes back the close that an earlier addition of this list wrote at the same place.
fn reopen(draft: &mut Draft<'_>, at: usize, close: &[u8]) {
    let here = |splice: &&mut Splice| splice.range == (at..at) && splice.bytes.ends_with(close);
    if let Some(earlier) = draft.splices.iter_mut().rev().find(here) {
        let kept = earlier.bytes.len() - close.len();
        earlier.bytes.truncate(kept);
    }
}

/// Makes the root the first child of a new mixed root, with another part after it.
fn nest(draft: &mut Draft<'_>, part: &[u8], root_fields: &mut Vec<(&'static str, Vec<u8>)>) {
    let message = draft.message;
    let line_break = message.line_break();
    let (boundary, _) = draft.boundaries();
    let mut start = delimiter(&boundary, line_break);
    let is_rewritten = |field: &&Field| {
        root_fields
            .iter()
            .any(|(name, _)| message.is_named(field, name))
            || message.is_named(field, "mime-version")
    };
    let moved = message
        .fields()
        .iter()
        .filter(|field| is_content_field(message, field));
    for field in moved.filter(|field| !is_rewritten(field)) {
        start.extend_from_slice(message.field_raw(field));
    }
    start.extend(root_fields.drain(..).flat_map(|(_, bytes)| bytes));
    start.extend_from_slice(line_break);
    let body = message.body_start();
    let end = message.raw().len();
    let next = [line_break, &delimiter(&boundary, line_break), part].concat();
    let close = [line_break, b"--", boundary.as_bytes(), b"--", line_break].concat();
    draft.splices.insert(
        0,
        Splice {
            range: body..body,
            bytes: start,
        },
    );
    draft.splices.push(Splice {
        range: end..end,
        bytes: [next, close].concat(),
    });
    draft.shape = Shape::Nested;
    draft.added_last += 1;
    new_root_header(draft, &boundary);
}

/// Puts other content in a part's place.
pub(crate) fn replace(
    draft: &mut Draft<'_>,
    path: &PartPath,
    content: &NewPart,
) -> Result<Result<(), SkipReason>, EditError> {
    let message = draft.message;
    let part = message
        .part(path)
        .ok_or_else(|| EditError::NoPart(path.clone()))?;
    let line_break = message.line_break();
    let whole = write_part(content, line_break)?;
    require_whole_part(draft, path)?;
    if let Err(reason) = may_change(message, part) {
        return Ok(Err(reason));
    }
    if path.is_root() {
        let (header, mut body) = words_of_part(content, line_break)?;
        body.extend_from_slice(line_break);
        draft.header.drop_fields(is_content_field);
        draft
            .header
            .set_raw("MIME-Version", [b"MIME-Version: 1.0", line_break].concat());
        for (name, bytes) in header {
            draft.header.set_raw(name, bytes);
        }
        draft.splices.push(Splice {
            range: part.body.clone(),
            bytes: body,
        });
    } else {
        let range = part.header.start..part.body.end;
        draft.splices.push(Splice {
            range,
            bytes: whole,
        });
    }
    draft.replaced.push(path.clone());
    Ok(Ok(()))
}

/// Removes a part with its delimiter; an only child leaves an empty text.
pub(crate) fn remove(
    draft: &mut Draft<'_>,
    path: &PartPath,
) -> Result<Result<(), SkipReason>, EditError> {
    let message = draft.message;
    let part = message
        .part(path)
        .ok_or_else(|| EditError::NoPart(path.clone()))?;
    require_whole_part(draft, path)?;
    let parent = message.parent(part).filter(|parent| parent.is_multipart());
    let gone = |child: &&Part| draft.removed.contains(&child.path);
    let siblings = parent.map_or(0, |parent| {
        message.children(parent).filter(|c| !gone(c)).count()
    });
    if siblings < 2 {
        let media_type = "text/plain; charset=utf-8".to_owned();
        let empty = NewPart {
            media_type,
            file_name: None,
            content: Vec::new(),
        };
        return replace(draft, path, &empty);
    }
    if let Err(reason) = may_change(message, part) {
        return Ok(Err(reason));
    }
    let raw = message.raw();
    let start = delimiter_start(message, part);
    // The line break after the body belongs to the next delimiter, and goes with this one.
    let rest = &raw[part.body.end..];
    let line = if rest.starts_with(b"\r\n") {
        2
    } else {
        usize::from(rest.starts_with(b"\n"))
    };
    // The last part of a multipart that nobody closed: without a close in its place, the line
    // break before it would become content of the part before.
    let boundary = parent.filter(|parent| parent.body.end == part.body.end);
    let close = boundary.and_then(|parent| parent.parameter("boundary"));
    let close = close.map(|boundary| format!("--{}--", boundary.trim_end()));
    draft.splices.push(Splice {
        range: start..part.body.end + line,
        bytes: close.map_or(Vec::new(), |close| {
            [close.as_bytes(), message.line_break()].concat()
        }),
    });
    draft.removed.push(path.clone());
    Ok(Ok(()))
}

/// Refuses to change what another edit of the list has changed, in whole or in part.
pub(crate) fn require_whole_part(draft: &Draft<'_>, path: &PartPath) -> Result<(), EditError> {
    let mut changed = draft.replaced.iter().chain(&draft.removed);
    match changed.any(|other| other.holds(path) || path.holds(other)) {
        true => Err(EditError::Conflict),
        false => Ok(()),
    }
}

/// A part inside something signed or encrypted stays as it is; the whole of it may go.
pub(crate) fn may_change(message: &Message<'_>, part: &Part) -> Result<(), SkipReason> {
    let outer = message
        .parent(part)
        .map_or(Shield::None, |parent| parent.shield);
    match outer {
        Shield::Signed => Err(SkipReason::Signed),
        Shield::Encrypted | Shield::Either => Err(SkipReason::Encrypted),
        Shield::None => require_whole_tree(message),
    }
}

fn write_part(content: &NewPart, line_break: &[u8]) -> Result<Vec<u8>, EditError> {
    let (header, body) = words_of_part(content, line_break)?;
    let header: Vec<u8> = header.into_iter().flat_map(|(_, bytes)| bytes).collect();
    Ok([&header[..], line_break, &body].concat())
}

/// Content in base64 without a line break at its end.
pub(crate) fn code_content(content: &[u8], line_break: &[u8]) -> Vec<u8> {
    let mut coded = encode_base64(content, line_break);
    coded.truncate(coded.len().saturating_sub(line_break.len()));
    coded
}
