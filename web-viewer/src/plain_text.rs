//! A plain text body as HTML: escaped, its web addresses clickable, its quotes marked.
//!
//! Only `http:` and `https:` addresses become links; the text itself is never changed.

use std::fmt::Write as _;

use crate::visible::hides;

/// Longer text is cut, and the reader told; the whole stands in the attachments or the download.
pub const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Text as an HTML fragment for an element with `white-space: pre-wrap`.
pub struct Rendered {
    /// Escaped, with links.
    pub html: String,
    /// Whether there is more text than was to be rendered.
    pub cut: bool,
}

/// Renders the first `bytes_max` bytes of a text; `flowed` says that RFC 3676 lines are to be
/// joined again.
pub fn render(text: &str, flowed: bool, bytes_max: usize) -> Rendered {
    let end = text.floor_char_boundary(bytes_max);
    let joined = if flowed {
        unflow(&text[..end])
    } else {
        text[..end].to_owned()
    };
    let mut html = String::with_capacity(joined.len() + joined.len() / 8);
    for line in joined.trim_end().lines() {
        if line.starts_with('>') {
            html.push_str("<span class=\"quote\">");
            link_line(&mut html, line);
            html.push_str("</span>\n");
        } else {
            link_line(&mut html, line);
            html.push('\n');
        }
    }
    Rendered {
        html,
        cut: end < text.len(),
    }
}

/// RFC 3676 §4.1-4.4: a line that ends in a space goes on in the next of the same quote depth;
/// "-- " never does; one space of stuffing is removed.
fn unflow(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let content = &line[depth..];
        let content = content.strip_prefix(' ').unwrap_or(content);
        if open != Some(depth) {
            if open.is_some() {
                out.push('\n');
            }
            if depth > 0 {
                out.extend(std::iter::repeat_n('>', depth));
                out.push(' ');
            }
        }
        out.push_str(content);
        if content.ends_with(' ') && content != "-- " {
            open = Some(depth);
        } else {
            open = None;
            out.push('\n');
        }
    }
    out
}

fn link_line(html: &mut String, line: &str) {
    let mut rest = line;
    while let Some(at) = address_start(rest) {
        let (before, from) = rest.split_at(at);
        escape(html, before);
        let end = address_end(from);
        let (address, after) = from.split_at(end);
        html.push_str("<a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"");
        escape(html, address);
        html.push_str("\">");
        escape(html, address);
        html.push_str("</a>");
        rest = after;
    }
    escape(html, rest);
}

/// Where the next `http://` or `https://` with something behind it begins.
fn address_start(text: &str) -> Option<usize> {
    let begins = |from: &str, scheme: &str| {
        from.get(..scheme.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(scheme))
            && from[scheme.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '[')
    };
    text.match_indices(['h', 'H']).map(|(at, _)| at).find(|at| {
        let inside_a_word = text[..*at]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        let from = &text[*at..];
        !inside_a_word && (begins(from, "https://") || begins(from, "http://"))
    })
}

fn address_end(text: &str) -> usize {
    let end = text
        .find(|c: char| {
            c.is_whitespace() || c.is_control() || hides(c) || "<>\"`{}|\\^".contains(c)
        })
        .unwrap_or(text.len());
    let mut address = &text[..end];
    // How many more of a bracket are closed than opened; trimming takes closing ones only.
    let count = |bracket| address.matches(bracket).count();
    let mut round = count(')').saturating_sub(count('('));
    let mut square = count(']').saturating_sub(count('['));
    // What ends a sentence or closes a bracket opened before the address is not part of it.
    loop {
        let closed = match address.chars().next_back() {
            Some('.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_') => None,
            Some(')') if round > 0 => Some(&mut round),
            Some(']') if square > 0 => Some(&mut square),
            _ => return address.len(),
        };
        if let Some(excess) = closed {
            *excess -= 1;
        }
        address = &address[..address.len() - 1];
    }
}

/// Escapes for text and for quoted attribute values.
pub fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\t' => html.push('\t'),
            c if c.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(html, "\u{fffd}");
            }
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn links(text: &str) -> Vec<String> {
        let html = render(text, false, TEXT_BYTES_MAX).html;
        html.split("href=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    }

    /// What turns the text around it cannot make one address look like another.
    #[test]
    fn an_address_ends_where_text_is_turned_or_hidden() {
        for hidden in ['\u{202e}', '\u{2066}', '\u{200b}', '\u{200f}'] {
            let text = format!("https://evil.example/{hidden}moc.knab//:sptth");
            let html = render(&text, false, TEXT_BYTES_MAX).html;
            assert!(
                html.contains("href=\"https://evil.example/\">https://evil.example/</a>"),
                "{html}"
            );
        }
        let html = render("https://a.example/b\u{fc}c", false, TEXT_BYTES_MAX).html;
        assert!(
            html.contains(">https://a.example/b\u{fc}c</a>"),
            "the control: {html}"
        );
    }

    #[test]
    fn web_addresses_become_links_and_nothing_else_does() {
        assert_eq!(links("see https://a.example/x."), ["https://a.example/x"]);
        assert_eq!(
            links("(http://a.example/x_(y))"),
            ["http://a.example/x_(y)"]
        );
        assert_eq!(
            links("<https://a.example/?a=1&b=2>"),
            ["https://a.example/?a=1&amp;b=2"]
        );
        assert_eq!(
            links("HTTPS://A.example, http://b.example"),
            ["HTTPS://A.example", "http://b.example"]
        );
        for no_link in [
            "javascript:alert(1)",
            "xhttp://a",
            "http://",
            "data:text/html,x",
            "http:x",
        ] {
            assert!(links(no_link).is_empty(), "{no_link}");
        }
    }

    #[test]
    fn flowed_lines_are_joined_and_signatures_are_not() {
        let text = "one \r\ntwo\r\n> quoted \r\n> more\r\n-- \r\nAnn\r\n";
        assert_eq!(unflow(text), "one two\n> quoted more\n-- \nAnn\n");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let text = format!("a{}", "ä".repeat(TEXT_BYTES_MAX));
        let rendered = render(&text, false, TEXT_BYTES_MAX);
        assert!(rendered.cut && rendered.html.len() <= TEXT_BYTES_MAX + 1);
        assert!(!render("short", false, TEXT_BYTES_MAX).cut);
    }

    #[test]
    fn brackets_behind_an_address_are_counted_once() {
        for tail in [")", "]", ").", "]),", "([)"] {
            let text = format!("http://a{}", tail.repeat(TEXT_BYTES_MAX / 8 / tail.len()));
            let started = std::time::Instant::now();
            let html = render(&text, false, TEXT_BYTES_MAX).html;
            let milliseconds = started.elapsed().as_millis();
            assert!(html.contains("href=\"http://a"), "{tail}");
            // Counted anew for each bracket it was minutes; a debug build takes less than a second.
            assert!(milliseconds < 60_000, "`{tail}` took {milliseconds} ms");
        }
        assert_eq!(
            links("(see http://a.example/x_(y)])."),
            ["http://a.example/x_(y)"]
        );
        assert_eq!(
            links("http://a.example/[(b)])))"),
            ["http://a.example/[(b)]"]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_markup(text in "([<>&\"'a-z:/ ]|https?://[a-z<>\"']{1,9}|\\PC){0,60}") {
            let html = render(&text, false, TEXT_BYTES_MAX).html;
            let bare = html
                .replace("<span class=\"quote\">", "")
                .replace("</span>", "")
                .replace("</a>", "");
            for piece in bare.split('<').skip(1) {
                prop_assert!(piece.starts_with("a rel=\"noopener noreferrer nofollow\" target"));
            }
        }
    }
}
