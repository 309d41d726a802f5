//! What `sealgate explain` says of a copy's bytes is what the next hop gets, on mail that can be
//! marked and on mail that must not be. A relay that marks nothing must be caught.

use std::fs;
use std::net::SocketAddr;

use end_to_end::gateway::{Gateway, Site};
use end_to_end::hop::{Hop, Sin, Sloppy};
use end_to_end::letter;
use end_to_end::sender::Sender;
use end_to_end::sink::Sink;

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const FOOTER: &str = "Corp may read this";

fn rule(fallback: &str) -> String {
    format!(
        "[[rule]]\nname = \"mark\"\nthen = [{{ footer = {{ text = \"{FOOTER}\", \
         html = \"<p>{FOOTER}</p>\", fallback = \"{fallback}\" }} }}]\n"
    )
}

/// Ordinary, DKIM-signed, S/MIME-signed, S/MIME-encrypted, inline PGP.
fn mails() -> Vec<Vec<u8>> {
    let plain = letter::plain(ANN, BOB, "explained", "hello");
    let with = |fields: &str, body: &str| {
        let head = format!("From: {ANN}\r\nTo: {BOB}\r\nSubject: explained\r\n");
        format!("{head}MIME-Version: 1.0\r\n{fields}\r\n{body}").into_bytes()
    };
    let dkim = "DKIM-Signature: v=1; d=list.example; s=a; h=from; bh=x; b=y\r\n";
    let signed = "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\n\
        Content-Type: application/pkcs7-signature\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";
    let smime = "application/pkcs7-mime; smime-type=enveloped-data";
    let pgp = "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n";
    vec![
        plain.clone(),
        [dkim.as_bytes(), &plain].concat(),
        with(
            "Content-Type: multipart/signed; boundary=b; micalg=sha-256;\r\n\
             \tprotocol=\"application/pkcs7-signature\"\r\n",
            signed,
        ),
        with(
            &format!("Content-Type: {smime}\r\nContent-Transfer-Encoding: base64\r\n"),
            "AAAA\r\n",
        ),
        with("", pgp),
    ]
}

/// The `bytes` of the only copy.
fn explained(gateway: &Gateway, raw: &[u8]) -> serde_json::Value {
    fs::write(gateway.path("m.eml"), raw).unwrap();
    let mut command = gateway.command("explain");
    command.args(["--from", ANN, "--to", BOB, "--format", "json"]);
    let output = command.arg(gateway.path("m.eml")).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    told["copies"][0]["bytes"].clone()
}

/// Sends through a hop; what arrived that was not as explained.
fn differs(entrance: SocketAddr, sink: &Sink, raw: &[u8], told: &serde_json::Value) -> Vec<String> {
    sink.clear();
    let sent = Sender::connect(entrance).unwrap().send(ANN, &[BOB], raw);
    assert_eq!(sent.code, 250, "{sent}");
    let got = sink.wait_for(BOB, 1).remove(0).raw;
    let text = String::from_utf8_lossy(&got);
    let state = told["state"].as_str().unwrap();
    let asked = [
        ("came whole", got.ends_with(raw), state == "as-came"),
        (
            "bears the footer",
            text.contains(FOOTER),
            state != "as-came",
        ),
        (
            "is wrapped",
            text.contains("original.eml"),
            state == "wrapped",
        ),
    ];
    let wrong = asked.iter().filter(|(_, is, told)| is != told);
    wrong
        .map(|(what, is, _)| format!("{what}: {is}, but {told}"))
        .collect()
}

#[test]
fn what_is_explained_is_what_arrives() {
    let sink = Sink::start();
    let mut states = Vec::new();
    for fallback in ["leave", "wrap"] {
        let gateway = Gateway::start(&Site::new(sink.address(), &rule(fallback)));
        for raw in mails() {
            let told = explained(&gateway, &raw);
            let wrong = differs(gateway.inside, &sink, &raw, &told);
            assert!(
                wrong.is_empty(),
                "{wrong:?}\n{}",
                String::from_utf8_lossy(&raw)
            );
            for (field, name) in [("unmarked", "unmarked"), ("dkim_broken", "dkim_broken")] {
                let words = told[field].as_array().unwrap().iter();
                let words: Vec<&str> = words.map(|word| word.as_str().unwrap()).collect();
                let line = gateway.log();
                let line = line.lines().rfind(|line| line.contains("action=")).unwrap();
                let said = format!("{name}=\"{}\"", words.join(","));
                assert_eq!(line.contains(&said), !words.is_empty(), "{said}: {line}");
            }
            states.push(told["state"].as_str().unwrap().to_owned());
        }
    }
    let left = ["edited", "edited", "as-came", "as-came", "as-came"];
    let wrapped = ["edited", "edited", "wrapped", "wrapped", "wrapped"];
    assert_eq!(states, [left, wrapped].concat());
}

#[test]
fn a_relay_that_marks_nothing_is_seen() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), &rule("wrap")));
    let relay = Sloppy::start(sink.address(), Sin::Tidies);
    for raw in mails() {
        let told = explained(&gateway, &raw);
        let wrong = differs(relay.entrance(), &sink, &raw, &told);
        assert!(!wrong.is_empty(), "not seen: {told}");
    }
}
