//! What cases cannot say of labels: how each change is recorded and told, labels of attached files,
//! what a rule set asks for, and the one `[labels]` table.

mod support;

use mail::label::Setter;
use mail::{LabelId, Message, PartPath};
use rules::{DocumentFact, DocumentState, Explanation, Facts, Policy, RuleFile, Source, load};
use support::{corp, envelope, load_text, now, render};

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
";

fn policy(rules: &str) -> Policy {
    load_text(&format!("{LABELS}{rules}")).policy
}

fn id(digits: &str) -> LabelId {
    LabelId::parse(&format!("00000000-0000-0000-0000-0000000000{digits}")).unwrap()
}

fn explain(policy: &Policy, mail: &str, with: impl FnOnce(&mut Facts<'_>)) -> Explanation {
    let message = Message::parse(mail.as_bytes());
    let envelope = envelope("ann@corp.example", &["bob@x.example"]);
    let mut facts = Facts::new(now(), Source::Inside, &envelope, &message);
    with(&mut facts);
    policy.explain(&facts)
}

fn file(digits: &str) -> DocumentFact {
    DocumentFact {
        path: PartPath::root(),
        labels: vec![id(digits)],
        state: DocumentState::Known,
        takes_label: rules::TakesLabel::Yes,
    }
}

const LABELLED: &str = "X-TLP: GREEN\r\nX-Protective-Marking: SEC=PROTECTED\r\n\
    msip_labels : MSIP_Label_x\r\n\
    msip_labels: MSIP_Label_99999999-0000-0000-0000-000000000001_Enabled=true; \
    MSIP_Label_99999999-0000-0000-0000-000000000001_SiteId=\
    11111111-2222-4333-8444-555555555555;\r\nX-Class: odd\r\nSubject: x\r\n\r\nx\r\n";

#[test]
fn what_a_message_says_of_its_labels_reads_aloud() {
    let policy = policy(
        "[labels]\nmapping = '''\ntlp GREEN -> General\nprotective-marking PROTECTED -> Secret\n\
         header X-Class fine -> General\n'''\n\
         [[rule]]\nname = 'off'\nthen = [{ remove_label = true }]\n\
         [[rule]]\nname = 'on'\nthen = [{ apply_label = 'General' }]\n\
         [[rule]]\nname = 'again'\nthen = [{ apply_label = { label = 'Secret', by = 'person' } }]\n\
         [[rule]]\nname = 'detected'\nthen = [{ apply_label = 'Confidential' }]\n",
    );
    let told = explain(&policy, LABELLED, |_| {});
    let text = told.to_text();
    let expected = "\
the message says: label Secret
  x-tlp (tlp): General
  x-protective-marking (protective-marking): Secret
  x-class (header x-class): which `mapping` does not know
  of another organisation: 99999999-0000-0000-0000-000000000001 of \
11111111-2222-4333-8444-555555555555
  conflict: tlp says `General`, another statement `Secret`
  looks like a label and is none: msip_labels

bob@x.example (outside): deliver, label Secret
  label    Secret -> none, by \"off\"
  label    none -> General, by \"on\"
  label    General -> Secret, by \"again\", for a person
  label    not Confidential, as \"detected\" wished: the present label is not lower
";
    assert!(text.starts_with(expected), "{text}");
    let json: serde_json::Value = serde_json::from_str(&told.to_json()).unwrap();
    assert_eq!(json["labels"]["label"], "Secret");
    assert_eq!(json["labels"]["statements"][0]["label"], "General");
    assert_eq!(json["labels"]["conflicts"].as_array().unwrap().len(), 1);
    assert_eq!(json["copies"][0]["label_changes"][1]["rule"], "on");
    assert_eq!(
        json["copies"][0]["label_refusals"][0]["label"],
        "Confidential"
    );
    let silent = explain(&policy, "Subject: x\r\n\r\nx\r\n", |_| {});
    assert!(
        silent.to_text().starts_with("bob@x.example"),
        "nothing to say"
    );
}

#[test]
fn from_outside_it_is_told_what_is_ignored() {
    let mapping = "[labels]\nmapping = 'protective-marking PROTECTED -> Secret'\n\
        [[rule]]\nname = 'foreign'\nwhen = { foreign_label = {} }\nthen = [{ receipt = true }]\n";
    let told = explain(&policy(mapping), LABELLED, |facts| {
        facts.source = Source::Outside
    });
    let text = told.to_text();
    assert!(
        text.contains("the message says: label none that counts"),
        "{text}"
    );
    assert!(
        text.contains("ignored, since it came from outside: 00000000-0000-0000-0000-000000000030"),
        "{text}"
    );
    assert!(!text.contains("conflict"), "{text}");
    assert_eq!(told.copies[0].label, None);
}

#[test]
fn a_message_takes_the_highest_label_of_its_files() {
    let mail = "Subject: x\r\n\r\nx\r\n";
    let files = |facts: &mut Facts<'_>| facts.documents = vec![file("20"), file("30")];
    let heir = policy("[labels]\ninherit_from = 'attachments'\ndefault = 'General'\n");
    assert!(heir.needs().documents && !heir.needs().thread_label);
    let verdict = |policy: &Policy| {
        explain(policy, mail, files).judgement.copies[0]
            .verdict
            .clone()
    };
    let inherited = verdict(&heir);
    assert_eq!(inherited.label, Some(id("30")));
    assert_eq!(inherited.label_changes[0].method, Setter::Inherited);
    assert_eq!(inherited.label_changes.len(), 1);
    let other = policy("[labels]\ndefault = 'General'\n");
    assert!(!other.needs().documents);
    let default = verdict(&other);
    assert_eq!(default.label, Some(id("10")));
    assert_eq!(default.label_changes[0].method, Setter::Default);
}

#[test]
fn a_reason_for_a_lower_label_is_kept_for_the_audit() {
    let policy = policy("[labels]\njustify_downgrade = true\n");
    assert!(policy.needs().thread_label);
    let thread = |facts: &mut Facts<'_>| facts.thread_label = Some(id("30"));
    let mail = |reason: &str| format!("Subject: Re: x\r\n{reason}\r\nx\r\n");
    let silent = explain(&policy, &mail(""), thread);
    let (text, verdict) = (silent.to_text(), &silent.judgement.copies[0].verdict);
    assert_eq!(
        (verdict.outcome(), verdict.label_changes.len()),
        ("reject", 0)
    );
    assert!(
        text.contains(
            "reject 5.7.1: this message has no label and its thread Secret: keep that label, or \
             give the reason for a lower one (a line `Justification: ...` in your text, or header \
             field msip_justification)"
        ),
        "{text}"
    );
    let told = explain(
        &policy,
        &mail("MSIP_Justification: it is public now\r\n"),
        thread,
    );
    let (text, verdict) = (told.to_text(), &told.judgement.copies[0].verdict);
    assert!(verdict.is_untouched(), "{text}");
    let [change] = verdict.label_changes.as_slice() else {
        panic!("{text}")
    };
    assert_eq!((&change.before, &change.after), (&Some(id("30")), &None));
    assert_eq!(change.method, Setter::Person);
    assert!(
        text.contains("label    Secret -> none, by person, because “it is public now”"),
        "{text}"
    );
    let mut outside = explain(&policy, &mail(""), |facts| {
        thread(facts);
        facts.source = Source::Outside;
    });
    assert_eq!(
        outside.copies.remove(0).outcome,
        "deliver",
        "not ours to label"
    );
}

#[test]
fn a_second_table_is_a_mistake_that_names_the_first() {
    let file = |name: &str, text: &str| RuleFile {
        name: name.into(),
        text: text.into(),
    };
    let first = file(
        "a.toml",
        &format!("{LABELS}[labels]\ndefault = 'General'\n"),
    );
    assert!(load(std::slice::from_ref(&first), &corp()).is_ok());
    let second = file("b.toml", "[labels]\nmandatory = 'reject'\n");
    let text = render(&load(&[first, second], &corp()).unwrap_err());
    assert!(text.contains("error: a second `[labels]`"), "{text}");
    assert!(
        text.contains("--> b.toml:1") && text.contains("::: a.toml:14"),
        "{text}"
    );
}

#[test]
fn whatever_the_quotes_a_mistake_in_the_table_is_in_its_line() {
    let line = |mapping: &str| {
        let text = format!("{LABELS}[labels]\nmapping = {mapping}\n");
        let files = [RuleFile {
            name: "a.toml".into(),
            text,
        }];
        let found = load(&files, &corp()).unwrap_err();
        assert_eq!(found.len(), 1);
        found[0].line()
    };
    let first = 2 + LABELS.lines().count();
    assert_eq!(line("'''\n# x\ntlp RED -> Nobody'''"), first + 2);
    assert_eq!(
        line("\"\"\"\ntlp RED -> Secret\ntlp BLUE -> Secret\"\"\""),
        first + 2
    );
    assert_eq!(line("'tlp BLUE -> Secret'"), first);
    // With escapes the text is not what is written: the whole value is shown.
    assert_eq!(line("\"tlp\\tRED -> Secret\\ntlp BLUE -> Secret\""), first);
}

/// V6: no rule asks about labels, and still an outside letter's are told.
#[test]
fn labels_from_outside_are_told_though_no_rule_asks() {
    let policy = policy("");
    let outside = |facts: &mut Facts<'_>| facts.source = Source::Outside;
    let told = explain(&policy, LABELLED, outside);
    let read = told.judgement.labels_read.as_ref().unwrap();
    assert_eq!(read.ignored.len(), 1);
    assert_eq!(read.lookalikes, ["msip_labels"]);
    let text = told.to_text();
    assert!(
        text.contains("ignored, since it came from outside: 99999999"),
        "{text}"
    );
    assert!(told.judgement.copies[0].verdict.label.is_none());
    let plain = explain(
        &policy,
        "Subject: TLP: x [a]\r\nX-Class: odd\r\n\r\nx\r\n",
        outside,
    );
    assert_eq!(
        plain.judgement.labels_read, None,
        "nothing like a label, nothing read"
    );
}

#[test]
fn an_explanation_names_what_readers_differ_on() {
    let policy = policy("[[rule]]\nname = 'r'\nwhen = { subject_contains = 'x' }\nstop = true\n");
    let odd = explain(&policy, "Subject: a\0b\r\n\r\nx\r\n", |_| ());
    assert!(odd.copies[0].ambiguous);
    let text = odd.to_text();
    assert!(
        text.contains("ambiguous: nul: the message holds a NUL byte\n"),
        "{text}"
    );
    let json = odd.to_json();
    assert!(json.contains("\"kind\":\"nul\""), "{json}");
    assert!(json.contains("\"part\":\"\""), "{json}");
    let clear = explain(&policy, "Subject: ab\r\n\r\nx\r\n", |_| ());
    assert!(!clear.copies[0].ambiguous && !clear.to_json().contains("ambiguities"));
}

/// Who reads a marking in his language is told in it, too, that the original is attached.
#[test]
fn a_wrapper_speaks_the_language_of_its_text() {
    let policy = policy(
        "[[rule]]\nname = 'mark'\nthen = [{ footer = { text = 'Secret', fallback = 'wrap', \
         languages = [{ tag = 'de', text = 'Geheim' }] } }]\n\
         [[language]]\ntag = 'de-AT'\nreaders = ['x.example']\n",
    );
    let signed = "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nx\r\n";
    let message = Message::parse(signed.as_bytes());
    let envelope = envelope("ann@corp.example", &["bob@x.example", "carl@y.example"]);
    let judgement = policy.judge(&Facts::new(now(), Source::Inside, &envelope, &message));
    let shown = |copy: usize| {
        let edits = &judgement.copies[copy].verdict.edits;
        let edited = mail::apply(&message, edits).unwrap();
        assert!(edited.is_wrapped);
        let wrapper = Message::parse(&edited.bytes);
        wrapper.text(wrapper.bodies()[0])
    };
    assert_eq!(
        shown(0).trim_end(),
        "Geheim\r\n\r\nDie ursprüngliche Nachricht ist unverändert angehängt."
    );
    assert_eq!(
        shown(1).trim_end(),
        "Secret\r\n\r\nThe original message is attached unchanged."
    );
}
