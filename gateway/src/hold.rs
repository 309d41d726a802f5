//! Holds copies: a message of which some wait for approval goes into the store whole, durable
//! before anything leaves, and its sender is told. It decides nothing; what becomes of it then is
//! `held`'s business.

use crate::answer::{EndFate, Stop};
use crate::own_mail::letter::{OwnLetter, Paragraph};
use crate::own_mail::notice::NoticeSubject;
use crate::receive::Arrival;
use crate::served::{Memory, keys};
use crate::site::Site;
use mail::address::scripts::is_invisible;
use mail::{Address, BodyType, Message};
use rules::{Copy, Fate, Judgement, Named, Plan, Source};
use store::held::HELD_REASON_CHARS_MAX;
use store::{
    ClosedItem, HeldArrival, HeldCopy, HeldMail, HeldNews, NewHeld, OutboxItem, StoreError,
};
use web_viewer::shown;
use wire::Reply;

/// The most copies that the mail to the sender names.
const COPIES_TOLD_MAX: usize = 50;

/// What the sender's server hears while too much waits.
const FULL: &str = "too much mail waits for approval, try again later";

/// And while only too much of theirs does.
const SHARE_FULL: &str = "too much mail of this sender waits for approval, try again later";

/// Holds what the plan says, but for those whose copies an earlier try held. Gives what became of
/// each; where there is no room they are tried again later, and the others go their way.
pub async fn hold(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    plan: &Plan,
    judgement: &Judgement,
    memory: &mut Memory,
) -> Result<Vec<(Address, EndFate)>, Stop> {
    let held = plan.held.iter().map(|(recipient, _)| recipient);
    let fresh: Vec<Address> = held
        .filter(|recipient| !memory.has_served(recipient))
        .cloned()
        .collect();
    if fresh.is_empty() {
        return Ok(Vec::new());
    }
    memory.begin(site, message, &fresh).await?;
    let mail = held_mail(site, arrival, message, judgement, &fresh);
    let notice = notice(site, arrival, message, &mail);
    let new = NewHeld {
        mail,
        message: &arrival.raw,
        served: (memory.key().clone(), keys(&fresh)),
        notice,
        room: site.holding.room,
        news: news(site, arrival, message),
    };
    let fate = match site.store.hold(new).await {
        Ok(id) => EndFate::Held(id),
        Err(StoreError::HeldFull) => {
            tracing::error!(id = %arrival.id, "mail cannot be held: too much waits for approval");
            EndFate::Deferred(Reply::new(452, "4.3.1", FULL))
        }
        Err(StoreError::HeldShareFull) => {
            tracing::warn!(id = %arrival.id, "mail cannot be held: too much of its sender waits");
            EndFate::Deferred(Reply::new(452, "4.3.1", SHARE_FULL))
        }
        Err(error) => return Err(error.into()),
    };
    site.outbox.ring();
    Ok(fresh.into_iter().map(|one| (one, fate.clone())).collect())
}

/// A reason as it is kept and shown: one line, of bounded length, without characters that cannot
/// be seen or that turn the reading direction of what stands around them.
pub fn cut(reason: &str) -> String {
    let line = |c: char| if c.is_control() { ' ' } else { c };
    reason
        .chars()
        .filter(|c| !is_invisible(*c))
        .take(HELD_REASON_CHARS_MAX)
        .map(line)
        .collect()
}

/// Whether those who approve hear of it: of all mail but our own that comes round again, and what
/// robots of theirs answer to it. Else each mail to them could cause the next.
fn news(site: &Site, arrival: &Arrival, message: &Message<'_>) -> HeldNews {
    let sender = arrival.envelope.sender.address();
    let is_theirs = sender.is_some_and(|sender| site.holding.tell.contains(sender));
    let ours = site.sealing.sender.key();
    let mut authors = message.mailboxes("From").into_iter();
    let is_ours = authors
        .any(|author| Address::parse(&author.address).is_ok_and(|author| author.key() == ours));
    match (is_theirs || is_ours) && is_automatic(message) {
        true => HeldNews::Nothing,
        false => HeldNews::ToTell,
    }
}

fn held_mail(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    judgement: &Judgement,
    fresh: &[Address],
) -> HeldMail {
    let now = site.now();
    let envelope = &arrival.envelope;
    let copies = judgement.copies.iter();
    let copies = copies.filter(|copy| fresh.contains(&copy.recipient));
    let copies = copies.map(|copy| held_copy(judgement, copy));
    HeldMail {
        message: arrival.id.to_string(),
        sender: envelope
            .sender
            .address()
            .map_or("", Address::as_str)
            .to_owned(),
        copies: copies.collect(),
        recipients: envelope
            .recipients
            .iter()
            .map(ToString::to_string)
            .collect(),
        came: HeldArrival {
            source: arrival.source.as_str().to_owned(),
            peer: arrival.peer.to_string(),
            client: arrival.client.map(|client| client.to_string()),
            helo: arrival.helo.clone(),
            protocol: arrival.protocol.to_owned(),
            tls: arrival.tls,
            authenticated: arrival.authenticated.clone(),
            eight_bit: envelope.body == BodyType::EightBitMime,
            smtputf8: envelope.smtputf8,
        },
        arrived: arrival.arrived,
        since: now,
        expires: now.plus_seconds(site.holding.lifetime_seconds),
        size: arrival.raw.len() as u64,
        subject: subject(site, message),
    }
}

/// The subject as our own people may see it; none where it is to be hidden.
fn subject(site: &Site, message: &Message<'_>) -> Option<String> {
    let subject = message.subject().map(|text| shown(&text));
    let is_kept = site.sealing.notice_subject == NoticeSubject::Kept;
    subject.filter(|text| is_kept && !text.is_empty())
}

fn held_copy(judgement: &Judgement, copy: &Copy) -> HeldCopy {
    let reason = match &copy.verdict.fate {
        Fate::Hold { reason } => cut(reason),
        _ => String::new(),
    };
    HeldCopy {
        recipient: copy.recipient.to_string(),
        reason,
        rules: copy
            .verdict
            .because
            .iter()
            .map(ToString::to_string)
            .collect(),
        added: copy.named != Named::BySender,
        instead_of: instead_of(judgement, &copy.recipient),
    }
}

/// Whom the sender named and rules sent to this one instead, where it waits or is refused for all
/// whom their copies went to: nobody has these while it waits.
fn instead_of(judgement: &Judgement, recipient: &Address) -> Vec<String> {
    let goes_on = |key: &str| {
        let mut copies = judgement.copies.iter();
        let own = copies.find(|copy| copy.recipient.key() == key);
        own.is_some_and(|copy| {
            !matches!(copy.verdict.fate, Fate::Hold { .. } | Fate::Reject { .. })
        })
    };
    let named = judgement.copies.iter();
    let named = named.filter(|copy| copy.named == Named::BySender);
    let missed = named.filter(|copy| {
        let Fate::Redirect { to } = &copy.verdict.fate else {
            return false;
        };
        to.contains(recipient) && !to.iter().any(|one| goes_on(one.key()))
    });
    missed.map(|copy| copy.recipient.to_string()).collect()
}

/// The mail that tells the sender, closed for the outbox. Only our own people are told: a sender
/// outside may be forged, and our reasons are none of theirs. No robot is answered (RFC 3834 §2).
fn notice(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    mail: &HeldMail,
) -> Option<ClosedItem> {
    let sender = arrival.envelope.sender.address()?;
    if arrival.source != Source::Inside || is_automatic(message) {
        return None;
    }
    if mail.copies.iter().all(|copy| copy.missed_by().count() == 0) {
        return None;
    }
    let letter = write_notice(site, message, sender, mail);
    match site.store.close_item(&letter) {
        Ok(closed) => Some(closed),
        Err(error) => {
            let error = crate::cli::chain(&error);
            tracing::warn!(id = %arrival.id, error, "a sender is not told that their mail waits");
            None
        }
    }
}

/// RFC 3834 §5.1, and what lists say of themselves (RFC 2919).
fn is_automatic(message: &Message<'_>) -> bool {
    let says = |name: &str, word: &str| {
        let mut fields = message.fields_named(name);
        fields.any(|field| message.field_text(field).trim().eq_ignore_ascii_case(word))
    };
    let auto = message.fields_named("Auto-Submitted").next().is_some();
    (auto && !says("Auto-Submitted", "no"))
        || message.fields_named("List-Id").next().is_some()
        || ["bulk", "list", "junk"]
            .iter()
            .any(|word| says("Precedence", word))
}

fn write_notice(site: &Site, message: &Message<'_>, to: &Address, mail: &HeldMail) -> OutboxItem {
    let organisation = site.organisation();
    let until = mail.expires.date_words();
    let mut paragraphs = vec![Paragraph::Text(format!(
        "Your message has not been sent to the people below. It waits until somebody at \
         {organisation} has looked at it, and then goes on or comes back. You need not send it \
         again. If nobody has decided by {until}, it is not sent, and you get a delivery report."
    ))];
    if let Some(subject) = subject(site, message) {
        paragraphs.push(Paragraph::Row("Subject".to_owned(), subject));
    }
    let mut missed: Vec<(&str, &str)> = Vec::new();
    for (one, copy) in mail.missed() {
        if !missed.iter().any(|(before, _)| *before == one) {
            missed.push((one, &copy.reason));
        }
    }
    let told = missed.iter().take(COPIES_TOLD_MAX);
    let row = |(who, why): &(&str, &str)| Paragraph::Row((*who).to_owned(), (*why).to_owned());
    paragraphs.extend(told.map(row));
    let rest = missed.len().saturating_sub(COPIES_TOLD_MAX);
    if rest > 0 {
        paragraphs.push(Paragraph::Row("More of them".to_owned(), rest.to_string()));
    }
    let answered = message.message_id();
    let letter = OwnLetter {
        from: &site.sealing.sender,
        from_name: organisation,
        to,
        subject: "Your message waits for approval",
        paragraphs: &paragraphs,
        in_reply_to: answered.as_deref(),
        organisation,
    };
    letter.write(&site.hostname, site.now()).for_outbox(to)
}

#[cfg(test)]
mod tests {
    use super::{HELD_REASON_CHARS_MAX, cut, instead_of};
    use crate::admit::Admission;
    use mail::{Address, BodyType, Envelope, Message, Recipients, Sender, Timestamp};
    use rules::{Facts, Organisation, RuleFile, Source};

    /// Whom this one's copy stands for, of a message to Bob.
    fn stands_for(one: &str, then: &str, held: &str) -> Vec<String> {
        let text = format!(
            "[[rule]]\nname = 'a'\nwhen = {{ recipient = 'outside' }}\n\
             then = [{{ {then} }}]\n[[rule]]\nname = 'b'\n\
             when = {{ recipient = '{held}' }}\nthen = [{{ hold = true }}]\n"
        );
        let name = "a.toml".to_owned();
        let corp = Organisation {
            name: "Corp".to_owned(),
            domains: vec!["corp.example".to_owned()],
            site_id: None,
        };
        let policy = rules::load(&[RuleFile { name, text }], &corp).expect("rules");
        let address = |text: &str| Address::parse(text).expect("an address");
        let recipients = Recipients::new(vec![address("bob@partner.example")]);
        let envelope = Envelope {
            sender: Sender::Null,
            recipients: recipients.expect("one"),
            body: BodyType::SevenBit,
            smtputf8: false,
        };
        let message = Message::parse(b"Subject: x\r\n\r\nx\r\n");
        let now = Timestamp::from_unix(0);
        let facts = Facts::new(now, Source::Inside, &envelope, &message);
        instead_of(
            &Admission::Judged.decide(&policy.policy, &facts),
            &address(one),
        )
    }

    #[test]
    fn a_copy_stands_for_whom_it_was_redirected_from_while_nobody_else_has_it() {
        let (one, two) = ("desk@corp.example", "boss@corp.example");
        let to_desk = format!("redirect = '{one}'");
        let to_both = format!("redirect = ['{one}', '{two}']");
        assert_eq!(stands_for(one, &to_desk, one), ["bob@partner.example"]);
        // The controls: another has a copy that goes on; nobody was redirected.
        assert!(stands_for(one, &to_both, one).is_empty());
        let add = format!("add_recipient = {{ address = '{one}' }}");
        assert!(stands_for(one, &add, one).is_empty());
        // Both wait.
        assert_eq!(stands_for(two, &to_both, "inside"), ["bob@partner.example"]);
    }

    #[test]
    fn a_reason_is_one_line_that_reads_as_it_is_written() {
        assert_eq!(cut("too late\r\nBcc: \u{1b}[2J"), "too late  Bcc:  [2J");
        assert_eq!(
            cut("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{ad}f"),
            "abcdef"
        );
        // The control: letters of every script stay.
        assert_eq!(cut("Zoë, Ωμέγα, עברית, 日本"), "Zoë, Ωμέγα, עברית, 日本");
        let long = ["\u{202e}", &"x".repeat(HELD_REASON_CHARS_MAX + 1)].concat();
        assert_eq!(cut(&long).chars().count(), HELD_REASON_CHARS_MAX);
    }
}
