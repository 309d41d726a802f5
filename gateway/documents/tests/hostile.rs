//! Files that were made to hurt: every limit is met, and just below it all is well.

mod build;

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use build::{SECRET, docx, label_info, labelled, zip};
use documents::limits::{
    DEPTH_MAX, ENTRIES_MAX, PART_BYTES_MAX, XML_ATTRIBUTES_MAX, XML_DEPTH_MAX, XML_EVENTS_MAX,
};
use documents::{Reason, State, read_labels};
use proptest::prelude::*;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

const CUSTOM: &str = "docProps/custom.xml";

fn state(bytes: &[u8]) -> State {
    let begun = Instant::now();
    let state = read_labels(bytes).state;
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "took {:?}",
        begun.elapsed()
    );
    state
}

#[test]
fn a_part_that_inflates_past_its_limit() {
    let mut part = labelled(SECRET);
    let end = part.len() - b"</Properties>".len();
    let room = PART_BYTES_MAX as usize - part.len();
    part.splice(end..end, vec![b' '; room]);
    assert_eq!(part.len() as u64, PART_BYTES_MAX);
    assert_eq!(state(&docx(&[(CUSTOM, &part)])), State::Known);
    part.insert(end, b' ');
    assert_eq!(
        state(&docx(&[(CUSTOM, &part)])),
        State::Unknown(Reason::EntryTooLarge)
    );
}

#[test]
fn a_part_nobody_reads_may_be_of_any_size() {
    let zeros = vec![0; 40 << 20];
    let file = docx(&[
        ("word/media/image1.png", &zeros),
        (CUSTOM, &labelled(SECRET)),
    ]);
    assert_eq!(state(&file), State::Known);
    assert_eq!(read_labels(&file).in_effect().count(), 1);
}

#[test]
fn too_many_entries() {
    let archive = |count: usize| {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file("[Content_Types].xml", stored).unwrap();
        for index in 1..count {
            writer.start_file(format!("word/{index}"), stored).unwrap();
        }
        writer.finish().unwrap().into_inner()
    };
    assert_eq!(state(&archive(ENTRIES_MAX)), State::Known);
    assert_eq!(
        state(&archive(ENTRIES_MAX + 1)),
        State::Unknown(Reason::TooManyEntries)
    );
}

#[test]
fn archives_in_archives() {
    let mut file = docx(&[(CUSTOM, &labelled(SECRET))]);
    for _ in 0..DEPTH_MAX {
        file = zip(&[("inner", &file)]);
    }
    assert_eq!(read_labels(&file).in_effect().count(), 1);
    file = zip(&[("inner", &file)]);
    assert_eq!(state(&file), State::Unknown(Reason::TooDeep));
}

#[test]
fn an_archived_bomb() {
    let mut bomb = b"PK\x03\x04".to_vec();
    bomb.resize(20 << 20, 0);
    assert_eq!(
        state(&zip(&[("bomb", &bomb)])),
        State::Unknown(Reason::InflatesTooMuch)
    );
    bomb.resize(65 << 20, 0);
    assert_eq!(
        state(&zip(&[("bomb", &bomb)])),
        State::Unknown(Reason::EntryTooLarge)
    );
}

#[test]
fn many_archived_documents_share_one_budget() {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let archive = |members: &[(&str, &[u8])]| {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, stored).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    };
    let picture = vec![0; 33 << 20];
    let document = archive(&[("[Content_Types].xml", b"<a/>"), ("word/picture", &picture)]);
    let members = [
        ("a", &document[..]),
        ("b", &document),
        ("c", &document),
        ("d", &document),
    ];
    assert_eq!(state(&archive(&members[..3])), State::Known);
    assert_eq!(
        state(&archive(&members)),
        State::Unknown(Reason::InflatesTooMuch)
    );
}

/// Overlapping entries (Fifield's bomb): many directory entries over one local entry.
#[test]
fn overlapping_entries() {
    let file = zip(&[
        ("[Content_Types].xml", b"<a/>"),
        ("word/a", b"<a/>"),
        ("word/b", b"<a/>"),
    ]);
    assert_eq!(state(&file), State::Known);
    let mut torn = file.clone();
    // Point the third directory entry at the second's local header.
    let places: Vec<usize> = torn
        .windows(4)
        .enumerate()
        .filter(|(_, four)| *four == b"PK\x01\x02")
        .map(|(at, _)| at)
        .collect();
    let (second, third) = (places[1] + 42, places[2] + 42);
    torn.copy_within(second..second + 4, third);
    assert_eq!(state(&torn), State::Unknown(Reason::Inconsistent));
}

#[test]
fn names_that_two_readers_see_differently() {
    let first = docx(&[
        (CUSTOM, &labelled(SECRET)),
        ("docprops/CUSTOM.xml", b"<a/>"),
    ]);
    assert_eq!(state(&first), State::Unknown(Reason::Inconsistent));
    let mut twins = docx(&[
        (CUSTOM, &labelled(SECRET)),
        ("docProps/custoM.xml", b"<a/>"),
    ]);
    let places: Vec<usize> = twins
        .windows(7)
        .enumerate()
        .filter(|(_, w)| *w == b"custoM.")
        .map(|(at, _)| at)
        .collect();
    for at in places {
        twins[at + 5] = b'm';
    }
    assert_eq!(state(&twins), State::Unknown(Reason::Inconsistent));
}

#[test]
fn a_local_header_that_contradicts_the_directory() {
    let mut file = docx(&[(CUSTOM, &labelled(SECRET))]);
    let at = file
        .windows(19)
        .position(|w| w == CUSTOM.as_bytes())
        .unwrap();
    file[at] = b'x';
    assert_eq!(state(&file), State::Unknown(Reason::Inconsistent));
}

#[test]
fn xml_limits() {
    let deep = |depth: usize| {
        let open = "<a>".repeat(depth);
        let close = "</a>".repeat(depth);
        docx(&[(CUSTOM, format!("{open}{close}").as_bytes())])
    };
    assert_eq!(state(&deep(XML_DEPTH_MAX)), State::Known);
    assert_eq!(
        state(&deep(XML_DEPTH_MAX + 1)),
        State::Unknown(Reason::XmlTooLarge)
    );
    let long = |events: usize| {
        // Each empty element is one event; root and the end make three more.
        docx(&[(
            CUSTOM,
            format!("<a>{}</a>", "<b/>".repeat(events - 3)).as_bytes(),
        )])
    };
    assert_eq!(state(&long(XML_EVENTS_MAX)), State::Known);
    assert_eq!(
        state(&long(XML_EVENTS_MAX + 1)),
        State::Unknown(Reason::XmlTooLarge)
    );
    let wide = |count: usize| {
        let attributes: String = (0..count).map(|i| format!(" a{i}=\"\"")).collect();
        docx(&[(CUSTOM, format!("<a{attributes}/>").as_bytes())])
    };
    assert_eq!(state(&wide(XML_ATTRIBUTES_MAX)), State::Known);
    assert_eq!(
        state(&wide(XML_ATTRIBUTES_MAX + 1)),
        State::Unknown(Reason::XmlTooLarge)
    );
}

#[test]
fn entity_bombs_and_external_entities() {
    for part in [
        "<!DOCTYPE a [<!ENTITY b \"lol\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>",
        "<!DOCTYPE a SYSTEM \"http://192.0.2.1/x\"><a/>",
        "<a>&undeclared;</a>",
    ] {
        assert_eq!(
            state(&docx(&[(CUSTOM, part.as_bytes())])),
            State::Unknown(Reason::Xml),
            "{part}"
        );
    }
    assert_eq!(
        state(&docx(&[(CUSTOM, b"<a>&amp;&#65;</a>")])),
        State::Known
    );
}

#[test]
fn an_encrypted_member_is_unknown() {
    // A deflated member with the flag for encryption set in both headers.
    let mut file = zip(&[("secret.docx", b"anything at all")]);
    file[6] |= 1;
    let directory = file.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    file[directory + 8] |= 1;
    assert_eq!(state(&file), State::Unknown(Reason::Encrypted));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = (read_labels(&bytes), documents::kind(&bytes));
    }

    #[test]
    fn a_damaged_document_never_loses_its_label_unsaid(
        at in any::<proptest::sample::Index>(), bit in 0u8..8,
    ) {
        let info = label_info(SECRET, "1", "0");
        let mut file = docx(&[("docMetadata/LabelInfo.xml", &info)]);
        let at = at.index(file.len());
        file[at] ^= 1 << bit;
        let answer = read_labels(&file);
        let told = answer.in_effect().any(|label| label.id.as_str() == SECRET);
        // A flip in the names can make it another, sound file: one in which no reader finds the
        // part. All else must be told or unknown.
        let renamed = !contains(&file, b"docMetadata/LabelInfo.xml") || !starts_like_a_zip(&file)
            || !contains(&file, b"[Content_Types].xml");
        prop_assert!(told || matches!(answer.state, State::Unknown(_)) || renamed, "{answer:?}");
    }
}

fn contains(file: &[u8], name: &[u8]) -> bool {
    file.windows(name.len())
        .filter(|window| window.eq_ignore_ascii_case(name))
        .count()
        == 2
}

fn starts_like_a_zip(file: &[u8]) -> bool {
    let mut head = Cursor::new(Vec::new());
    head.write_all(&file[..4]).unwrap();
    head.into_inner() == b"PK\x03\x04"
}
