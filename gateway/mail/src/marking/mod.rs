//! Visible markings: what text stands above or below a letter, and the tag before its subject.
//!
//! It never touches a message: a marking becomes an edit, and edits are applied elsewhere.

mod look;
mod original;
mod slot;
mod stamp;
mod template;
mod variable;
mod wording;

pub(crate) use look::guarded;
pub use look::{Alignment, Color, Look, MARGIN_POINTS, SIZE_POINTS};
pub use original::original_attached;
pub use slot::AFFIX_CHARS_MAX;
pub use stamp::Stamp;
pub use template::{TEMPLATE_BYTES_MAX, Template, TemplateError, TemplateErrorKind};
pub use variable::{Named, OWN_NAME_BYTES_MAX, VALUE_CHARS_MAX, Values, Variable};
pub use wording::{HtmlFault, Wording, Wordings, html_fault};

/// Text to be shown in a letter, its variables filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marking {
    /// For plain bodies.
    pub text: String,
    /// For HTML bodies.
    pub html: String,
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

/// The subject with `tag` before it; none when it is right already: the tag stands at its beginning
/// or behind `Re:`, `AW:` and the like. Tags in `others` (of labels that the message no longer has)
/// are taken out; an empty `tag` only takes out. Case does not matter.
pub fn tag_subject<'o>(
    subject: &str,
    tag: &str,
    others: impl IntoIterator<Item = &'o str>,
) -> Option<String> {
    let tag = tag.trim();
    let mut kept = subject.to_owned();
    let others = others.into_iter().map(str::trim);
    for other in others.filter(|other| !other.is_empty() && *other != tag) {
        if let Some(at) = tag_position(&kept, other) {
            let after = kept[at + other.len()..].trim_start().to_owned();
            kept = [kept[..at].trim_end(), &after].join(" ").trim().to_owned();
        }
    }
    if !tag.is_empty() && tag_position(&kept, tag).is_none() {
        kept = format!("{tag} {kept}").trim().to_owned();
    }
    (kept != subject).then_some(kept)
}

/// How long a tag of others may be that ours stands behind, in bytes.
const FOREIGN_TAG_BYTES_MAX: usize = 64;

/// Where a tag stands: first, or after prefixes that end in a colon and tags of others.
fn tag_position(subject: &str, tag: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += subject[at..].len() - subject[at..].trim_start().len();
        let rest = &subject[at..];
        let start = rest.get(..tag.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(tag)) {
            return Some(at);
        }
        if let Some(end) = foreign_tag(rest) {
            at += end;
            continue;
        }
        let colon = rest.find(':')?;
        if !is_reply_prefix(&rest[..colon]) {
            return None;
        }
        at += colon + 1;
    }
}

/// Where the tag ends that the text begins with: `[EXT]`, `[list]`.
fn foreign_tag(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(['[', ']'])?;
    let closed = inside[end..].starts_with(']');
    (closed && end <= FOREIGN_TAG_BYTES_MAX).then_some(end + 2)
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
        tag_subject(subject, "[SECRET]", others.iter().copied())
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
        assert_eq!(tagged("re: [Secret] Plans", &[]), None);
    }

    #[test]
    fn a_tag_stands_once_behind_tags_of_others() {
        assert_eq!(tagged("Re: [EXT] Re: [SECRET] Plans", &[]), None);
        assert_eq!(tagged("[list] [SECRET] Plans", &[]), None);
        let other = tagged("Re: [EXT] [PUBLIC] Plans", &["[PUBLIC]"]);
        assert_eq!(other.as_deref(), Some("[SECRET] Re: [EXT] Plans"));
        // The controls: words between them, and brackets that are no tag.
        for subject in [
            "[EXT] Plans [SECRET] ones",
            "[[SECRET] Plans",
            "[EXT [SECRET] Plans",
        ] {
            assert!(tagged(subject, &[]).is_some_and(|tagged| tagged.starts_with("[SECRET] [")));
        }
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
        let bare = tag_subject("Re: [PUBLIC] Plans", "", ["[PUBLIC]"]);
        assert_eq!(bare.as_deref(), Some("Re: Plans"));
    }

    #[test]
    fn html_made_from_text_shows_exactly_it() {
        assert_eq!(
            escape_html("a <b>\n\"c\" & d\0"),
            "a &lt;b&gt;<br>&quot;c&quot; &amp; d"
        );
    }
}
