//! What an admin is told who is in a hurry: what is wrong, where, and what to do.

use super::office::{Office, text};

const RULES: &str = "[[label]]\nid = \"2096f6a2-d2f7-48be-b329-b73aaa526e5d\"\nname = \"Secret\"\n\
    priority = 30\n[[rule]]\nname = \"mark\"\nthen = [{ apply_label = \"Secret\" }]\n";
const PEOPLE: [&str; 4] = ["--from", "ann@corp.example", "--to", "bob@x.example"];

/// Fails with code 1 and says these words on standard error, and nothing twice.
#[track_caller]
fn refuses(office: &Office, verb: &str, arguments: &[&str], words: &[&str]) {
    let output = office.run(verb, arguments);
    let said = text(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{verb} {arguments:?}: {said}"
    );
    for words in words {
        assert_eq!(said.matches(words).count(), 1, "`{words}` in: {said}");
    }
    assert!(!said.contains("\n\n\n"), "a hole in: {said}");
}

#[test]
fn what_is_not_there_is_named_with_a_way_out() {
    let office = Office::with_rules(RULES);
    let made = office.run("keys", &["generate", "server.key"]);
    assert!(made.status.success(), "{made:?}");
    let again = ["it is there already, and a server key is never overwritten"];
    refuses(&office, "keys", &["generate", "server.key"], &again);
    std::fs::remove_file(office.path("server.key")).unwrap();
    let key = ["server.key", "it is not there", "sealgate keys generate"];
    refuses(&office, "messages", &["list"], &key);
    refuses(&office, "serve", &[], &key);

    let explain = |rest: &[&'static str]| [&PEOPLE[..], rest].concat();
    refuses(
        &office,
        "explain",
        &explain(&["none.eml"]),
        &["cannot read `none.eml`"],
    );
    refuses(
        &office,
        "explain",
        &explain(&["data"]),
        &["there are no messages in `data`"],
    );
    let label = explain(&["--thread-label", "Secrt", "none.eml"]);
    refuses(
        &office,
        "explain",
        &label,
        &["there is no label `Secrt`; there are `Secret`"],
    );
    let gone = [
        "error: cannot read `gone`",
        "help: name the rules directory",
        "1 mistake",
    ];
    refuses(&office, "check", &["--rules", "gone"], &gone);
}

#[test]
fn mistakes_of_the_configuration_are_counted_and_set_apart() {
    let office = Office::with_rules(RULES);
    let good = office.configuration();
    let other = "[[listen]]\nprotocol = \"smtp\"\naddress = \"127.0.0.1:10025\"\n\
        source = \"outside\"\nallow = [\"127.0.0.0/8\"]\n";
    office.write(
        "sealgate.toml",
        &good.replace("[relay]", &format!("{other}[relay]")),
    );
    let twice = [
        "another listener has this address",
        "give each a port of its own",
        "1 mistake",
    ];
    refuses(&office, "check", &[], &twice);
    let port = good.replace(
        "[relay]",
        &format!("{}[relay]", other.replace("10025", "10024")),
    );
    office.write("sealgate.toml", &port);
    let checked = office.run("check", &[]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    office.write("sealgate.toml", &good.replace("[store]", "[stor]"));
    refuses(
        &office,
        "check",
        &[],
        &["did you mean `store`?", "2 mistakes"],
    );
}

#[test]
fn the_configuration_may_be_named_before_or_behind_the_word() {
    let office = Office::with_rules(RULES);
    assert!(
        office
            .run("keys", &["generate", "server.key"])
            .status
            .success()
    );
    let behind = std::process::Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .args(["messages", "purge", "--config"])
        .arg(office.path("sealgate.toml"))
        .output()
        .unwrap();
    let before = office.run("messages", &["purge"]);
    for output in [before, behind] {
        assert!(output.status.success(), "{output:?}");
        assert!(
            text(&output.stdout).starts_with("purged: 0 letters"),
            "{output:?}"
        );
    }
}
