//! Other readers of what was written, where they are installed.

use std::process::{Command, Output};
use std::sync::Once;

/// Runs a program over a file; none where it is not there.
fn run(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<Output> {
    static TOLD: Once = Once::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let output = Command::new(program)
        .args(arguments)
        .arg(file.path())
        .output();
    if output.is_err() {
        TOLD.call_once(|| println!("skipped: {program} is not installed"));
    }
    output.ok()
}

/// Asserts that two other readers of PDF take a file as it is, and see the labels that ours sees.
pub fn agree(name: &str, bytes: &[u8]) {
    if let Some(output) = run("qpdf", &["--check"], bytes) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
    }
    if let Some(output) = run("pdfinfo", &["-custom"], bytes) {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{name}: {output:?}"
        );
        let found = documents::read_labels(bytes);
        for label in &found.labels {
            assert!(said.contains(label.id.as_str()), "{name}: {said}");
        }
        let seen = said.matches("_Enabled:").count();
        assert!(seen <= found.labels.len(), "{name}: {said}");
    }
}
