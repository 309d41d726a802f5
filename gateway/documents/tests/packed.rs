//! Labelled documents packed in other files: tar, gzip, Outlook messages, and what is not opened.

mod build;

use std::io::Write;

use build::compound::compound;
use build::{SECRET, docx, labelled, zip};
use documents::limits::{ENTRIES_MAX, MEMBER_BYTES_MAX};
use documents::{Kind, Reason, State, kind, read_labels};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

fn document() -> Vec<u8> {
    docx(&[("docProps/custom.xml", &labelled(SECRET))])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar_header(size: &str, kind: u8) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..4].copy_from_slice(b"name");
    header[124..124 + size.len()].copy_from_slice(size.as_bytes());
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    header
}

fn tar(members: &[&[u8]]) -> Vec<u8> {
    let mut archive = Vec::new();
    for member in members {
        archive.extend(tar_header(&format!("{:011o}", member.len()), b'0'));
        archive.extend(*member);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

fn holds(bytes: &[u8]) -> bool {
    read_labels(bytes)
        .in_effect()
        .any(|label| label.id.as_str() == SECRET)
}

#[test]
fn tar_and_gzip() {
    let document = document();
    for packed in [
        tar(&[b"hello", &document]),
        gzip(&document),
        gzip(&tar(&[b"x", &document])),
        zip(&[("logs.tgz", &gzip(&tar(&[&document])))]),
        tar(&[&gzip(&document), b"x"]),
    ] {
        assert!(holds(&packed));
        assert_eq!(read_labels(&packed).state, State::Known);
    }
    assert_eq!(kind(&tar(&[b"x"])), Kind::Tar);
    for plain in [tar(&[b"hello"]), gzip(b"one line of a log\n"), tar(&[])] {
        assert_eq!(read_labels(&plain).state, State::NotADocument);
    }
}

#[test]
fn outlook_messages() {
    let document = document();
    let message = compound(&[
        ("__properties_version1.0", b"x"),
        ("__substg1.0_37010102", &document),
    ]);
    assert_eq!(kind(&message), Kind::Msg);
    assert!(holds(&message), "{:?}", read_labels(&message));
    // In any other compound file a stream of that name is nobody's attachment.
    let other = compound(&[("Other", b"x"), ("__substg1.0_37010102", &document)]);
    assert!(!holds(&other));
}

#[test]
fn what_is_not_opened_is_unknown() {
    let closed: [&[u8]; 6] = [
        b"7z\xbc\xaf\x27\x1c\0\x04",
        b"Rar!\x1a\x07\x01\0",
        b"MSCF\0\0\0\0",
        b"BZh91AY",
        b"\xfd7zXZ\0\0",
        b"\x28\xb5\x2f\xfd\x04",
    ];
    for bytes in closed {
        let unknown = State::Unknown(Reason::Unsupported);
        assert_eq!(read_labels(bytes).state, unknown, "{bytes:?}");
        assert_eq!(
            read_labels(&zip(&[("x", bytes), ("y", b"y")])).state,
            unknown
        );
        assert_eq!(read_labels(&gzip(bytes)).state, unknown);
    }
    // A lock on one member is not lifted by another that is legible.
    let info = build::label_info(SECRET, "1", "0");
    let mut padded = info;
    padded.resize(4096, b' ');
    let listed = compound(&[("EncryptedPackage", b"x"), ("LabelInfo", &padded)]);
    let locked = compound(&[("EncryptedPackage", b"x")]);
    for members in [
        [("a", &locked), ("b", &listed)],
        [("b", &listed), ("a", &locked)],
    ] {
        let members: Vec<(&str, &[u8])> = members
            .iter()
            .map(|(name, bytes)| (*name, &bytes[..]))
            .collect();
        assert_eq!(
            read_labels(&zip(&members)).state,
            State::Unknown(Reason::Encrypted)
        );
    }
}

#[test]
fn limits() {
    let empty = tar_header("0", b'5');
    let many = |count: usize| read_labels(&empty.repeat(count)).state;
    assert_eq!(many(ENTRIES_MAX), State::NotADocument);
    assert_eq!(
        many(ENTRIES_MAX + 1),
        State::Unknown(Reason::TooManyEntries)
    );
    let bomb = |length: usize| {
        let mut bomb = b"PK\x03\x04".to_vec();
        bomb.resize(length, 0);
        read_labels(&gzip(&bomb)).state
    };
    assert_eq!(bomb(1 << 20), State::Unknown(Reason::InflatesTooMuch));
    assert_eq!(
        bomb(MEMBER_BYTES_MAX as usize + 1),
        State::Unknown(Reason::EntryTooLarge)
    );
    let damaged = [tar_header("7777777777", b'0'), tar_header("xyz", b'0')];
    for archive in damaged {
        assert_eq!(read_labels(&archive).state, State::Unknown(Reason::Damaged));
    }
    let whole = gzip(&document());
    assert_eq!(
        read_labels(&whole[..whole.len() - 20]).state,
        State::Unknown(Reason::Damaged)
    );
    let mut binary = tar(&[b"hello"]);
    binary[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
    assert_eq!(read_labels(&binary).state, State::NotADocument);
}

proptest! {
    #[test]
    fn damaged_archives_are_answered(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        for mut archive in [tar(&[&document()]), gzip(&tar(&[&document()]))] {
            let at = at.index(archive.len());
            archive[at] = byte;
            let _ = read_labels(&archive);
        }
    }
}
