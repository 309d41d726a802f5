//! Whether a message is judged at all: loops end here, and our own mail, when it comes round
//! again, is passed as it is. It never lets anything else past a rule.

use crate::answer::Stop;
use crate::own_mail::origin::{self, Origin};
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
    /// Ours, seen for the first time: the rules have nothing to add.
    Ours,
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
        Origin::Ours { nonce, until } => match site.store.spend_nonce(nonce, until).await? {
            true => Ok(Admission::Ours),
            false => Ok(Admission::Forged),
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
            Self::Ours => untouched(facts),
        }
    }
}

/// Every copy goes on as it came.
fn untouched(facts: &Facts<'_>) -> Judgement {
    Policy::default().judge(facts)
}
