//! Walks the TOML tree key by key, noting every mistake with its place and going on.
//! It knows no key by itself: whoever asks for a key makes it known.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Mistake;
use super::value::{duration, size};
use super::{Limit, LimitKind};
use rules::units;

/// Why a value was refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    message: String,
    help: Option<String>,
}

impl Refusal {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn at(self, span: Range<usize>) -> Mistake {
        Mistake {
            span,
            message: self.message,
            help: self.help,
        }
    }
}

/// The file as it is read: what is left of it, and what was wrong so far.
pub(super) struct Reader<'i> {
    root: DeTable<'i>,
    asked: Vec<&'static str>,
    end: usize,
    mistakes: Vec<Mistake>,
}

/// One table of the file.
pub(super) struct Section<'r, 'i> {
    reader: &'r mut Reader<'i>,
    title: String,
    table: Option<DeTable<'i>>,
    span: Range<usize>,
    key_spans: Vec<(&'static str, Range<usize>)>,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'i> Reader<'i> {
    pub(super) fn new(text: &'i str) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mistakes = errors
            .into_iter()
            .map(|error| Refusal::new(error.message()).at(error.span().unwrap_or(0..0)))
            .collect();
        Self {
            root: root.into_inner(),
            asked: Vec::new(),
            end: text.len(),
            mistakes,
        }
    }

    /// The table called `name`; an absent one reads as empty.
    pub(super) fn section(&mut self, name: &'static str) -> Section<'_, 'i> {
        self.asked.push(name);
        let title = format!("[{name}]");
        match self.take(name) {
            Some((_, value)) if matches!(value.get_ref(), DeValue::Table(_)) => {
                self.open(title, Some(value))
            }
            Some((_, value)) => {
                let message = format!("`{name}` must be a table");
                self.mistakes.push(
                    Refusal::new(message)
                        .help(format!("begin it with {title}"))
                        .at(value.span()),
                );
                // What is inside is not asked for, so nothing is reported missing twice.
                self.open(title, None)
            }
            None => self.open(title, None),
        }
    }

    /// The tables of the array called `name`, in their order.
    pub(super) fn tables(&mut self, name: &'static str) -> Vec<Spanned<DeValue<'i>>> {
        self.asked.push(name);
        match self
            .take(name)
            .map(|(_, value)| (value.span(), value.into_inner()))
        {
            Some((_, DeValue::Array(items))) => items.into_iter().collect(),
            Some((span, _)) => {
                let refusal = Refusal::new(format!("`{name}` must be an array of tables"));
                self.mistakes
                    .push(refusal.help(format!("begin each with [[{name}]]")).at(span));
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Opens one table of an array.
    pub(super) fn open(
        &mut self,
        title: String,
        value: Option<Spanned<DeValue<'i>>>,
    ) -> Section<'_, 'i> {
        let span = value.as_ref().map_or(self.end..self.end, Spanned::span);
        let table = match value.map(Spanned::into_inner) {
            Some(DeValue::Table(table)) => Some(table),
            _ => None,
        };
        Section {
            reader: self,
            title,
            table,
            span,
            key_spans: Vec::new(),
            asked: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Notes a mistake that concerns the file as a whole.
    pub(super) fn refuse_file(&mut self, message: &str, help: &str) {
        let end = self.end..self.end;
        self.mistakes.push(Refusal::new(message).help(help).at(end));
    }

    /// Whether everything so far was in order.
    pub(super) fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Everything that was wrong, in the order of the file; what nobody asked for is unknown.
    pub(super) fn into_mistakes(mut self) -> Vec<Mistake> {
        for (key, _) in self.root {
            self.mistakes.push(unknown(&key, "the file", &self.asked));
        }
        self.mistakes.sort_by_key(|mistake| mistake.span.start);
        self.mistakes
    }

    fn take(&mut self, name: &str) -> Option<(Range<usize>, Spanned<DeValue<'i>>)> {
        take(&mut self.root, name)
    }
}

fn take<'i>(table: &mut DeTable<'i>, name: &str) -> Option<(Range<usize>, Spanned<DeValue<'i>>)> {
    let key = table.keys().find(|key| key.get_ref() == name)?.clone();
    table.remove(&key).map(|value| (key.span(), value))
}

fn unknown(key: &Spanned<std::borrow::Cow<'_, str>>, place: &str, known: &[&str]) -> Mistake {
    let name = key.get_ref();
    let refusal = Refusal::new(format!("unknown key `{name}` in {place}"));
    let nearest = known.iter().min_by_key(|word| distance(word, name));
    match nearest.filter(|word| distance(word, name) <= 2) {
        Some(word) => refusal.help(format!("did you mean `{word}`?")),
        None => refusal.help(format!("known here: {}", known.join(", "))),
    }
    .at(key.span())
}

/// Levenshtein's distance, for "did you mean".
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

impl<'i> Section<'_, 'i> {
    /// Whether the file has this table.
    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// A key that must be there, read by `read`.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        let value = self.take(key);
        if value.is_none() {
            self.missing.push(key);
        }
        value.and_then(|value| self.read_text(key, value, &read))
    }

    /// A key that may be absent.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        self.take(key)
            .and_then(|value| self.read_text(key, value, &read))
    }

    /// A list of at least one; every bad entry is reported.
    pub(super) fn required_list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<Vec<T>> {
        let Some(value) = self.take(key) else {
            self.missing.push(key);
            return None;
        };
        let span = value.span();
        let list = self.read_list(key, value, &read)?;
        if list.is_empty() {
            self.note(Refusal::new(format!("`{key}` needs at least one entry")).at(span));
            return None;
        }
        Some(list)
    }

    /// A list that may be absent or empty.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<Vec<T>> {
        match self.take(key) {
            Some(value) => self.read_list(key, value, &read),
            None => Some(Vec::new()),
        }
    }

    /// One of a few words; the first is what an absent key means.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        match self.take(key) {
            Some(value) => self.read_text(key, value, &|text| one_of(text, words)),
            None => words.first().map(|(_, meaning)| *meaning),
        }
    }

    /// One of a few words, and it must be said which.
    pub(super) fn required_choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        self.required(key, |text| one_of(text, words))
    }

    /// A limit within its bounds; absent means its default.
    pub(super) fn limit(&mut self, limit: &'static Limit) -> u64 {
        let Some(value) = self.take(limit.name) else {
            return limit.default;
        };
        match read_limit(value.get_ref(), limit) {
            Ok(number) => number,
            Err(refusal) => {
                self.note(refusal.at(value.span()));
                limit.default
            }
        }
    }

    /// Notes a mistake about a key that was read, or the table when the key is absent.
    pub(super) fn refuse(&mut self, key: &str, message: impl Into<String>, help: &str) {
        let known = self.key_spans.iter().find(|(name, _)| *name == key);
        let span = known.map_or(self.span.clone(), |(_, span)| span.clone());
        self.note(Refusal::new(message).help(help).at(span));
    }

    /// Reports what is missing and what nobody asked for.
    pub(super) fn finish(mut self) {
        if !self.missing.is_empty() {
            let keys = self.missing.join("`, `");
            let refusal = match self.table {
                Some(_) => Refusal::new(format!("{} lacks `{keys}`", self.title)),
                None => Refusal::new(format!("{} is missing", self.title))
                    .help(format!("it needs `{keys}`")),
            };
            let span = self.span.clone();
            self.note(refusal.at(span));
        }
        for (key, _) in self.table.take().into_iter().flatten() {
            let mistake = unknown(&key, &self.title, &self.asked);
            self.note(mistake);
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'i>>> {
        self.asked.push(key);
        let (_, value) = take(self.table.as_mut()?, key)?;
        self.key_spans.push((key, value.span()));
        Some(value)
    }

    fn note(&mut self, mistake: Mistake) {
        self.reader.mistakes.push(mistake);
    }

    fn read_text<T>(
        &mut self,
        key: &str,
        value: Spanned<DeValue<'i>>,
        read: &impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        let span = value.span();
        let result = match value.get_ref() {
            DeValue::String(text) => read(text),
            other => Err(
                Refusal::new(format!("`{key}` must be text, not {}", kind(other)))
                    .help("write it in double quotes"),
            ),
        };
        result.map_err(|refusal| self.note(refusal.at(span))).ok()
    }

    fn read_list<T>(
        &mut self,
        key: &str,
        value: Spanned<DeValue<'i>>,
        read: &impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<Vec<T>> {
        let span = value.span();
        let DeValue::Array(items) = value.into_inner() else {
            let refusal = Refusal::new(format!("`{key}` must be a list"));
            self.note(
                refusal
                    .help("write it in brackets, as in [\"one\", \"two\"]")
                    .at(span),
            );
            return None;
        };
        // Every entry is read before any missing one ends the list: all mistakes at once.
        let read: Vec<Option<T>> = items
            .into_iter()
            .map(|item| self.read_text(key, item, read))
            .collect();
        read.into_iter().collect()
    }
}

pub(super) fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, Refusal> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<String> = words
            .iter()
            .map(|(word, _)| format!("\"{word}\""))
            .collect();
        Refusal::new(format!("`{text}` is not known here"))
            .help(format!("one of {}", known.join(", ")))
    })
}

fn read_limit(value: &DeValue<'_>, limit: &Limit) -> Result<u64, Refusal> {
    let number = match (limit.kind, value) {
        (LimitKind::Size, DeValue::String(text)) => size(text)?,
        (LimitKind::Duration, DeValue::String(text)) => duration(text)?.as_secs(),
        (LimitKind::Count, DeValue::Integer(digits)) => {
            u64::from_str_radix(digits.as_str(), digits.radix())
                .map_err(|_| Refusal::new(format!("`{digits}` is not a count")))?
        }
        (kind, _) => {
            let wanted = match kind {
                LimitKind::Size => "a size such as \"25MiB\"",
                LimitKind::Duration => "a duration such as \"15m\"",
                LimitKind::Count => "a whole number",
            };
            return Err(Refusal::new(format!("`{}` must be {wanted}", limit.name)));
        }
    };
    if number < limit.least || number > limit.most {
        return Err(
            Refusal::new(format!("`{}` is out of bounds", limit.name)).help(format!(
                "from {} to {}",
                limit.show(limit.least),
                limit.show(limit.most)
            )),
        );
    }
    Ok(number)
}

impl Limit {
    /// A value of this limit as the file would say it.
    pub fn show(&self, number: u64) -> String {
        match self.kind {
            LimitKind::Size => units::written_size(number),
            LimitKind::Duration => units::written_duration(number),
            LimitKind::Count => number.to_string(),
        }
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
