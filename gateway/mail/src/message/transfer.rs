//! Transfer encodings of bodies: read as tolerant readers read them, written strictly.
//!
//! It never fails on odd input: what is no code is passed over or kept as it stands.

use memchr::memchr;

use crate::work;

mod base64;

pub(crate) use self::base64::{
    Base64, decode_plain_base64, encode_base64_word, first_stray, footer, has_odd_length,
    is_doubtful,
};
pub use self::base64::{decode_base64, encode_base64};

/// RFC 2045 §6: how a body was made fit for the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferEncoding {
    /// `7bit`, or nothing said.
    SevenBit,
    /// `8bit`.
    EightBit,
    /// `binary`.
    Binary,
    /// `quoted-printable`.
    QuotedPrintable,
    /// `base64`.
    Base64,
    /// Some other word.
    Unknown,
}

impl TransferEncoding {
    /// Reads the mechanism out of a field value; comments and blanks around it do not matter.
    pub fn parse(value: &str) -> Self {
        let word = super::parameters::first_word(value);
        match word.to_ascii_lowercase().as_str() {
            "" | "7bit" | "7-bit" => Self::SevenBit,
            "8bit" | "8-bit" => Self::EightBit,
            "binary" => Self::Binary,
            "quoted-printable" => Self::QuotedPrintable,
            "base64" => Self::Base64,
            _ => Self::Unknown,
        }
    }

    /// Whether the body stands as it is.
    pub fn is_identity(self) -> bool {
        !matches!(self, Self::QuotedPrintable | Self::Base64)
    }
}

/// Decodes quoted-printable; a `=` that introduces nothing stands for itself.
pub fn decode_quoted_printable(input: &[u8]) -> Vec<u8> {
    work::looked_at(input.len());
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = next_code(rest) {
        out.extend_from_slice(&rest[..at]);
        let (byte, used) = quoted_token(&rest[at..]);
        out.extend(byte);
        rest = &rest[at + used..];
    }
    out.extend_from_slice(rest);
    out
}

/// Where the next `=` stands; it often follows another at once.
fn next_code(rest: &[u8]) -> Option<usize> {
    match rest.first() {
        Some(b'=') => Some(0),
        _ => memchr(b'=', rest),
    }
}

/// Decodes quoted-printable up to the first `=` whose meaning depends on bytes that are not there
/// yet; returns how many bytes it read.
pub(crate) fn decode_settled_quoted(input: &[u8], out: &mut Vec<u8>) -> usize {
    let mut at = 0;
    while let Some(next) = memchr(b'=', &input[at..]) {
        out.extend_from_slice(&input[at..at + next]);
        at += next;
        if !is_settled(&input[at..]) {
            return at;
        }
        let (byte, used) = quoted_token(&input[at..]);
        out.extend(byte);
        at += used;
    }
    out.extend_from_slice(&input[at..]);
    input.len()
}

/// Whether what follows cannot change what the `=` that `input` begins with stands for.
fn is_settled(input: &[u8]) -> bool {
    match &input[1..] {
        [] => false,
        [one] if one.is_ascii_hexdigit() => false,
        rest => {
            let mut visible = rest.iter().skip_while(|byte| matches!(byte, b' ' | b'\t'));
            match visible.next() {
                None => false,
                Some(b'\r') => visible.next().is_some(),
                Some(_) => true,
            }
        }
    }
}

/// What the `=` that `input` begins with stands for: a byte or a soft line break (nothing), and
/// how many bytes it takes.
pub(crate) fn quoted_token(input: &[u8]) -> (Option<u8>, usize) {
    let introduces =
        |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    if !input.get(1).is_none_or(introduces) {
        return (Some(b'='), 1);
    }
    let hex = |at: usize| input.get(at).and_then(|&byte| (byte as char).to_digit(16));
    if let (Some(high), Some(low)) = (hex(1), hex(2)) {
        return (Some((high << 4 | low) as u8), 3);
    }
    let blanks = input[1..]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    match &input[1 + blanks..] {
        [b'\r', b'\n', ..] => (None, blanks + 3),
        [b'\n', ..] => (None, blanks + 2),
        [] => (None, blanks + 1),
        _ => (Some(b'='), 1),
    }
}

/// Whether blanks follow a `=` that some decoders pass over: those of `= 41`, and a form feed.
pub(crate) fn has_blank_in_code(body: &[u8]) -> bool {
    memchr::memchr_iter(b'=', body).any(|at| {
        let rest = &body[at + 1..];
        let blanks = rest.iter().take_while(|byte| is_code_blank(**byte)).count();
        let code = rest[blanks..].get(..2);
        let is_code = code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit));
        blanks > 0 && is_code || rest[..blanks].contains(&b'\x0c')
    })
}

/// What some decoders pass over between a `=` and its code.
pub(crate) fn is_code_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

/// A CR that no LF follows.
pub(crate) fn has_bare_cr(body: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', body).any(|at| body.get(at + 1).is_some_and(|&next| next != b'\n'))
}

/// `=` that introduces nothing, as in a text that was not coded at all.
pub(crate) fn has_broken_code(body: &[u8]) -> bool {
    memchr::memchr_iter(b'=', body).any(|at| quoted_token(&body[at..]) == (Some(b'='), 1))
}

/// Characters on one line of quoted-printable, a soft break's `=` included (RFC 2045 §6.7).
pub(crate) const QUOTED_LINE: usize = 76;

/// Encodes text as quoted-printable. `LF` and `CRLF` of the text become `line_break`, every other
/// control is coded.
pub fn encode_quoted_printable(text: &[u8], line_break: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    let mut column = 0;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        let ends_line = matches!(&text[at..], [b'\n', ..] | [b'\r', b'\n', ..]);
        if ends_line {
            at += if byte == b'\r' { 2 } else { 1 };
            out.extend_from_slice(line_break);
            column = 0;
            continue;
        }
        let last_on_line = matches!(&text[at + 1..], [] | [b'\n', ..] | [b'\r', b'\n', ..]);
        let literal = match byte {
            b' ' | b'\t' => !last_on_line,
            // A dot or an F that begins a line is what relays and mbox files change.
            b'.' | b'F' => column != 0,
            b'=' => false,
            33..=126 => true,
            _ => false,
        };
        let width = if literal { 1 } else { 3 };
        if column + width > QUOTED_LINE - usize::from(!last_on_line) {
            out.push(b'=');
            out.extend_from_slice(line_break);
            column = 0;
            continue;
        }
        if literal {
            out.push(byte);
        } else {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            out.extend_from_slice(&[b'=', high, low]);
        }
        column += width;
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quoted_printable_as_tolerant_readers_read_it() {
        assert_eq!(
            decode_quoted_printable(b"a=3Db=\r\nc= \t\nd=e=3"),
            b"a=bcd=e=3"
        );
        assert_eq!(decode_quoted_printable(b"end="), b"end");
    }

    #[test]
    fn names_of_encodings() {
        assert_eq!(
            TransferEncoding::parse("BASE64 (comment)"),
            TransferEncoding::Base64
        );
        assert_eq!(
            TransferEncoding::parse("(c) Quoted-Printable"),
            TransferEncoding::QuotedPrintable
        );
        assert_eq!(
            TransferEncoding::parse("x-uuencode"),
            TransferEncoding::Unknown
        );
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_again(bytes: Vec<u8>) {
            prop_assert_eq!(&decode_base64(&encode_base64(&bytes, b"\r\n")), &bytes);
            let text: Vec<u8> = bytes.iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect();
            let coded = encode_quoted_printable(&text, b"\r\n");
            prop_assert_eq!(&decode_quoted_printable(&coded), &text);
            prop_assert!(coded.split(|b| *b == b'\n').all(|line| line.len() <= QUOTED_LINE + 1));
            prop_assert!(coded.is_ascii());
        }
    }
}
