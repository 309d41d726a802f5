//! Certificates and keys for both directions of STARTTLS and for the viewer.
//! It never holds a key longer than it takes to hand it to rustls.

mod any;
mod deadline;
mod stream;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::config::{Certificate, TlsPolicy};

pub(crate) use deadline::{Deadline, TimedOut};
pub(crate) use stream::Stream;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file is missing, unreadable or holds something else.
    #[error("reading {what} from `{path}`: {error}")]
    Pem {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What was found.
        error: String,
    },
    /// The system trusts nobody.
    #[error("finding the authorities the system trusts: {0}")]
    Authorities(String),
    /// Certificate and key do not fit, or an authority cannot be used.
    #[error("setting up TLS with `{path}`: {error}")]
    Setup {
        /// The certificate or authority file.
        path: PathBuf,
        /// What rustls says.
        error: String,
    },
}

/// TLS for who connects to us. With `client_authority` only clients with a certificate of it get
/// through the handshake.
pub fn server_config(
    certificate: &Certificate,
    client_authority: Option<&Path>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(&certificate.chain)?;
    let key = PrivateKeyDer::from_pem_file(&certificate.private_key)
        .map_err(|error| pem("a private key", &certificate.private_key, &error))?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(&certificate.chain, &error))?;
    let builder = match client_authority {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(authorities(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
                .build()
                .map_err(|error| setup(path, &error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = builder
        .with_single_cert(chain, key)
        .map_err(|error| setup(&certificate.chain, &error))?;
    Ok(Arc::new(config))
}

/// TLS towards the next hop; `None` when the policy never asks for it.
pub fn client_config(
    policy: TlsPolicy,
    authority: Option<&Path>,
) -> Result<Option<Arc<ClientConfig>>, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(authority.unwrap_or(Path::new("TLS")), &error))?;
    let config = match policy {
        TlsPolicy::None => return Ok(None),
        // RFC 7435: some protection where there would be none. Whoever needs more says "required".
        TlsPolicy::Opportunistic => builder
            .dangerous()
            .with_custom_certificate_verifier(any::danger_accept_any_certificate(provider()))
            .with_no_client_auth(),
        TlsPolicy::Required => {
            let (roots, path) = match authority {
                Some(path) => (authorities(path)?, path),
                None => (system_authorities()?, Path::new("the system's authorities")),
            };
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
                .build()
                .map_err(|error| setup(path, &error))?;
            builder.with_webpki_verifier(verifier).with_no_client_auth()
        }
    };
    Ok(Some(Arc::new(config)))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let refuse = |error: &dyn std::fmt::Display| pem("certificates", path, error);
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|error| refuse(&error))?
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(&error))?;
    match chain.is_empty() {
        true => Err(refuse(&"there are none in it")),
        false => Ok(chain),
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| setup(path, &error))?;
    }
    Ok(roots)
}

fn system_authorities() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // One odd certificate in the system's list must not take all others with it.
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let error = found.errors.first().map(ToString::to_string);
        return Err(TlsError::Authorities(
            error.unwrap_or_else(|| "there are none".to_owned()),
        ));
    }
    Ok(roots)
}

fn pem(what: &'static str, path: &Path, error: &dyn std::fmt::Display) -> TlsError {
    TlsError::Pem {
        what,
        path: path.to_owned(),
        error: error.to_string(),
    }
}

fn setup(path: &Path, error: &dyn std::fmt::Display) -> TlsError {
    TlsError::Setup {
        path: path.to_owned(),
        error: error.to_string(),
    }
}
