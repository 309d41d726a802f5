//! An XML part as text, with the places of its elements, so that it can be changed by cutting.
//!
//! It never writes markup anew: what no change is about stays as its writer wrote it.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use crate::Reason;
use crate::limits::{XML_ATTRIBUTES_MAX, XML_DEPTH_MAX, XML_EVENTS_MAX};
use crate::xml;

/// One element and where it stands.
#[derive(Debug)]
pub(super) struct Element {
    /// The prefix of its name, without the colon.
    pub prefix: String,
    /// Its local name.
    pub name: String,
    /// Its attributes; names with their prefixes.
    pub attributes: Vec<(String, String)>,
    /// All of it, tags included.
    pub whole: Range<usize>,
    /// Its start tag, or its only one.
    pub tag: Range<usize>,
    /// All text in it.
    pub text: String,
}

impl Element {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The prefix that this element binds to a namespace; empty for the default one.
    pub fn prefix_of(&self, namespaces: &[&str]) -> Option<&str> {
        let bound = |(key, value): &&(String, String)| {
            namespaces.contains(&value.as_str()) && (key == "xmlns" || key.starts_with("xmlns:"))
        };
        let (key, _) = self.attributes.iter().find(bound)?;
        Some(key.strip_prefix("xmlns:").unwrap_or_default())
    }

    /// Its namespace, where it says that itself.
    pub fn namespace(&self) -> Option<&str> {
        match self.prefix.is_empty() {
            true => self.attribute("xmlns"),
            false => self.attribute(&format!("xmlns:{}", self.prefix)),
        }
    }

    /// A name in the namespace of this element.
    pub fn qualified(&self, name: &str) -> String {
        qualified(&self.prefix, name)
    }
}

/// A name with its prefix.
pub(super) fn qualified(prefix: &str, name: &str) -> String {
    match prefix.is_empty() {
        true => name.to_owned(),
        false => format!("{prefix}:{name}"),
    }
}

/// A part, opened for cutting.
#[derive(Debug)]
pub(super) struct Outline {
    text: String,
    /// How the bytes were made of the text.
    encoding: Encoding,
    /// The outermost element; or the one in it that was asked for.
    pub root: Element,
    /// The elements directly in it, in order.
    pub children: Vec<Element>,
    /// What the root stands in, where that is an element.
    pub around: Option<Element>,
    cuts: Vec<(Range<usize>, String)>,
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Utf8 { marked: bool },
    Utf16 { little: bool, marked: bool },
}

impl Outline {
    /// Reads a part.
    ///
    /// # Errors
    /// As [`xml::walk`]; and what does not have exactly one root, or declares an encoding that is
    /// not its own.
    pub fn read(bytes: &[u8]) -> Result<Self, Reason> {
        Self::read_from(bytes, None)
    }

    /// Reads a part, of whose outermost element the one child of this local name is taken for the
    /// root. Without such a child, the outermost element is.
    ///
    /// # Errors
    /// As [`Outline::read`]; and [`Reason::Xml`] for several such children.
    pub fn read_within(bytes: &[u8], name: &'static str) -> Result<Self, Reason> {
        let outline = Self::read(bytes)?;
        match outline.children.iter().filter(|c| c.name == name).count() {
            0 => Ok(outline),
            1 => Self::read_from(bytes, Some(name)),
            _ => Err(Reason::Xml),
        }
    }

    fn read_from(bytes: &[u8], within: Option<&'static str>) -> Result<Self, Reason> {
        let text = xml::decode(bytes)?;
        let encoding = match bytes {
            [0xff, 0xfe, ..] => Encoding::utf16(true, true),
            [0xfe, 0xff, ..] => Encoding::utf16(false, true),
            [b'<', 0, ..] => Encoding::utf16(true, false),
            [0, b'<', ..] => Encoding::utf16(false, false),
            _ => Encoding::Utf8 {
                marked: bytes.starts_with(b"\xef\xbb\xbf"),
            },
        };
        let walk = Walk::over(&text, encoding, within)?;
        Ok(Self {
            text,
            encoding,
            root: walk.root.ok_or(Reason::Xml)?,
            children: walk.children,
            around: walk.around,
            cuts: Vec::new(),
        })
    }

    /// The namespace that a prefix stands for in the root; the empty one for the default.
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        let key = match prefix.is_empty() {
            true => "xmlns".to_owned(),
            false => format!("xmlns:{prefix}"),
        };
        let around = || self.around.as_ref()?.attribute(&key);
        self.root.attribute(&key).or_else(around)
    }

    /// A prefix that stands for a namespace in the root, also in names of attributes.
    pub fn prefix(&self, namespace: &str) -> Option<&str> {
        let around = self.around.as_ref().map(|around| &around.attributes[..]);
        let declared = self.root.attributes.iter().chain(around.unwrap_or(&[]));
        let mut prefixes = declared.filter_map(|(key, _)| key.strip_prefix("xmlns:"));
        prefixes.find(|prefix| self.namespace(prefix) == Some(namespace))
    }

    /// Takes an element out.
    pub fn remove(&mut self, child: usize) {
        let range = self.children[child].whole.clone();
        self.cuts.push((range, String::new()));
    }

    /// Puts markup before everything in the root.
    pub fn put_first(&mut self, markup: &str) {
        self.put(self.root.tag.end, markup);
    }

    /// Puts markup behind everything in the root.
    pub fn put_last(&mut self, markup: &str) {
        // The end tag begins at the last `<`: nothing may stand in it but its name.
        let inside = &self.text[self.root.tag.end..self.root.whole.end];
        let at = inside.rfind('<').unwrap_or_default();
        self.put(self.root.tag.end + at, markup);
    }

    fn put(&mut self, at: usize, markup: &str) {
        if self.root.whole != self.root.tag {
            self.cuts.push((at..at, markup.to_owned()));
            return;
        }
        // `<Properties/>` opens to take something in.
        let slash = self.text[self.root.tag.clone()]
            .rfind('/')
            .unwrap_or_default();
        let at = self.root.tag.start + slash;
        let name = self.root.qualified(&self.root.name);
        let opened = format!(">{markup}</{name}>");
        self.cuts.push((at..self.root.tag.end, opened));
    }

    /// Whether anything was cut or put.
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

/// The walk that finds the root and the elements directly in it.
struct Walk {
    /// The local name of the root, where it is not the outermost element.
    within: Option<&'static str>,
    around: Option<Element>,
    root: Option<Element>,
    children: Vec<Element>,
    depth: usize,
    /// Whether the walk is inside the root.
    is_inside: bool,
}

impl Walk {
    fn over(text: &str, encoding: Encoding, within: Option<&'static str>) -> Result<Self, Reason> {
        let mut walk = Walk {
            within,
            around: None,
            root: None,
            children: Vec::new(),
            depth: 0,
            is_inside: false,
        };
        let mut reader = Reader::from_str(text);
        for _ in 0..XML_EVENTS_MAX {
            let start = reader.buffer_position() as usize;
            let event = reader.read_event().map_err(|_| Reason::Xml)?;
            let range = start..reader.buffer_position() as usize;
            match event {
                Event::Start(tag) => walk.open(&tag, range, true)?,
                Event::Empty(tag) => walk.open(&tag, range, false)?,
                Event::End(_) => walk.close(range.end)?,
                Event::Text(piece) => walk.text(&piece.xml10_content()),
                Event::CData(piece) => walk.text(&piece.xml10_content()),
                Event::GeneralRef(reference) => walk.text(&xml::resolve(&reference)?),
                Event::DocType(_) => return Err(Reason::Xml),
                Event::Decl(declaration) => match declaration.encoding() {
                    None => {}
                    // Who goes by the declaration would read our text as another one.
                    Some(Ok(name)) if encoding.is_called(&name) => {}
                    Some(_) => return Err(Reason::Xml),
                },
                Event::PI(_) | Event::Comment(_) => {}
                Event::Eof if walk.depth > 0 => return Err(Reason::Xml),
                Event::Eof => return Ok(walk),
            }
        }
        Err(Reason::XmlTooLarge)
    }

    fn open(
        &mut self,
        tag: &BytesStart<'_>,
        range: Range<usize>,
        stays: bool,
    ) -> Result<(), Reason> {
        if self.depth == XML_DEPTH_MAX {
            return Err(Reason::XmlTooLarge);
        }
        let root_depth = usize::from(self.within.is_some());
        match self.depth {
            0 if self.around.is_some() || (root_depth == 0 && self.root.is_some()) => {
                return Err(Reason::Xml);
            }
            0 if root_depth == 1 => self.around = Some(element(tag, range)?),
            depth if depth == root_depth => {
                let found = element(tag, range)?;
                if self.within.is_none_or(|name| name == found.name) {
                    self.root = Some(found);
                    self.is_inside = stays;
                }
            }
            depth if depth == root_depth + 1 && self.is_inside => {
                self.children.push(element(tag, range)?);
            }
            _ => {}
        }
        self.depth += usize::from(stays);
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Reason> {
        self.depth = self.depth.checked_sub(1).ok_or(Reason::Xml)?;
        let root_depth = usize::from(self.within.is_some());
        let closed = match self.depth {
            depth if depth == root_depth && self.is_inside => {
                self.is_inside = false;
                self.root.as_mut()
            }
            depth if depth == root_depth + 1 && self.is_inside => self.children.last_mut(),
            0 => self.around.as_mut(),
            _ => None,
        };
        if let Some(element) = closed {
            element.whole.end = end;
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        let child_depth = usize::from(self.within.is_some()) + 1;
        if self.is_inside
            && self.depth > child_depth
            && let Some(child) = self.children.last_mut()
        {
            child.text.push_str(text);
        }
    }
}

fn element(tag: &BytesStart<'_>, range: Range<usize>) -> Result<Element, Reason> {
    let name = tag.name();
    let prefix = name.prefix().map_or("", |prefix| prefix.into_inner());
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        if attributes.len() == XML_ATTRIBUTES_MAX {
            return Err(Reason::XmlTooLarge);
        }
        let attribute = attribute.map_err(|_| Reason::Xml)?;
        let value = attribute.normalized_value(XmlVersion::Explicit1_0);
        let value = value.map_err(|_| Reason::Xml)?.into_owned();
        attributes.push((attribute.key.into_inner().to_owned(), value));
    }
    Ok(Element {
        prefix: prefix.to_owned(),
        name: name.local_name().into_inner().to_owned(),
        attributes,
        whole: range.clone(),
        tag: range,
        text: String::new(),
    })
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
