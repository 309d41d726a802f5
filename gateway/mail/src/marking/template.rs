//! Texts with variables: `Classified as ${label.name} by ${sender.name}`.
//!
//! It never reads a value for variables again, and a value is text and nothing else: escaped in
//! HTML. A line with nothing but variables that all stand for nothing is left out.

use std::fmt;
use std::ops::Range;

use super::escape_html;
use super::slot::{AFFIX_CHARS_MAX, Slot};
use super::variable::{Named, VALUE_CHARS_MAX, Values, Variable};
use crate::edit::{Pattern, html_text_places, shown_text, shows_nothing};

/// How long a template may be, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 8 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    pieces: Vec<Piece>,
    /// Whether it is left out when all its variables stand for nothing.
    vanishes: bool,
}

/// A text whose variables were found, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Line>);

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
    /// What stands around the name is not as it must be.
    Form,
    /// What stands around the name, or in a value's place, is too long.
    LongSlot,
    /// It is longer than [`TEMPLATE_BYTES_MAX`].
    TooLong,
    /// The variable stands where HTML gives its value another meaning than text.
    Place,
}

impl TemplateError {
    /// What to write instead, apart from the message.
    pub fn help(&self) -> String {
        match &self.kind {
            TemplateErrorKind::Unknown(name) => known(name),
            TemplateErrorKind::Form => "write `${name}`, `${name|in its place}` or \
                 `${[before]name[behind]}`; brackets hold no others, and no line breaks"
                .to_owned(),
            TemplateErrorKind::LongSlot => format!(
                "at most {AFFIX_CHARS_MAX} characters in brackets, and {VALUE_CHARS_MAX} behind `|`"
            ),
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
            TemplateErrorKind::Form => f.write_str("this variable cannot be read"),
            TemplateErrorKind::LongSlot => f.write_str("too much text beside a variable"),
            TemplateErrorKind::TooLong => f.write_str("the text is too long"),
            TemplateErrorKind::Place => f.write_str("a variable here would be more than text"),
        }
    }
}

impl std::error::Error for TemplateError {}

/// The variables there are: those of the family that a name begins with, or else all.
fn known(name: &str) -> String {
    let family = |variable: &&Variable| {
        let (family, _) = variable.name().split_once('.').unwrap_or_default();
        name.split('.').next() == Some(family)
    };
    let shown = |variable: &Variable| format!("`${{{}}}`", variable.name());
    let all = Variable::ALL;
    let mut names: Vec<String> = all.iter().filter(family).map(shown).collect();
    if names.is_empty() {
        names = all.iter().map(shown).collect();
    }
    if name.starts_with("sender.") {
        names.push("`${sender.custom.NAME}`".to_owned());
    }
    format!("there are {}", names.join(", "))
}

impl Template {
    /// Finds the variables; every mistake is told. `$${` stands for `${` itself.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateError>> {
        Self::read(text, |_| true, |line| line.trim().is_empty())
    }

    /// The same of an HTML text, whose variables must stand where an escaped value is text.
    pub fn parse_html(html: &str) -> Result<Self, Vec<TemplateError>> {
        let places = html_text_places(html);
        let is_text = |span: &Range<usize>| {
            let holds = |place: &Range<usize>| place.start <= span.start && span.end <= place.end;
            places.iter().any(holds)
        };
        Self::read(html, is_text, shows_nothing)
    }

    fn read(
        text: &str,
        is_text: impl Fn(&Range<usize>) -> bool,
        is_blank: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let mut note = |kind, span| errors.push(TemplateError { kind, span });
        if text.len() > TEMPLATE_BYTES_MAX {
            note(TemplateErrorKind::TooLong, 0..text.len());
        }
        let mut lines = Lines::default();
        let mut misplaced = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("${").map(|n| at + n) {
            if text[at..found].ends_with('$') {
                lines.push_text(&text[at..found - 1]);
                lines.push_text("${");
                at = found + 2;
                continue;
            }
            lines.push_text(&text[at..found]);
            let Some(end) = text[found..].find('}').map(|n| found + n) else {
                note(TemplateErrorKind::Unclosed, found..found + 2);
                at = text.len();
                break;
            };
            let span = found..end + 1;
            misplaced.extend((!is_text(&span)).then(|| span.clone()));
            match Slot::parse(&text[found + 2..end]) {
                Ok(slot) => lines.push_slot(slot),
                Err(kind) => note(kind, span),
            }
            at = end + 1;
        }
        lines.push_text(&text[at..]);
        for span in misplaced {
            note(TemplateErrorKind::Place, span);
        }
        match errors.is_empty() {
            true => Ok(Self(lines.settle(is_blank))),
            false => Err(errors),
        }
    }

    /// The text with its values.
    pub fn fill(&self, values: &Values) -> String {
        self.render(values, |slot| slot.fill(values))
    }

    /// The HTML with its values, which are escaped.
    pub fn fill_html(&self, values: &Values) -> String {
        self.render(values, |slot| escape_html(&slot.fill(values)))
    }

    /// All that it names.
    pub fn names(&self) -> impl Iterator<Item = &Named> {
        self.0.iter().flat_map(Line::slots).map(|slot| &slot.named)
    }

    fn render(&self, values: &Values, write: impl Fn(&Slot) -> String) -> String {
        let lines = self.0.iter().filter(|line| !line.is_left_out(values));
        let lines = lines.map(|line| {
            let pieces = line.pieces.iter().map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Slot(slot) => write(slot),
            });
            pieces.collect::<String>()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What this text looks like with these values at whatever time, so that an earlier marking is
    /// known again. `None` when it holds too little to be told from other text.
    pub fn pattern(&self, values: &Values) -> Option<Pattern> {
        Pattern::of(&self.render(values, |slot| slot.at_any_time(values)))
    }

    /// The same of an HTML text, as what it shows.
    pub fn shown_pattern(&self, values: &Values) -> Option<Pattern> {
        let html = self.render(values, |slot| escape_html(&slot.at_any_time(values)));
        Pattern::of(&shown_text(&html))
    }
}

impl Line {
    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Slot(slot) => Some(slot),
            Piece::Text(_) => None,
        })
    }

    fn is_left_out(&self, values: &Values) -> bool {
        self.vanishes && self.slots().all(|slot| slot.fill(values).is_empty())
    }
}

/// The lines read so far; the last one is open.
#[derive(Default)]
struct Lines {
    done: Vec<Vec<Piece>>,
    open: Vec<Piece>,
}

impl Lines {
    fn push_text(&mut self, text: &str) {
        for (number, text) in text.split('\n').enumerate() {
            if number > 0 {
                self.done.push(std::mem::take(&mut self.open));
            }
            if !text.is_empty() {
                self.open.push(Piece::Text(text.to_owned()));
            }
        }
    }

    fn push_slot(&mut self, slot: Slot) {
        self.open.push(Piece::Slot(slot));
    }

    /// The lines; `is_blank` says of what stands beside the variables of one whether it shows
    /// nothing.
    fn settle(mut self, is_blank: impl Fn(&str) -> bool) -> Vec<Line> {
        self.done.push(self.open);
        let settle = |pieces: Vec<Piece>| {
            let beside = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Slot(_) => "",
            });
            let blank = is_blank(&beside.collect::<String>());
            let vanishes = blank && pieces.iter().any(|piece| matches!(piece, Piece::Slot(_)));
            Line { pieces, vanishes }
        };
        self.done.into_iter().map(settle).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Room;

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
    }

    #[test]
    fn what_stands_beside_a_value_stands_there_only_with_it() {
        let own = Named::own("room").unwrap();
        let values = Values::new()
            .with(Variable::SenderPhone, "+49 30 12 <b>")
            .with(Variable::SenderFax, "  ")
            .with_named(own, "B 12");
        let fill = |text: &str| Template::parse(text).unwrap().fill(&values);
        assert_eq!(fill("${[Tel. ]sender.phone}!"), "Tel. +49 30 12 <b>!");
        assert_eq!(fill("a${[, Tel. ]sender.mobile[;]}!"), "a!");
        assert_eq!(fill("${sender.title|our staff}"), "our staff");
        assert_eq!(fill("${[Fax ]sender.fax|no | fax}"), "no | fax");
        assert_eq!(fill("${[(room ]sender.custom.room[)]}"), "(room B 12)");
        let parted = "${sender.custom.room[ | ]|nowhere}${[] | ]sender.fax}";
        assert!(Template::parse(parted).is_err());
        let parted = "${sender.custom.room[ | ]|nowhere}${[| ]sender.title|[no title]}";
        assert_eq!(fill(parted), "B 12 | [no title]");
        let html = Template::parse_html("<b>${[<i> ]sender.phone}</b>");
        let html = html.or_else(|_| Template::parse_html("<b>${[& ]sender.phone}</b>"));
        let shown = html.unwrap().fill_html(&values);
        assert_eq!(shown, "<b>&amp; +49 30 12 &lt;b&gt;</b>");
        assert!(Template::parse_html("<b>${[<i>]sender.phone}</b>").is_err());
        assert!(Template::parse_html("<b title=\"${sender.title|\"x}\">y</b>").is_err());
    }

    #[test]
    fn lines_without_a_value_are_left_out() {
        let text =
            "Ann\n${sender.title}\n  ${sender.phone} ${sender.fax}\r\nCorp\n\n${sender.city}";
        let template = Template::parse(text).unwrap();
        assert_eq!(template.fill(&Values::new()), "Ann\nCorp\n");
        let values = Values::new().with(Variable::SenderFax, "7");
        assert_eq!(template.fill(&values), "Ann\n   7\r\nCorp\n");
        // The controls: words beside it, a text in its place.
        let fill = |text: &str| Template::parse(text).unwrap().fill(&Values::new());
        assert_eq!(fill("a\nFax: ${sender.fax}\nb"), "a\nFax: \nb");
        assert_eq!(fill("a\n${sender.fax|-}\nb"), "a\n-\nb");
        assert_eq!(fill("a\n\nb"), "a\n\nb");
        let html = |html: &str| {
            Template::parse_html(html)
                .unwrap()
                .fill_html(&Values::new())
        };
        assert_eq!(
            html("<p>Ann</p>\n<p><b>${sender.title}</b>&nbsp;</p>\n<p>Corp</p>"),
            "<p>Ann</p>\n<p>Corp</p>"
        );
        assert_eq!(html("a<br>\n${sender.title}<br>\nb"), "a<br>\nb");
        let link = "<a href=\"tel:${sender.phone}\">${sender.phone}</a>";
        assert_eq!(html(&format!("a\n{link}")), "a");
        // An element that is open, a picture, a cell: without them the rest would be another.
        for kept in [
            "<p>${sender.title}\n</p>",
            "<p><img src=\"x\" alt=\"${sender.title}\"></p>",
            "<table><tr><td>a</td>\n<td>${sender.title}</td>\n</tr></table>",
            "<!-- x -->${sender.title}",
        ] {
            assert_eq!(html(kept), kept.replace("${sender.title}", ""));
        }
    }

    #[test]
    fn a_marking_is_known_again_at_any_time_with_its_values_alone() {
        let text = "Corp Ltd, Berlin\n${sender.title}\n${[Tel. ]sender.phone}\n${[on ]time.day[.]}";
        let template = Template::parse(text).unwrap();
        let values = values()
            .with(Variable::SenderPhone, "12")
            .with(Variable::Day, "2026-01-01");
        let day = Room::Day.sign();
        let expected = Pattern::of(&format!("Corp Ltd, Berlin Tel. 12 on {day}."));
        assert_eq!(template.pattern(&values), expected);
        let label = Template::parse("${[Label: ]label.name}\n${label.tooltip|none}").unwrap();
        let pattern = label.pattern(&values.with(Variable::LabelTooltip, ""));
        assert_eq!(pattern, Some(Pattern::exact("Label: Confidential none")));
    }

    #[test]
    fn what_stands_beside_a_name_has_limits() {
        let kind = |text: &str| Template::parse(text).map_err(|errors| errors[0].kind.clone());
        let beside = |length: usize| format!("${{[{}]sender.title[a]}}", "é".repeat(length - 1));
        let longest = Template::parse(&beside(AFFIX_CHARS_MAX)).unwrap();
        assert_eq!(
            kind(&beside(AFFIX_CHARS_MAX + 1)),
            Err(TemplateErrorKind::LongSlot)
        );
        let long = Values::new().with(Variable::SenderTitle, &"x".repeat(1000));
        assert_eq!(longest.fill(&long).chars().count(), VALUE_CHARS_MAX);
        let instead = |length: usize| format!("${{sender.title|{}}}", "é".repeat(length));
        assert!(kind(&instead(VALUE_CHARS_MAX)).is_ok());
        assert_eq!(
            kind(&instead(VALUE_CHARS_MAX + 1)),
            Err(TemplateErrorKind::LongSlot)
        );
        for form in [
            "${[a sender.title}",
            "${sender.title]}",
            "${[a][b]sender.title}",
            "${[a\n]sender.title}",
            "${sender.title|\u{7}}",
        ] {
            assert_eq!(kind(form), Err(TemplateErrorKind::Form), "{form}");
        }
        let unknown = |name: &str| Err(TemplateErrorKind::Unknown(name.to_owned()));
        assert_eq!(kind("${[a]sender.titel|b}"), unknown("sender.titel"));
        assert_eq!(kind("${ sender.title}"), unknown(" sender.title"));
    }
}
