//! Ranges of addresses: who may connect. It resolves no names.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses, `10.0.0.0/8` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a range was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NetworkError {
    /// The part before the slash is no address.
    #[error("`{0}` is not an IP address or a range such as 10.0.0.0/8")]
    Address(String),
    /// The part after the slash is no length this address can have.
    #[error("`/{0}` is not a prefix length of this kind of address")]
    Prefix(String),
    /// There are bits behind the prefix, so that what was meant is not what was written.
    #[error("`{0}` has bits set behind its prefix length")]
    HostBits(String),
}

/// Ranges nobody reaches from the public network: loopback, private use, link-local.
const NOT_PUBLIC: [&str; 8] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

impl Network {
    /// Whether `address` lies in the range. An IPv4 address that arrives as `::ffff:a.b.c.d`
    /// counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        same_prefix(self.address, address.to_canonical(), self.prefix)
    }

    /// Whether an address of the range could be reached from the public network.
    pub fn is_public(&self) -> bool {
        let private = NOT_PUBLIC
            .iter()
            .filter_map(|range| range.parse::<Self>().ok());
        !private.into_iter().any(|range| {
            range.prefix <= self.prefix && same_prefix(range.address, self.address, range.prefix)
        })
    }
}

impl From<IpAddr> for Network {
    /// This address alone.
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        Self { address, prefix }
    }
}

fn same_prefix(left: IpAddr, right: IpAddr, prefix: u8) -> bool {
    match (left, right) {
        (IpAddr::V4(left), IpAddr::V4(right)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            (left.to_bits() ^ right.to_bits()) & mask == 0
        }
        (IpAddr::V6(left), IpAddr::V6(right)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            (left.to_bits() ^ right.to_bits()) & mask == 0
        }
        _ => false,
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| NetworkError::Address(text.to_owned()))?;
        let longest: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) => digits
                .parse::<u8>()
                .ok()
                .filter(|prefix| *prefix <= longest)
                .ok_or_else(|| NetworkError::Prefix(digits.to_owned()))?,
        };
        let host_bits = match address {
            IpAddr::V4(v4) => v4.to_bits().checked_shl(u32::from(prefix)).unwrap_or(0) != 0,
            IpAddr::V6(v6) => v6.to_bits().checked_shl(u32::from(prefix)).unwrap_or(0) != 0,
        };
        if host_bits {
            return Err(NetworkError::HostBits(text.to_owned()));
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}
