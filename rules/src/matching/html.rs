//! The words of an HTML body as a person would read them.
//!
//! It is for matching only and never shown; what is hidden by styling counts as read.

/// How far an entity may stretch, `&` and `;` included.
const ENTITY_MAX: usize = 12;

/// The text between the tags. Tags of blocks part words, tags inside a line do not; comments are
/// gone, scripts and styles too.
pub(crate) fn text(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = match rest.as_bytes()[0] {
            b'<' => tag(rest, &mut out),
            _ => entity(rest, &mut out),
        };
    }
    out.push_str(rest);
    out
}

/// Skips one tag, comment, script or style; a lone `<` is text.
fn tag<'h>(rest: &'h str, out: &mut String) -> &'h str {
    if let Some(comment) = rest.strip_prefix("<!--") {
        return comment.find("-->").map_or("", |end| &comment[end + 3..]);
    }
    let name = rest[1..].trim_start_matches('/');
    let length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let opens = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
    if !opens {
        out.push('<');
        return &rest[1..];
    }
    let name = name[..length].to_ascii_lowercase();
    if !is_inline(&name) {
        out.push(' ');
    }
    let Some(end) = rest.find('>') else { return "" };
    let after = &rest[end + 1..];
    match name.as_str() {
        "script" | "style" if !rest.starts_with("</") => skip_to_close(after, &name),
        _ => after,
    }
}

/// Tags that stand inside a word or line.
fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "code"
            | "del"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "mark"
            | "o"
            | "q"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

fn skip_to_close<'h>(rest: &'h str, name: &str) -> &'h str {
    let close = rest.match_indices("</").find(|(at, _)| {
        rest.get(at + 2..at + 2 + name.len())
            .is_some_and(|tag| tag.eq_ignore_ascii_case(name))
    });
    close.map_or("", |(at, _)| &rest[at..])
}

/// Writes what one entity stands for; an unknown one stays as it is.
fn entity<'h>(rest: &'h str, out: &mut String) -> &'h str {
    let window = rest.bytes().take(ENTITY_MAX).position(|byte| byte == b';');
    let known = window.and_then(|end| Some((character(&rest[1..end])?, end)));
    match known {
        Some((c, end)) => {
            out.push(c);
            &rest[end + 1..]
        }
        None => {
            out.push('&');
            &rest[1..]
        }
    }
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    let named = NAMED.iter().find(|(known, _)| *known == name);
    named.map(|(_, c)| *c)
}

const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("shy", '\u{AD}'),
    ("zwnj", '\u{200C}'),
    ("zwj", '\u{200D}'),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("hellip", '…'),
    ("euro", '€'),
    ("sect", '§'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("szlig", 'ß'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("ecirc", 'ê'),
    ("euml", 'ë'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("aring", 'å'),
    ("aelig", 'æ'),
    ("ccedil", 'ç'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iuml", 'ï'),
    ("ntilde", 'ñ'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("otilde", 'õ'),
    ("oslash", 'ø'),
    ("uacute", 'ú'),
    ("ugrave", 'ù'),
    ("ucirc", 'û'),
    ("Eacute", 'É'),
    ("Ccedil", 'Ç'),
    ("Ntilde", 'Ñ'),
    ("Oslash", 'Ø'),
    ("Aring", 'Å'),
    ("AElig", 'Æ'),
    ("lbrack", '['),
    ("rbrack", ']'),
    ("lsqb", '['),
    ("rsqb", ']'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_across_tags_and_entities() {
        assert_eq!(text("con<b>fid</b>ential"), "confidential");
        assert_eq!(text("<p>one</p><p>two</p>").trim(), "one  two");
        assert_eq!(text("a<br>b"), "a b");
        assert_eq!(
            text("&#83;ecr&eacute;t &#x5B;x&rbrack; a&amp;b &bogus; &"),
            "Secrét [x] a&b &bogus; &"
        );
        assert_eq!(text("sec<!-- > x -->ret"), "secret");
        assert_eq!(text("a<style>p { }</style>b<SCRIPT>x</SCRIPT>c"), "a  b  c");
        assert_eq!(text("1 < 2 & 3 > 2"), "1 < 2 & 3 > 2");
    }

    #[test]
    fn broken_html_ends() {
        for html in [
            "<",
            "<!--",
            "<a",
            "<script>x",
            "&",
            "&#",
            "&#x110000;",
            "<é>x",
            "</",
        ] {
            let _ = text(html);
        }
        assert_eq!(text(&"<".repeat(100_000)).len(), 100_000);
    }
}
