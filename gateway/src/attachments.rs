//! Labels set in attached files, as a verdict asks: the edits that do it, and what is left.
//!
//! It never decides which label a file takes, and never sends on a file that its own reader does
//! not read as labelled: such a file stays as it came.

use std::collections::HashMap;

use documents::{Left, NewLabel, Tenant};
use mail::label::Method;
use mail::{Address, Edit, Edited, LabelId, Labels, Message, PartPath, edit};
use rules::{AttachmentLabel, Facts};

/// What became of the files of some recipients' copies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labelled {
    /// Whose copies.
    pub recipients: Vec<Address>,
    /// Each file that was to take a label.
    pub files: Vec<AttachmentLabel>,
}

/// Sets labels in the files of one message; a file that several copies want is made once.
pub struct Registrar<'a> {
    message: &'a Message<'a>,
    facts: &'a Facts<'a>,
    labels: &'a Labels,
    tenant: Option<Tenant<'a>>,
    made: HashMap<(PartPath, LabelId), Result<Vec<u8>, Left>>,
}

impl<'a> Registrar<'a> {
    /// For a message under the rule set in force; `own` are the ids of the organisation's labels.
    pub fn new(
        message: &'a Message<'a>,
        facts: &'a Facts<'a>,
        labels: &'a Labels,
        site: Option<&'a str>,
        own: &'a [LabelId],
    ) -> Self {
        Self {
            message,
            facts,
            labels,
            tenant: site.map(|site| Tenant { site, labels: own }),
            made: HashMap::new(),
        }
    }

    /// The edits that set the labels of these files; what cannot be done is noted on the file.
    pub fn label(&mut self, files: &mut [AttachmentLabel]) -> Vec<Edit> {
        let mut edits = Vec::new();
        for file in files.iter_mut().filter(|file| file.left.is_none()) {
            match self.make(file) {
                Ok(content) => edits.push(Edit::ReplaceContent {
                    path: file.path.clone(),
                    content: content.clone(),
                }),
                Err(left) => file.left = Some(left.as_str().to_owned()),
            }
        }
        edits
    }

    fn make(&mut self, file: &AttachmentLabel) -> &Result<Vec<u8>, Left> {
        let key = (file.path.clone(), file.after.clone());
        let (message, facts, labels) = (self.message, self.facts, self.labels);
        let tenant = self.tenant;
        self.made.entry(key).or_insert_with(|| {
            let (Some(part), Some(label)) = (message.part(&file.path), labels.get(&file.after))
            else {
                return Err(Left::Kind);
            };
            let tenant = tenant.ok_or(Left::Foreign)?;
            let label = NewLabel {
                id: &label.id,
                name: &label.name,
                // Nobody chose it for the file.
                method: Method::Standard,
                set_at: facts.now,
                action_id: &facts.action_id,
            };
            documents::set_label(&message.decoded(part), &tenant, &label)
        })
    }
}

/// Notes on each file what the edits did not do.
pub fn note_kept(files: &mut [AttachmentLabel], edited: &Edited) {
    for kept in &edited.kept_contents {
        if let Some(file) = files.iter_mut().find(|file| file.path == kept.path) {
            file.left = Some(kept.reason.as_str().to_owned());
        }
    }
}

/// The labels inside the file of a part that its readers do not see, where a label can be set in
/// it; or why none can.
pub fn unseen(
    message: &Message<'_>,
    part: &mail::Part,
    content: &[u8],
) -> Result<Vec<LabelId>, String> {
    if let Some(reason) = edit::why_kept(message, part) {
        return Err(reason.as_str().to_owned());
    }
    let unseen = documents::unseen_labels(content);
    let unseen = unseen.map_err(|left| left.as_str().to_owned())?;
    Ok(unseen.into_iter().map(|label| label.id).collect())
}
