//! Labels appended to PDFs of every shape that writers give them, and what stays as it was.

use documents::read_labels;
use proptest::prelude::*;

use super::build::pdf::{Pdf, deflate};
use super::build::{CONFIDENTIAL, SECRET, SITE, docx, labelled};
use super::{in_effect, remove, set, set_one};

pub const FOREIGN: &str = "11111111-2222-3333-4444-555555555555";
const METADATA: &str = "/Type /Metadata /Subtype /XML";

/// An information dictionary with a title, and a label of this site.
pub fn info(label: &str, site: &str) -> Vec<u8> {
    format!(
        "<< /Title (a \\(title\\)) /MSIP_Label_{label}_Enabled (true)\n/Author <FEFF00E4> % last\n\
         /MSIP_Label_{label}_SiteId({site}) >>"
    )
    .into_bytes()
}

/// A file with a table, and this information dictionary as object 4.
pub fn plain(info: &[u8]) -> Vec<u8> {
    Pdf::with_page("")
        .object(4, info)
        .table(5, "/Root 1 0 R /Info 4 0 R")
        .bytes
}

/// XMP with a label of ours: as an element, as an attribute, with a namespace of its own.
fn xmp(property: &str) -> String {
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" {}>\
         </rdf:Description></rdf:RDF></x:xmpmeta>\n   <?xpacket end=\"w\"?>",
        property.replace("ID", CONFIDENTIAL)
    )
}

fn xmps() -> Vec<String> {
    vec![
        xmp("><pdfx:MSIP_Label_ID_Enabled>true</pdfx:MSIP_Label_ID_Enabled><dc:a>b &amp; c</dc:a"),
        xmp("pdfx:MSIP_Label_ID_Enabled='true' dc:a = \"b &amp; c\" pdfx:MSIP_Label_ID_X=\"y\""),
        xmp("dc:a='b &amp; c'><n:MSIP_Label_ID_Enabled xmlns:n='n'>1</n:MSIP_Label_ID_Enabled"),
    ]
}

/// A file whose document metadata are these, told in a stream of this dictionary.
fn with_metadata(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let pdf = Pdf::with_page("/Metadata 5 0 R").object(4, b"<< /Title (x) >>");
    let pdf = pdf.stream(5, dictionary, data);
    pdf.table(6, "/Root 1 0 R /Info 4 0 R").bytes
}

/// Every shape of file, with a label of ours or none.
pub fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let ours = info(CONFIDENTIAL, SITE);
    let catalog = b"<< /Type /Catalog /Pages 2 0 R >>";
    let pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
    let leaf = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << >> >>";
    let both = "/Root 1 0 R /Info 4 0 R /ID [<01\n> (\\(x)]";
    let page = |predicted| {
        let pdf = Pdf::with_page("").packed(5, &[(4, &ours), (6, b"<< /A [1 2] >>")]);
        pdf.references(7, both, predicted).bytes
    };
    let root_packed = Pdf::new()
        .packed(5, &[(1, catalog), (2, pages), (3, leaf), (4, &ours)])
        .references(6, both, true);
    let hybrid = Pdf::with_page("").packed(5, &[(4, &ours)]).hybrid(6, both);
    let updated = Pdf::with_page("")
        .object(4, b"<< /Title (first) >>")
        .table(5, both)
        .object(4, &ours)
        .table(5, both);
    let mixed = Pdf::with_page("")
        .object(4, &ours)
        .table(5, both)
        .packed(5, &[(6, b"<< >>")])
        .references(7, both, false);
    let mut unended = plain(b"<</Title(x)/Pages 7>>");
    unended.truncate(unended.trim_ascii_end().len());
    let mut shapes = vec![
        ("table", plain(&ours)),
        (
            "no information",
            Pdf::with_page("").table(4, "/Root 1 0 R").bytes,
        ),
        ("empty information", plain(b"<<>>")),
        ("information gone", Pdf::with_page("").table(4, both).bytes),
        ("stream", page(false)),
        ("predicted stream", page(true)),
        ("all packed", root_packed.bytes),
        (
            "stream without information",
            Pdf::with_page("").references(4, "/Root 1 0 R", true).bytes,
        ),
        ("hybrid", hybrid.bytes),
        ("updated", updated.bytes),
        ("table, then stream", mixed.bytes),
        ("no line at its end", unended),
        (
            "blanks at its end",
            [&plain(&ours)[..], b"\r\n \0\0"].concat(),
        ),
    ];
    for text in xmps() {
        shapes.push(("metadata", with_metadata(METADATA, text.as_bytes())));
        let dictionary = format!("{METADATA} /Filter [/FlateDecode] /DecodeParms [null]");
        shapes.push((
            "packed metadata",
            with_metadata(&dictionary, &deflate(text.as_bytes())),
        ));
    }
    shapes
}

/// The ids in effect, each once: the metadata may repeat the label.
fn distinct(bytes: &[u8]) -> Vec<String> {
    let mut ids = in_effect(bytes);
    ids.dedup();
    ids
}

#[test]
fn every_shape_takes_a_label_and_gives_it_back() {
    for (name, bytes) in shapes() {
        let written = set(&bytes).unwrap_or_else(|left| panic!("{name}: {left}"));
        assert!(
            written.len() > bytes.len() && written.starts_with(&bytes),
            "{name}"
        );
        assert_eq!(distinct(&written), [SECRET], "{name}");
        assert!(
            set(&written).unwrap() == written,
            "{name}: the same again is the same"
        );
        let other = set_one(&written, CONFIDENTIAL, "C").unwrap();
        assert!(other.starts_with(&written), "{name}");
        assert_eq!(distinct(&other), [CONFIDENTIAL], "{name}");
        let without = remove(&other).unwrap().unwrap();
        assert!(distinct(&without).is_empty(), "{name}");
        assert_eq!(remove(&without), Ok(None), "{name}");
        for each in [&written, &other, &without] {
            super::readers::agree(name, each);
        }
    }
}

/// What is appended, word for word.
#[test]
fn the_update() {
    let before = plain(&info(CONFIDENTIAL, SITE));
    let after = set(&before).unwrap();
    let told = String::from_utf8(after[before.len()..].to_vec()).unwrap();
    let object = before.len();
    let table = object + told.find("xref").unwrap();
    let prev = memchr::memmem::find(&before, b"xref").unwrap();
    let id = format!("/MSIP_Label_{SECRET}_");
    let expected = format!(
        "4 0 obj\n<< /Title (a \\(title\\)) \n/Author <FEFF00E4> % last\n {id}Enabled(true)\
         {id}SetDate(2024-06-11T19:38:43Z){id}Method(Standard){id}Name(Secret & <grave>)\
         {id}SiteId({SITE}){id}ActionId(88124cf5-1340-457d-90e1-0000a9427c99){id}ContentBits(0)>>\n\
         endobj\nxref\n4 1\n{object:010} 00000 n \ntrailer\n<</Size 5/Root 1 0 R/Info 4 0 R\
         /Prev {prev}>>\nstartxref\n{table}\n%%EOF\n"
    );
    assert_eq!(told, expected);
}

/// The same as a stream: its rows say where the two objects stand that it adds.
#[test]
fn the_update_of_a_file_whose_references_are_a_stream() {
    let id = "/ID [<01\n> (x)] /Odd#20key true";
    // How long its own data are, packed or not, is said of each stream anew.
    let before = Pdf::with_page("")
        .references(4, &format!("/Root 1 0 R {id} /DL 28"), true)
        .bytes;
    let after = set(&before).unwrap();
    let told = &after[before.len()..];
    let places = [0, memchr::memmem::find(told, b"6 0 obj").unwrap()];
    let rows = places.map(|at| {
        let at = (before.len() + at) as u32;
        [&[1][..], &at.to_be_bytes(), &[0, 0]].concat()
    });
    let section = before.len() + places[1];
    let prev = memchr::memmem::find(&before, b"4 0 obj").unwrap();
    let head = format!(
        "6 0 obj\n<</Type/XRef/Size 7/W[1 4 2]/Index[5 2]/Length 14/Root 1 0 R{id}/Info 5 0 R\
         /Prev {prev}>>\nstream\n"
    )
    .replace(" /Odd", "/Odd");
    let tail = format!("\nendstream\nendobj\nstartxref\n{section}\n%%EOF\n");
    let expected = [head.as_bytes(), &rows.concat(), tail.as_bytes()].concat();
    assert_eq!(
        told[places[1]..].escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    assert!(told.starts_with(b"5 0 obj\n<</MSIP_Label_"));
}

#[test]
fn metadata_have_the_new_label_where_they_had_ours_and_are_left_otherwise() {
    for text in xmps() {
        let before = with_metadata(METADATA, text.as_bytes());
        let after = set(&before).unwrap();
        let told = String::from_utf8_lossy(&after[before.len()..]).into_owned();
        let content = told.split_once("stream\n").unwrap().1;
        let content = content.split_once("\nendstream").unwrap().0;
        assert!(!content.contains(CONFIDENTIAL), "{content}");
        assert_eq!(content.matches("b &amp; c").count(), 1, "{content}");
        assert!(
            content.starts_with("<?xpacket") && content.ends_with("?>"),
            "{content}"
        );
        assert!(content.contains("Secret &amp; &lt;grave&gt;"), "{content}");
        // Taken off, it is gone from both places.
        let without = remove(&after).unwrap().unwrap();
        let told = String::from_utf8_lossy(&without[after.len()..]).into_owned();
        assert!(!told.contains("MSIP_Label"), "{told}");
    }
    for text in [
        xmp("dc:a='x'").replace("dc:a", "dc:title"),
        xmp(&format!(
            "pdfx:MSIP_Label_{FOREIGN}_Enabled='true' pdfx:MSIP_Label_{FOREIGN}_SiteId='{FOREIGN}'"
        )),
    ] {
        let before = with_metadata(METADATA, text.as_bytes());
        let after = set(&before).unwrap();
        let told = &after[before.len()..];
        assert!(memchr::memmem::find(told, b"stream").is_none());
    }
}

#[test]
fn what_looks_like_the_label_in_another_value_is_not_cut() {
    let decoy = "dc:d=' pdfx:MSIP_Label_ID_Enabled=\"true\" '";
    let text = xmp(&format!(
        "{decoy} pdfx:MSIP_Label_ID_Enabled = 'true' dc:e='f'"
    ));
    let before = with_metadata(METADATA, text.as_bytes());
    let after = set(&before).unwrap();
    let told = String::from_utf8_lossy(&after[before.len()..]).into_owned();
    assert!(told.contains(&decoy.replace("ID", CONFIDENTIAL)), "{told}");
    assert_eq!(told.matches(CONFIDENTIAL).count(), 1, "{told}");
    assert_eq!(distinct(&after), [SECRET]);
}

#[test]
fn labels_of_others_stay_and_so_do_those_of_attached_files() {
    let foreign = info(FOREIGN, FOREIGN);
    let after = set(&plain(&foreign)).unwrap();
    assert_eq!(in_effect(&after), [FOREIGN, SECRET]);
    let inner = docx(&[("docProps/custom.xml", &labelled(CONFIDENTIAL))]);
    let pdf = Pdf::with_page("").object(4, &info(CONFIDENTIAL, SITE));
    let pdf = pdf.stream(5, "/Type /EmbeddedFile", &inner);
    let before = pdf.table(6, "/Root 1 0 R /Info 4 0 R").bytes;
    let after = set(&before).unwrap();
    // The first is the file's own, the second that of the file in it.
    assert_eq!(in_effect(&before), [CONFIDENTIAL, CONFIDENTIAL]);
    assert_eq!(in_effect(&after), [SECRET, CONFIDENTIAL]);
}

/// A text, a hexadecimal one, a name, a number, an array with a reference.
const VALUE: &str =
    "(\\([ -'*-\\[\\]-~]{0,20}\\)|<[0-9A-F]{0,8}>|/[A-Z]{1,4}|-?[0-9]{1,4}|\\[ 1 0 R \\])";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn names_come_back_as_they_were(name in "\\PC{0,300}", streamed in any::<bool>()) {
        let before = match streamed {
            true => Pdf::with_page("").references(4, "/Root 1 0 R", true).bytes,
            false => plain(b"<< /Title (x) >>"),
        };
        let after = set_one(&before, SECRET, &name).unwrap();
        let found = read_labels(&after).labels.remove(0);
        let kept: String = name.chars().take(255).collect();
        prop_assert_eq!(found.name.unwrap_or_default(), kept.trim());
    }

    #[test]
    fn other_entries_stay_in_their_words(
        values in prop::collection::vec(VALUE, 0..9),
        at in 0usize..9,
        gap in "[ \n\t]{0,3}",
    ) {
        let mut entries: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(key, value)| format!("/Key{key} {value}"))
            .collect();
        let place = at.min(entries.len());
        entries.insert(place, format!("/MSIP_Label_{CONFIDENTIAL}_Enabled (true)"));
        let before = plain(format!("<<{gap}{}{gap}>>", entries.join(&gap)).as_bytes());
        let after = set(&before).unwrap();
        let told = String::from_utf8_lossy(&after[before.len()..]).into_owned();
        entries.remove(place);
        for entry in &entries {
            prop_assert!(told.contains(entry.as_str()), "{} in {}", entry, told);
        }
        prop_assert_eq!(in_effect(&after), [SECRET]);
    }
}
