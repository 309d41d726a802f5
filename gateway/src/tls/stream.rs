//! One connection's bytes, in clear or in TLS. It knows no protocol.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// Octets taken from a connection at once.
const BLOCK_OCTETS: usize = 64 * 1024;

thread_local! {
    /// One block for all connections of a thread: nobody holds it while waiting, so that ten
    /// thousand idle connections cost no buffers.
    static BLOCK: RefCell<Box<[u8]>> = RefCell::new(vec![0; BLOCK_OCTETS].into_boxed_slice());
}

/// A TCP connection, perhaps with TLS on top.
#[derive(Debug)]
pub(crate) enum Stream {
    /// Bytes as they are.
    Clear(TcpStream),
    /// Bytes in TLS, as server or client.
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// A connection just made. Replies and final dots must not wait for an acknowledgement.
    pub(crate) fn clear(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self::Clear(tcp))
    }

    /// The server's side of a handshake.
    pub(crate) async fn accept(self, config: &Arc<ServerConfig>) -> io::Result<Self> {
        let tcp = self.into_clear()?;
        let stream = TlsAcceptor::from(Arc::clone(config)).accept(tcp).await?;
        Ok(Self::Encrypted(Box::new(TlsStream::Server(stream))))
    }

    /// The client's side of a handshake.
    pub(crate) async fn connect(
        self,
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let tcp = self.into_clear()?;
        let stream = TlsConnector::from(Arc::clone(config))
            .connect(name, tcp)
            .await?;
        Ok(Self::Encrypted(Box::new(TlsStream::Client(stream))))
    }

    /// Whether the bytes are encrypted on the wire.
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Encrypted(_))
    }

    fn into_clear(self) -> io::Result<TcpStream> {
        match self {
            Self::Clear(tcp) => Ok(tcp),
            Self::Encrypted(_) => Err(io::Error::other("TLS inside TLS")),
        }
    }

    /// Waits for bytes and hands what is there to `take`; 0 is the end of the stream.
    pub(crate) async fn read(&mut self, mut take: impl FnMut(&[u8])) -> io::Result<usize> {
        poll_fn(|context| {
            BLOCK.with_borrow_mut(|block| {
                let mut buffer = ReadBuf::new(block);
                match self.poll_read(context, &mut buffer) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    Poll::Ready(Ok(())) => {
                        take(buffer.filled());
                        Poll::Ready(Ok(buffer.filled().len()))
                    }
                }
            })
        })
        .await
    }

    /// Writes all of `bytes` and sees them on their way.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Clear(tcp) => tcp.write_all(bytes).await,
            Self::Encrypted(tls) => {
                tls.write_all(bytes).await?;
                tls.flush().await
            }
        }
    }

    /// Says that nothing more will be written.
    pub(crate) async fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Clear(tcp) => tcp.shutdown().await,
            Self::Encrypted(tls) => tls.shutdown().await,
        }
    }

    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Clear(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Self::Encrypted(tls) => Pin::new(tls).poll_read(context, buffer),
        }
    }
}
