//! The rule language: files become a checked policy, facts become verdicts, verdicts become a plan.
//!
//! Nothing here opens a file or socket, reads a clock or draws randomness. Once a policy is loaded,
//! deciding cannot fail.

mod diagnostic;
mod facts;
mod plan;
mod policy;
mod verdict;

pub use diagnostic::{Diagnostic, Grade};
pub use facts::{DocumentFact, DocumentState, Facts, Source};
pub use plan::{Capabilities, Carrier, Each, Group, Plan, Refused, plan};
pub use policy::{Ambiguous, Loaded, Needs, Organisation, Policy, RuleFile, load};
pub use verdict::{
    Copy, Fate, Judgement, LabelChange, Named, Notification, Role, Severity, Verdict,
};
