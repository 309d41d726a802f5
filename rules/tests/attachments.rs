//! Labels that attached files take from their message: which do, which do not, and how it is told.

mod support;

use mail::{LabelId, Message, PartPath};
use rules::cases::run_case_with;
use rules::{
    AttachmentLabel, Capabilities, DocumentFact, DocumentState, Explanation, Facts, Policy, Source,
    TakesLabel,
};
use support::{envelope, load_text, now};

const LABELS: &str = "
[[label]]
id = '00000000-0000-0000-0000-000000000010'
name = 'General'
priority = 10
[[label]]
id = '00000000-0000-0000-0000-000000000020'
name = 'Confidential'
priority = 20
[[label]]
id = '00000000-0000-0000-0000-000000000030'
name = 'Secret'
priority = 30
[[rule]]
name = 'tagged'
when = { subject_contains = '[confidential]' }
then = [{ apply_label = 'Confidential' }]
[labels]
inherit_to = 'attachments'
";

const TAGGED: &str = "Subject: [confidential]\r\n\r\nx\r\n";

fn id(digits: &str) -> LabelId {
    LabelId::parse(&format!("00000000-0000-0000-0000-0000000000{digits}")).unwrap()
}

/// A file in this part, with labels that end so.
fn file(part: &str, labels: &[&str]) -> DocumentFact {
    DocumentFact {
        path: PartPath::parse(part).unwrap(),
        labels: labels.iter().map(|digits| id(digits)).collect(),
        state: DocumentState::Known,
        takes_label: TakesLabel::Yes,
    }
}

fn closed(part: &str, why: &str) -> DocumentFact {
    DocumentFact {
        takes_label: TakesLabel::No(why.to_owned()),
        ..file(part, &[])
    }
}

fn explain(policy: &Policy, mail: &str, with: impl FnOnce(&mut Facts<'_>)) -> Explanation {
    let message = Message::parse(mail.as_bytes());
    let envelope = envelope("ann@corp.example", &["bob@x.example"]);
    let mut facts = Facts::new(now(), Source::Inside, &envelope, &message);
    with(&mut facts);
    policy.explain(&facts)
}

/// What becomes of these files, as the explanation's lines.
fn told(mail: &str, files: Vec<DocumentFact>) -> Vec<String> {
    let policy = load_text(LABELS).policy;
    let text = explain(&policy, mail, |facts| facts.documents = files).to_text();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("  file     "));
    lines.map(str::to_owned).collect()
}

#[test]
fn files_without_a_label_or_with_a_lower_one_take_the_messages() {
    let files = vec![
        file("1", &[]),
        file("2", &["10"]),
        file("3", &["20"]),
        file("4", &["30"]),
        file("5", &["10", "30"]),
    ];
    let lines = told(TAGGED, files);
    assert_eq!(
        lines,
        [
            "part 1: none -> Confidential",
            "part 2: General -> Confidential"
        ]
    );
}

#[test]
fn what_cannot_be_labelled_is_told_with_the_reason() {
    let locked = DocumentFact {
        state: DocumentState::Unknown("encrypted".to_owned()),
        ..closed("3", "kind")
    };
    let unknown = file("4", &["99"]);
    let lower_beside_unknown = file("5", &["10", "99"]);
    let twice = [file("6", &[]), closed("6", "ambiguous")];
    let mut files = vec![closed("1", "signed"), closed("2", "kind"), locked, unknown];
    files.push(lower_beside_unknown);
    files.extend(twice);
    let lines = told(TAGGED, files);
    assert_eq!(
        lines,
        [
            "part 1: none, left as it is: signed",
            "part 2: none, left as it is: kind",
            "part 3: none, left as it is: encrypted",
            "part 4: none, left as it is: unknown-label",
            "part 5: General, left as it is: unknown-label",
            "part 6: none, left as it is: ambiguous",
        ]
    );
    // A higher label is nothing to tell of, whether it could be replaced or not.
    let high = DocumentFact {
        takes_label: TakesLabel::No("signed".to_owned()),
        ..file("1", &["30"])
    };
    assert_eq!(told(TAGGED, vec![high.clone()]), [""; 0]);
    // But one that those who open the file do not see is no label of theirs.
    let above = |seen: &[&str]| DocumentFact {
        takes_label: TakesLabel::Above(seen.iter().map(|digits| id(digits)).collect()),
        ..high.clone()
    };
    assert_eq!(told(TAGGED, vec![above(&["30"])]), [""; 0]);
    let told = |seen| told(TAGGED, vec![above(seen)]);
    assert!(told(&[])[0].starts_with("part 1: none"), "{:?}", told(&[]));
    assert!(told(&["10"])[0].starts_with("part 1: General"));
}

#[test]
fn nothing_is_passed_on_without_a_label_or_the_word_or_from_outside() {
    let files = || vec![file("1", &[])];
    let policy = load_text(LABELS).policy;
    assert!(policy.needs().documents && policy.needs().labelling);
    let attachments = |policy: &Policy, mail: &str, source: Source| {
        let explained = explain(policy, mail, |facts| {
            facts.documents = files();
            facts.source = source;
        });
        explained.judgement.copies[0].verdict.attachments.clone()
    };
    assert_eq!(attachments(&policy, TAGGED, Source::Inside).len(), 1);
    assert_eq!(attachments(&policy, TAGGED, Source::Outside), []);
    assert_eq!(
        attachments(&policy, "Subject: x\r\n\r\nx\r\n", Source::Inside),
        []
    );
    let silent = load_text(&LABELS.replace("inherit_to = 'attachments'", "")).policy;
    assert!(!silent.needs().documents && !silent.needs().labelling);
    assert_eq!(attachments(&silent, TAGGED, Source::Inside), []);
    let nobody = rules::Organisation {
        domains: vec!["corp.example".to_owned()],
        ..rules::Organisation::default()
    };
    let files = [rules::RuleFile {
        name: "a.toml".to_owned(),
        text: LABELS.to_owned(),
    }];
    let nobody = rules::load(&files, &nobody).unwrap();
    assert_eq!(attachments(&nobody.policy, TAGGED, Source::Inside), []);
    let advised = |one: &rules::Diagnostic| {
        let text = support::render(std::slice::from_ref(one));
        text.contains("no label will be set in attached files")
    };
    assert!(nobody.advice.iter().any(advised));
}

#[test]
fn a_label_that_a_person_or_a_file_gave_the_message_is_passed_on_too() {
    let manual = "msip_labels: MSIP_Label_00000000-0000-0000-0000-000000000030_Enabled=true; \
                  MSIP_Label_00000000-0000-0000-0000-000000000030_Method=Privileged;\r\n\
                  Subject: x\r\n\r\nx\r\n";
    assert_eq!(
        told(manual, vec![file("2", &["20"])]),
        ["part 2: Confidential -> Secret"]
    );
    let heir = LABELS.replace("inherit_to", "inherit_from = 'attachments'\ninherit_to");
    let policy = load_text(&heir).policy;
    let explained = explain(&policy, "Subject: x\r\n\r\nx\r\n", |facts| {
        facts.documents = vec![file("1", &["30"]), file("2", &[])];
    });
    let [
        AttachmentLabel {
            path,
            after,
            rule,
            left,
            ..
        },
    ] = &explained.judgement.copies[0].verdict.attachments[..]
    else {
        panic!("{}", explained.to_text())
    };
    assert_eq!((path.to_string().as_str(), after), ("2", &id("30")));
    assert_eq!((rule, left), (&None, &None));
}

#[test]
fn copies_that_differ_in_their_files_alone_are_two_groups() {
    let both = "[[rule]]\nname = 'for x'\nwhen = { recipient = 'x.example' }\n\
                then = [{ apply_label = 'Secret' }]\n";
    let policy = load_text(&format!("{both}{LABELS}")).policy;
    let message = Message::parse(TAGGED.as_bytes());
    let envelope = envelope("ann@corp.example", &["bob@x.example", "eve@y.example"]);
    let mut facts = Facts::new(now(), Source::Inside, &envelope, &message);
    facts.documents = vec![file("1", &[])];
    let judgement = policy.judge(&facts);
    let after = |at: usize| judgement.copies[at].verdict.attachments[0].after.clone();
    assert_eq!((after(0), after(1)), (id("30"), id("20")));
    let rule = judgement.copies[1].verdict.attachments[0].rule.clone();
    assert_eq!(rule.as_deref(), Some("tagged"));
    assert!(!judgement.copies[1].verdict.is_untouched());
    assert_eq!(rules::plan(&judgement, Capabilities::SMTP).groups.len(), 2);
}

#[test]
fn a_case_says_which_files_take_a_label() {
    let case = |expected: &str| {
        format!(
            "{LABELS}[[case]]\nname = 'c'\ntext = 'Subject: [confidential]'\n\
             from = 'ann@corp.example'\nexpect = [{{ to = 'bob@x.example', \
             outcome = 'deliver', attachments = {expected} }}]\n"
        )
    };
    let run = |expected: &str| {
        let policy = load_text(&case(expected)).policy;
        let files = vec![file("", &[]), file("2", &["10"]), closed("3", "signed")];
        run_case_with(&policy, &policy.cases()[0], TAGGED.as_bytes(), files)
    };
    assert_eq!(run("['0 Confidential', '2 Confidential']"), Ok(()));
    let failure = run("['2 Secret']").unwrap_err().to_string();
    let says =
        "attachments should be [\"2 Secret\"] and is [\"0 Confidential\", \"2 Confidential\"]";
    assert!(failure.contains(says), "{failure}");
}

#[test]
fn the_explanation_counts_a_labelled_file_among_what_is_edited() {
    let mail = "DKIM-Signature: v=1; d=corp.example; h=from; b=x\r\n\
                Subject: [confidential]\r\n\
                Content-Type: application/octet-stream; name=a.docx\r\n\
                Content-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n";
    let policy = load_text(LABELS).policy;
    let broken = |labels: &[&str]| {
        let explained = explain(&policy, mail, |facts| {
            facts.documents = vec![file("", labels)]
        });
        let bytes = explained.copies[0].bytes.clone().unwrap();
        (bytes.state, bytes.dkim_broken)
    };
    let edited = rules::BytesState::Edited;
    assert_eq!(broken(&[]), (edited, vec!["corp.example".to_owned()]));
    // The control: a file whose label is higher stays, and with it the body.
    assert_eq!(broken(&["30"]), (edited, vec![]));
}
