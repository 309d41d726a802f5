//! Attached files take the label of their message through the running gateway, where the rules say
//! so, and nothing else of the letter changes; what is left alone is in the audit.

use documents::{NewLabel, State, Tenant, read_labels, set_label};
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading::{self, Opener};
use end_to_end::sink::Sink;
use mail::label::{LabelId, Method};
use mail::message::transfer::encode_base64;
use mail::{Message, Timestamp};

const ANN: &str = "ann@corp.example";
const CARL: &str = "carl@corp.example";
const BOB: &str = "bob@partner.example";

/// A Word document of three parts, without properties.
const PLAN: &[u8] = include_bytes!("attached/plan.docx");
/// A text of OpenDocument, with a title and a property of its own.
const OPEN_PLAN: &[u8] = include_bytes!("attached/plan.odt");
/// One page, with a title in its information.
const PRINTED_PLAN: &[u8] = include_bytes!("attached/plan.pdf");
/// The same with a part for signatures.
const SIGNED_PLAN: &[u8] = include_bytes!("attached/signed.odt");
const SITE: &str = "cb46c030-1825-4e81-a295-151c039dbf02";
const GENERAL: &str = "00000000-0000-4000-8000-000000000010";
const SECRET: &str = "00000000-0000-4000-8000-000000000030";
const TOP: &str = "00000000-0000-4000-8000-000000000040";

const RULES: &str = r#"
[[label]]
id = "00000000-0000-4000-8000-000000000010"
name = "General"
priority = 10
[[label]]
id = "00000000-0000-4000-8000-000000000030"
name = "Secret"
priority = 30
seal_outside = "encrypt-only"
[[label]]
id = "00000000-0000-4000-8000-000000000040"
name = "Top"
priority = 40
[[rule]]
name = "tagged"
when = { subject_contains = "plans" }
then = [{ apply_label = "Secret" }]
[labels]
"#;

fn start(sink: &Sink, words: &str) -> Gateway {
    Gateway::start(&Site::new(sink.address(), &format!("{RULES}{words}\n")))
}

/// A file as an attachment, in lines of 60 characters.
fn attachment(file: &[u8]) -> Vec<u8> {
    let code = encode_base64(file, b"");
    let lines: Vec<&[u8]> = code.chunks(60).collect();
    let head = b"Content-Type: application/octet-stream; name=\"plan.docx\"\r\nX-Own:  a\r\n\
                 Content-Disposition: attachment; filename=\"plan.docx\"\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n";
    [&head[..], &lines.join(&b"\r\n"[..]), b"\r\n"].concat()
}

/// The body of a letter with files, from its first delimiter to its end.
fn body(files: &[&[u8]]) -> Vec<u8> {
    let mut body = b"--b1\r\nContent-Type: text/plain\r\n\r\nsee the plan\r\n".to_vec();
    for file in files {
        body.extend_from_slice(b"--b1\r\n");
        body.extend(attachment(file));
    }
    body.extend_from_slice(b"--b1--\r\nafter the end\r\n");
    body
}

fn mixed(to: &str, subject: &str, files: &[&[u8]]) -> Vec<u8> {
    let kind = "multipart/mixed; boundary=b1";
    [head(to, subject, kind).into_bytes(), body(files)].concat()
}

fn head(to: &str, subject: &str, kind: &str) -> String {
    format!(
        "From: Ann <{ANN}>\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}.{to}>\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n"
    )
}

fn labelled(file: &[u8], label: &str) -> Vec<u8> {
    let id = LabelId::parse(label).unwrap();
    let tenant = Tenant {
        site: SITE,
        labels: &[],
    };
    let label = NewLabel {
        id: &id,
        name: "x",
        method: Method::Privileged,
        set_at: Timestamp::from_unix(1_718_134_723),
        action_id: "88124cf5-1340-457d-90e1-0000a9427c99",
    };
    set_label(file, &tenant, &label).unwrap()
}

/// The file in this part.
fn content_of(raw: &[u8], part: &str) -> Vec<u8> {
    let message = Message::parse(raw);
    let path = mail::PartPath::parse(part).unwrap();
    message.decoded(message.part(&path).unwrap()).into_owned()
}

/// The label of the file in this part.
fn label_of(raw: &[u8], part: &str) -> Vec<String> {
    let found = read_labels(&content_of(raw, part));
    assert_eq!(found.state, State::Known);
    found.in_effect().map(|one| one.id.to_string()).collect()
}

fn arrived(sink: &Sink, to: &str, count: usize) -> Vec<u8> {
    sink.wait_for(to, count)[count - 1].raw.clone()
}

fn body_of(raw: &[u8]) -> &[u8] {
    let at = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    &raw[at + 4..]
}

#[test]
fn a_document_goes_out_with_the_label_of_its_message() {
    let sink = Sink::start();
    let mut gateway = start(&sink, "inherit_to = \"attachments\"");
    let (lower, higher) = (labelled(PLAN, GENERAL), labelled(PLAN, TOP));
    let files: [&[u8]; 4] = [PLAN, &lower, &higher, b"%PDF-1.7\nno label here"];
    let raw = mixed(CARL, "plans", &files);
    assert_eq!(gateway.inside().send(ANN, &[CARL], &raw).code, 250);
    let got = arrived(&sink, CARL, 1);
    assert_eq!(label_of(&got, "2"), [SECRET]);
    assert_eq!(label_of(&got, "3"), [SECRET]);
    assert_eq!(label_of(&got, "4"), [TOP], "a higher label stays");
    // All but the code of two files is as it came, byte for byte.
    let (second, third) = (content_of(&got, "2"), content_of(&got, "3"));
    assert_eq!(body_of(&got), body(&[&second, &third, &higher, files[3]]));
    assert_ne!(second, PLAN);

    // Outside, the letter is sealed, and what it holds is labelled.
    let raw = mixed(BOB, "plans for Bob", &[PLAN]);
    assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
    let link = reading::link(&sink, BOB);
    let opened = Opener::new(&gateway).open(&link).unwrap();
    assert_eq!(label_of(&opened, "2"), [SECRET]);

    gateway.kill();
    let opener = Opener::new(&gateway);
    let events = opener.events("attachment labelled");
    let told: Vec<[&str; 4]> = events
        .iter()
        .map(|one| ["parts", "label_before", "label_after", "method"].map(|key| &*one.detail[key]))
        .collect();
    assert_eq!(
        told,
        [
            ["2", "none", SECRET, "message"],
            ["3", GENERAL, SECRET, "message"],
            ["2", "none", SECRET, "message"],
        ]
    );
    assert_eq!(events[0].rule.as_deref(), Some("tagged"));
    let left = opener.events("attachment left");
    assert_eq!(left.len(), 1);
    assert_eq!(
        (&*left[0].detail["parts"], &*left[0].detail["reason"]),
        ("5", "damaged")
    );
}

#[test]
fn an_open_document_takes_it_too_and_a_signed_one_is_left() {
    let sink = Sink::start();
    let mut gateway = start(&sink, "inherit_to = \"attachments\"");
    let (lower, higher) = (labelled(OPEN_PLAN, GENERAL), labelled(OPEN_PLAN, TOP));
    let raw = mixed(CARL, "plans", &[OPEN_PLAN, &lower, &higher, SIGNED_PLAN]);
    assert_eq!(gateway.inside().send(ANN, &[CARL], &raw).code, 250);
    let got = arrived(&sink, CARL, 1);
    let labels = ["2", "3", "4", "5"].map(|part| label_of(&got, part));
    assert_eq!(labels, [vec![SECRET], vec![SECRET], vec![TOP], vec![]]);
    let (second, third) = (content_of(&got, "2"), content_of(&got, "3"));
    assert_eq!(
        body_of(&got),
        body(&[&second, &third, &higher, SIGNED_PLAN])
    );
    // What stands before the metadata in the archive is the same to the byte.
    let name = b"meta.xml";
    let meta = OPEN_PLAN
        .windows(name.len())
        .position(|eight| eight == name)
        .unwrap()
        - 30;
    assert!(meta > 100 && second.starts_with(&OPEN_PLAN[..meta]));

    gateway.kill();
    let opener = Opener::new(&gateway);
    let told = |kind: &str, detail: &str| {
        let events = opener.events(kind);
        let told = events
            .iter()
            .map(|one| (one.detail["parts"].clone(), one.detail[detail].clone()));
        told.collect::<Vec<_>>()
    };
    let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
    let before = [pair("2", "none"), pair("3", GENERAL)];
    assert_eq!(told("attachment labelled", "label_before"), before);
    assert_eq!(told("attachment left", "reason"), [pair("5", "signed")]);
}

#[test]
fn a_pdf_takes_it_in_an_update_behind_all_that_it_was() {
    let sink = Sink::start();
    let mut gateway = start(&sink, "inherit_to = \"attachments\"");
    let (lower, higher) = (labelled(PRINTED_PLAN, GENERAL), labelled(PRINTED_PLAN, TOP));
    // As a signing program leaves it: the same file, and a signature over its bytes.
    let signed = [PRINTED_PLAN, b"% /ByteRange [0 1 2 3]\n%%EOF\n"].concat();
    let raw = mixed(CARL, "plans", &[PRINTED_PLAN, &lower, &higher, &signed]);
    assert_eq!(gateway.inside().send(ANN, &[CARL], &raw).code, 250);
    let got = arrived(&sink, CARL, 1);
    let labels = ["2", "3", "4", "5"].map(|part| label_of(&got, part));
    assert_eq!(labels, [vec![SECRET], vec![SECRET], vec![TOP], vec![]]);
    let (second, third) = (content_of(&got, "2"), content_of(&got, "3"));
    assert!(second.len() > PRINTED_PLAN.len() && second.starts_with(PRINTED_PLAN));
    assert!(third.len() > lower.len() && third.starts_with(&lower));
    assert_eq!(body_of(&got), body(&[&second, &third, &higher, &signed]));

    gateway.kill();
    let opener = Opener::new(&gateway);
    let left = opener.events("attachment left");
    let told: Vec<[&str; 2]> = left
        .iter()
        .map(|one| ["parts", "reason"].map(|key| &*one.detail[key]))
        .collect();
    assert_eq!(told, [["5", "signed"]]);
    assert_eq!(opener.events("attachment labelled").len(), 2);
}

#[test]
fn without_the_word_or_a_label_every_file_goes_as_it_came() {
    let sink = Sink::start();
    let raw = mixed(CARL, "plans", &[PLAN]);
    let mut gateway = start(&sink, "");
    assert_eq!(gateway.inside().send(ANN, &[CARL], &raw).code, 250);
    assert_eq!(body_of(&arrived(&sink, CARL, 1)), body_of(&raw));
    gateway.kill();
    assert!(
        Opener::new(&gateway)
            .events("attachment labelled")
            .is_empty()
    );

    let gateway = start(&sink, "inherit_to = \"attachments\"");
    let unlabelled = mixed(CARL, "lunch", &[PLAN]);
    assert_eq!(gateway.inside().send(ANN, &[CARL], &unlabelled).code, 250);
    let got = arrived(&sink, CARL, 2);
    assert_eq!(letter::below_our_block(&got).1, unlabelled);
    let raw = mixed(CARL, "plans from outside", &[PLAN]);
    assert_eq!(gateway.outside().send(BOB, &[CARL], &raw).code, 250);
    assert_eq!(body_of(&arrived(&sink, CARL, 3)), body_of(&raw));
}

#[test]
fn a_signed_letter_keeps_its_files_as_they_are() {
    let sink = Sink::start();
    let mut gateway = start(&sink, "inherit_to = \"attachments\"");
    let kind = "multipart/signed; protocol=\"application/pkcs7-signature\";\r\n \
                micalg=sha-256; boundary=s";
    let signed = [
        b"--s\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n",
        &body(&[PLAN])[..],
        b"\r\n--s\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n\
          Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n--s--\r\n",
    ]
    .concat();
    let raw = [head(CARL, "plans", kind).into_bytes(), signed].concat();
    assert_eq!(gateway.inside().send(ANN, &[CARL], &raw).code, 250);
    assert_eq!(body_of(&arrived(&sink, CARL, 1)), body_of(&raw));
    gateway.kill();
    let opener = Opener::new(&gateway);
    assert!(opener.events("attachment labelled").is_empty());
    let left = opener.events("attachment left");
    let told: Vec<(&str, &str)> = left
        .iter()
        .map(|one| (&*one.detail["parts"], &*one.detail["reason"]))
        .collect();
    assert!(told.contains(&("1.2", "signed")), "{told:?}");
}
