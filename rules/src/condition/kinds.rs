//! What a message is by its form, and what is attached to it.

use mail::{Message, Part, Sender};

use super::{MessageType, Truth};
use crate::look::Look;

/// Whether the message is one of these kinds.
pub(crate) fn message_type(look: &Look<'_>, kinds: &[MessageType]) -> Truth {
    Truth::of(kinds.iter().any(|kind| is(look, *kind)))
}

fn is(look: &Look<'_>, kind: MessageType) -> bool {
    let message = look.message();
    let parts = message.parts();
    match kind {
        MessageType::DeliveryReport => {
            look.facts.envelope.sender == Sender::Null && is_delivery_report(message)
        }
        MessageType::ReadReceipt => is_report(message.root(), "disposition-notification"),
        MessageType::AutoReply => look.header("Auto-Submitted").iter().any(|value| {
            // RFC 3834 §5: the keyword, then perhaps parameters or a comment.
            let end = value.find([';', '(']).unwrap_or(value.len());
            value[..end].trim().eq_ignore_ascii_case("auto-replied")
        }),
        MessageType::Calendar => parts.iter().any(|part| part.media_type == "text/calendar"),
        MessageType::Signed => parts.iter().any(|part| part.shield.may_be_signed()),
        MessageType::Encrypted => {
            parts.iter().any(|part| part.shield.may_be_encrypted()) || is_inline_pgp(look)
        }
        MessageType::MailingList => message.field("List-Id").is_some(),
    }
}

fn is_inline_pgp(look: &Look<'_>) -> bool {
    let armour = |text: &String| {
        text.lines()
            .any(|line| line.trim_end() == "-----BEGIN PGP MESSAGE-----")
    };
    look.bodies().texts.iter().any(armour)
}

fn is_report(root: &Part, report_type: &str) -> bool {
    root.media_type == "multipart/report"
        && root
            .parameter("report-type")
            .is_some_and(|is| is.eq_ignore_ascii_case(report_type))
}

/// RFC 6522: a text for people, the report, and of the original at most its header. Anything
/// more could carry content past the rules.
fn is_delivery_report(message: &Message<'_>) -> bool {
    let root = message.root();
    let children: Vec<&Part> = message.children(root).collect();
    let (explanation, report, original) = match children[..] {
        [explanation, report] => (explanation, report, None),
        [explanation, report, original] => (explanation, report, Some(original)),
        _ => return false,
    };
    is_report(root, "delivery-status")
        && explanation.is_body()
        && matches!(
            report.media_type.as_str(),
            "message/delivery-status" | "message/global-delivery-status"
        )
        && original.is_none_or(|part| is_header_only(message, part))
}

fn is_header_only(message: &Message<'_>, part: &Part) -> bool {
    match part.media_type.as_str() {
        "text/rfc822-headers" | "message/global-headers" => true,
        "message/rfc822" | "message/global" => {
            let inside = message.children(part).next();
            inside.is_some_and(|root| message.body_raw(root).trim_ascii().is_empty())
        }
        _ => false,
    }
}

/// Whether something attached declares one of these types; `image/*` is every image.
pub(super) fn attachment_type(look: &Look<'_>, types: &[String]) -> bool {
    let is = |declared: &str, wanted: &str| match wanted.strip_suffix('*') {
        Some(family) => declared.starts_with(family),
        None => declared == wanted,
    };
    look.attachments()
        .any(|one| types.iter().any(|wanted| is(one.media_type(), wanted)))
}

/// Whether one thing attached is larger, once decoded, than so many bytes.
pub(super) fn attachment_over(look: &Look<'_>, size: u64) -> bool {
    let message = look.message();
    look.attachments().any(|one| one.is_over(message, size))
}

/// Whether a text part declares one of these character sets.
pub(super) fn charset(look: &Look<'_>, names: &[String]) -> Truth {
    let message = look.message();
    let parts = message.parts().iter().chain(message.other_parts());
    let mut declared = parts.flat_map(|part| part.charsets()).map(str::trim);
    Truth::of(declared.any(|charset| names.contains(&charset.to_ascii_lowercase())))
}
