//! Edits as data, and what they make of a message.
//!
//! It never rewrites a byte that no edit asked for: a new message is cut from the old one's bytes
//! and the new text, in one copy.

mod header;
mod insert;

use crate::message::{Message, PartPath};
use header::HeaderPlan;

/// One change. Values are Unicode text; what is written is encoded and folded, and can hold no
/// CR, LF or NUL of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Adds a field at the end of the header.
    AddHeader {
        /// The field's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Replaces all fields of a name by one in the first's place, or adds it at the end.
    SetHeader {
        /// The field's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Removes all fields of a name.
    RemoveHeader {
        /// The field's name.
        name: String,
    },
    /// Puts other content in a part's place.
    ReplacePart {
        /// The part.
        path: PartPath,
        /// What stands there instead.
        content: NewPart,
    },
    /// Removes a part and its delimiter.
    RemovePart {
        /// The part.
        path: PartPath,
    },
    /// Adds an attachment at the end.
    AddPart {
        /// The attachment.
        content: NewPart,
    },
    /// Shows text in the letter, in its plain and its HTML form.
    InsertText {
        /// Where in the letter.
        place: Place,
        /// The text for plain bodies.
        plain: String,
        /// The HTML for HTML bodies.
        html: String,
        /// The name of the slot, letters, digits and `-`: what is in it already is replaced.
        marker: String,
        /// What is done when the letter must not or cannot be edited.
        fallback: Fallback,
    },
}

/// A part that we write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPart {
    /// `type/subtype`, with parameters if any but `name`.
    pub media_type: String,
    /// The name to save it under.
    pub file_name: Option<String>,
    /// Its content, not encoded.
    pub content: Vec<u8>,
}

/// Where text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Above everything.
    Top,
    /// Below everything.
    Bottom,
    /// Below the new text and above what it quotes; at the bottom when nothing is quoted.
    AboveQuote,
}

/// What is done with text for a letter that is signed, encrypted, or has no body we can write in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// The letter is left as it is; [`Edited::skipped`] says so.
    #[default]
    Leave,
    /// A new letter holds the text and the whole original as an attached message.
    Wrap,
    /// The edit fails.
    Reject,
}

/// A message after its edits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// The whole message.
    pub bytes: Vec<u8>,
    /// What was asked for and not done.
    pub skipped: Vec<Skipped>,
}

/// Something that was asked for and not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The part it was about.
    pub path: PartPath,
    /// Why it was not done.
    pub reason: SkipReason,
}

/// Why an edit left a part as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It is signed.
    Signed,
    /// It is encrypted.
    Encrypted,
    /// The letter has no text body.
    NoBody,
    /// The same text stands there already.
    AlreadyMarked,
}

impl SkipReason {
    /// The stable word for log and audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Encrypted => "encrypted",
            Self::NoBody => "no-body",
            Self::AlreadyMarked => "already-marked",
        }
    }
}

/// Why edits could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The name is no field name, or one whose change would break the structure.
    #[error("cannot write a header field named `{0}`")]
    FieldName(String),
    /// Not all fields were listed, so none can be changed safely.
    #[error("cannot edit a header of more than {max} fields", max = crate::message::FIELDS_MAX)]
    TooManyFields,
    /// There is no such part.
    #[error("cannot find part `{0}`")]
    NoPart(PartPath),
    /// The letter may not be edited and the edit said to reject it then.
    #[error("cannot mark a message that is {}", .0.as_str())]
    Refused(SkipReason),
}

/// Whether a field of this name may be written by an edit: printable ASCII without the colon, and
/// not one of the three that say how the body is built.
pub fn is_writable_field(name: &str) -> bool {
    const STRUCTURE: [&str; 3] = ["content-type", "content-transfer-encoding", "mime-version"];
    const NAME_BYTES_MAX: usize = 76;
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, 33..=57 | 59..=126))
        && !STRUCTURE
            .iter()
            .any(|fixed| name.eq_ignore_ascii_case(fixed))
}

/// Applies the edits in order. No edits give the same bytes.
pub fn apply(message: &Message<'_>, edits: &[Edit]) -> Result<Edited, EditError> {
    let mut header = HeaderPlan::new(message);
    let mut skipped = Vec::new();
    let mut body = insert::BodyPlan::default();
    for edit in edits {
        match edit {
            Edit::AddHeader { name, value } => header.add(name, value)?,
            Edit::SetHeader { name, value } => header.set(name, value)?,
            Edit::RemoveHeader { name } => header.remove(name)?,
            Edit::InsertText {
                place,
                plain,
                html,
                marker,
                fallback,
            } => {
                let text = insert::NewText {
                    place: *place,
                    plain,
                    html,
                    marker,
                };
                body.insert(message, text, *fallback, &mut skipped)?;
            }
            Edit::ReplacePart { path, .. } | Edit::RemovePart { path } => {
                return Err(EditError::NoPart(path.clone()));
            }
            Edit::AddPart { .. } => return Err(EditError::NoPart(PartPath::root())),
        }
    }
    let bytes = body.write(message, header);
    Ok(Edited { bytes, skipped })
}
