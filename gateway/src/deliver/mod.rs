//! The next hop: connections, and what it answered for each recipient.
