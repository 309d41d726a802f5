//! What is allowed and likely means something else.

use super::Compiler;
use super::conditions::Ground;
use crate::condition::{Condition, Guard, Test};
use crate::diagnostic::Diagnostic;
use crate::read::{Entry, Item, Section};
use mail::LabelId;
use mail::marking::{Stamp, Values, Variable};

impl Compiler {
    /// A label under a per-recipient condition marks only those copies.
    pub(super) fn advise_label_splits(&mut self, section: &Section, when: &Condition) {
        let mut leaves = Vec::new();
        when.leaves(&mut leaves);
        if !leaves.iter().any(|leaf| leaf.test.is_per_recipient()) {
            return;
        }
        for action in section.tables("then") {
            if let Some(entry) = action.entry("apply_label") {
                let message = "this label is set only on the copies of some recipients";
                let help = "the others get the message without it; write `any_recipient` in place \
                            of `recipient` to label the message for all";
                self.found
                    .push(Diagnostic::advice(entry.key.clone(), message).help(help));
            }
        }
    }

    /// Without an id there is no form in which a label could travel.
    pub(super) fn advise_no_site(&mut self, section: &Section) {
        if self.home.site_id.is_some() {
            return;
        }
        for action in section.tables("then") {
            if let Some(entry) = action.entry("apply_label") {
                let message = "this label will not be written into the message";
                let help = "set `id` in [organisation] of the configuration: it names the \
                            organisation whose label it is";
                self.found
                    .push(Diagnostic::advice(entry.key.clone(), message).help(help));
            }
        }
    }

    /// What could be any text's words is not taken for an earlier marking.
    pub(super) fn advise_untold(&mut self, entry: &Entry, stamp: &Stamp, rule: &str) {
        let values = Values::new().with(Variable::RuleName, rule);
        let values = values.with(Variable::OrganisationName, &self.home.name);
        if stamp.tells_time() && stamp.patterns(&values).is_empty() {
            let message = "this marking cannot be told from other text";
            let help = "so a second one is set beside it on a letter that a mail program saved and \
                        sent anew; give it more words that are always the same";
            self.found
                .push(Diagnostic::advice(entry.spot.clone(), message).help(help));
        }
    }

    /// A label with sublabels is a heading.
    pub(super) fn advise_heading(&mut self, name: &Item, label: &LabelId) {
        let under = self.home.labels.sublabels(label);
        let names: Vec<String> = under.map(|label| format!("`{}`", label.name)).collect();
        if names.is_empty() {
            return;
        }
        let message = format!("`{}` is a heading for other labels", name.text);
        let help = format!(
            "mail programs set only what stands below it; did you mean {}?",
            names.join(" or ")
        );
        self.found
            .push(Diagnostic::advice(name.spot.clone(), message).help(help));
    }

    /// A claim about the sender where a forged one would be lenient.
    pub(super) fn advise_identity(&mut self, entry: &Entry, test: &Test, ground: Ground) {
        let guard = ground.guard();
        if guard == Guard::Claim || ground.verified || !test.is_identity() {
            return;
        }
        let message = format!(
            "`{}` counts here only when the sender is verified",
            entry.word.name
        );
        let help = "anybody can claim to be this sender, so it counts when the peer proved a login \
                    that is the sender's, and From names that sender alone; say so: \
                    all = [{ … }, { sender_verified = true }]; a listener with \
                    `senders = \"verified\"` proves it";
        self.found
            .push(Diagnostic::advice(entry.key.clone(), message).help(help));
    }

    /// A kind of message that anybody can give their own.
    pub(super) fn advise_forgeable(&mut self, entry: &Entry, ground: Ground) {
        let forgeable = ["auto-reply", "read-receipt", "calendar", "mailing-list"];
        let mut values = entry.value.texts().iter();
        let claimed = values.find(|item| forgeable.contains(&item.text.as_str()));
        if ground.guard() == Guard::Claim {
            return;
        }
        if let Some(item) = claimed {
            let message = format!("anybody can make a message look like `{}`", item.text);
            let help = "this would let such a message past the rule; `delivery-report` is the one \
                        kind that carries nothing of the original";
            self.found
                .push(Diagnostic::advice(item.spot.clone(), message).help(help));
        }
    }
}
