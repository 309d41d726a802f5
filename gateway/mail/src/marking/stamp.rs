//! A marking as a rule or a label wants it: its words, its look, its place, and what is done where
//! it cannot be set.
//!
//! It never touches a message: it becomes an edit.

use super::{Look, Marking, Named, Template, Values, Wordings};
use crate::edit::{Edit, Fallback, OnDkim, Pattern, Place};

/// A marking to be set on mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What it says, in each language.
    pub wordings: Wordings,
    /// How it looks where its HTML is made from its text.
    pub look: Look,
    /// Where it stands.
    pub place: Place,
    /// What is done when the letter must not or cannot be written in.
    pub fallback: Fallback,
    /// Whether a letter that a domain has signed with DKIM may be written in.
    pub on_dkim: OnDkim,
}

impl Stamp {
    /// What readers of this language see.
    pub fn marking(&self, language: Option<&str>, values: &Values) -> Marking {
        let wording = self.wordings.choose(language);
        let text = wording.text.fill(values);
        let html = match &wording.html {
            Some(html) => html.fill_html(values),
            None if text.trim().is_empty() => String::new(),
            None => self.look.dress(&text, self.place),
        };
        Marking { text, html }
    }

    /// The edit that sets it. The slot, such as `label-footer`, names the place in which a later
    /// marking replaces this one.
    pub fn edit(&self, slot: &str, language: Option<&str>, values: &Values) -> Edit {
        let Marking { text, html } = self.marking(language, values);
        Edit::InsertText {
            place: self.place,
            plain: text,
            html,
            marker: slot.to_owned(),
            fallback: self.fallback,
            on_dkim: self.on_dkim,
        }
    }

    /// Every variable that it names, in whatever language and form.
    pub fn names(&self) -> impl Iterator<Item = &Named> {
        self.wordings.iter().flat_map(|wording| {
            let html = wording.html.iter().flat_map(Template::names);
            wording.text.names().chain(html)
        })
    }

    /// Whether it says when it was set, and so is another at another time.
    pub fn tells_time(&self) -> bool {
        self.names().any(|named| named.room().is_some())
    }

    /// What it looks like with these values in any language and at any time, so that
    /// [`Edit::RemoveText`] finds it.
    pub fn patterns(&self, values: &Values) -> Vec<Pattern> {
        self.wordings.patterns(values)
    }
}
