//! Which crate may lean on which: the drawing of the house as a table. It reads no manifest itself.

/// Our crates in reading order, each with those of ours that it may depend on.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("mail", &[]),
    ("wire", &["mail"]),
    ("documents", &["mail"]),
    ("seal", &["mail"]),
    ("rules", &["mail"]),
    ("store", &["seal", "mail"]),
    ("web-viewer", &["seal", "store", "mail"]),
    (
        "gateway",
        &[
            "mail",
            "wire",
            "documents",
            "seal",
            "store",
            "rules",
            "web-viewer",
        ],
    ),
    (
        "end-to-end",
        &[
            "mail",
            "wire",
            "documents",
            "seal",
            "store",
            "rules",
            "web-viewer",
            "gateway",
        ],
    ),
];

/// The pure crates, each with every foreign crate that it may name in `[dependencies]`.
/// A new one is a
/// design change: it must be usable without files, sockets, clock and system randomness.
pub const PURE: &[(&str, &[&str])] = &[
    (
        "mail",
        &[
            "base64",
            "chrono",
            "chrono-tz",
            "encoding_rs",
            "idna",
            "mail-parser",
            "memchr",
            "thiserror",
        ],
    ),
    ("wire", &["memchr", "thiserror"]),
    ("documents", &["flate2", "memchr", "quick-xml", "zip"]),
    (
        "seal",
        &[
            "aead-stream",
            "aes-gcm",
            "base64",
            "hkdf",
            "hmac",
            "serde",
            "sha2",
            "subtle",
            "thiserror",
            "totp-rs",
            "zeroize",
        ],
    ),
    (
        "rules",
        &[
            "aho-corasick",
            "annotate-snippets",
            "chrono",
            "idna",
            "regex",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "toml",
            "unicode-normalization",
        ],
    ),
];

/// One crate as its manifest has it; dependencies for tests are not counted.
#[derive(Debug, Clone)]
pub struct Crate {
    /// The package's name.
    pub name: String,
    /// Every crate it names in `[dependencies]` or `[build-dependencies]`.
    pub dependencies: Vec<String>,
}

/// Complains of a crate that the table does not know, an arrow it does not draw, and a foreign
/// crate inside a pure one.
pub fn check(house: &[Crate]) -> Vec<String> {
    let mut complaints = Vec::new();
    for each in house {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == each.name) else {
            complaints.push(format!("`{}` is not in the table of arrows", each.name));
            continue;
        };
        let pure = PURE.iter().find(|(name, _)| *name == each.name);
        for dependency in each.dependencies.iter().map(String::as_str) {
            let ours = ARROWS.iter().any(|(name, _)| *name == dependency);
            if ours && !allowed.contains(&dependency) {
                complaints.push(format!("`{}` must not depend on `{dependency}`", each.name));
            }
            if !ours && pure.is_some_and(|(_, list)| !list.contains(&dependency)) {
                complaints.push(format!(
                    "pure crate `{}` must not use `{dependency}`",
                    each.name
                ));
            }
        }
    }
    for (name, _) in ARROWS {
        if !house.iter().any(|each| each.name == *name) {
            complaints.push(format!("`{name}` is in the table but not in the workspace"));
        }
    }
    complaints
}
