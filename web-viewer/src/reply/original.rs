//! What a reply takes from its original: whom it answers, its thread, its subject, its label.

use mail::Message;

use crate::people::{Reach, Recipients, name_of, recipients};
use crate::visible::visible;

/// What of the original a reply needs.
pub(super) struct Original {
    pub recipients: Recipients,
    pub author_name: Option<String>,
    pub subject: String,
    pub message_id: Option<String>,
    pub references: Vec<String>,
    pub label_fields: Vec<(String, String)>,
}

/// The fields in which labels travel; a reply keeps those of its original.
const LABEL_FIELDS: [&str; 3] = ["msip_labels", "X-Protective-Marking", "Sensitivity"];

impl Original {
    pub fn of(
        message: &Message<'_>,
        sender: &str,
        reader: &str,
        domains: &[String],
        reach: Reach,
    ) -> Self {
        let message_id = message.message_id();
        let mut references = message.thread_ids();
        references.retain(|id| Some(id) != message_id.as_ref());
        references.extend(message_id.clone());
        let label_fields = LABEL_FIELDS.iter().filter_map(|name| {
            let field = message.field(name)?;
            Some((
                (*name).to_owned(),
                message.field_text(field).trim().to_owned(),
            ))
        });
        Self {
            recipients: recipients(message, sender, reader, domains, reach),
            author_name: name_of(message, reader),
            subject: reply_subject(&visible(&message.subject().unwrap_or_default())),
            message_id,
            references,
            label_fields: label_fields.collect(),
        }
    }
}

/// RFC 5322 §3.6.5: one "Re: ", not one more for each reply.
fn reply_subject(subject: &str) -> String {
    let subject = subject.trim();
    let has_it = subject
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if has_it {
        subject.to_owned()
    } else {
        format!("Re: {subject}")
    }
}

/// Whether anybody of the organisation could be answered.
pub(crate) fn has_recipient(message: &Message<'_>, sender: &str, domains: &[String]) -> bool {
    !recipients(message, sender, "", domains, Reach::Sender)
        .to
        .is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_gets_one_re() {
        assert_eq!(reply_subject("Plan"), "Re: Plan");
        assert_eq!(reply_subject("RE: Plan"), "RE: Plan");
        assert_eq!(reply_subject("  "), "Re: ");
    }
}
