//! Texts with variables: `Classified as ${label.name} by ${sender.name}`.
//!
//! It never reads a value for variables again, and a value is text and nothing else: escaped in
//! HTML, without controls, cut at a length.

use std::fmt;
use std::ops::Range;

use crate::edit::Pattern;

use super::escape_html;
use crate::edit::{html_text_places, shown_text};

/// How long a value may be, in characters: a hostile subject must not fill a letter.
pub const VALUE_CHARS_MAX: usize = 200;
/// How long a template may be, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 8 * 1024;

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
    SenderName = "sender.name" | "User.Name", "the sender's display name, or else the address";
    SenderAddress = "sender.address" | "User.PrincipalName", "the envelope sender's address";
    SenderDomain = "sender.domain", "the envelope sender's domain";
    Subject = "message.subject" | "subject" | "Item.Name" | "Item.Location", "the subject";
    MessageId = "message.id", "the Message-ID";
    Date = "time.date" | "date" | "Event.DateTime",
        "the moment of marking in the zone of `[time]`: `3 December 2026, 15:05 UTC+01:00`";
    Day = "time.day", "the day of it in figures: `2026-12-03`";
    Clock = "time.time", "the hour and minute of it: `15:05`";
    Zone = "time.zone", "how far that zone is from UTC then: `UTC+01:00`, or `UTC`";
    RuleName = "rule.name", "the rule that set the marking";
    OrganisationName = "organisation.name", "the organisation's name";
}

impl Variable {
    /// Whether it says something of the label, and so is the same on all mail with it.
    pub fn is_of_label(self) -> bool {
        matches!(
            self,
            Self::LabelName | Self::LabelParent | Self::LabelTooltip
        )
    }
}

/// What variables stand for in one message; those not set are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<(Variable, String)>);

impl Values {
    /// No variable is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a variable; controls are dropped and what is beyond [`VALUE_CHARS_MAX`] is cut.
    pub fn with(mut self, variable: Variable, value: &str) -> Self {
        let hidden = |c: &char| c.is_control() || is_invisible(*c);
        let value = value
            .chars()
            .filter(|c| !hidden(c))
            .take(VALUE_CHARS_MAX)
            .collect();
        self.0.retain(|(known, _)| *known != variable);
        self.0.push((variable, value));
        self
    }

    /// Whether the variable is set, be it to nothing.
    pub fn holds(&self, variable: Variable) -> bool {
        self.known(variable).is_some()
    }

    fn get(&self, variable: Variable) -> &str {
        self.known(variable).unwrap_or_default()
    }

    fn known(&self, variable: Variable) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == variable);
        found.map(|(_, value)| value.as_str())
    }
}

/// Characters that change the direction or the shape of the text around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

/// A text whose variables were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong.
    pub kind: TemplateErrorKind,
    /// The bytes of the text it is about.
    pub span: Range<usize>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateErrorKind {
    /// There is no variable of this name.
    Unknown(String),
    /// `${` without `}`.
    Unclosed,
    /// It is longer than [`TEMPLATE_BYTES_MAX`].
    TooLong,
    /// The variable stands where HTML gives its value another meaning than text.
    Place,
}

impl TemplateError {
    /// What to write instead, apart from the message.
    pub fn help(&self) -> String {
        match &self.kind {
            TemplateErrorKind::Unknown(_) => {
                let names = Variable::ALL.iter().map(|v| format!("`${{{}}}`", v.name()));
                format!("there are {}", names.collect::<Vec<_>>().join(", "))
            }
            TemplateErrorKind::Unclosed => "close it with `}`, or write `$${`".to_owned(),
            TemplateErrorKind::TooLong => format!("write at most {TEMPLATE_BYTES_MAX} bytes"),
            TemplateErrorKind::Place => "in HTML a variable may stand in text, in a quoted \
                 `title`, `alt` or `aria-label`, and in a quoted `href` behind `https:`, `http:`, \
                 `mailto:` or `tel:`"
                .to_owned(),
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TemplateErrorKind::Unknown(name) => write!(f, "unknown variable `${{{name}}}`"),
            TemplateErrorKind::Unclosed => f.write_str("`${` without `}`"),
            TemplateErrorKind::TooLong => f.write_str("the text is too long"),
            TemplateErrorKind::Place => f.write_str("a variable here would be more than text"),
        }
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Finds the variables; every mistake is told. `$${` stands for `${` itself.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateError>> {
        Self::read(text, |_| true)
    }

    /// The same of an HTML text, whose variables must stand where an escaped value is text.
    pub fn parse_html(html: &str) -> Result<Self, Vec<TemplateError>> {
        let places = html_text_places(html);
        let is_text = |span: &Range<usize>| {
            let holds = |place: &Range<usize>| place.start <= span.start && span.end <= place.end;
            places.iter().any(holds)
        };
        Self::read(html, is_text)
    }

    fn read(
        text: &str,
        is_text: impl Fn(&Range<usize>) -> bool,
    ) -> Result<Self, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let mut spans = Vec::new();
        if text.len() > TEMPLATE_BYTES_MAX {
            errors.push(TemplateError {
                kind: TemplateErrorKind::TooLong,
                span: 0..text.len(),
            });
        }
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("${").map(|n| at + n) {
            if text[at..found].ends_with('$') {
                literal.push_str(&text[at..found - 1]);
                literal.push_str("${");
                at = found + 2;
                continue;
            }
            literal.push_str(&text[at..found]);
            let Some(end) = text[found..].find('}').map(|n| found + n) else {
                let span = found..found + 2;
                errors.push(TemplateError {
                    kind: TemplateErrorKind::Unclosed,
                    span,
                });
                at = text.len();
                break;
            };
            let name = &text[found + 2..end];
            spans.push(found..end + 1);
            match Variable::parse(name) {
                Some(variable) => {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                    pieces.push(Piece::Variable(variable));
                }
                None => {
                    let kind = TemplateErrorKind::Unknown(name.to_owned());
                    errors.push(TemplateError {
                        kind,
                        span: found..end + 1,
                    });
                }
            }
            at = end + 1;
        }
        literal.push_str(&text[at..]);
        pieces.push(Piece::Text(literal));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        let misplaced = spans.into_iter().filter(|span| !is_text(span));
        errors.extend(misplaced.map(|span| TemplateError {
            kind: TemplateErrorKind::Place,
            span,
        }));
        if errors.is_empty() {
            Ok(Self(pieces))
        } else {
            Err(errors)
        }
    }

    /// The text with its values.
    pub fn fill(&self, values: &Values) -> String {
        self.render(values, str::to_owned)
    }

    /// The HTML with its values, which are escaped.
    pub fn fill_html(&self, values: &Values) -> String {
        self.render(values, escape_html)
    }

    /// What it names, in order.
    pub fn variables(&self) -> impl Iterator<Item = Variable> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Variable(variable) => Some(*variable),
        })
    }

    fn render(&self, values: &Values, write: impl Fn(&str) -> String) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(variable) => write(values.get(*variable)),
        });
        pieces.collect()
    }

    /// What this text looks like on any mail of which these values are known, so that an earlier
    /// marking is known again: each other variable may stand for anything. `None` when too little
    /// is fixed to tell it from other text.
    pub fn pattern(&self, known: &Values) -> Option<Pattern> {
        let pieces = self.fixed_pieces(|variable| known.known(variable).map(str::to_owned));
        Pattern::of(pieces.iter().map(String::as_str))
    }

    /// The same of an HTML text, as what it shows.
    pub fn shown_pattern(&self, known: &Values) -> Option<Pattern> {
        // For private use, so that it stands in no text that means to be read.
        const ROOM: &str = "\u{e000}";
        let html = self
            .fixed_pieces(|variable| known.known(variable).map(escape_html))
            .join(ROOM);
        let shown = shown_text(&html);
        Pattern::of(shown.split(ROOM))
    }

    /// What is fixed when some values are known, with room between one piece and the next.
    fn fixed_pieces(&self, known: impl Fn(Variable) -> Option<String>) -> Vec<String> {
        let mut pieces = vec![String::new()];
        for piece in &self.0 {
            let fixed = match piece {
                Piece::Text(text) => Some(text.clone()),
                Piece::Variable(variable) => known(*variable),
            };
            // There is always a last piece, since the list began with one.
            match (fixed, pieces.last_mut()) {
                (Some(fixed), Some(last)) => last.push_str(&fixed),
                _ => pieces.push(String::new()),
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values::new()
            .with(Variable::LabelName, "Confidential")
            .with(Variable::SenderName, "Ann <b>${label.name}</b>\r\n\u{202e}")
    }

    #[test]
    fn values_are_text_and_nothing_else() {
        let template = Template::parse("<i>${label.name}</i> by ${sender.name}.").unwrap();
        let plain = "<i>Confidential</i> by Ann <b>${label.name}</b>.";
        assert_eq!(template.fill(&values()), plain);
        let html = "<i>Confidential</i> by Ann &lt;b&gt;${label.name}&lt;/b&gt;.";
        assert_eq!(template.fill_html(&values()), html);
        let long = Values::new().with(Variable::Subject, &"é".repeat(1000));
        let subject = Template::parse("${message.subject}").unwrap().fill(&long);
        assert_eq!(subject.chars().count(), VALUE_CHARS_MAX);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let errors = Template::parse("a ${nope} b ${label.name} ${x").unwrap_err();
        let told: Vec<_> = errors
            .iter()
            .map(|e| (e.to_string(), e.span.clone()))
            .collect();
        assert_eq!(told[0], ("unknown variable `${nope}`".to_owned(), 2..9));
        assert_eq!(told[1], ("`${` without `}`".to_owned(), 26..28));
        assert!(errors[0].help().contains("`${time.date}`"));
        assert!(Template::parse(&"a".repeat(TEMPLATE_BYTES_MAX + 1)).is_err());
        assert!(Template::parse(&"a".repeat(TEMPLATE_BYTES_MAX)).is_ok());
    }

    #[test]
    fn dollars_and_microsoft_names() {
        let fill = |text: &str| Template::parse(text).unwrap().fill(&values());
        assert_eq!(
            fill("$5 $${label.name} ${Item.Label}"),
            "$5 ${label.name} Confidential"
        );
        for variable in Variable::ALL {
            assert_eq!(Variable::parse(variable.name()), Some(*variable));
        }
    }
}
