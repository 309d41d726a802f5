//! Who is connected: so many at one time, so many from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wire::Reply;

/// The guest book.
#[derive(Debug)]
pub(super) struct Guests {
    connections_max: usize,
    per_peer_max: usize,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    total: usize,
    peers: HashMap<IpAddr, usize>,
}

/// One guest; leaves when dropped.
#[derive(Debug)]
pub(super) struct Guest<'g> {
    guests: &'g Guests,
    address: IpAddr,
}

impl Guests {
    pub(super) fn new(connections_max: usize, per_peer_max: usize) -> Self {
        Self {
            connections_max,
            per_peer_max,
            book: Mutex::default(),
        }
    }

    /// Lets one in, or says why not.
    pub(super) fn enter(&self, address: IpAddr) -> Result<Guest<'_>, Reply> {
        let mut book = self.book();
        if book.total >= self.connections_max {
            return Err(Reply::new(
                421,
                "4.3.2",
                "too many connections, try again later",
            ));
        }
        let from_peer = book.peers.entry(address).or_default();
        if *from_peer >= self.per_peer_max {
            return Err(Reply::new(
                421,
                "4.7.0",
                "too many connections from your address",
            ));
        }
        *from_peer += 1;
        book.total += 1;
        Ok(Guest {
            guests: self,
            address,
        })
    }

    /// How many are in.
    pub(super) fn count(&self) -> usize {
        self.book().total
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Counting cannot stop halfway, so what a panicking thread left behind still adds up.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        let mut book = self.guests.book();
        book.total -= 1;
        if let Some(count) = book.peers.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                book.peers.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_one_time_and_so_many_from_one_address() {
        let guests = Guests::new(3, 2);
        let [one, two] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let first = guests.enter(one).unwrap();
        let _second = guests.enter(one).unwrap();
        assert_eq!(
            guests.enter(one).unwrap_err().text,
            "too many connections from your address"
        );
        let _third = guests.enter(two).unwrap();
        assert_eq!(guests.enter(two).unwrap_err().code, 421);
        drop(first);
        let _fourth = guests.enter(two).unwrap();
        assert!(guests.enter(one).is_err(), "three are in again");
        drop((_second, _third, _fourth));
        assert!(guests.book().peers.is_empty() && guests.count() == 0);
    }
}
