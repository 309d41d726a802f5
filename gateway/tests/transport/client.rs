//! A client that says exactly what a test wants, in the segments it wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nothing on loopback takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

pub trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

pub struct Client {
    stream: Box<dyn Bytes>,
    heard: Vec<u8>,
}

impl Client {
    /// Connects, and hears the greeting's code.
    pub async fn connect(address: SocketAddr) -> (Self, u16) {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Self {
            stream: Box::new(stream),
            heard: Vec::new(),
        };
        let code = client.reply().await.code;
        (client, code)
    }

    /// Connects and says EHLO.
    pub async fn greeted(address: SocketAddr) -> Self {
        let (mut client, code) = Self::connect(address).await;
        assert_eq!(code, 220);
        assert_eq!(client.say("EHLO client.example\r\n").await.code, 250);
        client
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Sends what may find nobody listening any more.
    pub async fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Says a line or more and hears one reply.
    pub async fn say(&mut self, line: &str) -> wire::Reply {
        self.send(line.as_bytes()).await;
        self.reply().await
    }

    pub async fn reply(&mut self) -> wire::Reply {
        self.try_reply()
            .await
            .expect("the connection was closed in place of a reply")
    }

    /// The next reply; `None` when the connection ends first.
    pub async fn try_reply(&mut self) -> Option<wire::Reply> {
        loop {
            if let Some((reply, octets)) = wire::reply::read_reply(&self.heard).unwrap() {
                self.heard.drain(..octets);
                return Some(reply);
            }
            let mut block = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut block)).await;
            match read.expect("no reply in time") {
                Ok(0) | Err(_) => return None,
                Ok(octets) => self.heard.extend_from_slice(&block[..octets]),
            }
        }
    }

    /// A whole transaction, for one recipient; the last reply.
    pub async fn transact(&mut self, recipient: &str, message: &str) -> wire::Reply {
        let reply = self.say("MAIL FROM:<ann@corp.example>\r\n").await;
        if !reply.is_positive() {
            return reply;
        }
        let reply = self.say(&format!("RCPT TO:<{recipient}>\r\n")).await;
        if !reply.is_positive() {
            return reply;
        }
        assert_eq!(self.say("DATA\r\n").await.code, 354);
        self.say(&format!("{message}\r\n.\r\n")).await
    }

    /// STARTTLS and the handshake; `None` when that fails.
    pub async fn encrypt(mut self, config: Arc<rustls::ClientConfig>) -> Option<Self> {
        assert_eq!(self.say("STARTTLS\r\n").await.code, 220);
        self.handshake(config).await
    }

    pub async fn handshake(self, config: Arc<rustls::ClientConfig>) -> Option<Self> {
        assert!(self.heard.is_empty(), "more was said than 220");
        let name = ServerName::try_from(super::certificates::NAME).unwrap();
        let stream = tokio_rustls::TlsConnector::from(config)
            .connect(name, self.stream)
            .await;
        Some(Self {
            stream: Box::new(stream.ok()?),
            heard: Vec::new(),
        })
    }
}

pub const MESSAGE: &str = "Subject: a letter\r\n\r\nDear Bob,\r\n..a dot.";
