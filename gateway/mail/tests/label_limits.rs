//! Every limit on what a message may say about its label: met, and passed by one.

mod house;

use house::{INTERNAL, SECRET, SITE, id, labels, mapping};
use mail::label::epms::{self, ProtectiveMarking};
use mail::label::sio::{self, SioLabel};
use mail::label::vendor::{self, Form};
use mail::label::writing::FOREIGN_BYTES_MAX;
use mail::label::{Mapping, Method, Reader, STATEMENTS_MAX, Writer};
use mail::{Edit, Message, Timestamp};

#[test]
fn protective_markings() {
    let fields = |count: usize| {
        let caveats = vec!["CAVEAT=C:x"; count - 1].join(", ");
        ProtectiveMarking::parse(&format!("{caveats}, SEC=SECRET"))
            .unwrap()
            .classification
    };
    assert!(fields(epms::FIELDS_MAX).is_some());
    assert!(fields(epms::FIELDS_MAX + 1).is_none());
    let markings = |count: usize| ProtectiveMarking::find(&"[SEC=SECRET]".repeat(count)).len();
    assert_eq!(
        markings(epms::SUBJECT_MARKINGS_MAX),
        epms::SUBJECT_MARKINGS_MAX
    );
    assert_eq!(
        markings(epms::SUBJECT_MARKINGS_MAX + 1),
        epms::SUBJECT_MARKINGS_MAX
    );
    let note = |length: usize| {
        let marking = ProtectiveMarking::parse(&format!("SEC=x, NOTE={}", "n".repeat(length)));
        marking.unwrap().note.unwrap().len()
    };
    assert_eq!(note(epms::VALUE_CHARS_MAX), epms::VALUE_CHARS_MAX);
    assert_eq!(note(epms::VALUE_CHARS_MAX + 1), epms::VALUE_CHARS_MAX);
}

#[test]
fn a_marking_expires_on_its_day_or_moment_and_never_by_an_event() {
    let marking = |expires: &str| {
        let text = format!("SEC=SECRET, EXPIRES={expires}, DOWNTO=OFFICIAL");
        ProtectiveMarking::parse(&text).unwrap()
    };
    let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
    for (expires, last, first) in [
        ("2029-07-01", "2029-07-01T23:59:59Z", "2029-07-02T00:00:00Z"),
        (
            "2029-07-01T12:30:19Z",
            "2029-07-01T12:30:18Z",
            "2029-07-01T12:30:19Z",
        ),
        (
            "2029-07-01T12:30:19",
            "2029-07-01T12:30:18Z",
            "2029-07-01T12:30:19Z",
        ),
        (
            "2029-07-01T12:30:19+10:00",
            "2029-07-01T02:30:18Z",
            "2029-07-01T02:30:19Z",
        ),
    ] {
        let marking = marking(expires);
        assert_eq!(
            marking.classification_at(at(last)),
            Some("SECRET"),
            "{expires}"
        );
        assert_eq!(
            marking.classification_at(at(first)),
            Some("OFFICIAL"),
            "{expires}"
        );
    }
    let event = marking("the budget is read");
    assert_eq!(
        event.classification_at(at("2999-01-01T00:00:00Z")),
        Some("SECRET")
    );
    let alone = ProtectiveMarking::parse("SEC=SECRET, EXPIRES=2000-01-01").unwrap();
    assert_eq!(
        alone.classification_at(at("2999-01-01T00:00:00Z")),
        Some("SECRET")
    );
}

#[test]
fn security_labels() {
    let marking = |length: usize| {
        let text = format!("marking=\"{}\"", "m".repeat(length));
        SioLabel::parse(text.as_bytes())
            .unwrap()
            .marking
            .unwrap()
            .len()
    };
    assert_eq!(marking(sio::MARKING_CHARS_MAX), sio::MARKING_CHARS_MAX);
    assert_eq!(marking(sio::MARKING_CHARS_MAX + 1), sio::MARKING_CHARS_MAX);
    let label = |length: usize| {
        let text = format!("label=\"{}\"", "A".repeat(length));
        SioLabel::parse(text.as_bytes())
            .unwrap()
            .label
            .unwrap()
            .len()
    };
    assert_eq!(label(sio::LABEL_CHARS_MAX), sio::LABEL_CHARS_MAX);
    assert_eq!(label(sio::LABEL_CHARS_MAX + 1), sio::LABEL_CHARS_MAX);
}

#[test]
fn other_products() {
    let pairs = |count: usize| vendor::values(Form::Pairs, &"a=b;".repeat(count)).len();
    assert_eq!(pairs(vendor::VALUES_MAX), vendor::VALUES_MAX);
    assert_eq!(pairs(vendor::VALUES_MAX + 1), vendor::VALUES_MAX);
    assert_eq!(vendor::values(Form::Pairs, "a = \"b\" , c;;"), ["a=b", "c"]);
    // {"n":"C","vals":[{"value":"x"},{"value":"y\u00e9\"z"}]}
    let json = "eyJuIjoiQyIsInZhbHMiOlt7InZhbHVlIjoieCJ9LHsidmFsdWUiOiJ5XHUwMGU5XCJ6In1dfQ==";
    assert_eq!(vendor::values(Form::Json, json), ["C=x", "C=yé\"z"]);
    let padded = |length: usize| {
        let text = format!("{json}{}", "=".repeat(length - json.len()));
        vendor::values(Form::Json, &text).len()
    };
    assert_eq!(padded(vendor::ENCODED_BYTES_MAX), 2);
    assert_eq!(padded(vendor::ENCODED_BYTES_MAX + 1), 0);
    assert!(vendor::known().count() >= 4);
    assert_eq!(vendor::form("x-TITUS-metadata-40"), Form::Json);
    assert_eq!(vendor::form("X-Anything"), Form::Text);
}

#[test]
fn statements() {
    let (labels, mapping) = (labels(), mapping());
    let read = |count: usize| {
        let raw = "X-TLP: GREEN\r\n".repeat(count) + "\r\n";
        let reader = Reader {
            site: Some(SITE),
            labels: &labels,
            mapping: &mapping,
        };
        let reading = reader.read(&Message::parse(raw.as_bytes()));
        (reading.statements.len(), reading.truncated, reading.own)
    };
    assert_eq!(
        read(STATEMENTS_MAX),
        (STATEMENTS_MAX, false, Some(id(INTERNAL)))
    );
    assert_eq!(
        read(STATEMENTS_MAX + 1),
        (STATEMENTS_MAX, true, Some(id(SECRET)))
    );
}

#[test]
fn other_tenants_pairs() {
    let (labels, mapping) = (labels(), Mapping::default());
    let written = |length: usize| {
        let key = "MSIP_Label_425c8099-8bb5-4208-a7fb-18c77e40dc98_Name";
        // A pair costs its key, its value, and `=`, `;` and a blank.
        let value = "n".repeat(length - key.len() - 3);
        let raw = format!("msip_labels: {key}={value}\r\n\r\n");
        let writer = Writer {
            site: Some(SITE),
            labels: &labels,
            mapping: &mapping,
            set_at: Timestamp::from_unix(0),
            action_id: "88124cf5-1340-457d-90e1-0000a9427c99",
            changed_by: "",
            origin: None,
            keeps_foreign: true,
        };
        let label = labels.get(&id(SECRET)).unwrap();
        let edits = writer.write(&Message::parse(raw.as_bytes()), label, Method::Standard);
        match &edits[..] {
            [Edit::SetHeader { value, .. }] => value.contains("425c8099"),
            other => panic!("{other:?}"),
        }
    };
    assert!(written(FOREIGN_BYTES_MAX));
    assert!(!written(FOREIGN_BYTES_MAX + 1));
}
