//! Markings and other texts with variables; who reads which language.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use mail::marking::{
    Alignment, Color, HtmlFault, Look, MARGIN_POINTS, SIZE_POINTS, Stamp, Template, TemplateError,
    TemplateErrorKind, Variable, Wording, Wordings, html_fault,
};
use mail::{Fallback, OnDkim, Place};

use super::Compiler;
use crate::diagnostic::{Diagnostic, Spot};
use crate::policy::Readers;
use crate::read::{Entry, Item, Section, Value, nearest};

/// The bar of a header in which nothing says a colour.
const NEUTRAL: &str = "#5f6b7a";
/// How many languages a set may name.
const LANGUAGES_MAX: usize = 200;

/// What languages were said of so far: tags and readers, each with its first place. A reader may
/// be the name of a list.
type Seen = BTreeMap<(bool, bool, String), Spot>;

impl Compiler {
    /// A text with variables.
    pub(super) fn template(&mut self, item: &Item) -> Option<Template> {
        self.note_mistakes(item, Template::parse(&item.text))
    }

    fn note_mistakes(
        &mut self,
        item: &Item,
        template: Result<Template, Vec<TemplateError>>,
    ) -> Option<Template> {
        match template {
            Ok(template) => {
                self.advise_unknown_attributes(item, template.names());
                Some(template)
            }
            Err(errors) => {
                for error in errors {
                    let spot = within(item, &error.span);
                    let mut mistake = Diagnostic::mistake(spot, error.to_string());
                    if let TemplateErrorKind::Unknown(name) = &error.kind {
                        let names = Variable::ALL.iter().map(|variable| variable.name());
                        if let Some(near) = nearest(name, names) {
                            mistake = mistake.label(format!("did you mean `${{{near}}}`?"));
                        }
                    }
                    self.found.push(mistake.help(error.help()));
                }
                None
            }
        }
    }

    /// An HTML text with variables, which must be whole: what it left open, or closed too often,
    /// would change the letter around it.
    fn html_template(&mut self, item: &Item) -> Option<Template> {
        let template = self.note_mistakes(item, Template::parse_html(&item.text))?;
        match html_fault(&item.text) {
            None => Some(template),
            Some(HtmlFault::Open(closers)) => {
                let message = "this HTML is not closed";
                self.mistake(
                    &item.spot,
                    message,
                    format!("it lacks `{closers}` at its end"),
                );
                None
            }
            Some(HtmlFault::Stray(range)) => {
                let message = "this tag would end something of the letter's own";
                let help = "leave it out, with `html`, `head` and `body`: what stands here is set \
                            into the body of a letter";
                self.mistake(&within(item, &range), message, help);
                None
            }
        }
    }

    /// A marking, from a text or from a table. `color` is the label's, if it is a label's.
    pub(super) fn marking(&mut self, entry: &Entry, color: Option<Color>) -> Option<Stamp> {
        let top = entry.word.name == "header";
        let Value::Table(section) = &entry.value else {
            let text = self.template(entry.value.text()?)?;
            let default = Wording { text, html: None };
            return Some(stamp(default, default_look(top, color), top));
        };
        let default = self.wording(section);
        let by_language = self.wordings(section);
        let look = self.look(section, default_look(top, color));
        let position = section.text("position");
        if let Some(position) = position.filter(|_| top) {
            let message = "a header stands at the top of the letter";
            let spot = &position.spot;
            self.mistake(spot, message, "leave `position` out, or write a `footer`");
        }
        let in_html = |wording: &Wording| wording.html.is_some();
        if default.as_ref().is_some_and(in_html) && by_language.iter().all(|(_, w)| in_html(w)) {
            self.advise_looks(section);
        }
        let mut stamp = stamp(default?, look, top);
        stamp.wordings.by_language = by_language;
        if position.is_some_and(|position| position.text == "below-new-text") {
            stamp.place = Place::AboveQuote;
        }
        stamp.fallback = match section.text("fallback").map(|item| item.text.as_str()) {
            Some("wrap") => Fallback::Wrap,
            Some("reject") => Fallback::Reject,
            _ => Fallback::Leave,
        };
        if section.text("dkim").is_some_and(|dkim| dkim.text == "keep") {
            stamp.on_dkim = OnDkim::Shield;
        }
        Some(stamp)
    }

    fn advise_looks(&mut self, section: &Section) {
        for name in ["color", "background", "size", "font", "align", "margin"] {
            if let Some(entry) = section.entry(name) {
                let message = format!("`{name}` does nothing beside `html`");
                let help = "it is for HTML that is made from `text`; write the look into `html`, \
                            or leave `html` out";
                let advice = Diagnostic::advice(entry.key.clone(), message).help(help);
                self.found.push(advice);
            }
        }
    }

    fn wording(&mut self, section: &Section) -> Option<Wording> {
        let text = section.text("text").and_then(|text| self.template(text));
        match section.text("html") {
            Some(html) => {
                let html = self.html_template(html);
                Some(Wording {
                    text: text?,
                    html: Some(html?),
                })
            }
            None => Some(Wording {
                text: text?,
                html: None,
            }),
        }
    }

    fn wordings(&mut self, section: &Section) -> Vec<(String, Wording)> {
        let mut wordings: Vec<(String, Wording)> = Vec::new();
        for table in section.tables("languages") {
            let wording = self.wording(table);
            let Some(tag) = table.text("tag") else {
                continue;
            };
            self.check_language(tag);
            if wordings
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(&tag.text))
            {
                let message = format!("`{}` is worded twice", tag.text);
                self.mistake(&tag.spot, message, "leave one of them");
            }
            self.spoken.push(tag.clone());
            wordings.extend(wording.map(|wording| (tag.text.clone(), wording)));
        }
        wordings
    }

    fn look(&mut self, section: &Section, default: Look) -> Look {
        let text = |name: &str| section.text(name).cloned();
        let (color, background) = (text("color"), text("background"));
        // Given colours stand alone: beside one of ours they might not be read.
        let mut look = match color.is_some() || background.is_some() {
            true => Look {
                color: None,
                background: None,
                bar: None,
                pale: false,
                ..default
            },
            false => default,
        };
        look.color = color.and_then(|item| self.color(&item)).or(look.color);
        look.background = background
            .and_then(|item| self.color(&item))
            .or(look.background);
        let size = self.points(section, "size", &SIZE_POINTS, "no text has this size");
        let margin = self.points(section, "margin", &MARGIN_POINTS, "no margin is as wide");
        look.size_points = size.or(look.size_points);
        look.margin_points = margin.or(look.margin_points);
        if let Some(font) = text("font") {
            let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
            if !font.text.chars().all(safe) {
                let message = format!("`{}` is no typeface", font.text);
                self.mistake(&font.spot, message, "one name, as in \"Segoe UI\"");
            }
            look.font = Some(font.text);
        }
        if let Some(align) = section.text("align") {
            look.alignment = Alignment::parse(&align.text).unwrap_or_default();
        }
        look
    }

    /// A whole number of points.
    fn points(
        &mut self,
        section: &Section,
        name: &str,
        allowed: &RangeInclusive<u8>,
        mistake: &str,
    ) -> Option<u8> {
        let entry = section.entry(name)?;
        let points = section.number(name);
        let points = points.and_then(|points| u8::try_from(points).ok());
        let points = points.filter(|points| allowed.contains(points));
        if points.is_none() {
            let (start, end) = (allowed.start(), allowed.end());
            let help = format!("it is in points, from {start} to {end}");
            self.mistake(&entry.spot, mistake, help);
        }
        points
    }

    /// `#rrggbb`.
    pub(super) fn color(&mut self, item: &Item) -> Option<Color> {
        let color = Color::parse(&item.text);
        if color.is_none() {
            let message = format!("`{}` is no colour", item.text);
            self.mistake(
                &item.spot,
                message,
                "write # and six hex digits: \"#b00020\"",
            );
        }
        color
    }

    fn check_language(&mut self, tag: &Item) {
        // RFC 5646 §2.1: subtags of one to eight letters and digits; the first is letters.
        let subtag = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let first = tag.text.split('-').next().unwrap_or_default();
        let letters = first.len() >= 2 && first.bytes().all(|b| b.is_ascii_alphabetic());
        if !letters || !tag.text.split('-').all(subtag) {
            let message = format!("`{}` is no language", tag.text);
            self.mistake(
                &tag.spot,
                message,
                "a language tag, as in de, fr-CA, zh-Hant",
            );
        }
    }

    /// A language has one table, and a reader one language: of two, one would count in silence.
    fn once(&mut self, tag: &Item, readers: &[Item], seen: &mut Seen) {
        let named = readers.iter().map(|reader| (false, reader));
        for (is_tag, item) in named.chain([(true, tag)]) {
            let key = (is_tag, item.list, item.text.to_lowercase());
            let Some(first) = seen.get(&key).cloned() else {
                seen.insert(key, item.spot.clone());
                continue;
            };
            let text = &item.text;
            let (message, help) = match is_tag {
                true => (
                    format!("two `[[language]]` tables are for `{text}`"),
                    "put all its readers into one of them",
                ),
                false => (
                    format!("`{text}` is named as a reader twice"),
                    "only the first would count; keep one of them",
                ),
            };
            let mistake = Diagnostic::mistake(item.spot.clone(), message);
            self.found
                .push(mistake.also(first, "the first one").help(help));
        }
    }

    /// Who reads what; languages in which no marking is worded make no difference and are dropped.
    pub(super) fn languages<'s>(
        &mut self,
        sections: impl Iterator<Item = &'s Section>,
    ) -> Vec<Readers> {
        let spoken = std::mem::take(&mut self.spoken);
        let mut languages: Vec<Readers> = Vec::new();
        let mut tags: Vec<String> = Vec::new();
        let mut seen = Seen::new();
        for section in sections {
            let Some(tag) = section.text("tag") else {
                continue;
            };
            self.check_language(tag);
            self.once(tag, section.texts("readers"), &mut seen);
            if tags.len() == LANGUAGES_MAX {
                let message = format!("more than {LANGUAGES_MAX} languages");
                self.mistake(&section.spot, message, "join those that read the same");
                break;
            }
            tags.push(tag.text.clone());
            let Some(who) = self.parties(section.texts("readers")) else {
                continue;
            };
            if spoken.iter().any(|item| speaks(&tag.text, &item.text)) {
                let tag = tag.text.clone();
                languages.push(Readers { tag, who });
            } else {
                let message = format!("no marking is worded in `{}`", tag.text);
                let help = "these readers get the wording without a language; add `languages` to a \
                            `header` or `footer`";
                self.found
                    .push(Diagnostic::advice(tag.spot.clone(), message).help(help));
            }
        }
        for item in spoken {
            if !tags.iter().any(|tag| speaks(tag, &item.text)) {
                let message = format!("nobody is known to read `{}`", item.text);
                let help = format!(
                    "say who: [[language]] with tag = \"{}\" and readers = [\"…\"]",
                    item.text
                );
                self.found
                    .push(Diagnostic::advice(item.spot, message).help(help));
            }
        }
        languages
    }
}

/// Whether somebody who reads `tag` takes a wording in `wording` (RFC 4647 §3.4).
fn speaks(tag: &str, wording: &str) -> bool {
    let start = tag.get(..wording.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(wording))
        && matches!(tag.as_bytes().get(wording.len()), None | Some(b'-'))
}

fn stamp(default: Wording, look: Look, top: bool) -> Stamp {
    Stamp {
        wordings: Wordings {
            default,
            by_language: Vec::new(),
        },
        look,
        place: if top { Place::Top } else { Place::Bottom },
        fallback: Fallback::Leave,
        on_dkim: OnDkim::Break,
    }
}

/// A banner at the top, small print at the bottom; a label's banner has the label's colour.
fn default_look(top: bool, color: Option<Color>) -> Look {
    match top {
        true => color
            .or_else(|| Color::parse(NEUTRAL))
            .map(Look::banner)
            .unwrap_or_default(),
        false => Look::quiet(),
    }
}

/// The place of a stretch of a text in its file: the whole value where it is not written there as
/// it is read, as behind an escape.
pub(super) fn within(item: &Item, span: &std::ops::Range<usize>) -> Spot {
    let written = item
        .spot
        .file
        .text
        .get(item.spot.span.clone())
        .unwrap_or_default();
    let stretch = item.text.get(span.clone()).unwrap_or_default();
    let before = item.text.get(..span.start).unwrap_or_default();
    let occurrence = before.matches(stretch).count();
    let found = match stretch.is_empty() {
        true => None,
        false => written.match_indices(stretch).nth(occurrence),
    };
    let mut spot = item.spot.clone();
    if let Some((at, _)) = found {
        let start = item.spot.span.start + at;
        spot.span = start..start + stretch.len();
    }
    spot
}
