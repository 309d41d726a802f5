//! `[[person]]`: what is said of the organisation's people, and who asks for it.

use std::collections::BTreeMap;

use mail::Address;
use mail::marking::{Named, OWN_NAME_BYTES_MAX, Variable};

use super::Compiler;
use super::markings::within;
use crate::diagnostic::{Diagnostic, Spot};
use crate::people::{ATTRIBUTE_CHARS_MAX, OWN_ATTRIBUTES_MAX, PEOPLE_MAX, PERSON_ADDRESSES_MAX};
use crate::read::{Item, Section, Value, nearest};
use crate::words::{self, Place};

impl Compiler {
    pub(super) fn people<'s>(&mut self, sections: impl Iterator<Item = &'s Section>) {
        let mut seen: BTreeMap<String, Spot> = BTreeMap::new();
        for (number, section) in sections.enumerate() {
            if number == PEOPLE_MAX {
                let message = format!("more than {PEOPLE_MAX} people");
                let help = "leave out those of whom no text and no rule speaks";
                self.mistake(&section.spot, message, help);
                break;
            }
            let addresses = self.addresses_of(section, &mut seen);
            let attributes = self.attributes_of(section);
            let file = section.spot.file.name.as_str();
            self.home.people.add(file, &addresses, attributes);
        }
    }

    fn addresses_of(
        &mut self,
        section: &Section,
        seen: &mut BTreeMap<String, Spot>,
    ) -> Vec<Address> {
        let items = section.texts("address");
        if let Some(over) = items.get(PERSON_ADDRESSES_MAX) {
            let message = format!("more than {PERSON_ADDRESSES_MAX} addresses of one person");
            self.mistake(
                &over.spot,
                message,
                "leave out those that nobody writes from",
            );
        }
        let mut addresses = Vec::with_capacity(items.len());
        for item in items {
            let Some(address) = self.address(item) else {
                continue;
            };
            if let Some(first) = seen.get(address.key()) {
                let message = format!("`{}` is somebody's address already", item.text);
                let mistake = Diagnostic::mistake(item.spot.clone(), message)
                    .also(first.clone(), "the first one")
                    .help("each address is one person's; put all that is said of them into one");
                self.found.push(mistake);
                continue;
            }
            seen.insert(address.key().to_owned(), item.spot.clone());
            addresses.push(address);
        }
        addresses
    }

    fn attributes_of(&mut self, section: &Section) -> Vec<(Named, String)> {
        let mut attributes = Vec::with_capacity(section.entries.len());
        for entry in &section.entries {
            match &entry.value {
                Value::Named(own) => {
                    if let Some((over, _)) = own.get(OWN_ATTRIBUTES_MAX) {
                        let message =
                            format!("more than {OWN_ATTRIBUTES_MAX} attributes of your own");
                        self.mistake(&over.spot, message, "leave out those that nothing shows");
                    }
                    for (name, value) in own {
                        let named = self.own_name(name);
                        attributes.extend(named.zip(self.attribute_value(value)));
                    }
                }
                value => {
                    let named = attribute_named(entry.word.name);
                    let text = value.text().filter(|_| named.is_some());
                    let text = text.and_then(|text| self.attribute_value(text));
                    attributes.extend(named.zip(text));
                }
            }
        }
        attributes
    }

    fn own_name(&mut self, name: &Item) -> Option<Named> {
        let named = Named::own(&name.text);
        if named.is_none() {
            let message = format!("`{}` is no name of an attribute", name.text);
            let help =
                format!("write letters, digits, `_` and `-`, at most {OWN_NAME_BYTES_MAX} of them");
            self.mistake(&name.spot, message, help);
        }
        named
    }

    fn attribute_value(&mut self, value: &Item) -> Option<String> {
        let text = value.text.trim();
        if text.contains(char::is_control) {
            let message = "an attribute is one line of text";
            self.mistake(
                &value.spot,
                message,
                "write it without tabs and line breaks",
            );
            return None;
        }
        if text.chars().count() > ATTRIBUTE_CHARS_MAX {
            let help = format!("at most {ATTRIBUTE_CHARS_MAX} characters");
            self.mistake(&value.spot, "this attribute is too long", help);
            return None;
        }
        Some(text.to_owned())
    }

    /// The attribute that a condition asks for.
    pub(super) fn attribute_asked(&mut self, section: &Section) -> Option<Named> {
        let item = section.text("name")?;
        let Some(named) = attribute_named(&item.text) else {
            let names = words::of(Place::Person).map(|word| word.name);
            let mut names = names.filter(|name| attribute_named(name).is_some());
            let help = match nearest(&item.text, &mut names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "it takes an attribute of `[[person]]`, or `custom.NAME`".to_owned(),
            };
            let message = format!("`{}` is no attribute of a person", item.text);
            self.mistake(&item.spot, message, help);
            return None;
        };
        self.advise_nobody_has(&named, item.spot.clone());
        Some(named)
    }

    /// Attributes that a text shows and nobody has.
    pub(super) fn advise_unknown_attributes<'n>(
        &mut self,
        item: &Item,
        names: impl Iterator<Item = &'n Named>,
    ) {
        let mut told: Vec<&Named> = Vec::new();
        for named in names {
            // A sender without a table has a name all the same.
            let always = *named == Named::Known(Variable::SenderName);
            if always || !is_attribute(named) || told.contains(&named) {
                continue;
            }
            told.push(named);
            let name = named.name();
            let start = item.text.find(&name).unwrap_or_default();
            self.advise_nobody_has(named, within(item, &(start..start + name.len())));
        }
    }

    fn advise_nobody_has(&mut self, named: &Named, spot: Spot) {
        if self.home.people.know(named) {
            return;
        }
        let name = named.name();
        let name = name.strip_prefix("sender.").unwrap_or(&name);
        let near = match named {
            Named::Own(own) => nearest(own, self.home.people.own_names()),
            Named::Known(_) => None,
        };
        let help = match near {
            Some(near) => format!("did you mean `custom.{near}`?"),
            None => {
                "it stands for nothing until one has: [[person]] with `address` and this".to_owned()
            }
        };
        let message = format!("no `[[person]]` has `{name}`");
        self.found
            .push(Diagnostic::advice(spot, message).help(help));
    }
}

/// The attribute of this name in a `[[person]]`; `custom.NAME` is one of the site's own.
fn attribute_named(name: &str) -> Option<Named> {
    Named::parse(&format!("sender.{name}")).filter(is_attribute)
}

/// Whether it is said of a person, and not read from the message.
fn is_attribute(named: &Named) -> bool {
    use Variable::{SenderAddress, SenderDomain};
    match named {
        Named::Own(_) => true,
        Named::Known(SenderAddress | SenderDomain) => false,
        Named::Known(variable) => variable.name().starts_with("sender."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of words and the list of variables name the same.
    #[test]
    fn every_word_of_a_person_can_be_shown_and_the_other_way_round() {
        let words: Vec<&str> = words::of(Place::Person).map(|word| word.name).collect();
        let (attributes, others): (Vec<&str>, Vec<&str>) = words
            .iter()
            .partition(|word| attribute_named(word).is_some());
        assert_eq!(others, ["address", "custom"]);
        let shown = Variable::ALL.iter().map(|variable| Named::Known(*variable));
        let shown: Vec<String> = shown
            .filter(is_attribute)
            .map(|named| named.name())
            .collect();
        assert_eq!(shown.len(), attributes.len());
        for name in shown {
            assert!(
                words.contains(&name.trim_start_matches("sender.")),
                "{name}"
            );
        }
    }
}
