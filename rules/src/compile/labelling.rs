//! `[labels]`: what holds for the labels of all mail.
//!
//! It stands once over all files; what it names was read before.

use mail::label::change::{JUSTIFICATION_HEADER, LabelPolicy, Mandatory};
use mail::label::mapping::{MappingError, MappingFault};
use mail::label::{LabelId, Mapping, Outside};

use super::Compiler;
use crate::condition::ForeignLabels;
use crate::diagnostic::{Diagnostic, Spot};
use crate::policy::Labelling;
use crate::read::{Entry, Item, Section, Value, nearest};

/// The schemes, as help names them.
const SCHEMES: [&str; 6] = [
    "protective-marking",
    "sio",
    "tlp",
    "sensitivity",
    "importance",
    "header",
];

impl Compiler {
    pub(super) fn labelling<'s>(&mut self, tables: impl Iterator<Item = &'s Section>) {
        let Some(first) = self.only("labels", tables) else {
            return;
        };
        let policy = self.label_policy(first);
        let passes_on = self.passes_on(first);
        self.needs.documents |= policy.inherits || passes_on;
        self.needs.labelling = passes_on;
        self.needs.thread_label = policy.justifies || policy.inherits_thread;
        self.asks_labels = true;
        self.home.labelling = Labelling {
            mapping: first
                .text("mapping")
                .map(|text| self.mapping(text))
                .unwrap_or_default(),
            translates: first.flag("translate").unwrap_or(false),
            outside: match word_of(first, "from_outside") {
                Some("keep") => Outside::Keep,
                Some("map") => Outside::Map,
                Some("remove") => Outside::Remove,
                _ => Outside::Ignore,
            },
            policy,
            passes_on,
            justification: self.justification_field(first),
        };
    }

    /// `foreign_label = { site = …, id = …, name = … }`.
    pub(super) fn foreign_labels(&mut self, entry: &Entry) -> Option<ForeignLabels> {
        let Value::Table(section) = &entry.value else {
            return None;
        };
        let mut guids = |name: &str| -> Option<Vec<LabelId>> {
            let items = section.texts(name).iter();
            items.map(|item| self.guid(item)).collect()
        };
        let (sites, ids) = (guids("site"), guids("id"));
        let names = section.texts("name").iter();
        Some(ForeignLabels {
            sites: sites?.iter().map(ToString::to_string).collect(),
            ids: ids?,
            names: names.map(|item| item.text.trim().to_lowercase()).collect(),
        })
    }

    fn label_policy(&mut self, section: &Section) -> LabelPolicy {
        let heirs = section.texts("inherit_from");
        let inherits = |whose| heirs.iter().any(|heir| heir.text == whose);
        LabelPolicy {
            default: section
                .text("default")
                .and_then(|label| self.settable(label)),
            inherits: inherits("attachments"),
            inherits_thread: inherits("thread"),
            mandatory: match word_of(section, "mandatory") {
                Some("hold") => Mandatory::Hold,
                Some(_) => Mandatory::Reject,
                None => Mandatory::No,
            },
            justifies: section.value("justify_downgrade").is_some(),
        }
    }

    /// Whether attached files take the label of their message.
    fn passes_on(&mut self, section: &Section) -> bool {
        let to = section.texts("inherit_to");
        if let (Some(item), None) = (to.first(), &self.home.site_id) {
            let message = "no label will be set in attached files";
            let help = "set `id` in [organisation] of the configuration: a label in a file \
                        names the organisation whose it is";
            self.found
                .push(Diagnostic::advice(item.spot.clone(), message).help(help));
        }
        !to.is_empty()
    }

    /// The label of this name, if mail may carry it.
    fn settable(&mut self, item: &Item) -> Option<LabelId> {
        let (id, _) = self.label_named(item)?;
        if self.home.labels.has_sublabels(&id) {
            let under = self.home.labels.sublabels(&id);
            let names: Vec<String> = under.map(|label| format!("`{}`", label.name)).collect();
            let message = format!("`{}` is a heading for other labels", item.text);
            let help = format!("name one of {}", names.join(", "));
            self.mistake(&item.spot, message, help);
        }
        Some(id)
    }

    fn justification_field(&mut self, section: &Section) -> String {
        match section.text("justify_downgrade") {
            Some(field) => {
                self.field_names(std::slice::from_ref(field));
                field.text.clone()
            }
            None => JUSTIFICATION_HEADER.to_owned(),
        }
    }

    fn mapping(&mut self, item: &Item) -> Mapping {
        match Mapping::parse(&item.text, &self.home.labels) {
            Ok(mapping) => mapping,
            Err(mistakes) => {
                for mistake in mistakes {
                    let spot = spot_of(&mistake, item);
                    let help = self.mapping_help(&mistake.fault);
                    self.mistake(&spot, mistake.fault.to_string(), help);
                }
                Mapping::default()
            }
        }
    }

    fn mapping_help(&self, fault: &MappingFault) -> String {
        let near =
            |text: &str, known: &[&str], all: &str| match nearest(text, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => all.to_owned(),
            };
        match fault {
            MappingFault::NoLabel => "end it with `-> LABEL`, or begin it with `#`".into(),
            MappingFault::UnknownLabel(name) => {
                let names: Vec<&str> = self.home.labels.iter().map(|l| l.name.as_str()).collect();
                near(name, &names, "define it: a [[label]], in any file")
            }
            MappingFault::NoValue => {
                "write SCHEME VALUE -> LABEL, as in `tlp RED -> Secret`".into()
            }
            MappingFault::UnknownScheme(scheme) => {
                let all = format!("there are {}, and `header NAME`", SCHEMES[..5].join(", "));
                near(scheme, &SCHEMES, &all)
            }
            MappingFault::NotAValue { scheme, .. } => values_of(scheme).into(),
            MappingFault::NotAField(_) => {
                "write the name alone, without a colon, of a field that has no other meaning".into()
            }
            MappingFault::TwoLabels(_) => "leave one of the two lines".into(),
            MappingFault::NoPlace => "write SCHEME PLACE, as in `write tlp both`".into(),
            MappingFault::UnknownPlace(place) => {
                let places = ["header", "subject", "both", "nowhere"];
                near(
                    place,
                    &places,
                    "it is one of header, subject, both, nowhere",
                )
            }
            MappingFault::NoSubjectForm(_) => {
                "protective-marking and tlp have one; write `header` or `nowhere`".into()
            }
        }
    }
}

fn word_of<'s>(section: &'s Section, name: &str) -> Option<&'s str> {
    section.text(name).map(|item| item.text.as_str())
}

/// What a scheme takes, with an example.
fn values_of(scheme: &str) -> &'static str {
    match scheme {
        "tlp" => "it takes RED, AMBER+STRICT, AMBER, GREEN, CLEAR",
        "sensitivity" => "it takes Personal, Private, Company-Confidential",
        "importance" => "it takes low, normal, high",
        "sio" => "name its marking or its label: `marking=\"EXAMPLE\"`",
        _ => "as in `PROTECTED`, or in full: `SEC=OFFICIAL:Sensitive, ACCESS=Legal-Privilege`",
    }
}

/// The words of a mistake where they stand in the file. A text with escapes differs from what is
/// written there; then the whole value is shown.
fn spot_of(mistake: &MappingError, item: &Item) -> Spot {
    let span = &item.spot.span;
    let written = item.spot.file.text.get(span.clone()).unwrap_or_default();
    let found = written.find(item.text.as_str());
    let Some(start) = found.map(|at| span.start + at) else {
        return item.spot.clone();
    };
    Spot {
        file: item.spot.file.clone(),
        span: start + mistake.at.start..start + mistake.at.end,
    }
}

/// Whether an `apply_label` speaks for a person.
pub(super) fn is_person(value: &Value) -> bool {
    match value {
        Value::Table(section) => word_of(section, "by") == Some("person"),
        _ => false,
    }
}
