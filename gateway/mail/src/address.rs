//! A mailbox address, strictly parsed once: it is valid because it exists.
//!
//! It never repairs what it is given, and never holds a control character.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// RFC 5321 §4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;
/// RFC 5321 §4.5.3.1.2.
const DOMAIN_BYTES_MAX: usize = 255;

/// An RFC 5321 `Mailbox`, with the UTF-8 of RFC 6531. Compared without regard to case, the domain
/// by its A-label.
#[derive(Clone, Debug)]
pub struct Address {
    text: String,
    at: usize,
    key: String,
}

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@` between a local part and a domain.
    #[error("an address needs a local part, `@` and a domain")]
    Shape,
    /// The part before the `@` breaks RFC 5321 §4.1.2.
    #[error("the local part is not valid")]
    Local,
    /// The part after the `@` breaks RFC 5321 §4.1.2 or is no domain name.
    #[error("the domain is not valid")]
    Domain,
}

impl Address {
    /// Parses `local@domain`; no angle brackets, display name, source route or space around it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let at = text.rfind('@').ok_or(AddressError::Shape)?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Shape);
        }
        if !valid_local(local) {
            return Err(AddressError::Local);
        }
        let ascii = ascii_domain(domain).ok_or(AddressError::Domain)?;
        let text = format!("{local}@{}", domain.to_lowercase());
        let key = format!("{}@{ascii}", local.to_lowercase());
        Ok(Self { text, at, key })
    }

    /// The address as it was written, its domain in lower case.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, quotes included.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// What stands after the `@`, in lower case.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The form to compare by: all lower case, the domain as an A-label.
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn valid_local(local: &str) -> bool {
    if local.len() > LOCAL_BYTES_MAX || local.chars().any(char::is_control) {
        return false;
    }
    if let Some(inner) = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        return valid_quoted(inner);
    }
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn valid_quoted(inner: &str) -> bool {
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return false,
            '\\' if !chars.next().is_some_and(|next| (' '..='~').contains(&next)) => return false,
            _ => {}
        }
    }
    true
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(c)
        || (!c.is_ascii() && !c.is_whitespace())
}

fn ascii_domain(domain: &str) -> Option<String> {
    if domain.len() > DOMAIN_BYTES_MAX {
        return None;
    }
    if let Some(literal) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let ipv6 = literal
            .get(..5)
            .filter(|tag| tag.eq_ignore_ascii_case("IPv6:"));
        let valid = match ipv6 {
            Some(_) => literal[5..].parse::<core::net::Ipv6Addr>().is_ok(),
            None => literal.parse::<core::net::Ipv4Addr>().is_ok(),
        };
        return valid.then(|| domain.to_ascii_lowercase());
    }
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let labels_hold = ascii.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    (labels_hold && ascii.len() <= DOMAIN_BYTES_MAX).then_some(ascii)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_ones() {
        for text in [
            "ann@corp.example",
            "Ann.B+c@CORP.example",
            "\"a b\"@corp.example",
            "\"a\\\"b@c\"@corp.example",
            "jörg@bücher.example",
            "ann@[192.0.2.1]",
            "ann@[IPv6:2001:db8::1]",
        ] {
            assert!(Address::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn invalid_ones() {
        for text in [
            "",
            "ann",
            "@corp.example",
            "ann@",
            "a b@corp.example",
            "a..b@corp.example",
            "ann@corp..example",
            "ann@-corp.example",
            "ann\r\n@corp.example",
            "ann\0@corp.example",
            "<ann@corp.example>",
            "@a.example:ann@corp.example",
            "ann@corp_x.example",
            "ann@[1.2]",
            "\"a\"b\"@corp.example",
            " ann@corp.example",
            "ann@corp.example ",
        ] {
            assert!(Address::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn compared_without_case_and_by_a_label() {
        let unicode = Address::parse("Ann@Bücher.example").unwrap();
        let ascii = Address::parse("ann@xn--bcher-kva.example").unwrap();
        assert_eq!(unicode, ascii);
        assert_eq!(unicode.domain(), "bücher.example");
        assert_eq!(unicode.local(), "Ann");
    }
}
