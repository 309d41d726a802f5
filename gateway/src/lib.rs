//! The gateway: everything between a mail server that hands a message over and the next hop that
//! takes it. The stations stand here in the order in which a message meets them.
//! Nothing here decides what a message may do; that is the `rules` crate's.

// These macros panic where nobody reads any more; `cli::Output` does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod assemble;
pub mod config;
pub mod policies;
pub mod site;
pub mod system;
pub mod tls;

mod receipt;
pub mod receive;

pub mod pipeline;

mod admit;
mod inspect;
mod served;
mod thread;
mod thread_label;

mod apply;
mod sealing;
mod trace;

mod carry;
pub mod deliver;
mod held;
mod hold;
mod keep;

mod maintain;
mod monitor;
mod pages;
mod record;
mod tell;

mod answer;
mod attachments;

pub mod mailer;
pub mod outbox;
pub mod own_mail;

pub mod cli;
pub mod demo;
