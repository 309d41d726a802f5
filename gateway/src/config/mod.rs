//! `sealgate.toml`: read whole, every mistake reported at once with its line and a way out.
//! It never reads a secret: keys and certificates are named here by path and opened elsewhere.

mod check;
mod diagnostic;
mod limits;
mod network;
mod read;
#[cfg(test)]
mod tests;
mod value;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mail::Address;
use rules::Ambiguous;
use zeroize::Zeroizing;

pub use diagnostic::Diagnostic;
pub use limits::{LIMITS, Limit, LimitKind, Limits};
pub use network::{Network, NetworkError};
pub use value::HostPort;

/// Where the configuration stands unless `--config` says otherwise.
pub const DEFAULT_PATH: &str = "/etc/sealgate/sealgate.toml";

/// The whole configuration, checked: whoever holds one need not check it again.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Who is inside.
    pub organisation: Organisation,
    /// This machine.
    pub server: Server,
    /// Where mail comes in; never empty.
    pub listen: Vec<Listen>,
    /// Where mail goes on to.
    pub relay: Relay,
    /// The pages recipients read sealed letters in.
    pub viewer: Viewer,
    /// What a sealed letter is like unless a rule says otherwise.
    pub seal: Seal,
    /// How mail waits for approval.
    pub held: Held,
    /// Where records and sealed letters are kept.
    pub store: Store,
    /// Where the server's key and the shred keys are.
    pub keys: Keys,
    /// Where the rules are.
    pub rules: Rules,
    /// Every bound on what comes from outside.
    pub limits: Limits,
    /// Where probes and Prometheus ask; nowhere unless set.
    pub monitor: Option<Monitor>,
    /// How the log is written.
    pub log: Log,
}

/// `[organisation]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// The name people know.
    pub name: String,
    /// Domains whose addresses are inside, lower case; never empty.
    pub domains: Vec<String>,
    /// Written as SiteId in `msip_labels`; lower-case GUID.
    pub id: Option<String>,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The name in greetings, `EHLO` and `Received:`.
    pub hostname: String,
}

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 5321.
    Smtp,
}

/// Whose mail a listener takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Mail that the organisation's own people send.
    Inside,
    /// Mail from the world; recipients must be in the organisation's domains.
    Outside,
}

/// What happens to a message with a bare CR or LF in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareNewline {
    /// 550 5.6.0.
    Refuse,
    /// It becomes CRLF.
    Normalise,
}

/// A certificate chain and its private key, both PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The chain, the server's own first.
    pub chain: PathBuf,
    /// The key.
    pub private_key: PathBuf,
}

/// One `[[listen]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// What is spoken.
    pub protocol: Protocol,
    /// Where.
    pub address: SocketAddr,
    /// Whose mail it is.
    pub source: Side,
    /// Who may connect; never empty.
    pub allow: Vec<Network>,
    /// Whose word about their own clients is believed (`XFORWARD`); nobody's unless set.
    pub xforward: Vec<Network>,
    /// Whether the server in front lets each login send as itself alone, so that the envelope's
    /// sender is the login.
    pub senders_verified: bool,
    /// Offers STARTTLS when set.
    pub certificate: Option<Certificate>,
    /// Only clients with a certificate of this authority may send mail.
    pub client_authority: Option<PathBuf>,
    /// What to do about bare CR and LF.
    pub bare_newline: BareNewline,
}

/// How a connection to the next hop is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsPolicy {
    /// Never asked for.
    None,
    /// Used when offered, with whatever certificate is shown.
    Opportunistic,
    /// Mail waits rather than leave without it; the certificate is checked.
    Required,
}

/// `[relay]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// The server that takes the mail.
    pub next_hop: HostPort,
    /// How the way there is protected.
    pub tls: TlsPolicy,
    /// The name its certificate must carry; the host of `next_hop` unless set.
    pub tls_name: String,
    /// The authority that signed it; the system's own list when absent.
    pub authority: Option<PathBuf>,
}

/// `[viewer]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Where the pages are served.
    pub address: SocketAddr,
    /// HTTPS when set; otherwise plain HTTP, for a proxy in front.
    pub certificate: Option<Certificate>,
    /// What links begin with; without a slash at the end.
    pub url: String,
    /// What older links begin with.
    pub aliases: Vec<String>,
    /// Who passcodes and replies come from.
    pub sender: Address,
    /// Whom a reader may ask.
    pub help: Option<Address>,
    /// The server that takes what readers reply, such as a virus filter; the one of `[relay]` when
    /// absent.
    pub next_hop: Option<Relay>,
}

/// Whether a notice shows the letter's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeSubject {
    /// The subject stays.
    Kept,
    /// A neutral one takes its place.
    Hidden,
}

/// `[seal]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// How long a letter opens unless a rule says otherwise.
    pub expires_after: Duration,
    /// Whether the notice shows the subject.
    pub notice_subject: NoticeSubject,
}

/// `[held]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// How long a message waits for approval before it goes back.
    pub lifetime: Duration,
    /// Who is told that mail waits; addresses inside.
    pub tell: Vec<Address>,
    /// They get at most one mail in this time.
    pub tell_every: Duration,
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// `sqlite:PATH`
    pub records: String,
    /// `file:PATH`
    pub blobs: String,
}

/// `[keys]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The file with the server key.
    pub server: PathBuf,
    /// `sqlite:PATH`; not part of the store's backups.
    pub shred_keys: String,
}

/// `[rules]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The directory with the rule files.
    pub directory: PathBuf,
    /// What happens to ambiguous mail.
    pub ambiguous: Ambiguous,
}

/// `[monitor]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// Where health and metrics are served, over plain HTTP; never a public address.
    pub address: SocketAddr,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// How addresses appear in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogAddresses {
    /// As they are.
    Full,
    /// `a***@corp.example`
    Masked,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Text or JSON.
    pub format: LogFormat,
    /// Whole or masked.
    pub addresses: LogAddresses,
}

/// Whether a file holds a key of ours, or one in PEM (RFC 7468).
fn is_secret(bytes: &[u8]) -> bool {
    let has = |word: &[u8]| bytes.windows(word.len()).any(|at| at == word);
    has(b"sealgate-server-key-") || has(b"PRIVATE KEY-----")
}

/// Whether an address is in one of these domains, `*.` meaning those below one. One that can be
/// read as a route to elsewhere never is.
pub fn covers(domains: &[String], address: &Address) -> bool {
    let domain = address.domain_key();
    let is_own = |own: &String| match own.strip_prefix("*.") {
        Some(above) => domain
            .strip_suffix(above)
            .is_some_and(|rest| rest.ends_with('.')),
        None => domain == own,
    };
    !address.is_routed() && domains.iter().any(is_own)
}

impl Config {
    /// Reads the file at `path`. Relative paths in it are relative to the folder it stands in.
    pub fn load(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let name = path.display().to_string();
        let bytes = Zeroizing::new(std::fs::read(path).map_err(|error| {
            vec![Diagnostic::whole_file(
                &name,
                &format!("cannot read the configuration file: {error}"),
                "name another with --config",
            )]
        })?);
        // Who names the wrong file must not find a key in a terminal, or in a ticket.
        if is_secret(&bytes) {
            let message = "this is a key, not a configuration; nothing of it is shown";
            let help = "name the configuration file with --config";
            return Err(vec![Diagnostic::whole_file(&name, message, help)]);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            let place = Diagnostic::not_text(&name, &bytes);
            place.into_iter().collect::<Vec<_>>()
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&name, text, folder)
    }

    /// Reads `text`, which stands in a file called `name`; relative paths are under `folder`.
    pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = read::Reader::new(text);
        let config = check::build(&mut reader, folder);
        let mistakes = reader.into_mistakes();
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            _ => Err(mistakes
                .into_iter()
                .map(|mistake| mistake.locate(name, text))
                .collect()),
        }
    }

    /// What `sealgate demo` runs on: everything on loopback on free ports (port 0), everything
    /// kept under `directory`. The caller moves `listen`, `relay` and `viewer` to real ports.
    pub fn embedded(directory: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::parse("embedded.toml", include_str!("embedded.toml"), directory)
    }
}
