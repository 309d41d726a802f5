//! What an explanation says: of every rule, of the terms of a sealed copy, and of a copy's bytes on
//! mail that cannot be marked, is signed by a domain, or cannot be edited at all. Of ordinary mail
//! it says something else.

mod support;

use mail::Message;
use rules::{BytesState, Explanation, Facts, Severity, Source};
use serde_json::json;
use support::{LABELS, envelope, load_text, now};

const PLAIN: &str = "From: ann@corp.example\r\nSubject: x\r\n\r\nhello\r\n";
const DKIM: &str = "DKIM-Signature: v=1; a=rsa-sha256; d=Corp.example; s=a;\r\n\
    \th=from:subject; bh=x; b=y\r\nFrom: ann@corp.example\r\nSubject: x\r\n\r\nhello\r\n";
const SIGNED: &str = "From: ann@corp.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256;\r\n\
    \tboundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\n\
    Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";
const ENCRYPTED: &str = "From: ann@corp.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
    Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n";
const PGP: &str = "From: ann@corp.example\r\nSubject: x\r\n\r\n\
    -----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n";

/// A footer for everybody, with more words for its table.
fn footer(more: &str) -> String {
    format!(
        "[[rule]]\nname = 'mark'\n\
         then = [{{ footer = {{ text = 'Corp mail', html = '<p>Corp mail</p>'{more} }} }}]\n"
    )
}

fn explain(rules: &str, mail: &str) -> Explanation {
    let policy = load_text(rules).policy;
    let message = Message::parse(mail.as_bytes());
    let envelope = envelope("ann@corp.example", &["bob@x.example"]);
    policy.explain(&Facts::new(now(), Source::Inside, &envelope, &message))
}

/// The line of the text, and the field of the JSON.
fn said(rules: &str, mail: &str) -> (String, serde_json::Value) {
    let told = explain(rules, mail);
    let text = told.to_text();
    let mut lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("  bytes    "));
    let line = lines.next().unwrap_or_default().to_owned();
    assert_eq!(lines.next(), None, "{text}");
    let json: serde_json::Value = serde_json::from_str(&told.to_json()).unwrap();
    (line, json["copies"][0]["bytes"].clone())
}

#[test]
fn ordinary_mail_is_edited_and_unasked_mail_stays() {
    let (line, json) = said(&footer(""), PLAIN);
    assert_eq!(line, "edited");
    assert_eq!(
        json,
        json!({ "state": "edited", "unmarked": [], "dkim_broken": [] })
    );
    let other =
        "[[rule]]\nname = 'n'\nwhen = { subject_contains = 'y' }\nthen = [{ delete = true }]\n";
    let (line, json) = said(other, PLAIN);
    assert_eq!(
        line, "",
        "nothing was asked, and the first line says deliver"
    );
    assert_eq!(
        json,
        json!({ "state": "as-came", "unmarked": [], "dkim_broken": [] })
    );
}

#[test]
fn what_must_not_be_edited_stays_unmarked_with_its_reason() {
    for (mail, word, words) in [
        (SIGNED, "signed", "it is signed"),
        (ENCRYPTED, "encrypted", "it is encrypted"),
        (PGP, "encrypted", "it is encrypted"),
    ] {
        let (line, json) = said(&footer(""), mail);
        assert_eq!(
            line,
            format!("as they came; left unmarked, because {words}")
        );
        assert_eq!(
            json,
            json!({ "state": "as-came", "unmarked": [word], "dkim_broken": [] })
        );
        let told = explain(&footer(", fallback = 'wrap'"), mail);
        let bytes = told.copies[0].bytes.clone().unwrap();
        assert_eq!(
            (bytes.state, bytes.unmarked.len()),
            (BytesState::Wrapped, 0)
        );
        assert!(
            told.to_text().contains("  bytes    wrapped: "),
            "{}",
            told.to_text()
        );
        // Refused by the rules: there are no bytes to speak of, and the headline says why.
        let (line, json) = said(&footer(", fallback = 'reject'"), mail);
        assert_eq!((line.as_str(), json), ("", json!(null)));
    }
    // Already there: that is no omission.
    let marked = PLAIN.replace("hello\r\n", "hello\r\n\r\nCorp mail\r\n");
    let (line, json) = said(&footer(""), &marked);
    assert_eq!(
        (line.as_str(), &json["unmarked"]),
        ("as they came", &json!([]))
    );
}

#[test]
fn a_broken_dkim_signature_is_named_and_a_kept_one_is_not() {
    let (line, json) = said(&footer(""), DKIM);
    assert_eq!(line, "edited; breaks the DKIM signature of corp.example");
    let broken = json!({ "state": "edited", "unmarked": [], "dkim_broken": ["corp.example"] });
    assert_eq!(json, broken);
    let (line, json) = said(&footer(", dkim = 'keep'"), DKIM);
    let kept = "as they came; left unmarked, because a DKIM or ARC signature on it would break";
    assert_eq!(line, kept);
    let unmarked = json!({ "state": "as-came", "unmarked": ["dkim-signed"], "dkim_broken": [] });
    assert_eq!(json, unmarked);
    // A field that the signature does not cover.
    let header = "[[rule]]\nname = 'h'\nthen = [{ set_header = { name = 'X-A', value = 'b' } }]\n";
    let (line, _) = said(header, DKIM);
    assert_eq!(line, "edited");
    let header = header.replace("X-A", "Subject");
    assert!(
        said(&header, DKIM)
            .0
            .ends_with("breaks the DKIM signature of corp.example")
    );
}

#[test]
fn an_edit_that_cannot_be_made_refuses_the_message_and_says_so() {
    let many = "X-Many: 1\r\n".repeat(10_001);
    let header = "[[rule]]\nname = 'h'\nthen = [{ set_header = { name = 'X-A', value = 'b' } }]\n";
    let (line, json) = said(header, &format!("{many}{PLAIN}"));
    let why = "cannot edit a header of more than 10000 fields";
    assert_eq!(
        line,
        format!("none leave, the whole message is refused with 5.6.0: {why}")
    );
    assert_eq!(
        (&json["state"], &json["error"]),
        (&json!("refused"), &json!(why))
    );
}

const EVERY_TRACE: &str = "
[[rule]]
name = 'sealed'
when = { recipient = 'outside', any = [{ subject_contains = 'x' }, { peer = '10.0.0.0/8' }] }
then = [{ seal = 'do-not-forward' }, { apply_label = 'High' }]
severity = 'low'
[[rule]]
name = 'lower'
then = [{ apply_label = 'Low' }]
[[rule]]
name = 'not this'
when = { subject_contains = 'y', recipient = 'outside', not = { subject_contains = 'x' } }
then = [{ reject = 'no' }]
[[rule]]
name = 'excused'
when = { recipient = 'outside' }
unless = { importance = 'normal', sensitivity = 'private' }
then = [{ reject = 'no' }]
[[rule]]
name = 'test'
mode = 'test'
then = [{ reject = 'no' }]
[[rule]]
name = 'later'
active = { from = 2027-01-01 }
then = [{ reject = 'no' }]
[[rule]]
name = 'unsure'
when = { peer = '10.0.0.0/8' }
then = [{ unseal = true }]
[[rule]]
name = 'enough'
stop = true
[[rule]]
name = 'never'
then = [{ reject = 'no' }]
";

#[test]
fn an_explanation_tells_the_terms_of_all_rules_together() {
    let policy = load_text(
        "
[[rule]]
name = 'month'
then = [{ seal = { rights = 'do-not-forward', expires_after = '30d', receipt = true } }]
[[rule]]
name = 'week'
then = [{ seal = { rights = 'encrypt-only', expires_after = '7d', download = false } }]
[[rule]]
name = 'refused'
when = { recipient = 'no@x.example' }
then = [{ reject = 'no' }]
",
    )
    .policy;
    let message = Message::parse(PLAIN.as_bytes());
    let envelope = envelope("ann@corp.example", &["bob@x.example", "no@x.example"]);
    let explanation = policy.explain(&Facts::new(now(), Source::Inside, &envelope, &message));
    let text = explanation.to_text();
    let together = "bob@x.example (outside): seal do-not-forward\n  \
                    sealed   for 1w; attachments may not be saved\n  \
                    receipt  for the sender\n";
    assert!(text.contains(together), "{text}");
    let line: serde_json::Value = serde_json::from_str(&explanation.to_json()).unwrap();
    let [sealed, refused] = [&line["copies"][0], &line["copies"][1]];
    let terms = serde_json::json!({
        "expires_after_seconds": 604_800, "download": false, "template": null
    });
    assert_eq!(
        (&sealed["seal"], &sealed["receipt"]),
        (&terms, &true.into())
    );
    for name in ["seal", "rights", "receipt"] {
        assert!(refused[name].is_null(), "what is refused has no {name}");
    }
}

#[test]
fn an_explanation_reads_aloud() {
    let policy = load_text(&format!("{LABELS}{EVERY_TRACE}")).policy;
    let message = Message::parse(PLAIN.as_bytes());
    let envelope = envelope("ann@corp.example", &["bob@x.example"]);
    let explanation = policy.explain(&Facts::new(now(), Source::Inside, &envelope, &message));
    let expected = "\
bob@x.example (outside): seal do-not-forward, label High
  sealed   for as long as [seal] expires_after says; attachments may be saved
  bytes    edited
  label    none -> High, by \"sealed\"
  label    not Low, as \"lower\" wished: the present label is not lower
  fired    \"sealed\" (rules.toml:11)
             when recipient = 'outside' and (subject_contains = 'x' or peer = '10.0.0.0/8')
             not known: peer = '10.0.0.0/8'
             then seal = 'do-not-forward'; apply_label = 'High'
  moot     \"lower\" (rules.toml:16)
             when every message
             then apply_label = 'Low', which changed nothing
  no       \"not this\" (rules.toml:19)
             does not hold: subject_contains = 'y'; not (subject_contains = 'x')
  excused  \"excused\" (rules.toml:23)
             by importance = 'normal'
  would    \"test\" (rules.toml:28)
             when every message
             would reject = 'no'
  asleep   \"later\" (rules.toml:32)
             it is not active now
  unsure   \"unsure\" (rules.toml:36)
             when peer = '10.0.0.0/8'
             not known: peer = '10.0.0.0/8'
             not done, since what is not known must not make things milder: unseal = true
  fired    \"enough\" (rules.toml:40)
             when every message
             then stop
  skipped  \"never\" (rules.toml:43)
             \"enough\" stopped
";
    assert_eq!(explanation.to_text(), expected);
    let json: serde_json::Value = serde_json::from_str(&explanation.to_json()).unwrap();
    let copy = &json["copies"][0];
    assert_eq!(copy["outcome"], "seal");
    assert_eq!(copy["rules"][0]["state"], "fired");
    assert_eq!(copy["rules"][0]["severity"], "low");
    assert_eq!(copy["rules"][2]["because"][0], "subject_contains = 'y'");
    let verdict = &explanation.judgement.copies[0].verdict;
    assert_eq!((verdict.would.len(), &*verdict.would[0]), (1, "test"));
    assert_eq!(verdict.severity, Some(Severity::Low));
}
