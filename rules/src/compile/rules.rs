//! Rules: their frame around conditions and actions.

use std::sync::Arc;

use super::conditions::Ground;
use super::{Compiler, RULES_MAX};
use crate::condition::{Children, Condition};
use crate::policy::{Mode, Rule};
use crate::read::{Section, Value};
use crate::verdict::Severity;

impl Compiler {
    pub(super) fn rules<'s>(
        &mut self,
        sections: impl Iterator<Item = &'s Section> + Clone,
    ) -> Vec<Rule> {
        self.unique("rule", sections.clone());
        if let Some(over) = sections.clone().nth(RULES_MAX) {
            let message = format!("more than {RULES_MAX} rules");
            self.mistake(&over.spot, message, "name many values in one list instead");
        }
        sections.filter_map(|section| self.rule(section)).collect()
    }

    fn rule(&mut self, section: &Section) -> Option<Rule> {
        let name = section.text("name")?;
        let tables = section.tables("then").iter();
        let actions: Vec<_> = tables
            .filter_map(|table| self.action(table, &name.text))
            .collect();
        let stop = section.flag("stop").unwrap_or(false);
        let lost = ["when", "unless", "active"].iter().any(|name| {
            let table = section.table(name);
            table.is_some_and(|table| table.strangers.iter().any(|key| key == "then"))
        });
        if section.tables("then").is_empty() && !stop && !lost {
            let message = format!("the rule `{}` does nothing", name.text);
            let help = "give it `then = [{ … }]`, or `stop = true`";
            self.mistake(&name.spot, message, help);
        }
        let lowers = stop || actions.iter().any(|action| action.lowers);
        let ground = Ground {
            lowers,
            unless: false,
            negated: false,
            verified: false,
        };
        let when = match section.table("when") {
            Some(table) => self.all(table, ground),
            None => Condition::All(Children::new(Vec::new())),
        };
        let unless = section.table("unless").map(|table| {
            self.any(
                table,
                Ground {
                    unless: true,
                    ..ground
                },
            )
        });
        let unless = unless.filter(|unless| !is_empty(unless));
        let (from, until) = self.active(section);
        let mode = match section.text("mode").map(|mode| mode.text.as_str()) {
            Some("test") => Mode::Test,
            Some("test-and-notify") => Mode::TestAndNotify,
            _ => Mode::Enforce,
        };
        let severity = match section
            .text("severity")
            .map(|severity| severity.text.as_str())
        {
            Some("low") => Some(Severity::Low),
            Some("medium") => Some(Severity::Medium),
            Some("high") => Some(Severity::High),
            _ => None,
        };
        self.advise_label_splits(section, &when);
        self.advise_no_site(section);
        let name_spot = &name.spot;
        Some(Rule {
            name: Arc::from(name.text.as_str()),
            file: Arc::from(name_spot.file.name.as_str()),
            line: section_line(section),
            when,
            unless,
            actions,
            stop,
            mode,
            from,
            until,
            severity,
        })
    }

    fn active(&mut self, section: &Section) -> (Option<mail::Timestamp>, Option<mail::Timestamp>) {
        let Some(active) = section.table("active") else {
            return (None, None);
        };
        let moment = |name| match active.value(name) {
            Some(Value::Moment(at)) => Some(at.in_zone(self.home.zone)),
            _ => None,
        };
        let (from, until) = (moment("from"), moment("until"));
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            let message = "this rule is never active: `until` is not after `from`";
            self.mistake(&active.spot, message, "swap them, or write the right year");
        }
        (from, until)
    }
}

fn is_empty(condition: &Condition) -> bool {
    matches!(condition, Condition::All(children) | Condition::Any(children)
        if children.written.is_empty())
}

/// The line of `[[rule]]`, or of its first key when it is written inline.
fn section_line(section: &Section) -> usize {
    section.spot.line()
}
