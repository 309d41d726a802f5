//! Labels in PDF that the tests build: where they may stand, what hides them, what is hostile.

mod build;

use std::io::Write;
use std::time::{Duration, Instant};

use build::{CONFIDENTIAL, SECRET, SITE, docx, labelled};
use documents::limits::{PDF_NAMES_MAX, PDF_STREAMS_MAX};
use documents::{DocumentLabels, Reason, State, read_labels};

fn ids(answer: &DocumentLabels) -> Vec<&str> {
    answer.in_effect().map(|label| label.id.as_str()).collect()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// A PDF of these objects.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    for (at, object) in objects.iter().enumerate() {
        out.extend(format!("{} 0 obj\n", at + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    out.extend(b"trailer\n<< /Size 9 /Root 1 0 R /Info 2 0 R >>\nstartxref\n0\n%%EOF\n");
    out
}

fn catalog() -> Vec<u8> {
    b"<< /Type /Catalog /Pages 8 0 R /Metadata 3 0 R >>".to_vec()
}

fn info(id: &str) -> Vec<u8> {
    format!(
        "<< /Title (a \\(title\\)) /MSIP_Label_{id}_Enabled (true) \
         /MSIP_Label_{id}_SiteId ({SITE}) /MSIP_Label_{id}_Name <FEFF004700F6> >>"
    )
    .into_bytes()
}

fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let mut out = format!("<< {dictionary} /Length {} >>\nstream\r\n", content.len()).into_bytes();
    out.extend(content);
    out.extend(b"\nendstream");
    out
}

fn xmp(id: &str) -> String {
    format!(
        "<?xpacket begin=\"\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"r\"><rdf:Description xmlns:pdfx=\"p\" \
         pdfx:MSIP_Label_{id}_SiteId=\"{SITE}\">\
         <pdfx:MSIP_Label_{id}_Enabled>true</pdfx:MSIP_Label_{id}_Enabled>\
         </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>\n   \n"
    )
}

const METADATA: &str = "/Type /Metadata /Subtype /XML";

#[test]
fn the_info_dictionary() {
    let answer = read_labels(&pdf(&[catalog(), info(SECRET)]));
    assert_eq!((ids(&answer), answer.state), (vec![SECRET], State::Known));
    assert_eq!(answer.labels[0].site.as_deref(), Some(SITE));
    assert_eq!(answer.labels[0].name.as_deref(), Some("Gö"));
    let none = read_labels(&pdf(&[catalog(), b"<< /Title (MSIP_Label_) >>".to_vec()]));
    assert_eq!((none.labels.len(), none.state), (0, State::Known));
    let off = String::from_utf8_lossy(&info(SECRET)).replace("(true)", "(false)");
    assert!(ids(&read_labels(&pdf(&[catalog(), off.into_bytes()]))).is_empty());
}

#[test]
fn xmp_plain_and_deflated() {
    for (dictionary, content) in [
        (METADATA.to_owned(), xmp(SECRET).into_bytes()),
        (
            format!("{METADATA} /Filter /FlateDecode"),
            deflate(xmp(SECRET).as_bytes()),
        ),
    ] {
        let answer = read_labels(&pdf(&[catalog(), vec![], stream(&dictionary, &content)]));
        assert_eq!(
            (ids(&answer), answer.state),
            (vec![SECRET], State::Known),
            "{dictionary}"
        );
        assert_eq!(answer.labels[0].site.as_deref(), Some(SITE));
        // The same bytes as a picture are no metadata.
        let picture = dictionary.replace(METADATA, "/Subtype /Image");
        let answer = read_labels(&pdf(&[catalog(), vec![], stream(&picture, &content)]));
        assert!(answer.labels.is_empty());
    }
}

/// An object stream: numbers and places, then the objects.
fn packed(objects: &[(u32, &[u8])]) -> Vec<u8> {
    let (mut index, mut body) = (String::new(), Vec::new());
    for (number, object) in objects {
        index.push_str(&format!("{number} {} ", body.len()));
        body.extend_from_slice(object);
        body.push(b' ');
    }
    let dictionary = format!(
        "/Type /ObjStm /N {} /First {} /Filter /FlateDecode",
        objects.len(),
        index.len()
    );
    stream(&dictionary, &deflate(&[index.as_bytes(), &body].concat()))
}

#[test]
fn packed_objects() {
    let answer = read_labels(&pdf(&[packed(&[(7, b"<< /A 1 >>"), (2, &info(SECRET))])]));
    assert_eq!((ids(&answer), answer.state), (vec![SECRET], State::Known));
}

#[test]
fn what_a_later_update_wrote_counts() {
    let mut updated = pdf(&[catalog(), info(SECRET)]);
    let second = String::from_utf8(info(CONFIDENTIAL)).unwrap();
    updated.extend(format!("2 0 obj\n{second}\nendobj\ntrailer\n<<>>\n%%EOF\n").bytes());
    assert_eq!(ids(&read_labels(&updated)), [CONFIDENTIAL]);
    // Another object's label stands beside it.
    let mut beside = pdf(&[catalog(), info(SECRET)]);
    beside.extend(format!("9 0 obj\n{second}\nendobj\n").bytes());
    assert_eq!(ids(&read_labels(&beside)), [SECRET, CONFIDENTIAL]);
}

#[test]
fn attached_files_are_read() {
    let file = docx(&[("docProps/custom.xml", &labelled(SECRET))]);
    let attached = |name: &str| pdf(&[catalog(), stream(&format!("/Type {name}"), &file)]);
    assert_eq!(ids(&read_labels(&attached("/EmbeddedFile"))), [SECRET]);
    assert!(ids(&read_labels(&attached("/XObject"))).is_empty());
    // A PDF in a PDF: its streams are its own.
    let inner = pdf(&[
        catalog(),
        info(SECRET),
        stream(METADATA, xmp(SECRET).as_bytes()),
    ]);
    let outer = pdf(&[
        catalog(),
        info(CONFIDENTIAL),
        stream("/Type /EmbeddedFile", &inner),
    ]);
    let answer = read_labels(&outer);
    assert_eq!(ids(&answer), [CONFIDENTIAL, SECRET, SECRET]);
    assert_eq!(answer.state, State::Known);
}

#[test]
fn what_is_closed_is_unknown() {
    let mut encrypted = pdf(&[catalog(), b"<< /Title <AFFE> >>".to_vec()]);
    encrypted.extend(b"trailer\n<< /Encrypt 5 0 R >>\n");
    assert_eq!(
        read_labels(&encrypted).state,
        State::Unknown(Reason::Encrypted)
    );
    let only =
        String::from_utf8_lossy(&encrypted).replace("/Encrypt 5 0 R", "/EncryptMetadata true");
    assert_eq!(read_labels(only.as_bytes()).state, State::Known);
    // A label beside what is encrypted is the one that counts.
    let label = stream(METADATA, xmp(SECRET).as_bytes());
    encrypted.extend([b"7 0 obj\n", &label[..], b"\nendobj\n"].concat());
    let answer = read_labels(&encrypted);
    assert_eq!((ids(&answer), answer.state), (vec![SECRET], State::Known));
    let wrapper = b"<< /Type /Filespec /AFRelationship /EncryptedPayload \
        /EP << /Subtype /MicrosoftIRMServices >> /F (MicrosoftIRMServices Protected PDF.pdf) >>";
    let answer = read_labels(&pdf(&[catalog(), wrapper.to_vec()]));
    assert_eq!(answer.state, State::Unknown(Reason::Encrypted));
    for filter in [
        "/LZWDecode",
        "/ASCII85Decode",
        "/FlateDecode /DecodeParms << /Predictor 12 >>",
    ] {
        let odd = stream(&format!("{METADATA} /Filter {filter}"), b"x");
        let answer = read_labels(&pdf(&[catalog(), odd]));
        assert_eq!(
            answer.state,
            State::Unknown(Reason::Unsupported),
            "{filter}"
        );
    }
    let referred = format!("<< /MSIP_Label_{SECRET}_Enabled 9 0 R >>").into_bytes();
    let answer = read_labels(&pdf(&[catalog(), referred]));
    assert_eq!(answer.state, State::Unknown(Reason::Unsupported));
}

#[test]
fn limits() {
    let bomb = deflate(&vec![b' '; 8 << 20]);
    let answer = read_labels(&pdf(&[stream(
        &format!("{METADATA} /Filter /FlateDecode"),
        &bomb,
    )]));
    assert_eq!(answer.state, State::Unknown(Reason::InflatesTooMuch));
    let streams = |count: usize| pdf(&vec![stream(METADATA, b"<x/>"); count]);
    assert_eq!(read_labels(&streams(PDF_STREAMS_MAX)).state, State::Known);
    let over = read_labels(&streams(PDF_STREAMS_MAX + 1)).state;
    assert_eq!(over, State::Unknown(Reason::TooManyEntries));
    let names = |count: usize| {
        let name = format!("/MSIP_Label_{SECRET}_Enabled (true)\n");
        read_labels(&pdf(&[
            [b"<<".to_vec(), name.repeat(count).into_bytes()].concat()
        ]))
        .state
    };
    assert_eq!(
        names(PDF_NAMES_MAX + 1),
        State::Unknown(Reason::TooManyEntries)
    );
    assert_eq!(names(16), State::Known);
}

#[test]
fn hostile_files_are_answered_in_time() {
    let head = b"%PDF-1.7\n".to_vec();
    let many = |text: &str| [&head[..], text.repeat(4_000_000 / text.len()).as_bytes()].concat();
    let mut own = pdf(&[catalog(), info(SECRET)]);
    for _ in 0..6 {
        own = pdf(&[stream("/Type /EmbeddedFile", &own)]);
    }
    assert_eq!(read_labels(&own).state, State::Unknown(Reason::TooDeep));
    for hostile in [
        many(">>stream\n"),
        many("1 0 obj<<>>stream\nendstream "),
        many("1 0 obj "),
        many("obj "),
        many("/MSIP_Label_"),
        many("/MSIP_Label_x ("),
        many("/MSIP_Label_x <"),
        many("/Length "),
        many("stream"),
        many("1 0 obj<</Type/ObjStm/First 9999999999>>stream\n1 1 1 1endstream "),
    ] {
        let begun = Instant::now();
        read_labels(&hostile);
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            &hostile[9..30]
        );
    }
}
