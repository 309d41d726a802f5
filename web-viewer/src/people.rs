//! Names and addresses of a letter: for the eye, and for a reply.
//!
//! A reply goes only to people who stand on the original and belong to the organisation.

use mail::{Address, Mailbox, Message};

use crate::plain_text::escape;
use crate::settings::{PEOPLE_LISTED_MAX, PEOPLE_SHOWN_MAX};
use crate::texts::{Texts, fill};
use crate::visible::visible;

/// A list of people: the first of them, and the rest folded away where they are many, so that the
/// letter itself is not pushed off a small screen.
pub(crate) struct Listed {
    pub first: String,
    /// What the fold says; empty where all stand in front of it.
    pub more: String,
    pub rest: String,
}

impl Listed {
    /// Folds a list of names as they are to stand.
    pub fn of(mut names: Vec<String>, t: &'static Texts) -> Self {
        // To fold one or two away would save nothing.
        let rest = match names.len() > PEOPLE_SHOWN_MAX + 2 {
            true => names.split_off(PEOPLE_SHOWN_MAX),
            false => Vec::new(),
        };
        let more = match rest.len() {
            0 => String::new(),
            folded => fill(t.people_more, &[("n", &folded.to_string())]),
        };
        Self {
            first: names.join(", "),
            more,
            rest: rest.join(", "),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Nothing of it folded away: paper does not open.
    pub fn unfolded(self) -> Self {
        let first = match self.more.is_empty() {
            true => self.first,
            false => format!("{}, {}", self.first, self.rest),
        };
        let (more, rest) = (String::new(), String::new());
        Self { first, more, rest }
    }
}

/// The mailboxes of these fields as safe HTML; a name never stands without its address.
pub(crate) fn listed(message: &Message<'_>, field: &str, t: &'static Texts) -> Listed {
    let people = message.mailboxes(field);
    let mut names: Vec<String> = people.iter().take(PEOPLE_LISTED_MAX).map(one).collect();
    if people.len() > PEOPLE_LISTED_MAX {
        names.push("…".to_owned());
    }
    Listed::of(names, t)
}

fn one(person: &Mailbox) -> String {
    let mut html = String::new();
    let name = person.name.as_deref().map(visible).unwrap_or_default();
    let class = match name.trim() {
        "" => "",
        name => {
            html.push_str("<bdi>");
            escape(&mut html, name);
            html.push_str("</bdi> ");
            " class=\"address\""
        }
    };
    html.push_str(&format!("<span{class} translate=\"no\">"));
    escape(&mut html, &visible(&person.address));
    html.push_str("</span>");
    html
}

/// Whom a reply goes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipients {
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    /// People of the original who are outside, and so get nothing.
    pub left_out: Vec<String>,
}

/// Whether only the sender gets the reply, or everybody inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Sender,
    All,
}

/// Works out the recipients from the original alone.
///
/// RFC 5322 §3.6.2: Reply-To, where the author named one, else From; the envelope's sender when
/// neither is inside. `proved` is the reader himself, who gets no copy.
pub(crate) fn recipients(
    message: &Message<'_>,
    envelope_sender: &str,
    proved: &str,
    domains: &[String],
    reach: Reach,
) -> Recipients {
    let proved = Address::parse(proved).ok();
    let mut found = Recipients::default();
    let inside = |address: &Address| domains.iter().any(|domain| same_domain(address, domain));
    for field in ["Reply-To", "From"] {
        let people = message.mailboxes(field);
        let mut known = people
            .iter()
            .filter_map(|person| Address::parse(&person.address).ok());
        if found.to.is_empty() {
            found.to.extend(known.find(|address| inside(address)));
        }
    }
    if found.to.is_empty() {
        found
            .to
            .extend(Address::parse(envelope_sender).ok().filter(inside));
    }
    if reach == Reach::All {
        for field in ["From", "To", "Cc"] {
            for person in message.mailboxes(field).into_iter().take(PEOPLE_LISTED_MAX) {
                let Ok(address) = Address::parse(&person.address) else {
                    continue;
                };
                if proved.as_ref() == Some(&address) || found.to.contains(&address) {
                    continue;
                }
                if !inside(&address) {
                    found.left_out.push(address.as_str().to_owned());
                } else if !found.cc.contains(&address) {
                    found.cc.push(address);
                }
            }
        }
    }
    found
}

fn same_domain(address: &Address, domain: &str) -> bool {
    let Ok(of_domain) = Address::parse(&format!("x@{domain}")) else {
        return false;
    };
    let key = |address: &Address| address.key().rsplit('@').next().map(str::to_owned);
    key(address) == key(&of_domain)
}

/// How the original spelt the reader's name.
pub(crate) fn name_of(message: &Message<'_>, proved: &str) -> Option<String> {
    let proved = Address::parse(proved).ok()?;
    let people = ["To", "Cc"]
        .into_iter()
        .flat_map(|field| message.mailboxes(field));
    people
        .filter(|person| Address::parse(&person.address).is_ok_and(|address| address == proved))
        .find_map(|person| person.name)
        .map(|name| visible(&name))
        .filter(|name| !name.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    const LETTER: &[u8] = b"From: Ann <ann@corp.example>\r\n\
        To: Bob B <bob@partner.example>, carl@corp.example, dora@other.example\r\n\
        Cc: Ann <ANN@corp.example>, eve@sub.corp.example, evil@notcorp.example\r\n\r\nx\r\n";

    fn of(raw: &[u8], reach: Reach) -> (Vec<String>, Vec<String>, Vec<String>) {
        let domains = ["corp.example".to_owned()];
        let message = Message::parse(raw);
        let found = recipients(
            &message,
            "ann@corp.example",
            "bob@partner.example",
            &domains,
            reach,
        );
        let texts = |list: Vec<Address>| list.iter().map(|a| a.as_str().to_owned()).collect();
        (texts(found.to), texts(found.cc), found.left_out)
    }

    #[test]
    fn many_people_are_folded_and_a_few_are_not() {
        let names = |count: usize| (1..=count).map(|n| format!("p{n}")).collect::<Vec<_>>();
        let few = Listed::of(names(PEOPLE_SHOWN_MAX + 2), &ENGLISH);
        assert!(few.more.is_empty() && few.rest.is_empty());
        let many = Listed::of(names(PEOPLE_SHOWN_MAX + 3), &ENGLISH);
        assert_eq!(many.first, names(PEOPLE_SHOWN_MAX).join(", "));
        assert_eq!(many.more, "and 3 more");
        let whole = many.unfolded();
        assert_eq!(whole.first, names(PEOPLE_SHOWN_MAX + 3).join(", "));
        assert!(whole.more.is_empty());
        assert!(Listed::of(Vec::new(), &ENGLISH).is_empty());
    }

    #[test]
    fn a_reply_goes_to_the_sender_alone() {
        assert_eq!(
            of(LETTER, Reach::Sender),
            (vec!["ann@corp.example".into()], vec![], vec![])
        );
    }

    #[test]
    fn a_reply_to_all_stays_inside_and_spares_the_reader() {
        let (to, cc, left) = of(LETTER, Reach::All);
        assert_eq!(to, ["ann@corp.example"]);
        assert_eq!(cc, ["carl@corp.example"]);
        assert_eq!(
            left,
            [
                "dora@other.example",
                "eve@sub.corp.example",
                "evil@notcorp.example"
            ]
        );
    }

    #[test]
    fn reply_to_counts_only_inside() {
        let inside = b"From: a@corp.example\r\nReply-To: desk@corp.example\r\n\r\n";
        assert_eq!(of(inside, Reach::Sender).0, ["desk@corp.example"]);
        let outside = b"From: a@corp.example\r\nReply-To: evil@evil.example\r\n\r\n";
        assert_eq!(of(outside, Reach::Sender).0, ["a@corp.example"]);
        let neither = b"From: x@evil.example\r\n\r\n";
        assert_eq!(of(neither, Reach::Sender).0, ["ann@corp.example"]);
    }

    #[test]
    fn the_readers_name_is_the_originals() {
        let message = Message::parse(LETTER);
        assert_eq!(
            name_of(&message, "BOB@partner.example").as_deref(),
            Some("Bob B")
        );
        assert_eq!(name_of(&message, "carl@corp.example"), None);
    }
}
