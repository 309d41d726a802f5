//! What `deny.toml` refuses, asked of cargo-deny itself: small workspaces of one dependency, which
//! differ only in what is wrong with it. Skipped, and said so, where cargo-deny is not installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use end_to_end::place;

/// Whether our file lets a workspace pass that depends on a crate of this name and licence; and
/// what cargo-deny says.
fn passes(name: &str, licence: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let crates = [
        (
            "ours",
            "Apache-2.0",
            format!("[dependencies]\n{name} = {{ path = \"../{name}\", version = \"0.1.0\" }}\n"),
        ),
        (name, licence, String::new()),
    ];
    let asked = place::project().join("deny.toml");
    fs::copy(asked, folder.path().join("deny.toml")).expect("deny.toml can be copied");
    let members = format!("[workspace]\nresolver = \"3\"\nmembers = [\"ours\", \"{name}\"]\n");
    fs::write(folder.path().join("Cargo.toml"), members).expect("a workspace can be written");
    for (name, licence, dependencies) in crates {
        let package = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             license = \"{licence}\"\n{dependencies}"
        );
        write_crate(&folder.path().join(name), &package);
    }
    let checked = Command::new("cargo")
        .current_dir(folder.path())
        .args(["deny", "--offline", "check"])
        .args(["licenses", "bans", "sources"])
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&checked.stderr) + String::from_utf8_lossy(&checked.stdout);
    (checked.status.success(), said.into_owned())
}

fn write_crate(folder: &Path, package: &str) {
    fs::create_dir_all(folder.join("src")).expect("a folder can be made");
    fs::write(folder.join("Cargo.toml"), package).expect("a package can be written");
    fs::write(folder.join("src/lib.rs"), "").expect("a source can be written");
}

fn is_installed() -> bool {
    let version = Command::new("cargo").args(["deny", "--version"]).output();
    let installed = version.is_ok_and(|output| output.status.success());
    if !installed {
        println!("cargo-deny is not installed; what deny.toml refuses was not tried");
    }
    installed
}

#[test]
fn licences_that_ask_more_than_a_notice_are_refused() {
    if !is_installed() {
        return;
    }
    for licence in [
        "MIT",
        "MIT OR GPL-3.0-only",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        let (passes, said) = passes("harmless", licence);
        assert!(passes, "the control, {licence}:\n{said}");
    }
    for licence in [
        "GPL-3.0-only",
        "LGPL-2.1-or-later",
        "AGPL-3.0-only",
        "MIT AND GPL-2.0-only",
    ] {
        let (passes, said) = passes("harmless", licence);
        assert!(!passes && said.contains("rejected"), "{licence}:\n{said}");
    }
}

#[test]
fn crates_that_are_banned_are_refused() {
    if !is_installed() {
        return;
    }
    for name in ["openssl-sys", "aws-lc-rs", "fancy-regex"] {
        let (passes, said) = passes(name, "MIT");
        assert!(!passes && said.contains("banned"), "{name}:\n{said}");
    }
}
