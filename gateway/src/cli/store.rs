//! What commands about the store share: configuration, key and store are opened, the work is done,
//! the store is closed. It decides nothing.

use super::{ConfigArgument, OK, Output, failed};
use crate::assemble::{self, StartError};
use crate::config::Config;
use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use store::{Store, StoreError};

/// Does `work` with the store of a configuration.
pub(super) fn with_store<E>(
    argument: &ConfigArgument,
    output: &mut Output,
    work: impl AsyncFnOnce(&Store, &mut Output) -> Result<(), E>,
) -> ExitCode
where
    E: Error + From<StartError> + From<StoreError> + From<io::Error>,
{
    let config = match Config::load(&argument.config) {
        Ok(config) => config,
        Err(mistakes) => {
            for mistake in mistakes {
                output.complain(mistake.render());
            }
            return failed();
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = async |output: &mut Output| {
        let key = Arc::new(assemble::read_key(&config.keys.server)?);
        let store = assemble::open_store(&config, &key).await?;
        let done = work(&store, output).await;
        store.close().await;
        done
    };
    match runtime
        .map_err(E::from)
        .and_then(|rt| rt.block_on(done(output)))
    {
        Ok(()) => OK,
        Err(error) => output.fail(&error),
    }
}

/// Who acts, for the audit log: the login behind this command.
pub(super) fn operator() -> String {
    let name = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
    format!("operator {}", name.unwrap_or_else(|_| "unknown".to_owned()))
}
