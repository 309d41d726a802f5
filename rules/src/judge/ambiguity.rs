//! What happens to a copy whose verdict asked about content that readers would differ on.

use mail::{Rights, SealTerms};

use super::Bench;
use crate::draft::Draft;
use crate::matching::Where;
use crate::policy::Ambiguous;
use crate::verdict::Fate;

impl Bench<'_> {
    pub(super) fn judge_ambiguity(&self, draft: &mut Draft, side: Where) {
        if !self.rests_on_ambiguity() {
            return;
        }
        let outside = side != Where::Inside;
        let before = (draft.fate.clone(), draft.seal.clone());
        match self.policy.ambiguous {
            Ambiguous::RejectOutside if outside => drop(draft.restrict(reject())),
            Ambiguous::Reject => drop(draft.restrict(reject())),
            Ambiguous::Seal if outside => draft.seal(&encrypt_only()),
            Ambiguous::Hold => drop(draft.restrict(Fate::Hold { reason: reason() })),
            Ambiguous::Defer => drop(draft.restrict(Fate::Defer { text: reason() })),
            Ambiguous::RejectOutside | Ambiguous::Seal | Ambiguous::Pass => {}
        }
        draft.ambiguous = before != (draft.fate.clone(), draft.seal.clone());
    }

    /// Each kind once, with the first part it was found in.
    pub(super) fn ambiguities(&self) -> Vec<mail::Ambiguity> {
        let mut found: Vec<mail::Ambiguity> = Vec::new();
        for one in self.look.message().ambiguities() {
            if !found.iter().any(|known| known.kind == one.kind) {
                found.push(one.clone());
            }
        }
        found
    }

    fn rests_on_ambiguity(&self) -> bool {
        let asked = self.look.asked.get();
        if !asked.header && !asked.parts {
            return false;
        }
        let message = self.look.message();
        // The header is settled without looking for parts.
        let header = message.header_raw().contains(&0) || message.has_unlisted_fields();
        header || (asked.parts && !message.ambiguities().is_empty())
    }
}

fn reason() -> String {
    "mail readers would not agree on what this message says".into()
}

fn reject() -> Fate {
    Fate::Reject {
        code: "5.6.0".into(),
        text: reason(),
    }
}

fn encrypt_only() -> SealTerms {
    SealTerms {
        rights: Rights::ENCRYPT_ONLY,
        expires_after_seconds: None,
        download: true,
        template: None,
    }
}
