//! The lines of a message between `DATA` and the final dot (RFC 5321 §4.5.2).
//! Nothing here looks at bytes one by one where lines are as they should be.

mod receive;
mod stuff;
#[cfg(test)]
mod tests;

pub(crate) use receive::{Bounds, Progress, Receiver};
pub(crate) use stuff::Stuffing;

use memchr::{memchr3, memrchr};

/// What no message may contain, wherever it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A CR without LF, or an LF without CR.
    BareNewline,
    /// A NUL.
    Nul,
    /// A line over the limit.
    LongLine,
    /// More octets than the limit.
    TooBig,
}

/// Where a run of good lines ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// At the end of the bytes, inside a line that began at `line`.
    Text { line: usize },
    /// At the end of the bytes, just behind a CRLF.
    Line,
    /// At a CR that is the last byte.
    Cr,
    /// At a dot that begins a line.
    Dot { at: usize },
    /// At a CR that no LF follows.
    BareCr { at: usize },
    /// At an LF that no CR precedes.
    BareLf { at: usize },
    /// At a NUL.
    Nul { at: usize },
    /// Where a line becomes longer than allowed.
    Long { at: usize },
}

/// Octets looked at in one go.
const BLOCK: usize = 1024;

/// Walks over `bytes` from `from`, which stands inside a line that has `begun` octets before it,
/// as long as lines end in CRLF and do not begin with a dot: block by block where a block is
/// good, line by line where it is not.
fn good_lines(bytes: &[u8], from: usize, begun: usize, line_max: usize) -> Stop {
    let (mut line, mut at) = (from, from);
    let mut room = line_max.saturating_sub(begun);
    let mut bad_until = from;
    loop {
        while at >= bad_until && at - line + BLOCK <= room {
            let Some(block) = bytes[at..].first_chunk() else {
                break;
            };
            if !is_good(block) {
                bad_until = at + BLOCK;
                break;
            }
            if let Some(end) = memrchr(b'\n', &block[..BLOCK]) {
                (line, room) = (at + end + 1, line_max);
            }
            at += BLOCK;
        }
        let Some(end) = memchr3(b'\r', b'\n', 0, &bytes[at..]).map(|n| at + n) else {
            let long = bytes.len() - line > room;
            return if long {
                Stop::Long { at: line + room }
            } else {
                Stop::Text { line }
            };
        };
        if end - line > room {
            return Stop::Long { at: line + room };
        }
        match (bytes[end], bytes.get(end + 1)) {
            (b'\r', Some(b'\n')) => {}
            (b'\r', None) => return Stop::Cr,
            (b'\r', Some(_)) => return Stop::BareCr { at: end },
            (b'\n', _) => return Stop::BareLf { at: end },
            _ => return Stop::Nul { at: end },
        }
        (line, at, room) = (end + 2, end + 2, line_max);
        match bytes.get(at) {
            None => return Stop::Line,
            Some(b'.') => return Stop::Dot { at },
            Some(_) => {}
        }
    }
}

/// Whether nothing in a block needs a closer look, given the octet behind it: no NUL, each CR
/// followed by LF and each LF preceded by CR, no dot behind an LF, and no CRLF cut in two by its
/// borders. A loop without branches, which compilers turn into vector instructions.
fn is_good(block: &[u8; BLOCK + 1]) -> bool {
    let mut bad = (block[0] == b'\n') | (block[BLOCK - 1] == b'\r');
    for (&octet, &next) in block[..BLOCK].iter().zip(&block[1..]) {
        bad |= octet == 0;
        bad |= (octet == b'\r') != (next == b'\n');
        bad |= (octet == b'\n') & (next == b'.');
    }
    !bad
}
