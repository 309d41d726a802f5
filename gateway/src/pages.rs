//! Serves the viewer over HTTP or HTTPS. It knows nothing of what the pages say.

mod pace;

use crate::config::Config;
use crate::tls::{self, TlsError};
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use pace::{Pace, Paced};
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

/// How long a reader's browser may take to say what it wants.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long one connection may stand: long enough for a large attachment on a slow line.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30 * 60);

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
    stopped: watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> Result<SocketAddr, PagesError> {
    let address = config.viewer.address;
    let failed = |source| PagesError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let acceptor = match &config.viewer.certificate {
        Some(certificate) => Some(TlsAcceptor::from(tls::server_config(certificate, None)?)),
        None => None,
    };
    tasks.spawn(accept(listener, router, acceptor, stopped));
    Ok(local)
}

async fn accept(
    listener: TcpListener,
    router: Router,
    acceptor: Option<TlsAcceptor>,
    mut stopped: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(READERS_MAX));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let stream = Paced::new(stream, READER_PACE);
        let (router, acceptor) = (router.clone(), acceptor.clone());
        tokio::spawn(async move {
            let _place = place;
            let Some(acceptor) = acceptor else {
                return connection(stream, router).await;
            };
            let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                connection(stream, router).await;
            }
        });
    }
}

async fn connection<S>(stream: S, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // How a reader's connection ends concerns nobody: every answer stood by itself.
    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, serving).await;
}
