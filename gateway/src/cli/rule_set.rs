//! The rules that `check`, `test` and `explain` speak of: those of the configuration, or of a
//! directory. No key and no store is needed for them.

use super::{CONFIG_DEFAULT, Output};
use crate::assemble;
use crate::config::Config;
use crate::policies::{Directory, DirectoryError};
use rules::{Diagnostic, Grade, Organisation, Policy};
use std::path::{Path, PathBuf};

/// Which rules.
#[derive(Debug, clap::Args)]
pub struct RuleArguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    pub config: PathBuf,
    /// The rules directory, in place of the configuration's
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// A domain that is inside, in place of the configuration's; may be repeated
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub domains: Vec<String>,
}

/// A rule set and where it stands.
pub struct RuleSet {
    /// What it says.
    pub policy: Policy,
    /// What its author should hear.
    pub advice: Vec<Diagnostic>,
    /// The directory, to which the messages of cases are relative.
    pub directory: PathBuf,
    /// The organisation's id, by which labels in documents are known.
    pub site_id: Option<String>,
    /// How many files it has.
    pub files: usize,
    /// The domains that were taken to be inside, where nobody named any.
    assumed: Option<String>,
    /// Whether they are the configuration's own.
    pub is_configured: bool,
    /// The configuration, where there is one.
    pub config: Option<Config>,
}

/// Why there is no rule set.
pub struct Mistakes {
    /// Each, rendered; and the advice that was found beside them.
    pub said: Vec<String>,
    /// How many of these are mistakes.
    pub count: usize,
}

impl From<Vec<String>> for Mistakes {
    fn from(said: Vec<String>) -> Self {
        let count = said.len();
        Self { said, count }
    }
}

impl RuleSet {
    /// Says who was taken to be inside, where nobody said who is.
    pub fn tell_assumed(&self, output: &mut Output) {
        if let Some(domains) = &self.assumed {
            output.complain(format_args!(
                "no configuration and no --domain: `{domains}` is taken to be inside"
            ));
        }
    }
}

impl RuleArguments {
    /// Reads the rules; every mistake comes back, rendered.
    pub fn read(&self) -> Result<RuleSet, Mistakes> {
        let config = self.configuration()?;
        let directory = match (&self.rules, &config) {
            (Some(directory), _) => directory.clone(),
            (None, Some(config)) => config.rules.directory.clone(),
            (None, None) => {
                return Err(vec!["no rules: name a directory with --rules".to_owned()].into());
            }
        };
        let organisation = self.organisation(config.as_ref());
        let mut set = read(&directory, &organisation)?;
        let assumed = config.is_none() && self.domains.is_empty();
        set.assumed = assumed.then(|| organisation.domains.join("`, `"));
        set.is_configured = self.rules.is_none();
        set.config = config;
        Ok(set)
    }

    /// With `--rules`, a machine without a configuration will do.
    fn configuration(&self) -> Result<Option<Config>, Vec<String>> {
        let is_default = self.config == Path::new(CONFIG_DEFAULT);
        if self.rules.is_some() && is_default && !self.config.exists() {
            return Ok(None);
        }
        let rendered = |mistakes: Vec<_>| {
            mistakes
                .iter()
                .map(crate::config::Diagnostic::render)
                .collect()
        };
        Config::load(&self.config).map(Some).map_err(rendered)
    }

    fn organisation(&self, config: Option<&Config>) -> Organisation {
        let mut organisation = match config {
            Some(config) => assemble::organisation(config),
            None => crate::demo::organisation(),
        };
        if !self.domains.is_empty() {
            organisation.domains.clone_from(&self.domains);
        }
        organisation
    }
}

fn read(directory: &Path, organisation: &Organisation) -> Result<RuleSet, Mistakes> {
    let read = Directory::read(directory).map_err(|error| match &error {
        DirectoryError::NotText { place, .. } => vec![place.render()],
        _ => {
            let help = error.help(directory);
            vec![format!("error: {}\n  = help: {help}", super::chain(&error))]
        }
    })?;
    match rules::load(&read.files, organisation) {
        Ok(loaded) => Ok(RuleSet {
            policy: loaded.policy,
            advice: loaded.advice,
            directory: directory.to_owned(),
            site_id: organisation.site_id.clone(),
            files: read.files.len(),
            assumed: None,
            is_configured: false,
            config: None,
        }),
        Err(found) => Err(Mistakes {
            said: found.iter().map(Diagnostic::render).collect(),
            count: found
                .iter()
                .filter(|one| one.grade() == Grade::Mistake)
                .count(),
        }),
    }
}
