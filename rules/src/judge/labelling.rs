//! The organisation's wishes about labels: what a copy takes up before the rules, what is demanded
//! of it after them, and the fields that say what it has in the end.

use mail::label::change::{self, Demand, JUSTIFICATION_WORD, Mandatory, Present, Situation};
use mail::label::{LabelChange, Method, Outside, Setter, Writer, writing};
use mail::{Edit, Label, LabelId};

use super::Bench;
use crate::condition::Truth;
use crate::condition::{MessageType, message_type};
use crate::draft::Draft;
use crate::facts::{DocumentFact, DocumentState, Source, TakesLabel};
use crate::verdict::{AttachmentLabel, Fate};

/// What stands in place of a rule's name where a label is demanded.
const MANDATORY: &str = "(mandatory label)";
/// What stands in place of a rule's name where a lower label needs a reason.
const DOWNGRADE: &str = "(label below its thread)";

impl Bench<'_> {
    /// A copy with the label the message came with, where that is trusted and anything could ask,
    /// and with what it takes up.
    pub(super) fn labelled(&self) -> Draft {
        if !self.policy.asks_labels || !self.look.trusts_labels() {
            return Draft::new(None, None, Vec::new());
        }
        let reading = self.look.labels();
        let home = &self.policy.home;
        let policy = &home.labelling.policy;
        let takes_up = policy.default.is_some() || policy.inherits || policy.inherits_thread;
        let taken_up = match takes_up && self.is_ours_to_label() {
            true => change::take_up(&home.labels, policy, &self.situation(&self.attached())),
            false => Vec::new(),
        };
        Draft::new(reading.own.clone(), reading.method, taken_up)
    }

    /// The organisation labels what its own people send. A genuine report is nobody's letter, and
    /// refusing it would lose it.
    fn is_ours_to_label(&self) -> bool {
        self.look.facts.source == Source::Inside
            && message_type(&self.look, &[MessageType::DeliveryReport]) == Truth::No
    }

    fn attached(&self) -> Vec<LabelId> {
        let documents = self.look.documents().iter();
        documents
            .flat_map(|document| document.labels.iter().cloned())
            .collect()
    }

    fn situation<'s>(&'s self, attachments: &'s [LabelId]) -> Situation<'s> {
        let reading = self.look.labels();
        Situation {
            present: reading.own.as_ref().map(|id| Present {
                id,
                method: reading.method,
            }),
            attachments,
            thread: self.look.facts.thread_label.as_ref(),
            justification: None,
        }
    }

    /// Refuses a copy that has no label and needs one, and one whose label is lower than its
    /// thread's without a reason; a reason that is given is kept for the audit.
    pub(super) fn demand_label(&self, draft: &mut Draft) {
        let home = &self.policy.home;
        let policy = &home.labelling.policy;
        let demands = policy.mandatory != Mandatory::No || policy.justifies;
        if !demands || !self.is_ours_to_label() {
            return;
        }
        let settle = |reason: Option<&str>| {
            let situation = Situation {
                justification: reason,
                ..self.situation(&[])
            };
            change::demand(&home.labels, policy, draft.label.as_ref(), &situation)
        };
        let message = self.look.message();
        let reason = change::justification(message, &home.labelling.justification);
        let mut settled = settle(reason.as_deref());
        let asks = |demand: &Demand| matches!(demand, Demand::Justification { .. });
        if settled.demands.iter().any(asks) {
            // The text is read only where it matters.
            settled = settle(change::written_justification(message).as_deref());
        }
        draft.label_changes.extend(settled.changes);
        for demand in settled.demands {
            let (name, fate) = match demand {
                Demand::Label(Mandatory::Hold) => (
                    MANDATORY,
                    Fate::Hold {
                        reason: unlabelled(),
                    },
                ),
                Demand::Label(_) => (MANDATORY, refuse(no_label())),
                Demand::Justification { from, to } => {
                    (DOWNGRADE, refuse(self.downgrade(&from, to.as_ref())))
                }
            };
            if draft.restrict(fate) {
                draft.because.push(name.into());
            }
        }
    }

    /// Tells the sender what to do.
    fn downgrade(&self, from: &LabelId, to: Option<&LabelId>) -> String {
        let labels = &self.policy.home.labels;
        let name = |id| labels.get(id).map(|label| shown(&label.name));
        let is = match to.and_then(name) {
            Some(name) => format!("is labelled {name}"),
            None => "has no label".to_owned(),
        };
        let was = name(from).unwrap_or_default();
        let field = &self.policy.home.labelling.justification;
        format!(
            "this message {is} and its thread {was}: keep that label, or give the reason for a \
             lower one (a line `{JUSTIFICATION_WORD} ...` in your text, or header field {field})"
        )
    }

    /// The subject under this label, where a scheme is written there.
    pub(super) fn tag_subject(&self, draft: &mut Draft) {
        if !self.writes_label(draft) {
            return;
        }
        let label = self.label_of(draft);
        let subject = self.subject(draft);
        let message = self.look.message();
        let tagged = self.writer("").tag_subject(message, &subject, label);
        if tagged != subject {
            draft.set_header("Subject", Some(tagged));
        }
    }

    /// The fields that carry the label, when it changed or they do not all say it, and those that
    /// an outside sender must not have written.
    pub(super) fn label_fields(&self, draft: &Draft) -> Vec<Edit> {
        let labelling = &self.policy.home.labelling;
        let message = self.look.message();
        let mut edits = match self.strips_labels() {
            true => writing::field_removal(message, &labelling.mapping),
            false => Vec::new(),
        };
        if self.writes_label(draft) {
            let from = message.mailboxes("From");
            let author = from.first().map_or("", |mailbox| mailbox.address.as_str());
            let method = draft.label_method.unwrap_or(Method::Standard);
            let label = self.label_of(draft).map(|label| (label, method));
            edits.extend(self.writer(author).fields(message, label));
        }
        edits
    }

    fn strips_labels(&self) -> bool {
        self.look.facts.source == Source::Outside
            && self.policy.home.labelling.outside == Outside::Remove
    }

    /// The subject without labels, where such an outside message has some there.
    pub(super) fn unlabelled_subject(&self) -> Option<String> {
        let mapping = &self.policy.home.labelling.mapping;
        let message = self.look.message();
        self.strips_labels()
            .then(|| writing::unlabelled_subject(message, mapping))
            .flatten()
    }

    /// The subject that rules began with, where no rule set another.
    pub(super) fn strip_subject(&self, draft: &mut Draft) {
        if draft.header("Subject").is_none()
            && let Some(subject) = self.unlabelled_subject()
        {
            draft.set_header("Subject", Some(subject));
        }
    }

    fn label_of(&self, draft: &Draft) -> Option<&Label> {
        self.policy.home.labels.get(draft.label.as_ref()?)
    }

    /// Whether the label's fields are to be written.
    fn writes_label(&self, draft: &Draft) -> bool {
        draft.label != draft.label_before || self.is_out_of_step(draft)
    }

    /// Whether some scheme does not say the label that the message came with.
    fn is_out_of_step(&self, draft: &Draft) -> bool {
        let Some(label) = self.label_of(draft) else {
            return false;
        };
        let reading = self.look.labels();
        self.policy.home.labelling.translates
            && !reading.truncated
            && !self.writer("").is_in_step(reading, label)
    }

    /// Notes that a label which stood in one scheme is written in all.
    pub(super) fn note_translation(&self, draft: &mut Draft) {
        if draft.label == draft.label_before && self.is_out_of_step(draft) {
            draft.label_changes.push(LabelChange {
                before: draft.label.clone(),
                after: draft.label.clone(),
                method: Setter::Mapped,
                rule: None,
                justification: None,
            });
        }
    }

    /// The attached files whose label is lower than the one this copy leaves with.
    pub(super) fn label_attachments(&self, draft: &Draft) -> Vec<AttachmentLabel> {
        let home = &self.policy.home;
        let passes_on =
            home.labelling.passes_on && home.site_id.is_some() && self.is_ours_to_label();
        let Some(label) = self.label_of(draft).filter(|_| passes_on) else {
            return Vec::new();
        };
        let mut documents: Vec<&DocumentFact> = self.look.documents().iter().collect();
        documents.sort_by(|one, other| one.path.cmp(&other.path));
        let files = documents.chunk_by(|one, other| one.path == other.path);
        let files = files.filter_map(|found| {
            let (before, left) = self.is_lower(found, label)?;
            Some(AttachmentLabel {
                path: found.first()?.path.clone(),
                before,
                after: label.id.clone(),
                rule: draft.label_rule.clone(),
                left,
            })
        });
        files.collect()
    }

    /// Whether a file's label is lower than this one: that label, and why the file stays as it is.
    fn is_lower(
        &self,
        found: &[&DocumentFact],
        label: &Label,
    ) -> Option<(Option<LabelId>, Option<String>)> {
        let labels = &self.policy.home.labels;
        let ids = || found.iter().flat_map(|document| &document.labels);
        let seen = found
            .iter()
            .flat_map(|document| match &document.takes_label {
                TakesLabel::Above(seen) => seen,
                _ => &document.labels,
            });
        let before = change::highest(labels, seen).cloned();
        let why_left = |document: &&DocumentFact| match (&document.state, &document.takes_label) {
            (DocumentState::Unknown(why), _) | (_, TakesLabel::No(why)) => Some(why.clone()),
            (DocumentState::Known, TakesLabel::Yes | TakesLabel::Above(_)) => None,
        };
        let left = found.iter().find_map(why_left);
        // What no file defines may be higher than anything.
        let unknown = ids().any(|id| labels.get(id).is_none());
        if unknown {
            return Some((before, Some("unknown-label".to_owned())));
        }
        let lower = before
            .as_ref()
            .is_none_or(|id| labels.is_higher(&label.id, id));
        lower.then_some((before, left))
    }

    fn writer<'w>(&'w self, author: &'w str) -> Writer<'w> {
        let home = &self.policy.home;
        let facts = self.look.facts;
        Writer {
            site: home.site_id.as_deref(),
            labels: &home.labels,
            mapping: &home.labelling.mapping,
            set_at: facts.now,
            action_id: &facts.action_id,
            changed_by: &facts.host,
            origin: Some(author).filter(|author| !author.is_empty()),
            keeps_foreign: facts.source != Source::Outside
                || home.labelling.outside != Outside::Remove,
        }
    }
}

fn unlabelled() -> String {
    "this message has no classification label".to_owned()
}

fn no_label() -> String {
    format!("{}: choose one and send it again", unlabelled())
}

fn refuse(text: String) -> Fate {
    Fate::Reject {
        code: "5.7.1".to_owned(),
        text,
    }
}

/// A name as a reply may hold it: RFC 5321 §4.2 gives replies ASCII alone.
fn shown(name: &str) -> String {
    let sound = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
    name.chars().take(80).map(sound).collect()
}
