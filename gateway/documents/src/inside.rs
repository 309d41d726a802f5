//! The walk through a file: a document's own labels, and the documents packed in it.
//!
//! It never passes by a container it cannot open: what might hold a labelled document is unknown.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::archive::{Archive, Budget, check_ratio};
use crate::compound::{Compound, Stream};
use crate::labels::{DocumentLabel, Findings, Reason, Source, from_properties};
use crate::limits::{MEMBER_BYTES_MAX, PART_BYTES_MAX};
use crate::{Kind, encrypted, kind, package, pdf, properties, rtf, tar};

/// Word opens a file that begins so, whatever follows the `t`.
const RTF_SIGN: &[u8] = b"{\\rt";
const GZIP_SIGN: &[u8] = b"\x1f\x8b\x08";
/// Enough of a file to see whether it is looked into.
const HEAD_BYTES: usize = package::FLAT_LOOK_BYTES;
/// MS-OXMSG §2.2.2.1: an attachment's content in an Outlook message.
const ATTACHED_STREAM: &str = "__substg1.0_37010102";

/// Reads one file and what is packed in it.
pub(crate) fn read_file(bytes: &[u8], budget: &mut Budget, found: &mut Findings) {
    if Compound::is_one(bytes) {
        read_compound(bytes, budget, found);
    } else if is_archive(bytes) {
        match Archive::open(bytes) {
            Ok(mut archive) => read_archive(&mut archive, budget, found),
            Err(reason) => found.unknown(reason),
        }
    } else if bytes.starts_with(RTF_SIGN) {
        take(
            rtf::read(bytes).and_then(|properties| from_properties(&properties)),
            found,
        );
    } else if package::is_flat(bytes) {
        take(package::read_flat(bytes), found);
    } else if bytes.starts_with(GZIP_SIGN) {
        within(budget, found, |budget, found| {
            match inflate(bytes, budget) {
                Ok(Some(member)) => read_file(&member, budget, found),
                Ok(None) => {}
                Err(reason) => found.unknown(reason),
            }
        });
    } else if tar::is_one(bytes) {
        within(budget, found, |budget, found| match tar::members(bytes) {
            Ok(members) => members
                .into_iter()
                .for_each(|file| read_file(file, budget, found)),
            Err(reason) => found.unknown(reason),
        });
    } else if kind(bytes) == Kind::Pdf {
        let _ = read_pdf(bytes, budget, found);
    } else if is_closed(bytes) {
        found.unknown(Reason::Unsupported);
    }
}

fn take(labels: Result<Vec<DocumentLabel>, Reason>, found: &mut Findings) {
    match labels {
        Ok(labels) => found.document(labels),
        Err(reason) => found.unknown(reason),
    }
}

/// Does something one archive deeper.
fn within(
    budget: &mut Budget,
    found: &mut Findings,
    read: impl FnOnce(&mut Budget, &mut Findings),
) {
    match budget.enter() {
        Ok(()) => {
            read(budget, found);
            budget.leave();
        }
        Err(reason) => found.unknown(reason),
    }
}

/// A spanned archive's last volume, and one that only ends like an archive, count as well.
fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
        || bytes.starts_with(b"PK\x05\x06")
        || bytes.starts_with(b"PK\x07\x08")
}

/// Containers that are not opened here: whatever is in them may be labelled.
fn is_closed(bytes: &[u8]) -> bool {
    matches!(
        kind(bytes),
        Kind::SevenZip | Kind::Rar | Kind::Cab | Kind::Iso | Kind::Bzip2 | Kind::Xz | Kind::Zstd
    )
}

/// Whether a file that begins so is looked into.
fn is_readable(head: &[u8]) -> bool {
    is_archive(head)
        || Compound::is_one(head)
        || head.starts_with(RTF_SIGN)
        || head.starts_with(GZIP_SIGN)
        || tar::is_one(head)
        || package::is_flat(head)
        || kind(head) == Kind::Pdf
        || is_closed(head)
}

/// The content of a gzip file, when it begins like something that is looked into.
fn inflate(bytes: &[u8], budget: &mut Budget) -> Result<Option<Vec<u8>>, Reason> {
    let up_to = |bytes_max: u64| {
        let mut content = Vec::new();
        let read = MultiGzDecoder::new(bytes)
            .take(bytes_max)
            .read_to_end(&mut content);
        read.map(|_| content).map_err(|_| Reason::Damaged)
    };
    if !is_readable(&up_to(HEAD_BYTES as u64)?) {
        return Ok(None);
    }
    let content = up_to(MEMBER_BYTES_MAX + 1)?;
    let length = content.len() as u64;
    if length > MEMBER_BYTES_MAX {
        return Err(Reason::EntryTooLarge);
    }
    budget.spend(length)?;
    check_ratio(bytes.len() as u64, length)?;
    Ok(Some(content))
}

fn read_archive(archive: &mut Archive<'_>, budget: &mut Budget, found: &mut Findings) {
    match archive.kind() {
        Kind::Docx | Kind::Xlsx | Kind::Pptx | Kind::Vsdx | Kind::Package => {
            take(package::read_office(archive, budget), found);
        }
        Kind::OpenDocument => take(package::read_open_document(archive, budget), found),
        _ => within(budget, found, |budget, found| {
            read_members(archive, budget, found)
        }),
    }
}

/// A zip of other files: those that begin like documents or archives are read too.
fn read_members(archive: &mut Archive<'_>, budget: &mut Budget, found: &mut Findings) {
    for entry in archive.entries().to_vec() {
        match archive.peek(&entry, HEAD_BYTES as u64) {
            Ok(head) if is_readable(&head) => {}
            Ok(_) => continue,
            Err(reason) => {
                found.unknown(reason);
                continue;
            }
        }
        match archive.read_member(&entry, MEMBER_BYTES_MAX, budget) {
            Ok(member) => read_file(&member, budget, found),
            Err(reason) => found.unknown(reason),
        }
    }
}

/// What a PDF has of its own.
pub(crate) struct OwnPart {
    /// How many of the labels found are its own; they come first.
    pub(crate) labels: usize,
    /// Whether it is encrypted, or wraps what is.
    pub(crate) is_closed: bool,
}

/// A PDF, then the files attached to it.
pub(crate) fn read_pdf(bytes: &[u8], budget: &mut Budget, found: &mut Findings) -> OwnPart {
    let pdf = pdf::read(bytes, budget);
    let own = OwnPart {
        labels: pdf.labels.len(),
        is_closed: pdf.is_closed,
    };
    if let Some(reason) = pdf.unknown {
        found.unknown(reason);
    }
    found.document(pdf.labels);
    if !pdf.attached.is_empty() {
        within(budget, found, |budget, found| {
            for file in &pdf.attached {
                read_file(file, budget, found);
            }
        });
    }
    own
}

fn read_compound(bytes: &[u8], budget: &mut Budget, found: &mut Findings) {
    let file = match Compound::open(bytes) {
        Ok(file) => file,
        Err(reason) => return found.unknown(reason),
    };
    match compound_labels(&file) {
        Ok(labels) => {
            // MS-OFFCRYPTO §2.6.4: a valid list beside the encrypted package is the one that
            // counts, so nothing in the package can add to it.
            let listed = labels.iter().any(|label| label.source == Source::LabelInfo);
            let lock = encrypted::lock(&file);
            if let Some(reason) = lock.filter(|_| !listed || file.kind() != Kind::EncryptedOffice) {
                found.unknown(reason);
            }
            found.document(labels);
        }
        Err(reason) => found.unknown(reason),
    }
    if file.kind() == Kind::Msg {
        within(budget, found, |budget, found| {
            read_attached(&file, budget, found)
        });
    }
}

fn compound_labels(file: &Compound<'_>) -> Result<Vec<DocumentLabel>, Reason> {
    let mut labels = Vec::new();
    for stream in file.streams() {
        let read = || read_stream(file, stream, PART_BYTES_MAX);
        match stream.name.as_str() {
            "LabelInfo" => labels.extend(package::read_label_info(&read()?)?),
            // MS-OLEPS §2.23.2: the user's properties are the second set of this stream.
            "\u{5}DocumentSummaryInformation" => {
                labels.extend(from_properties(&properties::read(&read()?)?)?);
            }
            _ => {}
        }
    }
    Ok(labels)
}

/// The files attached to an Outlook message.
fn read_attached(file: &Compound<'_>, budget: &mut Budget, found: &mut Findings) {
    let attached = |stream: &&Stream| stream.name == ATTACHED_STREAM;
    for stream in file.streams().iter().filter(attached) {
        let read = read_stream(file, stream, MEMBER_BYTES_MAX);
        match read.and_then(|bytes| budget.spend(bytes.len() as u64).map(|()| bytes)) {
            Ok(bytes) => read_file(&bytes, budget, found),
            Err(reason) => found.unknown(reason),
        }
    }
}

fn read_stream(file: &Compound<'_>, stream: &Stream, bytes_max: u64) -> Result<Vec<u8>, Reason> {
    if stream.bytes > bytes_max {
        return Err(Reason::EntryTooLarge);
    }
    // The limits are far below what an address can count.
    file.read(stream, bytes_max as usize)
}
