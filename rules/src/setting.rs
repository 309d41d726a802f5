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
    with_label(Values::new(), label)
}

/// The same values where the label is this one.
pub(crate) fn with_label(values: Values, label: Option<&Label>) -> Values {
    let text = |of: fn(&Label) -> Option<&str>| label.and_then(of).unwrap_or_default();
    values
        .with(Variable::LabelName, text(|label| Some(&label.name)))
        .with(Variable::LabelParent, text(|label| label.parent.as_deref()))
        .with(
            Variable::LabelTooltip,
            text(|label| label.tooltip.as_deref()),
        )
}

/// Whether a marking with the same values has other words on other days, or under other labels.
pub(crate) fn varies(stamp: &Stamp) -> bool {
    stamp.tells_time() || stamp.names().any(Named::is_of_label)
}

/// What earlier markings of a rule look like that were set with these values at another time or
/// under another label; nothing where the words never vary, since those are known as they stand.
pub(crate) fn earlier(stamp: &Stamp, values: &Values, home: &Home) -> Vec<Pattern> {
    if stamp.names().any(Named::is_of_label) {
        let labels = home.labels.iter();
        let values = labels.map(|label| with_label(values.clone(), Some(label)));
        return values.flat_map(|values| stamp.patterns(&values)).collect();
    }
    match stamp.tells_time() {
        true => stamp.patterns(values),
        false => Vec::new(),
    }
}
