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
    let made = office.run("keys", &["generate", "server.key"]);
    assert!(made.status.success(), "{made:?}");
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

/// A file that should not be there, or is not what it is called.
#[test]
fn what_is_no_rule_file_is_named_in_its_place() {
    let latin = b"# one line\n[[rule]]\nname = \"Gr\xfc\xdfe\"\nthen = []\n";
    let office = Office::with_rules(RULES);
    let file = office.path("rules/60-more.toml");
    let words = [
        "this is not UTF-8 text",
        "60-more.toml:3:11\n",
        "help: save it as UTF-8",
        "^",
    ];
    std::fs::write(&file, latin).unwrap();
    refuses(&office, "check", &[], &words);
    std::fs::write(&file, b"\xff\xfe[\0").unwrap();
    refuses(
        &office,
        "check",
        &[],
        &["it is UTF-16", "60-more.toml:1:1\n"],
    );
    std::fs::remove_file(&file).unwrap();

    let no_file = ["60-more.toml` is no file", "call it something else"];
    std::fs::create_dir(&file).unwrap();
    refuses(&office, "check", &[], &no_file);
    std::fs::remove_dir(&file).unwrap();
    // A pipe into which nobody writes: reading it would never end.
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    refuses(&office, "check", &[], &no_file);
    std::fs::remove_file(&file).unwrap();
    let readable = ["rules/60-more.toml`: ", "let it be readable"];
    std::os::unix::fs::symlink("60-more.toml", &file).unwrap();
    refuses(&office, "check", &[], &readable);
    std::fs::remove_file(&file).unwrap();
    // The control: a mark at its start and line ends of Windows are no mistake.
    std::fs::write(&file, b"\xef\xbb\xbf# fine\r\n").unwrap();
    let made = office.run("keys", &["generate", "server.key"]);
    assert!(made.status.success(), "{made:?}");
    let fine = office.run("check", &[]);
    assert!(fine.status.success(), "{fine:?}");
    assert_eq!(
        text(&fine.stdout),
        "ok: 2 files, 1 label, 1 rule, 0 cases\n"
    );
}

#[test]
fn a_key_that_is_named_for_a_configuration_is_not_shown() {
    let office = Office::with_rules(RULES);
    let made = office.run("keys", &["generate", "server.key"]);
    assert!(made.status.success(), "{made:?}");
    let key = std::fs::read_to_string(office.path("server.key")).unwrap();
    let secret = key.split_whitespace().last().unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
    std::fs::write(office.path("tls.key"), pem).unwrap();
    // The control: what is no key is shown, to be mended.
    std::fs::write(office.path("other.toml"), secret).unwrap();
    for (file, shows) in [
        ("server.key", false),
        ("tls.key", false),
        ("other.toml", true),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .args(["check", "--config"])
            .arg(office.path(file))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = [output.stdout, output.stderr].concat();
        assert_eq!(text(&said).contains(secret), shows, "{file}");
    }
}

/// Fails with code 2, as for a wrong argument, and says these words.
#[track_caller]
fn is_misused(office: &Office, verb: &str, arguments: &[&str], words: &str) {
    let output = office.run(verb, arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{verb}: {said}");
    assert!(said.contains(words), "{verb}: {said}");
}

#[test]
fn a_filter_and_an_address_that_fit_nothing_are_wrong_arguments() {
    let case = "[[case]]\nname = \"plain\"\nfrom = \"ann@corp.example\"\n\
        to = [\"bob@x.example\"]\ntext = \"Subject: x\\n\\nx\"\n\
        expect = [{ to = \"bob@x.example\", outcome = \"deliver\" }]\n";
    let office = Office::with_rules(&format!("{RULES}{case}"));
    is_misused(
        &office,
        "test",
        &["plane"],
        "no case has `plane` in its name",
    );
    let bad = [
        "--from",
        "not an address",
        "--to",
        "bob@x.example",
        "none.eml",
    ];
    is_misused(&office, "explain", &bad, "`not an address`");
    // The control: a filter that fits runs what it fits.
    let fits = office.run("test", &["plain"]);
    assert!(text(&fits.stdout).contains("1 passed"), "{fits:?}");
}

#[test]
fn commands_say_what_they_take_to_be_inside() {
    let office = Office::with_rules(RULES);
    std::fs::write(office.path("a.eml"), "Subject: x\r\n\r\nx\r\n").unwrap();
    let bare = |name: &str, more: &[&str]| {
        let rules = office.path("rules").display().to_string();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.arg(name).args(["--rules", &rules]).args(more);
        if name == "explain" {
            command.args(PEOPLE).arg(office.path("a.eml"));
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        text(&output.stderr)
    };
    let assumed = "`corp.example` is taken to be inside";
    for name in ["explain", "check", "test"] {
        if !std::path::Path::new("/etc/sealgate/sealgate.toml").exists() {
            assert!(bare(name, &[]).contains(assumed), "{name}");
        }
        let told = bare(name, &["--domain", "corp.example"]);
        assert!(!told.contains(assumed), "{name}");
    }
}

#[test]
fn check_counts_mistakes_and_not_the_advice_beside_them() {
    const ADVISED: &str = "[[rule]]\nname = 'by'\nthen = [{ footer = '${time.time}' }]\n";
    let office = Office::with_rules(&format!("{ADVISED}[[rule]]\nnmae = 'x'\nthen = []\n"));
    let said = office.run("check", &[]);
    let told = text(&said.stderr);
    assert_eq!(said.status.code(), Some(1), "{told}");
    let graded = |grade| told.lines().filter(|line| line.starts_with(grade)).count();
    let (mistakes, advice) = (graded("error: "), graded("advice: "));
    assert!(mistakes > 0 && advice > 0, "{told}");
    assert!(told.ends_with(&format!("{mistakes} mistakes\n")), "{told}");
}

#[test]
fn check_tries_what_serve_would_refuse() {
    use std::os::unix::fs::PermissionsExt;
    let office = Office::with_rules(RULES);
    refuses(
        &office,
        "check",
        &[],
        &["server.key", "it is not there", "1 mistake"],
    );
    assert!(
        office
            .run("keys", &["generate", "server.key"])
            .status
            .success()
    );
    // The control: nothing else is wrong.
    let ok = office.run("check", &[]);
    assert!(ok.status.success(), "{ok:?}");

    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(office.path("server.key"), mode(0o644)).unwrap();
    refuses(&office, "check", &[], &["mode 644 lets others read it"]);
    // Other rules on this machine are another matter.
    let rules = office.run("check", &["--rules", "rules"]);
    assert!(rules.status.success(), "{rules:?}");
    std::fs::set_permissions(office.path("server.key"), mode(0o600)).unwrap();

    let broken = office
        .configuration()
        .replace("127.0.0.1:10026", "127.0.0.1:10025")
        .replace(
            "[relay]",
            "certificate = \"none.pem\"\nprivate_key = \"none.key\"\n[relay]",
        );
    office.write("sealgate.toml", &broken);
    let words = [
        "certificates from",
        "our own listener 127.0.0.1:10025",
        "2 mistakes",
    ];
    refuses(&office, "check", &[], &words);
}
