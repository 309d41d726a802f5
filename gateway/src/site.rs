//! One installation: what every station of the path may use. It is built once at start and shared.
//! It holds no state of a message.

use crate::config::{self, LogAddresses};
use crate::deliver::NextHop;
use crate::monitor::Metrics;
use crate::outbox::Outbox;
use crate::own_mail::notice::NoticeSubject;
use crate::policies::Policies;
use crate::served::Served;
use mail::{Address, Timestamp};
use seal::ServerKey;
use std::sync::Arc;
use std::time::Duration;
use store::{Clock, HeldRoom, Store};

/// What the stations use.
pub struct Site {
    /// This host's name, as in greetings and `Received:`.
    pub hostname: String,
    /// The rule set in force.
    pub policies: Policies,
    /// Records, blobs, keys, audit.
    pub store: Arc<Store>,
    /// The memory of partial delivery.
    pub served: Served,
    /// The server key.
    pub key: Arc<ServerKey>,
    /// The mail server that takes what leaves.
    pub next_hop: Arc<dyn NextHop>,
    /// The one that takes what readers reply in the viewer; mostly the same.
    pub replies_hop: Arc<dyn NextHop>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How letters are sealed and noticed.
    pub sealing: Sealing,
    /// How mail waits for approval.
    pub holding: Holding,
    /// How addresses appear in the log.
    pub log_addresses: LogAddresses,
    /// The way to what sends our own mail.
    pub outbox: Outbox,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How long an answer may take.
    pub answer_timeout: Duration,
    /// More `Received:` fields than this are a loop.
    pub hops_max: usize,
}

/// The site's defaults for sealed letters.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// What links begin with.
    pub viewer_url: String,
    /// Who passcodes, receipts and reports come from.
    pub sender: Address,
    /// Whom a reader may ask.
    pub help: Option<String>,
    /// How long a letter opens, in seconds, unless a rule says otherwise.
    pub expires_after_seconds: i64,
    /// Whether notices show the subject.
    pub notice_subject: NoticeSubject,
}

/// How mail waits for approval.
#[derive(Debug, Clone)]
pub struct Holding {
    /// How long, in seconds.
    pub lifetime_seconds: i64,
    /// How much at one time.
    pub room: HeldRoom,
    /// Who is told that mail waits.
    pub tell: Vec<Address>,
    /// They get at most one mail in so many seconds.
    pub tell_every_seconds: i64,
}

impl Site {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether an address belongs to the organisation. One that can be read as a route to
    /// elsewhere never does.
    pub fn is_inside(&self, address: &Address) -> bool {
        config::covers(&self.policies.organisation().domains, address)
    }

    /// The organisation's name, for people.
    pub fn organisation(&self) -> &str {
        &self.policies.organisation().name
    }
}
