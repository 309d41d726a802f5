//! Every file name that some reader finds for a part, and whether they name one kind of file.
//!
//! It never chooses a name for the rules: they judge all.

use super::parameters::{self, Parameterised};

/// How many file names of one part are listed.
pub const FILE_NAMES_MAX: usize = 100;

/// A field as it is read by those who keep the blank of a fold inside quotes, and by those who
/// do not.
pub(super) fn every_reading(raw: &[u8]) -> Vec<Parameterised> {
    let mut readings = vec![Parameterised::parse(raw)];
    let raw = parameters::beginning(raw);
    if readings[0].folds_quoted {
        let mut tight = Vec::with_capacity(raw.len());
        for line in raw.split(|byte| *byte == b'\n') {
            let line = if tight.is_empty() {
                line
            } else {
                line.trim_ascii_start()
            };
            tight.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        }
        readings.push(Parameterised::parse(&tight));
    }
    readings
}

/// Whether names are more than one file: they have different extensions. Rules judge every name,
/// but by its extension a reader chooses what opens it. A name without one is opened by its type,
/// whatever another name says; a blank makes another extension: `x. exe` is no `x.exe`.
pub(super) fn differ(names: &[String]) -> bool {
    let mut extensions = names.iter().filter_map(|name| {
        let (_, extension) = name.rsplit_once('.')?;
        Some(extension.to_lowercase())
    });
    let first = extensions.next();
    extensions.any(|extension| Some(extension) != first)
}

/// Every name that some reader finds, the most proper first.
pub(crate) fn file_names(kinds: &[Parameterised], showns: &[Parameterised]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let first = [
        showns.iter().find_map(|shown| shown.get("filename")),
        kinds.iter().find_map(|kind| kind.get("name")),
    ];
    let every = |fields: &'_ [Parameterised], name: &'static str| {
        fields
            .iter()
            .flat_map(move |field| field.candidates(name))
            .collect::<Vec<_>>()
    };
    let rest = every(showns, "filename")
        .into_iter()
        .chain(every(kinds, "name"));
    for name in first.into_iter().flatten().map(str::to_owned).chain(rest) {
        if !name.is_empty() && !names.contains(&name) && names.len() < FILE_NAMES_MAX {
            names.push(name);
        }
    }
    names
}
