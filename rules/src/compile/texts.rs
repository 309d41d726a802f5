//! Texts of rules as words, patterns, people, domains, networks, addresses.

use mail::Address;

use super::Compiler;
use crate::condition::Matcher;
use crate::diagnostic::{Diagnostic, Spot};
use crate::matching::{
    Domains, Networks, PATTERN_LENGTH_MAX, Parties, PartyError, PatternError, Patterns, Words,
    plain,
};
use crate::read::{Item, nearest};

impl Compiler {
    pub(super) fn words(&mut self, items: &[Item]) -> Option<Matcher> {
        let items = self.expand(items);
        let mut sound = true;
        for item in &items {
            if plain(&item.text).trim().is_empty() {
                self.mistake(&item.spot, "there is no word in this", "write the word");
                sound = false;
            }
        }
        let words = Words::new(items.iter().map(|item| item.text.as_str()));
        if sound && words.is_none() {
            let spot = items.first()?.spot.clone();
            self.mistake(
                &spot,
                "these words are too many",
                "share them among several conditions",
            );
        }
        words.filter(|_| sound).map(Matcher::Words)
    }

    pub(super) fn patterns(&mut self, items: &[Item]) -> Option<Matcher> {
        let items = self.expand(items);
        let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        match Patterns::new(&texts) {
            Ok(patterns) => {
                self.advise_match_all(&items, &patterns);
                Some(Matcher::Patterns(patterns))
            }
            Err((at, error)) => {
                // The set is not empty, or nothing could be wrong with it.
                let spot = items.get(at).map(|item| item.spot.clone())?;
                self.pattern_mistake(&spot, &error);
                None
            }
        }
    }

    fn advise_match_all(&mut self, items: &[Item], patterns: &Patterns) {
        if let Some(item) = patterns.find("").and_then(|at| items.get(at)) {
            let message = format!("the pattern `{}` matches every text", item.text);
            let help = "it also matches where there is nothing; leave out `*`, `?`, or an empty \
                        alternative, or begin with `^` and end with `$`";
            self.found
                .push(Diagnostic::advice(item.spot.clone(), message).help(help));
        }
    }

    pub(super) fn pattern_mistake(&mut self, spot: &Spot, error: &PatternError) {
        let (message, help) = match error {
            PatternError::TooLong => (
                "this pattern is too long".to_owned(),
                format!("at most {PATTERN_LENGTH_MAX} bytes; words belong in `…_contains`"),
            ),
            PatternError::TooLarge => (
                "these patterns are too large when compiled".to_owned(),
                "use smaller repetition counts, or `…_contains` for plain words".to_owned(),
            ),
            PatternError::Syntax(reason) => (
                format!("this is no pattern: {reason}"),
                match reason.contains("look-around") || reason.contains("backreference") {
                    true => {
                        "patterns are matched in linear time, which look-around and \
                             back-references would break; say it with `not` or `unless`"
                    }
                    false => {
                        "to match a sign as it is, put a backslash before it, as in '\\[x\\]'; \
                              or use `…_contains`, which takes plain words"
                    }
                }
                .to_owned(),
            ),
        };
        self.mistake(spot, message, help);
    }

    pub(super) fn parties(&mut self, items: &[Item]) -> Option<Parties> {
        let mut parties = Parties::default();
        let mut sound = true;
        for item in self.expand(items) {
            if let Err(error) = parties.add(&item.text) {
                self.party_mistake(&item, error, true);
                sound = false;
            }
        }
        sound.then_some(parties)
    }

    pub(super) fn domains(&mut self, items: &[Item]) -> Option<Domains> {
        let mut domains = Domains::default();
        let mut sound = true;
        for item in self.expand(items) {
            // A single word is a misplaced side much sooner than a domain.
            let word = !item.text.contains('.');
            let added = if word {
                Err(PartyError::Domain)
            } else {
                domains.add(&item.text)
            };
            if let Err(error) = added {
                self.party_mistake(&item, error, false);
                sound = false;
            }
        }
        sound.then_some(domains)
    }

    fn party_mistake(&mut self, item: &Item, error: PartyError, sides: bool) {
        let text = &item.text;
        let (message, help) = match error {
            PartyError::Star => (
                format!("`{text}` has a `*` in a place that means nothing"),
                "`*.corp.example` is every subdomain; for more, use `…_matches` with a pattern"
                    .to_owned(),
            ),
            PartyError::Address => (
                format!("`{text}` is no address"),
                "write local@domain alone, without a name or angle brackets".to_owned(),
            ),
            PartyError::Domain => {
                let near = nearest(text, ["inside", "outside"].into_iter()).filter(|_| sides);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if sides => {
                        "it takes `inside`, `outside`, an address, a domain, or `*.` and a domain"
                            .to_owned()
                    }
                    None if ["inside", "outside"].contains(&text.as_str()) => {
                        "sides belong in `sender`, `recipient` or `any_recipient`".to_owned()
                    }
                    None => "it takes a domain, or `*.` and a domain".to_owned(),
                };
                (format!("`{text}` is no domain"), help)
            }
        };
        self.mistake(&item.spot, message, help);
    }

    pub(super) fn networks(&mut self, items: &[Item]) -> Option<Networks> {
        let items = self.expand(items);
        match Networks::new(items.iter().map(|item| item.text.as_str())) {
            Ok(networks) => Some(networks),
            Err(at) => {
                let item = items.get(at)?.clone();
                let message = format!("`{}` is no address, network or range", item.text);
                let help = "write 192.0.2.7, 10.0.0.0/8 (its host bits zero), or 10.1.0.1-10.1.0.9";
                self.mistake(&item.spot, message, help);
                None
            }
        }
    }

    pub(super) fn address(&mut self, item: &Item) -> Option<Address> {
        let address = Address::parse(&item.text);
        if let Err(error) = &address {
            let message = format!("`{}` is no address: {error}", item.text);
            let help = "write local@domain alone, without a name or angle brackets";
            self.mistake(&item.spot, message, help);
        }
        address.ok()
    }

    pub(super) fn addresses(&mut self, items: &[Item]) -> Option<Vec<Address>> {
        /// How many recipients one action may name.
        const ADDRESSES_MAX: usize = 100;
        if let Some(over) = items.get(ADDRESSES_MAX) {
            let message = format!("more than {ADDRESSES_MAX} addresses in one action");
            self.mistake(
                &over.spot.clone(),
                message,
                "name a distribution list instead",
            );
        }
        let addresses: Vec<_> = items.iter().map(|item| self.address(item)).collect();
        addresses.into_iter().collect()
    }
}
