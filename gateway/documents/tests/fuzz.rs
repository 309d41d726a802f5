//! Targets over files from nowhere: nothing panics, nothing takes long, and a label once seen is
//! not lost in silence. `FUZZ_ROUNDS` sets how many inputs each target gets; the seed is fixed.

mod build;

use std::time::{Duration, Instant};

use build::compound::{compound, summary};
use build::pdf::Pdf;
use build::{
    CONFIDENTIAL, ODF_TEXT, SECRET, SITE, docx, label_info, labelled, meta_label, open_document,
    whole_docx, zip,
};
use documents::{
    DocumentLabel, Kind, NewLabel, Tenant, kind, read_labels, remove_label, set_label, takes_label,
};
use mail::Timestamp;
use mail::label::{LabelId, Method};

/// Any bytes are a file.
pub fn file(bytes: &[u8]) {
    let begun = Instant::now();
    let answer = read_labels(bytes);
    let _ = kind(bytes).as_str();
    assert!(answer.labels.len() <= 10_000);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

/// Any bytes are a file that is to take a label: it stays as it is, or has that label alone of
/// ours, which comes off again.
pub fn labelled_file(bytes: &[u8]) -> bool {
    let begun = Instant::now();
    let labels = [CONFIDENTIAL, SECRET].map(|id| LabelId::parse(id).unwrap());
    let tenant = Tenant {
        site: SITE,
        labels: &labels,
    };
    let label = NewLabel {
        id: &labels[0],
        name: "Confidential",
        method: Method::Standard,
        set_at: Timestamp::from_unix(0),
        action_id: "88124cf5-1340-457d-90e1-0000a9427c99",
    };
    let set = set_label(bytes, &tenant, &label);
    if let Ok(written) = &set {
        // Damage may have made another organisation's label of ours.
        let is_own = |label: &&DocumentLabel| match &label.site {
            Some(site) => site == SITE,
            None => labels.contains(&label.id),
        };
        let ids = |bytes: &[u8]| {
            let found = read_labels(bytes);
            let ids = found.in_effect().filter(is_own);
            let mut ids: Vec<_> = ids.map(|label| label.id.clone()).collect();
            ids.dedup();
            ids
        };
        assert_eq!(ids(written), labels[..1]);
        assert!(kind(bytes) != Kind::Pdf || written.starts_with(bytes));
        assert_eq!(takes_label(written), Ok(()));
        let without = remove_label(written, &tenant).unwrap().unwrap();
        assert!(ids(&without).is_empty());
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
    set.is_ok()
}

/// Files that are sound, to be damaged.
fn seeds() -> Vec<Vec<u8>> {
    let pair = |attribute: &str, value: &str| {
        (format!("MSIP_Label_{SECRET}_{attribute}"), value.to_owned())
    };
    let properties = [pair("Enabled", "true"), pair("SiteId", SITE)];
    let info = label_info(SECRET, "1", "0");
    let document = docx(&[
        ("docProps/custom.xml", &labelled(SECRET)),
        ("docMetadata/LabelInfo.xml", &info),
    ]);
    let old = |wide| {
        let summary = summary(&properties, wide);
        let streams: [(&str, &[u8]); 2] = [
            ("WordDocument", &[0; 32]),
            ("\u{5}DocumentSummaryInformation", &summary),
        ];
        compound(&streams)
    };
    let rtf = format!(
        "{{\\rtf1{{\\*\\userprops {{\\propname MSIP_Label_{SECRET}_Enabled}}\\proptype30\
         {{\\staticval true}}}}x}}"
    );
    let flat = format!(
        "<office:document xmlns:office=\"urn:oasis:names:tc:opendocument:x\"><meta:user-defined \
         meta:name=\"MSIP_Label_{SECRET}_Enabled\">true</meta:user-defined></office:document>"
    );
    let pdf = format!(
        "%PDF-1.7\n1 0 obj\n<< /Title (a) /MSIP_Label_{SECRET}_Enabled (true) >>\nendobj\n2 0 obj\n\
         << /Type /ObjStm /First 4 /Length 12 >>\nstream\n7 0 << /A 1 >>\nendstream\nendobj\n\
         trailer\n<< /Info 1 0 R >>\n%%EOF\n"
    );
    vec![
        pdf.into_bytes(),
        zip(&[("inner", &document), ("b.txt", b"x")]),
        document,
        old(false),
        old(true),
        compound(&[("EncryptedPackage", b"x"), ("LabelInfo", &info)]),
        rtf.into_bytes(),
        flat.into_bytes(),
        info,
    ]
}

/// A small generator that needs nothing of the system.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// A few bytes changed, a piece cut out or doubled.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..(at + self.below(64)).min(bytes.len()))),
                2 => {
                    let piece = bytes[at..(at + self.below(64)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
                3 => bytes
                    .iter_mut()
                    .skip(at)
                    .take(4)
                    .for_each(|byte| *byte = 0xff),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = self.below(256) as u8;
                    }
                }
            }
        }
    }
}

fn rounds() -> usize {
    let rounds = std::env::var("FUZZ_ROUNDS");
    rounds
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2_000)
}

#[test]
fn damaged_files() {
    let seeds = seeds();
    for seed in &seeds[..8] {
        assert_eq!(
            read_labels(seed).in_effect().count(),
            1,
            "the seed is sound"
        );
    }
    let mut random = Random(0x5ea1_9a7e);
    for round in 0..rounds() {
        let mut bytes = seeds[round % seeds.len()].clone();
        random.damage(&mut bytes);
        file(&bytes);
    }
}

/// A PDF with a label, in a table or packed with all else.
fn pdf(packed: bool) -> Vec<u8> {
    let name = format!("/MSIP_Label_{SECRET}");
    let info = format!(
        "<< /Title (x) {name}_Enabled (true) {name}_SiteId <{}> >>",
        hex(SITE)
    );
    let both = "/Root 1 0 R /Info 4 0 R /ID [(a) <62>]";
    let xmp = format!(
        "<a xmlns:p='p'><p:MSIP_Label_{SECRET}_Enabled>1</p:MSIP_Label_{SECRET}_Enabled></a>"
    );
    let begun = Pdf::with_page("/Metadata 5 0 R").stream(5, "/Type /Metadata", xmp.as_bytes());
    match packed {
        false => begun.object(4, info.as_bytes()).table(6, both).bytes,
        true => {
            begun
                .packed(6, &[(4, info.as_bytes())])
                .references(7, both, true)
                .bytes
        }
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn damaged_files_that_take_a_label() {
    let list = label_info(SECRET, "1", "0");
    let seeds = [
        whole_docx(Some(&labelled(SECRET)), None),
        whole_docx(Some(&labelled(SECRET)), Some(&list)),
        open_document(ODF_TEXT, Some(&meta_label(SECRET, Some(SITE)))),
        open_document(ODF_TEXT, None),
        pdf(false),
        pdf(true),
    ];
    for seed in &seeds {
        assert!(labelled_file(seed), "the seed is sound");
    }
    let mut random = Random(0x1abe_11ed);
    let mut taken = 0;
    for round in 0..rounds() {
        let mut bytes = seeds[round % seeds.len()].clone();
        random.damage(&mut bytes);
        taken += usize::from(labelled_file(&bytes));
    }
    println!("{taken} of {} damaged files took a label", rounds());
    assert!(taken > rounds() / 100, "only {taken}");
}
