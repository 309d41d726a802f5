//! One marking in several languages, chosen by who reads it.
//!
//! It never mixes languages in one letter: the first that fits is taken whole.

use super::{Template, TemplateError, Values};
use crate::edit::{Pattern, stray_end, unclosed_html};

/// A marking in one language, its variables found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// The plain text.
    pub text: Template,
    /// The HTML; made from the text when absent.
    pub html: Option<Template>,
}

impl Wording {
    /// Finds the variables of both forms.
    pub fn parse(text: &str, html: Option<&str>) -> Result<Self, Vec<TemplateError>> {
        let text = Template::parse(text);
        let html = html.map(Template::parse_html).transpose();
        match (text, html) {
            (Ok(text), Ok(html)) => Ok(Self { text, html }),
            (text, html) => Err(text.err().into_iter().chain(html.err()).flatten().collect()),
        }
    }
}

/// A marking in several languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wordings {
    /// Where no other fits.
    pub default: Wording,
    /// By language tag (RFC 5646).
    pub by_language: Vec<(String, Wording)>,
}

impl Wordings {
    /// The wording for readers of a language (RFC 5646); a reader of `fr-CA` takes `fr` too. The
    /// default where there is none in that language, or none is known.
    pub fn choose(&self, language: Option<&str>) -> &Wording {
        let found = language.and_then(|language| self.in_language(language));
        found.unwrap_or(&self.default)
    }

    // RFC 4647 §3.4: lookup, from the whole tag to its first part.
    fn in_language(&self, language: &str) -> Option<&Wording> {
        let mut language = language;
        loop {
            let same = |(tag, _): &&(String, Wording)| tag.eq_ignore_ascii_case(language);
            if let Some((_, wording)) = self.by_language.iter().find(same) {
                return Some(wording);
            }
            language = language.rsplit_once('-')?.0;
        }
    }

    /// Every wording.
    pub fn iter(&self) -> impl Iterator<Item = &Wording> {
        std::iter::once(&self.default).chain(self.by_language.iter().map(|(_, w)| w))
    }

    /// What any wording of this marking looks like with these values, in its plain and its HTML
    /// form and at any time, so that an earlier one is known again.
    pub fn patterns(&self, values: &Values) -> Vec<Pattern> {
        let shown = |wording: &Wording| {
            let html = wording.html.as_ref();
            [
                wording.text.pattern(values),
                html.and_then(|html| html.shown_pattern(values)),
            ]
        };
        self.iter().flat_map(shown).flatten().collect()
    }
}

/// What keeps a piece of HTML from being set into a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HtmlFault {
    /// It leaves elements open; these end tags are missing. What is left open would change the rest
    /// of the letter.
    Open(String),
    /// An end tag without its start, or a tag of the document itself: the bytes it takes.
    Stray(std::ops::Range<usize>),
}

/// The first fault of a piece of HTML that is to be set into letters.
pub fn html_fault(html: &str) -> Option<HtmlFault> {
    if let Some(range) = stray_end(html.as_bytes()) {
        return Some(HtmlFault::Stray(range));
    }
    Some(unclosed_html(html))
        .filter(|closers| !closers.is_empty())
        .map(HtmlFault::Open)
}

#[cfg(test)]
mod tests {
    use super::super::Variable;
    use super::*;

    #[test]
    fn the_reader_chooses_the_language() {
        let wording = |text: &str| Wording::parse(text, None).unwrap();
        let wordings = Wordings {
            default: wording("en"),
            by_language: vec![("de".into(), wording("de")), ("fr".into(), wording("fr"))],
        };
        let chosen = |language| wordings.choose(language).text.fill(&Values::new());
        assert_eq!(chosen(None), "en");
        assert_eq!(chosen(Some("fr-CA")), "fr");
        assert_eq!(chosen(Some("DE")), "de");
        assert_eq!(chosen(Some("pt")), "en");
        assert_eq!(chosen(Some("deu")), "en");
    }

    #[test]
    fn mistakes_of_both_forms_are_told() {
        let errors = Wording::parse("${a}", Some("${b}")).unwrap_err();
        assert_eq!(errors.len(), 2);
    }

    #[test]
    fn a_marking_is_known_again_in_both_forms() {
        let html = "<p><b>${label.name}</b> &ndash; handle with care</p>";
        let wordings = Wordings {
            default: Wording::parse("Class: ${label.name}", Some(html)).unwrap(),
            by_language: Vec::new(),
        };
        let values = Values::new().with(Variable::LabelName, "Secret");
        let expected = ["Class: Secret", "Secret – handle with care"].map(Pattern::exact);
        assert_eq!(wordings.patterns(&values), expected);
    }

    #[test]
    fn html_that_would_change_the_letter_is_told() {
        assert_eq!(html_fault("<p><b>a</b><br>"), None);
        assert_eq!(html_fault("<table><tr><td>a</table>"), None);
        let open = |closers: &str| Some(HtmlFault::Open(closers.to_owned()));
        assert_eq!(html_fault("<div><b>a"), open("</b></div>"));
        assert_eq!(html_fault("<!-- a"), open("-->"));
        assert_eq!(html_fault("a</div>"), Some(HtmlFault::Stray(1..7)));
        assert_eq!(html_fault("<body>a</body>"), Some(HtmlFault::Stray(0..6)));
    }
}
