//! Visible markings: what text stands above or below a letter, and the tag before its subject.
//!
//! It never touches a message: a marking becomes an edit, and edits are applied elsewhere.

mod look;
mod template;
mod wording;

use crate::edit::{Edit, Fallback, Pattern, Place};
use crate::message::Message;

pub use look::{Alignment, Color, Look};
pub use template::{
    TEMPLATE_BYTES_MAX, Template, TemplateError, TemplateErrorKind, VALUE_CHARS_MAX, Values,
    Variable,
};
pub use wording::{Wording, Wordings, unbalanced_html};

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

    /// The marking with colour, size and alignment in its HTML form.
    pub fn with_look(&self, look: &Look) -> Self {
        let html = self.html.clone().unwrap_or_else(|| escape_html(&self.text));
        Self {
            text: self.text.clone(),
            html: Some(look.dress(&html)),
        }
    }

    /// What this marking looks like in a letter, so that [`Edit::RemoveText`] finds it there.
    pub fn pattern(&self) -> Pattern {
        Pattern::exact(&self.text)
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

/// The edit that puts `tag` before the subject; none when the subject has it already, at its
/// beginning or behind `Re:`, `AW:` and the like. Tags in `others` (of labels that the message no
/// longer has) are taken out.
pub fn tag_subject(message: &Message<'_>, tag: &str, others: &[&str]) -> Option<Edit> {
    let subject = message.subject().unwrap_or_default();
    let mut kept = subject.clone();
    for other in others
        .iter()
        .filter(|other| !other.trim().is_empty() && **other != tag)
    {
        if let Some(at) = tag_position(&kept, other.trim()) {
            let after = kept[at + other.trim().len()..].trim_start().to_owned();
            kept = [kept[..at].trim_end(), &after].join(" ").trim().to_owned();
        }
    }
    let tag = tag.trim();
    if !tag.is_empty() && tag_position(&kept, tag).is_none() {
        kept = format!("{tag} {kept}").trim().to_owned();
    }
    (kept != subject).then(|| Edit::SetHeader {
        name: "Subject".to_owned(),
        value: kept,
    })
}

/// Where a tag stands: first, or after prefixes that end in a colon.
fn tag_position(subject: &str, tag: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += subject[at..].len() - subject[at..].trim_start().len();
        let rest = &subject[at..];
        if rest.starts_with(tag) {
            return Some(at);
        }
        let colon = rest.find(':')?;
        if !is_reply_prefix(&rest[..colon]) {
            return None;
        }
        at += colon + 1;
    }
}

/// What mail programs put before the subject of a reply or a forwarded letter, in their languages,
/// counted or not: `Re`, `AW`, `Re[2]`.
fn is_reply_prefix(word: &str) -> bool {
    const WORDS: [&str; 24] = [
        "re", "fw", "fwd", "aw", "wg", "sv", "vs", "vl", "tr", "rv", "res", "enc", "antw",
        "doorst", "rif", "r", "i", "odp", "pd", "ynt", "回复", "转发", "答复", "回覆",
    ];
    let word = word
        .trim()
        .trim_end_matches(|c: char| c.is_ascii_digit() || "[]()^".contains(c));
    WORDS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(subject: &str, others: &[&str]) -> Option<String> {
        let raw = format!("Subject: {subject}\r\n\r\n");
        match tag_subject(&Message::parse(raw.as_bytes()), "[SECRET]", others)? {
            Edit::SetHeader { value, .. } => Some(value),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_tag_stands_once() {
        assert_eq!(tagged("Plans", &[]).as_deref(), Some("[SECRET] Plans"));
        assert_eq!(tagged("[SECRET] Plans", &[]), None);
        assert_eq!(tagged("Re: AW[2]: [SECRET] Plans", &[]), None);
        assert_eq!(
            tagged("Plans: [SECRET] ones", &[]),
            Some("[SECRET] Plans: [SECRET] ones".into())
        );
        assert_eq!(tagged("", &[]).as_deref(), Some("[SECRET]"));
    }

    #[test]
    fn the_tag_of_another_label_goes() {
        assert_eq!(
            tagged("[PUBLIC] Plans", &["[PUBLIC]"]).as_deref(),
            Some("[SECRET] Plans")
        );
        let reply = tagged("Re: [PUBLIC] Plans", &["[PUBLIC]"]);
        assert_eq!(reply.as_deref(), Some("[SECRET] Re: Plans"));
        assert_eq!(tagged("[SECRET] Plans [PUBLIC]", &["[PUBLIC]"]), None);
    }

    #[test]
    fn html_made_from_text_shows_exactly_it() {
        assert_eq!(
            escape_html("a <b>\n\"c\" & d\0"),
            "a &lt;b&gt;<br>&quot;c&quot; &amp; d"
        );
    }
}
