//! Actions: each table of `then` becomes a deed.

use mail::Address;
use mail::label::sensitivity::Sensitivity;
use mail::label::{Scheme, Setter, epms, msip, sio, tlp};
use regex::RegexBuilder;

use super::labelling::is_person;
use super::{Compiler, shown};
use crate::action::{Action, Deed, Notice, Rewrite};
use crate::look::side;
use crate::matching::{Where, composed};
use crate::read::{Entry, Item, Section, Value, nearest};
use crate::verdict::{Fate, Role};

/// How long the text of a reply may be: RFC 5321 §4.5.3.1.5 gives a line 512 octets.
const REPLY_LENGTH_MAX: usize = 400;
/// Fields in which classification labels travel, whatever is mapped.
const LABEL_FIELDS: [&str; 7] = [
    msip::HEADER,
    epms::HEADER,
    sio::HEADER,
    sio::HISTORY_HEADER,
    tlp::HEADER,
    Sensitivity::HEADER,
    "Classification",
];
/// The text of a reject that gives none.
const REJECT_TEXT: &str = "this message may not be sent as it is";

impl Compiler {
    pub(super) fn action(&mut self, table: &Section, rule: &str) -> Option<Action> {
        let [entry] = table.entries.as_slice() else {
            if table.entries.len() > 1 {
                let help = "write each action as a table of its own: [{ … }, { … }]";
                self.mistake(&table.spot, "one table holds several actions", help);
            } else if table.strangers.is_empty() && is_bare(table) {
                let help = "write an action into it, such as { reject = \"…\" }";
                self.mistake(&table.spot, "an empty table among the actions", help);
            }
            return None;
        };
        let deed = self.deed(entry, rule)?;
        let lowers = self.lowers(&deed);
        Some(Action {
            deed,
            shown: shown(entry),
            lowers,
        })
    }

    fn deed(&mut self, entry: &Entry, rule: &str) -> Option<Deed> {
        let items = entry.value.texts();
        Some(match entry.word.name {
            "reject" => Deed::Restrict(self.reject(entry)?),
            "delete" => Deed::Restrict(Fate::Delete),
            "hold" => Deed::Restrict(hold(entry)),
            "redirect" => Deed::Redirect(self.addresses(items)?),
            "seal" => {
                let (terms, receipt) = self.seal(entry)?;
                Deed::Seal { terms, receipt }
            }
            "unseal" => Deed::Unseal,
            "apply_label" => self.apply_label(entry)?,
            "remove_label" => {
                self.asks_labels = true;
                Deed::RemoveLabel
            }
            "header" => self.insert(entry, rule)?,
            "footer" => self.insert(entry, rule)?,
            "prepend_subject" => Deed::PrependSubject(self.template(items.first()?)?),
            "rewrite_subject" => Deed::RewriteSubject(self.rewrite(entry)?),
            "set_header" => self.set_header(entry)?,
            "remove_header" => {
                items.iter().for_each(|item| self.check_writable(item));
                Deed::RemoveHeader(self.field_names(items)?)
            }
            "add_recipient" => self.add_recipient(entry)?,
            "notify" => Deed::Notify(self.notice(entry)?),
            "receipt" => Deed::Receipt,
            _ => return None,
        })
    }

    fn apply_label(&mut self, entry: &Entry) -> Option<Deed> {
        let name = match &entry.value {
            Value::Table(section) => section.text("label")?,
            value => value.text()?,
        };
        let (label, _) = self.label_named(name)?;
        self.advise_heading(name, &label);
        let setter = match is_person(&entry.value) {
            true => Setter::Person,
            false => Setter::Rule,
        };
        Some(Deed::ApplyLabel { label, setter })
    }

    /// DESIGN: the lowering actions, by name.
    fn lowers(&self, deed: &Deed) -> bool {
        let outside = |addresses: &[Address]| {
            addresses
                .iter()
                .any(|one| side(&self.home.domains, one) != Where::Inside)
        };
        match deed {
            Deed::Unseal | Deed::RemoveLabel => true,
            Deed::Redirect(to) => outside(to),
            Deed::AddRecipient { addresses, .. } => outside(addresses),
            Deed::SetHeader { name, .. } => self.carries_label(name),
            Deed::RemoveHeader(names) => names.iter().any(|name| self.carries_label(name)),
            _ => false,
        }
    }

    /// Whether labels travel in this field.
    fn carries_label(&self, name: &str) -> bool {
        let is = |field: &str| name.eq_ignore_ascii_case(field);
        let mapped = self.home.labelling.mapping.schemes();
        let known = |field: &&str| is(field);
        msip::is_attribute(name)
            || LABEL_FIELDS.iter().any(known)
            || mapped.iter().filter_map(Scheme::field).any(is)
    }

    fn reject(&mut self, entry: &Entry) -> Option<Fate> {
        let (code, text) = match &entry.value {
            Value::Table(section) => (section.text("code"), section.text("text")),
            value => (None, value.text()),
        };
        if let Some(code) = code.filter(|code| !is_permanent_code(&code.text)) {
            let message = format!("`{}` is no code for a reject", code.text);
            let help = "an enhanced status code for refused for good: 5, dot, up to three digits, \
                        dot, up to three digits, as in 5.7.1";
            self.mistake(&code.spot, message, help);
        }
        if let Some(text) = text {
            let sound = text.text.len() <= REPLY_LENGTH_MAX
                && text.text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            if !sound {
                let message = "this text cannot stand in a reply";
                let help = format!("one line of at most {REPLY_LENGTH_MAX} ASCII characters");
                self.mistake(&text.spot, message, help);
            }
        }
        let owned = |item: Option<&Item>, default: &str| {
            item.map_or_else(|| default.to_owned(), |item| item.text.clone())
        };
        Some(Fate::Reject {
            code: owned(code, "5.7.1"),
            text: owned(text, REJECT_TEXT),
        })
    }

    fn insert(&mut self, entry: &Entry, rule: &str) -> Option<Deed> {
        let stamp = self.marking(entry, None)?;
        self.advise_untold(entry, &stamp, rule);
        let slot = format!("rule-{:08x}-{}", fingerprint(rule), entry.word.name);
        Some(Deed::Insert { stamp, slot })
    }

    fn rewrite(&mut self, entry: &Entry) -> Option<Rewrite> {
        let Value::Table(section) = &entry.value else {
            return None;
        };
        if section.entries.is_empty()
            || section
                .text("with")
                .is_some_and(|_| section.text("pattern").is_none())
        {
            let help = "it takes `remove`, or `pattern` and `with`, or `set`";
            self.mistake(&entry.spot, "this rewrites nothing", help);
            return None;
        }
        let mut rewrite = Rewrite::default();
        for item in section.texts("remove") {
            rewrite
                .remove
                .push(self.pattern(item, &regex::escape(item.text.trim()))?);
        }
        if let Some(item) = section.text("pattern") {
            let with = section.text("with").map(|with| with.text.clone());
            rewrite.replace = Some((self.pattern(item, &item.text)?, with.unwrap_or_default()));
        }
        if let Some(set) = section.text("set") {
            rewrite.set = Some(self.template(set)?);
        }
        Some(rewrite)
    }

    fn pattern(&mut self, item: &Item, pattern: &str) -> Option<regex::Regex> {
        // Compiled as a condition's pattern first: the same limits, the same help.
        if let Err((_, error)) = crate::matching::Patterns::new(&[pattern]) {
            self.pattern_mistake(&item.spot, &error);
            return None;
        }
        RegexBuilder::new(&composed(pattern))
            .case_insensitive(true)
            .build()
            .ok()
    }

    fn set_header(&mut self, entry: &Entry) -> Option<Deed> {
        let Value::Table(section) = &entry.value else {
            return None;
        };
        let name = section.text("name")?;
        self.check_writable(name);
        if name.text.eq_ignore_ascii_case("msip_labels") {
            let message = "this field is written with the label";
            self.mistake(&name.spot, message, "use `apply_label` or `remove_label`");
        }
        let value = self.template(section.text("value")?)?;
        let name = self.field_names(std::slice::from_ref(name))?.swap_remove(0);
        Some(Deed::SetHeader { name, value })
    }

    /// Fields that say how the message is built or where it went are not for rules.
    fn check_writable(&mut self, item: &Item) {
        let name = item.text.to_ascii_lowercase();
        let trace = ["received", "return-path", "bcc"].contains(&name.as_str());
        let ours = name.starts_with("x-sealgate-");
        let sound = name.bytes().all(|byte| matches!(byte, 33..=57 | 59..=126));
        if trace || ours || (sound && !mail::edit::is_writable_field(&name)) {
            let message = format!("`{}` cannot be changed by a rule", item.text);
            let help = "it says how the message is built, where it went, or what Sealgate knows";
            self.mistake(&item.spot, message, help);
        }
    }

    fn add_recipient(&mut self, entry: &Entry) -> Option<Deed> {
        let Value::Table(section) = &entry.value else {
            return None;
        };
        let addresses = self.addresses(section.texts("address"))?;
        let role = match section.text("as").map(|role| role.text.as_str()) {
            Some("to") => Role::To,
            Some("cc") => Role::Cc,
            _ => Role::Bcc,
        };
        Some(Deed::AddRecipient { addresses, role })
    }

    fn notice(&mut self, entry: &Entry) -> Option<Notice> {
        let Value::Table(section) = &entry.value else {
            return None;
        };
        let is_sender = |item: &&Item| item.text == "sender";
        let to = section.texts("to");
        for item in to
            .iter()
            .filter(|item| nearest(&item.text, ["sender"].into_iter()).is_some())
        {
            if item.text != "sender" {
                let message = format!("`{}` is no address", item.text);
                self.mistake(&item.spot, message, "did you mean `sender`?");
                return None;
            }
        }
        let named: Vec<Item> = to.iter().filter(|item| !is_sender(item)).cloned().collect();
        let subject = match section.text("subject") {
            Some(subject) => Some(self.template(subject)?),
            None => None,
        };
        Some(Notice {
            sender: to.iter().any(|item| is_sender(&item)),
            addresses: self.addresses(&named)?,
            subject,
            text: self.template(section.text("text")?)?,
        })
    }
}

fn hold(entry: &Entry) -> Fate {
    let reason = entry.value.text().map(|item| item.text.clone());
    Fate::Hold {
        reason: reason.unwrap_or_else(|| "it needs approval".to_owned()),
    }
}

/// Whether nothing stands between the braces; else what stands there is a mistake noted already.
fn is_bare(table: &Section) -> bool {
    let text = table
        .spot
        .file
        .text
        .get(table.spot.span.clone())
        .unwrap_or_default();
    text.chars()
        .all(|c| c.is_whitespace() || c == '{' || c == '}')
}

fn is_permanent_code(code: &str) -> bool {
    let parts: Vec<&str> = code.split('.').collect();
    let number = |text: &str| {
        (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    matches!(parts[..], ["5", subject, detail] if number(subject) && number(detail))
}

/// FNV-1a: a short stable name for a rule's slot in a letter. It guards nothing.
fn fingerprint(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
