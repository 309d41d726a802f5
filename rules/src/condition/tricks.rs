//! Addresses that seem to be something else: `sender_address_tricks` and
//! `any_recipient_address_tricks`.
//!
//! They say nothing about inside and outside: that is judged on the envelope alone.

use mail::address::{
    Trick, begins_like, is_under, name_holds_domain, resembles, tricks, tricks_of_field,
};
use mail::{Address, Mailbox, Message};

use super::{Asker, Truth};
use crate::matching::Domains;

/// The word for a domain that can be taken for one of our own, beside those of [`Trick`].
pub(crate) const RESEMBLES_OWN: &str = "resembles-own-domain";
/// The word for a From field that names more than one, or that stands there twice: readers show
/// one of them, and not the same one.
pub(crate) const SEVERAL_SENDERS: &str = "several-senders";

/// Fields in which a sender names themselves.
const SENDER_FIELDS: [&str; 3] = ["From", "Sender", "Reply-To"];
/// Fields in which recipients are named.
const RECIPIENT_FIELDS: [&str; 3] = ["To", "Cc", "Bcc"];

/// What is asked for: any of it.
#[derive(Debug, Default)]
pub(crate) struct Tricks {
    among: Vec<Trick>,
    resembles_own: bool,
    several_senders: bool,
}

impl Tricks {
    /// Of these words, all of which the table of words knows.
    pub fn of<'w>(words: impl Iterator<Item = &'w str> + Clone) -> Self {
        let wanted = |trick: &&Trick| words.clone().any(|word| word == trick.as_str());
        Self {
            among: Trick::ALL.iter().filter(wanted).copied().collect(),
            resembles_own: words.clone().any(|word| word == RESEMBLES_OWN),
            several_senders: words.clone().any(|word| word == SEVERAL_SENDERS),
        }
    }

    fn any(&self, found: &[Trick]) -> bool {
        found.iter().any(|trick| self.among.contains(trick))
    }

    fn in_mailbox(&self, mailbox: &Mailbox, own: &Domains) -> bool {
        let address = Address::parse(&mailbox.address).ok();
        let domain = address.as_ref().map(Address::domain);
        let is_ours = || {
            own.names()
                .any(|name| domain.is_some_and(|it| is_under(it, name)))
        };
        let looks_own = || {
            let alike = |name| domain.is_some_and(|domain| is_look_alike(domain, name));
            own.names().any(alike) && !is_ours()
        };
        let holds_own = || {
            let holds = |name: &String| own.names().any(|own| name_holds_domain(name, own));
            mailbox.name.as_ref().is_some_and(holds) && !is_ours()
        };
        self.any(&tricks(mailbox))
            || self.resembles_own && looks_own()
            || self.among.contains(&Trick::NameHoldsOtherDomain) && holds_own()
    }
}

/// Whether a domain, or what it stands under, can be taken for this one and is another.
fn is_look_alike(domain: &str, own: &str) -> bool {
    let labels = domain.split('.').count();
    let skipped = labels.saturating_sub(own.split('.').count());
    let tail: Vec<&str> = domain.split('.').skip(skipped).collect();
    resembles(&tail.join("."), own) || begins_like(domain, own)
}

/// Whether From names more than one. What is no address is a piece of a name with a bare comma.
fn names_several(message: &Message<'_>) -> bool {
    let mailboxes = message.mailboxes("From");
    let named = mailboxes.iter().filter(|one| one.address.contains('@'));
    message.fields_named("From").count() > 1 || named.count() > 1
}

impl Asker<'_> {
    pub(super) fn sender_tricks(&self, wanted: &Tricks) -> Truth {
        if wanted.several_senders && names_several(self.look.message()) {
            return Truth::of(true);
        }
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
            "corp.example.evil.net",
            "login.corp.example.evil.net",
            "corp-example.net",
            "c0rp-example.net",
        ] {
            assert!(is_look_alike(domain, "corp.example"), "{domain}");
        }
        for domain in [
            "corp.example",
            "mail.corp.example",
            "corpx.example",
            "corp.example.corp.example",
            "corpx-example.net",
            "thecorp.example.net",
            "corp.net",
            "example",
        ] {
            assert!(!is_look_alike(domain, "corp.example"), "{domain}");
        }
    }

    #[test]
    fn the_table_of_words_knows_every_trick() {
        let words = crate::words::TRICKS;
        let all = Trick::ALL.iter().map(|trick| trick.as_str());
        let all: Vec<&str> = all.chain([RESEMBLES_OWN, SEVERAL_SENDERS]).collect();
        assert_eq!(words, all);
        let every = Tricks::of(words.iter().copied());
        assert_eq!(every.among, Trick::ALL);
        assert!(every.resembles_own && every.several_senders);
        let recipients = crate::words::RECIPIENT_TRICKS;
        assert_eq!(recipients, &all[..all.len() - 1]);
    }
}
