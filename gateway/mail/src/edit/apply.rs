//! Edits applied in order to one message.
//!
//! It never applies half a list: an error leaves no message.

use super::draft::Draft;
use super::insert::{NewText, Writer};
use super::targets::Refusal;
use super::{Edit, EditError, Edited, Fallback, OnDkim, SkipReason, Skipped, shape};
use crate::message::{Message, PartPath};

/// Applies the edits in order. No edits give the same bytes.
pub fn apply(message: &Message<'_>, edits: &[Edit]) -> Result<Edited, EditError> {
    apply_with(message, edits, OnDkim::Break)
}

/// Applies the edits in order, and says what a DKIM signature means for text.
pub fn apply_with(
    message: &Message<'_>,
    edits: &[Edit],
    on_dkim: OnDkim,
) -> Result<Edited, EditError> {
    let (draft, skipped) = draft(message, edits, on_dkim)?;
    let broken_signatures = match draft.changes_body() {
        true => signing_domains(message),
        false => Vec::new(),
    };
    Ok(Edited {
        bytes: draft.write()?,
        skipped,
        broken_signatures,
    })
}

/// The draft that the edits make.
pub(crate) fn draft<'m>(
    message: &'m Message<'m>,
    edits: &[Edit],
    on_dkim: OnDkim,
) -> Result<(Draft<'m>, Vec<Skipped>), EditError> {
    let mut work = Work {
        draft: Draft::new(message),
        writer: Writer::default(),
        wrapped: Vec::new(),
        first: Vec::new(),
        additions: Vec::new(),
        skipped: Vec::new(),
        on_dkim,
    };
    for edit in edits {
        work.edit(edit)?;
    }
    work.finish()
}

struct Work<'m, 'e> {
    draft: Draft<'m>,
    writer: Writer<'m>,
    wrapped: Vec<NewText<'e>>,
    first: Vec<NewText<'e>>,
    additions: Vec<&'e super::NewPart>,
    skipped: Vec<Skipped>,
    on_dkim: OnDkim,
}

impl<'m, 'e> Work<'m, 'e> {
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
            } => self.insert(
                NewText {
                    place: *place,
                    plain,
                    html,
                    marker,
                },
                *fallback,
            ),
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

    fn insert(&mut self, new: NewText<'e>, fallback: Fallback) -> Result<(), EditError> {
        let message = self.draft.message;
        let signed = self.on_dkim == OnDkim::Shield && message.field("dkim-signature").is_some();
        let refusal: Refusal = match signed {
            true => (PartPath::root(), SkipReason::DkimSigned),
            false => match self.writer.insert(message, new, &mut self.skipped) {
                Ok(()) => return Ok(()),
                Err(refusal) => refusal,
            },
        };
        let (path, reason) = refusal;
        let has_place =
            reason == SkipReason::NoBody && message.children(message.root()).next().is_some();
        match fallback {
            _ if has_place && message.root().media_type == "multipart/mixed" => {
                self.first.push(new)
            }
            Fallback::Reject => return Err(EditError::Refused(reason)),
            Fallback::Wrap => self.wrapped.push(new),
            Fallback::Leave => self.skipped.push(Skipped { path, reason }),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(Draft<'m>, Vec<Skipped>), EditError> {
        let mut root_fields = Vec::new();
        let rewritten = self.draft.replaced.iter().chain(&self.draft.removed);
        if rewritten
            .into_iter()
            .any(|path| self.writer.is_writing(path))
        {
            return Err(EditError::Conflict);
        }
        self.writer.finish(&mut self.draft, &mut root_fields);
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
        if !self.wrapped.is_empty() {
            if self.draft.message.has_unlisted_fields() {
                return Err(EditError::TooManyFields);
            }
            shape::wrap(&mut self.draft, &self.wrapped)?;
        }
        Ok((self.draft, self.skipped))
    }
}

/// RFC 6376 §3.5: the domains that signed this message.
fn signing_domains(message: &Message<'_>) -> Vec<String> {
    let mut domains = Vec::new();
    for field in message.fields_named("dkim-signature") {
        let text = message.field_text(field);
        let tags = text.split(';').filter_map(|tag| tag.split_once('='));
        let domain = tags
            .filter(|(name, _)| name.trim() == "d")
            .map(|(_, value)| value.trim());
        for domain in domain.map(str::to_ascii_lowercase) {
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
    }
    domains
}
