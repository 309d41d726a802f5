//! What is counted while mail passes: atomics, so that it costs the path nothing that can be
//! measured. No label is an address, a name or anything else that a sender chooses.

use super::spread::Spread;
use crate::answer::{EndFate, Outcome, Stop};
use crate::receive::Arrival;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};
use rules::Source;
use std::time::Duration;
use wire::Reply;

/// Where a message can come from.
const SOURCES: [Source; 3] = [Source::Inside, Source::Outside, Source::Viewer];

/// What can become of a message: the word of its recipients' ends where all have the same one,
/// else `mixed`; `stopped` where a fault of ours, a loop or an impossible edit ended it.
const ACTIONS: [&str; 10] = [
    "delivered",
    "sealed",
    "held",
    "served-before",
    "deleted",
    "redirected",
    "rejected",
    "deferred",
    "mixed",
    "stopped",
];

/// Reply codes by their first digit; what is none of these has no class.
const CLASSES: [&str; 3] = ["2xx", "4xx", "5xx"];

/// Message sizes, in bytes.
const SIZES: [u64; 10] = [
    1 << 10,
    4 << 10,
    16 << 10,
    64 << 10,
    256 << 10,
    1 << 20,
    4 << 20,
    16 << 20,
    64 << 20,
    256 << 20,
];

/// Times from the last octet to the answer, in microseconds: half a millisecond to five minutes.
const TIMES: [u64; 10] = [
    500,
    2_000,
    5_000,
    20_000,
    100_000,
    500_000,
    2_000_000,
    10_000_000,
    60_000_000,
    300_000_000,
];

type BySourceAndAction = Family<[(&'static str, &'static str); 2], Counter>;
type ByClass = Family<[(&'static str, &'static str); 1], Counter>;

/// Everything that is counted since the start.
#[derive(Debug)]
pub struct Metrics {
    messages: BySourceAndAction,
    /// The counters of `messages` by their places in `SOURCES` and `ACTIONS`: no look-up by hash.
    by_source: [[Counter; ACTIONS.len()]; SOURCES.len()],
    sizes: Spread,
    times: Spread,
    replies: ByClass,
    by_class: [Counter; CLASSES.len()],
    letters: Counter,
    passcodes: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let messages = BySourceAndAction::default();
        let replies = ByClass::default();
        let by_source = SOURCES.map(|source| {
            ACTIONS.map(|action| {
                let labels = [("source", source.as_str()), ("action", action)];
                messages.get_or_create_owned(&labels)
            })
        });
        let by_class = CLASSES.map(|class| replies.get_or_create_owned(&[("class", class)]));
        Self {
            messages,
            by_source,
            sizes: Spread::new(1, SIZES),
            times: Spread::new(1_000_000, TIMES),
            replies,
            by_class,
            letters: Counter::default(),
            passcodes: Counter::default(),
        }
    }
}

impl Metrics {
    /// Counts one message that was answered.
    pub fn message(&self, arrival: &Arrival, ended: &Result<Outcome, Stop>, took: Duration) {
        let source = SOURCES.iter().position(|each| *each == arrival.source);
        let action = ACTIONS.iter().position(|each| *each == action(ended));
        if let (Some(source), Some(action)) = (source, action) {
            self.by_source[source][action].inc();
        }
        self.sizes.note(arrival.raw.len() as u64);
        self.times
            .note(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if let Ok(outcome) = ended {
            self.letters.inc_by(letters(outcome));
        }
    }

    /// Counts what was answered for one recipient on the way on.
    pub fn reply(&self, reply: &Reply) {
        let class = match reply.code / 100 {
            2 => 0,
            4 => 1,
            5 => 2,
            _ => return,
        };
        self.by_class[class].inc();
    }

    /// Counts a passcode that the next hop took.
    pub fn passcode(&self) {
        self.passcodes.inc();
    }

    /// Makes them known to a page.
    pub(super) fn register(&self, page: &mut Registry) {
        let messages = "Messages answered, by what became of their recipients";
        page.register("messages", messages, self.messages.clone());
        let sizes = "Sizes of messages as they came";
        page.register_with_unit("message_size", sizes, Unit::Bytes, self.sizes.clone());
        let times = "Time from a message's last octet to its answer";
        page.register_with_unit("message_duration", times, Unit::Seconds, self.times.clone());
        let replies = "Answers for each recipient handed on; an unreachable next hop counts as 4xx";
        page.register("next_hop_replies", replies, self.replies.clone());
        let letters = "Letters sealed of which the next hop took a notice";
        page.register("letters_sealed", letters, self.letters.clone());
        let passcodes = "Passcodes that the next hop took";
        page.register("passcodes_sent", passcodes, self.passcodes.clone());
    }
}

fn action(ended: &Result<Outcome, Stop>) -> &'static str {
    let Ok(outcome) = ended else {
        return "stopped";
    };
    let mut words = outcome.ends.iter().map(|end| end.fate.as_str());
    let first = words.next().unwrap_or("stopped");
    match words.all(|word| word == first) {
        true => first,
        false => "mixed",
    }
}

/// How many letters readers got links to.
fn letters(outcome: &Outcome) -> u64 {
    let mut seen = Vec::new();
    for end in &outcome.ends {
        if let EndFate::Sealed(_, letter, _) = &end.fate
            && !seen.contains(&letter)
        {
            seen.push(letter);
        }
    }
    seen.len() as u64
}

#[cfg(test)]
mod tests;
