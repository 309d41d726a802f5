//! The same edits as operations of the milter protocol.
//!
//! It never says more than the proxy does: both carriers are written from one draft.

use super::{Edit, EditError, apply};
use crate::message::Message;

/// One operation of the milter protocol, version 6. Values are folded with `LF` alone and have no
/// blank before them; the mail server writes `name: value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MilterOperation {
    /// `SMFIR_ADDHEADER`: a field at the end of the header.
    AddHeader {
        /// Its name.
        name: String,
        /// Its value.
        value: Vec<u8>,
    },
    /// `SMFIR_CHGHEADER`: another value for a field, or none, which removes it.
    ChangeHeader {
        /// Its name.
        name: String,
        /// Which of the fields of this name, counted from 1.
        occurrence: usize,
        /// The new value; empty to remove the field.
        value: Vec<u8>,
    },
    /// `SMFIR_REPLBODY`, in as many packets as it takes.
    ReplaceBody(Vec<u8>),
}

/// What a milter sends for these edits: header operations in order, then at most one new body.
pub fn milter_operations(
    message: &Message<'_>,
    edits: &[Edit],
) -> Result<Vec<MilterOperation>, EditError> {
    let mut draft = apply::draft(message, edits)?.draft;
    let mut operations = Vec::new();
    draft.header.operations(&mut operations);
    if draft.changes_body() {
        let body = draft.body()?;
        draft.write()?;
        operations.push(MilterOperation::ReplaceBody(body));
    }
    Ok(operations)
}
