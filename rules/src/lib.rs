//! The rule language: files become a checked policy, facts become verdicts, verdicts become a plan.
//!
//! Nothing here opens a file or socket, reads a clock or draws randomness. Once a policy is loaded,
//! deciding cannot fail.

mod action;
pub mod cases;
mod compile;
mod condition;
mod diagnostic;
mod draft;
mod explain;
mod facts;
mod judge;
mod look;
mod manual;
mod matching;
mod people;
mod plan;
mod policy;
mod read;
mod setting;
mod shipped;
pub mod units;
mod verdict;
mod words;

pub use compile::load;
pub use diagnostic::{Diagnostic, Grade};
pub use explain::{
    AttachmentStep, BytesExplanation, BytesState, CopyExplanation, Effect, Explanation,
    ForeignExplanation, LabelRefused, LabelStep, LabelsExplanation, RuleTrace, SealExplanation,
    StatementExplanation, Trace,
};
pub use facts::{Approval, DocumentFact, DocumentState, Facts, Source, TakesLabel};
pub use manual::{manual, schema};
pub use plan::{Capabilities, Carrier, Each, Group, Plan, Refused, plan};
pub use policy::{Ambiguous, Loaded, Needs, Organisation, Policy, RuleFile};
pub use shipped::shipped;
pub use verdict::{
    AttachmentLabel, Copy, Fate, Judgement, Named, Notification, Role, Severity, Verdict,
};
