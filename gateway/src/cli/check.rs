//! `sealgate check`: configuration, rules and labels; every mistake at once, in its line.

use super::rule_set::RuleArguments;
use super::{OK, Output, counted, failed};
use std::process::ExitCode;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    rules: RuleArguments,
}

/// Runs the command.
pub fn run(check: &Check, output: &mut Output) -> ExitCode {
    match check.rules.read() {
        Ok(set) => {
            for advice in &set.advice {
                output.complain(format_args!("{}\n", advice.render()));
            }
            let labels = set.policy.labels().iter().count();
            let (rules, cases) = (set.policy.rules_count(), set.policy.cases().len());
            let files = set.files;
            let all = [
                (files, "file"),
                (labels, "label"),
                (rules, "rule"),
                (cases, "case"),
            ];
            let all = all.map(|(count, noun)| counted(count as u64, noun));
            output.say(format_args!("ok: {}", all.join(", ")));
            if rules == 0 {
                output.say("there are no rules: every message passes unchanged");
            }
            OK
        }
        Err(mistakes) => {
            for mistake in &mistakes {
                output.complain(format_args!("{}\n", mistake.trim_end()));
            }
            output.complain(counted(mistakes.len() as u64, "mistake"));
            failed()
        }
    }
}
