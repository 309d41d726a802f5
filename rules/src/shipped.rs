//! The policy that ships: labels, subject tags, and what may leave.
//!
//! It is the same text an admin edits; nothing of it is built in elsewhere.

use crate::policy::RuleFile;

const FILES: [(&str, &str); 5] = [
    (
        "00-exemptions.toml",
        include_str!("../policy/00-exemptions.toml"),
    ),
    ("10-labels.toml", include_str!("../policy/10-labels.toml")),
    (
        "20-subject-tags.toml",
        include_str!("../policy/20-subject-tags.toml"),
    ),
    (
        "30-sensitivity.toml",
        include_str!("../policy/30-sensitivity.toml"),
    ),
    ("40-outside.toml", include_str!("../policy/40-outside.toml")),
];

/// The files of `rules/policy`.
pub fn shipped() -> Vec<RuleFile> {
    let file = |(name, text): (&str, &str)| RuleFile {
        name: name.into(),
        text: text.into(),
    };
    FILES.into_iter().map(file).collect()
}
