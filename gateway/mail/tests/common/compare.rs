//! What must hold between a message and its marked copy, judged by mail-parser, which shares no
//! code with our reading.
//!
//! It never trusts our own view of the parts.

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// The words every test marks with.
pub const MARK: &str = "Marked-by-the-test";

/// Compares; `Err` says what was harmed. `Ok` is the number of bodies that were marked.
pub fn untouched(before: &[u8], after: &[u8]) -> Result<usize, String> {
    let old = MessageParser::new()
        .parse(before)
        .ok_or("the message does not parse")?;
    let new = MessageParser::new()
        .parse(after)
        .ok_or("the marked message does not parse")?;
    messages(&old, &new)
}

/// Whether the tree is one that readers see differently, as our own reading says too.
pub fn readers_differ(message: &mail::Message<'_>) -> bool {
    use mail::AmbiguityKind as Kind;
    const KINDS: [Kind; 7] = [
        Kind::MissingClose,
        Kind::CutHeader,
        Kind::MissingBoundary,
        Kind::BoundaryClash,
        Kind::OddHeaderLine,
        Kind::BlankBeforeColon,
        Kind::FoldedParameter,
    ];
    use mail::message::WarningKind as Odd;
    let is_odd = |warning: &mail::message::Warning| match warning.kind {
        Odd::MissingClose => !warning.path.is_root(),
        kind => matches!(
            kind,
            Odd::NoEmptyLine
                | Odd::QuotedDelimiter
                | Odd::OddClose
                | Odd::LongerBoundary
                | Odd::EmptyPart
                | Odd::NoDelimiter
                | Odd::FoldedBoundary
                | Odd::BlankBeforeColon
                | Odd::QuotedMboxLine
        ),
    };
    message.warnings().iter().any(is_odd)
        || message
            .ambiguities()
            .iter()
            .any(|ambiguity| KINDS.contains(&ambiguity.kind))
}

/// Whether mail-parser can be the judge: it sees as many parts as there are and decodes each. It
/// leaves base64 as it stands, with all that follows, where a multipart is not closed; it loses
/// parts after a message inside a message.
pub fn can_judge(message: &mail::Message<'_>) -> bool {
    fn count(message: &Message<'_>) -> Option<usize> {
        let mut parts = 0;
        for part in &message.parts {
            parts += match &part.body {
                _ if part.is_encoding_problem => return None,
                PartType::Message(inner) => 1 + count(inner)?,
                _ => 1,
            };
        }
        Some(parts)
    }
    // It panics on some trees that a multipart inside a message leaves open.
    let seen = std::panic::catch_unwind(|| {
        MessageParser::new()
            .parse(message.raw())
            .and_then(|message| count(&message))
    });
    seen.ok().flatten() == Some(message.parts().len()) && !readers_differ(message)
}

fn messages(old: &Message<'_>, new: &Message<'_>) -> Result<usize, String> {
    if old.parts.len() != new.parts.len() {
        return Err(format!(
            "{} parts became {}",
            old.parts.len(),
            new.parts.len()
        ));
    }
    let mut marked = 0;
    for (number, (old, new)) in old.parts.iter().zip(&new.parts).enumerate() {
        marked += part(old, new).map_err(|error| format!("part {number}: {error}"))?;
    }
    Ok(marked)
}

fn part(old: &MessagePart<'_>, new: &MessagePart<'_>) -> Result<usize, String> {
    if kind(old) != kind(new) {
        return Err(format!("{:?} became {:?}", kind(old), kind(new)));
    }
    match (&old.body, &new.body) {
        (PartType::Text(a), PartType::Text(b)) | (PartType::Html(a), PartType::Html(b)) => {
            text(a, b)
        }
        (PartType::Binary(old), PartType::Binary(new))
        | (PartType::InlineBinary(old), PartType::InlineBinary(new)) => match old == new {
            true => Ok(0),
            false => Err("its bytes changed".to_owned()),
        },
        (PartType::Message(old), PartType::Message(new)) => messages(old, new),
        (PartType::Multipart(old), PartType::Multipart(new)) if old == new => Ok(0),
        (old, new) => Err(format!("{old:?} became {new:?}")),
    }
}

/// Type, subtype and name; text/plain where none is stated.
fn kind(part: &MessagePart<'_>) -> (String, String, Option<String>) {
    let name = part.attachment_name().map(str::to_owned);
    let kind = part.content_type();
    let main = kind.map_or("text", |kind| kind.ctype());
    let sub = kind
        .map_or(Some("plain"), |kind| kind.subtype())
        .unwrap_or("plain");
    (main.to_owned(), sub.to_owned(), name)
}

/// The old text must stand in the new one, cut in two at most, around the marking.
fn text(old: &str, new: &str) -> Result<usize, String> {
    if old == new {
        return Ok(0);
    }
    if !new.contains(MARK) {
        return Err(format!("{old:?} became {new:?} without the marking"));
    }
    // It reads line breaks of quoted-printable as LF, of base64 as they are.
    let (old, new) = (old.replace("\r\n", "\n"), new.replace("\r\n", "\n"));
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    if head + tail >= old.len() && new.len() > old.len() {
        return Ok(1);
    }
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(format!("{:?} was lost in {:?}", shown(old), shown(new)))
}
