//! `explain --out`: each copy as it would leave, in a file of its own.
//!
//! It makes the edits that the gateway makes, and stores, seals and sends nothing: a copy that
//! would be sealed is written as its readers would see it. The block at the very top, which says
//! where a message came in, is not there.

use super::rule_set::RuleSet;
use crate::apply;
use crate::attachments::Registrar;
use mail::LabelId;
use rules::{Capabilities, Facts, Judgement, plan};
use serde::Serialize;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The folder that the copies of one run stand in.
pub struct Preview {
    folder: PathBuf,
}

/// One file, and whose copies it shows.
#[derive(Debug, Serialize)]
pub struct Written {
    file: String,
    recipients: Vec<String>,
    sealed: bool,
}

/// A new file that nobody else reads: it holds a letter in clear.
fn create(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

impl Written {
    /// One line, below what is said of the message.
    pub fn to_text(&self) -> String {
        let sealed = if self.sealed { ", to be sealed" } else { "" };
        let people = self.recipients.join(", ");
        format!("\nwritten {}{sealed}: {people}\n", self.file)
    }
}

impl Preview {
    /// A new folder, or one that is empty: nothing that stands there is written over.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let shown = folder.display();
        fs::create_dir_all(folder).map_err(|error| format!("cannot make `{shown}`: {error}"))?;
        let mut entries =
            fs::read_dir(folder).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
        match entries.next() {
            None => Ok(Self {
                folder: folder.to_owned(),
            }),
            Some(_) => Err(format!("`{shown}` is not empty; --out takes a new folder")),
        }
    }

    /// Writes the copies of one message that would be delivered, a file for those that are alike.
    pub fn write(
        &self,
        set: &RuleSet,
        facts: &Facts<'_>,
        judgement: &Judgement,
        name: &str,
    ) -> Result<Vec<Written>, String> {
        let message = facts.message;
        let labels = set.policy.labels();
        let own: Vec<LabelId> = labels.iter().map(|label| label.id.clone()).collect();
        let site = set.site_id.as_deref();
        let mut registrar = Registrar::new(message, facts, labels, site, &own);
        let mut written = Vec::new();
        for group in plan(judgement, Capabilities::SMTP).groups {
            let mut files = group.verdict.attachments.clone();
            let copy = apply::edit(message, None, &group.verdict, &mut registrar, &mut files);
            // Nothing leaves then, as the explanation says.
            let Ok(copy) = copy else { continue };
            let bytes = copy.as_ref().map_or(message.raw(), |copy| &copy.bytes);
            written.push(Written {
                file: self.put(name, bytes)?,
                recipients: group.recipients.iter().map(ToString::to_string).collect(),
                sealed: group.verdict.seal.is_some(),
            });
        }
        Ok(written)
    }

    /// Writes one file, under a name that none of this run has.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<String, String> {
        let stem = match Path::new(name).file_stem() {
            Some(stem) if name != "-" => stem.to_string_lossy().into_owned(),
            _ => "message".to_owned(),
        };
        let mut number = 1_u64;
        let (path, mut file) = loop {
            let path = self.folder.join(format!("{stem}.{number}.eml"));
            match create(&path) {
                Ok(file) => break (path, file),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(format!("cannot make `{}`: {error}", path.display())),
            }
        };
        let done = file.write_all(bytes);
        done.map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
        Ok(path.display().to_string())
    }
}
