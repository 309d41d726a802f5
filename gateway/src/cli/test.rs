//! `sealgate test`: runs the case files beside the rules, as `cargo test` runs ours.

use super::mail_file::read;
use super::rule_set::{RuleArguments, RuleSet};
use super::{OK, Output, failed, misused};
use crate::inspect;
use mail::Message;
use rules::cases::{Case, CaseMail, run_case_with};
use std::process::ExitCode;

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
pub struct Test {
    #[command(flatten)]
    rules: RuleArguments,
    /// Only cases with this in their name
    filter: Option<String>,
}

/// Runs the command.
pub fn run(test: &Test, output: &mut Output) -> ExitCode {
    let set = match test.rules.read() {
        Ok(set) => set,
        Err(mistakes) => {
            for mistake in mistakes.said {
                output.complain(format_args!("{}\n", mistake.trim_end()));
            }
            return failed();
        }
    };
    set.tell_assumed(output);
    let wanted = |case: &&Case| {
        test.filter
            .as_ref()
            .is_none_or(|word| case.name.contains(word))
    };
    let cases: Vec<&Case> = set.policy.cases().iter().filter(wanted).collect();
    if let (true, Some(word)) = (cases.is_empty(), &test.filter) {
        output.complain(format_args!("no case has `{word}` in its name"));
        return misused();
    }
    let mut failures = 0;
    for case in &cases {
        match run_one(&set, case) {
            Ok(()) => output.say(format_args!("ok    {}", case.name)),
            Err(why) => {
                failures += 1;
                output.say(format_args!("FAIL  {why}"));
            }
        }
    }
    output.say(format_args!(
        "{} passed, {failures} failed",
        cases.len() - failures
    ));
    if cases.is_empty() {
        output.say("there are no cases; write some beside the rules");
    }
    if failures == 0 { OK } else { failed() }
}

fn run_one(set: &RuleSet, case: &Case) -> Result<(), String> {
    let raw = match &case.mail {
        CaseMail::Text(text) => text.clone().into_bytes(),
        CaseMail::File(name) => read(&set.directory.join(name))?,
    };
    let message = Message::parse(&raw);
    let needs = set.policy.needs();
    let documents = inspect::read_documents(&message, set.site_id.as_deref(), needs);
    run_case_with(&set.policy, case, &raw, documents).map_err(|failure| failure.to_string())
}
