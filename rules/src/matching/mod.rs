//! How texts, addresses and networks are compared with what a rule names.
//!
//! Every matcher is built once, at load, and matching is linear in the text.

mod composed;
pub(crate) mod html;
mod network;
mod party;
mod pattern;
mod words;

pub(crate) use composed::composed;
pub(crate) use network::Networks;
pub(crate) use party::{Domains, Parties, PartyError, Where};
pub(crate) use pattern::{PATTERN_LENGTH_MAX, PatternError, Patterns};
pub(crate) use words::{Words, plain};
