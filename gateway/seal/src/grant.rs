//! What one reader may do with one letter. It never says until when: that is the state's.

use mail::Rights;

use crate::derive::encode;
use crate::ids::{GrantId, LetterId};

/// One reader's grant. Every field is bound to the wrap: change one and the letter stays shut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The letter it opens.
    pub letter: LetterId,
    /// The grant's own name, as it stands in the link.
    pub grant: GrantId,
    /// The mailbox that must be proved, as the envelope had it.
    pub recipient: String,
    /// What the reader may do.
    pub rights: Rights,
    /// The envelope sender, or empty for the null sender.
    pub sender: String,
    /// The template the sealing rule named, or empty.
    pub template: String,
    /// Whether attachments may be downloaded.
    pub download: bool,
    /// The commitment to the content key, as in the letter's header.
    pub commitment: [u8; 32],
}

impl Grant {
    /// The one byte form that wraps and state marks are bound to (`FORMAT.md`, "Grant").
    pub fn canonical(&self) -> Vec<u8> {
        encode(
            "sealgate grant 1",
            &[
                self.letter.as_bytes(),
                self.grant.as_bytes(),
                self.recipient.as_bytes(),
                &self.rights.bits().to_be_bytes(),
                self.sender.as_bytes(),
                self.template.as_bytes(),
                &[u8::from(self.download)],
                &self.commitment,
            ],
        )
    }
}
