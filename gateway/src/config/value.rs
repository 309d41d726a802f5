//! The kinds of value a key may hold, each read in one place: times, sizes, networks, names.
//! A reader here knows the value alone, never the key or the file.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Network;
use super::read::Refusal;
use rules::units;

/// A host, by name or address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl HostPort {
    /// Whether the way there never leaves this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// `15m`, `30d`: a whole number and one unit.
pub(super) fn duration(text: &str) -> Result<Duration, Refusal> {
    units::duration(text)
        .map(Duration::from_secs)
        .ok_or_else(|| {
            Refusal::new(format!("`{text}` is not a duration")).help(format!(
                "a whole number and a unit ({}), as in \"15m\"",
                units::DURATION_UNITS
            ))
        })
}

/// `25MiB`: a whole number and one unit.
pub(super) fn size(text: &str) -> Result<u64, Refusal> {
    units::size(text).ok_or_else(|| {
        Refusal::new(format!("`{text}` is not a size")).help(format!(
            "a whole number and a unit ({}), as in \"25MiB\"",
            units::SIZE_UNITS
        ))
    })
}

/// Any text that shows something.
pub(super) fn words(text: &str) -> Result<String, Refusal> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(Refusal::new(
            "this needs at least one visible character on one line",
        ));
    }
    Ok(text.to_owned())
}

/// A domain or host name, lower-cased.
pub(super) fn domain(text: &str) -> Result<String, Refusal> {
    let bad_label = |label: &str| {
        label.is_empty()
            || label.len() > 63
            || label.starts_with('-')
            || label.ends_with('-')
            || label
                .chars()
                .any(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '-')
    };
    if text.len() > 253 || text.split('.').any(bad_label) {
        return Err(Refusal::new(format!("`{text}` is not a domain name"))
            .help("letters, digits and hyphens between dots, as in \"corp.example\""));
    }
    Ok(text.to_lowercase())
}

/// A GUID, lower-cased, without braces.
pub(super) fn guid(text: &str) -> Result<String, Refusal> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hexadecimal = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if lengths != [8, 4, 4, 4, 12] || !groups.iter().all(hexadecimal) {
        return Err(Refusal::new(format!("`{text}` is not a GUID"))
            .help("32 hexadecimal digits in groups of 8-4-4-4-12"));
    }
    Ok(text.to_ascii_lowercase())
}

/// A mail address.
pub(super) fn address(text: &str) -> Result<mail::Address, Refusal> {
    mail::Address::parse(text)
        .map_err(|error| Refusal::new(format!("`{text}` is not a mail address: {error}")))
}

/// `127.0.0.1:10025`: where to listen.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, Refusal> {
    text.parse().map_err(|_| {
        Refusal::new(format!("`{text}` is not an address and a port"))
            .help("an IP address and a port, as in \"127.0.0.1:10025\" or \"[::1]:10025\"")
    })
}

/// `mx.corp.example:25`: where to connect to.
pub(super) fn host_port(text: &str) -> Result<HostPort, Refusal> {
    let refuse = || {
        Refusal::new(format!("`{text}` is not a host and a port"))
            .help("a host name or address and a port, as in \"127.0.0.1:10026\"")
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(refuse)?;
    let port = port
        .parse::<u16>()
        .ok()
        .filter(|port| *port != 0)
        .ok_or_else(refuse)?;
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(inner) if inner.parse::<std::net::Ipv6Addr>().is_ok() => inner.to_owned(),
        Some(_) => return Err(refuse()),
        None => domain(host).map_err(|_| refuse())?,
    };
    Ok(HostPort { host, port })
}

/// An address range.
pub(super) fn network(text: &str) -> Result<Network, Refusal> {
    text.parse().map_err(|error: super::NetworkError| {
        Refusal::new(error.to_string())
            .help("for example \"127.0.0.0/8\", \"10.1.0.0/16\" or \"::1\"")
    })
}

/// `https://mail.corp.example/letters`, without its last slash. Plain `http` only for loopback.
pub(super) fn url(text: &str) -> Result<String, Refusal> {
    let refuse = |why: &str| {
        Refusal::new(format!("`{text}` {why}")).help("for example \"https://mail.corp.example\"")
    };
    let (scheme, rest) = text
        .split_once("://")
        .ok_or_else(|| refuse("is not a URL"))?;
    let odd = |c: char| c.is_control() || c.is_whitespace() || "?#@\"'<>\\".contains(c);
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.is_empty() || rest.contains(odd) {
        return Err(refuse("is not a URL links can begin with"));
    }
    let host = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    let loopback = HostPort {
        host: host.to_lowercase(),
        port: 0,
    }
    .is_loopback();
    match scheme {
        "https" => Ok(text.trim_end_matches('/').to_owned()),
        "http" if loopback => Ok(text.trim_end_matches('/').to_owned()),
        "http" => Err(refuse("would carry letters and codes in clear")),
        _ => Err(refuse("is neither https nor http")),
    }
}

/// A path; a relative one is under `folder`.
pub(super) fn path(folder: &Path) -> impl Fn(&str) -> Result<PathBuf, Refusal> + '_ {
    move |text| match text.is_empty() || text.contains('\0') {
        true => Err(Refusal::new("this is not a path")),
        false => Ok(folder.join(text)),
    }
}

/// `sqlite:PATH` or `file:PATH`: a kind of store and where it is.
pub(super) fn place<'a>(
    kind: &'a str,
    later: &'a [&'a str],
    folder: &'a Path,
) -> impl Fn(&str) -> Result<String, Refusal> + 'a {
    move |text| {
        let for_example = format!("for example \"{kind}:/var/lib/sealgate/…\"");
        if let Some(scheme) = later.iter().find(|scheme| text.starts_with(**scheme)) {
            return Err(Refusal::new(format!("`{scheme}` is not built yet")).help(for_example));
        }
        let path = text
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix(':'));
        match path.filter(|path| !path.is_empty() && !path.contains(['\0', '?'])) {
            Some(path) => Ok(format!("{kind}:{}", folder.join(path).display())),
            None => Err(
                Refusal::new(format!("`{text}` names no place to keep things in"))
                    .help(for_example),
            ),
        }
    }
}
