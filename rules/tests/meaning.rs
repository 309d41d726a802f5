//! What cases cannot say: unknown files, ambiguity by setting, traces, notifications, edits.

mod support;

use mail::{Edit, LabelId, Message, PartPath};
use rules::{
    Ambiguous, DocumentFact, DocumentState, Facts, Fate, Judgement, Named, Policy, Severity, Source,
};
use support::{LABELS, envelope, load_text, now};

const PLAIN: &str = "Subject: x\r\n\r\nx\r\n";
const AMBIGUOUS: &str = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\
     Content-Type: text/html\r\n\r\nx\r\n";

fn policy(rules: &str) -> Policy {
    load_text(&format!("{LABELS}{rules}")).policy
}

fn judge(policy: &Policy, mail: &str, to: &[&str], documents: Vec<DocumentFact>) -> Judgement {
    let message = Message::parse(mail.as_bytes());
    let envelope = envelope("ann@corp.example", to);
    let facts = Facts::new(now(), Source::Inside, &envelope, &message);
    policy.judge(&Facts { documents, ..facts })
}

fn because(policy: &Policy, documents: Vec<DocumentFact>) -> Vec<String> {
    let judgement = judge(policy, PLAIN, &["bob@x.example"], documents);
    judgement.copies[0]
        .verdict
        .because
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn closed() -> DocumentFact {
    let state = DocumentState::Unknown("encrypted".into());
    DocumentFact {
        path: PartPath::root(),
        labels: vec![],
        state,
        takes_label: rules::TakesLabel::Yes,
    }
}

fn labelled(id: &str) -> DocumentFact {
    let labels = vec![LabelId::parse(id).unwrap()];
    DocumentFact {
        path: PartPath::root(),
        labels,
        state: DocumentState::Known,
        takes_label: rules::TakesLabel::Yes,
    }
}

const UNSURE: &str = "
[[rule]]
name = 'fires'
when = { label_at_least = 'High' }
then = [{ receipt = true }]
[[rule]]
name = 'the opposite is unknown too'
when = { not = { label_at_least = 'High' } }
then = [{ receipt = true }]
[[rule]]
name = 'is not excused'
unless = { attachment_label_at_least = 'High' }
then = [{ receipt = true }]
[[rule]]
name = 'known to be closed'
when = { attachment_unreadable = true }
then = [{ receipt = true }]
[[rule]]
name = 'only lowers'
when = { label_at_least = 'High' }
then = [{ unseal = true }]
[[rule]]
name = 'lowers and more'
when = { label_at_least = 'High' }
then = [{ seal = 'encrypt-only' }, { unseal = true }, { remove_label = true }]
stop = true
[[rule]]
name = 'only stops'
when = { label_at_least = 'High' }
stop = true
[[rule]]
name = 'after the stop'
then = [{ receipt = true }]
";

#[test]
fn what_is_unknown_fires_and_does_not_excuse_and_does_not_lower() {
    let policy = policy(UNSURE);
    assert!(policy.needs().documents && !policy.needs().bodies);
    let unknown = [
        "fires",
        "the opposite is unknown too",
        "is not excused",
        "known to be closed",
        "lowers and more",
        "after the stop",
    ];
    assert_eq!(because(&policy, vec![closed()]), unknown);
    let verdict = &judge(&policy, PLAIN, &["bob@x.example"], vec![closed()]).copies[0].verdict;
    assert!(verdict.seal.is_some(), "what is unknown does not unseal");

    let high = because(
        &policy,
        vec![labelled("00000000-0000-0000-0000-000000000020"), closed()],
    );
    assert_eq!(
        high,
        [
            "fires",
            "known to be closed",
            "only lowers",
            "lowers and more"
        ]
    );
    let low = because(
        &policy,
        vec![labelled("00000000-0000-0000-0000-000000000010")],
    );
    assert_eq!(
        low,
        [
            "the opposite is unknown too",
            "is not excused",
            "after the stop"
        ]
    );
}

#[test]
fn labels_inside_files_from_outside_decide_nothing() {
    let policy = policy(
        "[[rule]]\nname = 'r'\nwhen = { label_at_least = 'Low' }\nthen = [{ reject = 'no' }]\n",
    );
    let message = Message::parse(PLAIN.as_bytes());
    let envelope = envelope("bob@x.example", &["carl@corp.example"]);
    for (source, fate) in [(Source::Outside, "deliver"), (Source::Viewer, "reject")] {
        let mut facts = Facts::new(now(), source, &envelope, &message);
        facts.documents = vec![labelled("00000000-0000-0000-0000-000000000010")];
        assert_eq!(
            policy.judge(&facts).copies[0].verdict.outcome(),
            fate,
            "{source:?}"
        );
    }
}

#[test]
fn ambiguity_follows_the_setting_where_content_was_asked() {
    let rule =
        "[[rule]]\nname = 'r'\nwhen = { body_contains = 'zzz' }\nthen = [{ reject = 'no' }]\n";
    let outcomes = |ambiguous: Ambiguous, rules: &str, mail: &str| {
        let policy = policy(rules).with_ambiguous(ambiguous);
        let judgement = judge(
            &policy,
            mail,
            &["bob@x.example", "carl@corp.example"],
            vec![],
        );
        let copies = judgement.copies.iter();
        copies
            .map(|copy| (copy.verdict.outcome(), copy.verdict.ambiguous))
            .collect::<Vec<_>>()
    };
    let passed = [("deliver", false), ("deliver", false)];
    for (setting, expected) in [
        (
            Ambiguous::RejectOutside,
            [("reject", true), ("deliver", false)],
        ),
        (Ambiguous::Reject, [("reject", true), ("reject", true)]),
        (Ambiguous::Seal, [("seal", true), ("deliver", false)]),
        (Ambiguous::Hold, [("hold", true), ("hold", true)]),
        (Ambiguous::Defer, [("defer", true), ("defer", true)]),
        (Ambiguous::Pass, passed),
    ] {
        assert_eq!(outcomes(setting, rule, AMBIGUOUS), expected, "{setting:?}");
        assert_eq!(
            outcomes(setting, rule, PLAIN),
            passed,
            "{setting:?}: nothing is ambiguous"
        );
        let envelope = rule.replace("body_contains = 'zzz'", "recipient = 'zzz.example'");
        assert_eq!(
            outcomes(setting, &envelope, AMBIGUOUS),
            passed,
            "{setting:?}: nothing asked"
        );
        let subject = rule.replace("body_", "subject_");
        assert_eq!(
            outcomes(setting, &subject, AMBIGUOUS),
            passed,
            "{setting:?}: header is clear"
        );
        let test = rule.replace("when", "mode = 'test'\nwhen");
        assert_eq!(
            outcomes(setting, &test, AMBIGUOUS),
            passed,
            "{setting:?}: only a test asked"
        );
        let first = rule.replace("body_", "recipient = 'outside', body_");
        let inside = outcomes(setting, &first, AMBIGUOUS)[1];
        assert_eq!(
            inside,
            ("deliver", false),
            "{setting:?}: nothing was asked about this copy"
        );
    }
    for word in ["reject", "seal", "hold", "defer", "pass"] {
        assert!(Ambiguous::parse(word).is_some());
    }
    assert_eq!(Ambiguous::parse("maybe"), None);
}

#[test]
fn a_null_byte_makes_the_header_ambiguous_too() {
    let policy = policy(
        "[[rule]]\nname = 'r'\nwhen = { subject_contains = 'z' }\nthen = [{ reject = 'no' }]\n",
    );
    let judgement = judge(
        &policy,
        "Subject: x\0y\r\n\r\nx\r\n",
        &["bob@x.example"],
        vec![],
    );
    assert!(
        matches!(&judgement.copies[0].verdict.fate, Fate::Reject { code, .. } if code == "5.6.0")
    );
}

#[test]
fn edits_stand_in_order_and_the_label_comes_last() {
    let policy = load_text(
        "
[[label]]
id = '00000000-0000-0000-0000-000000000020'
name = 'High'
priority = 20
header = 'top'
footer = 'bottom'
subject_tag = '[H]'
[[rule]]
name = 'r'
then = [
  { footer = 'rule' }, { apply_label = 'High' }, { set_header = { name = 'X-A', value = '1' } },
  { remove_header = 'X-B' }, { prepend_subject = 'p' },
  { set_header = { name = 'X-A', value = '2' } },
]
",
    )
    .policy;
    let mail = "Subject: s\r\nX-B: 1\r\n\r\nx\r\n";
    let judgement = judge(&policy, mail, &["bob@x.example"], vec![]);
    let verdict = &judgement.copies[0].verdict;
    let shape: Vec<String> = verdict
        .edits
        .iter()
        .map(|edit| match edit {
            Edit::SetHeader { name, value } if name == "msip_labels" => {
                assert!(
                    value.contains("SiteId=cb46c030-1825-4e81-a295-151c039dbf02"),
                    "{value}"
                );
                "label".into()
            }
            Edit::SetHeader { name, value } => format!("{name}={value}"),
            Edit::RemoveHeader { name } => format!("-{name}"),
            Edit::InsertText { plain, .. } => format!("text {plain}"),
            other => format!("{other:?}"),
        })
        .collect();
    let expected = [
        "X-A=2",
        "-X-B",
        "Subject=[H] p s",
        "text rule",
        "label",
        "text top",
        "text bottom",
    ];
    assert_eq!(shape, expected);
    let [change] = verdict.label_changes.as_slice() else {
        panic!("{:?}", verdict.label_changes)
    };
    assert_eq!((&change.before, change.rule.as_deref()), (&None, Some("r")));
}

#[test]
fn a_message_with_its_label_and_nothing_to_show_is_untouched() {
    let mail = "Subject: x\r\nmsip_labels: \
                MSIP_Label_00000000-0000-0000-0000-000000000010_Enabled=true; \
                MSIP_Label_00000000-0000-0000-0000-000000000010_SiteId=\
                cb46c030-1825-4e81-a295-151c039dbf02\r\n\r\nx\r\n";
    let judgement = judge(&policy(""), mail, &["bob@x.example"], vec![]);
    assert!(judgement.is_untouched());
    assert!(judgement.copies[0].verdict.label.is_some() && judgement.labels_read.is_some());
}

#[test]
fn notifying_and_adding_happen_once_for_all_copies() {
    let policy = policy(
        "
[[rule]]
name = 'tell'
severity = 'high'
then = [
  { notify = { to = 'ciso@corp.example', text = '${rule.name}: ${sender.address}, ${subject}' } },
  { add_recipient = { address = 'archive@corp.example', as = 'cc' } },
]
[[rule]]
name = 'differ'
when = { recipient = 'outside' }
then = [{ reject = 'no' }]
",
    );
    let mail = "Subject: s\r\nCc: \"Doe, J.\" <j@x.example>,\r\n \
                =?utf-8?Q?J=C3=B6rg=2C_X?= <y@x.example>\r\n\r\nx\r\n";
    let judgement = judge(
        &policy,
        mail,
        &["bob@x.example", "carl@corp.example"],
        vec![],
    );
    let [sent] = judgement.notifications.as_slice() else {
        panic!("{judgement:?}")
    };
    assert_eq!(
        (sent.subject.as_str(), sent.severity),
        ("tell", Some(Severity::High))
    );
    assert_eq!(sent.text, "tell: ann@corp.example, s");
    let added: Vec<_> = judgement
        .copies
        .iter()
        .filter(|copy| copy.named != Named::BySender)
        .collect();
    assert_eq!(added.len(), 1);
    let carl = &judgement.copies[1].verdict;
    let bytes = mail::apply(&Message::parse(mail.as_bytes()), &carl.edits)
        .unwrap()
        .bytes;
    let shown: Vec<(Option<String>, String)> = Message::parse(&bytes)
        .mailboxes("Cc")
        .into_iter()
        .map(|m| (m.name, m.address))
        .collect();
    let named = |name: &str, address: &str| (Some(name.to_owned()), address.to_owned());
    assert_eq!(shown[0], named("Doe, J.", "j@x.example"));
    assert_eq!(shown[1], named("Jörg X", "y@x.example"));
    assert_eq!(shown[2], (None, "archive@corp.example".to_owned()));
}

#[test]
fn a_hostile_value_stays_a_value() {
    let policy = policy("[[rule]]\nname = 'r'\nthen = [{ header = '${subject}' }]\n");
    let subject = format!("${{label.name}} <script> {}", "x".repeat(5_000));
    let mail = format!("Subject: {subject}\r\n\r\nx\r\n");
    let judgement = judge(&policy, &mail, &["bob@x.example"], vec![]);
    let [Edit::InsertText { plain, html, .. }] = judgement.copies[0].verdict.edits.as_slice()
    else {
        panic!("{judgement:?}")
    };
    assert!(plain.starts_with("${label.name} <script> xxx"), "{plain}");
    assert!(plain.chars().count() <= 200, "a value has a limit");
    assert!(!html.contains("<script"), "{html}");
    assert!(html.contains("&lt;script&gt;"), "{html}");
}

#[test]
fn shipped_files_keep_to_toml_1_0() {
    for file in rules::shipped() {
        // In TOML 1.0 an inline table stands on one line and has no comma at its end.
        for line in file
            .text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
        {
            let code = line.split('"').step_by(2).collect::<String>();
            assert_eq!(
                code.matches('{').count(),
                code.matches('}').count(),
                "{}: {line}",
                file.name
            );
            assert!(
                !code.replace(' ', "").contains(",}"),
                "{}: {line}",
                file.name
            );
        }
    }
}
