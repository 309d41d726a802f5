//! One place of a variable in a text: `${sender.phone}`, `${[Tel. ]sender.phone}`,
//! `${sender.title|our staff}`.
//!
//! Whatever stands in it fits in [`VALUE_CHARS_MAX`] characters on one line, so that a marking is
//! known again by the text around it.

use super::template::TemplateErrorKind;
use super::variable::{Named, VALUE_CHARS_MAX, Values};

/// How long the texts around a value may be together, in characters.
pub const AFFIX_CHARS_MAX: usize = 60;

/// The place of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub named: Named,
    /// Stands before a value, and only there.
    before: String,
    /// Stands behind a value, and only there.
    after: String,
    /// Stands in a value's place where there is none.
    otherwise: String,
}

impl Slot {
    /// Reads what stands between `${` and `}`.
    pub fn parse(text: &str) -> Result<Self, TemplateErrorKind> {
        let (before, text) = bracketed(text)?;
        let end = text.find(['[', ']', '|']).unwrap_or(text.len());
        let (name, text) = text.split_at(end);
        let (after, text) = bracketed(text)?;
        let otherwise = match text.is_empty() {
            true => "",
            false => text.strip_prefix('|').ok_or(TemplateErrorKind::Form)?,
        };
        let named = Named::parse(name);
        let named = named.ok_or_else(|| TemplateErrorKind::Unknown(name.to_owned()))?;
        if [before, after, otherwise]
            .concat()
            .contains(char::is_control)
        {
            return Err(TemplateErrorKind::Form);
        }
        let around = before.chars().count() + after.chars().count();
        if around > AFFIX_CHARS_MAX || otherwise.chars().count() > VALUE_CHARS_MAX {
            return Err(TemplateErrorKind::LongSlot);
        }
        Ok(Self {
            named,
            before: before.to_owned(),
            after: after.to_owned(),
            otherwise: otherwise.to_owned(),
        })
    }

    /// What stands here with these values.
    pub fn fill(&self, values: &Values) -> String {
        let value = values.get(&self.named);
        if value.trim().is_empty() {
            return self.otherwise.clone();
        }
        let around = self.before.chars().count() + self.after.chars().count();
        let value = value.chars().take(VALUE_CHARS_MAX - around);
        let (before, after) = (self.before.chars(), self.after.chars());
        before.chain(value).chain(after).collect()
    }

    /// The same with room in the place of a time.
    pub fn at_any_time(&self, values: &Values) -> String {
        match self.named.room() {
            Some(room) => format!("{}{}{}", self.before, room.sign(), self.after),
            None => self.fill(values),
        }
    }
}

/// What stands in brackets at the beginning, and what follows.
fn bracketed(text: &str) -> Result<(&str, &str), TemplateErrorKind> {
    match text.strip_prefix('[') {
        None => Ok(("", text)),
        Some(text) => text
            .split_once(']')
            .filter(|(inside, _)| !inside.contains('['))
            .ok_or(TemplateErrorKind::Form),
    }
}
