//! What the header of a part claims about it, and whether every reader takes the claim alike.
//!
//! It never looks deeper than the part it is asked about.

use memchr::memmem;

use super::field::{Block, Field};
use super::parameters::{self, Parameter, Parameterised};
use super::part::{Disposition, Part, Shield};
use super::transfer::TransferEncoding;
use super::words;
use crate::work;

/// Whether a part is nothing at all: the next delimiter stands on the line after the first one.
pub(super) fn is_no_part(raw: &[u8], block: &Block, end: usize) -> bool {
    block.range.is_empty() && block.range.end == end && raw[end..].starts_with(b"--")
}

/// Whether a header runs into the delimiter after it, without so much as an empty body between.
pub(super) fn cuts_header(raw: &[u8], block: &Block, end: usize) -> bool {
    let header = &raw[block.range.clone()];
    let is_cut = block.range.end >= end && end < raw.len();
    is_cut && !header.is_empty() && !header.ends_with(b"\n") && !is_last(&raw[end..])
}

/// Whether nothing but closing delimiters follow: who reads on in the header finds no more in it.
fn is_last(rest: &[u8]) -> bool {
    const LINES_MAX: usize = 64;
    let mut lines = rest.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let closes = |line: &[u8]| line.starts_with(b"--") && line.ends_with(b"--");
    lines
        .by_ref()
        .take(LINES_MAX)
        .all(|line| line.is_empty() || closes(line))
        && lines.next().is_none()
}

/// Whether some reader may find a delimiter in the body of a multipart that has none of its own:
/// its boundary stands somewhere, or a line begins like a delimiter.
pub(super) fn may_be_cut(body: &[u8], boundary: Option<&[u8]>) -> bool {
    if boundary.is_some_and(|boundary| memmem::find(body, boundary).is_some()) {
        return true;
    }
    work::looked_at(body.len());
    let begins = |at: usize| at == 0 || body[at - 1] == b'\n';
    // `--` and a blank, or nothing, is where a signature begins.
    let goes_on = |at: usize| {
        body.get(at + 2)
            .is_some_and(|byte| !byte.is_ascii_whitespace())
    };
    memmem::find_iter(body, b"--").any(|at| begins(at) && goes_on(at))
}

/// Whether a blank before a colon stands in a field that says what the part is: some readers take
/// the field, some do not. (For those who take the line for the body there is `Reader::Strict`.)
pub(super) fn blank_hides_content(raw: &[u8], block: &Block) -> bool {
    let is_content = |field: &Field| {
        let name = &raw[field.name.clone()];
        name.len() > 8 && name[..8].eq_ignore_ascii_case(b"content-")
    };
    let has_blank = |field: &Field| raw.get(field.name.end).is_some_and(|byte| *byte != b':');
    let mut fields = block.fields.iter();
    fields.any(|field| has_blank(field) && is_content(field))
}

/// Whether two values of the field of this (lower-case) name are the same for every reader.
pub(super) fn is_same(name: &str, one: &[u8], other: &[u8]) -> bool {
    fn pieces(value: &[u8]) -> impl Iterator<Item = &[u8]> {
        let pieces = value.split(u8::is_ascii_whitespace);
        pieces.filter(|piece| !piece.is_empty())
    }
    // Within quotes a blank more is another boundary.
    let is_quoted = one.contains(&b'"') || other.contains(&b'"');
    if one == other || !is_quoted && pieces(one).eq(pieces(other)) {
        return true;
    }
    if name == "content-transfer-encoding" {
        return is_same_encoding(&words::decode(one), &words::decode(other));
    }
    if !parameters::is_plain(one) || !parameters::is_plain(other) {
        return false;
    }
    let (one, other) = (Parameterised::parse(one), Parameterised::parse(other));
    one.value == other.value && meaning(&one.parameters) == meaning(&other.parameters)
}

fn is_same_encoding(one: &str, other: &str) -> bool {
    let is_plain = |word| matches!(encoding_claim(word), EncodingClaim::Plain);
    let (first, second) = (TransferEncoding::parse(one), TransferEncoding::parse(other));
    let is_one = first == second || first.is_identity() && second.is_identity();
    is_plain(one) && is_plain(other) && is_one
}

/// What parameters say to readers, in order of their names: without those that only inform, and
/// in one case where case means nothing.
fn meaning(parameters: &[Parameter]) -> Vec<(&str, String)> {
    let told = parameters
        .iter()
        .filter(|one| !INFORMING.contains(&one.name.as_str()));
    let mut told: Vec<(&str, String)> = told
        .map(|one| {
            let value = match one.name.as_str() {
                "boundary" => one.value.clone(),
                _ => one.value.to_ascii_lowercase(),
            };
            (one.name.as_str(), value)
        })
        .collect();
    // Sorting is stable: of two with one name the order counts.
    told.sort_by_key(|(name, _)| *name);
    told
}

/// Parameters that change neither what a part holds nor what a rule asks of it.
const INFORMING: [&str; 8] = [
    "modification-date",
    "creation-date",
    "read-date",
    "size",
    "micalg",
    "protocol",
    "format",
    "delsp",
];

/// How many boundaries of other readers are looked for; one more is ambiguous. It bounds the time.
const OTHER_BOUNDARIES_MAX: usize = 16;

/// Whether some reader takes another boundary than ours for that of the part with this body, and
/// finds a delimiter by it.
pub(super) fn is_cut_otherwise(kinds: &[Parameterised], ours: Option<&str>, body: &[u8]) -> bool {
    let ours = ours.map(str::trim_end);
    let mut others: Vec<String> = Vec::new();
    for kind in kinds {
        let sloppy = kind.others("boundary").map(str::to_owned);
        for other in kind.candidates("boundary").into_iter().chain(sloppy) {
            let other = other.trim_end().to_owned();
            if Some(other.as_str()) != ours && !others.contains(&other) {
                others.push(other);
            }
        }
    }
    let is_beyond = |other: &String| other.is_empty() || !other.is_ascii();
    if others.is_empty() {
        return false;
    }
    if others.len() > OTHER_BOUNDARIES_MAX || others.iter().any(is_beyond) {
        return true;
    }
    work::looked_at(body.len());
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    memmem::find_iter(body, b"--").any(|at| {
        if at > 0 && !is_break(&body[at - 1]) {
            return false;
        }
        let line = &body[at + 2..];
        others.iter().any(|other| {
            let rest = line.strip_prefix(other.as_bytes());
            rest.is_some_and(|rest| {
                let rest = rest.strip_prefix(b"--").unwrap_or(rest);
                let end = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
                end.is_none_or(is_break)
            })
        })
    })
}

/// What a line break inside the quotes of a parameter does.
pub(super) enum Fold {
    /// It changes at most the blanks of a file name.
    Harmless,
    /// It changes the blanks of a boundary, and only one of the two boundaries is ever met.
    Boundary,
    /// It changes another parameter, or the rest of the field.
    Doubtful,
}

/// What the folds of this field, which is read in these ways, do to a part with this body.
pub(super) fn fold(raw: &[u8], readings: &[Parameterised], body: &[u8]) -> Fold {
    let [one, others @ ..] = readings else {
        return Fold::Harmless;
    };
    if others.is_empty() {
        return Fold::Harmless;
    }
    let without = |field: &Parameterised, names: &[&str]| {
        let mut rest = field.parameters.clone();
        rest.retain(|parameter| !names.contains(&parameter.name.as_str()));
        rest
    };
    const NAMES: [&str; 3] = ["name", "filename", "boundary"];
    let harmless = [&NAMES[..], &INFORMING].concat();
    let differs = |other: &Parameterised| without(one, &harmless) != without(other, &harmless);
    if parameters::leaves_quote_open(raw) || others.iter().any(differs) {
        return Fold::Doubtful;
    }
    let one = one.get("boundary");
    let other = others.iter().map(|other| other.get("boundary"));
    let mut other = other.filter(|other| *other != one).peekable();
    if other.peek().is_none() {
        return Fold::Harmless;
    }
    let is_met = |boundary: Option<&str>| {
        work::looked_at(body.len());
        boundary.is_some_and(|boundary| memmem::find(body, boundary.as_bytes()).is_some())
    };
    match other.any(is_met) {
        true => Fold::Doubtful,
        false => Fold::Boundary,
    }
}

/// How a transfer encoding is named.
pub(super) enum EncodingClaim {
    /// As it should be.
    Plain,
    /// A word that nobody decodes: the body is what it is.
    Literal,
    /// A known one with signs around it, which some take for none.
    Sloppy,
    /// So that readers find one here and another there.
    Odd,
    /// One that we do not decode and others may.
    Unknown,
}

/// How this value of Content-Transfer-Encoding is to be taken.
pub(super) fn encoding_claim(value: &str) -> EncodingClaim {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_plain = value.bytes().all(plain);
    let encoding = TransferEncoding::parse(value);
    if is_plain && encoding != TransferEncoding::Unknown {
        return EncodingClaim::Plain;
    }
    let lower = value.to_ascii_lowercase();
    // Whoever decodes anything does it for a word with one of these in it.
    const STEMS: [&str; 10] = [
        "64", "quot", "print", "uu", "yenc", "hex", "zip", "base", "compress", "mime",
    ];
    let means_something = !lower.is_ascii() || STEMS.iter().any(|stem| lower.contains(stem));
    let ends = [';', ',', '.', ':', '"', '\'', ' '];
    let bare = lower.trim_matches(ends);
    match is_plain {
        _ if !means_something => EncodingClaim::Literal,
        _ if bare.bytes().all(plain) && is_decoded(bare) => EncodingClaim::Sloppy,
        true => EncodingClaim::Unknown,
        false => EncodingClaim::Odd,
    }
}

fn is_decoded(word: &str) -> bool {
    !TransferEncoding::parse(word).is_identity()
}

/// Whether a type that may hold parts is written so that some readers find it and others do not:
/// in quotes, as an encoded word, with blanks inside, or without its second half.
pub(super) fn is_odd_type(raw: &[u8], kind: &Parameterised) -> bool {
    let token = |word: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !word.is_empty() && word.bytes().all(plain)
    };
    let is_type = kind
        .value
        .split_once('/')
        .is_some_and(|(main, sub)| token(main) && token(sub));
    let lower = raw.to_ascii_lowercase();
    let may_hold_parts = ["multipart", "message", "=?"]
        .iter()
        .any(|word| memmem::find(&lower, word.as_bytes()).is_some());
    (!is_type || has_inner_blank(raw)) && may_hold_parts
}

/// Whether blanks stand inside the type itself, which some take for its end.
fn has_inner_blank(raw: &[u8]) -> bool {
    let word = raw.split(|byte| *byte == b';').next().unwrap_or_default();
    let word = word.trim_ascii();
    // Behind a comment, or before a parameter that no semicolon divides from it, they are none.
    !word.iter().any(|byte| matches!(byte, b'(' | b'=')) && word.iter().any(u8::is_ascii_whitespace)
}

pub(super) fn disposition(word: &str) -> Disposition {
    match word {
        "" => Disposition::Unstated,
        "inline" => Disposition::Inline,
        _ => Disposition::Attachment,
    }
}

/// Whether a word of Content-Disposition is `attachment` for all: one that nobody knows is the same
/// by RFC 2183 §2.8, and some show such a part in its place.
pub(super) fn is_set_aside(word: &str) -> bool {
    word == "attachment"
}

pub(super) fn shield(media_type: &str, kind: &Parameterised, outer: Shield) -> Shield {
    match media_type {
        _ if outer != Shield::None => outer,
        "multipart/signed" => Shield::Signed,
        "multipart/encrypted" => Shield::Encrypted,
        _ if is_smime(media_type) => smime_shield(kind.get("smime-type")),
        _ => Shield::None,
    }
}

/// RFC 8551 §3.10: the shield of a part that its file name shows to be S/MIME data, where its type
/// says less than that name.
pub(super) fn shield_by_name(part: &Part) -> Shield {
    let is_bare = match part.shield {
        Shield::None => part.media_type == "application/octet-stream",
        Shield::Either => is_smime(&part.media_type),
        Shield::Signed | Shield::Encrypted => false,
    };
    if !is_bare {
        return part.shield;
    }
    let names: Vec<String> = part.file_names().iter().map(|name| ending(name)).collect();
    let ends = |among: &[&str]| names.iter().any(|name| among.contains(&name.as_str()));
    match part.shield {
        _ if ends(&["p7m", "p7z"]) => smime_shield(part.parameter("smime-type")),
        _ if ends(&["p7s", "p7c"]) => Shield::Signed,
        shield => shield,
    }
}

/// What stands behind the last dot of a file name, in lower case.
fn ending(name: &str) -> String {
    let (_, ending) = name.rsplit_once('.').unwrap_or_default();
    ending.trim().to_ascii_lowercase()
}

fn is_smime(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/pkcs7-mime" | "application/x-pkcs7-mime"
    )
}

/// RFC 8551 §3.2.2.
fn smime_shield(kind: Option<&str>) -> Shield {
    match kind {
        Some("signed-data" | "certs-only") => Shield::Signed,
        Some(_) => Shield::Encrypted,
        None => Shield::Either,
    }
}

/// Every value that some reader takes for this parameter of Content-Type.
fn all_values<'a>(
    kinds: &'a [Parameterised],
    name: &'a str,
) -> impl Iterator<Item = String> + use<'a> {
    kinds.iter().flat_map(move |kind| {
        let others = kind.others(name).map(str::to_owned);
        kind.candidates(name).into_iter().chain(others)
    })
}

/// The charsets that some reader takes for the declared one, each once.
pub(super) fn charsets(kinds: &[Parameterised]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for charset in all_values(kinds, "charset") {
        if !found.contains(&charset) {
            found.push(charset);
        }
    }
    found
}

/// Whether S/MIME data is signed for some readers and encrypted for others.
pub(super) fn is_smime_doubtful(media_type: &str, kinds: &[Parameterised]) -> bool {
    let mut shields = all_values(kinds, "smime-type").map(|kind| smime_shield(Some(&kind)));
    let first = shields.next();
    is_smime(media_type) && shields.any(|shield| Some(shield) != first)
}

/// Every value of the fields of this (lower-case) name.
pub(super) fn values<'raw, 'b>(
    raw: &'raw [u8],
    block: &'b Block,
    name: &'b str,
) -> impl Iterator<Item = &'raw [u8]> + use<'raw, 'b> {
    let fields = block
        .fields
        .iter()
        .filter(move |field| raw[field.name.clone()].eq_ignore_ascii_case(name.as_bytes()));
    fields.map(|field| &raw[field.value.clone()])
}
