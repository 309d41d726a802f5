//! "Did you mean": the known word nearest to one that is not known.

/// The nearest of `words`, if it is near enough to be a slip of the hand or a half-remembered
/// name.
pub(crate) fn nearest<'w>(name: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let plain = name.to_lowercase().replace(['-', ' '], "_");
    words
        .map(|word| {
            (
                distance(&plain, &word.to_lowercase().replace(['-', ' '], "_")),
                word,
            )
        })
        .filter(|(distance, word)| *distance <= word.chars().count().min(12) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Edits between two words, a swap of neighbours counting as one.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let differs = usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swap = if swapped {
                    rows[i - 2][j - 2] + 1
                } else {
                    usize::MAX
                };
                swap.min(rows[i - 1][j] + 1)
                    .min(rows[i][j - 1] + 1)
                    .min(rows[i - 1][j - 1] + differs)
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let words = ["subject_contains", "subject_matches", "sender", "recipient"];
        let near = |name| nearest(name, words.into_iter());
        assert_eq!(near("subject_contain"), Some("subject_contains"));
        assert_eq!(near("Subject-Contains"), Some("subject_contains"));
        assert_eq!(near("sedner"), Some("sender"));
        assert_eq!(near("recipients"), Some("recipient"));
        assert_eq!(near("colour"), None);
        assert_eq!(near(&"x".repeat(100)), None);
    }
}
