//! The limits of Outlook's container, from both sides: what is just within is read and no doubt,
//! one more is said to be unread.

#[path = "common/packed.rs"]
mod packed;

use mail::message::{
    FILE_NAMES_MAX, TNEF_ATTRIBUTES_MAX, TNEF_PROPERTIES_MAX, TNEF_TEXT_BYTES_MAX, TNEF_VALUES_MAX,
};
use mail::{AmbiguityKind, Message};
use packed::{Property, tnef, tnef_file, tnef_properties};

/// How many files and texts were read of a container, and whether it counts as unread.
fn read(container: &[u8]) -> (usize, usize, bool) {
    let head = b"Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    let raw = [&head[..], container].concat();
    let message = Message::parse(&raw);
    let unread = |a: &mail::Ambiguity| a.kind == AmbiguityKind::UnreadEnclosure;
    let enclosed = message.enclosed();
    (
        enclosed.files.len(),
        enclosed.texts.len(),
        message.ambiguities().iter().any(unread),
    )
}

const TEXT: Property<'_> = (0x1e, 0x1000, b"the letter\0");

/// A list whose last property is a text that must be read.
fn ends_in_text(count: usize) -> Vec<u8> {
    let mut properties = vec![(0x1e, 0x0001, &b"x"[..]); count - 1];
    properties.push(TEXT);
    tnef(&[tnef_properties(0x9003, &properties)])
}

#[test]
fn properties_of_a_list() {
    assert_eq!(read(&ends_in_text(TNEF_PROPERTIES_MAX)), (0, 1, false));
    assert_eq!(read(&ends_in_text(TNEF_PROPERTIES_MAX + 1)), (0, 0, true));
}

#[test]
fn attributes_of_a_container() {
    // An attribute that says nothing, then a file, which is three.
    let nothing = tnef_properties(0x9003, &[]);
    let with = |count: usize| {
        let mut attributes = vec![nothing.clone(); count - 3];
        attributes.push(tnef_file("a.txt", b"x", &[]));
        tnef(&attributes)
    };
    assert_eq!(read(&with(TNEF_ATTRIBUTES_MAX)), (1, 0, false));
    assert!(read(&with(TNEF_ATTRIBUTES_MAX + 1)).2);
}

#[test]
fn values_of_a_property() {
    // Written out, since the builder writes one value: a list of one property, then its values.
    let several = |count: usize| {
        let one = [&2u32.to_le_bytes()[..], b"x\0\0\0"].concat();
        let mut data = 1u32.to_le_bytes().to_vec();
        data.extend(0x101eu16.to_le_bytes());
        data.extend(0x1000u16.to_le_bytes());
        data.extend((count as u32).to_le_bytes());
        data.extend(one.repeat(count));
        let mut attribute = vec![1];
        attribute.extend(0x9003u16.to_le_bytes());
        attribute.extend(6u16.to_le_bytes());
        attribute.extend((data.len() as u32).to_le_bytes());
        attribute.extend(data);
        attribute.extend([0, 0]);
        tnef(&[attribute])
    };
    assert_eq!(read(&several(TNEF_VALUES_MAX)), (0, 1, false));
    assert_eq!(read(&several(TNEF_VALUES_MAX + 1)), (0, 0, true));
}

#[test]
fn bytes_of_a_packed_text() {
    // MS-OXRTFCP §2.1.3.1: sizes, the word for «not compressed», a sum; then the text.
    let rich = |bytes: usize| {
        let mut value = 0u32.to_le_bytes().to_vec();
        value.extend((bytes as u32).to_le_bytes());
        value.extend(b"MELA\0\0\0\0{\\rtf1 hello}");
        tnef(&[tnef_properties(0x9003, &[(0x102, 0x1009, &value)])])
    };
    let (_, texts, unread) = read(&rich(TNEF_TEXT_BYTES_MAX));
    assert!(texts > 0 && !unread);
    assert_eq!(read(&rich(TNEF_TEXT_BYTES_MAX + 1)), (0, 0, true));
}

#[test]
fn file_names_of_a_part() {
    let named = |count: usize| {
        let fields: String = (0..count)
            .map(|n| format!("Content-Disposition: attachment; filename=a{n}.txt\r\n"))
            .collect();
        let raw = format!("{fields}\r\nx").into_bytes();
        let message = Message::parse(&raw);
        let names = message.root().file_names();
        (names.len(), names.contains(&format!("a{}.txt", count - 1)))
    };
    assert_eq!(named(FILE_NAMES_MAX), (FILE_NAMES_MAX, true));
    assert_eq!(named(FILE_NAMES_MAX + 1), (FILE_NAMES_MAX, false));
}
