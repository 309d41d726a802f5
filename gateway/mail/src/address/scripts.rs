//! Which script a letter belongs to, and which letters look like others.
//!
//! It never decides what is allowed: mixed scripts and look-alikes are facts for rules.

/// A writing system, as far as telling them apart needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Script {
    /// Latin.
    Latin,
    /// Greek.
    Greek,
    /// Cyrillic.
    Cyrillic,
    /// Han, Kana, Bopomofo and Hangul, which are written together, and with Latin.
    EastAsian,
    /// Any other, told by the first letter of its block.
    Other(u32),
}

/// First and last letter of each block, and its script; in order.
const BLOCKS: &[(u32, u32, Script)] = &[
    (0x0041, 0x02af, Script::Latin),
    (0x0370, 0x03ff, Script::Greek),
    (0x0400, 0x052f, Script::Cyrillic),
    (0x0530, 0x058f, Script::Other(0x0530)),
    (0x0590, 0x05ff, Script::Other(0x0590)),
    (0x0600, 0x06ff, Script::Other(0x0600)),
    (0x0750, 0x077f, Script::Other(0x0600)),
    (0x08a0, 0x08ff, Script::Other(0x0600)),
    (0x0900, 0x097f, Script::Other(0x0900)),
    (0x0980, 0x09ff, Script::Other(0x0980)),
    (0x0a00, 0x0a7f, Script::Other(0x0a00)),
    (0x0a80, 0x0aff, Script::Other(0x0a80)),
    (0x0b00, 0x0b7f, Script::Other(0x0b00)),
    (0x0b80, 0x0bff, Script::Other(0x0b80)),
    (0x0c00, 0x0c7f, Script::Other(0x0c00)),
    (0x0c80, 0x0cff, Script::Other(0x0c80)),
    (0x0d00, 0x0d7f, Script::Other(0x0d00)),
    (0x0d80, 0x0dff, Script::Other(0x0d80)),
    (0x0e00, 0x0e7f, Script::Other(0x0e00)),
    (0x0e80, 0x0eff, Script::Other(0x0e80)),
    (0x0f00, 0x0fff, Script::Other(0x0f00)),
    (0x1000, 0x109f, Script::Other(0x1000)),
    (0x10a0, 0x10ff, Script::Other(0x10a0)),
    (0x1100, 0x11ff, Script::EastAsian),
    (0x1200, 0x139f, Script::Other(0x1200)),
    (0x13a0, 0x13ff, Script::Other(0x13a0)),
    (0x1780, 0x17ff, Script::Other(0x1780)),
    (0x1c80, 0x1c8f, Script::Cyrillic),
    (0x1d00, 0x1d25, Script::Latin),
    (0x1e00, 0x1eff, Script::Latin),
    (0x1f00, 0x1fff, Script::Greek),
    (0x2c60, 0x2c7f, Script::Latin),
    (0x2de0, 0x2dff, Script::Cyrillic),
    (0x3005, 0x31ff, Script::EastAsian),
    (0x3400, 0x9fff, Script::EastAsian),
    (0xa640, 0xa69f, Script::Cyrillic),
    (0xa720, 0xa7ff, Script::Latin),
    (0xab70, 0xabbf, Script::Other(0x13a0)),
    (0xac00, 0xd7ff, Script::EastAsian),
    (0xf900, 0xfaff, Script::EastAsian),
    (0xfb00, 0xfb06, Script::Latin),
    (0xfb1d, 0xfb4f, Script::Other(0x0590)),
    (0xfb50, 0xfdff, Script::Other(0x0600)),
    (0xfe70, 0xfefc, Script::Other(0x0600)),
    (0xff21, 0xff5a, Script::Latin),
    (0xff66, 0xffdc, Script::EastAsian),
    (0x1d400, 0x1d7ff, Script::Latin),
    (0x20000, 0x3ffff, Script::EastAsian),
];

/// The script of a letter; digits, marks and letters of rare scripts have none.
pub fn script(c: char) -> Option<Script> {
    if !c.is_alphabetic() {
        return None;
    }
    let code = u32::from(c);
    let after = BLOCKS.partition_point(|(first, _, _)| *first <= code);
    let (_, last, script) = BLOCKS.get(after.checked_sub(1)?)?;
    (code <= *last).then_some(*script)
}

/// Whether one word mixes scripts that no language writes together (UTS #39, "highly
/// restrictive": East Asian ones go with Latin).
pub fn is_mixed(word: &str) -> bool {
    let mut scripts: Vec<Script> = word.chars().filter_map(script).collect();
    scripts.sort_unstable();
    scripts.dedup();
    !matches!(scripts[..], [] | [_] | [Script::Latin, Script::EastAsian])
}

/// Characters that cannot be seen, or that turn the reading direction of what follows.
pub fn is_invisible(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00ad
            | 0x034f
            | 0x061c
            | 0x115f
            | 0x1160
            | 0x17b4
            | 0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0x3164
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff9..=0xfffb
            | 0xe0000..=0xe0fff
    )
}

/// Letters that look like a Latin one: the letter, and what people take it for.
const LOOK_ALIKES: &[(&str, char)] = &[
    ("аɑα", 'a'),
    ("Ьƅ", 'b'),
    ("сϲ", 'c'),
    ("ԁ", 'd'),
    ("еҽ℮", 'e'),
    ("ɡց", 'g'),
    ("һհ", 'h'),
    ("іıιɩ", 'i'),
    ("јϳ", 'j'),
    ("кκ", 'k'),
    ("ӏⅼ|", 'l'),
    ("м", 'm'),
    ("ոռпη", 'n'),
    ("оοօ0", 'o'),
    ("рρ", 'p'),
    ("ԛզ", 'q'),
    ("гᴦ", 'r'),
    ("ѕꜱ", 's'),
    ("тτ", 't'),
    ("սυʋ", 'u'),
    ("ѵνᴠ", 'v'),
    ("ԝѡωɯ", 'w'),
    ("хχ", 'x'),
    ("уүγყ", 'y'),
    ("ᴢ", 'z'),
    ("1", 'l'),
];

/// What a text looks like at a glance: two texts of one skeleton can be taken for each other.
pub fn skeleton(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|c| !is_invisible(*c))
    {
        let like = LOOK_ALIKES.iter().find(|(letters, _)| letters.contains(c));
        out.push(like.map_or(c, |(_, latin)| *latin));
    }
    out.replace("rn", "m").replace("vv", "w")
}
