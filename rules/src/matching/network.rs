//! Addresses of peers: one, a network, or a range.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A set of ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Networks(Vec<(IpAddr, IpAddr)>);

impl Networks {
    /// Reads every text; on failure says which one is to blame.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, usize> {
        let ranges = texts
            .into_iter()
            .enumerate()
            .map(|(at, text)| range(text).ok_or(at));
        ranges.collect::<Result<_, _>>().map(Self)
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0
            .iter()
            .any(|(first, last)| *first <= address && address <= *last)
    }
}

fn range(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Some((first, last)) = text.split_once('-') {
        let first: IpAddr = first.trim().parse().ok()?;
        let last: IpAddr = last.trim().parse().ok()?;
        let valid = first.is_ipv4() == last.is_ipv4() && first <= last;
        return valid.then_some((first.to_canonical(), last.to_canonical()));
    }
    let Some((address, length)) = text.split_once('/') else {
        let one = text.parse::<IpAddr>().ok()?.to_canonical();
        return Some((one, one));
    };
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(length).unwrap_or(0);
            let first = u32::from(address);
            let valid = length <= 32 && first & host == 0;
            let last = Ipv4Addr::from(first | host);
            valid.then_some((IpAddr::V4(address), IpAddr::V4(last)))
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(length).unwrap_or(0);
            let first = u128::from(address);
            let valid = length <= 128 && first & host == 0;
            let last = Ipv6Addr::from(first | host);
            valid.then_some((IpAddr::V6(address), IpAddr::V6(last)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_network_a_range() {
        let texts = [
            "192.0.2.7",
            "10.0.0.0/8",
            "172.16.0.1-172.16.0.9",
            "2001:db8::/32",
        ];
        let networks = Networks::new(texts).unwrap();
        let holds = |text: &str| networks.contains(text.parse().unwrap());
        for inside in [
            "192.0.2.7",
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.9",
            "2001:db8:ffff::1",
        ] {
            assert!(holds(inside), "{inside}");
        }
        for outside in [
            "192.0.2.8",
            "11.0.0.0",
            "9.255.255.255",
            "172.16.0.10",
            "2001:db9::",
        ] {
            assert!(!holds(outside), "{outside}");
        }
        assert!(
            holds("::ffff:10.1.2.3"),
            "IPv4 inside IPv6 is the same peer"
        );
        assert!(
            Networks::new(["0.0.0.0/0"])
                .unwrap()
                .contains("1.2.3.4".parse().unwrap())
        );
        assert!(
            Networks::new(["::/0"])
                .unwrap()
                .contains("2001::".parse().unwrap())
        );
    }

    #[test]
    fn what_is_no_network_is_named() {
        let wrong = [
            "10.0.0.1/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.9-10.0.0.1",
            "1.2.3.4-::1",
            "x",
            "1.2.3",
        ];
        for wrong in wrong {
            assert_eq!(Networks::new(["1.2.3.4", wrong]), Err(1), "{wrong}");
        }
    }
}
