//! `explain --out`: an admin sees each copy as it would leave, before a rule goes live.

use crate::office::{Office, text};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const RULES: &str = "
[[rule]]
name = 'footer'
when = { recipient = 'outside' }
then = [{ footer = 'Corp Ltd' }]
[[rule]]
name = 'sealed'
when = { recipient = 'cee@x.example' }
then = [{ seal = 'encrypt-only' }]
[[rule]]
name = 'refused'
when = { recipient = 'no@x.example' }
then = [{ reject = 'no' }]
";
const LETTER: &str = "From: ann@corp.example\nSubject: x\n\nhello\n";
const PEOPLE: [&str; 10] = [
    "--from",
    "ann@corp.example",
    "--to",
    "bob@corp.example",
    "--to",
    "dan@x.example",
    "--to",
    "cee@x.example",
    "--to",
    "no@x.example",
];

#[test]
fn each_copy_stands_in_a_file_as_it_would_leave() {
    let office = Office::with_rules(RULES);
    office.write("letter.eml", LETTER);
    let explain = |more: &[&str]| {
        let out = ["--out", "copies"];
        office.run("explain", &[&PEOPLE[..], &out, more].concat())
    };
    let told = explain(&["letter.eml"]);
    assert!(told.status.success(), "{told:?}");
    let said = text(&told.stdout);
    for line in [
        "written copies/letter.1.eml: bob@corp.example",
        "written copies/letter.2.eml: dan@x.example",
        "written copies/letter.3.eml, to be sealed: cee@x.example",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let copy = |name: &str| text(&fs::read(office.path("copies").join(name)).unwrap());
    let came = LETTER.replace('\n', "\r\n");
    assert_eq!(copy("letter.1.eml"), came, "inside nothing changes");
    assert_eq!(copy("letter.2.eml"), format!("{came}\r\nCorp Ltd\r\n"));
    assert_eq!(copy("letter.3.eml"), copy("letter.2.eml"));
    let mode = fs::metadata(office.path("copies/letter.1.eml")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o077, 0, "nobody else reads it");
    let files = fs::read_dir(office.path("copies")).unwrap();
    assert_eq!(files.count(), 3, "nothing is written of a refused copy");

    // What stands there already is not written over.
    let again = explain(&["letter.eml"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("`copies` is not empty"));
}

#[test]
fn letters_of_one_name_get_files_of_their_own() {
    let office = Office::with_rules(RULES);
    for folder in ["mail", "mail/a", "mail/b"] {
        fs::create_dir(office.path(folder)).unwrap();
    }
    office.write("mail/a/letter.eml", LETTER);
    office.write("mail/b/letter.eml", LETTER);
    let more = ["--out", "copies", "--format", "json", "mail"];
    let told = office.run("explain", &[&PEOPLE[..4], &more].concat());
    assert!(told.status.success(), "{told:?}");
    let files: Vec<String> = text(&told.stdout)
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let [copy] = line["written"].as_array().unwrap().as_slice() else {
                panic!("one copy: {line}");
            };
            assert_eq!(copy["recipients"], serde_json::json!(["bob@corp.example"]));
            assert_eq!(copy["sealed"], false);
            copy["file"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(files, ["copies/letter.1.eml", "copies/letter.2.eml"]);
    // The control: without --out nothing is written, and nothing is said of it.
    let plain = office.run("explain", &[&PEOPLE[..4], &more[2..]].concat());
    assert!(!text(&plain.stdout).contains("written"), "{plain:?}");
}
