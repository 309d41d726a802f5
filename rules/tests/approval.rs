//! Mail that was held and approved: nothing holds it again, and all else counts as ever.

mod support;

use mail::Message;
use rules::{Ambiguous, Approval, Facts, Fate, Judgement, Policy, Source};
use support::{envelope, load_text, now};

const PLAIN: &str = "Subject: x\r\n\r\nx\r\n";
const AMBIGUOUS: &str = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\
     Content-Type: text/html\r\n\r\nx\r\n";
const BOB: &str = "bob@x.example";
const EVE: &str = "eve@corp.example";

fn judge(policy: &Policy, mail: &str, approval: Approval) -> Judgement {
    let message = Message::parse(mail.as_bytes());
    let envelope = envelope("ann@corp.example", &[BOB, EVE]);
    let facts = Facts::new(now(), Source::Inside, &envelope, &message);
    policy.judge(&Facts { approval, ..facts })
}

/// What happens to each copy before somebody approved, and after.
fn outcomes(policy: &Policy, mail: &str) -> [Vec<&'static str>; 2] {
    [Approval::None, Approval::Given].map(|approval| {
        let judgement = judge(policy, mail, approval);
        let copies = judgement.copies.iter();
        copies.map(|copy| copy.verdict.outcome()).collect()
    })
}

fn rule(then: &str) -> String {
    format!("[[rule]]\nname = '''{then}'''\nwhen = {{ recipient = 'outside' }}\nthen = [{then}]\n")
}

#[test]
fn each_way_of_holding_is_lifted() {
    let waits = [vec!["hold", "deliver"], vec!["deliver", "deliver"]];
    let by_rule = load_text(&rule("{ hold = true }")).policy;
    assert_eq!(outcomes(&by_rule, PLAIN), waits);
    let unlabelled = load_text("[labels]\nmandatory = 'hold'\n").policy;
    let both_wait = [vec!["hold", "hold"], vec!["deliver", "deliver"]];
    assert_eq!(outcomes(&unlabelled, PLAIN), both_wait);
    let asks =
        "[[rule]]\nname = 'r'\nwhen = { body_contains = 'zzz' }\nthen = [{ delete = true }]\n";
    let doubtful = load_text(asks).policy.with_ambiguous(Ambiguous::Hold);
    assert_eq!(outcomes(&doubtful, AMBIGUOUS), both_wait);
}

#[test]
fn what_else_rules_ask_for_counts_as_ever() {
    for (then, before, after) in [
        ("{ reject = 'no' }", "reject", "reject"),
        ("{ delete = true }", "delete", "delete"),
        ("{ seal = 'encrypt-only' }", "hold", "seal"),
        ("{ redirect = 'desk@corp.example' }", "hold", "redirect"),
        ("{ prepend_subject = '[x] ' }", "hold", "deliver"),
    ] {
        let both = format!("{}{}", rule("{ hold = true }"), rule(then));
        let policy = load_text(&both).policy;
        let [held, approved] = outcomes(&policy, PLAIN);
        assert_eq!((held[0], approved[0]), (before, after), "{then}");
        // The control: what the rules say where none of them holds.
        let plain = load_text(&rule(then)).policy;
        let (said, free) = (
            judge(&policy, PLAIN, Approval::Given),
            judge(&plain, PLAIN, Approval::None),
        );
        assert_eq!(said.copies.len(), free.copies.len(), "{then}");
        for (said, free) in said.copies.iter().zip(&free.copies) {
            assert_eq!(said.verdict, free.verdict, "{then}");
        }
    }
}

#[test]
fn the_reason_is_the_rules() {
    let policy = load_text(&rule("{ hold = 'Two pairs of eyes.' }")).policy;
    let judgement = judge(&policy, PLAIN, Approval::None);
    let fate = &judgement.copies[0].verdict.fate;
    let reason = "Two pairs of eyes.".to_owned();
    assert_eq!(*fate, Fate::Hold { reason });
}
