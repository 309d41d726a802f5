//! From sections to a policy: names are resolved, patterns compiled, every mistake collected.
//!
//! It never stops at the first mistake, and a policy comes out only when there was none.

mod actions;
mod advice;
mod conditions;
mod labelling;
mod labels;
mod markings;
mod people;
mod rules;
mod texts;
mod time;

use std::collections::BTreeMap;

use crate::cases;
use crate::diagnostic::{Diagnostic, Grade, Spot};
use crate::matching::{Domains, PartyError};
use crate::people::People;
use crate::policy::{Home, LabelEffects, Labelling, Loaded, Needs, Organisation, Policy, RuleFile};
use crate::read::{self, Item, Section, nearest};

/// How many rules a set may have.
pub const RULES_MAX: usize = 20_000;
/// How long a name may be, in characters.
pub const NAME_LENGTH_MAX: usize = 200;

/// Reads and checks a rule set. On failure every mistake comes back, and the advice too, in the
/// order of the files and lines.
pub fn load(files: &[RuleFile], organisation: &Organisation) -> Result<Loaded, Vec<Diagnostic>> {
    let mut files: Vec<&RuleFile> = files.iter().collect();
    files.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let mut found = Vec::new();
    let sections: Vec<Section> = files
        .iter()
        .map(|file| read::read_file(file, &mut found))
        .collect();
    let mut compiler = Compiler::new(found, organisation);
    let policy = compiler.policy(&sections);
    let order = |file: &str| files.iter().position(|known| known.name == file);
    let mut found = compiler.found;
    found.sort_by_key(|one| (order(one.file()), one.spot.span.start));
    match found.iter().any(|one| one.grade() == Grade::Mistake) {
        true => Err(found),
        false => Ok(Loaded {
            policy,
            advice: found,
        }),
    }
}

/// What is known while a set is compiled.
struct Compiler {
    found: Vec<Diagnostic>,
    home: Home,
    effects: BTreeMap<mail::LabelId, LabelEffects>,
    /// The values of each list.
    lists: BTreeMap<String, Vec<Item>>,
    /// Answers to be remembered so far.
    memos: usize,
    needs: Needs,
    asks_labels: bool,
    /// Languages in which a marking is worded.
    spoken: Vec<Item>,
}

impl Compiler {
    fn new(found: Vec<Diagnostic>, organisation: &Organisation) -> Self {
        let mut domains = Domains::default();
        for domain in &organisation.domains {
            // The configuration checked them; one that is none can own no address.
            let _: Result<(), PartyError> = domains.add(domain);
        }
        let (name, site_id) = (organisation.name.clone(), organisation.site_id.clone());
        let home = Home {
            name,
            domains,
            site_id,
            labels: mail::Labels::default(),
            labelling: Labelling::default(),
            zone: mail::time::Zone::default(),
            people: People::default(),
        };
        Self {
            found,
            home,
            effects: BTreeMap::new(),
            lists: BTreeMap::new(),
            memos: 0,
            needs: Needs::default(),
            asks_labels: false,
            spoken: Vec::new(),
        }
    }

    fn policy(&mut self, files: &[Section]) -> Policy {
        let tables = |name: &'static str| files.iter().flat_map(move |file| file.tables(name));
        let single = |name: &'static str| files.iter().filter_map(move |file| file.table(name));
        self.time(single("time"));
        self.people(tables("person"));
        self.lists(tables("list"));
        self.labels(tables("label"));
        self.labelling(single("labels"));
        let rules = self.rules(tables("rule"));
        let languages = self.languages(tables("language"));
        self.unique("case", tables("case"));
        let cases = tables("case")
            .filter_map(|case| cases::read(case, self.home.zone, &mut self.found))
            .collect();
        // A label's effects follow from the label a message has, so it must be read.
        let asks_labels = self.asks_labels || self.home.labels.iter().next().is_some();
        Policy {
            home: std::mem::take(&mut self.home),
            rules,
            effects: std::mem::take(&mut self.effects),
            languages,
            cases,
            memos: self.memos,
            asks_labels,
            needs: self.needs,
            ambiguous: crate::Ambiguous::default(),
        }
    }

    /// The one table of a kind that stands once over all files; a second is a mistake.
    fn only<'s>(
        &mut self,
        title: &str,
        mut tables: impl Iterator<Item = &'s Section>,
    ) -> Option<&'s Section> {
        let first = tables.next()?;
        for second in tables {
            let message = format!("a second `[{title}]`");
            let mistake = Diagnostic::mistake(second.spot.clone(), message)
                .also(first.spot.clone(), "the first one")
                .help("it stands once over all files; put what it says into the first");
            self.found.push(mistake);
        }
        Some(first)
    }

    /// Notes names that stand twice, over all files.
    fn unique<'s>(&mut self, what: &str, sections: impl Iterator<Item = &'s Section>) {
        let mut seen: BTreeMap<String, Spot> = BTreeMap::new();
        for name in sections.filter_map(|section| section.text("name")) {
            self.check_name(what, name);
            let known = name.text.trim();
            if let Some(first) = seen.get(known) {
                let message = format!("two {what}s are named `{known}`");
                let mistake = Diagnostic::mistake(name.spot.clone(), message)
                    .also(first.clone(), "the first one")
                    .help("names are unique over all files; rename one of them");
                self.found.push(mistake);
            } else {
                seen.insert(known.to_owned(), name.spot.clone());
            }
        }
    }

    /// Names are for people to write again.
    fn check_name(&mut self, what: &str, name: &Item) {
        let known = name.text.trim();
        if name.text.chars().count() > NAME_LENGTH_MAX {
            let message = format!("this name of a {what} is too long");
            let help = format!("at most {NAME_LENGTH_MAX} characters");
            self.mistake(&name.spot, message, help);
        }
        if known.contains(char::is_control) {
            let message = format!("this name of a {what} is not one line of text");
            self.mistake(&name.spot, message, "write it without tabs and line breaks");
        }
        if known != name.text {
            let message = format!("this name of a {what} begins or ends with a blank");
            let help = format!("whoever writes `{known}` would not mean it; take the blank out");
            self.mistake(&name.spot, message, help);
        }
    }

    fn lists<'s>(&mut self, sections: impl Iterator<Item = &'s Section> + Clone) {
        self.unique("list", sections.clone());
        for section in sections {
            if let Some(name) = section.text("name") {
                let values = section.texts("values").to_vec();
                self.lists.entry(name.text.clone()).or_insert(values);
            }
        }
    }

    /// The texts of a value, lists put in their place.
    fn expand(&mut self, items: &[Item]) -> Vec<Item> {
        let mut expanded = Vec::with_capacity(items.len());
        for item in items {
            if !item.list {
                expanded.push(item.clone());
            } else if let Some(values) = self.lists.get(&item.text) {
                // A mistake in a value is shown where it is used: there it is one.
                expanded.extend(values.iter().cloned());
            } else {
                let message = format!("there is no list `{}`", item.text);
                let mistake = Diagnostic::mistake(item.spot.clone(), message);
                let names = self.lists.keys().map(String::as_str);
                let help = match nearest(&item.text, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "define it: [[list]] with `name` and `values`, in any file".into(),
                };
                self.found.push(mistake.help(help));
            }
        }
        expanded
    }

    fn mistake(&mut self, spot: &Spot, message: impl Into<String>, help: impl Into<String>) {
        self.found
            .push(Diagnostic::mistake(spot.clone(), message).help(help));
    }
}

/// `key = value` as it was written, on one line.
fn shown(entry: &read::Entry) -> String {
    const LENGTH_MAX: usize = 160;
    let text = &entry.key.file.text;
    let range = entry.key.span.start..entry.spot.span.end.max(entry.key.span.end);
    let written = text.get(range).unwrap_or_default();
    let line = written.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
