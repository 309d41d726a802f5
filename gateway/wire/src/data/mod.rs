//! The lines of a message between `DATA` and the final dot (RFC 5321 §4.5.2).
//! Nothing here looks at bytes one by one where lines are as they should be.

mod receive;
mod stuff;

pub(crate) use receive::{Bounds, Progress, Receiver};
pub(crate) use stuff::Stuffing;

use memchr::memchr3;

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

/// Walks over `bytes` from `from`, which stands inside a line that has `begun` octets before it,
/// line by line, as long as lines end in CRLF and do not begin with a dot.
fn good_lines(bytes: &[u8], from: usize, begun: usize, line_max: usize) -> Stop {
    let mut line = from;
    let mut room = line_max.saturating_sub(begun);
    loop {
        let Some(at) = memchr3(b'\r', b'\n', 0, &bytes[line..]).map(|n| line + n) else {
            return if bytes.len() - line > room {
                Stop::Long { at: line + room }
            } else {
                Stop::Text { line }
            };
        };
        if at - line > room {
            return Stop::Long { at: line + room };
        }
        match (bytes[at], bytes.get(at + 1)) {
            (b'\r', Some(b'\n')) => {}
            (b'\r', None) => return Stop::Cr,
            (b'\r', Some(_)) => return Stop::BareCr { at },
            (b'\n', _) => return Stop::BareLf { at },
            _ => return Stop::Nul { at },
        }
        line = at + 2;
        room = line_max;
        match bytes.get(line) {
            None => return Stop::Line,
            Some(b'.') => return Stop::Dot { at: line },
            Some(_) => {}
        }
    }
}
