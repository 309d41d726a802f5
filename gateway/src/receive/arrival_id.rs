//! Our name for a message: short, readable over the telephone, in the order of arrival.
//! It is no secret and proves nothing.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Names one message on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArrivalId(u64);

/// Digits and letters without those that look alike (Crockford's base 32).
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Eleven digits, 55 bits, hold microseconds until the year 3111.
const LENGTH: usize = 11;

/// Text that is no id of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no id of a message")]
pub struct NoArrivalId;

/// The id given last.
static LAST: AtomicU64 = AtomicU64::new(0);

impl ArrivalId {
    /// The next one: the time in microseconds, or one more than the last where that is not later.
    /// So none is given twice on a host whose clock does not go back while we are down.
    // `next` is what it does; there is no iterator to confuse it with.
    #[allow(clippy::should_implement_trait)]
    pub fn next() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = u64::try_from(since.as_micros()).unwrap_or(u64::MAX / 2);
        let step = |last: u64| Some(now.max(last + 1));
        let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        Self(now.max(last.unwrap_or_default() + 1))
    }
}

impl FromStr for ArrivalId {
    type Err = NoArrivalId;

    /// Reads what [`fmt::Display`] wrote.
    fn from_str(text: &str) -> Result<Self, NoArrivalId> {
        let value = |byte: u8| DIGITS.iter().position(|digit| *digit == byte);
        let number = text.bytes().try_fold(0u64, |number, byte| {
            number.checked_mul(32)?.checked_add(value(byte)? as u64)
        });
        let number = number.filter(|_| text.len() == LENGTH);
        number.map(Self).ok_or(NoArrivalId)
    }
}

impl fmt::Display for ArrivalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |place: u32| DIGITS[(self.0 >> (5 * place)) as usize & 31];
        (0..LENGTH as u32)
            .rev()
            .try_for_each(|place| write!(f, "{}", char::from(digit(place))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn an_id_is_read_as_it_was_written() {
        let id = ArrivalId::next();
        assert_eq!(id.to_string().parse(), Ok(id));
        let same: &str = &id.to_string();
        for wrong in [
            "",
            &same[1..],
            &format!("{same}0"),
            "ILOU0000000",
            "-0000000000",
        ] {
            assert_eq!(wrong.parse::<ArrivalId>(), Err(NoArrivalId), "{wrong}");
        }
    }

    #[test]
    fn ids_are_never_repeated_and_sort_by_arrival() {
        let one_thread = || (0..10_000).map(|_| ArrivalId::next()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(one_thread)).collect();
        let runs: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        assert!(runs.iter().all(|run| run.is_sorted()));
        let all: HashSet<String> = runs.iter().flatten().map(ToString::to_string).collect();
        assert_eq!(all.len(), 40_000);
        assert!(all.iter().all(|id| id.len() == 11));
    }
}
