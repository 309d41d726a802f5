//! Tells those who approve that mail waits: one mail at a time, of all that came since the last,
//! with what to type. It never carries content, and never tells of mail of our own.

use crate::hold;
use crate::own_mail::letter::{OwnLetter, Paragraph};
use crate::site::Site;
use mail::Timestamp;
use store::held::HELD_PAGE_MAX;
use store::{Held, HeldId, OutboxItem, StoreError};

/// The most messages that one mail describes; it counts the others.
const DESCRIBED_MAX: usize = 20;

/// The most recipients of one message that it names.
const NAMED_MAX: usize = 10;

/// When it is tried again to tell them, after a fault.
const AGAIN_SECONDS: i64 = 60;

/// How often it is looked for what goes back soon.
const WARN_EVERY_SECONDS: i64 = 60;

/// What goes back within a day is warned of; of a shorter life, within its last fifth.
const WARN_BEFORE_SECONDS: i64 = 86_400;
const WARN_BEFORE_PART: i64 = 5;

/// When there is something to do again.
#[derive(Debug, Default)]
pub struct Approvers {
    /// When they may be told next.
    tell_at: Option<Timestamp>,
    /// When it is looked next for what goes back soon.
    warn_at: Option<Timestamp>,
    /// Up to which time it was warned.
    warned_until: Option<Timestamp>,
}

impl Approvers {
    /// Tells and warns where it is time. A fault is told to the log, and it is tried again.
    pub async fn look_after(&mut self, site: &Site) {
        if let Err(error) = self.tell(site).await {
            let error = crate::cli::chain(&error);
            tracing::error!(error, "approvers could not be told that mail waits");
            self.tell_at = Some(site.now().plus_seconds(AGAIN_SECONDS));
        }
        if let Err(error) = self.warn(site).await {
            let error = crate::cli::chain(&error);
            tracing::error!(error, "it cannot be seen which held mail goes back soon");
        }
    }

    async fn tell(&mut self, site: &Site) -> Result<(), StoreError> {
        let (now, pause) = (site.now(), site.holding.tell_every_seconds);
        if site.holding.tell.is_empty() || self.tell_at.is_some_and(|at| now < at) {
            return Ok(());
        }
        let untold = site.store.held_untold(HELD_PAGE_MAX).await?;
        if untold.is_empty() {
            return Ok(());
        }
        // Another gateway on the same store may have told them, or we, before we were started.
        let last = site.store.approvers_told().await?;
        if let Some(again) = last.map(|last| last.plus_seconds(pause))
            && now < again
            && last.is_some_and(|last| last <= now)
        {
            self.tell_at = Some(again);
            return Ok(());
        }
        let (ids, mails) = letters(site, &untold);
        let count = ids.len();
        let since = now.plus_seconds(-pause);
        if site.store.tell_approvers(ids, &mails, since).await? {
            site.outbox.ring();
            tracing::info!(messages = count, "approvers are told that mail waits");
        }
        self.tell_at = Some(now.plus_seconds(pause));
        Ok(())
    }

    /// Each message once, and those that go back soon again after a restart.
    async fn warn(&mut self, site: &Site) -> Result<(), StoreError> {
        let now = site.now();
        if self.warn_at.is_some_and(|at| now < at) {
            return Ok(());
        }
        self.warn_at = Some(now.plus_seconds(WARN_EVERY_SECONDS));
        let until = now.plus_seconds(warn_before(site.holding.lifetime_seconds));
        let after = self.warned_until.unwrap_or(now);
        let soon = site.store.held_expiring(after, until).await?;
        self.warned_until = Some(after.max(until));
        if let Some(soon) = soon {
            let (first, expires) = (soon.first, soon.expires.rfc3339());
            tracing::warn!(messages = soon.messages, %first, expires,
                "nobody has decided about held mail that goes back soon");
        }
        Ok(())
    }
}

fn warn_before(lifetime_seconds: i64) -> i64 {
    WARN_BEFORE_SECONDS.min(lifetime_seconds / WARN_BEFORE_PART)
}

/// The mail to each of them, and of which messages it tells. One that does not open is counted
/// and not described; the log names it.
fn letters(
    site: &Site,
    untold: &[(HeldId, Result<Held, StoreError>)],
) -> (Vec<HeldId>, Vec<OutboxItem>) {
    let opened: Vec<&Held> = untold
        .iter()
        .filter_map(|(_, held)| held.as_ref().ok())
        .collect();
    let count = untold.len();
    let subject = match count {
        1 => "A message waits for approval".to_owned(),
        _ => format!("{count} messages wait for approval"),
    };
    let paragraphs = paragraphs(site.organisation(), &opened, count);
    let write = |to| {
        let letter = OwnLetter {
            from: &site.sealing.sender,
            from_name: site.organisation(),
            to,
            subject: &subject,
            paragraphs: &paragraphs,
            in_reply_to: None,
            organisation: site.organisation(),
        };
        letter.write(&site.hostname, site.now()).for_outbox(to)
    };
    let mails = site.holding.tell.iter().map(write).collect();
    (untold.iter().map(|(id, _)| *id).collect(), mails)
}

fn paragraphs(organisation: &str, opened: &[&Held], count: usize) -> Vec<Paragraph> {
    let mut out = vec![Paragraph::Text(format!(
        "Rules of {organisation} hold mail until somebody looks at it. What nobody decides about \
         in time goes back to its sender. On the server, type what stands below; `sealgate held \
         export` gives the message itself, and the audit log says who read it."
    ))];
    for held in opened.iter().take(DESCRIBED_MAX) {
        out.extend(described(held));
    }
    let more = count - opened.len().min(DESCRIBED_MAX);
    if more > 0 {
        out.push(Paragraph::Text(format!(
            "And {more} more: `sealgate held list` shows all that waits."
        )));
    }
    out
}

fn described(held: &Held) -> Vec<Paragraph> {
    let mail = &held.mail;
    let row = |name: &str, value: String| Paragraph::Row(name.to_owned(), value);
    let sender = match mail.sender.as_str() {
        "" => "<> (a report, or another robot)".to_owned(),
        sender => sender.to_owned(),
    };
    let mut copies: Vec<&str> = mail.copies.iter().map(|copy| &*copy.recipient).collect();
    let more = copies.len().saturating_sub(NAMED_MAX);
    copies.truncate(NAMED_MAX);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let mut out = vec![
        row("From", format!("{sender} ({})", mail.came.source)),
        row("To", copies.join(", ") + &more),
    ];
    out.extend(mail.subject.clone().map(|subject| row("Subject", subject)));
    let mut reasons: Vec<&str> = Vec::new();
    let mut rules: Vec<&str> = Vec::new();
    for copy in &mail.copies {
        if !copy.reason.is_empty() && !reasons.contains(&&*copy.reason) {
            reasons.push(&copy.reason);
        }
        for rule in &copy.rules {
            if !rules.contains(&&**rule) {
                rules.push(rule);
            }
        }
    }
    // Cut, so that the mail fits the outbox whatever the rules are called.
    out.push(row("Why", hold::cut(&reasons.join("; "))));
    if !rules.is_empty() {
        out.push(row("Rules", hold::cut(&rules.join("; "))));
    }
    let id = held.id;
    out.push(row("Id", id.to_string()));
    out.push(row("Waits until", mail.expires.date_words()));
    out.push(row("To look", format!("sealgate held show {id}")));
    out.push(row(
        "To let it go on",
        format!("sealgate held release {id}"),
    ));
    let reject = format!("sealgate held reject {id} --reason \"what its sender may know\"");
    out.push(row("To send it back", reject));
    // An empty line before the next.
    out.push(Paragraph::Text(String::new()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::held::HELD_SUBJECT_CHARS_MAX;
    use store::passing::OUTBOX_ITEM_BYTES_MAX;
    use store::{HeldArrival, HeldCopy, HeldMail};

    fn held(copies: usize, text: &str) -> Held {
        let address = format!("{}@{}.example", "l".repeat(64), "d".repeat(60));
        let copy = |number| HeldCopy {
            recipient: address.clone(),
            reason: format!("{number}{text}"),
            rules: vec![format!("{number}{text}")],
            added: false,
            instead_of: Vec::new(),
        };
        let now = Timestamp::from_unix(0);
        Held {
            id: HeldId::from_bytes([1; 16]),
            mail: HeldMail {
                message: "0123456789a".to_owned(),
                sender: address.clone(),
                copies: (0..copies).map(copy).collect(),
                recipients: vec![address.clone()],
                came: HeldArrival::default(),
                arrived: now,
                since: now,
                expires: now,
                size: 1,
                subject: Some(text.chars().take(HELD_SUBJECT_CHARS_MAX).collect()),
            },
            decision: None,
            due: now,
            attempts: 0,
        }
    }

    fn written(count: usize, one: &Held) -> Vec<u8> {
        let to = mail::Address::parse("boss@corp.example").expect("an address");
        let opened = vec![one; count];
        let letter = OwnLetter {
            from: &to,
            from_name: "Corp",
            to: &to,
            subject: "x",
            paragraphs: &paragraphs("Corp", &opened, count),
            in_reply_to: None,
            organisation: "Corp",
        };
        letter.write("host.example", Timestamp::from_unix(0)).bytes
    }

    /// Bounded whatever rules, reasons, recipients and subjects are like.
    #[test]
    fn a_mail_to_those_who_approve_fits_the_outbox() {
        let worst = held(1_000, &"\u{1d11e}".repeat(500));
        let most = written(HELD_PAGE_MAX as usize, &worst);
        assert!(most.len() < OUTBOX_ITEM_BYTES_MAX, "{}", most.len());
        let said =
            |count, one: &Held| format!("{:?}", paragraphs("Corp", &vec![one; count], count));
        let of_many = said(1_000, &worst);
        assert!(of_many.contains("And 980 more: `sealgate held list`"));
        assert!(of_many.contains("and 990 more"));
        // The control: no more than there are.
        let few = said(2, &held(1, "why"));
        assert!(!few.contains(" more") && few.contains("0why"), "{few}");
    }

    #[test]
    fn a_day_before_its_end_or_a_fifth_of_its_life() {
        assert_eq!(warn_before(5 * 86_400), 86_400);
        assert_eq!(warn_before(30 * 86_400), 86_400);
        assert_eq!(warn_before(3_600), 720);
    }
}
