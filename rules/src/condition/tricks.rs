//! Addresses that seem to be something else: `sender_address_tricks` and
//! `any_recipient_address_tricks`.
//!
//! They say nothing about inside and outside: that is judged on the envelope alone.

use mail::address::{Trick, resembles, tricks, tricks_of_field};
use mail::{Address, Mailbox};

use super::{Asker, Truth};
use crate::matching::Domains;

/// The word for a domain that can be taken for one of our own, beside those of [`Trick`].
pub(crate) const RESEMBLES_OWN: &str = "resembles-own-domain";

/// Fields in which a sender names themselves.
const SENDER_FIELDS: [&str; 3] = ["From", "Sender", "Reply-To"];
/// Fields in which recipients are named.
const RECIPIENT_FIELDS: [&str; 3] = ["To", "Cc", "Bcc"];

/// What is asked for: any of it.
#[derive(Debug, Default)]
pub(crate) struct Tricks {
    among: Vec<Trick>,
    resembles_own: bool,
}

impl Tricks {
    /// Of these words, all of which the table of words knows.
    pub fn of<'w>(words: impl Iterator<Item = &'w str> + Clone) -> Self {
        let wanted = |trick: &&Trick| words.clone().any(|word| word == trick.as_str());
        Self {
            among: Trick::ALL.iter().filter(wanted).copied().collect(),
            resembles_own: words.clone().any(|word| word == RESEMBLES_OWN),
        }
    }

    fn any(&self, found: &[Trick]) -> bool {
        found.iter().any(|trick| self.among.contains(trick))
    }

    fn in_mailbox(&self, mailbox: &Mailbox, own: &Domains) -> bool {
        let looks_own = || match Address::parse(&mailbox.address) {
            Ok(address) => own
                .names()
                .any(|name| is_look_alike(address.domain(), name)),
            Err(_) => false,
        };
        self.any(&tricks(mailbox)) || self.resembles_own && looks_own()
    }
}

/// Whether a domain, or what it stands under, can be taken for this one and is another.
fn is_look_alike(domain: &str, own: &str) -> bool {
    let labels = domain.split('.').count();
    let skipped = labels.saturating_sub(own.split('.').count());
    let tail: Vec<&str> = domain.split('.').skip(skipped).collect();
    resembles(&tail.join("."), own)
}

impl Asker<'_> {
    pub(super) fn sender_tricks(&self, wanted: &Tricks) -> Truth {
        let sender = self.look.facts.envelope.sender.address();
        self.tricks(wanted, &SENDER_FIELDS, sender.into_iter())
    }

    pub(super) fn recipient_tricks(&self, wanted: &Tricks) -> Truth {
        self.tricks(wanted, &RECIPIENT_FIELDS, self.recipients.iter())
    }

    fn tricks<'a>(
        &self,
        wanted: &Tricks,
        fields: &[&str],
        mut envelope: impl Iterator<Item = &'a Address>,
    ) -> Truth {
        let own = &self.look.home.domains;
        let message = self.look.message();
        let bare = |address: &Address| Mailbox {
            name: None,
            address: address.to_string(),
        };
        let in_fields = || {
            fields.iter().any(|name| {
                let mut values = message
                    .fields_named(name)
                    .map(|field| message.field_value(field));
                let mailboxes = message.mailboxes(name);
                values.any(|raw| wanted.any(&tricks_of_field(raw)))
                    || mailboxes
                        .iter()
                        .any(|mailbox| wanted.in_mailbox(mailbox, own))
            })
        };
        Truth::of(envelope.any(|address| wanted.in_mailbox(&bare(address), own)) || in_fields())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_alike_of_our_domain_is_another_domain() {
        for domain in [
            "c0rp.example",
            "cоrp.example",
            "mail.c0rp.example",
            "corp.exarnple",
        ] {
            assert!(is_look_alike(domain, "corp.example"), "{domain}");
        }
        for domain in [
            "corp.example",
            "mail.corp.example",
            "corpx.example",
            "example",
        ] {
            assert!(!is_look_alike(domain, "corp.example"), "{domain}");
        }
    }

    #[test]
    fn the_table_of_words_knows_every_trick() {
        let words = crate::words::TRICKS;
        let all = Trick::ALL.iter().map(|trick| trick.as_str());
        let all: Vec<&str> = all.chain([RESEMBLES_OWN]).collect();
        assert_eq!(words, all);
        let every = Tricks::of(words.iter().copied());
        assert_eq!(every.among, Trick::ALL);
        assert!(every.resembles_own);
    }
}
