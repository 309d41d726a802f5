//! P4: words from every part of a sealed letter, in every form mail writes them, are nowhere: not
//! at the next hop, not in the data directory, not in logs or temporary files, while it is sealed,
//! refused, retried, read, answered and revoked. Codes and links are in no file at all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use end_to_end::canary::Canary;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading::{ask_code, form};
use end_to_end::sink::{Answer, Sink, Stage};
use end_to_end::visitor::Visitor;

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";
const SEAL: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\", \
    attachment_extension = [\"bin\"] }\nthen = [{ seal = { rights = \"VIEW+EXPORT+REPLY\" } }]\n";

/// The words, one for each place of the letter.
const WORDS: [&str; 7] = [
    "canary=plain body söhne",
    "canary html & body grüße",
    "canary-quoted=printable-ähre",
    "canary in base64 attachment",
    "canary-file-name-öffnung",
    "canary in an unusual header",
    "canary nested in a message",
];
/// In the notice the subject may stand; on disk it may not.
const SUBJECT: &str = "canary of the subject line";

fn letter_with_canaries() -> Vec<u8> {
    let quoted = WORDS[2].replace('=', "=3D").replace('ä', "=C3=A4");
    let base64 = STANDARD.encode(format!("before {} after", WORDS[3]));
    let name = WORDS[4].replace('ö', "%C3%B6");
    format!(
        "From: Ann <{FROM}>\r\nTo: {TO}\r\nSubject: {SUBJECT}\r\n\
         Message-ID: <canary@corp.example>\r\n\
         Date: Thu, 3 Dec 2026 14:05:00 +0000\r\nX-Unusual: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
         --a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {}\r\n--a\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n<p>{}</p>\r\n--a--\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Disposition: attachment; filename=a.txt\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n{quoted}\r\n\
         --b\r\nContent-Type: application/octet-stream\r\n\
         Content-Disposition: attachment; filename*=utf-8''{name}.bin\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{base64}\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\n{}\r\n--b--\r\n",
        WORDS[5], WORDS[0], WORDS[1], WORDS[6],
    )
    .into_bytes()
}

/// Every place where one of `canaries` turns up.
fn sightings(sink: &Sink, gateway: &Gateway, canaries: &[Canary]) -> Vec<String> {
    let mut found = Vec::new();
    for canary in canaries {
        for mail in sink.all() {
            for form in canary.found_in(&mail.wire) {
                found.push(format!(
                    "next hop, for {:?}: {} as {form}",
                    mail.recipients,
                    canary.word()
                ));
            }
        }
        found.extend(canary.found_below(gateway.folder()));
    }
    found
}

fn canaries() -> Vec<Canary> {
    WORDS.iter().map(|word| Canary::new(word)).collect()
}

#[test]
fn nothing_of_a_sealed_letter_is_written_down() {
    // A next hop that first refuses and repeats what it was sent, as some do.
    let sink = Sink::scripted(|stage| match stage {
        Stage::End { raw, .. } => match letter::link(raw) {
            Some(link) => Answer::Say(format!("451 4.7.1 looks odd: {link}").leak()),
            None => Answer::Accept,
        },
        _ => Answer::Accept,
    });
    let mut site = Site::new(sink.address(), SEAL);
    site.environment.push(("RUST_LOG", "trace".to_owned()));
    let mut gateway = Gateway::start(&site);
    let raw = letter_with_canaries();
    assert_eq!(gateway.inside().send(FROM, &[TO], &raw).code, 451);
    sink.rescript(|_| Answer::Accept);
    let reply = gateway.inside().send(FROM, &[TO], &raw);
    assert_eq!(reply.code, 250, "{reply}");

    let link = end_to_end::reading::link(&sink, TO);
    let mut visitor = Visitor::new(gateway.viewer);
    let door = visitor.get(&link);
    let (page, code) = ask_code(&mut visitor, &sink, &door, TO);
    let page = visitor.submit(&form(&page, "/open"), &[("code", &code)]);
    assert!(page.text().contains(SUBJECT), "{}", page.text());
    let attachments = page.links("/attachment/");
    assert!(attachments.len() >= 2, "{attachments:?}");
    for attachment in attachments.iter().chain(&page.links("letter.eml")) {
        assert_eq!(visitor.get(attachment).status, 200);
    }
    gateway.kill();

    assert_eq!(sightings(&sink, &gateway, &canaries()), [""; 0]);
    let on_disk = |word: &str| Canary::new(word).found_below(gateway.folder());
    assert_eq!(on_disk(SUBJECT), [""; 0], "the subject is on disk");
    assert_eq!(
        on_disk(link.rsplit('/').next().unwrap()),
        [""; 0],
        "the link is on disk"
    );
    let log = gateway.log();
    assert!(
        !log.is_empty() && !log.contains(&code),
        "the code is in the log"
    );
    assert_eq!(on_disk(&format!("passcode {code}")), [""; 0]);
}

#[test]
fn a_canary_that_flies_is_seen() {
    let sink = Sink::start();
    // Nothing matches, so the letter passes in clear: every word is seen at the next hop.
    let gateway = Gateway::start(&Site::new(sink.address(), ""));
    assert_eq!(
        gateway
            .inside()
            .send(FROM, &[TO], &letter_with_canaries())
            .code,
        250
    );
    let seen = sightings(&sink, &gateway, &canaries());
    for word in WORDS {
        assert!(
            seen.iter().any(|each| each.contains(word)),
            "`{word}` flew by unseen: {seen:?}"
        );
    }
    let spilt = STANDARD.encode(format!("{{\"body\":\"{}\"}}", WORDS[1]));
    std::fs::write(gateway.path("data/blobs/spilt"), spilt).unwrap();
    let seen = sightings(&sink, &gateway, &canaries());
    assert!(seen.iter().any(|each| each.contains("spilt")), "{seen:?}");
}
