//! The next hop as it really is: a pool of SMTP connections, and one try per message.
//! A message is sent again only where nothing of it can have been taken.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use mail::{Envelope, Recipients};
use rustls::pki_types::ServerName;
use tokio::sync::{Semaphore, SemaphorePermit};
use wire::Reply;
use wire::client::{End, Outcome, Stage, TlsPolicy, Transaction};

use super::connection::{Connection, NotConnected, Sent, Way};
use super::pool::Pool;
use super::{Delivery, Handover, HandoverEnd, NextHop};
use crate::config::{self, Config};
use crate::tls::{self, TlsError};

/// What stands in a link to a letter between the viewer's address and the secret.
const LINK_PATH: &str = "/l/";

/// Why mail cannot be passed on.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// TLS towards the next hop cannot be set up.
    #[error("setting up TLS towards the next hop")]
    Tls(#[from] TlsError),
    /// The name its certificate must carry is none.
    #[error("checking the next hop's certificate: `{0}` is no host name or address")]
    Name(String),
}

/// The next hop of the configuration.
#[derive(Debug)]
pub struct Relay {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    way: Way,
    pool: Pool,
    permits: Semaphore,
}

/// A connection to send over, and whether it has been used before.
struct Ready<'s> {
    connection: Connection,
    reused: bool,
    /// Held as long as the connection is in use.
    _permit: SemaphorePermit<'s>,
}

impl Relay {
    /// Sets up the way to the next hop; nothing is connected yet. To be called inside a runtime,
    /// which then also sends idle connections away.
    pub fn new(config: &Config) -> Result<Self, RelayError> {
        Self::towards(&config.relay, config)
    }

    /// The same, to another server than the one that takes most mail.
    pub fn towards(relay: &config::Relay, config: &Config) -> Result<Self, RelayError> {
        let tls = match tls::client_config(relay.tls, relay.authority.as_deref())? {
            None => None,
            Some(tls) => {
                let name = ServerName::try_from(relay.tls_name.clone())
                    .map_err(|_| RelayError::Name(relay.tls_name.clone()))?;
                Some((tls, name))
            }
        };
        let shared = Arc::new(Shared {
            way: Way {
                hostname: config.server.hostname.clone(),
                next_hop: relay.next_hop.clone(),
                tls,
                policy: match relay.tls {
                    config::TlsPolicy::None => TlsPolicy::None,
                    config::TlsPolicy::Opportunistic => TlsPolicy::Opportunistic,
                    config::TlsPolicy::Required => TlsPolicy::Required,
                },
                limits: config.limits.clone(),
            },
            pool: Pool::default(),
            permits: Semaphore::new(config.limits.next_hop_connections),
        });
        tokio::spawn(sweep(Arc::downgrade(&shared), config.limits.next_hop_idle));
        Ok(Self { shared })
    }

    /// Takes leave of the next hop on every connection that waits.
    pub async fn close(&self) {
        for connection in self.shared.pool.empty() {
            connection.quit().await;
        }
    }
}

/// Sends connections away that have waited too long, for as long as there is a relay.
async fn sweep(shared: Weak<Shared>, idle: Duration) {
    let mut ticks = tokio::time::interval(idle / 2);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        for connection in shared.pool.overdue(idle) {
            connection.quit().await;
        }
    }
}

#[async_trait]
impl NextHop for Relay {
    async fn deliver(&self, delivery: Delivery<'_>) -> Handover {
        let recipients = delivery.recipients.len();
        let Some(named) = Recipients::new(delivery.recipients.to_vec()) else {
            return Handover::uniform(recipients, &Reply::new(451, "4.3.0", "no recipients"));
        };
        let envelope = Envelope {
            sender: delivery.sender.clone(),
            recipients: named,
            body: delivery.body,
            smtputf8: delivery.smtputf8,
        };
        match self.shared.send(&envelope, &delivery).await {
            Ok(Sent::Outcome(outcome)) => sorted(&delivery, &outcome),
            Ok(Sent::StoppedPartial) => {
                let reply = Reply::new(451, "4.3.0", "only some recipients were taken; not sent");
                let replies = vec![reply; recipients];
                Handover::new(replies, HandoverEnd::StoppedPartial)
            }
            Err(reply) => Handover::uniform(recipients, &reply),
        }
    }
}

impl Shared {
    /// Sends over a connection that waits, or a new one. One that waited may have been closed by
    /// the other side meanwhile: then nothing of the message was taken, and a new one is tried.
    async fn send(&self, envelope: &Envelope, delivery: &Delivery<'_>) -> Result<Sent, Reply> {
        let first = self.ready().await?;
        let reused = first.reused;
        let sent = self.send_over(first, envelope, delivery).await;
        let untouched = matches!(&sent, Sent::Outcome(outcome) if outcome.end == End::Untouched);
        if !(reused && untouched) {
            return Ok(sent);
        }
        // The others that wait are as old; their goodbye would not be heard.
        drop(self.pool.empty());
        let second = self.ready().await?;
        Ok(self.send_over(second, envelope, delivery).await)
    }

    async fn send_over(
        &self,
        mut ready: Ready<'_>,
        envelope: &Envelope,
        delivery: &Delivery<'_>,
    ) -> Sent {
        let transaction = Transaction {
            envelope,
            parts: delivery.content,
        };
        let sent = ready
            .connection
            .send(&self.way, transaction, delivery.partial)
            .await;
        if matches!(&sent, Sent::Outcome(outcome) if outcome.end == End::Complete) {
            self.pool.keep(ready.connection);
        }
        sent
    }

    async fn ready(&self) -> Result<Ready<'_>, Reply> {
        let waiting = self.permits.acquire();
        let permit = match tokio::time::timeout(self.way.limits.next_hop_wait, waiting).await {
            Ok(Ok(permit)) => permit,
            _ => {
                return Err(Reply::new(
                    451,
                    "4.4.5",
                    "all connections to the next hop are busy",
                ));
            }
        };
        if let Some(connection) = self.pool.take(self.way.limits.next_hop_idle) {
            return Ok(Ready {
                connection,
                reused: true,
                _permit: permit,
            });
        }
        let connection = self.connect().await?;
        Ok(Ready {
            connection,
            reused: false,
            _permit: permit,
        })
    }

    async fn connect(&self) -> Result<Connection, Reply> {
        match self.way.connect(self.way.policy).await {
            Ok(connection) => Ok(connection),
            // RFC 7435: where TLS is a chance and not a duty, failing at it is no reason to wait.
            Err(NotConnected::Handshake(_)) if self.way.policy == TlsPolicy::Opportunistic => self
                .way
                .connect(TlsPolicy::None)
                .await
                .map_err(NotConnected::into_reply),
            Err(failed) => Err(failed.into_reply()),
        }
    }
}

impl NotConnected {
    fn into_reply(self) -> Reply {
        match self {
            Self::Deferred(reply) | Self::Handshake(reply) => reply,
        }
    }
}

/// The machine's account in the order of the delivery's recipients.
fn sorted(delivery: &Delivery<'_>, outcome: &Outcome) -> Handover {
    let reply_for = |address: &mail::Address| {
        let found = outcome
            .recipients
            .iter()
            .find(|(known, _)| known == address);
        let none = || Reply::new(451, "4.3.0", "no answer for this recipient");
        found.map_or_else(none, |(_, reply)| reply.clone())
    };
    let same_order = outcome.recipients.len() == delivery.recipients.len();
    let replies: Vec<Reply> = match same_order {
        true => outcome
            .recipients
            .iter()
            .map(|(_, reply)| reply.clone())
            .collect(),
        false => delivery.recipients.iter().map(reply_for).collect(),
    };
    // A 421 to the final dot is an answer: not taken.
    let answered = outcome
        .recipients
        .iter()
        .any(|(_, reply)| reply.code == 421);
    let end = match outcome.end {
        End::Broken(Stage::DataEnd) if !answered => HandoverEnd::Unknown,
        End::Complete | End::Broken(_) | End::Untouched => HandoverEnd::Known,
    };
    let replies = replies.into_iter().map(handed_back).collect();
    Handover::new(replies, end).hearing(outcome.heard.clone())
}

/// The next hop's words as they may be handed back. Its 421 ended a session of its own, and ours
/// goes on; and what quotes a link ends before it, for a server's log must not open a letter (P4).
fn handed_back(reply: Reply) -> Reply {
    let code = if reply.code == 421 { 451 } else { reply.code };
    let text = match reply.text.split_once(LINK_PATH) {
        Some((before, _)) => format!("{before}{LINK_PATH}..."),
        None => reply.text,
    };
    Reply {
        code,
        text,
        ..reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_quotes_a_link_ends_before_it() {
        let told = |code, text: &str| handed_back(Reply::new(code, "5.7.1", text)).to_string();
        let link = "blocked: https://mail.corp.example/l/AbCd/Ef-_0=\n9gH, see policy 7";
        let masked = "blocked: https://mail.corp.example/l/...";
        assert_eq!(told(550, link), format!("550 5.7.1 {masked}"));
        assert_eq!(told(250, link), format!("250 2.7.1 {masked}"));
        // The control: other words stay as they are.
        let plain = "blocked: see https://partner.example/labels/7";
        assert_eq!(told(550, plain), format!("550 5.7.1 {plain}"));
    }

    #[test]
    fn the_next_hops_farewell_is_not_ours() {
        assert_eq!(handed_back(Reply::new(421, "4.3.2", "down")).code, 451);
        assert_eq!(handed_back(Reply::new(450, "4.2.1", "full")).code, 450);
    }
}
