//! Edits as data, and what they make of a message.
//!
//! It never rewrites a byte that no edit asked for: a new message is cut from the old one's bytes
//! and the new text, in one copy.

mod apply;
mod attribution;
mod body;
mod canvas;
mod dkim;
mod draft;
mod elements;
mod header;
mod heading;
mod html;
mod insert;
mod marks;
mod milter;
mod outline;
mod pattern;
mod plain;
mod quotation;
mod refill;
mod removal;
mod shape;
mod targets;
mod words;

use crate::message::PartPath;

pub use apply::{apply, is_shown_by, refusal};
pub use insert::{Letter, find_in_new_text};
pub use milter::{MilterOperation, milter_operations};
pub use pattern::{Pattern, Room};
pub use refill::why_kept;

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
    /// Replaces all fields of a name by one in the first's place, or adds it at the end. An empty
    /// value removes them.
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
    /// Puts other content into a leaf in base64, which keeps its header and its place.
    ReplaceContent {
        /// The part.
        path: PartPath,
        /// Its new content, not encoded.
        content: Vec<u8>,
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
        /// Whether a letter that a domain has signed with DKIM or ARC may be edited.
        on_dkim: OnDkim,
    },
    /// Chooses in which language a new letter that holds the original says so; it changes nothing
    /// where none is needed ([`Fallback::Wrap`]).
    SpeakOfOriginal {
        /// The language (RFC 5646); English where there is no list, or no such word in it.
        language: String,
    },
    /// Takes earlier markings out of the letter's new text; what it quotes stays as it is, and so
    /// does a text that stands there word for word as the same list sets it.
    RemoveText {
        /// What they look like.
        patterns: Vec<Pattern>,
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
    /// A new letter holds the text, a sentence that the original is attached, and the whole
    /// original as an attached message. All texts of the list then stand in the new letter,
    /// whatever their own fallback.
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
    /// Parts whose content was to be replaced and stayed.
    pub kept_contents: Vec<Skipped>,
    /// Domains whose DKIM signature holds no longer: on this message or, when it was wrapped, on
    /// the one inside. One that states a length (`l=`) is named too, though it may still hold.
    pub broken_signatures: Vec<String>,
    /// Whether it is a new letter around the original ([`Fallback::Wrap`]).
    pub is_wrapped: bool,
}

impl Edited {
    /// Why text that was asked for is not in it, each reason once. Text that stood there already
    /// is not missing.
    pub fn unmarked(&self) -> Vec<SkipReason> {
        let reasons = self.skipped.iter().map(|skipped| skipped.reason);
        let mut missing: Vec<SkipReason> = reasons
            .filter(|reason| *reason != SkipReason::AlreadyMarked)
            .collect();
        missing.sort_unstable_by_key(|reason| reason.as_str());
        missing.dedup();
        missing
    }
}

/// What is done with text for a letter that a domain has signed with DKIM or ARC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDkim {
    /// The text is set; [`Edited::broken_signatures`] says whose signature fails now.
    #[default]
    Break,
    /// The letter counts as signed: the fallback of the edit holds.
    Shield,
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
    /// A domain has signed it with DKIM or ARC.
    DkimSigned,
    /// The letter has no text body.
    NoBody,
    /// The same text stands there already.
    AlreadyMarked,
    /// It is a delivery report or a receipt.
    Report,
    /// It is one fragment of a message.
    Fragment,
    /// Readers differ about it.
    Ambiguous,
    /// Its charset or transfer encoding is not written here, or its HTML is such that browsers
    /// would not surely show what is set into it.
    Unwritable,
    /// It is an attached message, or stands inside one.
    Enclosed,
    /// The letter was put into a new one as it came.
    Wrapped,
}

impl SkipReason {
    /// The stable word for log and audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Encrypted => "encrypted",
            Self::DkimSigned => "dkim-signed",
            Self::NoBody => "no-body",
            Self::AlreadyMarked => "already-marked",
            Self::Report => "report",
            Self::Fragment => "fragment",
            Self::Ambiguous => "ambiguous",
            Self::Unwritable => "unwritable",
            Self::Enclosed => "enclosed",
            Self::Wrapped => "wrapped",
        }
    }

    /// The same for people, after "because".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Signed => "it is signed",
            Self::Encrypted => "it is encrypted",
            Self::DkimSigned => "a DKIM or ARC signature on it would break",
            Self::NoBody => "it has no text",
            Self::AlreadyMarked => "it is marked already",
            Self::Report => "it is a delivery report or a receipt",
            Self::Fragment => "it is a fragment of a message",
            Self::Ambiguous => "readers would not agree on what it says",
            Self::Unwritable => "its character set, encoding or HTML cannot be written in",
            Self::Enclosed => "it stands in an attached message",
            Self::Wrapped => "the letter was wrapped as it came",
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
    /// The type of a new part is no `type/subtype` with parameters on one line.
    #[error("cannot write a part of type `{0}`")]
    MediaType(String),
    /// Two edits want to change the same bytes.
    #[error("cannot apply edits that change the same part in two ways")]
    Conflict,
    /// The edited message would not hold this part as it was.
    #[error("an edit would damage part `{0}`")]
    Damaged(PartPath),
    /// The letter may not be edited and the edit said to reject it then.
    #[error("cannot mark this message, because {}", .0.in_words())]
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

/// The end tags that a piece of HTML needs to be whole.
pub(crate) fn unclosed_html(html: &str) -> String {
    outline::closers(html.as_bytes())
}

pub(crate) use html::text_places as html_text_places;
pub(crate) use marks::shown_text;
pub(crate) use outline::shows_nothing;
pub(crate) use outline::stray_end;

/// A header field with its name, and a body.
type Words = (Vec<(&'static str, Vec<u8>)>, Vec<u8>);

/// A new part as header fields and coded body.
pub(crate) fn words_of_part(part: &NewPart, line_break: &[u8]) -> Result<Words, EditError> {
    const TYPE_BYTES_MAX: usize = 200;
    let printable = part
        .media_type
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~'));
    let kind = part.media_type.split(';').next().unwrap_or_default();
    let is_typed = kind.split_once('/').is_some_and(|(main, sub)| {
        let token = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-+._".contains(&b))
        };
        token(main) && token(sub.trim_end())
    });
    if !printable || !is_typed || part.media_type.len() > TYPE_BYTES_MAX {
        return Err(EditError::MediaType(part.media_type.clone()));
    }
    let line = |text: String| [text.as_bytes(), line_break].concat();
    let mut fields = vec![
        (
            "Content-Type",
            line(format!("Content-Type: {}", part.media_type)),
        ),
        (
            "Content-Transfer-Encoding",
            line("Content-Transfer-Encoding: base64".to_owned()),
        ),
    ];
    if let Some(name) = &part.file_name {
        let mut bytes = b"Content-Disposition: attachment".to_vec();
        bytes.extend(crate::message::parameters::encode(
            "filename", name, line_break,
        ));
        bytes.extend_from_slice(line_break);
        fields.push(("Content-Disposition", bytes));
    }
    Ok((fields, shape::code_content(&part.content, line_break)))
}
