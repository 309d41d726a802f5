//! A rule that fires: its actions, one after the other, on one copy.

use std::sync::Arc;

use mail::marking::Template;
use mail::{Address, Edit};

use super::{Bench, Walker};
use crate::action::{Action, Deed, Notice, Rewrite};
use crate::condition::Truth;
use crate::draft::{Add, Draft};
use crate::explain::Effect;
use crate::policy::{Mode, Rule};
use crate::setting::{Setting, earlier};
use crate::verdict::{Fate, Notification, Role};

impl Bench<'_> {
    /// Does what the rule asks for. Actions that lower need a plain yes.
    pub(super) fn fire(
        &mut self,
        rule: &Rule,
        truth: Truth,
        draft: &mut Draft,
        walker: Walker<'_>,
    ) -> Effect {
        let counts = |action: &&Action| truth == Truth::Yes || !action.lowers;
        let only_lowers = rule.actions.iter().all(|action| action.lowers);
        if truth == Truth::Unknown && only_lowers {
            return Effect::OnlyLowers;
        }
        if rule.mode != Mode::Enforce {
            draft.would.push(Arc::clone(&rule.name));
            for action in rule.actions.iter().filter(counts) {
                if let (Mode::TestAndNotify, Deed::Notify(notice)) = (rule.mode, &action.deed) {
                    self.notify(notice, rule, draft);
                }
            }
            return Effect::Would;
        }
        let mut effect = rule.stop && truth == Truth::Yes;
        for action in rule.actions.iter().filter(counts) {
            effect |= self.act(action, rule, draft, walker);
        }
        if !effect {
            return Effect::Nothing;
        }
        draft.because.push(Arc::clone(&rule.name));
        draft.severity = draft.severity.max(rule.severity);
        Effect::Done
    }

    /// One action. Says whether the outcome is now as it asked for, and was not already by label.
    fn act(&mut self, action: &Action, rule: &Rule, draft: &mut Draft, walker: Walker<'_>) -> bool {
        let labels = &self.policy.home.labels;
        match &action.deed {
            Deed::Restrict(fate) => draft.restrict(fate.clone()),
            Deed::Redirect(_) | Deed::AddRecipient { .. } if walker.added => false,
            Deed::Redirect(to) => redirect(to, rule, draft),
            Deed::Seal { terms, receipt } => {
                draft.seal(terms);
                draft.receipt |= receipt;
                true
            }
            Deed::Unseal => {
                draft.unsealed = true;
                draft.seal = None;
                true
            }
            Deed::ApplyLabel { label, setter } => {
                draft.raise_label(label, labels, &rule.name, *setter)
            }
            Deed::RemoveLabel => draft.remove_label(&rule.name),
            Deed::Insert { stamp, slot } => {
                let setting = self.setting(rule, draft);
                let edit = stamp.edit(slot, walker.language, &setting.values());
                let earlier = earlier(stamp, &setting);
                draft.earlier.extend(self.outdated(earlier, &edit));
                self.set_marking(edit, draft);
                true
            }
            Deed::PrependSubject(text) => {
                let text = self.fill(text, rule, draft);
                self.prepend_subject(&text, draft)
            }
            Deed::RewriteSubject(rewrite) => self.rewrite_subject(rewrite, rule, draft),
            Deed::SetHeader { name, value } => {
                let value = self.fill(value, rule, draft);
                draft.set_header(name, Some(value));
                true
            }
            Deed::RemoveHeader(names) => self.remove_headers(names, rule, draft),
            Deed::AddRecipient { addresses, role } => {
                addresses
                    .iter()
                    .for_each(|address| self.add(address, *role, rule, draft));
                true
            }
            Deed::Notify(notice) => self.notify(notice, rule, draft),
            Deed::Receipt => {
                draft.receipt = true;
                true
            }
        }
    }

    fn setting<'b>(&'b self, rule: &'b Rule, draft: &Draft) -> Setting<'b> {
        let label = draft
            .label
            .as_ref()
            .and_then(|label| self.policy.home.labels.get(label));
        Setting {
            look: &self.look,
            label,
            rule: &rule.name,
            subject: self.set_subject(draft),
        }
    }

    fn fill(&self, text: &Template, rule: &Rule, draft: &Draft) -> String {
        text.fill(&self.setting(rule, draft).values())
    }

    /// Adds a marking to the copy's edits. A copy that it cannot be set on, and may not go without
    /// it, is refused.
    pub(super) fn set_marking(&self, edit: Edit, draft: &mut Draft) {
        if says_nothing(&edit) {
            return;
        }
        if let Some(reason) = mail::edit::refusal(self.look.message(), &edit) {
            let because = reason.in_words();
            draft.restrict(Fate::Reject {
                code: "5.6.0".to_owned(),
                text: format!("this message has to be marked and cannot be, because {because}"),
            });
            return;
        }
        draft.edits.push(edit);
    }

    fn set_subject(&self, draft: &Draft) -> Option<String> {
        draft.header("Subject").flatten().map(str::to_owned)
    }

    /// The subject as it stands on this copy.
    pub(super) fn subject(&self, draft: &Draft) -> String {
        match draft.header("Subject") {
            Some(set) => set.unwrap_or_default().to_owned(),
            None => {
                let unlabelled = self.unlabelled_subject();
                unlabelled.unwrap_or_else(|| self.look.message().subject().unwrap_or_default())
            }
        }
    }

    /// Puts text before the subject unless the subject holds it already.
    fn prepend_subject(&self, text: &str, draft: &mut Draft) -> bool {
        let subject = self.subject(draft);
        if subject.to_lowercase().contains(&text.trim().to_lowercase()) {
            return false;
        }
        let blank = if text.ends_with(' ') || subject.is_empty() {
            ""
        } else {
            " "
        };
        draft.set_header("Subject", Some(format!("{text}{blank}{subject}")));
        true
    }

    fn rewrite_subject(&self, rewrite: &Rewrite, rule: &Rule, draft: &mut Draft) -> bool {
        let subject = self.subject(draft);
        let fill = |text: &Template| self.fill(text, rule, draft);
        let new = rewrite.apply(&subject, rewrite.set.as_ref().map(fill));
        let changed = new != subject;
        if changed {
            draft.set_header("Subject", Some(new));
        }
        changed
    }

    /// Removing the field that carries the label removes the label.
    fn remove_headers(&self, names: &[String], rule: &Rule, draft: &mut Draft) -> bool {
        let mut removed = false;
        for name in names {
            let stands = match draft.header(name) {
                Some(set) => set.is_some(),
                None => self.look.message().field(name).is_some(),
            };
            if stands {
                draft.set_header(name, None);
                if name.eq_ignore_ascii_case("msip_labels") {
                    draft.remove_label(&rule.name);
                }
            }
            removed |= stands;
        }
        removed
    }

    fn add(&self, address: &Address, role: Role, rule: &Rule, draft: &mut Draft) {
        if draft.adds.iter().any(|add| add.address == *address) {
            return;
        }
        let (address, rule) = (address.clone(), Arc::clone(&rule.name));
        match role {
            Role::To => self.show_recipient("To", &address, draft),
            Role::Cc => self.show_recipient("Cc", &address, draft),
            Role::Bcc => {}
        }
        draft.adds.push(Add {
            address,
            role,
            rule,
        });
    }

    /// Adds an address to an address field, whose other mailboxes stay.
    fn show_recipient(&self, field: &str, address: &Address, draft: &mut Draft) {
        let set = draft.header(field).map(|set| set.map(str::to_owned));
        let mailboxes = self.look.message().mailboxes(field);
        let is_shown =
            |mailbox: &mail::Mailbox| mailbox.address.eq_ignore_ascii_case(address.as_str());
        if set.is_none() && mailboxes.iter().any(is_shown) {
            return;
        }
        let written = || {
            mailboxes
                .iter()
                .map(write_mailbox)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let present = set.unwrap_or_else(|| Some(written())).unwrap_or_default();
        let value = match present.is_empty() {
            true => address.to_string(),
            false => format!("{present}, {address}"),
        };
        draft.set_header(field, Some(value));
    }

    /// Once for each rule and set of people, however many copies ask.
    fn notify(&mut self, notice: &Notice, rule: &Rule, draft: &Draft) -> bool {
        let sender = self
            .look
            .facts
            .envelope
            .sender
            .address()
            .filter(|_| notice.sender);
        let mut to: Vec<Address> = notice.addresses.clone();
        to.extend(
            sender
                .filter(|sender| !notice.addresses.contains(sender))
                .cloned(),
        );
        let told = |sent: &Notification| sent.rule == rule.name && sent.to == to;
        if to.is_empty() || self.notifications.iter().any(told) {
            return !to.is_empty();
        }
        let values = self.setting(rule, draft).values();
        let subject = notice.subject.as_ref();
        let subject = subject.map(|subject| subject.fill(&values));
        let text = notice.text.fill(&values);
        let (rule, severity) = (Arc::clone(&rule.name), rule.severity);
        let subject = subject.unwrap_or_else(|| rule.to_string());
        self.notifications.push(Notification {
            to,
            subject,
            text,
            rule,
            severity,
        });
        true
    }
}

/// Whether a marking's variables stand for nothing on this copy, and it holds nothing else.
fn says_nothing(edit: &Edit) -> bool {
    match edit {
        Edit::InsertText { plain, html, .. } => [plain, html].iter().all(|t| t.trim().is_empty()),
        _ => false,
    }
}

fn redirect(to: &[Address], rule: &Rule, draft: &mut Draft) -> bool {
    for address in to {
        if !draft.redirects.iter().any(|(known, _)| known == address) {
            draft
                .redirects
                .push((address.clone(), Arc::clone(&rule.name)));
        }
    }
    draft.restrict(Fate::Redirect { to: to.to_vec() })
}

/// A mailbox as RFC 5322 §3.4 writes it. A name that will be encoded loses what may not stand in
/// a phrase; any other is quoted.
fn write_mailbox(mailbox: &mail::Mailbox) -> String {
    let address = &mailbox.address;
    match mailbox.name.as_deref() {
        None => address.clone(),
        Some(name) if name.is_ascii() => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\" <{address}>")
        }
        Some(name) => {
            let special = |c: char| "()<>[]:;@\\,.\"".contains(c);
            let name: String = name
                .chars()
                .map(|c| if special(c) { ' ' } else { c })
                .collect();
            format!("{} <{address}>", name.trim())
        }
    }
}
