//! Bytes to text and back, by the charset a part declares.
//!
//! It never refuses to read; it refuses to write where the charset cannot hold the text.

use std::borrow::Cow;

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GBK, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE,
    WINDOWS_1252,
};

use crate::work;

mod shifted;

pub use shifted::Shifted;

/// What a declared charset means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// `us-ascii`, or nothing declared.
    Ascii,
    /// One that encoding_rs knows.
    Known(&'static Encoding),
    /// An ISO 8859 that browsers read as its Windows superset: read so, but written without what
    /// only the superset has.
    Latin(&'static Encoding),
    /// A national standard that browsers read as a vendor's superset of it (GB 2312 as GBK): read
    /// so, but what only the superset has is a guess.
    National(&'static Encoding),
    /// East Asian text in seven bits that browsers do not read, but mail programs do.
    Shifted(Shifted),
    /// RFC 2152: read, never written.
    Utf7,
    /// One that writes plain letters otherwise and is not read here: never written.
    Closed,
    /// A name that nobody here knows.
    Unknown,
}

impl Charset {
    /// Looks a declared name up.
    pub fn parse(name: Option<&str>) -> Self {
        let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
            return Self::Ascii;
        };
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "us-ascii" | "ascii" | "ansi_x3.4-1968" | "iso-ir-6" | "us" => return Self::Ascii,
            "utf-7" | "unicode-1-1-utf-7" | "utf7" | "csutf7" | "csunicode11utf7" => {
                return Self::Utf7;
            }
            _ => {}
        }
        let known = Encoding::for_label_no_replacement(name.as_bytes());
        match known.or_else(|| other_name(&name)) {
            None if bare(&name) == "utf7" || bare(&name) == "u7" => Self::Utf7,
            Some(encoding) if is_national(encoding, &name) => Self::National(encoding),
            Some(encoding) if !encoding.name().starts_with("windows") => Self::Known(encoding),
            Some(encoding) if name.contains("windows") || name.contains("12") => {
                Self::Known(encoding)
            }
            Some(encoding) => Self::Latin(encoding),
            None if is_closed(&name) => Self::Closed,
            None => Shifted::named(&bare(&name)).map_or(Self::Unknown, Self::Shifted),
        }
    }

    /// Reads any bytes as text; malformed sequences become U+FFFD.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        self.decode_strictly(bytes).unwrap_or_else(|lossy| lossy)
    }

    /// Reads bytes as text; `Err` carries the reading in which something had to be guessed.
    pub fn decode_strictly(self, bytes: &[u8]) -> Result<Cow<'_, str>, Cow<'_, str>> {
        work::looked_at(bytes.len());
        match self {
            Self::Ascii if bytes.is_ascii() => Ok(UTF_8.decode_without_bom_handling(bytes).0),
            Self::Ascii | Self::Closed | Self::Unknown => Err(match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            }),
            Self::Utf7 => Ok(Cow::Owned(decode_utf7(bytes))),
            // RFC 2781 §4.3: only UTF-16 goes by its byte order mark.
            Self::Known(encoding) if encoding == UTF_16BE || encoding == UTF_16LE => {
                let (text, _, malformed) = encoding.decode(bytes);
                if malformed { Err(text) } else { Ok(text) }
            }
            // Where nothing is UTF-8 but the name, it is what mailers wrote before.
            Self::Known(encoding) if encoding == UTF_8 => {
                let (text, malformed) = encoding.decode_without_bom_handling(bytes);
                let is_read = |c: char| !c.is_ascii() && c != char::REPLACEMENT_CHARACTER;
                match malformed {
                    false => Ok(text),
                    true if text.contains(is_read) => Err(text),
                    true => Err(WINDOWS_1252.decode_without_bom_handling(bytes).0),
                }
            }
            Self::Known(encoding) => {
                let (text, malformed) = encoding.decode_without_bom_handling(bytes);
                if malformed { Err(text) } else { Ok(text) }
            }
            Self::Shifted(shifted) => {
                let (high, is_sound) = shifted.to_high(bytes);
                let (text, malformed) = shifted.high().decode_without_bom_handling(&high);
                let text = Cow::Owned(text.into_owned());
                if malformed || !is_sound {
                    Err(text)
                } else {
                    Ok(text)
                }
            }
            Self::National(encoding) => {
                let (text, malformed) = encoding.decode_without_bom_handling(bytes);
                match malformed || !everybody_reads(encoding, &text, bytes) {
                    true => Err(text),
                    false => Ok(text),
                }
            }
            // What only the superset has, others read as control characters.
            Self::Latin(encoding) => {
                let (text, malformed) = encoding.decode_without_bom_handling(bytes);
                match malformed || bytes.iter().any(|byte| (0x80..0xa0).contains(byte)) {
                    true => Err(text),
                    false => Ok(text),
                }
            }
        }
    }

    /// Writes text in this charset; `None` when the charset cannot hold it, or is not written.
    pub fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Ascii | Self::Unknown => {
                text.is_ascii().then_some(Cow::Borrowed(text.as_bytes()))
            }
            Self::Utf7 | Self::Closed => None,
            Self::Shifted(shifted) => {
                let high = Self::National(shifted.high()).encode(text)?;
                Some(Cow::Owned(shifted.of_high(&high)))
            }
            Self::Known(encoding) if encoding == UTF_16BE || encoding == UTF_16LE => None,
            Self::Known(encoding) | Self::National(encoding) => {
                let (bytes, _, unmappable) = encoding.encode(text);
                (!unmappable && everybody_reads(encoding, text, &bytes)).then_some(bytes)
            }
            Self::Latin(encoding) => {
                let (bytes, _, unmappable) = encoding.encode(text);
                let holds = !unmappable && !bytes.iter().any(|b| (0x80..0xa0).contains(b));
                holds.then_some(bytes)
            }
        }
    }

    /// Whether every ASCII byte of a body stands for that character, whatever is around it, so
    /// that text can be set between bytes.
    pub fn is_transparent(self) -> bool {
        match self {
            Self::Ascii | Self::Unknown => true,
            Self::Utf7 | Self::Closed | Self::Shifted(_) => false,
            Self::Known(encoding) | Self::Latin(encoding) | Self::National(encoding) => {
                encoding.is_ascii_compatible()
            }
        }
    }
}

/// Whether a name is that of a standard, and not of a vendor's superset.
fn is_national(encoding: &'static Encoding, name: &str) -> bool {
    const ALL: [&Encoding; 6] = [GBK, EUC_KR, SHIFT_JIS, EUC_JP, BIG5, ISO_2022_JP];
    const VENDORS: [&str; 10] = [
        "gbk", "31j", "932", "936", "943", "949", "950", "hkscs", "ms", "uhc",
    ];
    ALL.contains(&encoding) && !VENDORS.iter().any(|vendor| name.contains(vendor))
}

/// Whether readers agree on what was written: encoding_rs writes what browsers read, which for some
/// names is a superset of the charset that other programs know by them.
fn everybody_reads(encoding: &'static Encoding, text: &str, bytes: &[u8]) -> bool {
    if encoding == ISO_2022_JP {
        // The same characters as in EUC-JP, which has no shifts to follow.
        return everybody_reads(EUC_JP, text, &EUC_JP.encode(text).0);
    }
    let mut rest = bytes.iter().copied();
    while let Some(lead) = rest.next() {
        let agreed = match encoding {
            _ if lead.is_ascii() => true,
            // Half-width katakana.
            _ if encoding == SHIFT_JIS && (0xa1..=0xdf).contains(&lead) => true,
            _ if ![GBK, EUC_KR, SHIFT_JIS, EUC_JP, BIG5].contains(&encoding) => return true,
            _ => rest
                .next()
                .is_some_and(|trail| is_standard(encoding, lead, trail)),
        };
        if !agreed {
            return false;
        }
    }
    true
}

/// Whether two bytes stand for a character of the standard, and not of a vendor's extension.
fn is_standard(encoding: &'static Encoding, lead: u8, trail: u8) -> bool {
    match encoding {
        // JIS X 0208 has no rows 9 to 15, and none above 84; NEC and IBM have.
        _ if encoding == EUC_JP => matches!(lead, 0x8e | 0xa1..=0xa8 | 0xb0..=0xf4),
        _ if encoding == SHIFT_JIS => !matches!(lead, 0x87 | 0xed | 0xee | 0xfa..=0xfc),
        // Signs, the frequent characters, the rare ones.
        _ if encoding == BIG5 => {
            matches!((lead, trail), (0xa1..=0xa2, _) | (0xa3, ..=0xbf))
                || matches!((lead, trail), (0xa4..=0xc5, _) | (0xc6, ..=0x7e))
                || matches!((lead, trail), (0xc9..=0xf8, _) | (0xf9, ..=0xd5))
        }
        // GB 2312 and KS X 1001 are what their supersets write with two high bytes.
        _ => (0xa1..=0xfd).contains(&lead) && trail > 0xa0,
    }
}

/// Names that occur in mail and that encoding_rs, made for the web, does not list.
fn other_name(name: &str) -> Option<&'static Encoding> {
    let other = match name {
        "cp932" | "windows932" | "cp943" => "shift_jis",
        "cp936" | "ms936" | "windows-936" => "gbk",
        "cp949" | "ms949" | "uhc" => "euc-kr",
        "cp950" | "ms950" | "windows-950" => "big5",
        "cp1250" | "win-1250" => "windows-1250",
        "cp-1251" | "win-1251" => "windows-1251",
        "cp-1252" | "win-1252" | "iso-8859-1-windows-3.1-latin-1" => "windows-1252",
        "iso-2022-jp-1" | "iso-2022-jp-2" | "iso-2022-jp-3" | "iso-2022-jp-ms" => "iso-2022-jp",
        "utf8mb4" | "utf_8" => "utf-8",
        "8859-1" | "iso_8859_1" => "iso-8859-1",
        _ => match bare(name).as_str() {
            "u8" | "utf8" => "utf-8",
            "u16" | "utf16" | "utf16le" | "unicodelittleunmarked" => "utf-16le",
            "utf16be" | "unicodebigunmarked" => "utf-16be",
            _ => return Encoding::for_label(name.strip_prefix("x-")?.as_bytes()),
        },
    };
    Encoding::for_label_no_replacement(other.as_bytes())
}

/// A name without the signs that some readers pass over in it.
fn bare(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphanumeric);
    let bare: String = kept.map(|c| c.to_ascii_lowercase()).collect();
    // RFC 2978: the alias that every charset has.
    bare.strip_prefix("cs").map_or(bare.clone(), str::to_owned)
}

/// Whether plain letters are written otherwise in the charset of this name, and it is not read
/// here: UTF-32, EBCDIC, and what Python alone takes for a charset.
pub(crate) fn is_closed(name: &str) -> bool {
    const CODE_PAGES: [&str; 27] = [
        "037", "039", "273", "274", "275", "277", "278", "280", "281", "284", "285", "290", "297",
        "420", "423", "424", "500", "870", "871", "875", "880", "905", "924", "1025", "1026",
        "1047", "1140",
    ];
    const WORDS: [&str; 7] = [
        "ebcdic",
        "idna",
        "punycode",
        "rawunicodeescape",
        "ucs4",
        "unicodeescape",
        "utf32",
    ];
    let name = bare(name);
    let page = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let is_page = matches!(&name[..name.len() - page.len()], "cp" | "ibm" | "");
    name == "u32"
        || WORDS.iter().any(|word| name.contains(word))
        || is_page && CODE_PAGES.contains(&page)
}

/// The text of a charset that shifts by signs (ISO 2022, HZ) without these signs, where it is not
/// read here: its plain letters stand as others show them.
pub(crate) fn without_shifts(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let bare = bare(name);
    let is_iso = bare.starts_with("iso2022");
    if !is_iso && !bare.starts_with("hz") {
        return None;
    }
    let (mut out, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            0x0e | 0x0f if is_iso => {}
            0x1b if is_iso => {
                let signs = rest.iter().take_while(|byte| (0x20..0x30).contains(*byte));
                rest = rest.get(signs.count() + 1..).unwrap_or_default();
            }
            b'~' if !is_iso => match rest.split_first() {
                Some((b'{' | b'}' | b'\n', after)) => rest = after,
                Some((b'~', after)) => {
                    out.push(b'~');
                    rest = after;
                }
                _ => out.push(b'~'),
            },
            byte => out.push(byte),
        }
    }
    Some(out)
}

/// RFC 2152: `+` begins modified base64 of UTF-16 code units, `-` or any other byte ends it.
fn decode_utf7(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'+' {
            text.push(if byte.is_ascii() {
                byte as char
            } else {
                char::REPLACEMENT_CHARACTER
            });
            continue;
        }
        let is_code = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let length = rest.iter().take_while(|b| is_code(b)).count();
        let (code, after) = rest.split_at(length);
        rest = after.strip_prefix(b"-").unwrap_or(after);
        if code.is_empty() {
            text.push('+');
            continue;
        }
        let units = super::transfer::decode_base64(code);
        let units = units
            .chunks_exact(2)
            .map(|two| u16::from_be_bytes([two[0], two[1]]));
        text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_of_real_mail() {
        let read = |name, bytes: &[u8]| Charset::parse(Some(name)).decode(bytes).into_owned();
        assert_eq!(read("windows-1252", b"\x93x\x94"), "“x”");
        assert_eq!(read("koi8-r", b"\xf0"), "П");
        assert_eq!(read("Shift_JIS", b"\x93\xfa\x96\x7b"), "日本");
        assert_eq!(read("ISO-2022-JP", b"\x1b$BF|K\\\x1b(B."), "日本.");
        assert_eq!(read("gb18030", b"\xd6\xd0"), "中");
        assert_eq!(read("utf-7", b"1 +- 1 +AOk-t+AOk"), "1 + 1 été");
        assert_eq!(read("x-nonsense", b"caf\xc3\xa9"), "café");
        assert_eq!(read("us-ascii", b"caf\xe9"), "café");
        assert_eq!(read("utf_16", b"a\0b\0"), "ab");
        assert_eq!(read("utf-8", b"caf\xe9"), "café");
        assert_eq!(read("utf-8", b"caf\xc3\xa9 \xe9"), "café \u{fffd}");
        assert_eq!(read("U7", b"+AOk-"), "é");
    }

    #[test]
    fn charsets_that_are_not_read() {
        for closed in ["utf-32", "UTF_32LE", "cp037", "IBM1047", "unicode_escape"] {
            assert!(is_closed(closed), "{closed}");
            assert_eq!(Charset::parse(Some(closed)).encode("a"), None, "{closed}");
        }
        for open in [
            "utf-8",
            "cp1252",
            "iso-8859-1",
            "ibm850",
            "x-unknown",
            "koi8-r",
            "",
        ] {
            assert!(!is_closed(open), "{open}");
        }
        let bare = |name, bytes: &[u8]| without_shifts(name, bytes);
        assert_eq!(bare("ISO-2022-KR", b"\x1b$)Ca\x0e\x0fb").unwrap(), b"ab");
        assert_eq!(bare("hz-gb-2312", b"a~\nb~~~{").unwrap(), b"ab~");
        assert_eq!(bare("utf-8", b"a"), None);
    }

    #[test]
    fn what_cannot_be_held_is_not_written() {
        assert!(Charset::parse(None).encode("é").is_none());
        assert!(Charset::parse(Some("iso-8859-2")).encode("日").is_none());
        assert!(Charset::parse(Some("utf-7")).encode("a").is_none());
        assert!(Charset::parse(Some("iso-8859-1")).encode("“").is_none());
        assert!(Charset::parse(Some("iso-8859-1")).encode("é").is_some());
        assert!(Charset::parse(Some("windows-1252")).encode("“").is_some());
        assert!(Charset::parse(Some("cp1252")).encode("“").is_some());
        for (name, all, some) in [
            ("gb2312", "中文“”", "€"),
            ("gb2312", "—", "–"),
            ("gb2312", "中文", "鎔"),
            ("euc-kr", "한글", "똠"),
            ("shift_jis", "日本ｱ", "①"),
            ("euc-jp", "日本ｱ", "①"),
            ("iso-2022-jp", "日本", "①"),
            ("big5", "中文", "€"),
        ] {
            let charset = Charset::parse(Some(name));
            assert!(charset.encode(all).is_some(), "{name} {all}");
            assert!(charset.encode(some).is_none(), "{name} {some}: not for all");
        }
        let chinese = |name, bytes| Charset::parse(Some(name)).decode_strictly(bytes).is_ok();
        assert!(chinese("gb2312", b"\xd6\xd0 a") && !chinese("gb2312", b"\xd6\xd0 \x92\x74"));
        assert!(chinese("gbk", b"\x92\x74") && chinese("gb18030", b"\x92\x74"));
        assert!(!chinese("iso-2022-jp", b"\x1b$B-!\x1b(B"));
        let guessed = Charset::parse(Some("iso-8859-1"));
        assert!(guessed.decode_strictly(b"\x93caf\xe9\x94").is_err());
        assert!(guessed.decode_strictly(b"caf\xe9").is_ok());
        let japanese = Charset::parse(Some("iso-2022-jp"))
            .encode("日本")
            .map(Cow::into_owned);
        assert_eq!(japanese.as_deref(), Some(&b"\x1b$BF|K\\\x1b(B"[..]));
    }
}
