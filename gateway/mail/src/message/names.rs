//! Every file name that some reader finds for a part, and whether they are one name.
//!
//! It never chooses a name for the rules: they judge all.

use super::parameters::{self, Parameterised};

/// How many file names of one part are listed.
pub const FILE_NAMES_MAX: usize = 100;

/// A field as it is read by those who keep the blank of a fold inside quotes, and by those who
/// do not.
pub(super) fn every_reading(raw: &[u8]) -> Vec<Parameterised> {
    let mut readings = vec![Parameterised::parse(raw)];
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

/// Whether a fold inside quotes can change more than the blanks of a file name: another parameter,
/// or the rest of the field, where the quotes are not closed.
pub(super) fn folds_more_than_a_name(raw: &[u8]) -> bool {
    let readings = every_reading(raw);
    let others = |field: &Parameterised| {
        let is_name = |name: &str| matches!(name, "name" | "filename");
        let mut others = field.parameters.clone();
        others.retain(|parameter| !is_name(&parameter.name));
        others
    };
    readings.len() > 1
        && (parameters::leaves_quote_open(raw) || others(&readings[0]) != others(&readings[1]))
}

/// Whether names are more than one name with and without its blanks. A blank in the extension
/// makes another one: `x. exe` is no `x.exe`.
pub(super) fn differ_beyond_blanks(names: &[String]) -> bool {
    let key = |name: &String| {
        let extension = name
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_owned());
        let tight: String = name.chars().filter(|c| !c.is_whitespace()).collect();
        (tight, extension)
    };
    names.iter().any(|name| key(name) != key(&names[0]))
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
