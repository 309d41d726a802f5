//! Text shown in the letter's bodies.
//!
//! It never writes into a signed or encrypted part, nor into an attachment.

use std::ops::Range;

use super::header::HeaderPlan;
use super::{EditError, Fallback, Place, SkipReason, Skipped};
use crate::message::transfer::encode_quoted_printable;
use crate::message::{Message, Part, Shield};

/// The text of one edit.
pub(crate) struct NewText<'a> {
    pub place: Place,
    pub plain: &'a str,
    pub html: &'a str,
    pub marker: &'a str,
}

/// The bodies that change: for each the part's number and its new text.
#[derive(Default)]
pub(crate) struct BodyPlan {
    texts: Vec<(usize, String)>,
}

impl BodyPlan {
    /// Adds one text to the plan, or says why not.
    pub fn insert(
        &mut self,
        message: &Message<'_>,
        new: NewText<'_>,
        fallback: Fallback,
        skipped: &mut Vec<Skipped>,
    ) -> Result<(), EditError> {
        let bodies = message.bodies();
        let first = bodies.first().copied().unwrap_or(message.root());
        let reason = match first.shield {
            Shield::Signed => Some(SkipReason::Signed),
            Shield::Encrypted => Some(SkipReason::Encrypted),
            Shield::None if bodies.is_empty() => Some(SkipReason::NoBody),
            Shield::None => None,
        };
        match reason {
            Some(reason) if fallback == Fallback::Reject => return Err(EditError::Refused(reason)),
            Some(reason) => skipped.push(Skipped {
                path: first.path.clone(),
                reason,
            }),
            None => {
                let plain = bodies.iter().find(|part| part.media_type == "text/plain");
                let html = bodies.iter().find(|part| part.media_type == "text/html");
                for part in [plain, html].into_iter().flatten() {
                    self.mark(message, part, &new, skipped);
                }
            }
        }
        Ok(())
    }

    fn mark(
        &mut self,
        message: &Message<'_>,
        part: &Part,
        new: &NewText<'_>,
        skipped: &mut Vec<Skipped>,
    ) {
        let known = self
            .texts
            .iter()
            .position(|(index, _)| *index == part.index);
        let at = known.unwrap_or_else(|| {
            self.texts.push((part.index, message.text(part)));
            self.texts.len() - 1
        });
        let text = &mut self.texts[at].1;
        let is_html = part.media_type == "text/html";
        let shown = if is_html { new.html } else { new.plain };
        if text.contains(shown) {
            let reason = SkipReason::AlreadyMarked;
            return skipped.push(Skipped {
                path: part.path.clone(),
                reason,
            });
        }
        *text = match (is_html, new.place) {
            (true, place) => {
                let block = format!("<div id=\"{}\">{shown}</div>\n", new.marker);
                let at = html_offset(text, place);
                format!("{}{block}{}", &text[..at], &text[at..])
            }
            (false, Place::Top) => format!("{shown}\n\n{text}"),
            (false, _) => format!("{}\n\n{shown}\n", text.trim_end_matches(['\r', '\n'])),
        };
    }

    /// Writes the whole message.
    pub fn write(mut self, message: &Message<'_>, mut header: HeaderPlan<'_>) -> Vec<u8> {
        self.texts.sort_by_key(|(index, _)| *index);
        let line_break = message.line_break();
        let raw = message.raw();
        let mut splices: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
        for (index, text) in &self.texts {
            let part = &message.parts()[*index];
            let fields = [
                (
                    "Content-Type",
                    format!("Content-Type: {}; charset=utf-8", part.media_type),
                ),
                (
                    "Content-Transfer-Encoding",
                    "Content-Transfer-Encoding: quoted-printable".into(),
                ),
            ];
            let whole = |line: &str| [line.as_bytes(), line_break].concat();
            if part.path.is_root() {
                for (name, line) in &fields {
                    header.set_raw(name, whole(line));
                }
                if !header.has("MIME-Version") {
                    header.set_raw("MIME-Version", whole("MIME-Version: 1.0"));
                }
            } else {
                splices.push((
                    part.header.clone(),
                    fields.map(|(_, line)| whole(&line)).concat(),
                ));
                if part.header.end == part.body.start {
                    splices.push((part.body.start..part.body.start, line_break.to_vec()));
                }
            }
            splices.push((
                part.body.clone(),
                encode_quoted_printable(text.as_bytes(), line_break),
            ));
        }
        let mut out = Vec::with_capacity(raw.len() + 4096);
        header.write(&mut out);
        let mut at = message.body_start();
        for (range, bytes) in splices {
            out.extend_from_slice(&raw[at..range.start.max(at)]);
            out.extend_from_slice(&bytes);
            at = range.end.max(at);
        }
        out.extend_from_slice(&raw[at..]);
        out
    }
}

fn html_offset(text: &str, place: Place) -> usize {
    let lower = text.to_ascii_lowercase();
    match place {
        Place::Top => {
            let open = lower
                .find("<body")
                .and_then(|at| lower[at..].find('>').map(|n| at + n + 1));
            open.unwrap_or(0)
        }
        Place::Bottom | Place::AboveQuote => lower.rfind("</body").unwrap_or(text.len()),
    }
}
