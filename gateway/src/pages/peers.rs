//! How many connections one address has open, so that one peer cannot hold them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Who is connected, by address: IPv6 by the network of 64 bits that one subscriber has.
#[derive(Debug, Clone)]
pub struct Peers {
    of_one_max: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection of a peer; it is over when dropped.
#[derive(Debug)]
pub struct Peer {
    network: IpAddr,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Peers {
    /// So many connections of one address.
    pub fn new(of_one_max: usize) -> Self {
        Self {
            of_one_max,
            open: Arc::default(),
        }
    }

    /// Lets one in, unless as many are in from there.
    pub fn enter(&self, address: IpAddr) -> Option<Peer> {
        let network = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        if *count >= self.of_one_max {
            return None;
        }
        *count += 1;
        let open = Arc::clone(&self.open);
        Some(Peer { network, open })
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        address => address,
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_from_one_address_and_from_one_network() {
        let peers = Peers::new(2);
        let enter = |address: &str| peers.enter(address.parse().unwrap());
        let (first, _second) = (enter("192.0.2.1"), enter("::ffff:192.0.2.1"));
        assert!(first.is_some() && _second.is_some());
        assert!(enter("192.0.2.1").is_none(), "it has all of its own");
        assert!(enter("192.0.2.2").is_some(), "another has his");
        drop(first);
        assert!(enter("192.0.2.1").is_some());
        let _six = [enter("2001:db8::1"), enter("2001:db8::2:3")];
        assert!(enter("2001:db8:0:0:ffff::").is_none(), "the same network");
        assert!(enter("2001:db8:0:1::1").is_some(), "the next one");
        drop((_second, _six));
        assert!(peers.open.lock().unwrap().is_empty());
    }
}
