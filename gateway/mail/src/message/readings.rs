//! What others make of a message on which readers differ: the parts they find, and the contents
//! that their decoders give.
//!
//! It never chooses: our own reading stands first, the others beside it. Mail that is as it should
//! be is read once.

use std::borrow::Cow;

use super::reader::Reader;
use super::structure;
use super::{
    Charset, Disposition, FIELDS_MAX, Message, Part, TransferEncoding, Warning, WarningKind,
    charset, decode, field, transfer, words,
};
use crate::ambiguity::{Ambiguity, AmbiguityKind};

/// What the other readers find.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// The parts that are not among ours.
    pub parts: Vec<Part>,
    /// The limits that only they meet, beyond which all is as unknown as beyond ours; and what is
    /// ambiguous in what only they open or find.
    pub doubts: Vec<Ambiguity>,
}

/// Reads the message as the others do, where it is such that they may differ.
pub(crate) fn others(message: &Message<'_>) -> Others {
    let mut found = Others::default();
    if !message.is_odd() {
        return found;
    }
    let ours = message.parts();
    let raw = message.raw();
    let is_warned = |part: &Part, kinds: &[WarningKind]| {
        let mut warnings = message.warnings().iter();
        warnings.any(|warning| kinds.contains(&warning.kind) && warning.path == part.path)
    };
    // Who finds no delimiter shows the whole as a text.
    const UNCUT: [WarningKind; 2] = [WarningKind::NoDelimiter, WarningKind::FoldedBoundary];
    for part in ours.iter().filter(|part| is_warned(part, &UNCUT)) {
        found.parts.push(as_text(part));
    }
    for reader in Reader::OTHERS {
        let asks = |warning: &Warning| reader.asks_for().contains(&warning.kind);
        if !reader.asks_for().is_empty() && !message.warnings().iter().any(asks) {
            continue;
        }
        let top = field::scan_as(reader, raw, 0..raw.len(), FIELDS_MAX);
        let theirs = structure::scan(raw, top, reader);
        for part in theirs.parts {
            let mut known = ours.iter().chain(&found.parts);
            if !known.any(|known| is_same(known, &part)) {
                found.parts.push(Part {
                    index: ours.len() - 1,
                    parent: None,
                    ..part
                });
            }
        }
        // What only some open is judged nowhere else, nor a header that only some find.
        let is_told = |doubt: &Ambiguity| match doubt.kind {
            AmbiguityKind::OddHeaderLine if reader.is_greedy() => true,
            kind => kind.is_limit() || reader == Reader::Open,
        };
        for doubt in theirs.ambiguities.into_iter().filter(is_told) {
            let mut known = message.structure_ambiguities().iter().chain(&found.doubts);
            if !known.any(|known| known.kind == doubt.kind) {
                found.doubts.push(doubt);
            }
        }
    }
    found
}

/// The part as a text, whatever else it says it is.
fn as_text(part: &Part) -> Part {
    Part {
        media_type: "text/plain".to_owned(),
        disposition: Disposition::Unstated,
        file_names: Vec::new(),
        parent: None,
        ..part.clone()
    }
}

/// Whether two readers see the same thing in the same place.
fn is_same(one: &Part, other: &Part) -> bool {
    one.body == other.body
        && one.encoding == other.encoding
        && one.media_type == other.media_type
        && one.disposition == other.disposition
        && one.parameters == other.parameters
        && one.charsets == other.charsets
}

/// Every content that some decoder makes of a part, ours first.
pub(crate) fn of<'raw>(message: &Message<'raw>, part: &Part) -> Vec<Cow<'raw, [u8]>> {
    let mut readings = vec![message.decoded(part)];
    if part.is_multipart() {
        return readings;
    }
    let body = message.body_raw(part);
    let stated = part
        .fields
        .iter()
        .filter(|field| message.is_named(field, "content-transfer-encoding"))
        .map(|field| words::decode(message.field_value(field)).to_ascii_lowercase());
    let mut stated: Vec<String> = stated.collect();
    stated.dedup();
    let is_plain = |word: &String| word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if stated.len() > 1
        || !stated.iter().all(is_plain)
        || part.encoding == TransferEncoding::Unknown
    {
        let says = |sign: &str| stated.iter().any(|word| word.contains(sign));
        let others = [
            (says("64"), TransferEncoding::Base64),
            (says("quoted"), TransferEncoding::QuotedPrintable),
            (true, TransferEncoding::EightBit),
        ];
        let others = others.iter().filter(|(stated, _)| *stated);
        readings.extend(others.map(|(_, encoding)| decode(*encoding, body)));
    }
    match part.encoding {
        TransferEncoding::Base64 => readings.extend(of_base64(body).map(Cow::Owned)),
        TransferEncoding::QuotedPrintable => readings.extend(of_quoted(body)),
        _ => {}
    }
    distinct(readings)
}

/// How many charsets of one part are read; one more is ambiguous. It bounds the time.
pub const CHARSETS_MAX: usize = 4;

/// The charsets that some reader takes for that of the part, ours first, each once; and whether
/// these are all.
fn charsets(part: &Part) -> (Vec<Charset>, bool) {
    let mut found = vec![Charset::parse(part.charset())];
    for charset in part.charsets().map(|name| Charset::parse(Some(name))) {
        if !found.contains(&charset) {
            found.push(charset);
        }
    }
    let are_all = found.len() <= CHARSETS_MAX;
    found.truncate(CHARSETS_MAX);
    (found, are_all)
}

/// Whether the charsets that are stated for a part make different texts of its content.
pub(crate) fn charsets_differ(message: &Message<'_>, part: &Part) -> bool {
    let (charsets, are_all) = charsets(part);
    let [first, others @ ..] = &charsets[..] else {
        return false;
    };
    if others.is_empty() {
        return false;
    }
    let content = message.decoded(part);
    let text = first.decode(&content);
    !are_all || others.iter().any(|other| other.decode(&content) != text)
}

/// Every text that some reader shows of a part, ours first: its contents, by each charset that is
/// stated, and by none where the charset shifts the meaning of plain letters, or is not kept to.
pub(crate) fn texts(message: &Message<'_>, part: &Part) -> Vec<String> {
    let (mut charsets, _) = charsets(part);
    if charsets.iter().any(|charset| !charset.is_transparent()) {
        charsets.push(Charset::Unknown);
    }
    let mut found: Vec<String> = Vec::new();
    let mut add = |text: String| {
        if !found.contains(&text) {
            found.push(text);
        }
    };
    for content in of(message, part) {
        for charset in &charsets {
            match charset.decode_strictly(&content) {
                Ok(text) => add(text.into_owned()),
                Err(guess) => {
                    add(guess.into_owned());
                    add(Charset::Unknown.decode(&content).into_owned());
                }
            }
        }
        for name in part.charsets() {
            if let Some(bare) = charset::without_shifts(name, &content) {
                add(Charset::Unknown.decode(&bare).into_owned());
            }
        }
    }
    found
}

/// Decoders of base64 differ about padding that is not at the end (an end, the end of a group, or
/// nothing), about the alphabet of RFC 4648 §5, and about bytes that are none of it: passed over,
/// an end, or a reason to decode nothing.
fn of_base64(body: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let is_code = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let padding = memchr::memchr(b'=', body).filter(|at| body[*at..].iter().any(is_code));
    let ended = padding.map(|at| transfer::decode_base64(&body[..at]));
    let joined = padding.map(|_| {
        let code: Vec<u8> = body.iter().copied().filter(|byte| *byte != b'=').collect();
        transfer::decode_base64(&code)
    });
    let url = memchr::memchr2(b'-', b'_', body).map(|_| {
        let code = body.iter().map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        });
        transfer::decode_base64(&code.collect::<Vec<u8>>())
    });
    let alone = transfer::footer(body).map(|at| transfer::decode_base64(&body[..at]));
    let stray = transfer::first_stray(body);
    let stopped = stray.map(|at| transfer::decode_base64(&body[..at]));
    let raw = stray.map(|_| body.to_vec());
    [ended, joined, url, alone, stopped, raw]
        .into_iter()
        .flatten()
}

/// Some decoders of quoted-printable read `= 41` as `=41`, some leave a body as it stands in which
/// one code is none, and a CR that ends no line some pass over.
fn of_quoted(body: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let decode = |body: &[u8]| Cow::Owned(transfer::decode_quoted_printable(body));
    let closed = transfer::has_blank_in_code(body).then(|| decode(&without_code_blanks(body)));
    let raw = transfer::has_broken_code(body).then_some(Cow::Borrowed(body));
    let has_bare_cr = transfer::has_bare_cr(body);
    let joined = has_bare_cr.then(|| {
        let rest = body.iter().copied().filter(|byte| *byte != b'\r');
        decode(&without_code_blanks(&rest.collect::<Vec<u8>>()))
    });
    let skipped = has_bare_cr.then(|| decode(&without_cr_codes(body)));
    [closed, raw, joined, skipped].into_iter().flatten()
}

/// The body without the blanks behind each `=`.
fn without_code_blanks(body: &[u8]) -> Vec<u8> {
    let mut closed = Vec::with_capacity(body.len());
    for byte in body {
        if !(transfer::is_code_blank(*byte) && closed.last() == Some(&b'=')) {
            closed.push(*byte);
        }
    }
    closed
}

/// The body as some read it who take `=` and a CR, up to the next LF, for a soft line break.
fn without_cr_codes(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = memchr::memmem::find(rest, b"=\r") {
        out.extend_from_slice(&rest[..at]);
        let end = memchr::memchr(b'\n', &rest[at..]);
        rest = end.map_or(&b""[..], |end| &rest[at + end + 1..]);
    }
    out.extend_from_slice(rest);
    out
}

/// The first of those that are equal.
fn distinct<'raw>(all: Vec<Cow<'raw, [u8]>>) -> Vec<Cow<'raw, [u8]>> {
    let mut kept: Vec<Cow<'raw, [u8]>> = Vec::with_capacity(all.len());
    for reading in all {
        if !kept.contains(&reading) {
            kept.push(reading);
        }
    }
    kept
}
