//! Texts with variables: `Classified as ${label.name}`.
//!
//! A variable's value is text and nothing else: it is escaped in HTML and never read again for
//! variables.

use mail::marking::escape_html;
use mail::{Label, Marking};

use crate::look::Look;
use crate::read::nearest;

/// Every variable and what it stands for.
pub(crate) const VARIABLES: &[(&str, Variable)] = &[
    ("label.name", Variable::LabelName),
    ("sender.address", Variable::SenderAddress),
    ("sender.name", Variable::SenderName),
    ("subject", Variable::Subject),
    ("date", Variable::Date),
    ("rule.name", Variable::RuleName),
    ("organisation.name", Variable::OrganisationName),
];

/// How long a value may be, in characters: a hostile subject must not fill a letter.
pub const VALUE_LENGTH_MAX: usize = 200;

/// Something a text may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    LabelName,
    SenderAddress,
    SenderName,
    Subject,
    Date,
    RuleName,
    OrganisationName,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

/// A text, its variables found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

/// What is known when a text is filled in.
pub(crate) struct Setting<'a> {
    pub look: &'a Look<'a>,
    pub label: Option<&'a Label>,
    pub rule: &'a str,
    pub subject: Option<String>,
}

impl Template {
    /// Finds the variables; an unknown one is a mistake, with help.
    pub fn parse(text: &str) -> Result<Self, (String, String)> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            pieces.push(Piece::Text(rest[..at].to_owned()));
            let Some(end) = rest[at..].find('}') else {
                let help = "close it with `}`".to_owned();
                return Err(("`${` without `}`".to_owned(), help));
            };
            let name = &rest[at + 2..at + end];
            let known = VARIABLES.iter().find(|(known, _)| *known == name);
            pieces.push(Piece::Variable(known.ok_or_else(|| unknown(name))?.1));
            rest = &rest[at + end + 1..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self(pieces))
    }

    /// The text, filled in.
    pub fn fill(&self, setting: &Setting<'_>) -> String {
        self.render(setting, str::to_owned)
    }

    /// The HTML, filled in with escaped values.
    fn fill_html(&self, setting: &Setting<'_>) -> String {
        self.render(setting, escape_html)
    }

    fn render(&self, setting: &Setting<'_>, escape: impl Fn(&str) -> String) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(variable) => escape(&setting.value(*variable)),
        };
        self.0.iter().map(piece).collect()
    }
}

fn unknown(name: &str) -> (String, String) {
    let names = || VARIABLES.iter().map(|(name, _)| *name);
    let help = match nearest(name, names()) {
        Some(near) => format!("did you mean `${{{near}}}`?"),
        None => {
            let all: Vec<String> = names().map(|name| format!("`${{{name}}}`")).collect();
            format!("there are {}", all.join(", "))
        }
    };
    (format!("unknown variable `${{{name}}}`"), help)
}

impl Setting<'_> {
    fn value(&self, variable: Variable) -> String {
        let facts = self.look.facts;
        let value = match variable {
            Variable::LabelName => self
                .label
                .map(|label| label.name.clone())
                .unwrap_or_default(),
            Variable::SenderAddress => facts.envelope.sender.to_string(),
            Variable::SenderName => {
                let from = facts.message.mailboxes("From").into_iter().next();
                let name = from.and_then(|mailbox| mailbox.name);
                name.unwrap_or_else(|| facts.envelope.sender.to_string())
            }
            Variable::Subject => self
                .subject
                .clone()
                .or_else(|| facts.message.subject())
                .unwrap_or_default(),
            Variable::Date => facts.now.date_words(),
            Variable::RuleName => self.rule.to_owned(),
            Variable::OrganisationName => self.look.home.name.clone(),
        };
        value
            .chars()
            .filter(|c| !c.is_control())
            .take(VALUE_LENGTH_MAX)
            .collect()
    }
}

/// A marking with its variables found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MarkingTemplate {
    pub text: Template,
    pub html: Option<Template>,
}

impl MarkingTemplate {
    /// The marking, filled in.
    pub fn fill(&self, setting: &Setting<'_>) -> Marking {
        let html = self.html.as_ref().map(|html| html.fill_html(setting));
        Marking {
            text: self.text.fill(setting),
            html,
        }
    }
}
