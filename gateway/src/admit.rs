//! Whether a message is judged at all: loops end here, and our own mail, when it comes round
//! again, is passed as it is. It never lets anything else past a rule.

use crate::answer::{Outcome, Stop};
use crate::own_mail::origin::{self, Mark, Origin};
use crate::receive::Arrival;
use crate::site::Site;
use crate::trace;
use mail::Message;
use rules::{Facts, Judgement, Policy};

/// What the rules are to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Judge it.
    Judged,
    /// Judge it, and take away the mark it wrongly bears.
    Forged,
    /// Ours, passing for the first time: the rules have nothing to add.
    Ours(Mark),
}

/// Ends loops and recognises our own mail.
pub async fn admit(
    site: &Site,
    arrival: &Arrival,
    message: &Message<'_>,
) -> Result<Admission, Stop> {
    // RFC 5321 §6.3: a simple count. It only ever stops a message; it never skips a rule.
    let hops = trace::hops(message);
    if hops > site.hops_max {
        return Err(Stop::Loop { hops });
    }
    match origin::recognise(&site.key, message, &arrival.envelope.recipients, site.now()) {
        Origin::Unmarked => Ok(Admission::Judged),
        Origin::Forged => Ok(Admission::Forged),
        Origin::Ours(mark) => match site.store.is_nonce_spent(mark.nonce).await? {
            false => Ok(Admission::Ours(mark)),
            true => Ok(Admission::Forged),
        },
    }
}

/// Admits what was judged before, and held: what is ours never was, and a loop ended then.
pub fn admit_again(message: &Message<'_>) -> Admission {
    match message.fields_named(origin::FIELD).next() {
        Some(_) => Admission::Forged,
        None => Admission::Judged,
    }
}

impl Admission {
    /// The verdicts: the policy's, or none for mail of our own.
    pub fn decide(self, policy: &Policy, facts: &Facts<'_>) -> Judgement {
        match self {
            Self::Judged | Self::Forged => policy.judge(facts),
            Self::Ours(_) => untouched(facts),
        }
    }

    /// Spends the mark of our own mail that passed. While somebody waits it stays good: the retry
    /// is our own mail still. A fault lets the same words pass once more.
    pub async fn close(self, site: &Site, outcome: &Outcome) {
        let Self::Ours(mark) = self else { return };
        if outcome.deferred().is_some() {
            return;
        }
        if let Err(error) = site.store.spend_nonce(mark.nonce, mark.until).await {
            let error = crate::cli::chain(&error);
            tracing::warn!(error, "a mark of our own mail was not spent");
        }
    }
}

/// Every copy goes on as it came.
fn untouched(facts: &Facts<'_>) -> Judgement {
    Policy::default().judge(facts)
}
