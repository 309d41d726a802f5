//! Mail that Sealgate writes itself: notices, delivery reports, receipts, notifications,
//! passcodes. Each leaves with a mark by which it is known when it comes round again.
//! None of it carries a word of a sealed message but the subject a notice may keep.

pub mod dsn;
pub mod letter;
pub mod notice;
pub mod origin;

use mail_builder::headers::{Header, text::Text};
use mail_builder::mime::MimePart;

/// Appends one header field: encoded (RFC 2047) and folded, whatever the value holds.
pub(crate) fn push_header(out: &mut Vec<u8>, name: &str, value: &str) {
    let clean: String = value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    Text::new(clean).write_header(out, name.len() + 2);
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
    fn a_header_value_cannot_open_a_line() {
        let mut out = Vec::new();
        push_header(&mut out, "Subject", "a\r\nBcc: eve@example.org");
        assert_eq!(out.iter().filter(|&&byte| byte == b'\n').count(), 1);
    }
}
