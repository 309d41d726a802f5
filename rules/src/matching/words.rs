//! Whole words in any case; in scripts that put no spaces between words, anywhere.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};

use super::composed;

/// How many words are looked for one by one; more share one automaton.
const FEW: usize = 8;

/// A set of words and phrases.
#[derive(Debug)]
pub(crate) struct Words {
    needles: Vec<String>,
    /// `None` for a few words.
    automaton: Option<AhoCorasick>,
}

impl Words {
    /// `None` when the words are too many to build a matcher for, or one is empty once blanks and
    /// invisible characters are gone.
    pub fn new<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<Self> {
        let needles: Vec<String> = words
            .into_iter()
            .map(|word| plain(word).trim().to_owned())
            .collect();
        if needles.iter().any(String::is_empty) {
            return None;
        }
        let build = || {
            AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .build(&needles)
        };
        let automaton = match needles.len() <= FEW {
            true => None,
            false => Some(build().ok()?),
        };
        Some(Self { needles, automaton })
    }

    /// The index of a word that stands in `text`, which must be [`plain`].
    pub fn find(&self, text: &str) -> Option<usize> {
        let Some(automaton) = &self.automaton else {
            return self
                .needles
                .iter()
                .position(|needle| stands_in(needle, text));
        };
        automaton
            .find_overlapping_iter(text)
            .find(|found| {
                let needle = &self.needles[found.pattern().as_usize()];
                is_whole(needle, text, found.start())
            })
            .map(|found| found.pattern().as_usize())
    }
}

fn stands_in(needle: &str, text: &str) -> bool {
    let mut from = 0;
    while let Some(at) = text[from..].find(needle) {
        let start = from + at;
        if is_whole(needle, text, start) {
            return true;
        }
        from = next_start(text, start);
    }
    false
}

/// Where the word could next begin. A run of letters is passed over whole, so that a text of one
/// letter costs no more than any other.
fn next_start(text: &str, start: usize) -> usize {
    let mut rest = text[start..].char_indices();
    let first = rest.next().map_or(0, |(_, c)| c.len_utf8());
    let inside = |c: char| joins(c) && !is_unspaced(c);
    if !text[start..].starts_with(inside) {
        return start + first;
    }
    rest.find(|(_, c)| !inside(*c))
        .map_or(text.len(), |(at, _)| start + at)
}

fn is_whole(needle: &str, text: &str, start: usize) -> bool {
    let end = start + needle.len();
    is_edge(text[..start].chars().next_back(), needle.chars().next())
        && is_edge(text[end..].chars().next(), needle.chars().next_back())
}

/// Whether a word may begin or end between its own last character and the one outside.
fn is_edge(outside: Option<char>, own: Option<char>) -> bool {
    let (Some(outside), Some(own)) = (outside, own) else {
        return true;
    };
    !joins(outside) || !joins(own) || is_unspaced(outside) || is_unspaced(own)
}

fn joins(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Scripts written without spaces between words, and Hangul, whose words carry their particles.
fn is_unspaced(c: char) -> bool {
    matches!(c as u32,
        0x0E00..=0x0EFF            // Thai, Lao
        | 0x1000..=0x109F          // Myanmar
        | 0x1100..=0x11FF          // Hangul Jamo
        | 0x1780..=0x17FF          // Khmer
        | 0x3005..=0x3007          // Han iteration marks
        | 0x3040..=0x30FF          // Hiragana, Katakana
        | 0x3130..=0x318F          // Hangul compatibility Jamo
        | 0x31F0..=0x31FF          // Katakana extensions
        | 0x3400..=0x4DBF          // Han extension A
        | 0x4E00..=0x9FFF          // Han
        | 0xAC00..=0xD7AF          // Hangul
        | 0xF900..=0xFAFF          // Han compatibility
        | 0xFF66..=0xFF9F          // half-width Katakana
        | 0x20000..=0x3FFFF) // Han extensions B and later
}

/// Lower case, every run of blanks one space, invisible characters gone, letters and their accents
/// composed: so that a line break inside a phrase, a soft hyphen inside a word, or another way to
/// write `é` hides nothing.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars() {
        if c.is_ascii_graphic() {
            blank = false;
            out.push(c.to_ascii_lowercase());
        } else if c.is_whitespace() {
            if !blank {
                out.push(' ');
            }
            blank = true;
        } else if !is_invisible(c) {
            blank = false;
            match c {
                'ς' => out.push('σ'),
                c => out.extend(c.to_lowercase()),
            }
        }
    }
    match composed(&out) {
        Cow::Owned(composed) => composed,
        Cow::Borrowed(_) => out,
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
        || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(word: &str, text: &str) -> bool {
        Words::new([word]).unwrap().find(&plain(text)).is_some()
    }

    #[test]
    fn whole_words_in_any_case() {
        assert!(finds("contoso", "about (Contoso), again"));
        assert!(finds("contoso", "CONTOSO"));
        assert!(!finds("contoso", "Acontoso"));
        assert!(!finds("contoso", "Contosoa"));
        assert!(!finds("contoso", "contoso_x contoso2"));
        assert!(finds("straße", "Straße 5"));
        assert!(finds("ΟΔΟΣ", "οδος"));
        assert!(!finds("a*", "ab"), "no wildcards");
    }

    #[test]
    fn a_word_hidden_inside_another_does_not_hide_the_word() {
        let words = Words::new(["sesame oil", "sesame"]).unwrap();
        assert_eq!(words.find(&plain("sesame oils")), Some(1));
        assert!(words.find(&plain("xsesame, sesame oil")).is_some());
        assert_eq!(Words::new(["aa"]).unwrap().find("aaa aa"), Some(0));
    }

    #[test]
    fn punctuation_is_its_own_edge() {
        assert!(finds("[confidential]", "re[confidential]plans"));
        assert!(finds("c++", "c++ code"));
        assert!(finds("c++", "c++11"));
        assert!(!finds("c++", "objc++"));
    }

    #[test]
    fn phrases_span_lines_and_invisible_characters() {
        assert!(finds("project sesame", "the project\r\n\t sesame plan"));
        assert!(finds("confidential", "con\u{ad}fid\u{200b}ential"));
        assert!(finds("project  sesame", "project sesame"));
        assert!(!finds("project sesame", "projectsesame"));
    }

    #[test]
    fn an_accent_may_be_written_either_way() {
        assert!(finds("café", "au CAFE\u{301} noir"));
        assert!(finds("cafe\u{301}", "au café noir"));
        assert!(finds("café", "caf\u{200b}e\u{200b}\u{301}"));
        assert!(
            !finds("cafe", "au cafe\u{301} noir"),
            "that is another word"
        );
        assert!(!finds("café", "au cafe noir"));
    }

    #[test]
    fn scripts_without_spaces_match_anywhere() {
        assert!(finds("機密", "本書は機密文書です"));
        assert!(finds("ลับ", "เอกสารลับมาก"));
        assert!(finds("비밀", "비밀은 없다"));
        assert!(finds("abc", "株式会社ABC御中"));
        assert!(!finds("abc", "株式会社ABCD御中"));
    }

    #[test]
    fn few_words_and_many_are_found_alike() {
        let filler: Vec<String> = (0..FEW).map(|at| format!("filler{at}")).collect();
        let texts = [
            "a a a", "xa a a", "aa a a", "a ax a a", "b", "[a a]", "a a_ a a", "機a a",
        ];
        for needle in ["a a", "[a", "a]", "a", "機"] {
            let few = Words::new([needle]).unwrap();
            let many = Words::new(
                [needle]
                    .into_iter()
                    .chain(filler.iter().map(String::as_str)),
            );
            let many = many.unwrap();
            assert!(few.automaton.is_none() && many.automaton.is_some());
            for text in texts {
                assert_eq!(few.find(text), many.find(text), "{needle} in {text}");
            }
        }
    }

    #[test]
    fn a_hostile_text_costs_linear_time() {
        let text = "a".repeat(4 << 20);
        let start = std::time::Instant::now();
        assert!(!finds(&"a".repeat(300), &text));
        assert!(start.elapsed().as_secs() < 10, "took {:?}", start.elapsed());
    }

    #[test]
    fn nothing_is_no_word() {
        assert!(Words::new([" \u{200b} "]).is_none());
    }
}
