//! `sealgate explain`: what would happen to a message, to whom, and why. It sends and stores
//! nothing, and writes only where `--out` says.

use super::mail_file::{crlf, read};
use super::preview::{Preview, Written};
use super::rule_set::{RuleArguments, RuleSet};
use super::{Format, OK, Output, failed, misused};
use crate::inspect;
use crate::system::SystemClock;
use clap::ValueEnum;
use mail::{Address, BodyType, Envelope, LabelId, Message, Recipients, Sender};
use rules::{Facts, Source};
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use store::Clock;

/// The most files of a directory that are explained.
pub const FILES_MAX: usize = 1_000_000;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct Explain {
    #[command(flatten)]
    rules: RuleArguments,
    /// The envelope sender; `<>` is the null sender
    #[arg(long)]
    from: String,
    /// An envelope recipient; may be repeated
    #[arg(long, required = true)]
    to: Vec<String>,
    /// The side it comes in on
    #[arg(long, value_enum, default_value = "inside")]
    source: Side,
    /// The address of the peer that brings it
    #[arg(long)]
    ip: Option<IpAddr>,
    /// The login that the sender proved
    #[arg(long)]
    login: Option<String>,
    /// The label that the thread of this mail had before
    #[arg(long, value_name = "LABEL")]
    thread_label: Option<String>,
    /// For people, or for programs: one JSON object a line
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Also write each copy as it would leave into this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A message, a folder of messages, or - for standard input
    message: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Side {
    Inside,
    Outside,
}

/// Runs the command.
pub fn run(explain: &Explain, output: &mut Output) -> ExitCode {
    let envelope = match explain.envelope() {
        Ok(envelope) => envelope,
        Err(why) => {
            output.complain(why);
            return misused();
        }
    };
    let read = explain.rules.read();
    let prepared = read.map_err(|mistakes| mistakes.said.join("\n\n"));
    let prepared = prepared.and_then(|set| explain.thread_label(&set).map(|_| set));
    let set = match prepared {
        Ok(set) => set,
        Err(why) => {
            output.complain(why);
            return failed();
        }
    };
    set.tell_assumed(output);
    let preview = match explain.out.as_deref().map(Preview::open).transpose() {
        Ok(preview) => preview,
        Err(why) => {
            output.complain(why);
            return misused();
        }
    };
    let mut exit = OK;
    let mut messages = messages(&explain.message).peekable();
    if messages.peek().is_none() {
        let place = explain.message.display();
        output.complain(format_args!("there are no messages in `{place}`"));
        return failed();
    }
    for (name, raw) in messages {
        if !output.is_open() {
            break;
        }
        match raw {
            Ok(raw) => {
                let message = (name.as_str(), raw.as_slice());
                let (told, unwritten) = explain.tell(&set, &envelope, preview.as_ref(), message);
                output.say(told);
                if let Some(why) = unwritten {
                    output.complain(why);
                    exit = failed();
                }
            }
            Err(why) => {
                output.complain(why);
                exit = failed();
            }
        }
    }
    exit
}

impl Explain {
    fn envelope(&self) -> Result<Envelope, String> {
        let address = |option: &str, text: &String| {
            Address::parse(text)
                .map_err(|error| format!("`{text}` of --{option} is no address: {error}"))
        };
        let sender = match self.from.as_str() {
            "" | "<>" => Sender::Null,
            _ => Sender::Mailbox(address("from", &self.from)?),
        };
        let recipients = self.to.iter().map(|to| address("to", to));
        let recipients = recipients.collect::<Result<Vec<_>, _>>()?;
        let recipients = Recipients::new(recipients).ok_or("no recipient")?;
        Ok(Envelope {
            sender,
            recipients,
            body: BodyType::EightBitMime,
            smtputf8: true,
        })
    }

    fn thread_label(&self, set: &RuleSet) -> Result<Option<LabelId>, String> {
        let Some(name) = &self.thread_label else {
            return Ok(None);
        };
        let label = set.policy.labels().by_name(name);
        let label = label.ok_or_else(|| {
            let names = set
                .policy
                .labels()
                .iter()
                .map(|label| format!("`{}`", label.name));
            let names: Vec<String> = names.collect();
            format!("there is no label `{name}`; there are {}", names.join(", "))
        })?;
        Ok(Some(label.id.clone()))
    }

    /// What is said of one message, and why its copies were not written.
    fn tell(
        &self,
        set: &RuleSet,
        envelope: &Envelope,
        preview: Option<&Preview>,
        (name, raw): (&str, &[u8]),
    ) -> (String, Option<String>) {
        let message = Message::parse(raw);
        let source = match self.source {
            Side::Inside => Source::Inside,
            Side::Outside => Source::Outside,
        };
        let mut facts = Facts::new(SystemClock.now(), source, envelope, &message);
        facts.peer = self.ip;
        facts.authenticated = self.login.clone();
        facts.thread_label = self.thread_label(set).unwrap_or_default();
        if set.policy.needs().documents {
            facts.documents =
                inspect::read_documents(&message, set.site_id.as_deref(), set.policy.needs());
        }
        let explanation = set.policy.explain(&facts);
        let write = |preview: &Preview| preview.write(set, &facts, &explanation.judgement, name);
        let (written, unwritten) = match preview.map(write).transpose() {
            Ok(written) => (written, None),
            Err(why) => (None, Some(why)),
        };
        let told = match self.format {
            Format::Text => {
                let copies = written.iter().flatten().map(Written::to_text);
                format!(
                    "{name}\n{}{}",
                    explanation.to_text(),
                    copies.collect::<String>()
                )
            }
            Format::Json => beside(name, written.as_deref(), &explanation.to_json()),
        };
        (told, unwritten)
    }
}

/// One line: the explanation, before it the message's name and the files written of it.
fn beside(name: &str, written: Option<&[Written]>, explanation: &str) -> String {
    let name = serde_json::json!(name);
    let written = written.map(|files| format!("\"written\":{},", serde_json::json!(files)));
    format!(
        "{{\"message\":{name},{}{}",
        written.unwrap_or_default(),
        explanation.trim_start_matches('{')
    )
}

type Named = (String, Result<Vec<u8>, String>);

fn messages(path: &Path) -> Box<dyn Iterator<Item = Named>> {
    if path == Path::new("-") {
        let mut raw = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut raw);
        let raw = read
            .map(|_| crlf(&raw))
            .map_err(|e| format!("cannot read standard input: {e}"));
        return Box::new(std::iter::once(("-".to_owned(), raw)));
    }
    if !path.is_dir() {
        return Box::new(std::iter::once((path.display().to_string(), read(path))));
    }
    let mut files = Vec::new();
    gather(path, &mut files);
    files.sort();
    Box::new(
        files
            .into_iter()
            .map(|path| (path.display().to_string(), read(&path))),
    )
}

/// Every file below a folder; links to folders are not followed.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            gather(&entry.path(), files);
        } else if files.len() < FILES_MAX {
            files.push(entry.path());
        }
    }
}
