//! Regular expressions: linear in the text, bounded in size, in any case.

use regex::{RegexSet, RegexSetBuilder};

use super::composed;

/// How long one pattern may be, in bytes.
pub(crate) const PATTERN_LENGTH_MAX: usize = 4_096;
/// How large the patterns of one condition may grow when compiled, in bytes.
pub(crate) const COMPILED_SIZE_MAX: usize = 4 << 20;
/// How deep groups may nest.
const NESTING_MAX: u32 = 100;

/// The patterns of one condition.
#[derive(Debug)]
pub(crate) struct Patterns(RegexSet);

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatternError {
    /// It is longer than [`PATTERN_LENGTH_MAX`].
    TooLong,
    /// All of them together are larger than [`COMPILED_SIZE_MAX`].
    TooLarge,
    /// It is none; with the reason.
    Syntax(String),
}

impl Patterns {
    /// Compiles all; on failure says which one is to blame.
    pub fn new(patterns: &[&str]) -> Result<Self, (usize, PatternError)> {
        if let Some(at) = patterns
            .iter()
            .position(|text| text.len() > PATTERN_LENGTH_MAX)
        {
            return Err((at, PatternError::TooLong));
        }
        build(patterns).map(Self).map_err(|together| {
            let alone = patterns.iter().enumerate();
            alone
                .filter_map(|(at, one)| build(&[one]).err().map(|error| (at, error)))
                .next()
                .unwrap_or((patterns.len().saturating_sub(1), together))
        })
    }

    /// The index of the first pattern that matches a text, which must be [`composed`].
    pub fn find(&self, text: &str) -> Option<usize> {
        self.0.matches(text).into_iter().next()
    }

    /// Whether one matches a text, which must be [`composed`].
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

fn build(patterns: &[&str]) -> Result<RegexSet, PatternError> {
    let patterns = patterns.iter().map(|pattern| composed(pattern));
    let built = RegexSetBuilder::new(patterns)
        .case_insensitive(true)
        .size_limit(COMPILED_SIZE_MAX)
        .nest_limit(NESTING_MAX)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
        error => PatternError::Syntax(reason(&error.to_string())),
    })
}

/// The last line of the library's many-line drawing.
fn reason(drawing: &str) -> String {
    let line = drawing
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or(drawing);
    line.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_unless_told_otherwise() {
        let patterns = Patterns::new(&["po-[0-9]+", "(?-i)X"]).unwrap();
        assert_eq!(patterns.find("see PO-12"), Some(0));
        assert_eq!(patterns.find("x"), None);
        assert_eq!(patterns.find("X"), Some(1));
    }

    #[test]
    fn an_accent_in_a_pattern_may_be_written_either_way() {
        let patterns = Patterns::new(&["^cafe\u{301}s?$"]).unwrap();
        assert!(patterns.is_match("CAFÉS") && !patterns.is_match("cafes"));
    }

    #[test]
    fn the_one_to_blame_is_named() {
        let error = |patterns: &[&str]| Patterns::new(patterns).unwrap_err();
        assert!(
            matches!(error(&["a", "(b"]), (1, PatternError::Syntax(why)) if why.contains("group"))
        );
        let (at, why) = error(&["(?=a)"]);
        let says = matches!(why, PatternError::Syntax(why) if why.contains("look-around"));
        assert!(at == 0 && says);
        assert_eq!(error(&["a", r"\w{900}{900}"]), (1, PatternError::TooLarge));
        let long = "a".repeat(PATTERN_LENGTH_MAX + 1);
        assert_eq!(error(&[&long]), (0, PatternError::TooLong));
        assert!(
            Patterns::new(&[&long[1..]]).is_ok(),
            "the limit itself is allowed"
        );
    }

    #[test]
    fn a_hostile_text_costs_linear_time() {
        let patterns = Patterns::new(&["(a+)+$"]).unwrap();
        let text = format!("{}b", "a".repeat(1 << 20));
        let start = std::time::Instant::now();
        assert!(!patterns.is_match(&text));
        assert!(start.elapsed().as_secs() < 5, "took {:?}", start.elapsed());
    }
}
