//! `sealgate explain … | head`: a command whose reader went away ends without a word, as the
//! system's own tools do. With a reader it says something and ends as it should.

use std::io::pipe;
use std::process::{Command, Stdio};

use super::office::{Office, text};

/// What shells say of a program that SIGPIPE ended.
const PIPE_CLOSED: Option<i32> = Some(141);

const RULES: &str = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
    then = [{ seal = \"encrypt-only\" }]\n\
    [[case]]\nname = \"sealed\"\nmessage = \"m.eml\"\nfrom = \"ann@corp.example\"\n\
    [[case.expect]]\nto = \"bob@x.example\"\noutcome = \"seal\"\n";

/// A pipe that nobody reads any more.
fn closed() -> Stdio {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    writer.into()
}

/// Exit code and standard error of a command whose standard output is a closed pipe.
fn unread(mut command: Command) -> (Option<i32>, String) {
    let output = command.stdout(closed()).output().unwrap();
    (output.status.code(), text(&output.stderr))
}

#[test]
fn every_command_ends_quietly_when_nobody_reads() {
    let office = Office::with_rules(RULES);
    let mail = "From: ann@corp.example\nSubject: x\n\nhello\n";
    office.write("rules/m.eml", mail);
    let commands: [(&str, &[&str]); 6] = [
        ("keys", &["generate", "server.key"]),
        ("check", &[]),
        ("test", &[]),
        (
            "explain",
            &[
                "--from",
                "ann@corp.example",
                "--to",
                "bob@x.example",
                "rules/m.eml",
            ],
        ),
        ("messages", &["purge"]),
        ("demo", &["--once"]),
    ];
    for (verb, arguments) in commands {
        let command = || {
            let mut command = office.command(verb);
            command.args(arguments);
            command
        };
        let said = command().output().unwrap();
        assert!(
            said.status.success() && !said.stdout.is_empty(),
            "{verb}: {said:?}"
        );
        if verb == "keys" {
            std::fs::remove_file(office.path("server.key")).unwrap();
        }
        assert_eq!(unread(command()), (PIPE_CLOSED, String::new()), "{verb}");
    }
    assert!(
        office.path("server.key").exists(),
        "the work itself was not done"
    );
}

#[test]
fn a_closed_standard_error_is_no_panic_either() {
    let office = Office::with_rules("[[rule]]\nname = \"a\"\nwhen = { sendr = \"x\" }\n");
    let told = office.run("check", &[]);
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told.stderr).contains("sendr"), "{told:?}");
    for verb in ["check", "test", "serve"] {
        let unheard = office.command(verb).stderr(closed()).output().unwrap();
        assert_eq!(unheard.status.code(), PIPE_CLOSED, "{verb}: {unheard:?}");
    }
}
