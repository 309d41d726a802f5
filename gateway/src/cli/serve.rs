//! `sealgate serve`: runs the gateway until it is told to stop. SIGTERM and SIGINT drain and end;
//! SIGHUP reads the rules again, as they stand.

use super::{ConfigArgument, OK, Output, failed};
use crate::assemble::{self, Running, StartError};
use crate::config::{Config, LogFormat};
use crate::maintain;
use crate::policies::{Refusal, Trigger};
use crate::system;
use std::io::IsTerminal;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    #[command(flatten)]
    config: ConfigArgument,
}

#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("cannot use the rules")]
    Rules(#[from] Refusal),
    #[error("cannot start")]
    Start(#[from] StartError),
    #[error("cannot listen for signals or start threads")]
    System(#[from] std::io::Error),
}

/// Runs the command.
pub fn run(serve: &Serve, output: &mut Output) -> ExitCode {
    let hardened = system::harden();
    let config = match Config::load(&serve.config.config) {
        Ok(config) => config,
        Err(mistakes) => {
            for mistake in mistakes {
                output.complain(mistake.render());
            }
            return failed();
        }
    };
    log(config.log.format);
    if !hardened.no_core_dumps {
        tracing::warn!("core dumps could not be turned off; a crash may write letters to disk");
    }
    if !hardened.memory_locked {
        tracing::info!("memory is not locked: encrypt swap, or raise the limit on locked memory");
    }
    match runtime().and_then(|runtime| runtime.block_on(serve_until_told(&config))) {
        Ok(()) => OK,
        Err(error) => output.fail(&error),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, ServeError> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// The log goes to standard error, where systemd and containers look for it.
pub(super) fn log(format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SEALGATE_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A full disk under the log must not end a session: complaining of it on the same standard
        // error would panic, after the next hop has taken the message and before its sender knows.
        .log_internal_errors(false)
        // In a file or a journal colours are noise between a field and the one who greps for it.
        .with_ansi(colours)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => subscriber.with_target(false).init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
}

async fn serve_until_told(config: &Config) -> Result<(), ServeError> {
    let policies = assemble::policies(config)?;
    let live = policies.current();
    if live.policy.is_empty() {
        tracing::warn!("the rules directory is empty: every message passes unchanged");
    }
    let key = assemble::read_key(&config.keys.server)?;
    let mut signals = Signals::open()?;
    let running = assemble::start(config, key, policies).await?;
    for address in &running.listeners {
        tracing::info!(%address, "taking mail");
    }
    if let Some(monitor) = running.monitor {
        tracing::info!(%monitor, "answering probes");
    }
    tracing::info!(viewer = %running.viewer, rules = live.policy.rules_count(), "ready");
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    signals.serve(&running).await;
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    tracing::info!("draining");
    running.stop().await;
    Ok(())
}

/// The signals a service listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

impl Signals {
    fn open() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
        })
    }

    /// Returns when the service is to end.
    async fn serve(&mut self, running: &Running) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.reload.recv() => {
                    maintain::tell_reload(running.site.policies.reload(Trigger::Operator));
                }
            }
        }
    }
}
