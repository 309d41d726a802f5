//! The commands, one file each. A command reads its files, calls what the gateway calls, and
//! prints; it never holds logic of its own that `serve` would lack.

pub mod check;
pub mod demo;
pub mod explain;
pub mod held;
pub mod keys;
mod listed;
mod mail_file;
pub mod messages;
mod output;
mod preview;
mod rule_set;
pub mod serve;
mod store;
pub mod test;

pub use output::Output;

use std::path::PathBuf;
use std::process::ExitCode;

/// Where the configuration stands when `--config` does not say.
pub const CONFIG_DEFAULT: &str = "/etc/sealgate/sealgate.toml";

/// What `sealgate` can be asked to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the gateway until SIGTERM; SIGHUP reads the rules again
    Serve(serve::Serve),
    /// Show everything on loopback with nothing to configure
    Demo(demo::Demo),
    /// Check configuration, rules and labels: every mistake at once
    Check(check::Check),
    /// Run the case files beside the rules
    Test(test::Test),
    /// Say what would happen to a message, to whom, and why
    Explain(explain::Explain),
    /// List, show, revoke, extend and purge sealed letters
    Messages(messages::Messages),
    /// List, show, export, release and reject mail that waits for approval, or undo that
    Held(held::HeldMail),
    /// Make a server key
    Keys(keys::Keys),
}

/// How a command says what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON object a line, whose names stay.
    Json,
}

/// `--config`, on every command that reads it.
#[derive(Debug, clap::Args)]
pub struct ConfigArgument {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = CONFIG_DEFAULT, global = true)]
    pub config: PathBuf,
}

/// 0: as asked.
pub(crate) const OK: ExitCode = ExitCode::SUCCESS;

/// 1: a check failed.
pub(crate) fn failed() -> ExitCode {
    ExitCode::from(1)
}

/// 2: it was asked for what cannot be, as with a wrong argument.
pub(crate) fn misused() -> ExitCode {
    ExitCode::from(2)
}

/// So many of something.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// An error and its causes on one line; a cause that repeats its effect is left out.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !out.contains(&text) {
            out.push_str(": ");
            out.push_str(&text);
        }
        cause = inner.source();
    }
    out
}
