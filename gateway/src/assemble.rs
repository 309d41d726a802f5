//! Builds a site from its configuration and sets it running: store, key, rules, next hop,
//! listeners, viewer, and the tasks beside them. It never starts on a configuration it doubts.

use crate::config::{self, Config};
use crate::deliver::{NextHop, Relay, RelayError};
use crate::mailer::SiteMailer;
use crate::monitor::{self, Counted, Metrics, Monitor};
use crate::own_mail::notice::NoticeSubject;
use crate::pages::{self, PagesError};
use crate::pipeline;
use crate::policies::{Policies, Refusal};
use crate::receive::{Arrival, Gate, OpenError, Reception};
use crate::served::Served;
use crate::site::{Holding, Sealing, Site};
use crate::system::{SystemClock, SystemEntropy};
use crate::{held, maintain, outbox};
use async_trait::async_trait;
use rules::Organisation;
use seal::ServerKey;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Clock, HeldRoom, Store, StoreError, StoreOptions};
use tokio::sync::watch;
use tokio::task::JoinSet;
use web_viewer::Tally;
use wire::Reply;

/// How long the outbox may take to end the item it is at.
const LAST_ITEM: Duration = Duration::from_secs(10);

/// A site at work.
pub struct Running {
    /// What the stations use.
    pub site: Arc<Site>,
    /// Where mail is taken, in the order of the configuration.
    pub listeners: Vec<SocketAddr>,
    /// Where the pages are.
    pub viewer: SocketAddr,
    /// Where the monitor is, if there is to be one.
    pub monitor: Option<SocketAddr>,
    relays: Vec<Arc<Relay>>,
    reception: tokio::task::JoinHandle<()>,
    outbox: tokio::task::JoinHandle<()>,
    held: tokio::task::JoinHandle<()>,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

/// Why a site cannot be set running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key file.
    #[error("cannot use the server key `{}`", path.display())]
    Key {
        /// Where it stands.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Records, blobs or shred keys.
    #[error("cannot open the store")]
    Store(#[from] StoreError),
    /// The next hop.
    #[error("cannot set up the way to the next hop")]
    Relay(#[from] RelayError),
    /// A listener.
    #[error("cannot take mail")]
    Listen(#[from] OpenError),
    /// The viewer.
    #[error("cannot serve the viewer")]
    Pages(#[from] PagesError),
    /// The monitor.
    #[error("cannot serve the monitor")]
    Monitor(#[source] PagesError),
    /// The system gave no address for an open socket.
    #[error("cannot tell where mail is taken")]
    Address(#[source] io::Error),
}

/// The station after a front end: the pipeline.
struct Pipeline {
    site: Arc<Site>,
}

#[async_trait]
impl Gate for Pipeline {
    async fn pass(&self, arrival: Arrival) -> Reply {
        pipeline::pass(&self.site, arrival).await
    }
}

/// Reads the server key. Others on the machine must not be able to.
pub fn read_key(path: &Path) -> Result<ServerKey, StartError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |source| StartError::Key {
        path: path.to_owned(),
        source,
    };
    let found = std::fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => failed(io::Error::new(
            error.kind(),
            "it is not there; one made now by `sealgate keys generate` opens no letter of before",
        )),
        _ => failed(error),
    });
    let mode = found?.permissions().mode();
    if mode & 0o077 != 0 {
        let why = format!("mode {:o} lets others read it; chmod 600", mode & 0o777);
        return Err(failed(io::Error::new(io::ErrorKind::PermissionDenied, why)));
    }
    let bytes = zeroize::Zeroizing::new(std::fs::read(path).map_err(failed)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        let why = "it is no key file; `sealgate keys generate` writes one";
        failed(io::Error::new(io::ErrorKind::InvalidData, why))
    })?;
    let invalid = |error| failed(io::Error::new(io::ErrorKind::InvalidData, error));
    ServerKey::parse(text).map_err(invalid)
}

/// Whose rules they are, as the rules see it.
pub fn organisation(config: &Config) -> Organisation {
    Organisation {
        name: config.organisation.name.clone(),
        domains: config.organisation.domains.clone(),
        site_id: config.organisation.id.clone(),
    }
}

/// Reads the rules of a configuration.
pub fn policies(config: &Config) -> Result<Policies, Refusal> {
    Policies::open(
        config.rules.directory.clone(),
        organisation(config),
        config.rules.ambiguous,
    )
}

/// Opens the store of a configuration.
pub async fn open_store(config: &Config, key: &Arc<ServerKey>) -> Result<Store, StoreError> {
    open_store_at(config, key, Arc::new(SystemClock)).await
}

async fn open_store_at(
    config: &Config,
    key: &Arc<ServerKey>,
    clock: Arc<dyn Clock>,
) -> Result<Store, StoreError> {
    let options = StoreOptions {
        records: config.store.records.clone(),
        blobs: config.store.blobs.clone(),
        shred_keys: config.keys.shred_keys.clone(),
    };
    Store::open(&options, Arc::clone(key), clock).await
}

/// Opens everything and starts to take mail.
pub async fn start(
    config: &Config,
    key: ServerKey,
    policies: Policies,
) -> Result<Running, StartError> {
    start_at(config, key, policies, Arc::new(SystemClock)).await
}

/// The same by another clock: a test need not wait for days.
pub async fn start_at(
    config: &Config,
    key: ServerKey,
    policies: Policies,
    clock: Arc<dyn Clock>,
) -> Result<Running, StartError> {
    let key = Arc::new(key);
    let store = Arc::new(open_store_at(config, &key, Arc::clone(&clock)).await?);
    let metrics = Arc::new(Metrics::default());
    let ways = Ways::new(config, &metrics)?;
    let site = Arc::new(Site {
        hostname: config.server.hostname.clone(),
        policies,
        served: Served::open(&store).await?,
        store,
        key,
        next_hop: ways.next_hop,
        replies_hop: ways.replies_hop,
        metrics,
        clock,
        sealing: sealing(config),
        holding: holding(config),
        answer_timeout: config.limits.answer_timeout,
        hops_max: config.limits.received,
        log_addresses: config.log.addresses,
        outbox: crate::outbox::Outbox::default(),
    });
    let (stop, stopped) = watch::channel(false);
    let tally = Arc::new(Tally::default());
    let viewer = web_viewer::router(viewer(config, &site, &tally));
    let mut tasks = JoinSet::new();
    let viewer = pages::serve(config, viewer, stopped.clone(), &mut tasks).await?;
    let gate = Arc::new(Pipeline {
        site: Arc::clone(&site),
    });
    let reception = Reception::open(config, gate).await?;
    let listeners = reception.addresses().map_err(StartError::Address)?;
    let monitor = Monitor {
        site: Arc::clone(&site),
        attendance: reception.attendance(),
        tally,
        draining: stopped.clone(),
    };
    let monitor = watched(config, monitor, &mut tasks).await?;
    let until = wait(stopped.clone());
    let reception = tokio::spawn(reception.serve(until));
    let own = Arc::clone(&site);
    let outbox_stopped = stopped.clone();
    let outbox = tokio::spawn(async move { outbox::run(&own, outbox_stopped).await });
    let own = Arc::clone(&site);
    let held = tokio::spawn(async move { held::run(&own, stopped).await });
    beside(&site, &mut tasks);
    Ok(Running {
        site,
        listeners,
        viewer,
        monitor,
        relays: ways.relays,
        reception,
        outbox,
        held,
        tasks,
        stop,
    })
}

/// The ways on, for mail and for what readers reply.
struct Ways {
    next_hop: Arc<dyn NextHop>,
    replies_hop: Arc<dyn NextHop>,
    /// All of them, to be closed at the end.
    relays: Vec<Arc<Relay>>,
}

impl Ways {
    fn new(config: &Config, metrics: &Arc<Metrics>) -> Result<Self, RelayError> {
        let mut relays = Vec::new();
        let mut towards = |hop| -> Result<Arc<dyn NextHop>, RelayError> {
            let relay = Arc::new(Relay::towards(hop, config)?);
            relays.push(Arc::clone(&relay));
            Ok(Arc::new(Counted {
                next_hop: relay,
                metrics: Arc::clone(metrics),
            }))
        };
        let next_hop = towards(&config.relay)?;
        let replies_hop = match &config.viewer.next_hop {
            Some(hop) => towards(hop)?,
            None => Arc::clone(&next_hop),
        };
        Ok(Self {
            next_hop,
            replies_hop,
            relays,
        })
    }
}

/// Opens the monitor where there is to be one; gives where it is.
async fn watched(
    config: &Config,
    monitor: Monitor,
    tasks: &mut JoinSet<()>,
) -> Result<Option<SocketAddr>, StartError> {
    let Some(page) = &config.monitor else {
        return Ok(None);
    };
    let opened = pages::probe(page.address, monitor::router(monitor), tasks).await;
    Ok(Some(opened.map_err(StartError::Monitor)?))
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: then it is over as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The work that no message causes.
fn beside(site: &Arc<Site>, tasks: &mut JoinSet<()>) {
    let own = Arc::clone(site);
    tasks.spawn(async move { maintain::purge(&own).await });
    let own = Arc::clone(site);
    tasks.spawn(async move { own.policies.watch(maintain::tell_reload).await });
}

fn holding(config: &Config) -> Holding {
    Holding {
        lifetime_seconds: config.held.lifetime.as_secs().cast_signed(),
        room: HeldRoom {
            messages_max: config.limits.held_messages,
            bytes_max: config.limits.held_bytes,
            sender_percent: config.limits.held_sender_percent,
        },
        tell: config.held.tell.clone(),
        tell_every_seconds: config.held.tell_every.as_secs().cast_signed(),
    }
}

fn sealing(config: &Config) -> Sealing {
    Sealing {
        viewer_url: config.viewer.url.clone(),
        sender: config.viewer.sender.clone(),
        help: config.viewer.help.as_ref().map(ToString::to_string),
        expires_after_seconds: i64::try_from(config.seal.expires_after.as_secs())
            .unwrap_or(i64::MAX),
        notice_subject: match config.seal.notice_subject {
            config::NoticeSubject::Kept => NoticeSubject::Kept,
            config::NoticeSubject::Hidden => NoticeSubject::Hidden,
        },
    }
}

fn viewer(config: &Config, site: &Arc<Site>, tally: &Arc<Tally>) -> web_viewer::Viewer {
    let mut settings =
        web_viewer::ViewerSettings::new(&config.viewer.url, &config.organisation.name);
    settings.aliases = config.viewer.aliases.clone();
    settings.domains = config.organisation.domains.clone();
    settings.help = config
        .viewer
        .help
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    settings.sender = config.viewer.sender.to_string();
    web_viewer::Viewer {
        store: Arc::clone(&site.store),
        key: Arc::clone(&site.key),
        mailer: Arc::new(SiteMailer {
            site: Arc::clone(site),
        }),
        clock: Arc::clone(&site.clock) as Arc<dyn Clock>,
        entropy: Arc::new(Mutex::new(SystemEntropy)),
        tally: Arc::clone(tally),
        settings,
    }
}

impl Running {
    /// Takes no more mail, lets sessions end, closes the store.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.reception.await {
            tracing::error!(%error, "the listeners ended badly");
        }
        // It ends the item it is at; what waits stays where it is.
        if tokio::time::timeout(LAST_ITEM, self.outbox).await.is_err() {
            tracing::warn!("mail of our own that was on its way may be sent once more");
        }
        if tokio::time::timeout(LAST_ITEM, &mut self.held)
            .await
            .is_err()
        {
            // Its lease ends by itself; who was served by then is remembered.
            self.held.abort();
            tracing::warn!("a released message was on its way; it goes on at the next start");
        }
        self.tasks.shutdown().await;
        for relay in &self.relays {
            relay.close().await;
        }
        self.site.store.close().await;
    }
}
