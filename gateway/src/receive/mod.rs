//! Front ends: each hands over an `Arrival` and carries the answer back.
//! They judge who may speak here and how much; what becomes of a message is not theirs to say.

mod arrival_id;
mod budget;
mod guests;
mod smtp;

use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mail::{Address, Envelope, Timestamp};
use rules::{Capabilities, Source};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use wire::Reply;

use crate::config::{self, BareNewline, Config, Limits, Listen, Network, Side};
use crate::tls::{self, TlsError};

pub use arrival_id::ArrivalId;

use budget::Budget;
use guests::Guests;

/// A message as a front end took it in.
#[derive(Debug)]
pub struct Arrival {
    /// Our name for it: in the log, in `Received:`, in the answer.
    pub id: ArrivalId,
    /// When its last octet came.
    pub arrived: Timestamp,
    /// Who from, who for.
    pub envelope: Envelope,
    /// The message: every line ends in CRLF, no bare CR, LF or NUL.
    pub raw: Vec<u8>,
    /// Who handed it over.
    pub peer: SocketAddr,
    /// Who had handed it to the peer, where the peer may say so.
    pub client: Option<std::net::IpAddr>,
    /// What kind of listener it came through.
    pub source: Source,
    /// What this front end can carry.
    pub capabilities: Capabilities,
    /// It came in TLS.
    pub tls: bool,
    /// The protocol, as `Received:` names it after `with`.
    pub protocol: &'static str,
    /// The name the peer gave itself.
    pub helo: String,
    /// The login a trusted peer vouches for.
    pub authenticated: Option<String>,
}

/// The station after: what every front end hands its arrivals to.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Takes one message to its end. A positive answer means that every part is safe.
    async fn pass(&self, arrival: Arrival) -> Reply;
}

/// Why mail cannot be received.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is taken or not ours.
    #[error("listening on {address}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// STARTTLS cannot be offered.
    #[error("offering STARTTLS on {address}")]
    Tls {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: TlsError,
    },
}

/// All listeners, open but not yet taking mail.
pub struct Reception {
    doors: Vec<(TcpListener, Arc<Door>)>,
    house: Arc<House>,
    drain: Duration,
}

/// Who is connected, for who only wants to count them.
#[derive(Clone)]
pub struct Attendance {
    house: Arc<House>,
}

impl Attendance {
    /// How many connections are open now, over all listeners.
    pub fn connections(&self) -> usize {
        self.house.guests.count()
    }
}

/// One listener and what its sessions share.
struct Door {
    source: Source,
    allow: Vec<Network>,
    xforward: Vec<Network>,
    senders_verified: bool,
    tls: Option<Arc<rustls::ServerConfig>>,
    client_certificates: bool,
    bare_newline: BareNewline,
    house: Arc<House>,
}

/// What all listeners share.
struct House {
    hostname: String,
    /// Where `<postmaster>` is: the organisation's first domain, so that he is inside.
    postmaster_domain: String,
    domains: HashSet<String>,
    limits: Limits,
    guests: Guests,
    budget: Arc<Budget>,
    gate: Arc<dyn Gate>,
}

impl Reception {
    /// Opens every listener of the configuration. Nobody is served before [`Reception::serve`].
    pub async fn open(config: &Config, gate: Arc<dyn Gate>) -> Result<Self, OpenError> {
        let limits = config.limits.clone();
        let house = Arc::new(House {
            hostname: config.server.hostname.clone(),
            postmaster_domain: match config.organisation.domains.first() {
                Some(domain) => domain.clone(),
                None => config.server.hostname.clone(),
            },
            domains: config
                .organisation
                .domains
                .iter()
                .map(|domain| domain_key(domain))
                .collect(),
            guests: Guests::new(limits.connections, limits.connections_per_peer),
            budget: Arc::new(Budget::new(limits.memory)),
            limits,
            gate,
        });
        let mut doors = Vec::with_capacity(config.listen.len());
        for listen in &config.listen {
            let address = listen.address;
            let listener = TcpListener::bind(address)
                .await
                .map_err(|source| OpenError::Bind { address, source })?;
            let door = Door::new(listen, Arc::clone(&house))
                .map_err(|source| OpenError::Tls { address, source })?;
            doors.push((listener, Arc::new(door)));
        }
        Ok(Self {
            doors,
            house,
            drain: config.limits.drain,
        })
    }

    /// Where mail is taken, in the order of the configuration.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.doors
            .iter()
            .map(|(listener, _)| listener.local_addr())
            .collect()
    }

    /// Who is connected; good after [`Reception::serve`] too.
    pub fn attendance(&self) -> Attendance {
        Attendance {
            house: Arc::clone(&self.house),
        }
    }

    /// Takes mail until `stop`, then lets open sessions end: idle ones at once with 421, those
    /// with a message under way when it is answered, the rest after `limits.drain`. A session cut
    /// then has heard no 250.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let (draining, drained) = watch::channel(false);
        let mut listeners = JoinSet::new();
        for (listener, door) in self.doors {
            listeners.spawn(listen(listener, door, drained.clone()));
        }
        stop.await;
        // There is at least one receiver, `drained`.
        let _ = draining.send(true);
        let all_ended = async { while listeners.join_next().await.is_some() {} };
        if tokio::time::timeout(self.drain, all_ended).await.is_err() {
            tracing::warn!("sessions were still open when the time to drain was over; cut");
        }
    }
}

impl Door {
    fn new(listen: &Listen, house: Arc<House>) -> Result<Self, TlsError> {
        let client_authority = listen.client_authority.as_deref();
        let tls = listen
            .certificate
            .as_ref()
            .map(|certificate| tls::server_config(certificate, client_authority))
            .transpose()?;
        match listen.protocol {
            config::Protocol::Smtp => {}
        }
        Ok(Self {
            source: match listen.source {
                Side::Inside => Source::Inside,
                Side::Outside => Source::Outside,
            },
            allow: listen.allow.clone(),
            xforward: listen.xforward.clone(),
            senders_verified: listen.senders_verified,
            tls,
            client_certificates: client_authority.is_some(),
            bare_newline: listen.bare_newline,
            house,
        })
    }

    /// Whether this listener takes mail for `recipient`: an outside one is no relay, not even by a
    /// route in the local part that the next hop would follow because we are trusted there.
    fn takes(&self, recipient: &Address) -> bool {
        let own = || !recipient.is_routed() && self.house.domains.contains(key_of(recipient));
        self.source != Source::Outside || own()
    }
}

/// The form in which domains are compared: lower case, A-labels.
fn domain_key(domain: &str) -> String {
    let address = Address::parse(&format!("postmaster@{domain}"));
    address.map_or_else(|_| domain.to_owned(), |address| key_of(&address).to_owned())
}

fn key_of(address: &Address) -> &str {
    address
        .key()
        .rsplit_once('@')
        .map_or("", |(_, domain)| domain)
}

/// How long to wait when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Takes connections until the gateway drains, then waits for its sessions.
async fn listen(listener: TcpListener, door: Arc<Door>, mut drained: watch::Receiver<bool>) {
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = drained.wait_for(|draining| *draining) => break,
            Some(ended) = sessions.join_next(), if !sessions.is_empty() => {
                report(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, peer)) => admit(&mut sessions, tcp, peer, &door, &drained),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while let Some(ended) = sessions.join_next().await {
        report(ended);
    }
}

fn admit(
    sessions: &mut JoinSet<()>,
    tcp: TcpStream,
    peer: SocketAddr,
    door: &Arc<Door>,
    drained: &watch::Receiver<bool>,
) {
    let (door, drained) = (Arc::clone(door), drained.clone());
    sessions.spawn(async move { smtp::receive(tcp, peer, &door, drained).await });
}

/// A panic ends its own session: the peer hears nothing, keeps its message and comes back.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a session panicked; its peer was not answered and will try again");
    }
}
