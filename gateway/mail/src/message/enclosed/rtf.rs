//! Rich Text as Outlook packs it: unpacked (MS-OXRTFCP), and its words taken out.
//!
//! It never draws, follows nothing, and never unpacks beyond the length it is given.

use crate::message::charset::Charset;

/// MS-OXRTFCP §2.1.3.1: what stands in the dictionary before the first byte.
const DICTIONARY: &[u8; 207] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \
\\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\
\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const DICTIONARY_BYTES: usize = 4_096;
const COMPRESSED: &[u8] = b"LZFu";
const UNCOMPRESSED: &[u8] = b"MELA";
/// Groups inside groups that are followed; a deeper one is read as if it were its parent.
const GROUPS_MAX: usize = 256;

/// Undoes the compression of PR_RTF_COMPRESSED; `None` when it is none, or larger than the limit.
pub(super) fn decompress(packed: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let length = u32::from_le_bytes(packed.get(4..8)?.try_into().ok()?) as usize;
    let (magic, content) = (packed.get(8..12)?, packed.get(16..)?);
    if length > bytes_max {
        return None;
    }
    match magic {
        UNCOMPRESSED => Some(content[..length.min(content.len())].to_vec()),
        COMPRESSED => Some(inflate(content, length)),
        _ => None,
    }
}

/// MS-OXRTFCP §2.2.3: runs of eight tokens, each a byte or a place and length in the last 4 KiB.
fn inflate(content: &[u8], length: usize) -> Vec<u8> {
    let mut window = [b' '; DICTIONARY_BYTES];
    window[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
    let mut at = DICTIONARY.len();
    let mut out = Vec::new();
    let mut bytes = content.iter().copied();
    let mut push = |out: &mut Vec<u8>, window: &mut [u8; DICTIONARY_BYTES], byte: u8| {
        out.push(byte);
        window[at % DICTIONARY_BYTES] = byte;
        at = (at + 1) % DICTIONARY_BYTES;
        at
    };
    let mut place = DICTIONARY.len();
    while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            if out.len() >= length {
                return out;
            }
            let Some(first) = bytes.next() else {
                return out;
            };
            if flags >> bit & 1 == 0 {
                place = push(&mut out, &mut window, first);
                continue;
            }
            let Some(second) = bytes.next() else {
                return out;
            };
            let word = usize::from(first) << 8 | usize::from(second);
            let (from, count) = (word >> 4, (word & 15) + 2);
            // A reference to the place that is written next is the end.
            if from == place {
                return out;
            }
            for step in 0..count {
                let byte = window[(from + step) % DICTIONARY_BYTES];
                place = push(&mut out, &mut window, byte);
            }
        }
    }
    out
}

/// What of a group is text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    /// It is shown.
    Text,
    /// A table of fonts, colours, styles; properties.
    Table,
    /// `\*\htmltag`: the HTML that the text was made from.
    Markup,
}

/// The words of a Rich Text: as they are shown, and the HTML they were made from, if any.
pub(super) fn texts(rtf: &[u8]) -> (String, String) {
    let mut reader = Reader {
        groups: vec![Group::Text],
        shown: Vec::new(),
        markup: Vec::new(),
        skip: 0,
        star: false,
    };
    let mut rest = rtf;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'{' => reader.open(after),
            b'}' => reader.close(after),
            b'\\' => reader.control(after),
            b'\r' | b'\n' => after,
            byte => reader.plain(byte, after),
        };
    }
    let text = |bytes: Vec<u8>| Charset::Unknown.decode(&bytes).into_owned();
    (text(reader.shown), text(reader.markup))
}

struct Reader {
    groups: Vec<Group>,
    shown: Vec<u8>,
    markup: Vec<u8>,
    /// Characters that stand for one that was given by number before.
    skip: usize,
    star: bool,
}

impl Reader {
    fn group(&mut self) -> &mut Group {
        // The first group is never taken away.
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    fn open<'a>(&mut self, after: &'a [u8]) -> &'a [u8] {
        if self.groups.len() < GROUPS_MAX {
            let inner = *self.group();
            self.groups.push(inner);
        }
        after
    }

    fn close<'a>(&mut self, after: &'a [u8]) -> &'a [u8] {
        if self.groups.len() > 1 {
            self.groups.pop();
        }
        self.star = false;
        after
    }

    fn push(&mut self, bytes: &[u8]) {
        match *self.group() {
            Group::Text => {
                self.shown.extend_from_slice(bytes);
                self.markup.extend_from_slice(bytes);
            }
            Group::Markup => self.markup.extend_from_slice(bytes),
            Group::Table => {}
        }
    }

    fn plain<'a>(&mut self, byte: u8, after: &'a [u8]) -> &'a [u8] {
        match self.skip {
            0 => self.push(&[byte]),
            _ => self.skip -= 1,
        }
        after
    }

    /// What follows a backslash: a word with perhaps a number, a byte in hex, or a sign.
    fn control<'a>(&mut self, after: &'a [u8]) -> &'a [u8] {
        let letters = after.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        if letters == 0 {
            return self.sign(after);
        }
        let (word, rest) = after.split_at(letters);
        let digits = rest
            .iter()
            .enumerate()
            .take_while(|(at, b)| b.is_ascii_digit() || *at == 0 && **b == b'-')
            .count();
        let number = std::str::from_utf8(&rest[..digits]).unwrap_or_default();
        self.word(word, number.parse().ok());
        let rest = &rest[digits..];
        rest.strip_prefix(b" ").unwrap_or(rest)
    }

    fn sign<'a>(&mut self, after: &'a [u8]) -> &'a [u8] {
        match after {
            [b'*', rest @ ..] => {
                self.star = true;
                rest
            }
            [b'\'', high, low, rest @ ..] => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                if let (Some(high), Some(low)) = (digit(*high), digit(*low)) {
                    let character = char::from((high << 4 | low) as u8);
                    match self.skip {
                        0 => self.push(character.encode_utf8(&mut [0; 4]).as_bytes()),
                        _ => self.skip -= 1,
                    }
                }
                rest
            }
            [b'~', rest @ ..] => {
                self.push(b" ");
                rest
            }
            [sign, rest @ ..] => {
                if b"\\{}".contains(sign) {
                    self.push(&[*sign]);
                }
                rest
            }
            [] => after,
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i64>) {
        let starred = std::mem::take(&mut self.star);
        match word {
            b"par" | b"line" | b"row" => self.push(b"\n"),
            b"tab" | b"cell" => self.push(b"\t"),
            b"u" => {
                let code = number.unwrap_or_default().rem_euclid(65_536) as u32;
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.push(character.encode_utf8(&mut [0; 4]).as_bytes());
                self.skip = 1;
            }
            b"htmltag" | b"mhtmltag" => *self.group() = Group::Markup,
            // What is shown and stands for a tag beside it.
            b"htmlrtf" => {
                let shows = number == Some(0);
                *self.group() = if shows { Group::Text } else { Group::Table };
            }
            b"fonttbl" | b"colortbl" | b"stylesheet" | b"info" | b"pict" => {
                *self.group() = Group::Table;
            }
            _ if starred => *self.group() = Group::Table,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_and_references_are_undone() {
        // MS-OXRTFCP §3.1: the specification's own example.
        let packed = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, b'L', b'Z', b'F', b'u', 0xf1, 0xc5, 0xc7, 0xa7, 3, 0,
            0x0a, 0, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68,
            0x65, 0x6c, 9, 0, 0x20, 0x62, 0x77, 5, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        let plain = decompress(&packed, 1_000).unwrap();
        assert_eq!(plain, b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(texts(&plain).0.trim(), "hello world");
        assert_eq!(decompress(&packed, 42), None);
        assert!(decompress(&packed, 43).is_some());
    }

    #[test]
    fn words_and_not_tables() {
        let rtf = b"{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}Se\\'e9\\u233?cret\\par two}";
        assert_eq!(texts(rtf).0, "Se\u{e9}\u{e9}cret\ntwo");
        let made = b"{\\rtf1\\fromhtml1{\\*\\htmltag84 <b>}\\htmlrtf {\\b \\htmlrtf0 bold}";
        assert!(texts(made).1.contains("<b>"));
        assert!(texts(&b"{".repeat(100_000)).0.is_empty());
    }
}
