//! Reading the replies of a next hop.
//! A line ends at CRLF only: a reply that echoes a bare LF never becomes two replies.

use super::{Enhanced, Reply};
use memchr::memchr;

/// Octets in one line of a next hop's reply. RFC 5321 §4.5.3.1.5 says 512; longer ones are seen.
pub const REPLY_LINE_OCTETS_MAX: usize = 2048;

/// Lines in one reply of a next hop.
pub const REPLY_LINES_MAX: usize = 100;

/// Octets in one reply of a next hop.
pub const REPLY_OCTETS_MAX: usize = 16 * 1024;

/// Why bytes of a next hop are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// A line over [`REPLY_LINE_OCTETS_MAX`].
    #[error("reading a reply: a line is longer than {REPLY_LINE_OCTETS_MAX} octets")]
    LineTooLong,
    /// More than [`REPLY_LINES_MAX`] lines or [`REPLY_OCTETS_MAX`] octets.
    #[error("reading a reply: more than {REPLY_LINES_MAX} lines or {REPLY_OCTETS_MAX} octets")]
    TooLong,
    /// A line that does not begin with three digits of a known class.
    #[error("reading a reply: a line does not begin with a reply code")]
    NoCode,
    /// The lines of one reply carry different codes.
    #[error("reading a reply: its lines carry different codes")]
    MixedCodes,
    /// A CR, LF or NUL that is no line end.
    #[error("reading a reply: a bare CR, LF or NUL in a line")]
    BareNewline,
}

/// Reads one whole reply from the front of `bytes`; with it, how many octets it took. `None`
/// when more bytes are needed.
///
/// # Errors
/// When the bytes cannot become a reply, whatever follows.
pub fn read_reply(bytes: &[u8]) -> Result<Option<(Reply, usize)>, ReplyError> {
    let mut at = 0;
    let mut first: Option<(u16, Option<Enhanced>)> = None;
    let mut text = String::new();
    for _ in 0..REPLY_LINES_MAX {
        let Some(line) = read_line(&bytes[at..])? else {
            // What is not ended yet must be able to end within the limit.
            return if bytes.len() >= REPLY_OCTETS_MAX {
                Err(ReplyError::TooLong)
            } else {
                Ok(None)
            };
        };
        at += line.len() + "\r\n".len();
        if at > REPLY_OCTETS_MAX {
            return Err(ReplyError::TooLong);
        }
        let (code, last, rest) = split_line(line)?;
        let (given, rest) = split_enhanced(code, rest);
        match first {
            None => first = Some((code, given)),
            Some((known, _)) if known != code => return Err(ReplyError::MixedCodes),
            Some(_) => text.push('\n'),
        }
        text.extend(rest.chars().map(|c| if c.is_control() { ' ' } else { c }));
        if let (true, Some((code, enhanced))) = (last, first) {
            return Ok(Some((
                Reply {
                    code,
                    enhanced,
                    text,
                },
                at,
            )));
        }
    }
    Err(ReplyError::TooLong)
}

/// The first line without its CRLF, or `None` when it has not ended.
fn read_line(bytes: &[u8]) -> Result<Option<&[u8]>, ReplyError> {
    let window = &bytes[..bytes.len().min(REPLY_LINE_OCTETS_MAX)];
    let (line, ended) = match memchr(b'\n', window) {
        None if window.len() == REPLY_LINE_OCTETS_MAX => return Err(ReplyError::LineTooLong),
        // A CR at the very end may yet be followed by its LF.
        None => (window.strip_suffix(b"\r").unwrap_or(window), false),
        Some(end) => match window[..end].strip_suffix(b"\r") {
            Some(line) => (line, true),
            None => return Err(ReplyError::BareNewline),
        },
    };
    if memchr::memchr2(b'\r', b'\0', line).is_some() {
        return Err(ReplyError::BareNewline);
    }
    Ok(ended.then_some(line))
}

/// The code, whether this is the last line, and the text after the mark.
fn split_line(line: &[u8]) -> Result<(u16, bool, String), ReplyError> {
    let [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else {
        return Err(ReplyError::NoCode);
    };
    let digit = |b: &u8| u16::from(b - b'0');
    let code = digit(a) * 100 + digit(b) * 10 + digit(c);
    // RFC 5321 §4.2: the text may be absent, and with it the space.
    let (last, text) = match rest {
        [] => (true, rest),
        [b' ', text @ ..] => (true, text),
        [b'-', text @ ..] => (false, text),
        _ => return Err(ReplyError::NoCode),
    };
    Ok((code, last, String::from_utf8_lossy(text).into_owned()))
}

/// Parts an enhanced code from the text, if its class is that of the code.
fn split_enhanced(code: u16, text: String) -> (Option<Enhanced>, String) {
    let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
    match Enhanced::parse(word) {
        Some(enhanced) if u16::from(enhanced.class()) == code / 100 => {
            (Some(enhanced), rest.trim_start().to_owned())
        }
        _ => (None, text),
    }
}
