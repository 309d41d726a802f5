//! Taking in a message: finds its end, removes stuffed dots, and refuses what is no line.
//! Nothing but CRLF.CRLF ends it; no bare CR, bare LF or NUL is ever handed on.

use super::{Fault, Stop, good_lines};
use crate::server::BareNewline;

/// Room set aside for a message before its first octet, at most. Behind it the vector grows,
/// which costs no copy in practice: an allocator moves pages of large blocks.
const PRESIZED_OCTETS_MAX: u64 = 1024 * 1024;

/// Room for a message whose size was not declared.
const PRESIZED_OCTETS: u64 = 8 * 1024;

/// The limits one message is taken in under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub size_max: u64,
    pub line_octets_max: usize,
    pub discarded_octets_max: u64,
    pub bare_newline: BareNewline,
}

/// Where in the lines we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Behind a true CRLF, or at the beginning.
    Line,
    /// Behind a bare CR or LF that was repaired: a dot here never ends the data.
    RepairedLine,
    /// Behind a dot that stands first in its line.
    Dot,
    /// Behind a dot that stands first in its line, and a CR.
    DotCr,
    /// Inside a line.
    Text,
    /// Behind a CR inside a line.
    Cr,
}

/// What became of the bytes given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All were taken, and the end has not come.
    More,
    /// The end came; so many bytes were taken.
    End(usize),
    /// The message is refused already, and its end does not come within the bound.
    Endless,
}

/// A message on its way in.
pub(crate) struct Receiver {
    raw: Vec<u8>,
    at: At,
    line_octets: usize,
    fault: Option<Fault>,
    discarded_octets: u64,
    bounds: Bounds,
}

impl Receiver {
    pub(crate) fn new(bounds: Bounds, declared_size: Option<u64>) -> Self {
        let room = declared_size.map_or(PRESIZED_OCTETS, |size| size.saturating_add(2));
        let room = room.min(bounds.size_max).min(PRESIZED_OCTETS_MAX);
        Self {
            raw: Vec::with_capacity(usize::try_from(room).unwrap_or_default()),
            at: At::Line,
            line_octets: 0,
            fault: None,
            discarded_octets: 0,
            bounds,
        }
    }

    /// The message as it was sent, or why it is refused. To be asked after [`Progress::End`].
    pub(crate) fn finish(self) -> Result<Vec<u8>, Fault> {
        self.fault.map_or(Ok(self.raw), Err)
    }

    /// Takes bytes until the end of data or of the bytes.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Progress {
        let mut next = 0;
        while next < bytes.len() {
            next = match self.at {
                At::Text => self.take_lines(bytes, next),
                _ => match self.take_edge(bytes, next) {
                    Some(next) => next,
                    None => return Progress::End(next + 1),
                },
            };
            if self.discarded_octets > self.bounds.discarded_octets_max {
                return Progress::Endless;
            }
        }
        Progress::More
    }

    /// Decides on one byte at the beginning of a line or behind a CR. `None`: it is the last of
    /// the data.
    fn take_edge(&mut self, bytes: &[u8], next: usize) -> Option<usize> {
        let byte = bytes[next];
        match (self.at, byte) {
            (At::DotCr, b'\n') => return None,
            (At::Line, b'.') => self.drop_octet(At::Dot),
            // RFC 5321 §4.5.2: the first of several characters is deleted if it is a dot.
            (At::RepairedLine, b'.') => self.drop_octet(At::Text),
            (At::Dot, b'\r') => self.drop_octet(At::DotCr),
            (At::Cr, b'\n') => {
                self.keep(b"\r\n");
                self.begin_line(At::Line);
            }
            (At::Line | At::RepairedLine | At::Dot | At::Text, _) => {
                self.at = At::Text;
                return Some(next);
            }
            (At::Cr | At::DotCr, _) => {
                self.repair();
                return Some(next);
            }
        }
        Some(next + 1)
    }

    /// Goes on without an octet that is no part of the message.
    fn drop_octet(&mut self, at: At) {
        self.at = at;
        self.discarded_octets += u64::from(self.fault.is_some());
    }

    /// Takes whole lines from `start`, which stands inside a line, up to the next byte that
    /// needs a decision.
    fn take_lines(&mut self, bytes: &[u8], start: usize) -> usize {
        let line_max = self.bounds.line_octets_max;
        match good_lines(bytes, start, self.line_octets, line_max) {
            Stop::Text { line } => {
                self.keep(&bytes[start..]);
                let begun = if line == start { self.line_octets } else { 0 };
                self.line_octets = begun + bytes.len() - line;
                bytes.len()
            }
            Stop::Line => {
                self.keep(&bytes[start..]);
                self.begin_line(At::Line);
                bytes.len()
            }
            Stop::Cr => {
                self.keep(&bytes[start..bytes.len() - 1]);
                self.at = At::Cr;
                bytes.len()
            }
            Stop::Dot { at } => {
                self.keep(&bytes[start..at]);
                self.begin_line(At::Line);
                at
            }
            Stop::BareCr { at } | Stop::BareLf { at } => {
                self.keep(&bytes[start..at]);
                self.repair();
                at + 1
            }
            Stop::Nul { at } => {
                self.keep(&bytes[start..at]);
                self.refuse(Fault::Nul);
                self.keep(&[0]);
                self.line_octets = 0;
                at + 1
            }
            Stop::Long { at } => {
                self.keep(&bytes[start..at]);
                self.refuse(Fault::LongLine);
                // Refused, so length no longer matters; what ends the data still does.
                self.bounds.line_octets_max = usize::MAX;
                at
            }
        }
    }

    /// A CR or LF stood alone. It begins a line in whose beginning no end of data is seen.
    fn repair(&mut self) {
        match self.bounds.bare_newline {
            BareNewline::Refuse => self.refuse(Fault::BareNewline),
            BareNewline::Normalise => {}
        }
        self.keep(b"\r\n");
        self.begin_line(At::RepairedLine);
    }

    fn begin_line(&mut self, at: At) {
        self.at = at;
        self.line_octets = 0;
    }

    /// The first fault is the one that is told; the octets so far are let go.
    fn refuse(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.raw = Vec::new();
    }

    /// Stores octets of the message, or counts them when it is refused already. The count is the
    /// same however the bytes were cut.
    fn keep(&mut self, octets: &[u8]) {
        let size = self.raw.len() as u64 + octets.len() as u64;
        if self.fault.is_some() {
            self.discarded_octets += octets.len() as u64;
        } else if size > self.bounds.size_max {
            self.refuse(Fault::TooBig);
            self.discarded_octets = size - self.bounds.size_max;
        } else {
            self.raw.extend_from_slice(octets);
        }
    }
}
