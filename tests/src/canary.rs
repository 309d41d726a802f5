//! Words that must not turn up: each is looked for in every form in which mail or a program would
//! write it down. It finds text, and proves nothing of what is encrypted.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::corpus::files;

/// A word and the forms it may take.
pub struct Canary {
    word: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// A canary for `word`, at least twelve bytes long so that no form is found by chance.
    pub fn new(word: &str) -> Self {
        assert!(word.len() >= 12, "a short canary is found anywhere");
        let mut forms = vec![
            ("raw", word.as_bytes().to_vec()),
            ("reversed", word.bytes().rev().collect()),
            ("quoted-printable", quoted_printable(word)),
            ("percent", percent(word)),
            ("html", word.replace('&', "&amp;").into_bytes()),
            (
                "utf-16",
                word.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            ),
            (
                "hexadecimal",
                word.bytes()
                    .flat_map(|b| format!("{b:02x}").into_bytes())
                    .collect(),
            ),
            ("escaped", word.escape_default().to_string().into_bytes()),
        ];
        for shift in 0..3 {
            forms.push(("base64", aligned(&STANDARD.encode(pad(word, shift)), shift)));
            forms.push((
                "base64url",
                aligned(&URL_SAFE_NO_PAD.encode(pad(word, shift)), shift),
            ));
        }
        Self {
            word: word.to_owned(),
            forms,
        }
    }

    /// The word itself.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The forms in which it stands in `bytes`, soft line breaks and base64 line ends ignored.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        let joined = without_breaks(bytes);
        let stands = |form: &[u8]| contains(bytes, form) || contains(&joined, form);
        self.forms
            .iter()
            .filter(|(_, form)| stands(form))
            .map(|(name, _)| *name)
            .collect()
    }

    /// Each file below `folder` that holds it, with the forms found.
    pub fn found_below(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for path in files(folder) {
            let forms = self.found_in(&fs::read(&path).unwrap_or_default());
            if !forms.is_empty() {
                found.push(format!("{}: {} as {forms:?}", path.display(), self.word));
            }
        }
        found
    }
}

/// `word` after `shift` other bytes, so that base64 groups it differently.
fn pad(word: &str, shift: usize) -> Vec<u8> {
    [&b"..."[..shift], word.as_bytes()].concat()
}

/// The middle of an encoded word, which stays the same whatever stands around it.
fn aligned(encoded: &str, shift: usize) -> Vec<u8> {
    let first = if shift == 0 { 0 } else { 4 };
    let middle = encoded.trim_end_matches('=');
    middle.as_bytes()[first..middle.len() - middle.len() % 4 - 4].to_vec()
}

fn quoted_printable(word: &str) -> Vec<u8> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'=' || byte == b' ';
    let form = |byte| {
        if plain(byte) {
            vec![byte]
        } else {
            format!("={byte:02X}").into_bytes()
        }
    };
    word.bytes().flat_map(form).collect()
}

fn percent(word: &str) -> Vec<u8> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let form = |byte| {
        if plain(byte) {
            vec![byte]
        } else {
            format!("%{byte:02X}").into_bytes()
        }
    };
    word.bytes().flat_map(form).collect()
}

/// The text with `=CRLF` and line ends taken out.
fn without_breaks(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'=', b'\r', b'\n', ..] => at += 3,
            [b'\r' | b'\n', ..] => at += 1,
            [other, ..] => {
                out.push(*other);
                at += 1;
            }
            [] => {}
        }
    }
    out
}

/// Whether `needle` stands in `bytes`.
pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(bytes, needle).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found() {
        let canary = Canary::new("kanarienvögel & söhne");
        let word = canary.word().as_bytes();
        for before in ["", "a", "ab", "abc"] {
            let whole = [before.as_bytes(), word, b" after"].concat();
            let encoded = STANDARD.encode(&whole);
            let folded: Vec<u8> = encoded
                .as_bytes()
                .chunks(10)
                .flat_map(|c| [c, b"\r\n"].concat())
                .collect();
            assert!(
                canary.found_in(&folded).contains(&"base64"),
                "after `{before}`"
            );
            assert!(canary.found_in(&whole).contains(&"raw"));
        }
        assert_eq!(
            canary.found_in(b"kanarienv=C3=B6gel & s=\r\n=C3=B6hne"),
            ["quoted-printable"]
        );
        assert!(canary.found_in(b"kanarienvogel").is_empty());
    }
}
