//! The information dictionary of a PDF (ISO 32000-1 §14.3.3), with label or without.
//!
//! It never changes an entry of anybody else: they stay as they are written.

use mail::label::msip;

use super::objects::Object;
use crate::Reason;
use crate::labelling::{NewLabel, Tenant};
use crate::labels::{DocumentLabel, from_properties};
use crate::pdf::value;

/// The dictionary with this label in the place of the tenant's own, or without.
///
/// # Errors
/// [`Reason::Unsupported`] for a label whose words stand elsewhere.
pub(super) fn changed(
    object: Option<&Object<'_>>,
    tenant: &Tenant<'_>,
    label: Option<&NewLabel<'_>>,
) -> Result<Vec<u8>, Reason> {
    let Some(object) = object else {
        let new = label.map(|label| markup(tenant, label)).unwrap_or_default();
        return Ok([b"<<", new.as_bytes(), b">>"].concat());
    };
    let pairs = attributes(object)?;
    let own = tenant.own_among(pairs.iter().map(|(_, name, text)| (*name, &**text)), label);
    let is_own = |name: &str| msip::key_id(name).is_some_and(|id| own.contains(&id));
    let mut out = Vec::with_capacity(object.written().len() + 1024);
    let mut from = object.dictionary.whole.start;
    for (at, name, _) in &pairs {
        if is_own(name) {
            let gone = &object.dictionary.entries[*at].whole;
            out.extend_from_slice(&object.text[from..gone.start]);
            from = gone.end;
        }
    }
    // The two brackets at the end come last.
    let end = object.dictionary.whole.end - 2;
    out.extend_from_slice(&object.text[from..end]);
    out.extend(
        label
            .map(|label| markup(tenant, label))
            .unwrap_or_default()
            .bytes(),
    );
    out.extend_from_slice(b">>");
    Ok(out)
}

/// The labels that a dictionary speaks of.
///
/// # Errors
/// As [`changed`]; [`Reason::TooManyEntries`] beyond the limits.
pub(super) fn labels(object: &Object<'_>) -> Result<Vec<DocumentLabel>, Reason> {
    let pairs = attributes(object)?.into_iter();
    let pairs: Vec<_> = pairs
        .map(|(_, name, text)| (name.to_owned(), text))
        .collect();
    from_properties(&pairs)
}

/// The entries that speak of labels: which, under what name, what they say.
fn attributes<'o>(object: &'o Object<'_>) -> Result<Vec<(usize, &'o str, String)>, Reason> {
    let entries = object.dictionary.entries.iter().enumerate();
    let ours = entries.filter(|(_, entry)| msip::is_attribute(&entry.name));
    let read = ours.map(|(at, entry)| {
        let text = value(&object.text[entry.value.clone()]).ok_or(Reason::Unsupported)?;
        Ok((at, entry.name.as_str(), text))
    });
    read.collect()
}

/// One entry for each attribute.
fn markup(tenant: &Tenant<'_>, label: &NewLabel<'_>) -> String {
    let entries = label.pairs(tenant.site).map(|(attribute, text)| {
        let id = label.id;
        format!("/MSIP_Label_{id}_{attribute}{}", text_string(&text))
    });
    entries.concat()
}

/// ISO 32000-1 §7.9.2.2: a text, in brackets where PDFDocEncoding and ASCII are one, or in UTF-16.
fn text_string(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        let mut out = String::from("(");
        for c in text.chars() {
            if matches!(c, '(' | ')' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        return out + ")";
    }
    let units = text.encode_utf16().map(|unit| format!("{unit:04X}"));
    format!("<FEFF{}>", units.collect::<String>())
}
