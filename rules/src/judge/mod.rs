//! Deciding: every rule in order, for every recipient's copy.
//!
//! Total and pure. The same walk serves judging and explaining; explaining only listens.

mod ambiguity;
mod effects;
mod fire;
mod labelling;

use std::cell::OnceCell;
use std::sync::Arc;

use mail::edit::Letter;
use mail::{Address, Right, SealTerms};

use crate::condition::{Asker, Condition, Truth};
use crate::draft::{Add, Draft};
use crate::explain::{
    CopyExplanation, Explanation, LabelsExplanation, RuleTrace, Trace, explain_copy, why, why_not,
};
use crate::facts::Facts;
use crate::look::Look;
use crate::matching::Where;
use crate::policy::{Mode, Policy, Rule};
use crate::verdict::{Copy, Fate, Judgement, Named, Notification, Verdict};

impl Policy {
    /// Decides about every recipient's copy.
    pub fn judge(&self, facts: &Facts<'_>) -> Judgement {
        self.decide(facts, false).0
    }

    /// Decides, and says of every rule why it fired or did not.
    pub fn explain(&self, facts: &Facts<'_>) -> Explanation {
        let (judgement, copies) = self.decide(facts, true);
        let read = judgement.labels_read.as_ref();
        let labels = read.map(|reading| LabelsExplanation::of(reading, &self.home.labels));
        Explanation {
            labels: labels.unwrap_or_default(),
            judgement,
            copies,
        }
    }

    fn decide(&self, facts: &Facts<'_>, explaining: bool) -> (Judgement, Vec<CopyExplanation>) {
        let look = Look::new(facts, &self.home, self.memos);
        let mut bench = Bench {
            policy: self,
            look,
            letter: OnceCell::new(),
            notifications: Vec::new(),
            explaining,
        };
        let seats = bench.judge_named();
        let seats = bench.judge_added(seats);
        let mut copies = Vec::with_capacity(seats.len());
        let mut explanations = Vec::new();
        for seat in seats {
            let outside = bench.look.side_of(&seat.recipient) != Where::Inside;
            let Seat {
                recipient,
                named,
                judged,
            } = seat;
            let copy = Copy {
                recipient,
                outside,
                named,
                verdict: Arc::clone(&judged.verdict),
            };
            if explaining {
                let refusals = &judged.draft.label_refusals;
                let (traces, labels) = (&judged.traces, &self.home.labels);
                explanations.push(explain_copy(&copy, traces, refusals, labels, facts.message));
            }
            copies.push(copy);
        }
        let labels_read = bench.look.labels_read();
        let decided = copies.iter().any(|copy| copy.verdict.ambiguous);
        let ambiguities = match decided {
            true => bench.ambiguities(),
            false => Vec::new(),
        };
        (
            Judgement {
                copies,
                notifications: bench.notifications,
                labels_read,
                ambiguities,
            },
            explanations,
        )
    }
}

/// The work on one message.
struct Bench<'a> {
    policy: &'a Policy,
    look: Look<'a>,
    /// The new text, in which earlier markings are looked for.
    letter: OnceCell<Letter<'a>>,
    notifications: Vec<Notification>,
    explaining: bool,
}

/// One recipient and their copy.
struct Seat {
    recipient: Address,
    named: Named,
    judged: Arc<Judged>,
}

/// What came out for recipients that no condition can tell apart.
struct Judged {
    draft: Draft,
    verdict: Arc<Verdict>,
    traces: Vec<RuleTrace>,
}

/// Somebody whose copy is walked through the rules.
#[derive(Clone, Copy)]
struct Walker<'a> {
    recipient: &'a Address,
    side: Where,
    recipients: &'a [Address],
    /// What they read, where that makes a difference.
    language: Option<&'a str>,
    added: bool,
}

impl<'a> Bench<'a> {
    /// The copies of everybody the sender named.
    fn judge_named(&mut self) -> Vec<Seat> {
        let recipients: &'a [Address] = self.look.facts.envelope.recipients.iter().as_slice();
        let policy = self.policy;
        let mut classes: Vec<(Vec<Truth>, Option<&str>, Arc<Judged>)> = Vec::new();
        let mut seats = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let side = self.look.side_of(recipient);
            let language = policy.language_of(recipient, side);
            let walker = Walker {
                recipient,
                side,
                recipients,
                language,
                added: false,
            };
            let sign = match recipients.len() {
                1 => Vec::new(),
                _ => self.sign(walker),
            };
            let same = |(known, reads, _): &&(_, _, _)| *known == sign && *reads == language;
            let judged = match classes.iter().find(same) {
                Some((.., judged)) => Arc::clone(judged),
                None => {
                    let (draft, traces) = self.walk(walker);
                    let judged = Arc::new(self.finish(draft, traces, walker));
                    classes.push((sign, language, Arc::clone(&judged)));
                    judged
                }
            };
            let (recipient, named) = (recipient.clone(), Named::BySender);
            seats.push(Seat {
                recipient,
                named,
                judged,
            });
        }
        seats
    }

    /// Everything that conditions see of a recipient.
    fn sign(&self, walker: Walker<'_>) -> Vec<Truth> {
        let draft = Draft::new(None, None, Vec::new());
        let asker = self.asker(&draft, walker);
        let mut sign = vec![Truth::of(walker.side == Where::Inside)];
        for rule in &self.policy.rules {
            rule.when.sign(&asker, &mut sign);
            rule.unless
                .iter()
                .for_each(|unless| unless.sign(&asker, &mut sign));
        }
        sign
    }

    /// The copies of everybody that rules added or redirected to, each once.
    fn judge_added(&mut self, mut seats: Vec<Seat>) -> Vec<Seat> {
        let mut wanted: Vec<(Add, bool, Arc<Judged>)> = Vec::new();
        for seat in &seats {
            let draft = &seat.judged.draft;
            for add in &draft.adds {
                wanted.push((add.clone(), false, Arc::clone(&seat.judged)));
            }
            for (address, rule) in draft.redirects.iter().filter(|_| draft.is_redirected()) {
                let (address, rule) = (address.clone(), Arc::clone(rule));
                let add = Add {
                    address,
                    role: crate::verdict::Role::Bcc,
                    rule,
                };
                wanted.push((add, true, Arc::clone(&seat.judged)));
            }
        }
        let named = seats.len();
        while let Some((add, redirected, _)) = wanted.first().cloned() {
            let is_same = |other: &Address| *other == add.address;
            let (same, rest): (Vec<_>, Vec<_>) = wanted
                .into_iter()
                .partition(|(other, ..)| is_same(&other.address));
            wanted = rest;
            let has_one = seats[..named]
                .iter()
                .any(|seat| is_same(&seat.recipient) && !seat.judged.draft.is_redirected());
            if has_one {
                continue;
            }
            let judged = self.judge_one_added(&add.address, same.iter().map(|(_, _, by)| by));
            let (rule, role) = (add.rule, add.role);
            let named = match redirected {
                true => Named::RedirectedBy { rule },
                false => Named::AddedBy { rule, role },
            };
            seats.push(Seat {
                recipient: add.address,
                named,
                judged,
            });
        }
        seats
    }

    /// DESIGN: judged by the whole set as if the sender had named them, without adding further;
    /// the stricter of that and each adding verdict holds.
    fn judge_one_added<'j>(
        &mut self,
        recipient: &Address,
        adding: impl Iterator<Item = &'j Arc<Judged>>,
    ) -> Arc<Judged> {
        let side = self.look.side_of(recipient);
        // Answers about "all recipients" differ here: this message is for them alone.
        self.look.forget();
        let recipients = std::slice::from_ref(recipient);
        let language = self.policy.language_of(recipient, side);
        let walker = Walker {
            recipient,
            side,
            recipients,
            language,
            added: true,
        };
        let (mut draft, traces) = self.walk(walker);
        self.look.forget();
        for by in adding {
            draft.no_milder_than(&by.draft, &self.policy.home.labels);
        }
        Arc::new(self.finish(draft, traces, walker))
    }

    fn asker<'b>(&'b self, draft: &'b Draft, walker: Walker<'b>) -> Asker<'b> {
        let Walker {
            recipient,
            side,
            recipients,
            ..
        } = walker;
        Asker {
            look: &self.look,
            draft,
            recipient,
            side,
            recipients,
        }
    }

    /// One copy through all rules.
    fn walk(&mut self, walker: Walker<'_>) -> (Draft, Vec<RuleTrace>) {
        let policy = self.policy;
        let mut draft = self.labelled();
        draft.approval = self.look.facts.approval;
        let mut traces = Vec::new();
        let mut stopped_by: Option<&Rule> = None;
        self.look.asked.take();
        for rule in &policy.rules {
            let trace = match stopped_by {
                Some(stopper) if !self.explaining => {
                    debug_assert!(stopper.stop);
                    break;
                }
                Some(stopper) => Trace::Stopped {
                    by: stopper.name.to_string(),
                },
                None => self.step(rule, &mut draft, walker, &mut stopped_by),
            };
            if self.explaining {
                traces.push(RuleTrace::new(rule, trace));
            }
        }
        self.judge_ambiguity(&mut draft, walker.side);
        (draft, traces)
    }

    /// One rule on one copy.
    fn step<'r>(
        &mut self,
        rule: &'r Rule,
        draft: &mut Draft,
        walker: Walker<'_>,
        stopped_by: &mut Option<&'r Rule>,
    ) -> Trace {
        if !rule.is_awake(self.look.facts.now) {
            return Trace::Asleep;
        }
        let before = self.look.asked.get();
        let asker = self.asker(draft, walker);
        let truth = rule.ask(&asker);
        let asked = self.look.asked.get();
        let trace = match truth {
            _ if !self.explaining => Trace::Unheard,
            Truth::No => why_not(rule, &asker),
            _ => why(rule, &asker),
        };
        // A rule in test mode asks nothing that counts; neither does an explanation.
        let counts = if rule.mode == Mode::Enforce {
            asked
        } else {
            before
        };
        self.look.asked.set(counts);
        if truth == Truth::No {
            return trace;
        }
        let deed = self.fire(rule, truth, draft, walker);
        if rule.mode == Mode::Enforce && rule.stop && truth == Truth::Yes {
            *stopped_by = Some(rule);
        }
        trace.with_effect(deed)
    }

    fn finish(&self, mut draft: Draft, traces: Vec<RuleTrace>, walker: Walker<'_>) -> Judged {
        let side = walker.side;
        self.demand_label(&mut draft);
        let edits = self.effects(&mut draft, walker);
        let attachments = self.label_attachments(&draft);
        let may_forward = |terms: &SealTerms| terms.rights.contains(Right::Forward);
        let verdict = Arc::new(Verdict {
            fate: draft.fate.clone(),
            // DESIGN §7: inside the copy stays clear.
            seal: draft.seal.clone().filter(|_| side != Where::Inside),
            do_not_forward: draft.seal.as_ref().is_some_and(|terms| !may_forward(terms)),
            label: draft.label.clone(),
            label_changes: draft.label_changes.clone(),
            edits,
            attachments,
            receipt: draft.receipt,
            severity: draft.severity,
            because: draft.because.clone(),
            would: draft.would.clone(),
            ambiguous: draft.ambiguous,
        });
        Judged {
            draft,
            verdict,
            traces,
        }
    }
}

impl Rule {
    /// Whether it fires: all of `when`, and nothing of `unless`.
    fn ask(&self, asker: &Asker<'_>) -> Truth {
        let when = self.when.ask(asker);
        match &self.unless {
            Some(unless) if when != Truth::No => when.min(unless.ask(asker).not()),
            _ => when,
        }
    }
}

impl Condition {
    /// Adds the answers that may differ between recipients.
    fn sign(&self, asker: &Asker<'_>, sign: &mut Vec<Truth>) {
        match self {
            Self::All(children) | Self::Any(children) => {
                children
                    .written
                    .iter()
                    .for_each(|child| child.sign(asker, sign));
            }
            Self::Not(child) => child.sign(asker, sign),
            Self::Leaf(leaf) if leaf.test.is_per_recipient() => sign.push(leaf.ask(asker)),
            Self::Leaf(_) => {}
        }
    }
}

impl Draft {
    fn is_redirected(&self) -> bool {
        matches!(self.fate, Fate::Redirect { .. })
    }
}
