//! Mail that nobody here wrote, where it is at hand. It reads files and judges nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::place::project;

/// One message of the corpora.
pub struct Sample {
    /// Its path below the corpora.
    pub name: String,
    /// Its bytes with every line end made CRLF, ending in one.
    pub raw: Vec<u8>,
}

/// Every message of the folder that `MAIL_CORPUS` names, else of `../shared/corpora/mail`; nothing,
/// and a printed line, where that is absent.
pub fn mail() -> Vec<Sample> {
    let shared = || project().join("../shared/corpora/mail");
    let folder = std::env::var_os("MAIL_CORPUS").map_or_else(shared, PathBuf::from);
    if !folder.is_dir() {
        println!("skipped: no corpora at {}", folder.display());
        return Vec::new();
    }
    let mut samples: Vec<Sample> = files(&folder)
        .into_iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|e| e == "eml" || e == "msg" || e == "txt")
        })
        .map(|path| Sample {
            name: path
                .strip_prefix(&folder)
                .unwrap_or(&path)
                .display()
                .to_string(),
            raw: with_crlf(&fs::read(&path).expect("a corpus file can be read")),
        })
        .collect();
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    samples
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // What vanishes while it is walked, as a temporary file does, is not there.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}

/// Bare CR and bare LF become CRLF, as a sending mail server makes them, and the end gets one.
pub fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 40 + 2);
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            other => out.push(other),
        }
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::with_crlf;

    #[test]
    fn line_ends_become_crlf() {
        assert_eq!(
            with_crlf(b"a\nb\r\nc\rd\n\re"),
            b"a\r\nb\r\nc\r\nd\r\n\r\ne\r\n"
        );
    }
}
