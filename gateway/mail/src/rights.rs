//! What a reader may do with a letter, and the terms under which it is sealed.
//!
//! It never enforces: the viewer and the pipeline ask.

use std::fmt;

/// One thing a reader may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Open and see.
    View,
    /// Change the content.
    Edit,
    /// Copy text out.
    Copy,
    /// Print.
    Print,
    /// Save without protection.
    Export,
    /// Answer the sender.
    Reply,
    /// Answer the sender and all recipients.
    ReplyAll,
    /// Pass on to others.
    Forward,
    /// Everything, removing the protection included.
    Owner,
}

impl Right {
    /// Every right, in the order of their bits.
    pub const ALL: [Right; 9] = [
        Right::View,
        Right::Edit,
        Right::Copy,
        Right::Print,
        Right::Export,
        Right::Reply,
        Right::ReplyAll,
        Right::Forward,
        Right::Owner,
    ];

    /// The word in rule files, log and audit: `VIEW`, `REPLYALL`, ….
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "VIEW",
            Self::Edit => "EDIT",
            Self::Copy => "COPY",
            Self::Print => "PRINT",
            Self::Export => "EXPORT",
            Self::Reply => "REPLY",
            Self::ReplyAll => "REPLYALL",
            Self::Forward => "FORWARD",
            Self::Owner => "OWNER",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights(u16);

const EVERY_BIT: u16 = (1 << Right::ALL.len()) - 1;

impl Rights {
    /// Nothing at all.
    pub const NONE: Rights = Rights(0);
    /// Everything.
    pub const ALL: Rights = Rights(EVERY_BIT);
    /// View, reply, reply to all.
    pub const DO_NOT_FORWARD: Rights =
        Rights(Right::View.bit() | Right::Reply.bit() | Right::ReplyAll.bit());
    /// All but export and owner.
    pub const ENCRYPT_ONLY: Rights = Rights(EVERY_BIT & !Right::Export.bit() & !Right::Owner.bit());

    /// The set of these.
    pub fn of(rights: &[Right]) -> Self {
        Self(rights.iter().fold(0, |bits, right| bits | right.bit()))
    }

    /// What both allow: the stricter of the two.
    pub fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set holds this right; an owner holds every one.
    pub fn contains(self, right: Right) -> bool {
        self.0 & (right.bit() | Right::Owner.bit()) != 0
    }

    /// The stored form.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Reads the stored form; `None` for a bit that has no meaning here.
    pub fn from_bits(bits: u16) -> Option<Self> {
        (bits & !EVERY_BIT == 0).then_some(Self(bits))
    }

    /// `do-not-forward`, `encrypt-only`, or the words joined by `+`; `none` for the empty set.
    pub fn name(self) -> String {
        match self {
            Self::DO_NOT_FORWARD => "do-not-forward".into(),
            Self::ENCRYPT_ONLY => "encrypt-only".into(),
            Self::NONE => "none".into(),
            _ => {
                let held = Right::ALL.iter().filter(|right| self.0 & right.bit() != 0);
                held.map(|right| right.name()).collect::<Vec<_>>().join("+")
            }
        }
    }

    /// Reads what [`Rights::name`] writes, in any case; words may also be parted by `,` or space.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        for named in [Self::DO_NOT_FORWARD, Self::ENCRYPT_ONLY, Self::NONE] {
            if text.eq_ignore_ascii_case(&named.name()) {
                return Some(named);
            }
        }
        let mut rights = Self::NONE;
        for word in text.split(['+', ',', ' ']).filter(|word| !word.is_empty()) {
            let right = Right::ALL
                .iter()
                .find(|right| word.eq_ignore_ascii_case(right.name()))?;
            rights.0 |= right.bit();
        }
        (rights != Self::NONE).then_some(rights)
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// How a letter is sealed: what the reader may do, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealTerms {
    /// What the reader may do.
    pub rights: Rights,
    /// Life of the letter; `None` leaves it to the site's setting.
    pub expires_after_seconds: Option<u64>,
    /// Whether attachments may be saved by whoever may view.
    pub download: bool,
    /// The named template for notice and page, if not the site's own.
    pub template: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_come_back() {
        for bits in 0..=EVERY_BIT {
            let rights = Rights::from_bits(bits).unwrap();
            assert_eq!(Rights::parse(&rights.name()), Some(rights));
        }
        assert_eq!(Rights::from_bits(EVERY_BIT + 1), None);
        assert_eq!(Rights::parse("VIEW+FLY"), None);
        assert_eq!(Rights::parse(""), None);
    }

    #[test]
    fn the_two_named_sets() {
        assert!(!Rights::DO_NOT_FORWARD.contains(Right::Forward));
        assert!(!Rights::DO_NOT_FORWARD.contains(Right::Print));
        assert!(Rights::ENCRYPT_ONLY.contains(Right::Forward));
        assert!(!Rights::ENCRYPT_ONLY.contains(Right::Export));
        assert_eq!(
            Rights::ENCRYPT_ONLY.intersect(Rights::DO_NOT_FORWARD),
            Rights::DO_NOT_FORWARD
        );
        assert!(Rights::of(&[Right::Owner]).contains(Right::Export));
    }
}
