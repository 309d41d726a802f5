//! The line above a quotation that says who wrote it and when: `On Monday, Ann wrote:`.
//!
//! It never takes a line for it that has no date, nor one that quotes.

use super::heading::is_colon;
use crate::work;

/// How many bytes of a line are looked at.
pub(crate) const LOOKED_AT_BYTES: usize = 320;
/// Over how many lines a program breaks it.
const LINES_MAX: usize = 3;

/// What "wrote" is in the languages of mail programs, in small letters; with "sent", where they
/// say so.
const WROTE: [&str; 46] = [
    "wrote",
    "writes",
    "schrieb",
    "schreef",
    "geschreven",
    "a écrit",
    "escribió",
    "escribio",
    "ha escrito",
    "va escriure",
    "escreveu",
    "ha scritto",
    "scrisse",
    "a scris",
    "skrev",
    "skreiv",
    "skrifaði",
    "kirjoitti",
    "kirjutas",
    "parašė",
    "rakstīja",
    "napisał",
    "nadesłał",
    "napsal",
    "napísal",
    "napisal",
    "napisao",
    "napisala",
    "írta",
    "yazdı",
    "yazmış",
    "написал",
    "пишет",
    "пише",
    "написа",
    "напісаў",
    "έγραψε",
    "đã viết",
    "menulis",
    "เขียน",
    "写道",
    "寫道",
    "写入",
    "작성",
    "كتب",
    "כתב",
];
/// How an attribution begins that a line break may part from what it says of its writer.
const OPENERS: [&str; 21] = [
    "On ",
    "At ",
    "Am ",
    "Le ",
    "El ",
    "Em ",
    "Il ",
    "Op ",
    "Den ",
    "Dne ",
    "Dňa ",
    "Dnia ",
    "W dniu ",
    "Pe ",
    "På ",
    "În ",
    "Vào ",
    "Pada ",
    "Στις ",
    "Kl. ",
    "Il giorno ",
];
/// How many characters an attribution has at most: a sentence that ends in a colon has more.
const CHARS_MAX: usize = 300;
/// How many characters may stand behind the verb: `(a)`, or an ending.
const BEHIND_VERB_MAX: usize = 12;
/// Of how many words a date is.
const DATE_WORDS_MAX: usize = 7;
/// How many texts of one body are looked at: a body with more lines that end so is no letter.
const LOOKS_MAX: usize = 2_000;

/// Reads lines in their order, until one of them ends an attribution.
pub(crate) struct Attribution<P> {
    /// The lines above in the same paragraph, at most [`LINES_MAX`] less one.
    above: Vec<(P, String)>,
    /// How many texts were looked at.
    looks: usize,
}

impl<P> Default for Attribution<P> {
    fn default() -> Self {
        Self {
            above: Vec::new(),
            looks: 0,
        }
    }
}

impl<P: Copy> Attribution<P> {
    /// Reads a line that stands at `offset`; where the attribution began, if this line ends one.
    pub fn read(&mut self, offset: P, line: &str) -> Option<P> {
        let line = line.trim_matches(|c: char| c.is_whitespace() || c == '*' || c == '_');
        if line.is_empty() || line.starts_with(['>', '|']) {
            self.above.clear();
            return None;
        }
        let ends = self.looks < LOOKS_MAX && (line.ends_with(is_colon) || line.ends_with("---"));
        if ends && let Some(lines) = self.lines_with(line) {
            let at = self.above.len() + 1 - lines;
            let start = self.above.get(at).map_or(offset, |(offset, _)| *offset);
            self.above.clear();
            return Some(start);
        }
        self.keep(offset, line);
        None
    }

    /// Where the attribution begins that a line before a `>` ends, whatever it says.
    pub fn read_loosely(&mut self, offset: P, line: &str) -> Option<P> {
        let begins = |line: &str| opens(line) || line.starts_with("On ");
        let above = self.above.last().filter(|(_, line)| begins(line));
        let above = above.map(|(offset, _)| *offset);
        match self.read(offset, line) {
            Some(start) => Some(start),
            None => line
                .trim()
                .ends_with(is_colon)
                .then(|| above.unwrap_or(offset)),
        }
    }

    fn keep(&mut self, offset: P, line: &str) {
        match self.above.len() {
            LINES_MAX.. => {}
            // No more are looked at.
            _ if self.looks >= LOOKS_MAX => self.above.clear(),
            length if length == LINES_MAX - 1 => {
                // The room of the first is used again.
                self.above.rotate_left(1);
                if let Some((at, text)) = self.above.last_mut() {
                    *at = offset;
                    text.clear();
                    text.push_str(line);
                }
            }
            _ => self.above.push((offset, line.to_owned())),
        }
    }

    /// Of how many lines the attribution is that this line ends: of the fewest that say it all,
    /// and of those above that begin its sentence.
    fn lines_with(&mut self, last: &str) -> Option<usize> {
        let mut text = last.to_owned();
        let mut lines = 1;
        let mut above = self.above.iter().rev();
        loop {
            self.looks += 1;
            if is_attribution(&text) {
                break;
            }
            let (_, line) = above.next()?;
            text = format!("{line} {text}");
            lines += 1;
        }
        // In Chinese the writer stands first.
        let names = |line: &str| line.ends_with('>') && line.contains('@');
        if text.starts_with(['于', '於']) && above.clone().next().is_some_and(|(_, l)| names(l)) {
            return Some(lines + 1);
        }
        let opened = above.position(|(_, line)| opens(line));
        match opened {
            Some(more) if !opens(&text) => Some(lines + more + 1),
            _ => Some(lines),
        }
    }
}

/// Whether a line may begin an attribution that goes on in the next.
fn opens(line: &str) -> bool {
    let is_open = !line.ends_with(['.', '!', '?', ':']);
    is_open && OPENERS.iter().any(|opener| line.starts_with(opener)) && has_digit(line)
}

fn has_digit(text: &str) -> bool {
    text.contains(char::is_numeric)
}

/// Whether a text names a day or an hour, and somebody who wrote then.
fn is_attribution(text: &str) -> bool {
    work::looked_at(text.len());
    let text = text.trim_matches(|c: char| c == '-' || c.is_whitespace() || is_colon(c));
    if text.chars().nth(CHARS_MAX).is_some() || !has_date(text) {
        return false;
    }
    // `2024-10-17 11:28 GMT+03:00 Ann <ann@x.example>:`
    let address = text
        .strip_suffix('>')
        .and_then(|rest| rest.rsplit_once('<'));
    if address.is_some_and(|(before, address)| address.contains('@') && has_date(before)) {
        return true;
    }
    let small = text.to_lowercase();
    let is_begun = opens(text) || text.starts_with(char::is_numeric);
    WROTE.iter().any(|word| {
        small.rfind(word).is_some_and(|at| {
            let behind = &small[at + word.len()..];
            // `Ann wrote on 05.01.2026 at 10:15:` says nothing more.
            let is_date = behind.trim_end_matches(')').ends_with(char::is_numeric)
                && behind.split_whitespace().count() <= DATE_WORDS_MAX;
            let is_last = is_date || behind.chars().count() <= BEHIND_VERB_MAX;
            let before = small[..at].chars().next_back();
            let is_word = !word.is_ascii() || before.is_none_or(|c| !c.is_alphanumeric());
            is_word && (is_last || is_begun)
        })
    })
}

/// Whether it holds a day of some year, as words or in digits, or an hour beside another number.
fn has_date(text: &str) -> bool {
    const YEARS: [(u32, u32); 2] = [(1970, 2100), (2513, 2643)];
    let (mut numbers, mut is_dated, mut is_timed) = (0, false, false);
    // The sign between a number and the one before it, where one sign alone parts the two.
    let (mut joints, mut gap) = (Vec::new(), None);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(digit) = c.to_digit(10) else {
            gap = match gap {
                None => Some(c),
                Some(_) => Some(' '),
            };
            continue;
        };
        let (mut value, mut length) = (digit, 1);
        while let Some(more) = chars.peek().and_then(|c| c.to_digit(10)) {
            value = value.saturating_mul(10).saturating_add(more);
            length += 1;
            chars.next();
        }
        let is_year = |(from, to): &(u32, u32)| (*from..*to).contains(&value);
        is_dated |= length == 4 && YEARS.iter().any(is_year);
        let joint = gap.take().filter(|_| numbers > 0).unwrap_or(' ');
        is_timed |= joint == ':' && length == 2;
        joints.push(joint);
        is_dated |= matches!(joints[..], [.., a, b] if a == b && matches!(a, '.' | '/' | '-'));
        numbers += 1;
    }
    is_dated && numbers > 1 || is_timed && numbers > 2
}

#[cfg(test)]
mod tests;
