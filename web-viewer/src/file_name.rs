//! File names for people and for `Content-Disposition` (RFC 6266, RFC 8187).
//!
//! A name never carries a path, a control or direction character, or a second meaning.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest name we hand out, in characters; the extension is kept.
pub const FILE_NAME_CHARACTERS_MAX: usize = 120;

/// RFC 8187 §3.2.1: attr-char is what may stand unencoded.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Types that a browser may be told. All others, active ones above all, are named
/// `application/octet-stream`.
const PASSIVE_TYPES: &[&str] = &[
    "application/gzip",
    "application/msword",
    "application/pdf",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/zip",
    "audio/mpeg",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/plain",
    "video/mp4",
];

/// The media type that may be sent for a part that claims to be `media_type`.
pub fn passive_type(media_type: &str) -> &'static str {
    PASSIVE_TYPES
        .iter()
        .find(|passive| passive.eq_ignore_ascii_case(media_type))
        .copied()
        .unwrap_or("application/octet-stream")
}

/// A name that is safe to show and to save under; `fallback` when nothing is left of it.
pub fn safe(name: &str, fallback: &str) -> String {
    let visible: String = name.chars().filter(|c| !is_hidden(*c)).collect();
    let last = visible.rsplit(['/', '\\']).next().unwrap_or_default();
    let replaced: String = last
        .chars()
        .map(|c| {
            if matches!(c, '"' | '<' | '>' | ':' | '|' | '?' | '*') {
                '_'
            } else {
                c
            }
        })
        .collect();
    // A leading dot hides a file, a trailing dot or space vanishes on some systems.
    let trimmed = replaced
        .trim()
        .trim_start_matches('.')
        .trim_end_matches(['.', ' '])
        .trim();
    if trimmed.is_empty() {
        fallback.to_owned()
    } else {
        shorten(trimmed)
    }
}

/// Controls, separators, zero-width and direction characters: what makes a name look like another.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= FILE_NAME_CHARACTERS_MAX {
        return name.to_owned();
    }
    let extension = match name.rfind('.') {
        Some(dot) if name[dot..].chars().count() <= 12 => &name[dot..],
        _ => "",
    };
    let kept = FILE_NAME_CHARACTERS_MAX - extension.chars().count();
    name.chars().take(kept).chain(extension.chars()).collect()
}

/// The whole field value: `attachment` with an ASCII name and, where needed, the true one.
///
/// RFC 6266 §4.3 and appendix D: both forms, the plain one first, without `%` or `\`.
pub fn disposition(safe_name: &str) -> String {
    let plain: String = safe_name
        .chars()
        .map(|c| {
            if (c.is_ascii_graphic() || c == ' ') && !"%\\\"".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    if plain == safe_name {
        format!("attachment; filename=\"{plain}\"")
    } else {
        let encoded = utf8_percent_encode(safe_name, ATTR_CHAR);
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_lose_what_deceives() {
        let table = [
            ("plan.pdf", "plan.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.txt", "a.txt"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie_ x=1.txt"),
            ("a\"; filename=\"b.exe", "a_; filename=_b.exe"),
            (".htaccess", "htaccess"),
            ("report.pdf. . ", "report.pdf"),
            ("  ", "file"),
            ("..", "file"),
            ("Übersicht 2026.xlsx", "Übersicht 2026.xlsx"),
        ];
        for (given, expected) in table {
            assert_eq!(safe(given, "file"), expected, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = safe(&format!("{}.docx", "ä".repeat(400)), "file");
        assert_eq!(name.chars().count(), FILE_NAME_CHARACTERS_MAX);
        assert!(name.ends_with("ä.docx"));
    }

    #[test]
    fn dispositions_carry_both_forms() {
        assert_eq!(disposition("plan.pdf"), "attachment; filename=\"plan.pdf\"");
        assert_eq!(
            disposition("Ü 100%.pdf"),
            "attachment; filename=\"_ 100_.pdf\"; filename*=UTF-8''%C3%9C%20100%25.pdf"
        );
    }

    #[test]
    fn active_types_are_never_named() {
        for active in [
            "text/html",
            "image/svg+xml",
            "text/xml",
            "application/xhtml+xml",
            "application/javascript",
            "multipart/x-mixed-replace",
            "text/html; charset=utf-7",
            "message/rfc822",
            "",
        ] {
            assert_eq!(passive_type(active), "application/octet-stream", "{active}");
        }
        assert_eq!(passive_type("Application/PDF"), "application/pdf");
    }

    proptest! {
        #[test]
        fn any_name_makes_one_harmless_field(name in any::<String>()) {
            let name = safe(&name, "file");
            prop_assert!(name.chars().count() <= FILE_NAME_CHARACTERS_MAX);
            prop_assert!(!name.contains(['/', '\\', '\r', '\n', '\0', '"']));
            let field = disposition(&name);
            prop_assert!(field.is_ascii() && !field.bytes().any(|b| b < b' ' || b == 0x7f));
            prop_assert_eq!(field.matches('"').count(), 2);
        }
    }
}
