//! Mail as data: envelope, message, part, edit, label, marking and rights, over raw bytes.
//!
//! Nothing here opens a file or socket, reads a clock, or draws randomness; time is an argument.
//! Bytes that no edit asked to change are never rewritten.

// The torments of `tests/` name the crate as those who use it do.
#[cfg(test)]
extern crate self as mail;

pub mod address;
pub mod ambiguity;
pub mod edit;
pub mod envelope;
pub mod label;
pub mod marking;
pub mod message;
pub mod rights;
pub mod time;
mod work;

pub use address::{Address, AddressError};
pub use ambiguity::{Ambiguity, AmbiguityKind};
pub use edit::{
    Edit, EditError, Edited, Fallback, MilterOperation, NewPart, OnDkim, Pattern, Place,
    SkipReason, Skipped, apply, milter_operations,
};
pub use envelope::{BodyType, Envelope, Recipients, Sender};
pub use label::{Label, LabelId, Labels};
pub use marking::Marking;
pub use message::{
    Decoder, Disposition, Enclosed, EnclosedFile, Field, Mailbox, Message, Part, PartPath, Shield,
    TransferEncoding, Warning,
};
pub use rights::{Right, Rights, SealTerms};
pub use time::{LocalTime, Timestamp, Zone};
