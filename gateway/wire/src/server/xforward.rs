//! `XFORWARD`, as Postfix's SMTP client sends it: who the client before us speaks for.
//! It is never believed unless the driver permitted it for this peer.

use crate::reply::Reply;

/// Octets in one attribute's value.
const VALUE_OCTETS_MAX: usize = 255;

/// What the client before us told of the client before it. Kept for one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// `NAME`: the host name of that client.
    pub name: Option<String>,
    /// `ADDR`: its address; IPv6 with the prefix `IPV6:`.
    pub address: Option<String>,
    /// `PORT`: its port.
    pub port: Option<String>,
    /// `PROTO`: SMTP or ESMTP.
    pub protocol: Option<String>,
    /// `HELO`: the name it gave itself.
    pub hello: Option<String>,
    /// `IDENT`: the queue id at the client before us.
    pub identity: Option<String>,
    /// `SOURCE`: `LOCAL` or `REMOTE`.
    pub source: Option<String>,
    /// `LOGIN`: who authenticated there. Postfix knows it for `XCLIENT` only and never sends it
    /// here; other front ends may.
    pub login: Option<String>,
}

/// One attribute and its value; `None` when the client does not know it.
pub(super) type Attribute = (Name, Option<String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Host,
    Address,
    Port,
    Protocol,
    Hello,
    Identity,
    Source,
    Login,
}

/// The attributes offered in `EHLO`.
pub(super) const OFFER: &str = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE LOGIN";

impl Forwarded {
    pub(super) fn set(&mut self, (name, value): Attribute) {
        let field = match name {
            Name::Host => &mut self.name,
            Name::Address => &mut self.address,
            Name::Port => &mut self.port,
            Name::Protocol => &mut self.protocol,
            Name::Hello => &mut self.hello,
            Name::Identity => &mut self.identity,
            Name::Source => &mut self.source,
            Name::Login => &mut self.login,
        };
        *field = value;
    }
}

/// Reads `NAME=value …`.
pub(super) fn parse(argument: &str) -> Result<Vec<Attribute>, Reply> {
    let mut attributes = Vec::new();
    for word in argument.split(' ').filter(|word| !word.is_empty()) {
        let attribute = word
            .split_once('=')
            .and_then(|(name, value)| attribute(name, value));
        attributes.push(attribute.ok_or_else(bad)?);
    }
    if attributes.is_empty() {
        Err(bad())
    } else {
        Ok(attributes)
    }
}

fn bad() -> Reply {
    Reply::new(501, "5.5.4", "XFORWARD takes attribute=value, in xtext")
}

fn attribute(name: &str, value: &str) -> Option<Attribute> {
    let name = match name.to_ascii_uppercase().as_str() {
        "NAME" => Name::Host,
        "ADDR" => Name::Address,
        "PORT" => Name::Port,
        "PROTO" => Name::Protocol,
        "HELO" => Name::Hello,
        "IDENT" => Name::Identity,
        "SOURCE" => Name::Source,
        "LOGIN" => Name::Login,
        _ => return None,
    };
    if matches!(
        value.to_ascii_uppercase().as_str(),
        "[UNAVAILABLE]" | "[TEMPUNAVAIL]" | ""
    ) {
        return Some((name, None));
    }
    let value = decode_xtext(value)?;
    let harmless = value.len() <= VALUE_OCTETS_MAX && !value.contains(char::is_control);
    harmless.then_some((name, Some(value)))
}

/// xtext (RFC 3461 §4): printable ASCII, with `+XX` for what is not.
pub(super) fn decode_xtext(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'+', [high, low, tail @ ..]) => {
                bytes.push(hex(*high)? * 16 + hex(*low)?);
                tail
            }
            (b'+' | b'=', _) => return None,
            (b'!'..=b'~', _) => {
                bytes.push(*first);
                tail
            }
            _ => return None,
        };
    }
    String::from_utf8(bytes).ok()
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        // Lower case is not xtext, but senders exist.
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}
