//! Every message of the corpora is sealed and opens again to the same bytes; what is revoked stays
//! shut, also after a backup was restored (P5).

use std::fs;

use end_to_end::canary::Canary;
use end_to_end::corpus;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter::{self, below_our_block};
use end_to_end::reading::{self, Opener};
use end_to_end::sink::Sink;
use end_to_end::visitor::Visitor;

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";
/// With FORWARD: some letters of the corpora have others of them attached, and a thread that may
/// not be forwarded refuses those.
const SEAL: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = { rights = \"VIEW+EXPORT+REPLY+FORWARD\" } }]\n";

/// Whether `opened` is `raw` below one block of ours.
fn is_same(opened: &[u8], raw: &[u8]) -> bool {
    opened
        .strip_suffix(raw)
        .is_some_and(|block| below_our_block(block).1.is_empty())
}

#[test]
fn every_message_of_the_corpora_opens_to_the_same_bytes() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    let opener = Opener::new(&gateway);
    let samples: Vec<_> = corpus::mail()
        .into_iter()
        .filter(|sample| !sample.raw.contains(&0))
        .collect();
    let (mut by_hand, mut by_viewer, mut complaints) = (0, 0, Vec::new());
    for (number, sample) in samples.iter().enumerate() {
        let name = &sample.name;
        // A mailbox of its own for each, so that no limit on codes is met.
        let to = format!("bob{number}@partner.example");
        let reply = gateway.inside().send(FROM, &[&to], &sample.raw);
        if reply.code != 250 {
            complaints.push(format!("{name}: `{reply}`"));
            continue;
        }
        let link = reading::link(&sink, &to);
        match opener.open(&link) {
            Ok(opened) if is_same(&opened, &sample.raw) => by_hand += 1,
            Ok(_) => complaints.push(format!("{name}: opens to other bytes")),
            Err(why) => complaints.push(format!("{name}: {why}")),
        }
        let mut visitor = Visitor::new(gateway.viewer);
        let page = reading::read(&mut visitor, &sink, &link, &to);
        if let Some(whole) = page.links("letter.eml").first() {
            match is_same(&visitor.get(whole).body, &sample.raw) {
                true => by_viewer += 1,
                false => complaints.push(format!("{name}: the download has other bytes")),
            }
        }
    }
    println!(
        "sealed {}: {by_hand} open by hand, {by_viewer} whole by the viewer",
        samples.len()
    );
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(by_hand, samples.len());
    // An ambiguous message has no raw download; most of the corpora is not ambiguous.
    assert!(
        by_viewer * 2 >= samples.len(),
        "only {by_viewer} came whole from the viewer"
    );
    assert!(!is_same(
        b"Received: x\r\nSubject: changed\r\n\r\n",
        b"Subject: x\r\n\r\n"
    ));
}

#[test]
fn a_revoked_letter_stays_shut_after_a_restored_backup() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    let raw = letter::plain(FROM, TO, "secret", "the text");
    assert_eq!(gateway.inside().send(FROM, &[TO], &raw).code, 250);
    let link = reading::link(&sink, TO);
    // Kept open over the copying: whoever closes the database last tidies its files away.
    let opener = Opener::new(&gateway);
    assert!(is_same(&opener.open(&link).unwrap(), &raw));

    // A backup of the store: records and blobs, and not the keys database.
    gateway.kill();
    let backup = tempfile::tempdir().unwrap();
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        let copied = std::process::Command::new("cp")
            .arg("-a")
            .arg(from)
            .arg(to)
            .status();
        assert!(copied.unwrap().success());
    };
    for entry in fs::read_dir(gateway.path("data")).unwrap().flatten() {
        if !entry.file_name().to_string_lossy().starts_with("keys.db") {
            copy(&entry.path(), backup.path());
        }
    }
    drop(opener);
    gateway.serve();
    let id = letter_id(&gateway);
    let revoked = gateway
        .command("messages")
        .args(["revoke", &id])
        .output()
        .unwrap();
    assert!(revoked.status.success(), "{revoked:?}");
    let page = Visitor::new(gateway.viewer).get(&link);
    assert!(page.text().contains("withdrawn"), "{}", page.text());

    gateway.kill();
    for entry in fs::read_dir(gateway.path("data")).unwrap().flatten() {
        if !entry.file_name().to_string_lossy().starts_with("keys.db") {
            match entry.path().is_dir() {
                true => fs::remove_dir_all(entry.path()).unwrap(),
                false => fs::remove_file(entry.path()).unwrap(),
            }
        }
    }
    for entry in fs::read_dir(backup.path()).unwrap().flatten() {
        copy(&entry.path(), &gateway.path("data"));
    }
    let shut = Opener::new(&gateway).open(&link);
    assert!(shut.is_err(), "a restored backup opens a revoked letter");
    gateway.serve();
    let mut visitor = Visitor::new(gateway.viewer);
    let page = visitor.get(&link);
    assert!(
        Canary::new("the text of secret")
            .found_in(&page.body)
            .is_empty()
    );
    assert!(
        page.forms().is_empty() || page.status != 200,
        "{}",
        page.text()
    );
}

/// The id of the one letter there is, as the command line lists it.
pub(crate) fn letter_id(gateway: &Gateway) -> String {
    let listed = gateway.command("messages").arg("list").output().unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let text = String::from_utf8(listed.stdout).unwrap();
    let is_id = |word: &&str| word.len() == 22 && !word.contains(['@', '.', ':']);
    let found = text.split_whitespace().find(is_id).map(str::to_owned);
    found.unwrap_or_else(|| panic!("no letter in the list:\n{text}"))
}

#[test]
fn one_link_opens_one_letter_for_one_reader() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    let raw = letter::plain(FROM, TO, "for two", "the text");
    let both = [TO, "eve@partner.example"];
    assert_eq!(gateway.inside().send(FROM, &both, &raw).code, 250);
    let [bob, eve] = both.map(|to| reading::link(&sink, to));
    let opener = Opener::new(&gateway);
    assert!(opener.open(&bob).is_ok() && opener.open(&eve).is_ok());
    // Bob's secret with Eve's grant, and the other way round.
    let (bob_grant, bob_secret) = bob.rsplit_once('/').unwrap();
    let (eve_grant, eve_secret) = eve.rsplit_once('/').unwrap();
    assert!(opener.open(&format!("{bob_grant}/{eve_secret}")).is_err());
    let mut visitor = Visitor::new(gateway.viewer);
    reading::read(&mut visitor, &sink, &bob, TO);
    let crossed = visitor.get(&format!("{eve_grant}/{bob_secret}"));
    let unknown = visitor.get(&format!(
        "http://{}/l/AAAAAAAAAAAAAAAAAAAAAA",
        gateway.viewer
    ));
    assert_eq!((crossed.status, unknown.status), (404, 404));
    assert_eq!(crossed.text(), unknown.text(), "the two are told apart");
    // Each notice names its own recipient's link only, and no notice names the other's.
    for (to, other) in [(both[0], &eve), (both[1], &bob)] {
        for mail in sink.mailbox(to) {
            assert!(
                !String::from_utf8_lossy(&mail.raw).contains(other.rsplit('/').next().unwrap())
            );
        }
    }
}
