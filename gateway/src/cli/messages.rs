//! `sealgate messages`: list, show, revoke, extend and purge sealed letters. It shows addresses,
//! times, sizes and states: nobody can read a letter from here.

use super::store::{operator, with_store};
use super::{ConfigArgument, Format, Output, counted, listed};
use crate::assemble::StartError;
use crate::system::SystemClock;
use mail::Timestamp;
use seal::{GrantId, GrantState, LetterId};
use std::process::ExitCode;
use store::{Clock, Filter, GrantSummary, LetterSummary, Store, StoreError};

/// Arguments of `messages`.
#[derive(Debug, clap::Args)]
pub struct Messages {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    config: ConfigArgument,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Letters, newest first
    List {
        /// Only from this sender
        #[arg(long)]
        from: Option<String>,
        /// Only for this reader
        #[arg(long)]
        to: Option<String>,
        /// Only this Message-ID
        #[arg(long)]
        message_id: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// For people, or for programs: one JSON object a line
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// One letter and its readers
    Show {
        /// The letter's id
        #[arg(allow_hyphen_values = true)]
        letter: String,
        /// For people, or for programs: one JSON object a line
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// End a letter, or one reader's access, for good
    Revoke {
        /// The id of a letter, or of one reader's grant
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Let a letter open longer
    Extend {
        /// The letter's id
        #[arg(allow_hyphen_values = true)]
        letter: String,
        /// Until when, as 2026-12-31T12:00:00Z
        until: String,
    },
    /// Free the place of expired letters now
    Purge,
}

#[derive(Debug, thiserror::Error)]
enum MessagesError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("cannot start threads")]
    System(#[from] std::io::Error),
    #[error("`{0}` is no id; `sealgate messages list` shows them")]
    Id(String),
    #[error("there is no letter `{0}`")]
    Unknown(String),
    #[error("`{0}` is no time; write it as 2026-12-31T12:00:00Z")]
    Time(String),
    #[error("`{0}` is over; `sealgate messages revoke` ends a letter now")]
    Past(String),
    #[error("nothing was changed: `{0}` opens as long already, or has ended for all its readers")]
    Ended(String),
}

/// Runs the command.
pub fn run(messages: &Messages, output: &mut Output) -> ExitCode {
    with_store(&messages.config, output, async |store, output| {
        act(store, &messages.action, output).await
    })
}

async fn act(store: &Store, action: &Action, output: &mut Output) -> Result<(), MessagesError> {
    match action {
        Action::List {
            from,
            to,
            message_id,
            limit,
            format,
        } => {
            let filter = Filter {
                sender: from.clone(),
                recipient: to.clone(),
                message_id_hash: message_id.as_deref().map(store::message_id_hash),
                limit: Some(*limit),
                ..Filter::default()
            };
            list(&store.letters(&filter).await?, *limit, *format, output);
        }
        Action::Show { letter, format } => {
            let letter = find(store, letter).await?;
            match format {
                Format::Text => show(&letter, output),
                Format::Json => output.say(listed::letter(&letter)),
            }
        }
        Action::Revoke { id } => {
            output.say(match revoke(store, id).await? {
                0 => "nothing was changed: it had ended before".to_owned(),
                ended => format!("revoked: {} can open it no more", counted(ended, "reader")),
            });
        }
        Action::Extend { letter, until } => {
            let changed = extend(store, letter, until).await?;
            let readers = counted(changed, "reader");
            output.say(format_args!(
                "extended: {readers} can open it until {until}"
            ));
        }
        Action::Purge => {
            let purged = store.purge(SystemClock.now()).await?;
            let letters = counted(purged.letters, "letter");
            let readers = counted(purged.expired, "reader");
            output.say(format_args!(
                "purged: {letters} gone, expired for {readers}"
            ));
        }
    }
    Ok(())
}

/// How many grants it ended.
async fn revoke(store: &Store, id: &str) -> Result<u64, MessagesError> {
    let invalid = || MessagesError::Id(id.to_owned());
    let letter = LetterId::parse(id).map_err(|_| invalid())?;
    let ended = match store.letter(letter).await? {
        Some(letter) => store.revoke(letter.id, &operator()).await?,
        None => {
            let grant = GrantId::parse(id).map_err(|_| invalid())?;
            if store.grant(grant).await?.is_none() {
                return Err(MessagesError::Unknown(id.to_owned()));
            }
            store.revoke(grant, &operator()).await?
        }
    };
    Ok(ended)
}

/// For how many readers it opens longer.
async fn extend(store: &Store, id: &str, until: &str) -> Result<u64, MessagesError> {
    let time = Timestamp::parse_rfc3339(until);
    let time = time.ok_or_else(|| MessagesError::Time(until.to_owned()))?;
    if time <= SystemClock.now() {
        return Err(MessagesError::Past(until.to_owned()));
    }
    let letter = find(store, id).await?;
    match store.extend(letter.id, time, &operator()).await? {
        0 => Err(MessagesError::Ended(id.to_owned())),
        changed => Ok(changed),
    }
}

fn list(letters: &[LetterSummary], limit: u32, format: Format, output: &mut Output) {
    for letter in letters {
        match format {
            Format::Text => output.say(line(letter)),
            Format::Json => output.say(listed::letter(letter)),
        }
    }
    if letters.is_empty() {
        output.complain("no such letters");
    } else if letters.len() as u64 >= u64::from(limit) {
        output.complain(format_args!(
            "these are the newest {limit}; --limit shows more"
        ));
    }
}

async fn find(store: &Store, id: &str) -> Result<LetterSummary, MessagesError> {
    let letter = LetterId::parse(id).map_err(|_| MessagesError::Id(id.to_owned()))?;
    let found = store.letter(letter).await?;
    found.ok_or_else(|| MessagesError::Unknown(id.to_owned()))
}

fn line(letter: &LetterSummary) -> String {
    let readers: Vec<&str> = letter.grants.iter().map(|g| g.recipient.as_str()).collect();
    let sender = if letter.sender.is_empty() {
        "<>"
    } else {
        &letter.sender
    };
    let is_open = |grant: &&GrantSummary| matches!(grant.state, GrantState::Active { .. });
    let state = match letter.grants.iter().filter(is_open).count() {
        0 => "ended".to_owned(),
        _ => format!("expires {}", letter.expires.rfc3339()),
    };
    format!(
        "{}  {}  {sender} -> {}  {} bytes  {state}",
        letter.id,
        letter.created.rfc3339(),
        readers.join(","),
        letter.size,
    )
}

fn show(letter: &LetterSummary, output: &mut Output) {
    output.say(line(letter));
    for grant in &letter.grants {
        let state = match grant.state {
            GrantState::Active { expires } => format!("open until {}", expires.rfc3339()),
            GrantState::Revoked { at } => format!("revoked {}", at.rfc3339()),
            GrantState::Expired { at } => format!("expired {}", at.rfc3339()),
        };
        let read = grant.opened.map_or_else(
            || "not read".to_owned(),
            |t| format!("read {}", t.rfc3339()),
        );
        let (id, rights) = (grant.grant, grant.rights.name());
        let who = &grant.recipient;
        output.say(format_args!("  {id}  {who}  {rights}  {state}  {read}"));
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

    /// The id that a command line means.
    fn id_of(words: &[&str]) -> Result<String, clap::Error> {
        let line = ["sealgate", "messages"].iter().chain(words);
        let crate::cli::Command::Messages(messages) = Line::try_parse_from(line)?.command else {
            panic!("`messages` is messages");
        };
        assert_eq!(messages.config.config.to_str(), Some("there.toml"));
        Ok(match messages.action {
            Action::Revoke { id } => id,
            Action::Show { letter, .. } | Action::Extend { letter, .. } => letter,
            Action::List { .. } | Action::Purge => panic!("an action with an id"),
        })
    }

    /// One id in 64 begins with a hyphen, one in 4,096 with two.
    #[test]
    fn an_id_that_begins_like_an_option_is_an_id() {
        for id in [
            "-MYoIF3wtCWXj9BMpZC2JA",
            "--config3wtCWXj9BMpZC2",
            "-h-V-help_hhhhhhhhhhhh",
        ] {
            for words in [
                vec!["revoke", id, "--config", "there.toml"],
                vec!["--config", "there.toml", "revoke", id],
                vec!["show", id, "--config", "there.toml"],
                vec![
                    "extend",
                    "--config",
                    "there.toml",
                    id,
                    "2027-01-01T00:00:00Z",
                ],
            ] {
                assert_eq!(id_of(&words).map_err(|e| e.to_string()), Ok(id.to_owned()));
            }
        }
        let limit = ["list", "--limt", "3", "--config", "there.toml"];
        assert!(id_of(&limit).is_err(), "what takes no id takes no hyphen");
        assert!(
            id_of(&["revoke", "--config", "there.toml"]).is_err(),
            "an id is needed"
        );
    }
}
