//! Who: inside, outside, an address, a domain, the subdomains of a domain.

use mail::Address;

/// Own domains, or domains a rule names. `corp.example` is exactly that domain, `*.corp.example`
/// its subdomains only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Domains {
    exact: Vec<String>,
    /// With the leading dot.
    above: Vec<String>,
}

/// Why a text names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartyError {
    /// It has an `@` and is no address.
    Address,
    /// It is no domain.
    Domain,
    /// It has a `*` elsewhere than in a leading `*.`.
    Star,
}

impl Domains {
    pub fn add(&mut self, text: &str) -> Result<(), PartyError> {
        let (name, list) = match text.strip_prefix("*.") {
            Some(name) => (name, &mut self.above),
            None => (text, &mut self.exact),
        };
        if name.contains('*') {
            return Err(PartyError::Star);
        }
        if text.contains('@') {
            return Err(PartyError::Domain);
        }
        // A domain is one when it can stand in an address; so both forms of IDN compare alike.
        let key = domain_key(name).ok_or(PartyError::Domain)?;
        list.push(match text.starts_with("*.") {
            true => format!(".{key}"),
            false => key,
        });
        Ok(())
    }

    /// Every domain that is named, also those whose subdomains are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let above = self.above.iter().map(|above| above.trim_start_matches('.'));
        self.exact.iter().map(String::as_str).chain(above)
    }

    pub fn contains(&self, address: &Address) -> bool {
        let domain = key_domain(address);
        self.exact.iter().any(|exact| exact == domain)
            || self
                .above
                .iter()
                .any(|above| domain.ends_with(above.as_str()))
    }
}

/// The domain as addresses are compared by it: lower case, A-labels.
fn domain_key(name: &str) -> Option<String> {
    let address = Address::parse(&format!("x@{name}")).ok()?;
    Some(key_domain(&address).to_owned())
}

fn key_domain(address: &Address) -> &str {
    address
        .key()
        .rsplit_once('@')
        .map_or("", |(_, domain)| domain)
}

/// The side somebody stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    Inside,
    Outside,
    /// The null sender.
    Nowhere,
}

/// A set of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parties {
    inside: bool,
    outside: bool,
    addresses: Vec<Address>,
    domains: Domains,
}

impl Parties {
    pub fn add(&mut self, text: &str) -> Result<(), PartyError> {
        match text {
            "inside" => self.inside = true,
            "outside" => self.outside = true,
            text if text.contains('@') => {
                let address = Address::parse(text).map_err(|_| PartyError::Address)?;
                self.addresses.push(address);
            }
            // A single word is a misspelt side much sooner than a domain.
            text if !text.contains('.') => return Err(PartyError::Domain),
            text => self.domains.add(text)?,
        }
        Ok(())
    }

    /// Whether it only asks for the side.
    pub fn is_sides_only(&self) -> bool {
        self.addresses.is_empty() && self.domains == Domains::default()
    }

    pub fn holds_side(&self, side: Where) -> bool {
        match side {
            Where::Inside => self.inside,
            Where::Outside => self.outside,
            Where::Nowhere => false,
        }
    }

    /// Whether it names this very address.
    pub fn names_address(&self, address: &Address) -> bool {
        self.addresses.contains(address)
    }

    /// Whether it names this address or its domain.
    pub fn names(&self, address: &Address) -> bool {
        self.addresses.contains(address) || self.domains.contains(address)
    }

    pub fn contains(&self, address: &Address, side: Where) -> bool {
        self.holds_side(side) || self.names(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, address: &str) -> bool {
        let mut parties = Parties::default();
        parties.add(text).unwrap();
        parties.contains(&Address::parse(address).unwrap(), Where::Outside)
    }

    #[test]
    fn a_domain_is_itself_and_a_star_its_subdomains() {
        assert!(holds("corp.example", "a@CORP.example"));
        assert!(!holds("corp.example", "a@x.corp.example"));
        assert!(!holds("corp.example", "a@xcorp.example"));
        assert!(holds("*.corp.example", "a@x.corp.example"));
        assert!(holds("*.corp.example", "a@y.x.corp.example"));
        assert!(!holds("*.corp.example", "a@corp.example"));
        assert!(!holds("*.corp.example", "a@xcorp.example"));
        assert!(holds("Ann@corp.example", "ann@corp.example"));
        assert!(!holds("ann@corp.example", "bann@corp.example"));
        assert!(holds("bücher.example", "a@xn--bcher-kva.example"));
        assert!(holds("*.bücher.example", "a@www.xn--bcher-kva.example"));
    }

    #[test]
    fn sides_are_words_and_words_are_no_domains() {
        assert!(holds("outside", "a@x.example"));
        assert!(!holds("inside", "a@x.example"));
        let error = |text| Parties::default().add(text);
        assert_eq!(error("outsde"), Err(PartyError::Domain));
        assert_eq!(error("x.*.example"), Err(PartyError::Star));
        assert_eq!(
            error("*@corp.example"),
            Ok(()),
            "a star is a legal local part, if odd"
        );
        assert_eq!(error("a b@corp.example"), Err(PartyError::Address));
        assert_eq!(error("corp..example"), Err(PartyError::Domain));
    }
}
