//! One marking in several languages, chosen by who reads it.
//!
//! It never mixes languages in one letter: the first that fits is taken whole.

use super::{Marking, Template, TemplateError, Values, escape_html};
use crate::edit::{Pattern, unclosed_html};

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
        let html = html.map(Template::parse).transpose();
        match (text, html) {
            (Ok(text), Ok(html)) => Ok(Self { text, html }),
            (text, html) => Err(text.err().into_iter().chain(html.err()).flatten().collect()),
        }
    }

    /// The marking with its values.
    pub fn fill(&self, values: &Values) -> Marking {
        let text = self.text.fill(values);
        let html = match &self.html {
            Some(html) => html.fill_html(values),
            None => escape_html(&text),
        };
        Marking {
            text,
            html: Some(html),
        }
    }
}

/// A marking in several languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wordings {
    /// Where no other fits.
    pub default: Wording,
    /// By language tag (RFC 5646), in the order they are asked.
    pub by_language: Vec<(String, Wording)>,
    /// Which language a recipient domain reads: `corp.example` exactly, `*.fr` and all below.
    pub by_domain: Vec<(String, String)>,
}

impl Wordings {
    /// The wording for a recipient: first by what the person prefers (such as the directory's
    /// `fr-CA`), then by domain, else the default. A preference for `fr-CA` takes `fr` too.
    pub fn choose(&self, preferred: Option<&str>, recipient_domain: Option<&str>) -> &Wording {
        let by_domain = recipient_domain.and_then(|domain| self.language_of(domain));
        let languages = preferred.into_iter().chain(by_domain);
        let mut found = languages.filter_map(|language| self.in_language(language));
        found.next().unwrap_or(&self.default)
    }

    fn language_of(&self, domain: &str) -> Option<&str> {
        let domain = domain.to_ascii_lowercase();
        let fits = |pattern: &str| match pattern.strip_prefix("*.") {
            Some(parent) => domain
                .strip_suffix(parent)
                .is_some_and(|rest| rest.ends_with('.')),
            None => domain == pattern,
        };
        let found = self
            .by_domain
            .iter()
            .find(|(pattern, _)| fits(&pattern.to_ascii_lowercase()));
        found.map(|(_, language)| language.as_str())
    }

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

    /// What any wording of this marking looks like, so that an earlier one is known again.
    pub fn patterns(&self, values: &Values) -> Vec<Pattern> {
        let all = std::iter::once(&self.default).chain(self.by_language.iter().map(|(_, w)| w));
        all.filter_map(|wording| wording.text.pattern(values))
            .collect()
    }
}

/// What a marking's HTML leaves open, as the end tags that are missing; `None` when it is whole.
/// What is left open would change the rest of the letter.
pub fn unbalanced_html(html: &str) -> Option<String> {
    Some(unclosed_html(html)).filter(|closers| !closers.is_empty())
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
            by_domain: vec![
                ("*.fr".into(), "fr".into()),
                ("partner.example".into(), "de".into()),
            ],
        };
        let chosen =
            |preferred, domain| wordings.choose(preferred, domain).text.fill(&Values::new());
        assert_eq!(chosen(None, None), "en");
        assert_eq!(chosen(Some("fr-CA"), Some("partner.example")), "fr");
        assert_eq!(chosen(Some("pt"), Some("partner.example")), "de");
        assert_eq!(chosen(None, Some("mail.Corp.FR")), "fr");
        assert_eq!(chosen(None, Some("afr")), "en");
        assert_eq!(chosen(None, Some("x.partner.example")), "en");
    }

    #[test]
    fn html_is_made_where_none_is_given() {
        let values = Values::new().with(Variable::LabelName, "A & B");
        let marking = Wording::parse("<${label.name}>", None)
            .unwrap()
            .fill(&values);
        assert_eq!(marking.text, "<A & B>");
        assert_eq!(marking.html.as_deref(), Some("&lt;A &amp; B&gt;"));
        let errors = Wording::parse("${a}", Some("${b}")).unwrap_err();
        assert_eq!(errors.len(), 2);
    }

    #[test]
    fn html_that_is_left_open_is_told() {
        assert_eq!(unbalanced_html("<p><b>a</b><br>"), None);
        assert_eq!(unbalanced_html("<div><b>a").as_deref(), Some("</b></div>"));
        assert_eq!(unbalanced_html("<!-- a").as_deref(), Some("-->"));
    }
}
