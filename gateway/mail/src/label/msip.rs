//! `MSIP_Label_<guid>_<Attribute>` pairs, wherever they stand: in `msip_labels`, in a header field
//! for each attribute, in the properties of a document.
//!
//! It never matches on a name: a label is its GUID and the GUID of the site that set it.

use std::fmt::Write;

use super::{Label, LabelId, Method};
use crate::Timestamp;

/// Different labels of one item; real ones carry one for each organisation they passed.
pub const LABELS_MAX: usize = 64;
/// Pairs of one item. Seven to eleven make a label.
pub const PAIRS_MAX: usize = 2_048;
/// Different `SiteId`s kept for one label; more than one is already a contradiction.
pub const SITES_MAX: usize = 4;
/// Characters kept of a value. The writers' own limit is 255.
pub const VALUE_CHARS_MAX: usize = 255;

/// The field that carries them all.
pub const HEADER: &str = "msip_labels";
const PREFIX: &str = "MSIP_Label_";
const GUID_CHARS: usize = 36;

/// What an item says about one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsipLabel {
    /// The label, or the sublabel where there is one.
    pub id: LabelId,
    /// Who set it: tenant GUIDs in lower case. More than one contradict each other.
    pub sites: Vec<String>,
    /// `Enabled`; absent in some hand-made items, which then count as labelled.
    pub enabled: Option<bool>,
    /// `Name`, as the other side calls it. Never compared with anything.
    pub name: Option<String>,
    /// How it was set.
    pub method: Option<Method>,
    /// When it was set.
    pub set_at: Option<Timestamp>,
    /// Bits of what was applied: header 1, footer 2, watermark 4, encryption 8.
    pub content_bits: Option<u32>,
    /// `ActionId`: changes each time a label is set.
    pub action_id: Option<String>,
    /// An attribute was given twice with different values.
    pub contradicts: bool,
}

impl MsipLabel {
    fn new(id: LabelId) -> Self {
        MsipLabel {
            id,
            sites: Vec::new(),
            enabled: None,
            name: None,
            method: None,
            set_at: None,
            content_bits: None,
            action_id: None,
            contradicts: false,
        }
    }

    /// True unless it says of itself that it is switched off.
    pub fn in_effect(&self) -> bool {
        self.enabled != Some(false)
    }

    /// The tenant that set it; the first, where several are named.
    pub fn site(&self) -> Option<&str> {
        self.sites.first().map(String::as_str)
    }

    /// Takes one attribute. On a contradiction the stricter value stays.
    fn set(&mut self, attribute: &str, value: &str) {
        let value: String = value.chars().take(VALUE_CHARS_MAX).collect();
        match attribute.to_ascii_lowercase().as_str() {
            "enabled" => self.set_enabled(&value),
            "siteid" => self.set_site(&value),
            "name" => self.contradicts |= keep_first(&mut self.name, value),
            "actionid" => self.contradicts |= keep_first(&mut self.action_id, value),
            "method" => {
                if let Some(method) = Method::parse(&value) {
                    self.contradicts |= keep_first(&mut self.method, method);
                }
            }
            "setdate" => {
                if let Some(moment) = Timestamp::parse_rfc3339(&value) {
                    self.contradicts |= keep_first(&mut self.set_at, moment);
                }
            }
            "contentbits" => {
                if let Ok(bits) = value.parse() {
                    self.contradicts |= keep_first(&mut self.content_bits, bits);
                }
            }
            // `Tag`, `Extended_MSFT_Method`, `Owner` and whatever an organisation adds.
            _ => {}
        }
    }

    fn set_enabled(&mut self, value: &str) {
        // The old client wrote `True`; document properties hold `1` or a real boolean.
        let on = !matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "no");
        self.contradicts |= self.enabled.is_some_and(|before| before != on);
        self.enabled = Some(on || self.enabled == Some(true));
    }

    fn set_site(&mut self, value: &str) {
        // A GUID may have been folded in its middle.
        let value: String = value.split_whitespace().collect();
        let value = value.as_str();
        let site = LabelId::parse(value).map_or_else(
            || value.to_ascii_lowercase(),
            |guid| guid.as_str().to_owned(),
        );
        if site.is_empty() || self.sites.contains(&site) {
            return;
        }
        self.contradicts |= !self.sites.is_empty();
        if self.sites.len() < SITES_MAX {
            self.sites.push(site);
        }
    }
}

fn keep_first<T: PartialEq>(slot: &mut Option<T>, value: T) -> bool {
    match slot {
        Some(before) => *before != value,
        None => {
            *slot = Some(value);
            false
        }
    }
}

/// The labels of one item, gathered pair by pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MsipLabels {
    labels: Vec<MsipLabel>,
    pairs: usize,
    overflowed: bool,
}

impl MsipLabels {
    /// Reads `key=value; key=value[;]`, the value of one `msip_labels` field after unfolding.
    ///
    /// A fold inside a value has become white space there and stays part of the value. Says how
    /// many pairs were ours.
    pub fn read_pairs(&mut self, text: &str) -> usize {
        let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, value)| self.add(key, value)).count()
    }

    /// Takes one pair, if its key is one of ours; says whether it was.
    pub fn add(&mut self, key: &str, value: &str) -> bool {
        let Some((id, attribute)) = split_key(key.trim()) else {
            return false;
        };
        if self.pairs == PAIRS_MAX {
            self.overflowed = true;
            return true;
        }
        self.pairs += 1;
        let known = self.labels.iter().position(|label| label.id == id);
        let index = match known {
            Some(index) => index,
            None if self.labels.len() == LABELS_MAX => {
                self.overflowed = true;
                return true;
            }
            None => {
                self.labels.push(MsipLabel::new(id));
                self.labels.len() - 1
            }
        };
        self.labels[index].set(attribute, value.trim());
        true
    }

    /// The labels in the order in which they first appear.
    pub fn iter(&self) -> std::slice::Iter<'_, MsipLabel> {
        self.labels.iter()
    }

    /// True when [`PAIRS_MAX`] or [`LABELS_MAX`] cut the reading short.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// True when nothing was found.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// `MSIP_Label_<guid>_<Attribute>` in any case; the attribute may hold `_` itself.
fn split_key(key: &str) -> Option<(LabelId, &str)> {
    let prefix = key.get(..PREFIX.len())?;
    if !prefix.eq_ignore_ascii_case(PREFIX) {
        return None;
    }
    let rest = &key[PREFIX.len()..];
    let braced = rest.starts_with('{');
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    let id = LabelId::parse(rest.get(..GUID_CHARS)?)?;
    let rest = &rest[GUID_CHARS..];
    let rest = if braced {
        rest.strip_prefix('}')?
    } else {
        rest
    };
    let attribute = rest.strip_prefix('_')?;
    (!attribute.is_empty()).then_some((id, attribute))
}

/// The label that a key speaks of.
pub fn key_id(key: &str) -> Option<LabelId> {
    split_key(key.trim()).map(|(id, _)| id)
}

/// Whether a header field holds one attribute by itself, as some relays write them.
pub fn is_attribute(name: &str) -> bool {
    split_key(name).is_some()
}

/// The value of `msip_labels`, in the order and form Exchange writes since 2022: alphabetical
/// attributes, a `;` after each.
pub fn value(
    label: &Label,
    site: &str,
    set_at: Timestamp,
    action_id: &str,
    method: Method,
    content_bits: u32,
) -> String {
    let pairs = [
        ("ActionId", action_id.to_owned()),
        ("ContentBits", content_bits.to_string()),
        ("Enabled", "true".to_owned()),
        ("Method", method.as_str().to_owned()),
        ("Name", plain_name(&label.name)),
        ("SetDate", set_at.rfc3339()),
        ("SiteId", site.to_owned()),
    ];
    let mut value = String::new();
    for (attribute, text) in &pairs {
        let space = if value.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(value, "{space}{PREFIX}{}_{attribute}={text};", label.id);
    }
    value
}

/// A name that cannot end its own pair.
fn plain_name(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c == ';' || c == '=' || c.is_control() {
                ' '
            } else {
                c
            }
        })
        .collect()
}
