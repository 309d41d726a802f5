//! What can go wrong in the store, and whether trying again may help.
//! No error holds keys, message text or a link.

use seal::OpenError;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A database did not do it.
    #[error("cannot {doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
    /// A database could not be brought to its form.
    #[error("cannot bring the {database} database to its form")]
    Migration {
        /// Which one.
        database: &'static str,
        /// Why not.
        #[source]
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// The place of sealed letters did not do it.
    #[error("cannot {doing}")]
    Blob {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: object_store::Error,
    },
    /// A file or folder of the store could not be made.
    #[error("cannot {doing}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A location in the configuration that this build cannot use.
    #[error("cannot use `{location}`: {why}")]
    Location {
        /// As configured.
        location: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A record that is not as it was written: changed, or marked under a key that is gone.
    #[error("{what} is not as it was written")]
    Changed {
        /// Which kind of record.
        what: &'static str,
    },
    /// A closed record that the server key does not open.
    #[error("cannot open {what}")]
    Closed {
        /// Which kind of record.
        what: &'static str,
        /// Why not.
        #[source]
        source: OpenError,
    },
    /// More than a named limit allows.
    #[error("{what} exceeds the limit of {limit}")]
    Limit {
        /// What exceeds it.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The name is taken: ids are random, so this is the same thing put twice.
    #[error("{what} is there already")]
    Exists {
        /// What is there.
        what: &'static str,
    },
    /// Others changed it again and again meanwhile.
    #[error("{what} was changed by others meanwhile")]
    Raced {
        /// What was changed.
        what: &'static str,
    },
    /// The outbox has no room now.
    #[error("the outbox is full: it holds {limit} items")]
    Full {
        /// The limit.
        limit: u64,
    },
    /// As much mail waits for approval as may.
    #[error("no more mail can be held: as much as may waits for approval")]
    HeldFull,
    /// As much mail of one sender waits for approval as may.
    #[error("no more mail of this sender can be held: their share waits for approval")]
    HeldShareFull,
    /// Mail that waits for approval and cannot be dealt with.
    #[error("held mail `{id}` cannot be read")]
    Held {
        /// Which.
        id: seal::HeldId,
        /// Why not.
        #[source]
        source: Box<StoreError>,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Stopped,
}

impl StoreError {
    /// Whether the same call may succeed later. The sender is asked to try again in either case,
    /// since a fault of ours never refuses mail for good; this says whether to alarm somebody.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Held { source, .. } => source.is_transient(),
            Self::Database { .. }
            | Self::Blob { .. }
            | Self::File { .. }
            | Self::Raced { .. }
            | Self::Full { .. }
            | Self::HeldFull
            | Self::HeldShareFull
            | Self::Stopped => true,
            Self::Migration { .. }
            | Self::Location { .. }
            | Self::Changed { .. }
            | Self::Closed { .. }
            | Self::Limit { .. }
            | Self::Exists { .. } => false,
        }
    }
}

/// Puts what was being done in front of a database's error.
pub(crate) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { doing, source }
}

/// Says that the name is taken, where that was a database's reason.
pub(crate) fn taken(what: &'static str) -> impl FnOnce(StoreError) -> StoreError {
    move |error| match &error {
        StoreError::Database {
            source: sqlx::Error::Database(why),
            ..
        } if why.is_unique_violation() => StoreError::Exists { what },
        _ => error,
    }
}
