//! Names of elements, told apart by a number each.
//!
//! It never says what an element is: sets of names do.

/// An element's name in lower case, its first sixteen letters packed; unequal names stay unequal
/// for every element there is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    packed: u128,
    /// Where it stands among [`KNOWN`].
    number: u8,
}

/// How many letters are told.
const LETTERS: usize = 16;
/// The number of every name that is not known.
const UNKNOWN: u8 = u8::MAX;

impl Name {
    /// Packs a name.
    pub const fn new(name: &[u8]) -> Self {
        let packed = pack(name);
        Self {
            packed,
            number: number(packed),
        }
    }

    /// Reads the name that a tag begins with behind its `<` or `</`, and tells its length.
    pub fn read(tag: &[u8]) -> (Self, usize) {
        let mut packed = 0;
        let mut length = 0;
        for byte in tag {
            if byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>') {
                break;
            }
            if length < LETTERS {
                packed = packed << 8 | u128::from(byte.to_ascii_lowercase());
            }
            length += 1;
        }
        let number = number(packed);
        (Self { packed, number }, length)
    }

    /// The letters again.
    pub fn text(self) -> String {
        let letters = self.packed.to_be_bytes();
        let letters = letters.iter().filter(|byte| **byte != 0);
        letters.map(|byte| *byte as char).collect()
    }

    /// Whether it is one of these.
    pub fn is_one_of(self, names: Names) -> bool {
        names.0[usize::from(self.number >> 6)] >> (self.number & 63) & 1 == 1
    }
}

/// A set of known names.
#[derive(Clone, Copy)]
pub(crate) struct Names([u64; 4]);

impl Names {
    /// Those of the list; each must be [`KNOWN`], or it does not compile.
    pub const fn of(list: &[&str]) -> Self {
        let mut names = [0; 4];
        let mut at = 0;
        while at < list.len() {
            let number = Name::new(list[at].as_bytes()).number;
            assert!(number != UNKNOWN, "a name that is not among the known ones");
            names[(number >> 6) as usize] |= 1 << (number & 63);
            at += 1;
        }
        Self(names)
    }

    /// Those of either.
    pub const fn and(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a | e, b | f, c | g, d | h])
    }
}

/// A set of names.
macro_rules! names {
    ($($name:literal)*) => { $crate::edit::html::Names::of(&[$($name,)*]) };
}
pub(crate) use names;

const fn pack(name: &[u8]) -> u128 {
    let mut packed = 0;
    let mut at = 0;
    while at < name.len() && at < LETTERS {
        packed = packed << 8 | name[at].to_ascii_lowercase() as u128;
        at += 1;
    }
    packed
}

/// Every name that some set holds.
const KNOWN: &[&str] = &[
    "a",
    "abbr",
    "address",
    "annotation-xml",
    "applet",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "basefont",
    "bgsound",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "code",
    "col",
    "colgroup",
    "datalist",
    "dd",
    "del",
    "desc",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "foreignobject",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "keygen",
    "label",
    "li",
    "link",
    "listing",
    "main",
    "mark",
    "marquee",
    "math",
    "menu",
    "meta",
    "meter",
    "mi",
    "mn",
    "mo",
    "ms",
    "mtext",
    "nav",
    "nobr",
    "noembed",
    "noframes",
    "noscript",
    "o:p",
    "object",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "plaintext",
    "pre",
    "progress",
    "rb",
    "rp",
    "rt",
    "rtc",
    "ruby",
    "s",
    "script",
    "search",
    "section",
    "select",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
    "xmp",
];

/// [`KNOWN`], packed.
static PACKED: [u128; KNOWN.len()] = {
    let mut packed = [0; KNOWN.len()];
    let mut at = 0;
    while at < packed.len() {
        packed[at] = pack(KNOWN[at].as_bytes());
        at += 1;
    }
    packed
};

const SLOTS: usize = 1024;

/// The numbers of [`KNOWN`], each in its slot or, where that is taken, in one behind it.
static NUMBERS: [u8; SLOTS] = {
    assert!(KNOWN.len() < UNKNOWN as usize, "more names than numbers");
    let mut numbers = [UNKNOWN; SLOTS];
    let mut number = 0;
    while number < KNOWN.len() {
        let mut at = slot(PACKED[number]);
        while numbers[at] != UNKNOWN {
            at = (at + 1) % SLOTS;
        }
        numbers[at] = number as u8;
        number += 1;
    }
    numbers
};

const fn slot(packed: u128) -> usize {
    let folded = (packed >> 64) as u64 ^ packed as u64;
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize
}

const fn number(packed: u128) -> u8 {
    let mut at = slot(packed);
    loop {
        let number = NUMBERS[at];
        if number == UNKNOWN || PACKED[number as usize] == packed {
            return number;
        }
        at = (at + 1) % SLOTS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_numbers() {
        for (number, known) in KNOWN.iter().enumerate() {
            let name = Name::new(known.to_uppercase().as_bytes());
            assert_eq!(
                (usize::from(name.number), name.text()),
                (number, (*known).to_owned())
            );
        }
        for unknown in ["", "x", "divv", "custom-element", "annotation-xmlx"] {
            let name = Name::new(unknown.as_bytes());
            assert!(name.number == UNKNOWN && !name.is_one_of(names!["div" "p"]));
        }
        let (read, length) = Name::read(b"DiV\tclass=a>");
        assert!(read == Name::new(b"div") && length == 3);
        let (read, length) = Name::read(b"annotation-xml-and-more");
        assert!(read == Name::new(b"annotation-xml-and-so-on") && length == 23);
        assert!(Name::new(b"DIV").is_one_of(names!["div" "p"]));
        assert!(!Name::new(b"b").is_one_of(names!["div" "p"]));
    }
}
