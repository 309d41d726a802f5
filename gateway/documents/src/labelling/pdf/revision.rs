//! What is appended to a PDF: objects, and a cross-reference section of the kind the file has
//! (ISO 32000-1 §7.5.6).
//!
//! It never touches a byte of the file before it.

use std::fmt::Write as _;

use super::references::References;
use crate::Reason;

/// What a trailer says that holds for its own section alone.
const OF_ONE_SECTION: [&str; 14] = [
    "Size",
    "Prev",
    "Info",
    "XRefStm",
    "Type",
    "W",
    "Index",
    "Length",
    "DL",
    "Filter",
    "DecodeParms",
    "F",
    "FFilter",
    "FDecodeParms",
];
/// Bytes of the fields of an entry: what it is, its offset, its generation.
const WIDTHS: [usize; 3] = [1, 4, 2];

/// An object to append.
#[derive(Debug)]
pub(super) struct Addition {
    pub number: u32,
    pub generation: u16,
    pub body: Vec<u8>,
}

/// An object of ours, and where it came to stand.
struct Placed {
    number: u32,
    generation: u16,
    at: u32,
}

/// The file with these objects; `info` is where its information dictionary stands, if it has one.
///
/// # Errors
/// [`Reason::EntryTooLarge`] where offsets end, [`Reason::Inconsistent`] where numbers do.
pub(super) fn append(
    bytes: &[u8],
    references: &References,
    mut additions: Vec<Addition>,
    info: Option<(u32, u16)>,
) -> Result<Vec<u8>, Reason> {
    additions.sort_by_key(|addition| addition.number);
    let added: usize = additions.iter().map(|one| one.body.len() + 64).sum();
    let mut out = Vec::with_capacity(bytes.len() + added + 2048);
    out.extend_from_slice(bytes);
    if !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r") {
        out.push(b'\n');
    }
    let mut placed = Vec::new();
    for addition in &additions {
        let Addition {
            number, generation, ..
        } = *addition;
        let at = offset(&out)?;
        placed.push(Placed {
            number,
            generation,
            at,
        });
        out.extend(format!("{number} {generation} obj\n").bytes());
        out.extend_from_slice(&addition.body);
        out.extend_from_slice(b"\nendobj\n");
    }
    let at = offset(&out)?;
    let last = placed.last().map_or(0, |one| one.number);
    let mut size = references.size.max(after(last)?);
    let mut trailer = kept(bytes, references);
    if let Some((number, generation)) = info {
        let _ = write!(trailer, "/Info {number} {generation} R");
    }
    let _ = write!(trailer, "/Prev {}", references.newest.at);
    if references.newest.is_stream {
        placed.push(Placed {
            number: size,
            generation: 0,
            at,
        });
        size = after(size)?;
        out.extend(stream(&placed, size, &trailer));
    } else {
        out.extend(table(&placed, size, &trailer));
    }
    out.extend(format!("startxref\n{at}\n%%EOF\n").bytes());
    Ok(out)
}

/// The number behind this one, which is an object's.
fn after(number: u32) -> Result<u32, Reason> {
    number.checked_add(1).ok_or(Reason::Inconsistent)
}

fn offset(out: &[u8]) -> Result<u32, Reason> {
    u32::try_from(out.len()).map_err(|_| Reason::EntryTooLarge)
}

/// What the newest trailer says of the whole file, word for word. That goes for `ID` too, of which
/// ISO 32000-1 §14.4 has the second part change: there is no digest here to make one from.
fn kept(bytes: &[u8], references: &References) -> Text {
    let entries = references.newest.trailer.entries.iter();
    let kept = entries.filter(|entry| !OF_ONE_SECTION.contains(&&*entry.name));
    let mut out = Text::default();
    for entry in kept {
        out.0.extend_from_slice(&bytes[entry.whole.clone()]);
    }
    out
}

/// Bytes of a trailer; those that are copied need not be text.
#[derive(Default)]
struct Text(Vec<u8>);

impl std::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Runs of numbers that follow one another: the first, and how many.
fn runs(placed: &[Placed]) -> Vec<(u32, usize)> {
    let follows = |one: &Placed, next: &Placed| one.number + 1 == next.number;
    let runs = placed.chunk_by(follows);
    runs.map(|run| (run[0].number, run.len())).collect()
}

/// ISO 32000-1 §7.5.4: entries of twenty bytes, then the trailer.
fn table(placed: &[Placed], size: u32, trailer: &Text) -> Vec<u8> {
    let mut out = Text(b"xref\n".to_vec());
    let mut rest = placed.iter();
    for (first, count) in runs(placed) {
        let _ = writeln!(out, "{first} {count}");
        for one in rest.by_ref().take(count) {
            let _ = writeln!(out, "{:010} {:05} n ", one.at, one.generation);
        }
    }
    let _ = write!(out, "trailer\n<</Size {size}");
    out.0.extend_from_slice(&trailer.0);
    out.0.extend_from_slice(b">>\n");
    out.0
}

/// ISO 32000-1 §7.5.8: the same as a stream, which is an object itself: the last of them.
fn stream(placed: &[Placed], size: u32, trailer: &Text) -> Vec<u8> {
    let mut data = Vec::new();
    for one in placed {
        data.push(1);
        data.extend(one.at.to_be_bytes());
        data.extend(one.generation.to_be_bytes());
    }
    let index = runs(placed).into_iter();
    let index: Vec<String> = index.map(|(first, n)| format!("{first} {n}")).collect();
    let [kind, at, generation] = WIDTHS;
    let mut out = Text::default();
    let _ = write!(
        out,
        "{} 0 obj\n<</Type/XRef/Size {size}/W[{kind} {at} {generation}]/Index[{}]/Length {}",
        size - 1,
        index.join(" "),
        data.len()
    );
    out.0.extend_from_slice(&trailer.0);
    out.0.extend_from_slice(b">>\nstream\n");
    out.0.extend(data);
    out.0.extend_from_slice(b"\nendstream\nendobj\n");
    out.0
}
