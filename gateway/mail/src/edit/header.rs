//! The top header while it is edited: which fields stay, which are new, in what order.
//!
//! It never decodes a field that stays: its bytes are copied with folding and line break.

use super::{EditError, MilterOperation, is_writable_field};
use crate::message::{Field, Message, words};

enum Item {
    /// A field of the message, by its number.
    Kept(usize),
    /// A field of ours, whole with its line break; in the place of the field of that number, or
    /// at the end.
    New {
        name: String,
        bytes: Vec<u8>,
        instead_of: Option<usize>,
    },
}

/// The plan for the top header.
pub(crate) struct HeaderPlan<'a> {
    message: &'a Message<'a>,
    items: Vec<Item>,
}

impl<'a> HeaderPlan<'a> {
    /// Every field stays.
    pub fn new(message: &'a Message<'a>) -> Self {
        let items = (0..message.fields().len()).map(Item::Kept).collect();
        Self { message, items }
    }

    /// Adds a field at the end.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), EditError> {
        self.check(name)?;
        self.items.push(self.new_item(name, value));
        Ok(())
    }

    /// One field in the first's place, or at the end.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), EditError> {
        self.check(name)?;
        // A milter cannot say "empty, but there", so that an empty value means none.
        if value.chars().all(|c| c.is_whitespace() || c.is_control()) {
            self.drop_named(name);
            return Ok(());
        }
        let item = self.new_item(name, value);
        self.put(name, item);
        Ok(())
    }

    /// Removes all fields of the name.
    pub fn remove(&mut self, name: &str) -> Result<(), EditError> {
        self.check(name)?;
        self.drop_named(name);
        Ok(())
    }

    /// Sets a field to bytes that are whole already, such as a rewritten Content-Type.
    pub fn set_raw(&mut self, name: &str, bytes: Vec<u8>) {
        self.put(
            name,
            Item::New {
                name: name.to_owned(),
                bytes,
                instead_of: None,
            },
        );
    }

    /// Removes the fields of the message that the question names.
    pub fn drop_fields(&mut self, gone: impl Fn(&Message<'_>, &Field) -> bool) {
        let message = self.message;
        self.items.retain(|item| match item {
            Item::Kept(number) => !gone(message, &message.fields()[*number]),
            Item::New { .. } => true,
        });
    }

    /// Whether the header will not be as it came: something is new, or something is gone.
    fn is_changed(&self) -> bool {
        let is_kept = |item: &Item| matches!(item, Item::Kept(_));
        self.items.len() != self.message.fields().len() || !self.items.iter().all(is_kept)
    }

    /// Whether a field of this name stands in the plan.
    pub fn has(&self, name: &str) -> bool {
        self.items.iter().any(|item| self.is_named(item, name))
    }

    /// The names of the fields that are not as they came: set, added or removed.
    pub fn changed_names(&self) -> Vec<&str> {
        let mut stays = vec![false; self.message.fields().len()];
        let mut names: Vec<&str> = Vec::new();
        for item in &self.items {
            match item {
                Item::Kept(number) => stays[*number] = true,
                Item::New { name, .. } => names.push(name),
            }
        }
        let gone = (0..stays.len()).filter(|number| !stays[*number]);
        names.extend(gone.map(|number| self.message.field_name(&self.message.fields()[number])));
        names
    }

    fn check(&self, name: &str) -> Result<(), EditError> {
        if !is_writable_field(name) {
            return Err(EditError::FieldName(name.to_owned()));
        }
        if self.message.has_unlisted_fields() {
            return Err(EditError::TooManyFields);
        }
        Ok(())
    }

    fn new_item(&self, name: &str, value: &str) -> Item {
        let bytes = words::encode_field(name, value, self.message.line_break());
        Item::New {
            name: name.to_owned(),
            bytes,
            instead_of: None,
        }
    }

    fn put(&mut self, name: &str, mut item: Item) {
        let named = |present: &Item| self.is_named(present, name);
        let Some(first) = self.items.iter().position(named) else {
            return self.items.push(item);
        };
        let place = match self.items[first] {
            Item::Kept(number) => Some(number),
            Item::New { instead_of, .. } => instead_of,
        };
        if let Item::New { instead_of, .. } = &mut item {
            *instead_of = place;
        }
        self.drop_named(name);
        self.items.insert(first, item);
    }

    fn drop_named(&mut self, name: &str) {
        let mut items = std::mem::take(&mut self.items);
        items.retain(|item| !self.is_named(item, name));
        self.items = items;
    }

    fn is_named(&self, item: &Item, name: &str) -> bool {
        match item {
            Item::Kept(number) => self.message.is_named(&self.message.fields()[*number], name),
            Item::New { name: own, .. } => own.eq_ignore_ascii_case(name),
        }
    }

    /// What a milter would be told: fields changed and removed by name and occurrence, then
    /// fields added.
    pub fn operations(&self, out: &mut Vec<MilterOperation>) {
        let message = self.message;
        let fields = message.fields();
        let mut stays = vec![false; fields.len()];
        let mut added = Vec::new();
        for item in &self.items {
            match item {
                Item::Kept(number) => stays[*number] = true,
                Item::New {
                    name,
                    bytes,
                    instead_of: None,
                } => {
                    added.push(MilterOperation::AddHeader {
                        name: name.clone(),
                        value: value(bytes),
                    });
                }
                Item::New {
                    name,
                    bytes,
                    instead_of: Some(number),
                } => {
                    stays[*number] = true;
                    out.push(MilterOperation::ChangeHeader {
                        name: name.clone(),
                        occurrence: self.occurrence(*number),
                        value: value(bytes),
                    });
                }
            }
        }
        // From the last to the first, so that no removal moves another's occurrence.
        for number in (0..fields.len()).rev().filter(|number| !stays[*number]) {
            out.push(MilterOperation::ChangeHeader {
                name: message.field_name(&fields[number]).to_owned(),
                occurrence: self.occurrence(number),
                value: Vec::new(),
            });
        }
        out.extend(added);
    }

    /// Which of the fields of its name a field is, counted from 1.
    fn occurrence(&self, number: usize) -> usize {
        let name = self.message.field_name(&self.message.fields()[number]);
        let before = &self.message.fields()[..=number];
        before
            .iter()
            .filter(|field| self.message.is_named(field, name))
            .count()
    }

    /// Writes the header and the empty line after it, if there is one or a new body needs it.
    pub fn write(&self, out: &mut Vec<u8>, new_body: bool) {
        let raw = self.message.raw();
        let top = self.message.top();
        let lacks_empty_line = top.range.end == top.body;
        let stays = !self.is_changed() && (!new_body || !lacks_empty_line);
        if stays {
            out.extend_from_slice(&raw[..top.body]);
            return;
        }
        let first = top
            .fields
            .first()
            .map_or(top.range.end, |field| field.range.start);
        out.extend_from_slice(&raw[..first]);
        for item in &self.items {
            match item {
                Item::Kept(number) => {
                    out.extend_from_slice(self.message.field_raw(&top.fields[*number]));
                    if !out.ends_with(b"\n") {
                        out.extend_from_slice(self.message.line_break());
                    }
                }
                Item::New { bytes, .. } => out.extend_from_slice(bytes),
            }
        }
        // Where a line that is no field ended the header, some read on behind it: to end it there
        // for all would make their fields text. A new body must not join the header in any case.
        let ended_by_text = lacks_empty_line && top.body < raw.len();
        match &raw[top.range.end..top.body] {
            [] if ended_by_text && !new_body => {}
            [] => out.extend_from_slice(self.message.line_break()),
            empty_line => out.extend_from_slice(empty_line),
        }
    }
}

/// A field's value as a milter sends it: without name, colon, first blank and last line break,
/// folded with `LF` alone.
fn value(field: &[u8]) -> Vec<u8> {
    let colon = memchr::memchr(b':', field).map_or(0, |at| at + 1);
    let value = field[colon..].strip_prefix(b" ").unwrap_or(&field[colon..]);
    let mut value: Vec<u8> = value
        .iter()
        .copied()
        .filter(|byte| *byte != b'\r')
        .collect();
    if value.ends_with(b"\n") {
        value.pop();
    }
    value
}
