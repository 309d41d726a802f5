//! Serves the viewer over HTTP or HTTPS, and the monitor. It knows nothing of what the pages say.

mod pace;
mod peers;
#[cfg(test)]
mod tests;

use crate::config::Config;
use crate::tls::{self, TlsError};
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use pace::{Pace, Paced};
use peers::Peers;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The most open connections of readers; more wait in the system's backlog.
pub const READERS_MAX: usize = 2_000;

/// The most open connections of readers from one address, where TLS ends here: several offices may
/// share one. In clear there is a proxy in front, and all come from its address; it has to count.
pub const READERS_OF_ONE_MAX: usize = 200;

/// A longer head of a request is not read on. What a connection holds of what came is less than
/// twice as much.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;

/// How long a reader's browser may take to say what it wants.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The most open connections of the monitor's probes.
pub const PROBES_MAX: usize = 64;

/// Who may be connected, how long.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    connections: usize,
    of_one: usize,
    connection: Duration,
    pace: Pace,
}

const READERS: Bounds = Bounds {
    connections: READERS_MAX,
    of_one: READERS_OF_ONE_MAX,
    // Long enough for a large attachment on a slow line.
    connection: Duration::from_secs(30 * 60),
    pace: READER_PACE,
};

const PROBES: Bounds = Bounds {
    connections: PROBES_MAX,
    of_one: PROBES_MAX,
    // Prometheus keeps its connection between scrapes.
    connection: Duration::from_secs(5 * 60),
    pace: READER_PACE,
};

/// How slowly a reader's browser may take an answer; who holds us up longer is left.
const READER_PACE: Pace = Pace {
    bytes: 64 * 1024,
    window: Duration::from_secs(60),
};

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long to wait when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// The address is taken or not ours.
    #[error("listening on {address}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The certificate.
    #[error("offering HTTPS")]
    Tls(#[from] TlsError),
}

/// Opens the viewer's listener and serves it until `stopped`; gives where it is.
pub async fn serve(
    config: &Config,
    router: Router,
    mut stopped: watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> Result<SocketAddr, PagesError> {
    let (listener, local) = bind(config.viewer.address).await?;
    let acceptor = match &config.viewer.certificate {
        Some(certificate) => Some(TlsAcceptor::from(tls::server_config(certificate, None)?)),
        None => None,
    };
    let of_one = match acceptor {
        Some(_) => READERS.of_one,
        None => READERS.connections,
    };
    let bounds = Bounds { of_one, ..READERS };
    let until = async move {
        // An error means that the sender is gone: then it is over as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    tasks.spawn(async move {
        tokio::select! {
            () = until => {}
            () = accept(listener, router, acceptor, bounds) => {}
        }
    });
    Ok(local)
}

/// Opens the monitor's listener and serves it until its task is ended: it answers while the
/// gateway drains, too. Gives where it is.
pub async fn probe(
    address: SocketAddr,
    router: Router,
    tasks: &mut JoinSet<()>,
) -> Result<SocketAddr, PagesError> {
    let (listener, local) = bind(address).await?;
    tasks.spawn(accept(listener, router, None, PROBES));
    Ok(local)
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), PagesError> {
    let failed = |source| PagesError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    Ok((listener, local))
}

/// Takes connections until it is dropped.
async fn accept(
    listener: TcpListener,
    router: Router,
    acceptor: Option<TlsAcceptor>,
    bounds: Bounds,
) {
    let room = Arc::new(Semaphore::new(bounds.connections));
    let peers = Peers::new(bounds.of_one);
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let Ok((stream, from)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // One more from an address that has all of its own is closed unheard.
        let Some(peer) = peers.enter(from.ip()) else {
            continue;
        };
        let stream = Paced::new(stream, bounds.pace);
        let (router, acceptor) = (router.clone(), acceptor.clone());
        tokio::spawn(async move {
            let _held = (place, peer);
            let Some(acceptor) = acceptor else {
                return connection(stream, router, bounds).await;
            };
            let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                connection(stream, router, bounds).await;
            }
        });
    }
}

async fn connection<S>(stream: S, router: Router, bounds: Bounds)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .max_buf_size(HEAD_BYTES_MAX)
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // How a reader's connection ends concerns nobody: every answer stood by itself.
    let _ = tokio::time::timeout(bounds.connection, serving).await;
}
