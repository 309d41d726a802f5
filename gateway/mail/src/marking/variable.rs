//! What a text may name, and what that stands for in one message.
//!
//! A value is text and nothing else: without controls, cut at a length; it is never read for
//! variables again.

use crate::edit::Room;

/// How long a value may be, in characters: a hostile subject must not fill a letter.
pub const VALUE_CHARS_MAX: usize = 200;
/// How long the name of an attribute of one's own may be, in bytes.
pub const OWN_NAME_BYTES_MAX: usize = 40;

/// What stands before the name of an attribute of one's own.
const OWN: &str = "sender.custom.";

macro_rules! variables {
    ($($variable:ident = $name:literal $(| $other:literal)*, $doc:literal;)*) => {
        /// Something a text may name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Variable { $(#[doc = $doc] $variable,)* }

        impl Variable {
            /// Every variable there is.
            pub const ALL: &'static [Variable] = &[$(Variable::$variable,)*];

            /// Its name between `${` and `}`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variable => $name,)* }
            }

            /// What it stands for.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variable => $doc,)* }
            }

            /// The variable of this name, or of the name it bears in Microsoft's markings.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name $(| $other)* => Some(Self::$variable),)* _ => None }
            }
        }
    };
}

variables! {
    LabelName = "label.name" | "Item.Label", "the label's name";
    LabelParent = "label.parent", "the name of the label it stands under";
    LabelTooltip = "label.tooltip", "what a person is told about the label";
    SenderName = "sender.name" | "User.Name",
        "the sender's name: as `[[person]]` has it, or the display name in From, or the address";
    SenderAddress = "sender.address" | "User.PrincipalName", "the envelope sender's address";
    SenderDomain = "sender.domain", "the envelope sender's domain";
    SenderFirstName = "sender.first_name", "the sender's given name";
    SenderLastName = "sender.last_name", "the sender's family name";
    SenderInitials = "sender.initials", "the sender's initials";
    SenderTitle = "sender.title", "what the sender does";
    SenderDepartment = "sender.department", "the sender's department";
    SenderCompany = "sender.company", "the sender's company";
    SenderOffice = "sender.office", "the sender's office";
    SenderPhone = "sender.phone", "the sender's telephone at work";
    SenderMobile = "sender.mobile", "the sender's mobile telephone";
    SenderHomePhone = "sender.home_phone", "the sender's telephone at home";
    SenderFax = "sender.fax", "the sender's fax";
    SenderPager = "sender.pager", "the sender's pager";
    SenderStreet = "sender.street", "the sender's street and number";
    SenderPostBox = "sender.post_office_box", "the sender's post office box";
    SenderPostalCode = "sender.postal_code", "the sender's postal code";
    SenderCity = "sender.city", "the sender's city";
    SenderState = "sender.state", "the sender's state or province";
    SenderCountry = "sender.country", "the sender's country";
    SenderManager = "sender.manager", "the name of the sender's manager";
    SenderNotes = "sender.notes", "notes on the sender";
    Subject = "message.subject" | "subject" | "Item.Name" | "Item.Location", "the subject";
    MessageId = "message.id", "the Message-ID";
    Date = "time.date" | "date" | "Event.DateTime",
        "the moment of marking in the zone of `[time]`, in English: `3 December 2026, 15:05 \
        UTC+01:00`";
    Day = "time.day", "the day of it in figures: `2026-12-03`";
    Clock = "time.time", "the hour and minute of it: `15:05`";
    Zone = "time.zone", "how far that zone is from UTC then: `UTC+01:00`, or `UTC`";
    RuleName = "rule.name", "the rule that set the marking";
    OrganisationName = "organisation.name", "the organisation's name";
}

/// What a text names: something every site knows, or an attribute of a site's own people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// A variable.
    Known(Variable),
    /// An attribute of this name: `${sender.custom.NAME}`.
    Own(String),
}

impl Named {
    /// The name between `${` and `}`.
    pub fn name(&self) -> String {
        match self {
            Self::Known(variable) => variable.name().to_owned(),
            Self::Own(name) => format!("{OWN}{name}"),
        }
    }

    /// Reads [`Named::name`], and the names that variables bear elsewhere.
    pub fn parse(name: &str) -> Option<Self> {
        match name.strip_prefix(OWN) {
            Some(own) => Self::own(own),
            None => Variable::parse(name).map(Self::Known),
        }
    }

    /// Whether it says something of the label, and so is the same on all mail with it.
    pub fn is_of_label(&self) -> bool {
        use Variable::{LabelName, LabelParent, LabelTooltip};
        matches!(self, Self::Known(LabelName | LabelParent | LabelTooltip))
    }

    /// Whether it says something of the sender.
    pub fn is_of_sender(&self) -> bool {
        self.name().starts_with("sender.")
    }

    /// What it leaves room for in the look of a marking, where it tells the time.
    pub(super) fn room(&self) -> Option<Room> {
        match self {
            Self::Known(Variable::Date) => Some(Room::Date),
            Self::Known(Variable::Day) => Some(Room::Day),
            Self::Known(Variable::Clock) => Some(Room::Clock),
            Self::Known(Variable::Zone) => Some(Room::Zone),
            _ => None,
        }
    }

    /// An attribute of one's own: letters, digits, `_` and `-`, at most [`OWN_NAME_BYTES_MAX`].
    pub fn own(name: &str) -> Option<Self> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let fits = (1..=OWN_NAME_BYTES_MAX).contains(&name.len());
        (fits && name.bytes().all(sound)).then(|| Self::Own(name.to_owned()))
    }
}

/// What variables stand for in one message; those not set are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<(Named, String)>);

impl Values {
    /// No variable is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a variable; controls are dropped and what is beyond [`VALUE_CHARS_MAX`] is cut.
    pub fn with(self, variable: Variable, value: &str) -> Self {
        self.with_named(Named::Known(variable), value)
    }

    /// The same of anything that can be named.
    pub fn with_named(mut self, named: Named, value: &str) -> Self {
        let hidden = |c: &char| c.is_control() || is_invisible(*c);
        let value = value
            .chars()
            .filter(|c| !hidden(c))
            .take(VALUE_CHARS_MAX)
            .collect();
        self.0.retain(|(known, _)| *known != named);
        self.0.push((named, value));
        self
    }

    /// The same values with nothing known of the sender.
    pub fn without_sender(mut self) -> Self {
        self.0.retain(|(named, _)| !named.is_of_sender());
        self
    }

    pub(super) fn get(&self, named: &Named) -> &str {
        let found = self.0.iter().find(|(known, _)| known == named);
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// Characters that change the direction or the shape of the text around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_it_is_written() {
        let own = Named::Own("cost-centre_2".into());
        let known = Variable::ALL.iter().map(|variable| Named::Known(*variable));
        for named in known.chain([own]) {
            assert_eq!(Named::parse(&named.name()), Some(named));
        }
        let longest = "x".repeat(OWN_NAME_BYTES_MAX);
        assert!(Named::own(&longest).is_some());
        for none in ["", "a b", "a.b", "größe", &format!("{longest}x")] {
            assert_eq!(Named::own(none), None, "{none}");
        }
        assert_eq!(Named::parse("sender.custom."), None);
    }
}
