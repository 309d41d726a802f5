//! Who a message is from and who it is for, as the SMTP dialogue said.
//!
//! It never looks at header fields: those are the letter, this is the envelope.

use std::collections::HashSet;
use std::fmt;

use crate::address::Address;

/// The reverse path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// `<>`: nobody is to be told of a failure.
    Null,
    /// A mailbox that takes delivery reports.
    Mailbox(Address),
}

impl Sender {
    /// The mailbox, unless the sender is null.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Null => None,
            Self::Mailbox(address) => Some(address),
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(address) => address.fmt(f),
        }
    }
}

/// One recipient or more, each once, in the order they were named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients(Vec<Address>);

impl Recipients {
    /// Drops repeated addresses; `None` when nobody is left.
    pub fn new(addresses: Vec<Address>) -> Option<Self> {
        let mut seen = HashSet::new();
        let kept: Vec<Address> = addresses
            .into_iter()
            .filter(|address| seen.insert(address.key().to_owned()))
            .collect();
        (!kept.is_empty()).then_some(Self(kept))
    }

    /// Every recipient, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Address> {
        self.0.iter()
    }

    /// How many there are; never zero.
    #[allow(clippy::len_without_is_empty)] // It is never empty, so the question has no sense.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The recipient named first.
    pub fn first(&self) -> &Address {
        &self.0[0]
    }

    /// Whether this address is one of them.
    pub fn contains(&self, address: &Address) -> bool {
        self.0.contains(address)
    }
}

impl<'a> IntoIterator for &'a Recipients {
    type Item = &'a Address;
    type IntoIter = std::slice::Iter<'a, Address>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// RFC 6152: what bytes the sender announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyType {
    /// `BODY=7BIT`, or nothing said.
    #[default]
    SevenBit,
    /// `BODY=8BITMIME`.
    EightBitMime,
}

/// What the SMTP dialogue said about one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The reverse path.
    pub sender: Sender,
    /// The forward paths.
    pub recipients: Recipients,
    /// The announced body type.
    pub body: BodyType,
    /// RFC 6531: addresses or header fields may hold UTF-8.
    pub smtputf8: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_never_empty_and_never_repeat() {
        let address = |text| Address::parse(text).unwrap();
        assert!(Recipients::new(vec![]).is_none());
        let named = vec![
            address("b@x.example"),
            address("a@x.example"),
            address("B@X.example"),
        ];
        let recipients = Recipients::new(named).unwrap();
        assert_eq!(recipients.len(), 2);
        assert_eq!(recipients.first().as_str(), "b@x.example");
    }
}
