//! Files written into a text as BinHex 4.0 (RFC 1741 §3), which Macintosh mailers posted.
//!
//! It never checks a sum, and splits off no fork: what it gives is all that stands behind the
//! file's header, as the readers that decode it do. One pass, linear.

use memchr::memmem;

use super::posted;
use crate::work;

/// One file found in a text.
pub(super) struct BinHex {
    pub name: String,
    pub content: Vec<u8>,
    /// Whether its end was found.
    pub is_whole: bool,
    /// Whether there is nothing but code in it.
    pub is_sound: bool,
}

const ALPHABET: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
const NOTICE: &[u8] = b"(This file must be converted";
/// It repeats the byte before it as often as the one behind it says.
const REPEATS: u8 = 0x90;
/// Version, type, creator, flags, the lengths of both forks, and a sum, behind the name.
const HEADER_BYTES: usize = 21;

/// Every file written into the text; those beyond `bytes_max` in all are not whole.
pub(super) fn find(text: &[u8], bytes_max: usize) -> Vec<BinHex> {
    let (mut found, mut left, mut from) = (Vec::new(), bytes_max, 0);
    for at in notices(text) {
        if at < from {
            continue;
        }
        // The code begins with the first colon that begins a line.
        let Some(colon) = memmem::find(&text[at..], b"\n:") else {
            break;
        };
        let start = at + colon + 2;
        let (file, end) = read(text, start, left);
        left = left.saturating_sub(file.content.len());
        from = end;
        found.push(file);
    }
    found
}

/// Where a line begins with the words that all programs look for, in any case.
fn notices(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    work::looked_at(text.len());
    memchr::memchr_iter(b'(', text).filter(|&at| {
        let line = text.get(at..at + NOTICE.len());
        (at == 0 || text[at - 1] == b'\n')
            && line.is_some_and(|line| line.eq_ignore_ascii_case(NOTICE))
    })
}

/// The file whose code begins here, and where its code ends.
fn read(text: &[u8], start: usize, bytes_max: usize) -> (BinHex, usize) {
    let length = memchr::memchr(b':', &text[start..]);
    let end = length.map_or(text.len(), |length| start + length);
    work::looked_at(end - start);
    let (mut bits, mut held, mut is_sound) = (0u32, 0, true);
    let mut expanded = Expanded::default();
    let room = bytes_max.saturating_add(HEADER_BYTES + 256);
    for &sign in &text[start..end] {
        let Some(value) = ALPHABET.iter().position(|known| *known == sign) else {
            is_sound &= sign.is_ascii_whitespace();
            continue;
        };
        bits = bits << 6 | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            // The byte is what stands above the bits that are held.
            expanded.push((bits >> held & 0xff) as u8);
        }
        if expanded.bytes.len() > room {
            break;
        }
    }
    let all = expanded.bytes;
    let name_bytes = all.first().map_or(0, |length| usize::from(*length));
    let content = all.get(1 + name_bytes + HEADER_BYTES..).unwrap_or_default();
    let is_whole = length.is_some() && content.len() <= bytes_max && !content.is_empty();
    let file = BinHex {
        name: posted::shown(all.get(1..1 + name_bytes).unwrap_or_default()),
        content: content[..content.len().min(bytes_max)].to_vec(),
        is_whole,
        is_sound,
    };
    (file, end)
}

/// Bytes with their repetitions written out.
#[derive(Default)]
struct Expanded {
    bytes: Vec<u8>,
    repeats: bool,
}

impl Expanded {
    fn push(&mut self, byte: u8) {
        match (self.repeats, byte) {
            (false, REPEATS) => self.repeats = true,
            (false, byte) => self.bytes.push(byte),
            (true, 0) => {
                self.bytes.push(REPEATS);
                self.repeats = false;
            }
            (true, times) => {
                let last = self.bytes.last().copied().unwrap_or_default();
                let more = usize::from(times) - 1;
                self.bytes.resize(self.bytes.len() + more, last);
                self.repeats = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that holds a file of this content, with its repetitions written as they are given.
    fn posted(content: &[u8]) -> String {
        let bytes = [&b"\x05a.txt"[..], &[0; HEADER_BYTES], content].concat();
        let mut code = String::new();
        for three in bytes.chunks(3) {
            let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
            let bits = at(0) << 16 | at(1) << 8 | at(2);
            for shift in [18, 12, 6, 0].iter().take(three.len() + 1) {
                code.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
            }
        }
        format!("hello\n(This file must be converted with BinHex 4.0)\n\n:{code}:\n")
    }

    #[test]
    fn a_file_with_repetitions() {
        let text = posted(b"ab\x90\x04c\x90\x00");
        let found = find(text.as_bytes(), 100);
        let [file] = &found[..] else { panic!() };
        assert_eq!(
            (file.name.as_str(), &file.content[..]),
            ("a.txt", &b"abbbbc\x90"[..])
        );
        assert!(file.is_whole && file.is_sound);
        assert_eq!(find(text.repeat(3).as_bytes(), 100).len(), 3);
    }

    #[test]
    fn what_is_cut_damaged_or_too_large_is_said() {
        let text = posted(b"abc");
        let cut = text.trim_end_matches([':', '\n']);
        assert!(!find(cut.as_bytes(), 100)[0].is_whole);
        let damaged = text.replacen(":", ":\u{1}", 1);
        assert!(!find(damaged.as_bytes(), 100)[0].is_sound);
        let large = posted(&b"a\x90\xff".repeat(1000));
        let file = &find(large.as_bytes(), 10)[0];
        assert!(file.content.len() == 10 && !file.is_whole);
        assert!(find(b"(This file must be converted)", 10).is_empty());
    }

    #[test]
    fn a_hundred_thousand_notices_stay_linear() {
        let notices = "(This file must be converted\n".repeat(100_000);
        assert!(find(notices.as_bytes(), 100).is_empty());
        assert_eq!(find(format!("{notices}:").as_bytes(), 100).len(), 1);
    }
}
