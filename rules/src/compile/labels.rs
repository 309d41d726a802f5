//! Labels: their ids, order, parents and effects.

use mail::marking::Color;
use mail::{Label, LabelId, Labels, Rights, SealTerms};

use super::Compiler;
use crate::diagnostic::Diagnostic;
use crate::policy::LabelEffects;
use crate::read::{Entry, Item, Section, Value, nearest};
use crate::setting::label_values;

impl Compiler {
    pub(super) fn labels<'s>(&mut self, sections: impl Iterator<Item = &'s Section> + Clone) {
        self.unique("label", sections.clone());
        let mut labels: Vec<Label> = Vec::new();
        for section in sections.clone() {
            if let Some(label) = self.label(section, &labels) {
                let effects = self.label_effects(section, &label);
                self.effects.insert(label.id.clone(), effects);
                labels.push(label);
            }
        }
        for section in sections {
            self.check_parent(section, &labels);
        }
        self.home.labels = Labels::new(labels);
    }

    fn label(&mut self, section: &Section, known: &[Label]) -> Option<Label> {
        let id_text = section.text("id")?;
        // Blanks around it were noted; a reference to it is no further mistake.
        let name = section.text("name")?.text.trim().to_owned();
        let id = self.guid(id_text)?;
        let priority = u32::try_from(section.number("priority")?).ok()?;
        if let Some(twin) = known.iter().find(|label| label.id == id) {
            let message = format!("the label `{}` has this id too", twin.name);
            self.mistake(&id_text.spot, message, "every label has an id of its own");
        }
        if let Some(twin) = known.iter().find(|label| label.priority == priority) {
            let message = format!("the label `{}` has priority {priority} too", twin.name);
            let spot = section.entry("priority")?.spot.clone();
            self.mistake(
                &spot,
                message,
                "give each its own, so that one is the more sensitive",
            );
        }
        let text = |name| section.text(name).map(|item: &Item| item.text.clone());
        let color = text("color");
        if let Some(color) = section.text("color") {
            self.color(color);
        }
        let seal = section
            .entry("seal_outside")
            .and_then(|entry| self.seal(entry));
        Some(Label {
            id,
            name,
            parent: text("parent"),
            priority,
            color,
            tooltip: text("tooltip"),
            seal_outside: seal.map(|(terms, _)| terms),
        })
    }

    pub(super) fn guid(&mut self, item: &Item) -> Option<LabelId> {
        let id = LabelId::parse(&item.text);
        if id.is_none() {
            let message = format!("`{}` is no GUID", item.text);
            let help = "as in 2096f6a2-d2f7-48be-b329-b73aaa526e5d: 8-4-4-4-12 hex digits";
            self.mistake(&item.spot, message, help);
        }
        id
    }

    /// How the label shows. Words that could be any text's are not taken out when it changes.
    fn label_effects(&mut self, section: &Section, label: &Label) -> LabelEffects {
        let color = label.color.as_deref().and_then(Color::parse);
        let mut marking = |name| {
            let entry = section.entry(name)?;
            let stamp = self.marking(entry, color)?;
            if stamp.patterns(&label_values(Some(label))).is_empty() {
                let message = "this marking cannot be told from other text";
                let help = "so it would stay in a letter whose label changes; give it more words \
                            that are always the same";
                self.found
                    .push(Diagnostic::advice(entry.spot.clone(), message).help(help));
            }
            Some(stamp)
        };
        let (header, footer) = (marking("header"), marking("footer"));
        let tag = section.text("subject_tag");
        LabelEffects {
            header,
            footer,
            subject_tag: tag.and_then(|tag| self.template(tag)),
        }
    }

    fn check_parent(&mut self, section: &Section, labels: &[Label]) {
        let (Some(parent), Some(name)) = (section.text("parent"), section.text("name")) else {
            return;
        };
        let own = labels.iter().find(|label| label.name == name.text);
        match labels.iter().find(|label| label.name == parent.text) {
            None => self.no_label(parent, labels.iter().map(|label| label.name.as_str())),
            Some(above) if above.parent.is_some() => {
                let message = format!("`{}` is itself a sublabel", above.name);
                self.mistake(&parent.spot, message, "labels nest one level deep");
            }
            Some(above) if own.is_some_and(|own| own.priority <= above.priority) => {
                let message = format!("`{}` is not above its parent `{}`", name.text, above.name);
                let help = format!(
                    "a sublabel's priority is higher than its parent's, {}",
                    above.priority
                );
                let spot = section
                    .entry("priority")
                    .map_or(&parent.spot, |entry| &entry.spot);
                self.mistake(&spot.clone(), message, help);
            }
            Some(_) => {}
        }
    }

    fn no_label<'n>(&mut self, item: &Item, names: impl Iterator<Item = &'n str> + Clone) {
        let message = format!("there is no label `{}`", item.text);
        let help = match nearest(&item.text, names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.clone().next().is_none() => {
                "no file defines any label; write a [[label]]".to_owned()
            }
            None => {
                let all: Vec<String> = names.map(|name| format!("`{name}`")).collect();
                format!("there are {}", all.join(", "))
            }
        };
        self.found
            .push(Diagnostic::mistake(item.spot.clone(), message).help(help));
    }

    /// The label of this name.
    pub(super) fn label_named(&mut self, item: &Item) -> Option<(LabelId, u32)> {
        self.asks_labels = true;
        if let Some(label) = self.home.labels.by_name(&item.text) {
            return Some((label.id.clone(), label.priority));
        }
        let labels = std::mem::take(&mut self.home.labels);
        self.no_label(item, labels.iter().map(|label| label.name.as_str()));
        self.home.labels = labels;
        None
    }

    /// The ids of this label and of those under it.
    pub(super) fn label_family(&mut self, item: &Item) -> Option<Vec<LabelId>> {
        let (id, _) = self.label_named(item)?;
        let under =
            |label: &&Label| label.id == id || label.parent.as_deref() == Some(item.text.as_str());
        Some(
            self.home
                .labels
                .iter()
                .filter(under)
                .map(|label| label.id.clone())
                .collect(),
        )
    }

    /// Terms of sealing, from a text or a table, and whether a receipt is asked for.
    pub(super) fn seal(&mut self, entry: &Entry) -> Option<(SealTerms, bool)> {
        let section = match &entry.value {
            Value::Table(section) => Some(section),
            _ => None,
        };
        let rights = match section {
            Some(section) => section.text("rights")?,
            None => entry.value.text()?,
        };
        let expiry = section.and_then(|section| section.entry("expires_after"));
        let expires_after_seconds = section.and_then(|section| section.number("expires_after"));
        if let Some(expiry) = expiry.filter(|_| expires_after_seconds == Some(0)) {
            let message = "this letter would never open";
            self.mistake(&expiry.spot, message, "write a duration above zero");
        }
        let terms = SealTerms {
            rights: self.rights(rights)?,
            expires_after_seconds,
            download: section
                .and_then(|section| section.flag("download"))
                .unwrap_or(true),
            template: None,
        };
        Some((
            terms,
            section
                .and_then(|section| section.flag("receipt"))
                .unwrap_or(false),
        ))
    }

    fn rights(&mut self, item: &Item) -> Option<Rights> {
        let rights = Rights::parse(&item.text);
        match rights {
            Some(rights) if rights.contains(mail::Right::Owner) => Some(Rights::ALL),
            Some(rights) if rights.contains(mail::Right::View) => Some(rights),
            Some(_) => {
                let message = format!("`{}` does not let anybody read", item.text);
                self.mistake(&item.spot, message, "add VIEW");
                None
            }
            None => {
                let message = format!("`{}` are no rights", item.text);
                let near = nearest(&item.text, ["encrypt-only", "do-not-forward"].into_iter());
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "encrypt-only, do-not-forward, or words joined by +: VIEW EDIT COPY \
                             PRINT EXPORT REPLY REPLYALL FORWARD OWNER"
                        .to_owned(),
                };
                self.mistake(&item.spot, message, help);
                None
            }
        }
    }
}
