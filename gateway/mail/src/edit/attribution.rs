//! The line above a quotation that says who wrote it and when: `On Monday, Ann wrote:`.
//!
//! It never takes a line for it that has no date, nor one that quotes, and says how surely it is
//! more than a sentence.

use super::heading::is_colon;
use crate::work;

/// How many bytes of a line are looked at.
pub(crate) const LOOKED_AT_BYTES: usize = 320;
/// Over how many lines a program breaks it.
const LINES_MAX: usize = 3;

/// What "wrote" is in the languages of mail programs, in small letters; with "sent", where they
/// say so.
const WROTE: [&str; 47] = [
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
    "نوشت",
    "כתב",
];
/// How an attribution begins that a line break may part from what it says of its writer.
const OPENERS: [&str; 25] = [
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
    "در تاریخ ",
    "于",
    "於",
    "在",
];
/// How many characters an attribution has at most: a sentence that ends in a colon has more.
const CHARS_MAX: usize = 300;
/// How many characters may stand behind the verb: `(a)`, or an ending.
const BEHIND_VERB_MAX: usize = 12;
/// Of how many words the name behind a verb is that stands before it: `schrieb Ann Example`.
const NAME_WORDS_MAX: usize = 3;
/// Of how many words a date is.
const DATE_WORDS_MAX: usize = 7;
/// How many texts of one body are looked at: a body with more lines that end so is no letter.
const LOOKS_MAX: usize = 2_000;

/// How surely what stands below is quoted, where no sign or element says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// It may be a sentence of the writer's own, and what follows new.
    Sentence,
    /// A mail program's form in a paragraph of its own, or with hour and address below other lines:
    /// good enough to set a text above it.
    Likely,
    /// A paragraph of its own with hour and address: good enough to take no text below it for new.
    Sure,
}

/// An attribution that was read.
#[derive(Clone, Copy)]
pub(crate) struct Attributed<P> {
    /// Where it began.
    pub start: P,
    pub form: Form,
}

/// Reads lines in their order, until one of them ends an attribution.
pub(crate) struct Attribution<P> {
    /// How many lines of the paragraph were read.
    paragraph: usize,
    /// The lines above in the same paragraph, at most [`LINES_MAX`] less one.
    above: Vec<(P, String)>,
    /// How many texts were looked at.
    looks: usize,
}

impl<P> Default for Attribution<P> {
    fn default() -> Self {
        Self {
            paragraph: 0,
            above: Vec::new(),
            looks: 0,
        }
    }
}

impl<P: Copy> Attribution<P> {
    /// Reads a line that stands at `offset`; the attribution that this line ends, if any.
    pub fn read(&mut self, offset: P, line: &str) -> Option<Attributed<P>> {
        let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'));
        let line = line.trim_matches(is_direction);
        if line.is_empty() || line.starts_with(['>', '|']) {
            self.end_paragraph();
            return None;
        }
        self.paragraph = self.paragraph.saturating_add(1);
        let ends = self.looks < LOOKS_MAX && (line.ends_with(is_colon) || line.ends_with("---"));
        if ends && let Some((lines, form)) = self.lines_with(line) {
            let at = self.above.len() + 1 - lines;
            let start = self.above.get(at).map_or(offset, |(offset, _)| *offset);
            self.above.clear();
            return Some(Attributed { start, form });
        }
        self.keep(offset, line);
        None
    }

    /// Notes a blank line.
    pub fn end_paragraph(&mut self) {
        self.above.clear();
        self.paragraph = 0;
    }

    /// Where the attribution begins that a line before a `>` ends, whatever it says.
    pub fn read_loosely(&mut self, offset: P, line: &str) -> Option<P> {
        let begins = |line: &str| opens(line) || line.starts_with("On ");
        let above = self.above.last().filter(|(_, line)| begins(line));
        let above = above.map(|(offset, _)| *offset);
        match self.read(offset, line) {
            Some(read) => Some(read.start),
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
    /// and of those above that begin its sentence. And its form.
    fn lines_with(&mut self, last: &str) -> Option<(usize, Form)> {
        let mut text = last.to_owned();
        let mut lines = 1;
        let mut above = self.above.iter().rev();
        loop {
            self.looks += 1;
            if form(&text).is_some() {
                break;
            }
            let (_, line) = above.next()?;
            text = format!("{line} {text}");
            lines += 1;
        }
        // In Chinese the writer stands first.
        let names = |line: &str| line.ends_with('>') && line.contains('@');
        let is_named = text.starts_with(['于', '於'])
            && above.clone().next().is_some_and(|(_, line)| names(line));
        let opened = above.clone().position(|(_, line)| opens(line));
        let more = match opened {
            _ if is_named => 1,
            Some(more) if !opens(&text) => more + 1,
            _ => 0,
        };
        for (_, line) in above.take(more) {
            text = format!("{line} {text}");
        }
        lines += more;
        let stands_alone = lines == self.paragraph;
        let form = match form(&text).unwrap_or(Form::Sentence) {
            form if stands_alone => form,
            Form::Sure => Form::Likely,
            _ => Form::Sentence,
        };
        Some((lines, form))
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

/// The form of a text that names a day or an hour, and somebody who wrote then; `None` for others.
fn form(text: &str) -> Option<Form> {
    work::looked_at(text.len());
    let text = text.trim_matches(|c: char| c == '-' || c.is_whitespace() || is_colon(c));
    if text.chars().nth(CHARS_MAX).is_some() {
        return None;
    }
    let text: String = text.chars().map(ascii_digit).collect();
    if !has_date(&text) {
        return None;
    }
    let is_open = opens(&text) || text.starts_with(char::is_numeric);
    let verb = verb(&text, is_open);
    // `2024-10-17 11:28 GMT+03:00 Ann <ann@x.example>:`
    let ends_in_address = text.ends_with(['>', ')'])
        && text
            .rsplit_once(['<', '('])
            .is_some_and(|(before, address)| address.contains('@') && has_date(before));
    if verb.is_none() && !(ends_in_address && text.ends_with('>')) {
        return None;
    }
    let is_last = verb.is_some_and(|behind| behind == Behind::Little);
    let is_named = is_last || verb == Some(Behind::Name);
    let has_hour = has_hour(&text);
    Some(match text.contains('@') {
        true if has_hour && (is_last || verb.is_some() && ends_in_address) => Form::Sure,
        true => Form::Likely,
        false if is_open && is_named && (has_hour || has_weekday(&text)) => Form::Likely,
        false => Form::Sentence,
    })
}

/// What stands behind a word for "wrote".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Behind {
    /// Nothing but an ending, or the date.
    Little,
    /// As few words as a name has.
    Name,
    More,
}

/// Whether a text says that somebody wrote: at its end, or anywhere where it is open.
fn verb(text: &str, is_open: bool) -> Option<Behind> {
    let small = text.to_lowercase();
    let found = WROTE.iter().filter_map(|word| {
        let at = small.rfind(word)?;
        let before = small[..at].chars().next_back();
        let is_word = !word.is_ascii() || before.is_none_or(|c| !c.is_alphanumeric());
        let behind = &small[at + word.len()..];
        let words = behind.split_whitespace().count();
        // `Ann wrote on 05.01.2026 at 10:15:` says nothing more.
        let is_date =
            behind.trim_end_matches(')').ends_with(char::is_numeric) && words <= DATE_WORDS_MAX;
        let behind = match behind.chars().count() {
            ..=BEHIND_VERB_MAX => Behind::Little,
            _ if is_date => Behind::Little,
            _ if words <= NAME_WORDS_MAX => Behind::Name,
            _ => Behind::More,
        };
        (is_word && (is_open || behind == Behind::Little)).then_some(behind)
    });
    found.min()
}

/// Whether it says an hour: `10:15`, `10h15`, or with a point that no date's is.
pub(crate) fn has_hour(text: &str) -> bool {
    let parts = |c: char| matches!(c, ':' | '.' | 'h');
    let mut words = text.split(|c: char| !c.is_ascii_digit() && !parts(c));
    words.any(|word| {
        let Some((hour, rest)) = word.split_once(parts) else {
            return false;
        };
        let is_dotted = word[hour.len()..].starts_with('.');
        let (minute, more) = rest.split_at(rest.find(parts).unwrap_or(rest.len()));
        let below = |number: &str, end: u8| number.parse::<u8>().is_ok_and(|number| number < end);
        below(hour, 24) && minute.len() == 2 && below(minute, 60) && (!is_dotted || more.is_empty())
    })
}

/// Whether an opener and one word with a comma begin it: `On Mon, `.
fn has_weekday(text: &str) -> bool {
    let mut rest = OPENERS
        .iter()
        .filter_map(|opener| text.strip_prefix(opener));
    rest.any(|rest| {
        let word = rest.split_whitespace().next().unwrap_or_default();
        word.ends_with(',') && !has_digit(word)
    })
}

/// Arabic and Persian digits as ASCII ones.
fn ascii_digit(c: char) -> char {
    let zero = match c {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        _ => return c,
    };
    char::from_digit(u32::from(c) - zero, 10).unwrap_or(c)
}

/// A mark that only says which way text runs.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
