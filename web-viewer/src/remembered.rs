//! The outlines of letters read of late, each closed under its letter's content key.
//!
//! They may be lost at any time: an outline that is not here is made anew. The server alone
//! cannot read them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use seal::LetterId;

use crate::settings::{OUTLINE_BYTES_MAX, OUTLINES_BYTES_MAX};

/// Closed outlines by letter.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    closed: HashMap<LetterId, (u64, Vec<u8>)>,
    bytes: usize,
    /// Counts up with each use; the lowest was used longest ago.
    uses: u64,
}

impl Remembered {
    /// The closed outline of a letter, if it is remembered.
    pub fn find(&self, letter: &LetterId) -> Option<Vec<u8>> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.uses += 1;
        let now = shelf.uses;
        let (used, closed) = shelf.closed.get_mut(letter)?;
        *used = now;
        Some(closed.clone())
    }

    /// Remembers a closed outline; those used longest ago make room.
    pub fn keep(&self, letter: LetterId, closed: Vec<u8>) {
        if closed.len() > OUTLINE_BYTES_MAX {
            return;
        }
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.forget(&letter);
        while shelf.bytes + closed.len() > OUTLINES_BYTES_MAX {
            let oldest = shelf.closed.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(letter, _)| *letter) else {
                break;
            };
            shelf.forget(&oldest);
        }
        shelf.uses += 1;
        let now = shelf.uses;
        shelf.bytes += closed.len();
        shelf.closed.insert(letter, (now, closed));
    }
}

impl Shelf {
    fn forget(&mut self, letter: &LetterId) {
        if let Some((_, closed)) = self.closed.remove(letter) {
            self.bytes -= closed.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(number: u32) -> LetterId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        LetterId::from_bytes(bytes)
    }

    #[test]
    fn the_one_used_longest_ago_makes_room() {
        let remembered = Remembered::default();
        let fits = (OUTLINES_BYTES_MAX / OUTLINE_BYTES_MAX) as u32;
        for number in 0..fits {
            remembered.keep(letter(number), vec![1; OUTLINE_BYTES_MAX]);
        }
        assert!(remembered.find(&letter(0)).is_some(), "all of them fit");
        remembered.keep(letter(fits), vec![1; OUTLINE_BYTES_MAX]);
        assert!(
            remembered.find(&letter(1)).is_none(),
            "1 was used longest ago"
        );
        assert!(remembered.find(&letter(0)).is_some() && remembered.find(&letter(2)).is_some());
        remembered.keep(letter(0), vec![2; 5]);
        assert_eq!(remembered.find(&letter(0)), Some(vec![2; 5]));
        let shelf = remembered.0.lock().unwrap();
        let held: usize = shelf.closed.values().map(|(_, closed)| closed.len()).sum();
        assert_eq!(shelf.bytes, held);
        assert!(held <= OUTLINES_BYTES_MAX);
    }

    #[test]
    fn one_that_is_too_long_is_not_remembered() {
        let remembered = Remembered::default();
        remembered.keep(letter(1), vec![1; OUTLINE_BYTES_MAX + 1]);
        assert!(remembered.find(&letter(1)).is_none());
        remembered.keep(letter(1), vec![1; OUTLINE_BYTES_MAX]);
        assert!(remembered.find(&letter(1)).is_some());
    }
}
