//! One text body, opened for writing: found by decoded offsets, written back by raw ones.
//!
//! It never rewrites more than it must: a few bytes in the middle where charset and transfer
//! encoding allow, the whole body only where they do not.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use super::SkipReason;
use super::words::Words;
use crate::message::transfer::{self, QUOTED_LINE, TransferEncoding, quoted_token};
use crate::message::{Charset, Message, Part};
use crate::work;

/// Bytes that go in the place of a raw range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub range: Range<usize>,
    pub bytes: Vec<u8>,
}

/// Text that goes in the place of a decoded range.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub range: Range<usize>,
    pub text: String,
}

/// A body opened for writing.
pub(crate) struct Canvas<'m> {
    pub part: &'m Part,
    raw: &'m [u8],
    /// What a list appended to the code of the body, with the line break before it.
    footer: &'m [u8],
    line_break: &'static [u8],
    decoded: Cow<'m, [u8]>,
    masked: Option<Vec<u8>>,
    charset: Charset,
    /// `decoded` is UTF-8 although the part declares another charset.
    recoded: bool,
    /// What is one text here may hold other parts for some readers.
    clashes: bool,
}

/// What writing a body takes.
pub(crate) struct Written {
    pub splices: Vec<Splice>,
    /// The charset is now UTF-8.
    pub widened: bool,
    /// The transfer encoding is now this one.
    pub encoding: Option<TransferEncoding>,
}

impl<'m> Canvas<'m> {
    /// Opens a body, or says why it cannot be written in.
    pub fn open(message: &Message<'m>, part: &'m Part) -> Result<Self, SkipReason> {
        let charset = Charset::parse(part.charset());
        if part.encoding == TransferEncoding::Unknown {
            return Err(SkipReason::Unwritable);
        }
        let raw = message.body_raw(part);
        let (mut decoded, mut footer) = (Cow::Borrowed(raw), &b""[..]);
        let plain = match part.encoding {
            TransferEncoding::Base64 => transfer::decode_plain_base64(raw),
            _ => None,
        };
        if let Some(content) = plain {
            decoded = Cow::Owned(content);
        } else if part.encoding == TransferEncoding::Base64 {
            let behind = transfer::footer(raw);
            let code = behind.map_or(raw, |at| raw[..at].trim_ascii_end());
            // To write it anew would settle what readers differ on, and harm it for some.
            if transfer::is_doubtful(code) || transfer::has_odd_length(code) {
                return Err(SkipReason::Ambiguous);
            }
            footer = &raw[code.len()..];
            decoded = Cow::Owned(transfer::decode_base64(code));
        } else if !part.encoding.is_identity() {
            decoded = message.decoded(part);
        }
        let mut canvas = Self {
            part,
            raw,
            footer,
            line_break: message.line_break(),
            decoded,
            masked: None,
            charset,
            recoded: false,
            clashes: message.has_clashing_boundaries(),
        };
        canvas.open_charset()?;
        canvas.refuse_armour()?;
        Ok(canvas)
    }

    fn open_charset(&mut self) -> Result<(), SkipReason> {
        match self.charset {
            charset if charset.is_transparent() => {}
            Charset::Known(encoding) | Charset::National(encoding)
                if encoding == encoding_rs::ISO_2022_JP =>
            {
                self.masked = Some(mask_shifted(&self.decoded));
            }
            Charset::Shifted(shifted) => self.masked = Some(shifted.masked(&self.decoded)),
            Charset::Known(_) => {
                let text = self.charset.decode_strictly(&self.decoded);
                let text = text.map_err(|_| SkipReason::Unwritable)?.into_owned();
                self.decoded = Cow::Owned(text.into_bytes());
                self.charset = Charset::Known(encoding_rs::UTF_8);
                self.recoded = true;
            }
            _ => return Err(SkipReason::Unwritable),
        }
        Ok(())
    }

    /// Inline OpenPGP (RFC 9580 §7): text that is signed or encrypted within the body.
    fn refuse_armour(&self) -> Result<(), SkipReason> {
        for at in memmem::find_iter(self.scan(), b"-----BEGIN PGP ") {
            let armour = &self.scan()[at + 15..];
            match () {
                () if at > 0 && !matches!(self.scan()[at - 1], b'\n' | b'>') => {}
                () if armour.starts_with(b"SIGNED MESSAGE") => return Err(SkipReason::Signed),
                () if armour.starts_with(b"MESSAGE") => return Err(SkipReason::Encrypted),
                () => {}
            }
        }
        Ok(())
    }

    /// The decoded body with what is no ASCII text hidden, so that ASCII bytes mean themselves.
    pub fn scan(&self) -> &[u8] {
        self.masked.as_deref().unwrap_or(&self.decoded)
    }

    /// The decoded body to look through and to read.
    pub fn words(&self) -> Words<'_> {
        Words::new(self.scan(), &self.decoded, self.charset)
    }

    /// The text at a range of the decoded body.
    pub fn text(&self, range: Range<usize>) -> Cow<'_, str> {
        self.charset.decode(&self.decoded[range])
    }

    /// Whether it is HTML.
    pub fn is_html(&self) -> bool {
        self.part.media_type == "text/html"
    }

    /// The line break within the decoded body.
    pub fn newline(&self) -> &'static str {
        let crlf = match self.part.encoding {
            TransferEncoding::Base64 => match memchr::memchr(b'\n', &self.decoded) {
                Some(at) => at > 0 && self.decoded[at - 1] == b'\r',
                None => true,
            },
            _ => self.line_break == b"\r\n",
        };
        if crlf { "\r\n" } else { "\n" }
    }

    /// The text as this body can hold it: as it is, or, where the body's own charset is only a
    /// guess or the old text must not be written anew, with plain signs for typographic ones.
    pub fn fit<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let holds = |text: &str| self.is_html() || self.charset.encode(text).is_some();
        let widens = || self.charset.decode_strictly(&self.decoded).is_ok() && !self.settles();
        if holds(text) || widens() {
            return Some(Cow::Borrowed(text));
        }
        let plain = plain_signs(text);
        holds(&plain).then_some(Cow::Owned(plain))
    }

    /// Whether to set this text would be to write the old one anew where that would settle what
    /// readers differ on.
    pub fn would_harm(&self, text: &str) -> bool {
        let stays = || self.encode(text).is_some_and(|piece| self.stays(&[piece]));
        self.settles() && !stays()
    }

    /// Whether the old text, written anew, would be another for some readers.
    fn settles(&self) -> bool {
        // RFC 2045 §6.7: blanks that end a line uncoded are no text; many readers show them.
        let is_loose = |line: &[u8]| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            line.ends_with(b" ") || line.ends_with(b"\t")
        };
        match self.part.encoding {
            // Code holds no delimiter: a line of one would be no code.
            TransferEncoding::Base64 => false,
            TransferEncoding::QuotedPrintable => {
                self.clashes || self.raw.split(|byte| *byte == b'\n').any(is_loose)
            }
            _ => self.clashes,
        }
    }

    /// Whether all old bytes stay as they are around these pieces.
    fn stays(&self, pieces: &[Vec<u8>]) -> bool {
        // RFC 5322 §2.1.1: a line has at most 998 octets.
        let fits = |piece: &Vec<u8>| {
            piece
                .split(|byte| *byte == b'\n')
                .all(|line| line.len() < 998)
        };
        match self.part.encoding {
            _ if self.recoded => false,
            TransferEncoding::QuotedPrintable => true,
            TransferEncoding::Base64 => false,
            TransferEncoding::SevenBit => {
                pieces.iter().all(|piece| piece.is_ascii() && fits(piece))
            }
            _ => pieces.iter().all(fits),
        }
    }

    /// Writes the changes, which are in order and do not overlap.
    pub fn write(&self, changes: &[Change]) -> Written {
        let encoded: Option<Vec<Vec<u8>>> = changes
            .iter()
            .map(|change| self.encode(&change.text))
            .collect();
        let Some(pieces) = encoded.filter(|_| !self.recoded) else {
            return self.write_widened(changes);
        };
        if self.part.encoding == TransferEncoding::QuotedPrintable {
            return Written::only(self.splice_quoted(changes, &pieces));
        }
        if self.stays(&pieces) {
            let start = self.part.body.start;
            let shift = |range: &Range<usize>| range.start + start..range.end + start;
            let splices = changes.iter().zip(pieces);
            let splices = splices.map(|(change, bytes)| Splice {
                range: shift(&change.range),
                bytes,
            });
            return Written::only(splices.collect());
        }
        let content = patch(&self.decoded, changes, &pieces);
        let encoding = match self.part.encoding {
            TransferEncoding::Base64 => TransferEncoding::Base64,
            _ => TransferEncoding::QuotedPrintable,
        };
        self.whole(&content, encoding, false)
    }

    /// New text in the body's own charset; HTML has references for what the charset has not.
    fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let seven_bit = self.part.encoding == TransferEncoding::SevenBit;
        let as_it_is = self.charset.encode(text);
        if !self.is_html() {
            return as_it_is.map(Cow::into_owned);
        }
        match as_it_is {
            Some(bytes) if !seven_bit || bytes.is_ascii() => Some(bytes.into_owned()),
            _ => {
                let mut bytes = Vec::with_capacity(text.len() * 2);
                for c in text.chars() {
                    let fits = self
                        .charset
                        .encode(c.encode_utf8(&mut [0; 4]))
                        .map(Cow::into_owned);
                    match fits.filter(|bytes| !seven_bit || bytes.is_ascii()) {
                        Some(one) => bytes.extend(one),
                        None => bytes.extend(format!("&#{};", u32::from(c)).into_bytes()),
                    }
                }
                Some(bytes)
            }
        }
    }

    /// The whole body as UTF-8, since the new text needs it.
    fn write_widened(&self, changes: &[Change]) -> Written {
        let mut text = String::with_capacity(self.decoded.len() + 512);
        let mut at = 0;
        for change in changes {
            text.push_str(&self.text(at..change.range.start));
            text.push_str(&change.text);
            at = change.range.end;
        }
        text.push_str(&self.text(at..self.decoded.len()));
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let foreign = text.bytes().filter(|byte| !byte.is_ascii()).count();
        let encoding = match self.part.encoding {
            TransferEncoding::EightBit => TransferEncoding::EightBit,
            TransferEncoding::Base64 => TransferEncoding::Base64,
            _ if foreign * 4 > text.len() => TransferEncoding::Base64,
            _ => TransferEncoding::QuotedPrintable,
        };
        self.whole(text.as_bytes(), encoding, true)
    }

    fn whole(&self, content: &[u8], encoding: TransferEncoding, widened: bool) -> Written {
        let mut bytes = match encoding {
            TransferEncoding::Base64 => transfer::encode_base64(content, self.line_break),
            TransferEncoding::QuotedPrintable => {
                transfer::encode_quoted_printable(content, self.line_break)
            }
            _ => content.to_vec(),
        };
        // A body before a delimiter ends without the line break that belongs to the delimiter.
        let ends_open = !self.footer.is_empty() || !self.raw.ends_with(b"\n");
        if encoding == TransferEncoding::Base64 && ends_open {
            bytes.truncate(bytes.len() - self.line_break.len().min(bytes.len()));
        }
        bytes.extend_from_slice(self.footer);
        let changed = (encoding != self.part.encoding).then_some(encoding);
        Written {
            splices: vec![Splice {
                range: self.part.body.clone(),
                bytes,
            }],
            widened,
            encoding: changed,
        }
    }

    /// RFC 2045 §6.7: new text between the codes of old text, set apart by soft line breaks.
    fn splice_quoted(&self, changes: &[Change], pieces: &[Vec<u8>]) -> Vec<Splice> {
        let mut walk = QuotedWalk {
            raw: self.raw,
            at: 0,
            decoded: 0,
            dangling: false,
        };
        let mut splices = Vec::with_capacity(changes.len());
        for (change, piece) in changes.iter().zip(pieces) {
            let mut start = walk.to(change.range.start);
            let dangling = walk.dangling;
            let end = walk.to(change.range.end);
            // Where text is only taken out, the soft break that set it apart goes too.
            if piece.is_empty() && !dangling {
                let before = &self.raw[..start];
                let soft = before.strip_suffix(self.line_break);
                let soft = soft.and_then(|before| before.strip_suffix(b"="));
                start = soft.map_or(start, <[u8]>::len);
            }
            let mut bytes = Vec::with_capacity(piece.len() * 2);
            if !piece.is_empty() || start != end {
                self.quoted_joint(start, end, dangling, piece, &mut bytes);
            }
            let shift = self.part.body.start;
            splices.push(Splice {
                range: start + shift..end + shift,
                bytes,
            });
        }
        splices
    }

    fn quoted_joint(
        &self,
        start: usize,
        end: usize,
        dangling: bool,
        piece: &[u8],
        out: &mut Vec<u8>,
    ) {
        let before = &self.raw[..start];
        let after = &self.raw[end..];
        let begins_line = piece.starts_with(b"\n") || piece.starts_with(b"\r\n");
        let soft = [b"=", self.line_break].concat();
        let before_line_end = after.starts_with(b"\r\n") || after.starts_with(b"\n");
        let joins = piece.is_empty() && !before_line_end && fit_in_line(before, after);
        match before.last() {
            _ if dangling => out.extend_from_slice(self.line_break),
            None | Some(b'\n') => {}
            // A blank, or a `=` that stands for itself, must not end up before a hard break.
            Some(b' ' | b'\t' | b'=') if !joins => out.extend_from_slice(&soft),
            _ if begins_line => {}
            // Where text was only taken out, the line ends as it does, or is one again.
            _ if piece.is_empty() && (after.is_empty() || before_line_end) => {}
            _ if joins => {}
            _ => out.extend_from_slice(&soft),
        }
        out.extend(transfer::encode_quoted_printable(piece, self.line_break));
        if !after.is_empty() && !before_line_end && !out.is_empty() && !out.ends_with(b"\n") {
            out.extend_from_slice(&soft);
        }
    }
}

impl Written {
    fn only(splices: Vec<Splice>) -> Self {
        Self {
            splices,
            widened: false,
            encoding: None,
        }
    }
}

/// Walks over quoted-printable from one decoded offset to the next.
struct QuotedWalk<'a> {
    raw: &'a [u8],
    at: usize,
    decoded: usize,
    /// The last code was a soft break that the body's end cut off.
    dangling: bool,
}

impl QuotedWalk<'_> {
    /// The raw offset at which `decoded` bytes have been read.
    fn to(&mut self, decoded: usize) -> usize {
        while self.at < self.raw.len() {
            let rest = &self.raw[self.at..];
            if rest[0] != b'=' {
                if self.decoded >= decoded {
                    break;
                }
                let wanted = &rest[..rest.len().min(decoded - self.decoded)];
                let used = memchr::memchr(b'=', wanted).unwrap_or(wanted.len());
                work::looked_at(used);
                self.at += used;
                self.decoded += used;
                continue;
            }
            let (byte, used) = quoted_token(rest);
            if byte.is_some() && self.decoded >= decoded {
                break;
            }
            self.decoded += usize::from(byte.is_some());
            self.at += used;
            self.dangling = byte.is_none() && self.at == self.raw.len() && !rest.ends_with(b"\n");
        }
        self.at
    }
}

/// Whether the end of one text and the beginning of another are one line of quoted-printable.
fn fit_in_line(before: &[u8], after: &[u8]) -> bool {
    let before = before.iter().rev().take(QUOTED_LINE + 1);
    let after = after.iter().take(QUOTED_LINE + 1);
    let left = before.take_while(|byte| **byte != b'\n').count();
    let right = after.take_while(|byte| !matches!(byte, b'\n' | b'\r'));
    left + right.count() <= QUOTED_LINE
}

fn plain_signs(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '‐'..='―' => plain.push('-'),
            '‘'..='‛' => plain.push('\''),
            '“'..='‟' | '«' | '»' => plain.push('"'),
            '•' => plain.push('*'),
            '…' => plain.push_str("..."),
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

fn patch(content: &[u8], changes: &[Change], pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + pieces.iter().map(Vec::len).sum::<usize>());
    let mut at = 0;
    for (change, piece) in changes.iter().zip(pieces) {
        out.extend_from_slice(&content[at..change.range.start]);
        out.extend_from_slice(piece);
        at = change.range.end;
    }
    out.extend_from_slice(&content[at..]);
    out
}

/// RFC 1468: hides the bytes that an escape sequence turned into other characters.
fn mask_shifted(bytes: &[u8]) -> Vec<u8> {
    let mut masked = bytes.to_vec();
    let mut shifted = false;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == 0x1b {
            let escape = &bytes[at..bytes.len().min(at + 3)];
            shifted = !matches!(escape, b"\x1b(B" | b"\x1b(J");
            masked[at..at + escape.len()].fill(b'x');
            at += escape.len();
            continue;
        }
        if shifted && bytes[at] != b'\n' {
            masked[at] = b'x';
        }
        at += 1;
    }
    masked
}

#[cfg(test)]
mod tests;
