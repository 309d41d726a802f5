//! Whatever properties a document has, they are there again after a label came and went.

use proptest::prelude::*;

use super::build::{
    CONFIDENTIAL, ODF_TEXT, SECRET, SITE, custom_xml, meta_label, meta_xml, open_document,
    whole_docx,
};
use super::{in_effect, members, remove, set, set_one};

/// Names and values of all properties but the labels of ours, in order.
fn others(bytes: &[u8]) -> Vec<(String, String, String)> {
    let part = members(bytes)["docProps/custom.xml"].clone();
    let part = String::from_utf8(part).unwrap();
    let pieces = part.split("<property ").skip(1);
    let properties = pieces.map(|piece| {
        let (tag, rest) = piece.split_once('>').unwrap();
        let value = rest.split_once("</property>").unwrap().0;
        let name = tag.split_once("name=\"").unwrap().1;
        let name = name.strip_suffix('"').unwrap();
        let pid = tag
            .split_once("pid=\"")
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0;
        (name.to_owned(), value.to_owned(), pid.to_owned())
    });
    let ours = |name: &str| name.contains(SECRET) || name.contains(CONFIDENTIAL);
    properties.filter(|(name, ..)| !ours(name)).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('>', "&gt;")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn other_properties_stay(
        found in prop::collection::vec(
            ("[A-Za-z_ äß<&\"]{1,20}", "[ -~äß日]{0,40}", 2u32..90),
            0..12,
        ),
        ours in any::<bool>(),
        foreign in any::<bool>(),
        at in 0usize..4,
    ) {
        let mut all = Vec::new();
        for (name, value, pid) in &found {
            all.push(format!(
                "<property fmtid=\"{{x}}\" pid=\"{pid}\" name=\"{}\"><vt:lpwstr>{}</vt:lpwstr>\
                 </property>",
                escape(name), escape(value)
            ));
        }
        let place = at.min(all.len());
        let site = if foreign { CONFIDENTIAL } else { SITE };
        let id = "11111111-2222-3333-4444-555555555555";
        let id = if foreign { id } else { CONFIDENTIAL };
        let label = custom_xml(id, &[("Enabled", "true"), ("SiteId", site)]);
        let label = String::from_utf8(label).unwrap();
        let (head, label) = label.split_once("<property").unwrap();
        if ours || foreign {
            let label = label.strip_suffix("</Properties>").unwrap();
            all.insert(place, format!("<property{label}"));
        }
        let part = format!("{head}{}</Properties>", all.concat());
        let before = whole_docx(Some(part.as_bytes()), None);
        let written = set(&before).unwrap();
        prop_assert!(in_effect(&written).contains(&SECRET.to_owned()));
        prop_assert_eq!(in_effect(&written).len(), 1 + usize::from(foreign));
        prop_assert_eq!(others(&written), others(&before));
        let without = remove(&written).unwrap().unwrap();
        prop_assert_eq!(others(&without), others(&before));
        // Of properties of one part no two new ones have one number.
        let part = members(&written)["docProps/custom.xml"].clone();
        let part = String::from_utf8(part).unwrap();
        let mut numbers: Vec<&str> = part
            .split("<property ")
            .filter(|piece| piece.contains(SECRET))
            .map(|piece| piece.split_once("pid=\"").unwrap().1.split_once('"').unwrap().0)
            .collect();
        prop_assert_eq!(numbers.len(), 7);
        let old: Vec<String> = others(&before).into_iter().map(|(_, _, pid)| pid).collect();
        prop_assert!(numbers.iter().all(|number| !old.contains(&(*number).to_owned())));
        numbers.dedup();
        prop_assert_eq!(numbers.len(), 7);
    }

    #[test]
    fn other_metadata_stays(
        found in prop::collection::vec(("[A-Za-z_ äß<&\"]{1,20}", "[ -~äß日]{0,40}"), 0..12),
        site in prop::sample::select(vec![None, Some(SITE)]),
        at in 0usize..12,
    ) {
        let found: Vec<(String, String)> = found
            .iter()
            .map(|(name, value)| (escape(name), escape(value)))
            .collect();
        let mut entries: Vec<(&str, &str)> = found.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        let plain = open_document(ODF_TEXT, Some(&meta_xml(&entries)));
        let enabled = format!("MSIP_Label_{CONFIDENTIAL}_Enabled");
        let owner = format!("MSIP_Label_{CONFIDENTIAL}_SiteId");
        let place = at.min(entries.len());
        entries.extend(site.map(|site| (&owner[..], site)));
        entries.insert(place, (&enabled, "true"));
        let labelled = open_document(ODF_TEXT, Some(&meta_xml(&entries)));
        // Whichever label of ours was there, or none, the result is the same.
        let written = set(&plain).unwrap();
        prop_assert_eq!(in_effect(&written), [SECRET]);
        prop_assert_eq!(&set(&labelled).unwrap(), &written);
        let without = remove(&written).unwrap().unwrap();
        prop_assert_eq!(members(&without), members(&plain));
    }

    #[test]
    fn a_label_set_again_changes_nothing_and_another_takes_its_place(
        names in prop::collection::vec("[ -~äß日]{0,300}", 2),
        meta in any::<bool>(),
    ) {
        let meta = meta.then(|| meta_xml(&[("Project", "7")]));
        for plain in [open_document(ODF_TEXT, meta.as_deref()), whole_docx(None, None)] {
            let first = set_one(&plain, SECRET, &names[0]).unwrap();
            prop_assert_eq!(&set_one(&first, SECRET, &names[0]).unwrap(), &first);
            let second = set_one(&first, CONFIDENTIAL, &names[1]).unwrap();
            prop_assert_eq!(in_effect(&second), [CONFIDENTIAL]);
            prop_assert_eq!(set_one(&plain, CONFIDENTIAL, &names[1]).unwrap(), second);
        }
    }

    #[test]
    fn any_bytes_give_an_answer(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        office in any::<bool>(),
    ) {
        let mut bytes = match office {
            true => whole_docx(Some(&custom_xml(CONFIDENTIAL, &[("Enabled", "true")])), None),
            false => open_document(ODF_TEXT, Some(&meta_label(CONFIDENTIAL, Some(SITE)))),
        };
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(written) = set(&bytes) {
            prop_assert!(in_effect(&written).contains(&SECRET.to_owned()));
        }
    }
}
