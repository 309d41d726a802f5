//! The organisation's people: who has which address, and what is said of them.
//!
//! Nothing is looked up anywhere: a directory fills the rule set, not a judgement. What is said of
//! somebody is shown in mail only where it surely is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mail::Address;
use mail::marking::{Named, VALUE_CHARS_MAX};

use crate::facts::Source;
use crate::look::Look;

/// How many people a set may have.
pub const PEOPLE_MAX: usize = 50_000;
/// How many addresses one person may have.
pub const PERSON_ADDRESSES_MAX: usize = 50;
/// How many attributes under names of their own one person may have.
pub const OWN_ATTRIBUTES_MAX: usize = 30;
/// How long an attribute may be, in characters: what is longer would be cut in a text.
pub const ATTRIBUTE_CHARS_MAX: usize = VALUE_CHARS_MAX;

/// Everybody.
#[derive(Debug, Default)]
pub(crate) struct People {
    persons: Vec<Person>,
    /// The place of each address's person, by the form that addresses are compared in.
    by_address: BTreeMap<String, usize>,
    /// Every attribute that somebody has.
    known: BTreeSet<Named>,
}

/// Somebody.
#[derive(Debug)]
pub(crate) struct Person {
    attributes: Vec<(Named, String)>,
    /// The file they stand in.
    file: Arc<str>,
}

impl Person {
    /// Everything that is said of them.
    pub fn attributes(&self) -> &[(Named, String)] {
        &self.attributes
    }
}

impl People {
    /// Adds somebody whose addresses are nobody else's.
    pub fn add(&mut self, file: &str, addresses: &[Address], attributes: Vec<(Named, String)>) {
        let number = self.persons.len();
        let keys = addresses.iter().map(|address| address.key().to_owned());
        self.by_address.extend(keys.map(|key| (key, number)));
        for (named, _) in &attributes {
            if !self.known.contains(named) {
                self.known.insert(named.clone());
            }
        }
        // Those of one file follow each other.
        let last = self.persons.last().map(|person| Arc::clone(&person.file));
        let file = last
            .filter(|last| &**last == file)
            .unwrap_or_else(|| file.into());
        self.persons.push(Person { attributes, file });
    }

    /// Each address, in the form that addresses are compared in, and the file it stands in.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, &str)> {
        let file = |number: &usize| self.persons.get(*number).map(|person| &*person.file);
        let addresses = self.by_address.iter();
        addresses.filter_map(move |(address, number)| Some((address.as_str(), file(number)?)))
    }

    /// Whether anybody has such an attribute.
    pub fn know(&self, named: &Named) -> bool {
        self.known.contains(named)
    }

    /// The names of attributes that people have beside those that every set knows.
    pub fn own_names(&self) -> impl Iterator<Item = &str> {
        self.known.iter().filter_map(|named| match named {
            Named::Own(name) => Some(name.as_str()),
            Named::Known(_) => None,
        })
    }

    /// What is said of whoever has this address.
    pub fn attribute(&self, address: &Address, named: &Named) -> Option<&str> {
        let person = self.person(address)?;
        let found = person.attributes.iter().find(|(known, _)| known == named);
        found.map(|(_, value)| value.as_str())
    }

    /// Whose address this is.
    pub fn person(&self, address: &Address) -> Option<&Person> {
        self.persons.get(self.number(address)?)
    }

    fn number(&self, address: &Address) -> Option<usize> {
        self.by_address.get(address.key()).copied()
    }

    /// Whether a login is this person's: an address of theirs, or a local part that is theirs
    /// alone. Who has the same one in another domain may have the same login.
    fn is_login_of(&self, number: usize, login: &str) -> bool {
        if login.contains('@') {
            return Address::parse(login).is_ok_and(|login| self.number(&login) == Some(number));
        }
        let start = format!("{}@", login.to_lowercase());
        let with_start = self.by_address.range(start.clone()..);
        let with_start = with_start.take_while(|(key, _)| key.starts_with(&start));
        let mut owners = with_start.map(|(_, owner)| *owner).peekable();
        owners.peek().is_some() && owners.all(|owner| owner == number)
    }
}

impl<'f> Look<'f> {
    /// Whose attributes may be shown as the sender's. A letter must not show to others what is said
    /// of somebody who did not write it: it came from inside, envelope and From name this person
    /// and nobody else to any reader, and a login that was proved is theirs.
    pub fn person_shown(&self) -> Option<&'f Person> {
        let (facts, people) = (self.facts, &self.home.people);
        let number = people.number(facts.envelope.sender.address()?)?;
        let from = self.message().strict_addresses("From")?;
        let is_theirs = |address| people.number(address) == Some(number);
        let login = facts.authenticated.as_deref();
        let is_sure = facts.source == Source::Inside
            && from.iter().all(is_theirs)
            && login.is_none_or(|login| people.is_login_of(number, login));
        people.persons.get(number).filter(|_| is_sure)
    }
}
