//! The few objects of a PDF that say which label it has, found by its cross-references.
//!
//! It never follows more than one reference from an object to the next.

use std::borrow::Cow;

use super::references::{Place, References};
use super::stream::Stream;
use super::syntax::{Cursor, Dictionary, number};
use crate::Reason;
use crate::archive::{Budget, check_ratio};
use crate::limits::MEMBER_BYTES_MAX;

/// ISO 32000-1 §12.7.2, table 219: some field of a form is a signature.
const SIGNATURES_EXIST: usize = 1;

/// An object that is a dictionary, and the text it stands in.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub number: u32,
    pub generation: u16,
    pub text: Cow<'a, [u8]>,
    pub dictionary: Dictionary,
}

impl Object<'_> {
    /// The dictionary as it is written.
    pub fn written(&self) -> &[u8] {
        &self.text[self.dictionary.whole.clone()]
    }

    /// A reference in it.
    pub fn reference(&self, name: &str) -> Result<Option<(u32, u16)>, Reason> {
        self.dictionary.reference(&self.text, name)
    }
}

/// A file whose cross-references are sound.
pub(super) struct Objects<'a, 'b> {
    pub bytes: &'a [u8],
    pub references: &'b References,
    pub budget: &'b mut Budget,
}

impl<'a> Objects<'a, '_> {
    /// A dictionary by its reference; none where nothing stands there.
    ///
    /// # Errors
    /// [`Reason::Damaged`] for anything else than a dictionary.
    pub fn dictionary(&mut self, wanted: (u32, u16)) -> Result<Option<Object<'a>>, Reason> {
        let (text, at) = match self.references.place(wanted.0) {
            Place::At(at, generation) if generation == wanted.1 => {
                let mut cursor = Cursor::new(self.bytes, at);
                cursor.head().ok_or(Reason::Damaged)?;
                (Cow::Borrowed(self.bytes), cursor.at)
            }
            Place::Packed(stream) if wanted.1 == 0 => {
                let (content, at) = self.packed(stream, wanted.0)?;
                (Cow::Owned(content), at)
            }
            _ => return Ok(None),
        };
        let dictionary = Cursor::new(&text, at).dictionary()?;
        Ok(Some(Object {
            number: wanted.0,
            generation: wanted.1,
            text,
            dictionary,
        }))
    }

    /// Whether the form of a catalog says that signatures exist.
    ///
    /// # Errors
    /// [`Reason::Damaged`] for a form, or flags of one, that are not what they should be.
    pub fn has_signatures(&mut self, root: &Object<'_>) -> Result<bool, Reason> {
        let Some(value) = root.dictionary.get("AcroForm")? else {
            return Ok(false);
        };
        let flags = match &root.text[value.clone()] {
            b"null" => None,
            direct if direct.starts_with(b"<<") => {
                let form = Cursor::new(&root.text, value.start).dictionary()?;
                form.number(&root.text, "SigFlags")?
            }
            _ => {
                let wanted = root.reference("AcroForm")?.ok_or(Reason::Damaged)?;
                let form = self.dictionary(wanted)?;
                let flags = form.map(|form| form.dictionary.number(&form.text, "SigFlags"));
                flags.transpose()?.flatten()
            }
        };
        Ok(flags.is_some_and(|flags| flags & SIGNATURES_EXIST != 0))
    }

    /// The content of a stream by its reference, and its dictionary.
    ///
    /// # Errors
    /// As [`Stream::content`]; [`Reason::Damaged`] where there is none.
    pub fn stream(&mut self, wanted: (u32, u16)) -> Result<(Dictionary, Vec<u8>), Reason> {
        let found = self.dictionary(wanted)?.ok_or(Reason::Damaged)?;
        let dictionary = match found.text {
            Cow::Borrowed(_) => found.dictionary,
            // ISO 32000-1 §7.5.7: no stream is packed.
            Cow::Owned(_) => return Err(Reason::Damaged),
        };
        let length = self.length(&dictionary)?;
        let stream = Stream::read(self.bytes, dictionary, length, self.budget)?;
        let content = stream.content(MEMBER_BYTES_MAX as usize, self.budget)?;
        check_ratio(length as u64, content.len() as u64)?;
        Ok((stream.dictionary, content))
    }

    /// The length of a stream, which may stand in an object of its own.
    fn length(&self, dictionary: &Dictionary) -> Result<usize, Reason> {
        let value = dictionary.get("Length")?.ok_or(Reason::Damaged)?;
        if let Some(length) = number(&self.bytes[value]) {
            return Ok(length);
        }
        let wanted = dictionary.reference(self.bytes, "Length")?;
        let wanted = wanted.ok_or(Reason::Damaged)?;
        let Place::At(at, _) = self.references.place(wanted.0) else {
            return Err(Reason::Unsupported);
        };
        let mut cursor = Cursor::new(self.bytes, at);
        cursor.head().ok_or(Reason::Damaged)?;
        cursor.skip_space();
        cursor.number().ok_or(Reason::Damaged)
    }

    /// ISO 32000-1 §7.5.7: the content of a stream of packed objects, and where one begins in it.
    fn packed(&mut self, stream: u32, wanted: u32) -> Result<(Vec<u8>, usize), Reason> {
        let Place::At(_, generation) = self.references.place(stream) else {
            return Err(Reason::Damaged);
        };
        let (dictionary, content) = self.stream((stream, generation))?;
        if !dictionary.is(self.bytes, "Type", b"ObjStm")? {
            return Err(Reason::Damaged);
        }
        let number = |name| dictionary.number(self.bytes, name);
        let first = number("First")?.ok_or(Reason::Damaged)?;
        let count = number("N")?.ok_or(Reason::Damaged)?;
        let mut cursor = Cursor::new(&content, 0);
        let mut found = None;
        for _ in 0..count {
            cursor.skip_space();
            let number = cursor.number().ok_or(Reason::Damaged)?;
            cursor.skip_space();
            let place = cursor.number().ok_or(Reason::Damaged)?;
            if number == wanted as usize {
                // Of two, readers go by the index or by the number.
                match found.replace(place) {
                    Some(_) => return Err(Reason::Inconsistent),
                    None => continue,
                }
            }
        }
        let at = found.and_then(|place| place.checked_add(first));
        Ok((content, at.ok_or(Reason::Damaged)?))
    }
}
