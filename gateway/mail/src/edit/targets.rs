//! Which bodies of a letter are written in, or why none is.
//!
//! It never names an attachment, a part of a message inside, or a part that is signed or encrypted.

use super::{Place, SkipReason};
use crate::message::{Disposition, Message, Part, PartPath, Shield};

/// Why nothing is written, and about which part.
pub(crate) type Refusal = (PartPath, SkipReason);

/// The bodies that make up the letter as a person sees it: one of each form.
pub(crate) fn find<'m>(message: &'m Message<'_>, place: Place) -> Result<Vec<&'m Part>, Refusal> {
    let mut found = Vec::new();
    walk(message, message.root(), place, &mut found)?;
    if found.is_empty() {
        // Where there is no other text, an empty one will do.
        let is_empty_letter = |part: &&Part| {
            is_letter(part) && is_nothing(message, part) && !is_between_delimiters(message, part)
        };
        found.extend(message.parts().iter().find(is_empty_letter));
    }
    match found.is_empty() {
        true => Err((PartPath::root(), SkipReason::NoBody)),
        false => Ok(found),
    }
}

fn walk<'m>(
    message: &'m Message<'_>,
    part: &'m Part,
    place: Place,
    found: &mut Vec<&'m Part>,
) -> Result<bool, Refusal> {
    let refuse = |reason| Err((part.path.clone(), reason));
    match part.shield {
        Shield::Signed => return refuse(SkipReason::Signed),
        Shield::Encrypted | Shield::Either => return refuse(SkipReason::Encrypted),
        Shield::None => {}
    }
    match part.media_type.as_str() {
        // RFC 6522: reports and receipts are evidence, read by programs too.
        "multipart/report" => refuse(SkipReason::Report),
        // RFC 2046 §5.2.2: a fragment is joined with others, byte by byte.
        "message/partial" => refuse(SkipReason::Fragment),
        "multipart/digest" | "multipart/appledouble" | "multipart/form-data" => Ok(false),
        "multipart/alternative" => {
            let mut any = false;
            for child in message.children(part) {
                any |= walk(message, child, place, found)?;
            }
            Ok(any)
        }
        "multipart/related" => match related_root(message, part) {
            Some(child) => walk(message, child, place, found),
            None => Ok(false),
        },
        _ if part.is_multipart() => mixed(message, part, place, found),
        _ if is_nothing(message, part) => Ok(false),
        _ if is_letter(part) => {
            found.push(part);
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The first child that holds the letter; at the bottom of a letter that Apple Mail cut around its
/// attachments, the last piece.
fn mixed<'m>(
    message: &'m Message<'_>,
    part: &'m Part,
    place: Place,
    found: &mut Vec<&'m Part>,
) -> Result<bool, Refusal> {
    let mut children = message.children(part);
    while let Some(child) = children.next() {
        if !walk(message, child, place, found)? {
            continue;
        }
        if place != Place::Top && !child.is_multipart() {
            let same = |later: &&Part| {
                let alike = later.is_body() && later.media_type == child.media_type;
                alike && !is_nothing(message, later)
            };
            if let Some(last) = children.filter(same).last() {
                found.pop();
                found.push(last);
            }
        }
        return Ok(true);
    }
    Ok(false)
}

/// RFC 2387 §3.2: the part that `start` names, else the first.
fn related_root<'m>(message: &'m Message<'_>, part: &Part) -> Option<&'m Part> {
    let start = part
        .parameter("start")
        .map(|id| id.trim_matches(['<', '>', ' ']));
    let named = start.and_then(|start| {
        message
            .children(part)
            .find(|child| child.content_id() == Some(start))
    });
    named.or_else(|| message.children(part).next())
}

/// Whether a part is what two delimiters in a row make: who passes over the second finds none.
fn is_between_delimiters(message: &Message<'_>, part: &Part) -> bool {
    let is_bare = part.header.is_empty() && part.body.is_empty() && !part.path.is_root();
    is_bare && message.raw()[part.body.end..].starts_with(b"--")
}

/// What has no header and nothing to read.
fn is_nothing(message: &Message<'_>, part: &Part) -> bool {
    let blank = || message.body_raw(part).trim_ascii().is_empty();
    !part.path.is_root() && part.fields.is_empty() && blank()
}

/// The root of a message is its letter even when it bears a name.
fn is_letter(part: &Part) -> bool {
    let text = matches!(part.media_type.as_str(), "text/plain" | "text/html");
    part.is_body() || (part.path.is_root() && text && part.disposition != Disposition::Attachment)
}
