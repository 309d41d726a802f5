//! The rule set in force, and how a new one takes its place: whole, checked, or not at all (P8).
//! It never judges a message.

mod directory;

pub use directory::{Directory, DirectoryError};

use arc_swap::ArcSwap;
use rules::{Ambiguous, Diagnostic, Organisation, Policy, RuleFile};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often the directory is looked at. Looking is a `stat` per file, so that it works on network
/// file systems and in containers too, where change notices do not arrive.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the directory must be quiet before it is read.
const QUIET: Duration = Duration::from_secs(2);

/// A checked rule set, and which one it is.
#[derive(Debug)]
pub struct LivePolicy {
    /// What decides.
    pub policy: Policy,
    /// Counts the sets that went live since the start, from 1.
    pub generation: u64,
    /// Its files, in order.
    pub files: Vec<RuleFile>,
}

/// The one place where the rule set in force stands.
#[derive(Debug)]
pub struct Policies {
    directory: PathBuf,
    organisation: Organisation,
    ambiguous: Ambiguous,
    live: ArcSwap<LivePolicy>,
    refused: AtomicU64,
}

/// Who asked for a new set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The directory changed by itself: a set that lost something is not believed.
    Change,
    /// An operator asked (SIGHUP): what stands there counts.
    Operator,
}

/// What became of an attempt to go live.
#[derive(Debug)]
pub enum Reload {
    /// The new set is in force.
    Live {
        /// That set.
        live: Arc<LivePolicy>,
        /// The rules of the set before whose names stand nowhere in it.
        gone: Vec<String>,
    },
    /// The files say what the set in force says.
    Unchanged,
    /// The old set stays.
    Kept(Refusal),
}

/// Why a rule set was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The directory could not be read.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The rules have mistakes.
    #[error("{} in the rule files:\n{}", mistakes(.0.len()), rendered(.0))]
    Mistakes(Vec<Diagnostic>),
    /// A file is gone: half of a copy, perhaps.
    #[error("rule file `{0}` is gone; send SIGHUP if that is meant")]
    LostFile(String),
    /// A file had rules or people and has none now, and they stand nowhere else: cut, perhaps.
    #[error("rule file `{0}` has lost its rules or people; send SIGHUP if that is meant")]
    EmptiedFile(String),
    /// There were rules and now there are none: a file cut before it is written again, perhaps.
    #[error("the new rule set has no rules and the present one has; send SIGHUP if that is meant")]
    LostRules,
    /// It changed while it was read.
    #[error("the rules directory changed while it was read")]
    Unsettled,
}

impl Policies {
    /// Reads the directory and refuses to start on any mistake.
    pub fn open(
        directory: PathBuf,
        organisation: Organisation,
        ambiguous: Ambiguous,
    ) -> Result<Self, Refusal> {
        let read = Directory::read(&directory)?;
        let first = Arc::new(load(read, &organisation, ambiguous, 1)?);
        Ok(Self {
            directory,
            organisation,
            ambiguous,
            live: ArcSwap::new(first),
            refused: AtomicU64::new(0),
        })
    }

    /// The set in force. Take it once for a transaction and keep it to its end.
    pub fn current(&self) -> Arc<LivePolicy> {
        self.live.load_full()
    }

    /// Whose rules these are.
    pub fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// How many sets were not taken since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Reads the directory and, if it holds a valid set, puts it in force.
    pub fn reload(&self, trigger: Trigger) -> Reload {
        match self.candidate(trigger) {
            Ok(Some(candidate)) => {
                let live = Arc::new(candidate);
                let before = self.live.swap(Arc::clone(&live));
                let gone = gone(&before, &live).map(|(name, _)| name.to_owned());
                let gone = gone.collect();
                Reload::Live { live, gone }
            }
            Ok(None) => Reload::Unchanged,
            Err(refusal) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                Reload::Kept(refusal)
            }
        }
    }

    fn candidate(&self, trigger: Trigger) -> Result<Option<LivePolicy>, Refusal> {
        let first = Directory::read(&self.directory)?;
        let second = Directory::read(&self.directory)?;
        if first != second {
            return Err(Refusal::Unsettled);
        }
        let live = self.current();
        let next = load(
            first,
            &self.organisation,
            self.ambiguous,
            live.generation + 1,
        )?;
        if next.files == live.files {
            return Ok(None);
        }
        if trigger == Trigger::Change {
            refuse_loss(&live, &next)?;
        }
        Ok(Some(next))
    }

    /// Looks at the directory until the process ends. `told` hears of every attempt.
    pub async fn watch(&self, told: impl Fn(Reload)) {
        let mut seen = Directory::fingerprint(&self.directory);
        let mut tried = seen.clone();
        let mut quiet_since = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = Directory::fingerprint(&self.directory);
            if now != seen {
                seen = now;
                quiet_since = tokio::time::Instant::now();
            } else if seen != tried && quiet_since.elapsed() >= QUIET {
                let outcome = self.reload(Trigger::Change);
                if !matches!(outcome, Reload::Kept(Refusal::Unsettled)) {
                    tried = seen.clone();
                }
                told(outcome);
            }
        }
    }
}

fn load(
    read: Directory,
    organisation: &Organisation,
    ambiguous: Ambiguous,
    generation: u64,
) -> Result<LivePolicy, Refusal> {
    let loaded = rules::load(&read.files, organisation).map_err(Refusal::Mistakes)?;
    let policy = loaded.policy.with_ambiguous(ambiguous);
    Ok(LivePolicy {
        policy,
        generation,
        files: read.files,
    })
}

fn refuse_loss(live: &LivePolicy, next: &LivePolicy) -> Result<(), Refusal> {
    let lost = |file: &&RuleFile| !next.files.iter().any(|other| other.name == file.name);
    if let Some(lost) = live.files.iter().find(lost) {
        return Err(Refusal::LostFile(lost.name.clone()));
    }
    if !live.policy.is_empty() && next.policy.is_empty() {
        return Err(Refusal::LostRules);
    }
    let emptied = |file: &str| !next.policy.rules().any(|(_, other)| other == file);
    if let Some((_, file)) = gone(live, next).find(|(_, file)| emptied(file)) {
        return Err(Refusal::EmptiedFile(file.to_owned()));
    }
    match without_people(live, next) {
        Some(file) => Err(Refusal::EmptiedFile(file.to_owned())),
        None => Ok(()),
    }
}

/// A file that had people and has none in the next set, where not all of them stand elsewhere:
/// rules that ask about them would be off.
fn without_people<'a>(live: &'a LivePolicy, next: &LivePolicy) -> Option<&'a str> {
    let (addresses, files): (HashSet<&str>, HashSet<&str>) = next.policy.people().unzip();
    let mut people = live.policy.people();
    let lost = people.find(|(address, file)| !files.contains(file) && !addresses.contains(address));
    lost.map(|(_, file)| file)
}

/// The rules of one set whose names stand nowhere in the next, each with its file. A file cut at
/// the end of a rule cannot be told from one an administrator shortened; it can be told of.
fn gone<'a>(before: &'a LivePolicy, next: &LivePolicy) -> impl Iterator<Item = (&'a str, &'a str)> {
    let names = next.policy.rules().map(|(name, _)| name.to_owned());
    let names: HashSet<String> = names.collect();
    let rules = before.policy.rules();
    rules.filter(move |(name, _)| !names.contains(*name))
}

fn mistakes(count: usize) -> String {
    if count == 1 {
        "one mistake".to_owned()
    } else {
        format!("{count} mistakes")
    }
}

fn rendered(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(Diagnostic::render)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests;
