//! What `held` and `messages` say to programs: one JSON object a line. Names and words stay; new
//! ones may come beside them. It holds what the text for people says, and no content of a message.

use seal::GrantState;
use serde_json::{Value, json};
use store::{GrantSummary, Held, HeldCopy, LetterSummary};

/// One message that waits for approval.
pub(super) fn held(held: &Held) -> Value {
    let (mail, came) = (&held.mail, &held.mail.came);
    let state = match &held.decision {
        None => "waits",
        Some(decision) => decision.verdict.as_str(),
    };
    let decision = held.decision.as_ref().map(|decision| {
        json!({
            "verdict": decision.verdict.as_str(),
            "reason": decision.reason,
            "by": decision.by,
            "at": decision.at.rfc3339(),
            "tries": held.attempts,
            "next_try": held.due.rfc3339(),
        })
    });
    json!({
        "id": held.id.to_string(),
        "state": state,
        "message": mail.message,
        "sender": mail.sender,
        "copies": mail.copies.iter().map(copy).collect::<Vec<_>>(),
        "bytes": mail.size,
        "source": came.source,
        "client": came.client.as_ref().unwrap_or(&came.peer),
        "login": came.authenticated,
        "arrived": mail.arrived.rfc3339(),
        "since": mail.since.rfc3339(),
        "expires": mail.expires.rfc3339(),
        "decision": decision,
    })
}

fn copy(copy: &HeldCopy) -> Value {
    json!({
        "recipient": copy.recipient,
        "reason": copy.reason,
        "rules": copy.rules,
        "added": copy.added,
        "instead_of": copy.instead_of,
    })
}

/// One sealed letter.
pub(super) fn letter(letter: &LetterSummary) -> Value {
    let is_open = |grant: &GrantSummary| matches!(grant.state, GrantState::Active { .. });
    let state = match letter.grants.iter().any(is_open) {
        true => "open",
        false => "ended",
    };
    json!({
        "id": letter.id.to_string(),
        "state": state,
        "sender": letter.sender,
        "readers": letter.grants.iter().map(reader).collect::<Vec<_>>(),
        "bytes": letter.size,
        "created": letter.created.rfc3339(),
        "expires": letter.expires.rfc3339(),
    })
}

fn reader(grant: &GrantSummary) -> Value {
    let (state, at) = match grant.state {
        GrantState::Active { expires } => ("open", expires),
        GrantState::Revoked { at } => ("revoked", at),
        GrantState::Expired { at } => ("expired", at),
    };
    json!({
        "id": grant.grant.to_string(),
        "recipient": grant.recipient,
        "rights": grant.rights.name(),
        "state": state,
        "ends": at.rfc3339(),
        "read": grant.opened.map(|at| at.rfc3339()),
    })
}
