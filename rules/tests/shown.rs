//! Words are found in every text that some reader shows, whatever the message calls it; and not in
//! what all readers leave closed.

mod support;

use mail::Message;
use rules::{Facts, Fate, Source};
use support::{envelope, load_text, now};

const RULE: &str = "[[rule]]\nname = 'r'\nwhen = { body_contains = 'project sesame' }\n\
    then = [{ reject = 'no' }]\n";

fn is_found(mail: &str) -> bool {
    let policy = load_text(RULE).policy;
    let mail = mail.replace('\n', "\r\n");
    let message = Message::parse(mail.as_bytes());
    let envelope = envelope("ann@corp.example", &["bob@corp.example"]);
    let facts = Facts::new(now(), Source::Inside, &envelope, &message);
    let judgement = policy.explain(&facts).judgement;
    matches!(judgement.copies[0].verdict.fate, Fate::Reject { .. })
}

fn root(fields: &str) -> String {
    format!("From: ann@corp.example\nMIME-Version: 1.0\n{fields}\n\nproject sesame\n")
}

fn part(fields: &str) -> String {
    let head =
        "From: ann@corp.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=zz";
    format!("{head}\n\n--zz\n\nhello\n--zz\n{fields}\n\nproject sesame\n--zz--\n")
}

#[test]
fn in_every_kind_of_text() {
    for kind in [
        "text/plain",
        "text/html",
        "text/x-foo",
        "text/enriched",
        "text/richtext",
        "text/markdown",
        "text/xml",
        "text/calendar",
        "application/xhtml+xml",
        "text/plain,",
        "text/plain)",
        "text/plain=",
        "text/plain\\",
        "text/plain\"",
        "text/html<",
        "text/html*",
        "text/plain/x",
        "text /plain",
        "plain",
        "text",
        "/",
        "",
    ] {
        let field = format!("Content-Type: {kind}; charset=utf-8");
        assert!(is_found(&root(&field)), "root {kind}");
        assert!(is_found(&part(&field)), "part {kind}");
    }
}

#[test]
fn in_what_asks_to_be_shown() {
    let named = "Content-Type: text/plain; name=note.txt\nContent-Disposition: ";
    assert!(is_found(&part(&format!("{named}inline"))));
    assert!(
        is_found(&root(&format!("{named}attachment"))),
        "a root has no other place"
    );
    assert!(!is_found(&part(&format!("{named}attachment"))));
    assert!(!is_found(&part("Content-Type: text/plain; name=note.txt")));
    assert!(!is_found(&part("Content-Type: application/octet-stream")));
    for word in ["\"inline\"", "=?utf-8?q?inline?=", "foo"] {
        assert!(is_found(&part(&format!("{named}{word}"))), "{word}");
    }
    let headers = part("Content-Type: text/rfc822-headers");
    assert!(is_found(&headers));
    assert!(
        !is_found(&headers.replace("mixed", "report")),
        "of another letter"
    );
}

#[test]
fn in_a_root_of_any_kind_and_in_digests() {
    for kind in [
        "text/rfc822-headers",
        "message/rfc822",
        "message/global",
        "message/x-foo",
        "x-text/plain",
        "chemical/x",
    ] {
        assert!(is_found(&root(&format!("Content-Type: {kind}"))), "{kind}");
    }
    assert!(!is_found(&root("Content-Type: application/octet-stream")));
    assert!(!is_found(&root("Content-Type: image/png")));
    let digest = part("X-A: b").replace("mixed", "digest");
    assert!(is_found(&digest));
    let forwarded = part("Content-Type: message/rfc822\n\nSubject: x");
    assert!(!is_found(&forwarded), "what is attached is no letter");
    let twice = forwarded.replace("mixed", "digest");
    assert!(is_found(&twice));
    let nested = "Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=yy\n\n\
        --yy\nContent-Type: message/rfc822\n\nSubject: x";
    let nested = part(nested).replace("mixed; boundary=zz", "digest; boundary=zz");
    assert!(!is_found(&nested), "attached to a letter of a digest");
}

#[test]
fn in_a_kind_of_message_that_only_some_open() {
    let rule = "[[rule]]\nname = 'r'\nwhen = { attachment_extension = 'exe' }\n\
        then = [{ reject = 'no' }]\n";
    let policy = load_text(rule).policy;
    let inner = "Subject: inner\nMIME-Version: 1.0\nContent-Type: application/octet-stream; \
        name=\"a.exe\"\n\nMZ";
    for (kind, expected) in [
        ("message/rfc822", true),
        ("message/news", true),
        ("message/x-foo", true),
        ("message/feedback-report", true),
        ("message/disposition-notification", true),
        // Python's email takes each of its blocks for a message.
        ("message/delivery-status", true),
        ("application/message", false),
    ] {
        let mail = part(&format!("Content-Type: {kind}")).replace("project sesame", inner);
        let mail = mail.replace('\n', "\r\n");
        let message = Message::parse(mail.as_bytes());
        let envelope = envelope("ann@corp.example", &["bob@corp.example"]);
        let facts = Facts::new(now(), Source::Inside, &envelope, &message);
        let judgement = policy.explain(&facts).judgement;
        let fate = &judgement.copies[0].verdict.fate;
        assert_eq!(matches!(fate, Fate::Reject { .. }), expected, "{kind}");
        assert!(
            message.ambiguities().is_empty(),
            "{kind}: {:?}",
            message.ambiguities()
        );
    }
}
