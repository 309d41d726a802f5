//! Names and subjects as they are shown: without characters that turn, hide or empty the text
//! around them. It changes nothing else, also not what only looks alike.

/// The text without controls, and without what Unicode gives no shape of its own: characters that
/// set the direction (UAX #9), join or divide invisibly, fill, annotate, or carry tags.
pub fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() && !hides(*c))
        .collect()
}

fn hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_or_hides_goes_and_all_else_stays() {
        for hidden in [
            '\u{202e}',
            '\u{2066}',
            '\u{200b}',
            '\u{200f}',
            '\u{61c}',
            '\u{2060}',
            '\u{ad}',
            '\u{feff}',
            '\u{3164}',
            '\u{e0041}',
            '\u{1b}',
            '\r',
            '\u{85}',
            '\u{2029}',
        ] {
            assert_eq!(
                visible(&format!("a{hidden}b")),
                "ab",
                "{:04x}",
                hidden as u32
            );
        }
        for plain in [
            "Jürgen Ø",
            "दिल्ली",
            "אבגד",
            "محمد",
            "王小明",
            "☎ 👍🏽",
            "e\u{301}",
            "a\u{a0}b",
        ] {
            assert_eq!(visible(plain), plain);
        }
    }
}
