//! The readers of the world, by what each does where a message is not as it should be.
//!
//! It never reads: it names habits.

use super::WarningKind;

/// Whose habits a message is read by, where it is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The first of two equal fields counts, a line that is no field ends a header, only a whole
    /// delimiter cuts.
    Ours,
    /// The last of two equal fields or parameters counts.
    Last,
    /// Lines that are no fields are passed over, what begins like a delimiter cuts, a close does
    /// not end, a type that is almost one is one, and a boundary that is not named is guessed.
    Greedy,
    /// Both.
    GreedyLast,
    /// A line with a blank before its colon, or with a `>` before the `From ` of an mbox, is no
    /// field and ends the header.
    Strict,
    /// Every kind of message is opened, and of a delivery report each block of fields.
    Open,
}

impl Reader {
    /// All but ours.
    pub const OTHERS: [Reader; 5] = [
        Reader::Last,
        Reader::Greedy,
        Reader::GreedyLast,
        Reader::Strict,
        Reader::Open,
    ];

    /// Whether the last of several counts.
    pub fn takes_last(self) -> bool {
        matches!(self, Self::Last | Self::GreedyLast)
    }

    /// Whether it takes no sloppy line for a field.
    pub fn is_strict(self) -> bool {
        self == Self::Strict
    }

    /// Whether it reads more into lines than stands there.
    pub fn is_greedy(self) -> bool {
        matches!(self, Self::Greedy | Self::GreedyLast)
    }

    /// The oddities without which it reads as we do; nothing where there are too many to name.
    pub fn asks_for(self) -> &'static [WarningKind] {
        match self {
            Self::Strict => &[WarningKind::BlankBeforeColon, WarningKind::QuotedMboxLine],
            Self::Open => &[WarningKind::OtherMessage],
            _ => &[],
        }
    }

    /// Whether it opens what only some take for a message, or what is itself encoded.
    pub fn opens_more(self) -> bool {
        self.is_greedy() || self == Self::Open
    }
}
