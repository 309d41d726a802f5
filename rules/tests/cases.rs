//! Runs every case: `cases/shipped` against the shipped policy, each file of `cases/language`
//! as a set of its own.

mod support;

use std::path::{Path, PathBuf};

use rules::cases::{CaseMail, run_case};
use rules::{Policy, RuleFile};
use support::{files_in, load, read_text};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("cases")
        .join(name)
}

/// Runs the cases of one set and returns how many there were; failures are collected.
fn run(policy: &Policy, folder: &Path, failures: &mut Vec<String>) -> usize {
    for case in policy.cases() {
        let raw = match &case.mail {
            CaseMail::Text(text) => text.clone().into_bytes(),
            CaseMail::File(name) => with_crlf(&std::fs::read(folder.join(name)).unwrap()),
        };
        if let Err(failure) = run_case(policy, case, &raw) {
            failures.push(failure.to_string());
        }
    }
    policy.cases().len()
}

/// Mail files are kept with LF, as editors write them.
fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    for (at, byte) in raw.iter().enumerate() {
        if *byte == b'\n' && (at == 0 || raw[at - 1] != b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

#[test]
fn the_shipped_policy_decides_as_its_cases_say() {
    let folder = folder("shipped");
    let mut files = rules::shipped();
    files.extend(files_in(&folder, "toml").iter().map(|path| RuleFile {
        name: format!("cases/{}", path.file_name().unwrap().to_string_lossy()),
        text: read_text(path),
    }));
    let loaded = load(&files);
    let mut failures = Vec::new();
    let count = run(&loaded.policy, &folder, &mut failures);
    assert!(
        failures.is_empty(),
        "{} of {count}:\n\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count >= 20, "only {count} cases ran");
    assert_eq!(loaded.advice, [], "the shipped policy needs no advice");
}

#[test]
fn the_language_means_what_its_cases_say() {
    let folder = folder("language");
    let mut failures = Vec::new();
    let mut count = 0;
    for path in files_in(&folder, "toml") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let loaded = load(&[RuleFile {
            name,
            text: read_text(&path),
        }]);
        let ran = run(&loaded.policy, &folder, &mut failures);
        assert!(ran > 0, "{} has no case", path.display());
        count += ran;
    }
    assert!(
        failures.is_empty(),
        "{} of {count}:\n\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count >= 80, "only {count} cases ran");
}

/// The negative control: a case that is wrong fails, and says how.
#[test]
fn a_wrong_case_fails() {
    let text = "
        [[rule]]
        name = 'stop it'
        when = { subject_contains = 'secret' }
        then = [{ reject = 'no' }]
        [[case]]
        name = 'wrong in every way'
        text = '''Subject: secret

x
'''
        from = 'ann@corp.example'
        notified = ['ciso@corp.example']
        expect = [
          { to = 'bob@x.example', outcome = 'deliver', label = 'L', rights = 'VIEW', code = '5.6.0',
            subject = 'other', contains = 'y', because = [], not_because = 'stop it' },
        ]
    ";
    let loaded = load(&[RuleFile {
        name: "wrong.toml".into(),
        text: text.into(),
    }]);
    let mut failures = Vec::new();
    run(&loaded.policy, Path::new("."), &mut failures);
    let [failure] = failures.as_slice() else {
        panic!("it passed")
    };
    for part in [
        "wrong.toml:6: wrong in every way",
        "bob@x.example: outcome should be deliver and is reject",
        "bob@x.example: label should be L and is none",
        "bob@x.example: rights should be VIEW and is none",
        "bob@x.example: code should be 5.6.0 and is 5.7.1",
        "bob@x.example: subject should be other and is secret",
        "bob@x.example: the body does not hold `y`",
        "bob@x.example: because should be [] and is [\"stop it\"]",
        "bob@x.example: `stop it` took effect and should not",
        "notified should be [\"ciso@corp.example\"] and is []",
        "fired    \"stop it\" (wrong.toml:2)",
    ] {
        assert!(failure.contains(part), "no `{part}` in:\n{failure}");
    }
}
