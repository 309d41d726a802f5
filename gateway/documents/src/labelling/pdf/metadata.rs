//! The XMP metadata of a PDF, where they repeat its label (ISO 16684-1; Acrobat copies what stands
//! in the information dictionary).
//!
//! It never puts a label where there was none of the tenant's: the information dictionary has it.

use std::ops::Range;

use mail::label::msip;

use crate::Reason;
use crate::labelling::outline::{Element, qualified};
use crate::labelling::script::{Piece, Script, escape};
use crate::labelling::{NewLabel, Tenant};

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
}

impl<'s> Walk<'s> {
    fn over(script: &'s Script) -> Result<Vec<Property>, Reason> {
        let mut walk = Walk {
            text: script.text(),
            found: Vec::new(),
            open: None,
        };
        script.walk(|piece, depth, range| match piece {
            Piece::Open(tag) => walk.start(Element::read(tag, range)?, depth),
            Piece::Close => {
                walk.end(depth, range.end);
                Ok(())
            }
            Piece::Text(text) => {
                walk.say(text);
                Ok(())
            }
        })?;
        Ok(walk.found)
    }

    fn start(&mut self, element: Element, depth: usize) -> Result<(), Reason> {
        for (key, value) in &element.attributes {
            let (prefix, name) = key.split_once(':').unwrap_or(("", key));
            if msip::is_attribute(name) {
                let whole = self.attribute(element.tag.clone(), key);
                self.found.push(Property {
                    prefix: prefix.to_owned(),
                    name: name.to_owned(),
                    value: value.clone(),
                    whole: whole.ok_or(Reason::Xml)?,
                    form: Form::Attribute,
                });
            }
        }
        if !msip::is_attribute(&element.name) {
            return Ok(());
        }
        if self.open.is_some() {
            return Err(Reason::Unsupported);
        }
        let space = element.namespace().map(str::to_owned);
        let property = Property {
            prefix: element.prefix,
            name: element.name,
            value: String::new(),
            whole: element.whole,
            form: Form::Element(space),
        };
        self.open = Some((depth, property));
        Ok(())
    }

    /// Where an attribute stands in a tag, with the white space before it. All attributes before it
    /// are gone over, since their values may hold what looks like it.
    fn attribute(&self, tag: Range<usize>, key: &str) -> Option<Range<usize>> {
        let text = &self.text[tag.clone()];
        let mut start = text.find(|c: char| c.is_ascii_whitespace())?;
        loop {
            let rest = text[start..].trim_ascii_start();
            let name_at = text.len() - rest.len();
            let name_bytes = rest.find(|c: char| c == '=' || c.is_ascii_whitespace())?;
            let name_end = name_at + name_bytes;
            let value = name_end + text[name_end..].find(['"', '\''])?;
            let quote = text[value..].chars().next()?;
            let end = value + 1 + text[value + 1..].find(quote)? + 1;
            if text[name_at..name_end] == *key {
                return Some(tag.start + start..tag.start + end);
            }
            start = end;
        }
    }

    fn say(&mut self, text: &str) {
        if let Some((_, property)) = &mut self.open {
            property.value.push_str(text);
        }
    }

    fn end(&mut self, depth: usize, end: usize) {
        if let Some((_, mut property)) = self.open.take_if(|(opened, _)| *opened == depth) {
            property.whole.end = end;
            self.found.push(property);
        }
    }
}
