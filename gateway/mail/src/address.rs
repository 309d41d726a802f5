//! A mailbox address, strictly parsed once: it is valid because it exists.
//!
//! It never repairs what it is given, and never holds a control character.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

pub mod scripts;
pub mod tricks;

pub use tricks::{
    Trick, begins_like, is_under, name_holds_domain, resembles, tricks, tricks_of_field,
};

/// RFC 5321 §4.5.3.1.1: octets of a local part.
pub const LOCAL_BYTES_MAX: usize = 64;
/// RFC 5321 §4.5.3.1.2: octets of a domain.
pub const DOMAIN_BYTES_MAX: usize = 255;
/// RFC 1035 §2.3.4: octets between two dots.
pub const DOMAIN_LABEL_BYTES_MAX: usize = 63;
/// RFC 5321 §4.5.3.1.3: a path has 256 octets, of which `<` and `>` are two.
pub const ADDRESS_BYTES_MAX: usize = 254;

/// An RFC 5321 `Mailbox`, with the UTF-8 of RFC 6531. Compared without regard to case or to quotes
/// that need not be there, the domain by its A-label.
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
    /// It begins with `@host:`. RFC 5321 appendix F.2: such a route is not to be followed.
    #[error("an address must not name a route")]
    SourceRoute,
    /// The whole is longer than [`ADDRESS_BYTES_MAX`], or a part than its own limit.
    #[error("the address is too long")]
    TooLong,
    /// The part before the `@` breaks RFC 5321 §4.1.2.
    #[error("the local part is not valid")]
    Local,
    /// The part after the `@` breaks RFC 5321 §4.1.2 or is no domain name.
    #[error("the domain is not valid")]
    Domain,
}

impl Address {
    /// Parses `local@domain`; no angle brackets, display name, comment, source route or space
    /// around it.
    ///
    /// # Errors
    /// Whatever RFC 5321 §4.1.2 and RFC 6531 §3.3 do not allow. The caller counts such a text as
    /// outside.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        if text.starts_with('@') && text.contains(':') {
            return Err(AddressError::SourceRoute);
        }
        let at = text.rfind('@').ok_or(AddressError::Shape)?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Shape);
        }
        if local.len() > LOCAL_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        let mailbox = read_local(local).ok_or(AddressError::Local)?;
        let ascii = ascii_domain(domain).ok_or(AddressError::Domain)?;
        let text = format!("{local}@{}", domain.to_lowercase());
        let key = format!("{}@{ascii}", mailbox.to_lowercase());
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

    /// The domain as an A-label: the form to compare by.
    pub fn domain_key(&self) -> &str {
        // The key is built with an `@` before the domain, and no domain holds one.
        self.key.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The form to compare by: all lower case, no needless quotes, the domain as an A-label.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether the local part can be read as a further route: `user%other@relay`,
    /// `other!user@relay` or `"user@other"@relay`. Mail servers may follow it (Postfix does by
    /// default), so the domain does not say where such mail ends: it is never inside.
    pub fn is_routed(&self) -> bool {
        self.local().contains(['%', '!', '@'])
    }
}

/// RFC 5321 §4.1.2: a dot-string or a quoted string. The answer is the mailbox it names: quotes
/// and backslashes that change nothing are gone, since `"ann"` and `ann` are one mailbox.
fn read_local(local: &str) -> Option<String> {
    if local.chars().any(char::is_control) {
        return None;
    }
    let Some(inner) = local.strip_prefix('"') else {
        return is_dot_string(local).then(|| local.to_owned());
    };
    let inner = unquote(inner.strip_suffix('"')?)?;
    if is_dot_string(&inner) {
        return Some(inner);
    }
    let escaped = inner.replace('\\', "\\\\").replace('"', "\\\"");
    Some(format!("\"{escaped}\""))
}

fn is_dot_string(local: &str) -> bool {
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// RFC 5321 §4.1.2: `\` stands before any printable character; a bare quote ends the string.
fn unquote(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => text.push(chars.next().filter(|next| (' '..='~').contains(next))?),
            c if c.is_ascii() || is_international(c) => text.push(c),
            _ => return None,
        }
    }
    Some(text)
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_international(c)
}

/// RFC 6531 §3.3 lets any UTF-8 stand; what cannot be seen or turns the text around is refused.
fn is_international(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !c.is_control() && !scripts::is_invisible(c)
}

fn ascii_domain(domain: &str) -> Option<String> {
    if domain.len() > DOMAIN_BYTES_MAX {
        return None;
    }
    let literal = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(literal) = literal {
        return is_address_literal(literal).then(|| domain.to_ascii_lowercase());
    }
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    (ascii.split('.').all(is_domain_label) && ascii.len() <= DOMAIN_BYTES_MAX).then_some(ascii)
}

/// RFC 5321 §4.1.3. No general literal is registered, so none is valid.
fn is_address_literal(literal: &str) -> bool {
    let tag = literal
        .get(..5)
        .filter(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    match tag {
        Some(_) => literal[5..].parse::<core::net::Ipv6Addr>().is_ok(),
        None => literal.parse::<core::net::Ipv4Addr>().is_ok(),
    }
}

fn is_domain_label(label: &str) -> bool {
    (1..=DOMAIN_LABEL_BYTES_MAX).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
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
