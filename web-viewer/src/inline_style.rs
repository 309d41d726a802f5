//! `style` attributes of a mail's HTML: declaration by declaration, by lists of what is allowed.
//!
//! A declaration that is not understood is dropped; nothing here can load, move or cover anything.

/// Properties that set type, colour and boxes. None that positions, layers, animates or loads.
const PROPERTIES: &[&str] = &[
    "background",
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-sizing",
    "caption-side",
    "clear",
    "color",
    "direction",
    "display",
    "empty-cells",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-position",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "overflow-wrap",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "unicode-bidi",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
];

/// Functions that compute a colour or a length, and load nothing.
const FUNCTIONS: &[&str] = &["rgb", "rgba", "hsl", "hsla", "calc", "min", "max"];

/// The longest style attribute that is read; a longer one is dropped.
pub const STYLE_BYTES_MAX: usize = 4096;

/// What is left of a `style` attribute, in the one form that filtering again does not change.
pub fn filter(style: &str) -> Option<String> {
    if style.len() > STYLE_BYTES_MAX {
        return None;
    }
    let kept: Vec<String> = declarations(style)?
        .into_iter()
        .filter_map(declaration)
        .collect();
    (!kept.is_empty()).then(|| kept.join(";"))
}

/// Splits at semicolons outside quotes and brackets; nothing when these do not balance.
fn declarations(style: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0u32, None);
    for (at, c) in style.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), '\n' | '\r' | '\u{c}') => return None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.checked_sub(1)?,
            (None, ';') if depth == 0 => {
                parts.push(&style[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&style[start..]);
    (depth == 0 && quote.is_none()).then_some(parts)
}

fn declaration(text: &str) -> Option<String> {
    let (name, value) = text.split_once(':')?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    // Escapes, comments and blocks are where two CSS readers differ.
    let strange = |c: char| c.is_control() || "\\@{}<>;!&".contains(c);
    let important = value.strip_suffix("!important").map(str::trim_end);
    let plain = important.unwrap_or(value);
    if plain.is_empty()
        || plain.contains(strange)
        || plain.contains("/*")
        || !PROPERTIES.contains(&name.as_str())
        || !functions_are_known(plain)
    {
        return None;
    }
    Some(match important {
        Some(_) => format!("{name}:{plain} !important"),
        None => format!("{name}:{plain}"),
    })
}

fn functions_are_known(value: &str) -> bool {
    value.match_indices('(').all(|(at, _)| {
        let before = &value[..at];
        let start = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .map_or(0, |last| {
                last + before[last..].chars().next().map_or(1, char::len_utf8)
            });
        let name = before[start..].to_ascii_lowercase();
        FUNCTIONS.contains(&name.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_loads_or_covers_is_dropped_and_the_rest_stays() {
        let table = [
            ("color:red", Some("color:red")),
            (
                " COLOR : red ; font-size:12px",
                Some("color:red;font-size:12px"),
            ),
            (
                "font-family:'Segoe UI', Arial",
                Some("font-family:'Segoe UI', Arial"),
            ),
            ("color: #fff !important", Some("color:#fff !important")),
            ("color:rgb(1, 2, 3)", Some("color:rgb(1, 2, 3)")),
            ("background:url(http://x/a.png)", None),
            ("background:URL('http://x/a.png')", None),
            ("background:u\\72l(http://x/)", None),
            ("background:u/**/rl(http://x/)", None),
            ("background-image:url(x)", None),
            ("background:image-set('http://x' 1x)", None),
            ("background:\u{fc}rl(x)", None),
            ("position:fixed;top:0", None),
            ("width:expression(alert(1))", None),
            ("behavior:url(x.htc)", None),
            ("color:red;}body{background:url(x)", Some("color:red")),
            ("color:red;font-family:'a", None),
            ("color:red)", None),
            ("--x:url(http://x)", None),
            ("content:'x'", None),
            ("", None),
        ];
        for (given, expected) in table {
            assert_eq!(filter(given).as_deref(), expected, "{given}");
        }
        assert_eq!(
            filter(&format!("color:{}", "a".repeat(STYLE_BYTES_MAX))),
            None
        );
    }

    proptest! {
        #[test]
        fn filtering_again_changes_nothing(style in "[a-z:;()'\"! \\\\/*-]{0,60}") {
            if let Some(once) = filter(&style) {
                prop_assert_eq!(filter(&once), Some(once));
            }
        }
    }
}
