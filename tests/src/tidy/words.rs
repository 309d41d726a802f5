//! Every condition and action of the rule language has a case that uses it. It reads the table of
//! words and the case files as text, and does not judge whether a case is a good one.

/// The conditions and actions that a source file of the table of words has a row for.
pub fn listed(source: &str) -> Vec<String> {
    let rows = source.split("word(").skip(1);
    let words = rows.filter_map(|row| {
        let (place, rest) = row.trim_start().split_once(',')?;
        let name = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        matches!(place.trim(), "Condition" | "Action").then(|| name.to_owned())
    });
    words.collect()
}

/// Complains of each word that no rule under test uses as a key.
pub fn check(words: &[String], files: &[String]) -> Vec<String> {
    words
        .iter()
        .filter(|word| !files.iter().any(|text| uses(text, word)))
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
