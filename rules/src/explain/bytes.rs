//! What truly becomes of a copy's bytes: its edits are made, as the gateway makes them, and thrown
//! away. It shows no byte of them.

use mail::{Edit, Message, SkipReason};
use serde::Serialize;

use crate::verdict::{Fate, Verdict};

/// What becomes of the bytes of one delivered copy, below the block at the top. A sealed copy is
/// closed as they are then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BytesExplanation {
    /// What they become.
    pub state: BytesState,
    /// Why an edit cannot be made, for which the whole message is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why text that was asked for is left out, the words of log and audit.
    #[serde(serialize_with = "words")]
    pub unmarked: Vec<SkipReason>,
    /// Domains whose DKIM signature holds no longer.
    pub dkim_broken: Vec<String>,
}

/// What the bytes of a copy become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BytesState {
    /// They stay as they came.
    AsCame,
    /// They are edited.
    Edited,
    /// The original stands as a whole inside a new letter.
    Wrapped,
    /// An edit cannot be made: nothing leaves.
    Refused,
}

fn words<S: serde::Serializer>(reasons: &[SkipReason], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(reasons.iter().map(|reason| reason.as_str()))
}

/// Edits in the place of those that set labels in attached files: each file with its own content,
/// since what a label makes of it is not known here.
fn stand_ins(message: &Message<'_>, verdict: &Verdict) -> Vec<Edit> {
    let files = verdict
        .attachments
        .iter()
        .filter(|file| file.left.is_none());
    let edits = files.filter_map(|file| {
        let content = message.decoded(message.part(&file.path)?).into_owned();
        let path = file.path.clone();
        Some(Edit::ReplaceContent { path, content })
    });
    edits.collect()
}

impl BytesExplanation {
    /// Makes the edits of a delivered copy; none where nothing is delivered.
    pub(crate) fn of(message: &Message<'_>, verdict: &Verdict) -> Option<Self> {
        if verdict.fate != Fate::Deliver {
            return None;
        }
        let files = stand_ins(message, verdict);
        let asked = files.len();
        let edits: Vec<Edit> = verdict.edits.iter().cloned().chain(files).collect();
        let (edited, error) = match edits.as_slice() {
            [] => (None, None),
            edits => match mail::apply(message, edits) {
                Ok(edited) => (Some(edited), None),
                Err(error) => (None, Some(error.to_string())),
            },
        };
        let state = match &edited {
            _ if error.is_some() => BytesState::Refused,
            Some(edited) if edited.is_wrapped => BytesState::Wrapped,
            Some(edited) if edited.kept_contents.len() < asked => BytesState::Edited,
            Some(edited) if edited.bytes != message.raw() => BytesState::Edited,
            _ => BytesState::AsCame,
        };
        let edited = edited.unwrap_or_default();
        Some(Self {
            state,
            error,
            unmarked: edited.unmarked(),
            dkim_broken: edited.broken_signatures,
        })
    }

    /// One line under a copy's own.
    pub(crate) fn to_text(&self) -> String {
        let mut line = "  bytes    ".to_owned();
        line.push_str(match self.state {
            BytesState::AsCame => "as they came",
            BytesState::Edited => "edited",
            BytesState::Wrapped => "wrapped: a new letter holds the text, and the original whole",
            BytesState::Refused => "none leave, the whole message is refused with 5.6.0",
        });
        if let Some(error) = &self.error {
            line.push_str(&format!(": {error}"));
        }
        if !self.unmarked.is_empty() {
            let reasons: Vec<&str> = self.unmarked.iter().map(|one| one.in_words()).collect();
            line.push_str(&format!(
                "; left unmarked, because {}",
                reasons.join(" and ")
            ));
        }
        if !self.dkim_broken.is_empty() {
            let domains = self.dkim_broken.join(", ");
            line.push_str(&format!("; breaks the DKIM signature of {domains}"));
        }
        line.push('\n');
        line
    }
}
