//! Certificates that live as long as a test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gateway::config;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The name certificates here are for.
pub const NAME: &str = "hop.example";

/// An authority, and what it signed for [`NAME`], in a folder of their own.
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &authority).unwrap();
        std::fs::write(folder.path().join("authority.pem"), authority.pem()).unwrap();
        std::fs::write(folder.path().join("leaf.pem"), leaf.pem()).unwrap();
        std::fs::write(folder.path().join("leaf.key"), key.serialize_pem()).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn authority(&self) -> PathBuf {
        self.path("authority.pem")
    }

    pub fn leaf(&self) -> config::Certificate {
        config::Certificate {
            chain: self.path("leaf.pem"),
            private_key: self.path("leaf.key"),
        }
    }

    /// What a server with the leaf uses.
    pub fn server(&self) -> Arc<rustls::ServerConfig> {
        gateway::tls::server_config(&self.leaf(), None).unwrap()
    }

    /// What a client uses that trusts the authority; with the leaf as its own certificate if
    /// it shows one.
    pub fn client(&self, shown: Shown) -> Arc<rustls::ClientConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(pem(&self.authority())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        Arc::new(match shown {
            Shown::Nothing => builder.with_no_client_auth(),
            Shown::Leaf => {
                let key = PrivateKeyDer::from_pem_file(self.path("leaf.key")).unwrap();
                builder
                    .with_client_auth_cert(vec![pem(&self.path("leaf.pem"))], key)
                    .unwrap()
            }
        })
    }
}

/// What a client shows of itself.
#[derive(Clone, Copy)]
pub enum Shown {
    Nothing,
    Leaf,
}

fn pem(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}
