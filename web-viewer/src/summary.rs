//! What the page behind the link may say before the mailbox was proved.
//!
//! It is stored only closed under the link secret; it never holds any of the body.

use serde::{Deserialize, Serialize};

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
        let cut = |text: &str| text.chars().take(FIELD_CHARACTERS_MAX).collect::<String>();
        let short = Self {
            subject: cut(&self.subject),
            sender_name: cut(&self.sender_name),
            sender_address: cut(&self.sender_address),
            label: self.label.as_deref().map(cut),
            label_color: self.label_color.clone(),
        };
        // A struct of strings always serialises.
        serde_json::to_vec(&short).unwrap_or_default()
    }

    /// Reads what `seal::open_summary` gave; an unknown form is an empty summary.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
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
