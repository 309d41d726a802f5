//! A label written on a message and read back, in every scheme, and nothing else touched.

mod house;

use house::{CONFIDENTIAL, PUBLIC, SECRET, SITE, STAFF, id, labels, mapping};
use mail::label::sio::{SioChange, SioLabel};
use mail::label::{Mapping, Method, Reader, Reading, Writer, writing};
use mail::{Edit, Labels, Message, Timestamp, apply};
use proptest::prelude::*;

const OTHER: &str = "11111111-2222-4333-8444-555555555555";
const FOREIGN: &str = "425c8099-8bb5-4208-a7fb-18c77e40dc98";
const ACTION: &str = "88124cf5-1340-457d-90e1-0000a9427c99";

fn writer<'a>(labels: &'a Labels, mapping: &'a Mapping) -> Writer<'a> {
    Writer {
        site: Some(SITE),
        labels,
        mapping,
        set_at: Timestamp::from_unix(1_796_306_700),
        action_id: ACTION,
        changed_by: "sealgate.corp.example",
        origin: Some("ann@corp.example"),
        keeps_foreign: true,
    }
}

fn put(raw: &str, label: Option<&str>, mapping: &Mapping) -> String {
    let labels = labels();
    let message = Message::parse(raw.as_bytes());
    let writer = writer(&labels, mapping);
    let edits = match label {
        Some(label) => {
            let label = labels.get(&id(label)).unwrap();
            writer.write(&message, label, Method::Standard)
        }
        None => writer.remove(&message),
    };
    String::from_utf8(apply(&message, &edits).unwrap().bytes).unwrap()
}

fn read(raw: &str) -> Reading {
    let (labels, mapping) = (labels(), mapping());
    let reader = Reader {
        site: Some(SITE),
        labels: &labels,
        mapping: &mapping,
    };
    reader.read(&Message::parse(raw.as_bytes()))
}

fn field(raw: &str, name: &str) -> Option<String> {
    let message = Message::parse(raw.as_bytes());
    message.field(name).map(|field| message.field_text(field))
}

const PLAIN: &str = "From: ann@corp.example\r\nSubject: Figures\r\n\r\nHello.\r\n";

#[test]
fn exchanges_form() {
    let marked = put(PLAIN, Some(SECRET), &Mapping::default());
    let p = format!("MSIP_Label_{SECRET}_");
    let expected = format!(
        "{p}ActionId={ACTION}; {p}ContentBits=0; {p}Enabled=true; {p}Method=Standard; \
         {p}Name=Secret; {p}SetDate=2026-12-03T14:05:00Z; {p}SiteId={SITE};"
    );
    assert_eq!(field(&marked, "msip_labels"), Some(expected));
    assert!(marked.lines().all(|line| line.len() <= 998));
    assert_eq!(read(&marked).own, Some(id(SECRET)));
}

#[test]
fn every_scheme_is_written_and_reads_as_the_same_label() {
    let marked = put(PLAIN, Some(SECRET), &mapping());
    assert_eq!(
        field(&marked, "X-Protective-Marking").as_deref(),
        Some("VER=2018.4, NS=gov.au, SEC=PROTECTED, ORIGIN=ann@corp.example")
    );
    assert_eq!(
        field(&marked, "Subject").as_deref(),
        Some("TLP:RED Figures")
    );
    assert_eq!(field(&marked, "X-TLP").as_deref(), Some("RED"));
    assert!(
        field(&marked, "SIO-Label")
            .unwrap()
            .starts_with("marking=\"EXAMPLE CONFIDENTIAL\"")
    );
    assert_eq!(
        field(&marked, "Sensitivity"),
        None,
        "the table says nowhere"
    );
    let reading = read(&marked);
    assert_eq!(reading.own, Some(id(SECRET)));
    assert_eq!(reading.conflicts, [""; 0]);
    assert!(
        reading
            .statements
            .iter()
            .all(|said| said.label == Some(id(SECRET)))
    );
    assert_eq!(reading.statements.len(), 5);
    assert!(marked.ends_with("\r\n\r\nHello.\r\n"));
}

#[test]
fn without_an_id_of_our_own_the_other_schemes_are_written() {
    let (labels, mapping) = (labels(), mapping());
    let writer = Writer {
        site: None,
        ..writer(&labels, &mapping)
    };
    let stale = put(PLAIN, Some(PUBLIC), &Mapping::default());
    let message = Message::parse(stale.as_bytes());
    let secret = labels.get(&id(SECRET)).unwrap();
    let edits = writer.write(&message, secret, Method::Standard);
    let marked = String::from_utf8(apply(&message, &edits).unwrap().bytes).unwrap();
    assert_eq!(field(&marked, "X-TLP").as_deref(), Some("RED"));
    assert_eq!(field(&marked, "msip_labels"), field(&stale, "msip_labels"));
    assert_eq!(read(&marked).own, Some(id(SECRET)), "the strictest counts");
    let edits = writer.remove(&message);
    let cleared = String::from_utf8(apply(&message, &edits).unwrap().bytes).unwrap();
    assert_eq!(field(&cleared, "msip_labels"), None);
}

#[test]
fn what_says_the_label_already_stays_as_it_is() {
    let first = put(PLAIN, Some(SECRET), &mapping());
    assert_eq!(put(&first, Some(SECRET), &mapping()), first);
    let other_words = format!(
        "X-Protective-Marking: VER=2012.3, NS=house.example, SEC=D04FB6C2, \
         ORIGIN=bob@b.example\r\n{PLAIN}"
    );
    let marked = put(&other_words, Some(SECRET), &mapping());
    assert!(
        marked.contains("SEC=D04FB6C2, ORIGIN=bob@b.example\r\n"),
        "{marked}"
    );
    assert!(!marked.contains("SEC=PROTECTED"), "{marked}");
    let lower = put(&other_words, Some(PUBLIC), &mapping());
    assert!(!lower.contains("D04FB6C2"), "{lower}");
    let two = format!("X-TLP: RED\r\nX-TLP: GREEN\r\n{PLAIN}");
    let marked = put(&two, Some(SECRET), &mapping());
    assert_eq!(marked.matches("X-TLP:").count(), 1, "{marked}");
}

#[test]
fn a_changed_label_changes_every_scheme_and_is_recorded() {
    let secret = put(PLAIN, Some(SECRET), &mapping());
    let public = put(&secret, Some(PUBLIC), &mapping());
    let reading = read(&public);
    assert_eq!(reading.own, Some(id(PUBLIC)));
    assert_eq!(reading.conflicts, [""; 0]);
    assert_eq!(
        field(&public, "Subject").as_deref(),
        Some("TLP:CLEAR Figures")
    );
    let message = Message::parse(public.as_bytes());
    let changes: Vec<SioChange> = message
        .fields_named("SIO-Label-History")
        .map(|field| SioChange::parse(message.field_value(field)).unwrap())
        .collect();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0].before, None);
    assert_eq!(
        changes[1].before.as_ref().unwrap().label.as_deref(),
        Some("MQYGASkCAQM=")
    );
    let after = changes[1].after.as_ref().unwrap();
    assert_eq!(after.marking.as_deref(), Some("EXAMPLE UNCLASSIFIED"));
    assert_eq!(changes[1].changed_by, "sealgate.corp.example");
    assert_eq!(changes[1].changed_at, Timestamp::from_unix(1_796_306_700));
}

#[test]
fn the_first_origin_stays() {
    let raw = format!("X-Protective-Marking: SEC=OFFICIAL, ORIGIN=first@gov.example\r\n{PLAIN}");
    let marked = put(&raw, Some(SECRET), &mapping());
    let marking = field(&marked, "X-Protective-Marking").unwrap();
    assert!(
        marking.ends_with("SEC=PROTECTED, ORIGIN=first@gov.example"),
        "{marking}"
    );
}

#[test]
fn a_scheme_without_a_word_for_the_label_is_cleared() {
    let secret = put(PLAIN, Some(SECRET), &mapping());
    let staff = put(&secret, Some(STAFF), &mapping());
    assert_eq!(field(&staff, "SIO-Label"), None);
    assert_eq!(read(&staff).own, Some(id(STAFF)));
}

#[test]
fn other_tenants_labels_stay() {
    let theirs = format!("MSIP_Label_{FOREIGN}_Enabled=true; MSIP_Label_{FOREIGN}_SiteId={OTHER}");
    let stale = format!("msip_label_{CONFIDENTIAL}_enabled: true\r\n");
    let raw =
        format!("msip_labels: {theirs}; MSIP_Label_{CONFIDENTIAL}_Enabled=true\r\n{stale}{PLAIN}");
    let marked = put(&raw, Some(SECRET), &mapping());
    let reading = read(&marked);
    assert_eq!(reading.own, Some(id(SECRET)));
    assert_eq!(reading.conflicts, [""; 0]);
    assert_eq!(reading.foreign.len(), 1);
    assert_eq!(reading.foreign[0].site.as_deref(), Some(OTHER));
    let removed = put(&marked, None, &mapping());
    assert_eq!(read(&removed).own, None);
    assert_eq!(read(&removed).foreign, reading.foreign);
}

#[test]
fn taking_the_label_off_leaves_what_was_before() {
    let marked = put(PLAIN, Some(SECRET), &mapping());
    let bare = put(&marked, None, &mapping());
    let rest: String = bare
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .collect();
    assert!(
        !rest.contains("msip_labels") && !rest.contains("X-TLP"),
        "{rest}"
    );
    assert_eq!(field(&bare, "Subject").as_deref(), Some("Figures"));
    assert_eq!(
        put(PLAIN, None, &mapping()),
        PLAIN,
        "nothing to take off, nothing changed"
    );
}

#[test]
fn removal_takes_out_every_label_from_outside() {
    let marked = put(PLAIN, Some(SECRET), &mapping());
    let raw = format!("msip_label_{FOREIGN}_enabled: true\r\nX-Classification: x\r\n{marked}");
    let message = Message::parse(raw.as_bytes());
    let edits = writing::removal(&message, &mapping());
    let removes = |edit: &&Edit| matches!(edit, Edit::RemoveHeader { .. });
    assert_eq!(edits.iter().filter(removes).count(), edits.len() - 1);
    let bytes = apply(&message, &edits).unwrap().bytes;
    let cleared = String::from_utf8(bytes).unwrap();
    let fields: Vec<_> = {
        let message = Message::parse(cleared.as_bytes());
        message
            .fields()
            .iter()
            .map(|field| message.field_name(field).to_owned())
            .collect()
    };
    assert_eq!(fields, ["From", "Subject", "SIO-Label-History"]);
    assert_eq!(field(&cleared, "Subject").as_deref(), Some("Figures"));
    let plain = Message::parse(PLAIN.as_bytes());
    assert_eq!(writing::removal(&plain, &mapping()), []);
}

#[test]
fn long_and_foreign_values_of_sio_labels() {
    let label = SioLabel {
        marking: Some("Nur für \"Ämter\" \\ intern".to_owned()),
        kind: Some(":xml".to_owned()),
        label: Some("A".repeat(500)),
        ..SioLabel::default()
    };
    let text = label.to_header();
    assert!(text.is_ascii());
    assert!(text.split("; ").all(|piece| piece.len() < 200), "{text}");
    assert_eq!(SioLabel::parse(text.as_bytes()), Some(label));
    assert_eq!(SioLabel::parse(b"  "), None);
}

#[test]
fn mistakes_in_a_table_are_told_with_their_lines() {
    let text = "tlp RED -> Secret\ntlp BLUE -> Secret\ntlp GREEN Secret\nfoo x -> Secret\n\
                tlp GREEN -> Nothing\ntlp RED -> Public\nwrite sio subject\nwrite tlp sideways\n\
                header Content-Type x -> Secret\nsensitivity low -> Secret\nsio x -> Secret";
    let mistakes = Mapping::parse(text, &labels()).unwrap_err();
    let lines: Vec<usize> = mistakes.iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(mistakes[0].to_string(), "line 2: `BLUE` is no value of tlp");
    let words: Vec<&str> = mistakes
        .iter()
        .map(|mistake| &text[mistake.at.clone()])
        .collect();
    let expected = [
        "BLUE",
        "tlp GREEN Secret",
        "foo",
        "Nothing",
        "tlp RED",
        "subject",
        "sideways",
        "Content-Type",
        "low",
        "x",
    ];
    assert_eq!(words, expected);
    let short = Mapping::parse("tlp -> Secret\nheader X -> Secret\nwrite tlp", &labels());
    let faults: Vec<String> = short
        .unwrap_err()
        .iter()
        .map(|m| m.fault.to_string())
        .collect();
    assert_eq!(
        faults,
        [
            "a value is missing",
            "a value is missing",
            "a place is missing"
        ]
    );
}

proptest! {
    /// V13: whatever stands in a name or a subject, exactly our fields are written.
    #[test]
    fn nothing_in_a_name_becomes_a_field(name in ".{0,60}", subject in ".{0,60}") {
        let mut house = labels();
        let mut secret = house.get(&id(SECRET)).unwrap().clone();
        secret.name.clone_from(&name);
        house = Labels::new(vec![secret.clone()]);
        let mapping = Mapping::default();
        let subject: String = subject.chars().filter(|c| !c.is_control()).collect();
        let raw = format!("From: a@b.example\r\nSubject: {subject}\r\n\r\nbody\r\n");
        let message = Message::parse(raw.as_bytes());
        let edits = writer(&house, &mapping).write(&message, &secret, Method::Privileged);
        let bytes = apply(&message, &edits).unwrap().bytes;
        let marked = Message::parse(&bytes);
        let names: Vec<&str> = marked.fields().iter().map(|f| marked.field_name(f)).collect();
        prop_assert_eq!(names, ["From", "Subject", "msip_labels"]);
        let reader = Reader { site: Some(SITE), labels: &house, mapping: &mapping };
        let reading = reader.read(&marked);
        prop_assert_eq!(reading.own, Some(id(SECRET)));
        prop_assert_eq!(reading.method, Some(Method::Privileged));
        prop_assert!(bytes.ends_with(b"\r\n\r\nbody\r\n"));
    }

    /// Reading is total, and its lists are bounded.
    #[test]
    fn any_header_can_be_read(header in "[ -~\\r\\n\\t]{0,400}") {
        let raw = format!("msip_labels: {header}\r\nX-Protective-Marking: {header}\r\nSIO-Label: \
                           {header}\r\nSubject: TLP:{header}\r\nX-Titus-Metadata-40: {header}\r\n");
        let reading = read(&raw);
        prop_assert!(reading.statements.len() <= mail::label::STATEMENTS_MAX);
    }

    /// Tagging a subject twice is tagging it once, and untagging gives the words back.
    #[test]
    fn subjects_are_tagged_once(words in proptest::collection::vec("[a-zA-Zäß]{1,8}", 0..6)) {
        use mail::label::epms::ProtectiveMarking;
        use mail::label::tlp::{Tlp, untag_subject};
        let subject = words.join(" ");
        let once = Tlp::AmberStrict.tag_subject(&subject);
        prop_assert_eq!(Tlp::AmberStrict.tag_subject(&once), once.clone());
        prop_assert_eq!(Tlp::find(&Tlp::Red.tag_subject(&once)), vec![Tlp::Red]);
        prop_assert_eq!(untag_subject(&once), subject.clone());
        let marking = ProtectiveMarking::parse("SEC=SECRET, CAVEAT=RI:AUSTEO").unwrap();
        let once = marking.tag_subject(&subject);
        prop_assert_eq!(marking.tag_subject(&once), once.clone());
        prop_assert_eq!(mail::label::epms::untag_subject(&once), subject);
    }

    #[test]
    fn protective_markings_survive_writing(
        note in "[ -~]{1,40}", caveat in "[A-Z]{1,2}:[ -~]{1,20}", access in "[A-Za-z-]{1,20}",
    ) {
        use mail::label::epms::ProtectiveMarking;
        let marking = ProtectiveMarking {
            version: Some("2018.4".to_owned()),
            namespace: Some("gov.au".to_owned()),
            classification: Some("PROTECTED".to_owned()),
            caveats: vec![caveat.trim().to_owned()],
            access: vec![access],
            note: Some(note.trim().to_owned()).filter(|note| !note.is_empty()),
            ..ProtectiveMarking::default()
        };
        prop_assert_eq!(ProtectiveMarking::parse(&marking.to_header()), Some(marking.clone()));
        let subject = format!("Hello {} there", marking.to_subject());
        let read = ProtectiveMarking::find(&subject).pop().unwrap();
        // A subject has no way to write a bracket inside one.
        let shown = |text: &String| text.replace('[', "(").replace(']', ")");
        let caveats: Vec<String> = marking.caveats.iter().map(shown).collect();
        prop_assert_eq!(read.caveats, caveats);
        prop_assert_eq!(read.access, marking.access);
    }
}

/// A table that names a field with a meaning of its own would overwrite it in every letter.
#[test]
fn fields_with_a_meaning_of_their_own_carry_no_label() {
    let taken = "From Sender To Cc Bcc Reply-To Message-ID In-Reply-To References Subject Date \
                 DKIM-Signature ARC-Seal ARC-Authentication-Results Authentication-Results List-Id \
                 List-Unsubscribe Resent-From Received Received-SPF Return-Path Content-Language \
                 MIME-Version X-Sealgate-Id msip_labels MSIP_Label_x_Enabled X-TLP SIO-Label \
                 SIO-Label-History X-Protective-Marking Sensitivity Importance";
    let faults = |text: &str| match Mapping::parse(text, &labels()) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.into_iter().map(|m| m.fault.to_string()).collect(),
    };
    for name in taken.split_whitespace() {
        let refused = [format!(
            "`{name}` is no header field that can carry a label"
        )];
        for name in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            let text = format!("header {name} foo -> Secret");
            assert_eq!(faults(&text).len(), 1, "{text}");
            assert_eq!(
                faults(&format!("write header {name} nowhere")).len(),
                1,
                "{name}"
            );
        }
        assert_eq!(faults(&format!("header {name} foo -> Secret")), refused);
    }
    for name in "X-Classification X-From Keywords X-Titus-Metadata-40 Contents".split_whitespace() {
        let text = format!("header {name} foo -> Secret");
        assert_eq!(faults(&text), Vec::<String>::new(), "{text}");
    }
}

/// A form in a subject is read wherever the table writes its scheme: it may not outlast its label.
#[test]
fn a_subject_says_no_other_label_than_the_fields() {
    let table = "tlp GREEN -> Public\ntlp RED -> Secret\n\
        protective-marking OFFICIAL -> Public\nprotective-marking PROTECTED -> Secret";
    let labels = labels();
    let mapping = Mapping::parse(table, &labels).unwrap();
    let reader = Reader {
        site: Some(SITE),
        labels: &labels,
        mapping: &mapping,
    };
    let letter =
        |subject| format!("From: ann@corp.example\r\nSubject: {subject}\r\n\r\nHello.\r\n");
    let subjects = "TLP:GREEN x|Re: TLP:RED x|x [SEC=OFFICIAL]|x [SEC=PROTECTED]|x|\
        TLP:RED x [SEC=OFFICIAL]|TLP:[SEC=PROTECTED]RED x";
    for subject in subjects.split('|') {
        for label in [Some(PUBLIC), Some(SECRET), None] {
            let marked = put(&letter(subject), label, &mapping);
            let reading = reader.read(&Message::parse(marked.as_bytes()));
            assert_eq!(reading.own, label.map(id), "{subject} {label:?}\n{marked}");
            assert_eq!(reading.conflicts, [""; 0], "{subject} {label:?}");
        }
    }
    // The controls: what agrees stays, and what the table does not know.
    for subject in ["TLP:RED x [SEC=PROTECTED]", "TLP:AMBER x [SEC=OTHER]"] {
        let marked = put(&letter(subject), Some(SECRET), &mapping);
        assert_eq!(field(&marked, "Subject").as_deref(), Some(subject));
    }
}

/// What stays in a subject comes back in a reply, and then our own people say it.
#[test]
fn removal_leaves_nothing_in_a_subject_that_could_be_read_as_a_label() {
    let both = Mapping::parse(
        "tlp GREEN -> Public\nprotective-marking PROTECTED -> Secret",
        &labels(),
    );
    let both = both.unwrap();
    let cleared = |fields: &str, mapping: &Mapping| {
        let raw = format!("From: bob@x.example\r\n{fields}\r\n\r\nHello.\r\n");
        let message = Message::parse(raw.as_bytes());
        let edits = writing::removal(&message, mapping);
        let bytes = apply(&message, &edits).unwrap().bytes;
        let message = Message::parse(&bytes);
        let texts = message.fields_named("Subject");
        texts
            .map(|field| message.field_text(field))
            .collect::<Vec<_>>()
    };
    let deep = format!("Subject: {}TLP:RED", "[SEC=".repeat(60) + &"X]".repeat(60));
    for (fields, left) in [
        ("Subject: TLP:GREEN x [SEC=PROTECTED]", "x"),
        ("Subject: =?utf-8?q?TLP=3AGREEN_x?=", "x"),
        ("Subject: TLP:[SEC=PROTECTED]GREEN x", "x"),
        ("Subject: [(TLP:RED)SEC=PROTECTED] x", "x"),
        ("Subject: one\r\nSubject: TLP:GREEN two", "one"),
        (&format!("Subject: {}x", "[SEC=A]".repeat(100)), "x"),
    ] {
        assert_eq!(cleared(fields, &both), [left], "{fields}");
    }
    let rest = cleared(&deep, &both).concat();
    assert!(
        read(&format!("Subject: {rest}\r\n\r\n"))
            .statements
            .is_empty(),
        "{rest}"
    );
    let tlp = Mapping::parse("tlp GREEN -> Public", &labels()).unwrap();
    assert_eq!(cleared("Subject: TLP:GREEN [SEC=X]", &tlp), ["[SEC=X]"]);
    assert_eq!(
        cleared("Subject:  TLP: x  [a]", &both),
        ["TLP: x  [a]"],
        "nothing to take"
    );
}
