//! The operator's hand on sealed letters: what `sealgate messages` says before and after each thing
//! it does, and when it did nothing. Nothing it says opens a letter.

use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::reading;
use end_to_end::sink::Sink;
use end_to_end::visitor::Visitor;

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const SEAL: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = \"encrypt-only\" }]\n";

/// Exit code, and all that was said.
fn messages(gateway: &Gateway, words: &[&str]) -> (Option<i32>, String) {
    let config = gateway.path("sealgate.toml");
    let mut command = std::process::Command::new(end_to_end::place::sealgate());
    command
        .arg("messages")
        .args(words)
        .arg("--config")
        .arg(config);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[track_caller]
fn says(gateway: &Gateway, line: &str, code: i32, wanted: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let (exit, said) = messages(gateway, &words);
    assert_eq!(exit, Some(code), "{words:?}: {said}");
    assert!(
        said.contains(wanted),
        "{words:?} says no `{wanted}`: {said}"
    );
    said
}

/// What ends letters, and what is said of those that have ended.
fn ending(gateway: &Gateway, ids: &[&str], link: &str) {
    for id in ids {
        says(
            gateway,
            &format!("revoke {id}"),
            0,
            "revoked: 1 reader can open it no more",
        );
        says(
            gateway,
            &format!("revoke {id}"),
            0,
            "nothing was changed: it had ended before",
        );
    }
    let page = Visitor::new(gateway.viewer).get(link);
    assert!(page.text().contains("withdrawn"), "{}", page.text());
    says(
        gateway,
        &format!("extend {} 2100-01-01T00:00:00Z", ids[0]),
        1,
        "nothing was changed",
    );
    let ended = says(gateway, "list", 0, "ended");
    assert!(!ended.contains("expires"), "{ended}");
    says(gateway, "purge", 0, "purged: ");
    says(
        gateway,
        "show AAAAAAAAAAAAAAAAAAAAAA",
        1,
        "there is no letter",
    );
    says(gateway, "show nonsense", 1, "sealgate messages list");
}

#[test]
fn each_word_says_what_it_did_and_what_it_did_not() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), SEAL));
    says(&gateway, "list", 0, "no such letters");
    for subject in ["one", "two"] {
        let raw = letter::plain(ANN, BOB, subject, "the text");
        assert_eq!(gateway.inside().send(ANN, &[BOB], &raw).code, 250);
    }
    let link = reading::link(&sink, BOB);
    says(&gateway, "list --limit 1", 0, "the newest 1; --limit");
    let listed = says(&gateway, &format!("list --to {BOB}"), 0, "expires");
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(
        !listed.contains("the text") && !listed.contains("two"),
        "{listed}"
    );
    // Which of the two the newest notice leads to, the order within a second does not say.
    let mut ids: Vec<&str> = listed.lines().map(|line| &line[..22]).collect();
    ids.sort_unstable();

    let id = ids[0];
    says(&gateway, &format!("show {id}"), 0, "open until");
    says(
        &gateway,
        &format!("extend {id} 2001-01-01T00:00:00Z"),
        1,
        "is over",
    );
    says(&gateway, &format!("extend {id} tomorrow"), 1, "is no time");
    says(
        &gateway,
        &format!("extend {id} 2099-01-01T00:00:00Z"),
        0,
        "extended: 1 reader can",
    );
    says(
        &gateway,
        &format!("extend {id} 2098-01-01T00:00:00Z"),
        1,
        "nothing was changed",
    );
    says(
        &gateway,
        &format!("show {id}"),
        0,
        "open until 2099-01-01T00:00:00Z",
    );
    assert_eq!(Visitor::new(gateway.viewer).get(&link).status, 200);
    ending(&gateway, &ids, &link);
}
