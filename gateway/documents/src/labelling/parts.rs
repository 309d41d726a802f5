//! What a label changes in each part of an Office Open XML package.
//!
//! It never changes a property, a relationship or a content type of anybody else.

use mail::LabelId;
use mail::label::msip;

use super::outline::{Element, Outline, qualified};
use super::script::escape;
use super::{NewLabel, Tenant};
use crate::Reason;

/// ECMA-376 part 1, §22.3: custom properties, in the transitional and the strict form.
const PROPERTIES_SPACES: [&str; 2] = [
    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties",
    "http://purl.oclc.org/ooxml/officeDocument/customProperties",
];
/// ECMA-376 part 1, §22.4: the types of their values.
const VALUES_SPACES: [&str; 2] = [
    "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
    "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes",
];
const RELATIONS: [&str; 2] = [
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
];
/// MS-OFFCRYPTO §2.6.4.
const LABELS_SPACE: &str = "http://schemas.microsoft.com/office/2020/mipLabelMetadata";
const PROPERTIES_TYPE: &str = "application/vnd.openxmlformats-officedocument.custom-properties+xml";
/// The format identifier of the user's own properties (MS-OLEPS §2.23.2).
const USER_FORMAT: &str = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}";
/// ECMA-376 part 1, §22.3.2.2: 0 and 1 are taken.
const FIRST_PROPERTY: u32 = 2;
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n";

/// Whether a package keeps to the strict form of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Transitional,
    Strict,
}

impl Form {
    fn of<'a>(self, two: &[&'a str; 2]) -> &'a str {
        two[usize::from(self == Form::Strict)]
    }
}

/// What the package's relationships say.
#[derive(Debug)]
pub(super) struct Relations {
    outline: Outline,
    /// Where custom properties stand.
    pub properties: Vec<String>,
    /// Where the list of labels stands.
    pub label_infos: Vec<String>,
    /// A signature over parts of the package.
    pub signed: bool,
    /// How the package is written.
    pub form: Form,
}

impl Relations {
    /// Reads `_rels/.rels`.
    ///
    /// # Errors
    /// [`Reason::Xml`]; [`Reason::Unsupported`] where a part lies outside the file.
    pub fn read(bytes: &[u8]) -> Result<Self, Reason> {
        let mut own = Self {
            outline: Outline::read(bytes)?,
            properties: Vec::new(),
            label_infos: Vec::new(),
            signed: false,
            form: Form::Transitional,
        };
        let is_strict = |element: &Element| {
            let kind = element.attribute("Type").unwrap_or_default();
            kind == format!("{}/officeDocument", RELATIONS[1])
        };
        if own.outline.children.iter().any(is_strict) {
            own.form = Form::Strict;
        }
        for relation in &own.outline.children {
            let kind = relation.attribute("Type").unwrap_or_default();
            let target = relation.attribute("Target").unwrap_or_default();
            let target = target.trim_start_matches("./").trim_start_matches('/');
            own.signed |= kind.contains("/digital-signature/");
            let list = match kind.rsplit('/').next() {
                Some("custom-properties") => &mut own.properties,
                Some("classificationlabels") => &mut own.label_infos,
                _ => continue,
            };
            if relation.attribute("TargetMode") == Some("External") {
                return Err(Reason::Unsupported);
            }
            list.push(target.to_ascii_lowercase());
        }
        Ok(own)
    }

    /// The part with a relationship to custom properties.
    pub fn with_properties(mut self, target: &str) -> Vec<u8> {
        let taken = |id: &str| {
            let mut relations = self.outline.children.iter();
            relations.any(|relation| relation.attribute("Id") == Some(id))
        };
        // One of so many numbers is free.
        let count = self.outline.children.len();
        let id = (1..=count + 1)
            .map(|number| format!("rId{number}"))
            .find(|id| !taken(id))
            .unwrap_or_default();
        let name = self.outline.root.qualified("Relationship");
        let kind = self.form.of(&RELATIONS);
        let markup = format!(
            "<{name} Id=\"{id}\" Type=\"{kind}/custom-properties\" Target=\"{}\"/>",
            escape(target)
        );
        self.outline.put_last(&markup);
        self.outline.write()
    }
}

/// `[Content_Types].xml` with the type of a part for custom properties; none when it is there.
pub(super) fn content_types(bytes: &[u8], target: &str) -> Result<Option<Vec<u8>>, Reason> {
    let mut outline = Outline::read(bytes)?;
    let part = format!("/{target}");
    let stands = outline.children.iter().any(|child| {
        let name = child.attribute("PartName").unwrap_or_default();
        child.name == "Override" && name.eq_ignore_ascii_case(&part)
    });
    if stands {
        return Ok(None);
    }
    let name = outline.root.qualified("Override");
    let part = escape(&part);
    outline.put_last(&format!(
        "<{name} PartName=\"{part}\" ContentType=\"{PROPERTIES_TYPE}\"/>"
    ));
    Ok(Some(outline.write()))
}

/// Custom properties with this label in the place of the tenant's own, or without.
///
/// # Errors
/// [`Reason::Xml`] for a part of another kind, [`Reason::TooManyEntries`] where no number is left.
pub(super) fn properties(
    bytes: &[u8],
    tenant: &Tenant<'_>,
    label: Option<&NewLabel<'_>>,
) -> Result<Option<Vec<u8>>, Reason> {
    let mut outline = Outline::read(bytes)?;
    let space = outline.root.namespace().unwrap_or_default();
    let Some(form) = PROPERTIES_SPACES.iter().position(|known| *known == space) else {
        return Err(Reason::Xml);
    };
    let gone = remove_own(&mut outline, tenant, label);
    if let Some(label) = label {
        let stays = |(at, _): &(usize, &Element)| !gone.contains(at);
        let kept = outline.children.iter().enumerate().filter(stays);
        let numbers = kept.filter_map(|(_, child)| child.attribute("pid")?.parse::<u32>().ok());
        let last = numbers.max().unwrap_or(0).max(FIRST_PROPERTY - 1);
        let values = outline.root.prefix_of(&VALUES_SPACES[form..=form]);
        let space = VALUES_SPACES[form];
        let markup = markup(&outline.root, values, space, last, tenant, label)?;
        outline.put_last(&markup);
    }
    Ok(outline.is_changed().then(|| outline.write()))
}

/// A new part for custom properties.
pub(super) fn new_properties(form: Form, tenant: &Tenant<'_>, label: &NewLabel<'_>) -> Vec<u8> {
    let empty = format!(
        "{HEAD}<Properties xmlns=\"{}\" xmlns:vt=\"{}\"></Properties>",
        form.of(&PROPERTIES_SPACES),
        form.of(&VALUES_SPACES)
    );
    let made = properties(empty.as_bytes(), tenant, Some(label));
    // Our own words are well-formed, and a new part has room for seven properties.
    made.ok().flatten().unwrap_or_default()
}

/// Takes out the properties of the tenant's labels, and of the one that is set; says which.
fn remove_own(
    outline: &mut Outline,
    tenant: &Tenant<'_>,
    label: Option<&NewLabel<'_>>,
) -> Vec<usize> {
    let name = |child: &Element| child.attribute("name").unwrap_or_default().to_owned();
    let named = |child| Some((Element::attribute(child, "name")?, child.text.as_str()));
    let own = tenant.own_among(outline.children.iter().filter_map(named), label);
    let is_own = |child: &usize| {
        let id = msip::key_id(&name(&outline.children[*child]));
        id.is_some_and(|id| own.contains(&id))
    };
    let gone: Vec<usize> = (0..outline.children.len()).filter(is_own).collect();
    gone.iter().for_each(|child| outline.remove(*child));
    gone
}

/// One property for each attribute, in the order in which Office writes them.
fn markup(
    root: &Element,
    values: Option<&str>,
    space: &str,
    last: u32,
    tenant: &Tenant<'_>,
    label: &NewLabel<'_>,
) -> Result<String, Reason> {
    let property = root.qualified("property");
    let (value, bound) = match values {
        Some(prefix) => (qualified(prefix, "lpwstr"), String::new()),
        None => ("vt:lpwstr".to_owned(), format!(" xmlns:vt=\"{space}\"")),
    };
    let mut markup = String::new();
    let mut number = last;
    for (attribute, text) in label.pairs(tenant.site) {
        // ECMA-376 part 1, §22.3.2.2: a `pid` is an `xsd:int`.
        let next = number
            .checked_add(1)
            .filter(|next| i32::try_from(*next).is_ok());
        number = next.ok_or(Reason::TooManyEntries)?;
        let name = format!("MSIP_Label_{}_{attribute}", label.id);
        markup.push_str(&format!(
            "<{property} fmtid=\"{USER_FORMAT}\" pid=\"{number}\" name=\"{name}\">\
             <{value}{bound}>{}</{value}></{property}>",
            escape(&text)
        ));
    }
    Ok(markup)
}

/// The list of labels with this label in the place of the tenant's own, or without.
pub(super) fn label_info(
    bytes: &[u8],
    tenant: &Tenant<'_>,
    label: Option<&NewLabel<'_>>,
) -> Result<Option<Vec<u8>>, Reason> {
    let mut outline = Outline::read(bytes)?;
    if outline.root.namespace() != Some(LABELS_SPACE) {
        return Err(Reason::Xml);
    }
    for child in 0..outline.children.len() {
        let element = &outline.children[child];
        let id = element.attribute("id").and_then(LabelId::parse);
        let Some(id) = id.filter(|_| element.name == "label") else {
            continue;
        };
        let site = element.attribute("siteId").map(site_of);
        // Microsoft's own labels have one GUID in every organisation.
        let same = site.is_none() && label.is_some_and(|label| *label.id == id);
        if same || tenant.owns(&id, site.as_slice()) {
            outline.remove(child);
        }
    }
    if let Some(label) = label {
        let name = outline.root.qualified("label");
        let method = label.method.as_str();
        // The schema has labels first, whatever else the list holds.
        outline.put_first(&format!(
            "<{name} id=\"{{{}}}\" enabled=\"1\" method=\"{method}\" siteId=\"{{{}}}\" \
             contentBits=\"0\" removed=\"0\"/>",
            label.id,
            escape(&site_of(tenant.site))
        ));
    }
    Ok(outline.is_changed().then(|| outline.write()))
}

/// A tenant's GUID, in lower case and without braces.
fn site_of(text: &str) -> String {
    LabelId::parse(text).map_or_else(|| text.to_ascii_lowercase(), |id| id.as_str().to_owned())
}
