//! One label, written in every scheme that knows it, as edits.
//!
//! It never takes away what another organisation wrote about the message, save where asked to.

use super::epms::{self, ProtectiveMarking};
use super::mapping::{Mapping, Meaning, Places, Scheme};
use super::msip::{self, MsipLabel};
use super::reading::{Reading, STATEMENTS_MAX, Statement, gather, is_own, meanings, unfold};
use super::sio::{self, SioChange, SioLabel};
use super::tlp::{self, Tlp};
use super::{Label, Labels, Method, vendor};
use crate::edit::Edit;
use crate::message::Message;
use crate::time::Timestamp;

/// Bytes of other organisations' pairs that are kept beside ours.
pub const FOREIGN_BYTES_MAX: usize = 8_192;

/// What writing needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// Our organisation's id; without one there is no form in which `msip_labels` could be written.
    pub site: Option<&'a str>,
    /// Our labels.
    pub labels: &'a Labels,
    /// How ours are written in other schemes.
    pub mapping: &'a Mapping,
    /// When the label was set.
    pub set_at: Timestamp,
    /// A fresh GUID for this act.
    pub action_id: &'a str,
    /// Who changed it, for `SIO-Label-History`: our host name.
    pub changed_by: &'a str,
    /// Who first marked it, for `ORIGIN`: the author's address.
    pub origin: Option<&'a str>,
    /// Whether labels of other organisations stay beside ours.
    pub keeps_foreign: bool,
}

impl Writer<'_> {
    /// The edits that put a label on a message, in `msip_labels` and in every scheme of the table.
    pub fn write(&self, message: &Message<'_>, label: &Label, method: Method) -> Vec<Edit> {
        let mut edits = self.fields(message, Some((label, method)));
        edits.extend(self.subject(message, Some(label)));
        edits
    }

    /// The edits that take our label off a message, in every scheme of the table.
    pub fn remove(&self, message: &Message<'_>) -> Vec<Edit> {
        let mut edits = self.fields(message, None);
        edits.extend(self.subject(message, None));
        edits
    }

    /// The same edits without the subject, for a caller who changes that for other reasons too:
    /// see [`Writer::tag_subject`].
    pub fn fields(&self, message: &Message<'_>, label: Option<(&Label, Method)>) -> Vec<Edit> {
        let own = label.zip(self.site).map(|((label, method), site)| {
            msip::value(label, site, self.set_at, self.action_id, method, 0)
        });
        let mut edits = match (label, &own) {
            // What stands there is stale, but nothing truer could take its place.
            (Some(_), None) => Vec::new(),
            (label, _) => self.put_msip(message, label.zip(own)),
        };
        let meanings = self.words_for(message, label.map(|(label, _)| label));
        for scheme in self.mapping.schemes() {
            let meaning = meanings.iter().find(|meaning| meaning.scheme() == scheme);
            self.put(message, &scheme, meaning, &mut edits);
        }
        edits
    }

    /// How the label is said in each scheme: as the message says it already, else as the table
    /// does first.
    fn words_for(&self, message: &Message<'_>, label: Option<&Label>) -> Vec<Meaning> {
        let Some(label) = label else {
            return Vec::new();
        };
        let schemes = self.mapping.schemes();
        let fields = message.fields().iter();
        let mut found: Vec<Meaning> = fields
            .flat_map(|field| meanings(message, field, &schemes))
            .take(STATEMENTS_MAX)
            .filter(|meaning| {
                let meant = self.mapping.labels_of(meaning).into_iter();
                let highest = meant.reduce(|a, b| self.labels.higher(a, b));
                highest == Some(&label.id)
            })
            .collect();
        found.extend(self.mapping.meanings_of(label).into_iter().cloned());
        found
    }

    /// The subject of a message as it must read under this label, or under none.
    pub fn tag_subject(
        &self,
        message: &Message<'_>,
        subject: &str,
        label: Option<&Label>,
    ) -> String {
        let meanings = self.words_for(message, label);
        let mut subject = self.without_others(subject, label);
        if self.mapping.places(&Scheme::Tlp).subject() {
            let tlp = meanings.iter().find_map(|meaning| match meaning {
                Meaning::Tlp(tlp) => Some(*tlp),
                _ => None,
            });
            subject = match tlp {
                Some(tlp) => tlp.tag_subject(&subject),
                None => tlp::untag_subject(&subject),
            };
        }
        if self.mapping.places(&Scheme::ProtectiveMarking).subject() {
            let marking = meanings.iter().find_map(|meaning| match meaning {
                Meaning::ProtectiveMarking(marking) => Some(marking),
                _ => None,
            });
            subject = match marking {
                Some(marking) => marking.tag_subject(&subject),
                None => epms::untag_subject(&subject),
            };
        }
        subject
    }

    /// The subject without the forms of those schemes that are written elsewhere, where one of them
    /// says another label than this: it would be read again as that.
    fn without_others(&self, subject: &str, label: Option<&Label>) -> String {
        let says_other = |meaning: &Meaning| {
            let meant = self.mapping.labels_of(meaning).into_iter();
            let highest = meant.reduce(|a, b| self.labels.higher(a, b));
            highest.is_some() && highest != label.map(|label| &label.id)
        };
        let mut subject = subject.to_owned();
        for scheme in [Scheme::ProtectiveMarking, Scheme::Tlp] {
            let stays = || self.mapping.places(&scheme) == Places::Header;
            if stays() && stated(&subject, &scheme).iter().any(says_other) {
                subject = unlabel_subject(subject, &[scheme]);
            }
        }
        subject
    }

    /// Whether every scheme that would be written says this label already, and none another.
    pub fn is_in_step(&self, reading: &Reading, label: &Label) -> bool {
        let says = |field: &str, of: &Scheme| {
            reading.statements.iter().any(|said| {
                said.field.eq_ignore_ascii_case(field)
                    && said.meaning.scheme() == *of
                    && said.label.as_ref() == Some(&label.id)
            })
        };
        let contradicts = |said: &Statement| {
            let written = match said.meaning.scheme() {
                Scheme::Msip => self.site.is_some(),
                scheme => self.mapping.places(&scheme) != Places::Nowhere && is_written(&scheme),
            };
            written && said.label.as_ref().is_some_and(|other| *other != label.id)
        };
        let stands = |scheme: Scheme| {
            let places = self.mapping.places(&scheme);
            let field = scheme.field().unwrap_or_default();
            !is_written(&scheme)
                || (!places.header() || says(field, &scheme))
                    && (!places.subject() || says("Subject", &scheme))
        };
        let mut meanings = self.mapping.meanings_of(label).into_iter();
        (self.site.is_none() || says(msip::HEADER, &Scheme::Msip))
            && meanings.all(|meaning| stands(meaning.scheme()))
            && !reading.statements.iter().any(contradicts)
    }

    fn subject(&self, message: &Message<'_>, label: Option<&Label>) -> Option<Edit> {
        let before = message.subject();
        let after = self.tag_subject(message, before.as_deref().unwrap_or_default(), label);
        let changed = before.unwrap_or_default() != after;
        changed.then(|| Edit::SetHeader {
            name: "Subject".to_owned(),
            value: after,
        })
    }

    /// Our pairs go; those of other tenants stay, in front of ours.
    fn put_msip(
        &self,
        message: &Message<'_>,
        own: Option<((&Label, Method), String)>,
    ) -> Vec<Edit> {
        let found = gather(message, &mut Vec::new());
        let site = self.site.map(str::to_ascii_lowercase);
        let ours = |label: &MsipLabel| {
            let known = self.labels.get(&label.id).is_some();
            let of_site = site.is_some() && !label.sites.is_empty();
            is_own(label, site.as_deref()) && (known || of_site)
        };
        let ours: Vec<&MsipLabel> = found.iter().filter(|label| ours(label)).collect();
        let is_ours =
            |key: &str| msip::key_id(key).is_some_and(|id| ours.iter().any(|label| label.id == id));
        let wanted = own.as_ref().map(|((label, _), _)| &label.id);
        if let ([stands], Some(wanted)) = (ours.as_slice(), wanted)
            && stands.id == *wanted
            && stands.in_effect()
            && self.keeps_foreign
        {
            return Vec::new();
        }
        let mut kept = String::new();
        let mut edits = Vec::new();
        for field in message.fields() {
            let name = message.field_name(field);
            if name.eq_ignore_ascii_case(msip::HEADER) && self.keeps_foreign {
                keep_pairs(&unfold(message.field_value(field)), is_ours, &mut kept);
            } else if is_ours(name) {
                edits.push(Edit::RemoveHeader {
                    name: name.to_owned(),
                });
            }
        }
        let value = kept + own.as_ref().map_or("", |(_, value)| value);
        let present = message.field(msip::HEADER).is_some();
        match value.trim_end() {
            "" if present => edits.push(remove(msip::HEADER)),
            "" => {}
            value => edits.push(set(msip::HEADER, value.to_owned())),
        }
        edits
    }

    /// Writes one scheme's field, or clears it where the label has no word in that scheme.
    fn put(
        &self,
        message: &Message<'_>,
        scheme: &Scheme,
        meaning: Option<&Meaning>,
        edits: &mut Vec<Edit>,
    ) {
        let Some(field) = scheme.field() else {
            return;
        };
        let places = self.mapping.places(scheme);
        if places == Places::Nowhere || !is_written(scheme) {
            return;
        }
        let meaning = meaning.filter(|_| places.header());
        if *scheme == Scheme::Sio {
            self.record(message, meaning, edits);
        }
        let mut present = message.fields_named(field);
        let stands = match (present.next(), present.next()) {
            (Some(one), None) => meanings(message, one, &self.mapping.schemes()),
            _ => Vec::new(),
        };
        match meaning {
            Some(meaning) if stands == [meaning.clone()] => {}
            Some(meaning) => edits.push(set(field, self.value(message, meaning))),
            None if message.field(field).is_some() => edits.push(remove(field)),
            None => {}
        }
    }

    fn value(&self, message: &Message<'_>, meaning: &Meaning) -> String {
        match meaning {
            Meaning::ProtectiveMarking(marking) => {
                let mut marking = marking.clone();
                // The first marker stays the origin for as long as the letter travels.
                let before = message
                    .field(epms::HEADER)
                    .map(|field| message.field_text(field));
                let before = before.and_then(|text| ProtectiveMarking::parse(&text));
                marking.origin = before
                    .and_then(|before| before.origin)
                    .or_else(|| self.origin.map(str::to_owned));
                marking.to_header()
            }
            Meaning::Sio(label) => label.to_header(),
            Meaning::Tlp(tlp) => tlp.as_str().to_owned(),
            Meaning::Sensitivity(sensitivity) => sensitivity.as_str().to_owned(),
            Meaning::Importance(importance) => importance.as_str().to_owned(),
            Meaning::Header { value, .. } => value.clone(),
            Meaning::Msip(id) => id.to_string(),
        }
    }

    /// RFC 7444 §3: a change of the label is recorded.
    fn record(&self, message: &Message<'_>, after: Option<&Meaning>, edits: &mut Vec<Edit>) {
        let field = message.field(sio::HEADER);
        let before = field.and_then(|field| SioLabel::parse(message.field_value(field)));
        let after = match after {
            Some(Meaning::Sio(label)) => Some(label.clone()),
            _ => None,
        };
        if before == after {
            return;
        }
        let change = SioChange {
            before,
            after,
            changed_by: self.changed_by.to_owned(),
            changed_at: self.set_at,
            comment: None,
        };
        let (name, value) = (sio::HISTORY_HEADER.to_owned(), change.to_header());
        edits.push(Edit::AddHeader { name, value });
    }
}

/// The edits that take every label out of a message that came from outside: `msip_labels` of all
/// tenants, the standard fields, the fields the table names, and what the table can read in a
/// subject.
pub fn removal(message: &Message<'_>, mapping: &Mapping) -> Vec<Edit> {
    let mut edits = field_removal(message, mapping);
    edits.extend(unlabelled_subject(message, mapping).map(|subject| set("Subject", subject)));
    edits
}

/// The same edits without the subject, for a caller who changes that for other reasons too: see
/// [`unlabelled_subject`].
pub fn field_removal(message: &Message<'_>, mapping: &Mapping) -> Vec<Edit> {
    let standard = [msip::HEADER, epms::HEADER, sio::HEADER, tlp::HEADER];
    let mapped: Vec<Scheme> = mapping.schemes();
    let is_label = |name: &str| {
        msip::is_attribute(name)
            || standard
                .iter()
                .any(|field| name.eq_ignore_ascii_case(field))
            || mapped
                .iter()
                .filter_map(Scheme::field)
                .any(|field| name.eq_ignore_ascii_case(field))
    };
    let mut names: Vec<String> = message
        .fields()
        .iter()
        .map(|field| message.field_name(field).to_ascii_lowercase())
        .filter(|name| is_label(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| Edit::RemoveHeader { name })
        .collect()
}

/// The subject without what the table can read in it; none where no subject holds such a thing. A
/// reply repeats its subject, so that what stood there would come back as our own people's label.
pub fn unlabelled_subject(message: &Message<'_>, mapping: &Mapping) -> Option<String> {
    let schemes = mapping.schemes();
    let mut subjects = message
        .fields_named("Subject")
        .map(|field| message.field_text(field));
    subjects
        .any(|subject| is_labelled(&subject, &schemes))
        .then(|| unlabel_subject(message.subject().unwrap_or_default(), &schemes))
}

fn is_labelled(subject: &str, schemes: &[Scheme]) -> bool {
    schemes
        .iter()
        .any(|scheme| !stated(subject, scheme).is_empty())
}

/// What a subject says in this scheme.
fn stated(subject: &str, scheme: &Scheme) -> Vec<Meaning> {
    match scheme {
        Scheme::Tlp => Tlp::find(subject).into_iter().map(Meaning::Tlp).collect(),
        Scheme::ProtectiveMarking => {
            let found = ProtectiveMarking::find(subject).into_iter();
            found.map(Meaning::ProtectiveMarking).collect()
        }
        _ => Vec::new(),
    }
}

/// What is taken out may leave another form behind (`TLP:[SEC=X]RED`), so it is looked for again;
/// a subject that nests deeper loses the characters without which no form can stand.
fn unlabel_subject(mut subject: String, schemes: &[Scheme]) -> String {
    const ROUNDS_MAX: usize = 16;
    for _ in 0..ROUNDS_MAX {
        if !is_labelled(&subject, schemes) {
            return subject;
        }
        if schemes.contains(&Scheme::ProtectiveMarking) {
            subject = epms::untag_subject(&subject);
        }
        if schemes.contains(&Scheme::Tlp) {
            subject = tlp::untag_subject(&subject);
        }
    }
    subject.replace(['[', ':'], "")
}

/// A field whose form is not plain text is its product's to write; we only read it.
fn is_written(scheme: &Scheme) -> bool {
    match scheme {
        Scheme::Header(name) => vendor::form(name) == vendor::Form::Text,
        _ => true,
    }
}

fn keep_pairs(text: &str, is_ours: impl Fn(&str) -> bool, kept: &mut String) {
    for pair in text.split(';') {
        let Some((key, value)) = pair.split_once('=') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        let length = key.len() + value.len() + 3;
        if msip::key_id(key).is_some() && !is_ours(key) && kept.len() + length <= FOREIGN_BYTES_MAX
        {
            kept.push_str(&format!("{key}={value}; "));
        }
    }
}

fn set(name: &str, value: String) -> Edit {
    Edit::SetHeader {
        name: name.to_owned(),
        value,
    }
}

fn remove(name: &str) -> Edit {
    Edit::RemoveHeader {
        name: name.to_owned(),
    }
}
