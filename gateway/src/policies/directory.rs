//! The rules directory as it stands on disk: every visible `*.toml` in it, in byte order of name.
//! It never looks into subdirectories, and never reads more than the named limits.

use crate::config::Diagnostic;
use rules::RuleFile;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The most rule files a directory may hold.
pub const RULE_FILES_MAX: usize = 1_000;

/// The most bytes one rule file may have.
pub const RULE_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The files of a rules directory, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// In byte order of their names.
    pub files: Vec<RuleFile>,
}

/// Why a rules directory could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The system refused.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// What was being read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A rule file is not UTF-8.
    #[error("`{}` is not UTF-8 text in line {}", path.display(), place.line())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first place where it is not.
        place: Box<Diagnostic>,
    },
    /// What is called like a rule file is a folder, a pipe or a device.
    #[error("`{}` is no file", .0.display())]
    NoFile(PathBuf),
    /// A named limit was passed.
    #[error("`{}` is larger than {RULE_FILE_BYTES_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    /// A named limit was passed.
    #[error("more than {RULE_FILES_MAX} rule files in `{}`", .0.display())]
    TooMany(PathBuf),
}

/// What shows that a file changed without reading it.
pub type Fingerprint = Vec<(PathBuf, u64, Option<SystemTime>)>;

impl DirectoryError {
    /// What whoever keeps `directory` can do.
    pub fn help(&self, directory: &Path) -> &'static str {
        match self {
            Self::Read { path, .. } if path != directory => {
                "every `*.toml` in the rules directory is read: let it be readable for the \
                 gateway, or move it away"
            }
            Self::Read { .. } => "name the rules directory in `[rules] directory`, or with --rules",
            Self::NotText { .. } => "save it as UTF-8",
            Self::NoFile(_) => "rules stand in plain files: call it something else than `*.toml`",
            Self::TooLarge(_) => "share its rules among several files",
            Self::TooMany(_) => "put rules that belong together into one file",
        }
    }
}

impl Directory {
    /// Reads every rule file.
    pub fn read(directory: &Path) -> Result<Self, DirectoryError> {
        let mut files = Vec::new();
        for path in rule_paths(directory)? {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.push(RuleFile {
                name,
                text: read_text(&path)?,
            });
        }
        Ok(Self { files })
    }

    /// Names, sizes and times of the rule files; empty when the directory cannot be read.
    pub fn fingerprint(directory: &Path) -> Fingerprint {
        let paths = rule_paths(directory).unwrap_or_default();
        let mark = |path: PathBuf| {
            let meta = fs::metadata(&path).ok();
            let size = meta.as_ref().map_or(0, fs::Metadata::len);
            (path, size, meta.and_then(|meta| meta.modified().ok()))
        };
        paths.into_iter().map(mark).collect()
    }
}

fn rule_paths(directory: &Path) -> Result<Vec<PathBuf>, DirectoryError> {
    let failed = |source| DirectoryError::Read {
        path: directory.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_rule_file(&path) {
            paths.push(path);
        }
        if paths.len() > RULE_FILES_MAX {
            return Err(DirectoryError::TooMany(directory.to_owned()));
        }
    }
    paths.sort_by(|a, b| {
        a.as_os_str()
            .as_encoded_bytes()
            .cmp(b.as_os_str().as_encoded_bytes())
    });
    Ok(paths)
}

/// Editors leave `.name.swp` and `#name#` beside what they edit: hidden files are no rules.
fn is_rule_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".toml") && !name.starts_with('.')
}

fn read_text(path: &Path) -> Result<String, DirectoryError> {
    let failed = |source| DirectoryError::Read {
        path: path.to_owned(),
        source,
    };
    let found = fs::metadata(path).map_err(failed)?;
    // Reading a pipe would wait for whoever writes into it, perhaps for ever.
    if !found.is_file() {
        return Err(DirectoryError::NoFile(path.to_owned()));
    }
    if found.len() > RULE_FILE_BYTES_MAX {
        return Err(DirectoryError::TooLarge(path.to_owned()));
    }
    let bytes = fs::read(path).map_err(failed)?;
    match Diagnostic::not_text(&path.display().to_string(), &bytes) {
        None => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Some(place) => Err(DirectoryError::NotText {
            path: path.to_owned(),
            place: Box::new(place),
        }),
    }
}
