//! Do Not Forward inside the organisation: the copy stays clear, and its thread is remembered. A
//! message of that thread to anyone who was not on the original is refused, whoever sends it.
//! It guards against accidents, not against someone who writes anew.

use crate::answer::Stop;
use crate::receive::Arrival;
use crate::site::Site;
use mail::{Address, Message, Rights};
use rules::{Fate, Judgement, Source, Verdict};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Thread;

/// The fields whose mailboxes are on a message, besides its envelope.
const PARTICIPANT_FIELDS: [&str; 3] = ["From", "To", "Cc"];

/// The most ids that are looked up, of the messages that one answers and of those it forwards:
/// where there are more, the first half and the last.
pub const THREAD_IDS_MAX: usize = 100;

/// What stands in place of a rule's name in the log and the audit.
const RULE: &str = "(Do Not Forward thread)";

/// The code and text of the refusal.
const REFUSAL: (&str, &str) = (
    "5.7.1",
    "this thread is marked Do Not Forward and the recipient was not on the original",
);

/// Refuses copies of a remembered thread to people who were not on it. Gives the thread, so that
/// its descendants are remembered under the same people.
pub async fn guard(
    site: &Site,
    message: &Message<'_>,
    judgement: &mut Judgement,
) -> Result<Option<Thread>, Stop> {
    let ids = both_ends(message.thread_ids());
    let forwarded = both_ends(message.forwarded_ids());
    let mut strictest: Option<Thread> = None;
    for id in forwarded.iter().chain(&ids).rev() {
        let Some(thread) = site.store.thread(id).await? else {
            continue;
        };
        refuse_strangers(judgement, &thread);
        strictest = Some(thread);
    }
    Ok(strictest)
}

/// Long threads put their own ids in the middle, and the message that began them first.
fn both_ends(mut ids: Vec<String>) -> Vec<String> {
    let half = THREAD_IDS_MAX / 2;
    if ids.len() > THREAD_IDS_MAX {
        ids.drain(half..ids.len() - half);
    }
    ids
}

fn refuse_strangers(judgement: &mut Judgement, thread: &Thread) {
    let (code, text) = REFUSAL;
    for copy in &mut judgement.copies {
        let key = copy.recipient.key();
        if !thread
            .participants
            .iter()
            .any(|participant| participant == key)
        {
            let fate = Fate::Reject {
                code: code.to_owned(),
                text: text.to_owned(),
            };
            refuse(copy, fate);
        }
    }
}

/// A refusal is stricter than anything a rule can say, save a refusal.
fn refuse(copy: &mut rules::Copy, fate: Fate) {
    if fate.strictness() > copy.verdict.fate.strictness() {
        let mut verdict = (*copy.verdict).clone();
        verdict.because.push(RULE.into());
        copy.verdict = Arc::new(Verdict { fate, ..verdict });
    }
}

/// Remembers a Do Not Forward message, or an accepted descendant of one, before it leaves. Only
/// mail from inside is remembered, and the first writer wins: nothing widens.
pub async fn remember(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
    judgement: &Judgement,
    parent: Option<&Thread>,
) -> Result<(), Stop> {
    if arrival.source != Source::Inside {
        return Ok(());
    }
    let Some(message_id) = message.message_id() else {
        return Ok(());
    };
    if let Some(parent) = parent {
        let (people, rights) = (&parent.participants, parent.rights);
        site.store
            .remember_thread(&message_id, people, rights)
            .await?;
        return Ok(());
    }
    let Some(rights) = unforwardable(judgement) else {
        return Ok(());
    };
    let people = participants(arrival, message, judgement);
    site.store
        .remember_thread(&message_id, &people, rights)
        .await?;
    Ok(())
}

/// The rights of a delivered copy that may not be forwarded; a copy inside is not sealed.
fn unforwardable(judgement: &Judgement) -> Option<Rights> {
    let verdicts = judgement.copies.iter().map(|copy| &copy.verdict);
    let mut kept =
        verdicts.filter(|verdict| verdict.fate == Fate::Deliver && verdict.do_not_forward);
    let rights = |verdict: &Verdict| verdict.seal.as_ref().map(|terms| terms.rights);
    kept.next()
        .map(|verdict| rights(verdict).unwrap_or(Rights::DO_NOT_FORWARD))
}

/// Everyone on the original: sender, To, Cc, envelope, and whom rules give a copy; lower case,
/// sorted.
fn participants(arrival: &Arrival, message: &Message<'_>, judgement: &Judgement) -> Vec<String> {
    let envelope = arrival
        .envelope
        .recipients
        .iter()
        .chain(arrival.envelope.sender.address());
    let mut people: BTreeSet<String> = envelope.map(|a| a.key().to_owned()).collect();
    let copies = judgement.copies.iter();
    let given =
        copies.filter(|copy| matches!(copy.verdict.fate, Fate::Deliver | Fate::Hold { .. }));
    people.extend(given.map(|copy| copy.recipient.key().to_owned()));
    for name in PARTICIPANT_FIELDS {
        let mailboxes = message.mailboxes(name).into_iter();
        people.extend(
            mailboxes
                .filter_map(|m| Address::parse(&m.address).ok())
                .map(|a| a.key().to_owned()),
        );
    }
    people.into_iter().collect()
}
