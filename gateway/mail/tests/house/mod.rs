//! The labels of a made-up organisation, for the tests of labels.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use mail::label::Mapping;
use mail::{Label, LabelId, Labels};

pub const SITE: &str = "cb46c030-1825-4e81-a295-151c039dbf02";
pub const PUBLIC: &str = "0a0a0a0a-0000-4000-8000-000000000001";
pub const INTERNAL: &str = "0a0a0a0a-0000-4000-8000-000000000002";
pub const CONFIDENTIAL: &str = "2096f6a2-d2f7-48be-b329-b73aaa526e5d";
pub const STAFF: &str = "0a0a0a0a-0000-4000-8000-000000000004";
pub const PARTNERS: &str = "0a0a0a0a-0000-4000-8000-000000000005";
pub const SECRET: &str = "7f1a9f2c-0d5e-4b8a-9c21-6f1f0e4b8a11";

/// Public, Internal, Confidential (with two sublabels) and Secret.
pub fn labels() -> Labels {
    Labels::new(vec![
        label(PUBLIC, "Public", None, 0),
        label(INTERNAL, "Internal", None, 10),
        label(CONFIDENTIAL, "Confidential", None, 20),
        label(STAFF, "Confidential Staff", Some("Confidential"), 21),
        label(PARTNERS, "Confidential Partners", Some("Confidential"), 22),
        label(SECRET, "Secret", None, 30),
    ])
}

pub fn label(id: &str, name: &str, parent: Option<&str>, priority: u32) -> Label {
    Label {
        id: LabelId::parse(id).unwrap(),
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        priority,
        color: None,
        tooltip: None,
        seal_outside: None,
    }
}

pub fn id(text: &str) -> LabelId {
    LabelId::parse(text).unwrap()
}

/// The table in `tests/labels/mapping.txt`.
pub fn mapping() -> Mapping {
    Mapping::parse(include_str!("../labels/mapping.txt"), &labels()).unwrap()
}
