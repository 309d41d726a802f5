//! The line of one message in the log, as an operator greps for it: one a message, whatever became
//! of it. It never holds what the next hop said in words, since that may quote what we sent (P4).

use super::joined;
use crate::answer::{Outcome, Stop};
use crate::config::LogAddresses;
use crate::receive::Arrival;
use crate::site::Site;
use mail::{Address, Message};
use store::Held;
use wire::Reply;

/// Rules that one line names.
const RULES_MAX: usize = 16;

/// Characters of a `Message-ID` in the line: its sender chose them.
const MESSAGE_ID_CHARS_MAX: usize = 250;

/// The line of one message.
pub fn line(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    ended: &Result<Outcome, Stop>,
    reply: &Reply,
) {
    let show = |address: &Address| shown(site.log_addresses, address);
    let to: Vec<String> = arrival.envelope.recipients.iter().map(show).collect();
    let sender = arrival.envelope.sender.address();
    let from = sender.map_or_else(|| "<>".to_owned(), show);
    let outcome = ended.as_ref().ok();
    let action = outcome.map_or_else(|| "stopped".to_owned(), actions);
    let remarks = outcome.map_or(&[][..], |outcome| &outcome.remarks);
    let unmarked = joined(remarks.iter().flat_map(|one| one.unmarked.iter().copied()));
    let broken = remarks.iter().flat_map(|remark| &remark.dkim_broken);
    let dkim_broken = joined(broken.map(String::as_str));
    let kinds = outcome.map_or(&[][..], |outcome| &outcome.ambiguous);
    tracing::info!(
        id = %arrival.id,
        message_id = message_id(message),
        from,
        to = to.join(","),
        size = arrival.raw.len(),
        source = arrival.source.as_str(),
        action,
        rule = outcome.and_then(rules),
        relay = outcome.and_then(relay),
        unmarked,
        dkim_broken,
        ambiguous = joined(kinds.iter().copied()),
        delay = site.now().unix() - arrival.arrived.unix(),
        dsn = dsn(reply),
        status = reply.code,
        "message"
    );
}

/// The line of a message that was held, when something became of it.
pub fn held_line(site: &Site, held: &Held, what: &str, outcome: &Outcome) {
    let show = |text: &String| match Address::parse(text) {
        Ok(address) => shown(site.log_addresses, &address),
        Err(_) => String::new(),
    };
    let copies = held.mail.copies.iter();
    let to: Vec<String> = copies.map(|copy| show(&copy.recipient)).collect();
    let from = match held.mail.sender.as_str() {
        "" => "<>".to_owned(),
        _ => show(&held.mail.sender),
    };
    let action = Some(actions(outcome)).filter(|words| !words.is_empty());
    tracing::info!(
        held = %held.id,
        id = held.mail.message,
        from,
        to = to.join(","),
        size = held.mail.size,
        decided = what,
        action,
        rule = rules(outcome),
        relay = relay(outcome),
        waited = site.now().unix() - held.mail.since.unix(),
        "held message"
    );
}

/// The enhanced status code of a reply, `5.7.1`.
pub(super) fn dsn(reply: &Reply) -> Option<String> {
    reply.enhanced.map(|code| code.to_string())
}

/// What the message calls itself, of printable ASCII, so that it stays one word of one line.
fn message_id(message: &Message<'_>) -> Option<String> {
    let id = message.message_id()?;
    let plain = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    Some(id.chars().map(plain).take(MESSAGE_ID_CHARS_MAX).collect())
}

fn actions(outcome: &Outcome) -> String {
    let words = outcome.ends.iter().map(|end| end.fate.as_str());
    joined(words).unwrap_or_default()
}

/// The rules that decided, each once.
fn rules(outcome: &Outcome) -> Option<String> {
    let named: Vec<&str> = outcome.rules.iter().map(|rule| &**rule).collect();
    let more = if named.len() > RULES_MAX { "; ..." } else { "" };
    let shown = named.iter().take(RULES_MAX).copied().collect::<Vec<_>>();
    (!named.is_empty()).then(|| format!("{}{more}", shown.join("; ")))
}

/// The next hop's own codes, each once; nothing where it was not asked or not reached.
fn relay(outcome: &Outcome) -> Option<String> {
    let codes: Vec<String> = outcome.heard.iter().map(u16::to_string).collect();
    (!codes.is_empty()).then(|| codes.join(","))
}

/// An address as the log shows it.
fn shown(addresses: LogAddresses, address: &Address) -> String {
    match addresses {
        LogAddresses::Full => address.to_string(),
        LogAddresses::Masked => {
            let first: String = address.local().chars().take(1).collect();
            format!("{first}***@{}", address.domain())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_no_more_rules_than_it_takes() {
        let of = |count: usize| Outcome {
            rules: (0..count).map(|n| format!("r{n}").into()).collect(),
            ..Outcome::default()
        };
        assert_eq!(rules(&of(0)), None);
        assert_eq!(rules(&of(2)).as_deref(), Some("r0; r1"));
        assert!(rules(&of(RULES_MAX)).is_some_and(|text| text.ends_with("; r15")));
        assert!(rules(&of(RULES_MAX + 1)).is_some_and(|text| text.ends_with("; r15; ...")));
    }

    #[test]
    fn a_message_id_is_one_bounded_word() {
        let id = |text: &str| {
            let raw = format!("Message-ID: <{text}>\r\n\r\n");
            message_id(&Message::parse(raw.as_bytes()))
        };
        assert_eq!(id("a@b.example").as_deref(), Some("a@b.example"));
        assert_eq!(
            id("a\u{1b}[2Jé@b.example").as_deref(),
            Some("a[2J?@b.example")
        );
        let long = format!("{}@b.example", "x".repeat(2 * MESSAGE_ID_CHARS_MAX));
        assert_eq!(id(&long).map(|id| id.len()), Some(MESSAGE_ID_CHARS_MAX));
        assert_eq!(message_id(&Message::parse(b"Subject: x\r\n\r\n")), None);
    }
}
