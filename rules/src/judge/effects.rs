//! What comes at the end: the edits that rules asked for, then the effects of the final label.

use mail::{Edit, Fallback, Place};

use super::Bench;
use crate::draft::Draft;
use crate::matching::Where;
use crate::policy::LabelEffects;
use crate::template::Setting;

impl Bench<'_> {
    /// Settles sealing and subject by the final label, and lists all edits in order.
    pub(super) fn effects(&self, draft: &mut Draft, side: Where) -> Vec<Edit> {
        let policy = self.policy;
        let label = draft
            .label
            .as_ref()
            .and_then(|label| policy.home.labels.get(label));
        let shown = label.and_then(|label| policy.effects.get(&label.id));
        let seals = [
            label.and_then(|label| label.seal_outside.clone()),
            draft.label_seal.clone(),
        ];
        if side != Where::Inside && !draft.unsealed {
            seals.iter().flatten().for_each(|terms| draft.seal(terms));
        }
        self.note_translation(draft);
        self.tag_subject(draft);
        let rule = draft.label_rule.clone().unwrap_or_default();
        let subject = Some(self.subject(draft));
        let setting = Setting {
            look: &self.look,
            label,
            rule: &rule,
            subject,
        };
        if let Some(tag) = shown.and_then(|shown| shown.subject_tag.as_ref()) {
            self.prepend_subject(&tag.fill(&setting), draft);
        }
        let mut edits = self.header_edits(draft);
        edits.append(&mut draft.edits.clone());
        edits.extend(self.label_fields(draft));
        edits.extend(
            shown
                .into_iter()
                .flat_map(|shown| markings(shown, &setting)),
        );
        edits
    }

    /// The last word on each field that rules touched, where it differs from what stands there.
    fn header_edits(&self, draft: &Draft) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (name, value) in draft.fields() {
            let present = self.look.header(name);
            match value {
                Some(value) if present.len() == 1 && present[0] == *value => {}
                Some(value) => {
                    edits.push(Edit::SetHeader {
                        name: name.clone(),
                        value: value.clone(),
                    });
                }
                None if present.is_empty() => {}
                None => edits.push(Edit::RemoveHeader { name: name.clone() }),
            }
        }
        edits
    }
}

fn markings(shown: &LabelEffects, setting: &Setting<'_>) -> Vec<Edit> {
    let header = shown.header.iter().map(|marking| {
        marking
            .fill(setting)
            .edit(Place::Top, "label-header", Fallback::Leave)
    });
    let footer = shown.footer.iter().map(|marking| {
        marking
            .fill(setting)
            .edit(Place::Bottom, "label-footer", Fallback::Leave)
    });
    header.chain(footer).collect()
}
