//! A directory with rules, a configuration and a key, and the commands run in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// One admin's files.
pub struct Office {
    folder: TempDir,
}

impl Office {
    /// With one rule file.
    pub fn with_rules(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let office = Self { folder };
        for name in ["rules", "data"] {
            fs::create_dir(office.path(name)).unwrap();
        }
        office.write("rules/50-test.toml", rules);
        office.write("sealgate.toml", &office.configuration());
        office
    }

    /// The configuration, none of whose ports is ever opened here.
    pub fn configuration(&self) -> String {
        let folder = self.folder.path().display();
        format!(
            "[organisation]\nname = \"Corp\"\ndomains = [\"corp.example\"]\n\
             [[listen]]\nprotocol = \"smtp\"\naddress = \"127.0.0.1:10025\"\nsource = \"inside\"\n\
             allow = [\"127.0.0.0/8\"]\n[relay]\nnext_hop = \"127.0.0.1:10026\"\n\
             [viewer]\naddress = \"127.0.0.1:8443\"\nurl = \"http://127.0.0.1:8443\"\n\
             sender = \"secure-mail@corp.example\"\n\
             [store]\nrecords = \"sqlite:{folder}/data/records.db\"\n\
             blobs = \"file:{folder}/data/blobs\"\n[keys]\nserver = \"{folder}/server.key\"\n\
             shred_keys = \"sqlite:{folder}/data/keys.db\"\n\
             [rules]\ndirectory = \"{folder}/rules\"\n"
        )
    }

    /// A file or folder of this office.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes one of its files.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A command whose first word is `verb`, with this configuration where it takes one.
    pub fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.arg(verb).current_dir(self.folder.path());
        if !matches!(verb, "keys" | "demo") {
            command.arg("--config").arg(self.path("sealgate.toml"));
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, verb: &str, arguments: &[&str]) -> Output {
        self.command(verb).args(arguments).output().unwrap()
    }
}

/// A stream as text.
pub fn text(stream: &[u8]) -> String {
    String::from_utf8_lossy(stream).into_owned()
}
