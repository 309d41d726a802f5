//! From text to sections: every table of every file, each key a known word with a value of its
//! kind, each with its place in the text.
//!
//! It checks form only, and goes on after each mistake; what names refer to, and whether patterns
//! compile, is for `compile`.

mod moment;
mod suggest;
mod value;

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::RuleFile;
use crate::diagnostic::{Diagnostic, SourceText, Spot};
use crate::words::{self, Place, Word};

pub(crate) use moment::Moment;
pub(crate) use suggest::nearest;
pub(crate) use value::{Item, Value};

/// One table of a file.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub place: Place,
    /// The table's header, or its `{`.
    pub spot: Spot,
    /// In the order they were written.
    pub entries: Vec<Entry>,
    /// Keys that are no words here, each noted as a mistake.
    pub strangers: Vec<String>,
}

/// One `key = value`.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub word: &'static Word,
    pub key: Spot,
    /// The value's text.
    pub spot: Spot,
    pub value: Value,
}

impl Section {
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        debug_assert!(words::find(self.place, name).is_some(), "no word `{name}`");
        self.entries.iter().find(|entry| entry.word.name == name)
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The text of a word that takes one.
    pub fn text(&self, name: &str) -> Option<&Item> {
        self.value(name).and_then(Value::text)
    }

    /// The texts of a word that takes one or several.
    pub fn texts(&self, name: &str) -> &[Item] {
        self.value(name).map(Value::texts).unwrap_or_default()
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Some(Value::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        match self.value(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub fn tables(&self, name: &str) -> &[Section] {
        match self.value(name) {
            Some(Value::Tables(sections)) => sections,
            _ => &[],
        }
    }

    pub fn table(&self, name: &str) -> Option<&Section> {
        match self.value(name) {
            Some(Value::Table(section)) => Some(section),
            _ => None,
        }
    }
}

/// Tables of `sealgate.toml` that no rule file has.
const CONFIGURATION: [&str; 11] = [
    "organisation",
    "server",
    "listen",
    "relay",
    "viewer",
    "store",
    "keys",
    "rules",
    "limits",
    "log",
    "monitor",
];

/// Reads one file into its top section, adding every mistake of form to `found`.
pub(crate) fn read_file(file: &RuleFile, found: &mut Vec<Diagnostic>) -> Section {
    let source = Arc::new(SourceText::new(file.name.clone(), file.text.clone()));
    let (table, syntax) = DeTable::parse_recoverable(&source.text);
    let mut reader = Reader {
        file: Arc::clone(&source),
        found: Vec::new(),
        configuration: false,
    };
    let section = reader.table(Place::File, table.get_ref(), 0..0, &[]);
    let mut mistakes = reader.found;
    let broken: Vec<Diagnostic> = syntax
        .iter()
        .map(|error| syntax_error(&source, error))
        .collect();
    // What a broken line seems to say is noise beside the reason why it is broken.
    let lines: Vec<usize> = broken.iter().map(Diagnostic::line).collect();
    mistakes.retain(|mistake| !lines.contains(&mistake.line()));
    found.extend(broken);
    found.append(&mut mistakes);
    section
}

fn syntax_error(file: &Arc<SourceText>, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let message = format!("this is not TOML: {}", error.message().replace('\n', "; "));
    let spot = Spot {
        file: Arc::clone(file),
        span,
    };
    let text = file.text.get(..spot.span.start).unwrap_or_default();
    let line = text.rsplit('\n').next().unwrap_or_default();
    let quote = "write a pattern in single quotes, or double every backslash: 'PO-\\d+'";
    match error.message().contains("escape") || line.contains('\\') {
        true => Diagnostic::mistake(spot, message).help(quote),
        false => Diagnostic::mistake(spot, message),
    }
}

struct Reader {
    file: Arc<SourceText>,
    found: Vec<Diagnostic>,
    /// Whether it was said that this file is no rule file.
    configuration: bool,
}

impl Reader {
    fn spot(&self, span: Range<usize>) -> Spot {
        Spot {
            file: Arc::clone(&self.file),
            span,
        }
    }

    fn table(
        &mut self,
        place: Place,
        table: &DeTable<'_>,
        span: Range<usize>,
        outer: &[Place],
    ) -> Section {
        let mut keys: Vec<_> = table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        let chain: Vec<Place> = outer.iter().copied().chain([place]).collect();
        let mut entries = Vec::new();
        let mut strangers = Vec::new();
        for (key, value) in keys {
            match words::find(place, key.get_ref()) {
                Some(word) => entries.extend(self.entry(word, key.span(), value, &chain)),
                None => {
                    strangers.push(key.get_ref().to_string());
                    match place == Place::File && is_configuration(table, key.get_ref()) {
                        true => self.configuration(key),
                        false => self.unknown(key, place, &span, outer),
                    }
                }
            }
        }
        for word in words::of(place).filter(|word| word.required) {
            if !table.keys().any(|key| key.get_ref() == word.name) {
                self.missing(word, &span);
            }
        }
        let spot = self.spot(span);
        Section {
            place,
            spot,
            entries,
            strangers,
        }
    }

    fn entry(
        &mut self,
        word: &'static Word,
        key: Range<usize>,
        value: &Spanned<DeValue<'_>>,
        chain: &[Place],
    ) -> Option<Entry> {
        let key = self.spot(key);
        let spot = self.spot(value.span());
        let value = self.value(word, &key, value, chain)?;
        Some(Entry {
            word,
            key,
            spot,
            value,
        })
    }

    fn missing(&mut self, word: &Word, span: &Range<usize>) {
        let message = format!("{} needs `{}`", word.place.title(), word.name);
        let help = format!("for example: {} = {}", word.name, word.example);
        self.found
            .push(Diagnostic::mistake(self.spot(span.clone()), message).help(help));
    }

    /// The configuration lies among the rules: said once, at its first table.
    fn configuration(&mut self, key: &Spanned<toml::de::DeString<'_>>) {
        if !std::mem::replace(&mut self.configuration, true) {
            let message = "this is a configuration, not a rule file";
            let help = "every visible *.toml in the rules directory is read as rules; move this \
                        file out of it, or name another directory in `[rules] directory`";
            let mistake = Diagnostic::mistake(self.spot(key.span()), message).help(help);
            self.found.push(mistake);
        }
    }

    fn unknown(
        &mut self,
        key: &Spanned<toml::de::DeString<'_>>,
        place: Place,
        table: &Range<usize>,
        outer: &[Place],
    ) {
        let name = key.get_ref().as_ref();
        let message = format!("unknown {} `{name}` in {}", place.noun(), place.title());
        let mut mistake = Diagnostic::mistake(self.spot(key.span()), message);
        let inline = self
            .file
            .text
            .get(table.clone())
            .is_some_and(|text| text.starts_with('{'));
        let above = outer
            .iter()
            .rev()
            .find(|outer| words::find(**outer, name).is_some());
        let elsewhere = words::all().find(|word| word.name == name);
        mistake = mistake.help(if let Some(above) = above {
            swallowed(name, place, *above, inline)
        } else if let Some(word) = elsewhere {
            format!(
                "`{name}` belongs in {}, not in {}",
                word.place.title(),
                place.title()
            )
        } else if let Some(word) = nearest(name, words::of(place).map(|word| word.name)) {
            format!("did you mean `{word}`?")
        } else if matches!(place, Place::Condition | Place::Action) {
            format!("the manual page lists every {}", place.noun())
        } else {
            let names: Vec<_> = words::of(place)
                .map(|word| format!("`{}`", word.name))
                .collect();
            format!("{} takes {}", place.title(), names.join(", "))
        });
        self.found.push(mistake);
    }
}

/// Whether this key is one of several tables of a configuration. One alone is a slip: `[rules]`.
fn is_configuration(table: &DeTable<'_>, key: &str) -> bool {
    let known = |name: &str| CONFIGURATION.contains(&name);
    known(key) && table.keys().filter(|key| known(key.get_ref())).count() > 1
}

/// A key that stands below the header of a sub-table, and so has fallen into it.
fn swallowed(name: &str, place: Place, above: Place, inline: bool) -> String {
    match inline {
        true => format!(
            "`{name}` is a key of {}; write it outside of these braces",
            above.title()
        ),
        false => format!(
            "everything below the header of a sub-table belongs to it, so TOML reads `{name}` as \
             part of {}; move `{name}` above that header, or write the sub-table on one line, as \
             `when = {{ … }}`",
            place.title()
        ),
    }
}
