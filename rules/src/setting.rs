//! What the variables of a text stand for in one message, on one copy.
//!
//! It fills in nothing itself: that is for `mail::marking`.

use mail::marking::{Named, Stamp, Values, Variable};
use mail::{Label, Pattern};

use crate::look::Look;
use crate::people::Person;

/// How many of the people whom a letter names may have set an earlier marking in it.
const EARLIER_SENDERS_MAX: usize = 20;

/// What is known when a text is filled in.
#[derive(Clone)]
pub(crate) struct Setting<'a> {
    pub look: &'a Look<'a>,
    pub label: Option<&'a Label>,
    pub rule: &'a str,
    /// The subject as rules left it.
    pub subject: Option<String>,
}

impl<'a> Setting<'a> {
    /// The same under another label.
    pub fn under(self, label: Option<&'a Label>) -> Self {
        Self { label, ..self }
    }

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
        match self.look.person_shown() {
            Some(person) => with_person(values, person),
            None => values,
        }
    }

    /// What a marking looks like that was set in this letter earlier: at any time, by its sender or
    /// by somebody whom it names, as a reply names those it answers.
    pub fn looks(&self, stamp: &Stamp) -> Vec<Pattern> {
        let values = self.values();
        let mut patterns = stamp.patterns(&values);
        if stamp.names().any(Named::is_of_sender) {
            let senders = self.earlier_senders(&values);
            patterns.extend(senders.iter().flat_map(|values| stamp.patterns(values)));
        }
        patterns
    }

    /// The values where the sender is another whom the letter names: as the letter calls them, and
    /// as the organisation knows them.
    fn earlier_senders(&self, values: &Values) -> Vec<Values> {
        let message = self.look.facts.message;
        let fields = ["From", "Sender", "Reply-To", "To", "Cc"];
        let named = fields.iter().flat_map(|field| message.mailboxes(field));
        let mut found = Vec::new();
        for mailbox in named.take(EARLIER_SENDERS_MAX) {
            let Ok(address) = mail::Address::parse(&mailbox.address) else {
                continue;
            };
            let name = mailbox.name.as_deref().unwrap_or(address.as_str());
            let stranger = values
                .clone()
                .without_sender()
                .with(Variable::SenderName, name)
                .with(Variable::SenderAddress, address.as_str())
                .with(Variable::SenderDomain, address.domain());
            if let Some(person) = self.look.home.people.person(&address) {
                found.push(with_person(stranger.clone(), person));
            }
            found.push(stranger);
        }
        found
    }
}

fn with_person(values: Values, person: &Person) -> Values {
    let said = person.attributes().iter();
    said.fold(values, |values, (named, value)| {
        values.with_named(named.clone(), value)
    })
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

/// Whether a marking has other words at another time or of another sender.
pub(crate) fn varies_by_mail(stamp: &Stamp) -> bool {
    stamp.tells_time() || stamp.names().any(Named::is_of_sender)
}

/// What earlier markings of a rule look like; nothing where its words never vary, since those are
/// known as they stand.
pub(crate) fn earlier(stamp: &Stamp, setting: &Setting<'_>) -> Vec<Pattern> {
    if stamp.names().any(Named::is_of_label) {
        let labels = setting.look.home.labels.iter();
        let settings = labels.map(|label| setting.clone().under(Some(label)));
        return settings.flat_map(|setting| setting.looks(stamp)).collect();
    }
    match varies_by_mail(stamp) {
        true => setting.looks(stamp),
        false => Vec::new(),
    }
}
