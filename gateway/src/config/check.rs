//! The sections of the file, one function each, and what must hold between their values.
//! It opens none of the files that are named.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rules::{Ambiguous, units};

use super::read::{Reader, Refusal, Section, one_of};
use super::value;
use super::{
    BareNewline, Certificate, Config, Held, HostPort, Keys, Limits, Listen, Log, LogAddresses,
    LogFormat, Monitor, Network, NoticeSubject, Organisation, Protocol, Relay, Rules, Seal, Server,
    Side, Store, TlsPolicy, Viewer, covers,
};

/// Reads every section, so that every mistake is noted, then puts them together.
pub(super) fn build(reader: &mut Reader<'_>, folder: &Path) -> Option<Config> {
    let organisation = organisation(reader.section("organisation"));
    let server = server(reader.section("server"));
    let listen = listeners(reader, folder);
    let relay = relay(reader.section("relay"), folder);
    let viewer = viewer(reader.section("viewer"), folder);
    let seal = seal(reader.section("seal"));
    let held = held(reader.section("held"), organisation.as_ref());
    let store = store(reader.section("store"), folder);
    let keys = keys(reader.section("keys"), folder);
    let rules = rules(reader.section("rules"), folder);
    let limits = limits(reader.section("limits"));
    let monitor = monitor(reader.section("monitor"));
    let log = log(reader.section("log"));
    Some(Config {
        organisation: organisation?,
        server: server?,
        listen: listen?,
        relay: relay?,
        viewer: viewer?,
        seal: seal?,
        held: held?,
        store: store?,
        keys: keys?,
        rules: rules?,
        limits,
        monitor: monitor?,
        log: log?,
    })
}

fn organisation(mut section: Section<'_, '_>) -> Option<Organisation> {
    let name = section.required("name", value::words);
    let domains = section.required_list("domains", value::domain);
    let id = section.optional("id", value::guid);
    section.finish();
    Some(Organisation {
        name: name?,
        domains: domains?,
        id,
    })
}

fn server(mut section: Section<'_, '_>) -> Option<Server> {
    let hostname = section
        .optional("hostname", value::domain)
        .unwrap_or_else(system_hostname);
    section.finish();
    Some(Server { hostname })
}

/// The system's own name, or `localhost` where it has none that a greeting may carry.
fn system_hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    value::domain(name.trim()).unwrap_or_else(|_| "localhost".to_owned())
}

fn listeners(reader: &mut Reader<'_>, folder: &Path) -> Option<Vec<Listen>> {
    let tables = reader.tables("listen");
    if tables.is_empty() && reader.is_clean() {
        reader.refuse_file("[[listen]] is missing", "mail has to come in somewhere");
    }
    let mut taken = Vec::new();
    let read: Vec<Option<Listen>> = tables
        .into_iter()
        .map(|table| {
            let section = reader.open("[[listen]]".to_owned(), Some(table));
            listen(section, folder, &mut taken)
        })
        .collect();
    read.into_iter()
        .collect::<Option<Vec<_>>>()
        .filter(|listeners| !listeners.is_empty())
}

fn listen(
    mut section: Section<'_, '_>,
    folder: &Path,
    taken: &mut Vec<SocketAddr>,
) -> Option<Listen> {
    let protocol = protocol(&mut section);
    let address = section.required("address", value::socket_address);
    if let Some(address) = address {
        // Port 0 is whichever is free.
        if address.port() != 0 && taken.contains(&address) {
            let message = "another listener has this address";
            section.refuse("address", message, "give each a port of its own");
        }
        taken.push(address);
    }
    let source = section.required_choice(
        "source",
        &[("inside", Side::Inside), ("outside", Side::Outside)],
    );
    let allow = section.required_list("allow", value::network);
    let xforward = section.list("xforward", value::network);
    let senders = section.choice("senders", &[("claimed", false), ("verified", true)]);
    if let (Some(Side::Outside), Some(true)) = (source, senders) {
        section.refuse(
            "senders",
            "nobody vouches for the senders of mail from outside",
            "only the listener of your own people's submission can say this",
        );
    }
    let certificate = certificate(&mut section, folder);
    let client_authority = section.optional("client_authority", value::path(folder));
    let bare_newline = section.choice(
        "bare_newline",
        &[
            ("refuse", BareNewline::Refuse),
            ("normalise", BareNewline::Normalise),
        ],
    );
    if client_authority.is_some() && certificate.is_none() {
        section.refuse(
            "client_authority",
            "client certificates need TLS, and this listener offers none",
            "set `certificate` and `private_key` too",
        );
    }
    let public = allow.iter().flatten().find(|network| network.is_public());
    if let (Some(Side::Inside), Some(network), None) = (source, public, &client_authority) {
        section.refuse(
            "allow",
            format!("anyone in {network} could send mail as one of your people"),
            "allow only your own servers' private addresses, or ask for client certificates with \
             `client_authority`",
        );
    }
    section.finish();
    Some(Listen {
        protocol: protocol?,
        address: address?,
        source: source?,
        allow: allow?,
        xforward: xforward?,
        senders_verified: senders?,
        certificate,
        client_authority,
        bare_newline: bare_newline?,
    })
}

fn protocol(section: &mut Section<'_, '_>) -> Option<Protocol> {
    let words = [
        ("smtp", Some(Protocol::Smtp)),
        ("lmtp", None::<Protocol>),
        ("milter", None),
    ];
    let protocol = section.choice("protocol", &words)?;
    if protocol.is_none() {
        section.refuse("protocol", "this protocol is not built yet", "use \"smtp\"");
    }
    protocol
}

fn certificate(section: &mut Section<'_, '_>, folder: &Path) -> Option<Certificate> {
    let chain = section.optional("certificate", value::path(folder));
    let private_key = section.optional("private_key", value::path(folder));
    match (chain, private_key) {
        (Some(chain), Some(private_key)) => Some(Certificate { chain, private_key }),
        (None, None) => None,
        (Some(_), None) => {
            let help = "name its PEM file with `private_key`";
            section.refuse(
                "certificate",
                "a certificate is of no use without its key",
                help,
            );
            None
        }
        (None, Some(_)) => {
            let help = "name its PEM file with `certificate`";
            section.refuse(
                "private_key",
                "a private key is of no use without a certificate",
                help,
            );
            None
        }
    }
}

fn relay(mut section: Section<'_, '_>, folder: &Path) -> Option<Relay> {
    let next_hop = section.required("next_hop", value::host_port);
    let policies = [
        ("none", TlsPolicy::None),
        ("opportunistic", TlsPolicy::Opportunistic),
        ("required", TlsPolicy::Required),
    ];
    let tls = section.optional("tls", |text| one_of(text, &policies));
    let tls_name = section.optional("tls_name", value::domain);
    let authority = section.optional("authority", value::path(folder));
    section.finish();
    let by_distance = by_distance(next_hop?);
    Some(Relay {
        tls: tls.unwrap_or(by_distance.tls),
        tls_name: tls_name.unwrap_or(by_distance.tls_name),
        authority,
        ..by_distance
    })
}

/// A server of which nothing more is said: only on this machine is it reached in clear.
fn by_distance(next_hop: HostPort) -> Relay {
    Relay {
        tls: match next_hop.is_loopback() {
            true => TlsPolicy::None,
            false => TlsPolicy::Required,
        },
        tls_name: next_hop.host.clone(),
        next_hop,
        authority: None,
    }
}

fn viewer(mut section: Section<'_, '_>, folder: &Path) -> Option<Viewer> {
    let address = section.required("address", value::socket_address);
    let certificate = certificate(&mut section, folder);
    let url = section.required("url", value::url);
    let aliases = section.list("aliases", value::url);
    let sender = section.required("sender", value::address);
    let help = section.optional("help", value::address);
    let next_hop = section.optional("next_hop", value::host_port);
    section.finish();
    Some(Viewer {
        address: address?,
        certificate,
        url: url?,
        aliases: aliases?,
        sender: sender?,
        help,
        next_hop: next_hop.map(by_distance),
    })
}

/// How long a letter opens when nothing says otherwise.
const SEAL_EXPIRES_AFTER: Duration = Duration::from_secs(30 * 86_400);

fn seal(mut section: Section<'_, '_>) -> Option<Seal> {
    let expires_after = section.optional("expires_after", value::duration);
    if expires_after.is_some_and(|duration| duration.is_zero()) {
        let help = "a whole number of at least one unit, as in \"30d\"";
        section.refuse(
            "expires_after",
            "a letter that expires at once opens for nobody",
            help,
        );
    }
    let notice_subject = section.choice(
        "notice_subject",
        &[
            ("kept", NoticeSubject::Kept),
            ("hidden", NoticeSubject::Hidden),
        ],
    );
    section.finish();
    Some(Seal {
        expires_after: expires_after.unwrap_or(SEAL_EXPIRES_AFTER),
        notice_subject: notice_subject?,
    })
}

/// How long mail waits for approval: as long as nothing says otherwise, and at most.
const HELD_LIFETIME: Duration = Duration::from_secs(5 * 86_400);
const HELD_LIFETIME_MAX: Duration = Duration::from_secs(30 * 86_400);

/// How often those who approve are told: unless something else is said, and at least and at most.
const HELD_TELL_EVERY: Duration = Duration::from_secs(15 * 60);
const HELD_TELL_EVERY_LEAST: Duration = Duration::from_secs(1);
const HELD_TELL_EVERY_MOST: Duration = Duration::from_secs(86_400);

/// The most who are told that mail waits: a list or a shared mailbox reaches more.
const HELD_TELL_MAX: usize = 10;

fn held(mut section: Section<'_, '_>, organisation: Option<&Organisation>) -> Option<Held> {
    let lifetime = section.optional("lifetime", value::duration);
    let lifetime = lifetime.unwrap_or(HELD_LIFETIME);
    if lifetime.is_zero() || lifetime > HELD_LIFETIME_MAX {
        let most = units::written_duration(HELD_LIFETIME_MAX.as_secs());
        let help = format!("from 1s to {most}; what nobody approves by then goes back");
        section.refuse("lifetime", "`lifetime` is out of bounds", &help);
    }
    let domains = organisation.map(|own| own.domains.as_slice());
    let tell = section.list("tell", |text| inside(text, domains));
    if tell.as_ref().is_some_and(|tell| tell.len() > HELD_TELL_MAX) {
        let message = format!("more than {HELD_TELL_MAX} addresses are told");
        section.refuse("tell", message, "name a shared mailbox or a list");
    }
    let tell_every = section.optional("tell_every", value::duration);
    let tell_every = tell_every.unwrap_or(HELD_TELL_EVERY);
    if tell_every < HELD_TELL_EVERY_LEAST || tell_every > HELD_TELL_EVERY_MOST {
        let least = units::written_duration(HELD_TELL_EVERY_LEAST.as_secs());
        let most = units::written_duration(HELD_TELL_EVERY_MOST.as_secs());
        let help = format!("from {least} to {most}; what comes meanwhile is told in one mail");
        section.refuse("tell_every", "`tell_every` is out of bounds", &help);
    }
    section.finish();
    Some(Held {
        lifetime,
        tell: tell?,
        tell_every,
    })
}

/// An address of the organisation: what waits, and why, is nobody else's business. Where the
/// domains could not be read, that is the mistake to mend first.
fn inside(text: &str, domains: Option<&[String]>) -> Result<mail::Address, Refusal> {
    let address = value::address(text)?;
    match domains {
        Some(domains) if !covers(domains, &address) => Err(Refusal::new(format!(
            "`{address}` is outside: who waits for approval, and why, is not told there"
        ))
        .help("name an address of one of the `[organisation] domains`")),
        _ => Ok(address),
    }
}

fn store(mut section: Section<'_, '_>, folder: &Path) -> Option<Store> {
    let records = section.required("records", value::place("sqlite", &["postgres"], folder));
    let blobs = section.required("blobs", value::place("file", &["s3"], folder));
    section.finish();
    Some(Store {
        records: records?,
        blobs: blobs?,
    })
}

fn keys(mut section: Section<'_, '_>, folder: &Path) -> Option<Keys> {
    let server = section.required("server", value::path(folder));
    let shred_keys = section.required("shred_keys", value::place("sqlite", &["postgres"], folder));
    section.finish();
    Some(Keys {
        server: server?,
        shred_keys: shred_keys?,
    })
}

fn rules(mut section: Section<'_, '_>, folder: &Path) -> Option<Rules> {
    let directory = section.required("directory", value::path(folder));
    let answers = [
        ("reject", Ambiguous::Reject),
        ("seal", Ambiguous::Seal),
        ("hold", Ambiguous::Hold),
        ("defer", Ambiguous::Defer),
        ("pass", Ambiguous::Pass),
    ];
    let ambiguous = section.optional("ambiguous", |text| one_of(text, &answers));
    section.finish();
    Some(Rules {
        directory: directory?,
        ambiguous: ambiguous.unwrap_or_default(),
    })
}

fn limits(mut section: Section<'_, '_>) -> Limits {
    let limits = Limits::read(&mut section);
    if limits.memory < limits.message_size {
        let help = "let `memory` hold at least one message of `message_size`";
        section.refuse(
            "memory",
            "no message of the largest size would ever fit",
            help,
        );
    }
    if limits.held_bytes < limits.message_size {
        let help = "let `held_bytes` hold at least one message of `message_size`";
        let message = "no message of the largest size could ever be held";
        section.refuse("held_bytes", message, help);
    }
    if limits.next_hop_final >= limits.answer_timeout {
        let help = "let `answer_timeout` be the longer one: else a slow 250 is never seen and the \
                    message is sent twice";
        section.refuse(
            "next_hop_final",
            "we would give up before the next hop may",
            help,
        );
    }
    section.finish();
    limits
}

fn monitor(mut section: Section<'_, '_>) -> Option<Option<Monitor>> {
    if !section.is_present() {
        section.finish();
        return Some(None);
    }
    let address = section.required("address", value::socket_address);
    if let Some(address) = address
        && Network::from(address.ip()).is_public()
    {
        section.refuse(
            "address",
            format!("anyone who reaches {address} could read the monitor: it has no login"),
            "listen on loopback or on a private address",
        );
    }
    section.finish();
    Some(Some(Monitor { address: address? }))
}

fn log(mut section: Section<'_, '_>) -> Option<Log> {
    let format = section.choice(
        "format",
        &[("text", LogFormat::Text), ("json", LogFormat::Json)],
    );
    let addresses = section.choice(
        "addresses",
        &[
            ("full", LogAddresses::Full),
            ("masked", LogAddresses::Masked),
        ],
    );
    section.finish();
    Some(Log {
        format: format?,
        addresses: addresses?,
    })
}
