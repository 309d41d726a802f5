//! Mail that Sealgate writes itself: notices, delivery reports, receipts, notifications,
//! passcodes. Each leaves with a mark by which it is known when it comes round again.
//! None of it carries a word of a sealed message but the subject a notice may keep.

pub mod dsn;
pub mod letter;
pub mod notice;
pub mod origin;

use mail::Address;
use mail_builder::headers::{Header, address::Address as Named, text::Text};
use mail_builder::mime::MimePart;

/// Appends one header field: encoded (RFC 2047) and folded, whatever the value holds.
pub(crate) fn push_header(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    Text::new(without_controls(value)).write_header(out, name.len() + 2);
}

/// Appends a field with one mailbox. Only the name beside it is ever encoded: an address inside
/// an encoded word is none (RFC 2047 §5).
pub(crate) fn push_mailbox(out: &mut Vec<u8>, name: &str, display: &str, address: &Address) {
    let display = without_controls(display);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    Named::new_address(Some(display), address.as_str()).write_header(out, name.len() + 2);
}

fn without_controls(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Appends a field whose value is ours and plain ASCII: dates, addresses in angle brackets, ids.
pub(crate) fn push_plain_header(out: &mut Vec<u8>, name: &str, value: &str) {
    assert!(
        value.bytes().all(|byte| !byte.is_ascii_control()),
        "a control in our own `{name}`"
    );
    out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
}

/// Appends the content fields, the empty line, and the text in a plain and an HTML form.
pub(crate) fn write_bodies(out: &mut Vec<u8>, plain: String, html: String) {
    let parts = vec![
        MimePart::new("text/plain", plain),
        MimePart::new("text/html", html),
    ];
    MimePart::new("multipart/alternative", parts).write_part(out);
}

/// Text as it may stand in HTML, in an attribute too.
pub(crate) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Fills `{{name}}` places in one pass, so that a value cannot itself open a place.
///
/// Values are inserted as they are: the caller escapes. A place without a value stays empty.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 512);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        let value = values
            .iter()
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| *value);
        out.push_str(value);
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_open_a_place() {
        let out = fill("a {{one}} b {{two}}", &[("one", "{{two}}"), ("two", "2")]);
        assert_eq!(out, "a {{two}} b 2");
    }

    #[test]
    fn the_address_beside_any_name_is_found() {
        let address = Address::parse("secure@corp.example").unwrap();
        let long = "Müller, Größe & \"Söhne\" ".repeat(8);
        for name in [
            "Jürgen",
            "Müller GmbH",
            "Corp, <evil@evil.example>",
            "",
            long.trim(),
        ] {
            let mut out = Vec::new();
            push_mailbox(&mut out, "From", name, &address);
            out.extend_from_slice(b"\r\n");
            let found = mail::Message::parse(&out).mailboxes("From");
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].address, "secure@corp.example", "{name}");
            assert_eq!(found[0].name.as_deref().unwrap_or_default(), name);
        }
    }

    #[test]
    fn a_header_value_cannot_open_a_line() {
        let mut out = Vec::new();
        push_header(&mut out, "Subject", "a\r\nBcc: eve@example.org");
        assert_eq!(out.iter().filter(|&&byte| byte == b'\n').count(), 1);
    }
}
