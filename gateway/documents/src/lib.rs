//! What is inside an attached file: its kind, and the labels it carries; and a label set in it.
//!
//! Pure and bounded: bytes in, an answer out. Nothing here opens a file, writes one, or trusts a
//! name, a declared type or a stated size; what cannot be read within the limits is "unknown".

mod archive;
mod compound;
mod encrypted;
mod inside;
mod kind;
mod labelling;
mod labels;
pub mod limits;
mod package;
mod pdf;
mod properties;
mod rtf;
mod tar;
mod xml;

pub use kind::{Kind, kind};
pub use labelling::{Left, NewLabel, Tenant, remove_label, set_label, takes_label, unseen_labels};
pub use labels::{DocumentLabel, DocumentLabels, Reason, Source, State, read_labels};
