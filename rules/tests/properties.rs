//! What must hold for every rule set and every message.

mod support;

use std::collections::BTreeMap;

use mail::{Address, Message};
use proptest::prelude::*;
use rules::{Capabilities, Copy, Each, Facts, Fate, Judgement, Policy, Source, plan};
use support::{envelope, load_text, now};

const LABELS: &str = "
    [[label]]
    id = '00000000-0000-0000-0000-000000000010'
    name = 'Low'
    priority = 10
    seal_outside = 'encrypt-only'
    [[label]]
    id = '00000000-0000-0000-0000-000000000020'
    name = 'Middle'
    priority = 20
    seal_outside = 'do-not-forward'
    footer = 'middle'
    [[label]]
    id = '00000000-0000-0000-0000-000000000030'
    name = 'High'
    priority = 30
    subject_tag = '[high]'
";

const CONDITIONS: [&str; 16] = [
    "",
    "recipient = 'outside'",
    "recipient = 'inside'",
    "recipient_domain = 'x.example'",
    "any_recipient = 'outside'",
    "subject_contains = 'alpha'",
    "subject_contains = 'beta'",
    "subject_matches = 'tag'",
    "body_contains = 'gamma'",
    "has_label = 'Middle'",
    "label_at_least = 'Low'",
    "unlabelled = true",
    "sender = 'ann@corp.example'",
    "header_exists = 'X-Set'",
    "attachment_extension = 'exe'",
    "not = { any = [{ subject_contains = 'alpha' }, { peer = '10.0.0.0/8' }] }",
];

/// Everything that does not lower.
const ACTIONS: [&str; 16] = [
    "reject = { code = '5.7.5', text = 'a' }",
    "delete = true",
    "hold = true",
    "redirect = 'desk@corp.example'",
    "seal = 'encrypt-only'",
    "seal = { rights = 'VIEW+REPLY', expires_after = '2d', download = false }",
    "seal = { rights = 'VIEW+FORWARD', expires_after = '1d' }",
    "apply_label = 'Low'",
    "apply_label = 'Middle'",
    "apply_label = 'High'",
    "footer = 'f'",
    "prepend_subject = 'alpha tag '",
    "rewrite_subject = { remove = 'beta' }",
    "set_header = { name = 'X-Set', value = '1' }",
    "add_recipient = { address = 'archive@corp.example' }",
    "notify = { to = 'ciso@corp.example', text = 'x' }",
];

const LOWERING: [&str; 4] = [
    "unseal = true",
    "remove_label = true",
    "add_recipient = { address = 'spy@y.example' }",
    "redirect = 'spy@y.example'",
];

const MAILS: [&str; 7] = [
    "Subject: alpha\r\n\r\nhello\r\n",
    "Subject: beta tag\r\n\r\ngamma\r\n",
    "From: ann@corp.example\r\nSubject: x\r\nX-Set: 0\r\n\r\n\r\n",
    "Subject: x\r\nmsip_labels: MSIP_Label_00000000-0000-0000-0000-000000000020_Enabled=true; \
     MSIP_Label_00000000-0000-0000-0000-000000000020_SiteId=cb46c030-1825-4e81-a295-151c039dbf02\
     \r\n\r\nx\r\n",
    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\n\
     gamma\r\n",
    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; \
     smime-type=enveloped-data\r\n\r\nMIIB\r\n",
    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/x-y; name=a.exe\r\n\r\nx\r\n",
];

const PEOPLE: [&str; 5] = [
    "carl@corp.example",
    "dora@corp.example",
    "bob@x.example",
    "eve@y.example",
    "fay@x.example",
];

fn rule(actions: &'static [&'static str]) -> impl Strategy<Value = String> {
    let when = proptest::sample::select(&CONDITIONS[..]);
    let also = proptest::sample::select(&CONDITIONS[1..]);
    let unless = proptest::option::weighted(0.3, proptest::sample::select(&CONDITIONS[1..]));
    let then = proptest::collection::vec(proptest::sample::select(actions), 1..3);
    (when, also, unless, then).prop_map(|(when, also, unless, then)| {
        let unless = unless
            .map(|it| format!("unless = {{ {it} }}\n"))
            .unwrap_or_default();
        let then: Vec<String> = then.iter().map(|it| format!("{{ {it} }}")).collect();
        let all = match when.is_empty() {
            true => String::new(),
            false => format!("all = [{{ {when} }}, {{ {also} }}]"),
        };
        format!("when = {{ {all} }}\n{unless}then = [{}]\n", then.join(", "))
    })
}

fn any_action() -> impl Strategy<Value = String> {
    static ALL: std::sync::LazyLock<Vec<&str>> =
        std::sync::LazyLock::new(|| ACTIONS.iter().chain(&LOWERING).copied().collect());
    (rule(&ALL), any::<bool>()).prop_map(|(rule, stop)| format!("{rule}stop = {stop}\n"))
}

fn policy(rules: &[String]) -> Policy {
    let rules: Vec<String> = rules
        .iter()
        .enumerate()
        .map(|(at, rule)| format!("[[rule]]\nname = 'r{at}'\n{rule}"))
        .collect();
    load_text(&format!("{LABELS}{}", rules.concat())).policy
}

fn judge(policy: &Policy, mail: &str, to: &[&str], source: Source) -> Judgement {
    let message = Message::parse(mail.as_bytes());
    let envelope = envelope("ann@corp.example", to);
    policy.judge(&Facts::new(now(), source, &envelope, &message))
}

fn mails() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&MAILS[..])
}

fn people() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(&PEOPLE[..], 1..=PEOPLE.len())
}

fn source() -> impl Strategy<Value = Source> {
    proptest::sample::select(vec![Source::Inside, Source::Outside, Source::Viewer])
}

/// Why `after` is milder than `before`, if it is.
fn milder(policy: &Policy, before: &Copy, after: &Copy) -> Option<String> {
    let (was, is) = (&before.verdict, &after.verdict);
    if is.fate.strictness() < was.fate.strictness() {
        return Some(format!("{:?} became {:?}", was.fate, is.fate));
    }
    if let Some(was) = &was.seal {
        let Some(is) = &is.seal else {
            return Some("it is no longer sealed".into());
        };
        let wider = is.rights.bits() & !was.rights.bits() != 0;
        let longer = match (was.expires_after_seconds, is.expires_after_seconds) {
            (Some(was), Some(is)) => is > was,
            (was, is) => was.is_some() && is.is_none(),
        };
        if wider || longer || (is.download && !was.download) {
            return Some(format!("{was:?} became {is:?}"));
        }
    }
    if was.do_not_forward && !is.do_not_forward {
        return Some("it may be forwarded".into());
    }
    let rank = |label: &Option<mail::LabelId>| {
        label
            .as_ref()
            .and_then(|label| policy.labels().get(label))
            .map(|label| label.priority)
    };
    (rank(&is.label) < rank(&was.label)).then(|| format!("{:?} became {:?}", was.label, is.label))
}

/// What became milder for anybody. A redirect that no longer happens, since its recipient is now
/// refused, takes its new recipient with it, or what it asked for him: then those whom the sender
/// named are compared.
fn first_milder(rules: &[String], last: String, mail: &str, to: &[&str]) -> Option<String> {
    let redirects = rules
        .iter()
        .chain([&last])
        .any(|rule| rule.contains("redirect"));
    let before = judge(&policy(rules), mail, to, Source::Inside);
    let longer: Vec<String> = rules.iter().cloned().chain([last]).collect();
    let longer = policy(&longer);
    let after = judge(&longer, mail, to, Source::Inside);
    let compared = |copy: &&Copy| !redirects || to.contains(&copy.recipient.as_str());
    before.copies.iter().filter(compared).find_map(|was| {
        let is = after
            .copies
            .iter()
            .find(|copy| copy.recipient == was.recipient);
        match is {
            Some(is) => milder(&longer, was, is),
            None => Some(format!("{} is gone", was.recipient)),
        }
    })
}

/// Text made of what rule files are made of.
const TEXT_LIKE_RULES: &str = "(\\[\\[?rule\\]?\\]\n|when|unless|then|any|not| = \
    |\\{|\\}|\\[|\\]|\"|'|,|\n\
    |[a-z0-9ü]){0,60}";

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn a_rule_added_at_the_end_is_never_milder(
        rules in proptest::collection::vec(any_action(), 0..5),
        last in rule(&ACTIONS),
        mail in mails(),
        to in people(),
    ) {
        let milder = first_milder(&rules, last, mail, &to);
        prop_assert!(milder.is_none(), "{milder:?}");
    }

    #[test]
    fn a_plan_holds_every_copy_exactly_once(
        rules in proptest::collection::vec(any_action(), 0..6),
        mail in mails(),
        to in people(),
        bodies in proptest::sample::select(vec![Each::One, Each::PerRecipient]),
        replies in proptest::sample::select(vec![Each::One, Each::PerRecipient]),
    ) {
        let judgement = judge(&policy(&rules), mail, &to, Source::Inside);
        let plan = plan(&judgement, Capabilities { bodies, replies });
        let mut seen: BTreeMap<Address, usize> = BTreeMap::new();
        let mut see = |address: &Address| *seen.entry(address.clone()).or_default() += 1;
        plan.groups.iter().flat_map(|group| &group.recipients).for_each(&mut see);
        plan.refused.iter().chain(&plan.not_added).for_each(|refused| see(&refused.recipient));
        plan.deferred.iter().chain(&plan.held).for_each(|(address, _)| see(address));
        plan.deleted.iter().chain(&plan.redirected).for_each(&mut see);
        prop_assert!(seen.values().all(|count| *count == 1), "{seen:?}");
        prop_assert_eq!(seen.len(), judgement.copies.len());
        for name in &to {
            prop_assert!(seen.contains_key(&Address::parse(name).unwrap()), "{} is lost", name);
        }
        for group in &plan.groups {
            prop_assert_eq!(&group.verdict.fate, &Fate::Deliver);
            prop_assert!(!group.recipients.is_empty());
        }
        let in_place = plan.groups.iter().filter(|g| g.carrier == rules::Carrier::InPlace);
        let clear = plan.groups.iter().any(|group| group.verdict.seal.is_none());
        prop_assert_eq!(in_place.count(), usize::from(bodies == Each::One && clear));
        prop_assert!(replies == Each::One || plan.reports.is_empty());
    }

    #[test]
    fn explaining_decides_the_same(
        rules in proptest::collection::vec(any_action(), 0..6),
        mail in mails(),
        to in people(),
        source in source(),
    ) {
        let policy = policy(&rules);
        let message = Message::parse(mail.as_bytes());
        let envelope = envelope("ann@corp.example", &to);
        let facts = Facts::new(now(), source, &envelope, &message);
        let explanation = policy.explain(&facts);
        prop_assert_eq!(&explanation.judgement, &policy.judge(&facts));
        prop_assert_eq!(explanation.copies.len(), explanation.judgement.copies.len());
        prop_assert!(!explanation.to_text().is_empty());
        prop_assert!(!explanation.to_json().contains('\n'));
    }

    /// Recipients that share a verdict share it rightly: alone, each gets the same.
    #[test]
    fn who_else_gets_it_does_not_matter(
        rules in proptest::collection::vec(any_action(), 0..6),
        mail in mails(),
        to in people(),
    ) {
        let rules: Vec<String> =
            rules.into_iter().map(|rule| rule.replace("any_recipient", "recipient")).collect();
        let policy = policy(&rules);
        let together = judge(&policy, mail, &to, Source::Inside);
        for name in &to {
            let alone = judge(&policy, mail, &[name], Source::Inside);
            let is = |copy: &&Copy| copy.recipient.as_str() == *name;
            let one = |judgement: &Judgement| {
                judgement.copies.iter().find(is).map(|copy| copy.verdict.clone())
            };
            prop_assert_eq!(one(&together), one(&alone));
        }
    }

    #[test]
    fn any_bytes_are_judged(
        rules in proptest::collection::vec(any_action(), 0..6),
        raw in proptest::collection::vec(any::<u8>(), 0..400),
        to in people(),
        source in source(),
    ) {
        let policy = policy(&rules);
        let message = Message::parse(&raw);
        let envelope = envelope("<>", &to);
        let judgement = policy.judge(&Facts::new(now(), source, &envelope, &message));
        prop_assert!(judgement.copies.len() >= to.len());
    }

    #[test]
    fn any_text_is_rules_or_mistakes(text in TEXT_LIKE_RULES) {
        let file = rules::RuleFile { name: "x.toml".into(), text };
        match rules::load(&[file], &support::corp()) {
            Ok(loaded) => prop_assert!(loaded.policy.rules_count() < 60),
            Err(found) => prop_assert!(found.iter().all(|one| one.render().contains("x.toml"))),
        }
    }
}

/// The negative control of the first property: what lowers is seen to lower.
#[test]
fn a_lowering_rule_is_found_milder() {
    let sealing =
        "when = { recipient = 'outside' }\nthen = [{ seal = 'encrypt-only' }]\n".to_owned();
    let labelling = "then = [{ apply_label = 'High' }]\n".to_owned();
    let rules = [sealing, labelling];
    for (action, why) in [
        ("unseal = true", "no longer sealed"),
        ("remove_label = true", "became None"),
    ] {
        let last = format!("then = [{{ {action} }}]\n");
        let found = first_milder(&rules, last, MAILS[0], &["bob@x.example"]);
        assert!(
            found.as_deref().is_some_and(|found| found.contains(why)),
            "{action}: {found:?}"
        );
    }
}
