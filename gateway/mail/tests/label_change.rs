//! What may become of a label: raised, lowered, inherited, demanded, and by whom.

mod house;

use house::{CONFIDENTIAL, INTERNAL, PARTNERS, PUBLIC, SECRET, STAFF, id, labels};
use mail::label::change::{
    Demand, JUSTIFICATION_CHARS_MAX, LabelPolicy, Mandatory, Present, Refusal, Settled, Situation,
    Wish, highest, is_downgrade, justification, remove, set, settle,
};
use mail::label::{LabelChange, Method, Setter};
use mail::{LabelId, Message};

fn wish(setter: Setter) -> Wish<'static> {
    Wish {
        setter,
        rule: Some("a rule"),
        justification: None,
    }
}

/// Sets `wanted` over `present`; what stands then, or why not.
fn after(
    present: Option<(&str, Method)>,
    wanted: &str,
    wish: Wish<'_>,
) -> Result<Option<LabelChange>, Refusal> {
    let before = present.map(|(label, method)| (id(label), method));
    let before = before.as_ref().map(|(id, method)| Present {
        id,
        method: Some(*method),
    });
    set(&labels(), before, &id(wanted), wish)
}

#[test]
fn automatic_labelling_raises_and_never_lowers_or_replaces_a_persons_choice() {
    let auto = [Setter::Rule, Setter::Inherited, Setter::Mapped];
    for setter in auto {
        let by = wish(setter);
        assert!(after(None, INTERNAL, by).unwrap().is_some());
        let raised = after(Some((INTERNAL, Method::Standard)), SECRET, by)
            .unwrap()
            .unwrap();
        assert_eq!(raised.before, Some(id(INTERNAL)));
        assert_eq!(raised.after, Some(id(SECRET)));
        assert_eq!(
            (raised.method, raised.rule.as_deref()),
            (setter, Some("a rule"))
        );
        assert_eq!(
            after(Some((SECRET, Method::Standard)), SECRET, by),
            Ok(None)
        );
        let lower = after(Some((SECRET, Method::Standard)), INTERNAL, by);
        assert_eq!(lower, Err(Refusal::NotHigher));
        let manual = after(Some((INTERNAL, Method::Privileged)), SECRET, by);
        assert_eq!(manual, Err(Refusal::SetByPerson));
    }
}

#[test]
fn a_default_is_only_for_unlabelled_mail() {
    let by = wish(Setter::Default);
    assert!(after(None, INTERNAL, by).unwrap().is_some());
    assert_eq!(
        after(Some((PUBLIC, Method::Standard)), INTERNAL, by),
        Err(Refusal::NotHigher)
    );
}

#[test]
fn a_person_needs_a_reason_to_go_down_and_not_among_sublabels() {
    let person = |reason| Wish {
        justification: reason,
        ..Wish::of(Setter::Person)
    };
    let from = |label| Some((label, Method::Privileged));
    assert!(after(from(PUBLIC), SECRET, person(None)).unwrap().is_some());
    let silent = after(from(SECRET), PUBLIC, person(None));
    assert_eq!(silent, Err(Refusal::NeedsJustification));
    assert_eq!(after(from(SECRET), PUBLIC, person(Some("  "))), silent);
    let change = after(from(SECRET), PUBLIC, person(Some(" sent by mistake ")))
        .unwrap()
        .unwrap();
    assert_eq!(change.justification.as_deref(), Some("sent by mistake"));
    assert!(
        after(from(PARTNERS), STAFF, person(None))
            .unwrap()
            .is_some(),
        "siblings"
    );
    assert_eq!(after(from(PARTNERS), INTERNAL, person(None)), silent);
}

#[test]
fn headings_and_strangers_are_not_set() {
    let by = wish(Setter::Person);
    assert_eq!(after(None, CONFIDENTIAL, by), Err(Refusal::HasSublabels));
    let stranger = "99999999-9999-4999-8999-999999999999";
    assert_eq!(after(None, stranger, by), Err(Refusal::Unknown));
}

#[test]
fn removal() {
    let before = id(SECRET);
    let present = Some(Present {
        id: &before,
        method: Some(Method::Privileged),
    });
    assert_eq!(remove(None, wish(Setter::Rule)), Ok(None));
    let change = remove(present, wish(Setter::Rule)).unwrap().unwrap();
    assert_eq!((change.before, change.after), (Some(id(SECRET)), None));
    assert_eq!(
        remove(present, wish(Setter::Person)),
        Err(Refusal::NeedsJustification)
    );
}

#[test]
fn order() {
    let labels = labels();
    assert!(is_downgrade(&labels, &id(SECRET), Some(&id(INTERNAL))));
    assert!(!is_downgrade(&labels, &id(INTERNAL), Some(&id(SECRET))));
    assert!(!is_downgrade(&labels, &id(SECRET), Some(&id(SECRET))));
    assert!(is_downgrade(&labels, &id(PUBLIC), None));
    let stranger = id("99999999-9999-4999-8999-999999999999");
    let ids = [id(INTERNAL), stranger.clone(), id(SECRET), id(PUBLIC)];
    assert_eq!(highest(&labels, &ids), Some(&id(SECRET)));
    assert_eq!(highest(&labels, [&stranger]), None);
    let names = |id: &LabelId| -> Vec<String> {
        labels
            .sublabels(id)
            .map(|label| label.name.clone())
            .collect()
    };
    assert_eq!(
        names(&id(CONFIDENTIAL)),
        ["Confidential Staff", "Confidential Partners"]
    );
    assert_eq!(names(&stranger), [""; 0]);
    assert_eq!(labels.parent(&id(STAFF)).unwrap().id, id(CONFIDENTIAL));
}

fn policy() -> LabelPolicy {
    LabelPolicy {
        default: Some(id(INTERNAL)),
        inherits: true,
        inherits_thread: false,
        mandatory: Mandatory::Reject,
        justifies: true,
    }
}

fn label_of(settled: &Settled) -> Option<&str> {
    settled.label.as_ref().map(LabelId::as_str)
}

#[test]
fn unlabelled_mail_takes_its_attachments_highest_label_or_the_default() {
    let attachments = [id(PUBLIC), id(PARTNERS), id(STAFF)];
    let with = Situation {
        attachments: &attachments,
        ..Situation::default()
    };
    let settled = settle(&labels(), &policy(), &with);
    assert_eq!(label_of(&settled), Some(PARTNERS));
    assert_eq!(settled.changes.len(), 1);
    assert_eq!(settled.changes[0].method, Setter::Inherited);
    let without = settle(&labels(), &policy(), &Situation::default());
    assert_eq!(label_of(&without), Some(INTERNAL));
    assert_eq!(without.changes[0].method, Setter::Default);
    let off = LabelPolicy {
        inherits: false,
        ..policy()
    };
    assert_eq!(label_of(&settle(&labels(), &off, &with)), Some(INTERNAL));
}

#[test]
fn unlabelled_mail_takes_its_threads_label_where_the_policy_says_so() {
    let policy = LabelPolicy {
        inherits_thread: true,
        ..policy()
    };
    let (thread, own, gone) = (
        id(STAFF),
        id(PUBLIC),
        id("ffffffff-0000-4000-8000-000000000009"),
    );
    let reply = Situation {
        thread: Some(&thread),
        ..Situation::default()
    };
    let settled = settle(&labels(), &policy, &reply);
    assert_eq!(label_of(&settled), Some(STAFF));
    assert_eq!(settled.changes[0].method, Setter::Thread);
    assert_eq!(settled.demands, []);
    let labelled = Situation {
        present: Some(Present {
            id: &own,
            method: None,
        }),
        ..reply
    };
    let settled = settle(&labels(), &policy, &labelled);
    assert_eq!(label_of(&settled), Some(PUBLIC), "it has one of its own");
    assert_eq!(settled.demands.len(), 1);
    let forgotten = Situation {
        thread: Some(&gone),
        ..Situation::default()
    };
    let settled = settle(&labels(), &policy, &forgotten);
    assert_eq!(
        label_of(&settled),
        Some(INTERNAL),
        "no file defines that label any more"
    );
    assert_eq!(settled.demands, []);
}

#[test]
fn a_label_can_be_demanded() {
    for mandatory in [Mandatory::No, Mandatory::Reject, Mandatory::Hold] {
        let policy = LabelPolicy {
            default: None,
            mandatory,
            ..policy()
        };
        let settled = settle(&labels(), &policy, &Situation::default());
        let demanded = settled.demands == [Demand::Label(mandatory)];
        assert_eq!(demanded, mandatory != Mandatory::No, "{mandatory:?}");
    }
}

#[test]
fn a_thread_is_not_lowered_in_silence() {
    let (thread, now) = (id(SECRET), id(INTERNAL));
    let present = Some(Present {
        id: &now,
        method: Some(Method::Privileged),
    });
    let situation = Situation {
        present,
        thread: Some(&thread),
        ..Situation::default()
    };
    let silent = settle(&labels(), &policy(), &situation);
    let demand = Demand::Justification {
        from: thread.clone(),
        to: Some(now.clone()),
    };
    assert_eq!(silent.demands, [demand]);
    let told = Situation {
        justification: Some("the names are gone"),
        ..situation
    };
    let settled = settle(&labels(), &policy(), &told);
    assert_eq!(settled.demands, []);
    assert_eq!(settled.changes[0].before, Some(thread.clone()));
    assert_eq!(
        settled.changes[0].justification.as_deref(),
        Some("the names are gone")
    );
    let off = LabelPolicy {
        justifies: false,
        ..policy()
    };
    assert_eq!(settle(&labels(), &off, &situation).demands, []);
    let same = Situation {
        present: Some(Present {
            id: &thread,
            method: None,
        }),
        ..situation
    };
    assert_eq!(settle(&labels(), &policy(), &same).demands, []);
}

#[test]
fn a_reason_is_read_from_its_field() {
    let reason = |value: &str| {
        let raw = format!("msip_justification: {value}\r\n\r\n");
        justification(&Message::parse(raw.as_bytes()), "msip_justification")
    };
    assert_eq!(
        reason("=?utf-8?Q?Entw=C3=BCrfe?= only").as_deref(),
        Some("Entwürfe only")
    );
    for nothing in ["  ", "=?utf-8?b?4oCL?=", "---", "\u{ad}."] {
        assert_eq!(reason(nothing), None, "{nothing:?}");
    }
    let long = reason(&"x".repeat(JUSTIFICATION_CHARS_MAX + 1)).unwrap();
    assert_eq!(long.len(), JUSTIFICATION_CHARS_MAX);
    assert_eq!(
        justification(&Message::parse(b"\r\n"), "msip_justification"),
        None
    );
}
