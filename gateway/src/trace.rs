//! The one block of ours at the top of every message that leaves: `Received:`, and what counts
//! loops. It never touches a byte below itself.

use crate::receive::Arrival;
use mail::{Message, Timestamp};
use std::fmt::Write;

/// Fields of the message that change from try to try and from hop to hop, lower case. They are
/// left out of the digest by which a retry is recognised.
pub const TRACE_FIELDS: [&str; 5] = [
    "received",
    "return-path",
    "delivered-to",
    "x-original-to",
    "x-sealgate-origin",
];

/// The `Received:` field of this hop (RFC 5321 §4.4), CRLF at its end.
///
/// It names our id, so that the log of the mail server joins ours, and no recipient: a message
/// may carry several, and a blind one must not show.
pub fn received(arrival: &Arrival, hostname: &str, now: Timestamp) -> String {
    let mut out = String::with_capacity(200);
    let _ = write!(
        out,
        "Received: from {} ([{}])\r\n\tby {} (Sealgate) with {} id {};\r\n\t{}\r\n",
        printable(&arrival.helo),
        address_literal(arrival),
        printable(hostname),
        arrival.protocol,
        arrival.id,
        now.rfc5322(),
    );
    out
}

/// How many hops a message has behind it: its `Received:` fields (RFC 5321 §6.3).
pub fn hops(message: &Message<'_>) -> usize {
    message.fields_named("Received").count()
}

/// RFC 5321 §4.1.3: an IPv6 literal says that it is one.
fn address_literal(arrival: &Arrival) -> String {
    match arrival.peer.ip() {
        std::net::IpAddr::V4(four) => four.to_string(),
        std::net::IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => four.to_string(),
            None => format!("IPv6:{six}"),
        },
    }
}

/// A peer's own name for itself, cut to what a domain or literal may hold, so that it can open
/// neither a comment nor a line.
fn printable(name: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "-._:[]".contains(*c);
    let kept: String = name.chars().filter(allowed).take(255).collect();
    if kept.is_empty() {
        "unknown".to_owned()
    } else {
        kept
    }
}
