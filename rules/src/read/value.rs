//! Values: what a word takes, checked against its kind.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::{Moment, Reader, Section, moment, nearest};
use crate::diagnostic::{Diagnostic, Spot};
use crate::units;
use crate::words::{Kind, Place, Word};

/// A value of its word's kind.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Texts(Vec<Item>),
    Flag(bool),
    Number(u64),
    Moment(Moment),
    Table(Section),
    Tables(Vec<Section>),
    /// Names and texts, as they were written.
    Named(Vec<(Item, Item)>),
}

/// One text of a value.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub text: String,
    /// Whether `text` is the name of a list whose values stand here.
    pub list: bool,
    pub spot: Spot,
}

impl Value {
    pub fn text(&self) -> Option<&Item> {
        self.texts().first()
    }

    pub fn texts(&self) -> &[Item] {
        match self {
            Self::Texts(items) => items,
            _ => &[],
        }
    }
}

type Spanning<'v, 'i> = &'v Spanned<DeValue<'i>>;

impl Reader {
    /// Reads a value by its word's kind; `None` after a mistake was noted.
    pub(super) fn value(
        &mut self,
        word: &'static Word,
        key: &Spot,
        value: Spanning<'_, '_>,
        chain: &[Place],
    ) -> Option<Value> {
        match (word.kind, value.get_ref()) {
            (Kind::Reserved, _) => {
                let message = format!("`{}` cannot be used yet", word.name);
                self.found
                    .push(Diagnostic::mistake(key.clone(), message).help(word.doc));
                None
            }
            (
                Kind::Text
                | Kind::TextOrTable(_)
                | Kind::TrueOrText
                | Kind::Names
                | Kind::Texts
                | Kind::FlagOrNames,
                DeValue::String(text),
            ) => self.one_text(word, text, value),
            (Kind::Names | Kind::FlagOrNames, DeValue::Array(items)) => {
                self.many_texts(word, items, value, false)
            }
            (Kind::Texts, DeValue::Array(items)) => self.many_texts(word, items, value, true),
            (Kind::Texts, DeValue::Table(_)) => self
                .list_name(word, value)
                .map(|item| Value::Texts(vec![item])),
            (Kind::Choice(words) | Kind::Choices(words), DeValue::String(_)) => self
                .choice(word, value, words)
                .map(|item| Value::Texts(vec![item])),
            (Kind::Choices(words), DeValue::Array(items)) => {
                self.not_empty(word, items, value)?;
                let read: Vec<_> = items
                    .iter()
                    .filter_map(|item| self.choice(word, item, words))
                    .collect();
                Some(Value::Texts(read))
            }
            (Kind::Flag | Kind::FlagOrNames, DeValue::Boolean(flag)) => Some(Value::Flag(*flag)),
            (Kind::True | Kind::TrueOrText, DeValue::Boolean(flag)) => {
                self.only_true(word, *flag, value)
            }
            (Kind::Count, DeValue::Integer(number)) => self.count(word, number, value),
            (Kind::Size, DeValue::String(text)) => {
                self.measured(word, units::size(text), value, units::SIZE_UNITS)
            }
            (Kind::Duration, DeValue::String(text)) => {
                self.measured(word, units::duration(text), value, units::DURATION_UNITS)
            }
            (Kind::Moment, DeValue::Datetime(at)) => self.moment(at, value),
            (Kind::Table(place) | Kind::TextOrTable(place), DeValue::Table(table)) => {
                Some(Value::Table(self.table(place, table, value.span(), chain)))
            }
            (Kind::NamedTexts, DeValue::Table(table)) => Some(self.named_texts(word, table)),
            (Kind::OneOrMoreTables(place), DeValue::Table(table)) => {
                let table = self.table(place, table, value.span(), chain);
                Some(Value::Tables(vec![table]))
            }
            (Kind::Tables(place) | Kind::OneOrMoreTables(place), DeValue::Array(items)) => {
                self.many_tables(word, place, items, chain)
            }
            _ => self.wrong_kind(word, value),
        }
    }

    fn one_text(&mut self, word: &Word, text: &str, value: Spanning<'_, '_>) -> Option<Value> {
        self.item(word, text, value)
            .map(|item| Value::Texts(vec![item]))
    }

    fn item(&mut self, word: &Word, text: &str, value: Spanning<'_, '_>) -> Option<Item> {
        let spot = self.spot(value.span());
        if text.trim().is_empty() {
            let message = format!("an empty text in `{}`", word.name);
            let help = "leave the line out if nothing is meant";
            self.found
                .push(Diagnostic::mistake(spot, message).help(help));
            return None;
        }
        Some(Item {
            text: text.to_owned(),
            list: false,
            spot,
        })
    }

    fn many_texts(
        &mut self,
        word: &'static Word,
        items: &DeArray<'_>,
        value: Spanning<'_, '_>,
        lists: bool,
    ) -> Option<Value> {
        if !(items.is_empty() && word.place == Place::Case || word.place == Place::Expect) {
            self.not_empty(word, items, value)?;
        }
        let mut read = Vec::new();
        for item in items.iter() {
            let one = match item.get_ref() {
                DeValue::String(text) => self.item(word, text, item),
                DeValue::Table(_) if lists => self.list_name(word, item),
                _ => {
                    self.wrong_kind(word, item);
                    None
                }
            };
            read.extend(one);
        }
        Some(Value::Texts(read))
    }

    fn named_texts(&mut self, word: &'static Word, table: &DeTable<'_>) -> Value {
        let mut read = Vec::new();
        for (key, value) in table {
            let name = Item {
                text: key.get_ref().to_string(),
                list: false,
                spot: self.spot(key.span()),
            };
            let text = match value.get_ref() {
                DeValue::String(text) => self.item(word, text, value),
                _ => {
                    self.wrong_kind(word, value);
                    None
                }
            };
            read.extend(text.map(|text| (name, text)));
        }
        Value::Named(read)
    }

    /// An empty list of alternatives never holds; whoever writes one means something else.
    fn not_empty(
        &mut self,
        word: &Word,
        items: &DeArray<'_>,
        value: Spanning<'_, '_>,
    ) -> Option<()> {
        if items.is_empty() {
            let message = format!("`{}` has an empty list", word.name);
            let help = "values are alternatives, and of none none can hold; leave the line out, or \
                        put something in";
            self.found
                .push(Diagnostic::mistake(self.spot(value.span()), message).help(help));
            return None;
        }
        Some(())
    }

    /// `{ list = "name" }`.
    fn list_name(&mut self, word: &'static Word, value: Spanning<'_, '_>) -> Option<Item> {
        let table = value.get_ref().as_table()?;
        let name = table
            .iter()
            .find(|(key, _)| key.get_ref() == "list")
            .map(|(_, name)| name);
        match name.map(|name| (name, name.get_ref())) {
            Some((name, DeValue::String(text))) if table.len() == 1 => Some(Item {
                list: true,
                ..self.item(word, text, name)?
            }),
            _ => {
                let message = format!("`{}` does not take this table", word.name);
                let help = "a table here names a list: { list = \"partners\" }";
                self.found
                    .push(Diagnostic::mistake(self.spot(value.span()), message).help(help));
                None
            }
        }
    }

    fn choice(
        &mut self,
        word: &'static Word,
        value: Spanning<'_, '_>,
        words: &'static [&'static str],
    ) -> Option<Item> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_kind(word, value);
            return None;
        };
        let spot = self.spot(value.span());
        if words.contains(&text.as_ref()) {
            return Some(Item {
                text: text.to_string(),
                list: false,
                spot,
            });
        }
        let message = format!("`{}` cannot be `{text}`", word.name);
        let help = match nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it takes {}", word.kind.takes()),
        };
        self.found
            .push(Diagnostic::mistake(spot, message).help(help));
        None
    }

    fn only_true(&mut self, word: &Word, flag: bool, value: Spanning<'_, '_>) -> Option<Value> {
        if !flag {
            let message = format!("`{} = false` does nothing", word.name);
            let help = "leave the line out";
            self.found
                .push(Diagnostic::mistake(self.spot(value.span()), message).help(help));
            return None;
        }
        Some(Value::Flag(true))
    }

    fn count(
        &mut self,
        word: &Word,
        number: &toml::de::DeInteger<'_>,
        value: Spanning<'_, '_>,
    ) -> Option<Value> {
        // As a u32, so that no sum of two can overflow.
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Some(Value::Number(number.into())),
            Err(_) => {
                let message = format!("`{}` cannot be {number}", word.name);
                let help = "it takes a whole number from 0 to 4294967295";
                self.found
                    .push(Diagnostic::mistake(self.spot(value.span()), message).help(help));
                None
            }
        }
    }

    fn measured(
        &mut self,
        word: &Word,
        number: Option<u64>,
        value: Spanning<'_, '_>,
        units: &str,
    ) -> Option<Value> {
        if number.is_none() {
            let message = format!("`{}` needs a whole number and a unit", word.name);
            let help = format!(
                "units are {units}; for example: {} = {}",
                word.name, word.example
            );
            self.found
                .push(Diagnostic::mistake(self.spot(value.span()), message).help(help));
        }
        number.map(Value::Number)
    }

    fn moment(&mut self, at: &toml::value::Datetime, value: Spanning<'_, '_>) -> Option<Value> {
        match moment::moment(at) {
            Ok(at) => Some(Value::Moment(at)),
            Err(reason) => {
                let help = "write a date, which begins at midnight, or 2026-07-01T08:00:00+02:00";
                let spot = self.spot(value.span());
                self.found
                    .push(Diagnostic::mistake(spot, reason).help(help));
                None
            }
        }
    }

    fn many_tables(
        &mut self,
        word: &'static Word,
        place: Place,
        items: &DeArray<'_>,
        chain: &[Place],
    ) -> Option<Value> {
        let mut sections = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    sections.push(self.table(place, table, item.span(), chain));
                }
                _ => {
                    self.wrong_kind(word, item);
                }
            }
        }
        Some(Value::Tables(sections))
    }

    fn wrong_kind(&mut self, word: &Word, value: Spanning<'_, '_>) -> Option<Value> {
        let is = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "`true` or `false`",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("`{}` takes {}", word.name, word.kind.takes());
        let help = match (word.kind, value.get_ref()) {
            (Kind::Tables(_), DeValue::Table(_)) if word.place == Place::File => {
                format!("write two brackets: [[{}]]", word.name)
            }
            _ => format!("for example: {} = {}", word.name, word.example),
        };
        let spot = self.spot(value.span());
        self.found.push(
            Diagnostic::mistake(spot, message)
                .label(format!("this is {is}"))
                .help(help),
        );
        None
    }
}
