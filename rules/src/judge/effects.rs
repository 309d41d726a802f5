//! What comes at the end: the edits that rules asked for, then the effects of the final label.

use mail::edit::Letter;
use mail::marking::{Stamp, Values, tag_subject};
use mail::{Edit, Fallback, Label, LabelId, Pattern};

use super::{Bench, Walker};
use crate::draft::Draft;
use crate::matching::Where;
use crate::policy::LabelEffects;
use crate::setting::{Setting, label_values, varies_by_mail};

impl Bench<'_> {
    /// Settles sealing and subject by the final label, and lists all edits in order.
    pub(super) fn effects(&self, draft: &mut Draft, walker: Walker<'_>) -> Vec<Edit> {
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
        if walker.side != Where::Inside && !draft.unsealed {
            seals.iter().flatten().for_each(|terms| draft.seal(terms));
        }
        self.note_translation(draft);
        self.strip_subject(draft);
        self.tag_subject(draft);
        let rule = draft.label_rule.clone().unwrap_or_default();
        let subject = Some(self.subject(draft));
        let setting = Setting {
            look: &self.look,
            label,
            rule: &rule,
            subject,
        };
        let values = setting.values();
        self.show_in_subject(shown, &values, draft);
        let rule_edits = std::mem::take(&mut draft.edits);
        // The list is built anew, since what a marking cannot be set on is refused on the way.
        draft.edits = self.header_edits(draft);
        let stamps = shown.into_iter().flat_map(LabelEffects::stamps);
        let stamps =
            stamps.map(|(slot, stamp)| (stamp, stamp.edit(slot, walker.language, &values)));
        let stamps: Vec<(&Stamp, Edit)> = stamps.collect();
        draft.edits.extend(self.unmark(draft, &stamps, &setting));
        draft.edits.extend(rule_edits);
        draft.edits.extend(self.label_fields(draft));
        for (_, edit) in stamps {
            self.set_marking(edit, draft);
        }
        // A wrapper speaks to its readers in the language of the texts it shows.
        let wraps = |edit: &Edit| {
            matches!(
                edit,
                Edit::InsertText {
                    fallback: Fallback::Wrap,
                    ..
                }
            )
        };
        if let Some(language) = walker.language.filter(|_| draft.edits.iter().any(wraps)) {
            let language = language.to_owned();
            draft.edits.push(Edit::SpeakOfOriginal { language });
        }
        draft.edits.clone()
    }

    /// Whether markings of other labels on this copy are stale: it has a label, or a rule took it.
    fn is_labelled(draft: &Draft) -> bool {
        draft.label.is_some() || draft.label_before.is_some()
    }

    /// Every label but the one the copy has, and its effects.
    fn others<'b>(
        &'b self,
        draft: &'b Draft,
    ) -> impl Iterator<Item = (&'b LabelEffects, Option<&'b Label>)> {
        let is_other = |id: &LabelId| draft.label.as_ref() != Some(id);
        let labelled = Self::is_labelled(draft);
        let others = self.policy.effects.iter();
        let others = others.filter(move |(id, _)| labelled && is_other(id));
        others.map(|(id, effects)| (effects, self.policy.home.labels.get(id)))
    }

    /// The label's tag stands before the subject once, and no other label's does.
    fn show_in_subject(&self, shown: Option<&LabelEffects>, values: &Values, draft: &mut Draft) {
        let tag = shown.and_then(|shown| shown.subject_tag.as_ref());
        let tag = tag.map(|tag| tag.fill(values)).unwrap_or_default();
        let other = |(effects, label): (&LabelEffects, Option<&Label>)| {
            let tag = effects.subject_tag.as_ref();
            tag.map(|tag| tag.fill(&label_values(label)))
        };
        let others: Vec<String> = self.others(draft).filter_map(other).collect();
        let subject = self.subject(draft);
        let new = tag_subject(&subject, &tag, others.iter().map(String::as_str));
        if let Some(subject) = new {
            draft.set_header("Subject", Some(subject));
        }
    }

    /// Takes out what other labels set in the new text, and what this one and the rules set there
    /// in words that change from mail to mail.
    fn unmark(
        &self,
        draft: &Draft,
        stamps: &[(&Stamp, Edit)],
        setting: &Setting<'_>,
    ) -> Option<Edit> {
        let mut found: Vec<Pattern> = Vec::new();
        for (effects, label) in self.others(draft) {
            let setting = setting.clone().under(label);
            let patterns = effects.stamps().map(|(_, stamp)| setting.looks(stamp));
            found.extend(patterns.flatten().filter(|pattern| self.stands(pattern)));
        }
        for (stamp, edit) in stamps.iter().filter(|(stamp, _)| varies_by_mail(stamp)) {
            found.extend(self.outdated(setting.looks(stamp), edit));
        }
        found.extend(draft.earlier.iter().cloned());
        let patterns = found;
        (!patterns.is_empty()).then_some(Edit::RemoveText { patterns })
    }

    /// Those of a marking's own patterns that stand in the new text, if the edit shows the marking:
    /// where it must not or cannot be set, as beside a signature, the older one stays.
    pub(super) fn outdated(&self, patterns: Vec<Pattern>, edit: &Edit) -> Vec<Pattern> {
        let standing = patterns.into_iter().filter(|pattern| self.stands(pattern));
        let standing: Vec<Pattern> = standing.collect();
        let is_shown = || mail::edit::is_shown_by(self.look.message(), edit);
        match standing.is_empty() || is_shown() {
            true => standing,
            false => Vec::new(),
        }
    }

    /// Whether it stands in the new text, which is not opened where nothing is looked for.
    fn stands(&self, pattern: &Pattern) -> bool {
        let open = || Letter::open(self.look.message());
        self.letter.get_or_init(open).holds(pattern)
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

impl LabelEffects {
    /// Its markings, each with the slot it stands in.
    fn stamps(&self) -> impl Iterator<Item = (&'static str, &Stamp)> {
        let header = self.header.iter().map(|stamp| ("label-header", stamp));
        header.chain(self.footer.iter().map(|stamp| ("label-footer", stamp)))
    }
}
