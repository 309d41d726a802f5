//! `sealgate held`: list, show, export, release and reject mail that waits for approval, and take
//! such a decision back. `export` alone shows what a message says, and the audit log has it before
//! anybody sees a byte.

use super::store::{operator, with_store};
use super::{ConfigArgument, Format, Output, listed};
use crate::assemble::StartError;
use crate::hold;
use mail::Timestamp;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use store::{Decided, Decision, Held, HeldId, HeldVerdict, Store, StoreError, Undone};

/// How many are read from the store at a time.
const PAGE: u32 = 100;

/// Arguments of `held`.
#[derive(Debug, clap::Args)]
pub struct HeldMail {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    config: ConfigArgument,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Messages that wait, oldest first
    List {
        /// Only from this sender
        #[arg(long)]
        from: Option<String>,
        /// Only for this recipient
        #[arg(long)]
        to: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// For people, or for programs: one JSON object a line
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// One message: how it came, whose copies wait, and why
    Show {
        /// The id that `list` shows
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// For people, or for programs: one JSON object a line
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Write the message itself to standard output; the audit log says who did
    Export {
        /// The id that `list` shows
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Let a message go on, judged again by the rules that count now
    Release {
        /// The id that `list` shows
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Why, for the audit log
        #[arg(long, allow_hyphen_values = true)]
        reason: Option<String>,
    },
    /// Refuse a message; its sender gets a delivery report, unless `--silent` is said
    Reject {
        /// The id that `list` shows
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Why, for the audit log and the sender
        #[arg(long, allow_hyphen_values = true)]
        reason: Option<String>,
        /// Tell the sender nothing; the audit log says who did
        #[arg(long)]
        silent: bool,
    },
    /// Take a decision back before it is carried out: the message waits again
    Undo {
        /// The id that `list` shows
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

#[derive(Debug, thiserror::Error)]
enum HeldError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("cannot start threads")]
    System(#[from] std::io::Error),
    #[error("`{0}` is no id; `sealgate held list` shows them")]
    Id(String),
    #[error(
        "nothing that waits is called `{0}`: it went its way or back, or never was here; \
         `sealgate held list` shows what waits"
    )]
    Unknown(String),
    #[error("nothing was changed: `{0}` was {1} {2} by {3}")]
    Before(String, HeldVerdict, String, String),
    #[error(
        "a held message is not written to a terminal, which would do what it says; put it into a \
         file: `sealgate held export {0} > message.eml`"
    )]
    Terminal(String),
    #[error("{} of held mail cannot be opened, as said above", super::counted(*.0, "row"))]
    Unopened(u64),
    #[error("nothing was changed: nobody has decided about `{0}`; it waits")]
    Undecided(String),
    #[error(
        "nothing was changed: `{0}` was {1} {2} by {3}, and that is being carried out now; if \
         `sealgate held list` still shows it in a minute, try again"
    )]
    UnderWay(String, HeldVerdict, String, String),
    #[error("it is too late: `{0}` waited until {1}; its sender gets a delivery report")]
    Expired(String, String),
}

/// Runs the command.
pub fn run(held: &HeldMail, output: &mut Output) -> ExitCode {
    with_store(&held.config, output, async |store, output| {
        act(store, &held.action, output).await
    })
}

async fn act(store: &Store, action: &Action, output: &mut Output) -> Result<(), HeldError> {
    match action {
        Action::List {
            from,
            to,
            limit,
            format,
        } => {
            let filter = Filter { from, to };
            list(store, filter, *limit, *format, output).await?;
        }
        Action::Show { id, format } => {
            let held = find(store, id).await?;
            match format {
                Format::Text => show(&held, output),
                Format::Json => output.say(listed::held(&held)),
            }
        }
        Action::Export { id } => {
            // Whoever wrote the message wrote its escape sequences too.
            if std::io::stdout().is_terminal() {
                return Err(HeldError::Terminal(id.clone()));
            }
            let held = find(store, id).await?;
            let message = store.held_message(&held).await?;
            store.audit_held_read(&held, &operator()).await?;
            output.write(&message);
        }
        Action::Release { id, reason } => {
            decide(store, id, HeldVerdict::Release, reason.as_deref()).await?;
            output.say("released: a running gateway sends it within seconds");
        }
        Action::Reject { id, reason, silent } => {
            let (verdict, said) = match silent {
                false => (
                    HeldVerdict::Reject,
                    "rejected: a running gateway reports it to the sender within seconds",
                ),
                true => (
                    HeldVerdict::Drop,
                    "dropped: it ends within seconds, and its sender is told nothing",
                ),
            };
            decide(store, id, verdict, reason.as_deref()).await?;
            output.say(said);
        }
        Action::Undo { id } => output.say(undo(store, id).await?),
    }
    Ok(())
}

struct Filter<'a> {
    from: &'a Option<String>,
    to: &'a Option<String>,
}

impl Filter<'_> {
    fn takes(&self, held: &Held) -> bool {
        let same = |wanted: &Option<String>, text: &str| {
            let matches = |wanted: &String| wanted.eq_ignore_ascii_case(text);
            wanted.as_ref().is_none_or(matches)
        };
        let mut copies = held.mail.copies.iter();
        same(self.from, &held.mail.sender) && copies.any(|copy| same(self.to, &copy.recipient))
    }
}

impl Filter<'_> {
    /// What is said where mail waits, but none that is asked for.
    fn misses(&self) -> &'static str {
        match (self.from, self.to) {
            (Some(_), None) => "no held mail of that sender",
            (None, Some(_)) => "no held mail for that recipient",
            _ => "no held mail of that sender for that recipient",
        }
    }
}

async fn list(
    store: &Store,
    filter: Filter<'_>,
    limit: u32,
    format: Format,
    output: &mut Output,
) -> Result<(), HeldError> {
    let (mut shown, mut others, mut unopened) = (0, 0_u64, 0_u64);
    let mut after = None;
    'pages: while output.is_open() {
        let page = store.held(after, PAGE).await?;
        let Some((created, id, _)) = page.last() else {
            break;
        };
        after = Some((*created, *id));
        for (_, id, held) in &page {
            match held {
                Err(error) => {
                    output.complain(format_args!("{id}: {}", super::chain(error)));
                    unopened += 1;
                }
                Ok(held) if !filter.takes(held) => others += 1,
                Ok(_) if shown == limit => {
                    output.complain(format_args!(
                        "these are the oldest {limit}; --limit shows more"
                    ));
                    break 'pages;
                }
                Ok(held) => {
                    match format {
                        Format::Text => {
                            output.say(format_args!("{}  {}", line(held), reasons(held)));
                        }
                        Format::Json => output.say(listed::held(held)),
                    }
                    shown += 1;
                }
            }
        }
    }
    match (shown, others) {
        (0, 0) if unopened == 0 => output.complain("nothing waits for approval"),
        (0, 1..) => output.complain(filter.misses()),
        _ => {}
    }
    match unopened {
        0 => Ok(()),
        rows => Err(HeldError::Unopened(rows)),
    }
}

async fn find(store: &Store, text: &str) -> Result<Held, HeldError> {
    let found = store.held_one(parse(text)?).await?;
    found.ok_or_else(|| HeldError::Unknown(text.to_owned()))
}

fn parse(text: &str) -> Result<HeldId, HeldError> {
    HeldId::parse(text).map_err(|_| HeldError::Id(text.to_owned()))
}

async fn decide(
    store: &Store,
    text: &str,
    verdict: HeldVerdict,
    reason: Option<&str>,
) -> Result<(), HeldError> {
    let reason = reason.map(hold::cut);
    let reason = reason.as_deref().map(str::trim).filter(|it| !it.is_empty());
    let id = text.to_owned();
    match store
        .decide(parse(text)?, verdict, reason, &operator())
        .await?
    {
        Decided::Now => Ok(()),
        Decided::Before(Decision {
            verdict, at, by, ..
        }) => Err(HeldError::Before(id, verdict, at.rfc3339(), by)),
        Decided::Expired(at) => Err(HeldError::Expired(id, at.rfc3339())),
        Decided::Unknown => Err(HeldError::Unknown(id)),
    }
}

/// What is said when a decision was taken back.
async fn undo(store: &Store, text: &str) -> Result<String, HeldError> {
    let id = parse(text)?;
    let text = text.to_owned();
    match store.undecide(id, &operator()).await? {
        Undone::Now(Decision {
            verdict, by, at, ..
        }) => {
            let waits = store.held_one(id).await?;
            let waits = waits.map_or_else(String::new, |held| format!("; it {}", state(&held)));
            let at = at.rfc3339();
            Ok(format!(
                "undone: `{text}` was {verdict} {at} by {by}{waits}"
            ))
        }
        Undone::Undecided => Err(HeldError::Undecided(text)),
        Undone::UnderWay(Decision {
            verdict, by, at, ..
        }) => Err(HeldError::UnderWay(text, verdict, at.rfc3339(), by)),
        Undone::Unknown => Err(HeldError::Unknown(text)),
    }
}

fn line(held: &Held) -> String {
    let mail = &held.mail;
    let copies: Vec<&str> = mail
        .copies
        .iter()
        .map(|copy| copy.recipient.as_str())
        .collect();
    let sender = match mail.sender.as_str() {
        "" => "<>",
        sender => sender,
    };
    format!(
        "{}  {}  {sender} -> {}  {} bytes  {}",
        held.id,
        mail.since.rfc3339(),
        copies.join(","),
        mail.size,
        state(held),
    )
}

/// Why the copies wait: each reason once.
fn reasons(held: &Held) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    for copy in &held.mail.copies {
        let reason = copy.reason.as_str();
        if !reason.is_empty() && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons.join("; ")
}

fn state(held: &Held) -> String {
    match &held.decision {
        None => format!("waits until {}", held.mail.expires.rfc3339()),
        Some(decision) => format!("{} {}", decision.verdict, decision.at.rfc3339()),
    }
}

fn show(held: &Held, output: &mut Output) {
    let (mail, came) = (&held.mail, &held.mail.came);
    output.say(line(held));
    let login = match &came.authenticated {
        Some(login) => format!(", login {login}"),
        None => String::new(),
    };
    let client = came.client.as_ref().unwrap_or(&came.peer);
    output.say(format_args!(
        "  message {}  {}  {} from {client}{login}",
        mail.message,
        mail.arrived.rfc3339(),
        came.source,
    ));
    for copy in &mail.copies {
        let instead = match copy.instead_of.as_slice() {
            [] => String::new(),
            those => format!("  instead of {}", those.join(", ")),
        };
        let rules = match copy.rules.as_slice() {
            [] => String::new(),
            rules => format!("  ({})", rules.join("; ")),
        };
        let (recipient, reason) = (&copy.recipient, &copy.reason);
        output.say(format_args!("  {recipient}{instead}  {reason}{rules}"));
    }
    if let Some(Decision {
        verdict,
        reason,
        by,
        at,
    }) = &held.decision
    {
        let why = reason
            .as_ref()
            .map(|why| format!(": {why}"))
            .unwrap_or_default();
        output.say(format_args!("  {verdict} {} by {by}{why}", at.rfc3339()));
        output.say(format_args!("  {}", next_try(held.attempts, held.due)));
    }
}

fn next_try(attempts: u32, due: Timestamp) -> String {
    match attempts {
        0 => "about to be carried out".to_owned(),
        tries => format!(
            "tried {}, next {}",
            super::counted(tries.into(), "time"),
            due.rfc3339()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::Action;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: crate::cli::Command,
    }

    /// The id and the reason that a command line means.
    fn read(words: &[&str]) -> Result<(String, Option<String>), clap::Error> {
        let line = ["sealgate", "held"].iter().chain(words);
        let crate::cli::Command::Held(held) = Line::try_parse_from(line)?.command else {
            panic!("`held` is held");
        };
        assert_eq!(held.config.config.to_str(), Some("there.toml"));
        Ok(match held.action {
            Action::Show { id, .. } | Action::Export { id } | Action::Undo { id } => (id, None),
            Action::Release { id, reason } | Action::Reject { id, reason, .. } => (id, reason),
            Action::List { .. } => panic!("an action with an id"),
        })
    }

    #[test]
    fn an_id_that_begins_like_an_option_is_an_id() {
        let config = ["--config", "there.toml"];
        for id in ["-MYoIF3wtCWXj9BMpZC2JA", "--reason3wtCWXj9BMpZC2"] {
            for verb in ["show", "export", "release", "reject", "undo"] {
                let said = read(&[&[verb, id], &config[..]].concat()).expect("an id");
                assert_eq!(said, (id.to_owned(), None), "{verb}");
            }
            let said = [&["reject", id, "--reason", "no"], &config[..]].concat();
            let said = read(&said).expect("an id and a reason");
            assert_eq!(said, (id.to_owned(), Some("no".to_owned())));
            for verb in ["release", "reject"] {
                let said = [&[verb, id, "--reason", "-no"], &config[..]].concat();
                let said = read(&said).expect("a reason that begins like an option");
                assert_eq!(said, (id.to_owned(), Some("-no".to_owned())));
            }
        }
        assert!(
            read(&[&["release"], &config[..]].concat()).is_err(),
            "an id is needed"
        );
        assert!(read(&[&["list", "--limt", "3"], &config[..]].concat()).is_err());
    }
}
