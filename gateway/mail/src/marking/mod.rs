//! Visible markings: what text stands above or below a letter.
//!
//! It never touches a message: a marking becomes an edit, and edits are applied elsewhere.

use crate::edit::{Edit, Fallback, Place};

/// Text to be shown in a letter, with an HTML form of its own or one made from the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marking {
    /// The plain text.
    pub text: String,
    /// The HTML; made from the text by escaping when absent.
    pub html: Option<String>,
}

impl Marking {
    /// The edit that puts this marking, as it stands, at `place`. The marker names the slot, such
    /// as `label-footer`, in which a later marking replaces this one.
    pub fn edit(&self, place: Place, marker: &str, fallback: Fallback) -> Edit {
        let html = self.html.clone().unwrap_or_else(|| escape_html(&self.text));
        Edit::InsertText {
            place,
            plain: self.text.clone(),
            html,
            marker: marker.to_owned(),
            fallback,
        }
    }
}

/// Text as HTML that shows exactly it; line breaks become `<br>`.
pub fn escape_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("<br>"),
            c if c.is_control() => {}
            c => html.push(c),
        }
    }
    html
}
