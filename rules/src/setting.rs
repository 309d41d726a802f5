//! What the variables of a text stand for in one message, on one copy.
//!
//! It fills in nothing itself: that is for `mail::marking`.

use mail::marking::{Named, Stamp, Values, Variable};
use mail::{Label, Pattern};

use crate::look::Look;
use crate::people::Person;
use crate::policy::Home;

/// What is known when a text is filled in.
pub(crate) struct Setting<'a> {
    pub look: &'a Look<'a>,
    pub label: Option<&'a Label>,
    pub rule: &'a str,
    /// The subject as rules left it.
    pub subject: Option<String>,
}

impl Setting<'_> {
    /// A value for every variable.
    pub fn values(&self) -> Values {
        let facts = self.look.facts;
        let message = facts.message;
        let address = facts.envelope.sender.to_string();
        let domain = facts.envelope.sender.address().map(mail::Address::domain);
        let from = message.mailboxes("From").into_iter().next();
        let name = from.and_then(|mailbox| mailbox.name);
        let subject = self.subject.clone().or_else(|| message.subject());
        let local = facts.now.in_zone(self.look.home.zone);
        let id = message
            .field("Message-ID")
            .map(|field| message.field_text(field));
        let id = id.unwrap_or_default();
        let values = label_values(self.label)
            .with(Variable::SenderName, name.as_deref().unwrap_or(&address))
            .with(Variable::SenderAddress, &address)
            .with(Variable::SenderDomain, domain.unwrap_or_default())
            .with(Variable::Subject, &subject.unwrap_or_default())
            .with(Variable::MessageId, id.trim())
            .with(Variable::Date, &local.date_words())
            .with(Variable::Day, &local.day())
            .with(Variable::Clock, &local.clock())
            .with(Variable::Zone, &local.zone_words())
            .with(Variable::RuleName, self.rule)
            .with(Variable::OrganisationName, &self.look.home.name);
        let person = self.look.person_shown();
        let said = person.into_iter().flat_map(Person::attributes);
        said.fold(values, |values, (named, value)| {
            values.with_named(named.clone(), value)
        })
    }
}

/// What is said of the label alone.
pub(crate) fn label_values(label: Option<&Label>) -> Values {
    let text = |of: fn(&Label) -> Option<&str>| label.and_then(of).unwrap_or_default();
    Values::new()
        .with(Variable::LabelName, text(|label| Some(&label.name)))
        .with(Variable::LabelParent, text(|label| label.parent.as_deref()))
        .with(
            Variable::LabelTooltip,
            text(|label| label.tooltip.as_deref()),
        )
}

/// What is known of a rule's marking on all mail, beside what is said of a label.
fn with_rule(values: Values, rule: &str, home: &Home) -> Values {
    let values = values.with(Variable::RuleName, rule);
    values.with(Variable::OrganisationName, &home.name)
}

/// Whether the words of a rule's marking are others on other mail.
pub(crate) fn varies(stamp: &Stamp, rule: &str, home: &Home) -> bool {
    !stamp.is_fixed_by(&with_rule(Values::new(), rule, home))
}

/// What an earlier marking of this rule looks like, whatever mail it was set on; nothing where its
/// words never vary, since those are known as they stand.
pub(crate) fn earlier(stamp: &Stamp, rule: &str, home: &Home) -> Vec<Pattern> {
    if !varies(stamp, rule, home) {
        return Vec::new();
    }
    if !stamp.names().any(Named::is_of_label) {
        return stamp.patterns(&with_rule(Values::new(), rule, home));
    }
    let labels = home.labels.iter();
    let known = labels.map(|label| with_rule(label_values(Some(label)), rule, home));
    known.flat_map(|known| stamp.patterns(&known)).collect()
}
