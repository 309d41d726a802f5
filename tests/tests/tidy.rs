//! The house rules, held against every file of the project. Each rule is first shown a bad sample:
//! a rule that finds nothing wrong there proves nothing here.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand};
use end_to_end::place::project;
use end_to_end::tidy::{arrows, purity, sizes, text, words};

/// Text files that are not Rust but are read by people.
const TEXT_EXTENSIONS: &[&str] = &[
    "rs", "toml", "md", "sh", "yml", "yaml", "html", "css", "js", "txt", "service", "cf",
];

#[test]
fn arrows_point_as_drawn() {
    let complaints = arrows::check(&house());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_new_arrow_is_seen() {
    let mut house = house();
    let mail = house.iter_mut().find(|each| each.name == "mail").unwrap();
    mail.dependencies
        .extend(["store".to_owned(), "tokio".to_owned()]);
    house.push(arrows::Crate {
        name: "common".to_owned(),
        dependencies: Vec::new(),
    });
    assert_eq!(
        arrows::check(&house),
        [
            "`mail` must not depend on `store`",
            "pure crate `mail` must not use `tokio`",
            "`common` is not in the table of arrows",
        ]
    );
}

#[test]
fn pure_crates_touch_nothing() {
    let mut files_seen = 0;
    let mut complaints = Vec::new();
    for (name, _) in arrows::PURE {
        let source = crate_folder(name).join("src");
        for path in walk(&source).into_iter().filter(|path| is_shipped(path)) {
            files_seen += 1;
            complaints.extend(purity::check(&shown(&path), &read(&path)));
        }
    }
    assert!(
        files_seen >= arrows::PURE.len(),
        "only {files_seen} files were read"
    );
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_touch_is_seen() {
    for bad in [
        "use std::{collections::BTreeMap, fs};",
        "use std::net::*;",
        "use std::env as weather;",
        "fn now() -> std::time::SystemTime { std::time::SystemTime::now() }",
        "use std::time; fn f() { let t = time::Instant::now(); }",
        "fn f() -> String { format!(\"{:?}\", std::process::id()) }",
        "fn f(out: &mut [u8]) { getrandom::fill(out).ok(); }",
        "mod inner { fn f() { println!(\"leak\"); } }",
    ] {
        assert!(!purity::check("bad.rs", bad).is_empty(), "not seen: {bad}");
    }
    for good in [
        "use std::collections::BTreeMap; use std::time::Duration; use core::net::IpAddr;",
        "#[cfg(test)] mod tests { use std::fs; }",
        "fn operand() { let strand = 1; }",
    ] {
        assert_eq!(purity::check("good.rs", good), [""; 0]);
    }
}

#[test]
fn functions_files_and_lines_stay_short() {
    complain_of_sources(sizes::check);
}

#[test]
fn length_is_seen() {
    let body = "    let x = 1;\n".repeat(69);
    assert_eq!(
        sizes::check("a.rs", &format!("fn f() {{\n{body}}}\n")).len(),
        1
    );
    assert_eq!(
        sizes::check("a.rs", &format!("impl A {{ fn f() {{\n{body}}} }}\n")).len(),
        1
    );
    let body = "    let x = 1;\n".repeat(68);
    assert_eq!(
        sizes::check("a.rs", &format!("fn f() {{\n{body}}}\n")).len(),
        0
    );
    assert_eq!(sizes::check("a.rs", &"// x\n".repeat(501)).len(), 1);
    assert_eq!(
        sizes::check("a.rs", &format!("// {}\n", "x".repeat(98))).len(),
        1
    );
}

#[test]
fn sources_are_finished_and_introduced() {
    complain_of_sources(text::check_source);
}

#[test]
fn unfinished_sources_are_seen() {
    let bad = concat!("fn f() { to", "do!() }\n// TO", "DO\n");
    assert_eq!(text::check_source("a.rs", bad).len(), 3);
    assert_eq!(
        text::check_source("a.rs", "//! A good one.\nfn f() {}\n").len(),
        0
    );
}

#[test]
fn unsafe_is_forbidden_everywhere() {
    let workspace = read(&project().join("Cargo.toml"));
    assert!(workspace.contains("unsafe_code = \"forbid\""));
    let mut complaints = Vec::new();
    for (name, _) in arrows::ARROWS {
        let manifest = crate_folder(name).join("Cargo.toml");
        complaints.extend(text::check_manifest(&shown(&manifest), &read(&manifest)));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(
        text::check_manifest("a", "[lints.rust]\nunsafe_code = \"warn\"").len(),
        1
    );
}

#[test]
fn nothing_names_a_machine() {
    let mut complaints = Vec::new();
    for path in walk(project()) {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        if TEXT_EXTENSIONS.contains(&extension) || extension.is_empty() {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            complaints.extend(text::check_any(&shown(&path), &text));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(
        text::check_any("a", concat!("x\ncd /wo", "rk/x\n")).len(),
        1
    );
}

#[test]
fn ci_runs_what_readme_runs() {
    let ci = read(&project().join(".ci/run"));
    let complaints = text::check_ci(&ci, &read(&project().join("README.md")));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(
        text::check_ci("#!/bin/sh\nexec make secret\n", "make test\n").len(),
        1
    );
    assert_eq!(
        text::check_ci("#!/bin/sh\nset -eu\n", "make test\n").len(),
        1
    );
}

#[test]
fn every_condition_and_action_has_a_case() {
    let table = project().join("rules/src/words");
    let listed: Vec<String> = ["conditions.rs", "actions.rs"]
        .iter()
        .flat_map(|name| words::listed(&read(&table.join(name))))
        .collect();
    assert!(listed.len() > 40, "only {} words were read", listed.len());
    let folders = ["rules/cases", "rules/policy"].map(|folder| walk(&project().join(folder)));
    let is_rules = |path: &&PathBuf| path.extension().is_some_and(|e| e == "toml");
    let files: Vec<String> = folders
        .iter()
        .flatten()
        .filter(is_rules)
        .map(|path| read(path))
        .collect();
    let complaints = words::check(&listed, &files);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let unused = ["sender".to_owned(), "end".to_owned()];
    let files = ["when = { sender = \"end\" }".to_owned()];
    assert_eq!(words::check(&unused, &files).len(), 1);
}

fn complain_of_sources(check: fn(&str, &str) -> Vec<String>) {
    let sources: Vec<PathBuf> = walk(project())
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    assert!(
        sources.len() > 20,
        "only {} sources were read",
        sources.len()
    );
    let complaints: Vec<String> = sources
        .iter()
        .flat_map(|path| check(&shown(path), &read(path)))
        .collect();
    assert!(
        complaints.is_empty(),
        "{} complaints\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

/// Our crates as cargo has them, without what only tests use.
fn house() -> Vec<arrows::Crate> {
    let metadata = MetadataCommand::new()
        .manifest_path(project().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .no_deps()
        .exec()
        .unwrap();
    let names = |package: &cargo_metadata::Package| {
        let shipped = package
            .dependencies
            .iter()
            .filter(|d| d.kind != DependencyKind::Development);
        shipped.map(|dependency| dependency.name.clone()).collect()
    };
    let packages = metadata.packages.iter();
    packages
        .map(|package| arrows::Crate {
            name: package.name.to_string(),
            dependencies: names(package),
        })
        .collect()
}

fn crate_folder(name: &str) -> PathBuf {
    let name = if name == "end-to-end" { "tests" } else { name };
    let places = [name.to_owned(), format!("gateway/{name}")];
    let found = places
        .iter()
        .map(|place| project().join(place))
        .find(|path| path.is_dir());
    found.unwrap_or_else(|| panic!("crate `{name}` has no folder"))
}

/// Whether a source file is part of the shipped crate: not `tests.rs`, not below `tests/`.
fn is_shipped(path: &Path) -> bool {
    let is_test = |part: &str| part == "tests" || part == "tests.rs";
    path.extension().is_some_and(|extension| extension == "rs")
        && !path
            .strip_prefix(project())
            .unwrap()
            .iter()
            .any(|part| is_test(&part.to_string_lossy()))
}

/// Every file below, without what cargo, git and an editor put there.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if name == "target" || name == ".git" {
                continue;
            }
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", shown(path)))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(project())
        .unwrap_or(path)
        .display()
        .to_string()
}
