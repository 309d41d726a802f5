//! `sealgate demo`: everything on loopback with nothing to configure. A gateway, a sink that plays
//! the next hop, the viewer, and a page that shows what every demo mailbox received. It keeps all
//! in a temporary directory that goes with it.

mod browser;
mod mailboxes;
mod samples;
mod walk;

use crate::assemble::{self, Running, StartError};
use crate::config::{Config, HostPort};
use crate::policies::Refusal;
use crate::receive::{OpenError, Reception};
use crate::system::SystemEntropy;
use mailboxes::Mailboxes;
use rules::Organisation;
use seal::ServerKey;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use walk::{Step, walk};

/// The ports that are tried first: mail in, viewer, mailboxes.
const PORTS: [u16; 3] = [2525, 8443, 8025];

/// How many ports above the first are tried.
const PORT_TRIES: u16 = 50;

/// The ports that are tried else. Linux lends those above to connections (`ip_local_port_range`):
/// one of them may become the near end of a connection before its server binds it.
const OTHER_PORTS: std::ops::Range<u16> = 16_384..32_768;

/// A demo at work.
pub struct World {
    /// The gateway.
    pub running: Running,
    /// What the next hop received.
    pub mailboxes: Arc<Mailboxes>,
    /// The page that shows it.
    pub page: SocketAddr,
    sink_stop: oneshot::Sender<()>,
    /// Removed when the demo ends.
    _directory: TemporaryDirectory,
}

/// Why the demo cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The temporary directory, or a port.
    #[error("cannot prepare the demo")]
    Prepare(#[from] io::Error),
    /// The gateway.
    #[error("cannot start the gateway")]
    Start(#[from] StartError),
    /// The sink.
    #[error("cannot start the next hop")]
    Sink(#[from] OpenError),
    /// The shipped policy.
    #[error("cannot use the shipped policy")]
    Rules(#[from] Refusal),
    /// The embedded configuration, which a test loads.
    #[error("the embedded configuration is wrong: {0}")]
    Config(String),
}

/// Which ports the demo takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// Those that a person can remember, or the next free ones.
    Known,
    /// Any free ones.
    Free,
}

/// The demo's organisation, which commands without a configuration use too.
pub fn organisation() -> Organisation {
    Organisation {
        name: "Corp".to_owned(),
        domains: vec!["corp.example".to_owned()],
        site_id: Some("cb46c030-1825-4e81-a295-151c039dbf02".to_owned()),
    }
}

impl World {
    /// Starts everything.
    pub async fn start(ports: Ports) -> Result<Self, DemoError> {
        let directory = TemporaryDirectory::make()?;
        let mut config = embedded(&directory.0)?;
        let mailboxes = Arc::new(Mailboxes::default());
        let (hop, sink_stop) = sink(&config, &mailboxes).await?;
        config.relay.next_hop = HostPort {
            host: "127.0.0.1".to_owned(),
            port: hop.port(),
        };
        let [mail, viewer, page] = free_addresses(ports)?;
        config.listen[0].address = mail;
        config.viewer.address = viewer;
        config.viewer.url = format!("http://{}", config.viewer.address);
        let page = TcpListener::bind(page).await?;
        let policies = assemble::policies(&config)?;
        let key = ServerKey::generate(&mut SystemEntropy);
        let running = assemble::start(&config, key, policies).await?;
        let address = page.local_addr()?;
        let router = mailboxes::router(Arc::clone(&mailboxes));
        tokio::spawn(async move { axum::serve(page, router).await });
        Ok(Self {
            running,
            mailboxes,
            page: address,
            sink_stop,
            _directory: directory,
        })
    }

    /// Ends everything.
    pub async fn stop(self) {
        self.running.stop().await;
        let _ = self.sink_stop.send(());
    }
}

/// The embedded configuration with the shipped rules written out, as an admin would have them.
fn embedded(directory: &Path) -> Result<Config, DemoError> {
    let rules = directory.join("rules");
    std::fs::create_dir(&rules)?;
    for file in rules::shipped() {
        std::fs::write(rules.join(&file.name), &file.text)?;
    }
    let text = |mistakes: Vec<crate::config::Diagnostic>| {
        mistakes
            .iter()
            .map(crate::config::Diagnostic::render)
            .collect::<Vec<_>>()
            .join("\n")
    };
    Config::embedded(directory).map_err(|mistakes| DemoError::Config(text(mistakes)))
}

/// The next hop: wire's own server machine, with a gate that takes everything.
async fn sink(
    config: &Config,
    mailboxes: &Arc<Mailboxes>,
) -> Result<(SocketAddr, oneshot::Sender<()>), DemoError> {
    let mut sink = config.clone();
    sink.listen.truncate(1);
    let reception = Reception::open(&sink, Arc::clone(mailboxes) as _).await?;
    let address = reception.addresses()?[0];
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(reception.serve(async move {
        let _ = stopped.await;
    }));
    Ok((address, stop))
}

/// Three addresses on loopback that nobody listens on, each held while the next is chosen.
fn free_addresses(ports: Ports) -> io::Result<[SocketAddr; 3]> {
    let mut held = Vec::with_capacity(PORTS.len());
    for first in PORTS {
        let known = first..first + PORT_TRIES;
        let listener = match ports {
            Ports::Known => listen_on_one(known.chain(others())),
            Ports::Free => listen_on_one(others()),
        };
        held.push(listener?);
    }
    let [mail, viewer, page] = [&held[0], &held[1], &held[2]].map(|held| held.local_addr());
    Ok([mail?, viewer?, page?])
}

/// All of [`OTHER_PORTS`], from another one in each process.
fn others() -> impl Iterator<Item = u16> {
    let begin = std::process::id() as usize * 97 % OTHER_PORTS.len();
    OTHER_PORTS.skip(begin).chain(OTHER_PORTS.take(begin))
}

/// A listener on the first of these ports that is free.
fn listen_on_one(mut ports: impl Iterator<Item = u16>) -> io::Result<std::net::TcpListener> {
    let listen = |port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
    ports
        .find_map(listen)
        .ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "no port on loopback is free"))
}

/// A directory of our own that goes when it is dropped.
struct TemporaryDirectory(std::path::PathBuf);

impl TemporaryDirectory {
    fn make() -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let name = seal::LetterId::generate(&mut SystemEntropy);
        let path = std::env::temp_dir().join(format!("sealgate-demo-{name}"));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
