//! The labels of a message, read from its top header.
//!
//! It never reads the header of a part or of a message inside: a nested label is not this message's.

use super::msip::{HEADER, MsipLabel, MsipLabels};
use super::{Foreign, Labels, Reading};
use crate::message::Message;

const ATTRIBUTE_PREFIX: &[u8] = b"msip_label_";

/// Reads what the top header says about labels of the `msip` family.
pub(super) fn read(message: &Message<'_>, site: Option<&str>, labels: &Labels) -> Reading {
    let mut reading = Reading::default();
    let found = gather(message);
    if found.overflowed() {
        reading
            .conflicts
            .push("too many labels to read all of them".to_owned());
    }
    let site = site.map(str::to_ascii_lowercase);
    for label in found.iter().filter(|label| label.in_effect()) {
        if label.contradicts {
            reading
                .conflicts
                .push(format!("label {} is described in two ways", label.id));
        }
        if is_own(label, site.as_deref()) && labels.get(&label.id).is_some() {
            take_own(&mut reading, label, labels);
        } else {
            reading.foreign.push(Foreign {
                id: label.id.clone(),
                site: label.site().map(str::to_owned),
                name: label.name.clone(),
            });
        }
    }
    reading
}

/// Every pair of the header: those of `msip_labels`, however many fields there are, and those that
/// stand in a field of their own.
fn gather(message: &Message<'_>) -> MsipLabels {
    let mut found = MsipLabels::default();
    for field in message.fields() {
        let name = &message.raw()[field.name.clone()];
        // RFC 5322 §4.5.8 lets blanks stand before the colon; no writer of labels does that, and
        // readers differ about it, so it is no label.
        if message.raw().get(field.name.end) != Some(&b':') {
            continue;
        }
        if name.eq_ignore_ascii_case(HEADER.as_bytes()) {
            found.read_pairs(&unfold(message.field_value(field)));
        } else if name.len() > ATTRIBUTE_PREFIX.len()
            && name[..ATTRIBUTE_PREFIX.len()].eq_ignore_ascii_case(ATTRIBUTE_PREFIX)
        {
            found.add(
                message.field_name(field),
                &unfold(message.field_value(field)),
            );
        }
    }
    found
}

/// RFC 5322 §2.2.3: unfolding removes the line break and nothing else. A key in an encoded word is
/// no key, so nothing is decoded; bytes that are not UTF-8 can only stand in a name.
fn unfold(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect()
}

/// A label is ours when its site is. One that names no site counts as ours by its GUID alone: that
/// is the stricter reading, since a GUID of ours is nobody else's.
fn is_own(label: &MsipLabel, site: Option<&str>) -> bool {
    match site {
        Some(site) if !label.sites.is_empty() => label.sites.iter().any(|other| other == site),
        _ => true,
    }
}

fn take_own(reading: &mut Reading, label: &MsipLabel, labels: &Labels) {
    let own = match reading.own.take() {
        Some(present) => {
            reading
                .conflicts
                .push(format!("labels {present} and {} both stand", label.id));
            labels.higher(&present, &label.id).clone()
        }
        None => label.id.clone(),
    };
    reading.own = Some(own);
}
