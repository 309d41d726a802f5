//! What is odd about a mailbox in an address field: the tricks by which one sender looks like
//! another.
//!
//! It never says who somebody is: inside and outside are judged on the envelope alone.

use super::scripts::{is_invisible, is_mixed, skeleton};
use super::{Address, AddressError};
use crate::message::Mailbox;

/// One odd thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trick {
    /// The address breaks RFC 5321, so that servers may differ about it.
    NotAnAddress,
    /// The address names a route (`@relay:user@host`).
    SourceRoute,
    /// The local part can be read as a route (`user%other`, `other!user`, `"user@other"`).
    RoutedLocal,
    /// The local part stands in quotes.
    QuotedLocal,
    /// The domain is an IP address.
    AddressLiteral,
    /// The domain has letters beyond ASCII.
    InternationalDomain,
    /// A word of the domain mixes scripts.
    DomainMixesScripts,
    /// A word of the domain is not ASCII and looks as if it were.
    DomainLooksAscii,
    /// The display name holds another address.
    NameHoldsAddress,
    /// The display name holds an address of another domain.
    NameHoldsOtherDomain,
    /// A word of the display name mixes scripts.
    NameMixesScripts,
    /// The display name holds characters that cannot be seen or turn it around.
    NameHidesCharacters,
    /// The field is a group (`name: a, b;`).
    Group,
    /// The field holds a comment.
    Comment,
}

impl Trick {
    /// Every trick, in their order.
    pub const ALL: &'static [Trick] = &[
        Trick::NotAnAddress,
        Trick::SourceRoute,
        Trick::RoutedLocal,
        Trick::QuotedLocal,
        Trick::AddressLiteral,
        Trick::InternationalDomain,
        Trick::DomainMixesScripts,
        Trick::DomainLooksAscii,
        Trick::NameHoldsAddress,
        Trick::NameHoldsOtherDomain,
        Trick::NameMixesScripts,
        Trick::NameHidesCharacters,
        Trick::Group,
        Trick::Comment,
    ];

    /// The stable word for rules, log and audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Trick::NotAnAddress => "not-an-address",
            Trick::SourceRoute => "source-route",
            Trick::RoutedLocal => "routed-local-part",
            Trick::QuotedLocal => "quoted-local-part",
            Trick::AddressLiteral => "address-literal",
            Trick::InternationalDomain => "international-domain",
            Trick::DomainMixesScripts => "domain-mixes-scripts",
            Trick::DomainLooksAscii => "domain-looks-ascii",
            Trick::NameHoldsAddress => "name-holds-address",
            Trick::NameHoldsOtherDomain => "name-holds-other-domain",
            Trick::NameMixesScripts => "name-mixes-scripts",
            Trick::NameHidesCharacters => "name-hides-characters",
            Trick::Group => "group",
            Trick::Comment => "comment",
        }
    }
}

/// Every odd thing about one mailbox, each once, in the order of [`Trick`].
pub fn tricks(mailbox: &Mailbox) -> Vec<Trick> {
    let mut found = Vec::new();
    let address = Address::parse(&mailbox.address);
    match &address {
        Ok(address) => tricks_of_address(address, &mut found),
        Err(AddressError::SourceRoute) => found.push(Trick::SourceRoute),
        Err(_) => found.push(Trick::NotAnAddress),
    }
    if let Some(name) = &mailbox.name {
        tricks_of_name(name, address.as_ref().ok(), &mut found);
    }
    found
}

/// What the form of a whole field tells before its mailboxes are looked at: groups, comments and
/// source routes. `raw` is the field's value with its folding.
pub fn tricks_of_field(raw: &[u8]) -> Vec<Trick> {
    let mut found = Vec::new();
    let mut state = State::Text;
    let mut escaped = false;
    let mut previous = b' ';
    for &byte in raw {
        let literal = escaped;
        escaped = byte == b'\\' && !literal;
        if literal {
            continue;
        }
        state = match (state, byte) {
            (State::Text, b'"') => State::Quoted,
            (State::Quoted, b'"') => State::Text,
            (State::Text, b'(') => {
                found.push(Trick::Comment);
                State::Comment(1)
            }
            (State::Comment(depth), b'(') => State::Comment(depth + 1),
            (State::Comment(1), b')') => State::Text,
            (State::Comment(depth), b')') => State::Comment(depth - 1),
            (State::Text, b'<') => State::Angle,
            (State::Angle, b'>') => State::Text,
            (State::Angle, b'@') if previous == b'<' => {
                found.push(Trick::SourceRoute);
                State::Angle
            }
            (State::Text, b':') => {
                found.push(Trick::Group);
                State::Text
            }
            (state, _) => state,
        };
        if !byte.is_ascii_whitespace() {
            previous = byte;
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[derive(Clone, Copy)]
enum State {
    Text,
    Quoted,
    Angle,
    Comment(usize),
}

/// Whether two different domains can be taken for each other at a glance.
pub fn resembles(domain: &str, other: &str) -> bool {
    let shown = |domain: &str| {
        let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
        (ascii, idna::domain_to_unicode(domain).0)
    };
    let ((ascii, unicode), (other_ascii, other_unicode)) = (shown(domain), shown(other));
    ascii != other_ascii && skeleton(&unicode) == skeleton(&other_unicode)
}

/// Whether a domain is written so that people who know the other one read it first: with it before
/// more (`corp.example.evil.net`), or with `-` for one of its dots (`corp-example.net`).
pub fn begins_like(domain: &str, other: &str) -> bool {
    let flat = |domain: &str| {
        let shown = skeleton(&idna::domain_to_unicode(domain).0);
        format!("-{}-", shown.replace('.', "-"))
    };
    if is_under(domain, other) || !other.contains('.') {
        return false;
    }
    let (domain, other) = (flat(domain), flat(other));
    domain == other || domain[..domain.len() - 1].contains(&other)
}

/// Whether a domain is another or stands under it.
pub fn is_under(domain: &str, other: &str) -> bool {
    let ascii = |domain: &str| match idna::domain_to_ascii(domain) {
        Ok(ascii) => ascii,
        Err(_) => domain.to_lowercase(),
    };
    let (domain, other) = (ascii(domain), ascii(other));
    let above = domain.strip_suffix(&other);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Whether a word of a display name is this domain, or one under it.
pub fn name_holds_domain(name: &str, domain: &str) -> bool {
    let read = as_read(name);
    let mut words = read.split(|c: char| is_between(c) || "@/|".contains(c));
    words.any(|word| word.contains('.') && is_under(word.trim_matches('.'), domain))
}

fn tricks_of_address(address: &Address, found: &mut Vec<Trick>) {
    if address.is_routed() {
        found.push(Trick::RoutedLocal);
    }
    if address.local().starts_with('"') {
        found.push(Trick::QuotedLocal);
    }
    if address.domain().starts_with('[') {
        found.push(Trick::AddressLiteral);
        return;
    }
    let (unicode, _) = idna::domain_to_unicode(address.domain());
    if unicode.is_ascii() {
        return;
    }
    found.push(Trick::InternationalDomain);
    if unicode.split('.').any(is_mixed) {
        found.push(Trick::DomainMixesScripts);
    }
    let looks_ascii = |label: &str| !label.is_ascii() && skeleton(label).is_ascii();
    if unicode.split('.').any(looks_ascii) {
        found.push(Trick::DomainLooksAscii);
    }
}

fn tricks_of_name(name: &str, address: Option<&Address>, found: &mut Vec<Trick>) {
    let held = addresses_in(name);
    let mut others = held.iter();
    if others.any(|other| address.is_none_or(|address| address != other)) {
        found.push(Trick::NameHoldsAddress);
    }
    let domain = address.map(Address::domain_key);
    if held.iter().any(|other| Some(other.domain_key()) != domain) {
        found.push(Trick::NameHoldsOtherDomain);
    }
    if name.split(|c: char| !c.is_alphanumeric()).any(is_mixed) {
        found.push(Trick::NameMixesScripts);
    }
    if name.chars().any(is_invisible) {
        found.push(Trick::NameHidesCharacters);
    }
}

/// Words of a name that are addresses, whatever stands around them, and those that blanks around
/// the `@` break in two. With blanks, a domain has a dot: `Ann @ Work` is no address.
fn addresses_in(name: &str) -> Vec<Address> {
    let read = as_read(name);
    let joined: Vec<&str> = read.split('@').map(str::trim).collect();
    let joined = joined.join("@");
    let dotted = addresses_among(&joined).filter(|address| address.domain().contains('.'));
    addresses_among(&read).chain(dotted).collect()
}

fn addresses_among(text: &str) -> impl Iterator<Item = Address> + '_ {
    let words = text.split(is_between).filter(|word| word.contains('@'));
    words.filter_map(|word| Address::parse(word.trim_matches('.')).ok())
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || "<>()[]{}\"',;:".contains(c)
}

/// A display name as people read it: without what cannot be seen, and with `@` and `.` for the
/// signs and words that stand for them.
fn as_read(name: &str) -> String {
    const AT: [&str; 3] = ["(at)", "[at]", "{at}"];
    const DOT: [&str; 3] = ["(dot)", "[dot]", "{dot}"];
    let visible = name.chars().filter(|c| !is_invisible(*c));
    let plain: String = visible
        .map(plain_sign)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let with_at = AT.iter().fold(plain, |text, word| text.replace(word, "@"));
    DOT.iter().fold(with_at, |text, word| {
        let pieces: Vec<&str> = text.split(word).map(str::trim).collect();
        pieces.join(".")
    })
}

/// The ASCII sign that a wide, small or ideographic one is by NFKC (UAX #15) or by use.
fn plain_sign(c: char) -> char {
    const WIDE: u32 = 0xfee0;
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - WIDE).unwrap_or(c),
        '\u{fe6b}' => '@',
        '\u{fe52}' | '\u{2024}' | '\u{3002}' | '\u{ff61}' => '.',
        c => c,
    }
}
