//! What a marking looks like, so that an earlier one is known again: its words, and times in it.
//!
//! It leaves room for nothing that a person could have written in a marking's place: words that
//! are taken out in error are lost.

use memchr::memmem;

use super::marks::Line;

/// How many letters a text must have to be told from others; with room for times in it, more.
const LETTERS_MIN: usize = 4;
const LETTERS_AROUND_ROOM_MIN: usize = 10;

/// Room for a time, in the forms of [`crate::LocalTime`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// `3 December 2026, 15:05 UTC+01:00`.
    Date,
    /// `2026-12-03`.
    Day,
    /// `15:05`.
    Clock,
    /// `UTC+01:00`, or `UTC`.
    Zone,
}

impl Room {
    const ALL: [Self; 4] = [Self::Date, Self::Day, Self::Clock, Self::Zone];

    /// The character that stands for it in [`Pattern::of`]: a noncharacter (Unicode §23.7), which
    /// no text holds.
    pub fn sign(self) -> char {
        match self {
            Self::Date => '\u{fdd0}',
            Self::Day => '\u{fdd1}',
            Self::Clock => '\u{fdd2}',
            Self::Zone => '\u{fdd3}',
        }
    }

    fn of(sign: char) -> Option<Self> {
        Self::ALL.into_iter().find(|room| room.sign() == sign)
    }

    /// How many letters it is worth: what is in a form like that is hardly anything else.
    fn letters(self) -> usize {
        match self {
            Self::Date => LETTERS_AROUND_ROOM_MIN,
            Self::Day => 6,
            Self::Clock | Self::Zone => 3,
        }
    }

    /// Reads a time of this form.
    fn take(self, reading: &mut Reading<'_>) -> bool {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        match self {
            Self::Date => {
                (reading.digits(2) || reading.digits(1))
                    && reading.take(" ")
                    && MONTHS.iter().any(|month| reading.take(month))
                    && reading.take(" ")
                    && reading.digits(4)
                    && reading.take(", ")
                    && Self::Clock.take(reading)
                    && reading.take(" ")
                    && Self::Zone.take(reading)
            }
            Self::Day => {
                reading.digits(4)
                    && reading.take("-")
                    && reading.digits(2)
                    && reading.take("-")
                    && reading.digits(2)
            }
            Self::Clock => reading.digits(2) && reading.take(":") && reading.digits(2),
            Self::Zone => {
                let signed = |reading: &mut Reading<'_>| reading.take("+") || reading.take("-");
                reading.take("UTC") && (!signed(reading) || Self::Clock.take(reading))
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Room(Room),
}

/// What a marking looks like: its words, whatever their line breaks, with room for times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

impl Pattern {
    /// Exactly this text, whatever its line breaks and blanks.
    pub fn exact(text: &str) -> Self {
        Self {
            pieces: vec![Piece::Words(normal(text))],
        }
    }

    /// This text with a time wherever a [`Room::sign`] stands. `None` when it holds too little to
    /// be told from other text.
    pub fn of(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut words = String::new();
        let mut letters = 0;
        for c in normal(text).chars() {
            letters += usize::from(c.is_alphanumeric());
            match Room::of(c) {
                None => words.push(c),
                Some(room) => {
                    letters += room.letters();
                    pieces.push(Piece::Words(std::mem::take(&mut words)));
                    pieces.push(Piece::Room(room));
                }
            }
        }
        let enough = match pieces.is_empty() {
            true => LETTERS_MIN,
            false => LETTERS_AROUND_ROOM_MIN,
        };
        pieces.push(Piece::Words(words));
        (letters >= enough).then_some(Self { pieces })
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Words(words) => Some(words.as_str()),
            Piece::Room(_) => None,
        })
    }

    /// A quick look: whether it says something whose longest plain word occurs at all.
    pub(super) fn may_occur(&self, body: &[u8]) -> bool {
        let plain = |c: char| !c.is_ascii_alphanumeric();
        let words = self.words().flat_map(|words| words.split(plain));
        let longest = words.max_by_key(|word| word.len()).unwrap_or_default();
        let says_nothing = self.pieces.len() == 1 && self.words().all(str::is_empty);
        !says_nothing && (longest.len() < 3 || memmem::find(body, longest.as_bytes()).is_some())
    }

    /// How many of these lines it fills from the first on; none when it does not. They are read no
    /// further than they say what it says.
    pub(super) fn fills(&self, lines: &[Line]) -> usize {
        let mut reading = Reading {
            lines,
            line: 0,
            at: 0,
        };
        let all = self.pieces.iter().all(|piece| match piece {
            Piece::Words(words) => reading.take(words),
            Piece::Room(room) => room.take(&mut reading),
        });
        match lines.get(reading.line) {
            Some(last) if all && reading.at == last.text.len() => reading.line + 1,
            _ => 0,
        }
    }
}

/// A place in lines that are read as one text: each line's end is a blank.
#[derive(Clone, Copy)]
struct Reading<'l> {
    lines: &'l [Line],
    line: usize,
    at: usize,
}

impl Reading<'_> {
    /// The next byte; none at the end of the last line.
    fn next(&mut self) -> Option<u8> {
        let text = self.lines.get(self.line)?.text.as_bytes();
        if let Some(byte) = text.get(self.at) {
            self.at += 1;
            return Some(*byte);
        }
        self.lines.get(self.line + 1)?;
        (self.line, self.at) = (self.line + 1, 0);
        Some(b' ')
    }

    /// Goes on behind these words, or stays where it is.
    fn take(&mut self, words: &str) -> bool {
        let begun = *self;
        let all = words.bytes().all(|byte| self.next() == Some(byte));
        if !all {
            *self = begun;
        }
        all
    }

    /// Goes on behind so many digits, or stays where it is.
    fn digits(&mut self, count: usize) -> bool {
        let begun = *self;
        let all = (0..count).all(|_| self.next().is_some_and(|byte| byte.is_ascii_digit()));
        if !all {
            *self = begun;
        }
        all
    }
}

/// Words parted by single blanks.
pub(super) fn normal(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c == '\u{a0}' || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        let lines = text.lines().map(|line| Line {
            text: normal(line),
            quoted: false,
            segments: Vec::new(),
        });
        lines.collect()
    }

    fn fills(pattern: &Pattern, text: &str) -> usize {
        pattern.fills(&lines(text))
    }

    fn room(before: &str, room: Room, after: &str) -> Option<Pattern> {
        Pattern::of(&format!("{before}{}{after}", room.sign()))
    }

    #[test]
    fn words_fill_their_lines() {
        let pattern = Pattern::exact("Classified as\n Internal");
        assert_eq!(fills(&pattern, "Classified as Internal\nb"), 1);
        assert_eq!(fills(&pattern, "Classified\nas\nInternal\nb"), 3);
        for other in [
            "Classified as Internal, too",
            "Classified asInternal",
            "Classi\nfied as Internal",
            "Classified as",
            "",
        ] {
            assert_eq!(fills(&pattern, other), 0, "{other}");
        }
    }

    #[test]
    fn there_is_room_for_times_and_nothing_else() {
        for (kind, times, others) in [
            (
                Room::Date,
                &[
                    "3 May 2025, 08:00 UTC",
                    "13 December 2026, 15:05 UTC+01:00",
                    "3 May 2025, 08:00 UTC-09:30",
                ][..],
                &["Monday", "3 Mai 2025, 08:00 UTC", "3 May 2025", ""][..],
            ),
            (Room::Day, &["2026-12-03"], &["3 May", "12-03", "2026-12-3"]),
            (Room::Clock, &["15:05"], &["noon", "5 pm", "15:5"]),
            (Room::Zone, &["UTC", "UTC+05:45"], &["CET", "UTC+1", "UTC+"]),
        ] {
            let pattern = room("Sent as internal mail at ", kind, " by us").unwrap();
            for time in times {
                let line = format!("Sent as internal mail at {time} by us");
                assert_eq!(fills(&pattern, &line), 1, "{line}");
                let broken = line.replace(' ', "\n");
                assert!(fills(&pattern, &broken) > 1, "{broken}");
            }
            for other in others {
                let line = format!("Sent as internal mail at {other} by us");
                assert_eq!(fills(&pattern, &line), 0, "{line}");
            }
        }
    }

    #[test]
    fn what_says_too_little_is_no_pattern() {
        assert_eq!(Pattern::of("abc"), None);
        assert_eq!(Pattern::of("abcd"), Some(Pattern::exact("abcd")));
        assert!(room("", Room::Date, "").is_some());
        assert_eq!(room("As of ", Room::Clock, ""), None);
        assert_eq!(room("a - ", Room::Day, ""), None);
        assert!(room("As of ", Room::Day, "").is_some());
    }
}
