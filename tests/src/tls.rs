//! Certificates that live as long as a test, both ends of TLS, and one who stands in the middle of
//! a connection. Nothing here checks what the gateway checks.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

/// The name that certificates here are for.
pub const NAME: &str = "hop.example";

/// What a dialogue goes over, in clear or not.
pub trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// An authority, and what it signed for [`NAME`], in a folder of their own.
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// Makes both.
    pub fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &authority).unwrap();
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text);
        write("authority.pem", authority.pem()).unwrap();
        write("leaf.pem", leaf.pem()).unwrap();
        write("leaf.key", key.serialize_pem()).unwrap();
        Self { folder }
    }

    /// `authority.pem`, `leaf.pem` or `leaf.key`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a server with the leaf uses.
    pub fn server(&self) -> Arc<ServerConfig> {
        let chain = vec![CertificateDer::from_pem_file(self.path("leaf.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.path("leaf.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key);
        Arc::new(config.unwrap())
    }

    /// The client's end of a connection on which the handshake is due.
    pub fn connect(&self, stream: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(self.path("authority.pem")).unwrap();
        roots.add(authority).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(NAME).unwrap();
        StreamOwned::new(
            ClientConnection::new(Arc::new(config), name).unwrap(),
            stream,
        )
    }
}

/// One who stands between a client and `target`, and hands back what `rewrite` makes of each
/// stretch that the server says. Where that is nothing new he is honest.
pub fn middle(target: SocketAddr, rewrite: fn(&[u8]) -> Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(target) else {
                continue;
            };
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || hand_on(from, to, <[u8]>::to_vec));
            thread::spawn(move || hand_on(server, client, rewrite));
        }
    });
    address
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, rewrite: fn(&[u8]) -> Vec<u8>) {
    let mut stretch = [0; 16 * 1024];
    while let Ok(length) = from.read(&mut stretch) {
        if length == 0 || to.write_all(&rewrite(&stretch[..length])).is_err() {
            break;
        }
    }
    to.shutdown(Shutdown::Both).ok();
}
