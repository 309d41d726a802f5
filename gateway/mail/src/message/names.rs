//! Every file name that some reader finds for a part, and whether they name one kind of file.
//!
//! It never chooses a name for the rules: they judge all.

use std::cell::Cell;

use super::parameters::{self, Parameterised};

/// How many file names of one part are listed.
pub const FILE_NAMES_MAX: usize = 100;

/// A field as it is read by those who keep the blanks of a fold inside quotes, by those who keep
/// none, and by those who make one of them; `left` bounds what careless readers look at.
pub(super) fn every_reading(raw: &[u8], left: &Cell<usize>) -> Vec<Parameterised> {
    let mut readings = vec![Parameterised::parse_as_all(raw, left)];
    let raw = parameters::beginning(raw);
    if readings[0].folds_quoted {
        for blank in [&b""[..], b" "] {
            readings.push(Parameterised::parse(&joined(raw, blank)));
        }
    }
    readings
}

/// The lines of a field on one line, with this in place of each fold.
fn joined(raw: &[u8], blank: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(raw.len());
    for (at, line) in raw.split(|byte| *byte == b'\n').enumerate() {
        let line = match at {
            0 => line,
            _ => line.trim_ascii_start(),
        };
        if at > 0 {
            joined.extend_from_slice(blank);
        }
        joined.extend_from_slice(line.trim_ascii_end());
    }
    joined
}

/// The file names of a part, and whether they leave in doubt what it is.
pub(super) struct Named {
    /// Every name that some reader finds, the most proper first.
    pub names: Vec<String>,
    /// They are more than one file, or only some readers take a text for a file.
    pub are_doubtful: bool,
}

/// The names that the fields of a part give it, as every reader takes them.
pub(super) fn named(kinds: &[Parameterised], showns: &[Parameterised], media_type: &str) -> Named {
    let mut names = file_names(kinds, showns);
    // Who finds no name shows a text as the letter.
    let may_be_letter = names.is_empty() && media_type.starts_with("text/");
    let are_doubtful = differ(&names);
    add_saved(&mut names);
    let others = |fields: &[Parameterised], name: &str| -> Vec<String> {
        let values = fields.iter().flat_map(|field| field.others(name));
        values.map(str::to_owned).collect()
    };
    for name in [others(showns, "filename"), others(kinds, "name")].concat() {
        add(&mut names, &name);
    }
    add_saved(&mut names);
    Named {
        are_doubtful: are_doubtful
            || names.len() >= FILE_NAMES_MAX
            || may_be_letter && !names.is_empty(),
        names,
    }
}

/// Whether names are more than one file: they have different extensions. Rules judge every name,
/// but by its extension a reader chooses what opens it. A name without one is opened by its type,
/// whatever another name says, and so is one to which the other adds its extension; a blank makes
/// another extension: `x. exe` is no `x.exe`.
fn differ(names: &[String]) -> bool {
    fn extension(form: &str) -> Option<&str> {
        Some(form.rsplit_once('.')?.1)
    }
    let forms: Vec<String> = names.iter().map(|name| form(name)).collect();
    let shortest = forms.iter().min_by_key(|form| form.len());
    let goes_on = |form: &&String| {
        let rest = shortest.and_then(|shortest| form.strip_prefix(shortest.as_str()));
        rest.and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|rest| !rest.contains('.'))
    };
    let longer = forms.iter().filter(|form| Some(*form) != shortest);
    let adds_extension = longer.clone().count() > 0 && longer.clone().all(|form| goes_on(&form));
    let mut extensions = forms
        .iter()
        .filter(|form| !adds_extension || Some(*form) != shortest)
        .filter_map(|form| extension(form));
    let first = extensions.next();
    extensions.any(|extension| Some(extension) != first)
}

/// A name without what changes no file: its case, and signs around it that no file bears.
fn form(name: &str) -> String {
    let is_sign = |c: char| "\"'<>/\\,=?".contains(c);
    as_saved(name.trim_matches(is_sign)).to_lowercase()
}

/// The name under which Windows saves a file: without blanks and dots at its end, and without the
/// name of a stream (`a.exe::$DATA`).
pub fn as_saved(name: &str) -> &str {
    // The colon of a drive stands second.
    let stream = name.char_indices().skip(2).find(|(_, c)| *c == ':');
    let name = stream.map_or(name, |(at, _)| &name[..at]);
    name.trim_end_matches(|c: char| c == '.' || c.is_whitespace() || c.is_control())
}

/// Adds the names under which these are saved.
pub(super) fn add_saved(names: &mut Vec<String>) {
    for at in 0..names.len() {
        let saved = as_saved(&names[at]).to_owned();
        add(names, &saved);
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    let is_known = names.iter().any(|known| known == name);
    if !name.is_empty() && !is_known && names.len() < FILE_NAMES_MAX {
        names.push(name.to_owned());
    }
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
        add(&mut names, &name);
    }
    names
}
