//! Where things are: the project, the build, the binary under test. It never builds in release.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The root of the project, where the workspace's `Cargo.toml` stands.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ stands inside the project")
}

/// The directory cargo builds into, found from the running test.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let built = test
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists());
    built.map_or_else(|| project().join("target"), Path::to_path_buf)
}

/// The `sealgate` binary under test: `$SEALGATE`; or, for a release build such as the bench, the
/// one beside it; or else built now from the sources.
pub fn sealgate() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("SEALGATE") {
        Some(path) => PathBuf::from(path),
        None => beside().unwrap_or_else(build),
    })
}

/// The binary in the same release folder as the running program.
fn beside() -> Option<PathBuf> {
    let folder = std::env::current_exe().ok()?.parent()?.to_path_buf();
    let binary = folder.join("sealgate");
    (folder.ends_with("release") && binary.exists()).then_some(binary)
}

fn build() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--package",
            "gateway",
            "--bin",
            "sealgate",
        ])
        .arg("--target-dir")
        .arg(target())
        .current_dir(project())
        .status()
        .expect("cargo starts");
    assert!(status.success(), "sealgate does not build");
    target().join("debug/sealgate")
}
