//! The only station that looks outside the message: into attached documents and the memory of its
//! thread now, into a directory later; and only for what some loaded rule can ask. It decides
//! nothing.

use crate::answer::Stop;
use crate::attachments;
use crate::receive::Arrival;
use crate::site::Site;
use crate::system;
use crate::thread_label;
use documents::State;
use mail::{Enclosed, LabelId, Message, Part, PartPath};
use rules::{DocumentFact, DocumentState, Facts, Needs, TakesLabel};
use std::fmt::Write;

/// The most attached files that are looked into; the rest count as unknown.
pub const DOCUMENTS_MAX: usize = 200;

/// Gathers all that a condition may look at.
pub async fn facts<'m>(
    site: &Site,
    arrival: &'m Arrival,
    message: &'m Message<'m>,
    needs: Needs,
) -> Result<Facts<'m>, Stop> {
    let mut facts = Facts::new(site.now(), arrival.source, &arrival.envelope, message);
    facts.peer = Some(arrival.client.unwrap_or(arrival.peer.ip()));
    facts.authenticated = arrival.authenticated.clone();
    facts.action_id = action_id();
    if needs.thread_label {
        facts.thread_label = thread_label::recall(site, arrival, message).await?;
    }
    facts.host.clone_from(&site.hostname);
    // Most mail has no files; stepping aside for the others costs more than the rest of its way.
    let has_files = !message.attachments().is_empty()
        || !message.other_parts().is_empty()
        || *message.enclosed() != Enclosed::default();
    if needs.documents && has_files {
        let site_id = site.policies.organisation().site_id.as_deref();
        // Unpacking is bounded, but not quick: other sessions go on meanwhile.
        facts.documents = tokio::task::block_in_place(|| read_documents(message, site_id, needs));
    }
    Ok(facts)
}

/// Looks into every attached file, as every reader would take it out.
pub(crate) fn read_documents(
    message: &Message<'_>,
    site_id: Option<&str>,
    needs: Needs,
) -> Vec<DocumentFact> {
    let own = message.attachments().into_iter().map(|part| (part, true));
    let others = message.other_parts().iter().filter(|p| p.is_attachment());
    let mut facts = Vec::new();
    let mut looked = 0;
    for (part, is_own) in own.chain(others.map(|part| (part, false))) {
        let readings = message.readings(part);
        let is_sure = is_own && readings.len() == 1;
        for content in readings {
            looked += 1;
            if looked > DOCUMENTS_MAX {
                facts.push(unknown(&part.path, too_many()));
                continue;
            }
            let Some(fact) = read_document(&part.path, &content, site_id) else {
                continue;
            };
            facts.push(DocumentFact {
                takes_label: match (needs.labelling, is_sure) {
                    (false, _) => not_taking("not-asked"),
                    (true, false) => not_taking("ambiguous"),
                    (true, true) => takes_label(message, part, &content, &fact.labels),
                },
                ..fact
            });
        }
    }
    let enclosed = message.enclosed();
    for file in &enclosed.files {
        looked += 1;
        match looked > DOCUMENTS_MAX {
            true => facts.push(unknown(&file.path, too_many())),
            false => facts.extend(read_document(&file.path, &file.content, site_id)),
        }
    }
    let closed = |path| unknown(path, "unread-enclosure".to_owned());
    facts.extend(enclosed.unread.iter().map(closed));
    facts
}

fn takes_label(
    message: &Message<'_>,
    part: &Part,
    content: &[u8],
    found: &[LabelId],
) -> TakesLabel {
    match attachments::unseen(message, part, content) {
        Err(why) => TakesLabel::No(why),
        Ok(unseen) if unseen.is_empty() => TakesLabel::Yes,
        Ok(unseen) => {
            let seen = found.iter().filter(|id| !unseen.contains(id));
            TakesLabel::Above(seen.cloned().collect())
        }
    }
}

fn not_taking(why: &str) -> TakesLabel {
    TakesLabel::No(why.to_owned())
}

fn too_many() -> String {
    format!("more than {DOCUMENTS_MAX} attached files")
}

fn unknown(path: &PartPath, reason: String) -> DocumentFact {
    DocumentFact {
        path: path.clone(),
        labels: Vec::new(),
        state: DocumentState::Unknown(reason),
        takes_label: not_taking("unread"),
    }
}

/// `None` for a file that can carry no label.
fn read_document(path: &PartPath, content: &[u8], site_id: Option<&str>) -> Option<DocumentFact> {
    let found = documents::read_labels(content);
    let state = match found.state {
        State::NotADocument => return None,
        State::Known => DocumentState::Known,
        State::Unknown(reason) => DocumentState::Unknown(reason.as_str().to_owned()),
    };
    let ours = |label: &&documents::DocumentLabel| {
        let same = |own: &str| {
            // One that names no site is judged by its GUID alone, as in mail.
            label
                .site
                .as_deref()
                .is_none_or(|s| s.eq_ignore_ascii_case(own))
        };
        site_id.is_none_or(same)
    };
    let labels = found
        .in_effect()
        .filter(ours)
        .map(|label| label.id.clone())
        .collect();
    Some(DocumentFact {
        path: path.clone(),
        labels,
        state,
        takes_label: not_taking("enclosed"),
    })
}

/// A random GUID (RFC 9562 §5.4), new for each message whose label may be set.
fn action_id() -> String {
    let mut bytes = system::random::<16>();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut out = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests;
