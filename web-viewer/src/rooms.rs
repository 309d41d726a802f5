//! Work of which so much is under way at once: in all, and for each reader's mailbox. Who finds no
//! room is told at once, and waits nowhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::mailbox::Mailbox;

/// So many rooms, and how many of them one mailbox may have.
pub(crate) struct Rooms {
    all: Arc<Semaphore>,
    of_one: Arc<Mutex<HashMap<Mailbox, usize>>>,
    of_one_max: usize,
}

impl Rooms {
    pub fn new(at_once: usize, of_one_max: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(at_once)),
            of_one: Arc::default(),
            of_one_max,
        }
    }

    /// Room for one more, if there is any.
    pub fn room(&self, mailbox: &Mailbox) -> Option<Room> {
        let place = self.all.clone().try_acquire_owned().ok()?;
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_one.entry(mailbox.clone()).or_default();
        if *count == self.of_one_max {
            return None;
        }
        *count += 1;
        Some(Room {
            mailbox: mailbox.clone(),
            of_one: self.of_one.clone(),
            _place: place,
        })
    }
}

/// Room for one, given back when it is over.
pub(crate) struct Room {
    mailbox: Mailbox,
    of_one: Arc<Mutex<HashMap<Mailbox, usize>>>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = of_one.get_mut(&self.mailbox) {
            *count -= 1;
            if *count == 0 {
                of_one.remove(&self.mailbox);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_in_all_and_of_each_reader_and_given_back() {
        let rooms = Rooms::new(3, 2);
        let [one, other, third] = ["one", "other", "third"].map(Mailbox::of);
        let mut taken = vec![rooms.room(&one), rooms.room(&one)];
        assert!(taken.iter().all(Option::is_some));
        assert!(rooms.room(&one).is_none(), "he has all of his");
        taken.push(rooms.room(&other));
        assert!(taken[2].is_some(), "another has his");
        assert!(rooms.room(&third).is_none(), "and all are taken");
        taken.pop();
        assert!(rooms.room(&third).is_some());
        taken.clear();
        assert!(rooms.of_one.lock().unwrap().is_empty());
    }
}
