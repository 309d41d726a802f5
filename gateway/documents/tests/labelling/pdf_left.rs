//! PDFs that are left as they are, and why; each beside one that is not. And files made to hurt.

use std::time::{Duration, Instant};

use documents::limits::{
    MEMBER_BYTES_MAX, PDF_DEPTH_MAX, PDF_DICTIONARY_BYTES_MAX, PDF_KEYS_MAX, PDF_NUMBER_MAX,
    PDF_OBJECTS_MAX, PDF_SECTIONS_MAX,
};
use documents::{Left, Reason, takes_label, unseen_labels};

use super::build::pdf::{Pdf, deflate};
use super::build::{CONFIDENTIAL, SECRET, SITE};
use super::pdf::{FOREIGN, info, plain};
use super::{in_effect, remove, set};

const BOTH: &str = "/Root 1 0 R /Info 4 0 R";

fn sound() -> Vec<u8> {
    plain(&info(CONFIDENTIAL, SITE))
}

/// A sound file in which one piece was exchanged for one of the same length.
fn torn(piece: &str, by: &str) -> Vec<u8> {
    assert_eq!(piece.len(), by.len(), "no place may move");
    let mut bytes = sound();
    let at = memchr::memmem::rfind(&bytes, piece.as_bytes()).unwrap();
    bytes[at..at + piece.len()].copy_from_slice(by.as_bytes());
    bytes
}

/// Why a file is left. That is known before a label is chosen, but for what the label decides.
fn left(bytes: &[u8]) -> Option<&'static str> {
    let left = set(bytes).err();
    let known = left.filter(|left| !matches!(left, Left::Foreign | Left::Unproved));
    assert_eq!(takes_label(bytes).err(), known);
    left.map(Left::as_str)
}

#[test]
fn the_file_that_the_others_are_made_of_takes_a_label() {
    assert_eq!(left(&sound()), None);
    assert_eq!(left(&torn("(title", "(tutle")), None);
    assert_eq!(in_effect(&set(&sound()).unwrap()), [SECRET]);
}

#[test]
fn encrypted_and_signed_files() {
    let file = |catalog: &str, info: &[u8], trailer: &str| {
        let pdf = Pdf::with_page(catalog).object(4, info);
        pdf.table(5, &format!("{BOTH} {trailer}")).bytes
    };
    let none = b"<< /Title (x) >>";
    assert_eq!(left(&file("", none, "")), None);
    assert_eq!(
        left(&file("", none, "/Encrypt << /V 4 >>")),
        Some("encrypted")
    );
    // Its label stands in clear, and it is read; but it is no file to write in.
    let ours = info(CONFIDENTIAL, SITE);
    let clear = file("", &ours, "/Encrypt << /V 4 >>");
    assert_eq!(in_effect(&clear), [CONFIDENTIAL]);
    assert_eq!(left(&clear), Some("encrypted"));
    let wrapper = file("/AF << /AFRelationship /EncryptedPayload >>", &ours, "");
    assert_eq!(in_effect(&wrapper), [CONFIDENTIAL]);
    assert_eq!(left(&wrapper), Some("encrypted"));

    let field = "/AcroForm << /Fields [<< /FT /Sig /T (s) KEY >>] >>";
    let value = "/V << /Type /Sig /Contents <00> /ByteRange [0 1 2 3] >>";
    let signed = file(&field.replace("KEY", value), none, "");
    assert_eq!(left(&signed), Some("signed"));
    assert_eq!(remove(&signed), Err(Left::Signed));
    assert_eq!(
        left(&file(&field.replace("KEY", ""), none, "")),
        None,
        "nobody signed yet"
    );
    // Its keys may be escaped, or stand where only the form tells of it.
    for (key, why) in [
        ("/#42yteRange", Some("signed")),
        ("/Byte#52ange", Some("signed")),
        ("/#42#79#74#65#52#61#6e#67#65", Some("signed")),
        ("/X#20 << /Byte#52ange", Some("signed")),
        ("/Byte#53ange", None),
        ("/Byte#52ange2", None),
        ("/ByteRanges", None),
    ] {
        let end = if key.contains("<<") { ">>" } else { "" };
        let value = format!("/V << /Contents <00> {key} [0 1 2 3] {end} >>");
        let file = file(&field.replace("KEY", &value), none, "");
        assert_eq!(left(&file), why, "{key}");
    }
    for (form, why) in [
        ("<< /SigFlags 3 >>", Some("signed")),
        ("<< /Sig#46lags 1 >>", Some("signed")),
        ("5 0 R", Some("signed")),
        ("<< /SigFlags 2 >>", None),
        ("<< /SigFlags 0 >>", None),
        ("6 0 R", None),
        ("null", None),
        ("<< /SigFlags (3) >>", Some("damaged")),
        ("[5 0 R]", Some("damaged")),
    ] {
        let pdf = Pdf::with_page(&format!("/AcroForm {form}")).object(4, none);
        let pdf = pdf.object(5, b"<< /Fields [] /SigFlags 1 >>");
        assert_eq!(left(&pdf.table(6, BOTH).bytes), why, "{form}");
    }
    let permits = "/Perms << /DocMDP 9 0 R >>";
    assert_eq!(left(&file(permits, none, "")), Some("signed"));
    assert_eq!(left(&file("/Perm#73 << >>", none, "")), Some("signed"));
}

#[test]
fn files_that_readers_would_mend() {
    for (piece, by, why) in [
        // Its last lines.
        ("startxref", "startxrex", "damaged"),
        ("%%EOF", "%%EOE", "damaged"),
        ("%%EOF\n", "%%EOFx", "inconsistent"),
        ("trailer", "trailed", "damaged"),
        ("xref\n0 1", "xrex\n0 1", "damaged"),
        // An entry, and the objects where they lead.
        ("65535 f", "65535 n", ""),
        (" 00000 n", " 00001 n", "damaged"),
        (" 00000 n", " 00000 x", "damaged"),
        ("4 0 obj", "5 0 obj", "damaged"),
        ("3 0 obj", "3 1 obj", "damaged"),
        ("/Size 5", "/Size 4", "inconsistent"),
        ("/Size 5", "/Size 9", ""),
        ("/Size 5", "/Size x", "damaged"),
        // What the trailer names.
        ("/Root 1", "/Room 1", "damaged"),
        ("/Root 1", "/Root 3", "damaged"),
        ("/Root 1", "/Root 9", "damaged"),
        ("/Pages 2", "/Pages 3", "damaged"),
        ("/Pages 2", "/Pages 9", "damaged"),
        // What is no object where one should be.
        ("<FEFF", "<FEFx", "damaged"),
        ("(true)", " trie ", "unsupported"),
        ("/Count 1", "/Count x", "damaged"),
        ("/Count 1", "/Count .", "damaged"),
        ("/Info 4 0 R", "/Info (an) ", "damaged"),
        ("/Info", "/Root", "inconsistent"),
        ("/Inf", "/Siz", "unproved"),
    ] {
        let expected = Some(why).filter(|why| !why.is_empty());
        assert_eq!(left(&torn(piece, by)), expected, "{piece} -> {by}");
    }
    let whole = sound();
    assert_eq!(
        left(&[b"x", &whole[..]].concat()),
        Some("inconsistent"),
        "before the header"
    );
    assert_eq!(
        left(&[&whole[..], b"<html>"].concat()),
        Some("inconsistent"),
        "behind the mark"
    );
    assert_eq!(
        left(&[&whole[..], &whole[..]].concat()),
        None,
        "two files: the last is whole"
    );
    assert_eq!(left(&whole[..whole.len() - 8]), Some("damaged"));
    let broken = plain(b"<< /Title (x >>");
    assert_eq!(left(&broken), Some("damaged"));
    assert_eq!(left(&plain(b"[/Title (x)]")), Some("damaged"));
}

#[test]
fn sections_that_go_round() {
    let at = memchr::memmem::find(&sound(), b"xref").unwrap();
    let round = |prev: usize| {
        Pdf::with_page("")
            .object(4, &info(CONFIDENTIAL, SITE))
            .table(5, &format!("{BOTH} /Prev {prev}"))
            .bytes
    };
    assert_eq!(left(&round(at)), Some("damaged"));
    assert_eq!(left(&round(9)), Some("damaged"));
    assert_eq!(left(&round(usize::MAX)), Some("damaged"));
}

#[test]
fn references_in_streams_that_are_not_whole() {
    let file = |old: &str, new: &str| {
        assert_eq!(old.len(), new.len());
        let pdf = Pdf::with_page("").packed(5, &[(4, &info(CONFIDENTIAL, SITE))]);
        let mut bytes = pdf.references(6, BOTH, true).bytes;
        let at = memchr::memmem::rfind(&bytes, old.as_bytes()).unwrap();
        bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
        bytes
    };
    for (old, new, why) in [
        ("/XRef", "/XRef", None),
        ("/XRef", "/XReg", Some("damaged")),
        ("/W [1 4 2]", "/W [1 4 9]", Some("damaged")),
        ("/W [1 4 2]", "/W [1 4] 2", Some("damaged")),
        ("/W [1 4 2]", "/W [0 0 0]", Some("damaged")),
        ("/Predictor 12", "/Predictor 02", Some("unsupported")),
        ("/Predictor 12", "/Predictor 16", Some("unsupported")),
        ("/Predictor 12", "/Predictor 15", None),
        ("/Columns 7", "/Columns 6", Some("damaged")),
        ("/Columns 7", "/Colors  7", Some("unsupported")),
        (
            "/FlateDecode /DecodeParms",
            "/LZWDecode   /DecodeParms",
            Some("unsupported"),
        ),
        ("[1 1 ", "[9 1 ", Some("damaged")),
        // One pair short; and of two that name the object, readers take either.
        ("/N 1 /First", "/N 9 /First", Some("damaged")),
        ("/ObjStm", "/ObjStn", Some("damaged")),
        ("endstream\n", "endstreamx", Some("damaged")),
    ] {
        assert_eq!(left(&file(old, new)), why, "{old} -> {new}");
    }
    let twice = [(4, &info(CONFIDENTIAL, SITE)[..]), (4, b"<< >>")];
    let twice = Pdf::with_page("")
        .packed(5, &twice)
        .references(6, BOTH, false)
        .bytes;
    assert_eq!(left(&twice), Some("inconsistent"));
}

#[test]
fn another_organisations_label_of_the_same_guid() {
    assert_eq!(left(&plain(&info(SECRET, FOREIGN))), Some("foreign"));
    assert_eq!(left(&plain(&info(SECRET, SITE))), None);
    // Under a name that only who undoes escapes reads.
    let hidden = info(CONFIDENTIAL, SITE);
    let hidden = String::from_utf8(hidden)
        .unwrap()
        .replace("/MSIP_", "/MSIP#5F");
    let written = set(&plain(hidden.as_bytes())).unwrap();
    assert_eq!(
        memchr::memmem::find_iter(&written, b"#5F").count(),
        2,
        "as it came only"
    );
}

/// An object that nothing leads to counts for our reader, and is not ours to write anew.
#[test]
fn a_label_of_ours_elsewhere() {
    let stray = |id| {
        let pdf = Pdf::with_page("")
            .object(4, b"<< >>")
            .object(5, &info(id, FOREIGN));
        pdf.table(6, BOTH).bytes
    };
    assert_eq!(left(&stray(FOREIGN)), None);
    let ours = Pdf::with_page("")
        .object(4, b"<< >>")
        .object(5, &info(CONFIDENTIAL, SITE));
    assert_eq!(set(&ours.table(6, BOTH).bytes), Err(Left::Unproved));
}

/// Our own label there is none that a reader sees: the file takes it all the same.
#[test]
fn a_label_of_ours_that_no_reader_sees() {
    let file = |own: &[u8], stray: &[u8]| {
        let pdf = Pdf::with_page("").object(4, own).object(5, stray);
        pdf.table(6, BOTH).bytes
    };
    let unseen = |bytes: &[u8]| -> Vec<String> {
        let labels = unseen_labels(bytes).unwrap().into_iter();
        labels.map(|label| label.id.to_string()).collect()
    };
    let (none, secret, low) = (b"<< >>", info(SECRET, SITE), info(CONFIDENTIAL, SITE));
    let stray = file(none, &secret);
    assert_eq!(unseen(&stray), [SECRET]);
    let written = set(&stray).unwrap();
    assert!(written.len() > stray.len() && unseen(&written).is_empty());
    assert_eq!(unseen(&file(&low, &secret)), [SECRET]);
    assert_eq!(unseen(&file(&secret, &low)), [CONFIDENTIAL]);
    assert!(unseen(&file(&secret, none)).is_empty());
    assert!(unseen(&file(&secret, &secret)).is_empty());
    assert_eq!(unseen_labels(b"Dear Ann"), Err(Left::Kind));
}

#[test]
fn every_limit_and_what_is_just_below_it() {
    let listed = |count: usize| {
        let mut bytes = sound();
        let at = memchr::memmem::find(&bytes, b"0 1\n").unwrap();
        bytes.splice(at..at + 3, format!("0 {count}").bytes());
        bytes
    };
    assert_eq!(
        left(&listed(PDF_OBJECTS_MAX)),
        Some("damaged"),
        "counted, and not there"
    );
    assert_eq!(left(&listed(PDF_OBJECTS_MAX + 1)), Some("too-many-entries"));

    let updates = |count: usize| {
        let first = Pdf::with_page("").object(4, b"<< >>").table(5, BOTH);
        (1..count)
            .fold(first, |pdf, _| pdf.object(4, b"<< >>").table(5, BOTH))
            .bytes
    };
    assert_eq!(
        left(&updates(PDF_SECTIONS_MAX)),
        Some("unproved"),
        "one more would be too many"
    );
    assert_eq!(left(&updates(PDF_SECTIONS_MAX - 1)), None);
    assert_eq!(
        left(&updates(PDF_SECTIONS_MAX + 1)),
        Some("too-many-entries")
    );

    let long = |bytes: usize| plain(format!("<< /Title ({}) >>", "x".repeat(bytes)).as_bytes());
    let room = PDF_DICTIONARY_BYTES_MAX - 2_000;
    assert_eq!(left(&long(room)), None);
    assert_eq!(
        left(&long(PDF_DICTIONARY_BYTES_MAX)),
        Some("entry-too-large")
    );

    let keys = |count: usize| {
        let keys: String = (0..count).map(|key| format!("/K{key} 1")).collect();
        plain(format!("<<{keys}>>").as_bytes())
    };
    assert_eq!(left(&keys(PDF_KEYS_MAX - 7)), None);
    assert_eq!(left(&keys(PDF_KEYS_MAX + 1)), Some("too-many-entries"));

    let nested = |depth: usize| {
        let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        plain(format!("<< /A {value} >>").as_bytes())
    };
    assert_eq!(left(&nested(PDF_DEPTH_MAX)), None);
    assert_eq!(left(&nested(PDF_DEPTH_MAX + 1)), Some("too-deep"));

    let mut large = sound();
    large.resize(MEMBER_BYTES_MAX as usize + 1, b' ');
    assert_eq!(set(&large), Err(Left::TooLarge));
}

/// The last number is for the new dictionary, or for the new stream of references behind it.
#[test]
fn a_size_behind_which_no_object_can_stand() {
    let table = |size| Pdf::with_page("").table(size, "/Root 1 0 R").bytes;
    let stream = |size: u32| {
        let mut bytes = Pdf::with_page("").references(4, "/Root 1 0 R", false).bytes;
        let at = memchr::memmem::find(&bytes, b"/Size 5").unwrap();
        bytes.splice(at..at + 7, format!("/Size {size}").bytes());
        bytes
    };
    for (file, added) in [(&table as &dyn Fn(u32) -> Vec<u8>, 1), (&stream, 2)] {
        assert_eq!(left(&file(PDF_NUMBER_MAX - added)), None);
        assert_eq!(left(&file(PDF_NUMBER_MAX - added + 1)), Some("unproved"));
        for size in [PDF_NUMBER_MAX + 1, 100_000_000, u32::MAX - 1, u32::MAX] {
            assert_eq!(left(&file(size)), Some("inconsistent"), "{size}");
        }
    }
    assert_eq!(left(&torn("/Size 5", "/Size -")), Some("damaged"));
}

/// Sections that share their bytes, gaps that each of them would cross, and rows that never come.
#[test]
fn files_made_to_hurt_end_soon() {
    let mut overlapping = b"%PDF-1.7\n".to_vec();
    let mut prev = 9;
    for _ in 0..PDF_SECTIONS_MAX {
        let at = overlapping.len();
        let section = format!("xref\n0 0\ntrailer\n<< /Size 5 /Root 1 0 R /Prev {prev} /A (");
        overlapping.extend(section.bytes());
        prev = at;
    }
    overlapping.resize(24 << 20, b'x');
    overlapping.extend(format!("\nstartxref\n{prev}\n%%EOF").bytes());

    let mut gap = Pdf::new().bytes;
    let start = gap.len();
    gap.resize(start + (24 << 20), b' ');
    let end = gap.len();
    gap.extend_from_slice(b"1 0 obj\n<< >>\nendobj\nxref\n0 200000\n");
    (0..200_000).for_each(|at| gap.extend(format!("{:010} 00000 n \n", start + at).bytes()));
    let table = end + b"1 0 obj\n<< >>\nendobj\n".len();
    let tail = format!("trailer\n<< /Size 200000 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF");
    gap.extend(tail.bytes());

    let bomb = deflate(&vec![0; 60 << 20]);
    let row = "/Type /XRef /Size 2 /W [1 4 2] /Index [0 999999] /Filter /FlateDecode /Root 1 0 R";
    let pdf = Pdf::new().stream(1, row, &bomb);
    let at = Pdf::new().bytes.len();
    let rows = [&pdf.bytes[..], format!("startxref\n{at}\n%%EOF").as_bytes()].concat();
    for (at, bytes) in [overlapping, gap, rows].iter().enumerate() {
        let begun = Instant::now();
        assert!(matches!(set(bytes), Err(Left::Unread(reason)) if reason != Reason::Encrypted));
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{at}: {:?}",
            begun.elapsed()
        );
    }
}
