//! Names and subjects as they are shown: without characters that turn, hide or empty the text
//! around them. It changes nothing else, also not what only looks alike.
//!
//! The two joiners (U+200C, U+200D) stay where they spell: one, between two characters of a script
//! that uses them or of an emoji. Elsewhere they only hide.

/// The text without controls, and without what Unicode gives no shape of its own: characters that
/// set the direction (UAX #9), join or divide invisibly, fill, annotate, or carry tags.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        let spells = is_joiner(c)
            && before.is_some_and(is_joined)
            && chars.peek().is_some_and(|next| is_joined(*next));
        if spells || !c.is_control() && !hides(c) {
            shown.push(c);
        }
        before = Some(c);
    }
    shown
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// What a joiner may stand between: Arabic and the other scripts with joining letters, the Indic
/// ones with their signs, and emoji with what changes their look.
fn is_joined(c: char) -> bool {
    !hides(c)
        && matches!(c,
            '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{109f}'
            | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe0f}'
            | '\u{fe70}'..='\u{fefc}' | '\u{1e900}'..='\u{1e95f}' | '\u{2190}'..='\u{21ff}'
            | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f1e6}'..='\u{1faff}')
}

/// Whether Unicode gives it no shape of its own.
pub(crate) fn hides(c: char) -> bool {
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

    #[test]
    fn a_joiner_stays_where_it_spells() {
        for spelt in [
            "می\u{200c}خواهم",
            "ක්\u{200d}ෂ",
            "क्\u{200d}ष",
            "👩\u{200d}👩\u{200d}👧",
            "🏳\u{fe0f}\u{200d}🌈",
            "👩🏽\u{200d}⚕\u{fe0f}",
        ] {
            assert_eq!(visible(spelt), spelt);
        }
        for (hidden, shown) in [
            ("\u{200c}می", "می"),
            ("می\u{200c}", "می"),
            ("می\u{200d}\u{200c}خ", "میخ"),
            ("می\u{200c} خ", "می خ"),
            ("pay\u{200d}pal", "paypal"),
            ("می\u{200c}a", "میa"),
            ("👩\u{200d}\u{202e}👧", "👩👧"),
        ] {
            assert_eq!(visible(hidden), shown, "{hidden:?}");
        }
    }
}
