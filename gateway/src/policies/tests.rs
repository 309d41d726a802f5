//! P8: a broken or half-written rules directory never replaces a working one.

use super::*;
use std::fs;

const RULE: &str = "[[rule]]\nname = \"one\"\nthen = [{ prepend_subject = \"[x] \" }]\n";
const OTHER: &str = "[[rule]]\nname = \"two\"\nthen = [{ prepend_subject = \"[y] \" }]\n";

struct Bench {
    directory: tempfile::TempDir,
    policies: Policies,
}

fn bench(files: &[(&str, &str)]) -> Bench {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("a rule file");
    }
    let organisation = Organisation {
        domains: vec!["corp.example".to_owned()],
        ..Organisation::default()
    };
    let path = directory.path().to_owned();
    let policies = Policies::open(path, organisation, Ambiguous::default()).expect("valid rules");
    Bench {
        directory,
        policies,
    }
}

impl Bench {
    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).expect("a rule file");
    }

    fn names(&self) -> usize {
        self.policies.current().policy.rules_count()
    }
}

#[test]
fn a_valid_change_goes_live_and_counts_a_generation() {
    let bench = bench(&[("10.toml", RULE)]);
    bench.write("20.toml", OTHER);
    assert!(matches!(
        bench.policies.reload(Trigger::Change),
        Reload::Live { .. }
    ));
    assert_eq!((bench.names(), bench.policies.current().generation), (2, 2));
    assert!(matches!(
        bench.policies.reload(Trigger::Change),
        Reload::Unchanged
    ));
}

#[test]
fn a_mistake_keeps_the_old_set_and_says_where() {
    let bench = bench(&[("10.toml", RULE)]);
    bench.write(
        "10.toml",
        "[[rule]]\nname = \"one\"\nthen = [{ prepend_sbject = \"x\" }]\n",
    );
    let Reload::Kept(refusal) = bench.policies.reload(Trigger::Operator) else {
        panic!("a broken set went live");
    };
    assert!(refusal.to_string().contains("10.toml"), "{refusal}");
    assert_eq!(bench.names(), 1);
}

#[test]
fn a_file_cut_before_it_is_written_again_does_not_switch_rules_off() {
    let bench = bench(&[("10.toml", RULE)]);
    bench.write("10.toml", "");
    let kept = bench.policies.reload(Trigger::Change);
    assert!(matches!(kept, Reload::Kept(Refusal::LostRules)), "{kept:?}");
    assert_eq!(bench.names(), 1);
    // An operator who means it is believed: the control for the test above.
    assert!(matches!(
        bench.policies.reload(Trigger::Operator),
        Reload::Live { .. }
    ));
    assert_eq!(bench.names(), 0);
}

#[test]
fn one_file_of_several_that_is_cut_does_not_switch_its_rules_off() {
    let bench = bench(&[("10.toml", RULE), ("20.toml", OTHER)]);
    for cut in ["", "# nothing but a remark\n"] {
        bench.write("20.toml", cut);
        let kept = bench.policies.reload(Trigger::Change);
        let Reload::Kept(refusal @ Refusal::EmptiedFile(_)) = kept else {
            panic!("{cut:?}: {kept:?}");
        };
        assert!(refusal.to_string().contains("`20.toml`"), "{refusal}");
        assert_eq!(bench.names(), 2);
    }
    let Reload::Live { gone, .. } = bench.policies.reload(Trigger::Operator) else {
        panic!("an operator was not believed");
    };
    assert_eq!((gone, bench.names()), (vec!["two".to_owned()], 1));
}

#[test]
fn rules_that_move_to_another_file_are_not_lost() {
    let bench = bench(&[("10.toml", RULE), ("20.toml", OTHER)]);
    bench.write("10.toml", &format!("{RULE}{OTHER}"));
    bench.write("20.toml", "");
    let Reload::Live { gone, .. } = bench.policies.reload(Trigger::Change) else {
        panic!("a move was refused");
    };
    assert!(gone.is_empty(), "{gone:?}");
    assert_eq!(bench.names(), 2);
}

#[test]
fn a_file_of_people_that_is_cut_does_not_switch_rules_about_them_off() {
    const PEOPLE: &str = "[[person]]\naddress = \"ann@corp.example\"\ntitle = \"Head\"\n";
    let bench = bench(&[("10.toml", RULE), ("20.toml", PEOPLE)]);
    bench.write("20.toml", "# nothing but a remark\n");
    let kept = bench.policies.reload(Trigger::Change);
    let Reload::Kept(refusal @ Refusal::EmptiedFile(_)) = kept else {
        panic!("{kept:?}");
    };
    assert!(refusal.to_string().contains("`20.toml`"), "{refusal}");
    // The controls: they move, somebody leaves, an operator means it.
    bench.write("10.toml", &format!("{RULE}{PEOPLE}"));
    let moved = bench.policies.reload(Trigger::Change);
    assert!(matches!(moved, Reload::Live { .. }), "{moved:?}");
    bench.write(
        "10.toml",
        &format!("{RULE}{}", PEOPLE.replace("ann", "bob")),
    );
    let left = bench.policies.reload(Trigger::Change);
    assert!(matches!(left, Reload::Live { .. }), "{left:?}");
    bench.write("10.toml", RULE);
    let emptied = bench.policies.reload(Trigger::Operator);
    assert!(matches!(emptied, Reload::Live { .. }), "{emptied:?}");
}

#[test]
fn a_rule_that_is_gone_is_named() {
    let bench = bench(&[("10.toml", &format!("{RULE}{OTHER}"))]);
    bench.write("10.toml", OTHER);
    let Reload::Live { gone, .. } = bench.policies.reload(Trigger::Change) else {
        panic!("one rule less was refused");
    };
    assert_eq!(gone, ["one"]);
    // The control: a rule that changes and keeps its name is not gone.
    bench.write("10.toml", &OTHER.replace("[y]", "[z]"));
    let Reload::Live { gone, .. } = bench.policies.reload(Trigger::Change) else {
        panic!("a changed rule was refused");
    };
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn a_lost_file_needs_an_operator() {
    let bench = bench(&[("10.toml", RULE), ("20.toml", OTHER)]);
    fs::remove_file(bench.directory.path().join("20.toml")).expect("a rule file");
    let kept = bench.policies.reload(Trigger::Change);
    assert!(
        matches!(kept, Reload::Kept(Refusal::LostFile(_))),
        "{kept:?}"
    );
    assert!(matches!(
        bench.policies.reload(Trigger::Operator),
        Reload::Live { .. }
    ));
}

#[test]
fn a_lost_directory_keeps_the_old_set_and_refuses_to_start() {
    let bench = bench(&[("10.toml", RULE)]);
    let path = bench.directory.path().to_owned();
    fs::remove_dir_all(&path).expect("the directory");
    let kept = bench.policies.reload(Trigger::Operator);
    assert!(
        matches!(kept, Reload::Kept(Refusal::Directory(_))),
        "{kept:?}"
    );
    assert_eq!(bench.names(), 1);
    let again = Policies::open(path, Organisation::default(), Ambiguous::default());
    assert!(matches!(again, Err(Refusal::Directory(_))));
}

#[test]
fn hidden_files_and_others_are_no_rules() {
    let bench = bench(&[("10.toml", RULE), (".10.toml.swp", "x"), ("notes.txt", "x")]);
    bench.write(".hidden.toml", "not toml at all [");
    assert!(matches!(
        bench.policies.reload(Trigger::Operator),
        Reload::Unchanged
    ));
}

#[test]
fn files_are_read_in_byte_order_of_their_names() {
    let bench = bench(&[("b.toml", OTHER), ("B.toml", RULE)]);
    let files = &bench.policies.current().files;
    assert_eq!(
        files.iter().map(|file| &*file.name).collect::<Vec<_>>(),
        ["B.toml", "b.toml"]
    );
}

#[test]
fn an_oversized_file_is_refused() {
    let bench = bench(&[("10.toml", RULE)]);
    let size = usize::try_from(directory::RULE_FILE_BYTES_MAX).expect("a size") + 1;
    bench.write("20.toml", &"#".repeat(size));
    let kept = bench.policies.reload(Trigger::Operator);
    let expected = matches!(
        kept,
        Reload::Kept(Refusal::Directory(DirectoryError::TooLarge(_)))
    );
    assert!(expected, "{kept:?}");
}
