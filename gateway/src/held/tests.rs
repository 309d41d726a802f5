//! Who gets what of a released message, judged by rules that may have changed meanwhile.

use super::{
    GIVE_UP_SECONDS, Released, as_told, given_up, is_hopeless, is_worth_another_try, left,
};
use crate::admit::Admission;
use crate::answer::{EndFate, Outcome, Redirections, Stop};
use crate::own_mail::dsn::Why;
use mail::{Message, Timestamp};
use rules::{Approval, Facts, Judgement, Organisation, Policy, RuleFile};
use seal::HeldId;
use store::{Decision, Held, HeldArrival, HeldCopy, HeldMail, HeldVerdict, StoreError};
use wire::Reply;

const BOB: &str = "bob@partner.example";
const BOSS: &str = "boss@corp.example";
const EVE: &str = "eve@corp.example";
const DESK: &str = "desk@corp.example";

fn policy(text: &str) -> Policy {
    let file = RuleFile {
        name: "a.toml".to_owned(),
        text: text.to_owned(),
    };
    let corp = Organisation {
        name: "Corp".to_owned(),
        domains: vec!["corp.example".to_owned()],
        site_id: None,
    };
    rules::load(&[file], &corp).expect("rules").policy
}

/// A message to Bob and Eve of which these copies wait; Bob was named, all others were added.
fn held(waits: &[&str]) -> Held {
    let copy = |recipient: &&str| HeldCopy {
        recipient: (*recipient).to_owned(),
        reason: "look".to_owned(),
        rules: Vec::new(),
        added: *recipient != BOB,
        instead_of: Vec::new(),
    };
    let now = Timestamp::from_unix(0);
    Held {
        id: HeldId::from_bytes([1; 16]),
        mail: HeldMail {
            message: "0123456789a".to_owned(),
            sender: "ann@corp.example".to_owned(),
            copies: waits.iter().map(copy).collect(),
            recipients: vec![BOB.to_owned(), EVE.to_owned()],
            came: HeldArrival {
                source: "inside".to_owned(),
                peer: "[::1]:25".to_owned(),
                client: Some("192.0.2.1".to_owned()),
                protocol: "ESMTPS".to_owned(),
                tls: true,
                eight_bit: true,
                ..HeldArrival::default()
            },
            arrived: now,
            since: now,
            expires: now,
            size: 18,
            subject: None,
        },
        decision: None,
        due: now,
        attempts: 0,
    }
}

fn judged(released: &Released, rules: &str) -> (Judgement, Redirections) {
    let arrival = &released.arrival;
    let message = Message::parse(&arrival.raw);
    let mut facts = Facts::new(arrival.arrived, arrival.source, &arrival.envelope, &message);
    facts.approval = Approval::Given;
    released.judge(&policy(rules), &facts, Admission::Judged)
}

fn released(waits: &[&str]) -> Released {
    let raw = b"Subject: x\r\n\r\nx\r\n".to_vec();
    Released::read(&held(waits), raw).expect("as it was written")
}

/// The copies that go out, and how they are meant to go.
fn goes(waits: &[&str], rules: &str) -> Vec<(String, &'static str)> {
    let (judgement, _) = judged(&released(waits), rules);
    assert!(judgement.notifications.is_empty(), "told a second time");
    let copies = judgement.copies.iter();
    copies
        .map(|copy| (copy.recipient.to_string(), copy.verdict.outcome()))
        .collect()
}

/// Whom the report names when the next hop says this of these, and takes all others.
fn told(waits: &[&str], rules: &str, refused: &[&str]) -> Vec<(String, String)> {
    let released = released(waits);
    let (judgement, redirections) = judged(&released, rules);
    let plan = rules::plan(&judgement, released.arrival.capabilities);
    let mut outcome = Outcome::new(&released.arrival.envelope);
    for one in &plan.redirected {
        outcome.end(one, EndFate::Redirected);
    }
    for one in plan.groups.iter().flat_map(|group| &group.recipients) {
        let reply = match refused.contains(&one.as_str()) {
            true => EndFate::Refused(Reply::new(550, "5.1.1", format!("no {one}"))),
            false => EndFate::Delivered(Reply::new(250, "2.0.0", "ok")),
        };
        outcome.end(one, reply);
    }
    released.leave_out_others(&judgement, &mut outcome);
    outcome.redirections = redirections;
    let report = released.to_report(&outcome).into_iter();
    report
        .map(|(who, reply)| (who.to_string(), reply.to_string()))
        .collect()
}

fn rule(when: &str, then: &str) -> String {
    format!("[[rule]]\nname = '''{then}'''\nwhen = {{ {when} }}\nthen = [{{ {then} }}]\n")
}

fn is(copies: &[(String, &str)], wanted: &[(&str, &str)]) {
    let copies: Vec<(&str, &str)> = copies
        .iter()
        .map(|(who, how)| (who.as_str(), *how))
        .collect();
    assert_eq!(copies, wanted);
}

#[test]
fn only_what_waited_goes_and_nobody_is_told_again() {
    let tell = rule("", "notify = { to = ['desk@corp.example'], text = 'x' }");
    let add = rule("", "add_recipient = { address = ['boss@corp.example'] }");
    let hold = rule("recipient = 'outside'", "hold = true");
    let all = [tell, add, hold].concat();
    is(&goes(&[BOB], &all), &[(BOB, "deliver")]);
    is(&goes(&[EVE], &all), &[(EVE, "deliver")]);
    is(
        &goes(&[BOB, BOSS], &all),
        &[(BOB, "deliver"), (BOSS, "deliver")],
    );
}

#[test]
fn rules_that_ask_about_all_recipients_see_all_of_them() {
    let strict = rule(
        "any_recipient = 'eve@corp.example'",
        "reject = 'not beside Eve'",
    );
    is(&goes(&[BOB], &strict), &[(BOB, "reject")]);
}

#[test]
fn a_redirection_is_followed_once() {
    let redirect = rule("recipient = 'outside'", "redirect = 'desk@corp.example'");
    is(
        &goes(&[BOB], &redirect),
        &[(BOB, "redirect"), (DESK, "deliver")],
    );
    // Eve has her copy already: nothing of Bob's redirection is left for her, nor is it sent twice.
    let to_eve = rule("recipient = 'outside'", "redirect = 'eve@corp.example'");
    is(&goes(&[BOB], &to_eve), &[(BOB, "redirect")]);
    is(&goes(&[EVE], &redirect), &[(EVE, "deliver")]);
}

#[test]
fn whom_rules_no_longer_add_is_judged_beside_the_others() {
    is(&goes(&[BOSS], ""), &[(BOSS, "deliver")]);
    let strict = rule("recipient = 'boss@corp.example'", "reject = 'not the boss'");
    is(&goes(&[BOSS], &strict), &[(BOSS, "reject")]);
    let beside = |whom: &str| rule(&format!("any_recipient = '{whom}'"), "reject = 'not both'");
    is(&goes(&[BOSS], &beside(EVE)), &[(BOSS, "reject")]);
    // The controls: somebody who is not there, and what is said of the others alone.
    is(&goes(&[BOSS], &beside(DESK)), &[(BOSS, "deliver")]);
    let others = rule(
        "recipient = 'eve@corp.example'",
        "redirect = 'desk@corp.example'",
    );
    is(&goes(&[BOSS], &others), &[(BOSS, "deliver")]);
    let own = rule(
        "recipient = 'boss@corp.example'",
        "redirect = 'desk@corp.example'",
    );
    is(
        &goes(&[BOSS], &own),
        &[(BOSS, "redirect"), (DESK, "deliver")],
    );
}

#[test]
fn a_redirection_to_somebody_who_is_added_too_is_not_lost() {
    let add = rule("", "add_recipient = { address = ['desk@corp.example'] }");
    let redirect = rule("recipient = 'outside'", "redirect = 'desk@corp.example'");
    let both = [(BOB, "redirect"), (DESK, "deliver")];
    is(
        &goes(&[BOB], &[add.clone(), redirect.clone()].concat()),
        &both,
    );
    is(&goes(&[BOB], &[redirect, add.clone()].concat()), &both);
    // The control: whom rules add had their copy when the message came.
    is(&goes(&[BOB], &add), &[(BOB, "deliver")]);
}

#[test]
fn a_report_names_whom_the_sender_named_and_no_other() {
    let redirect = rule("recipient = 'outside'", "redirect = 'desk@corp.example'");
    // Bob's own copy waited, or that which went to the desk instead.
    for waits in [BOB, DESK] {
        let report = told(&[waits], &redirect, &[DESK]);
        let [(who, said)] = &report[..] else {
            panic!("{waits}: {report:?}");
        };
        assert_eq!(who, BOB);
        assert!(said.starts_with("550 ") && !said.contains("desk"), "{said}");
        assert!(told(&[waits], &redirect, &[]).is_empty());
    }
    // One of two took it: nothing is lost.
    let two = rule(
        "recipient = 'outside'",
        "redirect = ['desk@corp.example', 'boss@corp.example']",
    );
    assert!(told(&[BOB], &two, &[DESK]).is_empty());
    assert_eq!(told(&[BOB], &two, &[DESK, BOSS]).len(), 1);
    // Whom a rule added is nobody's concern; who was named hears what the next hop said.
    let add = rule("", "add_recipient = { address = ['boss@corp.example'] }");
    let report = told(&[BOB, BOSS], &add, &[BOB, BOSS]);
    assert_eq!(report, [(BOB.to_owned(), format!("550 5.1.1 no {BOB}"))]);
}

#[test]
fn whom_rules_redirected_is_refused_where_nobody_has_their_copy() {
    let mut held = held(&[DESK, BOSS, EVE]);
    for copy in &mut held.mail.copies[..2] {
        copy.instead_of = vec![BOB.to_owned()];
    }
    let of = |served: &[&str]| -> Vec<String> {
        let reply = Reply::new(550, "5.7.1", "not approved");
        let left = left(&held, |one| served.contains(&one.as_str()), &reply);
        left.into_iter().map(|(who, _)| who.to_string()).collect()
    };
    // Bob once, though two have his copy; neither them nor Eve, whom a rule added.
    assert_eq!(of(&[]), [BOB]);
    assert_eq!(of(&[EVE]), [BOB]);
    // The controls: one of the two has it; one whom the sender named.
    assert!(of(&[DESK]).is_empty() && of(&[BOSS]).is_empty());
    held.mail.copies[2].added = false;
    assert_eq!(
        left(&held, |_| false, &Reply::new(550, "5.7.1", "no")).len(),
        2
    );
}

#[test]
fn an_added_copy_that_is_refused_after_its_approval_has_an_end() {
    let add = rule("", "add_recipient = { address = ['boss@corp.example'] }");
    let strict = rule("recipient = 'boss@corp.example'", "reject = 'not the boss'");
    let released = released(&[BOSS]);
    let (judgement, _) = judged(&released, &[add, strict].concat());
    let mut outcome = Outcome::new(&released.arrival.envelope);
    released.leave_out_others(&judgement, &mut outcome);
    let [end] = &outcome.ends[..] else {
        panic!("{:?}", outcome.ends);
    };
    assert_eq!((end.recipient.as_str(), end.named), (BOSS, false));
    assert!(matches!(&end.fate, EndFate::Refused(r) if r.text.contains("not the boss")));
    assert!(
        released.to_report(&outcome).is_empty(),
        "the sender never named them"
    );
}

#[test]
fn what_cannot_be_ours_is_not_read() {
    let read = |change: fn(&mut HeldMail)| {
        let mut held = held(&[BOB]);
        change(&mut held.mail);
        Released::read(&held, Vec::new())
    };
    let whole = read(|_| {}).expect("as it was written");
    assert_eq!(whole.arrival.protocol, "ESMTPS");
    assert_eq!(whole.arrival.id.to_string(), "0123456789a");
    assert!(read(|mail| mail.recipients.clear()).is_none());
    assert!(read(|mail| mail.message.clear()).is_none());
    assert!(read(|mail| mail.came.protocol = "ESMTP\r\nX: y".to_owned()).is_none());
    assert!(read(|mail| mail.came.source.clear()).is_none());
    assert!(read(|mail| mail.came.peer.clear()).is_none());
}

#[test]
fn a_release_is_tried_for_five_days_and_then_reported() {
    let at = Timestamp::from_unix(100);
    let decision = Decision {
        verdict: HeldVerdict::Release,
        reason: None,
        by: "operator eve".to_owned(),
        at,
    };
    let last = at.plus_seconds(GIVE_UP_SECONDS);
    assert!(is_worth_another_try(last, &decision));
    assert!(!is_worth_another_try(last.plus_seconds(1), &decision));
    let released = Released::read(&held(&[BOB, BOSS]), Vec::new()).expect("as it was written");
    let mut outcome = Outcome::new(&released.arrival.envelope);
    let [bob, eve] = &outcome.ends[..] else {
        panic!("Bob and Eve were named");
    };
    let (bob, eve) = (bob.recipient.clone(), eve.recipient.clone());
    outcome.end(&eve, EndFate::Delivered(Reply::new(250, "2.0.0", "ok")));
    outcome.end(
        &bob,
        EndFate::Deferred(Reply::new(451, "4.2.1", "box full")),
    );
    let report = released.to_report(&given_up(outcome));
    let [(to, reply)] = &report[..] else {
        panic!("{report:?}");
    };
    assert_eq!((to, reply.code), (&bob, 550));
    assert!(
        reply.to_string().contains("5.4.7") && reply.text.contains("box full"),
        "{reply}"
    );
}

#[test]
fn what_can_never_be_done_is_given_up_after_five_days_and_a_failing_disk_is_not() {
    let changed = || Stop::Store(StoreError::Changed { what: "a part" });
    let full = Stop::Store(StoreError::Full { limit: 1 });
    let decided = Timestamp::from_unix(500);
    let mut held = held(&[BOB]);
    held.mail.expires = Timestamp::from_unix(100);
    for decision in [None, Some(HeldVerdict::Release), Some(HeldVerdict::Reject)] {
        let since = decision.map_or(held.mail.expires, |_| decided);
        held.decision = decision.map(|verdict| Decision {
            verdict,
            reason: None,
            by: "operator eve".to_owned(),
            at: decided,
        });
        let last = since.plus_seconds(GIVE_UP_SECONDS);
        assert!(!is_hopeless(last, &held, &changed()));
        assert!(is_hopeless(last.plus_seconds(1), &held, &changed()));
        assert!(!is_hopeless(last.plus_seconds(1), &held, &full));
    }
}

#[test]
fn only_our_own_people_hear_why() {
    let why = || Why::NotApproved(Some("ask first".to_owned()));
    let mut held = held(&[BOB]);
    assert_eq!(as_told(&held, why()), why());
    for source in ["outside", "viewer", ""] {
        held.mail.came.source = source.to_owned();
        assert_eq!(as_told(&held, why()), Why::NotAccepted, "{source}");
    }
}
