//! The gateway: everything between a mail server that hands a message over and the next hop that
//! takes it. The order of the modules is the order in which a message meets them.
//! Nothing here decides what a message may do; that is the `rules` crate's.

pub mod config;
pub mod tls;

pub mod receive;

pub mod pipeline;

pub mod inspect;

pub mod deliver;
