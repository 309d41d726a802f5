//! Whose places are counted: the mailbox that a letter went to, whatever letter it is, so that a
//! reader of many has no more of them than a reader of one.

use std::sync::Arc;

/// A mailbox as it is counted. Spellings that differ in case count as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mailbox(Arc<str>);

impl Mailbox {
    pub fn of(address: &str) -> Self {
        Self(address.to_lowercase().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_makes_no_other_mailbox() {
        let bob = Mailbox::of("Bob@Partner.Example");
        assert_eq!(bob, Mailbox::of("bob@partner.example"));
        assert_ne!(bob, Mailbox::of("rob@partner.example"));
    }
}
