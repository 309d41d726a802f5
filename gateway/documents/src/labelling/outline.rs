//! An XML part as text, with the places of its elements, so that it can be changed by cutting.
//!
//! It never writes markup anew: what no change is about stays as its writer wrote it.

use std::ops::Range;

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

use super::script::{Piece, Script};
use crate::Reason;
use crate::limits::XML_ATTRIBUTES_MAX;

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
    /// The element that a tag opens; its end and its text are not known yet.
    ///
    /// # Errors
    /// [`Reason::Xml`]; [`Reason::XmlTooLarge`] for too many attributes.
    pub fn read(tag: &BytesStart<'_>, range: Range<usize>) -> Result<Self, Reason> {
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
        Ok(Self {
            prefix: prefix.to_owned(),
            name: name.local_name().into_inner().to_owned(),
            attributes,
            whole: range.clone(),
            tag: range,
            text: String::new(),
        })
    }

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
    script: Script,
    /// The outermost element; or the one in it that was asked for.
    pub root: Element,
    /// The elements directly in it, in order.
    pub children: Vec<Element>,
    /// What the root stands in, where that is an element.
    pub around: Option<Element>,
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
        let script = Script::read(bytes)?;
        let walk = Walk::over(&script, within)?;
        Ok(Self {
            script,
            root: walk.root.ok_or(Reason::Xml)?,
            children: walk.children,
            around: walk.around,
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
        self.script.cut(range, String::new());
    }

    /// Puts markup before everything in the root.
    pub fn put_first(&mut self, markup: &str) {
        self.put(self.root.tag.end, markup);
    }

    /// Puts markup behind everything in the root.
    pub fn put_last(&mut self, markup: &str) {
        // The end tag begins at the last `<`: nothing may stand in it but its name.
        let inside = &self.script.text()[self.root.tag.end..self.root.whole.end];
        let at = inside.rfind('<').unwrap_or_default();
        self.put(self.root.tag.end + at, markup);
    }

    fn put(&mut self, at: usize, markup: &str) {
        if self.root.whole != self.root.tag {
            self.script.cut(at..at, markup.to_owned());
            return;
        }
        // `<Properties/>` opens to take something in.
        let slash = self.script.text()[self.root.tag.clone()]
            .rfind('/')
            .unwrap_or_default();
        let at = self.root.tag.start + slash;
        let name = self.root.qualified(&self.root.name);
        let opened = format!(">{markup}</{name}>");
        self.script.cut(at..self.root.tag.end, opened);
    }

    /// Whether anything was cut or put.
    pub fn is_changed(&self) -> bool {
        self.script.is_changed()
    }

    /// The part with its changes, in the encoding it had.
    pub fn write(self) -> Vec<u8> {
        self.script.write()
    }
}

/// The walk that finds the root and the elements directly in it.
struct Walk {
    /// The local name of the root, where it is not the outermost element.
    within: Option<&'static str>,
    around: Option<Element>,
    root: Option<Element>,
    children: Vec<Element>,
    /// Whether the walk is inside the root.
    is_inside: bool,
}

impl Walk {
    fn over(script: &Script, within: Option<&'static str>) -> Result<Self, Reason> {
        let mut walk = Walk {
            within,
            around: None,
            root: None,
            children: Vec::new(),
            is_inside: false,
        };
        script.walk(|piece, depth, range| match piece {
            Piece::Open(tag) => walk.open(Element::read(tag, range)?, depth),
            Piece::Close => {
                walk.close(depth, range.end);
                Ok(())
            }
            Piece::Text(text) => {
                walk.text(depth, text);
                Ok(())
            }
        })?;
        Ok(walk)
    }

    fn open(&mut self, found: Element, depth: usize) -> Result<(), Reason> {
        let root_depth = usize::from(self.within.is_some());
        match depth {
            0 if self.around.is_some() || (root_depth == 0 && self.root.is_some()) => {
                return Err(Reason::Xml);
            }
            0 if root_depth == 1 => self.around = Some(found),
            depth if depth == root_depth && self.is_root(&found) => {
                self.root = Some(found);
                self.is_inside = true;
            }
            depth if depth == root_depth + 1 && self.is_inside => self.children.push(found),
            _ => {}
        }
        Ok(())
    }

    fn is_root(&self, found: &Element) -> bool {
        self.within.is_none_or(|name| name == found.name)
    }

    fn close(&mut self, depth: usize, end: usize) {
        let root_depth = usize::from(self.within.is_some());
        let closed = match depth {
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
    }

    fn text(&mut self, depth: usize, text: &str) {
        let child_depth = usize::from(self.within.is_some()) + 1;
        if self.is_inside
            && depth > child_depth
            && let Some(child) = self.children.last_mut()
        {
            child.text.push_str(text);
        }
    }
}
