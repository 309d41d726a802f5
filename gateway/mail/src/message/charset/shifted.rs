//! ISO-2022-KR (RFC 1557) and HZ (RFC 1843): East Asian text in seven bits, between signs that say
//! where it begins and ends.
//!
//! It never shifts over the end of a line, and every text it writes ends as it began.

use encoding_rs::{EUC_KR, Encoding, GBK};

/// Korean text needs it before its first shift (RFC 1557 §2).
const DESIGNATOR: &[u8] = b"\x1b$)C";
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shifted {
    /// ISO-2022-KR.
    Korean,
    /// HZ: the name of a text of GB 2312 between `~{` and `~}`.
    Hz,
}

/// What one stretch of bytes is.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    /// One byte that stands for itself.
    Plain(u8),
    /// Two bytes that stand for a character.
    Pair([u8; 2]),
    /// A sign that shows nothing.
    Shift,
    /// What is against the rules.
    Stray(u8),
}

impl Shifted {
    /// By a charset's name in lower case without the signs in it.
    pub(super) fn named(bare: &str) -> Option<Self> {
        match bare {
            "iso2022kr" => Some(Self::Korean),
            "hz" | "hzgb" | "hzgb2312" => Some(Self::Hz),
            _ => None,
        }
    }

    /// The charset of its characters, which takes each with the high bits set.
    pub(super) fn high(self) -> &'static Encoding {
        match self {
            Self::Korean => EUC_KR,
            Self::Hz => GBK,
        }
    }

    /// The same text in [`Shifted::high`], and whether nothing had to be guessed.
    pub(super) fn to_high(self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let (mut high, mut is_sound) = (Vec::with_capacity(bytes.len()), true);
        self.read(bytes, |sign, _| match sign {
            Sign::Plain(byte) => high.push(byte),
            Sign::Pair(pair) => high.extend(pair.map(|byte| byte | 0x80)),
            Sign::Shift => {}
            Sign::Stray(byte) => {
                is_sound = false;
                high.extend((byte >= b' ' || byte == b'\n').then_some(byte));
            }
        });
        (high, is_sound)
    }

    /// The reverse; the characters of the charset stand between signs.
    pub(super) fn of_high(self, high: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(high.len() + 16);
        let (mut is_out, mut is_named) = (false, false);
        for byte in high {
            if byte.is_ascii() == is_out {
                is_out = !is_out;
                if is_out && !is_named && self == Self::Korean {
                    bytes.extend_from_slice(DESIGNATOR);
                    is_named = true;
                }
                self.shift(is_out, &mut bytes);
            }
            bytes.push(byte & 0x7f);
            if *byte == b'~' && self == Self::Hz {
                bytes.push(b'~');
            }
        }
        if is_out {
            self.shift(false, &mut bytes);
        }
        bytes
    }

    fn shift(self, out: bool, bytes: &mut Vec<u8>) {
        match (self, out) {
            (Self::Korean, true) => bytes.push(SHIFT_OUT),
            (Self::Korean, false) => bytes.push(SHIFT_IN),
            (Self::Hz, true) => bytes.extend_from_slice(b"~{"),
            (Self::Hz, false) => bytes.extend_from_slice(b"~}"),
        }
    }

    /// The bytes with `x` for what is no ASCII text, so that those left mean themselves.
    pub(crate) fn masked(self, bytes: &[u8]) -> Vec<u8> {
        let mut masked = Vec::with_capacity(bytes.len());
        self.read(bytes, |sign, length| match sign {
            Sign::Plain(byte) | Sign::Stray(byte) if length == 1 => masked.push(byte),
            _ => {
                let stretch = &bytes[masked.len()..masked.len() + length];
                let mask = |byte: &u8| if *byte == b'\n' { b'\n' } else { b'x' };
                masked.extend(stretch.iter().map(mask));
            }
        });
        masked
    }

    /// Reads from one sign to the next; `take` hears what it is and how many bytes it has.
    fn read(self, bytes: &[u8], mut take: impl FnMut(Sign, usize)) {
        let (mut rest, mut is_out) = (bytes, false);
        while let Some(first) = rest.first() {
            let (sign, length) = match (self, rest) {
                (Self::Korean, rest) if rest.starts_with(DESIGNATOR) => (Sign::Shift, 4),
                (Self::Korean, [SHIFT_OUT | SHIFT_IN, ..]) => {
                    is_out = *first == SHIFT_OUT;
                    (Sign::Shift, 1)
                }
                (Self::Hz, [b'~', b'{' | b'}', ..]) => {
                    is_out = rest[1] == b'{';
                    (Sign::Shift, 2)
                }
                (Self::Hz, [b'~', b'~', ..]) if !is_out => (Sign::Plain(b'~'), 2),
                // A line that goes on below.
                (Self::Hz, [b'~', b'\r', b'\n', ..]) if !is_out => (Sign::Shift, 3),
                (Self::Hz, [b'~', b'\n', ..]) if !is_out => (Sign::Shift, 2),
                (_, [b'\n', ..]) => {
                    let was_out = std::mem::take(&mut is_out);
                    let sign = if was_out {
                        Sign::Stray(b'\n')
                    } else {
                        Sign::Plain(b'\n')
                    };
                    (sign, 1)
                }
                (_, [b' ' | b'\t' | b'\r', ..]) => (Sign::Plain(*first), 1),
                (_, [a @ 0x21..=0x7e, b @ 0x21..=0x7e, ..]) if is_out => (Sign::Pair([*a, *b]), 2),
                (_, [byte, ..]) => match is_out || !byte.is_ascii() || *byte == 0x1b {
                    true => (Sign::Stray(*byte), 1),
                    false if self == Self::Hz && *byte == b'~' => (Sign::Stray(*byte), 1),
                    false => (Sign::Plain(*byte), 1),
                },
                (_, []) => return,
            };
            take(sign, length);
            rest = &rest[length..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Charset;

    /// As Python's codecs write them.
    const TEXTS: [(&str, &str, &[u8]); 4] = [
        (
            "iso-2022-kr",
            "안녕 a\r\n한글",
            b"\x1b$)C\x0e>H3g\x0f a\r\n\x0eGQ1[\x0f",
        ),
        ("iso-2022-kr", "plain ~ <b>", b"plain ~ <b>"),
        ("hz-gb-2312", "中文~a\n中", b"~{VPND~}~~a\n~{VP~}"),
        ("HZ", "<p>已</p>", b"<p>~{RQ~}</p>"),
    ];

    #[test]
    fn both_ways() {
        for (name, text, bytes) in TEXTS {
            let charset = Charset::parse(Some(name));
            assert_eq!(charset.decode_strictly(bytes).unwrap(), text, "{name}");
            assert_eq!(charset.encode(text).unwrap(), bytes, "{name} {text}");
            assert!(!charset.is_transparent());
        }
        let korean = Charset::parse(Some("csISO2022KR"));
        assert!(korean.encode("똠").is_none(), "not in KS X 1001");
        assert!(korean.encode("é").is_none());
        assert!(Charset::parse(Some("hz")).encode("鎔€").is_none());
    }

    #[test]
    fn what_is_against_the_rules_is_a_guess() {
        for (name, bytes, guess) in [
            ("hz", &b"~{VP\nND"[..], "中\nND"),
            ("hz", b"a~b", "a~b"),
            ("hz", b"~{V", "V"),
            ("iso-2022-kr", b"\x0eGQ\n1", "한\n1"),
            ("iso-2022-kr", b"\x1b$(C1", "$(C1"),
            ("iso-2022-kr", b"\x0e1", "1"),
        ] {
            let read = Charset::parse(Some(name)).decode_strictly(bytes);
            assert_eq!(read.unwrap_err(), guess, "{name} {bytes:?}");
        }
    }

    #[test]
    fn only_plain_text_is_left_of_a_mask() {
        let mask = |name, bytes: &[u8]| match Charset::parse(Some(name)) {
            Charset::Shifted(shifted) => String::from_utf8(shifted.masked(bytes)).unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(mask("hz", b"<p>~{<R<b~}</p>~~~\n"), "<p>xxxxxxxx</p>xxx\n");
        assert_eq!(
            mask("iso-2022-kr", b"\x1b$)C<\x0e<R\x0f>\n\x0e<R\n<"),
            "xxxx<xxxx>\nxxx\n<"
        );
    }
}
