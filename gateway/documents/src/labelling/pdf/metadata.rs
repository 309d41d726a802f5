//! The XMP metadata of a PDF, where they repeat its label (ISO 16684-1; Acrobat copies what stands
//! in the information dictionary).
//!
//! It never puts a label where there was none of the tenant's: the information dictionary has it.

use std::ops::Range;

use mail::label::msip;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use crate::Reason;
use crate::labelling::outline::qualified;
use crate::labelling::script::{Script, escape};
use crate::labelling::{NewLabel, Tenant};
use crate::limits::{XML_ATTRIBUTES_MAX, XML_DEPTH_MAX, XML_EVENTS_MAX};
use crate::xml;

/// A property that speaks of a label.
#[derive(Debug)]
struct Property {
    prefix: String,
    name: String,
    value: String,
    /// All of it, to be cut.
    whole: Range<usize>,
    /// Whether it is an element; XMP also has properties as attributes.
    form: Form,
}

/// XMP writes a property as an element, or, in its short form, as an attribute.
#[derive(Debug)]
enum Form {
    /// With the namespace of its prefix, where the element itself binds that.
    Element(Option<String>),
    Attribute,
}

/// The metadata with this label in the place of the tenant's own, or without; none when there is
/// none of the tenant's.
///
/// # Errors
/// As [`xml::walk`]; [`Reason::Unsupported`] for labels inside labels.
pub(super) fn changed(
    content: &[u8],
    tenant: &Tenant<'_>,
    label: Option<&NewLabel<'_>>,
) -> Result<Option<Vec<u8>>, Reason> {
    let sound = content.trim_ascii();
    if sound.is_empty() {
        return Ok(None);
    }
    let before = content.len() - content.trim_ascii_start().len();
    let mut script = Script::read(sound)?;
    let properties = Walk::over(&script)?;
    let pairs = properties.iter().map(|one| (&*one.name, &*one.value));
    let own = tenant.own_among(pairs, label);
    let is_own =
        |property: &&Property| msip::key_id(&property.name).is_some_and(|id| own.contains(&id));
    let mut place = properties.iter().find(is_own).zip(label);
    for property in properties.iter().filter(is_own) {
        let markup = place
            .take()
            .map(|(first, label)| markup(first, tenant, label));
        script.cut(property.whole.clone(), markup.unwrap_or_default());
    }
    if !script.is_changed() {
        return Ok(None);
    }
    let written = script.write();
    let behind = &content[before + sound.len()..];
    let out = [&content[..before], &written, behind].concat();
    // The same label again is no change.
    Ok((out != content).then_some(out))
}

/// The label, written as the property was that it replaces.
fn markup(first: &Property, tenant: &Tenant<'_>, label: &NewLabel<'_>) -> String {
    let pairs = label.pairs(tenant.site).map(|(attribute, text)| {
        let name = format!("MSIP_Label_{}_{attribute}", label.id);
        let (name, text) = (qualified(&first.prefix, &name), escape(&text));
        let binding = match first.prefix.is_empty() {
            true => "xmlns".to_owned(),
            false => format!("xmlns:{}", first.prefix),
        };
        match &first.form {
            Form::Element(None) => format!("<{name}>{text}</{name}>"),
            Form::Element(Some(space)) => {
                let space = escape(space);
                format!("<{name} {binding}=\"{space}\">{text}</{name}>")
            }
            Form::Attribute => format!(" {name}=\"{text}\""),
        }
    });
    pairs.concat()
}

/// The walk that finds them, at whatever depth.
struct Walk<'s> {
    text: &'s str,
    found: Vec<Property>,
    /// The element that is open, and at which depth it was opened.
    open: Option<(usize, Property)>,
    depth: usize,
}

impl<'s> Walk<'s> {
    fn over(script: &'s Script) -> Result<Vec<Property>, Reason> {
        let text = script.text();
        let mut walk = Walk {
            text,
            found: Vec::new(),
            open: None,
            depth: 0,
        };
        let mut reader = Reader::from_str(text);
        for _ in 0..XML_EVENTS_MAX {
            let start = reader.buffer_position() as usize;
            let event = reader.read_event().map_err(|_| Reason::Xml)?;
            let range = start..reader.buffer_position() as usize;
            match event {
                Event::Start(tag) => {
                    walk.depth += 1;
                    if walk.depth > XML_DEPTH_MAX {
                        return Err(Reason::XmlTooLarge);
                    }
                    walk.start(&tag, range)?;
                }
                Event::Empty(tag) => {
                    walk.depth += 1;
                    walk.start(&tag, range.clone())?;
                    walk.end(range.end)?;
                }
                Event::End(_) => walk.end(range.end)?,
                Event::Text(piece) => walk.say(&piece.xml10_content()),
                Event::CData(piece) => walk.say(&piece.xml10_content()),
                Event::GeneralRef(reference) => walk.say(&xml::resolve(&reference)?),
                Event::DocType(_) => return Err(Reason::Xml),
                Event::Decl(declaration) => script.check(&declaration)?,
                Event::PI(_) | Event::Comment(_) => {}
                Event::Eof if walk.depth > 0 => return Err(Reason::Xml),
                Event::Eof => return Ok(walk.found),
            }
        }
        Err(Reason::XmlTooLarge)
    }

    fn start(&mut self, tag: &BytesStart<'_>, range: Range<usize>) -> Result<(), Reason> {
        let name = tag.name();
        let prefix = name.prefix().map_or("", |prefix| prefix.into_inner());
        let local = name.local_name().into_inner();
        let is_label = msip::is_attribute(local);
        if is_label && self.open.is_some() {
            return Err(Reason::Unsupported);
        }
        let mut space = None;
        for (at, attribute) in tag.attributes().enumerate() {
            if at == XML_ATTRIBUTES_MAX {
                return Err(Reason::XmlTooLarge);
            }
            let attribute = attribute.map_err(|_| Reason::Xml)?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            let value = value.map_err(|_| Reason::Xml)?.into_owned();
            let key = attribute.key.into_inner();
            let (before, local) = key.split_once(':').unwrap_or(("", key));
            let binds = match prefix.is_empty() {
                true => key == "xmlns",
                false => before == "xmlns" && local == prefix,
            };
            if binds {
                space = Some(value);
            } else if msip::is_attribute(local) {
                self.found.push(Property {
                    prefix: before.to_owned(),
                    name: local.to_owned(),
                    value,
                    whole: self.attribute(range.clone(), key).ok_or(Reason::Xml)?,
                    form: Form::Attribute,
                });
            }
        }
        if is_label {
            let property = Property {
                prefix: prefix.to_owned(),
                name: local.to_owned(),
                value: String::new(),
                whole: range,
                form: Form::Element(space),
            };
            self.open = Some((self.depth, property));
        }
        Ok(())
    }

    /// Where an attribute stands in a tag, with the white space before it.
    fn attribute(&self, tag: Range<usize>, key: &str) -> Option<Range<usize>> {
        let text = &self.text[tag.clone()];
        let (at, _) = text.match_indices(key).find(|(at, _)| {
            let before = text[..*at].ends_with(|c: char| c.is_ascii_whitespace());
            let after = text[at + key.len()..].trim_ascii_start();
            before && after.starts_with('=')
        })?;
        let start = text[..at].trim_ascii_end().len();
        let value = at + key.len() + text[at + key.len()..].find(['"', '\''])?;
        let quote = text[value..].chars().next()?;
        let end = value + 1 + text[value + 1..].find(quote)? + 1;
        Some(tag.start + start..tag.start + end)
    }

    fn say(&mut self, text: &str) {
        if let Some((_, property)) = &mut self.open {
            property.value.push_str(text);
        }
    }

    fn end(&mut self, end: usize) -> Result<(), Reason> {
        let depth = self.depth;
        self.depth = depth.checked_sub(1).ok_or(Reason::Xml)?;
        if let Some((_, mut property)) = self.open.take_if(|(opened, _)| *opened == depth) {
            property.whole.end = end;
            self.found.push(property);
        }
        Ok(())
    }
}
