//! What a file is, judged by its bytes.
//!
//! It never looks at a name or a declared media type: both are the sender's word.

use crate::compound::Compound;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing in it at all.
    Empty,
    /// Word, Office Open XML (`.docx`, `.docm`, …).
    Docx,
    /// Excel, Office Open XML.
    Xlsx,
    /// PowerPoint, Office Open XML.
    Pptx,
    /// Visio, Office Open XML.
    Vsdx,
    /// Another package with Open Packaging Conventions: XPS, NuGet, an unknown Office part.
    Package,
    /// OpenDocument text, table, slides or drawing.
    OpenDocument,
    /// An EPUB book.
    Epub,
    /// A Java archive or an Android package.
    Jar,
    /// A zip of other things.
    Zip,
    /// Word 97-2003.
    Doc,
    /// Excel 97-2003 (and Excel 5).
    Xls,
    /// PowerPoint 97-2003.
    Ppt,
    /// An Outlook message.
    Msg,
    /// A Windows installer.
    Msi,
    /// An Office file closed with a password or by rights management.
    EncryptedOffice,
    /// Another compound file (OLE).
    Compound,
    /// Portable Document Format.
    Pdf,
    /// Rich Text Format.
    Rtf,
    /// 7z.
    SevenZip,
    /// RAR, old or new.
    Rar,
    /// gzip.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
    /// Windows cabinet.
    Cab,
    /// tar.
    Tar,
    /// A disc image.
    Iso,
    /// A program: Windows, DOS, ELF, Mach-O, WebAssembly, Java class.
    Executable,
    /// A text that names its interpreter (`#!`).
    Script,
    /// A Windows shortcut.
    Shortcut,
    /// Outlook's winmail.dat.
    Tnef,
    /// HTML.
    Html,
    /// SVG: an image that can run scripts.
    Svg,
    /// Other XML.
    Xml,
    /// A calendar entry.
    Calendar,
    /// A business card.
    Card,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF.
    Tiff,
    /// WebP.
    Webp,
    /// An icon.
    Icon,
    /// MP3, WAV, FLAC, Ogg.
    Audio,
    /// MP4, AVI, Matroska.
    Video,
    /// Text without a sign of anything else.
    Text,
    /// None of these.
    Unknown,
}

/// How far a text is looked at for the sign of what it is.
const TEXT_LOOK_BYTES: usize = 1024;

/// Signs that stand at the very start of a file.
const MAGICS: &[(&[u8], Kind)] = &[
    (b"%PDF-", Kind::Pdf),
    (b"{\\rt", Kind::Rtf),
    (b"7z\xbc\xaf\x27\x1c", Kind::SevenZip),
    (b"Rar!\x1a\x07", Kind::Rar),
    (b"\x1f\x8b", Kind::Gzip),
    (b"BZh", Kind::Bzip2),
    (b"\xfd7zXZ\0", Kind::Xz),
    (b"\x28\xb5\x2f\xfd", Kind::Zstd),
    (b"MSCF\0\0\0\0", Kind::Cab),
    (b"MZ", Kind::Executable),
    (b"\x7fELF", Kind::Executable),
    (b"\xfe\xed\xfa\xce", Kind::Executable),
    (b"\xfe\xed\xfa\xcf", Kind::Executable),
    (b"\xce\xfa\xed\xfe", Kind::Executable),
    (b"\xcf\xfa\xed\xfe", Kind::Executable),
    (b"\xca\xfe\xba\xbe", Kind::Executable),
    (b"\0asm", Kind::Executable),
    (b"#!", Kind::Script),
    (b"L\0\0\0\x01\x14\x02\0", Kind::Shortcut),
    (b"\x78\x9f\x3e\x22", Kind::Tnef),
    (b"\x89PNG\r\n\x1a\n", Kind::Png),
    (b"\xff\xd8\xff", Kind::Jpeg),
    (b"GIF87a", Kind::Gif),
    (b"GIF89a", Kind::Gif),
    (b"BM", Kind::Bmp),
    (b"II*\0", Kind::Tiff),
    (b"MM\0*", Kind::Tiff),
    (b"\0\0\x01\0", Kind::Icon),
    (b"ID3", Kind::Audio),
    (b"fLaC", Kind::Audio),
    (b"OggS", Kind::Audio),
    (b"\x1aE\xdf\xa3", Kind::Video),
];

/// Signs further in: offset, bytes, kind.
const MAGICS_WITHIN: &[(usize, &[u8], Kind)] = &[
    (257, b"ustar", Kind::Tar),
    (0x8001, b"CD001", Kind::Iso),
    (0x8801, b"CD001", Kind::Iso),
    (4, b"ftyp", Kind::Video),
    (8, b"WEBP", Kind::Webp),
    (8, b"WAVE", Kind::Audio),
    (8, b"AVI ", Kind::Video),
];

/// Says what a file is, by its bytes alone.
///
/// Only the head of the file is read, save for an archive: there the list of its members decides.
pub fn kind(bytes: &[u8]) -> Kind {
    if bytes.is_empty() {
        return Kind::Empty;
    }
    if let Some(found) = container(bytes) {
        return found;
    }
    let within = |&(at, magic, _): &(usize, &[u8], Kind)| {
        bytes.get(at..).is_some_and(|rest| rest.starts_with(magic))
    };
    if let Some(&(_, _, kind)) = MAGICS_WITHIN.iter().find(|sign| within(sign)) {
        return kind;
    }
    if let Some(&(magic, kind)) = MAGICS.iter().find(|(magic, _)| bytes.starts_with(magic))
        && (magic.len() > 2 || !is_text(bytes) || kind == Kind::Script)
    {
        return kind;
    }
    // Readers of PDF accept up to 1,024 bytes of anything before the header (ISO 32000, annex H).
    let head = &bytes[..bytes.len().min(TEXT_LOOK_BYTES)];
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Kind::Pdf;
    }
    text_kind(bytes)
}

/// Zip and compound files: what is inside decides.
fn container(bytes: &[u8]) -> Option<Kind> {
    if Compound::is_one(bytes) {
        return Some(Compound::open(bytes).map_or(Kind::Compound, |file| file.kind()));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Some(crate::archive::Archive::open(bytes).map_or(Kind::Zip, |zip| zip.kind()));
    }
    None
}

/// Text, by the first words of it.
fn text_kind(bytes: &[u8]) -> Kind {
    if !is_text(bytes) {
        return Kind::Unknown;
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT_LOOK_BYTES)]);
    let head: String = head
        .chars()
        .filter(|c| !matches!(c, '\0' | '\u{feff}' | '\u{fffd}'))
        .collect();
    let head = head.trim_start().to_ascii_lowercase();
    let signs = [
        ("begin:vcalendar", Kind::Calendar),
        ("begin:vcard", Kind::Card),
        ("<!doctype html", Kind::Html),
        ("<html", Kind::Html),
        ("<svg", Kind::Svg),
    ];
    if let Some((_, kind)) = signs.iter().find(|(sign, _)| head.starts_with(sign)) {
        return *kind;
    }
    let tags = [
        ("<svg", Kind::Svg),
        ("<html", Kind::Html),
        ("<script", Kind::Html),
        ("<body", Kind::Html),
    ];
    if head.starts_with('<')
        && let Some((_, kind)) = tags.iter().find(|(tag, _)| head.contains(tag))
    {
        return *kind;
    }
    if head.starts_with("<?xml") {
        Kind::Xml
    } else {
        Kind::Text
    }
}

/// True when the head holds no control character that text does not use.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(TEXT_LOOK_BYTES)];
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    head.iter()
        .all(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
}

impl Kind {
    /// The stable word for rules, logs and the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Empty => "empty",
            Kind::Docx => "docx",
            Kind::Xlsx => "xlsx",
            Kind::Pptx => "pptx",
            Kind::Vsdx => "vsdx",
            Kind::Package => "package",
            Kind::OpenDocument => "opendocument",
            Kind::Epub => "epub",
            Kind::Jar => "jar",
            Kind::Zip => "zip",
            Kind::Doc => "doc",
            Kind::Xls => "xls",
            Kind::Ppt => "ppt",
            Kind::Msg => "msg",
            Kind::Msi => "msi",
            Kind::EncryptedOffice => "encrypted-office",
            Kind::Compound => "compound",
            Kind::Pdf => "pdf",
            Kind::Rtf => "rtf",
            Kind::SevenZip => "7z",
            Kind::Rar => "rar",
            Kind::Gzip => "gzip",
            Kind::Bzip2 => "bzip2",
            Kind::Xz => "xz",
            Kind::Zstd => "zstd",
            Kind::Cab => "cab",
            Kind::Tar => "tar",
            Kind::Iso => "iso",
            Kind::Executable => "executable",
            Kind::Script => "script",
            Kind::Shortcut => "shortcut",
            Kind::Tnef => "tnef",
            Kind::Html => "html",
            Kind::Svg => "svg",
            Kind::Xml => "xml",
            Kind::Calendar => "calendar",
            Kind::Card => "card",
            Kind::Png => "png",
            Kind::Jpeg => "jpeg",
            Kind::Gif => "gif",
            Kind::Bmp => "bmp",
            Kind::Tiff => "tiff",
            Kind::Webp => "webp",
            Kind::Icon => "icon",
            Kind::Audio => "audio",
            Kind::Video => "video",
            Kind::Text => "text",
            Kind::Unknown => "unknown",
        }
    }
}
