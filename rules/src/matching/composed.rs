//! Unicode normalisation form C: `é` in one character or in two is the same letter to a person, so
//! it is to a rule. Letters that only look alike are left apart.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The text with every letter and its accents in one character, where there is one. ASCII, and what
/// is composed already, costs no copy.
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    let is_so = text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes;
    match is_so {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.nfc().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_and_its_accent_become_one() {
        assert_eq!(composed("cafe\u{301}"), "café");
        assert_eq!(composed("a\u{323}\u{302}"), "ậ", "in any order of accents");
        assert_eq!(composed("a\u{302}\u{323}"), "ậ");
        assert_eq!(composed("\u{1112}\u{1161}\u{11ab}"), "한");
        assert_eq!(composed("Ω"), "Ω", "the sign of the unit is the letter");
    }

    #[test]
    fn what_is_composed_is_not_copied() {
        for text in ["ascii", "café", "機密"] {
            assert!(matches!(composed(text), Cow::Borrowed(_)), "{text}");
        }
        assert!(matches!(composed("e\u{301}"), Cow::Owned(_)), "the control");
    }

    #[test]
    fn letters_that_look_alike_stay_apart() {
        assert_ne!(composed("сafé"), composed("café"));
        assert_ne!(composed("ＡＢＣ"), "ABC");
    }
}
