//! Every word of the rule language has a case that uses it. It reads case and rule files as text,
//! and does not judge whether the case is a good one.

/// Complains of each word that no rule under test uses as a key.
pub fn check(words: &[&str], files: &[(String, String)]) -> Vec<String> {
    words
        .iter()
        .filter(|word| !files.iter().any(|(_, text)| uses(text, word)))
        .map(|word| format!("no rule that a case runs uses the word `{word}`"))
        .collect()
}

/// Whether a TOML text has `word` as a key: `word =`, or `.word]` in a table's header.
fn uses(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..]
            .trim_start_matches([' ', '\t'])
            .chars()
            .next();
        let starts = !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"');
        starts && matches!(after, Some('=' | ']' | '.'))
    })
}
