//! The one table of every word a rule file may hold: its name, what it takes, where it may stand.
//!
//! Reading, the manual, the JSON Schema and the tests all walk this table; no word exists outside
//! of it.

mod actions;
mod conditions;
mod labels;
mod markings;
mod people;
mod tables;

pub(crate) use conditions::IMPORTANCES;
#[cfg(test)]
#[cfg(test)]
pub(crate) use conditions::{RECIPIENT_TRICKS, TRICKS};

/// Where a word may stand: a kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    File,
    Rule,
    Condition,
    HeaderWords,
    HeaderPattern,
    AttributeWords,
    AttributePattern,
    Action,
    Reject,
    Marking,
    Wording,
    Rewrite,
    SetHeader,
    Seal,
    AddRecipient,
    Notify,
    Active,
    ApplyLabel,
    ForeignLabel,
    Time,
    Labels,
    Label,
    Language,
    Person,
    List,
    Case,
    Expect,
}

/// What a word takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One text, not empty.
    Text,
    /// One text or a list of texts; `{ list = "name" }` stands for the values of that list.
    Texts,
    /// One text or a list of texts; names of lists make no sense here.
    Names,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One or several of these words.
    Choices(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// `true`; leaving the line out is the opposite.
    True,
    /// `true`, or a text.
    TrueOrText,
    /// `true`, `false`, or one or several texts.
    FlagOrNames,
    /// A whole number, zero or more.
    Count,
    /// `"10MiB"`.
    Size,
    /// `"15m"`.
    Duration,
    /// A TOML date, or a date and time with its zone.
    Moment,
    /// A table of its own.
    Table(Place),
    /// A text, or a table of its own.
    TextOrTable(Place),
    /// A table of texts under names of their own.
    NamedTexts,
    /// A list of tables.
    Tables(Place),
    /// One or several tables.
    OneOrMoreTables(Place),
    /// Known, and refused with its doc as the reason.
    Reserved,
}

/// One word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    pub name: &'static str,
    pub place: Place,
    pub kind: Kind,
    pub required: bool,
    /// What follows the `=`.
    pub example: &'static str,
    /// One or more sentences, in Markdown.
    pub doc: &'static str,
}

const fn word(
    place: Place,
    name: &'static str,
    kind: Kind,
    example: &'static str,
    doc: &'static str,
) -> Word {
    Word {
        name,
        place,
        kind,
        required: false,
        example,
        doc,
    }
}

impl Word {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// Every word, in the order the manual shows them.
pub(crate) fn all() -> impl Iterator<Item = &'static Word> {
    [
        tables::WORDS,
        labels::WORDS,
        markings::WORDS,
        people::WORDS,
        conditions::WORDS,
        actions::WORDS,
    ]
    .into_iter()
    .flatten()
}

/// The words of one place, in the manual's order.
pub(crate) fn of(place: Place) -> impl Iterator<Item = &'static Word> {
    all().filter(move |word| word.place == place)
}

/// The word of this name in this place.
pub(crate) fn find(place: Place, name: &str) -> Option<&'static Word> {
    of(place).find(|word| word.name == name)
}

impl Place {
    /// Every place, in the order the manual shows them.
    pub const ALL: [Place; 27] = [
        Self::File,
        Self::Rule,
        Self::Active,
        Self::Condition,
        Self::HeaderWords,
        Self::HeaderPattern,
        Self::AttributeWords,
        Self::AttributePattern,
        Self::ForeignLabel,
        Self::Action,
        Self::Reject,
        Self::Marking,
        Self::Wording,
        Self::Rewrite,
        Self::SetHeader,
        Self::Seal,
        Self::AddRecipient,
        Self::Notify,
        Self::ApplyLabel,
        Self::Label,
        Self::Labels,
        Self::Time,
        Self::Language,
        Self::Person,
        Self::List,
        Self::Case,
        Self::Expect,
    ];

    /// What a word of this place is called: "unknown condition".
    pub fn noun(self) -> &'static str {
        match self {
            Self::File => "table",
            Self::Condition => "condition",
            Self::Action => "action",
            _ => "key",
        }
    }

    /// The table, as an admin would name it.
    pub fn title(self) -> &'static str {
        match self {
            Self::File => "a rule file",
            Self::Rule => "`[[rule]]`",
            Self::Condition => "`when` or `unless`",
            Self::HeaderWords => "`header_contains`",
            Self::HeaderPattern => "`header_matches`",
            Self::AttributeWords => "`…_attribute_contains`",
            Self::AttributePattern => "`…_attribute_matches`",
            Self::Action => "`then`",
            Self::Reject => "`reject`",
            Self::Marking => "`header` or `footer`",
            Self::Wording => "`languages`",
            Self::Rewrite => "`rewrite_subject`",
            Self::SetHeader => "`set_header`",
            Self::Seal => "`seal` or `seal_outside`",
            Self::AddRecipient => "`add_recipient`",
            Self::Notify => "`notify`",
            Self::Active => "`active`",
            Self::ApplyLabel => "`apply_label`",
            Self::ForeignLabel => "`foreign_label`",
            Self::Labels => "`[labels]`",
            Self::Time => "`[time]`",
            Self::Label => "`[[label]]`",
            Self::Language => "`[[language]]`",
            Self::Person => "`[[person]]`",
            Self::List => "`[[list]]`",
            Self::Case => "`[[case]]`",
            Self::Expect => "`[[case.expect]]`",
        }
    }
}

impl Kind {
    /// What it takes, as words: "a text or a list of texts".
    pub fn takes(self) -> String {
        let choice = |words: &[&str]| {
            words
                .iter()
                .map(|word| format!("`\"{word}\"`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::Text => "a text".into(),
            Self::Texts => "a text, a list of texts, or the name of a list".into(),
            Self::Names => "a text or a list of texts".into(),
            Self::Choice(words) => format!("one of {}", choice(words)),
            Self::Choices(words) => format!("one or several of {}", choice(words)),
            Self::Flag => "`true` or `false`".into(),
            Self::True => "`true`".into(),
            Self::TrueOrText => "`true` or a text".into(),
            Self::FlagOrNames => "`true`, `false`, or a text or list of texts".into(),
            Self::Count => "a whole number".into(),
            Self::Size => "a size with its unit, such as `\"10MiB\"`".into(),
            Self::Duration => "a duration with its unit, such as `\"30d\"`".into(),
            Self::Moment => "a date, or a date and time with its zone".into(),
            Self::Table(_) => "a table".into(),
            Self::TextOrTable(_) => "a text or a table".into(),
            Self::NamedTexts => "a table of texts".into(),
            Self::Tables(_) => "a list of tables".into(),
            Self::OneOrMoreTables(_) => "a table or a list of tables".into(),
            Self::Reserved => "nothing yet".into(),
        }
    }
}
