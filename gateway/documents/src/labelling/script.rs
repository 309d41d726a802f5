//! An XML part as a text in the encoding it has, changed by cutting.
//!
//! It never writes the part anew: what is not cut comes out as the bytes it was.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesStart, Event};

use crate::Reason;
use crate::limits::{XML_DEPTH_MAX, XML_EVENTS_MAX};
use crate::xml;

/// What a walk through a script meets.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// An element opens.
    Open(&'a BytesStart<'a>),
    /// It closes.
    Close,
    /// Text, a reference already resolved, or a CDATA section. One text may come in pieces.
    Text(&'a str),
}

/// A text to cut in.
#[derive(Debug)]
pub(super) struct Script {
    text: String,
    /// How the bytes were made of the text.
    encoding: Encoding,
    cuts: Vec<(Range<usize>, String)>,
}

impl Script {
    /// Reads a part.
    ///
    /// # Errors
    /// [`Reason::Xml`] for what is neither UTF-8 nor UTF-16.
    pub fn read(bytes: &[u8]) -> Result<Self, Reason> {
        let encoding = match bytes {
            [0xff, 0xfe, ..] => Encoding::utf16(true, true),
            [0xfe, 0xff, ..] => Encoding::utf16(false, true),
            [b'<', 0, ..] => Encoding::utf16(true, false),
            [0, b'<', ..] => Encoding::utf16(false, false),
            _ => Encoding::Utf8 {
                marked: bytes.starts_with(b"\xef\xbb\xbf"),
            },
        };
        Ok(Self {
            text: xml::decode(bytes)?,
            encoding,
            cuts: Vec::new(),
        })
    }

    /// The text as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Walks from the start to the end: each piece, how many elements it stands in, and where.
    ///
    /// # Errors
    /// What is not well-formed, declares an encoding that is not its own, holds a document type, or
    /// passes a limit; and what `visit` says.
    pub fn walk(
        &self,
        mut visit: impl FnMut(Piece<'_>, usize, Range<usize>) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        let mut reader = Reader::from_str(&self.text);
        let mut depth = 0usize;
        for _ in 0..XML_EVENTS_MAX {
            let start = reader.buffer_position() as usize;
            let event = reader.read_event().map_err(|_| Reason::Xml)?;
            let range = start..reader.buffer_position() as usize;
            match event {
                Event::Start(_) | Event::Empty(_) if depth == XML_DEPTH_MAX => {
                    return Err(Reason::XmlTooLarge);
                }
                Event::Start(tag) => {
                    visit(Piece::Open(&tag), depth, range)?;
                    depth += 1;
                }
                Event::Empty(tag) => {
                    visit(Piece::Open(&tag), depth, range.clone())?;
                    visit(Piece::Close, depth, range)?;
                }
                Event::End(_) => {
                    depth = depth.checked_sub(1).ok_or(Reason::Xml)?;
                    visit(Piece::Close, depth, range)?;
                }
                Event::Text(text) => visit(Piece::Text(&text.xml10_content()), depth, range)?,
                Event::CData(text) => visit(Piece::Text(&text.xml10_content()), depth, range)?,
                Event::GeneralRef(reference) => {
                    visit(Piece::Text(&xml::resolve(&reference)?), depth, range)?;
                }
                Event::DocType(_) => return Err(Reason::Xml),
                Event::Decl(declaration) => self.check(&declaration)?,
                Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => return if depth == 0 { Ok(()) } else { Err(Reason::Xml) },
            }
        }
        Err(Reason::XmlTooLarge)
    }

    /// Refuses an encoding that is not the part's own: who goes by the declaration would read our
    /// text as another one.
    fn check(&self, declaration: &BytesDecl<'_>) -> Result<(), Reason> {
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if self.encoding.is_called(&name) => Ok(()),
            Some(_) => Err(Reason::Xml),
        }
    }

    /// Writes this in the place of a piece. No two pieces may overlap.
    pub fn cut(&mut self, piece: Range<usize>, markup: String) {
        self.cuts.push((piece, markup));
    }

    /// Whether anything was cut.
    pub fn is_changed(&self) -> bool {
        !self.cuts.is_empty()
    }

    /// The part with its changes, in the encoding it had.
    pub fn write(mut self) -> Vec<u8> {
        self.cuts.sort_by_key(|(range, _)| (range.start, range.end));
        let mut text = String::with_capacity(self.text.len() + 4096);
        let mut at = 0;
        for (range, markup) in &self.cuts {
            text.push_str(&self.text[at..range.start]);
            text.push_str(markup);
            at = range.end;
        }
        text.push_str(&self.text[at..]);
        self.encoding.encode(&text)
    }
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Utf8 { marked: bool },
    Utf16 { little: bool, marked: bool },
}

impl Encoding {
    /// Whether this is how the encoding is called.
    fn is_called(self, name: &str) -> bool {
        let names: &[&str] = match self {
            Self::Utf8 { .. } => &["utf-8"],
            Self::Utf16 { .. } => &["utf-16", "utf-16le", "utf-16be"],
        };
        names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    fn utf16(little: bool, marked: bool) -> Self {
        Self::Utf16 { little, marked }
    }

    fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 { marked } => {
                let mark: &[u8] = if marked { b"\xef\xbb\xbf" } else { b"" };
                [mark, text.as_bytes()].concat()
            }
            Self::Utf16 { little, marked } => {
                let mark = marked.then_some('\u{feff}');
                let join = if little {
                    u16::to_le_bytes
                } else {
                    u16::to_be_bytes
                };
                let mut units = [0; 2];
                let chars = mark.into_iter().chain(text.chars());
                let mut out = Vec::with_capacity(text.len() * 2 + 2);
                chars.for_each(|c| {
                    out.extend(
                        c.encode_utf16(&mut units)
                            .iter()
                            .flat_map(|unit| join(*unit)),
                    );
                });
                out
            }
        }
    }
}

/// Text as it may stand in an element or an attribute. XML 1.0 §2.2 has no other control
/// characters; they become blanks.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
