//! Connections that wait for their next message. There are never more at one time than the limit,
//! those in use included: one is opened only when none waits, and only with a permit.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;

/// The connections nobody uses now; the one used last is taken first.
#[derive(Debug, Default)]
pub(super) struct Pool {
    waiting: Mutex<Vec<(Instant, Connection)>>,
}

impl Pool {
    /// A connection that has not waited longer than `idle`.
    pub(super) fn take(&self, idle: Duration) -> Option<Connection> {
        let (since, connection) = self.waiting().pop()?;
        // Those below have waited even longer; the sweep will send them off.
        (since.elapsed() < idle).then_some(connection)
    }

    /// Keeps a connection for the next message, if it can take one.
    pub(super) fn keep(&self, connection: Connection) {
        if connection.is_ready() {
            self.waiting().push((Instant::now(), connection));
        }
    }

    /// Forgets all: the next hop was restarted, or is about to be left.
    pub(super) fn empty(&self) -> Vec<Connection> {
        self.waiting()
            .drain(..)
            .map(|(_, connection)| connection)
            .collect()
    }

    /// Those that have waited longer than `idle`.
    pub(super) fn overdue(&self, idle: Duration) -> Vec<Connection> {
        let mut waiting = self.waiting();
        let fresh = waiting.partition_point(|(since, _)| since.elapsed() >= idle);
        waiting
            .drain(..fresh)
            .map(|(_, connection)| connection)
            .collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(Instant, Connection)>> {
        // A push or pop is whole or did not happen.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
