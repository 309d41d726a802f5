//! Transfer encodings of bodies: read as tolerant readers read them, written strictly.
//!
//! It never fails on odd input: what is no code is passed over or kept as it stands.

use memchr::memchr;

use crate::work;

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

const SKIP: u8 = 0xff;
const PAD: u8 = 0xfe;

const BASE64_VALUES: [u8; 256] = {
    let alphabet = BASE64_ALPHABET;
    let mut table = [SKIP; 256];
    let mut at = 0;
    while at < alphabet.len() {
        table[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    table[b'=' as usize] = PAD;
    table
};

const BASE64_ALPHABET: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Decodes base64: bytes outside the alphabet are passed over (RFC 2045 §6.8), padding ends a
/// quantum and not the data.
pub fn decode_base64(input: &[u8]) -> Vec<u8> {
    work::looked_at(input.len());
    let mut out = Vec::with_capacity(input.len() / 4 * 3 + 3);
    let mut base64 = Base64::default();
    base64.push(input, &mut out);
    base64.finish(&mut out);
    out
}

/// How long a footer is at most that was appended to base64 without being encoded.
pub(crate) const FOOTER_BYTES_MAX: usize = 4096;

/// Where plain text begins that was appended to the whole, well-formed code of a body, as mailing
/// lists do: from the first line that is no code, if no further line is code of some length.
pub(crate) fn footer(body: &[u8]) -> Option<usize> {
    const CODE_BYTES_MAX: usize = 32;
    let is_code = |line: &[u8]| {
        let mut bytes = line.trim_ascii_end().iter();
        bytes.all(|byte| BASE64_VALUES[usize::from(*byte)] != SKIP)
    };
    let (mut at, mut signs, mut padded) = (0, 0, false);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let line_code = line.trim_ascii_end();
        if is_code(line) {
            // Code that goes on after padding is another matter.
            if padded && !line_code.is_empty() {
                return None;
            }
            padded |= line_code.ends_with(b"=");
            signs += line_code.len();
            at += line.len();
            continue;
        }
        let rest = &body[at..];
        let mut lines = rest.split(|byte| *byte == b'\n');
        let hides_code = |line: &[u8]| is_code(line) && line.trim_ascii().len() > CODE_BYTES_MAX;
        let is_footer = signs > 0 && signs % 4 == 0 && rest.len() <= FOOTER_BYTES_MAX;
        return (is_footer && !lines.any(hides_code)).then_some(at);
    }
    None
}

/// Where the first byte stands that is no code of base64, nor a blank of its lines.
pub(crate) fn first_stray(body: &[u8]) -> Option<usize> {
    let is_code = |byte: u8| BASE64_VALUES[usize::from(byte)] != SKIP;
    body.iter()
        .position(|&byte| !is_code(byte) && !matches!(byte, b'\r' | b'\n' | b' ' | b'\t'))
}

/// Bytes that strict decoders of base64 refuse: outside the alphabet, or data after padding.
pub(crate) fn is_doubtful(body: &[u8]) -> bool {
    let is_data = |byte: &u8| BASE64_VALUES[usize::from(*byte)] < PAD;
    let padding = memchr(b'=', body);
    first_stray(body).is_some() || padding.is_some_and(|at| body[at..].iter().any(is_data))
}

/// Base64 on its way: the quantum that is not whole yet.
#[derive(Debug, Default)]
pub(crate) struct Base64 {
    bits: u32,
    held: u32,
    /// How many bytes were read since the last whole quantum.
    undecided: u64,
}

impl Base64 {
    /// Takes the next piece and appends the quanta that it completes.
    pub(crate) fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let mut at = 0;
        while at < input.len() {
            if self.held == 0 {
                at += decode_whole_quanta(&input[at..], out);
                if at >= input.len() {
                    break;
                }
            }
            match BASE64_VALUES[input[at] as usize] {
                SKIP => {}
                PAD => {
                    flush_quantum(out, self.bits, self.held);
                    (self.bits, self.held) = (0, 0);
                }
                value => {
                    self.bits = self.bits << 6 | u32::from(value);
                    self.held += 1;
                    if self.held == 4 {
                        out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
                        (self.bits, self.held) = (0, 0);
                    }
                }
            }
            at += 1;
            self.undecided = if self.held == 0 {
                0
            } else {
                self.undecided + 1
            };
        }
    }

    /// Appends what an unfinished quantum stands for.
    pub(crate) fn finish(self, out: &mut Vec<u8>) {
        flush_quantum(out, self.bits, self.held);
    }

    /// How many of the bytes read belong to an unfinished quantum.
    pub(crate) fn undecided(&self) -> u64 {
        self.undecided
    }
}

/// Decodes whole quanta up to the first byte that is no code; returns how many bytes it read.
fn decode_whole_quanta(input: &[u8], out: &mut Vec<u8>) -> usize {
    const QUANTA: usize = 32;
    let mut used = 0;
    loop {
        let mut block = [0; QUANTA * 3];
        let mut filled = 0;
        for four in input[used..].chunks_exact(4).take(QUANTA) {
            let value = |at: usize| u32::from(BASE64_VALUES[four[at] as usize]);
            let (a, b, c, d) = (value(0), value(1), value(2), value(3));
            if (a | b | c | d) & 0xc0 != 0 {
                break;
            }
            let bits = a << 18 | b << 12 | c << 6 | d;
            block[filled..filled + 3].copy_from_slice(&bits.to_be_bytes()[1..]);
            filled += 3;
        }
        out.extend_from_slice(&block[..filled]);
        used += filled / 3 * 4;
        if filled < block.len() {
            return used;
        }
    }
}

fn flush_quantum(out: &mut Vec<u8>, bits: u32, held: u32) {
    match held {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => {}
    }
}

/// Characters on one line of base64 (RFC 2045 §6.8).
const BASE64_LINE: usize = 76;

/// Encodes as base64 in lines of 76 characters, each ended by `line_break`.
pub fn encode_base64(input: &[u8], line_break: &[u8]) -> Vec<u8> {
    let lines = input.len() / (BASE64_LINE / 4 * 3) + 1;
    let mut out = Vec::with_capacity(input.len() / 3 * 4 + 4 + lines * line_break.len());
    for line in input.chunks(BASE64_LINE / 4 * 3) {
        let mut block = [0; BASE64_LINE];
        let mut filled = 0;
        let mut quanta = line.chunks_exact(3);
        for (three, four) in (&mut quanta).zip(block.chunks_exact_mut(4)) {
            let bits =
                usize::from(three[0]) << 16 | usize::from(three[1]) << 8 | usize::from(three[2]);
            four[..2].copy_from_slice(&BASE64_PAIRS[bits >> 12]);
            four[2..].copy_from_slice(&BASE64_PAIRS[bits & 0xfff]);
            filled += 4;
        }
        out.extend_from_slice(&block[..filled]);
        encode_quantum(quanta.remainder(), &mut out);
        out.extend_from_slice(line_break);
    }
    out
}

/// Two characters for every twelve bits: half the look-ups of one for every six.
static BASE64_PAIRS: [[u8; 2]; 4096] = {
    let mut pairs = [[0; 2]; 4096];
    let mut bits = 0;
    while bits < pairs.len() {
        pairs[bits] = [BASE64_ALPHABET[bits >> 6], BASE64_ALPHABET[bits & 63]];
        bits += 1;
    }
    pairs
};

/// Encodes one to three bytes as four characters, and nothing as nothing.
pub(crate) fn encode_quantum(three: &[u8], out: &mut Vec<u8>) {
    if !three.is_empty() {
        out.extend_from_slice(&quantum(three));
    }
}

fn quantum(three: &[u8]) -> [u8; 4] {
    let byte = |at: usize| three.get(at).copied().map_or(0, usize::from);
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    let character = |shift: usize| BASE64_ALPHABET[bits >> shift & 63];
    let pad = |needed: usize, shift: usize| match three.len() >= needed {
        true => character(shift),
        false => b'=',
    };
    [character(18), character(12), pad(2, 6), pad(3, 0)]
}

/// Decodes quoted-printable; a `=` that introduces nothing stands for itself.
pub fn decode_quoted_printable(input: &[u8]) -> Vec<u8> {
    work::looked_at(input.len());
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = memchr(b'=', rest) {
        out.extend_from_slice(&rest[..at]);
        let (byte, used) = quoted_token(&rest[at..]);
        out.extend(byte);
        rest = &rest[at + used..];
    }
    out.extend_from_slice(rest);
    out
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

/// `= 41`, which some decoders take for `=41`.
pub(crate) fn has_blank_in_code(body: &[u8]) -> bool {
    memchr::memchr_iter(b'=', body).any(|at| {
        let rest = &body[at + 1..];
        let blanks = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let code = rest[blanks..].get(..2);
        blanks > 0 && code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    })
}

/// `=` that introduces nothing, as in a text that was not coded at all.
pub(crate) fn has_broken_code(body: &[u8]) -> bool {
    memchr::memchr_iter(b'=', body).any(|at| quoted_token(&body[at..]) == (Some(b'='), 1))
}

/// Characters on one line of quoted-printable, a soft break's `=` included (RFC 2045 §6.7).
const QUOTED_LINE: usize = 76;

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
    fn base64_as_tolerant_readers_read_it() {
        assert_eq!(decode_base64(b"aGVs\r\nbG8="), b"hello");
        assert_eq!(decode_base64(b"aGV*s!bG8"), b"hello");
        assert_eq!(decode_base64(b"aGVsbG8=aGVsbG8="), b"hellohello");
        assert_eq!(decode_base64(b"===="), b"");
    }

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
