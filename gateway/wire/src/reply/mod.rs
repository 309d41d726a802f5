//! A reply: three digits, an enhanced status code, and text (RFC 5321 §4.2, RFC 2034, RFC 3463).
//! It never lets a CR, LF or other control of its text become part of the protocol.

mod read;
#[cfg(test)]
mod tests;

pub use read::{REPLY_LINE_OCTETS_MAX, REPLY_LINES_MAX, REPLY_OCTETS_MAX, ReplyError, read_reply};

use std::fmt;

/// Octets in one reply line we write, CRLF included (RFC 5321 §4.5.3.1.5).
pub const WRITTEN_LINE_OCTETS_MAX: usize = 512;

/// Lines in one reply we write; what is longer is cut. So [`read_reply`] can read all we write.
pub const WRITTEN_LINES_MAX: usize = 20;

/// An enhanced status code, `class.subject.detail` (RFC 3463 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Enhanced {
    class: u8,
    subject: u16,
    detail: u16,
}

impl Enhanced {
    /// Reads `5.7.1`: class 2, 4 or 5, and two numbers of one to three digits each.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.');
        let class = match numbers.next()? {
            "2" => 2,
            "4" => 4,
            "5" => 5,
            _ => return None,
        };
        let subject = number(numbers.next()?)?;
        let detail = number(numbers.next()?)?;
        numbers.next().is_none().then_some(Self {
            class,
            subject,
            detail,
        })
    }

    /// The same condition under another class: `5.7.1` of class 4 is `4.7.1`.
    fn of_class(self, class: u8) -> Self {
        Self { class, ..self }
    }

    /// 2 for success, 4 for a passing failure, 5 for a lasting one.
    #[must_use]
    pub fn class(self) -> u8 {
        self.class
    }
}

/// One to three digits, without a leading zero (RFC 3463 §2).
fn number(text: &str) -> Option<u16> {
    let plain = matches!(text.len(), 1..=3) && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = text.len() == 1 || !text.starts_with('0');
    if plain && canonical {
        text.parse().ok()
    } else {
        None
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// One answer of a server. Its text may hold several lines, parted by `\n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Three digits, 200 to 599.
    pub code: u16,
    /// Absent in a greeting, in answers to `EHLO`, and in 3xx.
    pub enhanced: Option<Enhanced>,
    /// For people; what is no printable ASCII is replaced when it is written.
    pub text: String,
}

impl Reply {
    /// A reply with an enhanced code such as `"5.7.1"`.
    ///
    /// A code outside 200..=599 becomes 451, so that a mistake of ours is tried again and never
    /// taken for success. An enhanced code that cannot be read becomes `x.0.0`; its class
    /// always follows the code.
    #[must_use]
    pub fn new(code: u16, enhanced: &str, text: impl Into<String>) -> Self {
        let code = if (200..=599).contains(&code) {
            code
        } else {
            451
        };
        let enhanced = match (code / 100, Enhanced::parse(enhanced)) {
            (3, _) => None,
            (class, Some(given)) => Some(given.of_class(class as u8)),
            (class, None) => Some(Enhanced {
                class: class as u8,
                subject: 0,
                detail: 0,
            }),
        };
        Self {
            code,
            enhanced,
            text: text.into(),
        }
    }

    /// A reply without an enhanced code: greetings, answers to `EHLO` and `HELO`, 354.
    #[must_use]
    pub fn plain(code: u16, text: impl Into<String>) -> Self {
        Self {
            enhanced: None,
            ..Self::new(code, "", text)
        }
    }

    /// 2xx: done.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4xx: the sender may try again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5xx: the sender must not try again unchanged.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// The same words as a 4xx: for a refusal that does not concern the message itself, such as
    /// a 554 greeting of the next hop, which may pass.
    #[must_use]
    pub fn deferred(self) -> Self {
        if self.is_transient() {
            return self;
        }
        let enhanced = self
            .enhanced
            .map_or_else(|| "4.0.0".to_owned(), |e| e.to_string());
        Self::new(451, &enhanced, self.text)
    }

    /// The reply as it goes on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + 16);
        self.write(&mut bytes);
        bytes
    }

    /// Appends the reply as it goes on the wire: lines of at most 512 octets, at most 20 of them,
    /// printable ASCII only.
    pub fn write(&self, out: &mut Vec<u8>) {
        let enhanced = self.enhanced.map(|e| format!("{e} ")).unwrap_or_default();
        let mut line = |mark: u8, text: &str| {
            let digit = |value: u16| b'0' + (value % 10) as u8;
            out.extend([
                digit(self.code / 100),
                digit(self.code / 10),
                digit(self.code),
                mark,
            ]);
            out.extend_from_slice(enhanced.as_bytes());
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(b"\r\n");
        };
        let room = WRITTEN_LINE_OCTETS_MAX - "250-".len() - enhanced.len() - "\r\n".len();
        // Nearly every reply is one short line.
        if self.text.len() <= room && self.text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return line(b' ', &self.text);
        }
        let text = printable(&self.text);
        let mut pieces = text
            .split('\n')
            .flat_map(|line| Folded {
                rest: Some(line),
                room,
            })
            .peekable();
        for count in 1..=WRITTEN_LINES_MAX {
            let Some(piece) = pieces.next() else { break };
            let last = pieces.peek().is_none() || count == WRITTEN_LINES_MAX;
            line(if last { b' ' } else { b'-' }, piece);
        }
    }
}

/// `550 5.7.1 text` on one line, without controls: for logs and reports.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        if self.text.is_empty() {
            return Ok(());
        }
        write!(f, " {}", self.text.replace(char::is_control, " "))
    }
}

/// Printable ASCII and `\n`; a tab or CR becomes a space, anything else a question mark.
fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | ' '..='~' => c,
        '\r' | '\t' => ' ',
        _ => '?',
    };
    text.chars().map(shown).collect()
}

/// A line of ASCII in pieces of at most `room` octets, broken at a space where there is one.
struct Folded<'a> {
    rest: Option<&'a str>,
    room: usize,
}

impl<'a> Iterator for Folded<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.take()?;
        if rest.len() <= self.room {
            return Some(rest);
        }
        let cut = rest[..self.room]
            .rfind(' ')
            .filter(|&at| at > 0)
            .unwrap_or(self.room);
        let (piece, rest) = rest.split_at(cut);
        self.rest = Some(rest.strip_prefix(' ').unwrap_or(rest));
        Some(piece)
    }
}
