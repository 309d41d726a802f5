//! Sending a message: doubles leading dots and adds the final one, in the same pass that
//! refuses bare CR, bare LF and NUL. It never changes any other octet.

use super::{Fault, Stop, good_lines};

/// Octets in one chunk of output, give or take the dots added to it.
pub(crate) const CHUNK_OCTETS: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Line,
    Text,
    Cr,
    Ended,
}

/// A message on its way out: slices that together are the message.
pub(crate) struct Stuffing<'m> {
    parts: &'m [&'m [u8]],
    offset: usize,
    at: At,
}

impl<'m> Stuffing<'m> {
    pub(crate) fn new(parts: &'m [&'m [u8]]) -> Self {
        Self {
            parts,
            offset: 0,
            at: At::Line,
        }
    }

    /// The final dot has been handed out.
    pub(crate) fn is_ended(&self) -> bool {
        self.at == At::Ended
    }

    /// Appends about [`CHUNK_OCTETS`] of what is left. The final dot comes in one chunk with
    /// the last octets, so that no small write waits for an acknowledgement.
    pub(crate) fn fill(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        out.reserve(CHUNK_OCTETS.min(self.left()) + 64);
        let end = out.len() + CHUNK_OCTETS;
        while out.len() < end {
            let Some((part, rest)) = self.parts.split_first() else {
                return self.end(out);
            };
            let window = &part[self.offset..];
            let window = &window[..window.len().min(end - out.len())];
            self.append(window, out)?;
            self.offset += window.len();
            if self.offset == part.len() {
                (self.parts, self.offset) = (rest, 0);
            }
        }
        // Only parts without octets are left: their dot belongs to this chunk.
        if self.parts.iter().all(|part| part.is_empty()) {
            self.end(out)
        } else {
            Ok(())
        }
    }

    fn left(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum::<usize>() - self.offset
    }

    /// RFC 5321 §4.1.1.4: the CRLF that ends the last line is also the first of CRLF.CRLF.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self.at {
            At::Cr => return Err(Fault::BareNewline),
            At::Text => out.extend_from_slice(b"\r\n.\r\n"),
            At::Line => out.extend_from_slice(b".\r\n"),
            At::Ended => {}
        }
        (self.parts, self.at) = (&[], At::Ended);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut from = 0;
        let mut next = 0;
        while next < bytes.len() {
            match (self.at, bytes[next]) {
                (At::Cr, b'\n') => {
                    next += 1;
                    self.at = At::Line;
                    continue;
                }
                (At::Cr, _) => return Err(Fault::BareNewline),
                // RFC 5321 §4.5.2: a line that begins with a dot gets one more.
                (At::Line, b'.') => {
                    out.extend_from_slice(&bytes[from..next]);
                    out.push(b'.');
                    from = next;
                    self.at = At::Text;
                }
                _ => self.at = At::Text,
            }
            (next, self.at) = match good_lines(bytes, next, 0, usize::MAX) {
                Stop::Text { .. } => (bytes.len(), At::Text),
                Stop::Line => (bytes.len(), At::Line),
                Stop::Cr => (bytes.len(), At::Cr),
                Stop::Dot { at } => (at, At::Line),
                Stop::Nul { .. } => return Err(Fault::Nul),
                Stop::BareCr { .. } | Stop::BareLf { .. } | Stop::Long { .. } => {
                    return Err(Fault::BareNewline);
                }
            };
        }
        out.extend_from_slice(&bytes[from..]);
        Ok(())
    }
}
