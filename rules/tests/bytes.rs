//! What an explanation says of a copy's bytes: on mail that cannot be marked, is signed by a
//! domain, or cannot be edited at all. Each says something else of ordinary mail.

mod support;

use mail::Message;
use rules::{BytesState, Explanation, Facts, Source};
use serde_json::json;
use support::{envelope, load_text, now};

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
