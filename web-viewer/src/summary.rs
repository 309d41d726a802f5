//! What the page behind the link may say before the mailbox was proved.
//!
//! It is stored only closed under the link secret; it never holds any of the body.

use serde::{Deserialize, Serialize};

use crate::visible::visible;

/// The longest value of one field that is kept, in characters.
pub const FIELD_CHARACTERS_MAX: usize = 500;

/// Subject and names of one letter, as its reader may see them with the link alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The decoded subject; empty when it is to be hidden.
    pub subject: String,
    /// The human sender's display name; empty when there is none.
    pub sender_name: String,
    /// The address in From.
    pub sender_address: String,
    /// The label's name, when the letter has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The label's colour as `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_color: Option<String>,
}

impl Summary {
    /// The bytes to give to `seal::close_summary`.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A struct of strings always serialises.
        serde_json::to_vec(&self.shown()).unwrap_or_default()
    }

    /// Reads what `seal::open_summary` gave; an unknown form is an empty summary.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let read: Self = serde_json::from_slice(bytes).unwrap_or_default();
        read.shown()
    }

    /// As it may be shown to somebody who has proved nothing yet.
    fn shown(&self) -> Self {
        Self {
            subject: shown(&self.subject),
            sender_name: shown(&self.sender_name),
            sender_address: shown(&self.sender_address),
            label: self.label.as_deref().map(shown),
            label_color: self.label_color.clone(),
        }
    }

    /// How the sender is called: by name, else by address.
    pub fn sender(&self) -> &str {
        if self.sender_name.is_empty() {
            &self.sender_address
        } else {
            &self.sender_name
        }
    }
}

/// A name or a subject as a page or a mail of ours shows it before the proof: nothing in it turns
/// or hides the words around it, and it is not longer than [`FIELD_CHARACTERS_MAX`].
pub fn shown(text: &str) -> String {
    let text = visible(text);
    text.trim().chars().take(FIELD_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_comes_back_and_long_fields_are_cut() {
        let summary = Summary {
            subject: "Ä plan".into(),
            sender_name: "Ann".into(),
            sender_address: "ann@corp.example".into(),
            label: Some("Confidential".into()),
            label_color: Some("#b00020".into()),
        };
        assert_eq!(Summary::from_bytes(&summary.to_bytes()), summary);
        let long = Summary {
            subject: "x".repeat(9_999),
            ..summary
        };
        let back = Summary::from_bytes(&long.to_bytes());
        assert_eq!(back.subject.len(), FIELD_CHARACTERS_MAX);
        assert_eq!(Summary::from_bytes(b"not json"), Summary::default());
    }
}
