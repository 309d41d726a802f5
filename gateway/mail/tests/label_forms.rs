//! The forms in which 3,036 real messages of 19 tenants carried `msip_labels`, made again: how many
//! were empty, folded inside a value, on one line, without a name or with a GUID for one, in which
//! orders, with which dates.
//!
//! The values are made up; only the forms and their counts are those that were measured.

mod house;

use std::collections::BTreeMap;

use house::label;
use mail::label::{Mapping, Reader};
use mail::{Labels, Message};

const EMPTY: usize = 284;
const FOLDED_INSIDE: usize = 892;
const ONE_LINE: usize = 1_851;
const GUID_AS_NAME: usize = 4;
const NO_NAME: usize = 5;
const ALL: usize = 3_036;
const TENANTS: usize = 19;
/// RFC 5322 §2.1.1.
const LINE_BYTES_MAX: usize = 998;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Empty,
    FoldedInside,
    OneLine,
    GuidAsName,
    NoName,
}

const ORDERS: [[&str; 7]; 8] = [
    [
        "Enabled",
        "SetDate",
        "Method",
        "Name",
        "SiteId",
        "ActionId",
        "ContentBits",
    ],
    [
        "ActionId",
        "ContentBits",
        "Enabled",
        "Method",
        "Name",
        "SetDate",
        "SiteId",
    ],
    [
        "Enabled",
        "SiteId",
        "Owner",
        "SetDate",
        "Name",
        "Application",
        "ActionId",
    ],
    [
        "Enabled",
        "SiteId",
        "SetDate",
        "Name",
        "Method",
        "ContentBits",
        "ActionId",
    ],
    [
        "Enabled", "Name", "SiteId", "SetDate", "Method", "ActionId", "Tag",
    ],
    [
        "SiteId",
        "Enabled",
        "Name",
        "Method",
        "SetDate",
        "ContentBits",
        "ActionId",
    ],
    [
        "ActionId",
        "ContentBits",
        "Enabled",
        "Method",
        "Name",
        "SetDate",
        "Tag",
    ],
    [
        "Name",
        "Enabled",
        "SetDate",
        "SiteId",
        "Extended_MSFT_Method",
        "ActionId",
        "Tag",
    ],
];

const DATES: [&str; 3] = [
    "2018-11-08T21:13:16-0800",
    "2022-01-19T10:08:26Z",
    "2024-06-11T19:38:43.157Z",
];

struct Form {
    kind: Kind,
    tenant: usize,
    /// The whole field, LF line breaks.
    field: String,
}

fn kinds() -> Vec<Kind> {
    let counts = [
        (Kind::Empty, EMPTY),
        (Kind::FoldedInside, FOLDED_INSIDE),
        (Kind::OneLine, ONE_LINE),
        (Kind::GuidAsName, GUID_AS_NAME),
        (Kind::NoName, NO_NAME),
    ];
    counts
        .into_iter()
        .flat_map(|(kind, count)| vec![kind; count])
        .collect()
}

fn site(tenant: usize) -> String {
    format!("5170{tenant:04}-aaaa-4bbb-8ccc-0000000000{tenant:02x}")
}

fn guid(tenant: usize) -> String {
    format!("1abe{tenant:04}-dddd-4eee-9fff-0000000000{tenant:02x}")
}

/// The value of one attribute; folded ones hold a fold as real mail had it.
fn value(attribute: &str, kind: Kind, number: usize) -> Option<String> {
    let tenant = number % TENANTS;
    let folded = kind == Kind::FoldedInside;
    let text = match attribute {
        "Enabled" if number.is_multiple_of(3) => "True",
        "Enabled" => "true",
        "SetDate" => DATES[number % DATES.len()],
        "Method" | "Extended_MSFT_Method" if number.is_multiple_of(2) => "Privileged",
        "Method" | "Extended_MSFT_Method" => "Standard",
        "SiteId" => return Some(site(tenant)),
        "ActionId" => "88124cf5-1340-457d-90e1-0000a9427c99",
        "ContentBits" => "0",
        "Owner" => "ann@corp.example",
        "Application" => "Microsoft Azure Information Protection",
        "Tag" if folded => "10,\n 3, 0, 1",
        "Tag" => "10, 3, 0, 1",
        "Name" => match kind {
            Kind::NoName => return None,
            Kind::GuidAsName => return Some(guid(tenant)),
            Kind::FoldedInside => "Public-AIP\n 2.0",
            _ => ["General", "Confidential - All Employees", "Public-AIP 2.0"][number % 3],
        },
        _ => unreachable!(),
    };
    Some(text.to_owned())
}

fn form(number: usize, kind: Kind) -> Form {
    let tenant = number % TENANTS;
    if kind == Kind::Empty {
        let field = ["msip_labels:\n", "msip_labels: \n", "MSIP_Labels:\t\n"][number % 3];
        return Form {
            kind,
            tenant,
            field: field.to_owned(),
        };
    }
    let mut attributes = ORDERS[number % ORDERS.len()].to_vec();
    // Every real one named its site; an order that leaves it out gets it at its end.
    if !attributes.contains(&"SiteId") {
        attributes.push("SiteId");
    }
    let pairs: Vec<String> = attributes
        .into_iter()
        .filter_map(|attribute| {
            let value = value(attribute, kind, number)?;
            Some(format!("MSIP_Label_{}_{attribute}={value}", guid(tenant)))
        })
        .collect();
    let between = match kind {
        Kind::FoldedInside => ";\n ",
        _ => "; ",
    };
    let last = if number.is_multiple_of(2) { ";" } else { "" };
    let name = if number.is_multiple_of(5) {
        "MSIP_Labels"
    } else {
        "msip_labels"
    };
    let mut field = format!("{name}: {}{last}\n", pairs.join(between));
    if kind == Kind::OneLine && number.is_multiple_of(100) {
        // Some lines were as long as a line may be: a second label of the tenant fills them.
        let line = field.trim_end().trim_end_matches(';');
        let filler = format!(
            "; MSIP_Label_{}_Name={}",
            guid(99),
            "n".repeat(LINE_BYTES_MAX)
        );
        field = format!("{line}{}\n", &filler[..LINE_BYTES_MAX - line.len()]);
    }
    Form {
        kind,
        tenant,
        field,
    }
}

fn message(field: &str, line_break: &str) -> String {
    let text = format!("From: a@b.example\n{field}Subject: x\n\nbody\n");
    text.replace('\n', line_break)
}

#[test]
fn site_and_label_are_read_in_every_form() {
    let forms: Vec<Form> = kinds()
        .into_iter()
        .enumerate()
        .map(|(number, kind)| form(number, kind))
        .collect();
    assert_eq!(forms.len(), ALL);
    let mapping = Mapping::default();
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut longest = 0;
    for form in &forms {
        let labels = Labels::new(vec![label(&guid(form.tenant), "Ours", None, 1)]);
        let (ours, theirs) = (site(form.tenant), site(form.tenant + 1));
        longest = longest.max(form.field.lines().map(str::len).max().unwrap_or(0));
        for line_break in ["\n", "\r\n"] {
            let raw = message(&form.field, line_break);
            let message = Message::parse(raw.as_bytes());
            let read = |site| {
                Reader {
                    site: Some(site),
                    labels: &labels,
                    mapping: &mapping,
                }
                .read(&message)
            };
            let (inside, outside) = (read(&ours), read(&theirs));
            assert_eq!(outside.own, None, "{}", form.field);
            if form.kind == Kind::Empty {
                assert_eq!(inside, Default::default(), "{:?}", form.field);
                continue;
            }
            let own = inside.own.map(|id| id.as_str().to_owned());
            assert_eq!(own.as_ref(), Some(&guid(form.tenant)), "{}", form.field);
            let foreign = outside
                .foreign
                .iter()
                .find(|other| other.id.as_str() == guid(form.tenant));
            let foreign = foreign.unwrap_or_else(|| panic!("not told as foreign: {}", form.field));
            assert_eq!(foreign.site.as_ref(), Some(&ours));
            assert_eq!(foreign.name.is_none(), form.kind == Kind::NoName);
            if form.kind == Kind::FoldedInside {
                assert_eq!(foreign.name.as_deref(), Some("Public-AIP 2.0"));
            }
        }
        *counts.entry(form.kind).or_default() += 1;
    }
    assert_eq!(longest, LINE_BYTES_MAX);
    assert_eq!(counts[&Kind::FoldedInside], FOLDED_INSIDE);
    assert_eq!(counts[&Kind::OneLine], ONE_LINE);
    assert_eq!(
        counts[&Kind::GuidAsName] + counts[&Kind::NoName],
        GUID_AS_NAME + NO_NAME
    );
}

/// Fields that look like labels, and one that is: the control that the others could have been read.
#[test]
fn look_alikes_are_no_labels() {
    let labels = Labels::new(vec![label(&guid(0), "Ours", None, 1)]);
    let mapping = Mapping::default();
    let own = |field: &str| {
        let raw = message(field, "\r\n");
        let reader = Reader {
            site: None,
            labels: &labels,
            mapping: &mapping,
        };
        reader.read(&Message::parse(raw.as_bytes())).own
    };
    let pairs = format!("MSIP_Label_{}_Enabled=true", guid(0));
    assert!(own(&format!("msip_labels: {pairs}\n")).is_some());
    for field in [
        "x-ms-oob-tlc-oobclassifiers: OLM:10000;\n".to_owned(),
        format!("msip_labels : {pairs}\n"),
        format!("msip_labels\t: {pairs}\n"),
        format!("x-msip_labels: {pairs}\n"),
        format!("msip_label: {pairs}\n"),
        format!("msip-labels: {pairs}\n"),
        format!("X: msip_labels: {pairs}\n"),
        format!("X: a\n msip_labels: {pairs}\n"),
        format!(
            "msip_labels: =?utf-8?Q?{}?=\n",
            pairs.replace('_', "=5F").replace('=', "=3D")
        ),
        format!("msip_labels: {}\n", pairs.replace('=', ":")),
        format!(
            "msip_labels: {}\n",
            pairs.replace("MSIP_Label_", "MSIP_Lable_")
        ),
        format!("msip_labels: {}\n", pairs.replace("_Enabled", "Enabled")),
        format!("msip_label_{}: true\n", guid(0)),
        format!("\nmsip_labels: {pairs}\n"),
    ] {
        assert_eq!(own(&field), None, "{field}");
    }
}

#[test]
fn limits_are_told() {
    use mail::label::msip::{LABELS_MAX, MsipLabels, PAIRS_MAX, SITES_MAX, VALUE_CHARS_MAX};
    let pairs = |count: usize| {
        let mut labels = MsipLabels::default();
        (0..count).for_each(|_| _ = labels.add(&format!("MSIP_Label_{}_Enabled", guid(0)), "true"));
        labels
    };
    assert!(!pairs(PAIRS_MAX).overflowed());
    assert!(pairs(PAIRS_MAX + 1).overflowed());
    let different = |count: usize| {
        let mut labels = MsipLabels::default();
        (0..count).for_each(|n| _ = labels.add(&format!("MSIP_Label_{}_Enabled", guid(n)), "true"));
        labels
    };
    assert!(!different(LABELS_MAX).overflowed());
    let over = different(LABELS_MAX + 1);
    assert!(over.overflowed());
    assert_eq!(over.iter().count(), LABELS_MAX);
    let mut labels = MsipLabels::default();
    for tenant in 0..=SITES_MAX {
        labels.add(&format!("MSIP_Label_{}_SiteId", guid(0)), &site(tenant));
    }
    labels.add(
        &format!("MSIP_Label_{}_Name", guid(0)),
        &"n".repeat(VALUE_CHARS_MAX + 1),
    );
    let label = labels.iter().next().unwrap();
    assert_eq!(label.sites.len(), SITES_MAX);
    assert!(label.contradicts);
    assert_eq!(label.name.as_ref().map(String::len), Some(VALUE_CHARS_MAX));
    let raw = message(
        &format!("msip_labels: {}\n", {
            let pair = format!("MSIP_Label_{}_Enabled=true;", guid(0));
            vec![pair; PAIRS_MAX + 1].join("\n ")
        }),
        "\r\n",
    );
    let labels = Labels::default();
    let reading = mail::label::read(&Message::parse(raw.as_bytes()), None, &labels);
    assert_eq!(reading.conflicts, ["too many labels to read all of them"]);
    assert!(reading.truncated);
}
