//! People: limits, and whose mail shows what is said of somebody.

mod support;

use mail::{Edit, Message};
use rules::{Facts, Loaded, RuleFile, Source, load};
use support::{corp, envelope, load_text, now, render};

fn found(text: &str) -> String {
    let file = RuleFile {
        name: "people.toml".into(),
        text: text.into(),
    };
    match load(&[file], &corp()) {
        Ok(Loaded { advice, .. }) => render(&advice),
        Err(found) => render(&found),
    }
}

#[test]
fn people_their_addresses_and_attributes_have_limits() {
    let people = |count: usize| {
        let one = |at: usize| format!("[[person]]\naddress = 'p{at}@corp.example'\n");
        (0..count).map(one).collect::<String>()
    };
    assert_eq!(found(&people(50_000)), "");
    assert!(found(&people(50_001)).contains("error: more than 50000 people"));
    let addresses = |count: usize| {
        let one = |at: usize| format!("'p{at}@corp.example', ");
        let list: String = (0..count).map(one).collect();
        format!("[[person]]\naddress = [{list}]\n")
    };
    assert_eq!(found(&addresses(50)), "");
    assert!(found(&addresses(51)).contains("error: more than 50 addresses of one person"));
    let own = |count: usize| {
        let one = |at: usize| format!("a{at} = 'x'\n");
        let list: String = (0..count).map(one).collect();
        format!("[[person]]\naddress = 'a@corp.example'\n[person.custom]\n{list}")
    };
    assert_eq!(found(&own(30)), "");
    assert!(found(&own(31)).contains("error: more than 30 attributes of your own"));
    let title = |length: usize| {
        let text = "é".repeat(length);
        format!("[[person]]\naddress = 'a@corp.example'\ntitle = '{text}'\n")
    };
    assert_eq!(found(&title(200)), "");
    assert!(found(&title(201)).contains("error: this attribute is too long"));
}

#[test]
fn a_person_is_one_over_all_files() {
    let file = |name: &str, text: &str| RuleFile {
        name: name.into(),
        text: text.into(),
    };
    let person = "[[person]]\naddress = 'ann@bücher.example'\n";
    let again = "[[person]]\naddress = ['Ann@xn--bcher-kva.example', 'x@corp.example']\n";
    let files = [file("a", person), file("b", again)];
    let told = render(&load(&files, &corp()).unwrap_err());
    assert!(told.contains("is somebody's address already"), "{told}");
    assert!(
        told.contains("--> b:2") && told.contains("::: a:2"),
        "{told}"
    );
}

/// Every way in which a letter may say who wrote it; only where all of them agree is somebody's
/// title shown.
#[test]
fn attributes_are_shown_only_where_all_agree_on_the_sender() {
    let policy = load_text(
        "[[person]]\naddress = ['ann@corp.example', 'a.lee@corp.example']\ntitle = 'Head'\n\
         [[person]]\naddress = 'bob@corp.example'\ntitle = 'Clerk'\n\
         [[rule]]\nname = 'r'\nthen = [{ footer = 'By: ${sender.title|nobody}' }]\n",
    )
    .policy;
    let (ann, bob) = (
        ["ann@corp.example", "A.Lee@corp.example"],
        "bob@corp.example",
    );
    let senders = [ann[0], ann[1], bob, "carl@corp.example", "<>"];
    let froms = [
        Some(ann[0].to_owned()),
        Some(format!("\"{bob}\" <{}>", ann[1])),
        Some(format!("{}, {}", ann[0], ann[1])),
        Some(format!("{}, {bob}", ann[0])),
        Some(bob.to_owned()),
        Some("ann".to_owned()),
        Some(format!("Bob <{bob}> <{}>", ann[0])),
        Some(format!("{}\r\nFrom: {}", ann[0], ann[0])),
        None,
    ];
    let logins = [
        None,
        Some("ann"),
        Some("a.lee@corp.example"),
        Some("bob"),
        Some("an"),
    ];
    let mut shown = 0;
    for sender in senders {
        for from in &froms {
            let head = from.iter().map(|from| format!("From: {from}\r\n"));
            let raw = format!("{}Subject: x\r\n\r\nx\r\n", head.collect::<String>());
            let message = Message::parse(raw.as_bytes());
            let envelope = envelope(sender, &["x@x.example"]);
            for login in logins {
                for source in [Source::Inside, Source::Outside, Source::Viewer] {
                    let mut facts = Facts::new(now(), source, &envelope, &message);
                    facts.authenticated = login.map(str::to_owned);
                    let edits = policy.judge(&facts).copies[0].verdict.edits.clone();
                    let text = edits.iter().find_map(|edit| match edit {
                        Edit::InsertText { plain, .. } => Some(plain.as_str()),
                        _ => None,
                    });
                    let from_is_anns = froms[..3].contains(from);
                    let login_is = |names: &[&str]| login.is_none_or(|own| names.contains(&own));
                    let expected = match source {
                        Source::Inside if ann.contains(&sender) && from_is_anns => {
                            login_is(&["ann", "a.lee@corp.example"]).then_some("By: Head")
                        }
                        Source::Inside if sender == bob && *from == froms[4] => {
                            login_is(&["bob"]).then_some("By: Clerk")
                        }
                        _ => None,
                    };
                    shown += usize::from(expected.is_some());
                    let expected = expected.or(Some("By: nobody"));
                    assert_eq!(text, expected, "{sender} {from:?} {login:?} {source:?}");
                }
            }
        }
    }
    assert_eq!(
        shown,
        2 * 3 * 3 + 2,
        "the control: somebody is shown at times"
    );
}

/// A login without a domain proves nobody whom another could have in its place.
#[test]
fn a_local_part_of_two_people_proves_neither() {
    let policy = load_text(
        "[[person]]\naddress = ['ann@corp.example', 'a.lee@corp.example']\ntitle = 'Head'\n\
         [[person]]\naddress = ['ann@corp2.example', 'lee@corp2.example']\ntitle = 'Clerk'\n\
         [[rule]]\nname = 'r'\nthen = [{ footer = '${sender.title|nobody}' }]\n",
    )
    .policy;
    for (sender, login, expected) in [
        ("ann@corp.example", "ann", "nobody"),
        ("ann@corp2.example", "ANN", "nobody"),
        ("a.lee@corp.example", "ann", "nobody"),
        ("ann@corp.example", "a.lee", "Head"),
        ("ann@corp2.example", "lee", "Clerk"),
        ("ann@corp2.example", "a.lee", "nobody"),
        ("ann@corp.example", "Ann@corp.example", "Head"),
        ("ann@corp2.example", "ann@corp.example", "nobody"),
        ("ann@corp2.example", "", "nobody"),
    ] {
        let raw = format!("From: {sender}\r\nSubject: x\r\n\r\nx\r\n");
        let message = Message::parse(raw.as_bytes());
        let envelope = envelope(sender, &["x@x.example"]);
        let mut facts = Facts::new(now(), Source::Inside, &envelope, &message);
        facts.authenticated = Some(login.to_owned());
        let edits = policy.judge(&facts).copies[0].verdict.edits.clone();
        let shown = edits.iter().any(|edit| match edit {
            Edit::InsertText { plain, .. } => plain.contains(expected),
            _ => false,
        });
        assert!(shown, "{sender} {login}: {edits:?}");
    }
}
