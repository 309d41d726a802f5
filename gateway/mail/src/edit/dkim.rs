//! DKIM and ARC signatures of others: which of them an edit breaks.
//!
//! It never verifies a signature: one that failed before is named like one that held.

use super::header::HeaderPlan;
use crate::message::Message;

/// Whether somebody has signed the message.
pub(crate) fn is_signed(message: &Message<'_>) -> bool {
    signatures(message).next().is_some()
}

/// The signatures that readers verify, as text: each of DKIM, and of an ARC chain the newest
/// (RFC 8617 §5.2), which is made like one of DKIM (§4.1.2). Older ones of the chain may fail.
fn signatures(message: &Message<'_>) -> impl Iterator<Item = String> {
    let texts = |name| {
        let fields = message.fields_named(name);
        fields.map(|field| message.field_text(field))
    };
    let newest = texts("arc-message-signature").max_by_key(|text| instance(text));
    texts("dkim-signature").chain(newest)
}

/// RFC 8617 §4.2.1: which link of the chain a field belongs to; 0 where it does not say.
fn instance(text: &str) -> u32 {
    let stated = tag(text, "i").and_then(|number| number.trim().parse().ok());
    stated.unwrap_or(0)
}

/// RFC 6376 §3.5: the domains (`d=`) whose signature covers something that changes. A signature
/// covers the body, and the fields that `h=` names; a field that it names and that is not there
/// may not be added either (§5.4).
pub(crate) fn broken(message: &Message<'_>, body: bool, header: &HeaderPlan<'_>) -> Vec<String> {
    let changed = header.changed_names();
    let mut domains: Vec<String> = Vec::new();
    for text in signatures(message) {
        let breaks = body
            || tag(&text, "h").is_none_or(|signed| {
                let mut names = signed.split(':').map(str::trim);
                names.any(|name| changed.iter().any(|one| one.eq_ignore_ascii_case(name)))
            });
        let domain = tag(&text, "d").map(|domain| domain.trim().to_ascii_lowercase());
        domains.extend(domain.filter(|domain| breaks && !domains.contains(domain)));
    }
    domains
}

/// The value of one tag of the list (RFC 6376 §3.2).
fn tag<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut tags = text.split(';').filter_map(|tag| tag.split_once('='));
    tags.find(|(own, _)| own.trim() == name)
        .map(|(_, value)| value)
}
