//! Office 97-2003 and encrypted Office files: labels in property sets, beside the encrypted
//! package, and what is said when the content is closed.

mod build;

use build::compound::{compound, summary};
use build::{CONFIDENTIAL, SECRET, SITE, label_info, zip};
use documents::limits::{PROPERTIES_MAX, STREAMS_MAX};
use documents::{Kind, Reason, Source, State, kind, read_labels};
use proptest::prelude::*;

const SUMMARY: &str = "\u{5}DocumentSummaryInformation";

fn properties(label: &str) -> Vec<(String, String)> {
    let pair = |attribute: &str, value: &str| {
        (format!("MSIP_Label_{label}_{attribute}"), value.to_owned())
    };
    vec![
        ("Client".to_owned(), "Acme".to_owned()),
        pair("Enabled", "True"),
        pair("SiteId", SITE),
        pair("Name", "Secret"),
    ]
}

/// The head of a Word document that is not encrypted.
const WORD: &[u8] = &[0xec, 0xa5, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn properties_in_either_encoding() {
    for wide in [false, true] {
        let summary = summary(&properties(SECRET), wide);
        let file = compound(&[("WordDocument", WORD), (SUMMARY, &summary)]);
        assert_eq!(kind(&file), Kind::Doc);
        let answer = read_labels(&file);
        assert_eq!(answer.state, State::Known);
        let label = answer.in_effect().next().unwrap();
        assert_eq!(label.id.as_str(), SECRET);
        assert_eq!(label.site.as_deref(), Some(SITE));
        assert_eq!(label.name.as_deref(), Some("Secret"));
        assert_eq!(label.source, Source::Properties);
    }
    let bare = compound(&[("WordDocument", WORD)]);
    assert_eq!(
        (read_labels(&bare).state, read_labels(&bare).labels.len()),
        (State::Known, 0)
    );
}

#[test]
fn an_old_document_inside_an_archive() {
    let summary = summary(&properties(SECRET), false);
    let file = compound(&[("WordDocument", WORD), (SUMMARY, &summary)]);
    assert_eq!(
        read_labels(&zip(&[("x.bin", &file)])).in_effect().count(),
        1
    );
}

#[test]
fn closed_files_are_unknown_and_what_is_legible_is_told() {
    let mut locked = WORD.to_vec();
    locked[0x0b] = 0x01;
    let pass = [0x09, 0x08, 2, 0, 0, 6, 0x2f, 0, 0, 0];
    let mut user = vec![0; 12];
    user.extend(0xf3d1_c4dfu32.to_le_bytes());
    let open_user = [&[0; 12], &0xe391_c05fu32.to_le_bytes()[..]].concat();
    let open_book = [0x09, 0x08, 2, 0, 0, 6, 0x42, 0, 2, 0, 0, 0];
    let summary = summary(&properties(SECRET), false);
    let file = |streams: &[(&str, &[u8])]| {
        let mut streams = streams.to_vec();
        streams.push((SUMMARY, &summary));
        read_labels(&compound(&streams))
    };
    for closed in [
        file(&[("WordDocument", &locked)]),
        file(&[("Workbook", &pass)]),
        file(&[("Book", &pass)]),
        file(&[("PowerPoint Document", b""), ("Current User", &user)]),
        file(&[("EncryptedPackage", b"x"), ("EncryptionInfo", b"x")]),
    ] {
        assert_eq!(closed.state, State::Unknown(Reason::Encrypted));
        assert_eq!(closed.in_effect().count(), 1);
    }
    for open in [
        file(&[("WordDocument", WORD)]),
        file(&[("Workbook", &open_book)]),
        file(&[("PowerPoint Document", b""), ("Current User", &open_user)]),
    ] {
        assert_eq!(open.state, State::Known);
    }
}

#[test]
fn the_label_beside_an_encrypted_package_is_known() {
    let info = label_info(SECRET, "1", "0");
    // Streams are padded to the sector by the builder, so the list ends in blanks.
    let mut padded = info.clone();
    padded.resize(4096, b' ');
    let file = compound(&[("EncryptedPackage", b"x"), ("LabelInfo", &padded)]);
    assert_eq!(kind(&file), Kind::EncryptedOffice);
    let answer = read_labels(&file);
    assert_eq!(answer.state, State::Known);
    assert_eq!(answer.in_effect().next().unwrap().id.as_str(), SECRET);
    assert_eq!(answer.labels[0].source, Source::LabelInfo);
    let torn = compound(&[
        ("EncryptedPackage", b"x"),
        ("LabelInfo", &info[..info.len() - 20]),
    ]);
    assert!(matches!(read_labels(&torn).state, State::Unknown(_)));
}

#[test]
fn kinds_of_compound_files() {
    for (stream, expected) in [
        ("WordDocument", Kind::Doc),
        ("Workbook", Kind::Xls),
        ("PowerPoint Document", Kind::Ppt),
        ("__properties_version1.0", Kind::Msg),
        ("EncryptedPackage", Kind::EncryptedOffice),
        ("Anything", Kind::Compound),
    ] {
        assert_eq!(kind(&compound(&[(stream, b"")])), expected, "{stream}");
    }
}

#[test]
fn limits() {
    let many = |count: usize| {
        let pairs: Vec<(String, String)> = (0..count - 2)
            .map(|n| (format!("p{n}"), String::new()))
            .collect();
        let summary = summary(&pairs, false);
        read_labels(&compound(&[("WordDocument", WORD), (SUMMARY, &summary)])).state
    };
    assert_eq!(many(PROPERTIES_MAX), State::Known);
    assert_eq!(
        many(PROPERTIES_MAX + 1),
        State::Unknown(Reason::TooManyEntries)
    );
    let names: Vec<String> = (0..5).map(|n| format!("s{n}")).collect();
    let streams: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, &b""[..])).collect();
    let mut file = compound(&streams);
    assert_eq!(read_labels(&file).state, State::Known);
    // The directory's chain is bent back on itself: it would go on for ever.
    let directory = u32::from_le_bytes(file[0x30..0x34].try_into().unwrap()) as usize;
    let fat = u32::from_le_bytes(file[0x4c..0x50].try_into().unwrap()) as usize;
    let link = (fat + 1) * 512 + directory * 4;
    let looped = (directory as u32).to_le_bytes();
    file[link..link + 4].copy_from_slice(&looped);
    assert_eq!(read_labels(&file).state, State::Unknown(Reason::Damaged));
}

#[test]
fn a_directory_of_too_many_streams() {
    // Empty entries alone, as a builder of real streams would need gigabytes for them.
    let entries = |count: usize| {
        let streams = vec![("", &b""[..]); 1];
        let mut file = compound(&streams);
        let sectors = (file.len() / 512) as u32;
        // A new directory of `count / 4` sectors behind all others, in a table of its own.
        let length = count / 4;
        let table = length.div_ceil(128) + sectors.div_ceil(128) as usize + 1;
        file.resize(file.len() + length * 512, 0);
        let mut fat: Vec<u32> = vec![0xffff_fffe; sectors as usize - 1];
        fat.extend((0..length as u32).map(|n| sectors + n));
        *fat.last_mut().unwrap() = 0xffff_fffe;
        fat.resize(table * 128, 0xffff_ffff);
        let first = (file.len() / 512 - 1) as u32;
        file.extend(fat.iter().flat_map(|number| number.to_le_bytes()));
        file[0x30..0x34].copy_from_slice(&(sectors - 1).to_le_bytes());
        for number in 0..table.min(109) {
            let at = 0x4c + number * 4;
            file[at..at + 4].copy_from_slice(&(first + number as u32).to_le_bytes());
        }
        read_labels(&file).state
    };
    assert_eq!(entries(STREAMS_MAX), State::Known);
    assert_eq!(
        entries(STREAMS_MAX + 4),
        State::Unknown(Reason::TooManyEntries)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_damage_is_fatal(flips in proptest::collection::vec((any::<u32>(), any::<u8>()), 1..20)) {
        let summary = summary(&properties(CONFIDENTIAL), true);
        let mut file = compound(&[("WordDocument", WORD), (SUMMARY, &summary)]);
        for (at, byte) in flips {
            let at = at as usize % file.len();
            file[at] = byte;
        }
        let _ = (read_labels(&file), kind(&file));
    }

    #[test]
    fn no_cut_is_fatal(length in any::<proptest::sample::Index>()) {
        let summary = summary(&properties(CONFIDENTIAL), false);
        let file = compound(&[("WordDocument", WORD), (SUMMARY, &summary)]);
        let _ = read_labels(&file[..length.index(file.len())]);
    }
}
