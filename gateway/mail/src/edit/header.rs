//! The top header while it is edited: which fields stay, which are new, in what order.
//!
//! It never decodes a field that stays: its bytes are copied with folding and line break.

use super::{EditError, is_writable_field};
use crate::message::{Message, words};

enum Item {
    /// A field of the message, by its number.
    Kept(usize),
    /// A field of ours, whole with its line break.
    New { name: String, bytes: Vec<u8> },
}

/// The plan for the top header.
pub(crate) struct HeaderPlan<'a> {
    message: &'a Message<'a>,
    items: Vec<Item>,
    changed: bool,
}

impl<'a> HeaderPlan<'a> {
    /// Every field stays.
    pub fn new(message: &'a Message<'a>) -> Self {
        let items = (0..message.fields().len()).map(Item::Kept).collect();
        Self {
            message,
            items,
            changed: false,
        }
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
        self.changed = true;
        self.put(
            name,
            Item::New {
                name: name.to_owned(),
                bytes,
            },
        );
    }

    /// Whether a field of this name stands in the plan.
    pub fn has(&self, name: &str) -> bool {
        self.items.iter().any(|item| self.is_named(item, name))
    }

    fn check(&mut self, name: &str) -> Result<(), EditError> {
        if !is_writable_field(name) {
            return Err(EditError::FieldName(name.to_owned()));
        }
        if self.message.has_unlisted_fields() {
            return Err(EditError::TooManyFields);
        }
        self.changed = true;
        Ok(())
    }

    fn new_item(&self, name: &str, value: &str) -> Item {
        let bytes = words::encode_field(name, value, self.message.line_break());
        Item::New {
            name: name.to_owned(),
            bytes,
        }
    }

    fn put(&mut self, name: &str, item: Item) {
        let first = self
            .items
            .iter()
            .position(|present| self.is_named(present, name));
        let Some(first) = first else {
            return self.items.push(item);
        };
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

    /// Writes the header and the empty line after it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let raw = self.message.raw();
        let top = self.message.top();
        if !self.changed {
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
        // Where no empty line ended the header, one must now: nothing of the body may join it.
        match &raw[top.range.end..top.body] {
            [] => out.extend_from_slice(self.message.line_break()),
            empty_line => out.extend_from_slice(empty_line),
        }
    }
}
