//! Files written into a text: uuencode (POSIX, also its base64 form) and yEnc (the draft of 2002).
//!
//! It never demands that a file ends properly; it says whether it did. One pass, linear.

use memchr::memmem;

use super::Packing;
use crate::message::charset::Charset;
use crate::message::transfer;
use crate::message::words;
use crate::work;

/// One file found in a text.
pub(super) struct Post {
    pub packing: Packing,
    pub name: String,
    pub content: Vec<u8>,
    /// Whether its end was found.
    pub is_whole: bool,
    /// Whether every line of it is such that all decoders read it alike.
    pub is_sound: bool,
    /// What it is for who passes over the lines that are shorter than they say, if there are any.
    pub strict: Option<Vec<u8>>,
    /// A line of no length stood in it, at which it ends for some.
    has_ended: bool,
}

/// Every file written into the text; those beyond `bytes_max` in all are not whole.
pub(super) fn find(text: &[u8], bytes_max: usize) -> Vec<Post> {
    work::looked_at(text.len());
    // Most text holds none: two searches settle it.
    if memmem::find(text, b"begin").is_none() {
        return Vec::new();
    }
    let mut finder = Finder {
        found: Vec::new(),
        open: None,
        bytes_left: bytes_max,
        last_end: memmem::rfind(text, b"\nend"),
    };
    let mut at = 0;
    while at < text.len() {
        let next = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n + 1);
        finder.line(text, at, next);
        at = next;
    }
    finder.close(false);
    finder.found
}

/// How the lines of the file that is open are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    Uu,
    /// `begin-base64`.
    Base64,
    YEnc,
}

struct Finder {
    found: Vec<Post>,
    open: Option<(Code, Post)>,
    bytes_left: usize,
    last_end: Option<usize>,
}

impl Finder {
    fn line(&mut self, text: &[u8], at: usize, next: usize) {
        let line = without_break(&text[at..next]);
        if let Some((code, name)) = self.beginning(text, at, line, next) {
            self.close(false);
            let packing = match code {
                Code::YEnc => Packing::YEnc,
                Code::Uu | Code::Base64 => Packing::Uuencode,
            };
            let post = Post {
                packing,
                name,
                content: Vec::new(),
                is_whole: false,
                is_sound: code == Code::Uu,
                strict: None,
                has_ended: false,
            };
            self.open = Some((code, post));
            return;
        }
        let Some((code, post)) = &mut self.open else {
            return;
        };
        let before = post.content.len();
        match code {
            Code::Uu if line.trim_ascii_end() == b"end" => self.close(true),
            Code::Base64 if line.starts_with(b"====") => self.close(true),
            Code::YEnc if line.starts_with(b"=yend") => self.close(true),
            _ if self.bytes_left == 0 => {}
            Code::Uu => post.uu_line(line),
            Code::Base64 => post.content.extend(transfer::decode_base64(line)),
            Code::YEnc if line.starts_with(b"=ypart ") => {}
            Code::YEnc => yenc_line(line, &mut post.content),
        }
        if let Some((_, post)) = &self.open {
            let grown = post.content.len() - before;
            self.bytes_left = self.bytes_left.saturating_sub(grown);
        }
    }

    fn close(&mut self, is_whole: bool) {
        if let Some((_, post)) = self.open.take() {
            let is_whole = is_whole && self.bytes_left > 0;
            self.found.push(Post { is_whole, ..post });
        }
    }

    /// The code and name of the file that begins with this line.
    fn beginning(
        &self,
        text: &[u8],
        at: usize,
        line: &[u8],
        next: usize,
    ) -> Option<(Code, String)> {
        if let Some(rest) = line.strip_prefix(b"=ybegin ") {
            let name = memmem::find(rest, b"name=").map_or(&b""[..], |at| &rest[at + 5..]);
            return Some((Code::YEnc, shown(name)));
        }
        let rest = line.strip_prefix(b"begin")?;
        let (code, rest) = match rest.strip_prefix(b"-base64") {
            Some(rest) => (Code::Base64, rest),
            None => (Code::Uu, rest),
        };
        let mode = rest.trim_ascii_start();
        let digits = mode.iter().take_while(|b| matches!(b, b'0'..=b'7')).count();
        let name = &mode[digits..];
        let is_form = mode.len() < rest.len()
            && (3..=6).contains(&digits)
            && name.first().is_none_or(|b| b" \t".contains(b));
        let ends = self.last_end.is_some_and(|end| end >= at);
        let is_one = is_form && (code == Code::Base64 || begins_uu(&text[next..], ends));
        is_one.then(|| (code, shown(name)))
    }
}

/// Whether the text goes on like uuencode: a line of the length that it names, or, where an `end`
/// follows, a shorter one (some mail servers cut the blanks at the end, which stand for zeros).
fn begins_uu(text: &[u8], ends: bool) -> bool {
    const BLANK_LINES_MAX: usize = 4;
    let mut lines = text.split(|byte| *byte == b'\n').map(without_break);
    let line = lines
        .by_ref()
        .take(BLANK_LINES_MAX + 1)
        .find(|line| !line.is_empty());
    let Some(line) = line.map(<[u8]>::trim_ascii_end) else {
        return false;
    };
    let (Some(length), true) = (uu_length(line), line.iter().all(|b| (32..=96).contains(b))) else {
        return false;
    };
    let needed = length.div_ceil(3) * 4;
    line.len() > needed || ends && length > 0
}

/// How many bytes a line of uuencode says it holds.
fn uu_length(line: &[u8]) -> Option<usize> {
    let first = line.first()?;
    (32..=96)
        .contains(first)
        .then(|| usize::from(first.wrapping_sub(32) & 63))
}

/// Whether a line is as encoders write it: with as many signs as its length asks for, save blanks
/// that were cut at its end, and a sum of them all behind it at most.
fn is_uu_line(line: &[u8]) -> bool {
    let Some(length) = uu_length(line) else {
        return false;
    };
    let signs = line.trim_ascii_end().len().saturating_sub(1);
    signs <= length.div_ceil(3) * 4 + 1 && line.iter().all(|b| (32..=96).contains(b))
}

/// Whether a line has all the signs that its length asks for; one of no length asks for none.
fn is_whole_uu_line(line: &[u8]) -> bool {
    uu_length(line).is_some_and(|length| length.div_ceil(3) == (line.len() + 1) / 4)
}

/// One line: its length, then four signs for three bytes; what is missing stands for zeros, and a
/// line that is none of uuencode is passed over.
fn uu_line(line: &[u8], out: &mut Vec<u8>) {
    let Some(length) = uu_length(line) else {
        return;
    };
    let end = out.len() + length;
    for four in line[1..].chunks(4) {
        let sign = |at: usize| {
            let sign = four.get(at).copied().unwrap_or(b' ');
            u32::from(sign.wrapping_sub(32) & 63)
        };
        let bits = sign(0) << 18 | sign(1) << 12 | sign(2) << 6 | sign(3);
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
        if out.len() >= end {
            break;
        }
    }
    out.resize(end, 0);
}

impl Post {
    /// Takes one line of uuencode.
    fn uu_line(&mut self, line: &[u8]) {
        self.is_sound &= is_uu_line(line);
        match uu_length(line) {
            Some(0) => self.has_ended = true,
            // Some go on behind the end, and some do not.
            _ => self.is_sound &= !self.has_ended,
        }
        if !is_whole_uu_line(line) && self.strict.is_none() {
            self.strict = Some(self.content.clone());
        }
        uu_line(line, &mut self.content);
        if let Some(strict) = &mut self.strict
            && is_whole_uu_line(line)
        {
            uu_line(line, strict);
        }
    }
}

/// Every byte is 42 too high; `=` introduces one that is 64 higher still.
fn yenc_line(line: &[u8], out: &mut Vec<u8>) {
    let mut escaped = false;
    for &byte in line {
        match byte {
            b'=' if !escaped => escaped = true,
            byte => {
                let byte = if escaped { byte.wrapping_sub(64) } else { byte };
                out.push(byte.wrapping_sub(42));
                escaped = false;
            }
        }
    }
}

/// A name as it is shown.
pub(super) fn shown(name: &[u8]) -> String {
    let name = Charset::Unknown.decode(name);
    words::without_controls(name.trim().trim_matches('"'))
}

fn without_break(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
