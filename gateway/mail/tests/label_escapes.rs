//! What `\` and brackets mean in protective markings, read and written.

use mail::label::epms::ProtectiveMarking;

fn read(text: &str) -> ProtectiveMarking {
    ProtectiveMarking::parse(text).unwrap()
}

fn noted(note: &str) -> ProtectiveMarking {
    ProtectiveMarking {
        note: Some(note.to_owned()),
        ..read("SEC=OFFICIAL")
    }
}

#[test]
fn a_backslash_escapes_what_ends_things_and_else_stands_for_itself() {
    for (written, meant) in [
        (r"a\, b", "a, b"),
        (r"a\\b", r"a\b"),
        (r"a\:b\=c", "a:b=c"),
        (r"C:\temp", r"C:\temp"),
        (r"a\[b\]", r"a\[b\]"),
        (r"a\", r"a\"),
        (r"a\\, SEC=SECRET", r"a\"),
    ] {
        let marking = read(&format!("SEC=OFFICIAL, NOTE={written}"));
        assert_eq!(marking.note.as_deref(), Some(meant), "{written}");
        assert_eq!(marking.classification.as_deref(), Some("OFFICIAL"));
    }
}

#[test]
fn what_is_written_is_read_again() {
    for note in [
        "a, b",
        r"C:\temp",
        r"\",
        "[x]",
        "a:b=c",
        r"\\server, \[x]",
        r"\,",
    ] {
        let header = noted(note).to_header();
        assert_eq!(read(&header).note.as_deref(), Some(note), "{header}");
    }
    let header = noted("a, b [x]: \"y\"").to_header();
    assert!(header.ends_with(r#", NOTE=a\, b [x]: "y""#), "{header}");
}

#[test]
fn brackets_in_a_subject_do_not_end_the_marking() {
    let marking = ProtectiveMarking {
        caveats: vec!["C:[a] b".to_owned()],
        ..read("SEC=OFFICIAL")
    };
    let subject = marking.tag_subject("plans");
    assert_eq!(subject, "plans [SEC=OFFICIAL, CAVEAT=C:(a) b]");
    assert_eq!(ProtectiveMarking::find(&subject)[0].caveats, ["C:(a) b"]);
}
