//! What may stand in a file as text: an opening sentence, no unfinished code, no place of one
//! machine. It looks at lines and understands no language.

/// Names of one person's machine. In two halves, so that this file does not name them itself.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("C:", "\\Users"),
];

/// Code that is not written yet.
const UNFINISHED: &[&str] = &[
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
];

/// Complains of one Rust file's text.
pub fn check_source(file: &str, source: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if !source.starts_with("//! ") {
        complaints.push(format!("{file}: does not open with `//!` and what it is"));
    }
    for (at, line) in source.lines().enumerate() {
        if let Some(word) = UNFINISHED.iter().find(|word| line.contains(**word)) {
            complaints.push(format!("{file}:{}: unfinished: `{word}`", at + 1));
        }
    }
    complaints
}

/// Complains of a crate that does not take the workspace's lints, which forbid `unsafe`.
pub fn check_manifest(file: &str, manifest: &str) -> Vec<String> {
    let lints = manifest
        .split_once("[lints]")
        .map_or("", |(_, rest)| rest.trim_start());
    match lints.starts_with("workspace = true") {
        true => Vec::new(),
        false => vec![format!("{file}: does not take the workspace's lints")],
    }
}

/// Complains of any file of the project that names a place on somebody's machine.
pub fn check_any(file: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(**path)) {
            complaints.push(format!(
                "{file}:{}: names a machine's own path `{path}`",
                at + 1
            ));
        }
    }
    complaints
}

/// Complains when the command that CI runs is not one that README gives a newcomer.
pub fn check_ci(ci: &str, readme: &str) -> Vec<String> {
    let commands: Vec<&str> = ci
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter(|line| !line.starts_with("set ") && !line.starts_with("cd "))
        .map(|line| line.trim_start_matches("exec "))
        .collect();
    let mut complaints = Vec::new();
    if commands.is_empty() {
        complaints.push(".ci/run runs nothing".to_owned());
    }
    for command in commands {
        if !readme
            .lines()
            .any(|line| line.trim().trim_start_matches("$ ").starts_with(command))
        {
            complaints.push(format!(".ci/run runs `{command}`, which README does not"));
        }
    }
    complaints
}
