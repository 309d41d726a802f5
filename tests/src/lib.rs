//! The end-to-end harness: it starts the real `sealgate`, stands before and behind it, and
//! reads letters in a real browser. It never reaches beyond loopback or into the gateway's memory.

pub mod browser;
pub mod canary;
pub mod corpus;
pub mod gateway;
pub mod hop;
pub mod letter;
pub mod load;
pub mod place;
pub mod postfix;
pub mod reading;
pub mod sender;
pub mod sink;
pub mod tidy;
pub mod tls;
pub mod visitor;
