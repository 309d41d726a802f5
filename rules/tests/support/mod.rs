//! What several tests share.
#![allow(dead_code)] // Each test uses some of it.

use std::path::{Path, PathBuf};

use rules::{Diagnostic, Loaded, Organisation, RuleFile};

/// Two labels, the second above the first.
pub const LABELS: &str = "
[[label]]
id = '00000000-0000-0000-0000-000000000010'
name = 'Low'
priority = 10
[[label]]
id = '00000000-0000-0000-0000-000000000020'
name = 'High'
priority = 20
";

/// The organisation of every test.
pub fn corp() -> Organisation {
    Organisation {
        name: "Corp".into(),
        domains: vec!["corp.example".into()],
        site_id: Some("cb46c030-1825-4e81-a295-151c039dbf02".into()),
    }
}

/// Loads, or shows every mistake.
pub fn load(files: &[RuleFile]) -> Loaded {
    rules::load(files, &corp()).unwrap_or_else(|mistakes| panic!("{}", render(&mistakes)))
}

/// Loads one text.
pub fn load_text(text: &str) -> Loaded {
    load(&[RuleFile {
        name: "rules.toml".into(),
        text: text.into(),
    }])
}

/// Every diagnostic, one after the other.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let texts: Vec<String> = diagnostics.iter().map(Diagnostic::render).collect();
    texts.join("\n\n")
}

/// The files of a folder with this extension, by name; never none.
pub fn files_in(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == extension))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no .{extension} in {}", folder.display());
    paths
}

pub fn read_text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Whether expectations are to be rewritten.
pub fn updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// An envelope of these addresses; `<>` is the null sender.
pub fn envelope(from: &str, to: &[&str]) -> mail::Envelope {
    let address = |text: &str| mail::Address::parse(text).unwrap();
    let sender = match from {
        "<>" => mail::Sender::Null,
        from => mail::Sender::Mailbox(address(from)),
    };
    let recipients = mail::Recipients::new(to.iter().map(|to| address(to)).collect()).unwrap();
    mail::Envelope {
        sender,
        recipients,
        body: mail::BodyType::SevenBit,
        smtputf8: false,
    }
}

/// 2026-01-01T12:00:00Z.
pub fn now() -> mail::Timestamp {
    mail::Timestamp::parse_rfc3339("2026-01-01T12:00:00Z").unwrap()
}
