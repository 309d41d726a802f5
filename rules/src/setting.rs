//! What the variables of a text stand for in one message, on one copy.
//!
//! It fills in nothing itself: that is for `mail::marking`.

use mail::Label;
use mail::marking::{Values, Variable};

use crate::look::Look;

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
        label_values(self.label)
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
            .with(Variable::OrganisationName, &self.look.home.name)
    }
}

/// What is said of the label alone.
pub(crate) fn label_values(label: Option<&Label>) -> Values {
    let Some(label) = label else {
        return Values::new();
    };
    Values::new()
        .with(Variable::LabelName, &label.name)
        .with(
            Variable::LabelParent,
            label.parent.as_deref().unwrap_or_default(),
        )
        .with(
            Variable::LabelTooltip,
            label.tooltip.as_deref().unwrap_or_default(),
        )
}
