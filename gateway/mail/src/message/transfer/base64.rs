//! Base64: read as tolerant readers read it, written strictly.
//!
//! It never fails on odd input: what is no code is passed over. What is as it should be goes many
//! bytes at a time, the rest byte by byte.

use std::sync::LazyLock;

use ::base64::Engine;
use ::base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use memchr::memchr;

use crate::work;

/// Its decoder takes whole quanta only, without padding; its encoder pads.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<::base64::engine::Simd> =
    LazyLock::new(|| ::base64::engine::Simd::standard(CONFIG));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static ENGINE: LazyLock<::base64::engine::GeneralPurpose> =
    LazyLock::new(|| ::base64::engine::GeneralPurpose::new(&::base64::alphabet::STANDARD, CONFIG));
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(true)
    .with_decode_padding_mode(DecodePaddingMode::RequireNone);

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

/// What base64 holds that every decoder reads alike: code and line breaks alone, and padding at
/// its end only. `None` for all other.
pub(crate) fn decode_plain_base64(body: &[u8]) -> Option<Vec<u8>> {
    const PADDING_MAX: usize = 2;
    work::looked_at(body.len());
    let body = body.trim_ascii_end();
    let pads = body.iter().rev().take_while(|byte| **byte == b'=').count();
    let mut rest = &body[..body.len() - pads];
    let mut out = Vec::with_capacity(rest.len() / 4 * 3 + 3);
    let mut packed = Vec::new();
    loop {
        match decode_piece(first_piece(rest), &mut packed, &mut out)? {
            0 => break,
            used => rest = &rest[used..],
        }
    }
    let mut last = Base64::default();
    last.push(rest, &mut out);
    last.finish(&mut out);
    // Fewer than four signs are left, of which none was looked at yet; one alone is no code.
    let is_code = is_code(&packed) && !packed.contains(&b'=') && packed.len() != 1;
    (pads <= PADDING_MAX && is_code).then_some(out)
}

/// How long a footer is at most that was appended to base64 without being encoded.
const FOOTER_BYTES_MAX: usize = 4096;

/// Where plain text begins that was appended to the whole, well-formed code of a body, as mailing
/// lists do: from the first line that is no code, if no further line is code of some length.
pub(crate) fn footer(body: &[u8]) -> Option<usize> {
    const CODE_BYTES_MAX: usize = 32;
    let (mut at, mut signs, mut padded) = (0, 0, false);
    for line in lines(body) {
        let code = line.trim_ascii_end();
        if is_code(code) {
            // Code that goes on after padding is another matter.
            if padded && !code.is_empty() {
                return None;
            }
            padded |= code.ends_with(b"=");
            signs += code.len();
            at += line.len();
            continue;
        }
        let rest = &body[at..];
        let hides_code = |line: &[u8]| {
            is_code(line.trim_ascii_end()) && line.trim_ascii().len() > CODE_BYTES_MAX
        };
        let is_footer = signs > 0 && signs % 4 == 0 && rest.len() <= FOOTER_BYTES_MAX;
        return (is_footer && !lines(rest).any(hides_code)).then_some(at);
    }
    None
}

/// The lines of a body, each with its line break.
fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, later) = rest.split_at(end);
        rest = later;
        (!line.is_empty()).then_some(line)
    })
}

/// Whether all of it is code or padding. Every byte is looked at, so that many go at a time.
fn is_code(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & is_sign(*byte))
}

/// The same as a look into [`BASE64_VALUES`].
fn is_sign(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let digit = byte.wrapping_sub(b'0') < 10;
    letter | digit | (byte == b'+') | (byte == b'/') | (byte == b'=')
}

/// Where the first byte stands that is no code of base64, nor a blank of its lines.
pub(crate) fn first_stray(body: &[u8]) -> Option<usize> {
    const BLOCK: usize = 256;
    let is_blank = |byte: u8| (byte == b'\r') | (byte == b'\n') | (byte == b' ') | (byte == b'\t');
    let is_fine = |byte: &u8| is_sign(*byte) | is_blank(*byte);
    let is_sound = |block: &[u8]| block.iter().fold(true, |all, byte| all & is_fine(byte));
    let at = body.chunks(BLOCK).position(|block| !is_sound(block))? * BLOCK;
    let stray = body[at..].iter().position(|byte| !is_fine(byte))?;
    Some(at + stray)
}

/// Bytes that strict decoders of base64 refuse: outside the alphabet, or data after padding.
pub(crate) fn is_doubtful(body: &[u8]) -> bool {
    let is_data = |byte: &u8| BASE64_VALUES[usize::from(*byte)] < PAD;
    let padding = memchr(b'=', body);
    first_stray(body).is_some() || padding.is_some_and(|at| body[at..].iter().any(is_data))
}

/// Whether one sign is left over, which no code has: text that only says that it is base64 is
/// shown as it stands by some readers then.
pub(crate) fn has_odd_length(body: &[u8]) -> bool {
    work::looked_at(body.len());
    let is_data = |byte: &&u8| BASE64_VALUES[usize::from(**byte)] < PAD;
    body.iter().filter(is_data).count() % 4 == 1
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
        /// Less is not worth the room that it takes.
        const WORTH_BYTES_MIN: usize = 64;
        let mut rest = input;
        let mut packed = Vec::new();
        while !rest.is_empty() {
            let piece = first_piece(rest);
            let used = match self.held {
                0 if piece.len() >= WORTH_BYTES_MIN => decode_piece(piece, &mut packed, out),
                _ => None,
            };
            // What was not fit to go at once goes byte by byte: all of it, so that no byte is
            // tried twice, or as much as ends a quantum.
            let slow = match used {
                Some(used) if used > 0 => {
                    rest = &rest[used..];
                    continue;
                }
                _ if self.held > 0 => 1,
                _ => piece.len(),
            };
            rest[..slow].iter().for_each(|byte| self.byte(*byte, out));
            rest = &rest[slow..];
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match BASE64_VALUES[usize::from(byte)] {
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
        self.undecided = if self.held == 0 {
            0
        } else {
            self.undecided + 1
        };
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

/// How many bytes are decoded at once: enough to be fast, and they fit into the nearest memory.
const PIECE_BYTES: usize = 8192;

/// The beginning of the input, not cut within a line break.
fn first_piece(input: &[u8]) -> &[u8] {
    let piece = &input[..input.len().min(PIECE_BYTES)];
    match piece {
        [most @ .., b'\r'] if input.len() > PIECE_BYTES => most,
        _ => piece,
    }
}

/// Decodes the whole quanta of a piece of code and line breaks and returns how many of its bytes
/// these take; `None`, and nothing decoded, where one of them holds anything else. What is left of
/// the piece, without its line breaks, is then in `packed`.
fn decode_piece(piece: &[u8], packed: &mut Vec<u8>, out: &mut Vec<u8>) -> Option<usize> {
    packed.clear();
    packed.reserve(piece.len());
    for line in lines(piece) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        packed.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
    }
    let quanta = packed.len() / 4;
    let before = out.len();
    out.resize(before + quanta * 3, 0);
    let decoded = ENGINE.decode_slice(&packed[..quanta * 4], &mut out[before..]);
    if decoded.is_err() {
        out.truncate(before);
        return None;
    }
    packed.drain(..quanta * 4);
    let is_break = |at: &usize| match piece[*at] {
        b'\r' => piece.get(at + 1).is_none_or(|next| *next == b'\n'),
        byte => byte == b'\n',
    };
    let mut signs = (0..piece.len()).rev().filter(|at| !is_break(at));
    match packed.len() {
        0 => Some(piece.len()),
        left => signs.nth(left - 1),
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
    const LINES: usize = 64;
    const LINE_BYTES: usize = BASE64_LINE / 4 * 3;
    let lines = input.len() / LINE_BYTES + 1;
    let mut out = Vec::with_capacity(input.len() / 3 * 4 + 4 + lines * line_break.len());
    let mut coded = String::new();
    for block in input.chunks(LINES * LINE_BYTES) {
        coded.clear();
        ENGINE.encode_string(block, &mut coded);
        for line in coded.as_bytes().chunks(BASE64_LINE) {
            out.extend_from_slice(line);
            out.extend_from_slice(line_break);
        }
    }
    out
}

/// Encodes as base64 without any line break.
pub(crate) fn encode_base64_word(input: &[u8]) -> String {
    ENGINE.encode(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One byte after the other, as the standard says it.
    fn slowly(input: &[u8]) -> Vec<u8> {
        let (mut base64, mut out) = (Base64::default(), Vec::new());
        input.iter().for_each(|byte| base64.byte(*byte, &mut out));
        base64.finish(&mut out);
        out
    }

    #[test]
    fn base64_as_tolerant_readers_read_it() {
        assert_eq!(decode_base64(b"aGVs\r\nbG8="), b"hello");
        assert_eq!(decode_base64(b"aGV*s!bG8"), b"hello");
        assert_eq!(decode_base64(b"aGVsbG8=aGVsbG8="), b"hellohello");
        assert_eq!(decode_base64(b"===="), b"");
    }

    #[test]
    fn plain_is_what_all_read_alike() {
        for plain in ["", "QUJD", "QUJD\r\nQUI=\r\n", "QU\nJDQQ==", "QUJDQQ"] {
            let read = decode_plain_base64(plain.as_bytes());
            assert_eq!(read, Some(slowly(plain.as_bytes())), "{plain:?}");
        }
        for odd in [
            "QUJD!", "QQ==QUJD", "QUJDQ=A", "QUJD Q", "QUJDQ\rA", "QUJDQ===", "QU-_", "QUJDQ",
        ] {
            assert_eq!(decode_plain_base64(odd.as_bytes()), None, "{odd:?}");
        }
        assert!(has_odd_length(b"See\nyou") == has_odd_length(b"QUJDQUI="));
        assert!(has_odd_length(b"See\nyou two") && !has_odd_length(b"QUJDQQ=="));
    }

    #[test]
    fn padding_that_is_cut_by_a_line_is_read_with_care() {
        assert_eq!(decode_plain_base64(b"YQ=\r\n=\r\n"), None);
        assert_eq!(decode_base64(b"YQ=\r\n=\r\n"), b"a");
    }

    #[test]
    fn the_signs_are_those_of_the_table() {
        for byte in 0..=255 {
            let known = BASE64_VALUES[usize::from(byte)] != SKIP;
            assert_eq!(is_sign(byte), known, "{byte}");
        }
    }

    proptest! {
        /// Many bytes at a time or one by one, in lines of any length, with any byte between.
        #[test]
        fn code_is_read_alike_fast_and_slowly(
            bytes in prop::collection::vec(any::<u8>(), 0..20_000),
            line in 1usize..200,
            line_break in "\r?\n|\r",
            odd in prop::collection::vec((any::<prop::sample::Index>(), "[\r\n =!-_A]"), 0..3),
        ) {
            let mut coded = Vec::new();
            for line in encode_base64(&bytes, b"").chunks(line) {
                coded.extend_from_slice(line);
                coded.extend_from_slice(line_break.as_bytes());
            }
            for (at, sign) in &odd {
                let at = at.index(coded.len() + 1);
                coded.splice(at..at, sign.bytes());
            }
            let content = slowly(&coded);
            prop_assert_eq!(&decode_base64(&coded), &content);
            let plain = decode_plain_base64(&coded);
            // Padding that a line's end cuts in two is left to the careful way.
            let code = coded.trim_ascii_end();
            let pads = code.iter().rev().take_while(|sign| **sign == b'=').count();
            let is_cut = pads > 0 && code[..code.len() - pads].ends_with(b"\n");
            let is_plain = odd.is_empty() && line_break != "\r" && !is_cut;
            prop_assert!(plain.is_some() || !is_plain);
            if let Some(plain) = plain {
                prop_assert_eq!(&plain, &content);
                prop_assert!(!is_doubtful(&coded) && footer(&coded).is_none());
            }
            if odd.is_empty() {
                prop_assert_eq!(&content, &bytes);
            }
        }
    }
}
