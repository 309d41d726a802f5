//! How a message's label may change, and what is recorded when it does.
//!
//! It never reads or writes a message: labels come in, a decision goes out.

use super::{LabelId, Labels, Method};
use crate::edit::find_in_new_text;
use crate::message::Message;

/// The field in which Outlook sends the reason for a lower label.
pub const JUSTIFICATION_HEADER: &str = "msip_justification";
/// Characters of a justification that are kept.
pub const JUSTIFICATION_CHARS_MAX: usize = 1_024;

/// Who or what sets a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setter {
    /// A person, by a label in the mail program, a tag in the subject, a header.
    Person,
    /// A rule.
    Rule,
    /// The label that unlabelled mail gets.
    Default,
    /// An attached file.
    Inherited,
    /// The thread that unlabelled mail belongs to.
    Thread,
    /// A statement in another scheme.
    Mapped,
}

impl Setter {
    /// Everything but a person.
    pub fn is_automatic(self) -> bool {
        self != Setter::Person
    }

    /// The stable word for log and audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Setter::Person => "person",
            Setter::Rule => "rule",
            Setter::Default => "default",
            Setter::Inherited => "attachment",
            Setter::Thread => "thread",
            Setter::Mapped => "mapped",
        }
    }

    /// What is written as `Method`: only a person's choice is privileged.
    pub fn method(self) -> Method {
        match self {
            Setter::Person => Method::Privileged,
            _ => Method::Standard,
        }
    }
}

/// One change of a message's label, for the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelChange {
    /// The label before.
    pub before: Option<LabelId>,
    /// The label after.
    pub after: Option<LabelId>,
    /// Who or what changed it.
    pub method: Setter,
    /// The rule that did, where one did.
    pub rule: Option<String>,
    /// The reason a person gave for a lower label.
    pub justification: Option<String>,
}

/// Why a label does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// No file defines it.
    #[error("the label is not known")]
    Unknown,
    /// A label with sublabels is a heading; one of them must be chosen.
    #[error("the label has sublabels, one of which must be chosen")]
    HasSublabels,
    /// Automatic labelling never replaces what a person chose.
    #[error("a person set the present label")]
    SetByPerson,
    /// The present label is as high or higher.
    #[error("the present label is not lower")]
    NotHigher,
    /// A person must say why the label is lowered.
    #[error("a lower label needs a justification")]
    NeedsJustification,
}

/// A message's label before a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present<'a> {
    /// The label.
    pub id: &'a LabelId,
    /// How it was set, where that is known.
    pub method: Option<Method>,
}

/// One wish to change a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish<'a> {
    /// Who or what has it.
    pub setter: Setter,
    /// The rule, where it is one's.
    pub rule: Option<&'a str>,
    /// The reason given for a lower label.
    pub justification: Option<&'a str>,
}

impl<'a> Wish<'a> {
    /// A wish of this setter, without a rule or a reason.
    pub fn of(setter: Setter) -> Self {
        Wish {
            setter,
            rule: None,
            justification: None,
        }
    }

    /// The record of a change that this wish made.
    pub fn change(&self, before: Option<Present<'_>>, after: Option<&LabelId>) -> LabelChange {
        LabelChange {
            before: before.map(|present| present.id.clone()),
            after: after.cloned(),
            method: self.setter,
            rule: self.rule.map(str::to_owned),
            justification: self.reason().map(str::to_owned),
        }
    }

    /// A reason of blanks is none.
    fn reason(&self) -> Option<&'a str> {
        self.justification
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }
}

/// Sets a label, if it may be set: nothing when it stands already.
///
/// # Errors
/// See [`Refusal`]; each leaves the present label as it is.
pub fn set(
    labels: &Labels,
    present: Option<Present<'_>>,
    wanted: &LabelId,
    wish: Wish<'_>,
) -> Result<Option<LabelChange>, Refusal> {
    labels.get(wanted).ok_or(Refusal::Unknown)?;
    if labels.has_sublabels(wanted) {
        return Err(Refusal::HasSublabels);
    }
    let Some(before) = present else {
        return Ok(Some(wish.change(None, Some(wanted))));
    };
    if before.id == wanted {
        return Ok(None);
    }
    if wish.setter.is_automatic() {
        if matches!(wish.setter, Setter::Default | Setter::Thread) {
            return Err(Refusal::NotHigher);
        }
        if before.method == Some(Method::Privileged) {
            return Err(Refusal::SetByPerson);
        }
        if !labels.is_higher(wanted, before.id) {
            return Err(Refusal::NotHigher);
        }
    } else if is_downgrade(labels, before.id, Some(wanted)) && wish.reason().is_none() {
        return Err(Refusal::NeedsJustification);
    }
    Ok(Some(wish.change(present, Some(wanted))))
}

/// Takes a label off: a named action of a rule, or a person's choice with a reason.
///
/// # Errors
/// [`Refusal::NeedsJustification`] for a person without a reason.
pub fn remove(
    present: Option<Present<'_>>,
    wish: Wish<'_>,
) -> Result<Option<LabelChange>, Refusal> {
    if present.is_none() {
        return Ok(None);
    }
    if wish.setter == Setter::Person && wish.reason().is_none() {
        return Err(Refusal::NeedsJustification);
    }
    Ok(Some(wish.change(present, None)))
}

/// Whether a label is taken off or replaced by a lower one. Sublabels of one parent are equals.
pub fn is_downgrade(labels: &Labels, before: &LabelId, after: Option<&LabelId>) -> bool {
    match after {
        None => true,
        Some(after) => labels.is_higher(before, after) && !labels.are_siblings(before, after),
    }
}

/// The most sensitive of several labels; those that no file defines do not count.
pub fn highest<'a>(
    labels: &Labels,
    ids: impl IntoIterator<Item = &'a LabelId>,
) -> Option<&'a LabelId> {
    let known = ids.into_iter().filter(|id| labels.get(id).is_some());
    known.reduce(|best, id| if labels.is_higher(id, best) { id } else { best })
}

/// What begins the line of a letter that gives the reason for a lower label, in any case.
pub const JUSTIFICATION_WORD: &str = "Justification:";

/// The reason a message gives for a lower label, in the field of that name.
pub fn justification(message: &Message<'_>, field: &str) -> Option<String> {
    reason(&message.field_text(message.field(field)?))
}

/// The reason given in the text itself, for mail programs that let nobody write a field: what
/// follows [`JUSTIFICATION_WORD`] on a line of its own, in new text and not in quoted.
pub fn written_justification(message: &Message<'_>) -> Option<String> {
    find_in_new_text(message, |line| {
        let word = line.get(..JUSTIFICATION_WORD.len())?;
        let is_it = word.eq_ignore_ascii_case(JUSTIFICATION_WORD);
        is_it.then(|| reason(&line[word.len()..])).flatten()
    })
}

fn reason(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(JUSTIFICATION_CHARS_MAX).collect();
    // Signs that nobody sees are no reason.
    text.contains(char::is_alphanumeric).then_some(text)
}

/// What is done with mail that has no label where one is demanded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mandatory {
    /// Nothing: a label is not demanded.
    #[default]
    No,
    /// It is rejected.
    Reject,
    /// It is held.
    Hold,
}

/// What an organisation wants of labels in mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelPolicy {
    /// The label of unlabelled mail.
    pub default: Option<LabelId>,
    /// Whether mail takes the highest label of its attachments.
    pub inherits: bool,
    /// Whether unlabelled mail takes the label of its thread.
    pub inherits_thread: bool,
    /// Whether a label is demanded.
    pub mandatory: Mandatory,
    /// Whether a lower label than the thread's needs a reason.
    pub justifies: bool,
}

/// What is known of one message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation<'a> {
    /// Its label.
    pub present: Option<Present<'a>>,
    /// Labels of its attachments.
    pub attachments: &'a [LabelId],
    /// The highest label its thread had before.
    pub thread: Option<&'a LabelId>,
    /// The reason it gives for a lower label.
    pub justification: Option<&'a str>,
}

/// What must happen before the message may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// It needs a label; [`Mandatory`] says what happens without.
    Label(Mandatory),
    /// It is lower than its thread, and says no reason.
    Justification {
        /// The thread's label.
        from: LabelId,
        /// The message's.
        to: Option<LabelId>,
    },
}

/// What becomes of a message's label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The label in the end.
    pub label: Option<LabelId>,
    /// What changed on the way, and a lowering in the thread that was justified.
    pub changes: Vec<LabelChange>,
    /// What is missing.
    pub demands: Vec<Demand>,
}

/// Applies the whole policy: what is taken up, then what is demanded.
pub fn settle(labels: &Labels, policy: &LabelPolicy, situation: &Situation<'_>) -> Settled {
    let changes = take_up(labels, policy, situation);
    let label = match changes.last() {
        Some(change) => change.after.as_ref(),
        None => situation.present.map(|present| present.id),
    };
    let mut settled = demand(labels, policy, label, situation);
    settled.changes.splice(0..0, changes);
    settled
}

/// What mail takes up before any rule looks at it: the highest label of its attachments; then, if
/// it has none, its thread's; then the default.
pub fn take_up(
    labels: &Labels,
    policy: &LabelPolicy,
    situation: &Situation<'_>,
) -> Vec<LabelChange> {
    let mut changes = Vec::new();
    let mut present = situation.present;
    let attached = highest(labels, situation.attachments).filter(|_| policy.inherits);
    let known = |id: &&LabelId| labels.get(id).is_some();
    let thread = situation.thread.filter(known);
    let wishes = [
        (attached, Setter::Inherited),
        (thread.filter(|_| policy.inherits_thread), Setter::Thread),
        (policy.default.as_ref(), Setter::Default),
    ];
    for (wanted, setter) in wishes {
        let Some(wanted) = wanted else { continue };
        // A refusal leaves the label as it is; there is nobody to tell.
        if let Ok(Some(change)) = set(labels, present, wanted, Wish::of(setter)) {
            changes.push(change);
            present = Some(Present {
                id: wanted,
                method: Some(setter.method()),
            });
        }
    }
    changes
}

/// What is demanded of mail that is to leave with this label.
pub fn demand(
    labels: &Labels,
    policy: &LabelPolicy,
    label: Option<&LabelId>,
    situation: &Situation<'_>,
) -> Settled {
    let mut settled = Settled {
        label: label.cloned(),
        ..Settled::default()
    };
    if label.is_none() && policy.mandatory != Mandatory::No {
        settled.demands.push(Demand::Label(policy.mandatory));
    }
    if policy.justifies
        && let Some(thread) = situation.thread
        && labels.get(thread).is_some()
        && is_downgrade(labels, thread, label)
    {
        judge_downgrade(thread, situation, &mut settled);
    }
    settled
}

fn judge_downgrade(thread: &LabelId, situation: &Situation<'_>, settled: &mut Settled) {
    let wish = Wish {
        justification: situation.justification,
        ..Wish::of(Setter::Person)
    };
    let before = Present {
        id: thread,
        method: None,
    };
    if wish.reason().is_some() {
        settled
            .changes
            .push(wish.change(Some(before), settled.label.as_ref()));
    } else {
        let (from, to) = (thread.clone(), settled.label.clone());
        settled.demands.push(Demand::Justification { from, to });
    }
}
