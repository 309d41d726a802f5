//! The mail that tests find in folders, which they do without where there is none.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder, in order of their names.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    gather(folder, &mut found);
    found.sort();
    found
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => gather(&path, found),
            false => found.push(path),
        }
    }
}

/// The messages of the corpora; none, and a printed line, where they are absent.
pub fn corpora() -> Vec<PathBuf> {
    messages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/mail"))
}

/// The messages of a folder; none, and a printed line, where it is absent.
pub fn messages(folder: &Path) -> Vec<PathBuf> {
    let found = files(folder);
    if found.is_empty() {
        println!("skipped: no messages at {}", folder.display());
    }
    found
}
