//! `sealgate keys generate FILE`: a server key, mode 0600. It never overwrites.

use super::{OK, Output};
use crate::system::SystemEntropy;
use seal::ServerKey;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `keys`.
#[derive(Debug, clap::Args)]
pub struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a new server key; an existing file is never overwritten
    Generate {
        /// Where it goes, mode 0600
        file: PathBuf,
    },
}

/// Runs the command.
pub fn run(keys: &Keys, output: &mut Output) -> ExitCode {
    let Action::Generate { file } = &keys.action;
    match generate(file) {
        Ok(()) => {
            let wrote = file.display();
            output.say(format_args!(
                "wrote {wrote}; back it up apart from the store"
            ));
            OK
        }
        Err(error) => output.fail(&error),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot write key file `{}`", path.display())]
struct KeyFileError {
    path: PathBuf,
    source: io::Error,
}

fn generate(path: &Path) -> Result<(), KeyFileError> {
    let failed = |source| KeyFileError {
        path: path.to_owned(),
        source,
    };
    let key = ServerKey::generate(&mut SystemEntropy);
    let mut options = OpenOptions::new();
    // create_new: losing a server key closes every letter under it for ever.
    let opened = options.write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => failed(io::Error::new(
            error.kind(),
            "it is there already, and a server key is never overwritten",
        )),
        _ => failed(error),
    })?;
    file.write_all(key.to_text().as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = std::fs::File::open(parent.unwrap_or(Path::new("."))).map_err(failed)?;
    directory.sync_all().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_private_and_never_overwritten() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("server.key");
        generate(&path).expect("the first key");
        let first = std::fs::read(&path).expect("the key");
        let mode = std::fs::metadata(&path)
            .expect("its mode")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(
            generate(&path).is_err(),
            "a second key took the first one's place"
        );
        assert_eq!(std::fs::read(&path).expect("the key"), first);
    }
}
