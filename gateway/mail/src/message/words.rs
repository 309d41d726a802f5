//! Header text: unfolding, and the encoded words of RFC 2047, read and written.
//!
//! It never lets a control character through in either direction.

use std::borrow::Cow;

use memchr::memmem;

use super::charset::Charset;
use super::transfer::{decode_base64, encode_base64_word};
use crate::work;

/// Bytes of a charset's name inside an encoded word, a language tag included.
const CHARSET_NAME_MAX: usize = 80;

/// A header value as people read it: unfolded, encoded words decoded, controls removed, trimmed.
pub fn decode(value: &[u8]) -> String {
    work::looked_at(value.len());
    let mut reading = Reading::default();
    let mut rest = value;
    // Without an end there is no word; asked once, so that a million openings stay linear.
    let last_end = memmem::rfind(value, b"?=").map_or(0, |at| value.len() - at);
    while let Some(at) = memmem::find(rest, b"=?").filter(|at| rest.len() - at > last_end.max(1)) {
        if last_end == 0 {
            break;
        }
        match encoded_word(&rest[at..]) {
            Some((word, used)) => {
                reading.plain(&rest[..at], true);
                reading.word(word);
                rest = &rest[at + used..];
            }
            None => {
                reading.plain(&rest[..at + 2], false);
                rest = &rest[at + 2..];
            }
        }
    }
    reading.plain(rest, false);
    reading.finish()
}

struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
}

fn encoded_word(input: &[u8]) -> Option<(Word<'_>, usize)> {
    let after = &input[2..];
    let name_end = after
        .iter()
        .take(CHARSET_NAME_MAX)
        .position(|byte| *byte == b'?')?;
    let charset = std::str::from_utf8(&after[..name_end]).ok()?;
    let charset = charset.split('*').next().unwrap_or(charset);
    let (code, rest) = match &after[name_end + 1..] {
        [code, b'?', rest @ ..] => (*code, rest),
        _ => return None,
    };
    let text_end = memmem::find(rest, b"?=")?;
    let bytes = match code {
        b'B' | b'b' => decode_base64(&rest[..text_end]),
        b'Q' | b'q' => decode_q(&rest[..text_end]),
        _ => return None,
    };
    Some((Word { charset, bytes }, 2 + name_end + 3 + text_end + 2))
}

fn decode_q(input: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = input
        .iter()
        .map(|b| if *b == b'_' { b' ' } else { *b })
        .collect();
    super::transfer::decode_quoted_printable(&spaced)
}

/// Gathers plain text and words; words of one charset that follow each other are one text, since
/// some senders cut inside a character.
#[derive(Default)]
struct Reading {
    text: String,
    charset: String,
    pending: Vec<u8>,
    after_word: bool,
}

impl Reading {
    fn plain(&mut self, bytes: &[u8], before_word: bool) {
        let blank = bytes
            .iter()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        // RFC 2047 §6.2: blanks between two words are not shown.
        if bytes.is_empty() || (blank && before_word && self.after_word) {
            return;
        }
        self.flush();
        self.after_word = false;
        self.text.push_str(&Charset::Unknown.decode(bytes));
    }

    fn word(&mut self, word: Word<'_>) {
        if !self.charset.eq_ignore_ascii_case(word.charset) {
            self.flush();
            self.charset = word.charset.to_owned();
        }
        self.pending.extend_from_slice(&word.bytes);
        self.after_word = true;
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            let charset = Charset::parse(Some(&self.charset));
            self.text.push_str(&charset.decode(&self.pending));
            self.pending.clear();
        }
    }

    fn finish(mut self) -> String {
        self.flush();
        without_controls(&self.text)
    }
}

/// Text on one line: line breaks of folding vanish, tabs become spaces, other controls too.
pub fn without_controls(text: &str) -> String {
    let shown = text
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n'))
        .map(|c| match c {
            '\t' => ' ',
            c => c,
        });
    let shown: String = shown.filter(|c| !c.is_control()).collect();
    shown.trim().to_owned()
}

/// Characters of one line of header text we write (RFC 5322 §2.1.1 asks for 78).
const LINE_MAX: usize = 76;
/// RFC 2047 §2: the longest encoded word.
const WORD_MAX: usize = 75;

/// Writes `name: value` as one field, folded and ended by `line_break`. The value is any Unicode:
/// what is not plain ASCII becomes encoded words; CR, LF, NUL and other controls never pass.
pub fn encode_field(name: &str, value: &str, line_break: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + value.len() + 8);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b":");
    out.extend(encode_value(value, name.len() + 1, line_break));
    out.extend_from_slice(line_break);
    out
}

/// The value of a field we write, from the blank after the colon on; `column` is where the colon
/// ends.
pub fn encode_value(value: &str, column: usize, line_break: &[u8]) -> Vec<u8> {
    let value = single_line(value);
    let mut folder = Folder {
        out: Vec::with_capacity(value.len() + 8),
        column,
        line_break,
    };
    let mut words = value.split(' ').peekable();
    while let Some(word) = words.next() {
        if !needs_coding(word) {
            folder.atom(word.as_bytes());
            continue;
        }
        // Neighbours that need coding go into one run, so that the blanks between them survive.
        let mut run = word.to_owned();
        while let Some(next) = words.next_if(|next| needs_coding(next)) {
            run.push(' ');
            run.push_str(next);
        }
        folder.coded(&run);
    }
    folder.out
}

/// Controls become blanks and runs of blanks one, so that what is written reads back the same.
fn single_line(value: &str) -> Cow<'_, str> {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let clean = value.trim() == value && !value.contains("  ") && !value.chars().any(odd);
    if clean {
        return Cow::Borrowed(value);
    }
    let spaced = value
        .chars()
        .map(|c| if odd(c) { ' ' } else { c })
        .collect::<String>();
    Cow::Owned(
        spaced
            .split(' ')
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// A word that is not printable ASCII, that could be read as an encoded word, or that no line can
/// hold.
fn needs_coding(word: &str) -> bool {
    const UNFOLDED_MAX: usize = 900;
    !word.bytes().all(|byte| (33..=126).contains(&byte))
        || word.contains("=?")
        || word.len() > UNFOLDED_MAX
}

struct Folder<'a> {
    out: Vec<u8>,
    column: usize,
    line_break: &'a [u8],
}

impl Folder<'_> {
    fn atom(&mut self, atom: &[u8]) {
        let folds = self.column + 1 + atom.len() > LINE_MAX && !self.out.is_empty();
        if folds && !atom.is_empty() {
            self.out.extend_from_slice(self.line_break);
            self.column = 0;
        }
        self.out.push(b' ');
        self.out.extend_from_slice(atom);
        self.column += 1 + atom.len();
    }

    fn coded(&mut self, run: &str) {
        const OVERHEAD: usize = "=?utf-8?B??=".len();
        const BYTES_MAX: usize = (WORD_MAX - OVERHEAD) / 4 * 3;
        let mut start = 0;
        let mut end = 0;
        for (at, c) in run.char_indices() {
            if at + c.len_utf8() - start > BYTES_MAX {
                self.atom(&encode_word(&run[start..end]));
                start = at;
            }
            end = at + c.len_utf8();
        }
        self.atom(&encode_word(&run[start..end]));
    }
}

fn encode_word(text: &str) -> Vec<u8> {
    format!("=?utf-8?B?{}?=", encode_base64_word(text.as_bytes())).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_real_mail() {
        let read = |text: &str| decode(text.as_bytes());
        assert_eq!(read("=?iso-8859-1?Q?caf=E9_x?= y"), "café x y");
        assert_eq!(read("=?utf-8?B?w6k=?=\r\n =?utf-8?B?w6k=?="), "éé");
        assert_eq!(read("=?utf-8?B?ww==?= =?utf-8?B?qQ==?="), "é");
        assert_eq!(read("=?utf-8*en?q?a?= =?nope"), "a =?nope");
        assert_eq!(read("=?utf-8?q?a=0D=0AX:_b?="), "aX: b");
        assert_eq!(decode(b"caf\xe9"), "café");
    }

    #[test]
    fn a_million_openings_stay_linear() {
        let text = "=?a?q?x ".repeat(1_000_000);
        assert_eq!(decode(text.as_bytes()).len(), text.len() - 1);
        let ended = format!("{text}?=");
        decode(ended.as_bytes());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in "\\PC*|[ -~]{0,200}|(?s).{0,40}") {
            let field = encode_field("X-Name", &value, b"\r\n");
            prop_assert!(field.is_ascii());
            let text = String::from_utf8(field).unwrap();
            let body = text.strip_prefix("X-Name:").unwrap().strip_suffix("\r\n").unwrap();
            for line in body.split("\r\n").skip(1) {
                prop_assert!(line.starts_with(' ') && !line.trim().is_empty());
            }
            prop_assert!(!body.replace("\r\n", "").contains(['\r', '\n', '\0']));
            prop_assert!(text.lines().all(|line| line.len() <= 998));
            let expected = single_line(&value).into_owned();
            prop_assert_eq!(decode(body.as_bytes()), without_controls(&expected));
        }
    }
}
