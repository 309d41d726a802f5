//! Labels of documents count wherever a file is packed in a letter, not in attachments alone.

#[path = "../../documents/tests/build/mod.rs"]
mod build;
#[path = "../../mail/tests/common/packed.rs"]
mod packed;

use super::*;
use build::{CONFIDENTIAL, SECRET, SITE, docx, labelled};
use mail::message::transfer::encode_base64;
use packed::{tnef, tnef_file, uuencode};
use rules::cases::run_case_with;
use rules::{Ambiguous, Organisation, Policy, RuleFile};

#[test]
fn an_action_id_is_a_version_4_guid() {
    let id = action_id();
    assert_eq!(id.len(), 36);
    assert_eq!(&id[14..15], "4");
    assert!(mail::LabelId::parse(&id).is_some());
    assert_ne!(id, action_id());
}

/// A rule that refuses secret files, and two cases: one that it refuses, one that goes.
fn policy() -> Policy {
    let text = format!(
        r#"
[[label]]
id = "{CONFIDENTIAL}"
name = "Confidential"
priority = 20
[[label]]
id = "{SECRET}"
name = "Secret"
priority = 30
[[rule]]
name = "secret files stay"
when = {{ label_at_least = "Secret" }}
then = [{{ reject = "secret files stay inside" }}]
[[case]]
name = "refused"
text = "Subject: x\n\nx\n"
from = "ann@corp.example"
expect = [{{ to = "bob@x.example", outcome = "reject", because = ["secret files stay"] }}]
[[case]]
name = "goes"
text = "Subject: x\n\nx\n"
from = "ann@corp.example"
expect = [{{ to = "bob@x.example", outcome = "deliver", because = [] }}]
"#
    );
    let files = [RuleFile {
        name: "rules.toml".to_owned(),
        text,
    }];
    let organisation = Organisation {
        domains: vec!["corp.example".to_owned()],
        site_id: Some(SITE.to_owned()),
        ..Organisation::default()
    };
    rules::load(&files, &organisation)
        .expect("valid rules")
        .policy
        // A file in a text is an ambiguity, which would refuse every letter that has one.
        .with_ambiguous(Ambiguous::Pass)
}

/// What the rules say of a letter: the name of the case that holds.
fn verdict(policy: &Policy, raw: &[u8]) -> String {
    let documents = read_documents(&Message::parse(raw), Some(SITE), policy.needs());
    let holds =
        |case: &&rules::cases::Case| run_case_with(policy, case, raw, documents.clone()).is_ok();
    let held: Vec<&str> = policy
        .cases()
        .iter()
        .filter(holds)
        .map(|case| case.name.as_str())
        .collect();
    held.join(" and ")
}

fn document(label: &str) -> Vec<u8> {
    docx(&[("docProps/custom.xml", &labelled(label))])
}

fn in_winmail(content: &[u8]) -> Vec<u8> {
    let container = tnef(&[tnef_file("plan.docx", content, &[])]);
    let head = "Subject: x\r\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\r\n\
                Content-Transfer-Encoding: base64\r\n\r\n";
    [head.as_bytes(), &encode_base64(&container, b"\r\n")].concat()
}

fn in_text(content: &[u8]) -> Vec<u8> {
    let head = "Subject: x\r\nContent-Type: text/plain\r\n\r\nsee:\r\n";
    format!("{head}{}", uuencode("plan.docx", content)).into_bytes()
}

fn attached(content: &[u8]) -> Vec<u8> {
    let head = "Subject: x\r\nContent-Type: application/octet-stream; name=\"plan.docx\"\r\n\
                Content-Transfer-Encoding: base64\r\n\r\n";
    [head.as_bytes(), &encode_base64(content, b"\r\n")].concat()
}

#[test]
fn the_label_of_a_packed_document_counts() {
    let policy = policy();
    for pack in [attached, in_winmail, in_text] {
        assert_eq!(verdict(&policy, &pack(&document(SECRET))), "refused");
        // The controls: a lower label, and none.
        assert_eq!(verdict(&policy, &pack(&document(CONFIDENTIAL))), "goes");
        assert_eq!(verdict(&policy, &pack(&docx(&[]))), "goes");
        assert_eq!(verdict(&policy, &pack(b"secret, but no document")), "goes");
    }
    // A document inside a winmail.dat inside a winmail.dat.
    let inner = tnef(&[tnef_file("plan.docx", &document(SECRET), &[])]);
    assert_eq!(verdict(&policy, &in_winmail(&inner)), "refused");
}

/// What is found in a letter's files when labels are to be set in them: why not, or nothing.
fn taking(raw: &[u8]) -> Vec<Option<String>> {
    let needs = Needs {
        documents: true,
        labelling: true,
        ..Needs::default()
    };
    let found = read_documents(&Message::parse(raw), Some(SITE), needs);
    let why = |fact: DocumentFact| match fact.takes_label {
        TakesLabel::Yes | TakesLabel::Above(_) => None,
        TakesLabel::No(why) => Some(why),
    };
    found.into_iter().map(why).collect()
}

#[test]
fn a_label_can_be_set_where_every_reader_takes_out_the_same_file() {
    let whole = build::whole_docx(None, None);
    let no = |why: &str| Some(why.to_owned());
    assert_eq!(taking(&attached(&whole)), [None]);
    assert_eq!(taking(&in_winmail(&whole)), [no("enclosed")]);
    assert_eq!(taking(&in_text(&whole)), [no("enclosed")]);
    let archive = build::zip(&[("plan.docx", &whole)]);
    assert_eq!(taking(&attached(&archive)), [no("kind")]);
    assert_eq!(taking(&attached(b"no document")), []);
    // Padding in the middle: decoders differ about what follows.
    let mut odd = attached(&whole);
    odd.truncate(odd.trim_ascii_end().len());
    odd.extend_from_slice(b"====\r\nUEsDBBQA\r\n");
    let found = taking(&odd);
    assert!(!found.is_empty() && !found.contains(&None), "{found:?}");
    let text = String::from_utf8(attached(&whole)).unwrap();
    let with_digest = text.replace("Subject: x\r\n", "Content-MD5: x\r\n");
    assert_eq!(taking(with_digest.as_bytes()), [no("unwritable")]);
}
