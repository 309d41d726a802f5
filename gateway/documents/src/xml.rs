//! One XML part, walked once within bounds.
//!
//! It never reads a document type, an external entity or anything outside the part.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::Reason;
use crate::limits::{XML_ATTRIBUTES_MAX, XML_DEPTH_MAX, XML_EVENTS_MAX};

/// What the walk meets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Node<'a> {
    /// An element begins; names are local names.
    Start {
        name: &'a str,
        attributes: Vec<(String, String)>,
    },
    /// Text, a reference already resolved, or a CDATA section. One text may come in pieces.
    Text(&'a str),
    /// An element ends.
    End { name: &'a str },
}

/// Walks a part from start to end.
///
/// # Errors
/// What is not well-formed, not UTF-8 or UTF-16, holds a document type, or passes a limit.
pub(crate) fn walk(bytes: &[u8], mut visit: impl FnMut(Node<'_>)) -> Result<(), Reason> {
    let text = decode(bytes)?;
    let mut reader = Reader::from_str(&text);
    let mut depth = 0usize;
    for _ in 0..XML_EVENTS_MAX {
        match reader.read_event().map_err(|_| Reason::Xml)? {
            Event::Start(tag) => {
                depth += 1;
                if depth > XML_DEPTH_MAX {
                    return Err(Reason::XmlTooLarge);
                }
                visit(Node::Start {
                    name: tag.local_name().into_inner(),
                    attributes: attributes(&tag)?,
                });
            }
            Event::Empty(tag) => {
                visit(Node::Start {
                    name: tag.local_name().into_inner(),
                    attributes: attributes(&tag)?,
                });
                visit(Node::End {
                    name: tag.local_name().into_inner(),
                });
            }
            Event::End(tag) => {
                depth = depth.checked_sub(1).ok_or(Reason::Xml)?;
                visit(Node::End {
                    name: tag.local_name().into_inner(),
                });
            }
            Event::Text(piece) => visit(Node::Text(&piece.xml10_content())),
            Event::CData(piece) => visit(Node::Text(&piece.xml10_content())),
            Event::GeneralRef(reference) => visit(Node::Text(&resolve(&reference)?)),
            // ECMA-376 part 2, §9.1.7: a package part has no document type declaration. Without
            // one there are no entities, and so no entity bombs.
            Event::DocType(_) => return Err(Reason::Xml),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return if depth == 0 { Ok(()) } else { Err(Reason::Xml) },
        }
    }
    Err(Reason::XmlTooLarge)
}

fn attributes(tag: &BytesStart<'_>) -> Result<Vec<(String, String)>, Reason> {
    let mut found = Vec::new();
    for attribute in tag.attributes() {
        if found.len() == XML_ATTRIBUTES_MAX {
            return Err(Reason::XmlTooLarge);
        }
        let attribute = attribute.map_err(|_| Reason::Xml)?;
        let value = attribute
            .normalized_value(XmlVersion::Explicit1_0)
            .map_err(|_| Reason::Xml)?;
        let name = attribute.key.local_name().into_inner().to_owned();
        found.push((name, value.into_owned()));
    }
    Ok(found)
}

/// A reference: one of the five that XML itself knows, or a character by number.
pub(crate) fn resolve(reference: &BytesRef<'_>) -> Result<String, Reason> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| Reason::Xml)? {
        return Ok(character.to_string());
    }
    let known = match &**reference {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return Err(Reason::Xml),
    };
    Ok(known.to_owned())
}

/// ECMA-376 part 2, §9.1.7: a part is UTF-8 or UTF-16.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, Reason> {
    let utf16 = |body: &[u8], join: fn([u8; 2]) -> u16| {
        if !body.len().is_multiple_of(2) {
            return Err(Reason::Xml);
        }
        let units: Vec<u16> = body
            .chunks_exact(2)
            .map(|pair| join([pair[0], pair[1]]))
            .collect();
        String::from_utf16(&units).map_err(|_| Reason::Xml)
    };
    match bytes {
        [0xff, 0xfe, body @ ..] => utf16(body, u16::from_le_bytes),
        [0xfe, 0xff, body @ ..] => utf16(body, u16::from_be_bytes),
        [b'<', 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, b'<', ..] => utf16(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, body @ ..] => String::from_utf8(body.to_vec()).map_err(|_| Reason::Xml),
        _ => String::from_utf8(bytes.to_vec()).map_err(|_| Reason::Xml),
    }
}
