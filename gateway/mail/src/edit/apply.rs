//! Edits applied in order to one message.
//!
//! It never applies half a list: an error leaves no message.

use super::draft::{Draft, Shape};
use super::insert::{NewText, Writer};
use super::targets::Refusal;
use super::{
    Edit, EditError, Edited, Fallback, OnDkim, Place, SkipReason, Skipped, dkim, refill, shape,
};
use crate::marking::original_attached;
use crate::message::{Message, PartPath};

/// Applies the edits in order. No edits give the same bytes.
pub fn apply(message: &Message<'_>, edits: &[Edit]) -> Result<Edited, EditError> {
    let made = draft(message, edits)?;
    let is_wrapped = made.draft.shape == Shape::Wrapped;
    Ok(Edited {
        bytes: made.draft.write()?,
        skipped: made.skipped,
        kept_contents: made.kept_contents,
        broken_signatures: made.broken_signatures,
        is_wrapped,
    })
}

/// Why this edit would be refused: a text whose fallback is [`Fallback::Reject`], on a letter that
/// it cannot be set into.
pub fn refusal(message: &Message<'_>, edit: &Edit) -> Option<SkipReason> {
    let Edit::InsertText { fallback, .. } = edit else {
        return None;
    };
    if *fallback != Fallback::Reject {
        return None;
    }
    match draft(message, std::slice::from_ref(edit)) {
        Err(EditError::Refused(reason)) => Some(reason),
        _ => None,
    }
}

/// Whether this edit, a text, is set in every body that shows it, or stands there already.
pub fn is_shown_by(message: &Message<'_>, edit: &Edit) -> bool {
    let missing = |skipped: &Skipped| skipped.reason != SkipReason::AlreadyMarked;
    match draft(message, std::slice::from_ref(edit)) {
        Ok(made) => !made.skipped.iter().any(missing),
        Err(_) => false,
    }
}

/// What the edits make of a message, before it is written.
pub(crate) struct Made<'m> {
    pub draft: Draft<'m>,
    pub skipped: Vec<Skipped>,
    pub kept_contents: Vec<Skipped>,
    pub broken_signatures: Vec<String>,
}

/// The draft that the edits make.
pub(crate) fn draft<'m>(
    message: &'m Message<'m>,
    edits: &'m [Edit],
) -> Result<Made<'m>, EditError> {
    let mut work = Work {
        draft: Draft::new(message),
        writer: Writer::default(),
        texts: Vec::new(),
        wraps: false,
        language: None,
        first: Vec::new(),
        additions: Vec::new(),
        contents: Vec::new(),
        kept_contents: Vec::new(),
        skipped: Vec::new(),
    };
    for edit in edits {
        work.edit(edit)?;
    }
    work.finish()
}

struct Work<'m, 'e> {
    draft: Draft<'m>,
    writer: Writer<'m>,
    /// Every text that the letter does not show yet.
    texts: Vec<NewText<'e>>,
    /// Whether one of them could only be shown around the letter.
    wraps: bool,
    /// In which language a wrapper speaks.
    language: Option<&'e str>,
    first: Vec<NewText<'e>>,
    additions: Vec<&'e super::NewPart>,
    contents: Vec<(&'e PartPath, &'e [u8])>,
    kept_contents: Vec<Skipped>,
    skipped: Vec<Skipped>,
}

impl<'m, 'e: 'm> Work<'m, 'e> {
    fn edit(&mut self, edit: &'e Edit) -> Result<(), EditError> {
        match edit {
            Edit::AddHeader { name, value } => self.draft.header.add(name, value),
            Edit::SetHeader { name, value } => self.draft.header.set(name, value),
            Edit::RemoveHeader { name } => self.draft.header.remove(name),
            Edit::InsertText {
                place,
                plain,
                html,
                marker,
                fallback,
                on_dkim,
            } => {
                let new = NewText {
                    place: *place,
                    plain,
                    html,
                    marker,
                };
                self.insert(new, *fallback, *on_dkim)
            }
            Edit::SpeakOfOriginal { language } => {
                self.language = Some(language);
                Ok(())
            }
            Edit::RemoveText { patterns } => {
                // Where nothing may be written, nothing of ours can be taken out either.
                if let Err((path, reason)) = self.writer.remove(self.draft.message, patterns) {
                    self.skipped.push(Skipped { path, reason });
                }
                Ok(())
            }
            Edit::ReplacePart { path, content } => {
                self.writer.forget(path);
                let done = shape::replace(&mut self.draft, path, content)?;
                self.note(path, done);
                Ok(())
            }
            Edit::ReplaceContent { path, content } => {
                self.contents.push((path, content));
                Ok(())
            }
            Edit::RemovePart { path } => {
                self.writer.forget(path);
                let done = shape::remove(&mut self.draft, path)?;
                self.note(path, done);
                Ok(())
            }
            Edit::AddPart { content } => {
                self.additions.push(content);
                Ok(())
            }
        }
    }

    fn note(&mut self, path: &PartPath, done: Result<(), SkipReason>) {
        if let Err(reason) = done {
            self.skipped.push(Skipped {
                path: path.clone(),
                reason,
            });
        }
    }

    fn insert(
        &mut self,
        new: NewText<'e>,
        fallback: Fallback,
        on_dkim: OnDkim,
    ) -> Result<(), EditError> {
        let message = self.draft.message;
        let signed = on_dkim == OnDkim::Shield && dkim::is_signed(message);
        let refusal: Refusal = match signed {
            true => (PartPath::root(), SkipReason::DkimSigned),
            false => {
                let before = self.skipped.len();
                match self.writer.insert(message, new, &mut self.skipped) {
                    Ok(()) if self.skipped.len() > before => return Ok(()),
                    Ok(()) => {
                        self.texts.push(new);
                        return Ok(());
                    }
                    Err(refusal) => refusal,
                }
            }
        };
        let (path, reason) = refusal;
        let has_place = reason == SkipReason::NoBody
            && message.root().media_type == "multipart/mixed"
            && message.children(message.root()).next().is_some();
        self.texts.push(new);
        match fallback {
            _ if has_place => self.first.push(new),
            Fallback::Reject => return Err(EditError::Refused(reason)),
            Fallback::Wrap => self.wraps = true,
            Fallback::Leave => self.skipped.push(Skipped { path, reason }),
        }
        Ok(())
    }

    /// The body inside stays as it came, and every text stands around it.
    fn wrap(mut self) -> Result<Made<'m>, EditError> {
        if self.draft.changes_body() || !self.additions.is_empty() {
            return Err(EditError::Conflict);
        }
        if self.draft.message.has_unlisted_fields() {
            return Err(EditError::TooManyFields);
        }
        // Said of the message inside, before the header becomes the wrapper's.
        let broken_signatures = dkim::broken(self.draft.message, false, &self.draft.header);
        let is_last = |(at, text): &(usize, &NewText<'e>)| {
            let mut later = self.texts[at + 1..].iter();
            !later.any(|later| later.marker == text.marker)
        };
        let texts = self.texts.iter().enumerate().filter(is_last);
        let mut texts: Vec<NewText<'e>> = texts.map(|(_, text)| *text).collect();
        let sentence = original_attached(self.language);
        texts.push(NewText {
            place: Place::Bottom,
            plain: sentence,
            html: sentence,
            marker: "original",
        });
        shape::wrap(&mut self.draft, &texts)?;
        let stays = |skipped: &Skipped| skipped.reason == SkipReason::AlreadyMarked;
        self.skipped.retain(stays);
        let reason = SkipReason::Wrapped;
        let kept = self.contents.iter().map(|(path, _)| Skipped {
            path: (*path).clone(),
            reason,
        });
        let kept_contents = kept.collect();
        Ok(Made {
            draft: self.draft,
            skipped: self.skipped,
            kept_contents,
            broken_signatures,
        })
    }

    fn finish(mut self) -> Result<Made<'m>, EditError> {
        if self.wraps {
            return self.wrap();
        }
        let mut root_fields = Vec::new();
        let rewritten = self.draft.replaced.iter().chain(&self.draft.removed);
        if rewritten
            .into_iter()
            .any(|path| self.writer.is_writing(path))
        {
            return Err(EditError::Conflict);
        }
        self.refill()?;
        self.writer.finish(&mut self.draft, &mut root_fields);
        // Beside a root in whose place something else stands there is no room.
        let adds = !self.first.is_empty() || !self.additions.is_empty();
        if adds && self.draft.replaced.contains(&PartPath::root()) {
            return Err(EditError::Conflict);
        }
        if !self.first.is_empty()
            && let Err(reason) = shape::put_first(&mut self.draft, &self.first)
        {
            self.skipped.push(Skipped {
                path: PartPath::root(),
                reason,
            });
        }
        for content in self.additions {
            if let Err(reason) = shape::add(&mut self.draft, content, &mut root_fields)? {
                self.skipped.push(Skipped {
                    path: PartPath::root(),
                    reason,
                });
            }
        }
        if !root_fields.is_empty() {
            if self.draft.message.has_unlisted_fields() {
                return Err(EditError::TooManyFields);
            }
            for (name, bytes) in root_fields {
                self.draft.header.set_raw(name, bytes);
            }
            if !self.draft.header.has("MIME-Version") {
                let line_break = self.draft.message.line_break();
                let line = [b"MIME-Version: 1.0", line_break].concat();
                self.draft.header.set_raw("MIME-Version", line);
            }
        }
        let body_changes = self.draft.changes_body();
        let broken_signatures = dkim::broken(self.draft.message, body_changes, &self.draft.header);
        Ok(Made {
            draft: self.draft,
            skipped: self.skipped,
            kept_contents: self.kept_contents,
            broken_signatures,
        })
    }

    fn refill(&mut self) -> Result<(), EditError> {
        for (path, content) in &self.contents {
            // A text that bears a name is letter and attachment at once.
            if self.writer.is_writing(path) {
                self.kept_contents.push(Skipped {
                    path: (*path).clone(),
                    reason: SkipReason::Unwritable,
                });
                continue;
            }
            if let Err(reason) = refill::refill(&mut self.draft, path, content)? {
                self.kept_contents.push(Skipped {
                    path: (*path).clone(),
                    reason,
                });
            }
        }
        Ok(())
    }
}
