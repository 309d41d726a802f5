//! One alarm per connection, set anew before every wait without touching the timer wheel: most
//! waits end long before their time, and the alarm is moved only when it rings too early.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The time is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TimedOut;

/// When a wait is over.
#[derive(Debug)]
pub(crate) struct Deadline {
    until: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl Deadline {
    /// A deadline `after` from now.
    pub(crate) fn new(after: Duration) -> Self {
        let until = Instant::now() + after;
        Self {
            until,
            alarm: Box::pin(sleep_until(until)),
        }
    }

    /// Moves the deadline to `after` from now.
    pub(crate) fn set(&mut self, after: Duration) {
        self.set_until(Instant::now() + after);
    }

    /// Moves the deadline to a moment.
    pub(crate) fn set_until(&mut self, until: Instant) {
        self.until = until;
        // An alarm that rings too early moves itself; one that would ring too late must be moved.
        if until < self.alarm.deadline() {
            self.alarm.as_mut().reset(until);
        }
    }

    /// What `work` gives, unless the time is over first.
    pub(crate) async fn guard<T>(&mut self, work: impl Future<Output = T>) -> Result<T, TimedOut> {
        let mut work = std::pin::pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(done));
            }
            while self.alarm.as_mut().poll(context).is_ready() {
                if Instant::now() >= self.until {
                    return Poll::Ready(Err(TimedOut));
                }
                self.alarm.as_mut().reset(self.until);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_deadline_rings_when_it_is_due() {
        let mut deadline = Deadline::new(SHORT);
        assert_eq!(deadline.guard(pending::<()>()).await, Err(TimedOut));
    }

    #[tokio::test]
    async fn a_deadline_moved_forward_rings_earlier_and_moved_back_later() {
        let mut deadline = Deadline::new(LONG);
        deadline.set(SHORT);
        assert_eq!(deadline.guard(pending::<()>()).await, Err(TimedOut));
        deadline.set(LONG);
        let slow = async { tokio::time::sleep(SHORT * 3).await };
        assert_eq!(deadline.guard(slow).await, Ok(()));
        deadline.set(SHORT);
        assert_eq!(deadline.guard(pending::<()>()).await, Err(TimedOut));
    }
}
